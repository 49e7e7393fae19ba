"""An agent with items, answers to its proposals, and reports as the desk runs them."""

from __future__ import annotations

import json

import frappe
from frappe.desk.query_report import run
from frappe.utils import now_datetime, nowdate

from rl_replenishment.tests import factories as make
from rl_replenishment.tests.case import IntegrationTestCase


class ReportCase(IntegrationTestCase):
	def setUp(self) -> None:
		frappe.db.savepoint("before_test")
		self.addCleanup(lambda: frappe.db.rollback(save_point="before_test"))
		self.addCleanup(frappe.set_user, "Administrator")
		self.warehouse, self.supplier = make.make_warehouse(), make.make_supplier()
		self.items = [make.make_item(self.supplier) for _ in range(3)]
		self.agent = make.make_agent([self.warehouse], self.items)
		self.company = make.company()

	def report(self, name: str, **filters) -> frappe._dict:
		"""As the desk runs it."""
		return frappe._dict(run(name, filters=filters, ignore_prepared_report=True))

	def compared_policy(self, version: int, metrics: dict, by_item: dict | None) -> str:
		policy = {
			"doctype": "RL Policy",
			"agent": self.agent.name,
			"version": version,
			"metrics": json.dumps(metrics),
			"backtest_by_item": json.dumps(by_item) if by_item else None,
		}
		return frappe.get_doc(policy).insert().name

	def rows(self, name: str, **filters) -> list:
		return [row for row in self.report(name, **filters).result if isinstance(row, dict)]

	def answer(self, proposed: float, ordered: float, **values) -> str:
		row = {
			"name": frappe.generate_hash(length=10),
			"creation": now_datetime(),
			"agent": self.agent.name,
			"company": self.company,
			"item_code": self.items[0],
			"item_group": "Products",
			"warehouse": self.warehouse,
			"supplier": self.supplier,
			"buyer": "Administrator",
			"edit_reason": "",
			"proposed_qty": proposed,
			"ordered_qty": ordered,
			"scale": 10,
			"reward": 1 if proposed == ordered else -abs(proposed - ordered) / 10,
			"decision_date": nowdate(),
			"edit_value": 0,
			"settled": 1,
			"edit_value_on": None,
			**values,
		}
		frappe.db.bulk_insert("RL Feedback", list(row), [list(row.values())])
		return row["name"]
