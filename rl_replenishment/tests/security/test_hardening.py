"""What a request may carry, and what one agent's settings may do to the others."""

from __future__ import annotations

import json
import threading
from datetime import date, timedelta
from typing import Any
from unittest.mock import patch

import frappe
from frappe.utils import add_days, getdate, now_datetime, nowdate

from rl_replenishment import api, tasks
from rl_replenishment.bridge import feedback, notifying
from rl_replenishment.bridge.desk import reporting
from rl_replenishment.bridge.guarding import plain
from rl_replenishment.bridge.policies import promotion
from rl_replenishment.bridge.policies import store as policy_store
from rl_replenishment.bridge.proposing import turning_down
from rl_replenishment.bridge.review_days import within_calendar
from rl_replenishment.bridge.state import demand
from rl_replenishment.bridge.training import asking
from rl_replenishment.core.errors import InputError
from rl_replenishment.rl_replenishment.doctype.rl_agent_settings.rl_agent_settings import BOUNDS
from rl_replenishment.setup.roles import MANAGER, USER
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.case import IntegrationTestCase

NUMBERS = ("Int", "Float", "Currency", "Percent")
HOSTILE = '<img src=x onerror="window.hurt=1"'


class TestBounds(IntegrationTestCase):
	def setUp(self) -> None:
		frappe.db.savepoint("before_test")
		self.addCleanup(lambda: frappe.db.rollback(save_point="before_test"))
		self.agent = make.make_agent([make.make_warehouse()], [make.make_item()])

	def test_every_number_has_bounds(self) -> None:
		fields = frappe.get_meta("RL Agent Settings").get("fields", {"fieldtype": ("in", NUMBERS)})
		self.assertEqual({field.fieldname for field in fields}, set(BOUNDS))

	def test_nothing_beyond_them_is_kept(self) -> None:
		strange = (-1, 1e300, float("nan"), float("inf"), "many", [1], {"a": 1})
		for field, (least, most) in BOUNDS.items():
			for value in (*strange, most + 1, least - 1):
				with self.subTest(field, value=value):
					agent = frappe.get_doc("RL Agent Settings", self.agent.name)
					agent.set(field, value)
					self.assertRaises(frappe.ValidationError, agent.save)

	def test_a_history_that_no_machine_holds(self) -> None:
		"""Is refused before any of it is read, with what to do."""
		keys = [object()] * 1000
		with (
			patch.object(demand, "read_places") as read,
			self.assertRaisesRegex(InputError, "more than a run may hold"),
		):
			demand.read_demand(self.agent, keys, days=700_000, today=getdate())
		read.assert_not_called()


class TestEachAgentByItself(IntegrationTestCase):
	"""In every scheduled job: numbers of before there were bounds stop nobody else."""

	def setUp(self) -> None:
		for name in ("commit", "rollback"):
			patched = patch.object(frappe.db, name)
			patched.start()
			self.addCleanup(patched.stop)
		self.addCleanup(lambda: frappe.db.sql("rollback"))
		frappe.db.set_value("RL Agent Settings", {}, "enabled", 0)
		self.agents = sorted(
			make.make_agent([make.make_warehouse()], [make.make_item()], mode="Draft").name for _ in range(3)
		)
		broken = {"settle_after_days": 2**31 - 1, "train_every_days": 2**31 - 1, "history_days": 700_000}
		frappe.db.set_value("RL Agent Settings", self.agents[0], broken)

	def answer(self, agent: str, **values: Any) -> str:
		row = {
			"doctype": "RL Feedback",
			"agent": agent,
			"decision_date": add_days(nowdate(), -50),
			**values,
		}
		return frappe.get_doc(row).insert().name

	def test_settling(self) -> None:
		rows = [self.answer(agent) for agent in self.agents]
		feedback.settle(getdate())
		settled = [frappe.db.get_value("RL Feedback", row, "settled") for row in rows]
		self.assertEqual(settled, [0, 1, 1])

	def test_training(self) -> None:
		old = now_datetime() - timedelta(days=20)
		for agent in self.agents:
			frappe.db.set_value("RL Agent Settings", agent, "last_trained_on", old)
		with (
			patch.object(asking, "_missing_libraries", return_value=[]),
			patch.object(asking, "enqueue") as enqueue,
			patch.object(policy_store, "is_classical_old", return_value=False),
		):
			asking.train_due()
		self.assertEqual([call.args[0] for call in enqueue.call_args_list], self.agents[1:])

	def test_every_job_goes_on_after_an_agent_that_fails(self) -> None:
		"""Whatever it is that fails for the first."""

		def work(name: str, *_args: Any, **_kwargs: Any) -> None:
			seen.append(name)
			if name == self.agents[0]:
				raise OverflowError("date value out of range")

		def of_document(document: Any, *_args: Any, **_kwargs: Any) -> None:
			work(document.name)

		for job, target, replacement in (
			(tasks.propose_due, "rl_replenishment.tasks._queue_if_due", work),
			(tasks.train_due, "rl_replenishment.bridge.training.asking._train_due", work),
			(tasks.settle_feedback, "rl_replenishment.bridge.feedback.learning._settle", work),
			(tasks.book_edit_values, "rl_replenishment.bridge.feedback.hindsight._book", of_document),
			(tasks.check_drift, "rl_replenishment.bridge.policies.drift._check", of_document),
		):
			with self.subTest(job.__name__), patch(target, replacement):
				seen: list[str] = []
				job()
				self.assertEqual([name for name in seen if name in self.agents], self.agents)


