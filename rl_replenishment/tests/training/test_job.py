"""Trainings as documents: what a run leaves, and what it learns from."""

from __future__ import annotations

import json
from typing import ClassVar
from unittest.mock import patch

import frappe
import numpy as np
from frappe.utils import add_days, now_datetime, nowdate

from rl_replenishment.bridge.feedback.learning import answers_of
from rl_replenishment.bridge.policies import store as policy_store
from rl_replenishment.bridge.policies.promotion import Verdict
from rl_replenishment.bridge.training import asking as training_asking
from rl_replenishment.bridge.training import learning
from rl_replenishment.bridge.training import watch as training_watch
from rl_replenishment.core.files.feedback import FeedbackRows
from rl_replenishment.core.items import ItemKey
from rl_replenishment.tests.training.job_case import STEPS, TrainingJobCase, needs_torch


@needs_torch
class TestTraining(TrainingJobCase):
	names: ClassVar[list[str]] = []

	def setUp(self) -> None:
		super().setUp()
		self.open_door()

	def rows(self) -> FeedbackRows:
		return answers_of([]).rows

	def train(self, **asked):
		return training_asking.run_now(self.agent.name, **{"timesteps": STEPS, "seed": 1, **asked})

	def test_a_training_leaves_a_policy_and_its_figures(self):
		"""Plain JSON comes back; the run, the policy and the agent tell the same story."""
		result = self.train()
		self.assertEqual(json.loads(json.dumps(result, allow_nan=False)), result)
		self.assertEqual(list(result), ["agent", "training_run", "policy", "promoted", "metrics"])
		run = self.row(result["training_run"])
		self.assertEqual(
			(run.status, run.progress, run.kind, run.open_for), ("Completed", 100, "Initial", None)
		)
		self.assertEqual((run.policy, run.promoted), (result["policy"], int(result["promoted"])))
		self.assertEqual(run.queued_by, "Administrator")
		self.assertTrue(run.started_on <= run.ended_on)
		self.assertIn("held-out days", run.message)
		policy = frappe.get_doc("RL Policy", run.policy)
		self.assertEqual((policy.algorithm, policy.training_run), ("Pathwise", run.name))
		self.assertEqual(json.loads(policy.metrics), result["metrics"])
		self.assertEqual(len(json.loads(policy.backtest_by_item)["rule_cost"]), len(self.items))
		stored = policy_store.load(run.policy)
		self.assertEqual([key.item_code for key in stored.snapshot.items.keys], sorted(self.items))
		self.assertTrue(frappe.db.get_value("RL Agent Settings", self.agent.name, "last_trained_on"))

	def test_held_out_days_are_not_learned_from(self):
		"""The 60 days of the agent's settings; of a short history no more than a quarter."""
		metrics = self.train()["metrics"]
		self.assertEqual(metrics["holdout_days"], 60)
		self.assertEqual(metrics["data"]["last_day"], add_days(nowdate(), -61))
		frappe.db.set_value("RL Agent Settings", self.agent.name, {"history_days": 100, "holdout_days": 60})
		self.assertEqual(self.train()["metrics"]["holdout_days"], 25)

	def test_same_seed_same_policy(self):
		"""Where steps are the limit, and not the clock, from the same policy in use."""
		# else the second goes on from the first, where that is found better
		frappe.db.set_value("RL Agent Settings", self.agent.name, "auto_promote", 0)
		first, again = (self.train()["policy"] for _ in range(2))
		self.assertEqual(*(frappe.db.get_value("RL Policy", name, "sha256") for name in (first, again)))

	def test_promotion_follows_the_verdict(self):
		"""Passed: promoted, with the reason. Not passed, or left to the manager: a candidate."""
		for passed, automatic, promoted in ((True, 1, True), (False, 1, False), (True, 0, False)):
			frappe.db.set_value("RL Agent Settings", self.agent.name, "auto_promote", automatic)
			before = policy_store.active_policy(self.agent.name)
			with patch.object(learning, "judge", return_value=Verdict(passed, "It is so.", {"figures": 1})):
				result = self.train()
			self.assertEqual(result["promoted"], promoted)
			run, policy = self.row(result["training_run"]), frappe.get_doc("RL Policy", result["policy"])
			self.assertEqual(run.promoted, int(promoted))
			self.assertEqual(policy.status, "Active" if promoted else "Candidate")
			self.assertIn("It is so.", run.message)
			self.assertIn("Promoted." if promoted else "Not promoted", run.message)
			active = policy_store.active_policy(self.agent.name)
			self.assertEqual(active, policy.name if promoted else before)

	def test_the_next_training_goes_on_from_the_policy_in_use(self):
		"""It is Continual, compared with its parent, and named after it."""
		with patch.object(learning, "judge", return_value=Verdict(True, "", {})):
			first = self.train()["policy"]
		result = self.train()
		self.assertEqual(self.row(result["training_run"]).kind, "Continual")
		self.assertEqual(frappe.db.get_value("RL Policy", result["policy"], "parent"), first)
		against = result["metrics"]["holdout"]["vs_policy_in_use"]
		self.assertEqual(against["policy"], first)
		self.assertEqual(policy_store.load(result["policy"]).about["feedback_rows"], 0)

	def test_a_policy_in_use_that_is_damaged_is_not_gone_on_from(self):
		with patch.object(learning, "judge", return_value=Verdict(True, "", {})):
			first = self.train()["policy"]
		frappe.db.set_value("RL Policy", first, "sha256", "0" * 64)
		frappe.db.commit()
		result = self.train()
		self.assertIsNone(frappe.db.get_value("RL Policy", result["policy"], "parent"))

	def test_a_classical_policy_in_use_is_one_of_the_rules(self):
		policy_store.make_classical(self.agent)
		frappe.db.commit()
		result = self.train()
		self.assertEqual(self.row(result["training_run"]).kind, "Initial")
		self.assertIsNone(result["metrics"]["holdout"]["vs_policy_in_use"])

	def test_progress_is_seen_from_outside(self):
		"""It grows, with words for what is going on."""
		seen = []

		def note(watch):
			seen.append(frappe.db.get_value("RL Training Run", watch.run, ["progress", "message"]))

		with self.every_look(note):
			self.train()
		progress = [share for share, _message in seen]
		self.assertEqual(progress, sorted(progress))
		self.assertGreater(len(set(progress)), 20)
		messages = {message for _share, message in seen}
		for words in ("history", "Tuning", "Training", "Comparing"):
			self.assertTrue(any(words in (message or "") for message in messages), words)

	def test_progress_is_written_now_and_then(self):
		"""Not at each of the thousands of times that there is some."""
		with (
			patch.object(training_watch, "SECONDS", 3600),
			patch.object(training_watch, "now_datetime", side_effect=now_datetime) as written,
		):
			self.train()
		self.assertLess(written.call_count, 8)


