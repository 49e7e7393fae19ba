"""Suppliers approved on the board: requests submitted, orders made, and what fails named and left."""

from __future__ import annotations

import json
from typing import ClassVar
from unittest.mock import patch

import frappe
from frappe.model.base_document import get_controller
from frappe.utils import add_days, fmt_money, nowdate

from rl_replenishment import api
from rl_replenishment.tasks import propose
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.board.case import BoardCase


class TestApproving(BoardCase):
	def test_every_supplier_gets_an_order_with_prices_and_dates(self) -> None:
		proposed = {line["item_code"]: line["proposed"] for line in self.board()["lines"]}
		results = self.approve()
		self.assertEqual([result["status"] for result in results], ["Submitted"] * 2)
		self.assertEqual({result["supplier"] for result in results}, set(self.suppliers))
		ordered = {}
		for result in results:
			order = frappe.get_doc("Purchase Order", result["order"])
			self.assertEqual((order.supplier, order.docstatus), (result["supplier"], 1))
			self.assertAlmostEqual(order.base_net_total, result["value"], places=2)
			for row in order.items:
				ordered[row.item_code] = row.stock_qty
				self.assertAlmostEqual(row.base_rate, 10 * row.conversion_factor, places=2)
				self.assertGreaterEqual(str(row.schedule_date), nowdate())
				self.assertTrue(row.material_request_item)
		for item, quantity in proposed.items():
			self.assertAlmostEqual(ordered[item], quantity, places=3)
		self.assertEqual(self.board()["lines"], [])
		self.assertEqual(frappe.db.count("RL Feedback", {"agent": self.agent.name, "reward": 1}), 3)

	def test_changes_and_their_reasons_are_kept(self) -> None:
		line = self.line(0)
		self.approve(item0=(line["qty"] + 5, "Project"))
		row = frappe.get_last_doc("RL Feedback", {"agent": self.agent.name, "item_code": self.items[0]})
		self.assertEqual((row.ordered_qty, row.edit_reason), (line["proposed"] + 5, "Project"))
		self.assertLess(row.reward, 0)

	def test_the_title_goes_by_the_lines(self) -> None:
		"""But for one that somebody gave the request."""

		def title(item: int) -> str:
			return frappe.db.get_value("Material Request", self.line(item)["request"], "title")

		before, other = title(0), frappe.get_doc("Material Request", self.line(2)["request"])
		other.update({"title": "Spring"}).save()
		line = self.line(0)
		request = frappe.get_doc("Material Request", line["request"])
		wanted = {row.rl_proposal: row for row in request.items}[line["proposal"]]
		wanted.qty += 4
		request.save()
		worth = sum(row.qty * row.conversion_factor for row in request.items) * 10
		self.assertNotEqual(title(0), before)
		name = frappe.db.get_value("Supplier", self.suppliers[0], "supplier_name")
		currency = frappe.get_cached_value("Company", make.company(), "default_currency")
		self.assertEqual(title(0), f"{name}, {fmt_money(worth, currency=currency)}")
		requests = (line["request"], other.name)
		self.approve(item0=line["qty"] + 9, item2=self.line(2)["qty"] + 1)
		titles = [frappe.db.get_value("Material Request", each, "title") for each in requests]
		self.assertEqual(titles, [f"{name}, {fmt_money(worth + 50, currency=currency)}", "Spring"])

	def test_reasons_reach_requests_that_were_submitted_before(self) -> None:
		for name in self.requests:
			frappe.get_doc("Material Request", name).submit()
		line = self.line(0)
		self.approve(item0=(line["qty"] - 2, "Budget"))
		row = frappe.get_last_doc("RL Feedback", {"agent": self.agent.name, "item_code": self.items[0]})
		self.assertEqual((row.ordered_qty, row.edit_reason), (line["proposed"] - 2, "Budget"))

	def test_a_quantity_of_nothing_turns_a_line_down(self) -> None:
		self.approve(item0=0)
		self.assertFalse(frappe.db.exists("Purchase Order Item", {"item_code": self.items[0]}))
		self.assertTrue(frappe.db.exists("Purchase Order Item", {"item_code": self.items[1]}))
		self.assertEqual(
			frappe.db.get_value("RL Proposal", {"item_code": self.items[0]}, "status"), "Turned Down"
		)

	def test_nothing_is_left_of_a_supplier(self) -> None:
		results = {result["supplier"]: result for result in self.approve(item2=0)}
		self.assertEqual(results[self.suppliers[1]]["status"], "Turned Down")
		self.assertEqual(results[self.suppliers[0]]["status"], "Submitted")
		self.assertFalse(frappe.db.exists("Purchase Order", {"supplier": self.suppliers[1]}))

	def test_orders_may_stay_drafts(self) -> None:
		results = self.approve(submit=False)
		self.assertEqual([result["status"] for result in results], ["Draft"] * 2)
		self.assertEqual(frappe.db.get_value("Purchase Order", results[0]["order"], "docstatus"), 0)

	def test_what_stands_in_a_draft_order_does_not_wait_for_another_one(self) -> None:
		"""Whoever may not submit orders would else make one with every approval; deleted, it waits again."""
		before = self.board()["lines"]
		orders = [result["order"] for result in self.approve(submit=False)]
		self.assertEqual(self.board()["lines"], [])
		self.assertEqual(self.approve(), [])
		line = before[0]
		wish = {line["proposal"]: {"qty": line["qty"], "seen": line["modified"]}}
		group = {"supplier": line["supplier"], "company": line["company"], "lines": wish}
		(result,) = api.board_approve(json.dumps([group]), submit=1)
		self.assertEqual((result["status"], result["order"]), ("Failed", None))
		api.board_undo(json.dumps(orders))
		self.assertEqual(len(self.board()["lines"]), len(before))

	def test_what_fails_is_named_and_stays(self) -> None:
		"""Nothing of a supplier whose order ERPNext refuses is kept; the other goes through."""
		frappe.db.set_value("Supplier", self.suppliers[0], {"on_hold": 1, "hold_type": "All"})
		frappe.clear_document_cache("Supplier", self.suppliers[0])
		results = {result["supplier"]: result for result in self.approve(item0=77)}
		failed = results[self.suppliers[0]]
		self.assertEqual(failed["status"], "Failed")
		self.assertTrue(failed["message"])
		self.assertEqual(results[self.suppliers[1]]["status"], "Submitted")
		self.assertEqual({line["item_code"] for line in self.board()["lines"]}, set(self.items[:2]))
		self.assertTrue(all(line["is_draft"] for line in self.board()["lines"]))
		self.assertNotEqual(self.line(0)["qty"], 77)
		self.assertEqual(frappe.local.message_log, [])

	def test_a_request_that_somebody_changed_is_left_alone(self) -> None:
		lines = self.board()["lines"]
		group = {"supplier": self.suppliers[1], "company": make.company()}
		line = next(line for line in lines if line["supplier"] == self.suppliers[1])
		frappe.get_doc("Material Request", line["request"]).save()
		wish = {line["proposal"]: {"qty": 1, "seen": "2000-01-01 00:00:00"}}
		(result,) = api.board_approve(json.dumps([{**group, "lines": wish}]), submit=1)
		self.assertEqual(result["status"], "Failed")
		self.assertIn(line["request"], result["message"])

	def test_what_is_gone_is_said(self) -> None:
		name = self.line(2)["proposal"]
		api.turn_down(json.dumps([name]))
		group = {"supplier": self.suppliers[1], "company": make.company(), "lines": {name: {"qty": 1}}}
		(result,) = api.board_approve(json.dumps([group]), submit=1)
		self.assertEqual((result["status"], result["order"]), ("Failed", None))

	def test_submitted_requests_are_ordered_in_any_quantity(self) -> None:
		for name in self.requests:
			frappe.get_doc("Material Request", name).submit()
		line = self.line(0)
		self.approve(item0=line["qty"] - 1)
		ordered = frappe.db.get_value("Purchase Order Item", {"item_code": self.items[0]}, "qty")
		self.assertEqual(ordered, line["qty"] - 1)

	def test_a_user_orders_what_the_user_may(self) -> None:
		"""Without the right to submit, orders stay drafts, and it is said."""
		frappe.set_user(make.make_user("RL Replenishment User", "Purchase User"))
		order = get_controller("Purchase Order")
		with patch.object(
			order, "has_permission", lambda self, permtype="read", **_values: permtype != "submit"
		):
			results = self.approve()
		self.assertEqual([result["status"] for result in results], ["Draft"] * 2)
		self.assertTrue(all(result["message"] for result in results))

	def test_what_was_sent_is_no_list_of_orders(self) -> None:
		for sent in ("x", "{}", "[1]", '[{"lines": {"a": {"qty": -1}}}]', '[{"lines": {"a": {}}}]'):
			with self.subTest(sent):
				if sent == "{}":
					self.assertEqual(api.board_approve(sent), [])
				else:
					self.assertRaises(frappe.ValidationError, api.board_approve, sent)


