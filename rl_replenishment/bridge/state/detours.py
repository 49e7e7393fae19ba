"""Goods on their way to the warehouse that they were requested for by way of another one.

A buyer may request or order it to another warehouse than it was proposed or requested for, and the receiving
clerk may book it elsewhere than it was ordered to: to goods in, to inspection. It is still on its way to the
warehouse that asked for it, unless the item is sold or used where it went: then it was meant to stay there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import frappe
from frappe.query_builder import Case
from frappe.query_builder.functions import Coalesce
from pypika.queries import QueryBuilder, Table
from pypika.terms import Criterion, Term

from rl_replenishment.bridge.origin import request_lines
from rl_replenishment.bridge.queries import Keys, one_of

#: what was received so long ago and was never put away is not on its way any more
_LONGEST_DAYS = 91
#: purposes of Stock Entries that only move goods
_MOVING = ("Material Transfer", "Material Transfer for Manufacture", "Send to Subcontractor")
_OUTGOING = ("Delivery Note", "Sales Invoice", "Subcontracting Receipt", "Asset Capitalization")

#: item code and warehouse
_Pair = tuple[str, str]


@dataclass(frozen=True)
class Waiting:
	"""Goods of an item that lie in one warehouse and were ordered for another."""

	item_code: str
	warehouse: str
	asked_for: str
	#: in stock UOM
	quantity: float


def destinations(rows: Iterable[Sequence[Any]]) -> Iterator[tuple[str, str, date | None, float]]:
	"""Where orders are going: (item code, warehouse, due date, quantity).

	`rows` are (item code, warehouse, warehouse that asked for it or None, due date, quantity). In one query
	where the two warehouses differ anywhere, else in none.
	"""
	rows = list(rows)
	kept = staying({(row[0], row[1]) for row in rows if row[2] and row[1] != row[2]})
	for item_code, warehouse, asked_for, due, quantity in rows:
		is_passing = asked_for and asked_for != warehouse and (item_code, warehouse) not in kept
		yield item_code, asked_for if is_passing else warehouse, due, quantity


def is_proposed(line: Table, proposal: Table) -> Criterion:
	"""The condition that a line of a Material Request is of a proposal, no other item entered over it."""
	return (proposal.name == line.rl_proposal) & (proposal.item_code == line.item_code)


def asked_by(document: Table, request: Table, asked: Table, proposed: Table) -> Term:
	"""The warehouse that asked for a line of a document: a document may name the line of any request, but
	answers those of its own company alone."""
	return Case().when(request.company == document.company, Coalesce(proposed.warehouse, asked.warehouse))


def read_waiting(at: Keys, today: date) -> list[Waiting]:
	"""What was received elsewhere than it was ordered for and still lies there, in at most three queries."""
	rows = _received_elsewhere(at, today - timedelta(days=_LONGEST_DAYS)).run()
	pairs = {(row[0], row[1]) for row in rows}
	if not pairs:
		return []
	kept = staying(pairs)
	stock = frappe.qb.DocType("Bin")
	there: dict[_Pair, float] = {
		(item_code, warehouse): float(quantity)
		for item_code, warehouse, quantity in frappe.qb.from_(stock)
		.select(stock.item_code, stock.warehouse, stock.actual_qty)
		.where(one_of(stock.item_code, {pair[0] for pair in pairs}))
		.where(one_of(stock.warehouse, {pair[1] for pair in pairs}))
		.run()
	}
	found = []
	# what came last is put away last
	for item_code, warehouse, asked_for, quantity, _day in sorted(rows, key=lambda row: row[4], reverse=True):
		pair = (item_code, warehouse)
		left = min(float(quantity), there.get(pair, 0.0))
		if pair not in kept and left > 0:
			there[pair] -= left
			found.append(Waiting(item_code, warehouse, asked_for, left))
	return found


def read_asked_for(agent: str, at: Keys, since: date) -> Iterator[tuple[str, str, float]]:
	"""What an agent's requests of `since` or later have come to: (item code, warehouse, quantity).

	What is still requested, and what was ordered of it and goes to the warehouse that asked for it; in four
	queries at most.
	"""
	joined, line, request, proposed = request_lines()
	lines = (
		joined.select(
			*(line.name, line.item_code, line.warehouse, proposed.warehouse.as_("asked_for")),
			*(line.stock_qty, line.ordered_qty, request.docstatus, request.status, request.company),
			*(line.from_warehouse, request.material_request_type),
		)
		.where((request.rl_agent == agent) & (request.transaction_date >= since))
		.where(one_of(line.item_code, at.item_codes))
		.run(as_dict=True)
	)
	if not lines:
		return
	moved = [row for row in lines if row.asked_for and row.asked_for != row.warehouse]
	kept = staying({(row.item_code, row.warehouse) for row in moved})
	for row in lines:
		if row.asked_for and (row.item_code, row.warehouse) not in kept:
			row.warehouse = row.asked_for
		is_open = row.docstatus < 2 and row.status != "Stopped" and row.stock_qty > row.ordered_qty
		if row.material_request_type == "Material Transfer":
			# what has been moved of it has come to one place and left the other
			quantity = row.stock_qty if is_open else row.ordered_qty
			yield row.item_code, row.warehouse, quantity
			if row.from_warehouse:
				yield row.item_code, row.from_warehouse, -quantity
		elif is_open:
			yield row.item_code, row.warehouse, row.stock_qty - row.ordered_qty
	order, ordered = frappe.qb.DocType("Purchase Order"), frappe.qb.DocType("Purchase Order Item")
	askers = {row.name: row for row in lines}
	bought = (
		frappe.qb.from_(ordered)
		.join(order)
		.on(order.name == ordered.parent)
		.select(
			*(ordered.material_request_item, ordered.item_code, ordered.warehouse, ordered.qty),
			*(ordered.received_qty, ordered.conversion_factor, order.status),
		)
		.where((order.docstatus == 1) & one_of(ordered.material_request_item, askers))
		# an order may name the line of any request
		.where(one_of(order.company, {row.company for row in lines}))
		.run(as_dict=True)
	)
	kept = staying(
		{
			(row.item_code, row.warehouse)
			for row in bought
			if row.warehouse != askers[row.material_request_item].warehouse
		}
	)
	for row in bought:
		asked_for = askers[row.material_request_item].warehouse
		if row.warehouse == asked_for or (row.item_code, row.warehouse) not in kept:
			quantity = row.received_qty if row.status == "Closed" else max(row.qty, row.received_qty)
			yield row.item_code, asked_for, quantity * row.conversion_factor


def staying(pairs: Collection[_Pair]) -> set[_Pair]:
	"""Of items in warehouses, those that are sold or used there, in one query; none where there are none."""
	if not pairs:
		return set()
	entry, moved = frappe.qb.DocType("Stock Ledger Entry"), frappe.qb.DocType("Stock Entry")
	rows = (
		frappe.qb.from_(entry)
		.left_join(moved)
		.on((moved.name == entry.voucher_no) & (entry.voucher_type == "Stock Entry"))
		.select(entry.item_code, entry.warehouse)
		.where((entry.actual_qty < 0) & (entry.is_cancelled == 0))
		.where(entry.voucher_type.isin(_OUTGOING) | moved.purpose.notin(_MOVING))
		.where(one_of(entry.item_code, {pair[0] for pair in pairs}))
		.where(one_of(entry.warehouse, {pair[1] for pair in pairs}))
		.distinct()
		.run()
	)
	return set(pairs) & set(rows)


def _received_elsewhere(at: Keys, since: date) -> QueryBuilder:
	"""Item code, warehouse of the receipt, warehouse that it was ordered for, quantity, day."""
	ordered, asked = frappe.qb.DocType("Purchase Order Item"), frappe.qb.DocType("Material Request Item")
	proposed, request = frappe.qb.DocType("RL Proposal"), frappe.qb.DocType("Material Request")
	found: QueryBuilder | None = None
	for doctype, link in (("Purchase Receipt", "purchase_order_item"), ("Purchase Invoice", "po_detail")):
		document, line = frappe.qb.DocType(doctype), frappe.qb.DocType(f"{doctype} Item")
		asked_for = Coalesce(asked_by(document, request, asked, proposed), ordered.warehouse)
		query = (
			frappe.qb.from_(line)
			.join(document)
			.on(document.name == line.parent)
			.join(ordered)
			.on(ordered.name == line[link])
			.left_join(asked)
			.on(asked.name == ordered.material_request_item)
			.left_join(request)
			.on(request.name == asked.parent)
			.left_join(proposed)
			.on(is_proposed(asked, proposed))
			.select(line.item_code, line.warehouse, asked_for, line.stock_qty, document.posting_date)
			.where((document.docstatus == 1) & (document.is_return == 0) & (document.posting_date >= since))
			.where((line.warehouse != asked_for) & one_of(line.item_code, at.item_codes))
			.where(one_of(asked_for, at.warehouses))
		)
		if doctype == "Purchase Invoice":
			query = query.where(document.update_stock == 1)
		found = query if found is None else found.union_all(query)
	return found
