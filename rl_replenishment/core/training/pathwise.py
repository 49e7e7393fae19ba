"""Training by the gradient of the cost itself, through the known dynamics of inventory.

Demand does not depend on what is ordered, so the cost of replayed days is a function of the policy's weights
that can be differentiated (Glasserman and Tayur 1995; Madeka et al. 2022, "Deep Inventory Management"; Alvo
et al. 2023, "Neural Inventory Control"). See `twin` for what a plain gradient cannot see.
"""

from __future__ import annotations

import copy
import math
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from rl_replenishment.core.environments.batch import ReplenishmentBatch, measure_normaliser
from rl_replenishment.core.policies.base import State, protection_days
from rl_replenishment.core.policies.residual_network import Normaliser
from rl_replenishment.core.training import checkpoint as checkpoints
from rl_replenishment.core.training.edit_loss import EditLoss
from rl_replenishment.core.training.interface import (
	Budget,
	EndedBy,
	Progress,
	ProgressCallback,
	TrainingProblem,
	TrainingResult,
)
from rl_replenishment.core.training.judge import Judge
from rl_replenishment.core.training.networks import load_network, make_perceptron, numpy_network
from rl_replenishment.core.training.panel import Panel, draw_panel, draw_window
from rl_replenishment.core.training.twin import Rollout, Twin


@dataclass(frozen=True)
class PathwiseSettings:
	"""Settings of pathwise training."""

	#: replays per update
	columns: int = 512
	#: replays that share demand, lead times and start where the decision to order is drawn: each one's
	#: likelihood-ratio gradient is measured against the mean of the others
	copies: int = 4
	#: updates on one drawing of items and varied histories
	updates_per_panel: int = 16
	#: length of a replay in protection intervals, and its bounds in reviews
	protection_intervals: float = 8.0
	least_reviews: int = 16
	most_reviews: int = 64
	learning_rate: float = 3e-3
	#: of the learning rate at the end of the budget; it falls along a cosine
	final_learning_rate_share: float = 0.02
	#: width of the drawn decision to order, in units of action, at the start and at the end
	softness: float = 0.2
	final_softness: float = 0.02
	#: of a decision's consequences, what counts of those one review later
	discount: float = 0.97
	largest_gradient: float = 1.0
	hidden: tuple[int, ...] = (64, 64)
	#: share of the past in the running average of the weights, which is what is judged and served
	averaging: float = 0.95
	#: updates between two looks at the validation days
	evaluate_every: int = 20
	#: looks without a better policy after which training stops
	patience: int = 40
	#: weight of the distance to the buyer's quantities beside the cost
	feedback_weight: float = 0.25
	#: weight of the squared difference to the parent's actions in a continued training: what the buyer did
	#: not speak of stays as it is
	trust: float = 1.0
	#: a continued training may not cost more than this share above its parent on the validation days
	largest_cost_increase: float = 0.02


@dataclass(frozen=True)
class PathwiseTrainer:
	"""See `Trainer` in `interface`."""

	settings: PathwiseSettings = PathwiseSettings()

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
		# on two busy cores, two threads train slower than one
		torch.set_num_threads(1)
		saved = checkpoints.load(checkpoint) if checkpoint is not None and resume else None
		training = _Training(self.settings, problem, budget, seed, saved)
		while (ended_by := training.why_end(progress)) is None:
			training.update()
			if training.updates % self.settings.evaluate_every == 0:
				training.look()
				if checkpoint is not None:
					training.save(checkpoint)
		training.look()
		if checkpoint is not None:
			training.save(checkpoint)
		return training.result(ended_by)


