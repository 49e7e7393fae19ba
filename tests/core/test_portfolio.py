"""Which rule is learned on: the robust one, unless another is clearly cheaper all the time."""

from __future__ import annotations

import numpy as np
import pytest
from core_samples import MONDAY, codes

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.items import FloatArray, ItemKey, ItemTable
from rl_replenishment.core.policies.base import State
from rl_replenishment.core.simulation.rollout import run
from rl_replenishment.core.simulation.scenario import replay
from rl_replenishment.core.training.classical import default_rule

pytest.importorskip("torch")
# this needs torch
from rl_replenishment.core.training.portfolio import ROBUST, Portfolio, best_rule, chosen

pytestmark = pytest.mark.torch

ITEMS = 40
EVEN = np.full(ITEMS, 100.0)


def by_luck(seed: int) -> FloatArray:
	"""Cost of items that differ from 100 by as much as they may save, this way or that."""
	return np.asarray(EVEN + np.random.default_rng(seed).normal(0, 20, ITEMS))


def test_clearly_cheaper_on_every_part_wins() -> None:
	assert chosen({ROBUST: [EVEN, EVEN], "common rule": [by_luck(0) - 10, by_luck(1) - 10]}) == "common rule"


def test_cheaper_on_one_part_alone_is_the_luck_of_its_days() -> None:
	costs = {ROBUST: [EVEN, EVEN], "common rule": [by_luck(0) - 50, by_luck(1) + 1]}
	assert np.sum(costs["common rule"]) < np.sum(costs[ROBUST])
	assert chosen(costs) == ROBUST


def test_a_single_item_decides_nothing() -> None:
	dear = EVEN.copy()
	dear[0] -= 90
	assert chosen({ROBUST: [EVEN, EVEN], "common rule": [dear, dear]}) == ROBUST


def test_an_agent_of_one_item_keeps_the_robust_one() -> None:
	assert chosen({ROBUST: [np.array([100.0])], "common rule": [np.array([60.0])]}) == ROBUST


def test_of_several_the_cheapest() -> None:
	costs = {ROBUST: [EVEN], "common rule": [by_luck(0) - 30], "fixed levels": [by_luck(1) - 40]}
	assert chosen(costs) == "fixed levels"


def test_without_a_forecast_the_cheapest() -> None:
	assert chosen({"common rule": [EVEN], "fixed levels": [EVEN - 1]}) == "fixed levels"


def steady(days: int, count: int = 12) -> tuple[DemandHistory, ItemTable]:
	demand = np.random.default_rng(0).poisson(np.linspace(1, 12, count), (days, count))
	keys = tuple(ItemKey(code) for code in codes(count))
	items = ItemTable.create(keys, lead_time_days=7.0, unit_cost=5.0, order_cost=3.0)
	return DemandHistory(keys, MONDAY, demand.astype(np.float32)), items


def afterwards(history: DemandHistory, items: ItemTable) -> State:
	on_hand = np.full(len(items), 3, np.float32)
	return State.from_history(items, history.demand, today=history.end, review_days=7, on_hand=on_hand)


@pytest.fixture(scope="module")
def found() -> Portfolio:
	return best_rule(*steady(500), 7, "lost", 0)


def test_every_kind_and_their_means_compete(found: Portfolio) -> None:
	kinds = ("forecast rule", "common rule", "fixed levels")
	assert set(kinds) < set(found.cost_ratios)
	assert len(found.cost_ratios) == 7
	assert min(found.cost_ratios.values()) == 1.0
	assert found.final.rule.name in ("mixed rule", *kinds)


def test_what_it_costs_is_of_each_item_and_day(found: Portfolio) -> None:
	history, items = steady(500)
	scenario = replay(items, history, days=180, review_days=7, rng=np.random.default_rng(0))
	again = run(found.final.rule, scenario).cost / 180
	assert found.cost_per_day.shape == (12,)
	assert found.cost_per_day.sum() == pytest.approx(again.sum(), rel=0.25)


def test_the_same_seed_finds_the_same(found: Portfolio) -> None:
	history, items = steady(500)
	state = afterwards(history, items)
	again = best_rule(history, items, 7, "lost", 0)
	for one, other in ((found.final, again.final), (found.before, again.before)):
		np.testing.assert_array_equal(one.rule.order_quantities(state), other.rule.order_quantities(state))
	assert found.cost_ratios == again.cost_ratios


def test_days_too_few_to_tell_take_usual_settings() -> None:
	history, items = steady(120)
	found, usual = best_rule(history, items, 7, "lost", 0), default_rule(items)
	assert found.cost_ratios == {usual.name: 1.0}
	state = afterwards(history, items)
	for each in (found.final.rule, found.before.rule):
		np.testing.assert_array_equal(each.order_quantities(state), usual.order_quantities(state))
