"""What is promised for a day: to customers, to production, to whoever requested an issue.

The Bin knows how much is reserved, not for when. What is due on a later day is still there until then, and is
met by date; what is due today or late is taken from stock on hand, and so is what is kept for an order.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import frappe
from frappe.query_builder import Case
from frappe.query_builder.functions import Coalesce, Sum
from frappe.utils import cint
from pypika.queries import QueryBuilder

from rl_replenishment.bridge.queries import Keys


def read_promises(at: Keys) -> Iterator[tuple[str, str, date | None, float]]:
	"""What the reserved quantities of Bins are for: (item code, warehouse, day, quantity in stock UOM).

	Counted as ERPNext counts them, of Sales Orders, their product bundles and Work Orders; in five queries.
	What a Stock Reservation Entry keeps for an order can be had by nobody else until then: it has no day.
	"""
	back = cint(frappe.db.get_singles_dict("Selling Settings").get(_WITHOUT_RETURNED))
	kept = {(line, warehouse): quantity for line, warehouse, quantity in _kept(at).run()}
	for item_code, warehouse, day, quantity, line in _sold(at, back).run():
		of_it = min(kept.get((line, warehouse), 0), quantity)
		if of_it > 0:
			yield item_code, warehouse, None, of_it
		if quantity > of_it:
			yield item_code, warehouse, day, quantity - of_it
	for query in (_sold_in_bundles(at, back), _for_production(at)):
		yield from query.run()


#: whether what customers sent back is not reserved again
_WITHOUT_RETURNED = "dont_reserve_sales_order_qty_on_sales_return"


def _open(order: Any, line: Any, back: int) -> tuple[Any, Any]:
	"""The share of a Sales Order's line that is to be delivered yet, and the condition that there is any."""
	left = line.qty - line.delivered_qty - line.returned_qty * back
	is_open = (order.docstatus == 1) & order.status.notin(("On Hold", "Closed"))
	to_deliver = Coalesce(line.delivered_by_supplier, 0) == 0
	return left / line.qty, is_open & to_deliver & (left > 0) & (line.qty > 0)


def _sold(at: Keys, back: int) -> QueryBuilder:
	order, line = frappe.qb.DocType("Sales Order"), frappe.qb.DocType("Sales Order Item")
	share, is_open = _open(order, line, back)
	return (
		frappe.qb.from_(line)
		.join(order)
		.on(order.name == line.parent)
		.select(line.item_code, line.warehouse, Coalesce(line.delivery_date, order.delivery_date))
		.select(line.stock_qty * share, line.name)
		.where(is_open & at.include(line.item_code, line.warehouse))
	)


def _kept(at: Keys) -> QueryBuilder:
	"""What stock is kept for which line of a Sales Order, and where."""
	entry = frappe.qb.DocType("Stock Reservation Entry")
	return (
		frappe.qb.from_(entry)
		.select(entry.voucher_detail_no, entry.warehouse, Sum(entry.reserved_qty - entry.delivered_qty))
		.where((entry.docstatus == 1) & (entry.voucher_type == "Sales Order"))
		.where((entry.reserved_qty > entry.delivered_qty) & at.include(entry.item_code, entry.warehouse))
		.groupby(entry.voucher_detail_no, entry.warehouse)
	)


def _sold_in_bundles(at: Keys, back: int) -> QueryBuilder:
	order, line = frappe.qb.DocType("Sales Order"), frappe.qb.DocType("Sales Order Item")
	part = frappe.qb.DocType("Packed Item")
	share, is_open = _open(order, line, back)
	return (
		frappe.qb.from_(part)
		.join(line)
		.on(line.name == part.parent_detail_docname)
		.join(order)
		.on(order.name == line.parent)
		.select(part.item_code, part.warehouse, Coalesce(line.delivery_date, order.delivery_date))
		.select(part.qty * share)
		.where((part.parenttype == "Sales Order") & (part.item_code != part.parent_item))
		.where(is_open & at.include(part.item_code, part.warehouse))
	)


def _for_production(at: Keys) -> QueryBuilder:
	order, line = frappe.qb.DocType("Work Order"), frappe.qb.DocType("Work Order Item")
	taken = Case().when(order.skip_transfer == 0, line.transferred_qty).else_(line.consumed_qty)
	return (
		frappe.qb.from_(line)
		.join(order)
		.on(order.name == line.parent)
		.select(line.item_code, line.source_warehouse, order.planned_start_date, line.required_qty - taken)
		.where((order.docstatus == 1) & order.status.notin(("Stopped", "Completed", "Closed")))
		.where((line.required_qty > taken) & at.include(line.item_code, line.source_warehouse))
	)
