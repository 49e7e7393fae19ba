"""The observation: one row of numbers per item-warehouse, free of units, the same for every item.

Quantities are divided by the demand expected over the protection interval (lead time plus review interval),
demand by its usual rate, money appears as ratios only. So one network serves items of any size and price, and
an item it never saw.

Its columns fall into parts. What is known of demand and of the item is all that a forecast sees. The levels
of the rule and the forecast come on top for what moves them. Stock and open orders are last: they may only
lower an order, see `constraints`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.demand.statistics import WEEK, WINDOWS, YEAR
from rl_replenishment.core.items import FloatArray, ItemTable
from rl_replenishment.core.policies.base import State, protection_days, running_total, usual_rate
from rl_replenishment.core.policies.levels import Levels, economic_order_quantity

#: open orders are seen in this many equal parts of the lead time: day by day up to 12 days
ARRIVAL_PARTS = 12
_YEAR_AGO = (
	("year_ago_interval", "demand a year ago over the protection interval that begins now, likewise"),
	("year_ago_14", "over 14 days"),
	("year_ago_28", "over 28 days"),
	("year_ago_beyond", "over the 28 days behind the protection interval"),
	("year_ago_before_28", "over the 28 days before"),
	("year_ago_before_91", "over the 91 days before"),
)

#: name of each column and what it says
DEMAND_COLUMNS: tuple[tuple[str, str], ...] = (
	*(
		(f"level_{window}", f"demand of the last {window} days over the usual rate, logarithm of 1 more")
		for window in WINDOWS
	),
	("level_interval", "demand of the last protection interval, likewise"),
	("week_spread", "deviation of weekly totals in weeks of usual demand, likewise"),
	("week_peak", "largest of the last 26 weekly totals, likewise"),
	*_YEAR_AGO,
	("year_known", "1 where last year is known, else 0"),
	("active_91", "share of the last 91 days with demand"),
	("active_364", "of the last 364 days"),
	("recency", "logarithm of the days since the last demand, 1 at a year"),
	("age", "logarithm of the days since the first demand, 1 at a year"),
	("known", "share of 455 days that are known"),
	("frequency", "days with demand in a usual protection interval, logarithm of 1 more"),
	("interval", "logarithm of the protection interval"),
	("year_sin", "time of the year on a circle"),
	("year_cos", ""),
	("weekday_sin", "day of the week on a circle"),
	("weekday_cos", ""),
)
ITEM_COLUMNS: tuple[tuple[str, str], ...] = (
	("lead_time", "logarithm of the lead time"),
	("lead_time_spread", "deviation of the lead time over the protection interval"),
	("review", "logarithm of the review interval"),
	("cost_ratio", "logarithm of a lost unit's cost over holding one for a protection interval"),
	("lot", "economic order quantity in protection intervals of demand, logarithm of 1 more"),
	("pack", "pack size, likewise"),
	("min_order", "minimum order, likewise"),
	("shelf_life", "logarithm of the shelf life in protection intervals"),
)
LEVEL_COLUMNS: tuple[tuple[str, str], ...] = (
	("reorder_point", "the rule's reorder point s in protection intervals of demand, logarithm of 1 more"),
	("order_up_to", "its order-up-to level S, likewise"),
	("cap", "its largest order r, likewise; of 5 where there is none"),
	("low", "demand of the protection interval that is expected to be met or passed by 90 %, likewise"),
	("middle", "by 50 %"),
	("high", "by 10 %"),
)
STOCK_COLUMNS: tuple[tuple[str, str], ...] = (
	("on_hand", "stock on the shelf less what is owed or set aside, in protection intervals of demand"),
	("inventory_position", "on hand plus what arrives in time to matter, likewise"),
	*(
		(f"arrivals_{part}", f"due in part {part} of {ARRIVAL_PARTS} of the lead time")
		for part in range(ARRIVAL_PARTS)
	),
)
OBSERVATION = (*DEMAND_COLUMNS, *ITEM_COLUMNS, *LEVEL_COLUMNS, *STOCK_COLUMNS)
OBSERVATION_SIZE = len(OBSERVATION)
#: columns that say what day it is
CALENDAR = np.flatnonzero([name.startswith(("year_sin", "year_cos", "weekday_")) for name, _ in OBSERVATION])
#: columns that a forecast sees, those that no order can change, and those of stock
FORECAST_SIZE = len(DEMAND_COLUMNS) + len(ITEM_COLUMNS)
FIXED_SIZE = FORECAST_SIZE + len(LEVEL_COLUMNS)
#: no raw column leaves this range, so that one odd item cannot drown the rest
LARGEST_OBSERVATION = 10.0
#: 1970-01-05, as days since the epoch
_A_MONDAY = 4
_RATES = (*(f"level_{window}" for window in WINDOWS), "level_interval")
_KNOWN = tuple(name for name, _ in (*DEMAND_COLUMNS, *ITEM_COLUMNS))


def recent_rate(state: State) -> FloatArray:
	"""Demand per day that forecasts and lots are measured against, shape (N,)."""
	known = state.demand
	return np.asarray((known.level_28 + known.level_91 + known.level_364) / 3, dtype=np.float32)


def demand_scale(state: State) -> FloatArray:
	"""Units that make 1 in the observation: a protection interval's demand, at least half a customer order.

	Where there is no demand, half an order unit.
	"""
	active = state.demand.active_364
	horizon = protection_days(state.items, state.review_days).astype(np.float32)
	customer_order = state.demand.level_364 / np.maximum(active, np.float32(1e-3))
	scale = np.maximum(recent_rate(state) * horizon, customer_order / 2)
	return np.asarray(np.where(scale > 0, scale, state.items.order_unit / 2), dtype=np.float32)


def residual_unit(state: State, levels: Levels) -> FloatArray:
	"""Units that the network's output of 1 stands for, shape (N,).

	A review interval's demand, half a usual customer order, or half the rule's lot, whichever is most: small
	enough to fine-tune, large enough to cancel or double an order.
	"""
	rate = usual_rate(state)
	customer_order = rate / np.maximum(state.demand.active_364, np.float32(1e-3))
	lot = levels.order_up_to - levels.reorder_point
	unit = np.maximum(rate * np.asarray(state.review_days, np.float32), np.maximum(customer_order, lot) / 2)
	return np.maximum(unit, state.items.order_unit / 2)


class Observer:
	"""Builds observations for one table of items; what does not change with the day is computed once."""

	def __init__(self, items: ItemTable, review_days: int | npt.NDArray[np.int32]) -> None:
		self.items = items
		self.review_days = review_days
		lead_time = items.whole_lead_time_days
		self._horizon = horizon = protection_days(items, review_days).astype(np.float32)
		parts = np.arange(ARRIVAL_PARTS + 1)[:, None]
		self._boundaries = -(-parts * lead_time // ARRIVAL_PARTS)
		per_interval = np.maximum(items.holding_cost * horizon, 1e-9)
		life = np.where(np.isfinite(items.shelf_life_days), items.shelf_life_days, 365 * 10)
		self._static = {
			"interval": np.log(horizon),
			"lead_time": np.log1p(items.lead_time_days),
			"lead_time_spread": items.lead_time_std_days / horizon,
			"review": np.broadcast_to(np.log(np.asarray(review_days, np.float32)), (len(items),)),
			"cost_ratio": np.log(np.clip(items.stockout_cost / per_interval, 1e-3, 1e4)),
			"shelf_life": np.log(np.maximum(life / horizon, 0.1)),
		}

	def known(self, state: State) -> FloatArray:
		"""What a forecast sees: the columns of demand and item, shape (N, FORECAST_SIZE)."""
		known, scale = state.demand, demand_scale(state)
		rate = scale / self._horizon
		week = rate * np.float32(WEEK)
		has_year = known.days_known >= YEAR
		time = _angle(state.today, 365.25, 0)
		weekday = _angle(state.today, WEEK, _A_MONDAY)
		values = {
			**self._static,
			**{name: np.log1p(getattr(known, name) / rate) for name in _RATES},
			"week_spread": np.log1p(known.week_spread / week),
			"week_peak": np.log1p(known.week_peak / week),
			# where last year is not known, it is taken to have been like the usual
			**{
				name: np.where(has_year, np.log1p(getattr(known, name) / rate), np.float32(np.log(2)))
				for name, _ in _YEAR_AGO
			},
			"year_known": has_year,
			"active_91": known.active_91,
			"active_364": known.active_364,
			"recency": np.log1p(known.days_since_demand) / np.float32(np.log(365)),
			"age": np.log1p(known.days_since_first) / np.float32(np.log(365)),
			"known": known.days_known / np.float32(455),
			"frequency": np.log1p(known.active_364 * self._horizon),
			"year_sin": np.sin(time),
			"year_cos": np.cos(time),
			"weekday_sin": np.sin(weekday),
			"weekday_cos": np.cos(weekday),
			"lot": np.log1p(economic_order_quantity(state, rate) / scale),
			"pack": np.log1p(state.items.order_unit / scale),
			"min_order": np.log1p(state.items.min_order_qty / scale),
		}
		found = np.empty((FORECAST_SIZE, len(state.items)), dtype=np.float32)
		for row, name in enumerate(_KNOWN):
			found[row] = values[name]
		np.clip(found, -LARGEST_OBSERVATION, LARGEST_OBSERVATION, out=found)
		return np.ascontiguousarray(found.T)

	def observe(self, state: State, levels: Levels) -> FloatArray:
		"""Observations of shape (N, OBSERVATION_SIZE)."""
		scale = demand_scale(state)
		found = np.empty((len(state.items), OBSERVATION_SIZE), dtype=np.float32)
		found[:, :FORECAST_SIZE] = self.known(state)
		rows = (levels.reorder_point, levels.order_up_to, np.minimum(levels.cap, 5 * scale), *levels[4:])
		for column, row in enumerate(rows, FORECAST_SIZE):
			found[:, column] = np.log1p(np.maximum(row, 0) / scale)
		found[:, FIXED_SIZE] = state.available / scale
		found[:, FIXED_SIZE + 1] = state.inventory_position / scale
		found[:, FIXED_SIZE + 2 :] = (self._arrivals(state) / scale).T
		return np.clip(found, -LARGEST_OBSERVATION, LARGEST_OBSERVATION, out=found)

	def _arrivals(self, state: State) -> FloatArray:
		"""Arrivals by part of the lead time, shape (ARRIVAL_PARTS, N); later ones count to the last part."""
		days = len(state.arrivals)
		running = np.zeros((days + 1, len(state.items)), dtype=np.float32)
		running[1:] = running_total(state.arrivals)
		boundaries = np.minimum(self._boundaries, days)
		boundaries[-1] = days
		return np.diff(np.take_along_axis(running, boundaries, axis=0), axis=0)


def observer_for(
	items: ItemTable, review_days: int | npt.NDArray[np.int32], last: Observer | None
) -> Observer:
	"""The last observer where it still fits, else a new one."""
	if last is not None and last.items is items and np.array_equal(last.review_days, review_days):
		return last
	return Observer(items, review_days)


def _angle(
	today: np.datetime64 | npt.NDArray[np.datetime64], period: float, start: int
) -> npt.NDArray[np.float64]:
	"""Angle of the day in a period of days, for one day or for many."""
	days = np.asarray(today, dtype="datetime64[D]").astype(np.int64)
	return np.asarray(2 * np.pi * ((days - start) % period) / period, dtype=np.float64)
