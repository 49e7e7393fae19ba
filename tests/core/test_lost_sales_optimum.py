"""The engine against the lost-sales test bed: exact optimum, base-stock and capped base-stock.

Poisson demand of 5, holding cost 1; an order of day t arrives at the start of day t + L; cost per day.
"""

import csv
from dataclasses import dataclass
from functools import cache
from math import exp, factorial
from pathlib import Path

import numpy as np
import pytest
from core_samples import codes, scenario_of, steady_cost

from rl_replenishment.core.items import FloatArray, ItemTable
from rl_replenishment.core.policies.base import Policy, State
from rl_replenishment.core.policies.order_up_to import base_stock

TEST_BED = Path(__file__).parents[3] / "shared" / "data" / "lost_sales_test_bed.csv"
RATE, LEAD_TIME = 5, 2
#: orders and stock beyond these are never worth it with a mean demand of 5
MOST_ORDERED, MOST_ON_HAND = 11, 26

needs_test_bed = pytest.mark.skipif(not TEST_BED.exists(), reason="the reference costs are not here")


def reference(lead_time: int, penalty: int) -> dict[str, str]:
	with TEST_BED.open(encoding="utf-8", newline="") as file:
		return next(
			row
			for row in csv.DictReader(file)
			if (int(row["lead_time"]), int(row["penalty"])) == (lead_time, penalty)
		)


@cache
def optimum(penalty: int) -> tuple[float, np.ndarray]:
	"""Least cost per day at a lead time of 2, and the best order by (on hand, due tomorrow).

	Relative value iteration; the state is the stock once today's goods are in and what was ordered yesterday.
	"""
	stocks = np.arange(MOST_ON_HAND + MOST_ORDERED + 1)
	demands = np.arange(40)
	chance = np.array([exp(-RATE) * RATE**d / factorial(d) for d in demands])
	missing = demands - stocks[:, None]
	cost = (np.maximum(-missing, 0) + penalty * np.maximum(missing, 0)) @ chance
	# left[x, l]: probability that l of x units are left at the end of the day
	left = np.zeros((len(stocks), len(stocks)))
	for stock in stocks:
		np.add.at(left[stock], np.maximum(stock - demands, 0), chance)
	due = np.arange(MOST_ORDERED + 1)
	# tomorrow's stock by what is left and what is due; beyond the edge is as good as the edge
	tomorrow = np.minimum(stocks[:, None] + due, len(stocks) - 1)
	value = np.zeros((len(stocks), len(due)))
	for _ in range(2000):
		# ahead[x, y, q]: expected value of ordering q
		ahead = np.tensordot(left, value[tomorrow], axes=1)
		update = cost[:, None] + ahead.min(axis=2)
		change = update - value
		value = update - update[0, 0]
		if np.ptp(change) < 1e-9:
			return float(change.mean()), ahead.argmin(axis=2)
	raise AssertionError("value iteration did not converge")


@dataclass
class BestOrder:
	"""The exact optimum as a policy."""

	table: np.ndarray
	name: str = "optimum"

	def order_quantities(self, state: State) -> FloatArray:
		on_hand = np.minimum(state.on_hand.astype(int), len(self.table) - 1)
		return self.table[on_hand, state.arrivals[1].astype(int)].astype(np.float32)


def simulated_cost(policy: Policy, lead_time: int, penalty: int) -> float:
	count, days, burn_in = 1500, 900, 100
	items = ItemTable.create(codes(count), lead_time_days=lead_time, holding_cost=1, stockout_cost=penalty)
	demand = np.random.default_rng(7).poisson(RATE, (days, count))
	return steady_cost(policy, scenario_of(items, demand, initial_on_hand=RATE * lead_time), burn_in)


@needs_test_bed
@pytest.mark.parametrize("penalty", [4, 9])
def test_value_iteration_finds_the_published_optimum(penalty: int) -> None:
	row = reference(LEAD_TIME, penalty)
	assert row["source"] == "exact"
	assert optimum(penalty)[0] == pytest.approx(float(row["optimal_cost"]), abs=1e-3)


def test_the_optimal_policy_costs_the_optimum_when_simulated() -> None:
	"""The exact solution and the simulation follow the same rules."""
	cost, table = optimum(4)
	assert simulated_cost(BestOrder(table), LEAD_TIME, 4) == pytest.approx(cost, rel=0.005)


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
	best = optimum(4)[0]
	capped = simulated_cost(base_stock(17, cap=5), LEAD_TIME, 4)
	plain = simulated_cost(base_stock(16), LEAD_TIME, 4)
	assert best < capped < plain
