"""What is known of each item for ordering, read from real documents, and which source comes first."""

from __future__ import annotations

import frappe
import numpy as np
from erpnext.buying.doctype.purchase_order.purchase_order import make_purchase_invoice, make_purchase_receipt
from frappe.utils import add_days, nowdate

from rl_replenishment.bridge.state.lead_times import LEAST_ORDERS
from rl_replenishment.bridge.state.parameters import read_parameters
from rl_replenishment.core.items import ItemKey
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.case import IntegrationTestCase


class TestParameters(IntegrationTestCase):
	def setUp(self) -> None:
		frappe.db.savepoint("before_test")
		self.addCleanup(lambda: frappe.db.rollback(save_point="before_test"))
		self.supplier, self.warehouse = make.make_supplier(), make.make_warehouse()

	def parameters(self, item: str, **values):
		agent = make.make_agent([self.warehouse], [item], enabled=0, **values)
		return read_parameters(agent, [ItemKey(item, self.warehouse)])

	def receive(self, item: str, days: int, *, supplier: str | None = None) -> None:
		"""Goods ordered so many days before they came, today."""
		order = frappe.get_doc(
			{
				"doctype": "Purchase Order",
				"company": make.company(),
				"supplier": supplier or self.supplier,
				"transaction_date": add_days(nowdate(), -days),
				"schedule_date": nowdate(),
				"items": [{"item_code": item, "warehouse": self.warehouse, "qty": 3, "rate": 8}],
			}
		).insert()
		order.submit()
		receipt = make_purchase_receipt(order.name)
		receipt.insert()
		receipt.submit()

	def test_lead_time_of_the_item_else_of_the_agent(self):
		own, none = make.make_item(lead_time_days=21), make.make_item()
		self.assertEqual(self.parameters(own, default_lead_time_days=5)[0].lead_time_days[0], 21)
		self.assertEqual(self.parameters(none, default_lead_time_days=5)[0].lead_time_days[0], 5)

	def test_lead_times_are_learned_from_five_orders(self):
		item = make.make_item(self.supplier, lead_time_days=21)
		took = [8, 10, 12, 9, 11]
		self.assertEqual(len(took), LEAST_ORDERS)
		for days in took[:-1]:
			self.receive(item, days)
		self.assertEqual(self.parameters(item, use_learned_lead_times=1)[0].lead_time_days[0], 21)
		self.receive(item, took[-1])
		table, _purchasing = self.parameters(item, use_learned_lead_times=1)
		self.assertAlmostEqual(table.lead_time_days[0], np.mean(took), places=4)
		self.assertAlmostEqual(table.lead_time_std_days[0], np.std(took, ddof=1), places=4)
		self.assertEqual(self.parameters(item, use_learned_lead_times=0)[0].lead_time_days[0], 21)
		# a new item of the same supplier: what the supplier's other goods took
		new = make.make_item(self.supplier, lead_time_days=21)
		table, _purchasing = self.parameters(new, use_learned_lead_times=1)
		self.assertAlmostEqual(table.lead_time_days[0], np.mean(took), places=4)

	def order(self, item: str, ordered: int, *due: int, qty: float = 1200):
		"""A Purchase Order of so many days ago with a line due on each of these days ago."""
		order = frappe.get_doc(
			{
				"doctype": "Purchase Order",
				"company": make.company(),
				"supplier": self.supplier,
				"transaction_date": add_days(nowdate(), -ordered),
				"schedule_date": add_days(nowdate(), -max(due)),
				"items": [
					{
						"item_code": item,
						"warehouse": self.warehouse,
						"qty": qty,
						"rate": 8,
						"schedule_date": add_days(nowdate(), -day),
					}
					for day in due
				],
			}
		).insert()
		order.submit()
		return order

	def come(self, order, ago: int, line: int = 0, qty: float = 100, *, invoice: bool = False) -> None:
		"""A part of a line of an order is received."""
		document = (make_purchase_invoice if invoice else make_purchase_receipt)(order.name)
		if invoice:
			document.update_stock = 1
		of_order = "po_detail" if invoice else "purchase_order_item"
		document.items = [row for row in document.items if row.get(of_order) == order.items[line].name]
		document.set_posting_time, document.posting_date = 1, add_days(nowdate(), -ago)
		document.items[0].qty = document.items[0].received_qty = qty
		document.insert()
		document.submit()

	def test_parts_that_are_called_off_take_no_longer(self):
		"""A year's order received month by month, and one of a line for each month."""
		item = make.make_item(self.supplier, lead_time_days=10)
		year = self.order(item, 340, 330)
		for month in range(11):
			self.come(year, 329 - 30 * month)
		table, _purchasing = self.parameters(item, use_learned_lead_times=1, history_days=730)
		self.assertEqual((table.lead_time_days[0], table.lead_time_std_days[0]), (10, 0))
		# with others enough to learn from: all of them took eleven days
		plan = self.order(item, 200, *(189 - 30 * month for month in range(4)), qty=100)
		for month in range(4):
			self.come(plan, 189 - 30 * month, month)
		for number in range(3):
			self.come(self.order(item, 100 + number, 90), 89 + number, invoice=bool(number))
		table, _purchasing = self.parameters(item, use_learned_lead_times=1, history_days=730)
		self.assertEqual((table.lead_time_days[0], table.lead_time_std_days[0]), (11, 0))

	def test_an_order_made_far_ahead_tells_its_delay(self):
		item = make.make_item(self.supplier)
		for number in range(6):
			self.come(self.order(item, 300 - 20 * number, 290 - 20 * number), 290 - 20 * number)
		self.come(self.order(item, 190, 10), 6)
		table, _purchasing = self.parameters(item, use_learned_lead_times=1, history_days=730)
		self.assertAlmostEqual(table.lead_time_days[0], (6 * 10 + 14) / 7, places=4)

	def test_cost_of_a_unit(self):
		"""What was paid last, else what the stock is worth, else the item's own, else the price list."""
		item = make.make_item(self.supplier, packs={"RL Test Box": 12}, valuation_rate=0)
		self.assertEqual(self.parameters(item)[1].rates[0], 0)
		self.assertEqual(self.parameters(item)[0].unit_cost[0], 1)
		self.price(item, 60, uom="RL Test Box")
		self.assertEqual(self.parameters(item)[1].rates[0], 5)
		frappe.db.set_value("Item", item, "valuation_rate", 6)
		self.assertEqual(self.parameters(item)[1].rates[0], 6)
		make.make_stock(item, self.warehouse, 10, rate=7)
		self.assertEqual(self.parameters(item)[1].rates[0], 7)
		self.receive(item, 4)  # 8 a box
		self.assertAlmostEqual(self.parameters(item)[1].rates[0], 8 / 12, places=9)

	def price(self, item: str, rate: float, **values) -> None:
		frappe.get_doc(
			{
				"doctype": "Item Price",
				"item_code": item,
				"price_list": frappe.db.get_value("Price List", {"buying": 1, "enabled": 1}),
				"buying": 1,
				"price_list_rate": rate,
				**values,
			}
		).insert()

	def bought(
		self,
		doctype: str,
		item: str,
		rate: float,
		ago: int,
		company: str = "",
		*,
		factor: float = 1,
		**values,
	) -> None:
		"""A submitted line of a purchase document, as rows; `rate` is in company currency per its unit."""
		day = "transaction_date" if doctype == "Purchase Order" else "posting_date"
		name = make.unique("Bought")
		document = {"doctype": doctype, "name": name, "docstatus": 1, "company": company or make.company()}
		line = {"doctype": f"{doctype} Item", "name": f"{name}-1", "parent": name, "parenttype": doctype}
		line |= {"parentfield": "items", "docstatus": 1, "item_code": item, "conversion_factor": factor}
		frappe.get_doc({**document, day: add_days(nowdate(), -ago), **values}).db_insert()
		# another currency's rate stands beside it
		frappe.get_doc({**line, "base_net_rate": rate, "net_rate": 90 * rate}).db_insert()

	def test_the_latest_of_what_the_company_paid_counts(self):
		"""Order, receipt or invoice, per stock unit; nothing of returns, gifts, or what is not submitted."""
		item = make.make_item(self.supplier)
		self.bought("Purchase Order", item, 4.25, 30)
		self.assertEqual(self.parameters(item)[1].rates[0], 4.25)
		self.bought("Purchase Receipt", item, 44.4, 20, factor=12)
		self.assertAlmostEqual(self.parameters(item)[1].rates[0], 3.7, places=9)
		self.bought("Purchase Invoice", item, 3.9, 10)
		self.assertEqual(self.parameters(item)[1].rates[0], 3.9)
		self.bought("Purchase Invoice", item, 7, 5, is_return=1)
		self.bought("Purchase Receipt", item, 0, 4)
		self.bought("Purchase Order", item, 9, 3, docstatus=2)
		self.bought("Purchase Order", item, 5, 40)
		self.assertEqual(self.parameters(item)[1].rates[0], 3.9)

	def other_company(self, currency: str) -> str:
		company = make.make_company()
		frappe.db.set_value("Company", company, "default_currency", currency)
		frappe.clear_document_cache("Company", company)
		return company

	def test_another_companys_money_is_not_the_agents(self):
		"""Neither what it paid nor its stock's worth nor what the item says, whosever that is."""
		own = frappe.db.get_value("Company", make.company(), "default_currency")
		other = self.other_company("USD" if own != "USD" else "JPY")
		item = make.make_item(self.supplier, valuation_rate=70, last_purchase_rate=80)
		self.bought("Purchase Receipt", item, 80, 1, other)
		theirs = frappe.db.get_value("Warehouse", {"company": other, "is_group": 0})
		bin_values = {"doctype": "Bin", "item_code": item, "warehouse": theirs, "valuation_rate": 75}
		frappe.get_doc({**bin_values, "name": make.unique("Bin")}).db_insert()
		self.assertEqual(self.parameters(item)[1].rates[0], 0)
		# what other warehouses of its own hold is worth something
		make.make_stock(item, make.make_warehouse(), 5, rate=2)
		self.assertEqual(self.parameters(item)[1].rates[0], 2)
		self.bought("Purchase Order", item, 2.5, 90)
		self.assertEqual(self.parameters(item)[1].rates[0], 2.5)

	def test_a_price_in_another_currency_is_converted(self):
		own = frappe.db.get_value("Company", make.company(), "default_currency")
		foreign, unknown = ("USD" if own != "USD" else "JPY"), ("CHF" if own != "CHF" else "SEK")
		for day, rate in ((-10, 0.5), (-400, 4), (10, 7)):
			values = {"from_currency": foreign, "to_currency": own, "exchange_rate": rate, "for_buying": 1}
			date = {"date": add_days(nowdate(), day)}
			frappe.get_doc({"doctype": "Currency Exchange", **values, **date}).insert()
		for currency, expected in ((foreign, 4), (unknown, 0)):
			frappe.db.delete("Currency Exchange", {"from_currency": unknown})
			item = make.make_item(self.supplier, valuation_rate=0)
			values = {"price_list_name": make.unique("List"), "buying": 1, "enabled": 1, "currency": currency}
			listed = frappe.get_doc({"doctype": "Price List", **values}).insert()
			self.price(item, 8, price_list=listed.name, currency=currency)
			self.assertEqual(self.parameters(item)[1].rates[0], expected, currency)

	def test_supplier(self):
		"""The default one, else the first of the item's table, else the latest order's; none disabled."""
		table, other = make.make_supplier(), make.make_supplier()
		item = make.make_item(self.supplier, supplier_items=[{"supplier": table}, {"supplier": other}])
		self.assertEqual(self.parameters(item)[0].suppliers, (self.supplier,))
		frappe.db.set_value("Supplier", self.supplier, "disabled", 1)
		self.assertEqual(self.parameters(item)[0].suppliers, (table,))
		bought = make.make_item()
		self.assertEqual(self.parameters(bought)[0].suppliers, ("",))
		self.receive(bought, 20, supplier=table)
		self.receive(bought, 4, supplier=other)
		self.assertEqual(self.parameters(bought)[0].suppliers, (other,))

	def test_order_sizes_in_whole_purchase_units(self):
		boxed = make.make_item(packs={"RL Test Box": 12}, min_order_qty=30)
		table, purchasing = self.parameters(boxed)
		self.assertEqual((table.min_order_qty[0], table.order_multiple[0]), (30, 12))
		self.assertEqual((purchasing.purchase_uoms[0], purchasing.conversion[0]), ("RL Test Box", 12))
		self.assertTrue(purchasing.purchase_whole[0])
		loose = make.make_uom("RL Test Litre", whole=False)
		table, purchasing = self.parameters(make.make_item(stock_uom=loose))
		self.assertEqual(table.order_multiple[0], 0)
		self.assertFalse(purchasing.whole[0])

	def test_shelf_life(self):
		keeps = make.make_item()
		spoils = make.make_item(has_batch_no=1, create_new_batch=1, has_expiry_date=1, shelf_life_in_days=14)
		self.assertEqual(self.parameters(keeps)[0].shelf_life_days[0], np.inf)
		self.assertEqual(self.parameters(spoils)[0].shelf_life_days[0], 14)

	def test_batches_and_serial_numbers_are_ordered_like_others(self):
		for values in ({"has_batch_no": 1, "create_new_batch": 1}, {"has_serial_no": 1}):
			table, purchasing = self.parameters(make.make_item(**values))
			self.assertEqual((table.order_multiple[0], purchasing.whole[0]), (1, True))
