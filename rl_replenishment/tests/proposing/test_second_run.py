"""A second run in one review period differs by what has left since, and says only what is in the books."""

from __future__ import annotations

import json

import frappe
from erpnext.buying.doctype.purchase_order.purchase_order import make_purchase_receipt
from erpnext.buying.doctype.purchase_order.purchase_order import update_status as set_order_status
from erpnext.stock.doctype.material_request.material_request import make_purchase_order
from erpnext.stock.doctype.material_request.material_request import update_status as set_request_status
from frappe.utils import add_days, getdate, nowdate

from rl_replenishment.bridge.proposing import run as proposal_run
from rl_replenishment.bridge.state.stock import read_stock
from rl_replenishment.core.items import ItemKey
from rl_replenishment.tasks import propose
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.case import RolledBackCase


class TestSecondRun(RolledBackCase):
	"""BOLT sells 10 a day, has 50 on hand, a lead time of 10 days, and 4 for each order."""

	def setUp(self) -> None:
		super().setUp()
		self.supplier, self.warehouse = make.make_supplier(), make.make_warehouse()
		self.bolt = make.make_item(self.supplier, lead_time_days=10, valuation_rate=2)
		make.make_stock(self.bolt, self.warehouse, 50, rate=2)
		make.sell_every_day(self.bolt, self.warehouse, 10, days=120)
		self.agent = make.make_agent([self.warehouse], [self.bolt], order_cost=4)
		self.first = propose(self.agent.name, force=True)
		self.request = frappe.get_doc("Material Request", self.first["material_requests"][0])
		self.proposed = self.request.items[0].qty
		self.assertGreater(self.proposed, 300)

	def again(self, today=None) -> float:
		"""What a further run proposes of it, with the books as they are in what it says."""
		stock = read_stock(self.agent, [ItemKey(self.bolt, self.warehouse)], today or getdate())
		result = proposal_run.propose_for(self.agent.name, today=today)
		run = frappe.get_doc("RL Proposal Run", result["run"])
		found = frappe.get_all("RL Proposal", {"run": run.name, "item_code": self.bolt}, ["*"])
		if found:
			seen = json.loads(found[0].state)
			self.text = found[0].explanation
			proposed, on_hand, on_order = found[0].proposed_qty, seen["on_hand"], seen["on_order"]
		else:
			kept = json.loads(run.not_ordered)
			at = kept["item_code"].index(self.bolt)
			self.text = kept["held_back"][at]
			proposed, on_hand, on_order = 0.0, kept["on_hand"][at], kept["on_order"][at]
		self.assertEqual((on_hand, on_order), (float(stock.on_hand[0]), float(stock.on_order[0])))
		# a draft of this run would be on order in the next
		frappe.db.delete("Material Request Item", {"parent": ("in", result["material_requests"] or [""])})
		frappe.db.delete("RL Proposal", {"run": run.name})
		frappe.db.delete("RL Proposal Run", {"name": run.name})
		return proposed

	def order(self, qty: float | None = None, warehouse: str | None = None):
		"""Of the request, submitted."""
		if self.request.docstatus == 0:
			self.request.submit()
		order = make_purchase_order(self.request.name)
		order.supplier, order.schedule_date = self.supplier, add_days(nowdate(), 10)
		line = order.items[0]
		line.update({"rate": 2, "qty": qty or line.qty, "warehouse": warehouse or line.warehouse})
		order.insert()
		order.submit()
		return order

	def sell(self, qty: float) -> None:
		make.make_issue(self.bolt, self.warehouse, qty)

	def test_only_what_was_sold(self):
		self.assertEqual(self.again(), 0)
		self.sell(40)
		# an item that is ordered in lots may still be above its reorder point
		self.assertIn(self.again(), (0, 40))
		self.sell(5)
		self.assertLessEqual(self.again(), 45)

	def test_another_price(self):
		"""Nothing has left: another level is for the next review."""
		self.order()
		for rate in (0.02, 200):
			frappe.db.set_value("Item", self.bolt, "valuation_rate", rate)
			frappe.db.set_value("Bin", {"item_code": self.bolt}, "valuation_rate", rate)
			frappe.db.set_value("Item", self.bolt, "last_purchase_rate", rate)
			self.assertEqual(self.again(), 0)
		frappe.db.set_value("Item", self.bolt, "lead_time_days", 60)
		self.assertEqual(self.again(), 0)
		self.assertIn("Decided on", self.text)
		# the next review decides anew
		self.assertGreater(self.again(getdate(add_days(nowdate(), 7))), 0)

	def test_an_item_that_was_not_ordered(self):
		"""That is a decision too, until so much has left that it is below its reorder point."""
		self.request.delete()
		frappe.db.delete("RL Proposal", {"agent": self.agent.name})
		frappe.db.delete("RL Proposal Run", {"agent": self.agent.name})
		make.make_stock(self.bolt, self.warehouse, 400, rate=2)
		self.assertEqual(propose(self.agent.name, force=True)["proposals"], 0)
		self.agent.db_set("order_cost", 4000)
		frappe.db.set_value("Item", self.bolt, "lead_time_days", 60)
		self.assertEqual(self.again(), 0)
		self.assertIn("Decided on", self.text)
		frappe.db.set_value("Item", self.bolt, "lead_time_days", 10)
		self.agent.db_set("order_cost", 4)
		self.sell(400)
		self.assertAlmostEqual(self.again(), self.proposed, delta=1)

	def test_cut_raised_and_turned_down(self):
		self.request.items[0].qty = 50
		self.request.save()
		self.assertEqual(self.again(), 0)
		self.assertIn("Decided on", self.text)
		self.request.items[0].qty = self.proposed + 150
		self.request.save()
		self.order()
		self.assertEqual(self.again(), 0)
		# the raise is there for what is sold
		self.sell(40)
		self.assertEqual(self.again(), 0)

	def test_lines_cut_from_the_order(self):
		order = self.order()
		order.cancel()
		set_request_status(self.request.name, "Stopped")
		self.assertEqual(self.again(), 0)

	def test_an_order_that_was_closed(self):
		set_order_status("Closed", self.order().name)
		self.assertEqual(self.again(), 0)
		self.sell(30)
		self.assertLessEqual(self.again(), 30)

	def test_ordered_by_hand_with_the_request_stopped(self):
		self.request.submit()
		set_request_status(self.request.name, "Stopped")
		make.make_purchase_order(
			self.supplier, self.bolt, self.warehouse, self.proposed, add_days(nowdate(), 10)
		)
		self.assertEqual(self.again(), 0)

	def test_an_older_order_that_was_cancelled(self):
		"""It has left the books since the decision, so it is missed."""
		self.request.delete()
		frappe.db.delete("RL Proposal", {"agent": self.agent.name})
		frappe.db.delete("RL Proposal Run", {"agent": self.agent.name})
		older = make.make_purchase_order(
			self.supplier, self.bolt, self.warehouse, 400, add_days(nowdate(), 5)
		)
		self.assertEqual(propose(self.agent.name, force=True)["proposals"], 0)
		older.cancel()
		self.assertAlmostEqual(self.again(), self.proposed, delta=1)

	def test_an_order_to_goods_in(self):
		"""It is still on its way to the warehouse that asked for it, until it is put away there."""
		goods_in = make.make_warehouse()
		order = self.order(warehouse=goods_in)
		self.assertEqual(self.again(), 0)
		later = getdate(add_days(nowdate(), 7))
		# ten days later it is there: nothing but the week's sales is missing
		self.assertLessEqual(self.again(later), 75)
		receipt = make_purchase_receipt(order.name)
		receipt.insert()
		receipt.submit()
		stock = read_stock(self.agent, [ItemKey(self.bolt, self.warehouse)], getdate())
		self.assertEqual((stock.on_hand[0], stock.arrivals[0, 0]), (50, self.proposed))
		self.assertEqual(self.again(), 0)
		# counted once where the agent orders for both
		keys = [ItemKey(self.bolt, goods_in), ItemKey(self.bolt, self.warehouse)]
		both = read_stock(make.make_agent([goods_in], [self.bolt]), keys, getdate())
		self.assertEqual(both.on_hand.tolist(), [0, 50])
		self.assertEqual(both.on_order.tolist(), [0, self.proposed])
		self.transfer(goods_in, self.proposed)
		stock = read_stock(self.agent, [ItemKey(self.bolt, self.warehouse)], getdate())
		self.assertEqual((stock.on_hand[0], stock.on_order[0]), (50 + self.proposed, 0))
		self.assertEqual(self.again(), 0)

	def test_a_request_to_goods_in(self):
		"""The buyer has the request itself go there: as draft, submitted and ordered, it is for the store."""
		goods_in = make.make_warehouse()
		self.request.items[0].warehouse = goods_in
		self.request.save()

		def on_order() -> list[float]:
			keys = [ItemKey(self.bolt, goods_in), ItemKey(self.bolt, self.warehouse)]
			return read_stock(self.agent, keys, getdate()).on_order.tolist()

		self.assertEqual((on_order(), self.again()), ([0, self.proposed], 0))
		self.request.submit()
		self.assertEqual((on_order(), self.again()), ([0, self.proposed], 0))
		receipt = make_purchase_receipt(self.order().name)
		self.assertEqual((on_order(), self.again()), ([0, self.proposed], 0))
		receipt.insert()
		receipt.submit()
		self.assertEqual((on_order(), self.again()), ([0, self.proposed], 0))
		self.assertLessEqual(self.again(getdate(add_days(nowdate(), 7))), 75)

	def test_a_receipt_to_goods_in(self):
		"""Ordered to the store, booked elsewhere when it came."""
		receipt = make_purchase_receipt(self.order().name)
		receipt.items[0].warehouse = make.make_warehouse()
		receipt.insert()
		receipt.submit()
		self.assertEqual(self.again(), 0)
		stock = read_stock(self.agent, [ItemKey(self.bolt, self.warehouse)], getdate())
		self.assertEqual((stock.on_hand[0], stock.on_order[0]), (50, self.proposed))

	def test_an_order_for_another_place_that_sells_it(self):
		"""It is on its way there; here, what the buyer gave away is for the next review."""
		branch = make.make_warehouse()
		make.sell_every_day(self.bolt, branch, 10)
		self.order(warehouse=branch)
		keys = [ItemKey(self.bolt, branch), ItemKey(self.bolt, self.warehouse)]
		stock = read_stock(make.make_agent([branch], [self.bolt]), keys, getdate())
		self.assertEqual(stock.on_order.tolist(), [self.proposed, 0])
		self.assertEqual(self.again(), 0)
		self.assertGreater(self.again(getdate(add_days(nowdate(), 7))), 200)

	def transfer(self, source: str, qty: float) -> None:
		entry = frappe.get_doc(
			{
				"doctype": "Stock Entry",
				"stock_entry_type": "Material Transfer",
				"purpose": "Material Transfer",
				"company": make.company(),
				"items": [
					{
						"item_code": self.bolt,
						"s_warehouse": source,
						"t_warehouse": self.warehouse,
						"qty": qty,
					}
				],
			}
		).insert()
		entry.submit()

	def test_a_price_entered_wrongly(self) -> None:
		"""A little has left since; at a ten-thousandth of the price, ordering thousands answers nothing."""
		self.order()
		make.make_issue(self.bolt, self.warehouse, 10)
		cheap = {"valuation_rate": 0.0002}
		frappe.db.set_value("Item", self.bolt, cheap)
		frappe.db.set_value("Bin", {"item_code": self.bolt}, cheap)
		frappe.db.set_value(
			"Purchase Order Item", {"item_code": self.bolt}, {"rate": 0.0002, "base_rate": 0.0002}
		)
		frappe.clear_cache()
		self.assertLessEqual(self.again(), 60)
