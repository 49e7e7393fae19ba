"""A buyer, and a request that an agent made of two proposals."""

from __future__ import annotations

from unittest.mock import patch

import frappe
from erpnext.stock.doctype.material_request.material_request import make_purchase_order
from frappe.utils import add_days, nowdate

from rl_replenishment.tasks import propose
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.case import IntegrationTestCase


class FeedbackCase(IntegrationTestCase):
	@classmethod
	def setUpClass(cls) -> None:
		super().setUpClass()
		cls.commit = patch.object(frappe.db, "commit")
		cls.commit.start()
		cls.addClassCleanup(cls.commit.stop)
		cls.buyer = make.make_user("Purchase User", "Stock User")

	def setUp(self) -> None:
		frappe.db.savepoint("before_test")
		self.addCleanup(lambda: frappe.db.rollback(save_point="before_test"))
		self.addCleanup(lambda: frappe.set_user("Administrator"))
		self.supplier = make.make_supplier()
		self.warehouse = make.make_warehouse()
		self.piece = make.make_item(self.supplier)
		self.boxed = make.make_item(self.supplier, packs={"RL Test Box": 12})
		for item in (self.piece, self.boxed):
			make.sell_every_day(item, self.warehouse, 4)
		self.agent = make.make_agent([self.warehouse], [self.piece, self.boxed], supplier=None)
		result = propose(self.agent.name, force=True)
		(name,) = result["material_requests"]
		self.request = frappe.get_doc("Material Request", name)
		frappe.set_user(self.buyer)

	def line(self, item: str):
		return next(line for line in self.request.items if line.item_code == item)

	def submit_request(self) -> None:
		self.request.submit()

	def order(self, quantities: dict[str, float], *, submit: bool = True):
		"""A Purchase Order from the request, with these quantities in purchase units."""
		order = make_purchase_order(self.request.name)
		order.supplier = self.supplier
		order.schedule_date = add_days(nowdate(), 7)
		order.items = [line for line in order.items if line.item_code in quantities]
		for line in order.items:
			line.qty = quantities[line.item_code]
			line.rate = 10
		order.insert()
		if submit:
			order.submit()
		return order

	def row(self, item: str, **filters):
		rows = frappe.get_all("RL Feedback", {"agent": self.agent.name, "item_code": item, **filters}, ["*"])
		self.assertEqual(len(rows), 1, rows)
		return rows[0]

	def assert_row(self, item: str, ordered: float, reward: float, *, settled: bool, **filters) -> None:
		row = self.row(item, **filters)
		self.assertAlmostEqual(row.ordered_qty, ordered)
		self.assertAlmostEqual(row.reward, reward, places=5)
		self.assertEqual(bool(row.settled), settled)
		self.assertEqual(bool(row.settled_on), settled)

	def status(self, item: str) -> str:
		return frappe.db.get_value("RL Proposal", {"agent": self.agent.name, "item_code": item}, "status")
