"""The sample company: truthful to ERPNext, good to try the agent on, and gone without a trace."""

from __future__ import annotations

import tempfile
from pathlib import Path
from unittest.mock import patch

import click
import frappe
from frappe.utils import add_days, getdate, nowdate

from rl_replenishment import demo
from rl_replenishment.bridge.state.demand import read_demand
from rl_replenishment.bridge.state.parameters import read_parameters
from rl_replenishment.bridge.state.scope import resolve_scope
from rl_replenishment.core.items import ItemKey
from rl_replenishment.tasks import propose
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.case import IntegrationTestCase

#: every DocType that the sample company may write to
COUNTED = (
	*("Bin", "Company", "Customer", "Delivery Note", "Fiscal Year", "GL Entry", "Item", "Item Group"),
	*("Material Request", "Purchase Order", "Purchase Receipt", "Stock Entry", "Stock Ledger Entry"),
	*("Supplier", "UOM", "Warehouse", "Account", "Cost Center", "File", "Tag Link"),
	*("RL Agent Settings", "RL Policy", "RL Proposal", "RL Proposal Run"),
)


def counts() -> dict[str, int]:
	return {doctype: frappe.db.count(doctype) for doctype in COUNTED}


class TestDemo(IntegrationTestCase):
	def setUp(self) -> None:
		told = patch.object(click, "echo")
		told.start()
		self.addCleanup(told.stop)
		self.name = make.unique("Sample")
		self.before = counts()
		self.addCleanup(self.clear)

	def clear(self) -> None:
		"""Making a company commits on its way, so no rollback takes it away."""
		frappe.db.rollback()
		if frappe.db.exists("Company", self.name):
			demo.clear()

	def agent(self):
		return frappe.get_doc("RL Agent Settings", self.name)

	def test_made_used_and_cleared(self) -> None:
		"""Bins agree with the ledger, the agent finds demand and lead times; then everything goes."""
		made = demo.make(items=6, days=120, company=self.name)
		self.assertEqual((made["agent"], made["items"], made["days"]), (self.name, 6, 120))
		keys = resolve_scope(self.agent()).keys
		self.assertEqual(len(keys), 6)
		for key in keys:
			ledger = frappe.get_all(
				"Stock Ledger Entry",
				{"item_code": key.item_code, "warehouse": key.warehouse, "is_cancelled": 0},
				pluck="actual_qty",
			)
			values = frappe.db.get_value(
				"Bin", {"item_code": key.item_code, "warehouse": key.warehouse}, ["actual_qty", "ordered_qty"]
			)
			self.assertAlmostEqual(values[0], sum(ledger), places=3)
			self.assertGreaterEqual(values[0], 0)
		history = read_demand(self.agent(), keys, days=120, today=getdate())
		self.assertEqual(str(history.end), nowdate())
		self.assertTrue((history.demand.sum(axis=0) > 0).all())
		items, _purchasing = read_parameters(self.agent(), keys)
		self.assertTrue((items.lead_time_days > 0).all())
		propose(self.name, force=True)
		self.assertEqual(demo.clear(), {"cleared": True, "kept": {}})
		self.assertEqual(counts(), self.before)

	def test_from_files(self) -> None:
		"""An ORDERS file's own demand, its last day taken for yesterday."""
		lines = [f"Bolt,{add_days('2025-01-01', day)},{day % 4 + 1}" for day in range(60)]
		with tempfile.TemporaryDirectory() as folder:
			orders = Path(folder) / "orders.csv"
			orders.write_text("item_code,date,qty\n" + "\n".join(lines) + "\n")
			demo.make(orders_file=str(orders), days=60, company=self.name)
		(key,) = resolve_scope(self.agent()).keys
		history = read_demand(self.agent(), [ItemKey(*key)], days=60, today=getdate())
		self.assertAlmostEqual(float(history.demand.sum()), sum(day % 4 + 1 for day in range(60)), places=3)

	def test_a_bad_file_is_refused_in_a_sentence(self) -> None:
		with self.assertRaises(SystemExit) as refused:
			demo.make(orders_file="/nowhere/orders.csv", company=self.name)
		self.assertIn("orders.csv does not exist", str(refused.exception))
		self.assertEqual(counts(), self.before)

	def test_only_for_system_managers(self) -> None:
		frappe.set_user(make.make_user("Purchase Manager"))
		self.addCleanup(lambda: frappe.set_user("Administrator"))
		# Frappe lets everybody pass in tests
		frappe.flags.in_test = False
		self.addCleanup(lambda: frappe.flags.update(in_test=True))
		for function in (demo.make, demo.clear):
			self.assertRaises(frappe.PermissionError, function)
