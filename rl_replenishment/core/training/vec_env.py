"""Stable-Baselines3's view of the batched environments: thousands of item-warehouses in one process."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
import numpy.typing as npt
from stable_baselines3.common.vec_env import VecEnv

from rl_replenishment.core.environments.batch import ReplenishmentBatch
from rl_replenishment.core.environments.feedback import FeedbackBatch
from rl_replenishment.core.environments.spaces import ACTION_SPACE, OBSERVATION_SPACE
from rl_replenishment.core.items import FloatArray
from rl_replenishment.core.policies.residual_network import Normaliser


class BatchedReplenishmentVecEnv(VecEnv):
	"""Columns of simulated item-warehouses, and behind them, where there is feedback, columns of the buyer's answers.

	Observations are normalised by `normaliser`, shape (C, F) in [-5, 5]; actions have shape (C, 1).
	"""

	def __init__(
		self, simulated: ReplenishmentBatch, normaliser: Normaliser, feedback: FeedbackBatch | None = None
	) -> None:
		count = simulated.columns + (feedback.columns if feedback else 0)
		# set first: the base class asks for it
		self.render_mode = None
		super().__init__(count, OBSERVATION_SPACE, ACTION_SPACE)
		self.simulated = simulated
		self.feedback = feedback
		self._normaliser = normaliser
		self._actions: FloatArray = np.zeros(count, dtype=np.float32)
		self._no_info: list[dict[str, Any]] = [{} for _ in range(count)]

	def reset(self) -> FloatArray:
		return self._join(self.simulated.reset(), self.feedback.reset() if self.feedback else None)

	def step_async(self, actions: npt.NDArray[np.float32]) -> None:
		self._actions = actions[:, 0]

	def step_wait(
		self,
	) -> tuple[FloatArray, FloatArray, npt.NDArray[np.bool_], list[dict[str, Any]]]:
		split = self.simulated.columns
		observation, reward, done, last = self.simulated.step(self._actions[:split])
		infos = list(self._no_info)
		ended = np.flatnonzero(done)
		if len(ended):
			for column, terminal in zip(ended, self._normaliser(last[ended]), strict=True):
				infos[column] = {"TimeLimit.truncated": True, "terminal_observation": terminal}
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

	def close(self) -> None:
		"""Nothing is held open."""

	def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
		return [getattr(self, attr_name)] * len(list(self._get_indices(indices)))

	def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
		raise NotImplementedError("columns share their attributes")

	def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> list[Any]:
		raise NotImplementedError("columns are not environments of their own")

	def env_is_wrapped(self, wrapper_class: type[gym.Wrapper], indices: Any = None) -> list[bool]:  # type: ignore[type-arg]
		return [False] * len(list(self._get_indices(indices)))

	def seed(self, seed: int | None = None) -> Sequence[None | int]:
		"""The batches carry their own generators; SB3's seed is not used."""
		return [None] * self.num_envs
