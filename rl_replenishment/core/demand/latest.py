"""The demand statistics of today alone: many times faster than those of a whole history."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.demand.statistics import (
	LOOKBACK_DAYS,
	QUARTER,
	YEAR,
	DemandStatistics,
	season_ratio,
)
from rl_replenishment.core.items import FloatArray


def latest_statistics(recent: FloatArray, horizon_days: npt.NDArray[np.integer]) -> DemandStatistics:
	"""As `demand_statistics` on the day after the last row of `recent`, shape (T, N); arrays of shape (N,).

	Sums the windows directly instead of keeping running totals for every day.
	"""
	recent = recent[-LOOKBACK_DAYS:]
	days, count = recent.shape
	# neighbouring windows share their sums: each row is added once
	edges = [0, min(7, days), min(28, days), min(QUARTER, days), min(YEAR, days)]
	parts = [recent[days - far : days - near] for near, far in pairwise(edges)]
	totals = np.cumsum([part.sum(axis=0) for part in parts], axis=0)
	level_7, level_28, level_91, level_364 = (
		total / np.float32(max(edge, 1)) for total, edge in zip(totals, edges[1:], strict=True)
	)
	quarter, year = recent[days - edges[3] :], recent[days - edges[4] :]
	return DemandStatistics(
		level_7=level_7,
		level_28=level_28,
		level_91=level_91,
		level_364=level_364,
		spread_91=_spread(quarter, level_91),
		spread_364=_spread(year, level_364),
		active_91=_active(quarter),
		active_364=_active(year),
		days_since_demand=_days_since(year),
		season=_season(recent, horizon_days),
		days_known=np.full(count, days, dtype=np.float32),
	)


def _spread(window: FloatArray, level: FloatArray) -> FloatArray:
	# from the mean: the difference of two large squares would be lost in single precision
	deviation = window - level
	return np.sqrt(np.einsum("tn,tn->n", deviation, deviation) / np.float32(max(len(window), 1)))


def _active(window: FloatArray) -> FloatArray:
	return (np.count_nonzero(window, axis=0) / max(len(window), 1)).astype(np.float32)


def _days_since(year: FloatArray) -> FloatArray:
	if not len(year):
		return np.full(year.shape[1], YEAR, dtype=np.float32)
	backwards = year[::-1] > 0
	first = backwards.argmax(axis=0)
	sold = backwards[first, np.arange(year.shape[1])]
	return np.where(sold, first + 1, YEAR).astype(np.float32)


def _season(recent: FloatArray, horizon_days: npt.NDArray[np.integer]) -> FloatArray:
	count = recent.shape[1]
	if len(recent) < LOOKBACK_DAYS:
		return np.ones(count, dtype=np.float32)
	ahead = np.clip(horizon_days.astype(np.intp), 1, YEAR)
	running = np.cumsum(recent[QUARTER : QUARTER + int(ahead.max(initial=1))], axis=0)
	after = running[ahead - 1, np.arange(count)]
	return season_ratio(recent[:QUARTER].sum(axis=0), after, ahead)
