"""The observation: one row of numbers per item-warehouse, free of units, the same for every item.

Quantities are divided by the demand expected over the protection interval (lead time plus review interval),
money appears as ratios only. So one network serves items of any size and price, and an item it never saw.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.items import FloatArray, ItemTable
from rl_replenishment.core.policies.base import State, protection_days, running_total, usual_rate
from rl_replenishment.core.policies.order_up_to import Levels, economic_order_quantity, needed

#: open orders are seen in this many equal parts of the lead time: day by day up to 12 days
ARRIVAL_PARTS = 12

#: name of each column and what it says
OBSERVATION: tuple[tuple[str, str], ...] = (
	("on_hand", "stock on the shelf less what is owed or set aside, in protection intervals of demand"),
	("inventory_position", "on hand plus what arrives in time to matter, likewise"),
	("classical_quantity", "what the classical rule would order, likewise"),
	("order_up_to", "its order-up-to level S, likewise"),
	("reorder_point", "its reorder point s, likewise"),
	("cap", "its largest order r, likewise; 5 where there is none"),
	("level_7", "mean demand of the last 7 days over the usual rate"),
	("level_28", "of the last 28 days"),
	("level_91", "of the last 91 days"),
	("level_364", "of the last 364 days"),
	("spread_91", "deviation of demand over a protection interval, from the last 91 days"),
	("spread_364", "from the last 364 days"),
	("active_91", "share of the last 91 days with demand"),
	("active_364", "of the last 364 days"),
	("recency", "logarithm of the days since the last demand, 1 at a year"),
	("season", "logarithm of last year's demand ahead over the quarter before it"),
	("lead_time", "logarithm of the lead time"),
	("lead_time_spread", "deviation of the lead time over the protection interval"),
	("review", "logarithm of the review interval"),
	("cost_ratio", "logarithm of a lost unit's cost over holding one for a protection interval"),
	("lot", "economic order quantity in protection intervals of demand"),
	("pack", "pack size, likewise"),
	("min_order", "minimum order, likewise"),
	("shelf_life", "logarithm of the shelf life in protection intervals"),
	("weekday_sin", "day of the week on a circle"),
	("weekday_cos", ""),
	*(
		(f"arrivals_{part}", f"due in part {part} of {ARRIVAL_PARTS} of the lead time")
		for part in range(ARRIVAL_PARTS)
	),
)
OBSERVATION_SIZE = len(OBSERVATION)
#: no raw column leaves this range, so that one odd item cannot drown the rest
LARGEST_OBSERVATION = 10.0
#: 1970-01-05, as days since the epoch
_A_MONDAY = 4


def demand_scale(state: State) -> FloatArray:
	"""Units that make 1 in the observation: a protection interval's demand, at least half an order unit."""
	horizon = protection_days(state.items, state.review_days)
	return np.maximum(usual_rate(state) * horizon, state.items.order_unit / 2)


def residual_unit(state: State, levels: Levels) -> FloatArray:
	"""Units that the network's output of 1 stands for, shape (N,).

	A review interval's demand, half a usual customer order, or half the rule's lot, whichever is most: small
	enough to fine-tune, large enough to cancel or double an order.
	"""
	rate = usual_rate(state)
	customer_order = rate / np.maximum(state.demand.active_364, np.float32(1e-3))
	lot = levels.order_up_to - levels.reorder_point
	unit = np.maximum(rate * np.float32(state.review_days), np.maximum(customer_order, lot) / 2)
	return np.maximum(unit, state.items.order_unit / 2)


class Observer:
	"""Builds observations for one table of items; what does not change with the day is computed once."""

	def __init__(self, items: ItemTable, review_days: int) -> None:
		self.items = items
		self.review_days = review_days
		lead_time = items.whole_lead_time_days
		horizon = protection_days(items, review_days).astype(np.float32)
		self._horizon_root = np.sqrt(horizon)
		parts = np.arange(ARRIVAL_PARTS + 1)[:, None]
		self._boundaries = -(-parts * lead_time // ARRIVAL_PARTS)
		per_interval = np.maximum(items.holding_cost * horizon, 1e-9)
		life = np.where(np.isfinite(items.shelf_life_days), items.shelf_life_days, 365 * 10)
		self._static = {
			"lead_time": np.log1p(items.lead_time_days),
			"lead_time_spread": items.lead_time_std_days / horizon,
			"review": np.full(len(items), np.log(review_days), np.float32),
			"cost_ratio": np.log(np.clip(items.stockout_cost / per_interval, 1e-3, 1e4)),
			"shelf_life": np.log(np.maximum(life / horizon, 0.1)),
		}

	def observe(self, state: State, levels: Levels, classical: FloatArray) -> FloatArray:
		"""Observations of shape (N, OBSERVATION_SIZE)."""
		known, scale = state.demand, demand_scale(state)
		rate = np.maximum(usual_rate(state), np.float32(1e-6))
		weekday = _weekday_angle(state.today)
		values = {
			**self._static,
			"on_hand": state.available / scale,
			"inventory_position": needed(state, levels).position / scale,
			"classical_quantity": classical / scale,
			"order_up_to": levels.order_up_to / scale,
			"reorder_point": levels.reorder_point / scale,
			"cap": np.minimum(levels.cap / scale, 5),
			"level_7": known.level_7 / rate,
			"level_28": known.level_28 / rate,
			"level_91": known.level_91 / rate,
			"level_364": known.level_364 / rate,
			"spread_91": known.spread_91 * self._horizon_root / scale,
			"spread_364": known.spread_364 * self._horizon_root / scale,
			"active_91": known.active_91,
			"active_364": known.active_364,
			"recency": np.log1p(known.days_since_demand) / np.float32(np.log(365)),
			"season": np.log(known.season),
			"lot": economic_order_quantity(state, rate) / scale,
			"pack": state.items.order_unit / scale,
			"min_order": state.items.min_order_qty / scale,
			"weekday_sin": np.sin(weekday),
			"weekday_cos": np.cos(weekday),
		}
		observation = np.empty((OBSERVATION_SIZE, len(state.items)), dtype=np.float32)
		for row, (name, _) in enumerate(OBSERVATION[:-ARRIVAL_PARTS]):
			observation[row] = values[name]
		observation[-ARRIVAL_PARTS:] = self._arrivals(state) / scale
		np.clip(observation, -LARGEST_OBSERVATION, LARGEST_OBSERVATION, out=observation)
		return np.ascontiguousarray(observation.T)

	def _arrivals(self, state: State) -> FloatArray:
		"""Arrivals by part of the lead time, shape (ARRIVAL_PARTS, N); later ones count to the last part."""
		days = len(state.arrivals)
		running = np.zeros((days + 1, len(state.items)), dtype=np.float32)
		running[1:] = running_total(state.arrivals)
		boundaries = np.minimum(self._boundaries, days)
		boundaries[-1] = days
		return np.diff(np.take_along_axis(running, boundaries, axis=0), axis=0)


def _weekday_angle(today: np.datetime64 | npt.NDArray[np.datetime64]) -> npt.NDArray[np.float64]:
	"""Angle of the weekday, for one day or for many."""
	days = np.asarray(today, dtype="datetime64[D]").astype(np.int64)
	return 2 * np.pi * ((days - _A_MONDAY) % 7) / 7
