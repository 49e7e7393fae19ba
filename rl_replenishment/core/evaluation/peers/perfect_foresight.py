"""The least that the held-out days could have cost anyone who knew them in advance: a bound, not a policy.

Orders on the review days, with the scenario's own lead times, packs and minimum orders, knowing all demand
to come. Items do not touch each other, and an order's day of arrival is known, so each is a lot-sizing
problem with lost sales or backorders in one state, the stock of the day, solved exactly by dynamic
programming from the last day back (Wagner and Whitin 1958; with lost sales Sandbothe and Thompson 1990):

	V_d(x) = min over q of K [q > 0] + h max(x + q - D_d, 0) + p max(D_d - x - q, 0) + V_(d+1)(left of it),

where only days on which an order can arrive have a q. What a longer horizon would leave on the shelf at the
end is worth nothing, as for every policy in the replay.

Two limits are left out, so that the bound can be below what anybody could reach where they bind: largest
orders (except 0, which stops them) and shelf lives. Stock moves in whole steps; more than `MOST_LEVELS` of
them are made coarser, which costs less than one part in that many of an item's demand.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.evaluation.backtest import Kind
from rl_replenishment.core.evaluation.schedule import ScheduledOrders
from rl_replenishment.core.items import FloatArray, ItemTable
from rl_replenishment.core.simulation.rollout import Ledger, run_blind
from rl_replenishment.core.simulation.scenario import Scenario

NAME = "perfect foresight"

#: stock levels of an item that are told apart
MOST_LEVELS = 100_000
#: quantities are whole numbers of one of these, or are made so
_DECIMALS = (1.0, 0.1, 0.01, 0.001)

_Cells = npt.NDArray[np.int64]
_Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class PerfectForesight:
	"""Books of the cheapest orders in hindsight."""

	name: str = NAME
	kind: Kind = "bound"

	def books(self, scenario: Scenario, *, keep_paths: bool = False) -> Ledger:
		"""The orders that cost least in this scenario, run through it without those limits."""
		items = scenario.items
		free = replace(
			items,
			max_order_qty=np.where(items.largest_order > 0, np.inf, 0).astype(np.float32),
			shelf_life_days=np.full(len(items), np.inf, np.float32),
		)
		relaxed = replace(scenario, items=free)
		orders = ScheduledOrders(self.name, scenario.date(0), cheapest_orders(relaxed))
		return run_blind(orders, relaxed, keep_paths=keep_paths)


def cheapest_orders(scenario: Scenario) -> FloatArray:
	"""Orders of least cost by day and item, shape (D, N), in stock UOM, for goods that keep."""
	orders = np.zeros((scenario.days, len(scenario.items)), np.float32)
	reviews = np.array([day for day in range(scenario.days) if scenario.is_review(day)], dtype=np.intp)
	demand = scenario.demand[scenario.warm_up_days :].astype(np.float64)
	known = np.zeros_like(demand)
	if scenario.initial_arrivals is not None:
		due = scenario.initial_arrivals[: scenario.days]
		known[: len(due)] = due
	can_order = scenario.items.largest_order > 0
	wanted = (demand.sum(axis=0) > 0) | (scenario.initial_on_hand < 0)
	for item in np.flatnonzero(can_order & wanted).tolist():
		grid = _Grid.of(
			scenario.items, item, demand[:, item], known[:, item], float(scenario.initial_on_hand[item])
		)
		arrival = reviews + scenario.lead_times[reviews, item]
		planned = _plan(scenario, item, grid, arrival)
		orders[reviews, item] = planned * grid.unit
	return orders


@dataclass(frozen=True)
class _Grid:
	"""One item's quantities as whole numbers of a unit."""

	unit: float
	demand: _Cells
	#: arrivals of what was ordered before the first day
	known: _Cells
	on_hand: int
	#: step between two orders, and the smallest order
	pack: int
	least: int

	@classmethod
	def of(cls, items: ItemTable, item: int, demand: _Values, known: _Values, on_hand: float) -> _Grid:
		pack = float(items.order_multiple[item])
		least = float(items.smallest_order[item])
		amounts = np.concatenate([demand, known, [on_hand, pack, least]])
		unit = _common_unit(amounts)
		most = max(on_hand, demand.sum() + abs(on_hand) + least) + known.sum()
		if most / unit > MOST_LEVELS:
			needed = most / MOST_LEVELS
			# orders stay whole packs
			unit = needed if not pack else pack * (np.ceil(needed / pack) if needed > pack else 1)
		return cls(
			unit=unit,
			demand=_whole(demand, unit),
			known=_whole(known, unit),
			on_hand=int(np.floor(on_hand / unit + 1e-6)),
			pack=max(1, round(pack / unit)),
			least=max(1, int(np.ceil(least / unit - 1e-6)), round(pack / unit)),
		)


