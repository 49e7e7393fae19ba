"""Demand that a buyer announced: set aside until it comes, if the buyer's announcements come true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from core_samples import forecast_rule, mixed_items, plain_statistics, residual_policy, state_of

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.edits.announced import KEPT_DAYS, announces, set_aside, waited
from rl_replenishment.core.edits.value import edit_values
from rl_replenishment.core.files.feedback import FeedbackRows
from rl_replenishment.core.items import FloatArray, ItemKey, ItemTable
from rl_replenishment.core.policies.base import State

START = np.datetime64("2025-01-06")
LEAD_TIME, PLACED = 5, 100
DUE = PLACED + LEAD_TIME
KEYS = (ItemKey("A"), ItemKey("B"))
ITEMS = ItemTable.create(KEYS, lead_time_days=LEAD_TIME, unit_cost=10, holding_cost=0.1, stockout_cost=4)


def raised(
	extra: Sequence[float],
	*,
	day: int | Sequence[int] = PLACED,
	reason: str = "Promotion",
	buyers: Sequence[str] = (),
	on_hand: float = 0.0,
) -> FeedbackRows:
	rows = len(extra)
	return FeedbackRows(
		KEYS[:1] * rows,
		proposed_qty=np.full(rows, 20.0),
		ordered_qty=20.0 + np.asarray(extra, float),
		date=START + np.broadcast_to(np.asarray(day), rows).astype("timedelta64[D]"),
		on_hand=np.full(rows, on_hand),
		on_order=np.zeros(rows),
		reason=(reason,) * rows,
		buyer=tuple(buyers),
	)


def demand_until(today: int, promoted: dict[int, float] | None = None) -> DemandHistory:
	"""10 a day of both items, of the first more on some days."""
	demand = np.full((today, 2), 10, np.float32)
	for day, extra in (promoted or {}).items():
		if day < today:
			demand[day, 0] += extra
	return DemandHistory(KEYS, START, demand)


def kept(rows: FeedbackRows, history: DemandHistory) -> list[float]:
	found = set_aside(ITEMS, history, rows, np.zeros(len(rows), np.intp))
	return np.round(found, 4).tolist()


def test_announced_demand_is_waited_for() -> None:
	"""All of it until it is due, what has not come of it after that, nothing when the time is over."""
	rows, promotion = raised([60]), {DUE + 3: 30.0, DUE + 4: 20.0}
	found = [
		kept(rows, demand_until(today, promotion))[0] for today in range(PLACED + 1, DUE + KEPT_DAYS + 2)
	]
	assert found[: LEAD_TIME + 3] == [60] * (LEAD_TIME + 3)
	assert found[LEAD_TIME + 3 : LEAD_TIME + 5] == [30, 10]
	assert found[LEAD_TIME + KEPT_DAYS - 2 :] == [10, 0, 0]
	assert kept(rows, demand_until(PLACED)) == [0, 0], "not before it was ordered"
	assert kept(rows, demand_until(DUE))[1] == 0, "and of no other item"


@pytest.mark.parametrize(
	("extra", "reason", "day"),
	[
		(60, "", PLACED),
		(60, "Distrust", PLACED),
		(-10, "Promotion", PLACED),
		(0, "Project", PLACED),
		(60, "Project", -1),
	],
)
def test_only_orders_for_demand_to_come_count(extra: float, reason: str, day: int) -> None:
	"""Not those for another reason, not those that were cut, not those before the history."""
	rows = raised([extra], reason=reason, day=day)
	assert kept(rows, demand_until(DUE)) == [0, 0]
	assert not waited(ITEMS, demand_until(DUE), rows, np.zeros(1, np.intp)).any()


def test_a_project_is_announced_like_a_promotion() -> None:
	assert announces(raised([60], reason=" project ")).all()
	assert kept(raised([60, 30], reason="Project", day=[PLACED, PLACED + 7]), demand_until(DUE + 3)) == [
		90,
		0,
	]


@pytest.mark.parametrize(("times", "believed"), [(0, 1), (1, 1), (2, 2 / 3), (3, 1 / 4), (4, 0), (10, 0)])
def test_who_cries_wolf_is_not_believed(times: int, believed: float) -> None:
	"""What was announced before and did not come counts against the same buyer's next announcement alone."""
	before = list(range(1000 - 92 * times, 1000, 92))
	days, history = [*before, 1000, 1000], demand_until(1005)
	rows = raised([60] * (times + 1) + [40], day=days, buyers=["wolf"] * (times + 1) + ["new"])
	assert kept(rows.take(np.arange(times + 1)), history)[0] == pytest.approx(60 * believed, abs=1e-3)
	assert kept(rows, history)[0] == pytest.approx(60 * believed + 40, abs=1e-3)
	came = demand_until(1005, {day + LEAD_TIME + 2: 60.0 for day in before})
	assert kept(rows.take(np.arange(times + 1)), came)[0] == pytest.approx(60, abs=1e-3)


