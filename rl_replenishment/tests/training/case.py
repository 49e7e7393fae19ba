"""A small site to train on: it is committed, as a training's own notes are, and taken away afterwards."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import frappe
import numpy as np
from frappe.model.document import Document
from frappe.utils import add_days, now_datetime, nowdate

from rl_replenishment.tests import factories as make
from rl_replenishment.tests.case import IntegrationTestCase

DAYS, ITEMS = 240, 6


class TrainingCase(IntegrationTestCase):
	"""Six items with 240 days of demand in a warehouse of their own, and an agent for each test."""

	warehouse: ClassVar[str]
	items: ClassVar[list[str]]

	@classmethod
	def setUpClass(cls) -> None:
		super().setUpClass()
		cls.warehouse = make.make_warehouse()
		cls.items = [make.make_item(valuation_rate=price) for price in np.linspace(5, 50, ITEMS)]
		sell(
			cls.items, cls.warehouse, np.random.default_rng(0).poisson(np.arange(1, ITEMS + 1), (DAYS, ITEMS))
		)
		frappe.db.commit()
		cls.addClassCleanup(cls.take_away)

	@classmethod
	def take_away(cls) -> None:
		frappe.db.rollback()
		frappe.db.delete("Stock Ledger Entry", {"warehouse": cls.warehouse})
		for item in cls.items:
			frappe.delete_doc("Item", item, force=True)
		frappe.delete_doc("Warehouse", cls.warehouse, force=True)
		frappe.db.commit()

	def setUp(self) -> None:
		self.agent = self.make_agent()

	def make_agent(self, **values: Any) -> Document:
		agent = make.make_agent([self.warehouse], self.items, history_days=DAYS, holdout_days=60, **values)
		frappe.db.commit()
		self.addCleanup(remove_agent, agent.name)
		return agent

	def make_run(self, **values: Any) -> Document:
		"""A row as if a worker were at it."""
		run = frappe.get_doc(
			{
				"doctype": "RL Training Run",
				"agent": self.agent.name,
				"kind": "Initial",
				"algorithm": "PPO",
				"status": "In Progress",
				"heartbeat": now_datetime(),
				"open_for": self.agent.name,
				"settings": json.dumps(
					{"kind": "Initial", "algorithm": "PPO", "seconds": None, "timesteps": 1, "seed": 0}
				),
				**values,
			}
		).insert(ignore_permissions=True)
		frappe.db.commit()
		return run

	def make_answer(self, proposed: float, ordered: float, **values: Any) -> str:
		"""A settled decision of the buyer, yet to be learned from."""
		row = frappe.get_doc(
			{
				"doctype": "RL Feedback",
				"agent": self.agent.name,
				"company": make.company(),
				"item_code": self.items[0],
				"warehouse": self.warehouse,
				"decision_date": add_days(nowdate(), -10),
				"proposed_qty": proposed,
				"ordered_qty": ordered,
				"on_hand": 3,
				"on_order": 0,
				"settled": 1,
				**values,
			}
		)
		row.flags.ignore_links = True
		row.insert(ignore_permissions=True)
		frappe.db.commit()
		return row.name


def remove_agent(agent: str) -> None:
	frappe.db.rollback()
	for doctype in ("RL Feedback", "RL Training Run"):
		frappe.db.delete(doctype, {"agent": agent})
	frappe.db.set_value("RL Policy", {"agent": agent}, "status", "Archived")
	frappe.db.set_value("RL Agent Settings", agent, "active_policy", None)
	frappe.delete_doc("RL Agent Settings", agent, force=True)
	frappe.db.commit()


def sell(items: list[str], warehouse: str, demand: np.ndarray) -> None:
	"""Demand of the last days, shape (days, items), as rows in the ledger alone, without their documents."""
	stamp, days = now_datetime(), len(demand)
	fields = [
		*("name", "creation", "modified", "docstatus", "item_code", "warehouse", "posting_date"),
		*("posting_time", "posting_datetime", "actual_qty", "voucher_type", "voucher_no", "company"),
		"is_cancelled",
	]
	rows = [
		(
			*(
				frappe.generate_hash(length=10),
				stamp,
				stamp,
				1,
				item,
				warehouse,
				add_days(nowdate(), day - days),
			),
			*(
				"12:00:00",
				f"{add_days(nowdate(), day - days)} 12:00:00",
				-float(demand[day, column]),
				"Delivery Note",
				"DN",
				make.company(),
				0,
			),
		)
		for day in range(days)
		for column, item in enumerate(items)
	]
	frappe.db.bulk_insert("Stock Ledger Entry", fields, rows)
