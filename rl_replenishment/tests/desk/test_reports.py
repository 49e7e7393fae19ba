"""Every report with every filter, with data and without, of what the user may see, and quick with much."""

from __future__ import annotations

import os
import time
from itertools import product

import frappe
import numpy as np
from frappe.utils import add_days, fmt_money, getdate, now_datetime, nowdate

from rl_replenishment.bridge.desk.reporting import GROUPS, percent
from rl_replenishment.bridge.state.stock import Stock
from rl_replenishment.rl_replenishment.report.rl_stock_health.rl_stock_health import days_until_empty
from rl_replenishment.setup.roles import MANAGER, USER
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.desk.report_case import ReportCase

REPORTS = (
	"RL Feedback Analysis",
	"RL Edit Value",
	"RL Stock Health",
	"RL Supplier Lead Times",
	"RL Backtest",
)
MANY_ROWS, MANY_ITEMS, SECONDS = (200_000, 10_000, 3.0) if os.environ.get("RL_SLOW") else (2_000, 100, 1.5)


class TestFeedbackReports(ReportCase):
	def setUp(self) -> None:
		super().setUp()
		self.answer(100, 100)
		self.answer(100, 130, edit_reason="Promotion", edit_value=50, edit_value_on=nowdate())
		self.answer(100, 60, edit_value=-20, edit_value_on=nowdate())
		self.answer(100, 0, item_code=self.items[1], buyer="Guest", edit_value=5, edit_value_on=nowdate())
		self.answer(100, 40, item_code=self.items[2], decision_date=add_days(nowdate(), -200))

	def test_analysis(self) -> None:
		found = self.report("RL Feedback Analysis", company=self.company, agent=self.agent.name)
		first, second = (row for row in found.result if isinstance(row, dict))
		self.assertEqual(first.group_name, self.items[0])
		self.assertEqual(
			(first.line_count, first.kept, first.raised, first.cut, first.turned_down), (3, 1, 1, 1, 0)
		)
		self.assertAlmostEqual(first.acceptance, 100 / 3)
		self.assertAlmostEqual(first.mean_change, (0 + 30 + 40) / 3)
		self.assertAlmostEqual(first.mean_reward, (1 - 3 - 4) / 3)
		self.assertEqual((second.line_count, second.turned_down), (1, 1))
		summary = {row["label"]: row["value"] for row in found.report_summary}
		self.assertEqual((summary["Decisions"], summary["Kept"]), (4, percent(25)["value"]))
		self.assertEqual(found.chart["data"]["datasets"][0]["values"], [25])
		by_reward = self.report(
			"RL Feedback Analysis", company=self.company, agent=self.agent.name, chart="Mean Agreement"
		)
		(reward,) = by_reward.chart["data"]["datasets"][0]["values"]
		self.assertEqual(summary["Mean Agreement"], fmt_money(reward, precision=2))

	def test_each_decision_once(self) -> None:
		"""Not before the buyer has decided, and what was corrected as it is now."""
		before = self.rows("RL Feedback Analysis", company=self.company, agent=self.agent.name)
		self.answer(100, 0, settled=0)
		corrected = self.answer(100, 100)
		self.answer(100, 0, correction_of=corrected)
		after = self.rows("RL Feedback Analysis", company=self.company, agent=self.agent.name)
		self.assertEqual(after[0].line_count, before[0].line_count + 1)
		self.assertEqual((after[0].kept, after[0].turned_down), (before[0].kept, 1))

	def test_value(self) -> None:
		found = self.report("RL Edit Value", company=self.company, agent=self.agent.name, group_by="Buyer")
		rows = {row.group_name: row for row in found.result if isinstance(row, dict)}
		own = rows["Administrator"]
		self.assertEqual((own.line_count, own.paid, own.saved, own.lost, own.net), (2, 1, 50, -20, 30))
		self.assertEqual(
			(own.paid_share, own.mean, own.currency),
			(50, 15, "INR" if own.currency == "INR" else own.currency),
		)
		self.assertEqual(rows["Guest"].net, 5)
		self.assertEqual({row["label"]: row["value"] for row in found.report_summary}["Value of All"], 35)

	def test_every_group_and_filter(self) -> None:
		"""Each filter keeps what it names, by each group, in both reports."""
		kept = {
			"item_code": (self.items[1], 1),
			"item_group": ("Products", 4),
			"supplier": (self.supplier, 4),
			"buyer": ("Guest", 1),
			"edit_reason": ("Promotion", 1),
			"agent": (self.agent.name, 4),
		}
		for group, (name, (value, count)) in product(GROUPS, kept.items()):
			with self.subTest(group, filter=name):
				filters = {"company": self.company, "agent": self.agent.name, "group_by": group, name: value}
				rows = self.rows("RL Feedback Analysis", **filters)
				self.assertEqual(sum(row.line_count for row in rows), count)
				valued = self.rows("RL Edit Value", **filters)
				self.assertEqual(sum(row.line_count for row in valued), min(count, 3))

	def test_which_company(self) -> None:
		"""Said where nobody chose one of several."""
		other = make.make_company()
		make.make_agent([frappe.db.get_value("Warehouse", {"company": other})], company=other)
		for name in ("RL Feedback Analysis", "RL Edit Value"):
			self.answer(10, 12, edit_value=1, edit_value_on=nowdate())
			self.assertIn("choose another", self.report(name).message or "")
			self.assertFalse(self.report(name, company=self.company).message)

	def test_dates(self) -> None:
		asked = {"company": self.company, "agent": self.agent.name}
		old = self.rows(
			"RL Feedback Analysis",
			**asked,
			from_date=add_days(nowdate(), -300),
			to_date=add_days(nowdate(), -100),
		)
		self.assertEqual([row.group_name for row in old], [self.items[2]])
		with self.assertRaisesRegex(frappe.ValidationError, "is after To Date"):
			self.rows("RL Feedback Analysis", **asked, from_date=nowdate(), to_date=add_days(nowdate(), -1))
		with self.assertRaisesRegex(frappe.ValidationError, "choose one of"):
			self.rows("RL Feedback Analysis", **asked, group_by="Colour; drop table")


