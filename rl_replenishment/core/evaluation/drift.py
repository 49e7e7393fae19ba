"""Whether stock does as a backtest let expect: weekly figures, and the band that they should stay in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.items import FloatArray, ItemTable

WEEK = 7
#: a band of fewer weeks says nothing
LEAST_WEEKS = 4
#: weeks in a row that make a drift
DRIFT_WEEKS = 2
#: half the width of the band in standard deviations between the weeks of the backtest
_DEVIATIONS = 2.0
#: and at least: other seasons than the held-out one move service and cost by so much anyway
_LEAST_SERVICE_WIDTH, _LEAST_COST_WIDTH = 0.02, 0.1


@dataclass(frozen=True, eq=False)
class Weeks:
	"""Figures of W whole weeks, oldest first."""

	#: share of the item-warehouses' days that ended with stock (the ready rate), shape (W,)
	in_stock: npt.NDArray[np.float64]
	#: holding, stock-outs and order lines, money per item-warehouse, shape (W,)
	cost: npt.NDArray[np.float64]


def weekly(items: ItemTable, on_hand: FloatArray, unmet: FloatArray, ordered: FloatArray) -> Weeks:
	"""The weeks up to the last of D days, from arrays of shape (D, N).

	Stock at the end of each day and demand not met, in stock UOM, and whether something was ordered.
	"""
	weeks = len(on_hand) // WEEK
	cost = on_hand * items.holding_cost + unmet * items.stockout_cost + (ordered > 0) * items.order_cost
	n = max(len(items), 1)

	def by_week(values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
		daily = values[len(values) - weeks * WEEK :].sum(axis=1, dtype=np.float64) / n
		return np.asarray(daily.reshape(weeks, WEEK).sum(axis=1))

	return Weeks(in_stock=by_week(on_hand > 0) / WEEK, cost=by_week(cost))


@dataclass(frozen=True)
class Band:
	"""What weeks like those of a backtest keep to."""

	least_in_stock: float
	#: money per item-warehouse and week
	most_cost: float

	@classmethod
	def around(cls, weeks: Weeks) -> Band | None:
		"""Mean and twice the deviation of the weeks; None for too few."""
		if len(weeks.cost) < LEAST_WEEKS:
			return None
		service, cost = float(weeks.in_stock.mean()), float(weeks.cost.mean())
		return cls(
			service - max(_DEVIATIONS * float(weeks.in_stock.std(ddof=1)), _LEAST_SERVICE_WIDTH),
			cost + max(_DEVIATIONS * float(weeks.cost.std(ddof=1)), _LEAST_COST_WIDTH * cost),
		)

	def has_lost(self, weeks: Weeks) -> tuple[bool, bool]:
		"""Whether service, and whether cost, was on the bad side of the band in all of the latest weeks."""
		if len(weeks.cost) < DRIFT_WEEKS:
			return False, False
		service, cost = weeks.in_stock[-DRIFT_WEEKS:], weeks.cost[-DRIFT_WEEKS:]
		return bool((service < self.least_in_stock).all()), bool((cost > self.most_cost).all())
