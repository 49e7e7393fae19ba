"""The loop of every training: steps, looks of the judge, checkpoints, and when to end."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch

from rl_replenishment.core.policies.network import Network, Normaliser
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


@dataclass(frozen=True)
class LoopSettings:
	"""What all algorithms have in common."""

	hidden: tuple[int, ...] = (64, 64)
	#: share of the past in the running average of the weights, which is what is judged and served: single
	#: updates of a noisy gradient scatter around what is learned (Polyak and Juditsky 1992)
	averaging: float = 0.95
	#: steps between two looks at the validation days
	evaluate_every: int = 20
	#: looks without a better policy after which training stops
	patience: int = 40
	#: a continued training may not cost more than this share above its parent on the validation days
	largest_cost_increase: float = 0.02


class Learner(Protocol):
	"""An algorithm between two looks."""

	@property
	def module(self) -> torch.nn.Module:
		"""What is trained."""
		...

	@property
	def optimiser(self) -> torch.optim.Optimizer:
		"""What trains it."""
		...

	@property
	def normaliser(self) -> Normaliser:
		"""How it sees its inputs."""
		...

	@property
	def mean_reward(self) -> float:
		"""Of the last step."""
		...

	def step(self, share: float) -> int:
		"""Take a step, at a share of the budget from 0 to 1; returns the environment steps it took."""
		...

	def network(self) -> Network:
		"""What was learned so far, as plain arrays."""
		...


class Loop:
	"""One training as it goes on."""

	def __init__(
		self,
		learner: Learner,
		settings: LoopSettings,
		problem: TrainingProblem,
		budget: Budget,
		saved: checkpoints.Checkpoint | None,
		started: float,
	) -> None:
		self._learner, self._settings, self._problem, self._budget = learner, settings, problem, budget
		self._started = started
		self._earlier_seconds = saved.seconds if saved else 0.0
		self._first_step = self._timesteps = saved.timesteps if saved else 0
		self._judge = Judge(
			problem,
			learner.normaliser,
			patience=settings.patience,
			largest_cost_increase=settings.largest_cost_increase,
		)
		if saved is not None:
			saved.apply(learner.module, learner.optimiser)
			self._judge.restore(saved.evaluations, saved.best, saved.best_network)
		self._average = learner.network()
		self._steps = 0
		self._judged_at = -1

	def run(self, progress: ProgressCallback | None, folder: Path | None) -> TrainingResult:
		"""Train until the budget, the judge's patience or the caller ends it."""
		if not self._timesteps:
			# the first candidate is where training starts: the rule, or the parent
			self._look()
		while (ended_by := self._why_end(progress)) is None:
			self._step()
			if self._steps % self._settings.evaluate_every == 0:
				self._look()
				self._save(folder)
		self._look()
		if self._problem.share is not None:
			self._judge.take(
				self._average, self._problem.share, seconds=self._seconds, timesteps=self._timesteps
			)
		self._save(folder)
		policy, chosen = self._judge.verdict()
		return TrainingResult(
			policy=policy,
			chosen=chosen,
			evaluations=self._judge.evaluations,
			seconds=self._seconds,
			timesteps=self._timesteps,
			ended_by=ended_by,
		)

	@property
	def _seconds(self) -> float:
		"""Spent on this training, earlier parts included."""
		return self._earlier_seconds + time.monotonic() - self._started

	def _step(self) -> None:
		self._timesteps += self._learner.step(self._share())
		self._steps += 1
		# a plain mean at first, so that where training started does not linger
		past = min(self._settings.averaging, self._steps / (self._steps + 1))
		self._average = self._learner.network().mixed_with(self._average, past)

	def _look(self) -> None:
		"""Have the average of the weights judged, once; a repeated training is not judged on its way."""
		repeats = self._problem.share is not None and self._steps
		if self._judged_at != self._steps and not repeats:
			self._judge.look(self._average, seconds=self._seconds, timesteps=self._timesteps)
			self._judged_at = self._steps

	def _save(self, folder: Path | None) -> None:
		if folder is not None:
			checkpoints.save(
				folder,
				self._learner.module,
				self._learner.optimiser,
				self._judge,
				self._learner.normaliser,
				seconds=self._seconds,
				timesteps=self._timesteps,
			)

	def _why_end(self, progress: ProgressCallback | None) -> EndedBy | None:
		"""Report, and say whether training is over."""
		best = self._judge.best.cost_ratio if self._judge.best else 1.0
		report = Progress(self._share(), self._seconds, self._timesteps, best, self._learner.mean_reward)
		if progress is not None and progress(report) is False:
			return "cancelled"
		if self._judge.has_lost_patience:
			return "early stopping"
		return "budget" if self._share() >= 1 else None

	def _share(self) -> float:
		"""Of the budget that is used up; a resumed training has a budget of its own."""
		shares = [0.0]
		if self._budget.seconds:
			shares.append((time.monotonic() - self._started) / self._budget.seconds)
		if self._budget.timesteps:
			shares.append((self._timesteps - self._first_step) / self._budget.timesteps)
		return min(max(shares), 1.0)
