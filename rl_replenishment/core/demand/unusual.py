"""Bookings far outside an item's own history: a project, a write-off, a typing error.

One such booking would drive the forecast for a year. It is counted as one usual booking instead, in all that
policies and training know of demand, and named, so that a person can say that it was real.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.demand.rhythm import MONTHLY, QUARTERLY, Rhythm
from rl_replenishment.core.items import FloatArray, ItemKey

#: unusual is what is more than so many usual bookings, so many days of the item's other demand, and so many
#: times the largest booking that is not unusual
BOOKINGS, DAYS, GAP = 20.0, 30.0, 3.0
#: the total of a month or quarter is of many bookings where most of them have one: more than so many usual
#: totals. A week of ten times the usual is a promotion as often as not
TOTALS, MOST_PERIODS = 5.0, 2 / 3
_PERIOD_DAYS: dict[Rhythm, int] = {MONTHLY: 30, QUARTERLY: 91}
#: what happens more often, as a share of the days with demand, is usual
LARGEST_SHARE = 0.05


@dataclass(frozen=True)
class Booking:
	"""The demand of an item-warehouse on one day that is kept out of what is expected."""

	key: ItemKey
	day: np.datetime64
	#: what was booked, and what it counts as, in stock UOM
	quantity: float
	counted_as: float


def unusual_bookings(
	history: DemandHistory,
	order_unit: FloatArray,
	real: Collection[tuple[ItemKey, np.datetime64]] = (),
) -> list[Booking]:
	"""The days of a history on which an item's demand was far outside all others.

	A usual booking is the median of the days with other demand; of an item that was sold on one day only, it
	is `order_unit`, shape (N,). Days that a person has called `real` are as good as any other.
	"""
	demand = history.demand
	if not demand.size:
		return []
	known = {(key, day.astype("datetime64[D]")) for key, day in real}
	count = (demand > 0).sum(axis=0)
	largest = demand.max(axis=0)
	# none can be unusual where even without the largest few there is much demand every day
	rest = np.maximum(demand.sum(axis=0, dtype=np.float64) - _most(count) * largest, 0) / len(demand)
	found = []
	for item in np.flatnonzero((largest > DAYS * rest) & (count > 0)).tolist():
		days = np.flatnonzero(demand[:, item] > 0)
		key = history.keys[item]
		dates = history.start + days.astype("timedelta64[D]")
		called_real = np.array([(key, date) in known for date in dates])
		sizes = demand[days, item].astype(np.float64)
		known_days = len(demand) - int(days[0])
		is_steady = len(days) * _PERIOD_DAYS.get(history.rhythm, 0) >= MOST_PERIODS * known_days
		bookings = TOTALS if is_steady else BOOKINGS
		is_unusual, usual = _judge(sizes, called_real, known_days, float(order_unit[item]), bookings)
		found += [
			Booking(key, dates[at], float(sizes[at]), usual) for at in np.flatnonzero(is_unusual).tolist()
		]
	return found


def without_bookings(
	history: DemandHistory, bookings: Sequence[Booking], *, put_back: bool = False
) -> DemandHistory:
	"""The history with each booking as what it counts as; with `put_back`, as what was booked again."""
	if not bookings:
		return history
	position = {key: item for item, key in enumerate(history.keys)}
	demand = history.demand.copy()
	for booking in bookings:
		day = int((booking.day - history.start).astype(int))
		demand[day, position[booking.key]] = booking.quantity if put_back else booking.counted_as
	return replace(history, demand=demand)


def _most(count: npt.NDArray[np.integer]) -> npt.NDArray[np.integer]:
	"""How many of so many days with demand may be unusual."""
	return np.maximum((LARGEST_SHARE * count).astype(np.int64), 1)


def _judge(
	sizes: npt.NDArray[np.float64], real: npt.NDArray[np.bool_], days: int, unit: float, bookings: float
) -> tuple[npt.NDArray[np.bool_], float]:
	"""Which of n bookings in so many days are unusual, shape (n,), and what a usual one is."""
	order = np.argsort(-sizes, kind="stable")
	for several in range(int(_most(np.array(len(sizes)))), 0, -1):
		others = sizes[order[several:]]
		usual = float(np.median(others)) if len(others) else unit
		next_largest = float(others[0]) if len(others) else 0.0
		least = max(bookings * usual, DAYS * float(others.sum()) / days)
		smallest = sizes[order[several - 1]]
		if smallest > least and smallest >= GAP * next_largest:
			chosen = np.zeros(len(sizes), bool)
			chosen[order[:several]] = True
			return chosen & ~real, min(usual, smallest)
	return np.zeros(len(sizes), bool), 0.0
