"""Stable-Baselines3's view of the batched environments: thousands of item-warehouses in one process."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.environments.batch import ReplenishmentBatch
from rl_replenishment.core.environments.feedback import FeedbackBatch
from rl_replenishment.core.environments.spaces import ACTION_SPACE, OBSERVATION_SPACE
from rl_replenishment.core.items import FloatArray
from rl_replenishment.core.policies.network import Normaliser
from rl_replenishment.core.policies.residual_network import ACTION_SIZE
from rl_replenishment.core.training.one_process import OneProcessVecEnv


class BatchedReplenishmentVecEnv(OneProcessVecEnv):
	"""Columns of simulated item-warehouses and behind them, where there are any, of the buyer's answers.

	Episodes that were cut off are told as ended: what follows is worth 0, which is what it is worth to order
	like the rule, as rewards are differences to it. Telling them as truncated would have SB3 value each
	column's last observation on its own, which took a quarter of the training time.

	Observations are normalised by `normaliser`, shape (C, F) in [-5, 5]; actions have shape (C, 2).
	"""

	def __init__(
		self, simulated: ReplenishmentBatch, normaliser: Normaliser, feedback: FeedbackBatch | None = None
	) -> None:
		count = simulated.columns + (feedback.columns if feedback else 0)
		super().__init__(count, OBSERVATION_SPACE, ACTION_SPACE)
		self.simulated = simulated
		self.feedback = feedback
		self._normaliser = normaliser
		self._actions: FloatArray = np.zeros((count, ACTION_SIZE), dtype=np.float32)
		self._no_info: list[dict[str, Any]] = [{} for _ in range(count)]

	def reset(self) -> FloatArray:
		return self._join(self.simulated.reset(), self.feedback.reset() if self.feedback else None)

	def step_async(self, actions: npt.NDArray[np.float32]) -> None:
		self._actions = actions

	def step_wait(
		self,
	) -> tuple[FloatArray, FloatArray, npt.NDArray[np.bool_], list[dict[str, Any]]]:
		split = self.simulated.columns
		observation, reward, done, last = self.simulated.step(self._actions[:split])
		infos = list(self._no_info)
		for column in np.flatnonzero(done):
			infos[column] = {"terminal_observation": self._normaliser(last[column])}
		if self.feedback is None:
			return self._join(observation, None), reward, done, infos
		shown, agreement = self.feedback.step(self._actions[split:])
		return (
			self._join(observation, shown),
			np.concatenate([reward, agreement]),
			np.concatenate([done, np.ones(self.feedback.columns, dtype=np.bool_)]),
			infos,
		)

	def _join(self, simulated: FloatArray, feedback: FloatArray | None) -> FloatArray:
		return self._normaliser(simulated if feedback is None else np.concatenate([simulated, feedback]))
