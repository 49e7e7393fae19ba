"""What a Material Request shows of its proposals, and to whom."""

from __future__ import annotations

import json

import frappe
from frappe.utils import add_days, getdate, nowdate

from rl_replenishment import api
from rl_replenishment.bridge.board.picture import PAST_DAYS
from rl_replenishment.tasks import propose
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.case import RolledBackCase


class TestRequestPanel(RolledBackCase):
	def setUp(self) -> None:
		super().setUp()
		supplier, self.warehouse = make.make_supplier(), make.make_warehouse()
		self.items = [make.make_item(supplier) for _ in range(2)]
		for item, rate in zip(self.items, (2, 4), strict=True):
			make.sell_every_day(item, self.warehouse, rate)
		make.make_stock(self.items[0], self.warehouse, 10)
		agent = make.make_agent([self.warehouse], self.items)
		(name,) = propose(agent.name, force=True)["material_requests"]
		self.request = frappe.get_doc("Material Request", name)

	def test_lines_come_by_urgency(self) -> None:
		self.assertEqual([line.item_code for line in self.request.items], self.items[::-1])

	def test_what_was_proposed(self) -> None:
		found = api.proposals_of_request(self.request.name)
		self.assertEqual(set(found), {line.rl_proposal for line in self.request.items})
		for line in self.request.items:
			shown, item = found[line.rl_proposal], self.items.index(line.item_code)
			self.assertEqual(shown["proposed_qty"], line.rl_proposed_qty)
			self.assertGreater(shown["baseline_qty"], 0)
			self.assertEqual(shown["explanation"], line.rl_explanation)
			self.assertAlmostEqual(shown["days_of_stock"], (5, 0)[item], places=2)
			state = shown["state"]
			self.assertAlmostEqual(
				state["rule_wish"] + state["correction"] + state["rounding"], state["quantity"], places=3
			)

	def test_what_is_snoozed_is_marked(self) -> None:
		"""Snoozed from the list, a line stays in its draft, which says so."""
		name, until = self.request.items[0].rl_proposal, add_days(nowdate(), 20)
		found = api.board_snooze(json.dumps([name]), until, from_drafts=0)
		self.assertEqual((len(found["snoozed"]), found["lines"], found["kept"]), (1, 0, 1))
		shown = api.proposals_of_request(self.request.name)
		marked = {proposal for proposal, row in shown.items() if row["snoozed_until"] == getdate(until)}
		self.assertEqual(marked, {name})

	def test_the_picture(self) -> None:
		"""That of the board: past demand, and stock with and without the order, apart once it is there."""
		line = self.request.items[1]
		found = api.picture_of_proposal(self.request.name, line.rl_proposal)
		self.assertEqual(found["demand"][-56:], [2.0] * 56)
		self.assertEqual(found["start"], getdate(add_days(nowdate(), -PAST_DAYS)))
		self.assertAlmostEqual(found["without"][0], 8, places=2)
		arrives = found["arrives"]
		self.assertEqual(found["with_order"][1][:arrives], found["without"][:arrives])
		self.assertGreater(found["with_order"][1][arrives], found["without"][arrives])
		more = api.picture_of_proposal(self.request.name, line.rl_proposal, line.stock_qty + 5)
		apart = more["with_order"][1][arrives] - found["with_order"][1][arrives]
		self.assertAlmostEqual(apart, 5, places=2)
		self.assertIn("are expected to leave", found["why_target"])

	def test_the_picture_of_an_order_that_is_over(self) -> None:
		"""Nothing more arrives of it; what other orders bring stays."""
		line = self.request.items[1]
		supplier = make.make_supplier()
		make.make_purchase_order(supplier, line.item_code, self.warehouse, 50, add_days(nowdate(), 3))
		self.request.submit()
		self.request.update_status("Stopped")
		found = api.picture_of_proposal(self.request.name, line.rl_proposal)
		self.assertFalse(found["ordered"])
		self.assertEqual(found["with_order"][1], found["without"])
		self.assertAlmostEqual(found["without"][3], 10 - 4 * 2 + 50, places=2)

	def test_the_picture_of_an_item(self) -> None:
		"""As Stock Health shows it: of items of the agent, to who may see them."""
		agent, item = self.request.rl_agent, self.items[0]
		found = api.picture_of_item(agent, item, self.warehouse)
		self.assertEqual((found["demand"][-1], found["ordered"]), (2.0, False))
		self.assertEqual(found["with_order"][1], found["without"])
		with self.assertRaises(frappe.DoesNotExistError):
			api.picture_of_item(agent, make.make_item(), self.warehouse)
		user = make.make_user("RL Replenishment User")
		frappe.set_user(user)
		self.assertTrue(api.picture_of_item(agent, item, self.warehouse))
		frappe.set_user("Administrator")
		permission = {"doctype": "User Permission", "user": user, "allow": "Item", "for_value": self.items[1]}
		frappe.get_doc(permission).insert()
		frappe.set_user(user)
		# nor whether the agent has it at all
		for hidden in (item, make.make_item(), "no such item"):
			self.assertRaises(frappe.PermissionError, api.picture_of_item, agent, hidden, self.warehouse)
		elsewhere = make.make_warehouse()
		self.assertRaises(frappe.DoesNotExistError, api.picture_of_item, agent, self.items[1], elsewhere)

	def test_who_may_look(self) -> None:
		"""Whoever may read the request, and of a proposal only in the request that it is in."""
		proposal = self.request.items[0].rl_proposal
		frappe.set_user(make.make_user("Purchase User"))
		self.assertEqual(len(api.proposals_of_request(self.request.name)), 2)
		other = make.make_material_request(self.items[0], self.warehouse, 1)
		self.assertEqual(api.proposals_of_request(other.name), {})
		with self.assertRaises(frappe.DoesNotExistError):
			api.picture_of_proposal(other.name, proposal)
		frappe.set_user(make.make_user("Sales User"))
		for call in (
			lambda: api.proposals_of_request(self.request.name),
			lambda: api.picture_of_proposal(self.request.name, proposal),
		):
			self.assertRaises(frappe.PermissionError, call)