class TestPromotion(IntegrationTestCase):
	"""Asked six times at once, done once: read when the lock is there, not before."""

	@classmethod
	def setUpClass(cls) -> None:
		super().setUpClass()
		supplier, warehouse = make.make_supplier(), make.make_warehouse()
		item = make.make_item(supplier)
		make.sell_every_day(item, warehouse, 3)
		cls.agent = make.make_agent([warehouse], [item], holdout_days=7)
		cls.first, _stored = policy_store.make_classical(cls.agent)
		cls.second, _stored = policy_store.make_classical(cls.agent)
		cls.third, _stored = policy_store.make_classical(cls.agent)
		# other connections are to see them
		frappe.db.commit()
		cls.addClassCleanup(cls.clear)

	@classmethod
	def clear(cls) -> None:
		frappe.delete_doc("RL Agent Settings", cls.agent.name, force=True)
		frappe.db.commit()

	def at_once(self, work: Any) -> list[str]:
		"""Six connections, each with a look at the data of before the first of them writes."""
		site, sites_path = frappe.local.site, frappe.local.sites_path
		ready, done = threading.Barrier(6), []

		def run() -> None:
			frappe.init(site=site, sites_path=sites_path)
			frappe.connect()
			try:
				frappe.db.get_value("RL Policy", self.first, "status")
				ready.wait(30)
				work()
				frappe.db.commit()
				done.append("done")
			except frappe.ValidationError:
				frappe.db.rollback()
				done.append("refused")
			finally:
				frappe.destroy()

		threads = [threading.Thread(target=run) for _ in range(6)]
		for thread in threads:
			thread.start()
		for thread in threads:
			thread.join()
		frappe.db.rollback()
		return sorted(done)

	def test_six_at_once(self) -> None:
		self.assertEqual(
			self.at_once(lambda: promotion.promote(self.first, "six")), ["done", *["refused"] * 5]
		)
		self.assertEqual(policy_store.active_policy(self.agent.name), self.first)
		promoted = frappe.get_all(
			"RL Policy Promotion", {"parent": self.first, "reason": "six"}, pluck="action"
		)
		self.assertEqual(promoted, ["Promoted"])
		self.assertEqual(
			self.at_once(lambda: promotion.roll_back(self.agent.name)), ["done", *["refused"] * 5]
		)
		self.assertEqual(policy_store.active_policy(self.agent.name), self.third)


