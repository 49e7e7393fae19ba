"""Who was right, in money: what buyers' changes saved against the proposals, once the demand was known."""

from __future__ import annotations

from typing import Any

import frappe
from frappe import _
from frappe.query_builder import Case
from frappe.query_builder.functions import Sum
from frappe.utils import flt

from rl_replenishment.bridge.desk.reporting import CHARTED, FeedbackFilters, by_sign, column, percent


def execute(filters: dict[str, Any] | None = None) -> tuple:
	"""Columns, rows, message, chart, summary."""
	chosen = FeedbackFilters(filters, "edit_value_on")
	value = chosen.row.edit_value
	rows = (
		chosen.grouped(
			Sum(Case().when(value > 0, 1).else_(0)).as_("paid"),
			Sum(Case().when(value > 0, value).else_(0)).as_("saved"),
			Sum(Case().when(value < 0, value).else_(0)).as_("lost"),
			Sum(value).as_("net"),
		)
		# what was kept saved nothing
		.where(chosen.row.reward < 1)
		.run(as_dict=True)
	)
	currency = frappe.get_cached_value("Company", chosen.company, "default_currency") if rows else None
	for row in rows:
		row.update(
			paid_share=100 * flt(row.paid) / max(row.line_count, 1),
			mean=flt(row.net) / max(row.line_count, 1),
			currency=currency,
		)
	rows.sort(key=lambda row: -abs(flt(row.net)))
	message = chosen.message
	if not rows:
		message = _(
			"No change was valued in these days. A change is valued once the lead time and a review interval "
			"after its decision have passed, when the demand is known."
		)
	return _columns(chosen), rows, message, _chart(rows), _summary(rows, currency)


def _columns(chosen: FeedbackFilters) -> list[dict[str, Any]]:
	return [
		chosen.group_column(),
		column("line_count", _("Changes"), "Int", 100),
		column("paid_share", _("That Paid"), "Percent", 110),
		column("saved", _("Saved by Those"), "Currency", 150, options="currency"),
		column("lost", _("Lost by Others"), "Currency", 150, options="currency"),
		column("net", _("Value of All"), "Currency", 150, options="currency"),
		column("mean", _("Mean Value"), "Currency", 150, options="currency"),
	]


def _chart(rows: list[dict[str, Any]]) -> dict[str, Any] | None:
	if not rows:
		return None
	shown = rows[:CHARTED]
	return {
		"data": {
			"labels": [row["group_name"] or _("Not Set") for row in shown],
			"datasets": by_sign([flt(row["net"], 2) for row in shown], _("Saved"), _("Lost")),
		},
		"type": "bar",
		"barOptions": {"stacked": 1},
		"colors": ["green", "orange"],
		"fieldtype": "Currency",
	}


def _summary(rows: list[dict[str, Any]], currency: str | None) -> list[dict[str, Any]]:
	if not rows:
		return []
	net = sum(flt(row["net"]) for row in rows)
	changes = sum(row["line_count"] for row in rows)
	paid = 100 * sum(flt(row["paid"]) for row in rows) / changes
	return [
		{"label": _("Changes"), "value": changes, "datatype": "Int"},
		{"label": _("That Paid"), **percent(paid)},
		{
			"label": _("Value of All"),
			"value": net,
			"datatype": "Currency",
			"currency": currency,
			"indicator": "Green" if net >= 0 else "Red",
		},
	]
