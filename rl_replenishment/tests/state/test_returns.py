"""Goods that customers sent back are taken off the sale that they reverse, and no other."""

from __future__ import annotations

import frappe
from erpnext.accounts.doctype.sales_invoice.sales_invoice import make_sales_return as invoice_return
from erpnext.stock.doctype.delivery_note.delivery_note import make_sales_return as delivery_return
from frappe.model.document import Document
from frappe.utils import nowdate

from rl_replenishment.tests import factories as make
from rl_replenishment.tests.state.demand_case import DemandCase


class TestReturns(DemandCase):
	def sell(self, qty: float, ago: int) -> Document:
		return make.make_delivery(self.customer, self.warehouse, {self.item: qty}, date=self.day(ago))

	def give_back(self, back: Document, qty: float, ago: int, **line) -> None:
		back.set_posting_time, back.posting_date = 1, self.day(ago)
		back.items[0].update({"qty": -qty, **line})
		back.insert()
		back.submit()

	def invoice(self, qty: float, ago: int) -> Document:
		line = {"item_code": self.item, "warehouse": self.warehouse, "qty": qty, "rate": 20}
		document = frappe.get_doc(
			{
				"doctype": "Sales Invoice",
				"company": make.company(),
				"customer": self.customer,
				"update_stock": 1,
				"set_posting_time": 1,
				"posting_date": self.day(ago),
				"due_date": nowdate(),
				"items": [line],
			}
		).insert()
		document.submit()
		return document

	def test_a_bulk_sale_that_comes_back_leaves_newer_demand_alone(self) -> None:
		bulk = self.sell(400, 40)
		for ago in range(30, 10, -1):
			self.sell(10, ago)
		self.give_back(delivery_return(bulk.name), 400, 5)
		self.assertEqual(self.demand(), dict.fromkeys(range(30, 10, -1), 10))

	def test_a_part_of_it(self) -> None:
		"""Also where another sale would be of just that size."""
		bulk = self.sell(9, 30)
		self.sell(2, 35)
		self.sell(2, 20)
		self.give_back(delivery_return(bulk.name), 2, 5)
		self.assertEqual(self.demand(), {35: 2, 30: 7, 20: 2})

	def test_an_invoice(self) -> None:
		bulk = self.invoice(50, 30)
		self.invoice(3, 10)
		self.give_back(invoice_return(bulk.name), 50, 4)
		self.assertEqual(self.demand(), {10: 3})

	def test_what_comes_back_to_another_warehouse_was_sold_from_this_one(self) -> None:
		bulk = self.sell(40, 30)
		self.sell(3, 10)
		self.give_back(delivery_return(bulk.name), 40, 4, warehouse=self.outside)
		self.assertEqual(self.demand(), {10: 3})
		self.assertEqual(self.demand(self.outside), {})

	def test_a_sale_before_the_history_takes_nothing_off_it(self) -> None:
		make.make_stock(self.item, self.warehouse, 5000, date=self.day(90))
		old = self.sell(40, 70)
		self.sell(30, 20)
		self.give_back(delivery_return(old.name), 40, 5)
		self.assertEqual(self.demand(), {20: 30})

	def test_more_than_once(self) -> None:
		bulk = self.sell(10, 30)
		self.sell(8, 20)
		self.give_back(delivery_return(bulk.name), 4, 10)
		self.give_back(delivery_return(bulk.name), 6, 5)
		self.assertEqual(self.demand(), {20: 8})

	def test_a_till(self) -> None:
		"""What a till sold and took back, gathered in one invoice, is a line below 0 of that invoice."""
		gathered = self.invoice(7, 12)
		back = self.invoice(2, 8)
		# as the closing of a till makes it; by hand ERPNext refuses such an invoice
		frappe.db.set_value("Sales Invoice", back.name, "is_consolidated", 1)
		frappe.db.set_value(
			"Sales Invoice Item",
			back.items[0].name,
			{"qty": -2, "sales_invoice_item": gathered.items[0].name},
		)
		frappe.db.set_value("Stock Ledger Entry", {"voucher_no": back.name}, "actual_qty", 2)
		self.assertEqual(self.demand(), {12: 5})
