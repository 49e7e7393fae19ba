"""The learned policy against the best rule, item by item and day by day."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain, zip_longest

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.evaluation.backtest import Backtest
from rl_replenishment.core.evaluation.bootstrap import relative_difference
from rl_replenishment.core.items import FloatArray, ItemKey, ItemTable
from rl_replenishment.core.simulation.rollout import Ledger, Paths
from rl_replenishment.core.simulation.scenario import Scenario

#: item panels show at most this many days, the last ones
PANEL_DAYS = 364


@dataclass(frozen=True)
class PolicyOnItem:
	"""What one policy did with one item-warehouse."""

	#: money
	cost: float
	#: share of the demand met; nan where there was none
	fill_rate: float
	stockout_days: int
	orders: int
	#: units on hand at the end of a day, on average
	stock: float


@dataclass(frozen=True)
class ItemComparison:
	"""One item-warehouse under the learned policy and under the best rule."""

	index: int
	key: ItemKey
	learned: PolicyOnItem
	rule: PolicyOnItem

	@property
	def difference(self) -> float:
		"""Cost of the learned policy less that of the rule, in money: below 0 where it saved."""
		return self.learned.cost - self.rule.cost


@dataclass(frozen=True)
class Comparison:
	"""All items, the most saved and the most lost first."""

	saved: tuple[ItemComparison, ...]
	lost: tuple[ItemComparison, ...]
	same: tuple[ItemComparison, ...]

	def telling(self, count: int) -> list[ItemComparison]:
		"""The largest savings and losses in turn; where there are too few, the items that cost most."""
		turns = chain.from_iterable(zip_longest(self.saved, self.lost))
		return [item for item in (*turns, *self.same) if item is not None][:count]


def compare_items(items: ItemTable, learned: Ledger, rule: Ledger) -> Comparison:
	"""Both policies on each item-warehouse."""
	# float noise of a sum over many days is no difference
	noise = 1e-6 * max(float(rule.cost.mean()), float(learned.cost.mean()), 1e-12)
	every = [
		ItemComparison(index, key, _on_item(learned, index), _on_item(rule, index))
		for index, key in enumerate(items.keys)
	]
	return Comparison(
		saved=tuple(sorted((i for i in every if i.difference < -noise), key=lambda i: i.difference)),
		lost=tuple(sorted((i for i in every if i.difference > noise), key=lambda i: -i.difference)),
		same=tuple(sorted((i for i in every if abs(i.difference) <= noise), key=lambda i: -i.rule.cost)),
	)


def _on_item(ledger: Ledger, index: int) -> PolicyOnItem:
	demand = float(ledger.demand[index])
	return PolicyOnItem(
		cost=float(ledger.cost[index]),
		fill_rate=float(ledger.sales[index]) / demand if demand else float("nan"),
		stockout_days=int(ledger.stockout_days[index]),
		orders=int(ledger.orders[index]),
		stock=float(ledger.stock_days[index]) / max(ledger.days, 1),
	)


def days_of(scenario: Scenario) -> npt.NDArray[np.datetime64]:
	"""The calendar days of a scenario, shape (D,)."""
	return scenario.date(0).astype("datetime64[D]") + np.arange(scenario.days)


def demand_of(scenario: Scenario) -> FloatArray:
	"""Demand of the simulated days, shape (D, N)."""
	return scenario.demand[scenario.warm_up_days :]


def paths_of(ledger: Ledger) -> Paths:
	"""The daily paths of a ledger; raises `ValueError` where they were not kept."""
	if ledger.paths is None:
		raise ValueError(f"no paths of {ledger.policy!r}: run the backtest with keep_paths=True")
	return ledger.paths


def stock_weights(items: ItemTable) -> FloatArray | None:
	"""Unit costs, shape (N,), or None where none are known and stock is better counted in units."""
	return items.unit_cost if (items.unit_cost != 1).any() else None


def average_stock(ledger: Ledger, weights: FloatArray | None) -> float:
	"""Stock of all items at the end of a day, on average: in money, or in units without weights."""
	if weights is None:
		return ledger.average_inventory
	return float(ledger.stock_days @ weights) / max(ledger.days, 1)


def change_in_cost(
	before: Backtest, before_ledger: Ledger, after: Backtest, after_ledger: Ledger
) -> tuple[float, tuple[float, float]] | None:
	"""Cost after learning over that before, less 1, and its 95 % interval; None unless luck was the same."""
	if not _same_luck(before.scenario, after.scenario):
		return None
	# a fixed seed: the same content must give the same report
	return relative_difference(after_ledger.cost, before_ledger.cost, np.random.default_rng(0))


def _same_luck(one: Scenario, other: Scenario) -> bool:
	return one is other or (
		one.items.keys == other.items.keys
		and one.review_days == other.review_days
		and one.unmet_demand == other.unmet_demand
		and np.array_equal(demand_of(one), demand_of(other))
		and np.array_equal(one.initial_on_hand, other.initial_on_hand)
		and np.array_equal(one.lead_times, other.lead_times)
	)
