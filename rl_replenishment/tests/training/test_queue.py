"""Trainings asked for: by hand, by the scheduler, and again where their worker has died."""

from __future__ import annotations

from datetime import timedelta
from unittest.mock import patch

import frappe
from frappe.utils import add_days, now_datetime
from redis.exceptions import ConnectionError as RedisConnectionError

from rl_replenishment import api, train
from rl_replenishment.bridge.policies import store as policy_store
from rl_replenishment.bridge.training import asking as training_asking
from rl_replenishment.bridge.training import job as training_job
from rl_replenishment.bridge.training import run as training_run
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.training.job_case import TrainingJobCase


class TestQueue(TrainingJobCase):
	def test_a_run_is_there_at_once(self):
		"""And only its name is in the queue, with a timeout that leaves room around the training."""
		with self.no_queue() as enqueue:
			name = training_asking.enqueue(self.agent.name)
		run = self.row(name)
		self.assertEqual(
			(run.status, run.kind, run.algorithm, run.job_id), ("Queued", "Initial", "Pathwise", name)
		)
		(method,), told = enqueue.call_args
		self.assertEqual(frappe.get_attr(method), training_job.execute)
		self.assertEqual((told["run_name"], told["queue"], told["deduplicate"]), (name, "long", True))
		self.assertEqual(told["timeout"], 600 + training_asking.SECONDS_AROUND)

	def test_the_queue_of_our_own(self):
		with (
			self.no_queue() as enqueue,
			patch.object(training_asking, "get_queues_timeout", return_value={"long": 1500, "rl": 5000}),
		):
			training_asking.enqueue(self.agent.name)
		self.assertEqual(enqueue.call_args.kwargs["queue"], "rl")

	def test_one_training_at_a_time(self):
		"""A second click gives the same run and says so; another agent is free to train."""
		with self.no_queue() as enqueue:
			first = training_asking.enqueue(self.agent.name)
			self.assertEqual(training_asking.enqueue(self.agent.name), first)
			self.assertIn("still going", frappe.message_log[-1].message)
			self.assertEqual(enqueue.call_count, 1)
			with self.assertRaisesRegex(frappe.ValidationError, f"{first} .* still going"):
				training_asking.run_now(self.agent.name, timesteps=1)

	def test_two_who_ask_at_the_same_moment(self):
		"""The database itself knows only one open run of an agent."""
		ask = training_run.Ask("Initial", "PPO", None, 1, 0)
		first, is_new = training_run.open_run(ask, self.agent.name)
		self.assertTrue(is_new)
		look, looks = frappe.db.get_value, []

		def blind_at_first(doctype, filters=None, *args, **kwargs):
			if filters == {"open_for": self.agent.name} and not looks:
				looks.append(1)
				return None
			return look(doctype, filters, *args, **kwargs)

		with patch.object(frappe.db, "get_value", blind_at_first):
			self.assertEqual(training_run.open_run(ask, self.agent.name), (first, False))
		self.assertEqual(frappe.db.count("RL Training Run", {"agent": self.agent.name}), 1)

	def test_a_queue_that_cannot_be_reached(self):
		with self.no_queue() as enqueue, self.assertRaises(RedisConnectionError):
			enqueue.side_effect = RedisConnectionError
			training_asking.enqueue(self.agent.name)
		self.assertEqual(self.last_run().status, "Failed")

	def test_cancelled_in_the_queue(self):
		"""It ends at once, and the worker that takes it up later does nothing."""
		with self.no_queue():
			name = training_asking.enqueue(self.agent.name)
			api.cancel_training(name)
		self.assertEqual(self.row(name).status, "Cancelled")
		with patch.object(training_job, "learn") as learn:
			training_job.execute(name)
		self.assertFalse(learn.called)
		with self.assertRaisesRegex(frappe.ValidationError, "ended already"):
			training_asking.cancel(name)

	def test_trying_again(self):
		"""As it was asked for the first time; only what did not end well."""
		with self.no_queue():
			name = training_asking.enqueue(self.agent.name, "Continual")
			with self.assertRaisesRegex(frappe.ValidationError, "only one that failed"):
				training_asking.retry(name)
			training_asking.cancel(name)
			again = training_asking.retry(name)
		self.assertNotEqual(again, name)
		first, second = self.row(name), self.row(again)
		self.assertEqual((second.status, second.kind), ("Queued", "Continual"))
		self.assertEqual(first.settings, second.settings)

	def test_without_torch(self):
		"""Asking for a training says what to install, before there is a run."""
		with patch.object(training_asking, "find_spec", return_value=None):
			for ask in (training_asking.enqueue, training_asking.run_now):
				with self.assertRaisesRegex(frappe.ValidationError, r"needs torch.*pip install"):
					ask(self.agent.name)
		self.assertFalse(frappe.db.exists("RL Training Run", {"agent": self.agent.name}))

	def test_bad_wishes(self):
		"""Each is named in a sentence; nothing is written."""
		for wrong in (
			{"seconds": -1},
			{"seconds": "ten"},
			{"seconds": float("nan")},
			{"seconds": float("inf")},
			{"seconds": 0},
			{"timesteps": 0},
			{"timesteps": 1.5},
			{"seed": -1},
			{"seed": True},
			{"kind": "Final"},
		):
			with (
				self.subTest(wrong),
				patch.object(training_asking, "check_libraries"),
				self.assertRaisesRegex(frappe.ValidationError, r"\w+ \w+"),
			):
				training_asking.run_now(self.agent.name, **wrong)
		with self.assertRaisesRegex(frappe.ValidationError, "no agent"):
			training_asking.run_now("nobody")
		with self.assertRaisesRegex(frappe.ValidationError, "no argument second.* seconds, timesteps"):
			train.run(self.agent.name, second=1)
		self.assertFalse(frappe.db.exists("RL Training Run", {"agent": self.agent.name}))

	def test_only_managers_train(self):
		run = self.make_run()
		others = [make.make_user(role) for role in ("RL Replenishment User", "Purchase Manager")]
		with self.no_queue() as enqueue:
			for user in others:
				with self.set_user(user):
					for call in (
						lambda: api.train(self.agent.name),
						lambda: api.cancel_training(run.name),
						lambda: api.retry_training(run.name),
					):
						with self.assertRaises(frappe.PermissionError):
							call()
			self.assertFalse(enqueue.called)
			training_run.close(run.name, "Failed", "")
			with self.set_user(make.make_user("RL Replenishment Manager")):
				self.assertTrue(api.train(self.agent.name))


