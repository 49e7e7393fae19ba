"""The app as a whole: its place on the site, its commands, and what is cleared after a while."""

from __future__ import annotations

from datetime import date, datetime, timezone
from typing import Any
from unittest.mock import Mock, patch

import click
import frappe
from frappe.utils import add_days, now_datetime

from rl_replenishment import hooks, tasks, train
from rl_replenishment.bridge.proposing import run as proposal_run
from rl_replenishment.bridge.proposing import under_way
from rl_replenishment.bridge.training import asking as training_asking
from rl_replenishment.bridge.training import run as training_run
from rl_replenishment.core.errors import InputError
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.case import IntegrationTestCase, RolledBackCase


class TestApp(IntegrationTestCase):
	def test_app_is_installed(self):
		"""The site lists the app, after ERPNext, on which it depends."""
		installed = frappe.get_installed_apps()
		self.assertIn("rl_replenishment", installed)
		self.assertLess(installed.index("erpnext"), installed.index("rl_replenishment"))

	def test_module_belongs_to_the_app(self):
		"""The module exists and is the app's own, so that its DocTypes are found."""
		self.assertEqual(
			frappe.db.get_value("Module Def", "RL Replenishment", "app_name"), "rl_replenishment"
		)


def _job(status: str, started_at: datetime | None) -> Any:
	"""A job of the queue, as RQ tells of it."""
	return Mock(get_status=Mock(return_value=status), started_at=started_at)


class AgentCase(RolledBackCase):
	def setUp(self) -> None:
		super().setUp()
		# other agents of this site are none of the test's business
		frappe.db.set_value("RL Agent Settings", {"enabled": 1}, "enabled", 0)
		self.agents = [
			make.make_agent([make.make_warehouse()], [make.make_item()], agent_name=make.unique(prefix))
			for prefix in ("A", "B", "C")
		]
		self.names = [agent.name for agent in self.agents]


class TestCommands(AgentCase):
	"""What people start by `bench execute`."""

	def bench_execute(self, function, **kwargs):
		with click.Context(click.Command("execute"), info_name="execute"):
			return function(**kwargs)

	def test_an_error_is_told_as_it_is(self):
		"""`bench execute` would bury an exception under a NameError; the exit message it leaves alone."""
		for function in (train.run, tasks.propose):
			with self.subTest(function.__name__), self.assertRaises(SystemExit) as ended:
				self.bench_execute(function, agent="No Such Agent")
			self.assertIn("No Such Agent", ended.exception.code)

	def test_an_error_in_the_program_is_told_in_full(self):
		with (
			patch.object(training_asking, "run_now", side_effect=ZeroDivisionError("by nothing")),
			patch("traceback.print_exc") as told,
			self.assertRaises(SystemExit) as ended,
		):
			self.bench_execute(train.run, agent=self.names[0])
		self.assertEqual(ended.exception.code, "by nothing")
		told.assert_called_once()

	def test_elsewhere_errors_are_raised_as_usual(self):
		with patch.object(training_asking, "run_now", side_effect=InputError("no history")):
			self.assertRaises(InputError, train.run, agent=self.names[0])

	def test_one_agent_is_trained(self):
		result = {"agent": self.names[0], "training_run": "R", "policy": "P", "promoted": True, "metrics": {}}
		with patch.object(training_asking, "run_now", return_value=result) as run_now:
			self.assertEqual(train.run(self.names[0], seconds=5), result)
		run_now.assert_called_once_with(self.names[0], seconds=5)

	def test_every_enabled_agent_is_trained(self):
		self.agents[1].db_set("enabled", 0)
		with patch.object(training_asking, "run_now", side_effect=lambda agent: {"agent": agent}):
			self.assertEqual(train.run(), [{"agent": self.names[0]}, {"agent": self.names[2]}])

	def test_one_that_fails_stops_no_other(self):
		def run_now(agent):
			if agent == self.names[1]:
				raise InputError("No demand.")
			return {"agent": agent, "policy": f"{agent}-v1"}

		with (
			patch.object(training_asking, "run_now", side_effect=run_now) as trained,
			patch.object(frappe.db, "rollback"),
			self.assertRaises(SystemExit) as ended,
		):
			self.bench_execute(train.run)
		self.assertEqual(trained.call_count, 3)
		self.assertEqual(
			ended.exception.code,
			f"Training of agent {self.names[1]} failed: No demand.\n"
			f"Agent {self.names[0]} was trained: {self.names[0]}-v1\n"
			f"Agent {self.names[2]} was trained: {self.names[2]}-v1",
		)


