"""What was really ordered, in the books of the same replay."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from core_samples import MONDAY, codes, forecast_rule, mixed_history, mixed_items, scenario_of

from rl_replenishment.core.evaluation.as_ordered import (
	AsOrdered,
	Purchases,
	balance,
	least_opening_stock,
	starting_from_books,
	touches,
)
from rl_replenishment.core.evaluation.backtest import backtest
from rl_replenishment.core.items import ItemTable
from rl_replenishment.core.policies.order_up_to import base_stock
from rl_replenishment.core.simulation.rollout import run
from rl_replenishment.core.simulation.scenario import Scenario, replay

PRICES = {"holding_cost": 1.0, "stockout_cost": 10.0, "order_cost": 5.0}


def purchases(*rows: tuple[int, int, int, float]) -> Purchases:
	"""Item, days from the first simulated one to the order and to the arrival, quantity."""
	item, ordered, arrives, quantity = zip(*rows, strict=True)
	return Purchases(
		np.array(item), MONDAY + np.array(ordered), MONDAY + np.array(arrives), np.array(quantity, float)
	)


def days(demand: npt.ArrayLike, **changed: object) -> Scenario:
	"""Two items in packs of 10 and with weekly reviews, which do not bind what was ordered."""
	items = ItemTable.create(codes(2), lead_time_days=7, order_multiple=10, **PRICES)
	return scenario_of(items, demand, review_days=7, **changed)  # type: ignore[arg-type]


def test_by_hand() -> None:
	"""Two days of 3 a day: an open order of 2 comes on the first, 7 on the second, ordered on the first."""
	scenario = days([[3, 0], [3, 0], [3, 0], [3, 0]])
	bought = purchases((0, -5, 0, 2), (0, 0, 1, 7), (0, 3, 9, 4))
	started = starting_from_books(scenario, bought, np.array([0, 1], np.float32))
	ledger = AsOrdered(bought).books(started, keep_paths=True)
	assert ledger.policy == "as ordered"
	# day by day on hand: 0 (1 missing), 4, 1, 0 (2 missing)
	assert ledger.holding_cost.tolist() == [5, 4]
	assert ledger.stockout_cost.tolist() == [30, 0]
	# the open order was placed before, the last one arrives afterwards
	assert ledger.orders.tolist() == [2, 0]
	assert ledger.order_cost.tolist() == [10, 0]
	assert ledger.ordered.tolist() == [11, 0]
	assert ledger.paths is not None
	assert ledger.paths.ordered[:, 0].tolist() == [7, 0, 0, 4]
	assert ledger.paths.on_hand[:, 0].tolist() == [0, 4, 1, 0]


def test_parts_of_one_order_cost_once() -> None:
	bought = purchases((0, 0, 1, 3), (0, 0, 2, 4), (0, 1, 3, 1), (1, 0, 1, 0))
	ledger = AsOrdered(bought).books(days(np.ones((6, 2))))
	assert ledger.orders.tolist() == [2, 0]
	assert ledger.ordered.tolist() == [8, 0]


def test_every_policy_starts_from_the_books() -> None:
	"""What was on its way counts for it as well, and it does not order that again."""
	scenario = days(np.full((14, 2), 2))
	bought = purchases((0, -3, 2, 40), (1, 1, 3, 40))
	started = starting_from_books(scenario, bought, np.array([6, 6], np.float32))
	assert started.initial_on_hand.tolist() == [6, 6]
	ledger = run(base_stock(46), started, keep_paths=True)
	assert ledger.paths is not None
	assert ledger.paths.ordered[0].tolist() == [0, 40]
	assert ledger.paths.on_hand[2].tolist() == [40, 0]


def test_unknown_stock_is_the_least_that_explains_what_was_sold() -> None:
	scenario = days([[3, 1], [3, 1], [3, 1]])
	bought = purchases((0, -1, 1, 4), (1, -9, 0, 50))
	assert least_opening_stock(scenario, bought).tolist() == [5, 0]
	started = starting_from_books(scenario, bought)
	assert AsOrdered(bought).books(started).fill_rate == 1
	one_less = starting_from_books(scenario, bought, np.array([4, np.nan], np.float32))
	assert one_less.initial_on_hand.tolist() == [4, 0]
	assert AsOrdered(bought).books(one_less).stockout_days.tolist() == [1, 0]


@pytest.mark.parametrize(("unmet", "start"), [("lost", 0), ("backorder", -3)])
def test_stock_below_nothing(unmet: str, start: float) -> None:
	"""Customers wait for it, or what was never booked in is not there."""
	started = starting_from_books(
		days(np.ones((3, 2)), unmet_demand=unmet), purchases((0, 0, 1, 1)), np.array([-3, 0], np.float32)
	)
	assert started.initial_on_hand[0] == start


def test_books_that_do_not_balance() -> None:
	scenario = days(np.full((10, 2), 5))
	bought = purchases((0, 0, 1, 150), (1, 0, 1, 20))
	found = balance(starting_from_books(scenario, bought, np.array([5, 20], np.float32)), bought)
	assert found.sold.tolist() == [50, 50]
	assert found.received.tolist() == [150, 20]
	assert found.unexplained.tolist() == [0, 10]
	assert found.is_odd(scenario.items).tolist() == [True, True]
	even = purchases((0, 0, 1, 60), (1, 0, 1, 40))
	assert not balance(starting_from_books(scenario, even), even).is_odd(scenario.items).any()


def test_a_pack_is_no_matter_of_books() -> None:
	scenario = days([[1, 1], [0, 0]])
	bought = purchases((0, 0, 1, 10), (1, 0, 1, 30))
	assert balance(scenario, bought).is_odd(scenario.items).tolist() == [False, True]


def test_other_days_do_not_matter() -> None:
	scenario = days(np.ones((5, 2)))
	assert not touches(scenario, purchases((0, -9, -2, 5), (0, 5, 9, 5)))
	assert touches(scenario, purchases((0, 4, 9, 5)))
	assert touches(scenario, purchases((0, -9, 0, 5)))


def test_in_a_backtest() -> None:
	"""The same whatever the lead times that others draw."""
	scenario = days(np.full((28, 2), 4))
	items = replace(scenario.items, lead_time_std_days=np.full(2, 3, np.float32))
	bought = purchases((0, 0, 2, 60), (0, 8, 12, 60), (1, 3, 6, 100))
	started = starting_from_books(replace(scenario, items=items), bought)
	compared = backtest(
		[base_stock(50)],
		[base_stock(90)],
		started,
		np.random.default_rng(0),
		replayed=[AsOrdered(bought)],
		keep_paths=True,
	)
	assert compared.lead_time_draws > 1
	row = compared.as_ordered
	assert row is compared.rows[-1]
	assert row.kind == "as ordered"
	np.testing.assert_allclose(row.ledger.cost, AsOrdered(bought).books(started).cost)
	assert backtest([], [base_stock(9)], scenario, np.random.default_rng(0)).as_ordered is None


def test_arrays_of_one_length() -> None:
	with pytest.raises(ValueError, match="differ in shape"):
		Purchases(np.zeros(2, int), np.array([MONDAY]), np.array([MONDAY]), np.ones(1))


def test_a_policys_own_orders_cost_what_it_cost() -> None:
	"""Written down and replayed as recorded orders; shelf lives, packs and random lead times included."""
	scenario = replay(mixed_items(), mixed_history(200), days=80, review_days=7, rng=np.random.default_rng(1))
	ledger = run(forecast_rule(safety_factor=1.0, gap=0.5), scenario, keep_paths=True)
	assert ledger.paths is not None
	day, item = np.nonzero(ledger.paths.ordered)
	ordered_on = scenario.date(0) + day
	bought = Purchases(
		item, ordered_on, ordered_on + scenario.lead_times[day, item], ledger.paths.ordered[day, item]
	)
	again = AsOrdered(bought).books(scenario, keep_paths=True)
	assert again.paths is not None
	for name in ("holding_cost", "stockout_cost", "order_cost", "waste_cost", "orders", "ordered", "sales"):
		np.testing.assert_allclose(getattr(again, name), getattr(ledger, name), rtol=1e-5, err_msg=name)
	np.testing.assert_array_equal(again.paths.ordered, ledger.paths.ordered)
