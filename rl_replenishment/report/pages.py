"""The report as a page: what the templates need, and the one call that fills them."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from rl_replenishment.core.items import FloatArray
from rl_replenishment.core.simulation.rollout import Ledger
from rl_replenishment.report import comparison, figures, wording
from rl_replenishment.report.content import EditLine, ProposalLine, ReportContent, row_named
from rl_replenishment.report.figures import PolicyLine, policy_lines

#: items listed as most saved and as most lost
ITEMS_LISTED = 8
#: table rows shown at once; the rest is folded, not left out
ROWS_SHOWN = 25


@dataclass(frozen=True)
class Tile:
	"""One figure of the learned policy beside the best rule's."""

	name: str
	value: str
	rule: str
	#: how far the two are apart, in words
	change: str


@dataclass(frozen=True)
class Learned:
	"""What came of the buyer's edits."""

	lines: Sequence[EditLine]
	summary: str
	#: what was learned, a sentence each
	lessons: Sequence[str]
	plot: Markup | None
	#: policies before and after, and the best rule, each as called here; empty without a second backtest
	policies: Sequence[tuple[str, PolicyLine]]
	claim: str


def render(content: ReportContent) -> str:
	"""The report as one HTML document."""
	backtest, row = content.backtest, content.learned_row
	rule = backtest.best_baseline
	weights = comparison.stock_weights(backtest.scenario.items)
	money = wording.Money.fitting(
		content.currency, max(float(each.ledger.cost.sum()) for each in backtest.rows)
	)
	stock_label = "Stock on hand, units"
	if weights is not None:
		stock_label = f"Stock on hand, {content.currency} at unit cost" if content.currency else "Stock value"
	lines = policy_lines(backtest, row, weights)
	items = comparison.compare_items(backtest.scenario.items, row.ledger, rule.ledger)
	names = _item_names(content)
	days = comparison.days_of(backtest.scenario)
	context: dict[str, Any] = {
		"content": content,
		"row": row,
		"rule": rule,
		"scenario": backtest.scenario,
		"first_day": _date(days[0]),
		"last_day": _date(days[-1]),
		"verdict": wording.verdict(backtest, row, money),
		"on_orders": wording.against_as_ordered(backtest, row, money),
		"kinds": {each.kind for each in backtest.rows},
		"against_reorder_level": wording.against_reorder_level(backtest, row),
		"single_item": len(backtest.scenario.items) == 1,
		"tiles": _tiles(row.ledger, (backtest.as_ordered or rule).ledger, weights, money),
		"tiles_beside": "as ordered" if backtest.as_ordered else "best rule",
		"policies": lines,
		"stock_in_money": weights is not None,
		"cost_plot": figures.cost_plot(lines, money),
		"difference_plot": figures.difference_plot(lines),
		"stockout_plot": figures.stockout_plot(lines),
		"trade_off_plot": figures.trade_off_plot(lines, stock_label),
		"service_plot": figures.service_plot(content.service),
		"course_plot": figures.course_plot(backtest, row, weights, stock_label),
		"items": items,
		"items_listed": ITEMS_LISTED,
		"widest": max((abs(i.difference) for i in (*items.saved[:1], *items.lost[:1])), default=1.0),
		"several_warehouses": len({key.warehouse for key in backtest.scenario.items.keys}) > 1,
		"name_of": lambda key: names.get(str(key), names.get(key.item_code, "")),
		"panels": figures.panels(backtest, row, items, money),
		"panel_days": min(backtest.scenario.days, comparison.PANEL_DAYS),
		"rows_shown": ROWS_SHOWN,
		"learned": _learned(content, weights),
		"learning_plot": figures.learning_plot(content.learning_curve),
	}
	return _environment(money).get_template("report.html.j2").render(context)


def _environment(money: wording.Money) -> Environment:
	environment = Environment(
		autoescape=True,
		loader=PackageLoader("rl_replenishment.report", "templates"),
		undefined=StrictUndefined,
		trim_blocks=True,
		lstrip_blocks=True,
		keep_trailing_newline=True,
	)
	filters: Mapping[str, Callable[..., str]] = {
		"number": wording.number,
		"quantity": wording.quantity,
		"percent": wording.percent,
		"signed_percent": wording.signed_percent,
		"interval": wording.interval,
		"amount": money.amount,
		"signed_amount": money.signed,
		"money": money,
		"movement": wording.movement,
	}
	environment.filters.update(filters)
	return environment


