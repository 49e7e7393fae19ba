"""The report as a page: what the templates need, and the one call that fills them."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from rl_replenishment.core.evaluation.backtest import Backtest, BacktestRow
from rl_replenishment.core.items import FloatArray
from rl_replenishment.core.simulation.rollout import Ledger
from rl_replenishment.report import comparison, plots, wording
from rl_replenishment.report.content import EditLine, ProposalLine, ReportContent, row_named

#: items listed as most saved and as most lost
ITEMS_LISTED = 8
ITEM_PANELS = 4
#: edits drawn, those changed most; the table has all of them
EDITS_DRAWN = 12
#: table rows shown at once; the rest is folded, not left out
ROWS_SHOWN = 25


@dataclass(frozen=True, eq=False)
class PolicyLine:
	"""One policy in a table of policies, in money, units or days."""

	name: str
	ledger: Ledger
	cost: float
	stock: float
	is_learned: bool
	is_reference: bool
	is_cheapest: bool
	difference: float
	#: nan where there is none
	ci95: tuple[float, float]

	@property
	def colour(self) -> str:
		"""Which of the page's colours it has."""
		return "learned" if self.is_learned else "rule" if self.is_reference else "other"


@dataclass(frozen=True)
class Tile:
	"""One figure of the learned policy beside the best rule's."""

	name: str
	value: str
	rule: str
	#: how far the two are apart, in words
	change: str


@dataclass(frozen=True)
class Panel:
	"""One item's plot."""

	item: comparison.ItemComparison
	plot: Markup


@dataclass(frozen=True)
class Learned:
	"""What came of the buyer's edits."""

	lines: Sequence[EditLine]
	summary: str
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
		"against_reorder_level": wording.against_reorder_level(backtest, row),
		"single_item": len(backtest.scenario.items) == 1,
		"tiles": _tiles(row.ledger, rule.ledger, weights, money),
		"policies": lines,
		"stock_in_money": weights is not None,
		"cost_plot": _cost_plot(lines, money),
		"difference_plot": _difference_plot(lines),
		"stockout_plot": _stockout_plot(lines),
		"trade_off_plot": _trade_off_plot(lines, stock_label),
		"course_plot": _course_plot(backtest, row, weights, stock_label),
		"items": items,
		"items_listed": ITEMS_LISTED,
		"widest": max((abs(i.difference) for i in (*items.saved[:1], *items.lost[:1])), default=1.0),
		"several_warehouses": len({key.warehouse for key in backtest.scenario.items.keys}) > 1,
		"name_of": lambda key: names.get(str(key), names.get(key.item_code, "")),
		"panels": _panels(backtest, row, items, money),
		"panel_days": min(backtest.scenario.days, comparison.PANEL_DAYS),
		"rows_shown": ROWS_SHOWN,
		"learned": _learned(content, weights),
		"learning_plot": _learning_plot(content.learning_curve),
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


def policy_lines(backtest: Backtest, learned: BacktestRow, weights: FloatArray | None) -> list[PolicyLine]:
	"""All policies of a backtest, the cheapest first."""
	reference = backtest.best_baseline
	by_cost = sorted(backtest.rows, key=lambda row: float(row.ledger.cost.sum()))
	return [
		PolicyLine(
			name=row.ledger.policy,
			ledger=row.ledger,
			cost=float(row.ledger.cost.sum()),
			stock=comparison.average_stock(row.ledger, weights),
			is_learned=row is learned,
			is_reference=row is reference,
			is_cheapest=row is by_cost[0],
			difference=row.cost_vs_best_baseline,
			ci95=wording.reliable_interval(backtest, row),
		)
		for row in by_cost
	]


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


def _cost_plot(lines: Sequence[PolicyLine], money: wording.Money) -> Markup:
	bars = [
		plots.CostBar(
			line.name,
			money(line.cost),
			*(
				float(getattr(line.ledger, f"{component}_cost").sum())
				for component in ("holding", "stockout", "order", "waste")
			),
		)
		for line in lines
	]
	said = "; ".join(f"{bar.name}: {bar.total}" for bar in bars)
	return plots.cost_bars(bars, f"Bar chart of total cost by policy, split by component. {said}.")


def _stockout_plot(lines: Sequence[PolicyLine]) -> Markup:
	bars = [(line.name, line.colour, float(line.ledger.stockout_days.sum())) for line in lines]
	said = "; ".join(f"{name}: {wording.number(days)}" for name, _, days in bars)
	return plots.stockout_bars(bars, f"Bar chart of stock-out days by policy. {said}.")


def _difference_plot(lines: Sequence[PolicyLine]) -> Markup | None:
	dots = [
		plots.Dot(line.name, _difference(line), line.colour, line.difference, *line.ci95)
		for line in lines
		if not line.is_reference and np.isfinite(line.difference)
	]
	if not dots:
		return None
	said = "; ".join(f"{dot.name}: {dot.text}" for dot in dots)
	return plots.difference_dots(dots, f"Difference in cost to the best rule, with 95 % intervals. {said}.")


def _difference(line: PolicyLine) -> str:
	text = wording.signed_percent(line.difference)
	return f"{text} ({wording.interval(line.ci95)})" if np.isfinite(line.ci95).all() else text


