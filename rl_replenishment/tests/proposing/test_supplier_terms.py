"""Proposal runs under suppliers' terms: minimums, days, currencies, and what is refused."""

from __future__ import annotations

import json
from datetime import timedelta

import frappe
from frappe.model.document import Document
from frappe.utils import formatdate, getdate

from rl_replenishment import api
from rl_replenishment.bridge.board.reading import board
from rl_replenishment.bridge.proposing.round import preview
from rl_replenishment.bridge.review_days import next_review_day
from rl_replenishment.bridge.state.supplier_terms import WEEKDAYS
from rl_replenishment.setup.roles import USER
from rl_replenishment.tasks import propose
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.case import RolledBackCase


class TestSupplierTerms(RolledBackCase):
	def setUp(self) -> None:
		super().setUp()
		self.supplier, self.other = make.make_supplier(), make.make_supplier()
		self.warehouse = make.make_warehouse()
		self.items = [
			make.make_item(supplier, valuation_rate=5, weight_per_unit=0.5, weight_uom="Kg")
			for supplier in (self.supplier, self.supplier, self.other)
		]
		for item in self.items:
			make.sell_every_day(item, self.warehouse, 4)

	def terms(self, **values):
		return frappe.get_doc({"doctype": "RL Supplier Terms", "supplier": self.supplier, **values}).insert()

	def previewed(self, agent):
		"""What would be proposed now, by item; nothing is written."""
		return {line["item_code"]: frappe._dict(line) for line in preview(agent.name)["lines"]}

	def proposed(self, agent):
		run = frappe.get_doc("RL Proposal Run", propose(agent.name, force=True)["run"])
		rows = frappe.get_all("RL Proposal", {"run": run.name}, ["*"])
		return run, {row.item_code: row for row in rows}

	def agent(self, **values):
		return make.make_agent([self.warehouse], self.items, **values)

	def test_lines_of_a_supplier_are_raised_together_and_say_so(self) -> None:
		agent = self.agent()
		before = self.previewed(agent)
		worth = sum(before[item].value for item in self.items[:2])
		self.assertGreater(worth, 0)
		self.terms(minimum_value=worth + 100)
		run, after = self.proposed(agent)
		raised = [item for item in self.items if after[item].proposed_qty > before[item].proposed_qty]
		self.assertGreaterEqual(
			sum(after[item].proposed_qty * after[item].rate for item in self.items[:2]), worth + 100
		)
		self.assertTrue(raised)
		self.assertNotIn(self.items[2], raised)
		for item in raised:
			self.assertIn(f"{self.supplier}'s minimum of ", after[item].explanation)
			request_line = frappe.get_doc("Material Request Item", after[item].material_request_item)
			self.assertEqual(request_line.rl_proposed_qty, after[item].proposed_qty)
		self.assertEqual(run.status, "Completed")

	def test_the_minimum_weight_counts_the_items_weights(self) -> None:
		agent = self.agent()
		before = self.previewed(agent)
		weight = 0.5 * sum(before[item].proposed_qty for item in self.items[:2])
		self.terms(minimum_weight=1000 * (weight + 10), weight_uom="Gram")
		if not frappe.db.exists("UOM Conversion Factor", {"from_uom": "Kg", "to_uom": "Gram"}):
			self.skipTest("this site does not know that a kilogram is 1,000 grams")
		after = self.previewed(agent)
		self.assertGreaterEqual(0.5 * sum(after[item].proposed_qty for item in self.items[:2]), weight + 10)

	def test_what_is_requested_already_counts_towards_the_minimum(self) -> None:
		"""A further run of the week adds what was sold since, and does not fill up again."""
		agent = self.agent()
		worth = sum(self.previewed(agent)[item].value for item in self.items[:2])
		self.terms(minimum_value=4 * worth, freight_cost=3, free_freight_value=4 * worth)
		_run, first = self.proposed(agent)
		value = sum(first[item].proposed_qty * first[item].rate for item in self.items[:2])
		self.assertGreaterEqual(value, 4 * worth)
		customer = make.make_customer()
		more = first[self.items[0]].proposed_qty
		make.make_sales_order(customer, self.warehouse, {self.items[0]: more})
		again, second = self.proposed(agent)
		self.assertEqual(set(second), {self.items[0]}, again.messages)
		self.assertLessEqual(second[self.items[0]].proposed_qty, more)
		self.assertNotIn("minimum", second[self.items[0]].explanation)
		make.make_material_request(self.items[1], self.warehouse, 4).submit()
		terms = board(agent.name)["terms"][agent.company][self.supplier]
		self.assertEqual(terms["placed"]["quantity"], 4)

	def test_what_has_gone_out_counts_no_more(self) -> None:
		agent, today = self.agent(), getdate()
		worth = sum(self.previewed(agent)[item].value for item in self.items[:2])
		self.terms(minimum_value=worth + 100)
		due = today + timedelta(days=60)
		for day, is_missing in ((today - timedelta(days=1), True), (today, False)):
			make.make_purchase_order(self.supplier, make.make_item(), self.warehouse, 150, due, day)
			words = " ".join(line.reason for line in self.previewed(agent).values())
			self.assertEqual("minimum of" in words, is_missing, words)

	def test_of_a_minimum_out_of_reach_what_cannot_wait_is_ordered_below_it(self) -> None:
		"""The empty shelf; what lasts until the next order is left for later, with what that costs."""
		make.make_stock(self.items[1], self.warehouse, 55)
		agent = self.agent(max_cover_days=30, order_cost=20)
		self.assertIn(self.items[1], self.previewed(agent))
		self.terms(minimum_value=10_000_000)
		run, found = self.proposed(agent)
		self.assertEqual(set(found), {self.items[0], self.items[2]})
		self.assertIn("Ordered below it: waiting until", found[self.items[0]].explanation)
		self.assertIn(f"{self.supplier}'s minimum of", run.messages)
		self.assertIn("is out of reach", run.messages)
		self.assertIn(f"ask {self.supplier} to accept them", run.messages)
		self.assertIn("Left for later: waiting until", run.not_ordered)

	def test_lines_wait_for_the_order_day(self) -> None:
		"""Where a later review is early enough, nothing is asked for; else the request bears the date."""
		day = getdate() + timedelta(days=3)
		self.terms(**{f"order_{WEEKDAYS[day.weekday()]}": 1})
		agent = self.agent(review_frequency="Daily")
		told = preview(agent.name)
		self.assertEqual([line["item_code"] for line in told["lines"]], [self.items[2]])
		self.assertIn(f"{self.supplier} takes orders on {formatdate(day)} next.", told["messages"])
		if getdate() + timedelta(days=4) > next_review_day("Monthly", getdate()):
			return
		agent.update({"review_frequency": "Monthly"}).save()
		_run, found = self.proposed(agent)
		for item in self.items[:2]:
			self.assertIn(f"To be ordered on {formatdate(day)}.", found[item].explanation)
			self.assertEqual(
				getdate(found[item].schedule_date) - getdate(found[self.items[2]].schedule_date),
				timedelta(days=3),
			)

	def test_the_board_says_what_is_asked_for(self) -> None:
		day = getdate() + timedelta(days=3)
		order_day = {f"order_{WEEKDAYS[day.weekday()]}": 1}
		self.terms(minimum_value=1, minimum_weight=2, weight_uom="Kg", freight_cost=3, **order_day)
		agent = self.agent(review_frequency="Monthly")
		self.proposed(agent)
		found = board(agent.name)
		own = [line for line in found["lines"] if line["supplier"] == self.supplier]
		for line in own:
			terms = found["terms"][line["company"]][self.supplier]
			self.assertEqual(terms["minimum"], {"value": 1, "weight": 2})
			self.assertEqual((terms["freight_cost"], terms["free_freight_value"]), (3, None))
			self.assertEqual(terms["weight"], {line["proposal"]: 0.5 for line in own})
			self.assertEqual(terms["order_on"], day)

	def test_lines_are_filled_up_anew_on_the_board(self) -> None:
		"""What the buyer has cut stays cut; the others make up for it, as far as they may."""
		agent = self.agent()
		worth = sum(self.previewed(agent)[item].value for item in self.items[:2])
		self.terms(minimum_value=worth + 100)
		_run, found = self.proposed(agent)
		cut, other = (found[item] for item in self.items[:2])
		lines = {cut.name: {"qty": 5}, other.name: {"qty": other.proposed_qty}}
		filled = api.board_round(agent.company, self.supplier, json.dumps(lines))
		self.assertEqual(set(filled["quantities"]), {other.name})
		self.assertTrue(filled["are_reached"])
		self.assertEqual(filled["reason"], "Supplier Minimum")
		reached = 5 * (5 + filled["quantities"][other.name])
		self.assertGreaterEqual(reached, worth + 100)
		self.assertLess(reached, worth + 110)
		lines[other.name]["qty"] = 0
		filled = api.board_round(agent.company, self.supplier, json.dumps(lines))
		self.assertEqual((filled["quantities"], filled["are_reached"]), ({}, False))
		with self.assertRaisesRegex(frappe.ValidationError, "0 or more"):
			api.board_round(agent.company, self.supplier, '{"x": {"qty": -1}}')

	def test_runs_board_and_orders_go_by_one_price(self) -> None:
		"""The supplier's list price, and the one that a Pricing Rule makes of it from a quantity on."""
		listed = frappe.db.get_value("Price List", {"buying": 1, "enabled": 1})
		for item in self.items[:2]:
			price = {"price_list": listed, "item_code": item, "price_list_rate": 8, "buying": 1}
			frappe.get_doc({"doctype": "Item Price", **price}).insert(ignore_permissions=True)
		agent = self.agent()
		before = self.previewed(agent)
		least = 1 + max(before[item].proposed_qty for item in self.items[:2])
		frappe.get_doc(
			{
				"doctype": "Pricing Rule",
				"title": make.unique("Rule"),
				"buying": 1,
				"price_or_product_discount": "Price",
				"company": make.company(),
				"apply_on": "Item Code",
				"currency": frappe.db.get_default("currency") or "INR",
				"min_qty": least,
				"rate_or_discount": "Discount Percentage",
				"discount_percentage": 25,
				"items": [{"item_code": item} for item in self.items[:2]],
			}
		).insert()
		minimum = 8 * 6 * 2 * least
		self.terms(minimum_value=minimum)
		_run, found = self.proposed(agent)

		def shown() -> dict:
			lines = {line["item_code"]: line for line in board(agent.name)["lines"]}
			return {item: lines[item] for item in self.items[:2]}

		for line in shown().values():
			self.assertEqual((line["price"], line["breaks"]), (8, [[least, 6]]))
			self.assertGreaterEqual(line["qty"], least)
		# at 6 a unit, and not at the 8 of the list or the 5 that the stock is worth
		units = sum(found[item].proposed_qty for item in self.items[:2])
		self.assertGreaterEqual(6 * units, minimum)
		self.assertLess(6 * units, minimum + 12)
		cut, other = (shown()[item] for item in self.items[:2])
		lines = {cut["proposal"]: {"qty": 2}, other["proposal"]: {"qty": other["qty"]}}
		filled = api.board_round(agent.company, self.supplier, json.dumps(lines))
		self.assertTrue(filled["are_reached"])
		lines[other["proposal"]]["qty"] = more = filled["quantities"][other["proposal"]]
		self.assertGreaterEqual(8 * 2 + 6 * more, minimum)
		self.assertLess(8 * 2 + 6 * more, minimum + 12)
		group = {"supplier": self.supplier, "company": agent.company, "lines": lines}
		(order,) = api.board_approve(json.dumps([group]), submit=1)
		self.assertEqual(order["value"], 8 * 2 + 6 * more)

	def test_whoever_may_not_see_a_supplier_learns_nothing_of_its_terms(self) -> None:
		agent = self.agent()
		self.terms(minimum_value=10_000)
		frappe.get_doc(
			{"doctype": "RL Supplier Terms", "supplier": self.other, "minimum_value": 500}
		).insert()
		_run, found = self.proposed(agent)
		user = make.make_user(USER, "Purchase User")
		allowed = {"doctype": "User Permission", "user": user, "allow": "Supplier", "for_value": self.other}
		frappe.get_doc(allowed).insert(ignore_permissions=True)
		own = json.dumps({found[self.items[2]].name: {"qty": found[self.items[2]].proposed_qty}})
		frappe.set_user(user)
		seen = board(agent.name)
		self.assertEqual({line["supplier"] for line in seen["lines"]}, {self.other})
		self.assertEqual(list(seen["terms"][agent.company]), [self.other])
		self.assertTrue(api.board_round(agent.company, self.other, own)["are_reached"])
		with self.assertRaises(frappe.PermissionError):
			api.board_round(agent.company, self.supplier, own)

	def test_pricing_rules_are_price_breaks(self) -> None:
		"""Of suppliers with and without terms: by item, group and supplier, in the rule's own unit."""
		agent = self.agent()
		before = self.previewed(agent)
		first, second = self.items[0], self.items[2]
		rule = {
			"doctype": "Pricing Rule",
			"buying": 1,
			"price_or_product_discount": "Price",
			"company": make.company(),
			"currency": frappe.db.get_default("currency") or "INR",
			"apply_on": "Item Code",
			"rate_or_discount": "Discount Percentage",
		}

		def add(item: str, extra: float, **values) -> Document:
			least = before[item].proposed_qty + extra
			values = {**rule, "title": make.unique("Rule"), "min_qty": least, **values}
			return frappe.get_doc({**values, "items": [{"item_code": item}]}).insert()

		add(first, 10, discount_percentage=20)
		supplied = {"applicable_for": "Supplier", "supplier": self.other}
		add(second, 5, **supplied, rate_or_discount="Rate", rate=4)
		add(second, 8, applicable_for="Supplier", supplier=self.supplier, discount_percentage=90)
		add(self.items[1], 2, discount_percentage=90, coupon_code_based=0, min_amt=1)
		add(self.items[1], 500, discount_percentage=0.1)
		after = self.previewed(agent)
		self.assertEqual(after[first].proposed_qty, before[first].proposed_qty + 10)
		self.assertEqual(after[second].proposed_qty, before[second].proposed_qty + 5)
		self.assertEqual(after[self.items[1]].proposed_qty, before[self.items[1]].proposed_qty)
		for item in (first, second):
			self.assertRegex(after[item].reason, "a unit costs .*4.00 then")

	def test_disabled_terms_ask_for_nothing(self) -> None:
		agent = self.agent()
		before = self.previewed(agent)
		self.terms(minimum_value=10_000_000, disabled=1)
		self.assertEqual(self.previewed(agent), before)

	def test_no_more_than_a_run_may_order(self) -> None:
		"""A minimum beyond the budget: what cannot wait is ordered below it, and the run says so."""
		agent = self.agent()
		worth = sum(line.value for line in self.previewed(agent).values())
		self.terms(minimum_value=3 * worth)
		agent.update({"max_run_value": 2 * worth}).save()
		run, after = self.proposed(agent)
		self.assertLessEqual(run.order_value, 2 * worth)
		self.assertEqual(set(after), set(self.items))
		for item in self.items[:2]:
			self.assertIn("for which the budget is not enough. Ordered below it", after[item].explanation)
		self.assertIn(f"ask {self.supplier} to accept them", run.messages)

	def test_nothing_is_raised_beyond_the_budget(self) -> None:
		"""Of a run or of the month: what the minimum asks for on top is no exception."""
		agent = self.agent()
		before = self.previewed(agent)
		own = sum(before[item].value for item in self.items[:2])
		everything = own + before[self.items[2]].value
		self.terms(minimum_value=own + 100)
		for kind, other in (("max_run_value", "max_month_value"), ("max_month_value", "max_run_value")):
			agent.db_set({kind: everything + 50, other: 0})
			told = preview(agent.name)
			self.assertLessEqual(told["value"], everything + 50)
			of_supplier = sum(line["value"] for line in told["lines"] if line["item_code"] in self.items[:2])
			# the other supplier's line pays for what the minimum adds
			self.assertGreaterEqual(of_supplier, own + 100)
			self.assertIn("lines were cut or left for later", " ".join(told["messages"]))

	def test_terms_that_are_refused(self) -> None:
		for values, says in (
			({"minimum_weight": 5}, "Weight UOM"),
			({"free_freight_value": 5}, "Freight per Order"),
			({"closing_time": "0:00"}, "is no time of day"),
			({"closing_time": "noon"}, "is no time of day"),
			({"minimum_value": -1}, "Minimum Order Value"),
		):
			with self.assertRaisesRegex(frappe.ValidationError, says):
				self.terms(**values)
		self.terms()
		with self.assertRaises(frappe.DuplicateEntryError):
			self.terms()

	def test_users_may_read_and_managers_may_write(self) -> None:
		name = self.terms().name
		frappe.set_user(make.make_user(USER))
		self.assertTrue(frappe.has_permission("RL Supplier Terms", "read", name))
		self.assertFalse(frappe.has_permission("RL Supplier Terms", "write", name))
