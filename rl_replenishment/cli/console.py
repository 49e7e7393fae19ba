"""What a person reads at the terminal: tables and progress, made with rich.

Nothing here decides where it goes: that is the caller's console, on stderr where stdout carries JSON.
What comes from files is never read as rich markup: an item called [red] is an item called [red].
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from rich import box
from rich.console import Console, Group
from rich.padding import Padding
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from rl_replenishment.core.evaluation.backtest import Backtest, BacktestRow
from rl_replenishment.core.items import ItemKey
from rl_replenishment.core.service.curve import Curve, at_fill_rate
from rl_replenishment.report import wording
from rl_replenishment.report.content import EditLine, ProposalLine

#: what a progress bar counts to
_WHOLE = 100.0
#: without a terminal, a line is written each time this many percent are done
_LINE_EVERY = 10


class Update(Protocol):
	"""Tells a progress bar how far things are."""

	def __call__(self, fraction: float, description: str | None = None) -> None:
		"""Show the share done, from 0 to 1, and what is going on now (as before, where not given)."""
		...


def policy_table(backtest: Backtest, *, currency: str = "") -> Table:
	"""All policies of a backtest, the cheapest first; fits 80 columns."""
	rows = sorted(backtest.rows, key=lambda row: float(row.ledger.cost.sum()))
	money = wording.Money.fitting("", float(rows[-1].ledger.cost.sum()))
	cheapest = next(row for row in rows if row.is_attainable)
	items = len(backtest.scenario.items)
	counted = f"{backtest.scenario.days:,} held-out days, {items:,} item{'' if items == 1 else 's'}"
	table = _table(f"{counted}; average stock in units")
	table.add_column("Policy", min_width=11)
	_add_number(table, f"Cost {currency}".strip())
	_add_number(table, "Difference\n95 % interval")
	_add_number(table, "Fill rate")
	_add_number(table, "Stock-out\ndays")
	_add_number(table, "Average\nstock")
	_add_number(table, "Orders")
	for row in rows:
		marks = ["lowest cost"] if row is cheapest else []
		marks += ["best rule"] if row is backtest.best_baseline else []
		marks += [wording.KINDS[row.kind]] if row.kind in wording.KINDS else []
		table.add_row(
			_two(row.ledger.policy, ", ".join(marks)),
			_text(money.amount(float(row.ledger.cost.sum()))),
			_difference(backtest, row),
			_text(wording.percent(row.ledger.fill_rate)),
			_text(wording.number(float(row.ledger.stockout_days.sum()))),
			_text(wording.number(row.ledger.average_inventory, 1)),
			_text(wording.number(float(row.ledger.orders.sum()))),
		)
	return table


def orders_verdict(backtest: Backtest, row: BacktestRow) -> str:
	"""A policy against what was really ordered in a sentence, "" where that is not known."""
	costs = [float(each.ledger.cost.sum()) for each in backtest.rows]
	verdict = wording.against_as_ordered(backtest, row, wording.Money.fitting("", max(costs)))
	return plain(f"{verdict.headline} {verdict.caution}".strip()) if verdict else ""


#: fill rates that a table of service tells the price of
_RATES_TOLD = (0.90, 0.95, 0.98, 0.99)


def service_table(curves: Sequence[Curve], days: int) -> Table:
	"""Stock value and cost at present and at usual fill rates, a line for each curve; fits 80 columns."""
	money = wording.Money.fitting("", max((curve.points[-1].stock_value for curve in curves), default=0.0))
	table = _table(f"{days:,} replayed days; average stock value, and below it the cost of all these days")
	table.add_column("Items", ratio=1, min_width=12)
	_add_number(table, "Fill rate\nnow")
	_add_number(table, "Now")
	for rate in _RATES_TOLD:
		_add_number(table, f"At\n{wording.percent(rate, 0)}")
	for curve in curves:
		name = "All" if curve.scope == "all" else str(ItemKey(curve.name, curve.warehouse))
		count = f"{curve.count:,} item{'' if curve.count == 1 else 's'}"
		points = [at_fill_rate(curve.points, rate) for rate in _RATES_TOLD]
		table.add_row(
			_two(name, "" if curve.scope == "item" else count),
			_text(wording.percent(curve.present.fill_rate)),
			*(
				_two(money.amount(point.stock_value), money.amount(point.cost))
				if point
				else _text(wording.NONE, "dim")
				for point in (curve.present, *points)
			),
		)
	return table


def proposal_table(lines: Iterable[ProposalLine]) -> Table:
	"""Proposed order lines, each with its reason below the item; quantities in stock UOM."""
	table = _table("Quantities in stock units")
	table.add_column("Item, supplier\n  Reason", ratio=1, min_width=24)
	for heading in ("On\nhand", "On\norder", "Rule", "Proposed"):
		_add_number(table, heading)
	for line in lines:
		item = _text(_item(line.item_code, line.item_name), "bold")
		supplier = _text(f", {line.supplier}" if line.supplier else "", "not bold")
		table.add_row(
			# a column of its own would leave the reason a quarter of the screen
			Group(item.append_text(supplier), Padding(_text(line.reason, "dim"), (0, 0, 0, 2))),
			*(_text(wording.quantity(value)) for value in (line.on_hand, line.on_order, line.baseline_qty)),
			_text(wording.quantity(line.proposed_qty), "bold"),
		)
	return table


def edit_table(lines: Iterable[EditLine]) -> Table:
	"""What the buyer changed and what is proposed since; quantities in stock UOM."""
	table = _table("Quantities in stock units")
	table.add_column("Item", min_width=12)
	for heading in ("Proposed\nbefore", "Buyer\nordered", "Proposed\nafter"):
		_add_number(table, heading)
	table.add_column("Since then\nBuyer's reason", ratio=1)
	for line in lines:
		table.add_row(
			_text(_item(line.item_code, line.item_name)),
			_text(wording.quantity(line.proposed_before)),
			_text(wording.quantity(line.ordered), "bold"),
			_text(wording.quantity(line.proposed_after)),
			_two(wording.movement(line), line.reason),
		)
	return table


@contextmanager
def progress_bar(description: str, *, console: Console) -> Iterator[Update]:
	"""A progress bar, or without a terminal a plain line at every tenth; gives the call that moves it."""
	if not console.is_terminal:
		yield _PlainProgress(console, description)
		return
	columns = (
		TextColumn("{task.description}", markup=False),
		BarColumn(),
		TaskProgressColumn(),
		TimeElapsedColumn(),
	)
	with Progress(*columns, console=console) as progress:
		task = progress.add_task(plain(description), total=_WHOLE)

		def update(fraction: float, description: str | None = None) -> None:
			progress.update(
				task,
				completed=_WHOLE * _share(fraction),
				description=None if description is None else plain(description),
			)

		yield update


class _PlainProgress:
	"""Progress as lines: what a log file or a pipe can keep."""

	def __init__(self, console: Console, description: str) -> None:
		self._console = console
		self._description = plain(description)
		self._told = -1

	def __call__(self, fraction: float, description: str | None = None) -> None:
		if description is not None:
			self._description = plain(description)
		# by tenths and not by description: one that changes with every call would fill the log
		tenth = math.floor(_WHOLE * _share(fraction) / _LINE_EVERY + 1e-9)
		if tenth != self._told:
			self._told = tenth
			self._console.print(f"{self._description}: {tenth * _LINE_EVERY} %", markup=False, soft_wrap=True)


def _share(fraction: float) -> float:
	return min(max(fraction, 0.0), 1.0) if math.isfinite(fraction) else 0.0


def _table(caption: str) -> Table:
	return Table(
		box=box.SIMPLE_HEAD,
		pad_edge=False,
		padding=(0, 1, 0, 0),
		caption=_text(caption),
		caption_justify="left",
	)


def _add_number(table: Table, heading: str) -> None:
	table.add_column(Text(heading), justify="right", no_wrap=True)


def _difference(backtest: Backtest, row: BacktestRow) -> Text:
	if row is backtest.best_baseline:
		return _text("reference", "dim")
	bounds = wording.interval(wording.reliable_interval(backtest, row))
	return _two(wording.signed_percent(row.cost_vs_best_baseline), bounds.removesuffix(f"{wording.NBSP}%"))


def _item(code: str, name: str) -> str:
	return code if name in ("", code) else f"{code} {name}"


def _two(value: str, below: str) -> Text:
	"""A value and a lesser one in the line below it, where there is one."""
	return _text(value).append_text(_text(f"\n{below}" if below else "", "dim"))


def _text(value: str, style: str = "") -> Text:
	return Text("\n".join(plain(line) for line in value.split("\n")), style=style)


def plain(value: str) -> str:
	"""Text without control characters, which no file may send to a terminal, and in plain signs."""
	simple = value.replace(wording.NBSP, " ").replace(wording.MINUS, "-").replace(wording.NONE, "-")
	return "".join(character if character.isprintable() else " " for character in simple)