class TestStockReports(ReportCase):
	def test_health(self) -> None:
		"""What is gone, what runs out before an order could arrive, what is well, and what is too much."""
		gone, short, much = self.items
		well = make.make_item(self.supplier)
		agent = make.make_agent([self.warehouse], [*self.items, well], enabled=0)
		for item, stock in ((gone, 0), (short, 20), (much, 3000), (well, 150)):
			make.sell_every_day(item, self.warehouse, 4)
			if stock:
				make.make_stock(item, self.warehouse, stock)
		found = self.report("RL Stock Health", agent=agent.name)
		rows = {row["item_code"]: row for row in found.result if isinstance(row, dict)}
		health = {item: rows[item]["health"] for item in (gone, short, well, much)}
		self.assertEqual(list(health.values()), ["Out of Stock", "Runs Out", "Healthy", "Too Much"])
		self.assertEqual([row["item_code"] for row in found.result[:2]], [gone, short], "most urgent first")
		self.assertAlmostEqual(rows[well]["days_of_cover"], 150 / rows[well]["daily_demand"], places=3)
		# each in a colour of its own
		parts = [part["values"] for part in found.chart["data"]["datasets"]]
		self.assertEqual(parts, np.eye(4, dtype=int).tolist())
		self.assertEqual(len(set(found.chart["colors"])), 4)
		for filters in (
			{"health": "Too Much"},
			{"supplier": "none"},
			{"warehouse": "none"},
			{"item_group": "none"},
		):
			left = self.rows("RL Stock Health", agent=agent.name, **filters)
			self.assertEqual([row["item_code"] for row in left], [much] if "health" in filters else [])
		everything = self.rows("RL Stock Health", agent=agent.name, item_group="All Item Groups")
		self.assertEqual(len(everything), 4, "groups below the one that was asked for")

	def test_arrivals(self) -> None:
		"""The next of each item, and what is overdue: also of items that nothing is proposed of."""
		late, due, _nothing = self.items
		agent = make.make_agent([self.warehouse], self.items, enabled=0)
		for item in self.items:
			make.make_stock(item, self.warehouse, 100)
		for item, days, qty in ((late, -3, 5), (due, 4, 6), (due, 9, 7)):
			make.make_purchase_order(self.supplier, item, self.warehouse, qty, add_days(nowdate(), days))
		rows = {row["item_code"]: row for row in self.rows("RL Stock Health", agent=agent.name)}
		arrivals = [(rows[item]["next_arrival"], rows[item]["overdue"]) for item in self.items]
		expected = [(getdate(), 5), (getdate(add_days(nowdate(), 4)), 0), (None, 0)]
		self.assertEqual(arrivals, expected)
		(overdue,) = self.rows("RL Stock Health", agent=agent.name, overdue=1)
		self.assertEqual(overdue["item_code"], late)

	def test_days_until_empty(self) -> None:
		arrivals, promised, none = (np.zeros((4, 5), np.float32) for _ in range(3))
		arrivals[3] = [0, 10, 0, 0, 0]
		promised[2] = [0, 0, 0, 0, 8]
		on_hand = np.float32([7, 7, 7, -1, 7])
		stock = Stock(on_hand, arrivals, arrivals.sum(axis=0), none[0], promised, *[none[0]] * 3)
		found = days_until_empty(stock, np.float32([2, 2, 0, 1, 0]))
		self.assertEqual(found.tolist(), [3, 8, np.inf, 0, 2])

	def test_lead_times(self) -> None:
		"""Promised in 5 days; arrived after 3 and 9."""
		for days in (3, 9):
			self.receive(ordered=30, promised=25, received=30 - days)
		(row,) = self.rows("RL Supplier Lead Times", company=self.company, supplier=self.supplier)
		self.assertEqual(
			(row.receipts, row.promised, row.actual, row.delay, row.late_share), (2, 5, 6, 1, 50)
		)
		self.assertAlmostEqual(row.spread, 18**0.5, places=3)
		by_item = self.rows("RL Supplier Lead Times", company=self.company, supplier=self.supplier, by_item=1)
		self.assertEqual([each.item_code for each in by_item], [self.items[0]])
		none = self.rows("RL Supplier Lead Times", company=self.company, item_code=self.items[1])
		self.assertEqual(none, [])
		with self.assertRaisesRegex(frappe.ValidationError, "is after To Date"):
			self.rows(
				"RL Supplier Lead Times",
				company=self.company,
				from_date=nowdate(),
				to_date=add_days(nowdate(), -1),
			)

	def receive(self, *, ordered: int, promised: int, received: int) -> None:
		"""A Purchase Order and its receipt, so many days ago."""
		from erpnext.buying.doctype.purchase_order.purchase_order import make_purchase_receipt

		order = frappe.get_doc(
			{
				"doctype": "Purchase Order",
				"company": self.company,
				"supplier": self.supplier,
				"transaction_date": add_days(nowdate(), -ordered),
				"schedule_date": add_days(nowdate(), -promised),
				"items": [
					{
						"item_code": self.items[0],
						"qty": 5,
						"rate": 10,
						"warehouse": self.warehouse,
						"schedule_date": add_days(nowdate(), -promised),
					}
				],
			}
		).insert()
		order.submit()
		receipt = make_purchase_receipt(order.name)
		receipt.update({"set_posting_time": 1, "posting_date": add_days(nowdate(), -received)})
		receipt.insert()
		receipt.submit()


