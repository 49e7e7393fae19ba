"""Running a policy through a scenario: the same luck for all, and books that add up."""

from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import pytest
from core_samples import MONDAY, forecast_rule, mixed_history, mixed_items, residual_policy, scenario_of

from rl_replenishment.core.items import FloatArray, ItemTable, UnmetDemand, feasible_quantity
from rl_replenishment.core.policies.base import Policy, State
from rl_replenishment.core.policies.order_up_to import base_stock
from rl_replenishment.core.simulation.rollout import Ledger, Paths, run
from rl_replenishment.core.simulation.scenario import Scenario, replay


@pytest.fixture(params=["lost", "backorder"])
def scenario(request: pytest.FixtureRequest) -> Scenario:
	unmet: UnmetDemand = request.param
	return replay(
		mixed_items(),
		mixed_history(260),
		days=120,
		review_days=7,
		unmet_demand=unmet,
		rng=np.random.default_rng(3),
	)


@dataclass
class Always:
	"""Orders the same every time and keeps what it saw."""

	quantity: float
	name: str = "always"
	seen: list[State] = field(default_factory=list)

	def order_quantities(self, state: State) -> FloatArray:
		self.seen.append(state)
		return np.full(len(state.items), self.quantity, np.float32)


def assert_equal(one: Ledger, other: Ledger) -> None:
	for part in fields(Ledger):
		if part.name not in ("policy", "paths"):
			np.testing.assert_array_equal(
				getattr(one, part.name), getattr(other, part.name), err_msg=part.name
			)


def policies() -> list[Policy]:
	return [
		base_stock(60),
		forecast_rule(safety_factor=2, gap=1),
		residual_policy(forecast_rule(gap=0.5), np.random.default_rng(0)),
	]


def test_the_same_luck_for_all(scenario: Scenario) -> None:
	"""Policies meet the same demand in whatever order they run, and leave the scenario as it was."""
	before = {name: np.copy(getattr(scenario, name)) for name in ("demand", "lead_times", "initial_on_hand")}
	forwards = [run(policy, scenario) for policy in policies()]
	backwards = [run(policy, scenario) for policy in policies()[::-1]][::-1]
	for one, again in zip(forwards, backwards, strict=True):
		assert_equal(one, again)
		np.testing.assert_allclose(one.demand, scenario.demand[scenario.warm_up_days :].sum(axis=0))
	assert len({float(ledger.cost.sum()) for ledger in forwards}) == 3
	for name, values in before.items():
		np.testing.assert_array_equal(getattr(scenario, name), values)


def test_statistics_may_be_computed_beforehand(scenario: Scenario) -> None:
	known = list(scenario.statistics())
	for policy in policies():
		assert_equal(run(policy, scenario), run(policy, scenario, statistics=known))


def test_totals_are_those_of_the_paths(scenario: Scenario) -> None:
	items = scenario.items
	ledger = run(forecast_rule(gap=0.5), scenario, keep_paths=True)
	paths = ledger.paths
	assert paths is not None
	# as precise as the totals, which run over many days
	paths = Paths(*(getattr(paths, part.name).astype(np.float64) for part in fields(Paths)))
	demand = scenario.demand[scenario.warm_up_days :].astype(np.float64)
	assert ledger.days == len(paths.on_hand) == len(paths.unmet) == len(paths.ordered) == 120
	np.testing.assert_allclose(ledger.ordered, paths.ordered.sum(axis=0))
	np.testing.assert_allclose(ledger.orders, (paths.ordered > 0).sum(axis=0))
	np.testing.assert_allclose(ledger.order_cost, (paths.ordered > 0).sum(axis=0) * items.order_cost)
	np.testing.assert_allclose(ledger.stockout_days, (paths.unmet > 0).sum(axis=0))
	np.testing.assert_allclose(ledger.sales, (demand - paths.unmet).sum(axis=0))
	np.testing.assert_allclose(ledger.stock_days, paths.on_hand.sum(axis=0))
	np.testing.assert_allclose(ledger.holding_cost, paths.on_hand.sum(axis=0) * items.holding_cost, rtol=1e-5)
	np.testing.assert_allclose(ledger.waste_cost, ledger.expired * items.unit_cost, rtol=1e-5)
	if scenario.unmet_demand == "lost":
		np.testing.assert_allclose(
			ledger.stockout_cost, paths.unmet.sum(axis=0) * items.stockout_cost, rtol=1e-5
		)
	parts = ledger.holding_cost + ledger.stockout_cost + ledger.order_cost + ledger.waste_cost
	np.testing.assert_array_equal(ledger.cost, parts)
	assert ledger.fill_rate == pytest.approx(1 - paths.unmet.sum() / demand.sum(), rel=1e-5)
	assert ledger.average_inventory == pytest.approx(paths.on_hand.sum(axis=1).mean(), rel=1e-5)
	assert 0 < ledger.fill_rate < 1


def test_no_paths_unless_asked_for(scenario: Scenario) -> None:
	assert run(base_stock(5), scenario).paths is None