class TestRounds(AgentCase):
	"""Whose turn it is."""

	def test_each_agent_by_itself(self):
		def propose_for(agent, trigger):
			if agent == self.names[0]:
				raise ValueError("no stock ledger")
			return {"agent": agent, "proposals": 1, "material_requests": [], "trigger": trigger}

		with (
			patch.object(proposal_run, "propose_for", side_effect=propose_for),
			patch.object(frappe.db, "rollback"),
		):
			failed, *done = tasks.propose(force=True)
		self.assertEqual((failed["agent"], failed["proposals"]), (self.names[0], 0))
		self.assertEqual(failed["error"], "no stock ledger")
		self.assertEqual([each["agent"] for each in done], self.names[1:])
		self.assertEqual({each["trigger"] for each in done}, {"Scheduler"})

	def test_a_job_for_each_agent_that_is_due(self):
		self.agents[0].db_set("last_run_on", now_datetime())
		with patch.object(frappe, "enqueue") as enqueue:
			tasks.propose_due()
		self.assertEqual([call.kwargs["agent"] for call in enqueue.call_args_list], self.names[1:])
		self.assertEqual(len({call.kwargs["job_id"] for call in enqueue.call_args_list}), 2)
		self.assertTrue(callable(frappe.get_attr(enqueue.call_args.args[0])))

	def test_by_hand_one_waits_for_its_turn_unless_forced(self):
		self.agents[0].db_set("last_run_on", now_datetime())
		with patch.object(proposal_run, "propose_for", return_value={"proposals": 3}) as propose_for:
			result = tasks.propose(self.names[0])
			self.assertEqual(result, {"agent": self.names[0], "proposals": 0, "material_requests": []})
			propose_for.assert_not_called()
			self.assertEqual(tasks.propose(self.names[0], force=True), {"proposals": 3})
		propose_for.assert_called_once_with(self.names[0], trigger="Manual")

	def test_a_disabled_agent_is_refused(self):
		self.agents[0].db_set("enabled", 0)
		with self.assertRaisesRegex(frappe.ValidationError, "is disabled; enable it"):
			tasks.propose(self.names[0], force=True)

	def test_review_days(self):
		"""A week begins on Monday, a month on the first; a round missed is made up for."""
		wednesday = date(2026, 1, 14)
		for frequency, expected in (
			("Daily", wednesday),
			("Weekly", date(2026, 1, 12)),
			("Monthly", date(2026, 1, 1)),
		):
			self.assertEqual(tasks.last_review_day(frequency, wednesday), expected)
			for last, due in ((None, True), (add_days(expected, -1), True), (expected, False)):
				agent = frappe._dict(last_run_on=last, review_frequency=frequency)
				self.assertEqual(tasks.need_to_run(agent, wednesday), due, (frequency, last))

	def test_runs_of_dead_workers_are_marked(self):
		"""A run may still be at work, or wait for a worker, or have found one that has yet to begin."""
		lost, died, waiting, taken_up, at_work = (
			frappe.get_doc({"doctype": "RL Proposal Run", "agent": self.names[0]}).insert().name
			for _ in range(5)
		)
		for run in (lost, died, waiting, taken_up):
			frappe.db.set_value("RL Proposal Run", run, "creation", add_days(now_datetime(), -1))
		now = datetime.now(timezone.utc).replace(tzinfo=None)
		jobs = {
			under_way.job_of(waiting): _job("queued", None),
			under_way.job_of(taken_up): _job("started", now),
			under_way.job_of(died): _job("started", now - 2 * under_way.DELAY),
		}
		with (
			patch.object(training_run, "check_stuck_runs") as check_trainings,
			patch.object(under_way, "get_job", jobs.get),
		):
			tasks.check_stuck_runs()
		check_trainings.assert_called_once_with()
		for name in (lost, died):
			run = frappe.get_doc("RL Proposal Run", name)
			self.assertEqual(run.status, "Failed")
			self.assertIn("propose again", run.messages)
		for going in (waiting, taken_up, at_work):
			self.assertEqual(frappe.db.get_value("RL Proposal Run", going, "status"), "In Progress")

	def test_a_run_that_takes_feedback_in_is_not_lost(self):
		"""That holds no row, and may take longer than the queue gives a worker to begin."""
		run = frappe.get_doc({"doctype": "RL Proposal Run", "agent": self.names[0]}).insert().name
		frappe.db.set_value("RL Proposal Run", run, "creation", add_days(now_datetime(), -1))
		seen = []

		def look() -> None:
			proposal_run.close_lost_runs()
			seen.append(frappe.db.get_value("RL Proposal Run", run, "status"))

		done = Mock(parts=0, refused=0, requests=[], ordered=[])
		with (
			patch.object(under_way, "get_job", return_value=None),
			patch.object(proposal_run.feedback, "work_off", look),
			patch.object(proposal_run, "_attempt", return_value=done),
			patch.object(proposal_run.joining, "tell"),
		):
			proposal_run.execute(run)
			look()
		self.assertEqual(seen, ["In Progress", "Failed"])


