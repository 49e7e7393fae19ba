"""Open orders count as far as they arrive in time to matter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from field_samples import BOLT, USUAL, bolt_policy, bolt_state, names, proposal

from rl_replenishment.core.items import ItemTable


@pytest.mark.parametrize("kind", ["rule", "network"])
@pytest.mark.parametrize("days", [17, 40, 300, 366])
def test_what_arrives_after_the_next_order_could_hides_no_empty_shelf(kind: str, days: int) -> None:
	policy = bolt_policy(kind).policy
	found = proposal(policy, bolt_state(0, {days: 2000}))
	# until it comes, 10 a day are sold from the tenth day on
	assert found.proposed_qty >= 10 * 7
	if days >= 300:
		assert found.proposed_qty == proposal(policy, bolt_state(0)).proposed_qty
		assert f"2000 of it due in {days} days or later, too late to count now" in found.reason
	assert "or have the 2000 on order come earlier" in found.reason
	assert found.on_order == 2000


def test_what_is_usual_stays_usual() -> None:
	for kind in ("rule", "network"):
		assert USUAL[0] <= proposal(bolt_policy(kind).policy, bolt_state()).proposed_qty <= USUAL[1]


@pytest.mark.parametrize("kind", ["rule", "network"])
def test_what_arrives_before_an_order_of_now_counts_in_full(kind: str) -> None:
	for days in (0, 5, 10):
		found = proposal(bolt_policy(kind).policy, bolt_state(0, {days: 2000}))
		assert found.proposed_qty == 0
		assert "come earlier" not in found.reason


def test_a_late_arrival_leaves_the_days_before_it_to_be_bought() -> None:
	"""2,000 due in 30 days, nothing until then: from day 10 on, 20 days of 10 a day are to be bought."""
	found = proposal(bolt_policy("rule").policy, bolt_state(0, {30: 2000}))
	assert 180 <= found.proposed_qty <= 240


def test_days_between_two_arrivals() -> None:
	"""A little on the way in time, much in 60 days: the usual order, less the little."""
	policy = bolt_policy("rule").policy
	usual = proposal(policy, bolt_state(0)).proposed_qty
	assert proposal(policy, bolt_state(0, {3: 100, 60: 5000})).proposed_qty == pytest.approx(
		usual - 100, abs=1
	)


@pytest.mark.parametrize("review_days", [1, 7, 30])
@pytest.mark.parametrize("lead_time", [0, 1, 10, 90])
@pytest.mark.parametrize("unmet_demand", ["lost", "backorder"])
def test_any_review_and_lead_time(review_days: int, lead_time: int, unmet_demand: str) -> None:
	"""A far-off order changes nothing; one that comes just in time is enough."""
	policy = bolt_policy("rule").policy
	values = {"lead_time_days": lead_time}

	def ordered(on_hand: float, due: dict[int, float]) -> float:
		state = bolt_state(on_hand, due, review_days=review_days, values=values, unmet_demand=unmet_demand)
		return proposal(policy, state).proposed_qty

	usual = ordered(0, {})
	assert usual > 0
	# the lot lasts a few weeks more than the protection interval
	assert ordered(0, {lead_time + review_days + 100: 9000}) == usual
	assert ordered(0, {lead_time: 9000}) == 0


def test_a_long_review_interval_is_no_time_to_be_without_stock() -> None:
	"""Monthly review: 28 of the 30 days that an order of now must last lie before the arrival."""
	state = bolt_state(0, {38: 2000}, review_days=30)
	found = proposal(bolt_policy("rule").policy, state)
	assert 260 <= found.proposed_qty <= 300
	assert "2000 of it due in 38 days or later" in found.reason


def test_stock_that_lasts_until_the_arrival_needs_no_order() -> None:
	found = proposal(bolt_policy("rule").policy, bolt_state(250, {16: 2000}))
	assert found.proposed_qty == 0


def test_customers_who_wait_are_served_first() -> None:
	"""With 100 waiting, an order that comes first brings the demand of 6 days, and the backlog."""
	policy = bolt_policy("rule").policy
	waiting = bolt_state(-100, {16: 2000}, unmet_demand="backorder")
	gone = bolt_state(-100, {16: 2000})
	assert proposal(policy, waiting).proposed_qty > proposal(policy, gone).proposed_qty > 0


def test_an_item_alone_is_as_among_others() -> None:
	"""Short and long lead times, with and without late orders, in one table."""
	policy = bolt_policy("rule").policy
	one = bolt_state(0, {30: 2000})
	rows = np.zeros(4, np.intp)
	state = one.take(rows)
	table = ItemTable.create(names(4), **{**BOLT, "lead_time_days": [10, 0, 40, 10]})
	due = state.arrivals.copy()
	due[:, 3] = 0
	together = policy.order_quantities(replace(state, items=table, arrivals=due))
	for at in range(4):
		alone = replace(state, items=table, arrivals=due).take(np.array([at]))
		assert policy.order_quantities(alone)[0] == together[at]


@pytest.mark.parametrize("kind", ["rule", "network"])
def test_what_is_overdue_for_long_hides_no_empty_shelf(kind: str) -> None:
	"""An order that should have come two months ago is named, and what it was to bring is bought again."""
	policy = bolt_policy(kind).policy
	amount, days = np.array([400], np.float32), np.array([60], np.float32)
	found = proposal(policy, bolt_state(0, long_overdue=amount, long_overdue_days=days))
	assert found.proposed_qty == proposal(policy, bolt_state(0)).proposed_qty > 0
	assert "400 of it 60 days overdue and not counted on any more" in found.reason
	# the books still have it on order
	assert found.on_order == 400
