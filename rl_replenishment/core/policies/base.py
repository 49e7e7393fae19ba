"""What every policy sees and answers: one protocol for classical rules, networks and anything else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.demand.latest import latest_statistics
from rl_replenishment.core.demand.statistics import DemandStatistics
from rl_replenishment.core.items import FloatArray, ItemTable, UnmetDemand

#: the arrays of a state whose last axis is the item-warehouses
_ARRAYS = (
	"on_hand",
	"arrivals",
	"set_aside",
	"borrowed",
	"expiring",
	"long_overdue",
	"long_overdue_days",
	"left_out",
	"left_out_days_ago",
	"known_demand",
	"days_to_end",
)


@dataclass(frozen=True, eq=False)
class State:
	"""What is known of N item-warehouses at the moment of ordering."""

	items: ItemTable
	#: the day of ordering: one for all, or shape (N,)
	today: np.datetime64 | npt.NDArray[np.datetime64]
	#: days until the next chance to order: one for all, or shape (N,) where suppliers have days of their own
	review_days: int | npt.NDArray[np.int32]
	#: on the shelf less what is reserved or owed, shape (N,); below 0 where customers wait
	on_hand: FloatArray
	#: open orders by day of arrival, shape (H, N): row d is due in d days, the last row in H - 1 or more
	arrivals: FloatArray
	demand: DemandStatistics
	#: of what is on hand or on order, what waits for announced demand, shape (N,); None where nothing does
	set_aside: FloatArray | None = None
	#: share of its demand that was taken from similar items, shape (N,); None where none was
	borrowed: FloatArray | None = None
	#: stock that expires before it can be sold, shape (N,), not part of `on_hand`; None where none does
	expiring: FloatArray | None = None
	#: open orders that are overdue by too much to count on, shape (N,), not part of `arrivals`, and the days
	#: that the latest due of them is late, shape (N,); None where none is
	long_overdue: FloatArray | None = None
	long_overdue_days: FloatArray | None = None
	#: what was booked far outside an item's history and is left out of its demand, shape (N,), and the days
	#: since the last of it, shape (N,); None where nothing was
	left_out: FloatArray | None = None
	left_out_days_ago: FloatArray | None = None
	#: demand that is known by date and comes on top of the usual one (a reservation for delivery in 180 days,
	#: a future order), shape (D, N): row d leaves in d days; None for none
	known_demand: FloatArray | None = None
	#: days until the last sale of what is discontinued, shape (N,); inf where it goes on, None where all does
	days_to_end: FloatArray | None = None
	#: what happens to demand that the shelf cannot meet
	unmet_demand: UnmetDemand = "lost"

	@classmethod
	def from_history(
		cls,
		items: ItemTable,
		recent_demand: FloatArray,
		*,
		today: np.datetime64,
		review_days: int,
		on_hand: FloatArray,
		arrivals: FloatArray | None = None,
	) -> State:
		"""A state from raw demand, shape (T, N), whose last row is yesterday; arrivals default to none."""
		statistics = latest_statistics(recent_demand, protection_days(items, review_days))
		none = np.zeros((1, len(items)), dtype=np.float32)
		return cls(items, today, review_days, on_hand, none if arrivals is None else arrivals, statistics)

	@property
	def available(self) -> FloatArray:
		"""On hand less what is set aside, shape (N,); below 0 where that is still on order."""
		return self.on_hand if self.set_aside is None else self.on_hand - self.set_aside

	@cached_property
	def inventory_position(self) -> FloatArray:
		"""What is there until an order of the next review could arrive, shape (N,).

		On hand less what is set aside, plus what arrives and less what is known to leave within the
		protection interval. An order that arrives later is no help until then: it counts at a later review.
		"""
		if not len(self.with_late_arrivals) and self.known_demand is None:
			return self.available + self.arrivals.sum(axis=0)
		return self.stock_within(protection_days(self.items, self.review_days))

	@cached_property
	def with_late_arrivals(self) -> npt.NDArray[np.intp]:
		"""The item-warehouses of which an open order arrives after the day on which an order of now would."""
		lead = self.items.whole_lead_time_days
		first = int(lead.min(initial=0)) + 1
		later = self.arrivals[first:] > 0
		later &= np.arange(first, len(self.arrivals), dtype=lead.dtype)[:, None] > lead
		return np.flatnonzero(later.any(axis=0)) if later.any() else np.zeros(0, np.intp)

	def stock_within(self, days: npt.NDArray[np.number]) -> FloatArray:
		"""On hand plus what arrives and less what is known to leave in fewer than `days`, shape (N,)."""
		stock = self.available + total_within(self.arrivals, days)
		return stock if self.known_demand is None else stock - total_within(self.known_demand, days)

	def take(self, rows: npt.NDArray[np.intp]) -> State:
		"""The item-warehouses at `rows`, which may repeat."""
		chosen = {name: value[..., rows] for name in _ARRAYS if (value := getattr(self, name)) is not None}
		return replace(
			self,
			items=self.items.take(rows),
			today=self.today if np.ndim(self.today) == 0 else np.asarray(self.today)[rows],
			review_days=(self.review_days if isinstance(self.review_days, int) else self.review_days[rows]),
			demand=self.demand.take(rows),
			**chosen,
		)


def total_within(by_day: FloatArray, days: npt.NDArray[np.number]) -> FloatArray:
	"""Sum of the rows before `days`, shape (N,), of quantities by day, shape (H, N)."""
	sure = int(np.clip(days.min(initial=len(by_day)), 0, len(by_day)))
	total = by_day[:sure].sum(axis=0)
	later = by_day[sure:]
	if later.any():
		total = total + np.where(np.arange(sure, len(by_day))[:, None] < days, later, 0).sum(axis=0)
	return np.asarray(total, dtype=np.float32)


def usual_rate(state: State) -> FloatArray:
	"""Demand per day that quantities are measured against, shape (N,)."""
	return np.asarray((state.demand.level_91 + state.demand.level_364) / 2, dtype=np.float32)


def missing_before_arrivals(
	state: State,
	at: npt.NDArray[np.intp],
	rate: FloatArray,
	until: Sequence[npt.NDArray[np.number]],
	spared: FloatArray | float = 0.0,
) -> list[FloatArray]:
	"""The most that an order of now would meet before an open order arrives, for each of `until`.

	`at`, shape (M,), chooses item-warehouses; all other arrays are of that shape, too. Of the open orders,
	those count that arrive after the lead time and in fewer days than `until`. Demand is `rate` a day, plus
	what is known by date; `spared`, 0 or less, is taken off it. What was lost before an order of now could
	arrive is no reason to order; where customers wait, it is. 0 where nothing is missing.
	"""
	arrivals, lead = state.arrivals[:, at], state.items.whole_lead_time_days[at]
	first = int(lead.min(initial=0)) + 1
	days = np.arange(first, len(arrivals), dtype=np.float32)[:, None]
	later = (arrivals[first:] > 0) & (days > lead)
	# what is asked for and received before each of the days
	asked = rate * days
	missing = asked + (spared - state.available[at]) - running_total(arrivals)[first - 1 : -1]
	at_once = rate * lead
	if state.known_demand is not None:
		promised = state.known_demand[:, at]
		known = running_total(promised, len(arrivals))[first - 1 : -1]
		asked, missing = asked + known, missing + known
		at_once = at_once + total_within(promised, lead)
	if state.unmet_demand == "lost":
		missing = np.minimum(missing, asked - at_once)
	return [
		np.where(later & (days < end), missing, 0).max(axis=0, initial=0).astype(np.float32) for end in until
	]


def running_total(by_day: FloatArray, rows: int | None = None) -> FloatArray:
	"""Sums of the rows up to each, shape (rows, N), of quantities by day, shape (H, N)."""
	rows = len(by_day) if rows is None else rows
	total = np.zeros((rows, by_day.shape[1]), dtype=np.float32)
	# row by row: numpy's cumsum along the first axis takes ten times as long
	for row in range(rows):
		total[row] = total[row - 1] if row else 0
		if row < len(by_day):
			total[row] += by_day[row]
	return total


def protection_days(items: ItemTable, review_days: int | npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
	"""Days that an order placed now must last: the lead time plus the review interval, shape (N,)."""
	return items.whole_lead_time_days + np.asarray(review_days, np.int32)


@runtime_checkable
class Policy(Protocol):
	"""Turns a state into order quantities."""

	@property
	def name(self) -> str:
		"""What tables and reports call it."""
		...

	def order_quantities(self, state: State) -> FloatArray:
		"""What to order now, shape (N,), in stock UOM, as suppliers accept it (packs, minimum orders)."""
		...
