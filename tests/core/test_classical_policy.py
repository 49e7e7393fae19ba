"""What orders before anything is learned."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from core_samples import codes, history_of, mixed_history, mixed_items, state_of

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.demand.imputation import impute
from rl_replenishment.core.items import ItemKey, ItemTable
from rl_replenishment.core.policies.adaptation import adapted_to
from rl_replenishment.core.policies.base import State
from rl_replenishment.core.policies.store import StoredPolicy, parse_policy, policy_files
from rl_replenishment.core.training.classical import classical_policy, default_rule
from rl_replenishment.core.training.from_history import TrainingOptions

OPTIONS = TrainingOptions(algorithm="classical rule")


def state_after(history: DemandHistory, items: ItemTable) -> State:
	return State.from_history(
		items, history.demand, today=history.end, review_days=7, on_hand=np.full(len(items), 2, np.float32)
	)


def test_it_orders_what_the_tuned_rule_orders() -> None:
	history, items = mixed_history(400), mixed_items()
	stored = classical_policy(history, items, OPTIONS)
	state = state_after(history, items)
	rule = stored.policy.classical
	assert rule.order_quantities(state).any()
	np.testing.assert_array_equal(stored.policy.order_quantities(state), rule.order_quantities(state))
	assert "untuned" not in stored.about
	assert stored.about["data"]["items"] == 5


def test_it_can_be_stored_and_applied_to_new_items() -> None:
	stored = classical_policy(mixed_history(), mixed_items(), OPTIONS)
	back = parse_policy(policy_files(stored), "file")
	state = state_after(mixed_history(), mixed_items())
	np.testing.assert_array_equal(back.policy.order_quantities(state), stored.policy.order_quantities(state))
	assert isinstance(adapted_to(back, [ItemKey("NEW", "Stores")]), StoredPolicy)


@pytest.mark.parametrize("days", [0, 1, 27])
def test_a_short_history_takes_the_default_rule(days: int) -> None:
	"""It proposes all the same, and says why it is not tuned."""
	items = ItemTable.create(codes(2), lead_time_days=3)
	history = history_of(np.full((days, 2), 5.0))
	stored = classical_policy(history, items, OPTIONS)
	assert "at least 28" in stored.about["untuned"]
	ordered = stored.policy.order_quantities(state_after(history, items))
	# a steady demand of 5 over 3 + 7 days, less the 2 that are there
	assert ordered.tolist() == ([48, 48] if days else [0, 0])
	parse_policy(policy_files(stored), "file")


def bolt_history(days: int, kind: str, seed: int) -> DemandHistory:
	"""About 10 a day, with one day of 400 more, a week that nothing was sold in, or every second day."""
	rng = np.random.default_rng(seed)
	demand = rng.poisson(10, days).astype(np.float32)
	at = int(rng.integers(3, days - 10))
	if kind == "bulk sale":
		demand[at] += 400
	elif kind == "stock-out":
		demand[at : at + 7] = 0
	elif kind == "every second day":
		demand = 20.0 * (np.arange(days) % 2 == 0)
	return history_of(demand[:, None])


@pytest.mark.parametrize("kind", ["steady", "bulk sale", "stock-out", "every second day"])
@pytest.mark.parametrize("days", [30, 60, 90, 120, 200, 300])
def test_a_short_history_orders_what_lasts_until_the_next_order(days: int, kind: str) -> None:
	"""Settings that look cheapest on few reviews order next to nothing: the end comes before the need."""
	items = ItemTable.create(codes(1), lead_time_days=10, order_cost=4, unit_cost=2)
	for seed in range(3):
		history = impute(bolt_history(days, kind, seed), items).history
		stored = classical_policy(history, items, OPTIONS)
		state = State.from_history(
			items,
			history.demand,
			today=history.end,
			review_days=7,
			on_hand=np.full(1, 50, np.float32),
		)
		# over lead time and review 170 are sold, and a usual lot is 240
		assert 290 < stored.policy.order_quantities(state)[0] < 450
		assert ("untuned" in stored.about) == (days < stored.about.get("days_to_tune", 0))


def test_a_long_lead_time_takes_a_long_history_to_tune_on() -> None:
	history = history_of(np.random.default_rng(0).poisson(5, (500, 2)))
	soon, late = (
		classical_policy(history, ItemTable.create(codes(2), lead_time_days=days), OPTIONS)
		for days in (10, 100)
	)
	assert "untuned" not in soon.about
	assert late.about["untuned"] == (
		"The history spans 500 days; 670 are needed to tell which settings cost least."
	)


def test_a_history_without_demand_takes_the_default_rule() -> None:
	stored = classical_policy(history_of(np.zeros((100, 2))), ItemTable.create(codes(2)), OPTIONS)
	assert "no demand" in stored.about["untuned"]


def test_orders_that_cost_something_are_lumped() -> None:
	items = ItemTable.create(codes(2), order_cost=[0, 50])
	levels = default_rule(items).rule.levels(state_of(items, review_days=7))
	assert levels.order_up_to[0] == levels.reorder_point[0]
	busy = state_after(history_of(np.full((60, 2), 5.0)), items)
	levels = default_rule(items).rule.levels(busy)
	assert levels.order_up_to[1] > levels.reorder_point[1]


def test_no_torch_is_needed() -> None:
	"""In a clean interpreter: sites without torch propose by this."""
	program = "import rl_replenishment.core.training.classical, sys; print(*sys.modules)"
	run = subprocess.run(
		[sys.executable, "-c", program],
		cwd=Path(__file__).parents[2],
		capture_output=True,
		text=True,
		check=True,
	)
	assert not {"torch", "stable_baselines3"} & set(run.stdout.split())