def _trade_off_plot(lines: Sequence[PolicyLine], stock_label: str) -> Markup:
	points = [
		plots.Point(line.name, line.colour, line.stock, line.ledger.fill_rate) for line in reversed(lines)
	]
	said = "; ".join(
		f"{point.name}: stock {wording.number(point.stock)}, fill rate {wording.percent(point.fill_rate)}"
		for point in reversed(points)
	)
	return plots.trade_off(
		points, f"{stock_label}, average", f"Average stock against fill rate by policy. {said}."
	)


def _course_plot(
	backtest: Backtest, row: BacktestRow, weights: FloatArray | None, stock_label: str
) -> Markup:
	days = comparison.days_of(backtest.scenario)
	mine, other = (comparison.paths_of(each.ledger) for each in (row, backtest.best_baseline))
	factors = np.ones(len(backtest.scenario.items), np.float32) if weights is None else weights
	stock = plots.Course(days, mine.on_hand @ factors, other.on_hand @ factors)
	short = plots.Course(
		days, np.cumsum((mine.unmet > 0).sum(axis=1)), np.cumsum((other.unmet > 0).sum(axis=1))
	)
	label = (
		f"Two line charts over the held-out days, learned policy and best rule. {stock_label}, all items "
		f"together: {wording.number(float(stock.learned.mean()))} and "
		f"{wording.number(float(stock.rule.mean()))} on average. "
		f"Stock-out days so far: {int(short.learned[-1])} and {int(short.rule[-1])} at the end."
	)
	return plots.stock_course(stock, short, f"{stock_label}, all items together", label)


def _panels(
	backtest: Backtest, row: BacktestRow, items: comparison.Comparison, money: wording.Money
) -> list[Panel]:
	mine, other = (comparison.paths_of(each.ledger) for each in (row, backtest.best_baseline))
	last = slice(-min(backtest.scenario.days, comparison.PANEL_DAYS), None)
	days = comparison.days_of(backtest.scenario)[last]
	demand = comparison.demand_of(backtest.scenario)[last]
	panels = []
	for item in items.telling(ITEM_PANELS):
		i = item.index
		label = (
			f"{item.key}: stock, orders and demand day by day. "
			f"Learned policy: {_in_words(item.learned, money)}. Best rule: {_in_words(item.rule, money)}."
		)
		plot = plots.item_panel(
			str(i),
			days,
			demand[:, i],
			plots.Course(days, mine.on_hand[last, i], other.on_hand[last, i]),
			plots.Course(days, mine.ordered[last, i], other.ordered[last, i]),
			label,
		)
		panels.append(Panel(item, plot))
	return panels


def _in_words(policy: comparison.PolicyOnItem, money: wording.Money) -> str:
	return (
		f"cost {money(policy.cost)}, average stock {wording.quantity(policy.stock)}, "
		f"{policy.stockout_days} stock-out days, {policy.orders} orders"
	)


def _learned(content: ReportContent, weights: FloatArray | None) -> Learned | None:
	if not content.edits and content.backtest_after is None:
		return None
	edits = list(content.edits or ())
	changed = [line for line in edits if not np.isnan(wording.moved_towards_buyer(line))]
	policies, claim = _after(content, weights)
	return Learned(edits, _edit_summary(edits, changed), _edit_plot(changed), policies, claim)


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
		f"{text} Asked again in the same state after learning, the policy moved towards the buyer on "
		f"{nearer} of those, away on {further}, and stayed on {len(changed) - nearer - further}."
	)


def _edit_plot(changed: Sequence[EditLine]) -> Markup | None:
	def size(line: EditLine) -> float:
		return abs(line.ordered - line.proposed_before) / max(line.ordered, line.proposed_before)

	drawn = sorted(changed, key=size, reverse=True)[:EDITS_DRAWN]
	if not drawn:
		return None
	moves = [
		plots.Move(
			f"{line.item_code} {line.item_name}".strip(),
			f"{wording.quantity(line.proposed_before)} \u2192 {wording.quantity(line.proposed_after)}, "
			f"buyer {wording.quantity(line.ordered)}",
			line.proposed_before,
			line.ordered,
			line.proposed_after,
		)
		for line in drawn
	]
	said = "; ".join(f"{move.name}: {move.text}" for move in moves)
	return plots.quantity_moves(
		moves, f"Proposed before and after learning, and the buyer's quantity. {said}."
	)


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


def _learning_plot(curve: Sequence[tuple[float, float]] | None) -> Markup | None:
	points = [(seconds, ratio) for seconds, ratio in curve or () if np.isfinite([seconds, ratio]).all()]
	if not points:
		return None
	label = (
		"Line chart of cost on validation demand as a share of the rule's: "
		f"{wording.percent(points[0][1])} after {wording.number(points[0][0])} seconds, "
		f"{wording.percent(points[-1][1])} after "
		f"{wording.number(points[-1][0])} seconds of training."
	)
	return plots.learning_curve(points, label)


def _item_names(content: ReportContent) -> dict[str, str]:
	"""Names by item code, as far as proposals and edits tell them."""
	lines: list[ProposalLine | EditLine] = [*(content.proposals or ()), *(content.edits or ())]
	return {line.item_code: line.item_name for line in lines if line.item_name != line.item_code}


def _date(day: np.datetime64) -> str:
	calendar: datetime.date = day.astype("datetime64[D]").item()
	return f"{calendar.day}{wording.NBSP}{calendar:%b %Y}"
