"""What every policy sees and answers: one protocol for classical rules, networks and anything else."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.demand.latest import latest_statistics
from rl_replenishment.core.demand.statistics import DemandStatistics
from rl_replenishment.core.items import FloatArray, ItemTable


@dataclass(frozen=True, eq=False)
class State:
	"""What is known of N item-warehouses at the moment of ordering."""

	items: ItemTable
	#: the day of ordering: one for all, or shape (N,)
	today: np.datetime64 | npt.NDArray[np.datetime64]
	#: days until the next chance to order
	review_days: int
	#: on the shelf less what is reserved or owed, shape (N,); below 0 where customers wait
	on_hand: FloatArray
	#: open orders by day of arrival, shape (H, N): row d is due in d days, the last row in H - 1 or more
	arrivals: FloatArray
	demand: DemandStatistics
	#: of what is on hand or on order, what waits for announced demand, shape (N,); None where nothing does
	set_aside: FloatArray | None = None
	#: share of its demand that was taken from similar items, shape (N,); None where none was
	borrowed: FloatArray | None = None

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
		"""On hand plus on order, less what is set aside, shape (N,)."""
		return self.available + self.arrivals.sum(axis=0)


def protection_days(items: ItemTable, review_days: int) -> npt.NDArray[np.int32]:
	"""Days that an order placed now must last: the lead time plus the review interval, shape (N,)."""
	return items.whole_lead_time_days + np.int32(review_days)


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