class _Training:
	"""One training as it goes on."""

	def __init__(
		self,
		settings: PathwiseSettings,
		problem: TrainingProblem,
		budget: Budget,
		seed: int,
		saved: checkpoints.Checkpoint | None,
	) -> None:
		self._settings, self._problem, self._budget = settings, problem, budget
		self._started = time.monotonic()
		self._earlier_seconds = saved.seconds if saved else 0.0
		self._first_step = self._timesteps = saved.timesteps if saved else 0
		# a resumed training meets days that it has not met
		self._rng = np.random.default_rng([seed, self._timesteps])
		self._generator = torch.Generator().manual_seed(seed + self._timesteps)
		hidden = problem.parent.network.hidden if problem.parent else settings.hidden
		self._network = make_perceptron(hidden, self._generator)
		self._optimiser = torch.optim.Adam(self._network.parameters(), lr=settings.learning_rate)
		self._normaliser = self._find_normaliser(saved)
		self._judge = Judge(
			problem,
			self._normaliser,
			patience=settings.patience,
			largest_cost_increase=settings.largest_cost_increase,
		)
		if saved is not None:
			saved.apply(self._network, self._optimiser)
			self._judge.restore(saved.evaluations, saved.best, saved.best_network)
		elif problem.parent is not None:
			load_network(self._network, problem.parent.network)
		self._parent = copy.deepcopy(self._network) if problem.parent is not None else None
		self._edits = EditLoss(problem.feedback, self._normaliser) if problem.feedback is not None else None
		self._copies = settings.copies if _decides_when(problem) else 1
		self._average = numpy_network(self._network)
		self._judged_at = -1
		self._mean_reward = 0.0
		self.updates = 0
		if saved is None:
			# the first candidate is where training starts: the classical rule, or the parent
			self.look()

	def _find_normaliser(self, saved: checkpoints.Checkpoint | None) -> Normaliser:
		if saved is not None:
			return saved.normaliser
		if self._problem.parent is not None:
			return self._problem.parent.normaliser
		return measure_normaliser(ReplenishmentBatch(self._problem.task, self._rng, columns=1024))

	@property
	def seconds(self) -> float:
		"""Spent on this training, earlier parts included."""
		return self._earlier_seconds + time.monotonic() - self._started

	def update(self) -> None:
		"""Replay once and take a step along the gradient."""
		settings = self._settings
		if self.updates % settings.updates_per_panel == 0:
			panel = draw_panel(self._problem.task, max(settings.columns // self._copies, 1), self._rng)
			self._twin = Twin(panel, self._normaliser, copies=self._copies)
			self._reviews, self._detached = _length(panel, settings)
		falling = (1 + math.cos(math.pi * self._share())) / 2
		for group in self._optimiser.param_groups:
			group["lr"] = settings.learning_rate * _between(settings.final_learning_rate_share, 1.0, falling)
		rollout = self._twin.roll(
			self._network,
			draw_window(self._twin.panel, self._reviews, self._rng),
			softness=_between(settings.final_softness, settings.softness, falling)
			if self._copies > 1
			else 0.0,
			detached=self._detached,
			generator=self._generator,
		)
		self._optimiser.zero_grad()
		self._loss(rollout).backward()  # type: ignore[no-untyped-call]
		torch.nn.utils.clip_grad_norm_(self._network.parameters(), settings.largest_gradient)
		self._optimiser.step()
		self.updates += 1
		self._timesteps += rollout.cost.numel()
		self._mean_reward = -float(rollout.cost.detach().mean())
		# a plain mean at first, so that where training started does not linger
		past = min(settings.averaging, self.updates / (self.updates + 1))
		self._average = numpy_network(self._network).mixed_with(self._average, past)

	def _loss(self, rollout: Rollout) -> Tensor:
		settings = self._settings
		loss = expected_cost(rollout, self._copies, settings.discount)
		if self._parent is not None:
			with torch.no_grad():
				before = self._parent(rollout.observation).clamp(-1, 1)
			loss = loss + settings.trust * (rollout.action - before).square().mean()
		if self._edits is not None:
			loss = loss + settings.feedback_weight * self._edits(self._network)
		return loss

	def look(self) -> None:
		"""Have the average of the weights judged, once."""
		if self._judged_at != self.updates:
			self._judge.look(self._average, seconds=self.seconds, timesteps=self._timesteps)
			self._judged_at = self.updates

	def save(self, folder: Path) -> None:
		checkpoints.save(
			folder,
			self._network,
			self._optimiser,
			self._judge,
			self._normaliser,
			seconds=self.seconds,
			timesteps=self._timesteps,
		)

	def why_end(self, progress: ProgressCallback | None) -> EndedBy | None:
		"""Report, and say whether training is over."""
		best = self._judge.best.cost_ratio if self._judge.best else 1.0
		report = Progress(self._share(), self.seconds, self._timesteps, best, self._mean_reward)
		if progress is not None and progress(report) is False:
			return "cancelled"
		if self._judge.has_lost_patience:
			return "early stopping"
		return "budget" if self._share() >= 1 else None

	def result(self, ended_by: EndedBy) -> TrainingResult:
		policy, chosen = self._judge.verdict()
		return TrainingResult(
			policy=policy,
			chosen=chosen,
			evaluations=self._judge.evaluations,
			seconds=self.seconds,
			timesteps=self._timesteps,
			ended_by=ended_by,
		)

	def _share(self) -> float:
		shares = [0.0]
		if self._budget.seconds:
			shares.append((time.monotonic() - self._started) / self._budget.seconds)
		if self._budget.timesteps:
			shares.append((self._timesteps - self._first_step) / self._budget.timesteps)
		return min(max(shares), 1.0)


def expected_cost(rollout: Rollout, copies: int, discount: float) -> Tensor:
	"""The mean cost per review, with the gradient of its expectation.

	To the pathwise gradient of the quantities, the likelihood-ratio gradient of the decisions to order is
	added: the cost to come, less that of the other copies, times the gradient of the log probability.
	"""
	cost = rollout.cost
	if copies == 1:
		return cost.mean()
	to_come = cost.detach().clone()
	for k in reversed(range(len(to_come) - 1)):
		to_come[k] += discount * to_come[k + 1]
	grouped = to_come.view(len(cost), copies, -1)
	of_others = (grouped.sum(dim=1, keepdim=True) - grouped) / (copies - 1)
	advantage = (grouped - of_others).reshape(to_come.shape)
	return cost.mean() + (advantage * rollout.log_probability).mean()


def _between(low: float, high: float, share: float) -> float:
	return low + (high - low) * share


def _decides_when(problem: TrainingProblem) -> bool:
	"""Whether the rule has reorder points of their own: only then is there a decision to order."""
	task, validation = problem.task, problem.validation
	known = next(iter(validation.statistics()))
	nothing = np.zeros(len(validation.items), np.float32)
	state = State(validation.items, validation.date(0), task.review_days, nothing, nothing[None], known)
	levels = task.classical.rule.levels(state)
	return bool((levels.order_up_to > levels.reorder_point).any())


def _length(panel: Panel, settings: PathwiseSettings) -> tuple[int, int]:
	"""Reviews in a replay, and how many of them at its end are not learned from."""
	horizon = float(np.quantile(protection_days(panel.items, panel.review_days), 0.9))
	per_interval = horizon / panel.review_days
	wanted = math.ceil(settings.protection_intervals * per_interval)
	wanted = min(max(wanted, settings.least_reviews), settings.most_reviews)
	beyond = math.ceil(per_interval) + 1
	reviews = min(wanted + beyond, len(panel.days))
	return reviews, min(beyond, reviews // 2)