@needs_torch
class TestFeedback(TrainingJobCase):
	"""Each answer is learned from once."""

	def setUp(self) -> None:
		super().setUp()
		self.names = [self.make_answer(10, ordered) for ordered in (10, 14, 14)]
		self.open_door()

	def rows(self) -> FeedbackRows:
		count = len(self.names)
		return FeedbackRows(
			keys=(ItemKey(self.items[0], self.warehouse),) * count,
			proposed_qty=np.full(count, 10.0),
			ordered_qty=np.array([10.0, 14.0, 14.0][:count]),
			date=np.array([add_days(nowdate(), -10)] * count, dtype="datetime64[D]"),
			on_hand=np.full(count, 3.0),
			on_order=np.zeros(count),
			reason=("",) * count,
		)

	def train(self, **asked):
		return training_asking.run_now(self.agent.name, timesteps=STEPS, seed=0, **asked)

	def test_a_first_training_with_answers(self):
		"""Learns from demand, then from the buyer; the answers are used up."""
		result = self.train()
		run = self.row(result["training_run"])
		self.assertEqual((run.kind, run.feedback_rows), ("Continual", 3))
		self.assertEqual(self.consumed, [(sorted(self.names), run.name)])
		about = result["metrics"]["feedback"]
		self.assertEqual((about["rows"], about["usable"]), (3, 3))
		self.assertLessEqual(about["distance_after"], about["distance_before"])
		self.assertEqual(policy_store.load(result["policy"]).about["feedback_rows"], 3)

	def test_going_on_with_answers(self):
		with patch.object(learning, "judge", return_value=Verdict(True, "", {})):
			first = self.train(kind="Initial")["policy"]
		result = self.train()
		self.assertEqual(frappe.db.get_value("RL Policy", result["policy"], "parent"), first)
		self.assertEqual(result["metrics"]["feedback"]["usable"], 3)

	def test_an_initial_training_leaves_the_answers(self):
		self.train(kind="Initial")
		self.assertEqual(self.consumed, [])

	def test_answers_without_weight_are_left(self):
		frappe.db.set_value("RL Agent Settings", self.agent.name, "feedback_weight", 0)
		result = self.train()
		self.assertEqual(self.row(result["training_run"]).kind, "Initial")
		self.assertEqual(self.consumed, [])

	def test_a_failed_training_keeps_the_answers(self):
		for failing in ("judge", "train"):
			with (
				patch.object(learning, failing, side_effect=RuntimeError("no")),
				self.assertRaisesRegex(RuntimeError, "no"),
			):
				self.train()
		self.assertEqual(self.consumed, [])

	def test_a_cancelled_training_keeps_the_answers(self):
		def cancel(watch):
			if watch._message == "Training":
				frappe.db.set_value("RL Training Run", watch.run, "cancel_requested", 1)

		with self.every_look(cancel):
			result = self.train()
		run = self.row(result["training_run"])
		self.assertEqual((run.status, run.feedback_rows), ("Cancelled", 0))
		self.assertEqual(self.consumed, [])

	def test_an_answer_that_changed_meanwhile_is_kept(self):
		"""What was learned from is not what it says now."""

		def change(watch):
			if watch._message == "Training":
				frappe.db.set_value("RL Feedback", self.names[1], "ordered_qty", 12)

		with self.every_look(change):
			run = self.train()["training_run"]
		self.assertEqual(self.consumed, [(sorted([self.names[0], self.names[2]]), run)])

	def test_answers_that_nothing_can_be_learned_from(self):
		"""On items that the agent no longer orders for: looked at, and done with."""
		rows = self.rows()
		foreign = FeedbackRows((ItemKey("Gone", "Nowhere"),) * 3, *list(vars(rows).values())[1:])
		with patch.object(self, "rows", return_value=foreign):
			result = self.train()
		self.assertEqual(result["metrics"]["feedback"]["usable"], 0)
		self.assertEqual(len(self.consumed[0][0]), 3)


@needs_torch
class TestFeedbackOfTheSite(TrainingJobCase):
	"""The same with the rows as they lie in the site."""

	def consumed(self) -> dict[str, str | None]:
		rows = frappe.get_all(
			"RL Feedback", {"agent": self.agent.name, "consumed": 1}, ["name", "training_run"], as_list=True
		)
		return dict(rows)

	def test_settled_rows_are_used_up_once(self):
		"""By the training that completed, not by one that failed."""
		names = [self.make_answer(10, ordered) for ordered in (10, 14)]
		self.make_answer(10, 12, settled=0)
		with (
			patch.object(learning, "judge", side_effect=RuntimeError("no")),
			self.assertRaisesRegex(RuntimeError, "no"),
		):
			training_asking.run_now(self.agent.name, timesteps=STEPS, seed=0)
		self.assertEqual(self.consumed(), {})
		for rows, kind in ((2, "Continual"), (0, "Initial")):
			done = training_asking.run_now(self.agent.name, timesteps=STEPS, seed=0)
			run = self.row(done["training_run"])
			self.assertEqual((run.kind, run.feedback_rows), (kind, rows))
			if rows:
				self.assertEqual(self.consumed(), dict.fromkeys(names, run.name))
