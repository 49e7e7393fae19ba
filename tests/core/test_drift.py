"""Weekly figures, the band around a backtest's, and what falls out of it."""

from __future__ import annotations

import numpy as np
import pytest

from rl_replenishment.core.evaluation.drift import Band, Weeks, weekly
from rl_replenishment.core.items import ItemTable

ITEMS = ItemTable.create(["A", "B"], holding_cost=[1, 2], stockout_cost=[10, 20], order_cost=5)


def days(count: int, first: float, second: float) -> np.ndarray:
	return np.tile(np.float32([first, second]), (count, 1))


def test_weeks_are_counted_back_from_the_last_day():
	on_hand = np.vstack([days(3, 99, 99), days(7, 1, 0), days(7, 1, 1)])
	unmet, ordered = np.zeros_like(on_hand), np.zeros_like(on_hand)
	unmet[5, 1], ordered[16, 0] = 0.5, 30
	found = weekly(ITEMS, on_hand, unmet, ordered)
	np.testing.assert_allclose(found.in_stock, [0.5, 1])
	np.testing.assert_allclose(found.cost, [(7 * 1 + 0.5 * 20) / 2, (7 * (1 + 2) + 5) / 2])


def test_no_whole_week():
	found = weekly(ITEMS, *(days(6, 1, 1),) * 3)
	assert len(found.cost) == len(found.in_stock) == 0


def test_the_band_is_two_deviations_wide():
	service, cost = np.array([0.8, 0.9, 1.0, 0.9]), np.array([10.0, 20, 30, 20])
	band = Band.around(Weeks(service, cost))
	assert band is not None
	assert band.least_in_stock == pytest.approx(0.9 - 2 * np.std(service, ddof=1))
	assert band.most_cost == pytest.approx(20 + 2 * np.std(cost, ddof=1))


def test_the_band_has_room_even_where_all_weeks_are_the_same():
	band = Band.around(Weeks(np.ones(4), np.full(4, 50.0)))
	assert band == Band(pytest.approx(0.98), pytest.approx(55))


def test_too_few_weeks_make_no_band():
	assert Band.around(Weeks(np.ones(3), np.ones(3))) is None


@pytest.mark.parametrize(
	("service", "cost", "lost"),
	[
		([1, 1], [9, 9], (False, False)),
		([0.5, 0.8], [9, 9], (True, False)),
		([0.5, 0.95], [9, 9], (False, False)),
		([0.95, 0.5], [9, 9], (False, False)),
		([1, 1], [11, 12], (False, True)),
		([0.1, 0.1], [11, 12], (True, True)),
		([0.1, 1, 1], [11, 9, 9], (False, False)),
		([0.1], [99], (False, False)),
		([], [], (False, False)),
	],
)
def test_drift_is_two_bad_weeks_in_a_row(service, cost, lost):
	weeks = Weeks(np.array(service, float), np.array(cost, float))
	assert Band(0.9, 10).has_lost(weeks) == lost
