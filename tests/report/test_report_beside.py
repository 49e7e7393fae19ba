"""Peers, perfect foresight and what was really ordered in the report and at the terminal."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from report_samples import make_backtest, rule

from rl_replenishment.cli.console import orders_verdict
from rl_replenishment.core.evaluation.as_ordered import AsOrdered, Purchases, starting_from_books
from rl_replenishment.core.evaluation.backtest import Backtest, BacktestRow, backtest
from rl_replenishment.core.evaluation.peers.perfect_foresight import PerfectForesight
from rl_replenishment.report import ReportContent, render_report, wording

MONEY = wording.Money("EUR", 2)


def beside(factor: float = 3.0, items: int = 6) -> Backtest:
	"""Beside the rules a peer, the bound, and orders every week for `factor` weeks of demand."""
	scenario = make_backtest(items=items).scenario
	first = scenario.date(0)
	weekly = scenario.demand[scenario.warm_up_days :].mean(axis=0) * 7
	item, week = (grid.ravel() for grid in np.meshgrid(np.arange(items), np.arange(16)))
	ordered_on = first + 7 * week.astype("timedelta64[D]")
	came_on = ordered_on + np.timedelta64(3, "D")
	bought = Purchases(item, ordered_on, came_on, np.ceil(factor * weekly)[item].astype(float))
	return backtest(
		[rule("learned", safety_factor=1.2, cap=2.0)],
		[rule("base-stock", safety_factor=3.0), rule("(s, S)", safety_factor=1.5, gap=2.0)],
		starting_from_books(scenario, bought),
		np.random.default_rng(2),
		peers=[rule("common rule", safety_factor=1.0)],
		replayed=[AsOrdered(bought), PerfectForesight()],
		keep_paths=True,
	)


@pytest.fixture(scope="module")
def compared() -> Backtest:
	return beside()


def text_of(page: str) -> str:
	return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", re.sub(r"(?s)<style>.*?</style>", "", page)))


def test_the_report_begins_with_what_was_really_ordered(compared: Backtest) -> None:
	page = render_report(ReportContent("Backtest", "", compared, "learned", currency="EUR"))
	(headline,) = re.findall(r"<h1>(.*?)</h1>", page)
	verdict = wording.against_as_ordered(compared, compared.rows[0], MONEY)
	assert verdict is not None
	assert headline == verdict.headline
	assert "Cheaper than your orders" in page
	text = text_of(page)
	assert text.index("What was really ordered cost") < text.index("than the best rule")
	# the figures at the top stand beside those of the orders
	assert "as ordered 1" in text
	for told in ("The orders that were really placed", "No policy can reach it", "a full lorry"):
		assert told in text


def test_the_bound_is_not_the_cheapest(compared: Backtest) -> None:
	"""It is marked as what it is; the lowest cost is that of a row which could have been done."""
	page = render_report(ReportContent("Backtest", "", compared, "learned"))
	rows = [text_of(row) for row in re.findall(r'(?s)<tr class="[a-z]+">.*?</tr>', page)]
	assert "perfect foresight bound" in rows[0]
	assert "lowest cost" not in rows[0]
	assert "lowest cost" in rows[1]
	assert any("common rule peer" in row for row in rows)
	assert any("as ordered your orders" in row for row in rows)


def test_without_them_the_report_is_silent() -> None:
	text = text_of(render_report(ReportContent("Backtest", "", make_backtest(), "learned")))
	for word in ("really ordered", "foresight", "peer", "your orders"):
		assert word not in text.lower()
	assert "nothing on order" in text
	assert orders_verdict(make_backtest(), make_backtest().rows[0]) == ""


def row_at(compared: Backtest, factor: float) -> BacktestRow:
	"""The learned row at a multiple of what was really ordered."""
	assert compared.as_ordered is not None
	ledger = compared.as_ordered.ledger
	scaled = {f"{part}_cost": getattr(ledger, f"{part}_cost") * factor for part in ("holding", "stockout")}
	return replace(compared.rows[0], ledger=replace(ledger, order_cost=ledger.order_cost * factor, **scaled))


@pytest.mark.parametrize(
	("factor", "badge", "claim"),
	[
		(0.8, "Cheaper than your orders", "would have cost 20 % less than that"),
		(1.3, "Costs more than your orders", "would have cost 30 % more than that"),
		(1.0, "No difference", "would have cost the same, at the same fill rate"),
	],
)
def test_as_plain_whichever_is_cheaper(compared: Backtest, factor: float, badge: str, claim: str) -> None:
	verdict = wording.against_as_ordered(compared, row_at(compared, factor), MONEY)
	assert verdict is not None
	assert verdict.badge == badge
	assert claim in verdict.headline.replace(wording.NBSP, " ")


def test_a_single_item_has_no_interval() -> None:
	compared = beside(items=1)
	verdict = wording.against_as_ordered(compared, compared.rows[0], MONEY)
	assert verdict is not None
	assert verdict.outcome == "unclear"
	assert "single item" in verdict.caution
	assert "interval" not in verdict.headline


def test_at_the_terminal(compared: Backtest) -> None:
	said = orders_verdict(compared, compared.rows[0])
	assert said.startswith("What was really ordered cost ")
	assert wording.NBSP not in said
