"""Transfer before buying: what one place has too much of, where moving it is cheaper and in time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from core_samples import MONDAY, forecast_rule, plain_statistics, state_of

from rl_replenishment.core.items import ItemKey, ItemTable
from rl_replenishment.core.policies.base import State
from rl_replenishment.core.proposal import Proposal, propose
from rl_replenishment.core.terms.calendar import timing
from rl_replenishment.core.terms.proposals import on_terms
from rl_replenishment.core.terms.terms import SupplierTerms, Terms
from rl_replenishment.core.training.classical import uncorrected
from rl_replenishment.core.transfers import TransferTerms, before_buying, once_moved, surplus

NORTH, SOUTH, EAST = (ItemKey("BOLT", name) for name in ("North", "South", "East"))


def asked(
	on_hand: list[float], keys: tuple[ItemKey, ...] = (NORTH, SOUTH), **values: object
) -> tuple[State, list[Proposal]]:
	"""Places that sell 4 a day and order up to 40."""
	items = ItemTable.create(keys, **{"lead_time_days": 3, "unit_cost": 10.0, **values})
	state = state_of(items, on_hand=on_hand, demand=plain_statistics(len(keys), 4.0), review_days=7)
	return state, propose(uncorrected(forecast_rule(items=items)), state)


def test_one_full_one_empty() -> None:
	"""A transfer, not a purchase; and the reasons say so."""
	state, proposals = asked([400, 0])
	assert [each.proposed_qty for each in proposals] == [0, 40]
	left, moved = before_buying(proposals, state, TransferTerms())
	assert [each.proposed_qty for each in left] == [0, 0]
	((target, transfer),) = moved
	assert (target, transfer.warehouse, transfer.from_warehouse) == (1, "South", "North")
	assert transfer.proposed_qty == 40
	assert "40 of it can come from North" in transfer.reason
	assert "40 of it come from the company's other warehouses" in left[1].reason
	assert not left[1].held_back


def test_what_the_source_needs_stays() -> None:
	"""Beyond the 40 that it would fill up to, and what is on its way is not on the shelf."""
	state, proposals = asked([55, 0])
	assert surplus(state, proposals).tolist() == [15, 0]
	left, moved = before_buying(proposals, state, TransferTerms())
	assert [transfer.proposed_qty for _, transfer in moved] == [15]
	assert left[1].proposed_qty == 25
	items = state.items
	coming = state_of(
		items,
		on_hand=[5, 0],
		arrivals=[[0, 0], [100, 0]],
		demand=plain_statistics(2, 4.0),
		review_days=7,
	)
	assert surplus(coming, propose(uncorrected(forecast_rule(items=items)), coming))[0] == 5


@pytest.mark.parametrize(
	("cost", "is_moved"),
	# 40 units of 10 at 25 % a year, which would wait for 95 days at North
	[(0.0, True), (25.0, True), (27.0, False), (1000.0, False)],
)
def test_only_where_it_is_cheaper(cost: float, is_moved: bool) -> None:
	state, proposals = asked([400, 0])
	left, moved = before_buying(proposals, state, TransferTerms(cost=cost))
	assert bool(moved) == is_moved
	assert left[1].proposed_qty == (0 if is_moved else 40)


def test_dead_stock_is_worth_its_price() -> None:
	items = ItemTable.create((NORTH, SOUTH), lead_time_days=3, unit_cost=10.0)
	known = plain_statistics(2, 4.0)
	for name in ("level_28", "level_91", "level_364"):
		getattr(known, name)[0] = 0
	state = state_of(items, on_hand=[100, 0], demand=known, review_days=7)
	proposals = propose(uncorrected(forecast_rule(items=items)), state)
	assert before_buying(proposals, state, TransferTerms(cost=399.0))[1]
	assert not before_buying(proposals, state, TransferTerms(cost=401.0))[1]


def test_too_late_is_no_help() -> None:
	state, proposals = asked([400, 0])
	assert before_buying(proposals, state, TransferTerms(lead_time_days=3))[1]
	assert not before_buying(proposals, state, TransferTerms(lead_time_days=4))[1]


def test_nothing_is_moved_twice() -> None:
	"""Two are short and one spares 60: the barer one first, and the other buys the rest."""
	state, proposals = asked([100, 8, 0], (NORTH, SOUTH, EAST))
	left, moved = before_buying(proposals, state, TransferTerms())
	assert {proposals[at].warehouse: each.proposed_qty for at, each in moved} == {"East": 40, "South": 20}
	assert [each.proposed_qty for each in left] == [0, 12, 0]
	assert sum(each.proposed_qty for _, each in moved) <= surplus(state, proposals)[0]


def test_packs_are_bought_and_units_are_moved() -> None:
	"""A smallest order of 100 is no reason to move 100; what is still to be bought is whole packs."""
	state, proposals = asked([400, 0], order_multiple=100.0)
	assert proposals[1].proposed_qty == 100
	left, moved = before_buying(proposals, state, TransferTerms())
	assert [each.proposed_qty for _, each in moved] == [40]
	assert left[1].proposed_qty == 0
	state, proposals = asked([55, 0], order_multiple=12.0)
	left, moved = before_buying(proposals, state, TransferTerms())
	assert [each.proposed_qty for _, each in moved] == [15]
	assert left[1].proposed_qty % 12 == 0
	assert 25 <= left[1].proposed_qty <= 36


def test_other_items_are_none_of_it() -> None:
	state, proposals = asked([400, 0], (NORTH, ItemKey("NUT", "South")))
	left, moved = before_buying(proposals, state, TransferTerms())
	assert not moved
	assert left == proposals
	assert np.array_equal(surplus(state, proposals) > 0, [True, False])


def test_what_is_moved_is_not_bought_too() -> None:
	"""A supplier's minimum is reached with something else, though the place is short on the books."""
	other = ItemKey("NUT", "South")
	keys = (NORTH, SOUTH, other)
	state, proposals = asked([400, 0, 0], keys, suppliers=["A"] * 3, order_cost=0.2)
	left, moved = before_buying(proposals, state, TransferTerms())
	assert [each.proposed_qty for each in left] == [0, 0, 40]
	later = once_moved(state, moved, 1)
	assert later.inventory_position.tolist() == [360, 40, 0]
	assert state.inventory_position.tolist() == [400, 0, 0]
	terms = Terms.create(SupplierTerms.create(["A"], minimum_value=500), state.items)
	days = timing(terms, state.items.whole_lead_time_days, MONDAY, 7)
	# on the books of before, the place that goods are on their way to would be the cheapest to fill up
	assert on_terms(left, replace(state, today=MONDAY), terms, days)[0][1].proposed_qty > 0
	found, _orders = on_terms(left, replace(later, today=MONDAY), terms, days)
	assert [each.proposed_qty for each in found] == [0, 0, 50]
