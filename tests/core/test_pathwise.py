"""Pathwise training: reproducible, stoppable, never worse than the rule, and able to learn."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from core_samples import codes, history_of
from training_samples import small_pathwise_trainer, small_problem

from rl_replenishment.core.environments.feedback import FeedbackSituations, recall_situations
from rl_replenishment.core.errors import PolicyFileError
from rl_replenishment.core.files.feedback import FeedbackRows
from rl_replenishment.core.items import ItemTable
from rl_replenishment.core.policies.store import parse_policy, policy_files
from rl_replenishment.core.simulation.rollout import run
from rl_replenishment.core.training.from_history import (
	TrainingOptions,
	continue_on_feedback,
	train_on_history,
)
from rl_replenishment.core.training.interface import Budget, Progress, TrainingProblem, TrainingResult
from rl_replenishment.core.training.judge import as_judged

pytestmark = pytest.mark.torch

#: item-warehouses and reviews of one update of the small trainer, with those that are not learned from
UPDATE = 32 * (8 + 3)
ITEMS = ItemTable.create(
	codes(2), suppliers=("Acme", "Lux"), lead_time_days=[3, 6], unit_cost=10, order_cost=1
)


def train(trainer, updates: int, *, problem: TrainingProblem | None = None, **more) -> TrainingResult:
	budget = Budget(seconds=None, timesteps=updates * UPDATE)
	return trainer.train(problem or small_problem(), budget=budget, seed=0, **more)


def cost(policy, problem: TrainingProblem) -> float:
	return float(run(policy, problem.validation).cost.sum())


def short_history(days: int = 90):
	return history_of(np.random.default_rng(0).poisson([1, 4], (days, 2)))


def test_same_seed_same_files() -> None:
	"""A budget of steps gives the same policy byte for byte; another seed another one."""
	options = TrainingOptions(algorithm="pathwise", seconds=None, timesteps=6 * UPDATE, seed=1)
	first, again, other = (
		train_on_history(short_history(), ITEMS, small_pathwise_trainer(), replace(options, seed=seed))
		for seed in (1, 1, 2)
	)
	assert policy_files(first.stored) == policy_files(again.stored)
	mine, another = (each.result.policy.network.layers[0][0] for each in (first, other))
	assert not np.array_equal(mine, another)
	assert first.stored.about["options"]["algorithm"] == "pathwise"


def test_a_few_weeks_of_history_are_enough() -> None:
	options = TrainingOptions(seconds=None, timesteps=2 * UPDATE)
	trained = train_on_history(short_history(28), ITEMS, small_pathwise_trainer(), options)
	assert as_judged(trained.result.chosen) <= 1


def test_training_starts_at_the_rule_and_is_never_worse() -> None:
	"""Even where steps are far too large: the verdict is at most as dear as the classical rule."""
	problem = small_problem()
	wild = small_pathwise_trainer(learning_rate=1.0, averaging=0.0)
	result = train(wild, 8, problem=problem)
	assert result.evaluations[0].cost_ratio == 1.0
	assert max(evaluation.cost_ratio for evaluation in result.evaluations) > 1.05
	rule_cost = cost(problem.task.classical, problem)
	assert cost(result.policy, problem) == pytest.approx(rule_cost * result.chosen.cost_ratio)
	assert result.chosen.cost_ratio <= 1


def test_progress_is_told_and_can_end_training() -> None:
	told: list[Progress] = []

	def stop_at_the_fourth(progress: Progress) -> bool:
		told.append(progress)
		return len(told) < 4

	result = train(small_pathwise_trainer(), 20, progress=stop_at_the_fourth)
	assert result.ended_by == "cancelled"
	for earlier, later in pairwise(told):
		assert 0 <= earlier.share < later.share <= 1
		assert earlier.timesteps < later.timesteps
	assert told[0].best_cost_ratio == 1
	assert told[1].mean_reward < 0
	assert result.timesteps == told[-1].timesteps


def test_a_training_cancelled_at_once_is_the_rule() -> None:
	problem = small_problem()
	result = train(small_pathwise_trainer(), 20, problem=problem, progress=lambda _: False)
	assert (result.ended_by, len(result.evaluations), result.timesteps) == ("cancelled", 1, 0)
	assert cost(result.policy, problem) == cost(problem.task.classical, problem)


def test_early_stopping_and_time() -> None:
	still = small_pathwise_trainer(learning_rate=0.0, patience=3)
	result = train(still, 50)
	assert result.ended_by == "early stopping"
	assert len(result.evaluations) == 4
	result = small_pathwise_trainer().train(small_problem(), budget=Budget(seconds=0.3), seed=0)
	assert (result.ended_by, result.seconds >= 0.3) == ("budget", True)


@pytest.mark.slow
@pytest.mark.parametrize("safety_factor", [-1.0, 5.0])
def test_it_learns_what_a_badly_tuned_rule_does_not_know(safety_factor: float) -> None:
	"""Far too little or far too much safety stock: learning saves much of the cost on unseen days."""
	problem = small_problem(safety_factor=safety_factor)
	trainer = small_pathwise_trainer(columns=128, learning_rate=1e-2, evaluate_every=10)
	result = train(trainer, 400, problem=problem)
	assert cost(result.policy, problem) < 0.85 * cost(problem.task.classical, problem)


@pytest.mark.parametrize("gap", [0.0, 1.0])
def test_training_goes_on_where_it_ended(tmp_path: Path, gap: float) -> None:
	trainer, checkpoint = small_pathwise_trainer(), tmp_path / "checkpoint"
	problem = small_problem(gap=gap)
	first = train(trainer, 4, problem=problem, checkpoint=checkpoint)
	second = train(trainer, 4, problem=problem, checkpoint=checkpoint, resume=True)
	assert second.timesteps == 2 * first.timesteps
	assert second.evaluations[: len(first.evaluations)] == first.evaluations
	assert as_judged(second.chosen) <= as_judged(first.chosen)
	other = small_pathwise_trainer(hidden=(8,))
	with pytest.raises(PolicyFileError, match="made with other training settings"):
		train(other, 1, problem=problem, checkpoint=checkpoint, resume=True)


def buyers_answers(history, factor: float) -> FeedbackRows:
	"""Eight weeks in which the buyer ordered `factor` times what was proposed, of two items."""
	proposed = np.tile([8.0, 30.0], 8)
	return FeedbackRows(
		keys=ITEMS.keys * 8,
		proposed_qty=proposed,
		ordered_qty=proposed * factor,
		date=history.end - np.repeat(np.arange(8), 2).astype("timedelta64[W]"),
		on_hand=np.full(16, np.nan),
		on_order=np.full(16, np.nan),
		reason=("",) * 16,
	)


def learned_from(factor: float, *, evidence: float | None = None, **settings):
	"""A parent, what became of it, and the answers."""
	history = short_history()
	options = TrainingOptions(algorithm="pathwise", seconds=None, timesteps=2 * UPDATE)
	parent = train_on_history(history, ITEMS, small_pathwise_trainer(), options).stored
	parent = parse_policy(policy_files(parent), "as stored")
	rows = buyers_answers(history, factor)
	situations: FeedbackSituations = recall_situations(
		parent.policy, ITEMS, history, rows, np.tile([0, 1], 8), 7
	)
	if evidence is not None:
		situations = replace(situations, evidence=np.full(16, evidence, np.float32))
	trainer = small_pathwise_trainer(learning_rate=1e-2, largest_cost_increase=0.5, **settings)
	learned = continue_on_feedback(
		history, ITEMS, parent, situations, trainer, replace(options, timesteps=120 * UPDATE)
	)
	return learned.result


@pytest.mark.parametrize("factor", [0.0, 0.5, 1.5])
def test_learning_from_the_buyer(factor: float) -> None:
	"""Closer to what the buyer ordered, less or more or nothing, within the cost that the parent allows."""
	result = learned_from(factor, feedback_weight=4.0, trust=0.0)
	before, chosen = result.evaluations[0], result.chosen
	assert chosen.feedback_distance < 0.8 * before.feedback_distance
	assert chosen.cost_ratio <= before.cost_ratio * 1.5


def test_a_history_too_short_for_orders_to_arrive_in_it() -> None:
	"""Replays in which nothing that was ordered arrives teach nothing, and end no training."""
	history = history_of(np.random.default_rng(0).poisson(3, size=(60, 3)))
	items = ItemTable.create(codes(3), lead_time_days=30)
	options = TrainingOptions(seconds=None, timesteps=2000)
	trained = train_on_history(history, items, small_pathwise_trainer(), options)
	assert trained.result.timesteps >= 1000


def test_trust_holds_the_policy_back() -> None:
	near, far = (learned_from(1.5, feedback_weight=4.0, trust=trust) for trust in (1e3, 0.0))
	closest = [min(each.feedback_distance for each in found.evaluations) for found in (near, far)]
	assert closest[0] > closest[1]


def test_answers_without_evidence_are_not_learned_from() -> None:
	result = learned_from(1.5, evidence=0.0, feedback_weight=4.0, trust=1e3)
	before, chosen = result.evaluations[0], result.chosen
	assert chosen.feedback_distance == pytest.approx(before.feedback_distance, rel=0.05)
