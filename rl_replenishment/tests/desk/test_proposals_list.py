"""What the list of proposals is sorted and filtered by, and turning down several at once."""

from __future__ import annotations

import frappe
from frappe.utils import add_days, getdate, nowdate

from rl_replenishment import api
from rl_replenishment.bridge.proposing.run import propose_for
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.case import RolledBackCase


class TestProposalsList(RolledBackCase):
	def setUp(self) -> None:
		super().setUp()
		self.supplier, self.warehouse = make.make_supplier(), make.make_warehouse()
		self.items = [make.make_item(self.supplier) for _ in range(2)]
		for item in self.items:
			make.sell_every_day(item, self.warehouse, 4)
			make.make_stock(item, self.warehouse, 20)
		self.agent = make.make_agent([self.warehouse], self.items)

	def propose(self, days: int = 0) -> list[str]:
		"""As of so many days from now."""
		today = getdate(add_days(nowdate(), days))
		return propose_for(self.agent.name, today=today)["material_requests"]

	def proposal_of(self, item: str):
		return frappe.get_last_doc("RL Proposal", {"agent": self.agent.name, "item_code": item})

	def test_how_long_stock_lasts(self) -> None:
		"""At the usual demand, 4 a day or less where some of the year is unknown."""
		make.make_stock(self.items[1], self.warehouse, 20)
		self.propose()
		one, other = (self.proposal_of(item).days_of_stock for item in self.items)
		self.assertGreaterEqual(one, 20 / 4)
		self.assertLess(one, 20 / 3)
		self.assertAlmostEqual(other, 2 * one, delta=0.2)

	def test_what_is_overdue(self) -> None:
		"""What suppliers should have delivered by now; what is due later is on order alone."""
		late, due = (add_days(nowdate(), days) for days in (-3, 3))
		for day, qty in ((late, 2), (due, 3)):
			make.make_purchase_order(self.supplier, self.items[0], self.warehouse, qty, day)
		self.propose()
		one, other = (self.proposal_of(item) for item in self.items)
		self.assertEqual((one.overdue_qty, other.overdue_qty), (2, 0))
		self.assertEqual(frappe.parse_json(one.state)["on_order"], 5)

	def test_what_changed_against_the_run_before(self) -> None:
		"""Of the target, also where the run before ordered nothing."""
		(request,) = self.propose()
		self.assertEqual({self.proposal_of(item).target_change for item in self.items}, {0})
		before = frappe.parse_json(self.proposal_of(self.items[0]).state)["target"]
		make.make_stock(self.items[1], self.warehouse, 1000)
		self.assertEqual(self.propose(), [])
		for item in self.items:
			make.sell_every_day(item, self.warehouse, 40, days=30)
		make.make_issue(self.items[1], self.warehouse, 1000)
		self.propose(days=7)
		one, other = (self.proposal_of(item) for item in self.items)
		self.assertNotEqual(one.material_request, request)
		for proposal in (one, other):
			expected = 100 * (frappe.parse_json(proposal.state)["target"] / before - 1)
			self.assertGreater(expected, 50)
			self.assertAlmostEqual(proposal.target_change, expected, delta=0.1)
			self.assertEqual(proposal.change_size, proposal.target_change)

	def test_who_decided_last(self) -> None:
		(request,) = self.propose()
		self.assertFalse(self.proposal_of(self.items[0]).buyer)
		buyer = make.make_user("Purchase User", "Stock User")
		frappe.set_user(buyer)
		draft = frappe.get_doc("Material Request", request)
		draft.set("items", [line for line in draft.items if line.item_code == self.items[0]])
		draft.items[0].qty = 1
		draft.save()
		draft.submit()
		frappe.set_user("Administrator")
		for item in self.items:
			make.sell_every_day(item, self.warehouse, 400, days=5)
		self.propose(days=7)
		# the line that was taken out was turned down by the same buyer
		self.assertEqual([self.proposal_of(item).buyer for item in self.items], [buyer, buyer])

	def test_turning_down(self) -> None:
		"""Lines leave the draft; the draft goes with its last line; what is submitted stays."""
		(request,) = self.propose()
		one, other = (self.proposal_of(item).name for item in self.items)
		done = api.turn_down(frappe.as_json([one]))
		self.assertEqual(done, {"lines": 1, "kept": 0})
		draft = frappe.get_doc("Material Request", request)
		self.assertEqual([line.rl_proposal for line in draft.items], [other])
		self.assertEqual(frappe.db.get_value("RL Proposal", one, "status"), "Turned Down")
		draft.submit()
		status = lambda name: frappe.db.get_value("RL Proposal", name, "status")  # noqa: E731
		self.assertEqual(status(one), "Turned Down")
		self.assertEqual(api.turn_down(frappe.as_json([other])), {"lines": 0, "kept": 1})
		self.assertEqual(status(other), "Requested")

	def test_turning_down_what_is_no_list(self) -> None:
		for given in ("x", "5", '"abc"', "[5]"):
			with self.subTest(given), self.assertRaisesRegex(frappe.ValidationError, "a list of names"):
				api.turn_down(given)

	def test_turning_down_the_last_line(self) -> None:
		(request,) = self.propose()
		names = [self.proposal_of(item).name for item in self.items]
		self.assertEqual(api.turn_down(frappe.as_json(names))["lines"], 2)
		self.assertFalse(frappe.db.exists("Material Request", request))
		self.assertEqual(frappe.db.count("RL Feedback", {"proposal": ("in", names), "reward": ("<", 1)}), 2)

	def test_who_may_turn_down(self) -> None:
		"""As by hand: whoever may change the request."""
		(request,) = self.propose()
		name = self.proposal_of(self.items[0]).name
		for roles in (["Sales User"], ["RL Replenishment User"]):
			frappe.set_user(make.make_user(*roles))
			self.assertRaises(frappe.PermissionError, api.turn_down, frappe.as_json([name]))
		self.assertEqual(len(frappe.get_doc("Material Request", request).items), 2)
