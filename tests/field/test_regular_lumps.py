"""Demand in regular lumps, on a history too short to tune on: what is certain needs no safety stock."""

from __future__ import annotations

import numpy as np
import pytest
from field_samples import BOLT, LEAD_TIME, REVIEW_DAYS, START, history_of, names, proposal

from rl_replenishment.core.items import FloatArray, ItemTable
from rl_replenishment.core.policies.base import State
from rl_replenishment.core.simulation.rollout import run
from rl_replenishment.core.simulation.scenario import Scenario
from rl_replenishment.core.training.classical import classical_policy, default_rule
from rl_replenishment.core.training.from_history import TrainingOptions
from rl_replenishment.core.training.regular_demand import regular_items

_AHEAD = 560
OPTIONS = TrainingOptions(review_days=REVIEW_DAYS, unmet_demand="lost", seconds=None)


def lumps(every: int, days: int, phase: int, spread: float = 0.0) -> FloatArray:
	"""10 a day in a booking every so many days, shape (days, 1)."""
	demand = np.zeros((days, 1), np.float32)
	at = np.arange(phase, days, every)
	sizes = np.random.default_rng(phase).normal(10 * every, spread, len(at))
	demand[at, 0] = np.maximum(sizes.round(), 1)
	return demand


@pytest.mark.parametrize("days", [150, 250])
@pytest.mark.parametrize(
	("every", "phase", "spread"), [(14, 0, 0), (14, 3, 0), (14, 9, 40), (21, 4, 0), (28, 9, 0), (30, 1, 20)]
)
def test_lumps_cost_less_than_with_usual_settings(every: int, phase: int, spread: float, days: int) -> None:
	demand = lumps(every, days + _AHEAD, phase, spread)
	items = ItemTable.create(names(1), **BOLT)
	policy = classical_policy(history_of(demand[:days]), items, OPTIONS).policy
	scenario = Scenario(
		items=items,
		demand=demand,
		start=START,
		warm_up_days=days,
		review_days=REVIEW_DAYS,
		unmet_demand="lost",
		lead_times=np.full((_AHEAD, 1), LEAD_TIME, np.int32),
		initial_on_hand=np.full(1, 280, np.float32),
	)
	usual = default_rule(items)
	most = 1.0 if spread else 0.9
	assert run(policy, scenario).cost.sum() < most * run(usual, scenario).cost.sum()
	state = State.from_history(
		items,
		demand[:days],
		today=START + np.timedelta64(days, "D"),
		review_days=REVIEW_DAYS,
		on_hand=np.array([50], np.float32),
	)
	ordered = proposal(policy, state).proposed_qty
	assert 10 * LEAD_TIME <= ordered < 0.9 * usual.order_quantities(state)[0]


def test_orders_that_cost_nothing_are_not_lumped() -> None:
	items = ItemTable.create(names(1), **{**BOLT, "order_cost": 0})
	policy = classical_policy(history_of(lumps(14, 120, 3)), items, OPTIONS).policy
	assert policy.classical.rule.parameters.values["gap"] == 0  # type: ignore[union-attr]


def test_what_is_rare_by_chance_is_not_regular() -> None:
	"""Nor is what has ended, what a week tells, or what came three times."""
	random = np.random.default_rng(0)
	rare = (random.random((300, 2000)) < np.linspace(0.02, 0.2, 2000)).astype(np.float32)
	assert len(regular_items(rare)) <= 2
	ended = lumps(14, 300, 3)
	ended[200:] = 0
	for demand in (ended, lumps(7, 120, 3), lumps(28, 100, 3)):
		assert not len(regular_items(demand))
	assert len(regular_items(lumps(14, 120, 3))) == 1


def test_other_items_keep_their_usual_settings() -> None:
	steady = np.random.default_rng(0).poisson(10, (120, 1)).astype(np.float32)
	items = ItemTable.create(names(2), **BOLT)
	policy = classical_policy(history_of(np.hstack([steady, lumps(14, 120, 3)])), items, OPTIONS).policy
	values = policy.classical.rule.parameters.values  # type: ignore[union-attr]
	assert values["safety_factor"][0] == np.float32(1.65) > values["safety_factor"][1]
