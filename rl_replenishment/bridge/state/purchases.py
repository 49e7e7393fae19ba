"""What was really bought for item-warehouses: to replay it beside what policies would have ordered."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

import frappe
import numpy as np
from frappe.query_builder import Order
from frappe.query_builder.functions import Coalesce
from pypika.analytics import RowNumber
from pypika.queries import QueryBuilder

from rl_replenishment.bridge.queries import Keys, one_of
from rl_replenishment.bridge.state.receipts import received_since
from rl_replenishment.core.evaluation.as_ordered import Purchases
from rl_replenishment.core.items import FloatArray

#: Purchase Orders that nothing more will come of
_OVER = ("Closed", "Completed", "Cancelled")


class Bought(NamedTuple):
	"""Of N item-warehouses from a day on."""

	purchases: Purchases
	#: stock on the morning of that day, shape (N,), in stock UOM
	opening: FloatArray


def read_bought(company: str, at: Keys, first: date, end: date) -> Bought:
	"""What was received since `first`, what was ordered since and is to come, and the stock before then.

	Goods count at the warehouse that they were received in. What is still to come arrives at `end` or later.
	Returns to suppliers do not count.
	"""
	rows: list[tuple[int, date, date, float]] = []
	for query in _received(company, at, first):
		rows += [(at.position(row[0], row[1]), *row[2:]) for row in query.run()]
	for item_code, warehouse, ordered_on, due, quantity in _to_come(company, at, first).run():
		rows.append((at.position(item_code, warehouse), ordered_on, max(due or end, end), quantity))
	rows = [row for row in rows if row[0] >= 0]
	purchases = Purchases(
		np.array([row[0] for row in rows], dtype=np.int64),
		np.array([row[1] for row in rows], dtype="datetime64[D]"),
		np.array([row[2] for row in rows], dtype="datetime64[D]"),
		np.array([row[3] for row in rows], dtype=np.float64),
	)
	return Bought(purchases, _opening(at, first))


def _received(company: str, at: Keys, first: date) -> Iterator[QueryBuilder]:
	"""What had no order counts as ordered on the day that it came."""
	for query, document, line, order, _ordered in received_since(company, first):
		yield query.select(
			line.item_code,
			line.warehouse,
			Coalesce(order.transaction_date, document.posting_date),
			document.posting_date,
			line.stock_qty,
		).where(at.include(line.item_code, line.warehouse))


def _to_come(company: str, at: Keys, first: date) -> QueryBuilder:
	order, line = frappe.qb.DocType("Purchase Order"), frappe.qb.DocType("Purchase Order Item")
	left = line.stock_qty - line.received_qty * line.conversion_factor
	return (
		frappe.qb.from_(order)
		.join(line)
		.on(line.parent == order.name)
		.select(line.item_code, line.warehouse, order.transaction_date, line.schedule_date, left)
		.where((order.docstatus == 1) & (order.company == company) & order.status.notin(_OVER))
		.where((order.transaction_date >= first) & (left > 0))
		# goes to the customer without being in stock here
		.where(Coalesce(line.delivered_by_supplier, 0) == 0)
		.where(at.include(line.item_code, line.warehouse))
	)


def _opening(at: Keys, first: date) -> FloatArray:
	"""By the last entry of the Stock Ledger before that day, shape (N,)."""
	entry = frappe.qb.DocType("Stock Ledger Entry")
	last = (
		frappe.qb.from_(entry)
		.select(
			entry.item_code,
			entry.warehouse,
			entry.qty_after_transaction,
			RowNumber()
			.over(entry.item_code, entry.warehouse)
			.orderby(entry.posting_datetime, entry.creation, order=Order.desc)
			.as_("place"),
		)
		.where((entry.is_cancelled == 0) & (entry.posting_date < first))
		.where(one_of(entry.item_code, at.item_codes) & one_of(entry.warehouse, at.warehouses))
	).as_("entries")
	rows = frappe.qb.from_(last).select(last.item_code, last.warehouse, last.qty_after_transaction)
	return at.column(rows.where(last.place == 1).run())