def _common_unit(amounts: _Values) -> float:
	"""The largest unit that all amounts are whole numbers of; 0.001 at the least."""
	for decimal in _DECIMALS:
		cells = np.rint(amounts / decimal)
		if np.allclose(cells * decimal, amounts, rtol=1e-6, atol=1e-6 * decimal):
			break
	return max(float(np.gcd.reduce(cells.astype(np.int64))), 1.0) * decimal


def _whole(amounts: _Values, unit: float) -> _Cells:
	"""Daily amounts in cells; what is rounded is the running total, so that nothing adds up."""
	total = np.ceil(np.cumsum(amounts) / unit - 1e-6).astype(np.int64)
	return np.diff(total, prepend=0)


def _plan(scenario: Scenario, item: int, grid: _Grid, arrival: npt.NDArray[np.integer]) -> _Cells:
	"""What to order at each review, in cells; `arrival` is the day of each order's arrival."""
	items = scenario.items
	hold = float(items.holding_cost[item]) * grid.unit
	short = float(items.stockout_cost[item]) * grid.unit
	fixed = float(items.order_cost[item])
	total = int(grid.demand.sum())
	lowest = min(grid.on_hand, 0) - total if scenario.unmet_demand == "backorder" else 0
	highest = max(grid.on_hand, total + max(-grid.on_hand, 0) + grid.least) + int(grid.known.sum())
	count = highest - lowest + 1
	most = int(grid.demand.max())
	left = np.arange(lowest - most, highest + 1, dtype=np.float64)
	day_cost = np.where(left > 0, hold * left, -short * left)

	arriving: dict[int, list[int]] = {}
	for review, day in enumerate(arrival.tolist()):
		if day < scenario.days:
			arriving.setdefault(day, []).append(review)
	#: cost to go by level once an order is in, by review
	after: dict[int, _Values] = {}
	value = np.zeros(count)
	for day in reversed(range(scenario.days)):
		need = int(grid.demand[day])
		ahead = np.concatenate([np.full(need, value[0]), value[: count - need]])
		value = ahead + day_cost[most - need : most - need + count]
		for review in reversed(arriving.get(day, [])):
			after[review] = value
			value = np.minimum(value, fixed + _best_after_order(value, grid))
		if grid.known[day]:
			value = np.concatenate([value[grid.known[day] :], np.full(grid.known[day], np.inf)])

	orders = np.zeros(len(arrival), np.int64)
	level = grid.on_hand - lowest
	for day in range(scenario.days):
		level += int(grid.known[day])
		for review in arriving.get(day, []):
			costs = after[review]
			choices = costs[level + grid.least :: grid.pack]
			if len(choices):
				best = int(choices.argmin())
				if fixed + choices[best] < costs[level]:
					orders[review] = grid.least + best * grid.pack
					level += int(orders[review])
		level = max(level - int(grid.demand[day]), 0)
	return orders


def _best_after_order(value: _Values, grid: _Grid) -> _Values:
	"""The least of `value` over all levels that an order can lead to from each level."""
	count, pack = len(value), grid.pack
	padded = np.full(-(-count // pack) * pack, np.inf)
	padded[:count] = value
	from_here = np.minimum.accumulate(padded.reshape(-1, pack)[::-1], axis=0)[::-1].reshape(-1)
	best = np.full(count, np.inf)
	best[: max(count - grid.least, 0)] = from_here[grid.least : count]
	return best
