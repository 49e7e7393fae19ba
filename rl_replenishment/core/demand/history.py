"""Daily demand of a batch of item-warehouses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.items import FloatArray, ItemKey


@dataclass(frozen=True, eq=False)
class DemandHistory:
	"""T days of demand of N item-warehouses, oldest day first, in stock UOM."""

	keys: tuple[ItemKey, ...]
	#: the day of row 0
	start: np.datetime64
	#: shape (T, N); time comes first, so that a day is contiguous in memory
	demand: FloatArray

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
		return DemandHistory(
			keys=self.keys, start=self.start + np.timedelta64(first, "D"), demand=self.demand[first:last]
		)

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
		return DemandHistory(
			keys=tuple(self.keys[i] for i in rows), start=self.start, demand=self.demand[:, rows]
		)


def from_events(
	keys: Sequence[ItemKey],
	item: npt.NDArray[np.integer],
	day: npt.NDArray[np.datetime64],
	quantity: npt.NDArray[np.floating],
	*,
	start: np.datetime64 | None = None,
	end: np.datetime64 | None = None,
) -> tuple[DemandHistory, float]:
	"""Add up demand events, each of shape (E,), into days.

	Negative quantities are goods that came back: they take back that day's demand, then the latest
	earlier demand of the same item. Returns the history and the quantity returned that no demand
	in the window accounts for. `start` and `end` (excluded) default to the first and last event.
	"""
	first = (start if start is not None else day.min()).astype("datetime64[D]")
	last = (end if end is not None else day.max() + np.timedelta64(1, "D")).astype("datetime64[D]")
	days = int((last - first).astype(int))
	offset = (day.astype("datetime64[D]") - first).astype(np.int64)
	inside = (offset >= 0) & (offset < days)
	cells = offset[inside] * len(keys) + item[inside]
	totals = np.bincount(cells, weights=quantity[inside], minlength=days * len(keys))
	demand = totals.reshape(days, len(keys)).astype(np.float64, copy=False)
	unexplained = _net_returns(demand)
	return DemandHistory(tuple(keys), first, demand.astype(np.float32)), unexplained


def _net_returns(demand: npt.NDArray[np.float64]) -> float:
	"""Settle negative days against the latest earlier demand, in place; returns what is left over."""
	unexplained = 0.0
	for column in np.flatnonzero((demand < 0).any(axis=0)):
		series = demand[:, column]
		for day in np.flatnonzero(series < 0):
			returned = -series[day]
			series[day] = 0.0
			for earlier in np.flatnonzero(series[:day] > 0)[::-1]:
				taken = min(returned, series[earlier])
				series[earlier] -= taken
				returned -= taken
				if returned <= 0:
					break
			unexplained += max(returned, 0.0)
	return unexplained
