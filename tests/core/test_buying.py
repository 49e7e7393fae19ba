"""Budgets and suppliers' terms together: what the money is enough for, and what cannot wait."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from core_samples import MONDAY, codes, forecast_rule, plain_statistics, state_of

from rl_replenishment.core.items import ItemTable
from rl_replenishment.core.policies.base import State
from rl_replenishment.core.proposal import Proposal, propose
from rl_replenishment.core.terms.buying import Bought, Purse, buy
from rl_replenishment.core.terms.calendar import timed, timing
from rl_replenishment.core.terms.terms import SupplierTerms, Terms
from rl_replenishment.core.training.classical import uncorrected


def shop(
	suppliers: list[str], on_hand: list[float], *, cost: float = 5.0, order_cost: float = 0.0, **terms: object
) -> tuple[list[Proposal], State, Terms]:
	"""Items of 10 a piece that sell one a day, with a lead time of 3 days and weekly reviews."""
	items = ItemTable.create(
		codes(len(suppliers)),
		suppliers,
		unit_cost=10,
		stockout_cost=cost,
		order_cost=order_cost,
		lead_time_days=3,
	)
	level = np.ones(len(suppliers), np.float32)
	known = plain_statistics(len(suppliers), level=level)
	state = state_of(items, on_hand=np.array(on_hand, np.float32), demand=known, review_days=7)
	state = replace(state, today=MONDAY)
	names = sorted(set(suppliers))
	return (
		propose(uncorrected(forecast_rule(items=items, safety_factor=3)), state),
		state,
		Terms.create(SupplierTerms.create(names, **terms), items),  # type: ignore[arg-type]
	)


def bought(given: tuple[list[Proposal], State, Terms], money: float | None = None, **values: float) -> Bought:
	proposals, state, terms = given
	days = timing(terms, state.items.whole_lead_time_days, MONDAY, 7)
	price = state.items.unit_cost.astype(np.float64)
	purse = None if money is None else Purse(money, price, state.items.stockout_cost)
	return buy(proposals, timed(state, days), purse=purse, terms=terms, days=days, **values)


def worth(found: Bought, *rows: int) -> float:
	return 10 * sum(found.proposals[i].proposed_qty for i in rows)


def test_a_budget_that_is_enough_changes_nothing() -> None:
	given = shop(["A", "A", "B"], [0, 0, 0], minimum_value=[400, 0])
	free, within = bought(given), bought(given, 10_000)
	assert [each.proposed_qty for each in within.proposals] == [each.proposed_qty for each in free.proposals]
	assert within.orders == free.orders
	assert within.spent is not None
	assert (within.spent.value, within.spent.missing, within.cut) == (worth(free, 0, 1, 2), 0, 0)


def test_freight_is_paid_where_the_money_does_not_reach_beyond_the_minimum() -> None:
	given = shop(["A", "A"], [0, 0], minimum_value=300, freight_cost=50, free_freight_value=400)
	assert worth(bought(given), 0, 1) == 400
	found = bought(given, 350)
	assert worth(found, 0, 1) == 300
	assert found.orders[0].freight == 50


@pytest.mark.parametrize("money", np.arange(0, 900, 50).tolist())
def test_never_more_than_the_money_and_never_below_a_minimum_unsaid(money: float) -> None:
	on_hand = [0.0, 4, 8, 0, 6, 2]
	given = shop(["A", "A", "B", "B", "C", ""], on_hand, minimum_value=[0, 300, 250, 150], freight_cost=4)
	found = bought(given, money)
	assert worth(found, *range(6)) <= money
	assert found.spent is not None
	assert found.spent.value == worth(found, *range(6))
	missing = given[2].missing([each.proposed_qty for each in found.proposals])
	for at, name in enumerate(given[2].suppliers.names):
		if missing[0, at] > 0:
			assert next(o for o in found.orders if o.supplier == name).status == "below minimum"
	for before, after in zip(given[0], found.proposals, strict=True):
		if after.proposed_qty < before.proposed_qty:
			assert len(after.reason) > len(before.reason)


def test_less_urgent_lines_pay_for_what_a_minimum_adds() -> None:
	"""B's shelf is empty, and its minimum is twice what it needs; A's lines last a while."""
	given = shop(["A", "A", "B"], [7, 7, 0], cost=50, minimum_value=[0, 260])
	free = bought(given)
	found = bought(given, 300)
	assert worth(found, 2) == worth(free, 2) == 260
	assert 0 <= worth(found, 0, 1) <= 40
	assert "by the budget" in found.proposals[0].reason + found.proposals[1].reason


def test_a_minimum_that_the_money_is_not_enough_for_stops_what_can_wait_alone() -> None:
	given = shop(["A", "A"], [0, 9], cost=50, order_cost=60, minimum_value=1000)
	found = bought(given, 200)
	urgent, other = found.proposals
	assert given[0][1].proposed_qty > 0
	assert urgent.proposed_qty == given[0][0].proposed_qty
	assert "for which the budget is not enough. Ordered below it: waiting until" in urgent.reason
	assert other.proposed_qty == 0
	assert "Left for later: waiting until" in other.held_back
	assert found.orders[0].status == "below minimum"
	assert "ask A to accept them" in found.orders[0].told


def test_a_minimum_out_of_reach_stops_what_can_wait_alone() -> None:
	"""Where nothing may last longer than 20 days; and all, where freight costs more than waiting."""
	for freight, ordered in ((0.0, True), (1000.0, False)):
		given = shop(["A", "A"], [0, 9], cost=50, order_cost=60, minimum_value=10_000, freight_cost=freight)
		urgent, other = bought(given, max_cover_days=20).proposals
		assert (urgent.proposed_qty > 0) is ordered
		assert "A's minimum of 10,000.00 is out of reach" in urgent.reason
		assert other.proposed_qty == 0
		assert other.held_back


def test_what_waits_for_its_order_day_takes_no_money_from_others() -> None:
	proposals, state, terms = shop(["A", "B"], [0, 0], minimum_value=0)
	week = np.array([[False] * 3 + [True] + [False] * 3, [True] * 7])
	terms = Terms.create(SupplierTerms.create(["A", "B"], order_days=week), state.items)
	state = replace(state, review_days=1)
	days = timing(terms, state.items.whole_lead_time_days, MONDAY, 1)
	purse = Purse(10 * proposals[1].proposed_qty, np.full(2, 10.0), state.items.stockout_cost)
	found = buy(proposals, timed(state, days), purse=purse, terms=terms, days=days)
	assert found.proposals[0].proposed_qty == 0
	assert found.proposals[1].proposed_qty == proposals[1].proposed_qty
