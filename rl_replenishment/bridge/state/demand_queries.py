"""What counts as demand, as queries for (item code, warehouse, day, quantity in stock UOM).

Of the **Stock Ledger**: what was delivered (Delivery Notes, Sales Invoices that move stock), issued, consumed
by manufacture, repacking, subcontractors and assets, and what was transferred to a warehouse that is not the
agent's, or where it is used or filled up by transfer instead of bought (work in progress, a re-order level of
type Transfer). Returns by customers and from such warehouses take demand back; on the day, and from the
warehouse, of the sale that they reverse, where ERPNext knows it. Unused material is taken off what was issued
for the same Work Order or subcontractor's order, or to the same warehouse, before anything newer. Not demand:
transfers between the agent's other warehouses, returns to suppliers, taking things apart, what was scrapped
or written off (see `written_off`), and corrections by Stock Reconciliation. Goods that travel by way of a
transit warehouse count when they arrive. What a till sold counts on its day, though the ledger has it only
when the till is closed. What is repacked into itself is used up as far as less of it comes out.

Of **Sales Orders**: what customers asked for, on the day they wanted it; less what they sent back. What they
want on a later day is promised by date (see `promised`), and no demand of the day on which they ordered it.
Orders closed before they were delivered count in full: they were asked for, and closing them is how a lost
sale looks. Components of product bundles count; what a supplier delivers itself does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import frappe
from frappe.query_builder import Case
from frappe.query_builder.functions import Abs, Coalesce, Min
from pypika.functions import NullIf
from pypika.queries import QueryBuilder, Table
from pypika.terms import Criterion, ExistsCriterion, Field, LiteralValue, Term

from rl_replenishment.bridge.queries import Keys, one_of, posted_within
from rl_replenishment.bridge.state.written_off import WrittenOff

#: vouchers whose outgoing entries are all deliveries or consumption; Stock Entries need a closer look
_OUTGOING_VOUCHERS = ("Delivery Note", "Sales Invoice", "Subcontracting Receipt", "Asset Capitalization")
_SALES_DOCUMENTS = ("Delivery Note", "Sales Invoice")
#: what was sold at a till, and the components of bundles that were
TILL_TABLES = ("POS Invoice Item", "Packed Item")
_NOTHING, _NOBODY = LiteralValue("0"), LiteralValue("''")


@dataclass(frozen=True)
class Window:
	"""Which rows to read."""

	at: Keys
	#: the agent's warehouses: what moves between them is no demand
	inside: Sequence[str]
	#: those where what comes from them is used, see `places`
	used: Sequence[str]
	#: the first day, and the day after the last one
	start: date
	end: date
	#: what was given up instead of wanted
	written_off: WrittenOff

	def covers(self, day: Field) -> Criterion:
		"""The condition that a date is in the window."""
		return (day >= self.start) & (day < self.end)

	def leaves(self, warehouse: Field) -> Criterion:
		"""The condition that goods go to nobody's warehouse or one that is not the agent's."""
		return (Coalesce(warehouse, "") == "") | ~one_of(warehouse, self.inside)


def ledger_queries(window: Window) -> Iterator[QueryBuilder]:
	"""Demand as the Stock Ledger shows it."""
	yield _delivered(window)
	for doctype in _SALES_DOCUMENTS:
		yield _taken_back(window, doctype)
	yield from (sold_at_tills(table, window.at, window) for table in TILL_TABLES)
	yield _issued(window)
	yield _made_of_itself(window)
	yield _brought_back(window)
	yield _arrived_by_transit(window)


def sales_order_queries(window: Window) -> Iterator[QueryBuilder]:
	"""Demand as customers asked for it."""
	yield _ordered(window)
	yield _ordered_in_bundles(window)


def _named(
	item_code: Field,
	warehouse: Term,
	day: Term,
	quantity: Term,
	*,
	reverses: Term = _NOTHING,
	party: Term = _NOBODY,
) -> tuple[Term, ...]:
	"""The columns of a query.

	`reverses` is 1 where a quantity below 0 belongs to this very day; `party` names who took it, or brings it
	back.
	"""
	return (
		*(item_code.as_("item_code"), warehouse.as_("warehouse"), day.as_("day")),
		*(quantity.as_("quantity"), reverses.as_("reverses"), party.as_("party")),
	)


def _taken_by(entry: Table, warehouse: Term) -> Term:
	"""Who takes or brings back what a Stock Entry moves: an order, else a warehouse."""
	orders = (entry.work_order, entry.subcontracting_order, entry.purchase_order)
	return Coalesce(*(NullIf(name, "") for name in (*orders, warehouse)), "")


def _delivered(window: Window) -> QueryBuilder:
	entry = frappe.qb.DocType("Stock Ledger Entry")
	return (
		frappe.qb.from_(entry)
		.select(*_named(entry.item_code, entry.warehouse, entry.posting_date, entry.actual_qty * -1))
		.where(entry.voucher_type.isin(_OUTGOING_VOUCHERS))
		.where((entry.actual_qty < 0) & (entry.is_cancelled == 0))
		.where(posted_within(entry, window.start, window.end))
		.where(window.at.include(entry.item_code, entry.warehouse))
	)


def _taken_back(window: Window, doctype: str) -> QueryBuilder:
	"""Of what `_delivered` finds: customers' returns, and deliveries between the agent's own warehouses.

	A return by POS is a line below 0 of the invoice that the till's sales were gathered in, or an invoice
	against the one that its sale was gathered in.
	"""
	document, line = frappe.qb.DocType(doctype), frappe.qb.DocType(f"{doctype} Item")
	sold, sold_line = (
		frappe.qb.DocType(doctype).as_("sold"),
		frappe.qb.DocType(f"{doctype} Item").as_("sold_line"),
	)
	entry = frappe.qb.DocType("Stock Ledger Entry")
	sale = line.dn_detail if doctype == "Delivery Note" else line.sales_invoice_item
	stays_inside = (document.is_internal_customer == 1) & one_of(
		Coalesce(line.target_warehouse, ""), window.inside
	)
	is_internal = stays_inside & (entry.actual_qty < 0)
	is_back = document.is_return == 1
	if doctype == "Sales Invoice":
		is_back |= document.is_consolidated == 1
	# what moved between the agent's warehouses and back was no demand to begin with
	is_return = is_back & (entry.actual_qty > 0) & ~stays_inside
	day = Coalesce(sold.posting_date, document.posting_date)
	warehouse = Coalesce(sold_line.warehouse, entry.warehouse)
	reverses = Case().when(sold.name.isnotnull() | is_internal, 1).else_(0)
	return (
		frappe.qb.from_(document)
		.join(entry)
		.on((entry.voucher_no == document.name) & (entry.voucher_type == doctype))
		.left_join(line)
		.on(line.name == entry.voucher_detail_no)
		.left_join(sold_line)
		.on((sold_line.name == sale) & (sold_line.item_code == entry.item_code))
		.left_join(sold)
		.on(sold.name == Coalesce(sold_line.parent, document.return_against))
		.select(*_named(entry.item_code, warehouse, day, Abs(entry.actual_qty) * -1, reverses=reverses))
		.where((document.docstatus == 1) & window.covers(day) & (entry.is_cancelled == 0))
		.where(document.posting_date < window.end)
		.where(is_return | is_internal)
		.where(window.at.include(entry.item_code, warehouse))
	)


def _issued(window: Window) -> QueryBuilder:
	entry, line = frappe.qb.DocType("Stock Entry"), frappe.qb.DocType("Stock Entry Detail")
	return (
		frappe.qb.from_(entry)
		.join(line)
		.on(line.parent == entry.name)
		.select(
			*_named(
				line.item_code,
				line.s_warehouse,
				entry.posting_date,
				line.transfer_qty,
				party=_taken_by(entry, line.t_warehouse),
			)
		)
		.where((entry.docstatus == 1) & (entry.purpose != "Disassemble") & (entry.add_to_transit == 0))
		.where(window.covers(entry.posting_date))
		.where(window.leaves(line.t_warehouse) | _is_filled_by_transfer(line.item_code, line.t_warehouse))
		.where(window.at.include(line.item_code, line.s_warehouse))
		.where(~window.written_off.left_out(entry, line))
	)


def sold_at_tills(table: str, at: Keys, window: Window | None = None) -> QueryBuilder:
	"""What tills have sold, less what they took back, and no invoice has gathered yet: it is in no ledger.

	`table` is one of `TILL_TABLES`.
	"""
	invoice, line = frappe.qb.DocType("POS Invoice"), frappe.qb.DocType(table)
	quantity = line.qty if table == "Packed Item" else line.stock_qty
	query = (
		frappe.qb.from_(invoice)
		.join(line)
		.on((line.parent == invoice.name) & (line.parenttype == "POS Invoice"))
		.select(*_named(line.item_code, line.warehouse, invoice.posting_date, quantity))
		.where((invoice.docstatus == 1) & (Coalesce(invoice.consolidated_invoice, "") == ""))
		.where(at.include(line.item_code, line.warehouse))
	)
	return query.where(window.covers(invoice.posting_date)) if window else query


def _made_of_itself(window: Window) -> QueryBuilder:
	"""Of what `_issued` finds: what an entry makes of the same item, relabelled or split, is not used up."""
	entry, line = frappe.qb.DocType("Stock Entry"), frappe.qb.DocType("Stock Entry Detail")
	used = frappe.qb.DocType("Stock Entry Detail").as_("used")
	source = (
		frappe.qb.from_(used)
		.select(used.parent, used.item_code, Min(used.s_warehouse).as_("s_warehouse"))
		.where((Coalesce(used.s_warehouse, "") != "") & (Coalesce(used.t_warehouse, "") == ""))
		.where(one_of(used.item_code, window.at.item_codes))
		.groupby(used.parent, used.item_code)
	).as_("source")
	party = _taken_by(entry, _NOBODY)
	return (
		frappe.qb.from_(entry)
		.join(line)
		.on(line.parent == entry.name)
		.join(source)
		.on((source.parent == entry.name) & (source.item_code == line.item_code))
		.select(
			*_named(
				line.item_code,
				source.s_warehouse,
				entry.posting_date,
				line.transfer_qty * -1,
				reverses=Case().when(party == "", 1).else_(0),
				party=party,
			)
		)
		.where((entry.docstatus == 1) & entry.purpose.isin(("Repack", "Manufacture")))
		.where((Coalesce(line.s_warehouse, "") == "") & ~window.leaves(line.t_warehouse))
		.where(window.covers(entry.posting_date))
		.where(window.at.include(line.item_code, source.s_warehouse))
	)


def _is_filled_by_transfer(item_code: Field, warehouse: Field) -> Criterion:
	"""The condition that ERPNext fills an item's re-order level in a warehouse from another warehouse."""
	level, bought = frappe.qb.DocType("Item Reorder"), frappe.qb.DocType("Item Reorder").as_("bought")
	here = (level.parent == item_code) & (level.warehouse == warehouse)
	also = (bought.parent == item_code) & (bought.warehouse == warehouse)
	filled = (
		frappe.qb.from_(level).select(level.name).where(here & (level.material_request_type == "Transfer"))
	)
	purchased = (
		frappe.qb.from_(bought).select(bought.name).where(also & (bought.material_request_type == "Purchase"))
	)
	return ExistsCriterion(filled) & ~ExistsCriterion(purchased)


