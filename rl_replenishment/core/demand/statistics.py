"""What recent demand tells: level, spread, intermittency, season, recency.

All of a policy's knowledge of demand passes through here, in the simulation as in production, so that what
was learned is what is served.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.items import FloatArray

#: trailing windows over which the level of demand is measured, in days (whole weeks, so that weekdays
#: balance)
WINDOWS = (7, 28, 91, 364)
#: days of history that the statistics look back on: last year's season and the quarter before it
LOOKBACK_DAYS = 455
QUARTER, YEAR = 91, 364


@dataclass(frozen=True, eq=False)
class DemandStatistics:
	"""Statistics of N item-warehouses on one day, or on D days: arrays of shape (N,) or (D, N).

	Only days before the day itself are looked at. Where the history is shorter than a window, the days
	there are count.
	"""

	#: mean demand per day over the last 7, 28, 91 and 364 days
	level_7: FloatArray
	level_28: FloatArray
	level_91: FloatArray
	level_364: FloatArray
	#: standard deviation of a day's demand over the last 91 and 364 days
	spread_91: FloatArray
	spread_364: FloatArray
	#: share of the last 91 and 364 days that had demand
	active_91: FloatArray
	active_364: FloatArray
	#: days since the last demand, at most 364
	days_since_demand: FloatArray
	#: last year's demand over the days ahead divided by that over the quarter before them; 1 where unknown
	season: FloatArray
	#: days of history there are, at most 455
	days_known: FloatArray

	def on(self, day: int) -> DemandStatistics:
		"""The statistics of one day, shape (N,), out of those of D days."""
		return DemandStatistics(*(getattr(self, name)[day] for name in STATISTIC_NAMES))

	def take(self, columns: npt.ArrayLike) -> DemandStatistics:
		"""The item-warehouses at `columns`."""
		return DemandStatistics(*(getattr(self, name)[..., columns] for name in STATISTIC_NAMES))

	def reindexed(self, index: npt.NDArray[np.intp]) -> DemandStatistics:
		"""The statistics of one day for other items: column `index[i]`, no demand ever where that is -1."""
		never = {"season": 1.0, "days_since_demand": float(YEAR)}
		return DemandStatistics(
			*(
				np.append(getattr(self, name), np.float32(never.get(name, 0.0)))[index]
				for name in STATISTIC_NAMES
			)
		)


STATISTIC_NAMES = tuple(DemandStatistics.__dataclass_fields__)


def demand_statistics(
	demand: FloatArray, horizon_days: npt.NDArray[np.integer], days: Sequence[int] | npt.NDArray[np.integer]
) -> DemandStatistics:
	"""Statistics on each of `days` of a history of shape (T, N); day t sees the rows before t.

	`horizon_days`, shape (N,), is how far ahead an order must last (lead time plus review interval);
	the season is measured over it. Returns arrays of shape (len(days), N).
	"""
	total = _running_total(demand)
	squares = _running_total(np.square(demand, dtype=np.float64))
	active = _running_total((demand > 0).astype(np.float64))
	at = np.asarray(days, dtype=np.intp)
	shape = (len(at), demand.shape[1])

	def mean(running: npt.NDArray[np.float64], window: int) -> npt.NDArray[np.float64]:
		first = np.maximum(at - window, 0)
		known = np.maximum(at - first, 1)[:, None]
		return (running[at] - running[first]) / known

	levels = {window: mean(total, window) for window in WINDOWS}

	def spread(window: int) -> FloatArray:
		variance = mean(squares, window) - np.square(levels[window])
		return np.sqrt(np.maximum(variance, 0.0)).astype(np.float32)

	known = np.broadcast_to(np.minimum(at, LOOKBACK_DAYS)[:, None], shape).astype(np.float32)
	return DemandStatistics(
		level_7=levels[7].astype(np.float32),
		level_28=levels[28].astype(np.float32),
		level_91=levels[91].astype(np.float32),
		level_364=levels[364].astype(np.float32),
		spread_91=spread(91),
		spread_364=spread(364),
		active_91=mean(active, 91).astype(np.float32),
		active_364=mean(active, 364).astype(np.float32),
		days_since_demand=_days_since(demand, at),
		season=_season(total, at, horizon_days),
		days_known=known,
	)


def _running_total(values: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
	running = np.zeros((values.shape[0] + 1, values.shape[1]))
	np.cumsum(values, axis=0, dtype=np.float64, out=running[1:])
	return running


def _days_since(demand: FloatArray, at: npt.NDArray[np.intp]) -> FloatArray:
	rows = np.arange(demand.shape[0], dtype=np.int32)[:, None]
	last = np.maximum.accumulate(np.where(demand > 0, rows, np.int32(-YEAR)), axis=0)
	never = np.full((1, demand.shape[1]), -YEAR, dtype=np.int32)
	last = np.concatenate([never, last])[at]
	return np.minimum(at[:, None] - last, YEAR).astype(np.float32)


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
