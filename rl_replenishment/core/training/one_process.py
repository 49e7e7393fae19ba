"""What batches of environments in one process have in common towards Stable-Baselines3."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stable_baselines3.common.vec_env import VecEnv


class OneProcessVecEnv(VecEnv):
	"""Environments that are columns of one batch: they have no attributes or methods of their own."""

	#: SB3 asks for it before the base class is set up
	render_mode = None

	def close(self) -> None:
		"""Nothing is held open."""

	def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
		return [getattr(self, attr_name)] * len(list(self._get_indices(indices)))

	def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
		raise NotImplementedError("columns share their attributes")

	def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> list[Any]:
		raise NotImplementedError("columns are not environments of their own")

	def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
		return [False] * len(list(self._get_indices(indices)))

	def seed(self, seed: int | None = None) -> Sequence[int | None]:
		"""The batches carry their own generators; SB3's seed is not used."""
		return [None] * self.num_envs
