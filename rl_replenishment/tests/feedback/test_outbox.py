"""What a buyer's transaction leaves for later, and what becomes of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

import frappe
from erpnext.stock.doctype.material_request.material_request import update_status

from rl_replenishment.bridge import feedback, retrying
from rl_replenishment.bridge.feedback import outbox, rewards
from rl_replenishment.tests.feedback.feedback_case import FeedbackCase


class TestOutbox(FeedbackCase):
	def setUp(self) -> None:
		super().setUp()
		self.submit_request()
		self.line_qty = self.line(self.piece).qty
		frappe.db.delete(outbox.DUE)

	@contextmanager
	def as_in_use(self) -> Iterator[None]:
		"""As where no test runs."""
		with patch.dict(frappe.flags, {"in_test": False}):
			yield

	def notes(self) -> list[tuple[str, str, int]]:
		return [
			(row.parenttype, row.parent, row.tries)
			for row in frappe.get_all(outbox.DUE, ["parenttype", "parent", "tries"], order_by="creation")
		]

	def order_in_use(self):
		order = self.order({self.piece: self.line_qty}, submit=False)
		with self.as_in_use():
			order.submit()
		return order

	def test_an_order_is_noted_and_worked_off_later(self) -> None:
		order = self.order_in_use()
		self.assertEqual(self.notes(), [("Purchase Order", order.name, 0)])
		self.assertEqual(self.row(self.piece).ordered_qty, 0)
		self.assertEqual(feedback.work_off(), 0)
		self.assert_row(self.piece, self.line_qty, 1, settled=True)
		self.assertEqual(self.notes(), [])

	def test_the_hook_is_one_statement(self) -> None:
		"""Whatever the order has in it, and it reads nothing."""
		order = self.order({self.piece: 3}, submit=False)
		with self.as_in_use(), self.assertQueryCount(1):
			feedback.observe_order(order)
		self.assertEqual(self.notes(), [("Purchase Order", order.name, 0)])

	def test_the_table_cannot_be_written(self) -> None:
		"""The buyer's order goes through; what nobody noted, the doctor finds."""
		order = self.order({self.piece: self.line_qty}, submit=False)
		with self.as_in_use(), patch.object(outbox, "DUE", "RL No Such Table"):
			order.submit()
		self.assertEqual(frappe.db.get_value("Purchase Order", order.name, "docstatus"), 1)

	def test_a_deadlock_is_frappes_to_tell(self) -> None:
		"""Then the whole transaction is gone, and the buyer's document with it."""
		order = self.order({self.piece: self.line_qty}, submit=False)
		for is_in_use, where in ((True, (outbox, "note")), (False, (outbox, "refresh"))):
			with (
				self.subTest(is_in_use=is_in_use),
				patch.dict(frappe.flags, {"in_test": not is_in_use}),
				patch.object(*where, side_effect=frappe.QueryDeadlockError),
				self.assertRaises(frappe.QueryDeadlockError),
			):
				feedback.observe_order(order)

	def test_locks_in_the_way_are_waited_for(self) -> None:
		self.order_in_use()
		for error in retrying.IN_THE_WAY:
			with self.subTest(error.__name__):
				original, calls = outbox.refresh, []

				def refresh(*args, error=error, original=original, calls=calls) -> None:
					calls.append(args)
					if len(calls) < 3:
						raise error
					original(*args)

				outbox.note("Material Request", self.request.name)
				with (
					patch.object(outbox, "refresh", refresh),
					patch.object(frappe.db, "rollback"),
					patch.object(retrying, "PAUSE_SECONDS", 0),
				):
					self.assertEqual(feedback.work_off(), 0)
				self.assert_row(self.piece, self.line_qty, 1, settled=True)

	def test_what_fails_keeps_nothing_else_waiting(self) -> None:
		"""It is tried three times, logged each time, and stays for somebody to look at."""
		order = self.order_in_use()
		outbox.note("Purchase Order", "No Such Order")
		logged = frappe.db.count("Error Log")
		with (
			patch.object(frappe.db, "rollback"),
			patch.object(rewards, "_reward", side_effect=ZeroDivisionError),
		):
			feedback.work_off()
		self.assertEqual(self.notes(), [("Purchase Order", order.name, outbox.MOST_TRIES)])
		self.assertEqual(frappe.db.count("Error Log"), logged + outbox.MOST_TRIES)

	def test_one_worker_at_a_time(self) -> None:
		"""Another one is at it, on another connection: it will find the note."""
		order = self.order_in_use()
		with patch.object(outbox, "PATIENCE_SECONDS", 0):
			other = frappe.db.get_connection()
			try:
				lock = f"rl_feedback.{frappe.conf.db_name}"[:64]
				other.cursor().execute("select get_lock(%s, 0)", (lock,))
				self.assertEqual(feedback.work_off(), 1)
			finally:
				other.close()
		self.assertEqual(self.notes(), [("Purchase Order", order.name, 0)])
		self.assertEqual(feedback.work_off(), 0)

	def test_one_job_for_all_that_a_worker_has_not_taken_up(self) -> None:
		"""And a full or unreachable queue troubles nobody."""
		frappe.cache.delete(outbox._key())
		self.addCleanup(lambda: frappe.cache.delete(outbox._key()))
		self.addCleanup(lambda: setattr(frappe.local, "request", None))
		frappe.local.request = object()
		with patch.object(frappe, "enqueue") as enqueue:
			outbox._ask()
			outbox._ask()
			self.assertEqual(enqueue.call_count, 1)
		frappe.cache.delete(outbox._key())
		with patch.object(frappe, "enqueue", side_effect=lambda *args, **kwargs: frappe.throw("full")):
			outbox._ask()
		self.assertEqual(frappe.local.message_log, [])

	def test_who_deleted_a_request_has_turned_it_down(self) -> None:
		frappe.set_user("Administrator")
		self.request.reload().cancel()
		frappe.set_user(self.buyer)
		frappe.db.delete("RL Feedback", {"agent": self.agent.name})
		with self.as_in_use():
			frappe.delete_doc("Material Request", self.request.name, ignore_permissions=True)
		frappe.set_user("Administrator")
		feedback.work_off()
		self.assertEqual((self.row(self.piece).buyer, self.row(self.piece).ordered_qty), (self.buyer, 0))

	def test_what_a_training_marks_meanwhile_is_corrected(self) -> None:
		"""The row is read again, locked, before it is written."""
		order = self.order({self.piece: self.line_qty})
		frappe.db.set_value("RL Feedback", {"agent": self.agent.name}, "consumed", 1)
		order.cancel()
		self.assertEqual(self.row(self.piece, consumed=1).ordered_qty, self.line_qty)
		self.assertEqual(self.row(self.piece, consumed=0).ordered_qty, 0)

	def test_an_amendment_in_the_making(self) -> None:
		"""While it is a draft nothing is turned down, and the proposal points to it; deleted, it was."""
		self.request.reload().cancel()
		self.assertTrue(self.row(self.piece).settled)
		amended = frappe.copy_doc(self.request)
		amended.update({"amended_from": self.request.name, "docstatus": 0, "status": "Draft"})
		amended.insert()
		row = self.row(self.piece)
		self.assertEqual((row.settled, row.material_request), (0, amended.name))
		where = frappe.db.get_value("RL Proposal", row.proposal, ["material_request", "status"])
		self.assertEqual(where, (amended.name, "Requested"))
		frappe.set_user("Administrator")
		amended.delete()
		row = self.row(self.piece)
		self.assertEqual((row.settled, row.material_request), (1, self.request.name))
		update_to = frappe.db.get_value("RL Proposal", row.proposal, ["material_request", "status"])
		self.assertEqual(update_to, (self.request.name, "Turned Down"))

	def test_stopping_twice_says_the_same(self) -> None:
		frappe.set_user("Administrator")
		update_status(self.request.name, "Stopped")
		before = self.row(self.piece)
		feedback.work_off()
		outbox.refresh("Material Request", self.request.name)
		self.assertEqual(self.row(self.piece), before)
