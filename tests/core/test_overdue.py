"""Open orders that never come are not counted on for ever."""

from __future__ import annotations

import numpy as np
import pytest

from rl_replenishment.core.overdue import LEAST_PATIENCE_DAYS, long_overdue, overdue_by_item, patience_days


@pytest.mark.parametrize(
	("lead_time", "deviation", "patience"),
	[
		(0, 0, LEAST_PATIENCE_DAYS),
		(10, 0, LEAST_PATIENCE_DAYS),
		# a supplier whose deliveries spread by ten days may be a month late
		(10, 10, 30),
		# who takes a quarter may take half of one more
		(90, 0, 45),
		(90, 30, 90),
	],
)
def test_patience_is_measured_by_the_suppliers_usual_delay(
	lead_time: float, deviation: float, patience: float
) -> None:
	found = patience_days(np.array([lead_time], np.float32), np.array([deviation], np.float32))
	assert found.tolist() == [patience]


def test_what_is_later_is_not_counted_on() -> None:
	index, ahead = np.array([0, 0, 1, 1]), np.array([-14, -15, -40, 3])
	late = long_overdue(index, ahead, np.array([14, 30], np.float32))
	assert late.tolist() == [False, True, True, False]


def test_the_latest_due_says_by_how_much() -> None:
	total, days = overdue_by_item(
		3, np.array([0, 0, 2]), np.array([-60, -20, -40]), np.array([5.0, 7.0, 9.0])
	)
	assert (total.tolist(), days.tolist()) == ([12, 0, 9], [20, 0, 40])
