"""What was really ordered, replayed against the same demand: what the company's own purchasing cost.

The start is that of the books, for every policy alike: the stock on the first day, and what was on its way
then. Where the stock is not known, it is the least with which all that was sold could be sold, given what
arrived. The real stock cannot have been lower, so what was really ordered looks no dearer than it was.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.evaluation.backtest import Kind
from rl_replenishment.core.evaluation.schedule import ScheduledOrders
from rl_replenishment.core.items import FloatArray, ItemTable
from rl_replenishment.core.simulation.rollout import Ledger, run_blind
from rl_replenishment.core.simulation.scenario import Scenario

NAME = "as ordered"

#: books balance where what arrived is between this share of what was sold, and what was sold of it
BALANCE = 0.5

_Values = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Purchases:
	"""E purchase order lines, or parts of them that arrived on their own; arrays of shape (E,)."""

	#: index into the item-warehouses
	item: npt.NDArray[np.integer]
	#: day of the order; rows of the same day and item are one order line
	ordered_on: npt.NDArray[np.datetime64]
	#: day of arrival: received, or expected where it is still to come
	arrives_on: npt.NDArray[np.datetime64]
	#: in stock UOM
	quantity: _Values

	def __post_init__(self) -> None:
		shapes = {array.shape for array in (self.item, self.ordered_on, self.arrives_on, self.quantity)}
		if len(shapes) != 1 or len(shapes.pop()) != 1:
			raise ValueError("the arrays of purchases differ in shape, expected (E,) for all")

	def take(self, rows: npt.NDArray[np.bool_]) -> Purchases:
		"""Those rows."""
		return Purchases(self.item[rows], self.ordered_on[rows], self.arrives_on[rows], self.quantity[rows])


@dataclass(frozen=True, eq=False)
class Balance:
	"""What the books say of the replayed days, arrays of shape (N,), in stock UOM."""

	sold: _Values
	#: what arrived, whenever it was ordered
	received: _Values
	#: stock at the start
	opening: _Values
	#: sold beyond what the start and the arrivals explain
	unexplained: _Values

	def is_odd(self, items: ItemTable) -> npt.NDArray[np.bool_]:
		"""Where far more or far less arrived than was sold, shape (N,)."""
		least, most = np.minimum(self.sold, self.received), np.maximum(self.sold, self.received)
		# a pack more or less is no matter of books
		pack = np.maximum(items.smallest_order, items.order_unit)
		return np.asarray((least < BALANCE * most) & (most - least > pack))


@dataclass(frozen=True, eq=False)
class AsOrdered:
	"""The books of what was really ordered.

	Orders count and cost as recorded, in any quantity on any day, and arrive when they did.
	"""

	purchases: Purchases
	name: str = NAME
	kind: Kind = "as ordered"

	def books(self, scenario: Scenario, *, keep_paths: bool = False) -> Ledger:
		"""Replay the recorded arrivals; the scenario's own lead times do not matter."""
		own = self.purchases.take(_ordered_within(scenario, self.purchases))
		arrivals = _by_day(scenario, own, own.arrives_on)
		if scenario.initial_arrivals is not None:
			known = scenario.initial_arrivals[: scenario.days]
			arrivals[: len(known)] += known
		nothing = ScheduledOrders(self.name, scenario.date(0), np.zeros((0, len(scenario.items)), np.float32))
		ledger = run_blind(nothing, replace(scenario, initial_arrivals=arrivals), keep_paths=keep_paths)
		placed = _by_day(scenario, own, own.ordered_on)
		lines = (placed > 0).sum(axis=0)
		paths = ledger.paths and replace(ledger.paths, ordered=placed)
		return replace(
			ledger,
			orders=lines.astype(np.float64),
			order_cost=lines * scenario.items.order_cost.astype(np.float64),
			ordered=placed.sum(axis=0, dtype=np.float64),
			paths=paths,
		)


def starting_from_books(
	scenario: Scenario, purchases: Purchases, on_hand: FloatArray | None = None
) -> Scenario:
	"""The scenario with the stock and the open orders of its first morning.

	`on_hand`, shape (N,), is the stock of that morning, before anything arrived; nan, or None for all, where
	it is not known.
	"""
	first = scenario.date(0)
	open_orders = purchases.take((purchases.ordered_on < first) & (purchases.arrives_on >= first))
	longest = int((open_orders.arrives_on - first).astype(np.int64).max(initial=-1)) + 1
	arrivals = np.zeros((max(longest, 1), len(scenario.items)), np.float32)
	np.add.at(
		arrivals,
		((open_orders.arrives_on - first).astype(np.int64), open_orders.item),
		open_orders.quantity.astype(np.float32),
	)
	least = least_opening_stock(scenario, purchases).astype(np.float32)
	given = least if on_hand is None else np.where(np.isnan(on_hand), least, on_hand)
	if scenario.unmet_demand == "lost":
		given = np.maximum(given, 0)
	return replace(scenario, initial_on_hand=given.astype(np.float32), initial_arrivals=arrivals)


def least_opening_stock(scenario: Scenario, purchases: Purchases) -> _Values:
	"""The least stock on the first morning with which the recorded demand could be met, shape (N,)."""
	arrived = np.cumsum(_by_day(scenario, purchases, purchases.arrives_on), axis=0, dtype=np.float64)
	sold = np.cumsum(scenario.demand[scenario.warm_up_days :], axis=0, dtype=np.float64)
	return np.asarray((sold - arrived).max(axis=0, initial=0))


def balance(scenario: Scenario, purchases: Purchases) -> Balance:
	"""What the books say, of a scenario that starts from them."""
	opening = scenario.initial_on_hand.astype(np.float64)
	return Balance(
		sold=scenario.demand[scenario.warm_up_days :].sum(axis=0, dtype=np.float64),
		received=_by_day(scenario, purchases, purchases.arrives_on).sum(axis=0, dtype=np.float64),
		opening=opening,
		unexplained=np.maximum(least_opening_stock(scenario, purchases) - opening, 0),
	)


def touches(scenario: Scenario, purchases: Purchases) -> bool:
	"""Whether anything was ordered, or arrived, on the replayed days."""
	arrived = _by_day(scenario, purchases, purchases.arrives_on)
	return bool(arrived.any() or _ordered_within(scenario, purchases).any())


def _ordered_within(scenario: Scenario, purchases: Purchases) -> npt.NDArray[np.bool_]:
	first = scenario.date(0)
	return np.asarray(
		(purchases.ordered_on >= first) & (purchases.ordered_on < first + np.timedelta64(scenario.days, "D"))
	)


def _by_day(scenario: Scenario, purchases: Purchases, day: npt.NDArray[np.datetime64]) -> FloatArray:
	"""Quantities by replayed day, shape (D, N); other days are left out."""
	found = np.zeros((scenario.days, len(scenario.items)), np.float32)
	row = (day - scenario.date(0)).astype("timedelta64[D]").astype(np.int64)
	within = (row >= 0) & (row < scenario.days)
	np.add.at(found, (row[within], purchases.item[within]), purchases.quantity[within].astype(np.float32))
	return found
