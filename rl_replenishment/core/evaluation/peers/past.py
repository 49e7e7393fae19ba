"""Recorded demand as a peer looks back on it: any window that ends yesterday, never today."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.evaluation.schedule import days_since
from rl_replenishment.core.policies.base import State

WEEK, YEAR = 7, 364

Array = npt.NDArray[np.float64]


class Past:
	"""A history of T days of N item-warehouses, read backwards from the day of ordering.

	Demand is exogenous: the days before a held-out day are the same whatever was ordered, so a peer may read
	them from the record instead of from the statistics in a `State`.
	"""

	def __init__(self, history: DemandHistory) -> None:
		self.history = history

	@cached_property
	def _total(self) -> Array:
		total = np.zeros((self.history.days + 1, len(self.history.keys)))
		np.cumsum(self.history.demand, axis=0, dtype=np.float64, out=total[1:])
		return total

	@cached_property
	def _active(self) -> Array:
		active = np.zeros(self._total.shape)
		np.cumsum(self.history.demand > 0, axis=0, out=active[1:])
		return active

	@cached_property
	def first_sale(self) -> npt.NDArray[np.intp]:
		"""Row of the first demand of each item, shape (N,); T where there is none."""
		sold = self.history.demand > 0
		return np.where(sold.any(axis=0), sold.argmax(axis=0), self.history.days)

	def row(self, state: State) -> int:
		"""Row of the day of ordering; only rows before it are known. Raises `ValueError` for other items."""
		if state.items.keys != self.history.keys:
			raise ValueError("this policy orders for the item-warehouses of its own history only")
		return days_since(self.history.start, state)

	def sum(self, first: int, last: int) -> Array:
		"""Demand of the rows `first` to `last` (excluded), as far as there are any, shape (N,)."""
		bounds = np.clip((first, last), 0, self.history.days)
		return np.asarray(self._total[bounds[1]] - self._total[bounds[0]])

	def ahead(self, row: int, days: npt.NDArray[np.integer]) -> Array:
		"""Demand of the `days`, shape (N,), from `row` on, shape (N,); the rows must exist."""
		return np.asarray(self._total[row + days, np.arange(self._total.shape[1])] - self._total[row])

	def rate(self, row: int, window: int) -> Array:
		"""Mean demand per day over the `window` days before `row`, shape (N,)."""
		return self.sum(row - window, row) / max(min(window, row), 1)

	def activity(self, row: int, window: int) -> Array:
		"""Share of the `window` days before `row` that had demand, shape (N,)."""
		first = max(row - window, 0)
		return np.asarray((self._active[row] - self._active[first]) / max(row - first, 1))

	def weeks(self, row: int, count: int) -> Array:
		"""Sums of the up to `count` whole weeks before `row`, the latest first, shape (weeks, N)."""
		ends = row - WEEK * np.arange(min(count, row // WEEK) + 1)
		return np.asarray(-np.diff(self._total[ends], axis=0))