def _brought_back(window: Window) -> QueryBuilder:
	"""Unused material that came back, from manufacture, a subcontractor or another warehouse."""
	entry, line = frappe.qb.DocType("Stock Entry"), frappe.qb.DocType("Stock Entry Detail")
	return (
		frappe.qb.from_(entry)
		.join(line)
		.on(line.parent == entry.name)
		.select(
			*_named(
				line.item_code,
				line.t_warehouse,
				entry.posting_date,
				line.transfer_qty * -1,
				party=_taken_by(entry, line.s_warehouse),
			)
		)
		.where((entry.docstatus == 1) & ((entry.is_return == 1) | one_of(line.s_warehouse, window.used)))
		.where(window.covers(entry.posting_date) & window.leaves(line.s_warehouse))
		.where(window.at.include(line.item_code, line.t_warehouse))
	)


def _arrived_by_transit(window: Window) -> QueryBuilder:
	entry, line = frappe.qb.DocType("Stock Entry"), frappe.qb.DocType("Stock Entry Detail")
	sent = frappe.qb.DocType("Stock Entry Detail").as_("sent")
	return (
		frappe.qb.from_(entry)
		.join(line)
		.on(line.parent == entry.name)
		.join(sent)
		.on(sent.name == line.ste_detail)
		.select(
			*_named(
				sent.item_code,
				sent.s_warehouse,
				entry.posting_date,
				line.transfer_qty,
				party=_taken_by(entry, line.t_warehouse),
			)
		)
		.where((entry.docstatus == 1) & (entry.purpose == "Material Transfer"))
		.where(Coalesce(entry.outgoing_stock_entry, "") != "")
		.where(window.covers(entry.posting_date) & window.leaves(line.t_warehouse))
		.where(window.at.include(sent.item_code, sent.s_warehouse))
	)


