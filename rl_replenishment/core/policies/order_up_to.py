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
interval is that of weekly totals times the weeks in it, plus (m sigma_L)^2 for a lead time of standard
deviation sigma_L (Silver, Pyke and Thomas, Inventory and Production Management in Supply Chains).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rl_replenishment.core.demand.statistics import DemandStatistics
from rl_replenishment.core.items import FloatArray, feasible_quantity
from rl_replenishment.core.policies.base import State, protection_days, usual_rate
from rl_replenishment.core.policies.levels import (
	LevelRule,
	Levels,
	demand_deviation,
	gap_of,
	normal_range,
)
from rl_replenishment.core.policies.limits import sensible_order
from rl_replenishment.core.policies.needed import needed
from rl_replenishment.core.policies.parameters import ItemParameters

#: ways to forecast the demand rate, by the code that is kept in a policy
FORECASTS = ("28 days", "56 days", "91 days", "182 days", "364 days", "91 days and season")
#: stands in for an infinite cap where a number is needed
_LARGEST_CAP = np.float32(1e6)


def demand_rate(demand: DemandStatistics, forecast: str) -> FloatArray:
	"""Forecast demand per day, shape (N,), by one of `FORECASTS`."""
	if forecast not in FORECASTS:
		raise ValueError(f"unknown forecast {forecast!r}, expected one of {FORECASTS}")
	if forecast == "91 days and season":
		return demand.level_91 * demand.season
	level: FloatArray = getattr(demand, f"level_{forecast.removesuffix(' days')}")
	return level


@dataclass(frozen=True, eq=False)
class FixedLevels:
	"""Levels that stay what they are, as parameters `reorder_point`, `order_up_to` and `cap`."""

	parameters: ItemParameters

	def levels(self, state: State) -> Levels:
		values = self.parameters.aligned_with(state.items)
		rate = usual_rate(state)
		expected = normal_range(state, rate)
		return Levels(values["reorder_point"], values["order_up_to"], values["cap"], rate, *expected)


@dataclass(frozen=True, eq=False)
class ForecastLevels:
	"""Levels that follow the forecast; parameters `safety_factor` (z), `gap` (g) and `cap` (c)."""

	parameters: ItemParameters
	forecast: str

	def levels(self, state: State) -> Levels:
		values = self.parameters.aligned_with(state.items)
		rate = demand_rate(state.demand, self.forecast)
		horizon = protection_days(state.items, state.review_days).astype(np.float32)
		reorder_point = np.maximum(
			rate * horizon + values["safety_factor"] * demand_deviation(state, rate), 0
		)
		return Levels(
			reorder_point,
			reorder_point + gap_of(state, values["gap"], rate),
			largest_order(values["cap"], rate * np.asarray(state.review_days, np.float32)),
			rate,
			*normal_range(state, rate),
		)


def largest_order(cap: FloatArray, review_demand: FloatArray) -> FloatArray:
	"""The cap r in stock UOM, shape (N,), from c in review intervals of demand; inf for none."""
	# a cap of inf times a rate of 0 would not be a number
	return np.where(np.isinf(cap), cap, np.minimum(cap, _LARGEST_CAP) * review_demand)


@dataclass(frozen=True, eq=False)
class OrderUpTo:
	"""Base-stock, capped base-stock and (s, S), by their levels."""

	name: str
	rule: LevelRule

	def levels(self, state: State) -> Levels:
		"""The rule's levels for the days to come: raised, or lowered, by what known events make of them."""
		levels, lift = self.rule.levels(state), state.demand.lift
		return levels if lift is None else levels.lifted(lift)

	def wished_quantities(self, state: State, levels: Levels) -> FloatArray:
		"""What the formula asks for at these levels, shape (N,), before packs and minimum orders."""
		position, missing = needed(state, levels)
		wish = np.minimum(missing, levels.cap)
		return np.where(position <= levels.reorder_point, wish, np.float32(0))

	def order_quantities(self, state: State) -> FloatArray:
		levels = self.levels(state)
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
