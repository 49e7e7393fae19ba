"""The backorder model with a fixed cost per order and Poisson demand: the optimal (s, S) policy, exactly.

Orders are placed every day; one of day t arrives at the start of day t + L. With the renewal function m of
the demand,

	c(s, S) = (K + sum over j < S - s of m(j) G(S - j)) / (sum over j < S - s of m(j)),

where G(y) is the expected cost of the day that an order-up-to y of today decides, L days ahead. The optimum
is found by the algorithm of Zheng and Federgruen (1991), Operations Research 39(4).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.demand.poisson import probabilities
from rl_replenishment.core.items import ItemTable

_Array = npt.NDArray[np.float64]


class OptimalLevels(NamedTuple):
	"""The optimal policy and its mean cost per day."""

	reorder_point: int
	order_up_to: int
	cost: float


@dataclass(frozen=True)
class FixedOrderCost:
	"""An instance; money per unit (and day) or per order, demand per day."""

	lead_time: int
	penalty: float
	order_cost: float
	rate: float
	holding_cost: float = 1.0

	def item(self) -> ItemTable:
		"""As one item."""
		return ItemTable.create(
			["A"],
			lead_time_days=self.lead_time,
			holding_cost=self.holding_cost,
			stockout_cost=self.penalty,
			order_cost=self.order_cost,
		)

	def cost_of(self, reorder_point: int, order_up_to: int) -> float:
		"""Mean cost per day of ordering up to S where the position is at or below s; s < S."""
		gap = order_up_to - reorder_point
		renewals = self._renewals[:gap]
		costs = np.array([self.one_day_cost(order_up_to - j) for j in range(gap)])
		return float((self.order_cost + renewals @ costs) / renewals.sum())

	def optimum(self) -> OptimalLevels:
		"""The best reorder point and order-up-to level."""
		middle = self.best_position
		s, S = middle - 1, middle
		while self.cost_of(s, S) > self.one_day_cost(s):
			s -= 1
		best = self.cost_of(s, S)
		candidate = S + 1
		# no order-up-to level whose own day costs more than the best mean can be better
		while self.one_day_cost(candidate) <= best:
			if (found := self.cost_of(s, candidate)) < best:
				S, best = candidate, found
				while self.cost_of(s, S) <= self.one_day_cost(s + 1):
					s += 1
				best = self.cost_of(s, S)
			candidate += 1
		return OptimalLevels(s, S, best)

	@cached_property
	def best_position(self) -> int:
		"""The order-up-to level of the least cost of a day, were orders free."""
		return min(range(len(self._ahead)), key=self.one_day_cost)

	def one_day_cost(self, position: int) -> float:
		"""G: expected holding and backorder cost L days ahead, from the position after ordering."""
		surplus = position - np.arange(len(self._ahead))
		cost = np.where(surplus >= 0, self.holding_cost * surplus, -self.penalty * surplus)
		return float(cost @ self._ahead)

	@cached_property
	def _ahead(self) -> _Array:
		"""Distribution of the demand over the lead time and the day after it."""
		return probabilities(self.rate * (self.lead_time + 1))

	@cached_property
	def _renewals(self) -> _Array:
		"""m(j): expected number of days on which the demand since an order amounts to j."""
		chance = probabilities(self.rate)
		most = int(20 * self.rate + 4 * np.sqrt(2 * self.order_cost * self.rate / self.holding_cost)) + 50
		chance = np.pad(chance, (0, max(most - len(chance), 0)))[:most]
		renewals = np.zeros(most)
		for j in range(most):
			earlier = chance[1 : j + 1] @ renewals[:j][::-1]
			renewals[j] = (float(j == 0) + earlier) / (1 - chance[0])
		return renewals
