"""What recent demand tells: level, spread, intermittency, season, recency.

All of a policy's knowledge of demand passes through here, in the simulation as in production, so that what
was learned is what is served.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.items import FloatArray

#: trailing windows over which the level of demand is measured, in days (whole weeks, so that weekdays
#: balance)
WINDOWS = (7, 14, 21, 28, 56, 91, 182, 364)
#: days of history that the statistics look back on: last year's season and the quarter before it
LOOKBACK_DAYS = 455
QUARTER, YEAR = 91, 364
#: totals of seven days that spread is measured on, and those that the peak is looked for in
WEEK, WEEKS, PEAK_WEEKS = 7, 52, 26


@dataclass(frozen=True, eq=False)
class DemandStatistics:
	"""Statistics of N item-warehouses on one day, or on D days: arrays of shape (N,) or (D, N).

	Only days before the day itself are looked at. Where the history is shorter than a window, the days
	there are count. Levels and last year's demand are means per day.
	"""

	#: over the last so many days
	level_7: FloatArray
	level_14: FloatArray
	level_21: FloatArray
	level_28: FloatArray
	level_56: FloatArray
	level_91: FloatArray
	level_182: FloatArray
	level_364: FloatArray
	#: over the last protection interval (lead time plus review interval), at most 364 days
	level_interval: FloatArray
	#: standard deviation of the totals of seven days over the last 52 of them, and the largest of the last 26
	week_spread: FloatArray
	week_peak: FloatArray
	#: share of the last 91 and 364 days that had demand
	active_91: FloatArray
	active_364: FloatArray
	#: days since the last and since the first demand, at most 364 and 455
	days_since_demand: FloatArray
	days_since_first: FloatArray
	#: last year's demand over the days ahead divided by that over the quarter before them; 1 where unknown
	season: FloatArray
	#: demand from the same day of last year on, over a protection interval, 14 and 28 days, and over the 28
	#: days behind that interval; 0 where it is not known
	year_ago_interval: FloatArray
	year_ago_14: FloatArray
	year_ago_28: FloatArray
	year_ago_beyond: FloatArray
	#: over the 28 and the 91 days before that day
	year_ago_before_28: FloatArray
	year_ago_before_91: FloatArray
	#: days of history there are, at most 455
	days_known: FloatArray
	#: what known events make of the demand of the days ahead, over a protection interval, times the usual;
	#: all of the above is of usual demand then, see `known_events`. None where no event is known
	lift: FloatArray | None = None

	def each(self, change: Callable[[FloatArray], FloatArray]) -> DemandStatistics:
		"""The same change of every array."""
		changed = {name: change(getattr(self, name)) for name in STATISTIC_NAMES}
		return DemandStatistics(**changed, lift=None if self.lift is None else change(self.lift))

	def on(self, day: int) -> DemandStatistics:
		"""The statistics of one day, shape (N,), out of those of D days."""
		return self.each(lambda values: values[day])

	def take(self, columns: npt.ArrayLike) -> DemandStatistics:
		"""The item-warehouses at `columns`."""
		at = np.asarray(columns)
		return self.each(lambda values: values[..., at])

	def reindexed(self, index: npt.NDArray[np.intp]) -> DemandStatistics:
		"""The statistics of one day for other items: column `index[i]`, no demand ever where that is -1."""
		never = {"season": 1.0, "days_since_demand": float(YEAR)}
		known = {
			name: np.append(getattr(self, name), np.float32(never.get(name, 0.0)))[index]
			for name in STATISTIC_NAMES
		}
		lift = None if self.lift is None else np.append(self.lift, np.float32(1))[index]
		return DemandStatistics(**known, lift=lift)


#: what the past tells
STATISTIC_NAMES = tuple(name for name in DemandStatistics.__dataclass_fields__ if name != "lift")


def demand_statistics(
	demand: FloatArray, horizon_days: npt.NDArray[np.integer], days: Sequence[int] | npt.NDArray[np.integer]
) -> DemandStatistics:
	"""Statistics on each of `days` of a history of shape (T, N); day t sees the rows before t.

	`horizon_days`, shape (N,), is how far ahead an order must last (lead time plus review interval);
	the season is measured over it. Returns arrays of shape (len(days), N).
	"""
	total = _running_total(demand)
	active = _running_total((demand > 0).astype(np.float64))
	at = np.asarray(days, dtype=np.intp)
	shape = (len(at), demand.shape[1])

	def mean(running: npt.NDArray[np.float64], window: int) -> FloatArray:
		first = np.maximum(at - window, 0)
		known = np.maximum(at - first, 1)[:, None]
		return ((running[at] - running[first]) / known).astype(np.float32)

	interval = np.clip(horizon_days.astype(np.intp), 1, YEAR)[None, :]
	columns = np.arange(demand.shape[1])[None, :]
	start = np.maximum(at[:, None] - interval, 0)
	in_interval = (total[at] - total[start, columns]) / np.maximum(at[:, None] - start, 1)
	spread, peak = _weeks(total, at)
	known = np.broadcast_to(np.minimum(at, LOOKBACK_DAYS)[:, None], shape).astype(np.float32)
	since_demand, since_first = _days_since(demand, at)
	return DemandStatistics(
		**{f"level_{window}": mean(total, window) for window in WINDOWS},
		level_interval=in_interval.astype(np.float32),
		week_spread=spread,
		week_peak=peak,
		active_91=mean(active, QUARTER),
		active_364=mean(active, YEAR),
		days_since_demand=since_demand,
		days_since_first=since_first,
		season=_season(total, at, horizon_days),
		**_year_ago(total, at, interval),
		days_known=known,
	)


def _running_total(values: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
	running = np.zeros((values.shape[0] + 1, values.shape[1]))
	np.cumsum(values, axis=0, dtype=np.float64, out=running[1:])
	return running


def _weeks(total: npt.NDArray[np.float64], at: npt.NDArray[np.intp]) -> tuple[FloatArray, FloatArray]:
	"""Deviation of the totals of seven days, counted backwards from each day, and the largest of late."""
	spread, peak = (np.zeros((len(at), total.shape[1]), np.float32) for _ in range(2))
	for row, day in enumerate(at):
		weeks = min(day // WEEK, WEEKS)
		if weeks:
			edges = total[day - WEEK * np.arange(weeks + 1)]
			totals = edges[:-1] - edges[1:]
			spread[row] = totals.std(axis=0)
			peak[row] = totals[:PEAK_WEEKS].max(axis=0)
	return spread, peak


def _year_ago(
	total: npt.NDArray[np.float64], at: npt.NDArray[np.intp], interval: npt.NDArray[np.intp]
) -> dict[str, FloatArray]:
	"""Mean demand per day around the same day of last year, never past today."""
	columns = np.arange(total.shape[1])[None, :]
	known = (at >= YEAR)[:, None]
	today = np.where(known, at[:, None], 0)
	then = np.where(known, at[:, None] - YEAR, 0)

	def mean(first: npt.NDArray[np.intp], last: npt.NDArray[np.intp]) -> FloatArray:
		first, last = (np.clip(each, 0, today) for each in (first, last))
		found = (total[last, columns] - total[first, columns]) / np.maximum(last - first, 1)
		return np.where(known, found, 0).astype(np.float32)

	return {
		"year_ago_interval": mean(then, then + interval),
		"year_ago_14": mean(then, then + 14),
		"year_ago_28": mean(then, then + 28),
		"year_ago_beyond": mean(then + interval, then + interval + 28),
		"year_ago_before_28": mean(then - 28, then),
		"year_ago_before_91": mean(then - QUARTER, then),
	}


def _days_since(demand: FloatArray, at: npt.NDArray[np.intp]) -> tuple[FloatArray, FloatArray]:
	"""Days since the last and since the first demand of the last 455 days."""
	rows = np.arange(demand.shape[0], dtype=np.int32)[:, None]
	sold = demand > 0
	last = np.maximum.accumulate(np.where(sold, rows, np.int32(-YEAR)), axis=0)
	never = np.full((1, demand.shape[1]), -YEAR, dtype=np.int32)
	last = np.concatenate([never, last])[at]
	following = np.where(sold, rows, np.int32(len(demand)))[::-1]
	following = np.minimum.accumulate(following, axis=0)[::-1]
	following = np.concatenate([following, np.full((1, demand.shape[1]), len(demand), np.int32)])
	first = following[np.maximum(at - LOOKBACK_DAYS, 0)]
	since_last = np.minimum(at[:, None] - last, YEAR).astype(np.float32)
	return since_last, np.maximum(at[:, None] - first, 0).astype(np.float32)


def _season(
	total: npt.NDArray[np.float64], at: npt.NDArray[np.intp], horizon_days: npt.NDArray[np.integer]
) -> FloatArray:
	"""Ratio of last year's demand ahead to the quarter before it, shrunk where that quarter saw little."""
	columns = np.arange(total.shape[1])
	known = at >= LOOKBACK_DAYS
	year_ago = np.where(known, at - YEAR, 0)
	quarter_before = np.where(known, at - LOOKBACK_DAYS, 0)
	# never past today: the horizon of a long lead time is cut to what lies in the past
	ahead = np.clip(horizon_days.astype(np.intp), 1, YEAR)[None, :]
	before = total[year_ago] - total[quarter_before]
	after = total[year_ago[:, None] + ahead * known[:, None], columns[None, :]] - total[year_ago]
	return np.where(known[:, None], season_ratio(before, after, ahead), np.float32(1))


def season_ratio(
	before: npt.NDArray[np.floating], after: npt.NDArray[np.floating], days_after: npt.NDArray[np.integer]
) -> FloatArray:
	"""Daily demand of the days ahead last year over that of the quarter before them, from their totals."""
	level = (before + after) / (QUARTER + days_after)
	# a tenth of the level on both sides keeps a quiet quarter from making a wild ratio
	ratio = (after / days_after + 0.1 * level + 1e-9) / (before / QUARTER + 0.1 * level + 1e-9)
	return np.clip(ratio, 0.25, 4.0).astype(np.float32)
