"""What keeps an order sensible whatever a rule or a network wishes: an order must be worth an order.

* A wish that is a small share of what can be ordered, and of what is sold until the next review, is noise.
* Where nothing is sold, or not any more, only what is owed is ordered.
* A smallest order that is more than the wish is placed where it costs less than selling nothing.
* No order is more than what is sold before it spoils, or before the item's end.

All four let the order fall or stay as the stock grows.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.demand.imputation import LONGEST_OUTAGE_DAYS
from rl_replenishment.core.demand.statistics import LOOKBACK_DAYS, YEAR, DemandStatistics
from rl_replenishment.core.items import FloatArray, ItemTable, UnmetDemand, feasible_quantity, whole_packs
from rl_replenishment.core.policies.base import State, missing_before_arrivals, total_within, usual_rate

#: a wish below this share of the smallest order and of a review interval's demand is none
LEAST_SHARE = np.float32(0.05)
#: no smallest order that lasts longer pays, however little stock costs
LONGEST_COVER_DAYS = np.float32(5 * 365)
#: customers who wait are counted as lost after so many days
_LONGEST_WAIT_DAYS = 91
#: chance does not explain a silence that is less likely than this, nor a season one in which a year before
#: more than this share of the year's demand per day was sold
_CHANCE, _OFF_SEASON = 1e-3, np.float32(0.25)


class Limits(NamedTuple):
	"""Arrays of shape (N,), quantities in stock UOM."""

	#: a smaller wish is none
	least: FloatArray
	#: more is not sold in time; inf where nothing limits it
	most: FloatArray
	#: whether the smallest order costs less than selling nothing
	pays: npt.NDArray[np.bool_]
	#: days that the smallest order lasts beyond what is owed; inf where nothing is sold
	cover_days: FloatArray


class Prospect(NamedTuple):
	"""What is expected of N item-warehouses, arrays of shape (N,), in stock UOM and days."""

	#: demand per day
	rate: FloatArray
	#: what is promised already and neither there nor on its way
	owed: FloatArray
	#: what of an order of now is sold before it spoils or the item ends; inf where there is no such end
	room: FloatArray


def limits_of(state: State, expected: FloatArray) -> Limits:
	"""The limits of orders placed now; `expected`, shape (N,), is the rule's forecast per day."""
	return limits(state.items, prospect(state, expected), state.review_days, state.unmet_demand)


def sensible_order(state: State, wished: FloatArray, expected: FloatArray) -> FloatArray:
	"""What comes of wished quantities, shape (N,), within the limits of the state."""
	return sensible_quantity(state.items, wished, limits_of(state, expected))


def prospect(state: State, expected: FloatArray) -> Prospect:
	"""What `limits` needs to know of a state; the higher of the rule's and the usual demand counts."""
	rate = np.where(given_up(state.demand), np.float32(0), np.maximum(expected, usual_rate(state)))
	owed = np.maximum(-state.inventory_position, 0)
	window = selling_days(state)
	ends = np.isfinite(window)
	if not ends.any():
		return Prospect(rate, owed, window)
	lead = state.items.whole_lead_time_days
	arrival, end = lead + 1, lead + window
	# what is there by then is sold first
	left = np.maximum(state.stock_within(arrival) - rate * lead, 0)
	asked = rate * np.where(ends, window, 0)
	for by_day, sign in ((state.arrivals, -1), (state.known_demand, 1)):
		if by_day is not None:
			asked = asked + sign * np.maximum(total_within(by_day, end) - total_within(by_day, arrival), 0)
	return Prospect(rate, owed, np.where(ends, np.maximum(asked - left, 0), np.inf).astype(np.float32))


def given_up(known: DemandStatistics) -> npt.NDArray[np.bool_]:
	"""Items that sold until more than a quarter ago and will not again, by all that is known; as `known`.

	Neither chance nor a season explains the silence. Of k days with demand in n + s, spread evenly, all come
	before the last s with a chance of about (n / (n + s))^k; the days before the first do not count. A season
	is where the same quarter was quiet a year before. A shorter silence may be an empty shelf.
	"""
	silent, seen = known.days_since_demand, np.minimum(known.days_known, YEAR)
	span = np.maximum(np.minimum(known.days_since_first, seen), 1)
	before = np.clip(1 - silent / span, 0, 1)
	by_chance = before ** (known.active_364 * seen) >= _CHANCE
	off_season = (known.days_known >= LOOKBACK_DAYS) & (
		known.year_ago_before_91 <= _OFF_SEASON * known.level_364
	)
	return np.asarray((silent > LONGEST_OUTAGE_DAYS) & ~by_chance & ~off_season)


