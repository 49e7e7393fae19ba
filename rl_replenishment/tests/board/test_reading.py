"""What the board shows of open lines, and to whom."""

from __future__ import annotations

import json

import frappe
from frappe.utils import add_days, getdate, nowdate

from rl_replenishment import api
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.board.case import BoardCase


class TestReading(BoardCase):
	def test_requests_are_called_by_supplier_and_value(self) -> None:
		titles = {frappe.db.get_value("Material Request", name, "title") for name in self.requests}
		self.assertEqual({title.split(", ")[0] for title in titles}, set(self.suppliers))
		self.assertTrue(all(any(sign.isdigit() for sign in title.split(", ", 1)[1]) for title in titles))

	def test_the_most_urgent_come_first(self) -> None:
		lines = self.board()["lines"]
		self.assertEqual({line["item_code"] for line in lines}, set(self.items))
		self.assertEqual(lines[-1]["item_code"], self.items[0])
		self.assertEqual([line["urgency"] for line in lines], ["out", "out", "late"])

	def test_quantities_come_in_purchase_units(self) -> None:
		line = self.line(1)
		self.assertEqual((line["uom"], line["stock_uom"], line["conversion"]), ("Box of 12", "Nos", 12))
		self.assertAlmostEqual(line["qty"] * 12, line["proposed"], places=3)

	def test_cover_is_reckoned_with_and_without_the_order(self) -> None:
		line = self.line(0)
		self.assertAlmostEqual(line["on_hand"], 10)
		self.assertAlmostEqual(line["cover_before"], 5, delta=0.6)
		self.assertAlmostEqual(line["cover"], 5 + line["proposed"] / 2, delta=0.1 * line["cover"])

	def test_what_is_snoozed_and_stays_is_marked(self) -> None:
		line, until = self.line(0), add_days(nowdate(), 20)
		self.assertIsNone(line["snoozed_until"])
		self.assertAlmostEqual(line["daily_demand"], 2, places=2)
		api.board_snooze(json.dumps([line["proposal"]]), until, from_drafts=0)
		self.assertEqual(self.line(0)["snoozed_until"], getdate(until))

	def test_the_lines_own_request_is_not_on_order(self) -> None:
		"""What others bring is, with the day on which it comes."""
		self.assertEqual((self.line(0)["on_order"], self.line(0)["next_arrival"]), (0, None))
		due = add_days(nowdate(), 3)
		make.make_purchase_order(self.suppliers[0], self.items[0], self.warehouse, 5, due)
		line = self.line(0)
		self.assertEqual((line["on_order"], line["next_arrival"]), (5, getdate(due)))

	def test_what_arrives_in_time_makes_a_line_less_urgent(self) -> None:
		"""It sells 2 a day: 10 on hand end before a delivery, and not once 500 come in three days."""
		self.assertEqual(self.line(0)["urgency"], "late")
		due = add_days(nowdate(), 3)
		make.make_purchase_order(self.suppliers[0], self.items[0], self.warehouse, 500, due)
		self.assertEqual(self.line(0)["urgency"], "later")

	def test_the_price_is_the_suppliers_then_the_last_one_paid(self) -> None:
		self.assertEqual((self.line(0)["price"], self.line(0)["price_source"]), (10, "Valuation"))
		make.make_purchase_order(self.suppliers[0], self.items[0], self.warehouse, 1, nowdate())
		self.assertEqual((self.line(0)["price"], self.line(0)["price_source"]), (1, "Last Purchase"))
		self.price(self.items[0], 7)
		self.price(self.items[1], 60, uom="Box of 12")
		self.assertEqual((self.line(0)["price"], self.line(0)["price_source"]), (7, "Price List"))
		self.assertEqual(self.line(1)["price"], 60)

	def price(self, item: str, rate: float, **values: str) -> None:
		listed = frappe.db.get_value("Price List", {"buying": 1, "enabled": 1})
		row = {"doctype": "Item Price", "price_list": listed, "item_code": item, "price_list_rate": rate}
		frappe.get_doc({**row, "buying": 1, **values}).insert(ignore_permissions=True)

	def test_it_takes_a_bounded_number_of_queries(self) -> None:
		self.board()
		with self.assertQueryCount(70):
			self.board()

	def test_nothing_is_shown_of_what_is_decided(self) -> None:
		request = frappe.get_doc("Material Request", self.requests[0])
		request.submit()
		self.assertEqual(len(self.board()["lines"]), 3)
		request.update_status("Stopped")
		self.assertEqual(len(self.board()["lines"]), 3 - len(request.items))

	def test_who_may_look(self) -> None:
		frappe.set_user(make.make_user("RL Replenishment User", "Purchase User"))
		self.assertEqual(len(self.board()["lines"]), 3)
		self.assertTrue(self.board()["may"]["approve"])
		for roles in (("RL Replenishment User",), ("Purchase User",), ()):
			frappe.set_user(make.make_user(*roles))
			for call in (
				self.board,
				lambda: api.board_what_if("{}"),
				lambda: api.board_approve("[]"),
				lambda: api.board_undo("[]"),
				lambda: api.board_snooze("[]", "2099-01-01"),
			):
				self.assertRaises(frappe.PermissionError, call)

	def test_user_permissions_keep_lines_away(self) -> None:
		user = make.make_user("RL Replenishment User", "Purchase User")
		frappe.get_doc(
			{
				"doctype": "User Permission",
				"user": user,
				"allow": "Warehouse",
				"for_value": make.make_warehouse(),
			}
		).insert(ignore_permissions=True)
		name = self.line(0)["proposal"]
		frappe.set_user(user)
		self.assertEqual(self.board()["lines"], [])
		self.assertEqual(api.board_what_if(json.dumps({name: 5})), {})


