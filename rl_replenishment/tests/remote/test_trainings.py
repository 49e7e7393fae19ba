"""A training in the hands of another machine: one snapshot, one policy, feedback used up once."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import frappe
from frappe.utils import now_datetime

from rl_replenishment import remote_api
from rl_replenishment.bridge.policies import store as policy_store
from rl_replenishment.bridge.policies.promotion import Verdict
from rl_replenishment.bridge.remote import files, jobs, trainings
from rl_replenishment.bridge.training import asking, learning
from rl_replenishment.bridge.training import run as training_run
from rl_replenishment.core.errors import InputError
from rl_replenishment.core.policies.archive import pack
from rl_replenishment.core.policies.store import policy_files
from rl_replenishment.core.training.of_records import metrics, prepare, train
from rl_replenishment.core.training.records_file import unpack_records
from rl_replenishment.setup.roles import TRAINER, USER
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.training.case import TrainingCase
from rl_replenishment.tests.training.job_case import STEPS, needs_torch

ID = "0123456789abcdef" * 2


class _Unwatched:
	is_over = False

	def phase(self, *_: Any) -> None: ...
	def must_go_on(self, *_: Any) -> None: ...
	def of_training(self, _: Any) -> bool:
		return True


class RemoteCase(TrainingCase):
	def setUp(self) -> None:
		super().setUp()
		self.user = make.make_user(TRAINER)
		frappe.db.commit()
		self.addCleanup(frappe.set_user, "Administrator")
		self.addCleanup(files.sweep)
		patcher = patch.object(frappe, "enqueue")
		self.enqueue = patcher.start()
		self.addCleanup(patcher.stop)
		frappe.set_user(self.user)

	def begin(self, training_id: str = ID, **asked: Any) -> str:
		asked = {"timesteps": STEPS, "seed": 0, **asked}
		return remote_api.begin_training(self.agent.name, training_id, "far away", **asked)["name"]

	def records(self, run: str) -> bytes:
		data, page = b"", remote_api.records(run)
		while True:
			data += base64.b64decode(page["data"])
			if len(data) == page["total"]:
				return data
			page = remote_api.records(run, len(data))

	def learn(self, run: str) -> tuple[bytes, str]:
		records, ask = unpack_records(self.records(run), "records")
		material = prepare(records, ask)
		trained, _parent = train(material, ask, _Unwatched())
		return pack(policy_files(trained.stored)), json.dumps(metrics(trained, material))

	def push(self, run: str, policy: bytes, told: str) -> dict[str, Any]:
		for start in range(0, len(policy), 10_000):
			part = base64.b64encode(policy[start : start + 10_000]).decode()
			remote_api.upload_policy(run, start, part)
		return remote_api.finish_training(run, hashlib.sha256(policy).hexdigest(), told)

	def consumed(self) -> dict[str, str | None]:
		of_agent = {"agent": self.agent.name, "consumed": 1}
		return dict(frappe.get_all("RL Feedback", of_agent, ["name", "training_run"], as_list=True))


class TestSnapshot(RemoteCase):
	def test_the_same_id_is_the_same_training(self):
		first, again = self.begin(), self.begin()
		self.assertEqual(first, again)
		self.assertEqual(self.enqueue.call_count, 1)
		with self.assertRaisesRegex(frappe.ValidationError, "is still going; cancel it first"):
			self.begin("f" * 32)

	def test_what_is_no_id(self):
		for wrong in ("", "x" * 32, "ABCDEF" * 6, "0" * 31):
			with self.assertRaises(frappe.ValidationError):
				self.begin(wrong)

	def test_one_moment_goes_out(self):
		"""What is booked afterwards changes nothing of what the trainer gets."""
		answer = self.make_answer(10, 14)
		run = self.begin()
		self.assertIsNone(remote_api.training(run)["snapshot_sha256"])
		with self.assertRaisesRegex(frappe.ValidationError, "no records to send"):
			remote_api.records(run)
		jobs.write_records(run)
		later = self.make_answer(10, 12)
		now = remote_api.training(run)
		self.assertEqual(now["status"], "In Progress")
		data = self.records(run)
		self.assertEqual(hashlib.sha256(data).hexdigest(), now["snapshot_sha256"])
		records, ask = unpack_records(data, "records")
		self.assertEqual((ask.timesteps, ask.seed, ask.kind), (STEPS, 0, "Continual"))
		self.assertEqual(set(records.changed_on), {answer})
		self.assertNotIn(later, records.answers.names)
		self.assertEqual({key.item_code for key in records.items.keys}, set(self.items))

	def test_records_that_cannot_be_written_fail_the_run(self):
		run = self.begin()
		with patch.object(jobs, "read_records", side_effect=InputError("There is nothing to learn for.")):
			jobs.write_records(run)
		now = remote_api.training(run)
		self.assertEqual((now["status"], now["message"]), ("Failed", "There is nothing to learn for."))
		self.assertFalse(files.path_of(run, files.RECORDS).exists())

	def test_nothing_stays_on_the_disk(self):
		run = self.begin()
		jobs.write_records(run)
		files.sweep()
		self.assertTrue(files.path_of(run, files.RECORDS).exists())
		remote_api.give_up_training(run, "The machine is sold.")
		self.assertFalse(files.path_of(run, files.RECORDS).exists())
		self.assertEqual(remote_api.training(run)["message"], "The machine is sold.")


class TestWatching(RemoteCase):
	def test_signs_of_life_and_the_wish_to_end(self):
		run = self.begin()
		with self.assertRaisesRegex(frappe.ValidationError, "not in a trainer's hands"):
			remote_api.tell_progress(run, 10, "Training")
		jobs.write_records(run)
		self.assertFalse(remote_api.tell_progress(run, 40, "Training")["cancel_requested"])
		self.assertEqual(
			frappe.db.get_value("RL Training Run", run, ["progress", "message"]), (40, "Training")
		)
		frappe.set_user("Administrator")
		asking.cancel(run)
		frappe.set_user(self.user)
		self.assertTrue(remote_api.tell_progress(run, 50, "Training")["cancel_requested"])
		self.assertEqual(remote_api.give_up_training(run, "Cancelled.")["status"], "Cancelled")

	def test_a_trainer_that_is_silent(self):
		"""It may come back within a day; who cancels need not wait for it."""
		run = self.begin()
		jobs.write_records(run)
		self.last_heard(run, timedelta(hours=20))
		training_run.check_stuck_runs()
		self.assertEqual(remote_api.training(run)["status"], "In Progress")
		self.last_heard(run, timedelta(hours=25))
		training_run.check_stuck_runs()
		self.assertEqual(remote_api.training(run)["status"], "Failed")
		run = self.begin("a" * 32)
		jobs.write_records(run)
		self.last_heard(run, timedelta(minutes=10))
		frappe.set_user("Administrator")
		asking.cancel(run)
		self.assertEqual(remote_api.training(run)["status"], "Cancelled")

	def last_heard(self, run: str, ago: timedelta) -> None:
		frappe.db.set_value("RL Training Run", run, "heartbeat", now_datetime() - ago)
		frappe.db.commit()

	def test_who_may(self):
		run = self.begin()
		frappe.set_user(make.make_user(USER, "Purchase Manager"))
		for refused in (
			lambda: self.begin("b" * 32),
			lambda: remote_api.training(run),
			lambda: remote_api.records(run),
			lambda: remote_api.tell_progress(run, 1),
			lambda: remote_api.upload_policy(run, 0, "AAAA"),
			lambda: remote_api.finish_training(run, "0" * 64),
			lambda: remote_api.give_up_training(run),
		):
			self.assertRaises(frappe.PermissionError, refused)

	def test_a_trainer_puts_nothing_to_use(self):
		"""Nor changes settings, nor buys."""
		for doctype, what in (
			*((doctype, "write") for doctype in ("RL Agent Settings", "RL Policy", "RL Training Run")),
			("Material Request", "create"),
			("Purchase Order", "read"),
		):
			self.assertFalse(frappe.has_permission(doctype, what), (doctype, what))


@needs_torch
class TestPolicy(RemoteCase):
	def trained(self) -> tuple[str, bytes, str]:
		self.names = [self.make_answer(10, ordered) for ordered in (10, 14)]
		run = self.begin()
		jobs.write_records(run)
		return (run, *self.learn(run))

	def test_the_site_judges_and_the_feedback_is_used_up_once(self):
		run, policy, told = self.trained()
		later = self.make_answer(10, 13)
		for _ in range(2):
			self.push(run, policy, told) if not remote_api.training(run)["upload_sha256"] else None
			remote_api.finish_training(run, hashlib.sha256(policy).hexdigest(), told)
			jobs.take_in(run)
		now = remote_api.training(run)
		self.assertEqual((now["status"], now["feedback_rows"]), ("Completed", 2))
		self.assertEqual(self.consumed(), dict.fromkeys(self.names, run))
		self.assertNotIn(later, self.consumed())
		learned = frappe.get_all("RL Policy", {"training_run": run}, pluck="name")
		self.assertEqual(learned, [now["policy"]])
		figures = json.loads(frappe.db.get_value("RL Training Run", run, "metrics"))
		self.assertIn("vs_best_rule", figures["holdout"])
		self.assertFalse(files.path_of(run, files.RECORDS).exists())

	def test_it_is_the_policy_that_the_site_would_have_learned(self):
		run, policy, told = self.trained()
		self.push(run, policy, told)
		jobs.take_in(run)
		there = json.loads(frappe.db.get_value("RL Training Run", run, "metrics"))
		for name in self.names:
			frappe.db.set_value("RL Feedback", name, {"consumed": 0, "training_run": None})
		frappe.db.set_value("RL Policy", {"agent": self.agent.name}, "status", "Archived")
		frappe.db.set_value("RL Agent Settings", self.agent.name, "active_policy", None)
		frappe.db.commit()
		frappe.set_user("Administrator")
		here = asking.run_now(self.agent.name, timesteps=STEPS, seed=0, kind="Continual")
		stored, local = (
			policy_store.load(name) for name in (remote_api.training(run)["policy"], here["policy"])
		)
		self.assertEqual(stored.sha256, local.sha256)
		self.assertEqual(there["holdout"]["vs_best_rule"], here["metrics"]["holdout"]["vs_best_rule"])

	def test_promotion_is_the_sites_by_the_same_rule(self):
		for passed in (True, False):
			run, policy, told = self.trained()
			self.push(run, policy, told)
			with patch.object(learning, "judge", return_value=Verdict(passed, "So it is.", {})):
				jobs.take_in(run)
			now = remote_api.training(run)
			self.assertEqual(now["promoted"], passed)
			self.assertEqual(frappe.db.get_value("RL Policy", now["policy"], "status") == "Active", passed)
			frappe.set_user("Administrator")
			frappe.db.delete("RL Training Run", {"training_id": ID})
			frappe.db.commit()
			frappe.set_user(self.user)

	def test_what_is_no_policy_is_refused_at_once(self):
		run, policy, told = self.trained()
		broken = bytearray(policy)
		broken[-400] ^= 1
		for wrong in (b"PK no zip", bytes(broken), policy[:-10]):
			with self.assertRaises(frappe.ValidationError):
				self.push(run, wrong, told)
		with self.assertRaisesRegex(frappe.ValidationError, "did not arrive whole"):
			remote_api.finish_training(run, "0" * 64, told)
		for wrong in ("", "[]", "{", '{"a": NaN}', '{"training": 3}'):
			with self.assertRaisesRegex(frappe.ValidationError, "no JSON object"):
				self.push(run, policy, wrong)
		self.assertEqual(self.push(run, policy, told)["status"], "Queued")

	def test_a_policy_learned_from_other_records_is_refused(self):
		run, policy, told = self.trained()
		with patch.object(jobs, "prepare") as prepared:
			prepared.return_value.items.keys = ()
			self.push(run, policy, told)
			jobs.take_in(run)
		now = remote_api.training(run)
		self.assertEqual((now["status"], now["policy"]), ("Failed", None))
		self.assertEqual(self.consumed(), {})

	def test_cancelled_by_then_it_stays_a_candidate(self):
		run, policy, told = self.trained()
		frappe.set_user("Administrator")
		asking.cancel(run)
		frappe.set_user(self.user)
		self.push(run, policy, told)
		jobs.take_in(run)
		now = remote_api.training(run)
		self.assertEqual((now["status"], now["promoted"]), ("Cancelled", False))
		self.assertTrue(now["policy"])
		self.assertEqual(self.consumed(), {})

	def test_a_part_that_leaves_a_hole_is_not_kept(self):
		run, policy, _told = self.trained()
		part = base64.b64encode(policy[:100]).decode()
		self.assertEqual(remote_api.upload_policy(run, 50, part)["received"], 0)
		self.assertEqual(remote_api.upload_policy(run, 0, part)["received"], 100)
		self.assertEqual(remote_api.upload_policy(run, 0, part)["received"], 100)
		with self.assertRaisesRegex(frappe.ValidationError, "no base64"):
			remote_api.upload_policy(run, 0, "%%%")
		self.assertLess(trainings.PAGE * 4 / 3, 3 * 2**20)
