"""Whether an order is worth it now: what filling it up costs against what a review without it costs."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.items import whole_packs
from rl_replenishment.core.outlook import Outlook
from rl_replenishment.core.policies.base import State, protection_days
from rl_replenishment.core.policies.levels import Levels
from rl_replenishment.core.terms.lines import Lines
from rl_replenishment.core.terms.rounding import Filled, Raising, fill
from rl_replenishment.core.terms.terms import NOISE, Groups, Terms, Values


@dataclass(frozen=True, eq=False)
class Completed:
	"""Orders raised to the minimums, and to free freight where that is cheaper than paying for it."""

	#: to the minimums
	filled: Filled
	#: beyond them, to free freight, shape (N,)
	for_freight: Values
	#: of raising, and of the freight that is left to pay, shape (S,)
	cost: Values
	freight: Values

	@property
	def extra(self) -> Values:
		"""All that is ordered more, shape (N,)."""
		return self.filled.extra + self.for_freight


def complete(
	lines: Lines,
	terms: Terms,
	raising: Raising | None = None,
	*,
	only_minimum: npt.NDArray[np.bool_] | None = None,
) -> Completed:
	"""Raise each supplier's lines to its minimums at least cost, then to free freight where that pays.

	Where `only_minimum`, shape (S,), freight is paid instead.
	"""
	filled = fill(lines, terms, raising)
	full = lines.raised_by(filled.extra)
	suppliers = terms.suppliers
	orders = terms.per_supplier(full.is_ordered) > 0
	value = terms.placed[0] + terms.totals(full.quantity)[0]
	pays = orders & (value < suppliers.free_freight_value * (1 - NOISE)) & (suppliers.freight_cost > 0)
	freight = np.where(pays, suppliers.freight_cost, 0)
	for_freight = np.zeros(len(lines.quantity))
	can = pays & np.isfinite(suppliers.free_freight_value)
	if only_minimum is not None:
		can &= ~only_minimum
	if can.any():
		threshold = np.zeros_like(suppliers.minimum)
		threshold[0] = np.where(can, suppliers.free_freight_value, 0)
		more = fill(full, terms, raising, threshold)
		raises = can & (more.short[0] <= 0) & (more.cost < suppliers.freight_cost)
		for_freight = np.where((terms.of_item >= 0) & raises[terms.of_item], more.extra, 0)
		freight = np.where(raises, 0, freight)
	total = filled.extra + for_freight
	return Completed(filled, for_freight, terms.per_supplier(lines.cost_of(total)), freight)


def at_next_review(lines: Lines, days: npt.NDArray[np.integer]) -> Lines:
	"""The lines as they will be if nothing is ordered for `days`, shape (N,), of expected demand."""
	sold = lines.rate * days
	position = lines.position - sold
	due = lines.is_ordered | ((position <= lines.reorder_point) & (lines.rate > 0))
	wished = np.where(lines.is_ordered, lines.quantity + sold, np.maximum(lines.level - position, 0))
	packs = _up(lines, wished)
	most = np.where(lines.most > lines.quantity, lines.most + sold, lines.most)
	quantity = np.where(due, np.minimum(packs, np.maximum(most, lines.quantity)), 0)
	return replace(lines, quantity=quantity, position=position, most=np.maximum(most, quantity))


def waiting_cost(lines: Lines, state: State, levels: Levels) -> Values:
	"""Money that each line is expected to cost if its order waits for the next chance, shape (N,).

	What is missed, or kept waiting, between the day on which it would arrive and that on which the next one
	would, along the courses of `Outlook`, as far as the order would have met it.
	"""
	rows = np.flatnonzero(lines.is_ordered)
	arrival = state.items.whole_lead_time_days
	horizon = protection_days(state.items, state.review_days)
	outlook = _outlook(state, levels, arrival, horizon, rows)
	before = outlook.demand_until(arrival[rows] - 1) - state.stock_within(arrival + 1)[rows]
	# the courses are those of the whole horizon
	after = outlook.courses() - state.inventory_position[rows]
	days = (horizon - arrival)[rows].astype(np.float64)
	asked, found = lines.quantity[rows], np.zeros(len(arrival))
	if state.unmet_demand == "lost":
		met = np.clip(np.maximum(after, 0) - np.maximum(before, 0), 0, asked)
	else:
		met = (np.clip(before, 0, asked) + np.clip(after, 0, asked)) / 2 * days
	found[rows] = met.mean(axis=0) * state.items.stockout_cost[rows]
	return found


def cost_of_cycles(lines: Lines, terms: Terms, interval: npt.NDArray[np.integer]) -> Values:
	"""What the terms of each supplier cost a day at the best interval between its orders, shape (S,).

	Of two: to order as seldom as the minimums and the freight ask for, sqrt(2 K / H) between them (the joint
	cycle of Goyal 1974, H being what a day's demand of all lines costs a day), or to order so much that
	freight is free.
	"""
	suppliers = terms.suppliers
	a_day = terms.per_unit(lines.quantity) * lines.rate
	demand = np.stack([terms.per_supplier(each) for each in a_day])
	held = terms.per_supplier(lines.items.holding_cost * lines.rate)
	shortest = np.maximum(terms.longest_per_supplier(interval), 1)
	with np.errstate(divide="ignore", invalid="ignore"):
		for_minimum = np.where(suppliers.minimum > 0, suppliers.minimum / demand, 0).max(axis=0)
		is_free = np.where(suppliers.freight_cost > 0, suppliers.free_freight_value / demand[0], 0)
		usual = np.sqrt(2 * suppliers.freight_cost / np.maximum(held, 1e-12))
	least = np.maximum(shortest, for_minimum)
	paying = np.maximum(least, usual)
	free = np.maximum(least, is_free)

	def a_day_of(cycle: Values, freight: Values) -> Values:
		finite = np.where(np.isfinite(cycle), cycle, 1)
		cost = held * (finite - shortest) / 2 + freight / finite
		return np.where(np.isfinite(cycle), cost, np.inf)

	freight = np.where(paying >= is_free, 0, suppliers.freight_cost)
	found = np.minimum(a_day_of(paying, freight), a_day_of(free, np.zeros(len(suppliers))))
	# of a supplier whose items nobody buys there is no cycle
	return np.where(np.isfinite(found), found, 0)


def _up(lines: Lines, wished: Values) -> Values:
	items = lines.items
	down = whole_packs(items, wished.astype(np.float32)).astype(np.float64)
	unit = items.order_multiple.astype(np.float64)
	up = np.where((unit > 0) & (wished > down * (1 + 1e-6)), down + unit, down)
	return np.where(wished > 0, np.maximum(up, items.smallest_lot), 0)


def _outlook(
	state: State,
	levels: Levels,
	arrival: npt.NDArray[np.integer],
	horizon: npt.NDArray[np.integer],
	rows: Groups,
) -> Outlook:
	items = state.items
	return Outlook(
		on_hand=state.available[rows],
		arrivals=state.arrivals[:, rows],
		known_demand=np.zeros((1, len(rows)), np.float32),
		arrival_days=arrival[rows].astype(np.float32),
		protection_days=horizon[rows].astype(np.float32),
		low=levels.low[rows],
		middle=levels.middle[rows],
		high=levels.high[rows],
		holding_cost=items.holding_cost[rows],
		stockout_cost=items.stockout_cost[rows],
		order_cost=items.order_cost[rows],
		review_days=int(np.max(state.review_days, initial=1)),
		unmet_demand=state.unmet_demand,
	)