class TestWhatIf(BoardCase):
	def test_the_proposed_quantity_changes_nothing(self) -> None:
		line = self.line(0)
		found = api.board_what_if(json.dumps({line["proposal"]: line["proposed"]}))[line["proposal"]]
		self.assertEqual(found["change"]["cost"], 0)
		self.assertEqual(
			{name: found[name] for name in ("cover", "missed")},
			{name: line[name] for name in ("cover", "missed")},
		)

	def test_less_is_missed_and_more_is_held_the_more_is_ordered(self) -> None:
		line = self.line(0)
		found = [
			api.board_what_if(json.dumps({line["proposal"]: quantity}))[line["proposal"]]
			for quantity in (0, line["proposed"], 3 * line["proposed"])
		]
		self.assertGreater(found[0]["missed"], found[1]["missed"])
		self.assertGreater(found[0]["change"]["missed_cost"], 0)
		self.assertLess(found[0]["change"]["holding_cost"], 0)
		self.assertGreater(found[2]["change"]["holding_cost"], 0)
		self.assertGreater(found[2]["cover"], found[1]["cover"])

	def test_what_is_no_quantity_is_refused(self) -> None:
		for sent in ("[]", "x", '{"a": -1}', '{"a": "x"}', '{"a": NaN}', "null"):
			with self.subTest(sent), self.assertRaises(frappe.ValidationError):
				api.board_what_if(sent)


class TestPicture(BoardCase):
	def test_demand_and_stock(self) -> None:
		"""10 on hand, 2 a day: gone after five days, and there again with the order."""
		line = self.line(0)
		found = api.board_picture(line["proposal"], line["proposed"])
		self.assertEqual(found["today"], len(found["demand"]))
		self.assertEqual(found["demand"][-60:], [2] * 60)
		self.assertEqual(found["start"], getdate(add_days(nowdate(), -found["today"])))
		ahead = len(found["without"])
		self.assertEqual(len(found["last_year"]), found["today"] + ahead)
		self.assertLess(found["without"][6], 1)
		low, middle, high = found["with_order"]
		self.assertEqual({len(low), len(middle), len(high)}, {ahead})
		self.assertGreater(middle[found["arrives"]], found["without"][found["arrives"]])
		# what is lost waits for nobody
		self.assertGreaterEqual(min(low), 0)

	def test_it_agrees_with_what_if(self) -> None:
		"""With nothing ordered, stock is what it is without an order, and ends."""
		line = self.line(0)
		found = api.board_what_if(json.dumps({line["proposal"]: 0}))[line["proposal"]]
		bare = api.board_picture(line["proposal"], 0)
		self.assertEqual(bare["with_order"][1], bare["without"])
		self.assertGreater(found["missed"], 0)
		self.assertLess(bare["without"][-1], 1)

	def test_arrivals_and_outages(self) -> None:
		due = add_days(nowdate(), 3)
		make.make_purchase_order(self.suppliers[0], self.items[0], self.warehouse, 5, due)
		found = api.board_picture(self.line(0)["proposal"], 0)
		self.assertEqual([day for day, qty in enumerate(found["arrivals"]) if qty], [3])

	def test_of_nothing_else(self) -> None:
		self.assertRaises(frappe.DoesNotExistError, api.board_picture, "nothing", 1)
		self.assertRaises(frappe.ValidationError, api.board_picture, self.line(0)["proposal"], -1)