class TestMixedRequests(BoardCase):
	"""One request for all suppliers."""

	settings: ClassVar[dict[str, int]] = {"group_by_supplier": 0}

	def test_one_request_makes_an_order_for_each_supplier(self) -> None:
		self.assertEqual(len(self.requests), 1)
		results = self.approve()
		self.assertEqual([result["status"] for result in results], ["Submitted"] * 2)

	def test_the_others_stay_on_the_board(self) -> None:
		line = self.line(2)
		wish = {line["proposal"]: {"qty": line["qty"], "seen": line["modified"]}}
		group = {"supplier": self.suppliers[1], "company": make.company(), "lines": wish}
		(result,) = api.board_approve(json.dumps([group]), submit=1)
		self.assertEqual(result["status"], "Submitted")
		left = self.board()["lines"]
		self.assertEqual({each["item_code"] for each in left}, set(self.items[:2]))
		self.assertFalse(any(each["is_draft"] for each in left))


class TestUnderWorkflow(BoardCase):
	"""Nothing goes past those whose word it takes."""

	def under(self, doctype: str) -> None:
		self.addCleanup(frappe.clear_cache)
		self.addCleanup(frappe.db.rollback)
		make.make_workflow(doctype, "Accounts Manager")

	def buyer(self, *roles: str) -> str:
		return make.make_user("RL Replenishment User", "Purchase User", "Purchase Manager", *roles)

	def test_of_requests(self) -> None:
		self.under("Material Request")
		line = self.line(0)
		frappe.set_user(self.buyer())
		for result in self.approve(item0=line["qty"] + 5):
			self.assertEqual(result["status"], "Failed")
			self.assertIn("the next step is not yours to take", result["message"])
		self.assertEqual((self.line(0)["qty"], self.line(0)["is_draft"]), (line["qty"], True))
		frappe.set_user(self.buyer("Accounts Manager"))
		results = self.approve(item0=line["qty"] + 5)
		self.assertEqual([result["status"] for result in results], ["Submitted"] * 2)
		self.assertEqual(frappe.db.get_value("Material Request", line["request"], "terms"), "Approved")

	def test_of_orders(self) -> None:
		"""They stay drafts; and what was approved is taken back by whoever may give it up."""
		self.under("Purchase Order")
		frappe.set_user(self.buyer())
		for result in self.approve():
			self.assertEqual(result["status"], "Draft")
			self.assertIn("the next step is not yours to take", result["message"])
			(found,) = api.board_undo(json.dumps([result["order"]]))
			self.assertTrue(found["done"])
		frappe.set_user(self.buyer("Accounts Manager"))
		results = self.approve()
		self.assertEqual([result["status"] for result in results], ["Submitted"] * 2)
		orders = [result["order"] for result in results]
		frappe.set_user(self.buyer())
		self.assertEqual([each["done"] for each in api.board_undo(json.dumps(orders))], [False] * 2)
		frappe.set_user(self.buyer("Accounts Manager"))
		self.assertEqual([each["done"] for each in api.board_undo(json.dumps(orders))], [True] * 2)
		states = {frappe.db.get_value("Purchase Order", name, "terms") for name in orders}
		self.assertEqual(states, {"Given Up"})

	def test_what_a_run_would_submit_waits_where_it_begins(self) -> None:
		self.under("Material Request")
		agent = make.make_agent([make.make_warehouse()], [make.make_item()], mode="Submit")
		make.sell_every_day(agent.items[0].item_code, agent.warehouses[0].warehouse, 3)
		(name,) = propose(agent.name, force=True)["material_requests"]
		found = frappe.db.get_value("Material Request", name, ["docstatus", "terms"])
		self.assertEqual(found, (0, "Begun"))


