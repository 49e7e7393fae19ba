"""Replays of one update of pathwise training, and the gradient of what they cost."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from rl_replenishment.core.items import FloatArray
from rl_replenishment.core.policies.base import State, protection_days
from rl_replenishment.core.policies.network import Network, Normaliser
from rl_replenishment.core.training.devices import generator_on
from rl_replenishment.core.training.edit_loss import EditLoss
from rl_replenishment.core.training.interface import TrainingProblem
from rl_replenishment.core.training.loop import LoopSettings
from rl_replenishment.core.training.networks import load_network, make_perceptron
from rl_replenishment.core.training.panel import Panel, draw_panel, draw_window
from rl_replenishment.core.training.twin import Rollout, Twin


@dataclass(frozen=True)
class PathwiseSettings(LoopSettings):
	"""Settings of pathwise training."""

	#: replays per update, and those of one item at most: of few items, more updates teach more
	columns: int = 512
	columns_of_an_item: int = 128
	#: parts of these replays, each with items and histories of its own, that may be on other processors or
	#: machines; a step is along the mean of their gradients
	shards: int = 1
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
	noise: float = 1.0
	#: part of a pack by which wishes are raised at random before rounding, where days do not repeat:
	#: where they do, noise and a demand that varies blur the steps of rounding already. It falls to 0 by this
	#: share of the budget: what is served does not draw, and from then on it has to tell by the stock when a
	#: unit more is due
	rounding: float = 0.5
	rounding_until: float = 0.5
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


class Replays:
	"""Draws items and histories, replays them with a network, and says what that cost."""

	def __init__(
		self,
		settings: PathwiseSettings,
		problem: TrainingProblem,
		normaliser: Normaliser,
		module: torch.nn.Sequential,
		rng: np.random.Generator,
		generator: torch.Generator,
		device: torch.device,
	) -> None:
		self._settings, self._problem, self._normaliser = settings, problem, normaliser
		self._rng, self._generator, self._device = rng, generator, device
		self._parent: torch.nn.Sequential | None = None
		if problem.parent is not None:
			self._parent = copy.deepcopy(module)
			load_network(self._parent, problem.parent.network)
		self._edits: EditLoss | None = None
		if problem.feedback is not None:
			self._edits = EditLoss(problem.feedback, normaliser, device)
		self._copies = settings.copies if _decides_when(problem) else 1
		self._steps = 0

	def loss(self, module: torch.nn.Module, share: float) -> tuple[Tensor, Tensor]:
		"""The loss of the next replays, and their costs, shape (K, C), at a share of the budget."""
		settings = self._settings
		if self._steps % settings.updates_per_panel == 0:
			columns = min(settings.columns, settings.columns_of_an_item * len(self._problem.task.items))
			panel = draw_panel(self._problem.task, max(columns // self._copies, 1), self._rng)
			self._twin = Twin(panel, self._normaliser, copies=self._copies, device=self._device)
			self._reviews, self._detached = _length(panel, settings)
		self._steps += 1
		repeats = self._problem.task.demand_model.repeats
		rollout = self._twin.roll(
			module,
			draw_window(self._twin.panel, self._reviews, self._rng),
			softness=between(settings.final_softness, settings.softness, falling(share))
			if self._copies > 1
			else 0.0,
			detached=self._detached,
			noise=settings.noise if repeats else 0.0,
			rounding=0.0 if repeats else settings.rounding * falling(min(share / settings.rounding_until, 1)),
			generator=self._generator,
		)
		return self._loss(module, rollout), rollout.cost.detach()

	def _loss(self, module: torch.nn.Module, rollout: Rollout) -> Tensor:
		settings = self._settings
		loss = expected_cost(rollout, self._copies, settings.discount)
		if self._parent is not None:
			with torch.no_grad():
				before = self._parent(rollout.observation).clamp(-1, 1)
			loss = loss + settings.trust * (rollout.action - before).square().mean()
		if self._edits is not None:
			loss = loss + settings.feedback_weight * self._edits(module)
		return loss


@dataclass(frozen=True, eq=False)
class ShardJob:
	"""What a shard is made of."""

	settings: PathwiseSettings
	problem: TrainingProblem
	normaliser: Normaliser
	hidden: tuple[int, ...]
	#: where its luck starts
	seed: tuple[int, int]
	number: int
	device: torch.device


class Gradient(NamedTuple):
	"""Of a shard's part of an update."""

	#: by parameter of the network; none where the replays had nothing to teach
	of_parameters: list[FloatArray]
	mean_cost: float
	timesteps: int


class Shard:
	"""Replays with a network of their own, whose weights are sent."""

	def __init__(self, job: ShardJob) -> None:
		torch.set_num_threads(1)
		settings, luck = job.settings, (*job.seed, job.number + 1)
		columns = settings.columns // settings.shards + (job.number < settings.columns % settings.shards)
		# the weights are those that come with each question
		self._module = make_perceptron(job.hidden, torch.Generator().manual_seed(0)).to(job.device)
		self._count = settings.shards
		self._replays = Replays(
			replace(settings, columns=max(columns, 1)),
			job.problem,
			job.normaliser,
			self._module,
			np.random.default_rng(luck),
			generator_on(job.device, int(np.random.SeedSequence(luck).generate_state(1)[0])),
			job.device,
		)

	def gradient(self, network: Network, share: float) -> Gradient:
		"""Of the next replays with these weights, as its part of the mean over all shards."""
		load_network(self._module, network)
		self._module.zero_grad()
		loss, cost = self._replays.loss(self._module, share)
		if loss.requires_grad:
			(loss / self._count).backward()  # type: ignore[no-untyped-call]
		found = [each.grad for each in self._module.parameters()]
		of_parameters = [each.cpu().numpy() for each in found if each is not None]
		return Gradient(
			of_parameters if len(of_parameters) == len(found) else [], float(cost.mean()), cost.numel()
		)


def ask_shard(shard: Shard, question: tuple[Network, float]) -> Gradient:
	"""As an engine asks."""
	return shard.gradient(*question)


def falling(share: float) -> float:
	"""From 1 to 0 along a cosine."""
	return (1 + math.cos(math.pi * share)) / 2


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


def between(low: float, high: float, share: float) -> float:
	return low + (high - low) * share


def _decides_when(problem: TrainingProblem) -> bool:
	"""Whether the rule has reorder points of their own: only then is there a decision to order."""
	task, validation = problem.task, problem.validation
	known = next(iter(validation.statistics()))
	nothing = np.zeros(len(validation.items), np.float32)
	state = State(validation.items, validation.date(0), task.review_days, nothing, nothing[None], known)
	levels = task.classical.levels(state)
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
