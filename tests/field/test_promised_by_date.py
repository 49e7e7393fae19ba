"""Demand that is known by date is met by date, and not bought earlier than it is needed."""

from __future__ import annotations

import numpy as np
import pytest
from field_samples import DAYS, REVIEW_DAYS, bolt_policy, bolt_state, proposal

from rl_replenishment.core.items import FloatArray
from rl_replenishment.core.proposal import arrivals_by_day

KINDS = pytest.mark.parametrize("kind", ["rule", "network"])
NEVER = np.zeros((DAYS, 1), np.float32)


def known(*dated: tuple[int, float]) -> FloatArray:
	days, quantity = (np.array(column) for column in zip(*dated, strict=True))
	return arrivals_by_day(1, np.zeros(len(days), np.intp), days, quantity)


@KINDS
@pytest.mark.parametrize("days", [17, 60, 180, 360])
def test_what_is_due_later_is_bought_later(kind: str, days: int) -> None:
	policy = bolt_policy(kind).policy
	found = proposal(policy, bolt_state(400, known_demand=known((days, 600))))
	assert found.proposed_qty == proposal(policy, bolt_state(400)).proposed_qty == 0
	assert (
		f"with 400 on hand, 600 promised for {days} days from now or later, to be bought then" in found.reason
	)


@KINDS
@pytest.mark.parametrize("days", [0, 10, 16])
def test_what_is_due_before_the_next_order_could_come_is_bought_now(kind: str, days: int) -> None:
	policy = bolt_policy(kind).policy
	found = proposal(policy, bolt_state(400, known_demand=known((days, 600))))
	usual = proposal(policy, bolt_state(0)).proposed_qty
	assert found.proposed_qty == pytest.approx(usual + 200, abs=1)
	assert "600 promised to leave in these days" in found.reason


def test_an_item_that_is_sold_for_projects_alone() -> None:
	"""The order is placed at the last review that is early enough, and for no more than what was promised."""
	policy = bolt_policy("rule").policy
	for days in range(200, -1, -REVIEW_DAYS):
		found = proposal(policy, bolt_state(0, demand=NEVER, known_demand=known((days, 80))))
		assert found.proposed_qty == (80 if days < 10 + REVIEW_DAYS else 0), days


def test_what_was_bought_for_it_is_not_bought_again() -> None:
	policy = bolt_policy("rule").policy
	state = bolt_state(0, {10: 80}, demand=NEVER, known_demand=known((12, 80)))
	assert proposal(policy, state).proposed_qty == 0


def test_an_open_order_for_a_promise_is_no_stock_for_others() -> None:
	"""600 due in 30 days for a promise of 32 days from now: the lot is what it is without both."""
	policy = bolt_policy("rule").policy
	both = bolt_state(50, {30: 600}, known_demand=known((32, 600)))
	found = proposal(policy, both).proposed_qty
	assert found == pytest.approx(proposal(policy, bolt_state()).proposed_qty, abs=1)