class TestTakingBack(BoardCase):
	def test_an_earlier_order_after_a_later_one(self) -> None:
		first, second = (result["order"] for result in self.approve())
		for order in (first, second):
			(found,) = api.board_undo(json.dumps([order]))
			self.assertEqual(found, {"order": order, "done": True, "message": ""})
		self.assertEqual(len(self.board()["lines"]), 3)
		again = [result["order"] for result in self.approve()]
		self.assertFalse({first, second} & set(again))

	def test_orders_are_undone(self) -> None:
		"""Submitted ones and drafts: their lines wait on the board again."""
		for submit in (True, False):
			orders = [result["order"] for result in self.approve(submit=submit)]
			found = api.board_undo(json.dumps(orders))
			self.assertEqual([each["done"] for each in found], [True] * 2)
			self.assertEqual(len(self.board()["lines"]), 3)

	def test_what_was_received_stays(self) -> None:
		order = self.approve()[0]["order"]
		with patch("frappe.model.document.Document.cancel", side_effect=frappe.LinkExistsError("received")):
			(found,) = api.board_undo(json.dumps([order]))
		self.assertEqual((found["done"], found["message"]), (False, "received"))

	def test_who_may_undo(self) -> None:
		order = self.approve()[0]["order"]
		frappe.set_user(make.make_user("RL Replenishment User", "Stock User"))
		(found,) = api.board_undo(json.dumps([order]))
		self.assertFalse(found["done"])
		self.assertEqual(frappe.db.get_value("Purchase Order", order, "docstatus"), 1)

	def test_snoozed_lines_leave_their_drafts(self) -> None:
		name, until = self.line(0)["proposal"], add_days(nowdate(), 20)
		found = api.board_snooze(json.dumps([name]), until, "not now")
		self.assertEqual((len(found["snoozed"]), found["lines"]), (1, 1))
		self.assertEqual({line["item_code"] for line in self.board()["lines"]}, set(self.items[1:]))
		row = frappe.get_doc("RL Snooze", found["snoozed"][0])
		self.assertEqual((row.item_code, str(row.until)), (self.items[0], until))