class TestStuckRuns(TrainingJobCase):
	def check(self, run, *, job="started"):
		with patch.object(training_run, "get_job_status", return_value=job):
			training_run.check_stuck_runs()
		return self.row(run.name)

	def ago(self, **time):
		return now_datetime() - timedelta(**time)

	def test_a_silent_run_has_failed(self):
		"""Its worker died; the agent is free to train again."""
		run = self.check(self.make_run(heartbeat=self.ago(minutes=4), job_id="x"))
		self.assertEqual((run.status, run.open_for), ("Failed", None))
		self.assertIn("worker died", run.message)
		with self.no_queue():
			self.assertTrue(api.retry_training(run.name))

	def test_a_run_that_gives_signs_of_life_goes_on(self):
		for made in (
			self.make_run(heartbeat=self.ago(minutes=2), job_id="x"),
			self.make_run(heartbeat=self.ago(seconds=10), job_id=None, open_for=None),
			self.make_run(heartbeat=None, status="Queued", job_id="x", open_for=None),
		):
			self.assertEqual(self.check(made).status, made.status)

	def test_a_run_whose_job_is_gone_has_failed(self):
		for status in ("In Progress", "Queued"):
			run = self.make_run(status=status, heartbeat=self.ago(minutes=2), job_id="x")
			frappe.db.set_value("RL Training Run", run.name, "creation", self.ago(minutes=2))
			frappe.db.commit()
			self.assertEqual(self.check(run).status, status)
			self.assertEqual(self.check(run, job=None).status, "Failed")

	def test_a_job_that_is_just_being_put_into_the_queue(self):
		run = self.make_run(status="Queued", heartbeat=None, job_id=None)
		self.assertEqual(self.check(run, job=None).status, "Queued")
		frappe.db.set_value("RL Training Run", run.name, "creation", self.ago(minutes=4))
		frappe.db.commit()
		self.assertEqual(self.check(run, job=None).status, "Failed")

	def test_without_redis_nothing_is_known_of_jobs(self):
		run = self.make_run(heartbeat=self.ago(minutes=2), job_id="x")
		with patch.object(training_run, "get_job_status", side_effect=RedisConnectionError):
			training_run.check_stuck_runs()
		self.assertEqual(self.row(run.name).status, "In Progress")

	def test_a_dead_run_is_no_obstacle(self):
		"""Neither to a new training nor to cancelling."""
		run = self.make_run(heartbeat=self.ago(minutes=4))
		with self.no_queue():
			self.assertNotEqual(training_asking.enqueue(self.agent.name), run.name)
		self.assertEqual(self.row(run.name).status, "Failed")


