"""What known events make of each day's demand, and demand freed of it.

Levels, spread, season and forecasts are those of usual demand, so that a promotion neither raises the weeks
after it nor next year's season; what is expected of the days to come is raised by their events again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.demand.filling import own_weeks
from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.demand.known_events.effects import LARGEST_LIFT, Clock, Effect, effects_of
from rl_replenishment.core.demand.known_events.event import Columns, Event, concerned
from rl_replenishment.core.demand.known_events.stored import KnownEvents
from rl_replenishment.core.demand.latest import latest_statistics, running_rows
from rl_replenishment.core.demand.rhythm import Rhythm
from rl_replenishment.core.demand.statistics import DemandStatistics
from rl_replenishment.core.items import FloatArray, ItemTable

#: days after a history that lifts are known for: lead time and review interval at their longest
DAYS_AHEAD = 730
#: a day with a smaller lift says too little of the usual demand: it is filled as a day out of stock
_LEAST_TELLING = 0.2


@dataclass(frozen=True, eq=False)
class Lifts:
	"""Demand of N item-warehouses on E days with events, times the usual."""

	#: shape (E,), in order
	days: npt.NDArray[np.datetime64]
	#: shape (E, N); 1 where nothing changes
	lift: FloatArray

	def take(self, columns: slice | npt.NDArray[np.intp]) -> Lifts:
		"""The item-warehouses at `columns`, which may repeat."""
		return Lifts(self.days, np.ascontiguousarray(self.lift[:, columns]))

	def usual(self, demand: FloatArray, start: np.datetime64) -> FloatArray:
		"""Demand from `start` on, shape (T, N), freed of the lifts."""
		row = (self.days - start).astype(np.int64)
		inside = (row >= 0) & (row < len(demand))
		if not inside.any():
			return demand
		row, lift = row[inside], self.lift[inside]
		found = demand.copy()
		found[row] /= np.maximum(lift, np.float32(_LEAST_TELLING))
		hides = np.zeros(demand.shape, np.bool_)
		hides[row] = lift < _LEAST_TELLING
		if hides.any():
			found[hides] = own_weeks(found, hides)[hides]
		return found

	def ahead(self, today: np.datetime64, days: npt.NDArray[np.integer]) -> FloatArray:
		"""The mean lift of so many days from today on, shape (N,)."""
		first = int(np.searchsorted(self.days, today))
		last = np.searchsorted(self.days, today + days.astype("timedelta64[D]"))
		more = self._more[last, np.arange(len(days))] - self._more[first]
		return (1 + more / np.maximum(days, 1)).astype(np.float32)

	def told(
		self, known: DemandStatistics, today: np.datetime64, horizon_days: npt.NDArray[np.integer]
	) -> DemandStatistics:
		"""Statistics of the usual demand, with the lift of the days to come."""
		return replace(known, lift=self.ahead(today, horizon_days))

	def told_by_day(
		self,
		known: DemandStatistics,
		days: npt.NDArray[np.datetime64],
		horizon_days: npt.NDArray[np.integer],
	) -> DemandStatistics:
		"""As `told`, of statistics of D days, shape (D, N) each."""
		return replace(known, lift=np.stack([self.ahead(day, horizon_days) for day in days]))

	@cached_property
	def _more(self) -> FloatArray:
		"""Sums of the lifts, less 1 each, of the days before each, shape (E + 1, N)."""
		return running_rows(self.lift - np.float32(1))


def lifts_of(
	effects: Sequence[Effect],
	events: Sequence[Event],
	items: ItemTable,
	first: np.datetime64,
	days: int,
	rhythm: Rhythm,
) -> Lifts | None:
	"""The lifts of so many days from `first` on; None where no event changes anything.

	Of events of one kind at a time the strongest counts; those of several kinds are multiplied. Of totals of
	weeks or months, each day has the mean of its period.
	"""
	known = {effect.family: effect for effect in effects if effect.slope or effect.groups or effect.items}
	end = first + np.timedelta64(days, "D")
	told = [each for each in events if each.family in known and each.first < end and each.last >= first]
	clock = Clock(first, days, rhythm)
	touched: list[tuple[str, bool, Event, Columns, Columns, npt.NDArray[np.float64]]] = []
	for event, columns in zip(told, concerned(told, items), strict=True):
		units, share = clock.of(event)
		if len(units) and len(columns):
			touched.append((*event.family, event, columns, units, share))
	if not touched:
		return None
	used = np.unique(np.concatenate([units for *_, units, _share in touched]))
	total = np.ones((len(used), len(items)), np.float32)
	for family, effect in known.items():
		slopes = effect.slopes(items)
		of_kind = np.ones_like(total)
		for *of, event, columns, units, share in touched:
			if tuple(of) != family:
				continue
			at = np.ix_(np.searchsorted(used, units), columns)
			lift = 1 + share[:, None] * (effect.lift(slopes[columns], event.strength) - 1)
			before = of_kind[at]
			is_stronger = np.abs(np.log(lift)) > np.abs(np.log(before))
			of_kind[at] = np.where(is_stronger, lift, before)
		total *= of_kind
	np.minimum(total, np.float32(LARGEST_LIFT), out=total)
	if (total == 1).all():
		return None
	rows, unit = _days_of(clock, used)
	return Lifts(first + rows.astype("timedelta64[D]"), total[unit])


def _days_of(clock: Clock, used: Columns) -> tuple[Columns, Columns]:
	"""The days of some units, in order, and the place of each one's unit among them."""
	length = clock.lengths[used]
	unit = np.repeat(np.arange(len(used)), length)
	within = np.arange(len(unit)) - np.repeat(np.cumsum(length) - length, length)
	return clock.firsts[used][unit] + within, unit


def known_lifts(
	history: DemandHistory, items: ItemTable, days: int | None = None, effects: Sequence[Effect] | None = None
) -> Lifts | None:
	"""The lifts of a history's events in it and `DAYS_AHEAD` after it; None where there are none.

	Effects are those given, or what the first `days` of the history (default: all) tell of them: no later day
	is looked at.
	"""
	if not history.events:
		return None
	if effects is None:
		effects = effects_of(history, items, days)
	return lifts_of(effects, history.events, items, history.start, history.days + DAYS_AHEAD, history.rhythm)


def coming_lifts(known: KnownEvents, items: ItemTable, today: np.datetime64, rhythm: Rhythm) -> Lifts | None:
	"""The lifts of the days from today on; None where no event changes anything."""
	return lifts_of(known.effects, known.events, items, today, DAYS_AHEAD, rhythm)


def latest_usual(
	history: DemandHistory,
	items: ItemTable,
	horizon_days: npt.NDArray[np.integer],
	effects: Sequence[Effect] | None = None,
) -> DemandStatistics:
	"""The statistics on the day after a history, of usual demand, with the lift of the days ahead.

	What events do is what the history tells, unless `effects` say it.
	"""
	lifts = known_lifts(history, items, effects=effects)
	if lifts is None:
		return latest_statistics(history.demand, horizon_days)
	known = latest_statistics(lifts.usual(history.demand, history.start), horizon_days)
	return lifts.told(known, history.end, horizon_days)


def usual_history(history: DemandHistory, items: ItemTable) -> DemandHistory:
	"""The history with its demand freed of what its events did, as it tells itself."""
	lifts = known_lifts(history, items)
	return history if lifts is None else replace(history, demand=lifts.usual(history.demand, history.start))
