"""Gymnasium spaces of the learning environments, in one place."""

from __future__ import annotations

import gymnasium as gym
import numpy as np

from rl_replenishment.core.policies.network import OBSERVATION_BOUND
from rl_replenishment.core.policies.observation import OBSERVATION_SIZE
from rl_replenishment.core.policies.residual_network import ACTION_SIZE

#: normalised observations of one item-warehouse
OBSERVATION_SPACE = gym.spaces.Box(
	-float(OBSERVATION_BOUND), float(OBSERVATION_BOUND), (OBSERVATION_SIZE,), np.float32
)
#: the shifts of one item-warehouse's reorder point, order-up-to level and largest order, 1 at their furthest
ACTION_SPACE = gym.spaces.Box(-1.0, 1.0, (ACTION_SIZE,), np.float32)
