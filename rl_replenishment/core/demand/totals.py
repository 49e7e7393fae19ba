"""Totals of weeks, months or quarters, spread over the days that they stand for.

A policy that looks at stock more often than totals tell would take the day that a total is dated for the only
one with demand, and order nothing until just before the next. What happens within a week or a month is not
known; how many orders a total is made of, its changes from one period to the next tell: where n orders of
equal size come in a period at random (a Poisson process), variance over squared mean of the totals is 1 / n.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.demand.rhythm import DAILY, MONTHLY, WEEKLY, Rhythm
from rl_replenishment.core.items import FloatArray

_WEEK = 7


def over_their_days(
	history: DemandHistory,
	review_days: int,
	lead_time_days: FloatArray | None = None,
	*,
	is_cut: bool = False,
) -> DemandHistory:
	"""A history of totals as one of days, its length and rhythm as before.

	Each total comes in orders of equal size at equal distances, in whole units where it is whole; a steady
	one comes day by day. What lies behind the end of the history is not in it; with `is_cut`, the last total
	is that of the days until then. Weekly totals stay as they are where reviews are every so many whole weeks
	and an item's lead time, shape (N,), is whole weeks, too: nothing happens within one that a review or an
	arrival could answer.
	"""
	if history.rhythm == DAILY:
		return history
	stays = np.zeros(len(history.keys), np.bool_)
	if history.rhythm == WEEKLY and review_days % _WEEK == 0:
		stays[:] = True if lead_time_days is None else lead_time_days % _WEEK == 0
	if stays.all():
		return history
	launches = history.launches
	if launches is not None:
		of_days = _of_days(history, launches.typical, stays[launches.columns], is_cut)
		launches = replace(launches, typical=of_days)
	return replace(history, demand=_of_days(history, history.demand, stays, is_cut), launches=launches)


def _of_days(
	history: DemandHistory, demand: FloatArray, stays: npt.NDArray[np.bool_], is_cut: bool
) -> FloatArray:
	"""Demand by day of totals (T, N) in the rhythm of a history, but of what `stays`, shape (N,)."""
	periods = list(periods_of(history.start, history.days, history.rhythm))
	totals = np.stack([demand[first:last].sum(axis=0) for first, last, _days in periods])
	orders = _orders_in_a_period(totals)
	found = np.zeros_like(demand)
	for total, (first, last, days) in zip(totals, periods, strict=True):
		found[first:last] = _by_day(total, orders, last - first if is_cut else days)[: last - first]
	found[:, stays] = demand[:, stays]
	return found


def periods_of(start: np.datetime64, days: int, rhythm: Rhythm) -> Iterator[tuple[int, int, int]]:
	"""First row, row behind the last, and whole length in days, of each period of so many days."""
	first = 0
	while first < days:
		if rhythm == WEEKLY:
			length = _WEEK
		else:
			month = (start + np.timedelta64(first, "D")).astype("datetime64[M]")
			months = 1 if rhythm == MONTHLY else 3 - int(month.astype(int)) % 3
			end = (month + np.timedelta64(months, "M")).astype("datetime64[D]")
			length = int((end - start).astype(int)) - first
		yield first, min(first + length, days), length
		first += length


def _orders_in_a_period(totals: FloatArray) -> npt.NDArray[np.float64]:
	"""How many orders totals of P periods, shape (P, N), are made of, shape (N,); at least 1, perhaps inf.

	The variance is that from one period to the next, which trends and seasons change little.
	"""
	mean = totals.mean(axis=0, dtype=np.float64)
	variance = np.square(np.diff(totals.astype(np.float64), axis=0)).sum(axis=0) / (
		2 * max(len(totals) - 1, 1)
	)
	found = np.full(mean.shape, np.inf)
	np.divide(np.square(mean), variance, out=found, where=variance > 0)
	return np.asarray(np.maximum(np.round(found), 1), np.float64)


def _by_day(total: FloatArray, orders: npt.NDArray[np.float64], days: int) -> FloatArray:
	"""Totals, shape (N,), as `orders` over so many days, shape (days, N)."""
	count = np.minimum(orders, days)
	# an order in the middle of each of as many stretches of equal length
	passed = np.arange(days + 1)[:, None] * count / days
	come = np.clip(np.ceil(passed - 0.5), 0, count) / count
	running = total.astype(np.float64) * come
	is_whole = total == np.round(total)
	return np.diff(np.where(is_whole, np.round(running), running), axis=0).astype(np.float32)
