"""The sentence a manager reads first must be true, also where the news is bad or there is none."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from report_samples import make_backtest

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.evaluation.backtest import Backtest, backtest
from rl_replenishment.core.items import ItemKey, ItemTable
from rl_replenishment.core.policies.order_up_to import REORDER_LEVEL, ReorderLevel, base_stock
from rl_replenishment.core.policies.parameters import ItemParameters
from rl_replenishment.core.simulation.scenario import replay
from rl_replenishment.report import EditLine, wording

NOTHING = (math.nan, math.nan)


def plain(text: str) -> str:
	return text.replace(wording.NBSP, " ").replace(wording.MINUS, "-")


@pytest.mark.parametrize(
	("difference", "bounds", "claim", "outcome"),
	[
		(-0.12, (-0.15, -0.08), "12 % less than it (interval 8 to 15 %)", "better"),
		(0.034, (0.012, 0.05), "3.4 % more than it (interval 1.2 to 5 %)", "worse"),
		(-0.02, (-0.06, 0.031), "2 % less than it (interval from 6 % less to 3.1 % more)", "unclear"),
		(0.02, (-0.01, 0.06), "2 % more than it (interval from 1 % less to 6 % more)", "unclear"),
		(-0.12, NOTHING, "12 % less than it", "unclear"),
		(0.0, (0.0, 0.0), "the same as it", "same"),
		(-0.0999, (-0.2, -0.01), "10 % less than it (interval 1 to 20 %)", "better"),
	],
)
def test_claims(difference: float, bounds: tuple[float, float], claim: str, outcome: str) -> None:
	assert plain(wording.cost_claim(difference, bounds, "it")) == claim
	assert wording.outcome(difference, bounds) == outcome


def test_headline_where_it_is_worse() -> None:
	backtest = make_backtest(learned=1.2)
	verdict = wording.verdict(backtest, backtest.rows[0], wording.Money("EUR", 2))
	assert verdict.outcome == "worse"
	assert verdict.badge == "Costs more than the best rule"
	headline = plain(verdict.headline)
	assert headline.startswith("The learned policy would have cost 29 % more than the best rule (interval ")
	assert headline.endswith(" at a lower fill rate of 99.6 % instead of 100.0 %.")
	assert verdict.caution == "Only 6 items were compared, so the interval is rough."


def test_headline_where_it_is_better(small_backtest: Backtest) -> None:
	row = replace(small_backtest.rows[0], cost_vs_best_baseline=-0.12, ci95=(-0.15, -0.08))
	verdict = wording.verdict(small_backtest, row, wording.Money("", 0))
	assert verdict.outcome == "better"
	assert "would have cost 12 % less than the best rule (interval 8 to 15 %)" in plain(verdict.headline)


def test_headline_where_chance_explains_it(small_backtest: Backtest) -> None:
	row = replace(small_backtest.rows[0], cost_vs_best_baseline=-0.02, ci95=(-0.06, 0.03))
	verdict = wording.verdict(small_backtest, row, wording.Money("", 0))
	assert verdict.badge == "No clear difference"
	assert "interval from 6 % less to 3 % more" in plain(verdict.headline)
	assert "The interval includes zero" in verdict.caution


def test_a_single_item_has_no_interval() -> None:
	"""Resampling one item gives an interval of no width, which would pass for certainty."""
	backtest = make_backtest(items=1)
	assert backtest.rows[0].ci95[0] == backtest.rows[0].ci95[1]
	verdict = wording.verdict(backtest, backtest.rows[0], wording.Money("EUR", 2))
	assert verdict.outcome == "unclear"
	assert "interval" not in verdict.headline
	assert "single item" in verdict.caution


def test_a_rule_that_costs_nothing(small_backtest: Backtest) -> None:
	row = replace(small_backtest.rows[0], cost_vs_best_baseline=math.nan, ci95=NOTHING)
	verdict = wording.verdict(small_backtest, row, wording.Money("EUR", 2))
	assert verdict.outcome == "unknown"
	assert "The best rule cost nothing" in verdict.headline
	assert "272.28 EUR" in plain(verdict.headline)


def test_equal_fill_rates_are_called_the_same() -> None:
	assert plain(wording.fill_rates(0.97301, 0.97299)) == "at the same fill rate of 97.3 %"
	assert plain(wording.fill_rates(0.973, 0.968)) == "at a fill rate of 97.3 % instead of 96.8 %"


@pytest.mark.parametrize(
	("value", "decimals", "text"),
	[
		(1234567, 0, "1,234,567"),
		(-3.21, 1, "-3.2"),
		(-0.04, 1, "0.0"),
		(math.inf, 0, "\u2013"),
		(0.5, 0, "0"),
	],
)
def test_numbers(value: float, decimals: int, text: str) -> None:
	assert plain(wording.number(value, decimals)) == text


@pytest.mark.parametrize(
	("value", "text"), [(1200, "1,200"), (2.5, "2.5"), (0.333, "0.33"), (0, "0"), (math.nan, "\u2013")]
)
def test_quantities(value: float, text: str) -> None:
	assert wording.quantity(value) == text


def test_money_has_cents_only_where_they_count() -> None:
	assert plain(wording.Money.fitting("EUR", 999.0)(12.3)) == "12.30 EUR"
	assert plain(wording.Money.fitting("", 12345.0)(1234.5)) == "1,234"
	assert wording.Money("EUR", 2).signed(0.001) == "0.00"
	assert wording.Money("EUR", 2).signed(0.5) == "+0.50"


@pytest.mark.parametrize(
	("before", "ordered", "after", "words"),
	[
		(20, 40, 32, "60 % of the way to the buyer"),
		(20, 40, 40, "now the buyer's quantity"),
		(20, 40, 50, "closer, past the buyer's quantity"),
		(20, 40, 20, "unchanged"),
		(20, 40, 10, "away from the buyer"),
		(20, 0, 90, "away from the buyer"),
		(12, 12, 12, "kept by the buyer, unchanged"),
		(12, 12, 15, "kept by the buyer, changed since"),
		(0, 0, 0, "kept by the buyer, unchanged"),
	],
)
def test_movement(before: float, ordered: float, after: float, words: str) -> None:
	assert plain(wording.movement(EditLine("A", "", "", before, ordered, after))) == words


def test_the_rule_that_erpnext_users_have_is_compared_with_where_it_was_run() -> None:
	"""A manager asks first about the re-order in use; where it was not run, nothing is claimed."""
	items = ItemTable.create([ItemKey("A"), ItemKey("B")], lead_time_days=1)
	history = DemandHistory(items.keys, np.datetime64("2025-01-06"), np.full((60, 2), 2, np.float32))
	scenario = replay(items, history, days=30, review_days=7, rng=np.random.default_rng(0))
	starved = ReorderLevel(REORDER_LEVEL, ItemParameters.everywhere(reorder_level=-1e6, reorder_qty=0))
	compared = backtest([base_stock(40)], [base_stock(20), starved], scenario, np.random.default_rng(0))
	sentence = wording.against_reorder_level(compared, compared.rows[0])
	assert "less than ERPNext's own automatic re-order" in sentence
	assert "fill rate of 100.0 % instead of" in sentence.replace("\u00a0", " ")
	without = backtest([base_stock(40)], [base_stock(20)], scenario, np.random.default_rng(0))
	assert wording.against_reorder_level(without, without.rows[0]) == ""
