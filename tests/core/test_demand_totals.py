"""Totals of weeks and months as demand by day."""

from __future__ import annotations

import numpy as np
import pytest

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.demand.rhythm import DAILY, MONTHLY, QUARTERLY, WEEKLY, Rhythm
from rl_replenishment.core.demand.totals import over_their_days
from rl_replenishment.core.items import FloatArray, ItemKey

START = np.datetime64("2023-01-01")


def history_of(rhythm: Rhythm, totals: list[list[float]], *, cut: int = 0) -> DemandHistory:
	"""One total per period and item, each on its first day; the last `cut` days are still to come."""
	if rhythm == MONTHLY:
		months = START.astype("datetime64[M]") + np.arange(len(totals) + 1).astype("timedelta64[M]")
		first = (months.astype("datetime64[D]") - START).astype(int)
	else:
		first = np.arange(len(totals) + 1) * 7
	demand = np.zeros((first[-1] - cut, len(totals[0])), np.float32)
	demand[first[:-1]] = totals
	return DemandHistory(tuple(ItemKey(f"I{at}") for at in range(len(totals[0]))), START, demand, rhythm)


def by_month(history: DemandHistory) -> FloatArray:
	months = (history.start + np.arange(history.days).astype("timedelta64[D]")).astype("datetime64[M]")
	return np.stack([history.demand[months == month].sum(axis=0) for month in np.unique(months)])


def test_a_steady_total_comes_day_by_day() -> None:
	before = history_of(MONTHLY, [[300.0, 7.0]] * 24)
	after = over_their_days(before, 7)
	assert (after.days, after.start, after.rhythm) == (before.days, before.start, MONTHLY)
	assert set(np.unique(after.demand[:, 0]).tolist()) <= {9.0, 10.0, 11.0}
	assert set(np.unique(after.demand[:, 1]).tolist()) == {0.0, 1.0}
	np.testing.assert_array_equal(by_month(after), by_month(before))


def test_what_changes_from_month_to_month_comes_in_few_orders() -> None:
	"""An item that sells 60 now and then has not sold 2 on each of 30 days."""
	random = np.random.default_rng(0)
	lumpy, noisy = 60.0 * (random.random(48) < 0.2), random.poisson(8, 48) * 10.0
	before = history_of(MONTHLY, np.column_stack([lumpy, noisy]).tolist())
	after = over_their_days(before, 7)
	np.testing.assert_array_equal(by_month(after), by_month(before))
	assert set(np.unique(after.demand[:, 0]).tolist()) == {0.0, 60.0}
	active = (after.demand[:, 1] > 0).sum() / 48
	# eight orders of 10, but for chance
	assert 5 < active < 12


def test_parts_of_units_stay_parts() -> None:
	before = history_of(MONTHLY, [[3.25]] * 12)
	after = over_their_days(before, 7)
	np.testing.assert_allclose(by_month(after), by_month(before), rtol=1e-5)
	assert (after.demand > 0).all()


@pytest.mark.parametrize(
	("rhythm", "review_days", "is_spread"),
	[(DAILY, 7, False), (WEEKLY, 7, False), (WEEKLY, 14, False), (WEEKLY, 1, True), (WEEKLY, 10, True)]
	+ [(MONTHLY, days, True) for days in (1, 7, 28, 30)],
)
def test_totals_that_reviews_keep_step_with_stay(rhythm: Rhythm, review_days: int, is_spread: bool) -> None:
	before = history_of(rhythm, [[70.0]] * 20)
	after = over_their_days(before, review_days)
	assert (after is not before) == is_spread
	assert after.demand.sum() == before.demand.sum()
	assert not is_spread or (after.demand > 0).all()


def test_weeks_in_which_something_arrives_are_spread() -> None:
	"""An order that takes ten days arrives within a week, one that takes two weeks does not."""
	before = history_of(WEEKLY, [[70.0, 70.0]] * 20)
	after = over_their_days(before, 7, np.array([10, 14], np.float32))
	assert set(after.demand[:, 0].tolist()) == {10.0}
	np.testing.assert_array_equal(after.demand[:, 1], before.demand[:, 1])


def test_quarters_are_spread() -> None:
	days = np.arange("2023-01-01", "2025-01-01", dtype="datetime64[D]")
	quarters = (days.astype("datetime64[M]").astype(int) % 3 == 0) & (
		days == days.astype("datetime64[M]").astype(days.dtype)
	)
	before = DemandHistory((ItemKey("I0"),), days[0], np.float32(910 * quarters)[:, None], QUARTERLY)
	after = over_their_days(before, 7)
	assert after.demand.sum() == 8 * 910
	assert after.demand.min() >= 9
	assert after.demand.max() <= 11


def test_what_lies_behind_the_end_is_not_in_it() -> None:
	before = history_of(WEEKLY, [[70.0]] * 20, cut=6)
	assert over_their_days(before, 1).demand[-1] == 10
	# where the history ends on a given day, the last total is that of the days until then
	assert over_their_days(before, 1, is_cut=True).demand[-1] == 70
	assert over_their_days(before, 1, is_cut=True).demand[-8] == 10
