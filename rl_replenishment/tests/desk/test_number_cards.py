"""The number cards of the workspace."""

from __future__ import annotations

import frappe
from frappe.utils import add_days, fmt_money, nowdate

from rl_replenishment import api
from rl_replenishment.setup.roles import USER
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.desk.report_case import ReportCase


class TestNumberCards(ReportCase):
	def test_value_awaiting_approval(self) -> None:
		before = self.card(api.value_awaiting_approval)
		self.assertEqual(before["fieldtype"], "Currency")
		self.request(30, agent=self.agent.name)
		# what the buyer made of it counts, until it is approved
		draft = self.request(40, agent=self.agent.name)
		draft.items[0].qty = 5
		draft.save()
		self.assertAlmostEqual(self.card(api.value_awaiting_approval)["value"] - before["value"], 80)
		draft.submit()
		self.assertAlmostEqual(self.card(api.value_awaiting_approval)["value"] - before["value"], 30)

	def test_other_money(self) -> None:
		"""A card has the site's currency alone: where a company has another, each is told by itself."""
		company = make.make_company()
		frappe.db.set_value("Company", company, "default_currency", "JPY")
		agent = make.make_agent(
			[frappe.db.get_value("Warehouse", {"company": company, "is_group": 0})], company=company
		)
		self.request(30, agent=agent.name)
		self.assertIn(fmt_money(30, precision=0, currency="JPY"), self.card(api.value_awaiting_approval))

	def test_value_of_changes(self) -> None:
		"""This year's, each currency by itself."""
		before = self.card(api.value_of_changes)["value"]
		self.answer(10, 12, edit_value=30, edit_value_on=nowdate())
		self.answer(10, 12, edit_value=-5, edit_value_on=nowdate())
		self.answer(10, 12, edit_value=900, edit_value_on=add_days(nowdate(), -366))
		self.assertAlmostEqual(self.card(api.value_of_changes)["value"] - before, 25)

	def test_kept_lately(self) -> None:
		frappe.db.delete("RL Feedback")
		self.assertEqual(self.card(api.kept_lately), "No decisions yet")
		for ordered in (10, 10, 10, 12):
			self.answer(10, ordered)
		self.answer(10, 12, decision_date=add_days(nowdate(), -31))
		self.assertEqual(self.card(api.kept_lately)["value"], 75)

	def request(self, worth: float, *, agent: str):
		"""A draft Material Request of a proposal that is worth so much."""
		name = frappe.generate_hash(length=10)
		company = frappe.db.get_value("RL Agent Settings", agent, "company")
		warehouse = frappe.db.get_value("RL Agent Warehouse", {"parent": agent}, "warehouse")
		row = {"name": name, "agent": agent, "status": "Requested", "proposed_qty": worth / 10, "rate": 10}
		row |= {"company": company, "item_code": self.items[0], "warehouse": warehouse}
		frappe.db.bulk_insert("RL Proposal", list(row), [list(row.values())])
		values = {"company": company, "rl_agent": agent}
		draft = make.make_material_request(self.items[0], warehouse, worth / 10, **values)
		frappe.db.set_value("Material Request Item", draft.items[0].name, "rl_proposal", name)
		return draft.reload()

	def card(self, function):
		"""What a card shows a user who has no other role; others are refused."""
		frappe.set_user("Administrator")
		user, buyer = make.make_user(USER), make.make_user("Purchase User")
		frappe.set_user(buyer)
		self.assertRaises(frappe.PermissionError, function)
		frappe.set_user(user)
		found = function()
		frappe.set_user("Administrator")
		return found
