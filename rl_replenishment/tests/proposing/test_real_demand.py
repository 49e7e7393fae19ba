"""One booking far outside an item's own history drives nothing, is named, and can be called real."""

from __future__ import annotations

import json

import frappe
from frappe.utils import add_days, formatdate, getdate, nowdate

from rl_replenishment import api
from rl_replenishment.bridge.proposing.run import propose_for
from rl_replenishment.bridge.state.situation import read_situation
from rl_replenishment.rl_replenishment.report.rl_stock_health.rl_stock_health import execute
from rl_replenishment.setup.roles import USER
from rl_replenishment.tasks import propose
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.case import RolledBackCase


class TestRealDemand(RolledBackCase):
	def setUp(self) -> None:
		super().setUp()
		self.warehouse = make.make_warehouse()
		self.on = add_days(nowdate(), -3)
		self.usual, self.item = self.sell(10, self.on), self.sell(5010, self.on)
		self.agent = make.make_agent(
			[self.warehouse], [self.usual, self.item], holdout_days=0, order_cost=4, max_cover_days=60
		)

	def sell(self, booked: float, on: str) -> str:
		"""An item that sells 10 a day, and `booked` pieces on one of these days."""
		item = make.make_item(make.make_supplier(), valuation_rate=2)
		make.make_stock(item, self.warehouse, booked + 50, rate=2, date=add_days(nowdate(), -101))
		make.make_issue(item, self.warehouse, booked, date=on)
		make.sell_every_day(item, self.warehouse, 10, days=100)
		usual = {"item_code": item, "posting_date": on, "voucher_type": "Delivery Note"}
		frappe.db.delete("Stock Ledger Entry", usual)
		return item

	def expected(self) -> float:
		"""Demand per day of the item, as policies and reports expect it."""
		(rate,) = (
			row["daily_demand"]
			for row in execute({"agent": self.agent.name})[1]
			if row["item_code"] == self.item
		)
		state = read_situation(self.agent, getdate()).state
		at = [key.item_code for key in state.items.keys].index(self.item)
		self.assertAlmostEqual(rate, float(state.demand.level_91[at]), places=2)
		return rate

	def call_real(self, **values):
		real = {"agent": self.agent.name, "item_code": self.item, "day": self.on, **values}
		return frappe.get_doc({"doctype": "RL Real Demand", **real}).insert()

	def test_it_is_left_out_and_named(self) -> None:
		done = propose(self.agent.name, force=True)
		lines = {
			row.item_code: row for row in frappe.get_all("RL Proposal", {"agent": self.agent.name}, ["*"])
		}
		self.assertEqual(lines[self.item].proposed_qty, lines[self.usual].proposed_qty)
		# the rest of that day was booked with it
		self.assertIn("not counting 5,000 that were booked 3 days ago", lines[self.item].explanation)
		self.assertNotIn("not counting", lines[self.usual].explanation)
		self.assertEqual(json.loads(lines[self.item].state)["left_out"], 5000)
		messages = frappe.db.get_value("RL Proposal Run", done["run"], "messages")
		self.assertIn(f"5,010 of {self.item} in {self.warehouse} on {formatdate(self.on)}", messages)
		rows = {row["item_code"]: row["daily_demand"] for row in execute({"agent": self.agent.name})[1]}
		self.assertEqual(rows[self.item], rows[self.usual])

	def test_a_person_can_call_it_real_and_take_that_back(self) -> None:
		self.assertAlmostEqual(self.expected(), 10, places=2)
		real = self.call_real(warehouse=self.warehouse)
		self.assertAlmostEqual(self.expected(), 10 + 5000 / 91, places=2)
		self.assertNotIn("Far outside", " ".join(api.preview(self.agent.name)["messages"]))
		real.delete()
		self.assertAlmostEqual(self.expected(), 10, places=2)
		self.assertIn("Far outside", " ".join(api.preview(self.agent.name)["messages"]))
		# in all of the agent's warehouses
		self.call_real()
		self.assertAlmostEqual(self.expected(), 10 + 5000 / 91, places=2)

	def test_of_another_day_item_or_agent_it_says_nothing(self) -> None:
		self.call_real(day=add_days(self.on, 1))
		self.call_real(item_code=self.usual)
		self.call_real(warehouse=make.make_warehouse())
		self.call_real(agent=make.make_agent([make.make_warehouse()]).name)
		self.assertAlmostEqual(self.expected(), 10, places=2)

	def test_what_is_refused(self) -> None:
		self.call_real()
		self.assertRaises(frappe.DuplicateEntryError, self.call_real)
		with self.assertRaisesRegex(frappe.ValidationError, "is not over"):
			self.call_real(day=nowdate())

	def test_who_may(self) -> None:
		frappe.set_user(make.make_user(USER))
		self.call_real().delete()
		frappe.set_user(make.make_user("Stock User"))
		self.assertRaises(frappe.PermissionError, self.call_real)

	def test_what_nobody_knows_the_price_of_is_named(self) -> None:
		frappe.db.set_value("Item", self.item, "valuation_rate", 0)
		frappe.db.set_value("Bin", {"item_code": self.item}, "valuation_rate", 0)
		messages = " ".join(api.preview(self.agent.name)["messages"])
		self.assertIn(f"worth 1 each: {self.item} in {self.warehouse}.", messages)

	def test_weeks_later_it_is_still_left_out(self) -> None:
		item = self.sell(5010, add_days(nowdate(), -31))
		agent = make.make_agent([self.warehouse], [item], holdout_days=0, order_cost=4, max_cover_days=60)
		done = propose_for(agent.name)
		row = frappe.get_last_doc("RL Proposal", {"run": done["run"], "item_code": item})
		self.assertIn("5,000 that were booked 31 days ago", row.explanation)
