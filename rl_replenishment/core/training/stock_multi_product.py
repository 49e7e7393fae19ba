"""PPO on the original system's environment, batched: what its own training was meant to reach."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
import numpy.typing as npt
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import VecEnv

from rl_replenishment.core.environments.stock_multi_product import (
	FULL,
	order_up_to_actions,
	OrderLines,
	StockMultiProductBatch,
)
from rl_replenishment.core.items import FloatArray
from rl_replenishment.core.policies.residual_network import Network
from rl_replenishment.core.training.networks import numpy_network

#: rewards are divided by this for learning: the penalty of a lost episode becomes a number a network can value
_REWARD_SCALE = 24.0
#: the network corrects this order-up-to level, in units, by at most the reach
LEVEL, LEVEL_REACH = 200.0, 100.0


@dataclass(frozen=True)
class StockMultiProductSettings:
	"""Settings of PPO for this environment."""

	episodes: int = 128
	n_steps: int = 64
	batch_size: int = 2048
	n_epochs: int = 6
	learning_rate: float = 1e-3
	gamma: float = 0.995
	gae_lambda: float = 0.95
	log_std_init: float = -0.5
	target_kl: float = 0.03


class StockMultiProductVecEnv(VecEnv):
	"""B episodes at once; observations are stocks scaled to -1..1."""

	def __init__(self, lines: OrderLines, rng: np.random.Generator, episodes: int) -> None:
		self.render_mode = None
		self._batch = StockMultiProductBatch(lines, rng, episodes=episodes)
		self._actions: FloatArray = np.zeros((episodes, self._batch.products), np.float32)
		super().__init__(
			episodes,
			gym.spaces.Box(-2.0, 2.0, (self._batch.products,), np.float32),
			gym.spaces.Box(-1.0, 1.0, (self._batch.products,), np.float32),
		)

	def reset(self) -> FloatArray:
		self._batch.reset(np.arange(self.num_envs))
		return scaled(self._batch.stocks())

	def step_async(self, actions: npt.NDArray[np.float32]) -> None:
		self._actions = actions

	def step_wait(self) -> tuple[FloatArray, FloatArray, npt.NDArray[np.bool_], list[dict[str, Any]]]:
		reward, terminated, truncated = self._batch.step(level_actions(self._batch.stocks(), self._actions))
		done = terminated | truncated
		infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
		ended = np.flatnonzero(done)
		if len(ended):
			last = scaled(self._batch.stocks())
			for episode in ended:
				infos[episode] = {
					"TimeLimit.truncated": bool(truncated[episode]),
					"terminal_observation": last[episode],
				}
			self._batch.reset(ended)
		return scaled(self._batch.stocks()), reward / np.float32(_REWARD_SCALE), done, infos

	def close(self) -> None:
		"""Nothing is held open."""

	def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
		return [getattr(self, attr_name)] * len(list(self._get_indices(indices)))

	def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
		raise NotImplementedError("episodes share their attributes")

	def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> list[Any]:
		raise NotImplementedError("episodes are not environments of their own")

	def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
		return [False] * len(list(self._get_indices(indices)))

	def seed(self, seed: int | None = None) -> Sequence[None | int]:
		"""The batch carries its own generator; SB3's seed is not used."""
		return [None] * self.num_envs


def level_actions(stocks: FloatArray, correction: FloatArray) -> FloatArray:
	"""The environment's actions for corrections in [-1, 1] of the order-up-to level, shape (B, P)."""
	level = LEVEL + LEVEL_REACH * np.clip(correction, -1, 1)
	return order_up_to_actions(stocks, level)


def scaled(stocks: FloatArray) -> FloatArray:
	"""Stocks as a network sees them: the middle of the shelf is 0."""
	return np.clip(stocks / np.float32(FULL / 2) - 1, -2, 2).astype(np.float32)


def train_stock_multi_product(
	lines: OrderLines,
	*,
	seconds: float | None,
	timesteps: int | None = None,
	seed: int,
	settings: StockMultiProductSettings | None = None,
) -> Network:
	"""Train for a while; returns the network that maps `scaled` stocks (B, P) to actions (B, P)."""
	torch.set_num_threads(1)
	chosen = settings or StockMultiProductSettings()
	env = StockMultiProductVecEnv(lines, np.random.default_rng(seed), chosen.episodes)
	clock = _Clock(seconds, timesteps)
	model = PPO(
		"MlpPolicy",
		env,
		n_steps=chosen.n_steps,
		batch_size=chosen.batch_size,
		n_epochs=chosen.n_epochs,
		learning_rate=lambda _: chosen.learning_rate * max(1 - clock.share, 0.02),
		gamma=chosen.gamma,
		gae_lambda=chosen.gae_lambda,
		target_kl=chosen.target_kl,
		policy_kwargs={
			"net_arch": {"pi": [64, 64], "vf": [64, 64]},
			"activation_fn": torch.nn.Tanh,
			"log_std_init": chosen.log_std_init,
		},
		seed=seed,
		device="cpu",
	)
	with torch.no_grad():
		model.policy.action_net.weight.zero_()
		model.policy.action_net.bias.zero_()
	model.learn(total_timesteps=timesteps or 2**60, callback=clock)
	return numpy_network(model)


class _Clock(BaseCallback):
	"""Ends training when the time is up, between rollouts."""

	def __init__(self, seconds: float | None, timesteps: int | None) -> None:
		super().__init__()
		self._seconds, self._timesteps = seconds, timesteps
		self._started = time.monotonic()
		self.share = 0.0

	def _on_rollout_start(self) -> None:
		shares = [0.0]
		if self._seconds:
			shares.append((time.monotonic() - self._started) / self._seconds)
		if self._timesteps:
			shares.append(self.num_timesteps / self._timesteps)
		self.share = max(shares)

	def _on_step(self) -> bool:
		return self.share < 1
