"""Lead times that suppliers promised, and those that they kept."""

from __future__ import annotations

from typing import Any

import frappe
from frappe import _
from frappe.query_builder import Case
from frappe.query_builder.functions import Avg, Coalesce, Count
from frappe.utils import add_days, escape_html, flt, formatdate, getdate, nowdate
from pypika import Order
from pypika.terms import CustomFunction

from rl_replenishment.bridge.desk.reporting import (
	CHARTED,
	column,
	given,
	link_column,
	one_decimal,
	percent,
	usual_company,
)
from rl_replenishment.bridge.queries import days_between
from rl_replenishment.bridge.visibility import Limits, agents_in_part

DEFAULT_DAYS = 365
_deviation = CustomFunction("STDDEV_SAMP", ["values"])


def execute(filters: dict[str, Any] | None = None) -> tuple:
	"""Columns, rows, message, chart, summary."""
	filters = given(filters)
	company = filters.company or usual_company()
	# who may see an agent may see what it learns lead times from
	if not agents_in_part(company=company):
		return (
			_columns(bool(filters.by_item)),
			[],
			_("You see no agent of company {0}.").format(escape_html(str(company or ""))),
			None,
			[],
		)
	rows = _rows(company, filters)
	for row in rows:
		row.late_share = flt(row.late_share)
	return _columns(bool(filters.by_item)), rows, None, _chart(rows), _summary(rows)


def _rows(company: str, filters: Any) -> list[Any]:
	first = getdate(filters.from_date or add_days(nowdate(), -DEFAULT_DAYS))
	last = getdate(filters.to_date or nowdate())
	if first > last:
		frappe.throw(_("From Date {0} is after To Date {1}.").format(formatdate(first), formatdate(last)))
	order, receipt = frappe.qb.DocType("Purchase Order"), frappe.qb.DocType("Purchase Receipt")
	line, ordered = frappe.qb.DocType("Purchase Receipt Item"), frappe.qb.DocType("Purchase Order Item")
	due = Coalesce(ordered.expected_delivery_date, ordered.schedule_date)
	actual = days_between(receipt.posting_date, order.transaction_date)
	delay = days_between(receipt.posting_date, due)
	limits = Limits("RL Proposal")
	groups = [receipt.supplier, line.item_code] if filters.by_item else [receipt.supplier]
	query = (
		frappe.qb.from_(receipt)
		.join(line)
		.on(line.parent == receipt.name)
		.join(ordered)
		.on(ordered.name == line.purchase_order_item)
		.join(order)
		.on(order.name == ordered.parent)
		.select(
			*groups,
			Count("*").as_("receipts"),
			Avg(days_between(due, order.transaction_date)).as_("promised"),
			Avg(actual).as_("actual"),
			_deviation(actual).as_("spread"),
			Avg(delay).as_("delay"),
			(Avg(Case().when(delay > 0, 1).else_(0)) * 100).as_("late_share"),
		)
		.where((receipt.docstatus == 1) & (receipt.is_return == 0) & (receipt.company == company))
		.where((receipt.posting_date >= first) & (receipt.posting_date <= last))
		.where(limits.criterion(receipt, company="Company", supplier="Supplier"))
		.where(limits.criterion(line, item_code="Item", item_group="Item Group", warehouse="Warehouse"))
		.groupby(*groups)
		.orderby(Count("*"), order=Order.desc)
	)
	if filters.supplier:
		query = query.where(receipt.supplier == filters.supplier)
	if filters.item_code:
		query = query.where(line.item_code == filters.item_code)
	return query.run(as_dict=True)


def _columns(by_item: bool) -> list[dict[str, Any]]:
	supplier = link_column("supplier", _("Supplier"), "Supplier", 200)
	item = link_column("item_code", _("Item"), "Item", 160)
	return [
		*([supplier, item] if by_item else [supplier]),
		column("receipts", _("Lines Received"), "Int", 120),
		column("promised", _("Promised (Days)"), "Float", 140),
		column("actual", _("Actual (Days)"), "Float", 140),
		column("spread", _("Deviation (Days)"), "Float", 140),
		column("delay", _("Mean Delay (Days)"), "Float", 140),
		column("late_share", _("Late"), "Percent", 100),
	]


def _chart(rows: list[Any]) -> dict[str, Any] | None:
	if not rows:
		return None
	shown = rows[:CHARTED]
	return {
		"data": {
			"labels": [
				f"{row.supplier}, {row.item_code}" if row.get("item_code") else row.supplier for row in shown
			],
			"datasets": [
				{"name": _("Promised (Days)"), "values": [flt(row.promised, 1) for row in shown]},
				{"name": _("Actual (Days)"), "values": [flt(row.actual, 1) for row in shown]},
			],
		},
		"type": "bar",
		"colors": ["#a8b0b9", "blue"],
	}


def _summary(rows: list[Any]) -> list[dict[str, Any]]:
	if not rows:
		return []
	count = sum(row.receipts for row in rows)

	def mean(name: str) -> float:
		return sum(flt(row[name]) * row.receipts for row in rows) / count

	return [
		{"label": _("Lines Received"), "value": count, "datatype": "Int"},
		{"label": _("Actual (Days)"), **one_decimal(mean("actual"))},
		{"label": _("Mean Delay (Days)"), **one_decimal(mean("delay"))},
		{"label": _("Late"), **percent(mean("late_share"))},
	]
