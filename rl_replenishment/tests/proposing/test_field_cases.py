"""What purchasing departments report of software that proposes orders, on a real site."""

from __future__ import annotations

import json

import frappe
from frappe.utils import add_days, formatdate, getdate, nowdate

from rl_replenishment.bridge.proposing import run as proposal_run
from rl_replenishment.rl_replenishment.report.rl_stock_health.rl_stock_health import execute as stock_health
from rl_replenishment.tasks import propose
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.case import RolledBackCase


class TestFieldCases(RolledBackCase):
	"""BOLT sells 10 a day, has a lead time of 10 days, and each order costs 4: with 50 on hand, about 390."""

	def setUp(self) -> None:
		super().setUp()
		self.supplier, self.warehouse = make.make_supplier(), make.make_warehouse()

	def bolt(self, on_hand: float = 50, rate: float = 10, **values) -> str:
		bolt = make.make_item(self.supplier, **{"lead_time_days": 10, "valuation_rate": 2, **values})
		if on_hand:
			make.make_stock(bolt, self.warehouse, on_hand, rate=2)
		if rate:
			make.sell_every_day(bolt, self.warehouse, rate, days=120)
		return bolt

	def proposed(self, item: str, **values) -> float:
		"""What an agent of its own proposes of an item; what it says is in `text`, `messages` and `run`."""
		agent = make.make_agent([self.warehouse], [item], order_cost=4, enabled=0, **values)
		self.agent = agent
		result = proposal_run.propose_for(agent.name)
		self.run = frappe.get_doc("RL Proposal Run", result["run"])
		self.messages = self.run.messages
		found = frappe.get_all("RL Proposal", {"run": self.run.name}, ["proposed_qty", "explanation"])
		self.text = found[0].explanation if found else ""
		if not found:
			kept = json.loads(self.run.not_ordered or "{}")
			self.text = (kept.get("held_back") or [""])[0]
		return found[0].proposed_qty if found else 0.0

	def health(self) -> str:
		_columns, rows, *_rest = stock_health({"agent": self.agent.name})
		return rows[0]["health"]

	def test_the_common_ground(self):
		self.assertAlmostEqual(self.proposed(self.bolt()), 380, delta=30)

	def test_an_order_that_never_came(self):
		"""Due 60 days ago and never received: it is bought again, and named. Late by days, it still comes."""
		# as dear as these orders have it
		late, lost, other = (self.bolt(on_hand=0, valuation_rate=1) for _ in range(3))
		usual = self.proposed(other)
		for item, days in ((late, 5), (lost, 60)):
			due = add_days(nowdate(), -days)
			make.make_purchase_order(self.supplier, item, self.warehouse, 2000, due, add_days(due, -10))
		self.assertEqual(self.proposed(late), 0)
		self.assertEqual(self.proposed(lost), usual)
		self.assertIn("60 days overdue and not counted on any more", self.text)
		self.assertIn(f"2,000 of {lost} in {self.warehouse}, by 60 days", self.messages)
		self.assertEqual(self.health(), "Out of Stock")
		_columns, (row,), *_rest = stock_health({"agent": self.agent.name})
		self.assertEqual((row["on_order"], row["overdue"]), (2000 + usual, 2000))

	def test_stock_health_and_a_far_off_order(self):
		"""Neither is deceived by 2,000 that are due in 300 days: the shelf is empty, and it is filled."""
		bolt = self.bolt(on_hand=0)
		make.make_purchase_order(self.supplier, bolt, self.warehouse, 2000, add_days(nowdate(), 300))
		self.assertGreater(self.proposed(bolt), 300)
		self.assertEqual(self.health(), "Out of Stock")
		# enough for now, and what comes late is not too much now
		full = self.bolt(on_hand=450)
		make.make_purchase_order(self.supplier, full, self.warehouse, 2000, add_days(nowdate(), 300))
		self.assertEqual(self.proposed(full), 0)
		self.assertEqual(self.health(), "Healthy")

	def test_stock_health_and_what_is_promised(self):
		"""450 last for six weeks, unless 400 of them are to leave tomorrow."""
		bolt = self.bolt(on_hand=450)
		make.make_sales_order(make.make_customer(), self.warehouse, {bolt: 400}, days=1)
		self.assertGreater(self.proposed(bolt), 300)
		self.assertEqual(self.health(), "Runs Out")

	def test_promised_for_a_day_far_ahead(self):
		"""Bought then: now the shelf is what it is."""
		bolt = self.bolt(on_hand=400)
		make.make_sales_order(make.make_customer(), self.warehouse, {bolt: 600}, days=180)
		self.assertEqual(self.proposed(bolt), 0)
		kept = json.loads(self.run.not_ordered)
		self.assertEqual(kept["on_hand"], [400])
		bolt = self.bolt(on_hand=50)
		usual = self.proposed(bolt)
		make.make_sales_order(make.make_customer(), self.warehouse, {bolt: 600}, days=180)
		self.assertEqual(self.proposed(bolt), usual)
		self.assertIn("with 50 on hand, 600 promised for 180 days from now", self.text)
		make.make_sales_order(make.make_customer(), self.warehouse, {bolt: 100}, days=12)
		self.assertAlmostEqual(self.proposed(bolt), usual + 100, delta=1)

	def batch(self, item: str, qty: float, days: int) -> None:
		batch = frappe.get_doc(
			{
				"doctype": "Batch",
				"batch_id": make.unique("B"),
				"item": item,
				"manufacturing_date": add_days(nowdate(), -200),
				"expiry_date": add_days(nowdate(), days),
			}
		).insert()
		make.make_batch_stock(item, self.warehouse, qty, batch.name, date=add_days(nowdate(), -150), rate=2)

	def test_expired_batches(self):
		"""300 that have expired, or expire before they can be sold, are no stock; the reason tells them."""
		fresh = self.proposed(self.bolt(on_hand=0))
		for days, left in ((-1, 0), (1, 20)):
			bolt = self.bolt(on_hand=0, rate=0, has_batch_no=1, has_expiry_date=1)
			self.batch(bolt, 300, days)
			make.sell_every_day(bolt, self.warehouse, 10, days=120)
			self.assertAlmostEqual(self.proposed(bolt), fresh - left, delta=1)
			self.assertIn(f"{300 - left} more expire before they can be sold", self.text)
			self.assertEqual(self.health(), "Runs Out" if left else "Out of Stock")

	def test_the_end_of_an_item(self):
		"""Not what arrives after it; shortly before, what is sold until then."""
		end = add_days(nowdate(), 14)
		late = self.bolt(lead_time_days=30, end_of_life=end)
		self.assertEqual(self.proposed(late), 0)
		self.assertIn("arrive after its end", self.text)
		self.assertIn("arrive after its end", self.messages)
		# four days are left when it comes
		soon = self.bolt(end_of_life=end)
		self.assertGreater(self.proposed(soon), 0)
		self.assertLessEqual(self.proposed(soon), 4 * 10)
		self.assertEqual(
			self.proposed(self.bolt(end_of_life=add_days(nowdate(), 1000))), self.proposed(self.bolt())
		)

	def test_a_supplier_on_hold(self):
		"""Named with the day of its release, not proposed without a word; for payments alone, it delivers."""
		until = add_days(nowdate(), 20)
		for values, words in (
			({"on_hold": 1, "hold_type": "All"}, "is on hold;"),
			(
				{"on_hold": 1, "hold_type": "Invoices", "release_date": until},
				f"is on hold until {formatdate(until)};",
			),
			({"on_hold": 1, "hold_type": "Payments"}, ""),
			({"on_hold": 1, "hold_type": "All", "release_date": add_days(nowdate(), -1)}, ""),
			({"prevent_pos": 1}, "may not be ordered from, by its scorecard;"),
		):
			with self.subTest(values):
				self.supplier = make.make_supplier(**values)
				proposed = self.proposed(self.bolt())
				if words:
					self.assertEqual(proposed, 0)
					self.assertIn(f"Supplier {self.supplier} {words} lines not proposed: 1.", self.messages)
					self.assertIn("of it are wanted; order from another supplier", self.text)
				else:
					self.assertGreater(proposed, 300)
					self.assertNotIn(self.supplier, self.messages)

	def test_a_smallest_order_that_lasts_for_years(self):
		"""Sold 60 a year, 1,000 at least: nothing, with the years in the run; also under a limit of cover."""
		slow = self.bolt(on_hand=0, rate=0.16, min_order_qty=1000, valuation_rate=120)
		self.assertEqual(self.proposed(slow), 0)
		self.assertRegex(self.messages, rf"{slow} @ .*: .*1,000 would last 1\d years")
		few = self.bolt(on_hand=5, rate=1, min_order_qty=100)
		for _run in range(2):
			self.assertEqual(self.proposed(few, max_cover_days=30), 0)
			self.assertRegex(
				self.messages, rf"{few} @ .*: With the smallest order, the stock would last 10\d days"
			)

	def test_a_further_run_under_a_limit_of_cover(self):
		"""It orders not one more piece."""
		bolt = self.bolt(on_hand=0)
		agent = make.make_agent([self.warehouse], [bolt], order_cost=4, max_cover_days=9)
		first = propose(agent.name, force=True)
		self.assertEqual(first["proposals"], 1)
		for _run in range(3):
			self.assertEqual(propose(agent.name, force=True)["proposals"], 0)

	def test_what_is_used_in_production_is_bought_for_the_store(self):
		"""An agent on the group above both: 10 a day are moved to work in progress and used up there."""
		group = make.make_warehouse(is_group=1)
		store = make.make_warehouse(group)
		used = make.make_warehouse(group, warehouse_type=make.make_warehouse_type("WIP"))
		bolt = self.bolt(on_hand=0, rate=0)
		make.make_stock(bolt, store, 450, date=add_days(nowdate(), -60))
		for days in range(56, 0, -7):
			entry = frappe.get_doc(
				{
					"doctype": "Stock Entry",
					"stock_entry_type": "Material Transfer",
					"purpose": "Material Transfer",
					"company": make.company(),
					"set_posting_time": 1,
					"posting_date": add_days(nowdate(), -days),
					"items": [{"item_code": bolt, "s_warehouse": store, "t_warehouse": used, "qty": 50}],
				}
			).insert()
			entry.submit()
			make.make_issue(bolt, used, 50, date=add_days(nowdate(), 1 - days))
		agent = make.make_agent([group], [bolt], order_cost=4)
		result = propose(agent.name, force=True)
		run = frappe.get_doc("RL Proposal Run", result["run"])
		lines = frappe.get_all(
			"Material Request Item", {"parent": ("in", result["material_requests"])}, ["warehouse", "qty"]
		)
		self.assertEqual([line.warehouse for line in lines], [store])
		self.assertGreater(lines[0].qty, 7 * 10)
		self.assertEqual([left["warehouse"] for left in json.loads(run.left_out)], [used])
		self.assertEqual(getdate(run.day), getdate())
