"""Items first sold in days that are held for a test, as a policy at work would know them there.

At work, each run fills the days before an item was sold anew, by more and more days of its own. A test that
replays the days as they were would show policies an item that nobody bought for years.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.demand.filling import ENOUGH_DAYS, WEEK, is_late, own_in_turn, own_weeks
from rl_replenishment.core.demand.statistics import LOOKBACK_DAYS, STATISTIC_NAMES, DemandStatistics
from rl_replenishment.core.items import FloatArray


@dataclass(frozen=True, eq=False)
class Launches:
	"""L item-warehouses of a history of T days that are first sold late in it."""

	#: their columns, shape (L,)
	columns: npt.NDArray[np.intp]
	#: day by day, demand of the typical item of the group, shape (T, L); 0 where there is none
	typical: FloatArray
	#: how many days of its own count as much as the typical item, shape (L,); 0 where there is none
	worth: npt.NDArray[np.float64]

	@classmethod
	def of(
		cls,
		columns: npt.NDArray[np.intp],
		lender: npt.NDArray[np.intp],
		worth: npt.NDArray[np.float64],
		demand: FloatArray,
	) -> Launches | None:
		"""With the columns of the typical items, -1 for none; all of shape (L,). None where L is 0."""
		if not len(columns):
			return None
		return cls(columns, np.where(lender >= 0, demand[:, lender], np.float32(0)), worth)

	def window(self, first: int, last: int) -> Launches:
		"""Of the days `first` (included) to `last` (excluded)."""
		return Launches(self.columns, self.typical[first:last], self.worth)

	def take(self, columns: npt.NDArray[np.intp]) -> Launches | None:
		"""Of a history or scenario of these columns, which may repeat; None where none of them is new."""
		launch = np.full(max(int(columns.max(initial=0)), int(self.columns.max())) + 1, -1)
		launch[self.columns] = np.arange(len(self.columns))
		found = np.flatnonzero(launch[columns] >= 0)
		if not len(found):
			return None
		of = launch[columns[found]]
		return Launches(found, self.typical[:, of], self.worth[of])

	def known(
		self,
		statistics: DemandStatistics,
		demand: FloatArray,
		horizon: npt.NDArray[np.integer],
		day: int,
		measure: Callable[[FloatArray, npt.NDArray[np.integer], npt.NDArray[np.integer]], DemandStatistics],
	) -> DemandStatistics:
		"""What is known before `day` of demand (T, N), with the days before an item was sold filled."""
		sold = demand[:day, self.columns] > 0
		first = np.where(sold.any(axis=0), sold.argmax(axis=0), day)
		new = np.flatnonzero((first < day) & is_late(first, sold.sum(axis=0), day))
		if not len(new):
			return statistics
		columns, first = self.columns[new], first[new]
		oldest = max(day - LOOKBACK_DAYS, 0)
		rows = np.arange(oldest, day)[:, None]
		seen = demand[oldest:day, columns]
		missing = rows < first
		own_days = day - first
		share = np.where(
			(own_days < ENOUGH_DAYS) & (self.worth[new] > 0), own_days / (own_days + self.worth[new]), 1.0
		)
		is_own = own_in_turn((rows - oldest) // WEEK, share)
		stand_in = np.where(is_own, own_weeks(seen, missing), self.typical[oldest:day, new])
		filled = np.where(missing, stand_in, seen).astype(np.float32)
		found = measure(filled, horizon[columns], np.array([day - oldest])).on(0)
		changed = {name: getattr(statistics, name).copy() for name in STATISTIC_NAMES}
		for name, values in changed.items():
			values[columns] = getattr(found, name)
		return DemandStatistics(**changed, lift=statistics.lift)
