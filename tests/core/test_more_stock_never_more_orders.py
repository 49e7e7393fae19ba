"""For every policy: with more stock never more is ordered, and at or above a named level nothing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from core_samples import (
	forecast_rule,
	mixed_items,
	random_network,
	residual_policy,
	state_of,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from training_samples import small_pathwise_trainer, small_problem, small_trainer

from rl_replenishment.core.demand.statistics import demand_statistics
from rl_replenishment.core.explanation import explain
from rl_replenishment.core.items import FloatArray, ItemTable
from rl_replenishment.core.policies.base import Policy, State, protection_days
from rl_replenishment.core.policies.constraints import holds, projected
from rl_replenishment.core.policies.forecast import (
	PROBABILITIES,
	MeanLevels,
	QuantileForecast,
	QuantileLevels,
)
from rl_replenishment.core.policies.network import Network, Normaliser
from rl_replenishment.core.policies.observation import FORECAST_SIZE
from rl_replenishment.core.policies.order_up_to import FixedLevels, OrderUpTo, ReorderLevel
from rl_replenishment.core.policies.parameters import ItemParameters
from rl_replenishment.core.policies.residual_network import ResidualNetwork
from rl_replenishment.core.training.interface import Budget

DAYS, REVIEW_DAYS, ARRIVAL_DAYS = 400, 7, 30


def random_state(items: ItemTable, seed: int) -> State:
	rng = np.random.default_rng(seed)
	count = len(items)
	demand = rng.poisson(rng.uniform(0, 20, count), (DAYS, count)) * (rng.random((DAYS, count)) < 0.5)
	known = demand_statistics(demand.astype(np.float32), protection_days(items, REVIEW_DAYS), [DAYS])
	return state_of(
		items,
		on_hand=rng.uniform(-50, 300, count) * rng.integers(0, 2, count),
		arrivals=rng.uniform(0, 60, (ARRIVAL_DAYS, count)) * (rng.random((ARRIVAL_DAYS, count)) < 0.1),
		demand=known.on(0),
		review_days=REVIEW_DAYS,
	)


def with_more(state: State, on_hand: FloatArray, arrivals: FloatArray) -> State:
	return state_of(
		state.items,
		on_hand=state.on_hand + on_hand,
		arrivals=state.arrivals + arrivals,
		demand=state.demand,
		review_days=state.review_days,
	)


def learned_forecast(seed: int) -> QuantileLevels:
	rng = np.random.default_rng(seed)
	layers = [
		(rng.normal(0, 0.3, (8, FORECAST_SIZE)).astype(np.float32), np.zeros(8, np.float32)),
		(rng.normal(0, 0.3, (len(PROBABILITIES), 8)).astype(np.float32), np.zeros(len(PROBABILITIES), "f4")),
	]
	direct = rng.normal(0, 0.01, (len(PROBABILITIES), FORECAST_SIZE)).astype(np.float32)
	normaliser = Normaliser(np.zeros(FORECAST_SIZE, np.float32), np.ones(FORECAST_SIZE, np.float32))
	parameters = ItemParameters.everywhere(probability=0.87, gap=0.5, cap=np.inf)
	return QuantileLevels(parameters, QuantileForecast(normaliser, (Network(layers, direct),)))


def fixed(**levels: float) -> FixedLevels:
	return FixedLevels(ItemParameters.everywhere(**{"cap": np.inf, **levels}))


RULES: dict[str, Callable[[], OrderUpTo]] = {
	"base-stock": lambda: forecast_rule(safety_factor=1.5),
	"capped base-stock": lambda: forecast_rule(safety_factor=1.5, cap=1.5),
	"(s, S)": lambda: forecast_rule(safety_factor=1.0, gap=1.0),
	"fixed levels": lambda: OrderUpTo("", fixed(reorder_point=50, order_up_to=120)),
	"forecast rule": lambda: OrderUpTo("", learned_forecast(0)),
	"mixed rule": lambda: OrderUpTo(
		"",
		MeanLevels((learned_forecast(1), forecast_rule(gap=1.0).rule, fixed(reorder_point=9, order_up_to=9))),
	),
}


def check(policy: Policy, items: ItemTable, seed: int) -> int:
	"""More of anything never orders more; returns how many items ordered something before."""
	state, rng = random_state(items, seed), np.random.default_rng(seed + 1)
	before = policy.order_quantities(state)
	count = len(items)
	for size in (0.1, 3.0, 100.0, 1e5):
		on_hand = (rng.uniform(0, size, count) * rng.integers(0, 2, count)).astype(np.float32)
		one_day = rng.integers(0, ARRIVAL_DAYS, count)
		arrivals = np.zeros((ARRIVAL_DAYS, count), np.float32)
		arrivals[one_day, np.arange(count)] = rng.uniform(0, size, count)
		after = policy.order_quantities(with_more(state, on_hand, arrivals))
		assert (after <= before).all()
	return int((before > 0).sum())


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("is_corrected", [False, True])
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_more_stock_never_more_orders(name: str, is_corrected: bool, seed: int) -> None:
	rule = RULES[name]()
	policy = residual_policy(rule, np.random.default_rng(seed), scale=0.5) if is_corrected else rule
	check(policy, mixed_items(), seed)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_erpnexts_rule_too(seed: int) -> None:
	rule = ReorderLevel("", ItemParameters.everywhere(reorder_level=80.0, reorder_qty=60.0))
	check(rule, mixed_items(), seed)


@pytest.mark.parametrize("name", RULES)
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_nothing_above_the_level_that_the_reason_names(name: str, seed: int) -> None:
	policy = residual_policy(RULES[name](), np.random.default_rng(seed), scale=0.5)
	items = mixed_items()
	state = random_state(items, seed)
	situation = policy.situation(state)
	why = explain(situation, situation.decide(policy.actions(situation)))
	bound = np.array([each.learned_target for each in why], np.float32)
	more = np.maximum(bound - state.on_hand, 0) + np.abs(bound) * 1e-3
	full = with_more(state, more, np.zeros_like(state.arrivals))
	assert not policy.order_quantities(full).any()


@pytest.mark.torch
@pytest.mark.parametrize("algorithm", ["pathwise", "ppo"])
def test_what_training_makes_of_it(algorithm: str) -> None:
	"""Not by luck: large steps in all directions, on a rule with a largest order."""
	if algorithm == "pathwise":
		trainer, steps = small_pathwise_trainer(learning_rate=0.05), 20 * 32 * 11
	else:
		trainer, steps = small_trainer(learning_rate=0.05), 5 * 64 * 8
	problem = small_problem(safety_factor=-1.0)
	result = trainer.train(problem, budget=Budget(None, steps), seed=0)
	moved = ResidualNetwork("", RULES["capped base-stock"](), result.policy.normaliser, result.policy.network)
	assert holds(moved.network)
	assert result.policy.network.layers[-1][0].any()
	assert sum(check(moved, problem.task.items, seed) for seed in range(20)) > 10


def test_the_signs_of_weights_are_checked() -> None:
	rng = np.random.default_rng(0)
	kept = random_network(rng, hidden=(6, 7))
	assert holds(kept)
	# a unit that falls with stock, one that is told of it and should not be, a level that hears of it
	for layer, row, value in (
		(0, -1, -1.0),
		(0, 0, 1.0),
		(1, -1, -1.0),
		(1, 0, 1.0),
		(2, -1, 1.0),
		(2, 0, 1.0),
	):
		weights = [(weight.copy(), bias) for weight, bias in kept.layers]
		weights[layer][0][row, -1] = value
		assert not holds(Network(weights))
		assert holds(projected(Network(weights)))
