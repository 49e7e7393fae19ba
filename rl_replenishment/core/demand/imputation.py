"""Demand that no shelf could show: days out of stock, and days before an item was sold at all.

Such days are no days without demand. They are filled before anything else sees the history, so that
statistics, tuning, replay and training need not know of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.demand.filling import ENOUGH_DAYS, WEEK, BoolArray, is_late, own_in_turn, own_weeks
from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.demand.known_events.event import event_days
from rl_replenishment.core.demand.launches import Launches
from rl_replenishment.core.demand.statistics import QUARTER
from rl_replenishment.core.demand.totals import over_their_days
from rl_replenishment.core.demand.unusual import Booking, unusual_bookings, without_bookings
from rl_replenishment.core.items import FloatArray, ItemKey, ItemTable

#: days out of stock in a row that are filled; an item that nobody bought again for longer was given up
LONGEST_OUTAGE_DAYS = 91
#: of a group, the typical item is found among those nearest in price: half of it, at least so many
_LEAST_NEIGHBOURS = 5


@dataclass(frozen=True, eq=False)
class Unseen:
	"""Where the T days of N item-warehouses do not show what was asked for."""

	#: out of stock all day, shape (T, N)
	out_of_stock: BoolArray
	#: sold out in the course of the day: at least what was sold was asked for, shape (T, N)
	sold_out: BoolArray
	#: day on which an item came into being, shape (N,); 0 where it was there before
	introduced: npt.NDArray[np.integer]

	@classmethod
	def nothing(cls, days: int, items: int) -> Unseen:
		"""Every day shows all."""
		return cls(np.zeros((days, items), bool), np.zeros((days, items), bool), np.zeros(items, np.int64))

	def window(self, last: int) -> Unseen:
		"""The days before `last`."""
		return Unseen(self.out_of_stock[:last], self.sold_out[:last], np.minimum(self.introduced, last))


@dataclass(frozen=True, eq=False)
class Imputed:
	"""A history without gaps."""

	history: DemandHistory
	#: share of each item's last quarter that was taken from another item of its group, shape (N,)
	borrowed: FloatArray
	#: items that were not sold all the time, shape (N,)
	is_new: BoolArray
	#: what is far outside an item's own history, and counted as a usual booking
	unusual: tuple[Booking, ...] = ()
	#: `as_booked`, where that was spread over days
	booked: DemandHistory | None = None

	@property
	def as_booked(self) -> DemandHistory:
		"""The history with unusual bookings as they were: what became of a demand that was announced."""
		if self.booked is not None:
			return self.booked
		return without_bookings(self.history, self.unusual, put_back=True)

	def over_days(self, review_days: int, lead_time_days: FloatArray, *, is_cut: bool = False) -> Imputed:
		"""Totals of weeks, months or quarters spread over their days, see `over_their_days`."""
		history = over_their_days(self.history, review_days, lead_time_days, is_cut=is_cut)
		if history is self.history:
			return self
		booked = over_their_days(self.as_booked, review_days, lead_time_days, is_cut=is_cut)
		return replace(self, history=history, booked=booked)

	@cached_property
	def left_out(self) -> FloatArray:
		"""What unusual bookings were more than what they count as, shape (N,)."""
		return self._of_last_unusual()[0]

	@cached_property
	def left_out_days_ago(self) -> FloatArray:
		"""Days from the last of them to the end of the history, shape (N,); 0 where there is none."""
		return self._of_last_unusual()[1]

	def _of_last_unusual(self) -> tuple[FloatArray, FloatArray]:
		quantity, ago = (np.zeros(len(self.history.keys), np.float32) for _ in range(2))
		position = {key: item for item, key in enumerate(self.history.keys)}
		for booking in self.unusual:
			at = position[booking.key]
			quantity[at] += booking.quantity - booking.counted_as
			ago[at] = (self.history.end - booking.day).astype(int)
		return quantity, ago


def impute(
	history: DemandHistory,
	items: ItemTable,
	unseen: Unseen | None = None,
	held: int = 0,
	real: Collection[tuple[ItemKey, np.datetime64]] = (),
) -> Imputed:
	"""Fill the days that do not show demand; without `unseen`, those are the days before an item was sold.

	* A booking far outside an item's own history counts as a usual one, unless a person has called it `real`,
	  or a known event was on, see `unusual_bookings`.

	* A day out of stock takes the demand of the same weekday of an earlier week of the item's own, the k-th
	  such day in a row that of the k-th week before it, so that level, spread, weekdays and idle days stay as
	  they were. On a day that sold out, that counts where it is more. After `LONGEST_OUTAGE_DAYS` in a row,
	  an item was given up, and there is no demand.
	* An item is new where it came into being late, or had its first demand late for how often it sells since.
	  The days before are filled from its own weeks, and where it has few of them, by turns from those of the
	  typical item of its group: the one of median demand among those nearest in price, since cheap goods sell
	  in other numbers than dear ones. Without such an item, they take its own weeks alone.

	The last `held` days are kept for a test: nothing before them is filled from them, and days before an item
	was sold are not filled in them, and no booking in them is unusual. Of items first sold in them, the
	history says what they are taken for until they have enough days of their own, see `launches`.
	"""
	front = history.days - held
	busy = event_days(history.events, items, history.start, history.days)
	position = {key: at for at, key in enumerate(history.keys)}
	unusual = [
		booking
		for booking in unusual_bookings(history.window(0, front), items.order_unit, real)
		# what an event explains has its own place
		if not busy[int((booking.day - history.start).astype(int)), position[booking.key]]
	]
	history = without_bookings(history, unusual)
	demand = history.demand.astype(np.float32, copy=True)
	unseen = unseen or Unseen.nothing(*demand.shape)
	seen = unseen.window(front)
	missing, is_new = _missing(demand[:front], seen)
	available = ~missing
	# what an event makes of demand is usual on no other day
	unusual_days = busy | np.roll(busy, WEEK, axis=0) if history.events else busy
	own = own_weeks(demand[:front], missing | busy[:front])
	_fill(demand[:front], own, missing, seen.sold_out & ~unusual_days[:front])
	known = available.sum(axis=0)
	launched = np.flatnonzero(~(demand[:front] > 0).any(axis=0) & (demand[front:] > 0).any(axis=0))
	needs = is_new & (known < ENOUGH_DAYS)
	needs[launched] = True
	lender, worth = _lenders(demand[:front], available, needs, items)
	is_filled = (lender >= 0) & is_new
	share = known / np.maximum(known + worth, 1e-9)
	borrowed = _borrow(demand[:front], missing, np.where(is_filled, lender, -1), share)
	if held:
		is_held = np.arange(len(demand))[:, None] >= front
		out = _outages(history.demand, unseen.out_of_stock) & is_held
		_fill(demand, own_weeks(demand, out | busy), out, unseen.sold_out & is_held & ~unusual_days)
	found = replace(
		history, demand=demand, launches=Launches.of(launched, lender[launched], worth[launched], demand)
	)
	return Imputed(found, borrowed[-QUARTER:].mean(axis=0, dtype=np.float32), is_new, tuple(unusual))


def _missing(demand: FloatArray, unseen: Unseen) -> tuple[BoolArray, BoolArray]:
	"""Days to fill, shape (T, N), and which items are new, shape (N,)."""
	days = np.arange(len(demand))[:, None]
	missing = _outages(demand, unseen.out_of_stock)
	sold = demand > 0
	ever = sold.any(axis=0)
	first = np.where(ever, sold.argmax(axis=0), 0)
	late = ever & is_late(first, sold.sum(axis=0), len(demand))
	# sold before it came into being: that day only tells when its record was made
	told = np.where(ever & (first < unseen.introduced), 0, unseen.introduced)
	start = np.where(late, first, told)
	return missing | (days < start), start > 0


def _outages(demand: FloatArray, out_of_stock: BoolArray) -> BoolArray:
	"""Days out of stock that hide demand, shape (T, N)."""
	# who sells without stock loses no sales for the lack of it
	hides = out_of_stock & ~(out_of_stock & (demand > 0)).any(axis=0)
	if not hides.any():
		return hides
	rows = np.arange(len(hides), dtype=np.int32)[:, None]
	last_open = np.maximum.accumulate(np.where(hides, np.int32(-1), rows), axis=0)
	return hides & (rows - last_open <= LONGEST_OUTAGE_DAYS)


def _fill(demand: FloatArray, own: FloatArray, missing: BoolArray, sold_out: BoolArray) -> None:
	"""Write the filled days into `demand`; a day that sold out is like the same weekday a week before."""
	demand[missing] = own[missing]
	day, item = np.nonzero(sold_out & ~missing)
	later = day >= WEEK
	day, item = day[later], item[later]
	demand[day, item] = np.maximum(demand[day, item], demand[day - WEEK, item])


def _lenders(
	demand: FloatArray, available: BoolArray, needs: BoolArray, items: ItemTable
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]:
	"""The typical item of the group of each item that needs one, shape (N,); -1 for all others.

	And how many days of its own count as much, shape (N,): the variance of a day's demand over the variance
	between the items' levels (Buehlmann 1967).
	"""
	known = available.sum(axis=0)
	established = (known >= ENOUGH_DAYS) & (demand[-QUARTER:] > 0).any(axis=0)
	level, variance = demand[-QUARTER:].mean(axis=0), demand[-QUARTER:].var(axis=0)
	members = members_of_groups(items, established)
	lender, worth = np.full(demand.shape[1], -1, dtype=np.intp), np.zeros(demand.shape[1])
	for item in np.flatnonzero(needs).tolist():
		near = neighbours(items, members, items.groups[item], float(items.unit_cost[item]))
		if len(near):
			lender[item] = typical(near, level)
			worth[item] = variance[near].mean() / max(level[near].var(), 1e-9)
	return lender, worth


def members_of_groups(items: ItemTable, established: BoolArray) -> dict[str, list[int]]:
	"""Positions of the established items by item group."""
	members: dict[str, list[int]] = defaultdict(list)
	for item in np.flatnonzero(established).tolist():
		members[items.groups[item]].append(item)
	return members


def neighbours(
	items: ItemTable, members: dict[str, list[int]], group: str, price: float
) -> npt.NDArray[np.intp]:
	"""The members of a group nearest in price, half of it; none for no group."""
	found = np.array(members.get(group, []) if group else [], dtype=np.intp)
	ratio = np.abs(np.log(np.maximum(items.unit_cost[found], 1e-9) / max(price, 1e-9)))
	return found[np.argsort(ratio, kind="stable")[: max(_LEAST_NEIGHBOURS, (len(found) + 1) // 2)]]


def typical(near: npt.NDArray[np.intp], level: FloatArray) -> int:
	"""The one of median `level` of some items."""
	return int(near[np.argsort(level[near], kind="stable")[(len(near) - 1) // 2]])


def _borrow(
	demand: FloatArray,
	missing: BoolArray,
	lender: npt.NDArray[np.intp],
	own_share: npt.NDArray[np.float64],
) -> BoolArray:
	"""Overwrite weeks by turns with those of the lender; returns where, shape (T, N)."""
	borrowed = np.zeros_like(missing)
	week = np.arange(len(demand)) // WEEK
	for item in np.flatnonzero(lender >= 0).tolist():
		days = missing[:, item] & ~own_in_turn(week, own_share[item])
		demand[days, item] = demand[days, lender[item]]
		borrowed[days, item] = True
	return borrowed
