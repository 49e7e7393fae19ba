"""What suppliers delivered, by Purchase Receipt or an invoice that moves stock, with the order it came of."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

import frappe
from pypika.queries import QueryBuilder, Table


class Received(NamedTuple):
	"""Lines of one kind of document; whoever asks selects and narrows."""

	query: QueryBuilder
	document: Table
	line: Table
	#: the Purchase Order of a line, and its line there, where it has one
	order: Table
	ordered: Table


def received_since(company: str, since: date) -> Iterator[Received]:
	"""Of both kinds of document; returns to suppliers do not count."""
	order, ordered = frappe.qb.DocType("Purchase Order"), frappe.qb.DocType("Purchase Order Item")
	for doctype, of_order in (("Purchase Receipt", "purchase_order_item"), ("Purchase Invoice", "po_detail")):
		document, line = frappe.qb.DocType(doctype), frappe.qb.DocType(f"{doctype} Item")
		query = (
			frappe.qb.from_(document)
			.join(line)
			.on(line.parent == document.name)
			.left_join(order)
			.on(order.name == line.purchase_order)
			.left_join(ordered)
			.on(ordered.name == line[of_order])
			.where((document.docstatus == 1) & (document.is_return == 0) & (document.company == company))
			.where((document.posting_date >= since) & (line.stock_qty > 0))
		)
		if doctype == "Purchase Invoice":
			query = query.where(document.update_stock == 1)
		yield Received(query, document, line, order, ordered)
