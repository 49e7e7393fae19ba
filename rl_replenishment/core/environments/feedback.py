"""The buyer's answers as an environment of one step: propose in a past situation, be paid for agreement."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.feedback import feedback_reward
from rl_replenishment.core.items import FloatArray
from rl_replenishment.core.policies.residual_network import Situation


@dataclass(frozen=True, eq=False)
class FeedbackSituations:
	"""M past proposals: what was known then, and what the buyer ordered.

	The buyer's quantity does not depend on the proposal, so that any action can be scored.
	"""

	situation: Situation
	#: what the buyer ordered, shape (M,), in stock UOM
	ordered: FloatArray
	#: what was proposed, shape (M,), in stock UOM
	proposed: FloatArray
	#: units of difference that cost 1 reward, shape (M,)
	scale: FloatArray

	def __len__(self) -> int:
		return len(self.ordered)

	def rewards(self, action: FloatArray) -> FloatArray:
		"""Reward of actions of shape (M,) in [-1, 1], one per situation."""
		return feedback_reward(self.situation.decide(action).quantity, self.ordered, self.scale)


class FeedbackBatch:
	"""C columns that each show one past situation at a time, drawn at random; every step ends an episode."""

	def __init__(self, situations: FeedbackSituations, rng: np.random.Generator, *, columns: int) -> None:
		self.situations = situations
		self.columns = columns
		self._rng = rng
		self._shown: npt.NDArray[np.intp] = np.zeros(columns, dtype=np.intp)

	def reset(self) -> FloatArray:
		"""Show new situations; returns observations (C, F), not normalised."""
		self._shown = self._rng.integers(0, len(self.situations), self.columns)
		return self.situations.situation.observation[self._shown]

	def step(self, action: FloatArray) -> tuple[FloatArray, FloatArray]:
		"""Score actions of shape (C,) and show new situations; returns observations (C, F) and rewards (C,)."""
		known = self.situations
		quantity = known.situation.take(self._shown).decide(action).quantity
		reward = feedback_reward(quantity, known.ordered[self._shown], known.scale[self._shown])
		return self.reset(), reward