class TestTexts(IntegrationTestCase):
	def setUp(self) -> None:
		frappe.db.savepoint("before_test")
		self.addCleanup(lambda: frappe.db.rollback(save_point="before_test"))

	def test_markup_and_formulas(self) -> None:
		for text, expected in (
			("5 < 7 > 3", "5 < 7 > 3"),
			("<b>bold</b>", "< b>bold< /b>"),
			(HOSTILE, "< " + HOSTILE[1:]),
			('{"a": "<script>alert(1)</script>"}', '{"a": "< script>alert(1)< /script>"}'),
			("<!--", "< !--"),
			('=HYPERLINK("http://x")', '\'=HYPERLINK("http://x")'),
			(" @SUM(A1)", "' @SUM(A1)"),
			("-cmd|' /C calc'!A0", "'-cmd|' /C calc'!A0"),
			("- 5 % less", "- 5 % less"),
			(None, ""),
		):
			self.assertEqual(plain(text), expected)

	def test_what_is_stored(self) -> None:
		warehouse, item = make.make_warehouse(), make.make_item()
		frappe.db.set_value("Item", item, "item_name", f"Item {HOSTILE}")
		agent = make.make_agent([warehouse], [item])
		snooze = frappe.get_doc(
			{
				"doctype": "RL Snooze",
				"agent": agent.name,
				"item_code": item,
				"until": add_days(nowdate(), 9),
				"reason": json.dumps({"why": HOSTILE}),
			}
		).insert()
		self.assertNotIn("<img", snooze.reload().reason)
		self.assertNotIn("<img", agent.reload().items[0].item_name or "")
		make.sell_every_day(item, warehouse, 4)
		policy_store.make_classical(agent)
		name, _stored = policy_store.make_classical(agent)
		policy_store.activate(name, HOSTILE)
		for row in frappe.get_doc("RL Policy", name).promotions:
			self.assertNotIn("<img", row.reason)

	def test_a_list_that_is_too_long(self) -> None:
		with self.assertRaisesRegex(frappe.ValidationError, "more than can be turned down at once"):
			api.turn_down(json.dumps(["x"] * (turning_down.MOST_AT_ONCE + 1)))
		for value in ("[1]", "{}", "[[]]", "null", "[" * 100_000, "x", '["a", {"b": 1}]'):
			with self.subTest(value[:20]), self.assertRaises(frappe.ValidationError):
				api.turn_down(value)


class TestDates(IntegrationTestCase):
	"""Days next to the ends of what Python knows."""

	def test_reports(self) -> None:
		for day in ("0001-01-01", "9999-12-31"):
			for name in ("from_date", "to_date"):
				with self.subTest(day, name=name), self.assertRaises(frappe.ValidationError):
					reporting.given({name: day})

	def test_what_documents_bear(self) -> None:
		for day in (date.min, date.max, getdate()):
			found = within_calendar(day)
			for days in (-4000, 4000):
				add_days(found, days)
		self.assertEqual(within_calendar(getdate()), getdate())


class TestWhoIsTold(IntegrationTestCase):
	"""Of a document, those alone who may read it."""

	def test_readers(self) -> None:
		warehouses = [make.make_warehouse() for _ in range(2)]
		agent = make.make_agent(warehouses, [make.make_item()])
		run = frappe.get_doc({"doctype": "RL Proposal Run", "agent": agent.name, "company": agent.company})
		run.insert()
		users = {
			"of its company": ("Company", agent.company, True),
			"of another company": ("Company", make.make_company(), False),
			"of one of its warehouses": ("Warehouse", warehouses[0], False),
			"of another agent": ("RL Agent Settings", make.make_agent([make.make_warehouse()]).name, False),
		}
		for role in (MANAGER, USER):
			for kind, (allow, value, is_told) in users.items():
				with self.subTest(kind, role=role):
					user = make.make_user(role)
					permission = {"doctype": "User Permission", "user": user, "allow": allow}
					frappe.get_doc({**permission, "for_value": value}).insert()
					self.assertEqual(user in notifying.readers(run, role), is_told)

	def test_the_apps_notifications_go_to_readers(self) -> None:
		for name in frappe.get_all(
			"Notification", {"module": "RL Replenishment", "is_standard": 1}, pluck="name"
		):
			for row in frappe.get_doc("Notification", name).recipients:
				self.assertFalse(row.receiver_by_role, name)
				self.assertIn(row.receiver_by_document_field, ("rl_managers", "rl_users"), name)
