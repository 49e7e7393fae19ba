"""Several trainings of one budget, told as one: to find what is best, and to repeat it on other days."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rl_replenishment.core.policies.residual_network import ResidualNetwork
from rl_replenishment.core.training.interface import (
	Budget,
	Evaluation,
	Progress,
	ProgressCallback,
	Trainer,
	TrainingProblem,
	TrainingResult,
)


class Parts:
	"""Trainings one after another, each within an equal part of the budget."""

	def __init__(
		self, trainer: Trainer, budget: Budget, parts: int, *, seed: int, progress: ProgressCallback | None
	) -> None:
		self._trainer, self._parts, self._seed, self._progress = trainer, parts, seed, progress
		seconds = budget.seconds / parts if budget.seconds else None
		self._budget = Budget(seconds, -(-budget.timesteps // parts) if budget.timesteps else None)
		self._done: list[TrainingResult] = []

	@property
	def is_cancelled(self) -> bool:
		"""Whether the last one was."""
		return self._done[-1].ended_by == "cancelled"

	def find(self, problem: TrainingProblem, checkpoint: Path | None, *, resume: bool) -> TrainingResult:
		"""The first one, which chooses what is best."""
		return self._trained(problem, self._budget, checkpoint, resume=resume)

	def repeat(self, problem: TrainingProblem) -> TrainingResult:
		"""What was found best, on the days of this problem: as many steps, and as large a share."""
		best = self._done[0].chosen
		budget = Budget(self._budget.seconds, best.timesteps)
		return self._trained(replace(problem, share=best.share), budget, None, resume=False)

	def together(self, policy: ResidualNetwork, chosen: Evaluation) -> TrainingResult:
		"""All of them as one training that ended with this policy."""
		return replace(
			self._done[0],
			policy=policy,
			chosen=chosen,
			seconds=self._seconds,
			timesteps=self._timesteps,
			ended_by="cancelled" if self.is_cancelled else self._done[0].ended_by,
		)

	@property
	def _seconds(self) -> float:
		return sum(each.seconds for each in self._done)

	@property
	def _timesteps(self) -> int:
		return sum(each.timesteps for each in self._done)

	def _trained(
		self, problem: TrainingProblem, budget: Budget, checkpoint: Path | None, *, resume: bool
	) -> TrainingResult:
		result = self._trainer.train(
			problem,
			budget=budget,
			seed=self._seed,
			progress=self._told if self._progress is not None else None,
			checkpoint=checkpoint,
			resume=resume,
		)
		self._done.append(result)
		return result

	def _told(self, now: Progress) -> bool | None:
		"""Tell the progress of a part as that of the whole."""
		assert self._progress is not None
		done = self._done
		return self._progress(
			replace(
				now,
				share=(len(done) + now.share) / self._parts,
				seconds=now.seconds + self._seconds,
				timesteps=now.timesteps + self._timesteps,
				best_cost_ratio=done[0].chosen.cost_ratio if done else now.best_cost_ratio,
			)
		)
