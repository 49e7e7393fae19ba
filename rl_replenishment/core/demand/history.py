"""Daily demand of a batch of item-warehouses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.demand.known_events.event import Event
from rl_replenishment.core.demand.launches import Launches
from rl_replenishment.core.demand.returns import References, settle_returns
from rl_replenishment.core.demand.rhythm import DAILY, Rhythm
from rl_replenishment.core.items import FloatArray, ItemKey


@dataclass(frozen=True, eq=False)
class DemandHistory:
	"""T days of demand of N item-warehouses, oldest day first, in stock UOM."""

	keys: tuple[ItemKey, ...]
	#: the day of row 0
	start: np.datetime64
	#: shape (T, N); time comes first, so that a day is contiguous in memory
	demand: FloatArray
	#: whether a day's demand is its own, or the total of the week or month that it begins
	rhythm: Rhythm = DAILY
	#: items first sold in days held for a test; None where there are none
	launches: Launches | None = None
	#: holidays, promotions and the like that are known, those after its end as well
	events: tuple[Event, ...] = ()

	def __post_init__(self) -> None:
		if self.demand.ndim != 2 or self.demand.shape[1] != len(self.keys):
			raise ValueError(f"demand has shape {self.demand.shape}, expected (days, {len(self.keys)})")

	@property
	def days(self) -> int:
		"""T, the number of days."""
		return int(self.demand.shape[0])

	@property
	def end(self) -> np.datetime64:
		"""The day after the last one."""
		return self.start + np.timedelta64(self.days, "D")

	def window(self, first: int, last: int) -> DemandHistory:
		"""The days `first` (included) to `last` (excluded), counted from the start."""
		start = self.start + np.timedelta64(first, "D")
		launches = None if self.launches is None else self.launches.window(first, last)
		return replace(self, start=start, demand=self.demand[first:last], launches=launches)

	def totals(
		self,
		first: npt.NDArray[np.integer],
		last: npt.NDArray[np.integer],
		columns: npt.NDArray[np.integer],
	) -> npt.NDArray[np.float64]:
		"""Demand of M item-warehouses between two days each, `last` excluded, shape (M,); the known part."""
		running = np.zeros((self.days + 1, len(self.keys)))
		np.cumsum(self.demand, axis=0, dtype=np.float64, out=running[1:])
		last = np.clip(last, 0, self.days)
		first = np.clip(first, 0, last)
		return np.asarray(running[last, columns] - running[first, columns])

	def take(self, indices: npt.ArrayLike) -> DemandHistory:
		"""The item-warehouses at `indices`, in that order."""
		rows = np.asarray(indices, dtype=np.intp)
		return replace(
			self,
			keys=tuple(self.keys[i] for i in rows),
			demand=self.demand[:, rows],
			launches=None if self.launches is None else self.launches.take(rows),
		)


def from_events(
	keys: Sequence[ItemKey],
	item: npt.NDArray[np.integer],
	day: npt.NDArray[np.datetime64],
	quantity: npt.NDArray[np.floating],
	*,
	start: np.datetime64 | None = None,
	end: np.datetime64 | None = None,
	references: References | None = None,
	rhythm: Rhythm = DAILY,
) -> tuple[DemandHistory, float]:
	"""Add up demand events, each of shape (E,), into days.

	Negative quantities are goods that came back: they are taken off the sale that they reverse, see
	`settle_returns`. Returns the history and the quantity returned in it that no event accounts for. `start`
	and `end` (excluded) default to the first and last event; what came later is not known, what was sold
	earlier may come back.
	"""
	first = (start if start is not None else day.min()).astype("datetime64[D]")
	last = (end if end is not None else day.max() + np.timedelta64(1, "D")).astype("datetime64[D]")
	days = int((last - first).astype(int))
	offset = (day.astype("datetime64[D]") - first).astype(np.int64)
	# what comes after the end settles nothing before it
	settled, unexplained = settle_returns(item, offset, np.where(offset < days, quantity, 0.0), references)
	inside = (offset >= 0) & (offset < days)
	cells = offset[inside] * len(keys) + item[inside]
	totals = np.bincount(cells, weights=settled[inside], minlength=days * len(keys))
	demand = totals.reshape(days, len(keys)).astype(np.float32)
	return DemandHistory(tuple(keys), first, demand, rhythm), float(unexplained[inside].sum())
