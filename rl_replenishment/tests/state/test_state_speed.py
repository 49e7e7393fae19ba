"""Reading the state of many items: as many queries as for few, and quick.

With RL_SLOW=1 at the sizes that the documentation names, 10,000 bins and a million ledger rows.
"""

from __future__ import annotations

import os
import time
from unittest.mock import patch

import frappe
from frappe.utils import add_days, getdate, now_datetime, nowdate

from rl_replenishment.bridge.state.demand import read_demand
from rl_replenishment.bridge.state.outages import without_gaps
from rl_replenishment.bridge.state.parameters import read_parameters
from rl_replenishment.bridge.state.scope import resolve_scope
from rl_replenishment.bridge.state.stock import read_stock
from rl_replenishment.core.demand.statistics import LOOKBACK_DAYS
from rl_replenishment.core.items import ItemTable
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.case import IntegrationTestCase

SLOW = bool(os.environ.get("RL_SLOW"))
FEW, MANY = (1000, 10_000) if SLOW else (20, 200)
LEDGER_ROWS = 1_000_000 if SLOW else 2000
STOCK_SECONDS, DEMAND_SECONDS = 2.0, 5.0


class TestStateSpeed(IntegrationTestCase):
	def setUp(self) -> None:
		commit = patch.object(frappe.db, "commit")
		commit.start()
		self.addCleanup(commit.stop)
		frappe.db.savepoint("before_test")
		self.addCleanup(lambda: frappe.db.rollback(save_point="before_test"))

	def warehouse_with(self, count: int) -> tuple[str, list[str]]:
		"""A warehouse with bins of so many items, and a line on order for each."""
		warehouse, pattern = make.make_warehouse(), frappe.get_doc("Item", make.make_item())
		prefix = make.unique("Bulk")
		codes = [f"{prefix}-{number:05}" for number in range(count)]
		values = pattern.get_valid_dict(convert_dates_to_str=True)
		self.insert(
			"Item", [{**values, "name": code, "item_code": code, "item_name": code} for code in codes]
		)
		self.insert(
			"Bin",
			[
				{"name": f"{code}-bin", "item_code": code, "warehouse": warehouse, "actual_qty": 5}
				for code in codes
			],
		)
		order = make.unique("PO")
		self.insert(
			"Purchase Order",
			[{"name": order, "docstatus": 1, "company": make.company(), "status": "To Receive and Bill"}],
		)
		self.insert(
			"Purchase Order Item",
			[
				{
					"name": f"{code}-line",
					"parent": order,
					"parenttype": "Purchase Order",
					"parentfield": "items",
					"docstatus": 1,
					"item_code": code,
					"warehouse": warehouse,
					"qty": 7,
					"stock_qty": 7,
					"conversion_factor": 1,
					"schedule_date": nowdate(),
				}
				for code in codes
			],
		)
		return warehouse, codes

	@staticmethod
	def insert(doctype: str, rows: list[dict]) -> None:
		stamp = now_datetime()
		marks = {
			"creation": stamp,
			"modified": stamp,
			"owner": "Administrator",
			"modified_by": "Administrator",
		}
		stamped = [{**marks, **row} for row in rows]
		fields = list(dict.fromkeys(name for row in stamped for name in row))
		frappe.db.bulk_insert(doctype, fields, [[row.get(name) for name in fields] for row in stamped])

	def measured(self, work) -> tuple[object, int, float]:
		"""What comes back, the number of queries, and the seconds."""
		queries = 0
		original = frappe.db.sql

		def counting(*arguments, **options):
			nonlocal queries
			queries += 1
			return original(*arguments, **options)

		with patch.object(frappe.db, "sql", counting):
			started = time.perf_counter()
			result = work()
			return result, queries, time.perf_counter() - started

	def test_as_many_queries_for_many_items_as_for_few(self) -> None:
		"""Scope, parameters, stock and demand; stock and order state of 10,000 bins in 2 s."""
		found = {}
		for count in (FEW, MANY):
			warehouse, _codes = self.warehouse_with(count)
			agent = make.make_agent([warehouse])
			scope, scope_queries, scope_seconds = self.measured(lambda agent=agent: resolve_scope(agent))
			keys = scope.keys
			self.assertEqual(len(keys), count)
			(items, _), item_queries, item_seconds = self.measured(
				lambda agent=agent, keys=keys: read_parameters(agent, keys)
			)
			stock, stock_queries, stock_seconds = self.measured(
				lambda agent=agent, keys=keys, items=items: read_stock(
					agent, keys, getdate(), items.whole_lead_time_days
				)
			)
			_, demand_queries, _ = self.measured(
				lambda agent=agent, keys=keys: read_demand(agent, keys, days=60, today=getdate())
			)
			self.assertEqual((stock.on_hand.sum(), stock.on_order.sum()), (5 * count, 7 * count))
			found[count] = (scope_queries, item_queries, stock_queries)
			print(
				f"\n{count} bins: scope {scope_seconds:.2f} s in {scope_queries} queries, parameters "
				f"{item_seconds:.2f} s in {item_queries}, stock and orders {stock_seconds:.2f} s in "
				f"{stock_queries}, demand in {demand_queries}"
			)
			agent.db_set("enabled", 0)
		self.assertEqual(found[FEW], found[MANY])
		self.assertLess(stock_seconds, STOCK_SECONDS)

	def test_recent_demand(self) -> None:
		"""What the policy looks at, of 10,000 item-warehouses with a million ledger rows, in 5 s."""
		warehouse, codes = self.warehouse_with(MANY)
		agent = make.make_agent([warehouse])
		keys = resolve_scope(agent).keys
		items = ItemTable.create(keys)
		per_item = LEDGER_ROWS // MANY
		days = [add_days(nowdate(), -1 - day * (LOOKBACK_DAYS // per_item)) for day in range(per_item)]
		for first in range(0, MANY, 1000):
			self.insert(
				"Stock Ledger Entry",
				[
					{
						"name": f"{code}-{number}",
						"docstatus": 1,
						"item_code": code,
						"warehouse": warehouse,
						"posting_date": day,
						"posting_datetime": f"{day} 12:00:00",
						"actual_qty": -2,
						"qty_after_transaction": 1000 - 2 * number,
						"voucher_type": "Delivery Note",
						"voucher_no": f"{code}-{number}",
						"company": make.company(),
						"is_cancelled": 0,
					}
					for code in codes[first : first + 1000]
					for number, day in enumerate(days)
				],
			)
		history, queries, seconds = self.measured(
			lambda: (
				without_gaps(
					agent, items, read_demand(agent, keys, days=LOOKBACK_DAYS, today=getdate())
				).history
			)
		)
		self.assertEqual(float(history.demand.sum()), 2.0 * per_item * MANY)
		print(f"\ndemand of {MANY} items from {per_item * MANY:,} rows: {seconds:.2f} s in {queries} queries")
		self.assertLess(seconds, DEMAND_SECONDS)