class TestAllReports(ReportCase):
	def test_without_data(self) -> None:
		"""No row, no chart, and no failure."""
		for name in REPORTS:
			with self.subTest(name):
				found = self.report(
					name, company=self.company, agent=self.agent.name, supplier=make.make_supplier()
				)
				self.assertEqual([row for row in found.result if isinstance(row, dict)], [])
				self.assertTrue(found.columns)

	def test_who_may_see_them(self) -> None:
		"""Both roles; nobody else, and nobody another company's agents."""
		manager, user, buyer = make.make_user(MANAGER), make.make_user(USER), make.make_user("Purchase User")
		for name in REPORTS:
			asked = {"company": self.company, "agent": self.agent.name}
			for allowed in (manager, user):
				frappe.set_user(allowed)
				self.report(name, **asked)
			frappe.set_user(buyer)
			with self.subTest(name), self.assertRaises(frappe.PermissionError):
				self.report(name, **asked)
			frappe.set_user("Administrator")

	def test_of_agents_that_the_user_may_see(self) -> None:
		self.answer(100, 130, edit_value=5, edit_value_on=nowdate())
		other = make.make_agent([make.make_warehouse()], [make.make_item()])
		user = make.make_user(USER)
		frappe.get_doc(
			{
				"doctype": "User Permission",
				"user": user,
				"allow": "RL Agent Settings",
				"for_value": other.name,
			}
		).insert()
		frappe.set_user(user)
		for name in ("RL Feedback Analysis", "RL Edit Value"):
			self.assertEqual(self.rows(name, company=self.company), [])
		for name in ("RL Stock Health", "RL Backtest"):
			with self.assertRaises(frappe.PermissionError):
				self.report(name, agent=self.agent.name)

	def test_quick_with_much(self) -> None:
		"""Each opens in three seconds with 200,000 rows of feedback and 10,000 items."""
		now = now_datetime()
		codes = [f"RL-REPORT-{number:05d}" for number in range(MANY_ITEMS)]
		self.insert(
			"Item",
			[
				{
					"name": code,
					"creation": now,
					"item_code": code,
					"item_name": code,
					"item_group": "Products",
					"stock_uom": "Nos",
					"is_stock_item": 1,
					"is_purchase_item": 1,
				}
				for code in codes
			],
		)
		self.insert(
			"Bin",
			[
				{
					"name": f"RL-REPORT-BIN-{number}",
					"item_code": code,
					"warehouse": self.warehouse,
					"actual_qty": 10,
				}
				for number, code in enumerate(codes)
			],
		)
		self.insert(
			"RL Feedback",
			[
				{
					"name": f"rl-report-{number}",
					"creation": now,
					"agent": self.agent.name,
					"company": self.company,
					"item_code": codes[number % MANY_ITEMS],
					"item_group": f"Group {number % 20}",
					"buyer": f"buyer{number % 10}@example.com",
					"proposed_qty": 10,
					"ordered_qty": 10 + number % 3,
					"scale": 5,
					"reward": 1 if number % 3 == 0 else -0.5,
					"decision_date": add_days(nowdate(), -(number % 80)),
					"edit_value": number % 7 - 3,
					"edit_value_on": nowdate(),
					"settled": 1,
				}
				for number in range(MANY_ROWS)
			],
		)
		agent = make.make_agent([self.warehouse], enabled=0)
		kinds = ("cost", "fill_rate", "average_stock", "rule_cost", "rule_fill_rate", "rule_average_stock")
		by_item = {"item_code": codes, "warehouse": [self.warehouse] * MANY_ITEMS}
		self.compared_policy(101, {}, {**by_item, **{kind: [0.5] * MANY_ITEMS for kind in kinds}})
		for name in REPORTS:
			for group in ("Item", "Buyer") if "Stock" not in name else ("",):
				started = time.perf_counter()
				self.report(
					name,
					company=self.company,
					agent=agent.name if name == "RL Stock Health" else self.agent.name,
					group_by=group,
					by=group,
				)
				seconds = time.perf_counter() - started
				print(f"\n{name} by {group or 'nothing'}: {seconds:.2f} s")  # noqa: T201
				with self.subTest(name, group=group):
					self.assertLess(seconds, SECONDS)

	def insert(self, doctype: str, rows: list[dict]) -> None:
		frappe.db.bulk_insert(doctype, list(rows[0]), [list(row.values()) for row in rows], chunk_size=10_000)
