"""How often buyers keep what is proposed, how far they move it, and where."""

from __future__ import annotations

from typing import Any

import frappe
from frappe import _
from frappe.query_builder import Case
from frappe.query_builder.functions import Abs, Avg, Sum
from frappe.utils import flt, fmt_money, formatdate
from pypika.terms import CustomFunction, Term

from rl_replenishment.bridge.desk.reporting import FeedbackFilters, column, percent

#: the Monday of a day's week
_monday = CustomFunction("SUBDATE", ["day", "weekday"])
_weekday = CustomFunction("WEEKDAY", ["day"])


def execute(filters: dict[str, Any] | None = None) -> tuple:
	"""Columns, rows, message, chart, summary."""
	chosen = FeedbackFilters(filters, "decision_date")
	rows = chosen.grouped(*_figures(chosen)).run(as_dict=True)
	for row in rows:
		_add_shares(row)
	return (
		_columns(chosen),
		rows,
		chosen.message,
		_chart(chosen, (filters or {}).get("chart")),
		_summary(rows),
	)


def _figures(chosen: FeedbackFilters) -> tuple[Term, ...]:
	row = chosen.row
	change = row.ordered_qty - row.proposed_qty
	is_kept = row.reward >= 1
	return (
		Sum(Case().when(is_kept, 1).else_(0)).as_("kept"),
		Sum(Case().when(~is_kept & (change > 0), 1).else_(0)).as_("raised"),
		Sum(Case().when(~is_kept & (change < 0) & (row.ordered_qty > 0), 1).else_(0)).as_("cut"),
		Sum(Case().when(~is_kept & (row.ordered_qty <= 0), 1).else_(0)).as_("turned_down"),
		# in percent of what was proposed
		(100 * Avg(Abs(change) / Case().when(row.proposed_qty > 0, row.proposed_qty).else_(1))).as_(
			"mean_change"
		),
		Avg(row.reward).as_("mean_reward"),
	)


def _add_shares(row: dict[str, Any]) -> None:
	row["acceptance"] = 100 * flt(row["kept"]) / max(row["line_count"], 1)


def _columns(chosen: FeedbackFilters) -> list[dict[str, Any]]:
	return [
		chosen.group_column(),
		column("line_count", _("Decisions"), "Int", 110),
		column("acceptance", _("Kept"), "Percent", 110),
		column("raised", _("Raised"), "Int", 110),
		column("cut", _("Cut"), "Int", 110),
		column("turned_down", _("Turned Down"), "Int", 120),
		column("mean_change", _("Mean Change"), "Percent", 130, precision=1),
		column("mean_reward", _("Mean Agreement"), "Float", 150, precision=2),
	]


def _chart(chosen: FeedbackFilters, asked: str | None) -> dict[str, Any] | None:
	"""By week, the share that was kept, or the agreement, which training has as reward."""
	row = chosen.row
	week = _monday(row.decision_date, _weekday(row.decision_date))
	weeks = (
		frappe.qb.from_(row)
		.select(
			week.as_("week"),
			Avg(Case().when(row.reward >= 1, 100).else_(0)).as_("kept"),
			Avg(row.reward).as_("reward"),
		)
		.where(chosen.criterion)
		.groupby(week)
		.orderby(week)
		.run(as_dict=True)
	)
	if not weeks:
		return None
	if asked == "Mean Agreement":
		line = {"name": _("Mean Agreement"), "values": [round(flt(each.reward), 3) for each in weeks]}
	else:
		line = {"name": _("Kept, %"), "values": [round(flt(each.kept), 1) for each in weeks]}
	return {
		# there is little room
		"data": {"labels": [formatdate(each.week, "d MMM") for each in weeks], "datasets": [line]},
		# of one week there is no line to draw
		"type": "line" if len(weeks) > 1 else "bar",
		"lineOptions": {"regionFill": 1},
		"colors": ["blue"],
	}


def _summary(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
	if not rows:
		return []
	count = sum(row["line_count"] for row in rows)
	kept = 100 * sum(flt(row["kept"]) for row in rows) / count
	reward = sum(flt(row["mean_reward"]) * row["line_count"] for row in rows) / count
	return [
		{"label": _("Decisions"), "value": count, "datatype": "Int"},
		{"label": _("Kept"), **percent(kept)},
		{"label": _("Mean Agreement"), "value": fmt_money(reward, precision=2), "datatype": "Data"},
	]
