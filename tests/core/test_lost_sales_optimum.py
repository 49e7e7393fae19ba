"""The engine against the lost-sales test bed: exact optimum, base-stock and capped base-stock.

Poisson demand of 5, holding cost 1; an order of day t arrives at the start of day t + L; cost per day.
"""

import csv
from pathlib import Path

import numpy as np
import pytest
from core_samples import codes, scenario_of, steady_cost

from rl_replenishment.core.evaluation.lost_sales import LostSales
from rl_replenishment.core.items import ItemTable
from rl_replenishment.core.policies.base import Policy
from rl_replenishment.core.policies.order_up_to import base_stock

TEST_BED = Path(__file__).parents[3] / "shared" / "data" / "lost_sales_test_bed.csv"
RATE, LEAD_TIME = 5, 2

needs_test_bed = pytest.mark.skipif(not TEST_BED.exists(), reason="the reference costs are not here")


def reference(lead_time: int, penalty: int) -> dict[str, str]:
	with TEST_BED.open(encoding="utf-8", newline="") as file:
		return next(
			row
			for row in csv.DictReader(file)
			if (int(row["lead_time"]), int(row["penalty"])) == (lead_time, penalty)
		)


def simulated_cost(policy: Policy, lead_time: int, penalty: int) -> float:
	count, days, burn_in = 1500, 900, 100
	items = ItemTable.create(codes(count), lead_time_days=lead_time, holding_cost=1, stockout_cost=penalty)
	demand = np.random.default_rng(7).poisson(RATE, (days, count))
	return steady_cost(policy, scenario_of(items, demand, initial_on_hand=RATE * lead_time), burn_in)


@needs_test_bed
@pytest.mark.parametrize("lead_time", [2, 3, 4])
@pytest.mark.parametrize("penalty", [4, 9, 19, 39])
def test_value_iteration_finds_the_published_optimum(lead_time: int, penalty: int) -> None:
	row = reference(lead_time, penalty)
	assert row["source"] == "exact"
	assert LostSales(lead_time, penalty).optimal_cost() == pytest.approx(float(row["optimal_cost"]), abs=1e-4)


@pytest.mark.parametrize(("lead_time", "cap"), [(2, np.inf), (2, 5.0), (3, 6.0)])
def test_the_exact_cost_of_a_policy_is_what_it_costs_when_simulated(lead_time: int, cap: float) -> None:
	"""The exact solution and the simulation follow the same rules."""
	policy = base_stock(RATE * (lead_time + 1) + 2.0, cap=cap)
	exact = LostSales(lead_time, 4).cost_of(policy)
	assert simulated_cost(policy, lead_time, 4) == pytest.approx(exact, rel=0.005)


def test_no_policy_is_cheaper_than_the_optimum() -> None:
	instance = LostSales(2, 9)
	optimum = instance.optimal_cost()
	for level in range(14, 24):
		for cap in (5.0, 7.0, np.inf):
			assert instance.cost_of(base_stock(float(level), cap=cap)) > optimum


def test_a_lead_time_that_is_not_solved_is_refused() -> None:
	with pytest.raises(ValueError, match="from 2 days on, got 1"):
		LostSales(1, 4).optimal_cost()


@needs_test_bed
@pytest.mark.parametrize(("lead_time", "penalty"), [(2, 4), (2, 39), (4, 9)])
def test_base_stock_costs_what_the_table_says(lead_time: int, penalty: int) -> None:
	row = reference(lead_time, penalty)
	cost = simulated_cost(base_stock(float(row["best_base_stock"])), lead_time, penalty)
	assert cost == pytest.approx(float(row["best_base_stock_cost"]), rel=0.005)


@needs_test_bed
@pytest.mark.parametrize(("lead_time", "penalty"), [(2, 4), (4, 9)])
def test_capped_base_stock_costs_what_the_table_says(lead_time: int, penalty: int) -> None:
	row = reference(lead_time, penalty)
	policy = base_stock(float(row["capped_base_stock_s"]), cap=float(row["capped_base_stock_r"]))
	cost = simulated_cost(policy, lead_time, penalty)
	assert cost == pytest.approx(float(row["capped_base_stock_cost"]), rel=0.005)


def test_the_order_of_the_rules() -> None:
	"""Optimum < capped base-stock < base-stock, as theory has it for lost sales."""
	best = LostSales(LEAD_TIME, 4).optimal_cost()
	capped = simulated_cost(base_stock(17, cap=5), LEAD_TIME, 4)
	plain = simulated_cost(base_stock(16), LEAD_TIME, 4)
	assert best < capped < plain
