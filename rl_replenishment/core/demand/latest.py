"""The demand statistics of today alone: many times faster than those of a whole history."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.demand.statistics import (
	LOOKBACK_DAYS,
	PEAK_WEEKS,
	QUARTER,
	STATISTIC_NAMES,
	WEEK,
	WEEKS,
	WINDOWS,
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
	weeks = min(days // WEEK, WEEKS)
	# newest first; levels are means of whole weeks where the history is long enough
	totals = recent[days - weeks * WEEK :].reshape(weeks, WEEK, count).sum(axis=1)[::-1]
	running = running_rows(totals)

	def level(window: int) -> FloatArray:
		if window <= weeks * WEEK:
			return np.asarray(running[window // WEEK] / np.float32(window))
		return np.asarray(recent[-window:].sum(axis=0) / np.float32(max(min(window, days), 1)))

	interval = np.clip(horizon_days.astype(np.intp), 1, YEAR)
	peak = totals[:PEAK_WEEKS].max(axis=0) if weeks else np.zeros(count, np.float32)
	since_demand, since_first = _days_since(recent)
	return DemandStatistics(
		**{f"level_{window}": level(window) for window in WINDOWS},
		level_interval=_level_interval(recent, interval),
		week_spread=totals.std(axis=0) if weeks else np.zeros(count, np.float32),
		week_peak=peak,
		active_91=_active(recent[-QUARTER:]),
		active_364=_active(recent[-YEAR:]),
		days_since_demand=since_demand,
		days_since_first=since_first,
		season=_season(recent, horizon_days),
		**_year_ago(recent, interval),
		days_known=np.full(count, days, dtype=np.float32),
	)


def running_rows(rows: FloatArray) -> FloatArray:
	"""Totals of the rows before each, shape (T + 1, N)."""
	running = np.zeros((len(rows) + 1, rows.shape[1]), dtype=np.float32)
	# row by row: numpy's cumsum along the first axis strides through memory, 50 times slower
	for number, row in enumerate(rows):
		np.add(running[number], row, out=running[number + 1])
	return running


def _year_ago(recent: FloatArray, interval: npt.NDArray[np.intp]) -> dict[str, FloatArray]:
	days, count = recent.shape
	then = days - YEAR
	if then < 0:
		return {name: np.zeros(count, np.float32) for name in STATISTIC_NAMES if name.startswith("year_ago")}
	columns = np.arange(count)
	running = running_rows(recent[: then + int(interval.max(initial=1)) + 28])
	latest = len(running) - 1

	def mean(first: npt.NDArray[np.intp] | int, last: npt.NDArray[np.intp] | int) -> FloatArray:
		first, last = np.clip(first, 0, latest), np.clip(last, 0, latest)
		rows = np.maximum(last - first, 1).astype(np.float32)
		if np.ndim(last):
			return np.asarray((running[last, columns] - running[first, columns]) / rows)
		return np.asarray((running[last] - running[first]) / rows)

	return {
		"year_ago_interval": mean(then + 0 * interval, then + interval),
		"year_ago_14": mean(then, then + 14),
		"year_ago_28": mean(then, then + 28),
		"year_ago_beyond": mean(then + interval, then + interval + 28),
		"year_ago_before_28": mean(then - 28, then),
		"year_ago_before_91": mean(then - QUARTER, then),
	}


def _level_interval(recent: FloatArray, interval: npt.NDArray[np.intp]) -> FloatArray:
	days, count = recent.shape
	running = running_rows(recent[::-1][: int(interval.max(initial=1))])
	rows = np.minimum(interval, days)
	return np.asarray(running[rows, np.arange(count)] / np.maximum(rows, 1).astype(np.float32))


def _active(window: FloatArray) -> FloatArray:
	return (np.count_nonzero(window, axis=0) / max(len(window), 1)).astype(np.float32)


def _days_since(recent: FloatArray) -> tuple[FloatArray, FloatArray]:
	days, count = recent.shape
	if not days:
		return np.full(count, YEAR, dtype=np.float32), np.zeros(count, dtype=np.float32)
	sold = recent > 0
	row = np.arange(1, days + 1, dtype=np.int16)[:, None]
	# one more than the row, 0 where there is none; argmax would stride through memory
	last = np.multiply(sold, row).max(axis=0)
	from_end = np.multiply(sold, row[::-1]).max(axis=0)
	since_last = np.where(last > 0, np.minimum(days + 1 - last, YEAR), YEAR)
	return since_last.astype(np.float32), from_end.astype(np.float32)


def _season(recent: FloatArray, horizon_days: npt.NDArray[np.integer]) -> FloatArray:
	count = recent.shape[1]
	if len(recent) < LOOKBACK_DAYS:
		return np.ones(count, dtype=np.float32)
	ahead = np.clip(horizon_days.astype(np.intp), 1, YEAR)
	running = running_rows(recent[QUARTER : QUARTER + int(ahead.max(initial=1))])
	after = running[ahead, np.arange(count)]
	return season_ratio(recent[:QUARTER].sum(axis=0), after, ahead)
