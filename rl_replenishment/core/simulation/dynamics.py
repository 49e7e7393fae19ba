"""The dynamics of inventory: the one set of rules that every environment, trainer and evaluator steps.

A day has three moments, in this order:

1. `receive`: orders that are due arrive.
2. `place_orders`: what is ordered now arrives `lead_time_days` later, at the start of that day (today, where
0).
3. `serve`: demand is met from the shelf; what is missing is lost or waits; what is too old is thrown away;
   the day's cost is booked on the stock that is left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.items import FloatArray, ItemTable, UnmetDemand, feasible_quantity


@dataclass(frozen=True, eq=False)
class DayResult:
	"""One day of N item-warehouses, arrays of shape (N,), in stock UOM or money."""

	sales: FloatArray
	#: demand that the shelf could not meet today
	unmet: FloatArray
	expired: FloatArray
	holding_cost: FloatArray
	stockout_cost: FloatArray
	#: unit cost of what expired
	waste_cost: FloatArray


class Inventory:
	"""Stock and pipeline of N item-warehouses, stepped a day at a time.

	`longest_lead_time` bounds the lead times of orders placed later (default: those of `items`).
	"""

	def __init__(
		self, items: ItemTable, *, unmet_demand: UnmetDemand = "lost", longest_lead_time: int | None = None
	) -> None:
		n = len(items)
		self.items = items
		self.unmet_demand = unmet_demand
		longest = (
			int(items.whole_lead_time_days.max(initial=0)) if longest_lead_time is None else longest_lead_time
		)
		self._slots = longest + 1
		self._columns = np.arange(n)
		#: ring of arrivals: row (today + d) % slots is due in d days
		self._pipeline = np.zeros((self._slots, n), dtype=np.float32)
		self._today = 0
		#: stock on the shelf; below 0 where customers wait (backorders)
		self.net_stock: FloatArray = np.zeros(n, dtype=np.float32)
		#: ordered and not yet received
		self.on_order: FloatArray = np.zeros(n, dtype=np.float32)
		self._shelf = _Shelf(items) if np.isfinite(items.shelf_life_days).any() else None

	def reset(
		self, columns: npt.NDArray[np.intp], on_hand: FloatArray, arrivals: FloatArray | None = None
	) -> None:
		"""Start the item-warehouses at `columns` afresh with `on_hand`, shape (len(columns),).

		`arrivals`, shape (days, len(columns)), are due in 0, 1, 2, ... days. All stock counts as new.
		"""
		self.net_stock[columns] = on_hand
		self._pipeline[:, columns] = 0
		self.on_order[columns] = 0
		if arrivals is not None:
			if len(arrivals) > self._slots:
				raise ValueError(f"arrivals reach {len(arrivals)} days ahead, room is for {self._slots}")
			for days_ahead, quantity in enumerate(arrivals):
				self._pipeline[(self._today + days_ahead) % self._slots, columns] = quantity
			self.on_order[columns] = arrivals.sum(axis=0)
		if self._shelf is not None:
			self._shelf.reset(columns, self.net_stock)

	@property
	def on_hand(self) -> FloatArray:
		"""Stock on the shelf, shape (N,)."""
		return np.maximum(self.net_stock, 0) if self.unmet_demand == "backorder" else self.net_stock

	@property
	def inventory_position(self) -> FloatArray:
		"""On hand plus on order minus backorders, shape (N,)."""
		return self.net_stock + self.on_order

	def arrivals(self) -> FloatArray:
		"""What is due in 0, 1, 2, ... days, shape (slots, N); row 0 is 0 once today's goods are in."""
		return np.roll(self._pipeline, -(self._today % self._slots), axis=0)

	def receive(self) -> FloatArray:
		"""Take in what is due today; returns the quantity, shape (N,)."""
		due = self._pipeline[self._today % self._slots]
		received = due.copy()
		due[:] = 0
		self.net_stock += received
		self.on_order -= received
		if self._shelf is not None:
			self._shelf.receive(received)
		return received

	def place_orders(
		self, quantity: FloatArray, lead_time_days: npt.NDArray[np.integer] | None = None
	) -> FloatArray:
		"""Order what is wished, shape (N,), as far as suppliers accept it; returns the quantity ordered.

		`lead_time_days`, shape (N,), default to the items' own.
		"""
		ordered = feasible_quantity(self.items, quantity)
		lead_time = self.items.whole_lead_time_days if lead_time_days is None else lead_time_days
		if lead_time.max(initial=0) >= self._slots:
			raise ValueError(f"a lead time of {lead_time.max()} days, room is for {self._slots - 1}")
		slots = (self._today + lead_time) % self._slots
		self._pipeline[slots, self._columns] += ordered
		self.on_order += ordered
		if not lead_time.all():
			self.receive()
		return ordered

	def move(
		self,
		source: npt.NDArray[np.intp],
		target: npt.NDArray[np.intp],
		quantity: FloatArray,
		days: int,
	) -> None:
		"""Take M quantities off the shelves of `source` now, and have them arrive at `target` in `days`."""
		if not 0 < days < self._slots:
			raise ValueError(f"a transfer of {days} days, room is for 1 to {self._slots - 1}")
		np.subtract.at(self.net_stock, source, quantity)
		np.add.at(self._pipeline[(self._today + days) % self._slots], target, quantity)
		np.add.at(self.on_order, target, quantity)
		if self._shelf is not None:
			self._shelf.take(source, quantity)

	def serve(self, demand: FloatArray) -> DayResult:
		"""Meet a day's demand, shape (N,), end the day and move on to the next."""
		sales = np.minimum(demand, self.on_hand)
		unmet = demand - sales
		issued = sales if self.unmet_demand == "lost" else demand
		self.net_stock -= issued
		waiting = unmet if self.unmet_demand == "lost" else np.maximum(-self.net_stock, 0)
		if self._shelf is not None:
			expired = self._shelf.end_day(issued, self.on_hand)
			self.net_stock -= expired
			waste_cost = expired * self.items.unit_cost
		else:
			expired = waste_cost = np.zeros_like(sales)
		self._today += 1
		return DayResult(
			sales=sales,
			unmet=unmet,
			expired=expired,
			holding_cost=self.on_hand * self.items.holding_cost,
			stockout_cost=waiting * self.items.stockout_cost,
			waste_cost=waste_cost,
		)


