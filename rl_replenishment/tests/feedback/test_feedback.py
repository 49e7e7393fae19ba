"""Feedback on a real site: a buyer works with requests and orders, and the rows say what came of it."""

from __future__ import annotations

from unittest.mock import patch

import frappe
from erpnext.controllers.accounts_controller import update_child_qty_rate
from erpnext.stock.doctype.material_request.material_request import make_purchase_order, update_status
from frappe.utils import add_days, getdate, nowdate

from rl_replenishment.bridge import feedback
from rl_replenishment.bridge.feedback import rewards
from rl_replenishment.tasks import propose
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.feedback.feedback_case import FeedbackCase


class TestFeedback(FeedbackCase):
	def test_kept_quantities_earn_one(self):
		"""As a user who is a Purchase User only; nothing is recorded while the request is a draft."""
		self.assertFalse(frappe.db.exists("RL Feedback", {"agent": self.agent.name}))
		self.submit_request()
		proposed = self.line(self.piece).rl_proposed_qty
		# review demand 28, pieces: a difference of 28 costs 1
		self.assert_row(self.piece, 0, max(-proposed / 28, -3), settled=False)
		self.order({self.piece: self.line(self.piece).qty, self.boxed: self.line(self.boxed).qty})
		self.assert_row(self.piece, proposed, 1, settled=True)
		self.assert_row(self.boxed, self.line(self.boxed).rl_proposed_qty, 1, settled=True)
		self.assertEqual(self.status(self.piece), "Ordered")

	def test_an_edited_request_counts_by_what_is_ordered(self):
		"""Changed in the draft with a reason: less is ordered than was proposed."""
		proposed = self.line(self.piece).rl_proposed_qty
		self.line(self.piece).update({"qty": proposed - 7, "rl_edit_reason": "Budget"})
		self.request.save()
		self.submit_request()
		self.order({self.piece: proposed - 7})
		self.assert_row(self.piece, proposed - 7, -7 / 28, settled=True)
		self.assertEqual(self.row(self.piece).edit_reason, "Budget")

	def test_a_reason_given_after_submitting(self):
		self.submit_request()
		self.request.reload()
		self.line(self.piece).rl_edit_reason = "Project"
		self.request.save()
		self.assertEqual(self.row(self.piece).edit_reason, "Project")

	def test_partial_orders_in_purchase_units(self):
		"""Two orders in boxes add up in pieces; cancelling and amending one takes back and gives again."""
		self.submit_request()
		line = self.line(self.boxed)
		boxes = line.qty
		self.assertGreaterEqual(boxes, 2)
		self.order({self.boxed: 1})
		difference = 12 * (boxes - 1)
		self.assert_row(self.boxed, 12, max(-difference / 28, -3), settled=False)
		second = self.order({self.boxed: boxes - 1})
		self.assert_row(self.boxed, 12 * boxes, 1, settled=True)
		second.cancel()
		self.assert_row(self.boxed, 12, max(-difference / 28, -3), settled=False)
		amended = frappe.copy_doc(second)
		amended.amended_from, amended.docstatus, amended.status = second.name, 0, "Draft"
		amended.insert()
		amended.submit()
		self.assert_row(self.boxed, 12 * boxes, 1, settled=True)
		self.assertEqual(self.row(self.boxed).purchase_order, amended.name)

	def test_update_items_after_submit(self):
		"""ERPNext's Update Items changes a submitted order, and the row with it."""
		self.submit_request()
		order = self.order({self.piece: self.line(self.piece).qty})
		(line,) = order.items
		changed = [
			{
				"docname": line.name,
				"name": line.name,
				"item_code": line.item_code,
				"qty": line.qty - 14,
				"rate": line.rate,
				"uom": line.uom,
				"conversion_factor": 1,
				"schedule_date": str(line.schedule_date),
			}
		]
		frappe.set_user("Administrator")
		update_child_qty_rate("Purchase Order", frappe.as_json(changed), order.name)
		self.assert_row(self.piece, line.qty - 14, -14 / 28, settled=False)

	def test_a_stopped_request_is_turned_down(self):
		"""Ordered 0; reopening takes that back."""
		self.submit_request()
		frappe.set_user("Administrator")
		proposed = self.line(self.piece).rl_proposed_qty
		update_status(self.request.name, "Stopped")
		self.assert_row(self.piece, 0, max(-proposed / 28, -3), settled=True)
		self.assertEqual(self.status(self.piece), "Turned Down")
		update_status(self.request.name, "Submitted")
		self.assertFalse(self.row(self.piece).settled)
		self.assertEqual(self.status(self.piece), "Requested")

	def test_a_cancelled_request_is_turned_down(self):
		self.submit_request()
		self.request.reload().cancel()
		self.assertTrue(self.row(self.piece).settled)
		self.assertEqual(self.row(self.piece).ordered_qty, 0)

	def test_an_amended_request_speaks_last(self):
		"""Cancelled, amended and ordered: one row, for what was ordered."""
		self.submit_request()
		self.request.reload().cancel()
		amended = frappe.copy_doc(self.request)
		amended.update({"amended_from": self.request.name, "docstatus": 0, "status": "Draft"})
		amended.insert()
		amended.submit()
		self.request = amended
		self.order({self.piece: self.line(self.piece).qty})
		self.assert_row(self.piece, self.line(self.piece).rl_proposed_qty, 1, settled=True)
		self.assertEqual(self.row(self.piece).material_request, amended.name)
		proposal = frappe.get_doc("RL Proposal", self.row(self.piece).proposal)
		self.assertEqual(proposal.material_request, amended.name)

	def test_a_deleted_draft_is_turned_down(self):
		"""The buyer may delete it, although proposals name it."""
		frappe.set_user("Administrator")
		self.request.delete()
		self.assertTrue(self.row(self.piece).settled)
		self.assertEqual((self.row(self.piece).ordered_qty, self.status(self.piece)), (0, "Turned Down"))

	def test_a_deleted_line_is_turned_down(self):
		self.request.items = [self.line(self.piece)]
		self.request.save()
		self.assertFalse(frappe.db.exists("RL Feedback", {"agent": self.agent.name}))
		self.submit_request()
		self.assertTrue(self.row(self.boxed).settled)
		self.assertEqual(self.row(self.boxed).ordered_qty, 0)
		self.assertFalse(self.row(self.piece).settled)

	def test_a_split_line_still_traces(self):
		"""Half now, half next month, on a second line of the same item: one row for both."""
		line = self.line(self.piece)
		proposed = line.rl_proposed_qty
		line.qty = 10
		self.request.append(
			"items",
			{
				"item_code": self.piece,
				"warehouse": self.warehouse,
				"qty": proposed - 10,
				"uom": line.uom,
				"schedule_date": getdate(add_days(nowdate(), 30)),
			},
		)
		self.request.save()
		self.submit_request()
		order = make_purchase_order(self.request.name)
		order.supplier = self.supplier
		order.schedule_date = add_days(nowdate(), 30)
		order.items = [line for line in order.items if line.item_code == self.piece]
		self.assertEqual(len(order.items), 2)
		for line in order.items:
			line.rate = 10
		order.insert()
		order.submit()
		self.assert_row(self.piece, proposed, 1, settled=True)

	def second_request(self, sold: float = 40):
		"""What is asked for after a large sale, while the first request is waiting."""
		frappe.set_user("Administrator")
		make.make_sales_order(make.make_customer(), self.warehouse, {self.piece: sold})
		(name,) = propose(self.agent.name, force=True)["material_requests"]
		frappe.set_user(self.buyer)
		return frappe.get_doc("Material Request", name)

	def raise_piece_by(self, qty: float) -> float:
		"""Ask for more of the piece on the first request; the quantity that makes."""
		line = self.line(self.piece)
		line.qty += qty
		self.request.save()
		self.submit_request()
		return line.qty

	def assert_rows_of_piece(self, *expected: tuple[float, float]) -> None:
		"""Ordered quantity and reward of all rows."""
		rows = frappe.get_all(
			"RL Feedback",
			{"agent": self.agent.name, "item_code": self.piece},
			["ordered_qty", "reward"],
			order_by="ordered_qty",
		)
		self.assertEqual([(row.ordered_qty, row.reward) for row in rows], sorted(expected))

	def test_two_drafts_merged_into_one(self):
		"""One is deleted, the other raised by as much: both were ordered as proposed."""
		first_qty = self.line(self.piece).qty
		second = self.second_request()
		second_qty = second.items[0].qty
		second.delete()
		self.assertLess(self.row(self.piece).reward, 0)
		both = self.raise_piece_by(second_qty)
		order = self.order({self.piece: both})
		self.assert_rows_of_piece((first_qty, 1), (second_qty, 1))
		order.cancel()
		rows = frappe.get_all("RL Feedback", {"item_code": self.piece}, ["ordered_qty", "reward"])
		self.assertEqual([row.ordered_qty for row in rows], [0, 0])
		self.assertTrue(all(row.reward < 0 for row in rows))

	def test_a_request_stopped_because_another_was_raised(self):
		first_qty = self.line(self.piece).qty
		second = self.second_request()
		second_qty = second.items[0].qty
		second.submit()
		self.order({self.piece: self.raise_piece_by(second_qty)})
		update_status(second.name, "Stopped")
		self.assert_rows_of_piece((first_qty, 1), (second_qty, 1))
		update_status(second.name, "Submitted")
		self.assertEqual(self.row(self.piece, material_request=second.name).ordered_qty, 0)

	def test_more_than_was_proposed_is_no_share_of_a_later_request(self):
		"""What was ordered before the other request was there belongs to the first alone."""
		qty = self.raise_piece_by(40)
		self.order({self.piece: qty})
		frappe.db.set_value(
			"Purchase Order", {"supplier": self.supplier}, "transaction_date", add_days(nowdate(), -1)
		)
		# what was ordered beyond the proposal is there for it
		self.second_request(sold=90).delete()
		self.assertEqual(self.row(self.piece, material_request=self.request.name).ordered_qty, qty)

	def order_by_hand(self, *lines: tuple[str, str, float]):
		"""A Purchase Order of (item, warehouse, quantity) without a link to any request."""
		order = frappe.get_doc(
			{
				"doctype": "Purchase Order",
				"company": make.company(),
				"supplier": self.supplier,
				"schedule_date": add_days(nowdate(), 7),
				"items": [
					{"item_code": item, "warehouse": warehouse, "qty": qty, "rate": 1}
					for item, warehouse, qty in lines
				],
			}
		).insert()
		order.submit()
		return order

	def test_ordered_by_hand_beside_a_stopped_request(self):
		"""It was kept, whichever comes first; cancelling the order takes that back."""
		proposed = self.line(self.piece).rl_proposed_qty
		self.submit_request()
		order = self.order_by_hand((self.piece, self.warehouse, proposed))
		frappe.set_user("Administrator")
		update_status(self.request.name, "Stopped")
		self.assert_row(self.piece, proposed, 1, settled=True)
		self.assertEqual(self.status(self.piece), "Ordered")
		self.assertEqual(self.row(self.piece).purchase_order, order.name)
		self.assertLess(self.row(self.boxed).reward, 0)
		order.cancel()
		self.assert_row(self.piece, 0, max(-proposed / 28, -3), settled=True)
		# to goods in, after the request was stopped
		self.order_by_hand((self.piece, make.make_warehouse(), proposed - 7))
		self.assert_row(self.piece, proposed - 7, -7 / 28, settled=True)

	def test_ordered_by_hand_for_a_place_that_uses_it(self):
		"""Another place's own purchase is no answer."""
		branch = make.make_warehouse()
		make.sell_every_day(self.piece, branch, 1)
		self.submit_request()
		frappe.set_user("Administrator")
		update_status(self.request.name, "Stopped")
		self.order_by_hand((self.piece, branch, self.line(self.piece).qty))
		self.assertEqual(self.row(self.piece).ordered_qty, 0)

	def test_ordered_by_hand_beside_an_open_request(self):
		"""Counted while the request waits; what is then ordered from the request stands by itself."""
		proposed = self.line(self.piece).rl_proposed_qty
		self.submit_request()
		self.order_by_hand((self.piece, self.warehouse, proposed))
		self.assert_row(self.piece, proposed, 1, settled=True)
		self.order({self.piece: proposed})
		self.assert_row(self.piece, proposed, 1, settled=True)

	def test_ordered_by_hand_beside_other_lines_of_the_request(self):
		"""The line's link got lost: it answers the proposal, and is no item that the buyer added."""
		proposed = self.line(self.piece).rl_proposed_qty
		self.submit_request()
		order = self.order({item: self.line(item).qty for item in (self.piece, self.boxed)}, submit=False)
		for line in order.items:
			if line.item_code == self.piece:
				line.material_request = line.material_request_item = None
		order.save()
		order.submit()
		self.assert_row(self.piece, proposed, 1, settled=True)

	def test_another_item_entered_over_a_proposed_line(self):
		"""The proposed one was turned down; the other one is added, proposed 0, and says nothing else."""
		other = make.make_item(self.supplier)
		line = self.line(self.piece)
		line.update({"item_code": other, "item_name": other, "qty": 5})
		self.request.save()
		self.assertEqual((line.rl_proposal, line.rl_proposed_qty, line.rl_explanation or ""), (None, 0, ""))
		self.submit_request()
		self.assertEqual(self.row(self.piece).ordered_qty, 0)
		self.assertTrue(self.row(self.piece).settled)
		self.order({other: 5})
		self.assert_row(other, 5, -3, settled=True)
		self.assertEqual((self.row(other).proposed_qty, self.row(other).proposal), (0, None))
		self.assertEqual(self.status(self.piece), "Turned Down")

	def test_a_proposed_line_that_was_deleted_and_entered_again(self):
		proposed = self.line(self.piece).rl_proposed_qty
		self.request.items = [self.line(self.boxed)]
		self.request.append(
			"items",
			{
				"item_code": self.piece,
				"warehouse": self.warehouse,
				"qty": proposed,
				"schedule_date": getdate(add_days(nowdate(), 7)),
			},
		)
		self.request.save()
		self.submit_request()
		self.order({self.piece: proposed})
		self.assert_row(self.piece, proposed, 1, settled=True)

	def test_a_proposed_line_for_another_warehouse(self):
		"""The quantity was kept; the row is about the place that it was proposed for."""
		line = self.line(self.piece)
		line.warehouse = make.make_warehouse()
		self.request.save()
		self.submit_request()
		self.order({self.piece: line.qty})
		self.assert_row(self.piece, line.qty, 1, settled=True, warehouse=self.warehouse)

	def test_an_item_added_to_the_request(self):
		"""Proposed 0; one that is turned down again leaves nothing."""
		added = make.make_item(self.supplier)
		self.request.append(
			"items",
			{
				"item_code": added,
				"warehouse": self.warehouse,
				"qty": 5,
				"schedule_date": getdate(add_days(nowdate(), 7)),
			},
		)
		self.request.save()
		self.submit_request()
		self.assertFalse(frappe.db.exists("RL Feedback", {"item_code": added}))
		order = self.order({added: 5})
		self.assert_row(added, 5, -3, settled=True)
		self.assertEqual(self.row(added).proposed_qty, 0)
		order.cancel()
		self.assertFalse(frappe.db.exists("RL Feedback", {"item_code": added}))

	def test_an_item_added_to_the_order(self):
		"""In the agent's scope: proposed 0. Out of it: nobody's business."""
		frappe.set_user("Administrator")
		inside, outside = make.make_item(self.supplier), make.make_item(self.supplier)
		self.agent.reload().append("items", {"item_code": inside})
		self.agent.save()
		frappe.set_user(self.buyer)
		self.submit_request()
		order = self.order({self.piece: self.line(self.piece).qty}, submit=False)
		for item in (inside, outside):
			order.append("items", {"item_code": item, "warehouse": self.warehouse, "qty": 2, "rate": 1})
		order.save()
		order.submit()
		self.assert_row(inside, 2, -2, settled=True)
		self.assertFalse(frappe.db.exists("RL Feedback", {"item_code": outside}))
		order.cancel()
		self.assertFalse(frappe.db.exists("RL Feedback", {"item_code": inside}))

	def test_rows_settle_after_days(self):
		self.submit_request()
		feedback.settle(getdate(add_days(nowdate(), 29)))
		self.assertFalse(self.row(self.piece).settled)
		feedback.settle(getdate(add_days(nowdate(), 30)))
		self.assertTrue(self.row(self.piece).settled)
		self.assertEqual(self.status(self.piece), "Turned Down")

	def test_what_was_learned_from_is_corrected_not_changed(self):
		"""Each row is learned from once; a later change makes a row of its own, which may change again."""
		self.submit_request()
		order = self.order({self.piece: self.line(self.piece).qty})
		answers = feedback.settled_answers(self.agent.name)
		rows = answers.rows
		self.assertEqual([key.item_code for key in rows.keys], [self.piece])
		self.assertEqual((rows.proposed_qty[0], rows.on_hand[0]), (rows.ordered_qty[0], 0))
		feedback.mark_consumed(answers.new_names, None)
		self.assertEqual(feedback.settled_answers(self.agent.name).new_names, [])
		order.cancel()
		first = self.row(self.piece, consumed=1)
		self.assertEqual((first.reward, first.settled), (1, 1))
		correcting = self.row(self.piece, consumed=0)
		self.assertEqual(
			(correcting.correction_of, correcting.ordered_qty, correcting.settled), (first.name, 0, 0)
		)
		self.order({self.piece: self.line(self.piece).qty - 7})
		self.assertEqual(self.row(self.piece, consumed=0).ordered_qty, first.ordered_qty - 7)

	def test_a_failure_is_logged_and_the_order_goes_through(self):
		self.submit_request()
		logged = frappe.db.count("Error Log")
		with patch.object(rewards, "_reward", side_effect=ZeroDivisionError):
			order = self.order({self.piece: 3})
		self.assertEqual(frappe.db.get_value("Purchase Order", order.name, "docstatus"), 1)
		self.assertEqual(frappe.db.count("Error Log"), logged + 1)
		self.assertEqual(self.row(self.piece).ordered_qty, 0)
