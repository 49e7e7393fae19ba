"""Judging candidates: the best is kept, and learning from the buyer stays within its bounds."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from core_samples import MONDAY, actions, mixed_history, mixed_items, mixed_task, random_network

from rl_replenishment.core.environments.feedback import FeedbackSituations, recall_situations
from rl_replenishment.core.errors import PolicyFileError
from rl_replenishment.core.files.feedback import FeedbackRows
from rl_replenishment.core.policies.network import Network, Normaliser
from rl_replenishment.core.policies.observation import OBSERVATION_SIZE
from rl_replenishment.core.policies.residual_network import ResidualNetwork
from rl_replenishment.core.simulation.rollout import run
from rl_replenishment.core.simulation.scenario import replay
from rl_replenishment.core.training.interface import Evaluation, TrainingProblem
from rl_replenishment.core.training.judge import SHRUNK, Judge, as_judged, holds

NORMALISER = Normaliser(np.zeros(OBSERVATION_SIZE, np.float32), np.ones(OBSERVATION_SIZE, np.float32))


def network(seed: int, scale: float) -> Network:
	return random_network(np.random.default_rng(seed), scale=scale)


def constant(value: float) -> Network:
	"""Answers the same everywhere."""
	count = actions(1).shape[1]
	weight = np.zeros((count, OBSERVATION_SIZE), np.float32)
	return Network([(weight, np.full(count, value, np.float32))])


NOTHING = constant(0.0)


def problem(**changed: Any) -> TrainingProblem:
	history = mixed_history(200)
	task = mixed_task(150)
	validation = replay(mixed_items(), history, days=50, review_days=7, rng=np.random.default_rng(0))
	return TrainingProblem(**{"task": task, "validation": validation, **changed})


def judge(given: TrainingProblem, *, patience: int = 3, largest_cost_increase: float = 0.01) -> Judge:
	return Judge(given, NORMALISER, patience=patience, largest_cost_increase=largest_cost_increase)


def look(at: Judge, candidate: Network) -> Evaluation:
	return at.look(candidate, seconds=0.0, timesteps=len(at.evaluations))


def test_cost_is_measured_against_the_rule() -> None:
	"""On the validation days: the rule itself is 1, and every candidate what a run of it costs."""
	given = problem()
	seat = judge(given)
	assert look(seat, NOTHING).cost_ratio == 1.0
	rule = run(given.task.classical, given.validation).cost.sum()
	for seed in range(4):
		candidate = network(seed, 0.1)
		policy = ResidualNetwork("", given.task.classical, NORMALISER, candidate)
		half = replace(policy, network=candidate.scaled(SHRUNK))
		found = look(seat, candidate)
		expected = run(policy if found.share == 1 else half, given.validation).cost.sum() / rule
		assert found.cost_ratio == pytest.approx(expected, rel=1e-6)
	assert [evaluation.timesteps for evaluation in seat.evaluations] == [0, 1, 2, 3, 4]


def test_the_best_is_kept_and_never_costs_more_than_the_rule() -> None:
	"""Whatever comes: the verdict was looked at, and counts at most as dear as the first."""
	seat = judge(problem())
	look(seat, NOTHING)
	verdicts = []
	for seed in range(30):
		look(seat, network(seed, 0.08))
		policy, chosen = seat.verdict()
		assert chosen in seat.evaluations
		assert policy.network is seat.best_network
		assert as_judged(chosen) <= 1.0
		verdicts.append(chosen)
	# better ones were found among thirty, and each replaced a worse one
	assert as_judged(verdicts[-1]) < 1.0
	assert len({id(verdict) for verdict in verdicts}) > 1


def test_a_verdict_needs_a_candidate() -> None:
	with pytest.raises(RuntimeError, match="no candidate"):
		judge(problem()).verdict()


def test_what_is_no_number_is_not_the_best() -> None:
	seat = judge(problem())
	look(seat, NOTHING)
	with np.errstate(all="ignore"):
		look(seat, constant(np.nan))
	assert seat.verdict()[1].cost_ratio == 1.0
	assert seat.best_network is NOTHING


def test_patience() -> None:
	"""Lost after so many looks without a better one; a better one restores it."""
	seat = judge(problem(), patience=3)
	candidates = [network(seed, 0.08) for seed in range(40)]
	ratios = [look(judge(problem()), candidate).cost_ratio for candidate in candidates]
	best = candidates[int(np.argmin(ratios))]
	look(seat, NOTHING)
	for _ in range(2):
		look(seat, NOTHING)
	assert not seat.has_lost_patience
	look(seat, best)
	assert seat.best_network is best
	for _ in range(2):
		look(seat, NOTHING)
	assert not seat.has_lost_patience
	look(seat, NOTHING)
	assert seat.has_lost_patience


def test_earlier_verdicts_are_taken_up_again() -> None:
	seat, later = judge(problem()), judge(problem())
	for seed in range(5):
		look(seat, network(seed, 0.08))
	assert seat.best is not None
	assert seat.best_network is not None
	later.restore(list(seat.evaluations), seat.best, seat.best_network)
	assert later.verdict()[1] == seat.verdict()[1]
	look(later, constant(1.0))
	assert len(later.evaluations) == 6
	assert later.best_network is seat.best_network


def test_verdicts_on_other_days_are_refused() -> None:
	"""What was best there would count as best here, at a cost that it does not have here."""
	seat, candidate = judge(problem()), network(3, 0.08)
	look(seat, candidate)
	assert seat.best is not None
	history = mixed_history(200)
	other = replay(mixed_items(), history, days=30, review_days=7, rng=np.random.default_rng(0))
	judge(problem()).restore(list(seat.evaluations), seat.best, candidate)
	with pytest.raises(PolicyFileError, match="made with other orders or options"):
		judge(problem(validation=other)).restore(list(seat.evaluations), seat.best, candidate)


@pytest.mark.parametrize(("before", "after"), [(0, 4), (1, 3), (3, 1), (4, 4)])
def test_patience_is_taken_up_again(before: int, after: int) -> None:
	"""Of four looks, those before the break count; patience that was lost starts anew."""
	seat, later = judge(problem(), patience=4), judge(problem(), patience=4)
	for _ in range(1 + before):
		look(seat, NOTHING)
	assert seat.best is not None
	later.restore(list(seat.evaluations), seat.best, NOTHING)
	for _ in range(after):
		assert not later.has_lost_patience
		look(later, NOTHING)
	assert later.has_lost_patience


def test_rules_without_any_cost() -> None:
	"""Nothing to save: every candidate counts as the rule."""
	task = mixed_task(150)
	names = ("unit_cost", "holding_cost", "stockout_cost", "order_cost")
	free = replace(task.items, **{name: np.zeros(5, np.float32) for name in names})
	validation = replay(free, mixed_history(200), days=50, review_days=7, rng=np.random.default_rng(0))
	seat = judge(problem(task=replace(task, items=free), validation=validation))
	assert [look(seat, candidate).cost_ratio for candidate in (NOTHING, network(0, 1.0))] == [1.0, 1.0]
	assert seat.best_network is NOTHING


def answers(given: TrainingProblem, factor: float) -> FeedbackSituations:
	"""The buyer orders `factor` times what was proposed, of the three fastest items."""
	policy = ResidualNetwork("", given.task.classical, NORMALISER, NOTHING)
	proposed = np.array([24.0, 60.0, 200.0] * 4)
	rows = FeedbackRows(
		keys=given.task.items.keys[2:] * 4,
		proposed_qty=proposed,
		ordered_qty=proposed * factor,
		date=MONDAY + np.repeat([60, 67, 74, 81], 3).astype("timedelta64[D]"),
		on_hand=np.full(12, np.nan),
		on_order=np.full(12, np.nan),
		reason=("",) * 12,
	)
	index = np.tile([2, 3, 4], 4)
	return recall_situations(policy, given.task.items, given.task.history, rows, index, 7)


@pytest.mark.parametrize("allowed", [0.02, 0.2])
def test_with_answers_the_closest_that_costs_little_more(allowed: float) -> None:
	"""Closer to the buyer from verdict to verdict, within the cost that the parent allows."""
	given = problem()
	given = replace(given, feedback=answers(given, 1.5))
	seat = judge(given, largest_cost_increase=allowed)
	parent = look(seat, NOTHING)
	verdicts = [parent]
	for value in (-0.5, *np.geomspace(0.003, 1.0, 20)):
		look(seat, constant(float(value)))
		if seat.verdict()[1] is not verdicts[-1]:
			verdicts.append(seat.verdict()[1])
	distances = [verdict.feedback_distance for verdict in verdicts]
	assert len(verdicts) > 1
	assert all(
		before is not None and after is not None and after < before for before, after in pairwise(distances)
	)
	# one standard error included; the parent is the rule here, so that its ratio is 1
	assert all(verdict.cost_ratio + verdict.cost_ratio_error <= 1 + allowed for verdict in verdicts[1:])
	# of all that would have been allowed, the closest
	closest = min(
		(each for each in seat.evaluations if each.cost_ratio + each.cost_ratio_error <= 1 + allowed),
		key=lambda evaluation: evaluation.feedback_distance or 0.0,
	)
	assert seat.verdict()[1].feedback_distance == closest.feedback_distance
	assert all(evaluation.feedback_reward is not None for evaluation in seat.evaluations)


def test_without_answers_there_is_no_distance() -> None:
	evaluation = look(judge(problem()), NOTHING)
	assert evaluation.feedback_distance is None
	assert evaluation.feedback_reward is None


def test_one_that_costs_too_much_is_tried_part_of_the_way() -> None:
	"""What it learned of the buyer is not lost: a smaller step its way that can be afforded is kept."""
	given = problem()
	given = replace(given, feedback=answers(given, 1.5))
	allowed = 0.1
	seat = judge(given, largest_cost_increase=allowed)
	parent = look(seat, NOTHING)
	look(seat, constant(0.9))
	chosen = seat.verdict()[1]
	assert run_ratio(given, constant(0.9)) > 1 + allowed
	assert chosen.cost_ratio + chosen.cost_ratio_error <= 1 + allowed
	assert (chosen.feedback_distance or 0) < (parent.feedback_distance or 0)
	assert seat.evaluations[-1] is chosen


def run_ratio(given: TrainingProblem, candidate: Network) -> float:
	policy = ResidualNetwork("", given.task.classical, NORMALISER, candidate)
	rule = run(given.task.classical, given.validation).cost.sum()
	return float(run(policy, given.validation).cost.sum() / rule)


@pytest.mark.parametrize(
	("later", "earlier", "share", "held"),
	[
		# saved both times
		((0.96, 0.02), (0.98, 0.02), 1.0, True),
		# what it cost before is more than what it saved since
		((0.97, 0.01), (1.05, 0.01), 1.0, False),
		# a little dearer before, by far cheaper since
		((0.94, 0.01), (1.01, 0.01), 1.0, True),
		# within luck; of half of it, half the luck
		((0.98, 0.03), (0.99, 0.03), 1.0, False),
		((0.98, 0.03), (0.99, 0.03), 0.5, True),
		# nothing to compare with
		((float("nan"), 0.0), (0.9, 0.0), 1.0, False),
	],
)
def test_what_was_learned_holds_in_two_times_together(
	later: tuple[float, float], earlier: tuple[float, float], share: float, held: bool
) -> None:
	one, other = (Evaluation(1.0, 1, *each, share) for each in (later, earlier))
	assert holds(one, other) is held
