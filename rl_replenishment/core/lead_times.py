"""Lead times from deliveries: how long an order takes, where parts of it come when they are called off.

An order that is delivered in parts over a year, as agreed, took no year: its supplier could have sent the
first part as early as any other order. And what was ordered in January for delivery in June took no five
months.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

#: what took longer is a mistaken date rather than a lead time
LONGEST_LEAD_TIME = 365
#: an order that came in so many parts, on different days, was called off part by part; of one in fewer
#: parts, the day counts on which half of it had come
CALL_OFF_PARTS = 3
#: what was promised this many times later than usual, and by so many days at least, was wanted later
FAR_OFF_TIMES, FAR_OFF_DAYS = 3, 30
#: with fewer promises nobody knows which are usual
LEAST_PROMISES = 5

_Indices = npt.NDArray[np.int64]


class OrderLeadTimes(NamedTuple):
	"""The lead times of M orders, by pair and order."""

	#: item and supplier, as they were numbered, shape (M,)
	pair: npt.NDArray[np.int64]
	#: days from the order to its arrival, shape (M,)
	days: npt.NDArray[np.float64]
	#: whether it was called off in parts, shape (M,)
	is_call_off: npt.NDArray[np.bool_]


def order_lead_times(
	pair: npt.NDArray[np.integer],
	order: npt.NDArray[np.integer],
	ordered: npt.NDArray[np.integer],
	promised: npt.NDArray[np.integer],
	received: npt.NDArray[np.integer],
	quantity: npt.NDArray[np.floating],
) -> OrderLeadTimes:
	"""The lead times of M orders, from R receipts of parts of them, each of shape (R,).

	`pair` tells apart items and their suppliers, `order` the orders of a pair. `ordered`, `promised` and
	`received` are days, of which `promised` is at most 0 where nothing was promised; `quantity` is what came.
	The constants above say what counts as arrival.
	"""
	if not len(pair):
		return OrderLeadTimes(np.zeros(0, np.int64), np.zeros(0), np.zeros(0, bool))
	by_time = np.lexsort((received, order, pair))
	pair, order, ordered = pair[by_time], order[by_time], ordered[by_time]
	promised, received, quantity = promised[by_time], received[by_time], quantity[by_time]
	is_new = (np.diff(pair, prepend=-1) != 0) | (np.diff(order, prepend=-1) != 0)
	is_new[0] = True
	first = np.flatnonzero(is_new)
	parts = np.add.reduceat((is_new | (np.diff(received, prepend=-1) != 0)).astype(np.int64), first)
	is_call_off = parts >= CALL_OFF_PARTS
	arrived = np.where(is_call_off, received[first], received[_half_way(quantity, first)]).astype(np.int64)
	start = np.minimum.reduceat(ordered, first).astype(np.int64)
	never = np.iinfo(np.int64).max
	wanted = np.minimum.reduceat(np.where(promised > 0, promised, never).astype(np.int64), first)
	is_known = wanted < never
	wanted = np.where(is_known, wanted, start)
	taken = np.clip(arrived - start, 0, LONGEST_LEAD_TIME)
	usual = _usual_promises(pair[first], np.maximum(wanted - start, 0), is_known)
	is_far_off = is_known & (wanted - start > np.maximum(FAR_OFF_TIMES * usual, usual + FAR_OFF_DAYS))
	with np.errstate(invalid="ignore"):
		# of what was wanted far later, the usual promise and its own delay
		days = np.where(is_far_off, np.clip(usual + arrived - wanted, 0, taken), taken)
	return OrderLeadTimes(pair[first].astype(np.int64), days.astype(np.float64), is_call_off)


def _half_way(quantity: npt.NDArray[np.floating], first: _Indices) -> _Indices:
	"""The receipt with which half of each order had come, shape (M,); orders begin at `first`."""
	count = len(quantity)
	running = np.cumsum(quantity, dtype=np.float64)
	before = running[first] - quantity[first]
	total = np.add.reduceat(quantity, first)
	of_order = np.repeat(np.arange(len(first)), np.diff(first, append=count))
	# the last receipt is always enough, whatever float noise says
	is_enough = running - before[of_order] >= total[of_order] / 2
	is_enough[np.append(first[1:], count) - 1] = True
	found = np.minimum.reduceat(np.where(is_enough, np.arange(count), count), first)
	return np.asarray(found, dtype=np.int64)


def _usual_promises(
	pair: npt.NDArray[np.integer], promise: _Indices, is_known: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
	"""Days that are usually promised to each order's pair, shape (M,); inf where too few are known.

	The lower of the two in the middle: that half of the orders were made ahead does not make it usual.
	"""
	pairs, of_order = np.unique(pair, return_inverse=True)
	usual = np.full(len(pairs), np.inf)
	of, days = of_order[is_known], promise[is_known]
	count = np.bincount(of, minlength=len(pairs))
	days = days[np.lexsort((days, of))]
	middle = np.cumsum(count) - count + (count - 1) // 2
	enough = count >= LEAST_PROMISES
	usual[enough] = days[middle[enough]]
	return usual[of_order]
