"""Stock and what is to arrive, read from real documents: ERPNext's projected quantity, by date."""

from __future__ import annotations

import frappe
import numpy as np
from erpnext.buying.doctype.purchase_order.purchase_order import make_purchase_receipt
from erpnext.buying.doctype.purchase_order.purchase_order import update_status as set_order_status
from erpnext.selling.doctype.sales_order.sales_order import make_delivery_note
from erpnext.stock.doctype.material_request.material_request import make_purchase_order
from erpnext.stock.doctype.material_request.material_request import update_status as set_request_status
from frappe.utils import add_days, getdate, nowdate

from rl_replenishment.bridge.state.stock import Stock, read_stock
from rl_replenishment.core.items import ItemKey
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.case import IntegrationTestCase


class TestStock(IntegrationTestCase):
	def setUp(self) -> None:
		frappe.db.savepoint("before_test")
		self.addCleanup(lambda: frappe.db.rollback(save_point="before_test"))
		self.supplier, self.warehouse = make.make_supplier(), make.make_warehouse()
		self.item = make.make_item(self.supplier, packs={"RL Test Box": 12})
		make.make_stock(self.item, self.warehouse, 50)
		self.agent = make.make_agent([self.warehouse], [self.item])

	def stock(self, lead_time: int | None = None) -> Stock:
		times = None if lead_time is None else np.array([lead_time])
		return read_stock(self.agent, [ItemKey(self.item, self.warehouse)], getdate(), times)

	def due(self, lead_time: int | None = None) -> dict[int, float]:
		"""What arrives, by days from today."""
		arrivals = self.stock(lead_time).arrivals[:, 0]
		return {int(day): float(arrivals[day]) for day in np.flatnonzero(arrivals)}

	def assert_projected(self) -> None:
		stock = self.stock()
		projected = frappe.db.get_value(
			"Bin", {"item_code": self.item, "warehouse": self.warehouse}, "projected_qty"
		)
		self.assertEqual(float(stock.projected[0]), projected)

	def order(self, qty: float, days: int, **values):
		order = frappe.get_doc(
			{
				"doctype": "Purchase Order",
				"company": make.company(),
				"supplier": self.supplier,
				"transaction_date": min(nowdate(), add_days(nowdate(), days)),
				"schedule_date": add_days(nowdate(), days),
				"items": [
					{
						"item_code": self.item,
						"warehouse": self.warehouse,
						"qty": qty,
						"rate": 10,
						"schedule_date": add_days(nowdate(), days),
						**values,
					}
				],
			}
		).insert()
		order.submit()
		return order

	def test_orders_by_date_in_stock_units(self):
		"""Late ones are due today; what was received or closed no longer arrives."""
		self.order(2, 9)  # boxes of 12
		self.order(5, -3, uom="Nos", conversion_factor=1)
		self.order(7, 20, uom="Nos", conversion_factor=1, expected_delivery_date=add_days(nowdate(), 4))
		part = self.order(3, 6)
		receipt = make_purchase_receipt(part.name)
		receipt.items[0].qty = receipt.items[0].received_qty = 1
		receipt.insert()
		receipt.submit()
		closed = self.order(4, 12)
		set_order_status("Closed", closed.name)
		self.assertEqual(self.due(), {0: 5, 4: 7, 6: 24, 9: 24})
		self.assertEqual(self.stock().on_hand[0], 62)
		self.assert_projected()

	def promised(self) -> dict[int, float]:
		"""What is to leave, by days from today."""
		promised = self.stock().promised[:, 0]
		return {int(day): float(promised[day]) for day in np.flatnonzero(promised)}

	def test_reserved_stock_leaves_on_its_day(self):
		"""It is there until then; what is due today or late, and what was closed, is told from it."""
		customer = make.make_customer()
		for days, qty in ((5, 20), (180, 600), (0, 7)):
			make.make_sales_order(customer, self.warehouse, {self.item: qty}, days=days)
		closed = make.make_sales_order(customer, self.warehouse, {self.item: 9})
		closed.update_status("Closed")
		self.assertEqual((self.stock().on_hand[0], self.promised()), (43, {5: 20, 180: 600}))
		self.assert_projected()

	def test_stock_that_is_kept_for_an_order_is_there_for_nobody_else(self):
		"""However far ahead the order is; the rest of it is met on its day."""
		frappe.db.set_single_value("Stock Settings", "enable_stock_reservation", 1)
		frappe.clear_document_cache("Stock Settings", "Stock Settings")
		self.addCleanup(frappe.clear_document_cache, "Stock Settings", "Stock Settings")
		order = make.make_sales_order(make.make_customer(), self.warehouse, {self.item: 70}, days=180)
		frappe.get_doc("Sales Order", order.name).create_stock_reservation_entries()
		self.assertEqual((self.stock().on_hand[0], self.promised()), (0, {180: 20}))
		self.assert_projected()

	def test_what_was_delivered_of_an_order_is_promised_no_more(self):
		order = make.make_sales_order(make.make_customer(), self.warehouse, {self.item: 20})
		note = make_delivery_note(order.name)
		note.items[0].qty = 15
		note.insert()
		note.submit()
		self.assertEqual((self.stock().on_hand[0], self.promised()), (35, {5: 5}))
		self.assert_projected()

	def test_components_of_a_product_bundle_are_promised(self):
		bundle = make.make_item(is_stock_item=0)
		frappe.get_doc(
			{
				"doctype": "Product Bundle",
				"new_item_code": bundle,
				"items": [{"item_code": self.item, "qty": 3}],
			}
		).insert()
		make.make_sales_order(make.make_customer(), self.warehouse, {bundle: 4})
		self.assertEqual((self.stock().on_hand[0], self.promised()), (50, {5: 12}))
		self.assert_projected()

	def test_what_production_needs_leaves_when_it_starts(self):
		made = make.make_item()
		bom = frappe.get_doc(
			{
				"doctype": "BOM",
				"item": made,
				"company": make.company(),
				"quantity": 1,
				"items": [{"item_code": self.item, "qty": 2, "rate": 1, "source_warehouse": self.warehouse}],
			}
		).insert()
		bom.submit()
		order = frappe.get_doc(
			{
				"doctype": "Work Order",
				"production_item": made,
				"bom_no": bom.name,
				"qty": 5,
				"company": make.company(),
				"wip_warehouse": make.make_warehouse(),
				"fg_warehouse": make.make_warehouse(),
				"planned_start_date": f"{add_days(nowdate(), 12)} 08:00:00",
			}
		)
		order.set_work_order_operations()
		order.set_required_items()
		order.required_items[0].source_warehouse = self.warehouse
		order.insert()
		order.submit()
		self.assertEqual((self.stock().on_hand[0], self.promised()), (50, {12: 10}))
		self.assert_projected()

	def batched(self, *batches: tuple[float, int | None]) -> str:
		"""An item in batches of (quantity, days until it expires)."""
		item = make.make_item(has_batch_no=1, has_expiry_date=1, create_new_batch=0)
		for qty, days in batches:
			expiry = {"expiry_date": add_days(nowdate(), days)} if days is not None else {}
			made = {"manufacturing_date": add_days(nowdate(), -90)}
			batch = frappe.get_doc(
				{"doctype": "Batch", "batch_id": make.unique("B"), "item": item, **expiry, **made}
			).insert()
			# goods can be received while they keep
			make.make_batch_stock(item, self.warehouse, qty, batch.name, date=add_days(nowdate(), -60))
			self.batch = batch.name
		return item

	def usable(self, item: str, rate: float | None = None) -> tuple[float, float]:
		"""What is on hand, and what expires before it can be sold."""
		rates = None if rate is None else np.float32([rate])
		stock = read_stock(self.agent, [ItemKey(item, self.warehouse)], getdate(), rate=rates)
		return float(stock.on_hand[0]), float(stock.expiring[0])

	def test_expired_batches_are_not_there(self):
		"""Of what expires later, what cannot be sold until then; it can on its last day."""
		item = self.batched((300, -1), (100, 9), (50, 400))
		self.assertEqual(self.usable(item), (150, 300))
		self.assertEqual(self.usable(item, 4), (40 + 50, 300 + 60))
		self.assertEqual(self.usable(item, 100), (150, 300))
		frappe.db.set_value("Batch", self.batch, "disabled", 1)
		self.assertEqual(self.usable(item, 100), (100, 350))

	def test_what_was_taken_from_a_batch_is_not_in_it(self):
		item = self.batched((80, 5), (40, 400))
		make.make_issue(item, self.warehouse, 30)
		# what expires first went first: 50 of it are left, of which 24 can be sold
		self.assertEqual(self.usable(item, 4), (24 + 40, 26))

	def test_batches_of_before_there_were_bundles(self):
		item = self.batched((60, -3))
		bundles = frappe.get_all("Serial and Batch Bundle", {"item_code": item}, pluck="name")
		frappe.db.set_value(
			"Stock Ledger Entry",
			{"item_code": item},
			{"serial_and_batch_bundle": None, "batch_no": self.batch},
		)
		frappe.db.delete("Serial and Batch Entry", {"parent": ("in", bundles)})
		self.assertEqual(self.usable(item), (0, 60))

	def test_what_a_till_sold_is_gone_before_the_till_is_closed(self):
		sale = make.make_till_sale(self.item, self.warehouse, 7)
		make.make_till_sale(self.item, self.warehouse, -2)
		self.assertEqual(self.stock().on_hand.tolist(), [45])
		# gathered in an invoice, it is in the ledger and the Bin
		frappe.db.set_value("POS Invoice", sale, "consolidated_invoice", make.unique("Invoice"))
		self.assertEqual(self.stock().on_hand.tolist(), [52])

	def test_requests_until_they_are_ordered(self):
		"""What nobody ordered yet arrives no sooner than an order of today; a stopped rest never does."""
		request = make.make_material_request(self.item, self.warehouse, 3, schedule_date=nowdate())
		self.assertEqual(self.due(7), {})  # somebody's draft may never come to anything
		request.submit()
		self.assertEqual((self.due(), self.due(7)), ({0: 36}, {7: 36}))
		self.assert_projected()
		order = make_purchase_order(request.name)
		order.supplier = self.supplier
		order.schedule_date = add_days(nowdate(), 9)
		pieces = {"uom": "Nos", "conversion_factor": 1, "qty": 10, "rate": 10}
		order.items[0].update({**pieces, "schedule_date": order.schedule_date})
		order.insert()
		order.submit()
		self.assertEqual(self.due(7), {7: 26, 9: 10})
		self.assert_projected()
		set_request_status(request.name, "Stopped")
		self.assertEqual(self.due(7), {9: 10})
		self.assert_projected()

	def test_requests_of_other_kinds(self):
		"""A transfer brings stock, an issue will take it."""
		for kind, qty in {"Material Transfer": 5, "Manufacture": 6, "Material Issue": 8}.items():
			make.make_material_request(self.item, self.warehouse, qty, material_request_type=kind).submit()
		self.assertEqual(self.stock().on_order[0], 11)
		self.assertEqual(self.stock().on_hand[0], 42)
		make.make_material_request(
			self.item,
			self.warehouse,
			5,
			material_request_type="Material Issue",
			schedule_date=add_days(nowdate(), 20),
		).submit()
		self.assertEqual((self.stock().on_hand[0], self.promised()), (42, {20: 5}))
		self.assert_projected()

	def test_only_the_agents_own_drafts_count(self):
		make.make_material_request(self.item, self.warehouse, 3)
		own = make.make_material_request(self.item, self.warehouse, 1, rl_agent=self.agent.name)
		self.assertEqual(self.due(7), {7: 12})
		own.delete()
		self.assertEqual(self.due(7), {})

	def test_goods_in_transit(self):
		source, transit = make.make_warehouse(), make.make_warehouse(warehouse_type="Transit")
		make.make_stock(self.item, source, 40)
		request = make.make_material_request(
			self.item, self.warehouse, 15, material_request_type="Material Transfer"
		)
		request.submit()
		entry = frappe.get_doc(
			{
				"doctype": "Stock Entry",
				"stock_entry_type": "Material Transfer",
				"purpose": "Material Transfer",
				"company": make.company(),
				"add_to_transit": 1,
				"items": [
					{
						"item_code": self.item,
						"s_warehouse": source,
						"t_warehouse": transit,
						"qty": 15,
						"material_request": request.name,
						"material_request_item": request.items[0].name,
					}
				],
			}
		).insert()
		entry.submit()
		self.assertEqual(self.due(), {0: 15})
