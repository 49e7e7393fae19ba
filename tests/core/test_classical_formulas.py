"""The classical rules against stockpyl's textbook numbers and ERPNext's own re-order."""

from typing import Any

import numpy as np
import pytest
from core_samples import codes, forecast_rule, plain_statistics, scenario_of, state_of, steady_cost
from hypothesis import given
from hypothesis import strategies as st
from stockpyl.eoq import economic_order_quantity as textbook_eoq
from stockpyl.newsvendor import newsvendor_normal, newsvendor_poisson_cost
from stockpyl.rq import r_q_cost_poisson
from stockpyl.ss import s_s_cost_discrete, s_s_discrete_exact

from rl_replenishment.core.demand.statistics import demand_statistics
from rl_replenishment.core.items import ItemTable
from rl_replenishment.core.policies.levels import economic_order_quantity
from rl_replenishment.core.policies.order_up_to import (
	FORECASTS,
	FixedLevels,
	OrderUpTo,
	ReorderLevel,
	base_stock,
	demand_rate,
)
from rl_replenishment.core.policies.parameters import ItemParameters


@pytest.mark.parametrize(
	("order_cost", "holding_cost", "rate"), [(8.0, 0.225, 1300 / 365), (20.0, 0.01, 3.0), (1.0, 2.0, 0.1)]
)
def test_economic_order_quantity(order_cost: float, holding_cost: float, rate: float) -> None:
	items = ItemTable.create(["A"], order_cost=order_cost, holding_cost=holding_cost)
	expected, _ = textbook_eoq(order_cost, holding_cost, rate)
	found = economic_order_quantity(state_of(items), np.array([rate], np.float32))
	assert found.tolist() == pytest.approx([expected], rel=1e-5)


def test_economic_order_quantity_at_the_edges() -> None:
	"""Nothing to pay for orders: one at a time. Nothing to pay for stock: a year's demand."""
	items = ItemTable.create(codes(3), order_cost=[0, 5, 5], holding_cost=[1, 0, 1])
	found = economic_order_quantity(state_of(items), np.array([2, 2, 0], np.float32))
	assert np.isfinite(found).all()
	assert found[0] == found[2] == 0
	# a year of 2 a day
	assert found[1] == 730


@pytest.mark.parametrize("lead_time", [0, 4, 9])
def test_base_stock_level_under_normal_demand(lead_time: int) -> None:
	"""With z of the critical ratio, the forecast level is the newsvendor's over lead time and review."""
	holding, penalty, mean, deviation = 0.18, 0.70, 50.0, 8.0
	expected, _ = newsvendor_normal(holding, penalty, mean, deviation, lead_time=lead_time)
	# of the critical ratio, by the formula itself
	standard, _ = newsvendor_normal(holding, penalty, 50.0, 1.0, lead_time=0)
	rng = np.random.default_rng(0)
	sample = rng.normal(0, 1, (364, 1))
	# exactly the mean and deviation that the textbook is told
	sample[-91:] -= sample[-91:].mean()
	weeks = sample.reshape(52, 7).sum(axis=1)
	weeks[:-13] -= weeks[:-13].mean()
	sample = np.repeat(weeks * np.sqrt(7) / weeks.std() / 7, 7)[:, None]
	demand = (mean + deviation * sample).astype(np.float32)
	items = ItemTable.create(["A"], lead_time_days=lead_time, holding_cost=holding, stockout_cost=penalty)
	known = demand_statistics(demand, np.array([lead_time + 1]), [364]).on(0)
	rule = forecast_rule(safety_factor=standard - 50.0).rule
	levels = rule.levels(state_of(items, demand=known))
	assert levels.order_up_to.tolist() == pytest.approx([expected], rel=1e-4)
	assert levels.reorder_point.tolist() == levels.order_up_to.tolist()


def test_safety_stock_for_uncertain_lead_times() -> None:
	"""Variance over the protection interval: H sigma^2 + (m sigma_L)^2."""
	items = ItemTable.create(["A"], lead_time_days=9, lead_time_std_days=3)
	known = plain_statistics(1, level=4.0)
	known.week_spread[:] = 2.0 * np.sqrt(7)
	levels = forecast_rule(safety_factor=1.5).rule.levels(state_of(items, demand=known))
	assert levels.reorder_point.tolist() == pytest.approx([4 * 10 + 1.5 * np.sqrt(10 * 4 + (4 * 3) ** 2)])


