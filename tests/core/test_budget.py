"""A budget goes where it avoids most cost per money: in packs, for certain, and fast."""

import time

import numpy as np
import pytest
from core_samples import codes, forecast_rule, plain_statistics, state_of

from rl_replenishment.core.budget import Demand, spend, within_budget
from rl_replenishment.core.items import ItemTable
from rl_replenishment.core.proposal import propose
from rl_replenishment.core.training.classical import uncorrected


def demand_of(position: list[float], middle: list[float], spread: float = 5.0) -> Demand:
	there, expected = np.array(position, np.float32), np.array(middle, np.float32)
	return Demand(there, expected - spread, expected, expected + spread, expected / 10)


def test_what_the_budget_covers_is_left_alone() -> None:
	items = ItemTable.create(codes(2))
	asked = np.array([10, 20], np.float32)
	found = spend(items, demand_of([0, 0], [10, 10]), asked, np.array([2.0, 3.0]), 80.0)
	assert found.quantity.tolist() == [10, 20]
	assert (found.value, found.missing) == (80.0, 0.0)


def test_the_empty_shelf_goes_first() -> None:
	"""Of two alike, the one whose demand is not covered; what is left goes to the other."""
	items = ItemTable.create(codes(2))
	asked = np.array([50, 50], np.float32)
	found = spend(items, demand_of([100, 0], [60, 60]), asked, np.ones(2), 60.0)
	assert found.quantity.tolist() == [10, 50]
	assert found.missing == pytest.approx(40)


def test_per_money_not_per_unit() -> None:
	"""A unit that is missed costs the same of both, and one is ten times as dear."""
	items = ItemTable.create(codes(2), stockout_cost=4.0)
	asked = np.array([50, 50], np.float32)
	found = spend(items, demand_of([0, 0], [60, 60]), asked, np.array([10.0, 1.0]), 100.0)
	assert found.quantity.tolist() == [5, 50]


def test_lines_are_filled_in_part_before_any_is_filled_beyond_need() -> None:
	"""The first units of each are worth more than the last ones of one."""
	items = ItemTable.create(codes(2))
	asked = np.array([100, 100], np.float32)
	found = spend(items, demand_of([0, 0], [40, 40]), asked, np.ones(2), 80.0)
	assert found.quantity.sum() == 80
	assert abs(found.quantity[0] - found.quantity[1]) <= 13


def test_whole_packs_and_smallest_lots() -> None:
	items = ItemTable.create(codes(3), order_multiple=[12, 1, 1], min_order_qty=[0, 30, 0])
	asked = np.array([48, 30, 10], np.float32)
	for budget in (5.0, 20.0, 33.0, 47.0, 61.5, 87.0):
		found = spend(items, demand_of([0, 0, 0], [50, 25, 10]), asked, np.ones(3), budget)
		assert found.quantity[0] % 12 == 0
		assert found.quantity[1] in (0, 30)
		assert found.value <= budget
		assert found.value + found.missing == pytest.approx(88)
		# nothing that fits is left: the cheapest pack is one unit of the third
		assert budget - found.value < 1 or found.quantity[2] == 10


def test_owed_before_all_else_and_what_has_no_price_whole() -> None:
	items = ItemTable.create(codes(3))
	asked = np.array([20, 20, 20], np.float32)
	found = spend(items, demand_of([0, -20, 0], [30, 1, 30], 1.0), asked, np.array([1.0, 1.0, 0.0]), 20.0)
	assert found.quantity.tolist() == [0, 20, 20]


def test_more_money_never_buys_less_for_the_company() -> None:
	rng = np.random.default_rng(0)
	n = 40
	items = ItemTable.create(codes(n), unit_cost=rng.uniform(1, 50, n), order_multiple=rng.integers(1, 9, n))
	middle = rng.uniform(1, 60, n).astype(np.float32)
	there = (middle * rng.uniform(-0.2, 1.2, n)).astype(np.float32)
	known = Demand(there, middle * 0.6, middle, middle * 1.5, middle / 10)
	packs = np.ceil(np.maximum(middle * 1.5 - there, 0) / items.order_multiple)
	asked = (packs * items.order_multiple).astype(np.float32)
	whole = float((asked.astype(float) * items.unit_cost).sum())
	spends = [
		spend(items, known, asked, items.unit_cost, share * whole).value for share in np.linspace(0, 1, 9)
	]
	assert (np.diff(spends) >= 0).all()
	assert spends[0] == 0
	assert spends[-1] == pytest.approx(whole)
	again = spend(items, known, asked, items.unit_cost, whole / 2)
	assert again.value > 0.45 * whole
	assert (again.quantity == spend(items, known, asked, items.unit_cost, whole / 2).quantity).all()


def test_ten_thousand_lines_in_a_second() -> None:
	n = 10_000
	rng = np.random.default_rng(0)
	items = ItemTable.create(codes(n))
	middle = rng.uniform(1, 60, n).astype(np.float32)
	known = Demand(np.zeros(n, np.float32), middle / 2, middle, middle * 2, middle / 10)
	asked = np.ceil(middle * 2)
	started = time.perf_counter()
	spend(items, known, asked, rng.uniform(1, 9, n), float(asked.sum()))
	assert time.perf_counter() - started < 2


def test_the_reason_says_what_was_left_out_and_what_is_missing() -> None:
	items = ItemTable.create(codes(2), lead_time_days=3, unit_cost=2.0)
	policy = uncorrected(forecast_rule(items=items))
	state = state_of(items, on_hand=[0, 20], demand=plain_statistics(2, 4.0), review_days=7)
	asked = propose(policy, state)
	assert [each.proposed_qty for each in asked] == [40, 20]
	found, spent = within_budget(asked, state, items.unit_cost, 30.0)
	assert [each.proposed_qty for each in found] == [15, 0]
	assert "Cut to 15 by the budget: 25 more are wanted, worth 50." in found[0].reason
	assert "20 of it are wanted, worth 40, more than is left of the budget" in found[1].held_back
	assert (spent.value, spent.missing) == (30.0, 90.0)
