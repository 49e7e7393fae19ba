"""What joint rounding knows of each line: what is asked for, how fast it sells, and what more of it costs."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.items import ItemTable
from rl_replenishment.core.policies.base import State
from rl_replenishment.core.policies.levels import (
	LONGEST_LOT_DAYS,
	RANGE_DEVIATIONS,
	Levels,
	economic_lot,
)
from rl_replenishment.core.policies.limits import limits_of
from rl_replenishment.core.terms.terms import Values

#: what a unit costs a day at least, as a share of its price: of two that cost nothing, neither is cheaper
_LEAST_HOLDING = 1e-9


@dataclass(frozen=True, eq=False)
class Lines:
	"""The lines of N item-warehouses as a policy asks for them, arrays of shape (N,), in stock UOM."""

	items: ItemTable
	quantity: Values
	#: what is there and arrives in time, without the order
	position: Values
	#: the policy orders at or below it, and fills up to the level
	reorder_point: Values
	level: Values
	#: expected demand per day
	rate: Values
	#: the most that may be ordered of it at all; what is asked for, where it may not be raised
	most: Values

	@property
	def is_ordered(self) -> npt.NDArray[np.bool_]:
		"""Whether anything is asked for, shape (N,)."""
		return self.quantity > 0

	@property
	def slope(self) -> Values:
		"""What a unit beyond the level costs more than the one before it, shape (N,).

		A unit more is bought earlier by the days that the units before it last, and held so long: the n-th
		costs h n / m more than if it were bought when it is needed.
		"""
		holding = np.maximum(
			self.items.holding_cost.astype(np.float64),
			_LEAST_HOLDING * np.maximum(self.items.unit_cost.astype(np.float64), 1e-6),
		)
		return holding / np.maximum(self.rate, 1e-9)

	@property
	def beyond(self) -> Values:
		"""What the order makes of the stock beyond the level, shape (N,); below 0 where it could be raised.

		What a policy orders below its level it does not want more of: its own order is the level then.
		"""
		after = self.position + self.quantity
		return np.where(self.is_ordered, np.maximum(after - self.level, 0), after - self.level)

	def cost_of(self, extra: npt.ArrayLike) -> Values:
		"""What raising the lines by extra quantities costs, shape (N,); lines that are added pay their order.

		The area under `slope`, and of lines that are added, less what the level says they lack.
		"""
		more, start = np.asarray(extra, np.float64), self.beyond
		held = self.slope * (np.square(start + more) - np.square(start)) / 2
		added = np.where(self.is_ordered, 0, self.items.order_cost.astype(np.float64))
		return np.where(more > 0, np.maximum(held + added, 0), 0)

	def days_of(self, extra: npt.ArrayLike) -> Values:
		"""Days that extra quantities last, shape (N,)."""
		return np.asarray(extra, np.float64) / np.maximum(self.rate, 1e-9)

	def raised_by(self, extra: npt.ArrayLike) -> Lines:
		"""The lines with more of each, at the same levels."""
		return replace(self, quantity=self.quantity + np.asarray(extra, np.float64))


def lines_of(
	state: State,
	quantity: npt.ArrayLike,
	levels: Levels,
	*,
	may_be_raised: npt.NDArray[np.bool_] | None = None,
	most: npt.ArrayLike = np.inf,
) -> Lines:
	"""The lines of a state as a policy with these levels orders them.

	A line is raised as far as the supplier accepts it, as far as it sells before it spoils or ends, for
	`LONGEST_LOT_DAYS` of demand, and to `most`, shape (N,); not at all where `may_be_raised` says so.
	"""
	asked = np.asarray(quantity, np.float64)
	rate = mean_rate(state, levels)
	position = state.inventory_position.astype(np.float64)
	# a year's demand, less what is there beyond a review interval's
	for_a_year = rate * float(LONGEST_LOT_DAYS) - np.maximum(position, 0)
	within = np.minimum(np.minimum(state.items.largest_order, limits_of(state, levels.rate).most), most)
	allowed = np.minimum(within, np.maximum(for_a_year, 0))
	can = rate > 0 if may_be_raised is None else may_be_raised & (rate > 0)
	return Lines(
		items=state.items,
		quantity=asked,
		position=position,
		reorder_point=levels.reorder_point.astype(np.float64),
		level=levels.order_up_to.astype(np.float64),
		rate=rate,
		most=np.where(can, np.maximum(allowed, asked), asked),
	)


def mean_rate(state: State, levels: Levels) -> Values:
	"""Expected demand per day, shape (N,): the mean of a two-piece normal distribution (Wallis 2014)."""
	below = (levels.middle - levels.low) / RANGE_DEVIATIONS
	above = np.maximum(levels.high - levels.middle, 0) / RANGE_DEVIATIONS
	mean = levels.middle + np.sqrt(2 / np.pi) * (above - below)
	days = state.items.whole_lead_time_days + np.asarray(state.review_days)
	return np.maximum(mean.astype(np.float64), 0) / np.maximum(days, 1)


def lots(items: ItemTable, rate: Values) -> Values:
	"""What is ordered at least of a line that is added, shape (N,): its economic lot, in whole units."""
	unit = items.order_unit.astype(np.float64)
	least = np.maximum(items.smallest_lot.astype(np.float64), unit)
	lot = economic_lot(items, rate.astype(np.float32)).astype(np.float64)
	return np.maximum(np.floor(lot / unit) * unit, np.ceil(least / unit - 1e-6) * unit)
