"""Demand read from real documents: what counts, on which day, in stock UOM."""

from __future__ import annotations

from datetime import timedelta
from unittest.mock import patch

import frappe
import numpy as np
from erpnext.selling.doctype.sales_order.sales_order import update_status
from erpnext.stock.doctype.delivery_note.delivery_note import make_sales_return
from frappe.utils import add_days, getdate, nowdate

from rl_replenishment.bridge.state import demand
from rl_replenishment.bridge.state.demand import read_demand
from rl_replenishment.bridge.state.stock import read_stock
from rl_replenishment.core.items import ItemKey
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.case import IntegrationTestCase

DAYS = 60


class TestDemand(IntegrationTestCase):
	def setUp(self) -> None:
		frappe.db.savepoint("before_test")
		self.addCleanup(lambda: frappe.db.rollback(save_point="before_test"))
		self.warehouse, self.outside = make.make_warehouse(), make.make_warehouse()
		self.item = make.make_item(packs={"RL Test Box": 12})
		make.make_stock(self.item, self.warehouse, 500, date=self.day(50))
		self.customer = make.make_customer()

	@staticmethod
	def day(ago: int) -> str:
		return add_days(nowdate(), -ago)

	def demand(self, warehouses=None, **values) -> dict[int, float]:
		"""What was asked for, by days ago."""
		agent = make.make_agent(warehouses or [self.warehouse], [self.item], enabled=0, **values)
		history = read_demand(agent, [ItemKey(self.item, self.warehouse)], days=DAYS, today=getdate())
		column = history.demand[:, 0]
		first = (getdate() - history.start.astype(object)).days
		return {first - int(at): float(column[at]) for at in np.flatnonzero(column)}

	def entry(self, purpose: str, ago: int, **line):
		document = frappe.get_doc(
			{
				"doctype": "Stock Entry",
				"stock_entry_type": purpose,
				"purpose": purpose,
				"company": make.company(),
				"set_posting_time": 1,
				"posting_date": self.day(ago),
				"items": [{"item_code": self.item, **line}],
			}
		).insert()
		document.submit()
		return document

	def test_deliveries_returns_and_issues(self):
		sold = make.make_delivery(self.customer, self.warehouse, {self.item: 9}, date=self.day(20))
		make.make_delivery(self.customer, self.warehouse, {self.item: 4}, date=self.day(20))
		make.make_issue(self.item, self.warehouse, 3, date=self.day(15))
		make.make_delivery(self.customer, self.warehouse, {self.item: 5}, date=self.day(10)).cancel()
		make.make_delivery(self.customer, self.warehouse, {self.item: 6})  # today is not over
		back = make_sales_return(sold.name)
		back.set_posting_time, back.posting_date = 1, self.day(18)
		back.items[0].qty = -2
		back.insert()
		back.submit()
		# what came back takes away from what was sold before
		self.assertEqual(self.demand(), {20: 11, 15: 3})

	def test_sold_by_invoice_in_boxes(self):
		invoice = frappe.get_doc(
			{
				"doctype": "Sales Invoice",
				"company": make.company(),
				"customer": self.customer,
				"update_stock": 1,
				"set_posting_time": 1,
				"posting_date": self.day(8),
				"due_date": nowdate(),
				"items": [
					{
						"item_code": self.item,
						"warehouse": self.warehouse,
						"qty": 2,
						"uom": "RL Test Box",
						"conversion_factor": 12,
						"rate": 20,
					}
				],
			}
		).insert()
		invoice.submit()
		self.assertEqual(self.demand(), {8: 24})

	def test_transfers_count_where_they_leave_the_agents_warehouses(self):
		self.entry("Material Transfer", 12, s_warehouse=self.warehouse, t_warehouse=self.outside, qty=7)
		self.assertEqual(self.demand(), {12: 7})
		self.assertEqual(self.demand([self.warehouse, self.outside]), {})

	def test_what_is_used_elsewhere_is_demand_where_it_was_bought_for(self):
		"""Moved to work in progress in the same group, less what came back; used up there, it counts once."""
		group = make.make_warehouse(is_group=1)
		store, scrap = make.make_warehouse(group), make.make_warehouse(is_rejected_warehouse=1)
		used = make.make_warehouse(group, warehouse_type=make.make_warehouse_type("WIP"))
		make.make_stock(self.item, store, 100, date=self.day(40))
		self.entry("Material Transfer", 12, s_warehouse=store, t_warehouse=used, qty=7)
		self.entry("Material Transfer", 11, s_warehouse=used, t_warehouse=store, qty=2)
		make.make_issue(self.item, used, 5, date=self.day(10))
		# nobody asked for what is thrown away
		self.entry("Material Transfer", 9, s_warehouse=store, t_warehouse=scrap, qty=4)
		self.warehouse = store
		self.assertEqual(self.demand([group]), {12: 5})

	def test_unused_material_is_taken_off_what_was_issued_there(self):
		"""Weeks later, off the issue that it is left of, and not off the latest demand."""
		one, other = (make.make_warehouse(warehouse_type=make.make_warehouse_type("WIP")) for _ in range(2))
		store = self.warehouse
		issued = [
			self.entry("Material Transfer", ago, s_warehouse=store, t_warehouse=place, qty=7)
			for ago, place in ((30, one), (20, other), (12, other))
		]
		back = [
			self.entry("Material Transfer", ago, s_warehouse=place, t_warehouse=store, qty=2)
			for ago, place in ((5, one), (4, other))
		]
		make.make_issue(self.item, store, 9, date=self.day(6))
		group = [store, one, other]
		self.assertEqual(self.demand(group), {30: 5, 20: 7, 12: 5, 6: 9})
		# what is left of a Work Order tells more than the place where it lay
		for entry in (issued[1], back[1]):
			frappe.db.set_value("Stock Entry", entry.name, "work_order", "RL-TEST-WO")
		self.assertEqual(self.demand(group), {30: 5, 20: 5, 12: 7, 6: 9})
		# nobody took any for this one: off the latest there was enough of
		frappe.db.set_value("Stock Entry", back[0].name, "work_order", "RL-TEST-OTHER-WO")
		self.assertEqual(self.demand(group), {30: 7, 20: 5, 12: 7, 6: 7})

	def test_a_branch_that_is_filled_by_transfer_is_demand_where_it_is_filled_from(self):
		branch = make.make_warehouse()
		item = frappe.get_doc("Item", self.item)
		item.append(
			"reorder_levels",
			{
				"warehouse": branch,
				"warehouse_reorder_level": 5,
				"warehouse_reorder_qty": 10,
				"material_request_type": "Transfer",
			},
		)
		item.save()
		self.entry("Material Transfer", 12, s_warehouse=self.warehouse, t_warehouse=branch, qty=7)
		self.assertEqual(self.demand([self.warehouse, branch]), {12: 7})

	def test_corrections_and_returns_to_suppliers_are_no_demand(self):
		count = frappe.get_doc(
			{
				"doctype": "Stock Reconciliation",
				"purpose": "Stock Reconciliation",
				"company": make.company(),
				"set_posting_time": 1,
				"posting_date": self.day(5),
				"items": [
					{"item_code": self.item, "warehouse": self.warehouse, "qty": 400, "valuation_rate": 10}
				],
			}
		).insert()
		count.submit()
		receipt = frappe.get_doc(
			{
				"doctype": "Purchase Receipt",
				"company": make.company(),
				"supplier": make.make_supplier(),
				"items": [{"item_code": self.item, "warehouse": self.warehouse, "qty": 30, "rate": 10}],
			}
		).insert()
		receipt.submit()
		back = frappe.copy_doc(receipt)
		back.is_return, back.return_against = 1, receipt.name
		back.items[0].qty = back.items[0].received_qty = -10
		back.insert()
		back.submit()
		self.assertEqual(self.demand(), {})

	def test_what_is_repacked_into_itself_is_not_used_up(self):
		"""Relabelled, split or put elsewhere; what is lost by it, is."""
		other = make.make_item()
		for ago, used, made, of, to in (
			(20, 90, 90, self.item, self.warehouse),
			(15, 30, 25, self.item, self.warehouse),
			(10, 6, 2, other, self.warehouse),
			(5, 40, 40, self.item, self.outside),
		):
			entry = frappe.get_doc(
				{
					"doctype": "Stock Entry",
					"stock_entry_type": "Repack",
					"company": make.company(),
					"set_posting_time": 1,
					"posting_date": self.day(ago),
					"items": [
						{"item_code": self.item, "s_warehouse": self.warehouse, "qty": used},
						{"item_code": of, "t_warehouse": to, "qty": made, "basic_rate": 10},
					],
				}
			).insert()
			entry.submit()
		self.assertEqual(self.demand(), {15: 5, 10: 6, 5: 40})

	def test_what_a_till_sold_counts_before_the_till_is_closed(self):
		sale = make.make_till_sale(self.item, self.warehouse, 7, date=self.day(2))
		make.make_till_sale(self.item, self.warehouse, -2, date=self.day(1))
		self.assertEqual(self.demand(), {2: 5})
		frappe.db.set_value("POS Invoice", sale, "consolidated_invoice", make.unique("Invoice"))
		self.assertEqual(self.demand(), {})

	def test_a_count_that_finds_less_is_no_demand(self):
		"""Nor is one of a batch, which ERPNext enters as two movements."""
		count = {
			"doctype": "Stock Reconciliation",
			"purpose": "Stock Reconciliation",
			"company": make.company(),
			"set_posting_time": 1,
		}
		line = {"warehouse": self.warehouse, "valuation_rate": 10}
		make.make_delivery(self.customer, self.warehouse, {self.item: 3}, date=self.day(20))
		row = {**line, "item_code": self.item, "qty": 17}
		frappe.get_doc({**count, "posting_date": self.day(10), "items": [row]}).insert().submit()
		self.assertEqual(self.demand(), {20: 3})
		self.item = make.make_item(has_batch_no=1)
		batch = frappe.get_doc({"doctype": "Batch", "item": self.item, "batch_id": make.unique("B")}).insert()
		make.make_batch_stock(self.item, self.warehouse, 6000, batch.name, date=self.day(50))
		row = {
			**line,
			"item_code": self.item,
			"qty": 1000,
			"use_serial_batch_fields": 1,
			"batch_no": batch.name,
		}
		frappe.get_doc({**count, "posting_date": self.day(10), "items": [row]}).insert().submit()
		self.assertEqual(self.demand(), {})

	def test_consumed_by_manufacture(self):
		made = make.make_item()
		repack = frappe.get_doc(
			{
				"doctype": "Stock Entry",
				"stock_entry_type": "Repack",
				"purpose": "Repack",
				"company": make.company(),
				"set_posting_time": 1,
				"posting_date": self.day(9),
				"items": [
					{"item_code": self.item, "s_warehouse": self.warehouse, "qty": 6},
					{"item_code": made, "t_warehouse": self.warehouse, "qty": 3, "is_finished_item": 1},
				],
			}
		).insert()
		repack.submit()
		self.assertEqual(self.demand(), {9: 6})

	def sales_order(self, qty: float, ago: int, due: int | None = None, **line):
		order = frappe.get_doc(
			{
				"doctype": "Sales Order",
				"company": make.company(),
				"customer": self.customer,
				"transaction_date": self.day(ago),
				"delivery_date": add_days(nowdate(), 5 if due is None else -due),
				"items": [
					{"item_code": self.item, "warehouse": self.warehouse, "qty": qty, "rate": 20, **line}
				],
			}
		).insert()
		order.submit()
		return order

	def test_what_customers_asked_for(self):
		"""Boxes, and an order closed before it was delivered; not what was cancelled or never ordered."""
		self.sales_order(2, 30, 30, uom="RL Test Box", conversion_factor=12)
		update_status("Closed", self.sales_order(5, 21, 21).name)
		self.sales_order(8, 14, 14).cancel()
		make.make_delivery(self.customer, self.warehouse, {self.item: 9}, date=self.day(20))
		self.assertEqual(self.demand(demand_source="Sales Order"), {30: 24, 21: 5})
		self.assertEqual(self.demand(), {20: 9})

	def test_an_order_counts_on_the_day_that_it_is_wanted_for(self):
		"""Of what is wanted later, the promise tells: it is no demand of the day of the order as well."""
		self.sales_order(6, 30, 25)
		self.sales_order(200, 20, -180)
		self.assertEqual(self.demand(demand_source="Sales Order"), {25: 6})
		agent = make.make_agent([self.warehouse], [self.item], enabled=0, demand_source="Sales Order")
		stock = read_stock(agent, [ItemKey(self.item, self.warehouse)], getdate())
		self.assertEqual((stock.promised[180, 0], stock.promised.sum()), (200, 200))

	def test_the_history_starts_when_something_moved_first(self):
		"""Days before the first movement are not days without demand; those after it are."""
		make.make_issue(self.item, self.warehouse, 3, date=self.day(15))
		agent = make.make_agent([self.warehouse], [self.item])
		history = read_demand(agent, [ItemKey(self.item, self.warehouse)], days=DAYS, today=getdate())
		self.assertEqual(history.start.astype(object), getdate() - timedelta(days=50))
		self.assertEqual(history.demand.shape, (50, 1))

	def test_chunks_give_the_same(self):
		other = make.make_item()
		for item, quantity in ((self.item, 2), (other, 3)):
			make.sell_every_day(item, self.warehouse, quantity, DAYS)
		keys = [ItemKey(item, self.warehouse) for item in (self.item, other)]
		agent = make.make_agent([self.warehouse])
		whole = read_demand(agent, keys, days=DAYS, today=getdate())
		with patch.object(demand, "CHUNK", 1):
			parts = read_demand(agent, keys, days=DAYS, today=getdate())
		np.testing.assert_array_equal(whole.demand, parts.demand)
		np.testing.assert_array_equal(whole.demand, np.tile([2, 3], (DAYS, 1)))
