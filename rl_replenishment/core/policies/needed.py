"""What stock there is against the levels, and what is missing, with open orders on their days."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rl_replenishment.core.items import FloatArray
from rl_replenishment.core.policies.base import (
	State,
	missing_before_arrivals,
	protection_days,
	total_within,
)
from rl_replenishment.core.policies.levels import Levels


class Needed(NamedTuple):
	"""What stock there is against the levels, and what is missing, each of shape (N,), in stock UOM."""

	#: what the rule compares with the reorder point
	position: FloatArray
	#: what fills up to the order-up-to level; 0 or more
	missing: FloatArray


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
