"""Training with Stable-Baselines3's PPO on the batched simulation."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from stable_baselines3 import PPO

from rl_replenishment.core.environments.batch import ReplenishmentBatch, measure_normaliser
from rl_replenishment.core.environments.feedback import FeedbackBatch
from rl_replenishment.core.policies.network import Network
from rl_replenishment.core.training import checkpoint as checkpoints
from rl_replenishment.core.training.devices import CPU
from rl_replenishment.core.training.interface import (
	Budget,
	ProgressCallback,
	TrainingProblem,
	TrainingResult,
)
from rl_replenishment.core.training.loop import Loop, LoopSettings
from rl_replenishment.core.training.networks import (
	keep_no_log,
	keep_signs,
	load_network,
	numpy_network,
	start_at_zero,
	start_with_signs,
)
from rl_replenishment.core.training.vec_env import BatchedReplenishmentVecEnv


@dataclass(frozen=True)
class PPOSettings(LoopSettings):
	"""Settings of PPO; the names are Stable-Baselines3's where it has one."""

	#: item-warehouses simulated at once
	columns: int = 1024
	#: columns of the buyer's answers beside them, where there are any
	feedback_columns: int = 256
	n_steps: int = 16
	batch_size: int = 4096
	n_epochs: int = 8
	learning_rate: float = 1e-3
	#: of the learning rate at the end of the budget
	final_learning_rate_share: float = 0.1
	gamma: float = 0.97
	gae_lambda: float = 0.9
	clip_range: float = 0.2
	target_kl: float = 0.03
	ent_coef: float = 0.0
	#: standard deviation of the exploration, in units of the action's reach, as a logarithm
	log_std_init: float = -2.0
	averaging: float = 0.9
	#: a step is a rollout and the update that follows
	evaluate_every: int = 4
	#: from a start that is already good, the policy gets better only when the steps have become small
	patience: int = 80


@dataclass(frozen=True)
class PPOTrainer:
	"""See `Trainer` in `interface`."""

	settings: PPOSettings = PPOSettings()
	#: folder for TensorBoard's event files; None for none
	tensorboard: Path | None = None
	device: torch.device = CPU

	def train(
		self,
		problem: TrainingProblem,
		*,
		budget: Budget,
		seed: int,
		progress: ProgressCallback | None = None,
		checkpoint: Path | None = None,
		resume: bool = False,
	) -> TrainingResult:
		started = time.monotonic()
		# on two busy cores, two threads train 8 to 24 times slower than one
		torch.set_num_threads(1)
		saved = checkpoints.load(checkpoint) if checkpoint is not None and resume else None
		learner = _Rollouts(self.settings, problem, seed, saved, self.tensorboard, self.device)
		return Loop(learner, self.settings, problem, budget, saved, started).run(progress, checkpoint)


class _Rollouts:
	"""Steps of Stable-Baselines3's PPO, a rollout and its update each; see `Learner`."""

	def __init__(
		self,
		settings: PPOSettings,
		problem: TrainingProblem,
		seed: int,
		saved: checkpoints.Checkpoint | None,
		tensorboard: Path | None,
		device: torch.device,
	) -> None:
		self._settings, self._share = settings, 0.0
		for_simulation, for_feedback = (
			np.random.default_rng(sequence) for sequence in np.random.SeedSequence(seed).spawn(2)
		)
		simulated = ReplenishmentBatch(problem.task, for_simulation, columns=settings.columns)
		parent = problem.parent
		if saved is not None:
			self.normaliser = saved.normaliser
		else:
			self.normaliser = parent.normaliser if parent else measure_normaliser(simulated)
		answers = None
		if problem.feedback is not None:
			answers = FeedbackBatch(problem.feedback, for_feedback, columns=settings.feedback_columns)
		env = BatchedReplenishmentVecEnv(simulated, self.normaliser, answers)
		hidden = parent.network.hidden if parent else settings.hidden
		self._model = self._make_model(env, hidden, seed, tensorboard, device)
		if saved is None and parent is not None:
			load_network(self._model, parent.network)
		self._model.num_timesteps = saved.timesteps if saved else 0
		self.module: torch.nn.Module = self._model.policy
		self.optimiser = self._model.policy.optimizer
		self.mean_reward = 0.0

	def network(self) -> Network:
		return numpy_network(self._model)

	def step(self, share: float) -> int:
		"""Collect a rollout and learn from it."""
		model, before = self._model, self._model.num_timesteps
		self._share = share
		# so many steps are one rollout; the loop around it is that of `loop`
		model.learn(model.n_steps * model.n_envs, reset_num_timesteps=False)
		keep_signs(model)
		self.mean_reward = float(model.rollout_buffer.rewards.mean())
		return model.num_timesteps - before

	def _make_model(
		self,
		env: BatchedReplenishmentVecEnv,
		hidden: tuple[int, ...],
		seed: int,
		tensorboard: Path | None,
		device: torch.device,
	) -> PPO:
		chosen = self._settings
		model = PPO(
			"MlpPolicy",
			env,
			n_steps=chosen.n_steps,
			batch_size=chosen.batch_size,
			n_epochs=chosen.n_epochs,
			learning_rate=self._learning_rate,
			gamma=chosen.gamma,
			gae_lambda=chosen.gae_lambda,
			clip_range=chosen.clip_range,
			target_kl=chosen.target_kl,
			ent_coef=chosen.ent_coef,
			policy_kwargs={
				"net_arch": {"pi": list(hidden), "vf": list(hidden)},
				"activation_fn": torch.nn.Tanh,
				"log_std_init": chosen.log_std_init,
			},
			seed=seed,
			device=device,
			tensorboard_log=str(tensorboard) if tensorboard else None,
		)
		start_with_signs(model)
		start_at_zero(model)
		if tensorboard is None:
			keep_no_log(model)
		return model

	def _learning_rate(self, _: float) -> float:
		"""Falls in a line over the budget."""
		least = self._settings.final_learning_rate_share
		return self._settings.learning_rate * (1 - (1 - least) * self._share)