class TestOldRows(AgentCase):
	"""What Frappe's Log Settings clears, and what it must leave."""

	def insert(self, doctype: str, *, days_old: int = 400, **values) -> str:
		document = frappe.get_doc({"doctype": doctype, "agent": self.names[0], **values}).insert()
		frappe.db.set_value(
			doctype, document.name, "modified", add_days(now_datetime(), -days_old), update_modified=False
		)
		return document.name

	def assert_cleared(self, doctype: str, days: int, gone: list[str], kept: list[str]) -> None:
		frappe.get_meta(doctype)
		frappe.model.base_document.get_controller(doctype).clear_old_logs(days)
		left = frappe.get_all(doctype, {"name": ("in", gone + kept)}, pluck="name")
		self.assertEqual(set(left), set(kept))

	def test_all_growing_tables_can_be_cleared(self):
		for doctype in hooks.default_log_clearing_doctypes:
			self.assertTrue(callable(frappe.model.base_document.get_controller(doctype).clear_old_logs))

	def test_proposals(self):
		"""All but those on an open request, or with feedback to learn from."""
		ordered, waiting = (self.insert("RL Proposal", status="Ordered") for _ in range(2))
		self.insert("RL Feedback", proposal=waiting)
		self.insert("RL Feedback", proposal=ordered, consumed=1)
		self.insert("RL Feedback")
		gone = [ordered, self.insert("RL Proposal", status="Superseded")]
		kept = [
			waiting,
			self.insert("RL Proposal", status="Requested"),
			self.insert("RL Proposal", status="Superseded", days_old=300),
		]
		self.assert_cleared("RL Proposal", 365, gone, kept)

	def test_runs(self):
		"""All that have ended and have no proposals any more."""
		gone = [self.insert("RL Proposal Run", status=status) for status in ("Completed", "Failed")]
		named = self.insert("RL Proposal Run", status="Completed")
		self.insert("RL Proposal", run=named)
		kept = [
			named,
			self.insert("RL Proposal Run", status="In Progress"),
			self.insert("RL Proposal Run", status="Completed", days_old=300),
		]
		self.assert_cleared("RL Proposal Run", 365, gone, kept)

	def test_feedback(self):
		gone = [self.insert("RL Feedback", settled=1, consumed=consumed) for consumed in (0, 1)]
		kept = [
			self.insert("RL Feedback"),
			self.insert("RL Feedback", settled=1, consumed=1, days_old=300),
		]
		self.assert_cleared("RL Feedback", 365, gone, kept)

	def test_trainings(self):
		policy = self.insert("RL Policy", version=1)
		gone = [
			self.insert("RL Training Run", status=status) for status in ("Failed", "Cancelled", "Completed")
		]
		kept = [
			self.insert("RL Training Run", status="Completed", policy=policy),
			self.insert("RL Training Run", status="In Progress"),
		]
		self.assert_cleared("RL Training Run", 365, gone, kept)
