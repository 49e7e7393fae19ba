"""A large run that several jobs write: the same lines as one job's, each once, and one end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import frappe
from frappe.utils import add_days, cint, now_datetime

from rl_replenishment import tasks
from rl_replenishment.bridge.policies import store as policy_store
from rl_replenishment.bridge.proposing import joining, material_requests, parts, under_way
from rl_replenishment.bridge.proposing import run as proposal_run
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.case import IntegrationTestCase

#: of a line, whatever is not a name that it is given
_COLUMNS = (
	*("item_code", "warehouse", "qty", "uom", "stock_uom", "conversion_factor", "schedule_date"),
	*("rl_proposed_qty", "rl_explanation", "description", "item_group", "idx"),
)


class TestParts(IntegrationTestCase):
	@classmethod
	def setUpClass(cls) -> None:
		super().setUpClass()
		cls.warehouse = make.make_warehouse()
		cls.items = [make.make_item(make.make_supplier()) for _ in range(3)]
		cls.items += [make.make_item(make.make_supplier(), packs={"Box of 6": 6})]
		for item in cls.items:
			make.sell_every_day(item, cls.warehouse, 4, days=30)
		cls.agent = make.make_agent([cls.warehouse], cls.items, mode="Draft")
		# tuned once, at the first run of an agent
		policy_store.make_classical(cls.agent)

	def setUp(self) -> None:
		for name in ("commit", "rollback"):
			fake = patch.object(frappe.db, name)
			fake.start()
			self.addCleanup(fake.stop)
		frappe.db.sql("savepoint before_test")
		self.addCleanup(lambda: frappe.db.sql("rollback to savepoint before_test"))

	def again(self) -> None:
		"""As at the beginning of the test."""
		frappe.db.sql("rollback to savepoint before_test")

	@contextmanager
	def at_most(self, lines: int) -> Iterator[list[dict[str, Any]]]:
		"""Runs of more lines are divided; the jobs are gathered, and not begun."""
		jobs: list[dict[str, Any]] = []

		def enqueue(method: str, **job: Any) -> None:
			if method.endswith("write_part"):
				jobs.append(job)

		with (
			patch.dict(frappe.conf, {parts.CONFIGURED: lines}),
			patch.object(frappe, "enqueue", enqueue),
			patch.object(under_way, "get_job", return_value=None),
		):
			yield jobs

	def divided(self) -> str:
		return proposal_run.propose_for(self.agent.name, in_parts=True)["run"]

	def write(self, job: dict[str, Any]) -> None:
		joining.write_part(job["run"], job["part"])

	def run_of(self, run: str) -> Any:
		return frappe.get_doc("RL Proposal Run", run)

	def lines(self, run: str) -> list[tuple[Any, ...]]:
		"""All lines of a run, by what is requested together."""
		requests = frappe.get_all("Material Request", {"rl_run": run}, ["name", "title", "schedule_date"])
		found = []
		for request in requests:
			rows = frappe.get_all(
				"Material Request Item", {"parent": request.name}, _COLUMNS, as_list=True, order_by="idx"
			)
			found += [(request.title, request.schedule_date, *row) for row in rows]
		return sorted(found)

	def test_the_lines_are_those_of_one_job(self) -> None:
		whole = proposal_run.propose_for(self.agent.name)["run"]
		expected, one = self.lines(whole), self.run_of(whole)
		self.assertEqual((len(expected), one.status, one.parts), (4, "Completed", 0))
		self.again()
		with self.at_most(2) as jobs:
			run = self.divided()
			self.assertEqual((self.run_of(run).status, self.run_of(run).parts), ("In Progress", 2))
			self.assertEqual((self.lines(run), self.run_of(run).ended_on), ([], None))
			self.assertEqual(len({job["job_id"] for job in jobs}), 2)
			for written, job in enumerate(reversed(jobs)):
				self.assertEqual(proposal_run.progress_of(run)["percent"], 20 + 75 * written / 2)
				self.write(job)
		self.assertEqual(self.lines(run), expected)
		ended = self.run_of(run)
		for field in (
			"status",
			"items_considered",
			"items_ordered",
			"order_value",
			"messages",
			"day",
			"policy",
		):
			self.assertEqual(ended.get(field), one.get(field), field)
		self.assertTrue(frappe.db.get_value("RL Agent Settings", self.agent.name, "last_run_on"))
		self.assertEqual(frappe.db.count(parts.PART, {"parent": run}), 0)
		linked = frappe.get_all(
			"RL Proposal", {"run": run, "status": "Requested"}, pluck="material_request_item"
		)
		self.assertEqual(len(set(linked)), 4)
		# who orders in the meantime is seen
		for request in frappe.get_all("Material Request", {"rl_run": run}, pluck="name"):
			self.assertTrue(frappe.db.exists("RL Feedback Due", {"parent": request}))

	def test_what_stands_in_the_way_of_a_part_refuses_no_line(self) -> None:
		"""It is tried again, and again by another job; only what never succeeds is given up."""
		busy = patch.object(parts, "write", side_effect=frappe.QueryDeadlockError)
		with self.at_most(2) as jobs, patch("time.sleep"):
			run = self.divided()
			with busy as write:
				self.write(jobs[0])
				self.assertEqual(write.call_count, under_way.ATTEMPTS)
			self.assertEqual((len(jobs), jobs[2]["part"]), (3, jobs[0]["part"]))
			self.assertNotEqual(jobs[2]["job_id"], jobs[0]["job_id"])
			for job in jobs[1:]:
				self.write(job)
			self.assertEqual((self.run_of(run).status, len(self.lines(run))), ("Completed", 4))
			self.again()
			run = self.divided()
			with busy:
				for job in jobs[3:4] * (joining.MOST_TRIES + 1):
					self.write(job)
			self.write(jobs[4])
		ended = self.run_of(run)
		self.assertEqual((ended.status, len(self.lines(run))), ("Partly", 2))
		self.assertIn("Others held what the run writes locked", ended.messages)

	def test_linking_locks_no_lines_of_others(self) -> None:
		"""What writes several tables in one statement locks all that it passes of each."""
		statements: list[str] = []
		sql = frappe.db.sql

		def noted(query: Any, *values: Any, **options: Any) -> Any:
			statements.append(str(query).strip())
			return sql(query, *values, **options)

		with self.at_most(2) as jobs:
			self.divided()
			with patch.object(frappe.db, "sql", noted):
				self.write(jobs[0])
		writing = [each for each in statements if each.upper().startswith(("UPDATE", "DELETE"))]
		self.assertTrue(any("tabRL Proposal`" in each for each in writing))
		self.assertEqual([each for each in writing if "JOIN" in each.upper()], [])

	def test_what_is_sent_twice_is_written_once(self) -> None:
		with self.at_most(2) as jobs:
			run = self.divided()
			for job in (jobs[0], jobs[0], jobs[1], jobs[1], jobs[0]):
				self.write(job)
			# and the run's own job
			self.assertEqual(proposal_run.execute(run, in_parts=True)["proposals"], 0)
		self.assertEqual((len(self.lines(run)), self.run_of(run).items_ordered), (4, 4))
		self.assertIsNone(joining.join(run))

	def test_few_lines_are_not_divided(self) -> None:
		for lines in (4, 0):
			with self.subTest(lines=lines), self.at_most(lines) as jobs:
				self.assertEqual(self.run_of(self.divided()).status, "Completed")
				self.assertEqual(jobs, [])
				self.again()

	def test_a_part_without_a_worker_is_begun_anew(self) -> None:
		"""But not for ever; the run ends, and says what is missing."""
		with self.at_most(2) as jobs:
			run = self.divided()
			self.write(jobs[1])
			for tries in range(1, joining.MOST_TRIES + 2):
				# one that was put into the queue just now is not lost
				proposal_run.close_lost_runs()
				self.assertEqual(len(jobs), 1 + tries)
				ago = add_days(now_datetime(), -1)
				frappe.db.set_value("RL Proposal Run", run, "creation", ago)
				frappe.db.set_value(parts.PART, jobs[0]["part"], "modified", ago, update_modified=False)
				self.assertIn((run, self.agent.name), proposal_run.lost_runs())
				proposal_run.close_lost_runs()
		self.assertEqual(len({job["job_id"] for job in jobs}), 2 + joining.MOST_TRIES)
		ended = self.run_of(run)
		self.assertEqual((ended.status, ended.items_ordered, len(self.lines(run))), ("Partly", 2, 2))
		self.assertIn("its workers ended before it was written", ended.messages)

	def test_a_run_whose_last_worker_died_is_ended(self) -> None:
		"""After its part was written, and before the run was."""
		with self.at_most(2) as jobs:
			run = self.divided()
			self.write(jobs[0])
			with patch.object(joining, "_end_if_written"):
				self.write(jobs[1])
			self.assertEqual(self.run_of(run).status, "In Progress")
			frappe.db.set_value("RL Proposal Run", run, "creation", add_days(now_datetime(), -1))
			proposal_run.close_lost_runs()
		self.assertEqual((self.run_of(run).status, len(self.lines(run))), ("Completed", 4))

	def test_nobody_waits_for_those_who_write_other_parts(self) -> None:
		"""They hold the rows that joining locks."""
		with self.at_most(2) as jobs, patch.object(joining, "join", wraps=joining.join) as join:
			run = self.divided()
			self.write(jobs[0])
			join.assert_not_called()
			self.write(jobs[1])
			join.assert_called_once_with(run)
		self.assertEqual(self.run_of(run).status, "Completed")

	def test_a_run_that_is_divided_at_this_moment(self) -> None:
		"""Whoever began to read before it was knows of no parts, and loses none all the same."""
		look = frappe.db.get_value

		def look_before(*asked: Any, **options: Any) -> Any:
			knows_none = asked[2:3] == ("parts",) and not options.get("for_update")
			return 0 if knows_none else look(*asked, **options)

		with (
			self.at_most(2) as jobs,
			patch.object(frappe.db, "get_value", look_before),
			patch.object(proposal_run, "lost_runs") as lost,
		):
			run = self.divided()
			lost.return_value = [(run, self.agent.name)]
			proposal_run.close_lost_runs()
			self.assertEqual(self.run_of(run).status, "In Progress")
			self.write(jobs[0])
			proposal_run.cancel(run)
		ended = self.run_of(run)
		self.assertEqual((ended.status, ended.items_ordered, len(self.lines(run))), ("Partly", 2, 2))
		self.assertEqual(frappe.db.count(parts.PART, {"parent": run}), 0)

	def test_cancelling(self) -> None:
		"""What is requested stays, since a buyer may have it in hand; of the rest nothing is kept."""
		for written, status, said in (
			(0, "Cancelled", "nothing of it was kept"),
			(1, "Partly", "by then stays"),
		):
			with self.subTest(written=written), self.at_most(2) as jobs:
				run = self.divided()
				for job in jobs[:written]:
					self.write(job)
				proposal_run.cancel(run)
				for job in jobs:
					self.write(job)
				ended = self.run_of(run)
				self.assertEqual((ended.status, ended.items_ordered), (status, 2 * written))
				self.assertIn(said, ended.messages)
				self.assertEqual(len(self.lines(run)), 2 * written)
				self.assertEqual(frappe.db.count("RL Proposal", {"run": run}), 2 * written)
				with self.assertRaisesRegex(frappe.ValidationError, "has ended already"):
					proposal_run.cancel(run)
				self.again()

	def test_what_erpnext_refuses(self) -> None:
		"""Is told of as of a run in one job; what a part breaks at keeps no other from being written."""
		place = material_requests._place

		def refusing(settings: Any, request: Any, name: str) -> None:
			if any(line.item_code == self.items[3] for line in request.items):
				raise frappe.ValidationError("no such thing")
			place(settings, request, name)

		def taken_back(*, save_point: str) -> None:
			frappe.db.sql(f"rollback to savepoint {save_point}")

		with (
			self.at_most(2) as jobs,
			patch.object(material_requests, "_place", refusing),
			patch.object(frappe.db, "rollback", taken_back),
		):
			run = self.divided()
			for job in jobs:
				self.write(job)
		ended = self.run_of(run)
		self.assertEqual((ended.status, ended.items_ordered, len(self.lines(run))), ("Partly", 3, 3))
		self.assertIn(f"Not requested: {self.items[3]} in {self.warehouse}: no such thing", ended.messages)

	def test_one_run_of_an_agent_at_a_time(self) -> None:
		with self.at_most(2) as jobs:
			run = self.divided()
			with self.assertRaises(proposal_run.Occupied):
				proposal_run.propose_for(self.agent.name)
			self.assertEqual(proposal_run.enqueue(self.agent.name), run)
			with patch.object(tasks.frappe, "enqueue") as queued:
				tasks._queue_if_due(self.agent.name)
				queued.assert_not_called()
			for job in jobs:
				self.write(job)
		self.assertEqual(self.run_of(run).status, "Completed")

	def test_parts_are_about_alike(self) -> None:
		def group(lines: int) -> material_requests.Group:
			return material_requests.Group([None] * lines, "")  # type: ignore[list-item]

		for sizes, most, expected in (
			((200, 200, 200), 300, [400, 200]),
			((200,) * 10, 500, [600, 400, 600, 400]),
			((1, 1, 1), 1, [1, 1, 1]),
			((5,), 2, [5]),
		):
			with (
				patch.object(frappe.db, "bulk_insert") as insert,
				patch.object(parts, "asdict", lambda group: len(group.lines)),
			):
				count = parts.divide("RUN", [group(size) for size in sizes], most)
			columns, rows = insert.call_args.args[1:3]
			at = columns.index("content")
			found = [sum(frappe.parse_json(row[at])) for row in rows]
			self.assertEqual((found, count), (expected, len(expected)))

	def test_how_many_lines_are_a_part(self) -> None:
		self.assertEqual(parts.lines_per_part(), parts.LINES_PER_PART)
		for value in ("500", 500):
			with patch.dict(frappe.conf, {parts.CONFIGURED: value}):
				self.assertEqual(parts.lines_per_part(), 500)
		for value in ("many", -1, 2.5, True, None):
			with (
				patch.dict(frappe.conf, {parts.CONFIGURED: value}),
				self.assertRaisesRegex(frappe.ValidationError, "rl_lines_per_job .* whole number"),
			):
				parts.lines_per_part()

	def test_nothing_is_left_of_a_run_that_is_deleted(self) -> None:
		with self.at_most(2):
			run = self.divided()
		frappe.delete_doc("RL Proposal Run", run, force=True)
		self.assertEqual(cint(frappe.db.count(parts.PART, {"parent": run})), 0)
