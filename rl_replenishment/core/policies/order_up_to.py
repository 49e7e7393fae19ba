"""The classical rules as one formula: at or below the reorder point s, order up to S, at most r at a time.

==================  =======================  =====================================================
rule                parameters               source
==================  =======================  =====================================================
base-stock          s = S, no cap            Zipkin (2000), Foundations of Inventory Management
capped base-stock   s = S, cap r             Xin (2021), Operations Research 69(1)
(s, S)              s < S, no cap            Scarf (1960)
==================  =======================  =====================================================

Levels are either fixed numbers or follow the forecast: with demand rate m per day, protection interval H
(lead time plus review interval) and standard deviation sigma of the demand over it,

	s = m H + z sigma,   S = s + g max(EOQ, m R),   r = c m R,

where R is the review interval, z the safety factor, g the gap and c the cap. The variance over the protection
interval is H times a day's variance plus (m sigma_L)^2 for a lead time of standard deviation sigma_L (Silver,
Pyke and Thomas, Inventory and Production Management in Supply Chains).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from rl_replenishment.core.demand.statistics import DemandStatistics
from rl_replenishment.core.items import FloatArray, ItemTable, feasible_quantity
from rl_replenishment.core.policies.base import (
	State,
	missing_before_arrivals,
	protection_days,
	total_within,
	usual_rate,
)
from rl_replenishment.core.policies.limits import sensible_order
from rl_replenishment.core.policies.parameters import ItemParameters

#: ways to forecast the demand rate, by the code that is kept in a policy
FORECASTS = ("28 days", "91 days", "364 days", "91 days and season")


#: what is ordered beyond the reorder point lasts so long at most, however little stock costs
LONGEST_LOT_DAYS = np.float32(365)
#: stands in for an infinite cap where a number is needed
_LARGEST_CAP = np.float32(1e6)


class Levels(NamedTuple):
	"""Reorder point s, order-up-to level S and cap r on an order, each of shape (N,), in stock UOM.

	And the demand per day that is expected.
	"""

	reorder_point: FloatArray
	order_up_to: FloatArray
	cap: FloatArray
	rate: FloatArray


class Needed(NamedTuple):
	"""What stock there is against the levels, and what is missing, each of shape (N,), in stock UOM."""

	#: what the rule compares with the reorder point
	position: FloatArray
	#: what fills up to the order-up-to level; 0 or more
	missing: FloatArray


class LevelRule(Protocol):
	"""Where the levels come from."""

	def levels(self, state: State) -> Levels:
		"""The levels on this day."""
		...


def demand_rate(demand: DemandStatistics, forecast: str) -> FloatArray:
	"""Forecast demand per day, shape (N,), by one of `FORECASTS`."""
	if forecast == "28 days":
		return demand.level_28
	if forecast == "91 days":
		return demand.level_91
	if forecast == "364 days":
		return demand.level_364
	if forecast == "91 days and season":
		return demand.level_91 * demand.season
	raise ValueError(f"unknown forecast {forecast!r}, expected one of {FORECASTS}")


def demand_deviation(state: State, rate: FloatArray) -> FloatArray:
	"""Standard deviation of the demand over the protection interval, shape (N,)."""
	horizon = protection_days(state.items, state.review_days).astype(np.float32)
	# the longer window knows rare peaks, the shorter one a demand that has become wilder
	spread = np.maximum(state.demand.spread_91, state.demand.spread_364)
	return np.sqrt(horizon * np.square(spread) + np.square(rate * state.items.lead_time_std_days))


def economic_order_quantity(state: State, rate: FloatArray) -> FloatArray:
	"""The order that balances order cost and holding cost, sqrt(2 K m / h) (Harris 1913), shape (N,).

	At most the demand of `LONGEST_LOT_DAYS`, which bounds it where stock costs nothing.
	"""
	return economic_lot(state.items, rate)


def economic_lot(items: ItemTable, rate: FloatArray) -> FloatArray:
	"""As `economic_order_quantity`, of a demand of `rate` a day, shape (N,)."""
	holding = np.maximum(items.holding_cost, np.float32(1e-12))
	return np.minimum(np.sqrt(2 * items.order_cost * rate / holding), rate * LONGEST_LOT_DAYS)


def needed(state: State, levels: Levels) -> Needed:
	"""Project the stock day by day against the levels.

	The position counts what arrives within the protection interval. Where the shelf is expected to be empty
	before an open order arrives, and an order of now would arrive earlier, the demand of those days is
	missing whatever comes after them. What is ordered beyond the reorder point is to last longer than the
	protection interval, and open orders that arrive in that time are not bought twice.
	"""
	position = state.inventory_position
	missing = np.maximum(levels.order_up_to - position, 0)
	at = state.with_late_arrivals
	if not len(at):
		return Needed(position, missing)
	s, S, rate, within = (
		values[at] for values in (levels.reorder_point, levels.order_up_to, levels.rate, position)
	)
	days = protection_days(state.items, state.review_days)[at]
	lasts = days + np.maximum(S - s, 0) / np.maximum(rate, np.float32(1e-9))
	later = total_within(state.arrivals[:, at], lasts) - total_within(state.arrivals[:, at], days)
	if state.known_demand is not None:
		known = state.known_demand[:, at]
		later = later - total_within(known, lasts) + total_within(known, days)
	fill = np.maximum(S - within - np.maximum(later, 0), s - within)
	# a safety factor below 0 says that some of it may be missing
	spared = np.minimum(s - rate * days, 0)
	before_next, before_later = missing_before_arrivals(state, at, rate, (days, lasts), spared)
	low = np.minimum(within, np.minimum(s, rate * days) - before_next)
	position, missing = position.copy(), missing.copy()
	position[at] = np.where(before_next > 0, low, within)
	missing[at] = np.maximum(np.maximum(fill, before_later), 0)
	return Needed(position, missing)


@dataclass(frozen=True, eq=False)
class FixedLevels:
	"""Levels that stay what they are, as parameters `reorder_point`, `order_up_to` and `cap`."""

	parameters: ItemParameters

	def levels(self, state: State) -> Levels:
		values = self.parameters.aligned_with(state.items)
		return Levels(values["reorder_point"], values["order_up_to"], values["cap"], usual_rate(state))


@dataclass(frozen=True, eq=False)
class ForecastLevels:
	"""Levels that follow the forecast; parameters `safety_factor` (z), `gap` (g) and `cap` (c)."""

	parameters: ItemParameters
	forecast: str

	def levels(self, state: State) -> Levels:
		values = self.parameters.aligned_with(state.items)
		rate = demand_rate(state.demand, self.forecast)
		horizon = protection_days(state.items, state.review_days).astype(np.float32)
		review = rate * np.float32(state.review_days)
		reorder_point = np.maximum(
			rate * horizon + values["safety_factor"] * demand_deviation(state, rate), 0
		)
		lot = np.maximum(economic_order_quantity(state, rate), review)
		# a cap of inf times a rate of 0 would not be a number
		cap = np.where(
			np.isinf(values["cap"]), values["cap"], np.minimum(values["cap"], _LARGEST_CAP) * review
		)
		gap = np.minimum(values["gap"] * lot, rate * LONGEST_LOT_DAYS)
		return Levels(reorder_point, reorder_point + gap, cap, rate)


@dataclass(frozen=True, eq=False)
class OrderUpTo:
	"""Base-stock, capped base-stock and (s, S), by their levels."""

	name: str
	rule: LevelRule

	def wished_quantities(self, state: State, levels: Levels) -> FloatArray:
		"""What the formula asks for at these levels, shape (N,), before packs and minimum orders."""
		position, missing = needed(state, levels)
		wish = np.minimum(missing, levels.cap)
		return np.where(position <= levels.reorder_point, wish, np.float32(0))

	def order_quantities(self, state: State) -> FloatArray:
		levels = self.rule.levels(state)
		wished = self.wished_quantities(state, levels)
		if isinstance(self.rule, FixedLevels):
			# levels that somebody has set need no demand behind them
			return feasible_quantity(state.items, wished)
		return sensible_order(state, wished, levels.rate)


#: what ERPNext's own rule is called in every table
REORDER_LEVEL = "reorder level"


@dataclass(frozen=True, eq=False)
class ReorderLevel:
	"""ERPNext's own automatic re-order, with parameters `reorder_level` and `reorder_qty`.

	When the projected quantity is at or below the reorder level, it requests the reorder quantity, or what is
	missing to the level where that is more (erpnext.stock.reorder_item).
	"""

	name: str
	parameters: ItemParameters

	def order_quantities(self, state: State) -> FloatArray:
		values = self.parameters.aligned_with(state.items)
		# the projected quantity counts whatever is on order, however late
		missing = values["reorder_level"] - state.available - state.arrivals.sum(axis=0)
		# an item without a level and a quantity is left alone, as there
		active = (values["reorder_level"] != 0) | (values["reorder_qty"] != 0)
		wished = np.where(active & (missing >= 0), np.maximum(values["reorder_qty"], missing), np.float32(0))
		return feasible_quantity(state.items, wished)


def base_stock(order_up_to: float, cap: float = np.inf) -> OrderUpTo:
	"""A base-stock rule, capped where `cap` is finite, with the same fixed levels for every item."""
	parameters = ItemParameters.everywhere(reorder_point=order_up_to, order_up_to=order_up_to, cap=cap)
	return OrderUpTo("base-stock" if np.isinf(cap) else "capped base-stock", FixedLevels(parameters))
