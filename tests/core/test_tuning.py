"""Tuned classical rules: each item's own parameters, chosen on the training window."""

from dataclasses import replace

import numpy as np
import pytest
from core_samples import codes, forecast_rule, history_of

from rl_replenishment.core.evaluation.tuning import TunedRules, tune_rules
from rl_replenishment.core.items import ItemTable
from rl_replenishment.core.policies.order_up_to import ForecastLevels
from rl_replenishment.core.simulation.rollout import run
from rl_replenishment.core.simulation.scenario import Scenario
from rl_replenishment.core.training.from_history import tuning_halves

#: of three pairs of items that differ in one property each
DEAR_STOCKOUT, CHEAP_STOCKOUT, DEAR_ORDER, CHEAP_ORDER = range(4)


@pytest.fixture(scope="module")
def halves() -> tuple[Scenario, Scenario]:
	items = ItemTable.create(
		codes(4),
		lead_time_days=5,
		unit_cost=10,
		holding_cost=0.05,
		stockout_cost=[50, 0.3, 5, 5],
		order_cost=[0, 0, 60, 0],
	)
	demand = np.random.default_rng(0).poisson(3, (180, 4))
	return tuning_halves(history_of(demand), items, 7, "lost", 0)


@pytest.fixture(scope="module")
def tuned(halves: tuple[Scenario, Scenario]) -> TunedRules:
	return tune_rules(halves)


def cost(policy: object, halves: tuple[Scenario, Scenario]) -> np.ndarray:
	return np.sum([run(policy, half).cost for half in halves], axis=0)  # type: ignore[arg-type]


def test_the_window_is_the_history_after_its_first_month(halves: tuple[Scenario, Scenario]) -> None:
	assert halves[0].warm_up_days == 28
	assert sum(half.days for half in halves) == 180 - 28


def test_the_rules_by_name(tuned: TunedRules) -> None:
	assert [rule.name for rule in tuned.rules] == [
		"base-stock",
		"capped base-stock",
		"(s, S)",
		"reorder level",
	]
	assert tuned.best in tuned.rules[:3]


def test_tuned_rules_beat_untuned_ones(tuned: TunedRules, halves: tuple[Scenario, Scenario]) -> None:
	"""Over all items, in money: far-off settings for all are dearer than each item's own."""
	for rule in (tuned.base_stock, tuned.capped_base_stock):
		best = cost(rule, halves).sum()
		assert isinstance(rule.rule, ForecastLevels)
		forecast = rule.rule.forecast
		assert all(
			best < cost(forecast_rule(safety_factor=z, cap=c, forecast=forecast), halves).sum()
			for z in (-1, 0, 1)
			for c in (1.1, np.inf)
		)


def test_parameters_follow_the_costs(tuned: TunedRules) -> None:
	"""More safety where a stock-out is dear, larger lots where an order is."""
	base_stock, s_S = tuned.base_stock.rule, tuned.s_S.rule
	assert isinstance(base_stock, ForecastLevels)
	assert isinstance(s_S, ForecastLevels)
	safety = base_stock.parameters.values["safety_factor"]
	assert safety[DEAR_STOCKOUT] > safety[CHEAP_STOCKOUT]
	lots = tuned.reorder_level.parameters.values["reorder_qty"]
	assert lots[DEAR_ORDER] > lots[CHEAP_ORDER]


def test_an_item_that_is_given_up_decides_nothing_for_the_others() -> None:
	"""Order-up-to rules let it be, at no cost, while a reorder level keeps stock of it."""
	rng = np.random.default_rng(0)
	demand = rng.poisson(3, (364, 4))
	given_up = np.zeros((364, 1))
	given_up[30:70] = 3
	found = {}
	for name, of_all in (("without", demand), ("with", np.concatenate([demand, given_up], axis=1))):
		items = ItemTable.create(
			codes(of_all.shape[1]), lead_time_days=5, unit_cost=10, holding_cost=0.05, stockout_cost=20
		)
		found[name] = tune_rules(tuning_halves(history_of(of_all), items, 7, "lost", 0)).reorder_level
	levels = {name: rule.parameters.values["reorder_level"][:4] for name, rule in found.items()}
	assert (levels["with"] >= 0.75 * levels["without"]).all()


def test_the_cost_per_day_is_that_of_the_best_rule(
	tuned: TunedRules, halves: tuple[Scenario, Scenario]
) -> None:
	days = sum(half.days for half in halves)
	np.testing.assert_allclose(tuned.cost_per_day, cost(tuned.best, halves) / days, rtol=1e-4)


def test_every_rule_can_be_run_again_on_strangers(
	tuned: TunedRules, halves: tuple[Scenario, Scenario]
) -> None:
	"""An item that tuning never saw gets what is best for most."""
	first = halves[0]
	strangers = replace(first, items=ItemTable.create([f"NEW-{number}" for number in range(4)]))
	for rule in tuned.rules:
		assert np.isfinite(run(rule, strangers).cost).all()
		assert run(rule, strangers).ordered.sum() > 0


def test_same_halves_same_rules_and_progress(tuned: TunedRules, halves: tuple[Scenario, Scenario]) -> None:
	"""Progress rises to 1."""
	told: list[float] = []
	again = tune_rules(halves, progress=told.append)
	assert told == sorted(told)
	assert told[-1] == pytest.approx(1)
	assert len(told) > 50
	for one, other in zip(tuned.rules, again.rules, strict=True):
		np.testing.assert_array_equal(cost(one, halves), cost(other, halves))