def selling_days(state: State) -> FloatArray:
	"""Days from the arrival of an order of now until it spoils or the item ends, shape (N,); inf for none."""
	window = state.items.shelf_life_days
	if state.days_to_end is None:
		return window
	return np.minimum(window, np.maximum(state.days_to_end - state.items.whole_lead_time_days, 0))


def limits(
	items: ItemTable,
	known: Prospect,
	review_days: int | npt.NDArray[np.int32],
	unmet_demand: UnmetDemand,
) -> Limits:
	"""The limits of orders of N item-warehouses.

	A smallest order is worth the stock-outs that it prevents. It costs holding until it is sold, on average
	half that time, and its price for what is never sold. The order cost is left out: it is the same for any
	quantity, and the rules weigh it.
	"""
	rate, lot = known.rate, items.smallest_lot
	least = LEAST_SHARE * np.minimum(
		np.where(lot > 0, lot, np.inf), rate * np.asarray(review_days, np.float32)
	)
	# what is promised to somebody is no noise
	least = np.where(known.owed > 0, 0, least)
	sold = rate > 0
	promised = np.minimum(lot, known.owed)
	rest = lot - promised
	days = rest / np.maximum(rate, np.float32(1e-9))
	sells = np.where(sold, np.minimum(rest, known.room), 0)
	wait = _LONGEST_WAIT_DAYS if unmet_demand == "backorder" else 1
	worth = items.stockout_cost * wait * (promised + sells)
	holding = items.holding_cost * sells * np.where(sold, sells / np.maximum(rate, np.float32(1e-9)), 0) / 2
	pays = (worth >= holding + items.unit_cost * (rest - sells)) & (
		(days <= LONGEST_COVER_DAYS) | (rest <= 0)
	)
	return Limits(
		least=least,
		most=np.where(sold, np.maximum(known.room, known.owed), known.owed).astype(np.float32),
		pays=np.asarray(pays & (sold | (known.owed > 0))),
		cover_days=np.where(sold, days, np.inf).astype(np.float32),
	)


def sensible_quantity(items: ItemTable, wished: FloatArray, known: Limits) -> FloatArray:
	"""Wished quantities, shape (N,), as suppliers accept them and as far as they are worth an order."""
	wish = np.minimum(wished, known.most).astype(np.float32)
	placed = feasible_quantity(items, wish)
	# a pack more than can be sold is left out
	limited = (placed > known.most) & (known.most >= items.smallest_lot)
	if limited.any():
		placed = np.where(limited, np.minimum(placed, whole_packs(items, wish)), placed)
	is_raised = wish < items.smallest_lot
	placed = np.where((wish < known.least) | (is_raised & ~known.pays), np.float32(0), placed)
	return placed


class Cover(NamedTuple):
	"""Orders under a limit in days of cover, arrays of shape (N,)."""

	#: what may be ordered
	quantity: FloatArray
	#: where the smallest order that the supplier accepts passes the limit, so that nothing is ordered
	too_large: npt.NDArray[np.bool_]
	#: days that the stock would last with the smallest order
	days_with_smallest: FloatArray


def within_cover(state: State, quantity: FloatArray, days: float) -> Cover:
	"""Cut orders, shape (N,), so that the stock they make lasts `days` of the usual demand at most.

	Cut to whole packs; to nothing where what is left is below the smallest order, so that a second run orders
	nothing more. Open orders count that arrive within those days, and the days before a late one do not.
	"""
	items, rate = state.items, usual_rate(state)
	until = np.maximum(days, state.items.whole_lead_time_days + state.review_days)
	stock = state.stock_within(until)
	everywhere = np.arange(len(items))
	(before_late,) = missing_before_arrivals(state, everywhere, rate, (until,))
	room = np.maximum(rate * days - stock, before_late)
	room = np.maximum(room, np.maximum(-state.inventory_position, 0))
	allowed = whole_packs(items, room)
	allowed = np.where(allowed < items.smallest_lot, 0, allowed)
	cut = np.minimum(quantity, allowed).astype(np.float32)
	with_smallest = np.maximum(rate * days - room, 0) + items.smallest_lot
	return Cover(
		quantity=cut,
		too_large=(quantity > 0) & (cut <= 0),
		days_with_smallest=(with_smallest / np.maximum(rate, np.float32(1e-9))).astype(np.float32),
	)