class _Shelf:
	"""Ages of the stock on the shelf, first in first out.

	First in first out makes cohorts unnecessary: with R(d) units received up to day d and O units gone since,
	what is left of the goods of day d and before is max(R(d) - O, 0).
	"""

	def __init__(self, items: ItemTable) -> None:
		n = len(items)
		keeps = np.isfinite(items.shelf_life_days)
		self._life = np.where(
			keeps, np.maximum(np.rint(np.where(keeps, items.shelf_life_days, 1)), 1), 0
		).astype(np.intp)
		self._keeps_for_ever = ~keeps
		self._slots = int(self._life.max()) + 1
		self._columns = np.arange(n)
		self._day = 0
		# float64: running totals over years, of which small differences count
		self._received = np.zeros((self._slots, n))
		self._gone = np.zeros(n)

	def reset(self, columns: npt.NDArray[np.intp], stock: FloatArray) -> None:
		self._gone[columns] = 0
		self._received[:, columns] = 0
		self._received[self._day % self._slots, columns] = stock[columns]

	def receive(self, quantity: FloatArray) -> None:
		self._received[self._day % self._slots] += quantity

	def take(self, columns: npt.NDArray[np.intp], quantity: FloatArray) -> None:
		np.add.at(self._gone, columns, quantity)

	def end_day(self, issued: FloatArray, on_hand: FloatArray) -> FloatArray:
		"""Throw away what was received `shelf_life_days` - 1 days ago or before and is still here."""
		self._gone += issued
		# a unit received today is in its first day; it is sold on `life` days and then thrown away
		oldest = (self._day - self._life + 1) % self._slots
		due = self._received[oldest, self._columns]
		expired = np.where(self._keeps_for_ever, 0.0, np.clip(due - self._gone, 0.0, on_hand)).astype(
			np.float32
		)
		self._gone += expired
		self._day += 1
		self._received[self._day % self._slots] = self._received[(self._day - 1) % self._slots]
		return expired
