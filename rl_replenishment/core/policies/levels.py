"""Levels: at or below the reorder point s, order up to S, at most r at a time. A rule says what they are."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.demand.statistics import WEEK
from rl_replenishment.core.items import FloatArray, ItemTable
from rl_replenishment.core.policies.base import State, protection_days

#: of a normal distribution: 80 % of the cases lie between minus and plus so many deviations
RANGE_DEVIATIONS = np.float32(1.2816)
#: what is ordered beyond the reorder point lasts so long at most, however little stock costs
LONGEST_LOT_DAYS = np.float32(365)


class Levels(NamedTuple):
	"""The levels and what they rest on, each of shape (N,), in stock UOM."""

	reorder_point: FloatArray
	order_up_to: FloatArray
	#: largest order; inf where there is none
	cap: FloatArray
	#: demand per day that is expected
	rate: FloatArray
	#: demand over the protection interval that is met or passed with a probability of 90, 50 and 10 %
	low: FloatArray
	middle: FloatArray
	high: FloatArray

	def take(self, rows: npt.NDArray[np.intp]) -> Levels:
		"""The levels of the item-warehouses at `rows`."""
		return Levels(*(level[rows] for level in self))

	def lifted(self, lift: FloatArray) -> Levels:
		"""The levels where demand is `lift` times the usual, shape (N,); the gap between the two stays."""
		point = self.reorder_point * lift
		# a cap of inf times a lift of 0 would not be a number
		cap = np.where(np.isinf(self.cap), self.cap, self.cap * np.where(np.isinf(self.cap), 1, lift))
		expected = (level * lift for level in (self.rate, self.low, self.middle, self.high))
		return Levels(point, point + (self.order_up_to - self.reorder_point), cap, *expected)


class LevelRule(Protocol):
	"""Where the levels come from."""

	def levels(self, state: State) -> Levels:
		"""The levels on this day."""
		...


def economic_order_quantity(state: State, rate: FloatArray) -> FloatArray:
	"""The order that balances order cost and holding cost, sqrt(2 K m / h) (Harris 1913), shape (N,).

	At most the demand of `LONGEST_LOT_DAYS`, which bounds it where stock costs nothing.
	"""
	return economic_lot(state.items, rate)


def economic_lot(items: ItemTable, rate: FloatArray) -> FloatArray:
	"""As `economic_order_quantity`, of a demand of `rate` a day, shape (N,)."""
	holding = np.maximum(items.holding_cost, np.float32(1e-12))
	return np.minimum(np.sqrt(2 * items.order_cost * rate / holding), rate * LONGEST_LOT_DAYS)


def gap_of(state: State, gap: FloatArray | float, rate: FloatArray) -> FloatArray:
	"""What the order-up-to level is above the reorder point, shape (N,): so many lots.

	A lot is the economic order quantity, at least a review interval's demand.
	"""
	lot = np.maximum(economic_order_quantity(state, rate), rate * np.asarray(state.review_days, np.float32))
	return np.minimum(np.asarray(gap, np.float32) * lot, rate * LONGEST_LOT_DAYS)


def demand_deviation(state: State, rate: FloatArray) -> FloatArray:
	"""Standard deviation of the demand over the protection interval, shape (N,).

	From the spread of weekly totals: demand that comes in lumps of the week, or in waves of days, is as wide
	as it is there. A day's variance times the days would be several times too large or too small.
	"""
	weeks = protection_days(state.items, state.review_days).astype(np.float32) / np.float32(WEEK)
	variance = weeks * np.square(state.demand.week_spread)
	return np.sqrt(variance + np.square(rate * state.items.lead_time_std_days))


def normal_range(state: State, rate: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
	"""Low, middle and high demand over the protection interval, as if it were normally distributed."""
	expected = rate * protection_days(state.items, state.review_days).astype(np.float32)
	around = RANGE_DEVIATIONS * demand_deviation(state, rate)
	return np.maximum(expected - around, 0), expected, expected + around
