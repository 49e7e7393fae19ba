"""Training by the gradient of the cost itself, through the known dynamics of inventory.

Demand does not depend on what is ordered, so the cost of replayed days is a function of the policy's weights
that can be differentiated (Glasserman and Tayur 1995; Madeka et al. 2022, "Deep Inventory Management"; Alvo
et al. 2023, "Neural Inventory Control"). See `twin` for what a plain gradient cannot see.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from rl_replenishment.core.engine import IN_PROCESS, Crew, Engine
from rl_replenishment.core.environments.batch import ReplenishmentBatch, measure_normaliser
from rl_replenishment.core.policies.network import Network
from rl_replenishment.core.training import checkpoint as checkpoints
from rl_replenishment.core.training.devices import CPU, generator_on
from rl_replenishment.core.training.interface import (
	Budget,
	ProgressCallback,
	TrainingProblem,
	TrainingResult,
)
from rl_replenishment.core.training.loop import Loop
from rl_replenishment.core.training.networks import (
	keep_signs,
	load_network,
	make_perceptron,
	numpy_network,
)
from rl_replenishment.core.training.replays import (
	PathwiseSettings,
	Replays,
	Shard,
	ShardJob,
	ask_shard,
	between,
	falling,
)

__all__ = ["Pathwise", "PathwiseSettings", "PathwiseTrainer"]


@dataclass(frozen=True)
class PathwiseTrainer:
	"""See `Trainer` in `interface`."""

	settings: PathwiseSettings = field(default_factory=PathwiseSettings)
	device: torch.device = CPU
	#: where the shards of an update are replayed
	engine: Engine = IN_PROCESS

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
		learner = Pathwise(self.settings, problem, seed, saved, self.device, self.engine)
		try:
			return Loop(learner, self.settings, problem, budget, saved, started).run(progress, checkpoint)
		finally:
			learner.close()


class Pathwise:
	"""Steps along the gradient of replayed costs; see `Learner`."""

	def __init__(
		self,
		settings: PathwiseSettings,
		problem: TrainingProblem,
		seed: int,
		saved: checkpoints.Checkpoint | None = None,
		device: torch.device = CPU,
		engine: Engine = IN_PROCESS,
	) -> None:
		self._settings = settings
		earlier = saved.timesteps if saved else 0
		# a resumed training meets days that it has not met
		rng = np.random.default_rng([seed, earlier])
		generator = torch.Generator().manual_seed(seed + earlier)
		parent = problem.parent
		hidden = parent.network.hidden if parent else settings.hidden
		# the same weights to begin with, wherever they are trained
		self.module = make_perceptron(hidden, generator).to(device)
		if device != CPU:
			generator = generator_on(device, seed + earlier)
		self.optimiser: torch.optim.Optimizer = torch.optim.AdamW(
			self.module.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
		)
		if saved is not None:
			self.normaliser = saved.normaliser
		elif parent is not None:
			self.normaliser = parent.normaliser
			load_network(self.module, parent.network)
		else:
			self.normaliser = measure_normaliser(ReplenishmentBatch(problem.task, rng, columns=1024))
		self._crew: Crew | None = None
		if settings.shards == 1:
			self._replays = Replays(settings, problem, self.normaliser, self.module, rng, generator, device)
		else:
			jobs = [
				ShardJob(settings, problem, self.normaliser, tuple(hidden), (seed, earlier), number, device)
				for number in range(settings.shards)
			]
			self._crew = engine.hold(Shard, jobs)
		self.mean_reward = 0.0

	def close(self) -> None:
		"""Let go of the shards."""
		if self._crew is not None:
			self._crew.close()

	def network(self) -> Network:
		return numpy_network(self.module)

	def step(self, share: float) -> int:
		"""Replay once and take a step along the gradient."""
		settings = self._settings
		rate = settings.learning_rate * between(settings.final_learning_rate_share, 1.0, falling(share))
		for group in self.optimiser.param_groups:
			group["lr"] = rate
		is_known, mean_cost, timesteps = (
			self._gradient(share) if self._crew is None else self._mean_gradient(self._crew, share)
		)
		# where nothing that was ordered arrived in a short replay, it has nothing to teach
		if is_known:
			torch.nn.utils.clip_grad_norm_(self.module.parameters(), settings.largest_gradient)
			self.optimiser.step()
			keep_signs(self.module)
		self.mean_reward = -mean_cost
		return timesteps

	def _gradient(self, share: float) -> tuple[bool, float, int]:
		"""Of all replays; whether there is one, their mean cost, and how many environment steps they took."""
		loss, cost = self._replays.loss(self.module, share)
		if loss.requires_grad:
			self.optimiser.zero_grad()
			loss.backward()  # type: ignore[no-untyped-call]
		return loss.requires_grad, float(cost.mean()), cost.numel()

	def _mean_gradient(self, crew: Crew, share: float) -> tuple[bool, float, int]:
		"""The same of all shards."""
		found = crew.ask(ask_shard, (self.network(), share))
		self.optimiser.zero_grad()
		for shard in found:
			for parameter, values in zip(self.module.parameters(), shard.of_parameters, strict=False):
				there = torch.from_numpy(values).to(parameter.device)
				parameter.grad = there if parameter.grad is None else parameter.grad + there
		timesteps = sum(shard.timesteps for shard in found)
		cost = sum(shard.mean_cost * shard.timesteps for shard in found) / timesteps
		return any(shard.of_parameters for shard in found), cost, timesteps
