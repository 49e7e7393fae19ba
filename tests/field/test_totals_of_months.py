"""BOLT known by totals: the order is that of its daily demand, on whatever day of the month or week."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from field_samples import BOLT, REVIEW_DAYS, START, USUAL, names, proposal

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.demand.rhythm import MONTHLY, WEEKLY
from rl_replenishment.core.demand.totals import over_their_days
from rl_replenishment.core.items import ItemTable
from rl_replenishment.core.policies.base import State
from rl_replenishment.core.policies.store import StoredPolicy
from rl_replenishment.core.training.classical import classical_policy
from rl_replenishment.core.training.from_history import TrainingOptions

ITEMS = ItemTable.create(names(1), **BOLT)


@cache
def known() -> DemandHistory:
	"""Two years, 300 a month."""
	days = np.arange(np.datetime64("2024-01-01"), np.datetime64("2026-01-01"))
	demand = np.where(days == days.astype("datetime64[M]").astype(days.dtype), 300, 0)[:, None]
	history = DemandHistory(ITEMS.keys, START, demand.astype(np.float32), MONTHLY)
	return over_their_days(history, REVIEW_DAYS)


@cache
def policy() -> StoredPolicy:
	return classical_policy(known(), ITEMS, TrainingOptions(review_days=REVIEW_DAYS))


@pytest.mark.parametrize("days_ago", [0, 9, 20])
def test_the_usual_order(days_ago: int) -> None:
	history = known().window(0, known().days - days_ago)
	state = State.from_history(
		ITEMS,
		history.demand,
		today=history.end,
		review_days=REVIEW_DAYS,
		on_hand=np.array([50], np.float32),
	)
	assert USUAL[0] <= proposal(policy().policy, state).proposed_qty <= USUAL[1] + 10


def test_the_usual_order_of_weekly_totals() -> None:
	"""Orders take ten days, and arrive within a week: what is sold in it is sold day by day."""
	demand = np.zeros((7 * 104, 1), np.float32)
	demand[::7, 0] = np.random.default_rng(0).poisson(70, 104)
	history = over_their_days(
		DemandHistory(ITEMS.keys, START, demand, WEEKLY), REVIEW_DAYS, ITEMS.lead_time_days
	)
	state = State.from_history(
		ITEMS,
		history.demand,
		today=history.end,
		review_days=REVIEW_DAYS,
		on_hand=np.array([50], np.float32),
	)
	by_weeks = classical_policy(history, ITEMS, TrainingOptions(review_days=REVIEW_DAYS))
	assert USUAL[0] <= proposal(by_weeks.policy, state).proposed_qty <= USUAL[1]
