"""The report's figures: what each shows of the backtests, and what it says to who cannot see it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup

from rl_replenishment.core.evaluation.backtest import Backtest, BacktestRow
from rl_replenishment.core.items import FloatArray
from rl_replenishment.core.service.curve import Curve
from rl_replenishment.core.simulation.rollout import Ledger
from rl_replenishment.report import comparison, plots, wording
from rl_replenishment.report.content import EditLine

ITEM_PANELS = 4
#: edits drawn, those changed most; the table has all of them
EDITS_DRAWN = 12


@dataclass(frozen=True, eq=False)
class PolicyLine:
	"""One policy in a table of policies, in money, units or days."""

	name: str
	ledger: Ledger
	cost: float
	stock: float
	is_learned: bool
	is_reference: bool
	#: of those that could have been done
	is_cheapest: bool
	#: what else it is called, "" for a policy or a rule
	kind: str
	difference: float
	#: nan where there is none
	ci95: tuple[float, float]

	@property
	def colour(self) -> str:
		"""Which of the page's colours it has."""
		return "learned" if self.is_learned else "rule" if self.is_reference else "other"


@dataclass(frozen=True)
class Panel:
	"""One item's plot."""

	item: comparison.ItemComparison
	plot: Markup


def policy_lines(backtest: Backtest, learned: BacktestRow, weights: FloatArray | None) -> list[PolicyLine]:
	"""All policies of a backtest, the cheapest first."""
	reference = backtest.best_baseline
	by_cost = sorted(backtest.rows, key=lambda row: float(row.ledger.cost.sum()))
	cheapest = next(row for row in by_cost if row.is_attainable)
	return [
		PolicyLine(
			name=row.ledger.policy,
			ledger=row.ledger,
			cost=float(row.ledger.cost.sum()),
			stock=comparison.average_stock(row.ledger, weights),
			is_learned=row is learned,
			is_reference=row is reference,
			is_cheapest=row is cheapest,
			kind=wording.KINDS.get(row.kind, ""),
			difference=row.cost_vs_best_baseline,
			ci95=wording.reliable_interval(backtest, row),
		)
		for row in by_cost
	]


def cost_plot(lines: Sequence[PolicyLine], money: wording.Money) -> Markup:
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


def stockout_plot(lines: Sequence[PolicyLine]) -> Markup:
	bars = [(line.name, line.colour, float(line.ledger.stockout_days.sum())) for line in lines]
	said = "; ".join(f"{name}: {wording.number(days)}" for name, _, days in bars)
	return plots.stockout_bars(bars, f"Bar chart of stock-out days by policy. {said}.")


def difference_plot(lines: Sequence[PolicyLine]) -> Markup | None:
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


def trade_off_plot(lines: Sequence[PolicyLine], stock_label: str) -> Markup:
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


#: classes of value have a line of their own each
_SERVICE_COLOURS = {"": "learned", "A": "rule", "B": "other", "C": "demand"}


def service_plot(curves: Sequence[Curve]) -> Markup | None:
	"""Stock against service of all items and of the classes A, B and C."""
	shown = [curve for curve in curves if curve.name in _SERVICE_COLOURS and curve.scope in ("all", "class")]
	if not shown:
		return None
	lines = [
		plots.ServiceLine(
			f"class {curve.name}" if curve.name else "all items",
			_SERVICE_COLOURS[curve.name],
			[(point.fill_rate, point.stock_value) for point in curve.points],
			(curve.present.fill_rate, curve.present.stock_value),
		)
		for curve in shown
	]
	said = "; ".join(
		f"{line.name}: {wording.percent(line.present[0])} with a stock value of"
		f" {wording.number(line.present[1])} at present, up to {wording.percent(line.points[-1][0])} with"
		f" {wording.number(line.points[-1][1])}"
		for line in lines
	)
	return plots.service_lines(lines, f"Average stock value against fill rate. {said}.")


def course_plot(backtest: Backtest, row: BacktestRow, weights: FloatArray | None, stock_label: str) -> Markup:
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


def panels(
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


def edit_plot(changed: Sequence[EditLine]) -> Markup | None:
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


def learning_plot(curve: Sequence[tuple[float, float]] | None) -> Markup | None:
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
