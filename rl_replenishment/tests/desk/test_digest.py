"""The weekly e-mail to managers."""

from __future__ import annotations

from unittest.mock import patch

import frappe
from frappe.utils import fmt_money, get_url_to_form, getdate, nowdate

from rl_replenishment.bridge.desk import digest
from rl_replenishment.setup.roles import MANAGER, USER
from rl_replenishment.tasks import propose, send_digests
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.case import RolledBackCase


class TestDigest(RolledBackCase):
	def setUp(self) -> None:
		super().setUp()
		self.manager = make.make_user(MANAGER)
		make.make_user(USER)
		warehouse = make.make_warehouse()
		supplier = make.make_supplier()
		self.items = [make.make_item(supplier) for _ in range(2)]
		for item in self.items:
			make.sell_every_day(item, warehouse, 4)
		self.agent = make.make_agent([warehouse], self.items, weekly_digest=1)

	def sent(self) -> list[dict]:
		with patch.object(frappe, "sendmail") as send:
			send_digests()
		return [
			call.kwargs for call in send.call_args_list if call.kwargs["reference_name"] == self.agent.name
		]

	def test_to_managers_of_agents_that_want_it(self) -> None:
		(mail,) = self.sent()
		self.assertIn(self.manager, mail["recipients"])
		roles = {frappe.get_roles(user).count(MANAGER) for user in mail["recipients"]}
		self.assertEqual(roles, {1})
		for field in ("weekly_digest", "enabled"):
			frappe.db.set_value("RL Agent Settings", self.agent.name, field, 0)
			self.assertEqual(self.sent(), [])
			frappe.db.set_value("RL Agent Settings", self.agent.name, field, 1)

	def test_what_it_says(self) -> None:
		(request,) = propose(self.agent.name, force=True)["material_requests"]
		document = frappe.get_doc("Material Request", request)
		worth = sum(line.stock_qty for line in document.items) * 10
		facts = dict(digest.week_of(self.agent, getdate())["facts"])
		self.assertIn("Lines: 2,", facts["Waiting for Approval"])
		currency = frappe.get_cached_value("Company", self.agent.company, "default_currency")
		self.assertIn(fmt_money(worth, currency=currency), facts["Waiting for Approval"])
		self.assertEqual(facts["Decided This Week"], "Lines: 0, of them kept: 0")
		document.delete()
		facts = dict(digest.week_of(self.agent, getdate())["facts"])
		self.assertIn("Lines: 0,", facts["Waiting for Approval"])
		self.assertEqual(facts["Decided This Week"], "Lines: 2, of them kept: 0")
		frappe.db.set_value("RL Feedback", {"agent": self.agent.name}, "edit_value", 1.5)
		frappe.db.set_value("RL Feedback", {"agent": self.agent.name}, "edit_value_on", nowdate())
		facts = dict(digest.week_of(self.agent, getdate())["facts"])
		self.assertEqual(facts["What Changes Turned Out to Be Worth"], fmt_money(3, currency=currency))

	def test_it_can_be_read(self) -> None:
		"""As a page, with nothing of what users have typed taken for HTML."""
		values = digest.week_of(self.agent, getdate())
		values["problems"] = ["<b>5 < 6"]
		page = frappe.render_template("templates/emails/rl_digest.html", {"settings": self.agent, **values})
		self.assertIn("&lt;b&gt;5 &lt; 6", page)
		self.assertIn(get_url_to_form("RL Agent Settings", self.agent.name), page)

	def test_one_that_fails_stops_no_other(self) -> None:
		with patch.object(digest, "week_of", side_effect=ValueError("broken")):
			self.assertEqual(self.sent(), [])
		logged = {"reference_doctype": "RL Agent Settings", "reference_name": self.agent.name}
		self.assertEqual(frappe.db.count("Error Log", logged), 1)
