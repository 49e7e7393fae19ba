"""Budgets of a run and of a month: what is most urgent is bought, and the rest is told."""

from __future__ import annotations

import json

import frappe
from erpnext.stock.doctype.material_request.material_request import make_purchase_order
from frappe.utils import add_days, flt, getdate, nowdate

from rl_replenishment.bridge.board.reading import board
from rl_replenishment.bridge.state.budget import read_budget
from rl_replenishment.tasks import propose
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.case import RolledBackCase


class TestBudget(RolledBackCase):
	def setUp(self) -> None:
		super().setUp()
		self.supplier = make.make_supplier()
		self.warehouse = make.make_warehouse()
		self.items = [make.make_item(self.supplier) for _ in range(3)]
		for item in self.items:
			make.sell_every_day(item, self.warehouse, 4)
		# the second lasts until the order after next, the third is empty
		make.make_stock(self.items[0], self.warehouse, 20)
		make.make_stock(self.items[1], self.warehouse, 50)

	def agent(self, **values):
		return make.make_agent([self.warehouse], self.items, **values)

	def proposed(self, result) -> dict[str, float]:
		rows = frappe.get_all("RL Proposal", {"run": result["run"]}, ["item_code", "proposed_qty", "rate"])
		self.value = sum(row.proposed_qty * row.rate for row in rows)
		return {row.item_code: row.proposed_qty for row in rows}

	def test_of_a_run(self) -> None:
		"""The empty shelf first, then in part; what is left out says how much and what it would cost."""
		agent = self.agent(mode="Shadow")
		free = self.proposed(propose(agent.name, force=True))
		wanted = self.value
		agent.db_set("max_run_value", 500)
		result = propose(agent.name, force=True)
		bought = self.proposed(result)
		self.assertLessEqual(self.value, 500)
		self.assertGreater(self.value, 450)
		self.assertGreater(bought[self.items[2]], 0)
		self.assertNotIn(self.items[1], bought)
		run = frappe.get_doc("RL Proposal Run", result["run"])
		self.assertIn("A run may order", run.messages)
		cut = frappe.get_all(
			"RL Proposal", {"run": run.name, "explanation": ("like", "%by the budget%")}, ["item_code"]
		)
		left = json.loads(run.not_ordered)["held_back"]
		self.assertEqual(
			len(cut) + sum("left of the budget" in why for why in left),
			3 - sum(bought.get(item) == free[item] for item in free),
		)
		self.assertGreater(wanted, 500)

	def test_of_a_month(self) -> None:
		"""Requests count, and orders in their place; another month begins anew."""
		agent = self.agent(mode="Draft", max_month_value=500)
		first = propose(agent.name, force=True)
		self.proposed(first)
		spent = self.value
		today = getdate()
		self.assertAlmostEqual(read_budget(agent, today).spent, spent)
		self.assertAlmostEqual(read_budget(agent, today).left, 500 - spent)
		told = next(each for each in board(agent.name)["agents"] if each["name"] == agent.name)
		self.assertAlmostEqual(told["budget"]["left"], 500 - spent, places=2)
		second = propose(agent.name, force=True)
		self.proposed(second)
		self.assertLessEqual(spent + self.value, 500)
		# ordered at twice the price
		request = frappe.get_doc("Material Request", first["material_requests"][0])
		request.submit()
		order = make_purchase_order(request.name)
		order.supplier = self.supplier
		for row in order.items:
			row.rate = 20
		order.insert()
		order.submit()
		now = read_budget(agent, today).spent
		self.assertAlmostEqual(now - self.value, sum(flt(row.base_net_amount) for row in order.items))
		self.assertEqual(read_budget(agent, getdate(add_days(nowdate(), 40))).spent, 0)
