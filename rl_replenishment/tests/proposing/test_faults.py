"""What becomes of a run of proposals when something breaks in the middle of it."""

from __future__ import annotations

from unittest.mock import patch

import frappe
from pymysql.err import InterfaceError, OperationalError
from rq.timeouts import JobTimeoutException

from rl_replenishment.bridge import retrying
from rl_replenishment.bridge.bench_execute import describe
from rl_replenishment.bridge.proposing import material_requests
from rl_replenishment.bridge.proposing import round as proposal_round
from rl_replenishment.bridge.proposing import run as proposal_run
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.case import IntegrationTestCase


class TestFaults(IntegrationTestCase):
	def setUp(self) -> None:
		for name in ("commit", "rollback"):
			fake = patch.object(frappe.db, name)
			fake.start()
			self.addCleanup(fake.stop)
		pause = patch.object(retrying, "PAUSE_SECONDS", 0)
		pause.start()
		self.addCleanup(pause.stop)
		frappe.db.savepoint("before_test")
		self.addCleanup(lambda: frappe.db.sql("rollback to savepoint before_test"))
		supplier, self.warehouse = make.make_supplier(), make.make_warehouse()
		self.items = [make.make_item(supplier) for _ in range(2)]
		for item in self.items:
			make.sell_every_day(item, self.warehouse, 4)
		self.agent = make.make_agent([self.warehouse], self.items).name

	def run_of(self) -> frappe._dict:
		return frappe.get_last_doc("RL Proposal Run", {"agent": self.agent})

	def fail(self, error: Exception, *, times: int) -> list[int]:
		"""Propose, where the first requests end in an error; how often one was tried."""
		place, tries = material_requests._place, []

		def failing(*args):
			tries.append(1)
			if len(tries) <= times:
				raise error
			place(*args)

		with patch.object(material_requests, "_place", failing):
			proposal_run.propose_for(self.agent)
		return tries

	def test_a_deadlock_begins_the_run_anew(self) -> None:
		for error in retrying.IN_THE_WAY:
			with self.subTest(error.__name__):
				tries = self.fail(error("1213"), times=2)
				self.assertEqual(len(tries), 3)
				self.assertEqual(self.run_of().status, "Completed")
				# so that the next has something to request
				frappe.db.delete("Material Request Item", {"item_code": ("in", self.items)})
				frappe.db.delete("RL Proposal", {"agent": self.agent})
				frappe.db.delete("RL Proposal Run", {"agent": self.agent})

	def test_locks_are_no_refusal(self) -> None:
		"""The run fails, in words; it does not say Completed with nothing requested."""
		with self.assertRaisesRegex(frappe.ValidationError, "locked"):
			self.fail(frappe.QueryTimeoutError("1205"), times=9)
		run = self.run_of()
		self.assertEqual(run.status, "Failed")
		self.assertIn("locked", run.messages)
		self.assertFalse(frappe.db.get_value("RL Agent Settings", self.agent, "last_run_on"))

	def test_the_jobs_own_timeout_ends_the_run(self) -> None:
		tries = []
		with self.assertRaises(JobTimeoutException):
			tries = self.fail(JobTimeoutException("1500"), times=9)
		self.assertEqual(tries, [])
		self.assertEqual(self.run_of().status, "Failed")
		self.assertIn("time was up", self.run_of().messages)

	def test_a_lost_connection_marks_the_run(self) -> None:
		for error in (InterfaceError(0, ""), OperationalError(2013, "Lost connection")):
			with self.subTest(repr(error)):
				with self.assertRaisesRegex(frappe.ValidationError, "connection"):
					self.fail(error, times=9)
				self.assertEqual(self.run_of().status, "Failed")
				self.assertIn("connection", self.run_of().messages)

	def test_no_path_of_the_server(self) -> None:
		for error in (
			PermissionError(13, "Permission denied", "/home/frappe/bench/sites/site/private/files/rl.zip"),
			RuntimeError(f"no {frappe.get_site_path('private')} here"),
			RuntimeError(f"no {frappe.utils.get_bench_path()}/sites here"),
		):
			text = describe(error)
			self.assertNotIn(frappe.utils.get_bench_path(), text)
			self.assertNotIn("/home/frappe", text)
		said = describe(PermissionError(13, "Permission denied", "/x/rl.zip"))
		self.assertIn("rl.zip: Permission denied", said)


class TestConnections(IntegrationTestCase):
	"""With a connection that the server really cuts, so with commits."""

	def test_a_connection_that_is_gone_is_replaced(self) -> None:
		"""The run is marked on another; nothing else of it is there."""
		supplier, warehouse = make.make_supplier(), make.make_warehouse()
		item = make.make_item(supplier)
		make.sell_every_day(item, warehouse, 4)
		agent = make.make_agent([warehouse], [item]).name
		self.addCleanup(self.remove, agent, item)
		emit = proposal_round.emit

		def cut(*args, **kwargs):
			result = emit(*args, **kwargs)
			other = frappe.db.get_connection()
			try:
				(number,) = frappe.db.sql("select connection_id()")[0]
				with other.cursor() as cursor:
					cursor.execute("kill %s", (number,))
			finally:
				other.close()
			return result

		with patch.object(proposal_round, "emit", cut), self.assertRaises(frappe.ValidationError):
			proposal_run.propose_for(agent)
		run = frappe.get_last_doc("RL Proposal Run", {"agent": agent})
		self.assertEqual(run.status, "Failed")
		self.assertIn("connection", run.messages)
		self.assertFalse(frappe.db.exists("Material Request", {"rl_agent": agent}))
		self.assertFalse(frappe.db.exists("RL Proposal", {"agent": agent}))

	def remove(self, agent: str, item: str) -> None:
		for doctype in ("RL Proposal Run", "RL Policy", "RL Training Run"):
			frappe.db.delete(doctype, {"agent": agent})
		frappe.delete_doc("RL Agent Settings", agent, force=True)
		frappe.db.delete("Stock Ledger Entry", {"item_code": item})
		frappe.delete_doc("Item", item, force=True)
		frappe.db.commit()
