"""RL Backtest: policies beside the rules, in all and item by item."""

from __future__ import annotations

import json

import frappe

from rl_replenishment.tests.desk.report_case import ReportCase


class TestBacktest(ReportCase):
	def test_backtest(self) -> None:
		"""A row for the policy and for each rule, of the latest comparison: before it were other days."""
		names = ("cost", "holding_cost", "stockout_cost", "order_cost", "waste_cost", "stockout_days")
		figures = dict.fromkeys((*names, "average_inventory", "orders"), 10.0)
		compared = [
			{"name": "learned policy", "fill_rate": 0.95, "cost_vs_best_baseline": -0.1, **figures},
			{"name": "base-stock", "fill_rate": 0.9, "cost_vs_best_baseline": 0.0, **figures},
		]
		policies = [
			frappe.get_doc(
				{
					"doctype": "RL Policy",
					"agent": self.agent.name,
					"version": version,
					"metrics": json.dumps(metrics),
				}
			).insert()
			for version, metrics in (
				(101, {}),
				(100, {"holdout_days": 30, "holdout": {"policies": compared}}),
				(102, {"holdout_days": 60, "holdout": {"policies": compared}}),
			)
		]
		found = self.report("RL Backtest", agent=self.agent.name)
		rows = [row for row in found.result if isinstance(row, dict)]
		self.assertEqual([row["compared"] for row in rows], ["learned policy", "Fill Up"])
		self.assertEqual([row["is_best_rule"] for row in rows], [0, 1])
		self.assertEqual(
			(rows[0]["against_best"], rows[0]["fill_rate"], rows[0]["holdout_days"]), (-10, 95, 60)
		)
		self.assertEqual(self.rows("RL Backtest", agent=self.agent.name, policy=policies[0].name), [])

	def test_backtest_by_item(self) -> None:
		"""Of the policy in use, else of the latest one compared, beside the rule that was best in all."""
		self.assertIn("train", self.report("RL Backtest", agent=self.agent.name, by="Item").message)
		metrics = {"holdout": {"vs_best_rule": {"policy": "base-stock"}}}
		first, second, _bare = (
			self.compared_policy(version, metrics, by_item)
			for version, by_item in ((101, self.by_item(cost=80)), (102, self.by_item(cost=150)), (103, None))
		)
		rows = self.rows("RL Backtest", agent=self.agent.name, by="Item")
		self.assertEqual([row["item_code"] for row in rows], [self.items[1], self.items[0]])
		self.assertEqual([row["cost"] for row in rows], [150, 10])
		self.assertEqual([row["difference"] for row in rows], [50, 0])
		self.assertEqual(
			(rows[0]["against_rule"], rows[0]["fill_rate"], rows[1]["fill_rate"]), (50, 95, None)
		)
		self.agent.db_set("active_policy", first)
		found = self.report("RL Backtest", agent=self.agent.name, by="Item")
		self.assertEqual([row["cost"] for row in found.result], [80, 10])
		self.assertEqual([each["value"] for each in found.report_summary], [1, 0, -20])
		self.assertEqual(found.chart["data"]["labels"], [self.items[1], self.items[0]])
		asked = {"agent": self.agent.name, "by": "Item", "policy": second}
		for name, value in (
			("item_code", self.items[0]),
			("item_group", "None such"),
			("warehouse", self.warehouse),
		):
			with self.subTest(name):
				rows = self.rows("RL Backtest", **asked, **{name: value})
				self.assertEqual([row[name] for row in rows], [value] * len(rows))
				self.assertEqual(len(rows), {"item_code": 1, "item_group": 0, "warehouse": 2}[name])

	def by_item(self, cost: float) -> dict[str, list]:
		of_rule = {"rule_cost": [10, 100], "rule_fill_rate": [None, 0.9], "rule_average_stock": [1, 2]}
		return {
			"item_code": self.items[:2],
			"warehouse": [self.warehouse] * 2,
			"cost": [10, cost],
			"fill_rate": [None, 0.95],
			"average_stock": [1, 2],
			**of_rule,
		}
