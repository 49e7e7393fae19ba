"""PPO on the original system's environment, batched: what its own training was meant to reach."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import gymnasium as gym
import numpy as np
import numpy.typing as npt
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback

from rl_replenishment.core.environments.stock_multi_product import (
	FULL,
	OrderLines,
	StockMultiProductBatch,
	evaluate_stock_multi_product,
	order_up_to_actions,
)
from rl_replenishment.core.items import FloatArray
from rl_replenishment.core.policies.network import Network
from rl_replenishment.core.training.networks import keep_no_log, numpy_network, start_at_zero
from rl_replenishment.core.training.one_process import OneProcessVecEnv

#: rewards are divided by this for learning: the penalty of a lost episode becomes a number a network can
#: value
_REWARD_SCALE = 24.0
#: episodes and their seed on which the best network is chosen, and rollouts between two looks
_JUDGING_EPISODES, _JUDGING, _JUDGE_EVERY = 300, 1, 8
#: order-up-to levels tried before training, in units; the network corrects the best by at most the reach
LEVELS, LEVEL_REACH = (100, 120, 140, 160, 180, 200, 220, 240), 60.0


@dataclass(frozen=True)
class StockMultiProductSettings:
	"""Settings of PPO for this environment."""

	episodes: int = 256
	n_steps: int = 64
	batch_size: int = 2048
	n_epochs: int = 6
	learning_rate: float = 1e-3
	gamma: float = 0.998
	gae_lambda: float = 0.95
	log_std_init: float = -2.5
	target_kl: float = 0.03


@dataclass(frozen=True, eq=False)
class StockAgent:
	"""An order-up-to level that a network corrects for each product."""

	level: float
	network: Network

	def actions(self, stocks: FloatArray) -> FloatArray:
		"""The environment's actions for stocks, both of shape (B, P)."""
		return corrected_actions(stocks, self.level, self.network(scaled(stocks)))


class StockMultiProductVecEnv(OneProcessVecEnv):
	"""B episodes at once; observations are stocks scaled to -1..1."""

	def __init__(self, lines: OrderLines, rng: np.random.Generator, episodes: int, level: float) -> None:
		self._level = level
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
		reward, terminated, truncated = self._batch.step(
			corrected_actions(self._batch.stocks(), self._level, self._actions)
		)
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


def corrected_actions(stocks: FloatArray, level: float, correction: FloatArray) -> FloatArray:
	"""The environment's actions for corrections in [-1, 1] of the order-up-to level, shape (B, P)."""
	return order_up_to_actions(stocks, level + LEVEL_REACH * np.clip(correction, -1, 1))


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
) -> StockAgent:
	"""Tune the order-up-to rule, then train its correction for a while."""
	torch.set_num_threads(1)
	chosen = settings or StockMultiProductSettings()
	clock = _Clock(lines, seconds, timesteps, seed)
	env = StockMultiProductVecEnv(lines, np.random.default_rng(seed), chosen.episodes, clock.level)
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
	start_at_zero(model)
	keep_no_log(model)
	model.learn(total_timesteps=timesteps or 2**60, callback=clock)
	clock.judge()
	return clock.best


class _Clock(BaseCallback):
	"""Between rollouts: keeps the best agent on episodes of its own, ends training when the time is up."""

	model: PPO

	def __init__(self, lines: OrderLines, seconds: float | None, timesteps: int | None, seed: int) -> None:
		super().__init__()
		self._lines, self._seconds, self._timesteps, self._seed = lines, seconds, timesteps, seed
		self._started = time.monotonic()
		self._rollouts = 0
		self._best_return = -np.inf
		self.share = 0.0
		self.best: StockAgent
		self.level = max(LEVELS, key=lambda level: self._return(partial(order_up_to_actions, level=level)))

	def judge(self) -> None:
		"""Run the mean action through episodes that training does not see."""
		agent = StockAgent(self.level, numpy_network(self.model))
		found = self._return(agent.actions)
		if found > self._best_return:
			self._best_return, self.best = found, agent

	def _return(self, actions: Callable[[FloatArray], FloatArray]) -> float:
		rng = np.random.default_rng([self._seed, _JUDGING])
		return evaluate_stock_multi_product(actions, self._lines, rng, episodes=_JUDGING_EPISODES)[
			"mean_return"
		]

	def _on_rollout_start(self) -> None:
		if self._rollouts % _JUDGE_EVERY == 0:
			self.judge()
		self._rollouts += 1
		shares = [0.0]
		if self._seconds:
			shares.append((time.monotonic() - self._started) / self._seconds)
		if self._timesteps:
			shares.append(self.num_timesteps / self._timesteps)
		self.share = max(shares)

	def _on_step(self) -> bool:
		return self.share < 1