def test_levels_of_the_forecast() -> None:
	"""s = m H + z sigma, S = s + g max(EOQ, m R), r = c m R."""
	items = ItemTable.create(codes(2), lead_time_days=5, order_cost=[0, 100], holding_cost=0.5)
	state = state_of(items, demand=plain_statistics(2, level=3.0), review_days=7)
	levels = forecast_rule(gap=0.5, cap=1.5).rule.levels(state)
	assert levels.reorder_point.tolist() == pytest.approx([36, 36])
	lots = [21, np.sqrt(2 * 100 * 3 / 0.5)]
	assert levels.order_up_to.tolist() == pytest.approx([36 + 0.5 * lot for lot in lots])
	assert levels.cap.tolist() == pytest.approx([31.5, 31.5])
	assert np.isinf(forecast_rule().rule.levels(state).cap).all()


def test_levels_never_go_below_nothing() -> None:
	items = ItemTable.create(["A"])
	known = plain_statistics(1, level=1.0)
	known.week_spread[:] = 50.0
	levels = forecast_rule(safety_factor=-2).rule.levels(state_of(items, demand=known))
	assert levels.reorder_point.tolist() == [0]


def test_no_demand_no_order() -> None:
	"""Whatever the cap: no infinity times zero."""
	items = ItemTable.create(["A"], order_cost=5)
	for cap in (1.5, np.inf):
		ordered = forecast_rule(gap=1, cap=cap).order_quantities(state_of(items))
		assert ordered.tolist() == [0]


def test_forecasts() -> None:
	known = plain_statistics(1)
	for number, window in enumerate((28, 56, 91, 182, 364)):
		getattr(known, f"level_{window}")[:] = number
	known.season[:] = 1.5
	assert [float(demand_rate(known, forecast)[0]) for forecast in FORECASTS] == [0, 1, 2, 3, 4, 3]
	with pytest.raises(ValueError, match="unknown forecast 'tomorrow'"):
		demand_rate(known, "tomorrow")


def cost_of(
	policy: Any, items: dict[str, float], rate: float, start: float, *, count: int = 1000, days: int = 800
) -> float:
	table = ItemTable.create(codes(count), **items)
	demand = np.random.default_rng(3).poisson(rate, (days, count))
	scenario = scenario_of(table, demand, unmet_demand="backorder", initial_on_hand=start)
	return steady_cost(policy, scenario, burn_in=100)


@pytest.mark.parametrize(("lead_time", "level"), [(0, 7), (3, 26), (3, 20)])
def test_expected_cost_of_base_stock_with_backorders(lead_time: int, level: int) -> None:
	"""The newsvendor cost of the demand over lead time and review (Poisson)."""
	holding, penalty, rate = 1.0, 4.0, 5.0
	items = {"lead_time_days": lead_time, "holding_cost": holding, "stockout_cost": penalty}
	expected = newsvendor_poisson_cost(level, holding, penalty, rate * (lead_time + 1))
	assert cost_of(base_stock(level), items, rate, level) == pytest.approx(expected, rel=0.01)


@pytest.mark.parametrize(("reorder_point", "order_up_to"), [(4, 10), (2, 15)])
def test_expected_cost_of_s_S_with_backorders(reorder_point: int, order_up_to: int) -> None:
	"""Zheng and Federgruen's example: h = 1, p = 4, K = 5, Poisson demand of 6."""
	expected = s_s_cost_discrete(reorder_point, order_up_to, 1, 4, 5, True, 6)
	parameters = ItemParameters.everywhere(reorder_point=reorder_point, order_up_to=order_up_to, cap=np.inf)
	items = {"lead_time_days": 0, "holding_cost": 1, "stockout_cost": 4, "order_cost": 5}
	rule = OrderUpTo("(s, S)", FixedLevels(parameters))
	assert cost_of(rule, items, 6, order_up_to) == pytest.approx(expected, rel=0.01)


