"""Transfer before buying: what one place has too much of goes to another that is about to buy it.

A place can spare what it has on the shelf beyond what its own policy would fill up to, and beyond the demand
that it is expected to have until its next order could arrive. Not to buy q units saves what they would cost
to keep while they wait at their source, h q w: w days until its own demand would have reached them, at most
their price; and the cost of an order line where nothing is left to buy. They are moved where that is more
than the cost of a transfer, and where they come no later than what is bought.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from rl_replenishment.core.explanation import Number, Translate
from rl_replenishment.core.items import QUANTITY_NOISE, FloatArray, ItemKey, ItemTable, feasible_quantity
from rl_replenishment.core.policies.base import State, usual_rate
from rl_replenishment.core.proposal import Proposal
from rl_replenishment.core.written import quantity_words, written_quantities


@dataclass(frozen=True)
class TransferTerms:
	"""What it takes to move goods between two places of one company."""

	#: money per line moved
	cost: float = 0.0
	#: days from the request to the arrival
	lead_time_days: int = 1


@dataclass(frozen=True)
class Transfer:
	"""Goods of one item from one item-warehouse to another, by their positions."""

	source: int
	target: int
	#: in stock UOM
	quantity: float
	#: what moving saves against buying, in money
	saved: float


def surplus(state: State, proposals: Sequence[Proposal]) -> FloatArray:
	"""What each item-warehouse can spare, shape (N,): what is on its shelf beyond what it needs itself."""
	needs = np.array([max(each.why.learned_target, each.why.demand_high) for each in proposals], np.float32)
	spare = np.minimum(state.available, state.inventory_position - needs)
	# who wants more, or waits for it, spares nothing
	wants = np.array([each.proposed_qty > 0 for each in proposals], bool)
	return np.where(wants, 0, np.maximum(spare, 0)).astype(np.float32)


def plan_transfers(
	items: ItemTable,
	state: State,
	proposals: Sequence[Proposal],
	terms: TransferTerms,
) -> list[Transfer]:
	"""What to move, by the receiving place; the barest shelf chooses first, from where most is to spare."""
	places: dict[str, list[int]] = defaultdict(list)
	for i, key in enumerate(items.keys):
		places[key.item_code].append(i)
	spare = surplus(state, proposals).astype(np.float64)
	rate = np.maximum(usual_rate(state).astype(np.float64), 1e-9)
	position = state.inventory_position.astype(np.float64)
	# moved in whole units where it is bought in whole ones, in any fraction where it is bought so
	unit = np.where(items.order_multiple > 0, np.minimum(items.order_multiple, 1), 0).astype(np.float64)
	found: list[Transfer] = []
	for group in places.values():
		if len(group) < 2 or not any(spare[i] > 0 for i in group):
			continue
		short = [i for i in group if proposals[i].proposed_qty > 0]
		for target in sorted(short, key=lambda i: (position[i] / rate[i], i)):
			if terms.lead_time_days > int(items.whole_lead_time_days[target]):
				continue
			left = _wanted(proposals[target], float(unit[target]))
			for source in sorted(group, key=lambda i: (-spare[i], i)):
				quantity = _whole(min(left, spare[source]), float(unit[target]))
				if source == target or quantity <= 0:
					continue
				waits = (position[source] - quantity / 2) / rate[source]
				per_unit = min(float(items.holding_cost[source]) * waits, float(items.unit_cost[target]))
				is_all = quantity >= left * (1 - float(QUANTITY_NOISE))
				saved = (
					per_unit * quantity + (float(items.order_cost[target]) if is_all else 0.0) - terms.cost
				)
				if saved <= 0:
					continue
				found.append(Transfer(source, target, quantity, saved))
				spare[source] -= quantity
				position[source] -= quantity
				left -= quantity
	return found


def _wanted(proposal: Proposal, unit: float) -> float:
	"""What is really needed: no pack, and no smallest order, has to be filled by a transfer."""
	why = proposal.why
	wish = why.rule_wish + why.correction + why.followed
	if not 0 < wish < proposal.proposed_qty:
		return proposal.proposed_qty
	return min(float(np.ceil(wish / unit - 1e-4) * unit) if unit else wish, proposal.proposed_qty)


def _whole(quantity: float, unit: float) -> float:
	return float(np.floor(quantity / unit + 1e-4) * unit) if unit else quantity


def before_buying(
	proposals: Sequence[Proposal],
	state: State,
	terms: TransferTerms,
	_: Translate = str,
	number: Number = quantity_words,
	money: Number = quantity_words,
) -> tuple[list[Proposal], list[tuple[int, Proposal]]]:
	"""What is left to buy, N of them, and what is moved instead: the receiving position and its proposal."""
	items = state.items
	planned = plan_transfers(items, state, proposals, terms)
	if not planned:
		return list(proposals), []
	moved = np.zeros(len(proposals))
	covered = np.zeros(len(proposals), bool)
	left = np.array([each.proposed_qty for each in proposals])
	transfers = []
	for each in planned:
		whole, source = proposals[each.target], items.keys[each.source]
		moved[each.target] += each.quantity
		wanted = _wanted(whole, float(min(items.order_multiple[each.target], 1)))
		covered[each.target] = moved[each.target] >= wanted * (1 - float(QUANTITY_NOISE))
		words = _(
			"{0} of it can come from {1}, which has more than it needs until its own next order; "
			"that saves {2} against buying."
		).format(number(each.quantity), source.warehouse, money(each.saved))
		transfers.append(
			(
				each.target,
				replace(
					whole,
					proposed_qty=each.quantity,
					baseline_qty=each.quantity,
					reason=f"{whole.reason} {words}",
					from_warehouse=source.warehouse,
					supplier="",
					saved=each.saved,
				),
			)
		)
	rest = np.where(covered, 0, np.maximum(left - moved, 0)).astype(np.float32)
	rest = np.minimum(feasible_quantity(items, rest), left.astype(np.float32))
	quantities = written_quantities(items, rest).tolist()
	result = list(proposals)
	for i in np.flatnonzero(moved > 0).tolist():
		words = _("{0} of it come from the company's other warehouses.").format(number(float(moved[i])))
		result[i] = replace(
			result[i],
			proposed_qty=quantities[i],
			baseline_qty=max(result[i].baseline_qty - float(moved[i]), 0.0),
			reason=f"{result[i].reason} {words}",
		)
	return result, transfers


def after_transfers(state: State, transfers: Sequence[tuple[int, Proposal]], terms: TransferTerms) -> State:
	"""The state that the rest is bought in: what is moved is gone from its source, and on its way."""
	if not transfers:
		return state
	place = {key: i for i, key in enumerate(state.items.keys)}
	on_hand = state.on_hand.copy()
	missing = max(terms.lead_time_days + 1 - len(state.arrivals), 0)
	arrivals = np.pad(state.arrivals, ((0, missing), (0, 0)))
	for target, transfer in transfers:
		on_hand[place[ItemKey(transfer.item_code, transfer.from_warehouse)]] -= transfer.proposed_qty
		arrivals[terms.lead_time_days, target] += transfer.proposed_qty
	return replace(state, on_hand=on_hand, arrivals=arrivals)