def test_orders_on_review_days_only_and_as_suppliers_accept(scenario: Scenario) -> None:
	items = scenario.items
	paths = run(Always(7.3), scenario, keep_paths=True).paths
	assert paths is not None
	expected = feasible_quantity(items, np.full(5, 7.3, np.float32))
	for day, ordered in enumerate(paths.ordered):
		assert ordered.tolist() == (expected.tolist() if scenario.is_review(day) else [0] * 5)


def example(**values: Any) -> Scenario:
	items = ItemTable.create(
		["A"], lead_time_days=1, order_cost=3, holding_cost=1, stockout_cost=10, unit_cost=5, **values
	)
	return scenario_of(items, [[4], [1], [6], [0]], initial_on_hand=5)


def test_an_example_by_hand() -> None:
	"""Base-stock 6, lead time 1, every day: 5 on hand, demand 4, 1, 6, 0."""
	ledger = run(base_stock(6), example(), keep_paths=True)
	assert ledger.paths is not None
	assert ledger.paths.ordered.ravel().tolist() == [1, 4, 1, 5]
	assert ledger.paths.on_hand.ravel().tolist() == [1, 1, 0, 1]
	assert ledger.paths.unmet.ravel().tolist() == [0, 0, 1, 0]
	assert ledger.holding_cost.tolist() == [3]
	assert ledger.stockout_cost.tolist() == [10]
	assert ledger.order_cost.tolist() == [12]
	assert ledger.fill_rate == 10 / 11
	assert ledger.stockout_days.tolist() == [1]
	assert ledger.average_inventory == 0.75


def test_an_example_by_hand_with_waste() -> None:
	"""Base-stock 12 of goods that keep two days: one of those of day 1 and all four of day 2 are too many."""
	ledger = run(base_stock(12), example(shelf_life_days=2), keep_paths=True)
	assert ledger.paths is not None
	assert ledger.paths.ordered.ravel().tolist() == [7, 4, 1, 7]
	# 5 - 4; 1 + 7 - 1; 7 + 4 - 6 less 1; 4 + 1 less 4
	assert ledger.paths.on_hand.ravel().tolist() == [1, 7, 4, 1]
	assert ledger.expired.tolist() == [5]
	assert ledger.waste_cost.tolist() == [25]
	assert run(base_stock(6), example(shelf_life_days=2)).expired.tolist() == [0]


def test_backorders_cost_by_the_day() -> None:
	"""Three units that wait two days cost six times the stock-out cost."""
	items = ItemTable.create(["A"], lead_time_days=2, stockout_cost=10, holding_cost=0)
	scenario = scenario_of(items, [[3], [0], [0]], unmet_demand="backorder")
	ledger = run(base_stock(0), scenario)
	# ordered on day 1, once they are owed: there on day 3
	assert ledger.stockout_cost.tolist() == [3 * 3 * 10]
	assert run(base_stock(3), scenario).stockout_cost.tolist() == [2 * 3 * 10]
	lost = run(base_stock(0), replace(scenario, unmet_demand="lost"))
	assert lost.stockout_cost.tolist() == [3 * 10]


def test_what_a_policy_sees() -> None:
	"""On each review day: the date, the stock once today's goods are in, and what is on the way."""
	items = ItemTable.create(["A"], lead_time_days=3)
	policy = Always(2)

	@dataclass
	class Noting:
		name: str = "noting"

		def order_quantities(self, state: State) -> FloatArray:
			copied = replace(state, on_hand=state.on_hand.copy(), arrivals=state.arrivals.copy())
			return policy.order_quantities(copied)

	scenario = scenario_of(items, np.ones((6, 1)), initial_on_hand=5, review_days=2, warm_up_days=0)
	run(Noting(), scenario)
	assert [state.today for state in policy.seen] == [MONDAY + np.timedelta64(day, "D") for day in (1, 3, 5)]
	# ordered on days 1, 3, 5; the first two units are in on day 4
	assert [state.on_hand.tolist() for state in policy.seen] == [[4], [2], [2]]
	assert [state.arrivals[:, 0].tolist() for state in policy.seen] == [
		[0, 0, 0, 0],
		[0, 2, 0, 0],
		[0, 2, 0, 0],
	]
	assert [state.inventory_position.tolist() for state in policy.seen] == [[4], [4], [4]]
	assert [state.demand.days_known.tolist() for state in policy.seen] == [[1], [3], [5]]
	assert {state.review_days for state in policy.seen} == {2}


def test_a_state_stays_what_was_known_then() -> None:
	"""A policy may keep the states it saw, to explain or to learn from them."""
	policy = Always(0)
	scenario = scenario_of(ItemTable.create(["A"]), np.ones((3, 1)), initial_on_hand=5)
	run(policy, scenario)
	assert [state.on_hand.tolist() for state in policy.seen] == [[5], [4], [3]]


def test_without_demand_everything_is_served() -> None:
	scenario = scenario_of(ItemTable.create(["A"]), np.zeros((3, 1)))
	ledger = run(base_stock(0), scenario)
	assert (ledger.fill_rate, ledger.cost.tolist(), ledger.average_inventory) == (1.0, [0], 0)
