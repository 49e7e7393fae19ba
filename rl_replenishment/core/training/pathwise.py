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
from rl_replenishment.core.policies.network import Network
from rl_replenishment.core.training import checkpoint as checkpoints
from rl_replenishment.core.training.edit_loss import EditLoss
from rl_replenishment.core.training.interface import (
	Budget,
	ProgressCallback,
	TrainingProblem,
	TrainingResult,
)
from rl_replenishment.core.training.loop import Loop, LoopSettings
from rl_replenishment.core.training.networks import (
	keep_signs,
	load_network,
	make_perceptron,
	numpy_network,
)
from rl_replenishment.core.training.panel import Panel, draw_panel, draw_window
from rl_replenishment.core.training.twin import Rollout, Twin


@dataclass(frozen=True)
class PathwiseSettings(LoopSettings):
	"""Settings of pathwise training."""

	#: replays per update
	columns: int = 512
	#: replays that share demand, lead times and start where the decision to order is drawn: each one's
	#: likelihood-ratio gradient is measured against the mean of the others
	copies: int = 4
	#: updates on one drawing of items and histories
	updates_per_panel: int = 16
	#: length of a replay in protection intervals, and its bounds in reviews
	protection_intervals: float = 8.0
	least_reviews: int = 16
	most_reviews: int = 64
	learning_rate: float = 3e-3
	#: of the learning rate at the end of the budget; it falls along a cosine
	final_learning_rate_share: float = 0.02
	#: pull of all weights towards 0 (Loshchilov and Hutter 2019)
	weight_decay: float = 0.1
	#: standard deviation of the noise on all normalised inputs that no order can change, where days repeat
	noise: float = 0.5
	#: part of a pack by which wishes are raised at random before rounding, where days do not repeat:
	#: where they do, noise and a demand that varies blur the steps of rounding already
	rounding: float = 0.5
	#: width of the drawn decision to order, in units of action, at the start and at the end
	softness: float = 0.2
	final_softness: float = 0.02
	#: of a decision's consequences, what counts of those one review later
	discount: float = 0.97
	largest_gradient: float = 1.0
	#: weight of the distance to the buyer's quantities beside the cost
	feedback_weight: float = 0.25
	#: weight of the squared difference to the parent's actions in a continued training: what the buyer did
	#: not speak of stays as it is
	trust: float = 1.0


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
		started = time.monotonic()
		# on two busy cores, two threads train slower than one
		torch.set_num_threads(1)
		saved = checkpoints.load(checkpoint) if checkpoint is not None and resume else None
		learner = _Pathwise(self.settings, problem, seed, saved)
		return Loop(learner, self.settings, problem, budget, saved, started).run(progress, checkpoint)


class _Pathwise:
	"""Steps along the gradient of replayed costs; see `Learner`."""

	def __init__(
		self,
		settings: PathwiseSettings,
		problem: TrainingProblem,
		seed: int,
		saved: checkpoints.Checkpoint | None,
	) -> None:
		self._settings, self._problem = settings, problem
		earlier = saved.timesteps if saved else 0
		# a resumed training meets days that it has not met
		self._rng = np.random.default_rng([seed, earlier])
		self._generator = torch.Generator().manual_seed(seed + earlier)
		parent = problem.parent
		self.module = make_perceptron(parent.network.hidden if parent else settings.hidden, self._generator)
		self.optimiser: torch.optim.Optimizer = torch.optim.AdamW(
			self.module.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
		)
		if saved is not None:
			self.normaliser = saved.normaliser
		elif parent is not None:
			self.normaliser = parent.normaliser
			load_network(self.module, parent.network)
		else:
			measured = ReplenishmentBatch(problem.task, self._rng, columns=1024)
			self.normaliser = measure_normaliser(measured)
		self._parent = copy.deepcopy(self.module) if parent is not None else None
		if self._parent is not None and parent is not None:
			load_network(self._parent, parent.network)
		self._edits = EditLoss(problem.feedback, self.normaliser) if problem.feedback is not None else None
		self._copies = settings.copies if _decides_when(problem) else 1
		self._steps = 0
		self.mean_reward = 0.0

	def network(self) -> Network:
		return numpy_network(self.module)

	def step(self, share: float) -> int:
		"""Replay once and take a step along the gradient."""
		settings = self._settings
		if self._steps % settings.updates_per_panel == 0:
			panel = draw_panel(self._problem.task, max(settings.columns // self._copies, 1), self._rng)
			self._twin = Twin(panel, self.normaliser, copies=self._copies)
			self._reviews, self._detached = _length(panel, settings)
		falling = (1 + math.cos(math.pi * share)) / 2
		for group in self.optimiser.param_groups:
			group["lr"] = settings.learning_rate * _between(settings.final_learning_rate_share, 1.0, falling)
		repeats = self._problem.task.demand_model.repeats
		rollout = self._twin.roll(
			self.module,
			draw_window(self._twin.panel, self._reviews, self._rng),
			softness=_between(settings.final_softness, settings.softness, falling)
			if self._copies > 1
			else 0.0,
			detached=self._detached,
			noise=settings.noise if repeats else 0.0,
			rounding=0.0 if repeats else settings.rounding,
			generator=self._generator,
		)
		loss = self._loss(rollout)
		# where nothing that was ordered arrived in a short replay, it has nothing to teach
		if loss.requires_grad:
			self.optimiser.zero_grad()
			loss.backward()  # type: ignore[no-untyped-call]
			torch.nn.utils.clip_grad_norm_(self.module.parameters(), settings.largest_gradient)
			self.optimiser.step()
			keep_signs(self.module)
		self._steps += 1
		self.mean_reward = -float(rollout.cost.detach().mean())
		return rollout.cost.numel()

	def _loss(self, rollout: Rollout) -> Tensor:
		settings = self._settings
		loss = expected_cost(rollout, self._copies, settings.discount)
		if self._parent is not None:
			with torch.no_grad():
				before = self._parent(rollout.observation).clamp(-1, 1)
			loss = loss + settings.trust * (rollout.action - before).square().mean()
		if self._edits is not None:
			loss = loss + settings.feedback_weight * self._edits(self.module)
		return loss


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
