"""Backtests: fair, reported as promised, with intervals that mean what they say."""

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from core_samples import codes, forecast_rule, mixed_history, mixed_items, residual_policy, scenario_of

from rl_replenishment.core.evaluation.backtest import LEAD_TIME_DRAWS, Backtest, backtest
from rl_replenishment.core.evaluation.bootstrap import relative_difference
from rl_replenishment.core.items import ItemTable
from rl_replenishment.core.policies.order_up_to import base_stock
from rl_replenishment.core.simulation.rollout import run
from rl_replenishment.core.simulation.scenario import Scenario, replay, sample_lead_times

#: what every row of the contract's JSON has
PROMISED = {
	"name",
	"cost",
	"fill_rate",
	"stockout_days",
	"average_inventory",
	"orders",
	"cost_vs_best_baseline",
	"ci95",
}


def rng(seed: int = 0) -> np.random.Generator:
	return np.random.default_rng(seed)


def test_the_interval_covers_the_truth() -> None:
	"""In about 95 of 100 samples of items; with 40 items the bootstrap may miss a few more."""
	truth, covered = 0.1, 0
	for seed in range(300):
		sample = rng(seed)
		reference = sample.gamma(4, 25, 40)
		cost = reference * (1 + truth + sample.normal(0, 0.2, 40))
		_, (low, high) = relative_difference(cost, reference, rng(seed + 1), resamples=400)
		covered += low <= truth <= high
	assert 0.90 <= covered / 300 <= 0.98


def test_the_interval_narrows_with_more_items() -> None:
	widths = []
	for items in (20, 80, 320):
		sample = rng(1)
		reference = sample.gamma(4, 25, items)
		_, (low, high) = relative_difference(reference * sample.normal(1, 0.2, items), reference, rng())
		widths.append(high - low)
	assert all(wide / narrow == pytest.approx(2, rel=0.5) for wide, narrow in pairwise(widths))


def test_difference_of_totals() -> None:
	"""Of all items together, not the mean of their ratios."""
	difference, (low, high) = relative_difference(np.array([10.0, 300.0]), np.array([20.0, 200.0]), rng())
	assert difference == pytest.approx(310 / 220 - 1)
	assert low == pytest.approx(-0.5)
	assert high == pytest.approx(0.5)


def test_pairs_stay_pairs() -> None:
	"""A cost that is the reference's plus a tenth everywhere is known exactly, however items differ."""
	reference = rng().lognormal(0, 2, 50)
	difference, interval = relative_difference(reference * 1.1, reference, rng())
	assert difference == pytest.approx(0.1)
	assert interval == pytest.approx((0.1, 0.1))


@pytest.mark.parametrize("items", [1, 2, 3, 7, 100, 1001])
def test_identical_costs_differ_by_exactly_nothing(items: int) -> None:
	cost = rng().gamma(2, 30, items)
	assert relative_difference(cost, cost.copy(), rng()) == (0, (0, 0))


def test_same_seed_same_interval() -> None:
	cost, reference = rng(1).gamma(2, 30, 30), rng(2).gamma(2, 30, 30)
	first, again, other = (relative_difference(cost, reference, rng(seed)) for seed in (5, 5, 6))
	assert first == again
	assert first[1] != other[1]


def test_a_reference_that_costs_nothing() -> None:
	difference, interval = relative_difference(np.ones(3), np.zeros(3), rng())
	assert np.isnan([difference, *interval]).all()


@pytest.mark.parametrize(("cost", "reference"), [([1, 1, 1, 1, 1], [0, 0, 0, 0, 1]), ([1, 2], [0, 1])])
def test_a_reference_that_costs_nothing_for_most_items(cost: list[float], reference: list[float]) -> None:
	"""No warning, and bounds that are numbers or infinite, in order."""
	_, (low, high) = relative_difference(np.array(cost, float), np.array(reference, float), rng())
	assert low <= high


@pytest.fixture(scope="module")
def scenario() -> Scenario:
	return replay(mixed_items(), mixed_history(250), days=90, review_days=7, rng=rng())


@pytest.fixture(scope="module")
def compared(scenario: Scenario) -> Backtest:
	return backtest(
		[residual_policy(forecast_rule(gap=0.5), rng(1)), forecast_rule("twin", safety_factor=1)],
		[
			base_stock(500),
			forecast_rule("cheapest", safety_factor=1),
			forecast_rule("meagre", safety_factor=-2),
		],
		scenario,
		rng(),
	)


