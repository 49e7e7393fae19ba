"""A training whose replays are in shards: the same wherever these are, and as good as one without."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from training_samples import small_pathwise_trainer, small_problem

from rl_replenishment.core.engine import IN_PROCESS
from rl_replenishment.core.training.interface import Budget, TrainingProblem, TrainingResult

pytestmark = pytest.mark.torch
#: steps of one update of the small trainer, in shards or not
UPDATE = 32 * (8 + 3)


class Elsewhere:
	"""Engines of several machines, as far as results go: whatever comes or goes is a copy."""

	workers = 2

	def __init__(self) -> None:
		self.held, self.asked, self.is_closed = 0, 0, False

	def map(self, work: Any, jobs: Sequence[Any], told: Any = None) -> list[Any]:
		raise NotImplementedError

	def hold(self, make: Callable[[Any], Any], jobs: Sequence[Any]) -> Elsewhere:
		self._there = [make(copy.deepcopy(job)) for job in jobs]
		self.held = len(jobs)
		return self

	def ask(self, call: Callable[[Any, Any], Any], question: Any) -> list[Any]:
		self.asked += 1
		# the last is ready first
		found = [call(each, copy.deepcopy(question)) for each in reversed(self._there)]
		return copy.deepcopy(found[::-1])

	def close(self) -> None:
		self.is_closed = True


def train(
	shards: int, updates: int, engine: Any = IN_PROCESS, seed: int = 0, **settings: Any
) -> TrainingResult:
	problem: TrainingProblem = settings.pop("problem", None) or small_problem()
	trainer = replace(small_pathwise_trainer(shards=shards, **settings), engine=engine)
	return trainer.train(problem, budget=Budget(None, updates * UPDATE), seed=seed)


def weights(result: TrainingResult) -> list[np.ndarray]:
	return [array for layer in result.policy.network.layers for array in layer]


@pytest.mark.parametrize("gap", [0.0, 1.5])
def test_the_same_wherever_the_shards_are(gap: float) -> None:
	engine, problem = Elsewhere(), small_problem(gap=gap)
	here, there = (train(3, 6, each, problem=problem) for each in (IN_PROCESS, engine))
	assert (engine.held, engine.is_closed) == (3, True)
	# replays that share their luck are as many as divide
	assert engine.asked == (6 if gap == 0 else 8)
	assert [each.cost_ratio for each in here.evaluations] == [each.cost_ratio for each in there.evaluations]
	for one, other in zip(weights(here), weights(there), strict=True):
		np.testing.assert_array_equal(one, other)
	assert here.timesteps == there.timesteps >= 6 * UPDATE


def test_shards_meet_days_of_their_own() -> None:
	"""What is drawn twice teaches nothing new: the same columns in another number of shards differ."""
	one, two, three = (train(shards, 6) for shards in (1, 2, 3))
	ratios = {result.evaluations[-1].cost_ratio for result in (one, two, three)}
	assert len(ratios) == 3


def test_it_learns() -> None:
	"""Where the rule keeps far too much."""
	problem = small_problem(safety_factor=4.0)
	assert train(4, 50, problem=problem, learning_rate=1e-2).chosen.cost_ratio < 0.9


def test_the_shards_are_let_go_of_after_an_error() -> None:
	engine = Elsewhere()

	def fail(*_: Any) -> list[Any]:
		raise MemoryError

	engine.ask = fail  # type: ignore[method-assign]
	with pytest.raises(MemoryError):
		train(2, 1, engine)
	assert engine.is_closed
