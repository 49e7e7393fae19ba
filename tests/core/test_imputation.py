"""Days that no shelf could show: filled like the item's own weeks, or like those of its group."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from core_samples import MONDAY, codes
from hypothesis import given, settings
from hypothesis import strategies as st

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.demand.imputation import LONGEST_OUTAGE_DAYS, Imputed, Unseen, impute
from rl_replenishment.core.items import FloatArray, ItemKey, ItemTable
from rl_replenishment.core.sample.company import sample_company


def imputed(
	demand: FloatArray,
	*,
	out: np.ndarray | None = None,
	sold_out: np.ndarray | None = None,
	introduced: Sequence[int] = (),
	groups: Sequence[str] = (),
	prices: float | Sequence[float] = 1.0,
	held: int = 0,
) -> Imputed:
	days, items = demand.shape
	nothing = np.zeros((days, items), bool)
	keys = tuple(ItemKey(code) for code in codes(items))
	unseen = Unseen(
		nothing if out is None else out,
		nothing if sold_out is None else sold_out,
		np.array(introduced or [0] * items),
	)
	table = ItemTable.create(keys, (), groups, unit_cost=prices)
	return impute(DemandHistory(keys, MONDAY, demand.astype(np.float32)), table, unseen, held)


def weekly(days: int) -> FloatArray:
	"""1 on Mondays to 7 on Sundays, in the second week 11 to 17, and so on."""
	day = np.arange(days)
	return (day // 7 * 10 + day % 7 + 1).astype(np.float32)[:, None]


def test_days_out_of_stock_are_like_the_weeks_before() -> None:
	"""The first week of an outage like the last one before it, the second like the one before that."""
	true = weekly(70)
	out = np.zeros(true.shape, bool)
	out[35:49] = True
	found = imputed(np.where(out, 0, true), out=out).history.demand[:, 0]
	assert found[35:42].tolist() == true[28:35, 0].tolist()
	assert found[42:49].tolist() == true[21:28, 0].tolist()
	seen = ~out[:, 0]
	assert found[seen].tolist() == true[seen, 0].tolist()


def test_without_earlier_weeks_later_ones_stand_in() -> None:
	true = weekly(35)
	out = np.zeros(true.shape, bool)
	out[:14] = True
	found = imputed(np.where(out, 0, true), out=out).history.demand[:, 0]
	assert found[:14].tolist() == [*true[28:35, 0], *true[21:28, 0]]


def test_an_item_that_nobody_bought_again_was_given_up() -> None:
	demand = np.full((400, 1), 2.0)
	out = np.zeros(demand.shape, bool)
	out[200:] = True
	found = imputed(np.where(out, 0, demand), out=out).history.demand[:, 0]
	assert found[: 200 + LONGEST_OUTAGE_DAYS].tolist() == [2] * (200 + LONGEST_OUTAGE_DAYS)
	assert not found[200 + LONGEST_OUTAGE_DAYS :].any()


def test_who_sells_without_stock_hides_nothing() -> None:
	"""Days without demand are such days where the stock is below 0 and sales go on."""
	demand = np.tile([3.0, 0, 0, 0, 0, 0, 0], 20)[:, None]
	out = np.ones(demand.shape, bool)
	assert imputed(demand, out=out).history.demand.tolist() == demand.tolist()


def test_a_day_that_sold_out() -> None:
	"""What was sold is the least that was asked for."""
	demand = np.full((28, 1), 5.0)
	demand[20], demand[21] = 2, 9
	sold_out = np.zeros(demand.shape, bool)
	sold_out[20:22] = True
	found = imputed(demand, sold_out=sold_out).history.demand[:, 0]
	assert found[[20, 21]].tolist() == [5, 9]
	assert found.sum() == 26 * 5 + 5 + 9


def test_a_new_item_was_not_slow_before() -> None:
	"""Idle for long and then selling every other day: new. One that sells once a month is merely slow."""
	demand = np.zeros((364, 2))
	demand[300::2, 0] = 4
	demand[::30, 1] = 4
	demand[:60, 1] = 0
	found = imputed(demand)
	assert found.is_new.tolist() == [True, False]
	assert found.history.demand[:, 0].mean() == pytest.approx(2, abs=0.1)
	assert found.history.demand[:, 1].tolist() == demand[:, 1].tolist()


def test_the_group_of_an_item_without_history() -> None:
	"""The member of median demand among those nearest in price; none without a group, or for dead stock."""
	rng = np.random.default_rng(0)
	levels = [2, 3, 4, 50, 60, 70, 0, 0, 0, 0]
	demand = rng.poisson(levels, (182, 10))
	found = imputed(
		demand,
		groups=["a"] * 8 + ["", "alone"],
		prices=[10, 11, 12, 1, 1.1, 1.2, 10, 10, 10, 10],
		introduced=[0] * 6 + [182, 0, 182, 182],
	)
	assert found.history.demand[:, 6].tolist() == demand[:, 2].tolist()
	assert found.borrowed.tolist() == [0, 0, 0, 0, 0, 0, 1, 0, 0, 0]
	assert not found.history.demand[:, 7:].any()


def test_own_days_count_for_more_the_more_there_are() -> None:
	"""Of an item of 20 a day in a group of 2 to 6 in lumps: the fewer days, the nearer to its group."""
	rng = np.random.default_rng(1)
	means = []
	for known in (7, 28, 63):
		lumps = rng.random((182, 6)) < [0.1, 0.1, 0.1, 0.1, 0.1, 1]
		demand = rng.poisson([20, 30, 40, 50, 60, 20], (182, 6)).astype(np.float32) * lumps
		demand[:-known, 5] = 0
		found = imputed(demand, groups=["a"] * 6)
		means.append(float(found.history.demand[:-known, 5].mean()))
	assert 2 < means[0] < means[1] < means[2] < 21


def test_nothing_is_learned_from_the_days_held_for_a_test() -> None:
	"""The days before them come out the same whatever is in them."""
	rng = np.random.default_rng(2)
	demand = rng.poisson([3, 4, 5], (300, 3)).astype(np.float32)
	demand[:170, 1] = 0
	demand[:230, 2] = 0
	out = rng.random(demand.shape) < 0.1
	demand[out] = 0
	other = demand.copy()
	other[200:] = rng.poisson(50, (100, 3)) * ~out[200:]
	first, second = (
		imputed(each, out=out, groups=["a"] * 3, held=100).history.demand for each in (demand, other)
	)
	assert first[:200].tolist() == second[:200].tolist()
	assert not first[200:230, 2].any(), "nor is a time filled in them before an item was sold"
	assert (first[200:, 0] > 0).mean() > 0.9


@settings(max_examples=50)
@given(st.integers(0, 1000), st.integers(0, 60), st.integers(3, 120))
def test_only_gaps_change(seed: int, held: int, days: int) -> None:
	"""Days that show demand stay, and filled ones hold what was asked for on some day."""
	rng = np.random.default_rng(seed)
	demand = (rng.poisson(3, (days, 4)) * (rng.random((days, 4)) < 0.5)).astype(np.float32)
	out = (rng.random((days, 4)) < 0.2) & (demand == 0)
	found = imputed(demand, out=out, held=min(held, days - 1)).history.demand
	started = (demand > 0).cumsum(axis=0) > 0
	kept = started & ~out
	assert found[kept].tolist() == demand[kept].tolist()
	for item in range(4):
		assert set(found[:, item]) <= set(demand[:, item]) | {0}


def test_level_of_items_that_were_often_out_of_stock() -> None:
	"""On the sample company: a tenth to a fifth of the days out of stock take that share of the level."""
	history = sample_company(np.random.default_rng(3)).history
	sells = np.flatnonzero((history.demand[-364:] > 0).mean(axis=0) > 0.2)
	true = history.demand[:, sells]
	rng = np.random.default_rng(4)
	out = np.zeros(true.shape, bool)
	for item in range(len(sells)):
		for first in rng.choice(len(true) - 14, 9, replace=False):
			out[first : first + 12, item] = True
	assert 0.1 < out.mean() < 0.2
	booked = np.where(out, 0, true)
	level = true[-364:].mean(axis=0)
	before = np.abs(booked[-364:].mean(axis=0) / level - 1)
	after = np.abs(imputed(booked, out=out).history.demand[-364:].mean(axis=0) / level - 1)
	assert np.median(before) > 0.1
	assert np.median(after) < 0.05
