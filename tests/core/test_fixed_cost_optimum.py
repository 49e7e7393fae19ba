"""The exact (s, S) policy with a fixed cost per order, and Poisson demand for the test beds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from core_samples import codes, scenario_of, steady_cost

from rl_replenishment.cli.benchmarks.fixed_cost import optimal_rule
from rl_replenishment.core.demand.poisson import PoissonDemand, probabilities
from rl_replenishment.core.evaluation.fixed_cost import FixedOrderCost


@pytest.mark.parametrize(
	("rate", "levels", "cost"),
	[(10, (6, 40), 35.022), (15, (10, 49), 42.698), (20, (14, 62), 49.173), (25, (19, 56), 54.262)],
)
def test_the_published_optima(rate: float, levels: tuple[int, int], cost: float) -> None:
	"""Zheng and Federgruen (1991), table 1: an order costs 64, a backorder 9, a unit in stock 1 a day."""
	best = FixedOrderCost(0, 9, 64, rate).optimum()
	assert (best.reorder_point, best.order_up_to) == levels
	assert best.cost == pytest.approx(cost, abs=6e-4)


@pytest.mark.parametrize(("lead_time", "penalty", "order_cost"), [(0, 4, 16), (2, 19, 64), (4, 4, 64)])
def test_no_other_levels_are_cheaper(lead_time: int, penalty: float, order_cost: float) -> None:
	instance = FixedOrderCost(lead_time, penalty, order_cost, 5.0)
	best = instance.optimum()
	mean = int(5 * (lead_time + 1))
	costs = {
		(s, S): instance.cost_of(s, S) for s in range(mean - 15, mean + 20) for S in range(s + 1, s + 60)
	}
	assert min(costs, key=costs.__getitem__) == (best.reorder_point, best.order_up_to)
	assert min(costs.values()) == pytest.approx(best.cost)


@pytest.mark.parametrize("lead_time", [0, 3])
def test_the_optimum_costs_what_it_costs_when_simulated(lead_time: int) -> None:
	"""The formula and the simulation follow the same rules."""
	instance = FixedOrderCost(lead_time, 9, 32, 5.0)
	best = instance.optimum()
	items = instance.item().take(np.zeros(1500, np.intp))
	items = replace(items, keys=type(items).create(codes(1500)).keys)
	demand = np.random.default_rng(3).poisson(5.0, (900, 1500))
	scenario = scenario_of(items, demand, initial_on_hand=20, unmet_demand="backorder")
	cost = steady_cost(optimal_rule(best.reorder_point, best.order_up_to), scenario, 100)
	assert cost == pytest.approx(best.cost, rel=0.005)


@pytest.mark.parametrize("mean", [0.3, 5.0, 55.0])
def test_poisson_probabilities(mean: float) -> None:
	chance = probabilities(mean)
	values = np.arange(len(chance))
	assert chance.sum() == pytest.approx(1)
	assert chance @ values == pytest.approx(mean)
	assert chance @ (values - mean) ** 2 == pytest.approx(mean)


def test_known_moments_whatever_the_sample() -> None:
	"""Policies on the test beds are told the distribution, not what a sample of it looked like."""
	model = PoissonDemand(2.0)
	demand = model.draw(np.zeros((300, 1), np.float32), np.zeros(4, np.intp), np.random.default_rng(0))
	assert demand.mean() == pytest.approx(2, abs=0.2)
	known = model.statistics(demand, np.full(4, 3), np.array([0, 150]))
	for name, value in (("level_28", 2.0), ("week_spread", 14**0.5), ("active_364", 1 - np.exp(-2.0))):
		np.testing.assert_allclose(getattr(known, name), np.full((2, 4), value), rtol=1e-6)
