"""Transfers on the board: shown with what they save, changed, approved and turned down there."""

from __future__ import annotations

import json
from unittest.mock import patch

import frappe
from erpnext.stock.doctype.material_request.material_request import make_stock_entry

from rl_replenishment import api
from rl_replenishment.bridge.board import reading
from rl_replenishment.bridge.board.open_lines import MOST_LINES
from rl_replenishment.bridge.doctor import traces
from rl_replenishment.setup.roles import USER
from rl_replenishment.tasks import propose
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.case import RolledBackCase


class TestMoving(RolledBackCase):
	def setUp(self) -> None:
		super().setUp()
		self.full, self.empty = make.make_warehouse(), make.make_warehouse()
		self.items = [make.make_item(make.make_supplier()) for _ in range(2)]
		for item in self.items:
			for warehouse in (self.full, self.empty):
				make.sell_every_day(item, warehouse, 4)
			make.make_stock(item, self.full, 900)
			make.make_stock(item, self.empty, 1)
		self.agent = make.make_agent(
			[self.full, self.empty], self.items, transfer_before_buying=1, transfer_cost=3
		)
		propose(self.agent.name, force=True)

	def transfers(self) -> dict:
		return {line["item_code"]: line for line in api.board(self.agent.name)["transfers"]}

	def move(self, **changes) -> list:
		"""All of them; `changes` are quantities, or (quantity, reason), by "item0" and so on."""
		changed = {self.items[int(name[-1])]: value for name, value in changes.items()}
		sent = {}
		for item, line in self.transfers().items():
			wish = changed.get(item, line["qty"])
			qty, reason = wish if isinstance(wish, tuple) else (wish, "")
			sent[line["proposal"]] = {"qty": qty, "reason": reason, "seen": line["modified"]}
		return api.board_move(json.dumps(sent))

	def test_shown_approved_and_never_bought_too(self) -> None:
		"""Through further runs, as a draft, requested and moved; the feedback is that of a purchase."""
		board = api.board(self.agent.name)
		self.assertEqual(board["lines"], [])
		# also for whoever may not see the agent as a whole
		with patch.object(reading, "_agents", return_value=[]):
			self.assertIn(self.agent.company, api.board(self.agent.name)["currencies"])
		found = {line["item_code"]: line for line in board["transfers"]}
		self.assertEqual(set(found), set(self.items))
		for line in found.values():
			self.assertEqual((line["from_warehouse"], line["warehouse"]), (self.full, self.empty))
			self.assertEqual((line["cost"], line["price"], line["qty"]), (3, 10, line["proposed"]))
			self.assertGreater(line["saved"], 0)
			self.assertIn("that saves", line["explanation"])
		cut = found[self.items[1]]["qty"] - 5
		(result,) = self.move(item1=(cut, "Other"))
		self.assertEqual((result["status"], result["lines"]), ("Requested", 2))
		self.assertEqual(self.transfers(), {})
		request = frappe.get_doc("Material Request", result["request"])
		self.assertEqual(request.docstatus, 1)
		self.assertEqual({row.item_code: row.qty for row in request.items}[self.items[1]], cut)
		self.assertEqual(propose(self.agent.name, force=True)["proposals"], 0)
		entry = make_stock_entry(request.name)
		entry.insert()
		entry.submit()
		self.assertEqual(propose(self.agent.name, force=True)["proposals"], 0)
		rows = frappe.get_all("RL Feedback", {"material_request": request.name}, ["item_code", "reward"])
		rewards = {row.item_code: row.reward for row in rows}
		self.assertEqual(rewards[self.items[0]], 1)
		self.assertLess(rewards[self.items[1]], 0)

	def test_turned_down(self) -> None:
		"""One by one, or with a quantity of 0; what is left of a request is moved."""
		first, second = (self.transfers()[item] for item in self.items)
		api.turn_down(json.dumps([first["proposal"]]))
		self.assertEqual(set(self.transfers()), {self.items[1]})
		(result,) = self.move(item1=0)
		self.assertEqual((result["status"], result["request"]), ("Turned Down", None))
		self.assertFalse(frappe.db.exists("Material Request", second["request"]))

	def test_taken_back(self) -> None:
		"""The request is cancelled and waits again, amended; what is moved already stays."""
		cut = self.transfers()[self.items[0]]["qty"] - 5
		(moved,) = self.move(item0=(cut, "Other"))
		(found,) = api.board_move_back(json.dumps([moved["request"]]))
		self.assertEqual(found, {"request": moved["request"], "done": True, "message": ""})
		self.assertEqual(frappe.db.get_value("Material Request", moved["request"], "docstatus"), 2)
		again = self.transfers()
		self.assertEqual(set(again), set(self.items))
		self.assertEqual((again[self.items[0]]["qty"], again[self.items[0]]["reason"]), (cut, "Other"))
		self.assertEqual(propose(self.agent.name, force=True)["proposals"], 0)
		(moved,) = self.move()
		entry = make_stock_entry(moved["request"])
		entry.insert()
		entry.submit()
		(found,) = api.board_move_back(json.dumps([moved["request"]]))
		self.assertFalse(found["done"])
		self.assertIn(entry.name, found["message"])
		self.assertEqual(frappe.db.get_value("Material Request", moved["request"], "docstatus"), 1)

	def test_the_doctor_leads_to_the_request_that_stands(self) -> None:
		"""Of one that was taken back there are two with the same proposals."""
		(moved,) = self.move()
		api.board_move_back(json.dumps([moved["request"]]))
		line = self.transfers()[self.items[0]]
		where = ["material_request", "material_request_item"]
		before = frappe.db.get_value("RL Proposal", line["proposal"], where)
		self.assertEqual(before[0], line["request"])
		frappe.db.set_value("RL Proposal", line["proposal"], dict.fromkeys(where))
		faults = [fault for fault in traces.proposals_without_request() if fault.name == line["proposal"]]
		self.assertEqual(len(faults), 1)
		traces.link_proposals(faults)
		self.assertEqual(frappe.db.get_value("RL Proposal", line["proposal"], where), before)
		self.assertFalse({fault.name for fault in traces.requested_twice()} & {line["proposal"]})

	def test_by_whoever_may_see_one_warehouse_alone(self) -> None:
		"""A transfer speaks of two: it is not shown, and neither approved nor turned down.

		ERPNext decides about the request: it lets whoever may see where goods go ignore where they come from.
		"""
		user = make.make_user(USER, "Stock User", "Stock Manager", "Purchase Manager")
		for allowed in (self.full, self.empty):
			only = {"doctype": "User Permission", "user": user, "allow": "Warehouse", "for_value": allowed}
			permission = frappe.get_doc(only).insert(ignore_permissions=True)
			line = self.transfers()[self.items[0]]
			wish = {line["proposal"]: {"qty": 1, "seen": line["modified"]}}
			frappe.set_user(user)
			self.assertEqual(api.board(self.agent.name)["transfers"], [])
			with self.assertRaisesRegex(frappe.ValidationError, "not open any more: 1"):
				api.board_move(json.dumps(wish))
			with self.assertRaises(frappe.PermissionError):
				api.turn_down(json.dumps([line["proposal"]]))
			frappe.set_user("Administrator")
			(moved,) = self.move()
			frappe.set_user(user)
			(found,) = api.board_move_back(json.dumps([moved["request"]]))
			self.assertEqual(found["done"], allowed == self.empty)
			frappe.set_user("Administrator")
			if not found["done"]:
				api.board_move_back(json.dumps([moved["request"]]))
			permission.delete()

	def test_under_a_workflow(self) -> None:
		"""It is not passed by; what is taken back begins where it begins."""
		self.addCleanup(frappe.clear_cache)
		self.addCleanup(frappe.db.rollback)
		make.make_workflow("Material Request", "Accounts Manager")
		roles = (USER, "Stock User", "Stock Manager", "Purchase Manager")
		frappe.set_user(make.make_user(*roles))
		(result,) = self.move()
		self.assertEqual(result["status"], "Failed")
		self.assertIn("the next step is not yours to take", result["message"])
		frappe.set_user(make.make_user(*roles, "Accounts Manager"))
		(moved,) = self.move()
		self.assertEqual(moved["status"], "Requested")
		self.assertEqual(frappe.db.get_value("Material Request", moved["request"], "terms"), "Approved")
		(found,) = api.board_move_back(json.dumps([moved["request"]]))
		self.assertEqual(found["message"], "")
		again = self.transfers()[self.items[0]]["request"]
		self.assertEqual(frappe.db.get_value("Material Request", again, "terms"), "Begun")

	def test_what_is_not_taken_back(self) -> None:
		"""Requests of others, of purchases, and for whoever may not cancel; nothing of them is changed."""
		(moved,) = self.move()
		bought = make.make_material_request(self.items[0], self.full, 4)
		bought.submit()
		(found,) = api.board_move_back(json.dumps([bought.name]))
		self.assertIn("no transfer that an agent proposed", found["message"])
		with self.assertRaisesRegex(frappe.ValidationError, "list of names"):
			api.board_move_back('{"x": 1}')
		with self.assertRaisesRegex(frappe.ValidationError, "cannot be taken back at once"):
			api.board_move_back(json.dumps(["x"] * (MOST_LINES + 1)))
		frappe.set_user(make.make_user(USER, "Stock User"))
		with patch.object(
			type(bought), "has_permission", lambda self, ptype="read", **_values: ptype == "read"
		):
			(found,) = api.board_move_back(json.dumps([moved["request"]]))
		self.assertFalse(found["done"])
		frappe.set_user(make.make_user(USER))
		with self.assertRaises(frappe.PermissionError):
			api.board_move_back(json.dumps([moved["request"]]))
		frappe.set_user("Administrator")
		for name in (moved["request"], bought.name):
			self.assertEqual(frappe.db.get_value("Material Request", name, "docstatus"), 1)

	def test_what_is_refused(self) -> None:
		for sent in ("[]", "no", json.dumps({"x": {"qty": -1}}), json.dumps({"x": {}})):
			with self.assertRaisesRegex(frappe.ValidationError, "not understood"):
				api.board_move(sent)
		line = self.transfers()[self.items[0]]
		wish = {line["proposal"]: {"qty": 1, "seen": line["modified"]}}
		frappe.get_doc("Material Request", line["request"]).save()
		(result,) = api.board_move(json.dumps(wish))
		self.assertEqual(result["status"], "Failed")
		self.assertIn("was changed since you saw it", result["message"])
		frappe.set_user(make.make_user(USER))
		with self.assertRaises(frappe.PermissionError):
			api.board_move(json.dumps(wish))
