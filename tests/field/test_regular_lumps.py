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

_AHEAD, _ITEMS = 560, 20
OPTIONS = TrainingOptions(review_days=REVIEW_DAYS, unmet_demand="lost", seconds=None)


def lumps(every: int, days: int, phase: int = 3, spread: float = 0.0) -> FloatArray:
	"""10 a day in a booking every so many days, shape (days, 1)."""
	demand = np.zeros((days, 1), np.float32)
	at = np.arange(phase % every, days, every)
	sizes = np.random.default_rng(phase).normal(10 * every, spread, len(at))
	demand[at, 0] = np.maximum(sizes.round(), 1)
	return demand


@pytest.mark.parametrize(
	("every", "days", "spread", "most"),
	[(14, 150, 0, 0.7), (14, 150, 40, 0.85), (28, 200, 60, 0.75), (30, 250, 100, 0.9)],
)
def test_lumps_cost_less_than_with_usual_settings(every: int, days: int, spread: float, most: float) -> None:
	demand = np.hstack([lumps(every, days + _AHEAD, phase, spread) for phase in range(_ITEMS)])
	items = ItemTable.create(names(_ITEMS), **BOLT)
	policy = classical_policy(history_of(demand[:days]), items, OPTIONS).policy
	scenario = Scenario(
		items=items,
		demand=demand,
		start=START,
		warm_up_days=days,
		review_days=REVIEW_DAYS,
		unmet_demand="lost",
		lead_times=np.full((_AHEAD, _ITEMS), LEAD_TIME, np.int32),
		initial_on_hand=np.full(_ITEMS, 280, np.float32),
	)
	assert run(policy, scenario).cost.sum() < most * run(default_rule(items), scenario).cost.sum()


def test_bolt_in_lumps_orders_about_what_it_orders_else() -> None:
	"""Three bookings are 420; with usual settings 519 to 564 are ordered."""
	items = ItemTable.create(names(1), **BOLT)
	for phase in (0, 3, 7, 13):
		demand = lumps(14, 120, phase)
		state = State.from_history(
			items,
			demand,
			today=START + np.timedelta64(120, "D"),
			review_days=REVIEW_DAYS,
			on_hand=np.array([50], np.float32),
		)
		ordered = proposal(classical_policy(history_of(demand), items, OPTIONS).policy, state).proposed_qty
		assert 240 <= ordered <= 440 < default_rule(items).order_quantities(state)[0]


def test_orders_that_cost_nothing_are_not_lumped() -> None:
	items = ItemTable.create(names(1), **{**BOLT, "order_cost": 0})
	policy = classical_policy(history_of(lumps(14, 120)), items, OPTIONS).policy
	assert policy.classical.rule.parameters.values["gap"] == 0  # type: ignore[union-attr]


def test_what_is_rare_by_chance_is_not_regular() -> None:
	"""Nor is what has ended, what a week tells, or what came three times."""
	random = np.random.default_rng(0)
	rare = (random.random((300, 2000)) < np.linspace(0.02, 0.2, 2000)).astype(np.float32)
	assert len(regular_items(rare)) <= 2
	ended = lumps(14, 300)
	ended[200:] = 0
	for demand in (ended, lumps(7, 120), lumps(28, 100)):
		assert not len(regular_items(demand))
	assert len(regular_items(lumps(14, 120))) == 1


def test_other_items_keep_their_usual_settings() -> None:
	steady = np.random.default_rng(0).poisson(10, (120, 1)).astype(np.float32)
	items = ItemTable.create(names(2), **BOLT)
	policy = classical_policy(history_of(np.hstack([steady, lumps(14, 120)])), items, OPTIONS).policy
	values = policy.classical.rule.parameters.values  # type: ignore[union-attr]
	assert values["safety_factor"][0] == np.float32(1.65) > values["safety_factor"][1]