def test_rows_are_in_order_and_say_what_was_run(compared: Backtest, scenario: Scenario) -> None:
	assert [(row.ledger.policy, row.is_baseline) for row in compared.rows] == [
		("learned policy", False),
		("twin", False),
		("base-stock", True),
		("cheapest", True),
		("meagre", True),
	]
	assert compared.rows[2].ledger.paths is None


def test_books_are_averaged_over_draws_of_lead_times(compared: Backtest, scenario: Scenario) -> None:
	"""The first draw is the scenario's own; items whose lead time is certain cost the same in each."""
	assert compared.lead_time_draws == LEAD_TIME_DRAWS
	alone = run(base_stock(500), scenario).cost
	(single, _) = backtest([], [base_stock(500)] * 2, scenario, rng(), lead_time_draws=1).rows
	np.testing.assert_array_equal(single.ledger.cost, alone)
	draws = rng()
	costs = [alone] + [
		run(
			base_stock(500),
			replace(scenario, lead_times=sample_lead_times(scenario.items, scenario.days, draws)),
		).cost
		for _ in range(LEAD_TIME_DRAWS - 1)
	]
	np.testing.assert_allclose(compared.rows[2].ledger.cost, np.mean(costs, axis=0))
	certain = scenario.items.lead_time_std_days == 0
	np.testing.assert_allclose(compared.rows[2].ledger.cost[certain], alone[certain])
	assert not np.allclose(compared.rows[2].ledger.cost[~certain], alone[~certain])


def test_certain_lead_times_need_one_draw() -> None:
	scenario = scenario_of(ItemTable.create(codes(2)), np.ones((10, 2)))
	assert backtest([base_stock(5)], [base_stock(9)], scenario, rng()).lead_time_draws == 1


def test_all_are_compared_with_the_best_baseline(compared: Backtest) -> None:
	"""The best of the rules, even where the policies are better."""
	baselines = [row for row in compared.rows if row.is_baseline]
	best = min(baselines, key=lambda row: row.ledger.cost.sum())
	assert compared.best_baseline is best
	for row in compared.rows:
		expected = row.ledger.cost.sum() / best.ledger.cost.sum() - 1
		assert row.cost_vs_best_baseline == pytest.approx(expected)
		assert row.ci95[0] <= row.cost_vs_best_baseline <= row.ci95[1]
	assert (best.cost_vs_best_baseline, best.ci95) == (0, (0, 0))
	assert max(row.cost_vs_best_baseline for row in baselines) > 0


def test_identical_policies_differ_by_nothing(compared: Backtest) -> None:
	assert compared.best_baseline.ledger.policy == "cheapest"
	twin = compared.rows[1]
	assert (twin.cost_vs_best_baseline, twin.ci95) == (0, (0, 0))


def test_the_document_of_the_contract(compared: Backtest) -> None:
	"""The promised names with plain values; what is added are the parts of the cost."""
	document = compared.as_json()
	assert document.keys() == {"holdout_days", "lead_time_draws", "policies"}
	assert document["holdout_days"] == 90
	assert json.loads(json.dumps(document, allow_nan=False)) == document
	for row, expected in zip(document["policies"], compared.rows, strict=True):
		added = {"holding_cost", "stockout_cost", "order_cost", "waste_cost", "freight_cost", "discount"}
		assert row.pop("kind") == ("rule" if expected.is_baseline else "policy")
		assert row.keys() == PROMISED | added
		assert sum(row[name] for name in added) == pytest.approx(row["cost"])
		assert row["name"] == expected.ledger.policy
		assert row["cost"] == pytest.approx(expected.ledger.cost.sum())
		assert 0 <= row["fill_rate"] <= 1
		assert isinstance(row["stockout_days"], int)
		assert isinstance(row["orders"], int)
		assert row["average_inventory"] > 0
		assert row["cost_vs_best_baseline"] == pytest.approx(expected.cost_vs_best_baseline)
		assert row["ci95"] == pytest.approx(list(expected.ci95))


def test_a_reference_without_cost_gives_null() -> None:
	"""JSON knows no NaN: nothing sold and nothing held cannot be compared with."""
	items = ItemTable.create(codes(2))
	idle = scenario_of(items, np.zeros((10, 2)))
	document = backtest([base_stock(5)], [base_stock(0)], idle, rng()).as_json()
	for row in document["policies"]:
		assert row["cost_vs_best_baseline"] is None
		assert row["ci95"] == [None, None]
		assert row["fill_rate"] == 1
	assert json.dumps(document, allow_nan=False)


def test_paths_where_asked_for(scenario: Scenario) -> None:
	found = backtest([base_stock(5)], [base_stock(9)], scenario, rng(), keep_paths=True)
	assert all(row.ledger.paths is not None for row in found.rows)