def test_the_best_s_S_is_the_best_of_its_neighbours() -> None:
	"""The textbook's optimum is the simulation's, too."""
	best = s_s_discrete_exact(1, 4, 5, True, 6)
	items = {"lead_time_days": 0, "holding_cost": 1, "stockout_cost": 4, "order_cost": 5}

	def cost(s: float, S: float) -> float:
		parameters = ItemParameters.everywhere(reorder_point=s, order_up_to=S, cap=np.inf)
		return cost_of(OrderUpTo("(s, S)", FixedLevels(parameters)), items, 6, S, count=500, days=500)

	least = cost(best[0], best[1])
	assert all(least < cost(best[0] + a, best[1] + b) for a, b in ((-2, 0), (2, 0), (0, -3), (0, 4)))


@pytest.mark.parametrize(("level", "quantity", "lead_time"), [(3, 8, 2), (6, 10, 4)])
def test_expected_cost_of_reorder_level_with_backorders(level: int, quantity: int, lead_time: int) -> None:
	"""A reorder level is an (r, Q) policy; daily review makes the exposure one day longer."""
	expected = r_q_cost_poisson(level, quantity, 1.0, 9.0, 4.0, 1.0, lead_time + 1)
	items = {"lead_time_days": lead_time, "holding_cost": 1, "stockout_cost": 9, "order_cost": 4}
	parameters = ItemParameters.everywhere(reorder_level=level, reorder_qty=quantity)
	rule = ReorderLevel("reorder level", parameters)
	assert cost_of(rule, items, 1.0, level + quantity) == pytest.approx(expected, rel=0.015)


def erpnext_request(projected: float, level: float, quantity: float) -> float:
	"""What ERPNext's reorder job requests: its condition and its deficiency."""
	if (level or quantity) and projected <= level:
		return max(quantity, level - projected)
	return 0.0


def reorder(projected: float, level: float, quantity: float) -> float:
	items = ItemTable.create(["A"])
	rule = ReorderLevel("reorder level", ItemParameters.everywhere(reorder_level=level, reorder_qty=quantity))
	return float(rule.order_quantities(state_of(items, on_hand=projected))[0])


@given(
	projected=st.integers(-30, 60).map(float),
	level=st.integers(0, 30).map(float),
	quantity=st.integers(0, 30).map(float),
)
def test_reorder_level_requests_what_erpnext_requests(
	projected: float, level: float, quantity: float
) -> None:
	if level or quantity:
		assert reorder(projected, level, quantity) == erpnext_request(projected, level, quantity)


@pytest.mark.parametrize(("projected", "expected"), [(11, 0), (10, 20), (0, 20), (-9, 20), (-15, 25)])
def test_reorder_level_of_10_by_20(projected: float, expected: float) -> None:
	"""At the level, not only below it; the deficiency where it exceeds the quantity."""
	assert reorder(projected, 10, 20) == erpnext_request(projected, 10, 20) == expected


def test_no_reorder_level_no_request() -> None:
	assert reorder(-5, 0, 0) == erpnext_request(-5, 0, 0)


def test_orders_count_what_is_on_the_way() -> None:
	"""Rules look at the inventory position, not at the shelf alone."""
	items = ItemTable.create(["A"], lead_time_days=2)
	state = state_of(items, on_hand=3, arrivals=[[0], [4], [5]])
	assert base_stock(20).order_quantities(state).tolist() == [8]
	assert base_stock(12).order_quantities(state).tolist() == [0]
	assert base_stock(20, cap=5).order_quantities(state).tolist() == [5]


def test_s_S_orders_at_the_reorder_point_and_not_above() -> None:
	items = ItemTable.create(codes(3))
	parameters = ItemParameters.everywhere(reorder_point=5, order_up_to=12, cap=np.inf)
	rule = OrderUpTo("(s, S)", FixedLevels(parameters))
	assert rule.order_quantities(state_of(items, on_hand=[4, 5, 6])).tolist() == [8, 7, 0]


def test_parameters_follow_their_items() -> None:
	"""Found by key in any order; an item never seen gets the default."""
	items = ItemTable.create(codes(3))
	parameters = ItemParameters.per_item(items, reorder_level=np.array([1, 2, 9], np.float32))
	assert parameters.aligned_with(items)["reorder_level"].tolist() == [1, 2, 9]
	others = ItemTable.create(["ITEM-3", "NEW", "ITEM-1"])
	assert parameters.aligned_with(others)["reorder_level"].tolist() == [9, 2, 1]
	assert parameters.aligned_with(items)["reorder_level"].tolist() == [1, 2, 9]
