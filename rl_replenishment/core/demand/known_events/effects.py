"""What events of each kind do to demand, learned from those that have been.

The lift of an event is what it makes of a day's demand, times the usual: the mean of the same weekday of four
weeks before and after that had no event. Its logarithm is a slope times the event's strength, which is 1, or
the discount of a promotion: a price elasticity, so that a discount never seen says something, too.

The slope of a kind is that of a quasi-Poisson regression (McCullagh and Nelder 1989, Generalized Linear
Models) over its events, each weighted by what chance does in as many days without an event, for the same
items together: items share their days. What chance explains is no lift, and what is left is shrunk by how
much of it chance may be (the credibility of Buehlmann 1967, estimated as by James and Stein 1961). Of groups,
and of items in them, the same kind may do more or less: as far as their own events tell them apart
(Buehlmann and Straub 1970, in two levels as Jewell 1975).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.demand.known_events.event import Columns, Event, concerned
from rl_replenishment.core.demand.rhythm import DAILY, Rhythm
from rl_replenishment.core.demand.totals import periods_of
from rl_replenishment.core.items import FloatArray, ItemKey, ItemTable

#: no event makes less or more of a day's demand, times the usual
LEAST_LIFT, LARGEST_LIFT = 0.02, 10.0
#: a lift is no chance from so many deviations of chance on
_CLEARLY = 2.5
#: weeks, or months of monthly totals, on each side that the usual is the mean of, and how many have to be
#: known
_NEIGHBOURS, _LEAST_NEIGHBOURS = 4, 2
#: single orders that were to be expected on all events of a kind, at least, for chance to be judged as
#: normally distributed (Cochran 1954)
_LEAST_ORDERS = 5.0
#: days without an event for each day of an event, at least, to know what chance does
_LEAST_QUIET = 4
#: an item's demand is taken to vary by this share of its mean at least, however steady it was
_LEAST_VARIATION = 0.1
#: what a group or an item may differ from all, times
_LARGEST_OWN = 10.0
#: beyond the strongest discount seen, the lift goes on to grow up to so many times it
_EXTRAPOLATED = 2.0

Array = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Effect:
	"""What events of one kind, with a discount or without, do to demand."""

	kind: str
	is_discount: bool
	#: events that it was learned from, and the strongest and the mean strength of them
	seen: int
	strongest: float
	usual_strength: float
	#: logarithm of the lift per strength; 0 where nothing is told from chance
	slope: float
	#: the same of item groups and item-warehouses that are known to differ
	groups: dict[str, float] = field(default_factory=dict)
	items: dict[ItemKey, float] = field(default_factory=dict)

	@property
	def family(self) -> tuple[str, bool]:
		"""As `Event.family`."""
		return self.kind, self.is_discount

	@property
	def usual_lift(self) -> float:
		"""The lift of an event of mean strength, of an item like most."""
		return float(self.lift(np.array([self.slope]), self.usual_strength)[0])

	def slopes(self, items: ItemTable) -> Array:
		"""The slope of each of N item-warehouses, shape (N,)."""
		if not self.groups and not self.items:
			return np.full(len(items), self.slope)
		return np.array(
			[
				self.items.get(key, self.groups.get(group, self.slope))
				for key, group in zip(items.keys, items.groups, strict=True)
			]
		)

	def lift(self, slopes: Array, strength: float) -> Array:
		"""The lift of an event of this strength for slopes of shape (N,)."""
		most = _EXTRAPOLATED * self.strongest
		return lift_of(slopes * float(np.clip(strength, -most, most)))


def lift_of(logarithm: Array) -> Array:
	"""The lift within its bounds, from its logarithm."""
	return np.exp(np.clip(logarithm, np.log(LEAST_LIFT), np.log(LARGEST_LIFT)))


class Clock:
	"""The days of a history, or its weeks, months or quarters, as units of time."""

	def __init__(self, start: np.datetime64, days: int, rhythm: Rhythm, *, only_whole: bool = False) -> None:
		self._start, self._rhythm = start, rhythm
		if rhythm == DAILY:
			self.firsts, self.lengths = np.arange(days), np.ones(days, np.intp)
		else:
			periods = [
				(first, length)
				for first, last, length in periods_of(start, days, rhythm)
				if last - first == length or not only_whole
			]
			self.firsts = np.array([first for first, _ in periods], np.intp)
			self.lengths = np.array([length for _, length in periods], np.intp)

	@property
	def cycle(self) -> int:
		"""Units after which the same weekday comes again; totals have none."""
		return 7 if self._rhythm == DAILY else 1

	def of(self, event: Event) -> tuple[Columns, Array]:
		"""The units that an event touches, shape (U,), and the share of each that it covers."""
		if not len(self.firsts):
			return np.zeros(0, np.intp), np.zeros(0)
		first, last = (int((day - self._start).astype(int)) for day in (event.first, event.last))
		low = max(int(np.searchsorted(self.firsts, first, side="right")) - 1, 0)
		units = np.arange(low, int(np.searchsorted(self.firsts, last, side="right")))
		begin, length = self.firsts[units], self.lengths[units]
		share = (np.minimum(last + 1, begin + length) - np.maximum(first, begin)) / length
		return units[share > 0], share[share > 0]

	def totals(self, demand: FloatArray) -> FloatArray:
		"""Demand of days, shape (T, N), by unit, shape (U, N)."""
		if self._rhythm == DAILY:
			return demand
		if not len(self.firsts):
			return demand[:0]
		return np.add.reduceat(demand[: self.firsts[-1] + self.lengths[-1]], self.firsts, axis=0)


def effects_of(history: DemandHistory, items: ItemTable, days: int | None = None) -> tuple[Effect, ...]:
	"""What the first `days` of a history (default: all) tell of each kind of its events, by name.

	Kinds that were not seen in them are left out.
	"""
	days = history.days if days is None else days
	end = history.start + np.timedelta64(days, "D")
	events = [each for each in history.events if each.first < end and each.last >= history.start]
	if not events or days <= 0:
		return ()
	past = _Past(history, items, days, events)
	families = sorted({event.family for event in events})
	return tuple(effect for family in families if (effect := past.learned(family)) is not None)


@dataclass(frozen=True, eq=False)
class _Seen:
	"""An event in the past and its C item-warehouses; sums over its days, each of shape (C,)."""

	columns: Columns
	strength: float
	#: demand as it was and as it would have been usual, and the latter of the share of the days covered
	demand: Array
	usual: Array
	covered: Array
	#: variance of the demand of all together over their usual one that is chance
	chance: float

	def expected(self, slopes: Array | float) -> Array:
		"""Demand at slopes of the logarithm of the lift, shape (C,)."""
		lift = lift_of(np.asarray(slopes * self.strength, np.float64))
		return np.asarray(self.usual + self.covered * (lift - 1))


class _Past:
	def __init__(self, history: DemandHistory, items: ItemTable, days: int, events: Sequence[Event]) -> None:
		self._items, self._events = items, events
		self._clock = clock = Clock(history.start, days, history.rhythm, only_whole=True)
		self._columns = concerned(events, items)
		self._demand = demand = clock.totals(history.demand[:days])
		self._kinds = self._kinds_at_work()
		is_quiet = self._kinds == 0
		self._usual, known = _usual(demand, is_quiet, clock.cycle)
		self._known, self._quiet = known, known & is_quiet
		# variance over mean: 1 for single orders of one unit at random, the size of an order for larger ones
		count = np.maximum(self._quiet.sum(axis=0), 1)
		mean = np.where(self._quiet, self._usual, 0).sum(axis=0, dtype=np.float64) / count
		missed = np.where(self._quiet, demand - self._usual, 0)
		variance = np.square(missed).sum(axis=0, dtype=np.float64) / count
		self._dispersion = np.maximum(variance, (_LEAST_VARIATION * mean) ** 2) / np.maximum(mean, 1e-9)
		self._dispersion[mean <= 0] = np.inf
		self._chances: dict[tuple[bytes, int], float] = {}

	def _kinds_at_work(self) -> npt.NDArray[np.int16]:
		"""How many kinds of events concern an item-warehouse at a time, shape (U, N)."""
		found = np.zeros(self._demand.shape, np.int16)
		for family in {event.family for event in self._events}:
			touched = np.zeros(self._demand.shape, np.bool_)
			for event, columns in zip(self._events, self._columns, strict=True):
				if event.family == family:
					touched[np.ix_(self._clock.of(event)[0], columns)] = True
			found += touched
		return found

	def learned(self, family: tuple[str, bool]) -> Effect | None:
		"""The effect of a kind; None where it was not seen."""
		of_kind = [
			(event, columns)
			for event, columns in zip(self._events, self._columns, strict=True)
			if event.family == family and event.strength
		]
		seen = [found for each in of_kind if (found := self._seen(*each)) is not None]
		if not seen:
			return None
		weights = np.array([(each.usual / self._dispersion[each.columns]).sum() for each in seen])
		strengths = np.array([each.strength for each in seen])
		slope = _slope(seen, [self._dispersion[each.columns] for each in seen])
		groups: dict[str, float] = {}
		own: dict[ItemKey, float] = {}
		if slope:
			slopes = np.full(len(self._items), slope)
			names = sorted(set(self._items.groups))
			place = {name: at for at, name in enumerate(names)}
			of_group = np.array([place[name] for name in self._items.groups], np.intp)
			for at, value in self._own(seen, of_group, len(names), slopes).items():
				groups[names[at]] = value
				slopes[of_group == at] = value
			each_item = np.arange(len(self._items))
			for at, value in self._own(seen, each_item, len(self._items), slopes).items():
				own[self._items.keys[at]] = value
		return Effect(
			*family,
			seen=len(seen),
			strongest=float(np.abs(strengths).max()),
			usual_strength=float(strengths @ weights / weights.sum()),
			slope=slope,
			groups=groups,
			items=own,
		)

	def _seen(self, event: Event, columns: Columns) -> _Seen | None:
		units, share = self._clock.of(event)
		if not len(units) or not len(columns):
			return None
		at = np.ix_(units, columns)
		tells = self._known[at]
		alone = tells & (self._kinds[at] == 1)
		# what other kinds do on its days is not told from it, unless there are no other days
		tells = alone if alone.any() else tells
		demand, usual = (
			np.where(tells, values[at], 0).astype(np.float64) for values in (self._demand, self._usual)
		)
		expected = usual.sum(axis=0)
		if not (expected / self._dispersion[columns]).sum() > 0:
			return None
		chance = self._chance(columns, len(units))
		if not np.isfinite(chance):
			return None
		return _Seen(columns, event.strength, demand.sum(axis=0), expected, share @ usual, chance)

	def _chance(self, columns: Columns, length: int) -> float:
		"""Variance, over the usual demand, of that of so many units in a row without an event."""
		key = (columns.tobytes(), length)
		if key not in self._chances:
			quiet, dispersion = self._quiet[:, columns], self._dispersion[columns]
			usual = np.where(quiet, self._usual[:, columns], 0) / dispersion
			missed = np.where(quiet, self._demand[:, columns] - self._usual[:, columns], 0) / dispersion
			self._chances[key] = _variance_of_windows(missed.sum(axis=1), usual.sum(axis=1), length)
		return self._chances[key]

	def _own(self, seen: Sequence[_Seen], unit: Columns, count: int, slopes: Array) -> dict[int, float]:
		"""Slopes of the units (groups, or items) whose own events tell them apart; `unit`, shape (N,)."""
		demand, expected, strength = (np.zeros((len(seen), count)) for _ in range(3))
		for row, each in enumerate(seen):
			dispersion, of = self._dispersion[each.columns], unit[each.columns]
			mean = each.expected(slopes[each.columns]) / dispersion
			np.add.at(demand[row], of, each.demand / dispersion)
			np.add.at(expected[row], of, mean)
			np.add.at(strength[row], of, mean * each.strength)
		weight = expected.sum(axis=0)
		times = (expected > 0).sum(axis=0)
		# one event alone does not tell a unit from chance
		at = np.flatnonzero((times > 1) & (weight > 0))
		if len(at) < 2:
			return {}
		weight, own = weight[at], demand[:, at].sum(axis=0) / weight[at]
		of_each = np.divide(
			demand[:, at], expected[:, at], where=expected[:, at] > 0, out=np.zeros((len(seen), len(at)))
		)
		spread = float((expected[:, at] * np.square(of_each - own)).sum() / (times[at] - 1).sum())
		within, mean = max(spread, 1.0), max(float(own @ weight / weight.sum()), 1e-9)
		apart, degrees = float(weight @ np.square(own - mean)) / within, len(at) - 1
		# chi-squared where the units are alike; few of them differ as much by chance alone
		if apart < degrees + _CLEARLY * float(np.sqrt(2 * degrees)):
			return {}
		effective = weight.sum() - float(np.square(weight).sum() / weight.sum())
		between = within * (apart - degrees) / max(effective, 1e-9)
		credible = weight / (weight + within / between)
		factor = np.clip(1 + credible * (own / mean - 1), 1 / _LARGEST_OWN, _LARGEST_OWN)
		usual_strength = strength[:, at].sum(axis=0) / weight
		first = {int(unit[column]): float(slopes[column]) for column in range(len(unit) - 1, -1, -1)}
		return {
			place: first[place] + float(np.log(times_usual) / at_strength)
			for place, times_usual, at_strength in zip(at.tolist(), factor, usual_strength, strict=True)
			if abs(at_strength) > 1e-6
		}


def _usual(demand: FloatArray, quiet: BoolArray, cycle: int) -> tuple[FloatArray, BoolArray]:
	"""The mean of the neighbours without an event, and where enough of them are known, shape (U, N) each."""
	told = np.where(quiet, demand, np.float32(0))
	total: FloatArray = np.zeros(demand.shape, np.float32)
	count: FloatArray = np.zeros(demand.shape, np.float32)
	for step in range(cycle, _NEIGHBOURS * cycle + 1, cycle):
		total[step:] += told[:-step]
		total[:-step] += told[step:]
		count[step:] += quiet[:-step]
		count[:-step] += quiet[step:]
	usual = (total / np.maximum(count, 1)).astype(np.float32)
	return usual, count >= _LEAST_NEIGHBOURS


def _variance_of_windows(missed: Array, usual: Array, length: int) -> float:
	"""Mean square of what windows of so many units missed of their usual demand; inf where too few are."""
	if (usual > 0).sum() < _LEAST_QUIET * length or len(usual) < length:
		return float("inf")
	sums = [np.concatenate([[0.0], np.cumsum(values)]) for values in (missed, usual)]
	of_missed, of_usual = (total[length:] - total[:-length] for total in sums)
	# windows that other events cut up say little
	whole = of_usual >= 0.5 * float(np.median(of_usual[of_usual > 0]))
	return float(np.mean(np.square(of_missed[whole] / of_usual[whole])))


def _slope(seen: Sequence[_Seen], dispersions: Sequence[Array]) -> float:
	"""The common slope, shrunk by what may be chance; 0 where all of it may."""
	strength = np.array([each.strength for each in seen])
	sums = [
		[(part / dispersion).sum() for part in (each.demand - each.usual, each.usual, each.covered)]
		for each, dispersion in zip(seen, dispersions, strict=True)
	]
	more, usual, covered = np.array(sums).T
	if usual.sum() < _LEAST_ORDERS:
		return 0.0
	# of independent orders, the least there is, or as days without an event show
	variance = np.maximum([each.chance for each in seen], 1 / usual) * usual**2
	weight = covered * strength / variance
	deviations = float(weight @ more) / max(float(np.sqrt(np.square(weight) @ variance)), 1e-12)
	most = float(np.abs(strength).max())
	low, high = np.log(LEAST_LIFT) / most, np.log(LARGEST_LIFT) / most
	if (strength < 0).any():
		low, high = -max(-low, high), max(-low, high)
	for _ in range(60):
		middle = (low + high) / 2
		left = float(weight @ (more - covered * (lift_of(middle * strength) - 1)))
		low, high = (middle, high) if left > 0 else (low, middle)
	slope = (low + high) / 2
	missed = more - covered * (lift_of(slope * strength) - 1)
	scatter = float((np.square(missed) / variance).sum() / (len(seen) - 1)) if len(seen) > 1 else 1.0
	doubt = max(scatter, 1.0) / max(deviations**2, 1e-12)
	return float(slope * (1 - doubt)) if doubt * _CLEARLY**2 < 1 else 0.0
