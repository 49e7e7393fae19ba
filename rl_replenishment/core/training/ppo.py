"""Training with Stable-Baselines3's PPO on the batched simulation."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback

from rl_replenishment.core.environments.batch import ReplenishmentBatch, measure_normaliser
from rl_replenishment.core.environments.feedback import FeedbackBatch
from rl_replenishment.core.policies.residual_network import Network
from rl_replenishment.core.training import checkpoint as checkpoints
from rl_replenishment.core.training.interface import (
	Budget,
	EndedBy,
	Progress,
	ProgressCallback,
	TrainingProblem,
	TrainingResult,
)
from rl_replenishment.core.training.judge import Judge
from rl_replenishment.core.training.networks import keep_no_log, load_network, numpy_network, start_at_zero
from rl_replenishment.core.training.vec_env import BatchedReplenishmentVecEnv

#: of steps, where only the clock ends training
_NO_LIMIT = 2**60


@dataclass(frozen=True)
class PPOSettings:
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
	hidden: tuple[int, ...] = (64, 64)
	#: standard deviation of the exploration, in units of the action's reach, as a logarithm
	log_std_init: float = -2.0
	#: share of the past in the running average of the weights, which is what is judged and served: single
	#: updates of a noisy gradient scatter around what is learned (Polyak and Juditsky 1992)
	averaging: float = 0.9
	#: rollouts between two looks at the validation days
	evaluate_every: int = 4
	#: looks without a better policy after which training stops; from a start that is already good, the policy
	#: gets better only when the steps have become small
	patience: int = 80
	#: a continued training may not cost more than this share above its parent on the validation days
	largest_cost_increase: float = 0.02


@dataclass(frozen=True)
class PPOTrainer:
	"""See `Trainer` in `interface`."""

	settings: PPOSettings = PPOSettings()
	#: folder for TensorBoard's event files; None for none
	tensorboard: Path | None = None

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
		# on two busy cores, two threads train 8 to 24 times slower than one
		torch.set_num_threads(1)
		saved = checkpoints.load(checkpoint) if checkpoint is not None and resume else None
		for_simulation, for_feedback = (
			np.random.default_rng(sequence) for sequence in np.random.SeedSequence(seed).spawn(2)
		)
		simulated = ReplenishmentBatch(problem.task, for_simulation, columns=self.settings.columns)
		if saved is not None:
			normaliser = saved.normaliser
		else:
			normaliser = problem.parent.normaliser if problem.parent else measure_normaliser(simulated)
		answers = None
		if problem.feedback is not None:
			answers = FeedbackBatch(problem.feedback, for_feedback, columns=self.settings.feedback_columns)
		judge = Judge(
			problem,
			normaliser,
			patience=self.settings.patience,
			largest_cost_increase=self.settings.largest_cost_increase,
		)

		def save(model: PPO, seconds: float) -> None:
			if checkpoint is not None:
				checkpoints.save(
					checkpoint,
					model.policy,
					model.policy.optimizer,
					judge,
					normaliser,
					seconds=seconds,
					timesteps=model.num_timesteps,
				)

		watch = _Watch(judge, self.settings, budget, progress, save, saved.seconds if saved else 0.0)
		env = BatchedReplenishmentVecEnv(simulated, normaliser, answers)
		hidden = problem.parent.network.hidden if problem.parent else self.settings.hidden
		model = self._model(env, hidden, seed, watch)
		if saved is not None:
			saved.apply(model.policy, model.policy.optimizer)
			model.num_timesteps = saved.timesteps
			judge.restore(saved.evaluations, saved.best, saved.best_network)
		elif problem.parent is not None:
			load_network(model, problem.parent.network)
		model.learn(
			total_timesteps=budget.timesteps or _NO_LIMIT, callback=watch, reset_num_timesteps=saved is None
		)
		watch.finish()
		save(model, watch.seconds)
		policy, chosen = judge.verdict()
		return TrainingResult(
			policy=policy,
			chosen=chosen,
			evaluations=judge.evaluations,
			seconds=watch.seconds,
			timesteps=model.num_timesteps,
			ended_by=watch.ended_by or "budget",
		)

	def _model(
		self, env: BatchedReplenishmentVecEnv, hidden: tuple[int, ...], seed: int, watch: _Watch
	) -> PPO:
		chosen = self.settings
		model = PPO(
			"MlpPolicy",
			env,
			n_steps=chosen.n_steps,
			batch_size=chosen.batch_size,
			n_epochs=chosen.n_epochs,
			learning_rate=watch.learning_rate,
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
			device="cpu",
			tensorboard_log=str(self.tensorboard) if self.tensorboard else None,
		)
		start_at_zero(model)
		if self.tensorboard is None:
			keep_no_log(model)
		return model


class _Watch(BaseCallback):
	"""Between rollouts: has the policy judged, reports progress, ends training."""

	model: PPO

	def __init__(
		self,
		judge: Judge,
		settings: PPOSettings,
		budget: Budget,
		progress: ProgressCallback | None,
		save: Callable[[PPO, float], None],
		earlier_seconds: float,
	) -> None:
		super().__init__()
		self._judge = judge
		self._settings = settings
		self._budget = budget
		self._progress = progress
		self._save = save
		self._earlier_seconds = earlier_seconds
		self._started = time.monotonic()
		self._first_step = 0
		#: completed, each followed by an update of the policy
		self._rollouts = 0
		self._judged_at = self._averaged_at = -1
		self._average: Network | None = None
		self._mean_reward = 0.0
		self.ended_by: EndedBy | None = None

	@property
	def seconds(self) -> float:
		"""Spent on this training, earlier parts included."""
		return self._earlier_seconds + time.monotonic() - self._started

	def learning_rate(self, _: float) -> float:
		"""Falls in a line over the budget."""
		least = self._settings.final_learning_rate_share
		return self._settings.learning_rate * (1 - (1 - least) * self._share())

	def judge_now(self) -> None:
		"""Judge the policy as it is, once."""
		if self._judged_at != self._rollouts:
			network = self._average or numpy_network(self.model)
			self._judge.look(network, seconds=self.seconds, timesteps=self.model.num_timesteps)
			self._judged_at = self._rollouts

	def finish(self) -> None:
		"""Count the last update too: SB3 ends a training by steps without another rollout."""
		self._take_average()
		self.judge_now()

	def _on_training_start(self) -> None:
		# a resumed training has a budget of its own
		self._first_step = self.model.num_timesteps
		# the first candidate is where training starts: the classical rule, or the parent
		if not self._judge.evaluations:
			self.judge_now()

	def _on_rollout_start(self) -> None:
		# the policy was just updated; SB3 lets a callback end training in `_on_step` alone
		self._take_average()
		if self._rollouts and self._rollouts % self._settings.evaluate_every == 0:
			self.judge_now()
			self._save(self.model, self.seconds)
		self.ended_by = self._why_end()

	def _on_rollout_end(self) -> None:
		self._rollouts += 1
		self._mean_reward = float(self.model.rollout_buffer.rewards.mean())

	def _on_step(self) -> bool:
		return self.ended_by is None

	def _take_average(self) -> None:
		if self._averaged_at == self._rollouts:
			return
		self._averaged_at = self._rollouts
		now = numpy_network(self.model)
		# a plain mean at first, so that where training started does not linger
		past = min(self._settings.averaging, self._rollouts / (self._rollouts + 1))
		self._average = now if self._average is None else now.mixed_with(self._average, past)

	def _why_end(self) -> EndedBy | None:
		if self._progress is not None and self._progress(self._report()) is False:
			return "cancelled"
		if self._judge.has_lost_patience:
			return "early stopping"
		return "budget" if self._share() >= 1 else None

	def _report(self) -> Progress:
		return Progress(
			share=self._share(),
			seconds=self.seconds,
			timesteps=self.model.num_timesteps,
			best_cost_ratio=self._judge.best.cost_ratio if self._judge.best else 1.0,
			mean_reward=self._mean_reward,
		)

	def _share(self) -> float:
		shares = [0.0]
		if self._budget.seconds:
			shares.append((time.monotonic() - self._started) / self._budget.seconds)
		if self._budget.timesteps:
			shares.append((self.num_timesteps - self._first_step) / self._budget.timesteps)
		return min(max(shares), 1.0)
