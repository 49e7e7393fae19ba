"""A site that is in order, and one that was damaged on purpose."""

from __future__ import annotations

from unittest.mock import patch

import frappe
from frappe.utils import add_days, add_to_date, now_datetime

from rl_replenishment import doctor
from rl_replenishment.bridge import doctor as doctor_room
from rl_replenishment.bridge.desk import overview
from rl_replenishment.bridge.doctor import examination
from rl_replenishment.bridge.feedback import outbox
from rl_replenishment.bridge.policies import store as policy_store
from rl_replenishment.tests.feedback.feedback_case import FeedbackCase


class TestDoctor(FeedbackCase):
	@classmethod
	def setUpClass(cls) -> None:
		super().setUpClass()
		# whatever others have left on the site
		doctor.run(repair=True)

	def setUp(self) -> None:
		super().setUp()
		frappe.set_user("Administrator")
		self.submit_request()
		self.order({self.piece: self.line(self.piece).qty, self.boxed: 1})
		self.addCleanup(frappe.clear_cache, examination.KEPT_BY)

	def off(self, result: dict) -> dict[str, int]:
		return {each["check"]: each["off"] for each in result["checks"] if each["off"]}

	def proposal(self, item: str) -> str:
		return self.line(item).rl_proposal

	def assert_mended(self, *keys: str) -> None:
		"""It is found, by these checks and no others, and is gone afterwards; nothing was written before."""
		found = self.off(doctor.run())
		self.assertEqual(set(found), set(keys))
		self.assertEqual(self.off(doctor.run()), found)
		result = doctor.run(repair=True)
		self.assertTrue(result["in_order"], result)
		self.assertEqual(self.off(doctor.run()), {})

	def test_all_in_order(self) -> None:
		result = doctor.run()
		self.assertTrue(result["in_order"], result)
		self.assertEqual(len(result["checks"]), len(examination.checks()))
		self.assertEqual(overview.overview(self.agent.reload())["examined"]["off"], [])

	def test_what_the_site_has_cached_stays(self) -> None:
		frappe.cache.set_value("cached_by_a_test", 7)
		self.addCleanup(frappe.cache.delete_value, "cached_by_a_test")
		frappe.db.delete("RL Proposal", {"name": self.proposal(self.piece)})
		doctor.run()
		self.assertEqual(len(overview.overview(self.agent.reload())["examined"]["off"]), 1)
		# not the copy that this process keeps
		frappe.local.cache.clear()
		self.assertEqual(frappe.cache.get_value("cached_by_a_test"), 7)

	def test_a_proposal_is_missing(self) -> None:
		before = self.row(self.piece)
		frappe.db.delete("RL Proposal", {"name": self.proposal(self.piece)})
		self.assert_mended("lines")
		again = frappe.get_doc("RL Proposal", self.proposal(self.piece))
		self.assertEqual((again.item_code, again.proposed_qty), (self.piece, before.proposed_qty))
		self.assertEqual(again.material_request, self.request.name)

	def test_a_proposal_does_not_know_its_request(self) -> None:
		values = {"material_request": None, "material_request_item": None, "status": "Proposed"}
		frappe.db.set_value("RL Proposal", self.proposal(self.piece), values)
		found = self.off(doctor.run())
		self.assertIn("proposals", found)
		self.assertTrue(doctor.run(repair=True)["in_order"])
		self.assertEqual(self.status(self.piece), "Ordered")

	def test_a_row_is_missing(self) -> None:
		before = self.row(self.piece)
		frappe.db.delete("RL Feedback", {"name": before.name})
		self.assert_mended("rows")
		self.assertEqual(self.row(self.piece).ordered_qty, before.ordered_qty)

	def test_a_row_says_something_else(self) -> None:
		for values in ({"ordered_qty": 3}, {"reward": -2}, {"settled": 0}, {"purchase_order": None}):
			with self.subTest(values):
				frappe.db.set_value("RL Feedback", self.row(self.piece).name, values)
				self.assert_mended("rows")
				self.assertEqual((self.row(self.piece).reward, self.row(self.piece).settled), (1, 1))

	def test_a_proposal_says_something_else(self) -> None:
		frappe.db.set_value("RL Proposal", self.proposal(self.piece), "status", "Turned Down")
		self.assert_mended("rows")
		self.assertEqual(self.status(self.piece), "Ordered")

	def test_a_row_is_there_twice(self) -> None:
		again = frappe.copy_doc(frappe.get_doc("RL Feedback", self.row(self.piece).name))
		again.insert(ignore_permissions=True)
		self.assert_mended("duplicates")
		self.row(self.piece)

	def test_a_row_without_a_document(self) -> None:
		row = self.row(self.piece)
		values = {"material_request": "MAT-MR-NONE", "proposal": None, "agent": self.agent.name}
		stray = frappe.copy_doc(frappe.get_doc("RL Feedback", row.name)).update(values)
		stray.set_new_name()
		stray.db_insert()
		self.assert_mended("orphans")

	def test_learned_from_without_a_training(self) -> None:
		failed = {"doctype": "RL Training Run", "agent": self.agent.name, "status": "Failed"}
		training = frappe.get_doc(failed).insert(ignore_permissions=True)
		for run in (None, "RL-TRAIN-NONE", training.name):
			with self.subTest(run):
				name = self.row(self.piece).name
				frappe.db.set_value("RL Feedback", name, {"consumed": 1, "training_run": run})
				self.assert_mended("learned")
				self.assertEqual(self.row(self.piece).consumed, 0)

	def test_the_file_of_the_policy_in_use(self) -> None:
		"""The one before comes back; where there is none, the next run tunes a rule."""
		settings = frappe.get_doc("RL Agent Settings", self.agent.name)
		first = settings.active_policy
		second, _stored = policy_store.make_classical(settings)
		frappe.db.set_value("RL Policy", second, "sha256", "0" * 64)
		self.assert_mended("policies")
		self.assertEqual(policy_store.active_policy(self.agent.name), first)
		frappe.db.set_value("RL Policy", first, "file", None)
		self.assert_mended("policies")
		self.assertIsNone(policy_store.active_policy(self.agent.name))

	def test_a_policy_that_is_called_active(self) -> None:
		settings = frappe.get_doc("RL Agent Settings", self.agent.name)
		first = settings.active_policy
		policy_store.make_classical(settings)
		frappe.db.set_value("RL Policy", first, "status", "Active")
		self.assert_mended("statuses")
		self.assertEqual(frappe.db.get_value("RL Policy", first, "status"), "Archived")

	def test_a_run_that_nobody_is_at(self) -> None:
		run = {"doctype": "RL Proposal Run", "agent": self.agent.name, "status": "In Progress"}
		name = frappe.get_doc(run).insert(ignore_permissions=True).name
		self.assertEqual(self.off(doctor.run()), {})
		ago = add_to_date(now_datetime(), minutes=-5)
		frappe.db.set_value("RL Proposal Run", name, "creation", ago, update_modified=False)
		self.assert_mended("runs")
		self.assertEqual(frappe.db.get_value("RL Proposal Run", name, "status"), "Failed")

	def test_trainings_that_nobody_is_at(self) -> None:
		ago = add_to_date(now_datetime(), minutes=-9)
		training = {"doctype": "RL Training Run", "agent": self.agent.name, "open_for": self.agent.name}
		for status in ("In Progress", "Completed"):
			with self.subTest(status):
				name = frappe.get_doc({**training, "status": status}).insert(ignore_permissions=True).name
				frappe.db.set_value("RL Training Run", name, "heartbeat", ago)
				frappe.db.set_value("RL Training Run", name, "creation", ago, update_modified=False)
				self.assert_mended("trainings")
				self.assertIsNone(frappe.db.get_value("RL Training Run", name, "open_for"))

	def test_a_note_that_nobody_takes_up(self) -> None:
		frappe.db.delete("RL Feedback", {"agent": self.agent.name})
		outbox.note("Material Request", self.request.name)
		frappe.db.set_value(outbox.DUE, {"parent": self.request.name}, "tries", outbox.MOST_TRIES)
		self.assert_mended("notes", "rows")
		self.assertEqual(self.row(self.piece).reward, 1)

	def test_a_day_yet_to_come(self) -> None:
		frappe.db.set_value("RL Agent Settings", self.agent.name, "last_run_on", add_days(now_datetime(), 9))
		self.assert_mended("days")

	def test_a_proposal_on_two_requests_is_told(self) -> None:
		"""Which of them is meant nobody here knows."""
		again = frappe.copy_doc(self.request)
		again.update({"docstatus": 0, "rl_agent": self.agent.name})
		again.insert(ignore_permissions=True)
		frappe.db.set_value(
			"Material Request Item", {"parent": again.name}, "rl_proposal", self.proposal(self.piece)
		)
		result = doctor.run(repair=True)
		self.assertFalse(result["in_order"])
		self.assertIn("twice", self.off(result))
		told = doctor_room.last_examination(self.agent.name)["off"]
		self.assertTrue(any("two open requests" in each for each in told), told)

	def test_ten_kinds_of_damage_at_once(self) -> None:
		"""Each is found, and all are mended in one go."""
		settings = frappe.get_doc("RL Agent Settings", self.agent.name)
		first = settings.active_policy
		second, _stored = policy_store.make_classical(settings)
		frappe.db.set_value("RL Policy", second, "sha256", "0" * 64)
		frappe.db.set_value("RL Policy", first, "status", "Active")
		run = {"doctype": "RL Proposal Run", "agent": self.agent.name, "status": "In Progress"}
		ago = add_to_date(now_datetime(), minutes=-9)
		name = frappe.get_doc(run).insert(ignore_permissions=True).name
		frappe.db.set_value("RL Proposal Run", name, "creation", ago, update_modified=False)
		training = {"doctype": "RL Training Run", "agent": self.agent.name, "open_for": self.agent.name}
		frappe.get_doc({**training, "status": "Failed"}).insert(ignore_permissions=True)
		again = frappe.copy_doc(frappe.get_doc("RL Feedback", self.row(self.piece).name))
		again.insert(ignore_permissions=True)
		frappe.db.set_value("RL Feedback", self.row(self.boxed).name, {"consumed": 1, "ordered_qty": 1})
		frappe.db.delete("RL Proposal", {"name": self.proposal(self.boxed)})
		frappe.db.set_value(
			"RL Proposal", self.proposal(self.piece), {"material_request": None, "status": "Proposed"}
		)
		outbox.note("Purchase Order", "Gone")
		frappe.db.set_value(outbox.DUE, {"parent": "Gone"}, "tries", outbox.MOST_TRIES)
		frappe.db.set_value("RL Agent Settings", self.agent.name, "last_run_on", add_days(now_datetime(), 9))
		values = {"material_request": "MAT-MR-NONE", "proposal": None}
		stray = frappe.copy_doc(frappe.get_doc("RL Feedback", again.name)).update(values)
		stray.set_new_name()
		stray.db_insert()
		found = self.off(doctor.run())
		self.assertGreaterEqual(len(found), 10, found)
		result = doctor.run(repair=True)
		self.assertTrue(result["in_order"], result)
		self.assertTrue(doctor.run()["in_order"])

	def test_a_run_that_somebody_is_at(self) -> None:
		"""Whoever carries one out holds the agent's row: another connection looks."""
		run = {"doctype": "RL Proposal Run", "agent": self.agent.name, "status": "In Progress"}
		name = frappe.get_doc(run).insert(ignore_permissions=True).name
		ago = add_to_date(now_datetime(), minutes=-5)
		frappe.db.set_value("RL Proposal Run", name, "creation", ago, update_modified=False)
		with patch.object(examination.standing.proposal_run, "is_locked", return_value=True):
			self.assertEqual(self.off(doctor.run()), {})