def _tiles(learned: Ledger, rule: Ledger, weights: FloatArray | None, money: wording.Money) -> list[Tile]:
	def relative(mine: float, other: float) -> str:
		return wording.signed_percent(mine / other - 1) if other else ""

	costs = float(learned.cost.sum()), float(rule.cost.sum())
	stocks = comparison.average_stock(learned, weights), comparison.average_stock(rule, weights)
	short = float(learned.stockout_days.sum()), float(rule.stockout_days.sum())
	points = 100 * (learned.fill_rate - rule.fill_rate)
	sign = "+" if points > 0 and wording.number(points, 1) != "0.0" else ""
	in_currency = f", {money.currency}" if money.currency else ""
	in_stock: Callable[[float], str] = wording.number if weights is None else money.amount
	return [
		Tile(f"Total cost{in_currency}", money.amount(costs[0]), money.amount(costs[1]), relative(*costs)),
		Tile(
			"Fill rate",
			wording.percent(learned.fill_rate),
			wording.percent(rule.fill_rate),
			f"{sign}{wording.number(points, 1)} points",
		),
		Tile("Stock-out days", wording.number(short[0]), wording.number(short[1]), relative(*short)),
		Tile(
			"Average stock, units" if weights is None else f"Average stock value{in_currency}",
			in_stock(stocks[0]),
			in_stock(stocks[1]),
			relative(*stocks),
		),
	]


def _learned(content: ReportContent, weights: FloatArray | None) -> Learned | None:
	if not content.edits and content.backtest_after is None:
		return None
	edits = list(content.edits or ())
	changed = [line for line in edits if not np.isnan(wording.moved_towards_buyer(line))]
	policies, claim = _after(content, weights)
	plot = figures.edit_plot(changed)
	return Learned(edits, _edit_summary(edits, changed), content.lessons, plot, policies, claim)


def _edit_summary(edits: Sequence[EditLine], changed: Sequence[EditLine]) -> str:
	if not edits:
		return ""
	moved = [wording.moved_towards_buyer(line) for line in changed]
	nearer = sum(share > 1e-9 for share in moved)
	further = sum(share < -1e-9 for share in moved)
	# the lines given may be only those changed: none kept here does not mean that the buyer kept none
	kept = len(edits) - len(changed)
	text = f"The buyer changed {len(changed)} of the quantities below{f' and kept {kept}' if kept else ''}."
	if not changed:
		return text
	return (
		f"{text} Asked again in the same state after learning, proposals moved towards the buyer on "
		f"{nearer} of those, away on {further}, and stayed on {len(changed) - nearer - further}."
		f" {wording.met_words(changed)}"
	).strip()


def _after(content: ReportContent, weights: FloatArray | None) -> tuple[list[tuple[str, PolicyLine]], str]:
	"""Before, after and best rule as table rows, and what the two backtests say in a sentence."""
	if content.backtest_after is None:
		return [], ""
	before, after = (
		content.learned_row,
		row_named(content.backtest_after, content.learned_after or content.learned),
	)
	lines = policy_lines(content.backtest, before, weights)
	policies = [
		("Before learning", next(line for line in lines if line.is_learned)),
		(
			"After learning",
			next(line for line in policy_lines(content.backtest_after, after, weights) if line.is_learned),
		),
		("Best rule", next(line for line in lines if line.is_reference)),
	]
	change = comparison.change_in_cost(content.backtest, before.ledger, content.backtest_after, after.ledger)
	if change is None:
		claim = "Before and after met different days, so their costs cannot be compared with each other."
	elif not np.isfinite(change[0]):
		claim = "The policy before learning cost nothing in these days, so no percentage can be given."
	else:
		bounds = change[1] if len(content.backtest.scenario.items) > 1 else (float("nan"), float("nan"))
		claim = (
			"On the held-out days, the policy that learned from these edits would have cost "
			f"{wording.cost_claim(change[0], bounds, 'the one before')} "
			f"{wording.fill_rates(after.ledger.fill_rate, before.ledger.fill_rate)}."
		)
		if wording.outcome(change[0], bounds) == "unclear":
			claim += " That difference can be chance."
	return policies, claim


def _item_names(content: ReportContent) -> dict[str, str]:
	"""Names by item code, as far as proposals and edits tell them."""
	lines: list[ProposalLine | EditLine] = [*(content.proposals or ()), *(content.edits or ())]
	return {line.item_code: line.item_name for line in lines if line.item_name != line.item_code}


def _date(day: np.datetime64) -> str:
	calendar: datetime.date = day.astype("datetime64[D]").item()
	return f"{calendar.day}{wording.NBSP}{calendar:%b %Y}"
