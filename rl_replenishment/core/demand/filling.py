"""What stands in for days that do not show demand: weeks of the item's own, or of another by turns."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.items import FloatArray

BoolArray = npt.NDArray[np.bool_]
WEEK = 7
#: an item is new where its first demand comes after so many idle days or more, and chance does not explain it
_LEAST_IDLE_DAYS, _CHANCE = 28, 1e-3
#: days of its own from which on an item needs no other
ENOUGH_DAYS = 91


def is_late(first: npt.NDArray[np.integer], active_days: npt.NDArray[np.integer], days: int) -> BoolArray:
	"""Whether the first demand, on day `first` of `days`, came later than chance explains, shape (N,)."""
	active = active_days / np.maximum(days - first, 1)
	# who sells every day is surely new after a month of nothing
	chance = first * np.log1p(-np.minimum(active, 0.999))
	return np.asarray((first >= _LEAST_IDLE_DAYS) & (chance < np.log(_CHANCE)))


def own_weeks(demand: FloatArray, missing: BoolArray) -> FloatArray:
	"""For each missing day, demand of the same weekday in another week of the item, shape (T, N); else 0."""
	filled = np.zeros_like(demand)
	columns = np.flatnonzero(missing.any(axis=0))
	for weekday in range(min(WEEK, len(demand))):
		gap = missing[weekday::WEEK][:, columns]
		weeks = np.arange(len(gap), dtype=np.int32)[:, None]
		# rows of the available weeks, in order, before those of the others
		order = np.argsort(gap, axis=0, kind="stable")
		count = np.maximum((~gap).sum(axis=0), 1)
		before = np.cumsum(~gap, axis=0)
		last = np.maximum.accumulate(np.where(gap, np.int32(-1), weeks), axis=0)
		# of what lies before a gap, from its end backwards, and round again
		ordinal = (before - (weeks - last)) % count
		source = np.take_along_axis(order, ordinal, axis=0)
		values = np.take_along_axis(demand[weekday::WEEK][:, columns], source, axis=0)
		filled[weekday::WEEK, columns] = np.where(gap & (before[-1] > 0), values, 0)
	return filled


def own_in_turn(weeks: npt.NDArray[np.integer], share: npt.NDArray[np.floating] | float) -> BoolArray:
	"""Whether a week is one of the item's own, where `share` of all weeks are, spread evenly."""
	return np.asarray(np.floor((weeks + 1) * share) > np.floor(weeks * share))
