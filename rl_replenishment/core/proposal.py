"""From stock and demand to proposed order lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.errors import InputError
from rl_replenishment.core.explanation import Explanation, Translate, explain
from rl_replenishment.core.items import FloatArray, ItemKey, feasible_quantity
from rl_replenishment.core.policies.base import State
from rl_replenishment.core.policies.residual_network import ResidualNetwork

#: arrivals further ahead than this count as arriving on its last day
LONGEST_ARRIVAL_DAYS = 366


@dataclass(frozen=True)
class Proposal:
	"""What to order of one item-warehouse and why; quantities in stock UOM."""

	item_code: str
	warehouse: str
	supplier: str
	on_hand: float
	on_order: float
	proposed_qty: float
	#: what the classical rule would order
	baseline_qty: float
	reason: str
	#: the numbers behind it
	why: Explanation
	#: why nothing of it is to be ordered now, "" where nothing holds it back
	held_back: str = ""


def propose(policy: ResidualNetwork, state: State, translate: Translate = str) -> list[Proposal]:
	"""One proposal per item-warehouse of the state, also where nothing is to be ordered.

	Reasons are in English, or in the language that `translate` gives their texts in.
	"""
	situation = policy.situation(state)
	decision = situation.decide(policy.actions(situation))
	baseline = feasible_quantity(state.items, decision.classical)
	return [
		Proposal(
			item_code=key.item_code,
			warehouse=key.warehouse,
			supplier=supplier,
			on_hand=why.on_hand,
			on_order=why.on_order,
			proposed_qty=why.quantity,
			baseline_qty=float(rule),
			reason=why.sentence(translate),
			why=why,
		)
		for key, supplier, why, rule in zip(
			state.items.keys,
			state.items.suppliers,
			explain(policy, situation, decision),
			baseline,
			strict=True,
		)
	]


def arrivals_by_day(
	items: int,
	index: npt.NDArray[np.integer],
	days_ahead: npt.NDArray[np.integer],
	quantity: npt.NDArray[np.floating],
) -> FloatArray:
	"""Open orders as the state has them, shape (H, N), from A orders; what is late is due today."""
	ahead = np.clip(days_ahead, 0, LONGEST_ARRIVAL_DAYS).astype(np.intp)
	arrivals = np.zeros((int(ahead.max(initial=0)) + 1, items), dtype=np.float32)
	np.add.at(arrivals, (ahead, index), quantity.astype(np.float32))
	return arrivals


def match_keys(wanted: Sequence[ItemKey], known: Sequence[ItemKey], source: str) -> npt.NDArray[np.intp]:
	"""Position of each of M wanted item-warehouses among the known ones, shape (M,), -1 where there is none.

	Where a history knows no warehouses, its item stands for the one warehouse asked about; `source` names the
	file that asks in the error for an item asked about in two.
	"""
	position = {key: i for i, key in enumerate(known)}
	found = np.full(len(wanted), -1, dtype=np.intp)
	taken: dict[int, ItemKey] = {}
	for row, key in enumerate(wanted):
		at = position.get(key, position.get(ItemKey(key.item_code), -1))
		if at >= 0 and taken.setdefault(at, key) != key:
			raise InputError(
				f"{source}: item {key.item_code} is in the warehouses {taken[at].warehouse} and "
				f"{key.warehouse}, but its order history names no warehouse; "
				"add a warehouse column to the orders."
			)
		found[row] = at
	return found
