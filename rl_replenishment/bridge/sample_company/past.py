"""The long past of the sample company: documents and ledger entries written in bulk.

Submitting two years of documents takes hours. So one document of each kind is submitted with every item, read
back and forgotten again; the past is copies of it with other dates and quantities. An item always costs the
same, so the ledger's balances and values follow from the quantities.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

import frappe
import numpy as np
from erpnext.accounts.utils import get_fiscal_year
from erpnext.stock.utils import get_or_make_bin
from frappe.model.document import Document
from frappe.utils import getdate
from pypika.terms import Parameter

from rl_replenishment.bridge.queries import Keys
from rl_replenishment.bridge.sample_company.documents import EVENING, MORNING, Clerk
from rl_replenishment.bridge.sample_company.plan import Line, Purchase

Row = dict[str, Any]

_ENTRY = "Stock Ledger Entry"
_CHUNK = 1_000
#: fields of a line that follow its quantity: in its own unit, in stock units, in money
_QUANTITIES = ("qty", "received_qty", "delivered_qty")
_STOCK_QUANTITIES = ("stock_qty", "received_stock_qty")
_AMOUNTS = ("amount", "base_amount", "net_amount", "base_net_amount")
#: fields of a document that follow from its lines
_TOTALS = ("total", "base_total", "net_total", "base_net_total", "grand_total", "base_grand_total")
_ROUNDED_TOTALS = ("rounded_total", "base_rounded_total")
#: what only held when the template was made
_FORGOTTEN = ("in_words", "base_in_words", "actual_qty", "projected_qty", "company_total_stock")


class _Template:
	"""A submitted document as the database has it; lines and ledger entries by their place in the plan."""

	def __init__(self, document: Document, at: Keys) -> None:
		self.doctype, self.line_doctype = document.doctype, f"{document.doctype} Item"
		self.row = _to_copy(frappe.db.get_value(self.doctype, document.name, "*", as_dict=True))
		lines = frappe.get_all(self.line_doctype, {"parent": document.name}, ["*"])
		entries = frappe.get_all(_ENTRY, {"voucher_no": document.name}, ["*"])
		self.lines = {at.position(line.item_code, line.warehouse): _to_copy(line) for line in lines}
		self.entries = {at.position(entry.item_code, entry.warehouse): entry for entry in entries}


def _to_copy(row: Row) -> Row:
	return {name: None if name in _FORGOTTEN else value for name, value in row.items()}


def _insert(doctype: str, rows: list[Row]) -> None:
	columns = [name for name in rows[0] if any(row.get(name) for row in rows)]
	for first in range(0, len(rows), _CHUNK):
		chunk = rows[first : first + _CHUNK]
		# one text with a mark for each value: `frappe.db.bulk_insert` has a term for each, many times slower
		marks = [[Parameter("%s")] * len(columns)] * len(chunk)
		query = frappe.qb.into(frappe.qb.DocType(doctype)).columns(*columns).insert(*marks).get_sql()
		# the query builder's own, with values as parameters
		# nosemgrep
		frappe.db.sql(query, [row.get(name) for row in chunk for name in columns])


class Past:
	"""Writes the days that lie far back, in order of time."""

	def __init__(self, clerk: Clerk) -> None:
		self._clerk = clerk
		self._at = Keys(clerk.keys)
		self._balance = clerk.plan.opening.astype(np.float64)
		self._rows: dict[str, list[Row]] = {}
		self._numbers: dict[str, int] = {}
		self._orders: dict[str, _Template] = {}
		self._receipts: dict[str, _Template] = {}
		self._make_templates()

	def buy(self, purchase: Purchase) -> None:
		"""Order, and receive the goods in the morning of the day they arrive."""
		order, receipt = self._orders[purchase.supplier], self._receipts[purchase.supplier]
		due = {"schedule_date": purchase.arrives_on}
		name, lines = self._copy(order, purchase.lines, purchase.ordered_on, due)
		self._copy(
			receipt,
			purchase.lines,
			purchase.arrives_on,
			due,
			("purchase_order", "purchase_order_item", name, lines),
		)

	def sell(self, lines: Sequence[Line], day: date) -> None:
		"""Take an order, and deliver it in the evening."""
		name, line_names = self._copy(self._order, lines, day, {"delivery_date": day})
		reference = "against_sales_order", "so_detail", name, line_names
		self._copy(self._note, lines, day, {}, reference)

	def write(self) -> None:
		"""Insert what was gathered; columns that are empty throughout are left to the database."""
		for doctype, rows in self._rows.items():
			_insert(doctype, rows)
		self._rows.clear()
		for item, key in enumerate(self._at.keys):
			quantity, cost = float(self._balance[item]), self._clerk.cost(item)
			frappe.db.set_value(
				"Bin",
				get_or_make_bin(key.item_code, key.warehouse),
				{
					"actual_qty": quantity,
					"projected_qty": quantity,
					"valuation_rate": cost,
					"stock_value": quantity * cost,
				},
			)
			frappe.db.set_value("Item", key.item_code, "last_purchase_rate", cost)

	def _make_templates(self) -> None:
		"""Enter one document of each kind with all items, and forget them."""
		clerk, today = self._clerk, getdate()
		items = clerk.plan.items
		frappe.db.commit()  # the master data stays, whatever is rolled back; nosemgrep
		smallest = np.maximum(items.smallest_order, items.order_unit)
		lines_of: dict[str, list[Line]] = {}
		for item, supplier in enumerate(items.suppliers):
			lines_of.setdefault(supplier, []).append(Line(item, float(smallest[item])))
		for supplier, lines in lines_of.items():
			order = clerk.order(Purchase(supplier, today, today, tuple(lines)))
			self._receipts[supplier] = _Template(clerk.receive(order, today), self._at)
			self._orders[supplier] = _Template(order, self._at)
		everything = [Line(item, float(items.order_unit[item])) for item in range(len(items))]
		order, note = clerk.sell(everything, today)
		self._order, self._note = _Template(order, self._at), _Template(note, self._at)
		frappe.db.rollback()
		# the names of the forgotten documents will be given again
		frappe.local.future_sle = {}

	def _copy(
		self,
		template: _Template,
		lines: Sequence[Line],
		day: date,
		dates: Row,
		reference: tuple[str, str, str, list[str]] | None = None,
	) -> tuple[str, list[str]]:
		"""A document of these lines; returns its name and theirs.

		`reference` is the document it follows from: the fields for it and for its lines, its name and theirs.
		"""
		name = self._name(template.doctype)
		at = datetime.combine(day, time.fromisoformat(MORNING))
		common = {"transaction_date": day, "posting_date": day, "creation": at, "modified": at, **dates}
		total = quantity = 0.0
		names = []
		for number, line in enumerate(lines, 1):
			row = template.lines[line.item]
			in_unit = line.quantity / float(row["conversion_factor"])
			amount = in_unit * float(row["rate"])
			total += amount
			quantity += in_unit
			changes = {
				**common,
				**dict.fromkeys(_QUANTITIES, in_unit),
				**dict.fromkeys(_STOCK_QUANTITIES, line.quantity),
				**dict.fromkeys(_AMOUNTS, amount),
				"name": f"{name}-{number}",
				"parent": name,
				"idx": number,
			}
			if reference:
				field, line_field, document, document_lines = reference
				changes |= {field: document, line_field: document_lines[number - 1]}
			self._add(template.line_doctype, row, changes)
			names.append(changes["name"])
			if template.entries:
				self._enter(template.entries[line.item], line, day, name, changes["name"])
		totals = dict.fromkeys(_TOTALS, total) | dict.fromkeys(_ROUNDED_TOTALS, round(total))
		self._add(template.doctype, template.row, {**common, **totals, "name": name, "total_qty": quantity})
		return name, names

	def _enter(self, entry: Row, line: Line, day: date, voucher: str, voucher_line: str) -> None:
		"""The ledger entry of a line."""
		moved = line.quantity if entry["actual_qty"] > 0 else -line.quantity
		self._balance[line.item] += moved
		quantity, cost = float(self._balance[line.item]), self._clerk.cost(line.item)
		at = datetime.combine(day, time.fromisoformat(MORNING if moved > 0 else EVENING))
		# the order of entry, where the time of day is the same
		created = at + timedelta(microseconds=len(self._rows.get(_ENTRY, ())) % 1_000_000)
		changes = {
			"name": self._name(_ENTRY),
			"creation": created,
			"modified": created,
			"posting_date": day,
			"posting_datetime": at,
			"voucher_no": voucher,
			"voucher_detail_no": voucher_line,
			"actual_qty": moved,
			"qty_after_transaction": quantity,
			"stock_value": quantity * cost,
			"stock_value_difference": moved * cost,
			"fiscal_year": get_fiscal_year(day, company=self._clerk.masters.company)[0],
		}
		self._add(_ENTRY, entry, changes)

	def _name(self, doctype: str) -> str:
		number = self._numbers[doctype] = self._numbers.get(doctype, 0) + 1
		return f"SAMPLE-{''.join(word[0] for word in doctype.split())}-{number:06d}"

	def _add(self, doctype: str, row: Row, changes: Row) -> None:
		# fields that this kind of row does not have are left out
		self._rows.setdefault(doctype, []).append(
			{**row, **{name: changes[name] for name in changes if name in row}}
		)
