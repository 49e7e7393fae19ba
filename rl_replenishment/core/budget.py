"""Orders within a budget: money goes first where it is expected to avoid most cost per unit of money.

What the next pack of an item is worth is the demand of the protection interval that it is expected to meet
and that would be missed without it, at the stock-out cost: p (E[(D - y)+] - E[(D - y - q)+]) with y units
there already. It falls with every pack, so that packs in falling order of worth per price, until the money is
spent, are the best that a budget buys but for its last pack (greedy for separable concave functions; Fox
1966). Beyond the demand of the interval all packs are worth nothing yet, and shorter cover goes first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.explanation import Number, Translate
from rl_replenishment.core.items import QUANTITY_NOISE, FloatArray, ItemTable, whole_packs
from rl_replenishment.core.outlook import courses_of
from rl_replenishment.core.policies.base import State, usual_rate
from rl_replenishment.core.proposal import Proposal
from rl_replenishment.core.written import quantity_words, written_quantities

#: a line is weighed in so many parts of whole packs at most
PARTS = 16
#: item-warehouses weighed at a time: bounds the memory
_CHUNK = 4096


@dataclass(frozen=True, eq=False)
class Demand:
	"""What is there of N item-warehouses, and what is expected to be asked for, in stock UOM; shape (N,)."""

	#: on hand plus what arrives, less what is promised, within the protection interval; below 0 where owed
	position: FloatArray
	#: demand over the protection interval that is met or passed with a probability of 90, 50 and 10 %
	low: FloatArray
	middle: FloatArray
	high: FloatArray
	#: demand per day
	rate: FloatArray


@dataclass(frozen=True, eq=False)
class Spent:
	"""What a budget bought."""

	#: shape (N,), in stock UOM; no more than was asked for
	quantity: FloatArray
	#: in money
	value: float
	#: what the rest would have cost, in money
	missing: float


def demand_of(proposals: Sequence[Proposal], state: State) -> Demand:
	"""What is there, and what is expected to be asked for, by what proposals say of themselves."""

	def column(name: str) -> FloatArray:
		return np.array([getattr(each.why, name) for each in proposals], np.float32)

	return Demand(
		position=state.inventory_position,
		low=column("demand_low"),
		middle=column("demand_middle"),
		high=column("demand_high"),
		rate=usual_rate(state),
	)


def expected_missed(demand: Demand, quantity: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
	"""Demand of the protection interval that is missed where so much is ordered, shape (N,), in stock UOM."""
	found = np.empty(len(quantity))
	for first in range(0, len(found), _CHUNK):
		part = slice(first, first + _CHUNK)
		courses = courses_of(demand.low[part], demand.middle[part], demand.high[part])
		there = demand.position[part] + quantity[part]
		found[part] = np.maximum(courses - there, 0).mean(axis=0)
	return found


def spend(
	items: ItemTable,
	demand: Demand,
	asked: FloatArray,
	price: npt.NDArray[np.floating],
	budget: float,
	stockout_cost: FloatArray | None = None,
) -> Spent:
	"""Buy of N quantities asked for, shape (N,), what is most urgent for at most `budget`.

	`price`, shape (N,), is money per unit; what has none is bought whole. A line is filled in whole packs,
	and not at all below its smallest lot. `stockout_cost`, shape (N,), defaults to that of the items. Of
	equally urgent lines the first is filled first.
	"""
	wanted = np.where(asked > 0, asked, 0).astype(np.float64)
	cost = wanted * price
	if cost.sum() <= budget * (1 + 1e-9):
		return Spent(asked, float(cost.sum()), 0.0)
	edges = _edges(items, wanted)
	worth = _worth(demand, edges, items.stockout_cost if stockout_cost is None else stockout_cost)
	part_cost = np.diff(edges, axis=1) * price[:, None]
	with np.errstate(divide="ignore", invalid="ignore"):
		density = np.where(part_cost > 0, worth / part_cost, np.inf)
		cover = np.where(
			demand.rate[:, None] > 0,
			(demand.position[:, None] + edges[:, :-1]) / np.maximum(demand.rate[:, None], 1e-9),
			np.inf,
		)
	real = np.diff(edges, axis=1) > 0
	row, part = np.nonzero(real)
	# parts of a line keep their order, whatever rounding says
	falling = np.minimum.accumulate(density, axis=1)
	order = np.lexsort((part, row, cover[real], -np.round(falling[real], 9)))
	row, part = row[order], part[order]
	paid = np.cumsum(part_cost[row, part])
	fits = int(np.searchsorted(paid, budget * (1 + 1e-9), side="right"))
	parts = np.zeros(len(wanted), np.intp)
	np.maximum.at(parts, row[:fits], part[:fits] + 1)
	quantity = edges[np.arange(len(wanted)), parts]
	left = budget - float((quantity * price).sum())
	closed: set[int] = set()
	# what does not fit whole is filled as far as it goes; then less urgent, cheaper packs
	for i, k in zip(row[fits:].tolist(), part[fits:].tolist(), strict=True):
		if i in closed:
			continue
		want = float(edges[i, k + 1] - quantity[i])
		if want * price[i] <= left * (1 + 1e-9):
			got = want
		else:
			got = _packs_for(items, i, left / float(price[i]), started=quantity[i] > 0)
			closed.add(i)
		quantity[i] += got
		left -= got * float(price[i])
	bought = quantity.astype(np.float32)
	bought = np.where(bought >= asked * (1 - QUANTITY_NOISE), asked, bought)
	value = float((bought * price).sum())
	return Spent(bought, value, max(float(cost.sum()) - value, 0.0))


def _edges(items: ItemTable, wanted: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
	"""Where the parts of each line end, shape (N, PARTS + 1): whole packs, the first a whole lot."""
	share = np.arange(PARTS + 1) / PARTS
	steps = wanted[:, None] * share
	packs = items.order_multiple[:, None].astype(np.float64)
	whole = np.where(packs > 0, np.floor(steps / np.maximum(packs, 1e-9) + 1e-6) * packs, steps)
	lot = np.minimum(items.smallest_lot.astype(np.float64), wanted)[:, None]
	edges = np.where(whole < lot, np.where(share > 0, lot, 0), whole)
	edges[:, 0], edges[:, -1] = 0, wanted
	return np.maximum.accumulate(np.minimum(edges, wanted[:, None]), axis=1)


def _worth(
	demand: Demand, edges: npt.NDArray[np.float64], stockout_cost: FloatArray
) -> npt.NDArray[np.float64]:
	"""Expected cost that each part avoids, shape (N, PARTS), in money."""
	found = np.empty((len(edges), PARTS))
	for first in range(0, len(edges), _CHUNK):
		part = slice(first, first + _CHUNK)
		courses = courses_of(demand.low[part], demand.middle[part], demand.high[part])
		there = demand.position[part, None] + edges[part]
		# shape (courses, items, edges)
		missed = np.maximum(courses[:, :, None] - there[None], 0).mean(axis=0)
		found[part] = np.maximum(-np.diff(missed, axis=1), 0) * stockout_cost[part, None]
	return found


def _packs_for(items: ItemTable, i: int, units: float, *, started: bool) -> float:
	"""Whole packs within so many units, 0 where that is less than the smallest lot of a line not begun."""
	pack = float(items.order_multiple[i])
	got = np.floor(units / pack + 1e-6) * pack if pack > 0 else max(units, 0.0)
	return float(got) if started or got >= float(items.smallest_lot[i]) else 0.0


def within_budget(
	proposals: list[Proposal],
	state: State,
	price: npt.NDArray[np.floating],
	budget: float,
	_: Translate = str,
	number: Number = quantity_words,
	money: Number = quantity_words,
	stockout_cost: FloatArray | None = None,
) -> tuple[list[Proposal], Spent]:
	"""The proposals of a state that a budget buys; what is cut or left out says so, and what it costs."""
	asked = np.array([each.proposed_qty for each in proposals], np.float32)
	spent = spend(state.items, demand_of(proposals, state), asked, price, budget, stockout_cost)
	allowed = written_quantities(state.items, whole_packs(state.items, spent.quantity)).tolist()
	found = []
	for each, quantity, rate in zip(proposals, allowed, np.asarray(price).tolist(), strict=True):
		if each.proposed_qty <= quantity * (1 + float(QUANTITY_NOISE)):
			found.append(each)
			continue
		left = each.proposed_qty - quantity
		if quantity:
			words = _("Cut to {0} by the budget: {1} more are wanted, worth {2}.").format(
				number(quantity), number(left), money(left * rate)
			)
			found.append(replace(each, proposed_qty=quantity, reason=f"{each.reason} {words}"))
		else:
			words = _(
				"Left for later: {0} of it are wanted, worth {1}, more than is left of the budget."
			).format(number(left), money(left * rate))
			found.append(
				replace(
					each,
					proposed_qty=0.0,
					reason=f"{each.reason} {words}",
					held_back=each.held_back or words,
				)
			)
	return found, spent