class TestSchedule(TrainingJobCase):
	def due(self) -> bool:
		frappe.db.commit()
		with self.no_queue() as enqueue, patch.object(training_asking, "_missing_libraries", return_value=[]):
			training_asking.train_due()
		queued = [call.kwargs.get("run_name") for call in enqueue.call_args_list]
		mine = frappe.get_all("RL Training Run", {"agent": self.agent.name, "status": "Queued"}, pluck="name")
		frappe.db.delete("RL Training Run", {"name": ("in", mine)})
		frappe.db.commit()
		return bool(set(mine) & set(queued))

	def trained(self, days: int) -> None:
		run = self.make_run(status="Completed", open_for=None)
		frappe.db.set_value("RL Training Run", run.name, "creation", add_days(now_datetime(), -days))
		frappe.db.set_value(
			"RL Agent Settings", self.agent.name, "last_trained_on", add_days(now_datetime(), -days)
		)

	def test_an_agent_that_never_trained(self):
		self.assertTrue(self.due())

	def test_some_days_after_the_last_training(self):
		self.trained(6)
		self.assertFalse(self.due())
		frappe.db.delete("RL Training Run", {"agent": self.agent.name})
		self.trained(7)
		self.assertTrue(self.due())

	def test_a_training_that_failed_is_not_tried_every_night(self):
		self.make_run(status="Failed", open_for=None)
		self.assertFalse(self.due())

	def test_when_enough_feedback_has_settled(self):
		self.trained(1)
		frappe.db.set_value("RL Agent Settings", self.agent.name, "train_after_feedback", 3)
		self.make_answer(1, 1)
		self.make_answer(1, 1)
		self.make_answer(1, 1, settled=0)
		self.make_answer(1, 1, consumed=1)
		self.assertFalse(self.due())
		self.make_answer(1, 1)
		self.assertTrue(self.due())
		frappe.db.set_value("RL Agent Settings", self.agent.name, "feedback_weight", 0)
		self.assertFalse(self.due())

	def test_never(self):
		"""Neither by days nor by feedback, nor where the agent is disabled."""
		frappe.db.set_value(
			"RL Agent Settings", self.agent.name, {"train_every_days": 0, "train_after_feedback": 0}
		)
		self.assertFalse(self.due())
		frappe.db.set_value("RL Agent Settings", self.agent.name, {"train_every_days": 7, "enabled": 0})
		self.assertFalse(self.due())

	def test_without_torch_the_classical_rule_is_tuned_anew(self):
		name, _stored = policy_store.make_classical(self.agent)
		frappe.db.set_value("RL Policy", name, "creation", add_days(now_datetime(), -8))
		frappe.db.commit()
		with (
			self.no_queue() as enqueue,
			patch.object(training_asking, "_missing_libraries", return_value=["torch"]),
		):
			training_asking.train_due()
		calls = [call for call in enqueue.call_args_list if call.kwargs.get("agent") == self.agent.name]
		self.assertEqual(len(calls), 1)
		self.assertEqual(frappe.get_attr(calls[0].args[0]), policy_store.renew_classical)
		self.assertFalse(frappe.db.exists("RL Training Run", {"agent": self.agent.name}))
