"""Lead times from deliveries: what an order took, and what only came when it was called off."""

from __future__ import annotations

import csv
from collections import defaultdict
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from rl_replenishment.core.lead_times import LONGEST_LEAD_TIME, order_lead_times

DELIVERIES = Path(__file__).parents[3] / "shared" / "data" / "real" / "receipts.csv"


def lead_times(*receipts: tuple[int, int, int, int, float]):
	"""Of one pair's receipts as (order, day ordered, day promised, day received, quantity)."""
	columns = np.array(receipts, dtype=np.float64).T
	order, ordered, promised, received = columns[:4].astype(np.int64)
	return order_lead_times(np.zeros_like(order), order, ordered, promised, received, columns[4])


def test_an_order_that_comes_at_once() -> None:
	found = lead_times((7, 200, 0, 212, 50), (3, 100, 110, 109, 50))
	assert found.days.tolist() == [9, 12]
	assert found.pair.tolist() == [0, 0]
	assert not found.is_call_off.any()


def test_a_yearly_order_called_off_month_by_month_took_until_its_first_part() -> None:
	year = [(1, 1000, 1010, 1010 + 30 * month, 100) for month in range(12)]
	found = lead_times(*year)
	assert found.days.tolist() == [10]
	assert found.is_call_off.tolist() == [True]


def test_a_schedule_of_lines_in_one_order_is_one_order() -> None:
	"""Each line with a promised date of its own, all kept."""
	lines = [(1, 1000, 1014 + 60 * part, 1013 + 60 * part, 500) for part in range(5)]
	assert lead_times(*lines).days.tolist() == [13]


def test_a_back_order_took_until_half_of_it_was_there() -> None:
	short_first = lead_times((1, 1000, 1010, 1008, 10), (1, 1000, 1010, 1030, 90))
	assert short_first.days.tolist() == [30]
	rest_later = lead_times((1, 1000, 1010, 1008, 90), (1, 1000, 1010, 1030, 10))
	assert rest_later.days.tolist() == [8]


def test_what_was_wanted_far_later_tells_its_delay_alone() -> None:
	"""Ordered half a year ahead, and two days late: the usual ten days and two more."""
	usual = [(order, 1000 + 50 * order, 1010 + 50 * order, 1010 + 50 * order, 5) for order in range(1, 6)]
	found = lead_times(*usual, (9, 2000, 2180, 2182, 500))
	assert found.days.tolist() == [10, 10, 10, 10, 10, 12]


def test_a_late_order_is_late_however_long() -> None:
	"""A promise that was broken by months is no order for later."""
	usual = [(order, 1000 + 50 * order, 1010 + 50 * order, 1010 + 50 * order, 5) for order in range(1, 6)]
	assert lead_times(*usual, (9, 2000, 2010, 2120, 500)).days[-1] == 120


def test_wrong_dates_are_kept_in_bounds() -> None:
	found = lead_times((1, 1000, 0, 990, 5), (2, 1000, 0, 4000, 5))
	assert found.days.tolist() == [0, LONGEST_LEAD_TIME]


@pytest.mark.skipif(not DELIVERIES.is_file(), reason="the recorded deliveries are not here")
def test_recorded_deliveries() -> None:
	"""Of real orders, those in parts take until their first part, all others what they took."""
	with DELIVERIES.open(newline="", encoding="utf-8") as file:
		rows = [row for row in csv.DictReader(file) if row["po_sent"]]
	pairs: dict[tuple[str, str], int] = {}
	orders: dict[str, int] = {}
	receipts = np.array(
		[
			(
				pairs.setdefault((row["item_code"], row["supplier"]), len(pairs)),
				orders.setdefault(row["po"], len(orders)),
				*(
					date.fromisoformat(row[name]).toordinal()
					for name in ("po_sent", "scheduled", "delivered")
				),
			)
			for row in rows
		]
	)
	found = order_lead_times(*receipts.T, np.array([float(row["qty"]) for row in rows]))
	parts = defaultdict(list)
	for pair, order, ordered, _promised, received in receipts.tolist():
		parts[pair, order].append((min(max(received - ordered, 0), LONGEST_LEAD_TIME), received))
	called_off = ahead = 0
	for key, pair, days, is_call_off in zip(sorted(parts), *found, strict=True):
		took = parts[key]
		assert key[0] == pair
		assert days <= max(took)[0]
		if is_call_off:
			assert len(set(took)) >= 3
			assert days <= min(took)[0]
		ahead += not is_call_off and days < min(took)[0]
		called_off += is_call_off
	# most are plain orders, which what is said of parts and of later leaves alone
	assert len(parts) > 3000
	assert 0 < called_off < 0.1 * len(parts)
	assert 0 < ahead < 0.1 * len(parts)


def test_pairs_do_not_mix() -> None:
	"""The same order number, and a usual promise of one's own."""
	ten, sixty = ([promise] * 6 for promise in (10, 60))
	receipts = np.array(
		[
			(pair, order, 1000 + 9 * order, 1000 + 9 * order + promise, 1000 + 9 * order + promise)
			for pair, promises in enumerate((ten, sixty))
			for order, promise in enumerate(promises)
		]
	)
	shuffled = np.random.default_rng(1).permutation(receipts)
	found = order_lead_times(*shuffled.T, np.ones(len(shuffled)))
	assert found.days.tolist() == ten + sixty
	assert found.pair.tolist() == [0] * 6 + [1] * 6


def test_nothing_received() -> None:
	nothing = np.zeros(0, np.int64)
	assert len(order_lead_times(nothing, nothing, nothing, nothing, nothing, np.zeros(0)).days) == 0
