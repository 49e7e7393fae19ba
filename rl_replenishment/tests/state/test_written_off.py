"""What was given up is no demand; what was used up is."""

from __future__ import annotations

import frappe

from rl_replenishment.bridge.state.written_off import is_called_so
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.state.demand_case import DemandCase


class TestWrittenOff(DemandCase):
	def issue(self, qty: float, ago: int, *, entry_type: str = "Material Issue", account: str = "") -> None:
		line = {"item_code": self.item, "s_warehouse": self.warehouse, "qty": qty}
		entry = frappe.get_doc(
			{
				"doctype": "Stock Entry",
				"stock_entry_type": entry_type,
				"company": make.company(),
				"set_posting_time": 1,
				"posting_date": self.day(ago),
				"items": [{**line, "expense_account": account} if account else line],
			}
		).insert()
		entry.submit()

	def entry_type(self, name: str, **values) -> str:
		document = {"doctype": "Stock Entry Type", "name": f"{name} {make.unique('Type')}", **values}
		return frappe.get_doc({"purpose": "Material Issue", **document}).insert().name

	def account(self, name: str, **values) -> str:
		parent = frappe.db.get_value(
			"Account", {"company": make.company(), "is_group": 1, "account_name": "Indirect Expenses"}
		)
		document = {"doctype": "Account", "account_name": make.unique(name), "parent_account": parent}
		return frappe.get_doc({**document, "company": make.company(), **values}).insert().name

	def test_by_the_type_of_the_entry(self) -> None:
		self.issue(5000 - 60, 30, entry_type=self.entry_type("Write-Off"))
		self.issue(7, 25, entry_type=self.entry_type("Verschrottung"))
		self.issue(4, 20, entry_type=self.entry_type("Workshop"))
		self.issue(3, 15)
		self.assertEqual(self.demand(), {20: 4, 15: 3})

	def test_a_type_can_be_marked(self) -> None:
		self.issue(8, 30, entry_type=self.entry_type("Samples for Trade Fairs", rl_demand="No"))
		self.issue(5, 25, entry_type=self.entry_type("Loss Leaders", rl_demand="Yes"))
		self.assertEqual(self.demand(), {25: 5})

	def test_by_the_account(self) -> None:
		"""The company's own for writing off, and those that are called so; not what is used."""
		written_off = frappe.get_cached_value("Company", make.company(), "write_off_account")
		self.issue(900, 30, account=written_off)
		self.issue(800, 28, account=self.account("Expired Goods"))
		self.issue(6, 20, account=self.account("Repairs of Machines"))
		self.assertEqual(self.demand(), {20: 6})
		# a type that is marked as demand is demand whatever the account
		self.issue(2, 10, account=written_off, entry_type=self.entry_type("Vans", rl_demand="Yes"))
		self.assertEqual(self.demand(), {20: 6, 10: 2})

	def test_the_account_for_adjustments_speaks_where_the_item_has_another(self) -> None:
		adjustment = frappe.get_cached_value("Company", make.company(), "stock_adjustment_account")
		self.issue(9, 30, account=adjustment)
		self.assertEqual(self.demand(), {30: 9})
		item = frappe.get_doc("Item", self.item)
		own = frappe.get_cached_value("Company", make.company(), "default_expense_account")
		rows = item.get("item_defaults", {"company": make.company()}) or [item.append("item_defaults", {})]
		rows[0].update({"company": make.company(), "expense_account": own})
		item.save()
		self.issue(3, 20, account=own)
		self.assertEqual(self.demand(), {20: 3})

	def test_scrap_that_is_transferred_or_repacked(self) -> None:
		scrap = make.make_warehouse()
		entry = frappe.get_doc(
			{
				"doctype": "Stock Entry",
				"stock_entry_type": self.entry_type("Scrapping", purpose="Material Transfer"),
				"company": make.company(),
				"set_posting_time": 1,
				"posting_date": self.day(12),
				"items": [
					{"item_code": self.item, "s_warehouse": self.warehouse, "t_warehouse": scrap, "qty": 11}
				],
			}
		).insert()
		entry.submit()
		self.assertEqual(self.demand(), {})

	def test_names(self) -> None:
		for name in (
			"Scrap",
			"Stock write off",
			"Written down",
			"Wastage",
			"Damaged Goods",
			"Theft",
			"Inventurdifferenz",
		):
			self.assertTrue(is_called_so(name), name)
		for name in (
			"Production",
			"Glossy Paper",
			"Disposition",
			"Eigenverbrauch",
			"Maintenance",
			"Marketing",
		):
			self.assertFalse(is_called_so(name), name)
