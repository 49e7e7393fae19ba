"""The lost-sales model with Poisson demand, solved exactly for short lead times.

An order of day t arrives at the start of day t + L. Once the goods of a day are in, the state is the stock
on hand and what is due tomorrow, in two days, ..., in L - 1 days (Karlin and Scarf 1958; Zipkin 2008, "Old
and New Methods for Lost-Sales Inventory Systems"). The number of states grows with the power of L: up to 4
it is solved in seconds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.demand.poisson import PoissonDemand, probabilities
from rl_replenishment.core.items import ItemTable
from rl_replenishment.core.policies.base import Policy, State

_Table = npt.NDArray[np.float64]
_MOST_SWEEPS = 5000


@dataclass(frozen=True)
class LostSales:
	"""An instance; money per unit, demand per day."""

	lead_time: int
	penalty: float
	rate: float = 5.0
	holding_cost: float = 1.0

	def item(self) -> ItemTable:
		"""As one item."""
		return ItemTable.create(
			["A"],
			lead_time_days=self.lead_time,
			holding_cost=self.holding_cost,
			stockout_cost=self.penalty,
		)

	def optimal_cost(self) -> float:
		"""The least mean cost per day, by relative value iteration."""
		return self._solve(None)

	def cost_of(self, policy: Policy) -> float:
		"""The mean cost per day of a policy that orders whole units."""
		return self._solve(self._orders_of(policy))

	@property
	def _most_ordered(self) -> int:
		"""Larger orders are never worth it: capped base-stock orders little more than a day's demand."""
		return int(np.ceil(self.rate + 4 * self.rate**0.5))

	@property
	def _most_on_hand(self) -> int:
		mean = self.rate * (self.lead_time + 1)
		return int(np.ceil(mean + 5 * mean**0.5))

	def _shape(self) -> tuple[int, ...]:
		return (self._most_on_hand + 1,) + (self._most_ordered + 1,) * (self.lead_time - 1)

	def _solve(self, orders: npt.NDArray[np.intp] | None) -> float:
		"""Mean cost per day of the orders in each state, or of the best ones, to 1e-7."""
		if self.lead_time < 2:
			raise ValueError(f"solved for lead times from 2 days on, got {self.lead_time}")
		cost, left = self._day()
		shape = self._shape()
		# tomorrow's stock by what is left and what is due; beyond the edge is as good as the edge
		tomorrow = np.arange(shape[0])[:, None] + np.arange(self._most_ordered + 1)
		tomorrow = np.minimum(tomorrow, self._most_on_hand)
		now = cost.reshape(-1, *[1] * (self.lead_time - 1))
		value = np.zeros(shape)
		for _ in range(_MOST_SWEEPS):
			# ahead[x, due tomorrow, ..., q]: expected value of ordering q
			ahead = np.tensordot(left, value[tomorrow], axes=1)
			if orders is None:
				chosen = ahead.min(axis=-1)
			else:
				chosen = np.take_along_axis(ahead, orders[..., None], axis=-1)[..., 0]
			change = now + chosen - value
			value += change - change.flat[0]
			if np.ptp(change) < 1e-7:
				return float(change.mean())
		raise ArithmeticError("value iteration did not converge")

	def _day(self) -> tuple[_Table, _Table]:
		"""Expected cost of a day by its stock, and the chance of what is left of it."""
		stocks = np.arange(self._most_on_hand + 1)
		chance = probabilities(self.rate)
		surplus = stocks[:, None] - np.arange(len(chance))
		cost = np.where(surplus >= 0, self.holding_cost * surplus, -self.penalty * surplus) @ chance
		left = np.zeros((len(stocks), len(stocks)))
		np.add.at(left, (stocks[:, None], np.maximum(surplus, 0)), np.broadcast_to(chance, surplus.shape))
		return cost, left

	def _orders_of(self, policy: Policy) -> npt.NDArray[np.intp]:
		"""What a policy orders in each state."""
		shape = self._shape()
		on_hand, *due = (axis.ravel().astype(np.float32) for axis in np.indices(shape))
		items = self.item().take(np.zeros(len(on_hand), np.intp))
		arrivals = np.stack([np.zeros_like(on_hand), *due])
		known = PoissonDemand(self.rate).statistics(
			on_hand[None], items.whole_lead_time_days, np.zeros(1, int)
		)
		state = State(items, np.datetime64("2024-01-01"), 1, on_hand, arrivals, known.on(0))
		orders = np.rint(policy.order_quantities(state)).astype(np.intp)
		return np.minimum(orders, self._most_ordered).reshape(shape)
