"""The workspace's first steps, and its count of stock-outs."""

from __future__ import annotations

import frappe
from erpnext.stock.doctype.material_request.material_request import make_purchase_order
from frappe.utils import add_days, nowdate

from rl_replenishment import api
from rl_replenishment.setup.roles import MANAGER, USER
from rl_replenishment.tasks import propose
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.case import RolledBackCase


class TestGettingStarted(RolledBackCase):
	def setUp(self) -> None:
		super().setUp()
		self.addCleanup(frappe.clear_cache)
		self.addCleanup(frappe.set_user, "Administrator")
		self.company, self.user = make.make_company(), make.make_user(MANAGER)
		# so that the user sees no agent but those of this test
		permission = {"doctype": "User Permission", "user": self.user}
		frappe.get_doc({**permission, "allow": "Company", "for_value": self.company}).insert()
		self.item, self.warehouse = make.make_item(make.make_supplier()), None

	def done(self) -> list[bool]:
		frappe.set_user(self.user)
		found = [step["is_done"] for step in api.getting_started()]
		frappe.set_user("Administrator")
		return found

	def make_agent(self):
		self.warehouse = frappe.db.get_value("Warehouse", {"company": self.company, "is_group": 0})
		return make.make_agent([self.warehouse], [self.item], company=self.company)

	def test_steps_are_done_when_what_they_are_about_is_there(self) -> None:
		self.assertEqual(self.done(), [False] * 5)
		agent = self.make_agent()
		self.assertEqual(self.done(), [True] + [False] * 4)
		of_agent = {"agent": agent.name, "company": self.company}
		frappe.get_doc({"doctype": "RL Training Run", **of_agent, "status": "Failed"}).insert()
		self.assertEqual(self.done(), [True] + [False] * 4)
		frappe.get_doc({"doctype": "RL Training Run", **of_agent, "status": "Completed"}).insert()
		self.assertEqual(self.done(), [True, True, False, False, False])
		make.sell_every_day(self.item, self.warehouse, 3)
		(request,) = propose(agent.name, force=True)["material_requests"]
		self.assertEqual(self.done(), [True, True, False, True, False])
		document = frappe.get_doc("Material Request", request)
		document.submit()
		order = make_purchase_order(request)
		order.supplier, order.schedule_date = make.make_supplier(), add_days(nowdate(), 7)
		order.insert()
		order.submit()
		self.assertEqual(self.done(), [True, True, False, True, True])
		frappe.set_user(self.user)
		api.tick("backtest")
		self.assertEqual(self.done(), [])

	def test_what_a_buyer_cannot_do(self) -> None:
		"""Only managers make, train and start agents: buyers have the other steps."""
		frappe.set_user(make.make_user(USER))
		titles = [step["title"] for step in api.getting_started()]
		self.assertEqual(titles, ["Look at the backtest", "Give the first feedback"])

	def test_hiding(self) -> None:
		"""For the one user; nothing else can be ticked off; those who see no proposals have no steps."""
		frappe.set_user(self.user)
		self.assertRaisesRegex(frappe.ValidationError, "tick off", api.tick, "train")
		api.tick("hidden")
		self.assertEqual(self.done(), [])
		frappe.set_user(make.make_user(MANAGER))
		self.assertTrue(api.getting_started())
		frappe.set_user(make.make_user("Purchase User"))
		for call in (api.getting_started, api.stock_outs, lambda: api.tick("hidden")):
			self.assertRaises(frappe.PermissionError, call)

	def test_stock_outs(self) -> None:
		"""Only where the last was taken, of agents' items, this month or the one before."""
		self.make_agent()
		frappe.db.set_value("Item", self.item, "valuation_rate", 1)
		other = make.make_item(make.make_supplier())
		for item, quantity, days in (
			*((self.item, 5, 50), (self.item, -5, 40), (self.item, 5, 30), (self.item, -2, 20)),
			*((self.item, -3, 10), (self.item, 4, 9), (self.item, -4, 8), (other, 5, 20), (other, -5, 5)),
		):
			self.move(item, quantity, days)
		frappe.set_user(self.user)
		self.assertEqual(api.stock_outs(), "2 (before: 1)")

	def move(self, item: str, quantity: float, days_ago: int) -> None:
		date = add_days(nowdate(), -days_ago)
		line = {"item_code": item, "qty": abs(quantity), "basic_rate": 1}
		line["t_warehouse" if quantity > 0 else "s_warehouse"] = self.warehouse
		purpose = "Material Receipt" if quantity > 0 else "Material Issue"
		entry = {"doctype": "Stock Entry", "stock_entry_type": purpose, "purpose": purpose}
		about = {"company": self.company, "set_posting_time": 1, "posting_date": date, "items": [line]}
		frappe.get_doc({**entry, **about}).insert().submit()