def test_what_fails_now_and_then_is_forgiven() -> None:
	"""Who is right about half of the time is believed; what varies by chance proves nothing."""
	before = list(range(80, 1000, 92))
	rows = raised([60] * 11, day=[*before, 1000], buyers=["honest"] * 11)
	half = demand_until(1005, {day + LEAD_TIME + 2: 60.0 for day in before[::2]})
	assert kept(rows, half)[0] == pytest.approx(60, abs=6)
	seldom = demand_until(1005, {before[0] + LEAD_TIME + 2: 60.0})
	assert kept(rows, seldom)[0] == 0


def test_week_after_week_in_vain() -> None:
	"""Nobody has to wait until the first time is over to see that nothing comes."""
	weeks = range(60, 130, 7)
	many = [day for day in weeks for _ in range(8)]
	rows = raised([10] * len(many), day=many, buyers=["wolf"] * len(many))
	index = np.tile([0, 1], len(many) // 2)

	def believed(day: int) -> float:
		own = np.flatnonzero(np.array(many) < day)
		found = set_aside(ITEMS, demand_until(day), rows.take(own), index[own])
		is_open = np.array(many)[own] + LEAD_TIME + KEPT_DAYS > day
		return float(found.sum() / (10 * is_open.sum()))

	found = [believed(day) for day in range(61, 131, 7)]
	assert found[0] == 1, "nothing was due yet"
	assert found == sorted(found, reverse=True)
	assert believed(60 + LEAD_TIME + KEPT_DAYS - 1) < 0.6, "before the first time is over"
	assert found[-1] < 0.2


def test_one_promotion_proves_one_announcement() -> None:
	"""What came is used up by the earliest that waits for it, and says nothing for the others."""
	days = [PLACED, PLACED + 7, PLACED + 14]
	promotion = {DUE + 15: 60.0}
	assert kept(raised([60] * 3, day=days), demand_until(DUE + 16, promotion))[0] == pytest.approx(120)
	both = kept(raised([20, 30], day=days[:2]), demand_until(DUE + 16, promotion))
	assert both[0] == 0, "enough came for both"
	before = list(range(12, 132, 3))
	rows = raised([60] * 41, day=[*before, 150])
	once = kept(rows, demand_until(155, {before[10] + LEAD_TIME: 60.0}))[0]
	assert once < 60 / 3


def test_answers_given_in_the_meantime() -> None:
	"""Their state tells a position that they were not proposed for."""
	days = [PLACED - 7, PLACED, PLACED + 7, DUE + KEPT_DAYS - 1, DUE + KEPT_DAYS]
	rows = raised([0, 60, 0, 0, 0], day=days)
	found = waited(ITEMS, demand_until(160), rows, np.zeros(5, np.intp))
	assert found.tolist() == [False, False, True, True, False]
	other = waited(ITEMS, demand_until(160), rows, np.array([0, 0, 1, 1, 1]))
	assert not other.any()


def value_of(reason: str, promotion: dict[int, float]) -> float:
	rows = raised([60], reason=reason, on_hand=100)
	(value,) = edit_values(ITEMS, demand_until(160, promotion), rows, np.zeros(1, np.intp), 7)
	return float(value)


def test_value_of_an_announcement() -> None:
	"""Judged when its time is over: what came saved sales, what did not come was held in vain."""
	late = dict.fromkeys(range(DUE + 10, DUE + 13), 20.0)
	assert value_of("Promotion", late) > 60
	assert value_of("", late) < 0, "another change is judged when the next order could have arrived"
	assert value_of("Promotion", {}) < 0
	rows = raised([60], on_hand=50)
	early = edit_values(ITEMS, demand_until(DUE + 7 + KEPT_DAYS - 1), rows, np.zeros(1, np.intp), 7)
	assert np.isnan(early).all()


def state_with(aside: FloatArray | None) -> State:
	table = mixed_items()
	n = len(table)
	arrivals = np.full((3, n), 10.0)
	state = state_of(table, on_hand=np.full(n, 40.0), arrivals=arrivals, demand=plain_statistics(n))
	return replace(state, set_aside=aside)


def test_what_is_set_aside_is_not_there() -> None:
	"""A policy orders as if the goods were not on the shelf."""
	aside = np.array([0, 10, 20, 40, 5], np.float32)
	policy = residual_policy(forecast_rule(safety_factor=1.5), np.random.default_rng(0))
	state = state_with(aside)
	less = state_with(None)
	less = replace(less, on_hand=less.on_hand - aside)
	assert policy.order_quantities(state).tolist() == policy.order_quantities(less).tolist()
	# with a lead time of 0 and a daily review, only what arrives today is there in time
	assert state.inventory_position.tolist() == ([50, 70, 70, 70, 70] - aside).tolist()
	situation = policy.situation(state).take(np.array([3, 1]))
	assert situation.state.inventory_position.tolist() == [30, 60]