def _ordered(window: Window) -> QueryBuilder:
	order, line = frappe.qb.DocType("Sales Order"), frappe.qb.DocType("Sales Order Item")
	asked = (line.qty - line.returned_qty) * line.conversion_factor
	day = _wanted(order, line)
	return (
		frappe.qb.from_(order)
		.join(line)
		.on(line.parent == order.name)
		.select(*_named(line.item_code, line.warehouse, day, asked))
		.where((order.docstatus == 1) & window.covers(day))
		.where((Coalesce(line.delivered_by_supplier, 0) == 0) & window.leaves(line.target_warehouse))
		.where(window.at.include(line.item_code, line.warehouse))
	)


def _ordered_in_bundles(window: Window) -> QueryBuilder:
	order, line = frappe.qb.DocType("Sales Order"), frappe.qb.DocType("Sales Order Item")
	part = frappe.qb.DocType("Packed Item")
	day = _wanted(order, line)
	return (
		frappe.qb.from_(order)
		.join(part)
		.on((part.parent == order.name) & (part.parenttype == "Sales Order"))
		.left_join(line)
		.on(line.name == part.parent_detail_docname)
		.select(*_named(part.item_code, part.warehouse, day, part.qty))
		.where((order.docstatus == 1) & window.covers(day))
		.where(window.at.include(part.item_code, part.warehouse))
	)


def _wanted(order: Table, line: Table) -> Term:
	"""The day on which customers want what they ordered, and no earlier one than that of the order."""
	day = Coalesce(line.delivery_date, order.delivery_date, order.transaction_date)
	return Case().when(day < order.transaction_date, order.transaction_date).else_(day)
