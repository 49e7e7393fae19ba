"""For how long a buyer's corrections count, and when he has changed his mind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from lesson_samples import (
	EACH,
	ITEMS,
	KEYS,
	LAWN,
	PAINT,
	START,
	Decision,
	factors,
	fit,
	live,
	rows_of,
)

from rl_replenishment.core.files.feedback import FeedbackRows
from rl_replenishment.core.lessons.lessons import season_of


def taken_back(decisions: Sequence[Decision], back: Sequence[tuple[int, int]]) -> FeedbackRows:
	"""Raises by a quarter, and proposals that followed them and were taken back: position and day."""
	rows = rows_of([*decisions, *((item, day, 1.0) for item, day in back)])
	count = len(decisions)
	return replace(
		rows,
		proposed_qty=np.where(np.arange(len(rows)) < count, 100.0, 125.0),
		policy_qty=np.full(len(rows), 100.0),
		reason=("",) * count + ("Not This Time",) * len(back),
	)


def test_what_is_taken_back_for_once_speaks_against_the_lesson() -> None:
	"""Once, a little, and the item follows its group again; three times, and the lesson is gone."""
	raised = [(item, 7 * week, 1.25) for item in range(3) for week in range(3)]
	usual = factors(raised, 28)
	once, thrice = (
		fit(taken_back(raised, back), 28).factor(ITEMS, START + np.timedelta64(28, "D"))
		for back in ([(3, 21)], [(3, 21), (4, 21), (5, 21)])
	)
	assert 1.05 < once[3] < usual[3] - 0.02
	assert all(1.1 < once[item] <= usual[item] for item in (0, 1, 2, 4, 5))
	assert thrice == pytest.approx(1, abs=0.02)
	# what is taken back each time is left alone
	twice = fit(taken_back(raised, [(3, 21), (3, 25)]), 28).factor(ITEMS, START + np.timedelta64(28, "D"))
	assert twice[3] == 1
	assert all(twice[item] > 1.1 for item in (0, 1, 2))


def test_following_converges_to_what_the_buyer_orders() -> None:
	"""What is kept because it was followed confirms the lesson: it does not wear off."""
	_rows, weeks = live(lambda item, week, proposed: 130 if item in LAWN else proposed, 12)
	assert weeks[0] == [1.0] * len(KEYS)
	assert all(value > 1.15 for value in weeks[1][:EACH])
	# the distance falls by half or more and stays down
	assert all(abs(value - 1.3) < 0.15 for week in weeks[2:] for value in week[:EACH])
	assert all(value == 1.0 for week in weeks for value in week[EACH:])


def test_a_buyer_who_changes_his_mind_is_followed_within_five_decisions() -> None:
	"""He orders what the policy itself asks for, after a quarter of more; the lesson is gone for good."""
	change = 13

	def buyer(item: int, week: int, proposed: float) -> float:
		return (130 if week < change else 100) if item == 0 else proposed

	_rows, weeks = live(buyer, change + 26, items=[0])
	assert weeks[change][0] > 1.15
	assert all(abs(week[0] - 1) < 0.05 for week in weeks[change + 5 :])


def test_a_group_is_unlearned_as_a_whole() -> None:
	"""Five decisions on some of its items are enough for all of them."""
	raised = [(item, 7 * week, 1.3) for week in range(10) for item in LAWN]
	assert min(factors(raised, 70)[:EACH]) > 1.15
	undone = [(item, 70, 1.0) for item in range(5)]
	rows = rows_of([*raised, *undone])
	# undone: proposed more than the policy asked for, ordered what it asked for
	proposed = np.where(rows.date == START + np.timedelta64(70, "D"), 125.0, 100.0)
	found = fit(replace(rows, proposed_qty=proposed, policy_qty=np.full(len(rows), 100.0)), 77)
	assert found.factor(ITEMS, START + np.timedelta64(77, "D"))[:EACH].tolist() == pytest.approx(
		[1.0] * EACH, abs=0.05
	)


def test_evidence_fades() -> None:
	decisions = [(item, 0, 1.3) for item in range(3)]
	by_age = [factors(decisions, day)[1] for day in (7, 365, 3 * 365)]
	assert by_age == sorted(by_age, reverse=True)
	assert by_age[2] < 1.08


def test_a_season_comes_back() -> None:
	"""Raised each spring and kept else: next spring it is raised again, in winter it is not."""
	first = np.datetime64("2023-01-02")
	decisions = []
	for week in range(2 * 52):
		day = first + np.timedelta64(7 * week, "D")
		factor = 1.3 if season_of(day) == 3 else 1.0
		decisions += [(item, int((day - START).astype(int)), factor) for item in LAWN]
		decisions += [(item, int((day - START).astype(int)), 1.0) for item in PAINT]
	winter, spring = (np.datetime64(day) for day in ("2025-01-20", "2025-03-10"))
	found = [
		fit(rows_of(decisions), int((day - START).astype(int))).factor(ITEMS, day) for day in (winter, spring)
	]
	assert found[0].tolist() == pytest.approx([1.0] * len(KEYS), abs=0.03)
	assert all(1.1 < value <= 1.3 for value in found[1][:EACH])
	assert found[1][EACH:].tolist() == pytest.approx([1.0] * (len(KEYS) - EACH), abs=0.02)


def test_who_adds_to_whatever_is_proposed_is_not_followed() -> None:
	"""Following would only drive the orders up and up."""
	_rows, weeks = live(lambda item, week, proposed: proposed * 1.33, 26)
	assert max(max(week) for week in weeks) < 2
	assert max(weeks[-1]) == 1.0


def test_who_adds_a_little_more_or_less_each_time_is_not_followed_either() -> None:
	rng = np.random.default_rng(0)
	_rows, weeks = live(lambda item, week, proposed: proposed * 1.33 * rng.normal(1, 0.03), 26)
	assert max(max(week) for week in weeks) < 2
	assert max(weeks[-1]) < 1.05
