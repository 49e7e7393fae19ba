"""Trainings that do not end by themselves: cancelled, timed out, failed, given up."""

from __future__ import annotations

import os
import signal
from unittest.mock import patch

import frappe
from rq.timeouts import JobTimeoutException

from rl_replenishment.bridge.policies import store as policy_store
from rl_replenishment.bridge.policies.promotion import Verdict
from rl_replenishment.bridge.training import asking as training_asking
from rl_replenishment.bridge.training import job as training_job
from rl_replenishment.bridge.training import learning
from rl_replenishment.bridge.training import run as training_run
from rl_replenishment.bridge.training import watch as training_watch
from rl_replenishment.core.errors import InputError
from rl_replenishment.tests.training.job_case import STEPS, TrainingJobCase, needs_torch


@needs_torch
class TestEnding(TrainingJobCase):
	"""What becomes of trainings that do not end by themselves."""

	def run_in_background(self, at_look=lambda watch: None, **asked) -> frappe._dict:
		"""As a worker does."""
		ask = training_run.Ask(
			**{"kind": "Initial", "algorithm": "PPO", "seconds": None, "timesteps": 10**9, "seed": 0, **asked}
		)
		run, _is_new = training_run.open_run(ask, self.agent.name)
		with self.every_look(at_look):
			training_job.execute(run)
		return self.row(run)

	def when(self, message: str, then):
		"""Once, as soon as the training is at something."""
		done = []

		def at_look(watch):
			if message in watch._message and len(done) < 3:
				done.append(1)
				if len(done) == 3:
					then(watch)

		return at_look

	def cancel(self, watch) -> None:
		training_asking.cancel(watch.run)

	def test_cancelled_while_training(self):
		"""The best policy so far stays, as a candidate that nobody compared."""
		run = self.run_in_background(self.when("Training", self.cancel))
		self.assertEqual((run.status, run.promoted, run.error), ("Cancelled", 0, None))
		self.assertIn("best policy so far was kept", run.message)
		self.assertEqual(frappe.db.get_value("RL Policy", run.policy, "status"), "Candidate")
		policy_store.load(run.policy)
		self.assertFalse(frappe.db.get_value("RL Agent Settings", self.agent.name, "last_trained_on"))

	def test_cancelled_while_comparing(self):
		run = self.run_in_background(self.when("Comparing", self.cancel), timesteps=STEPS)
		self.assertEqual(run.status, "Cancelled")
		self.assertTrue(run.policy)

	def test_cancelled_before_anything_was_learned(self):
		run = self.run_in_background(self.when("Tuning", self.cancel))
		self.assertEqual((run.status, run.policy, run.open_for), ("Cancelled", None, None))

	def test_the_timeout_keeps_the_best_policy_so_far(self):
		"""Shortly before the queue's alarm the training ends: the run completes, compared as any other."""

		def queues_own(_signal, _frame):
			raise JobTimeoutException

		before = signal.signal(signal.SIGALRM, queues_own)
		self.addCleanup(signal.signal, signal.SIGALRM, before)
		self.addCleanup(signal.alarm, 0)
		signal.alarm(3600)
		left = []

		def time_is_up(_watch):
			left.append(signal.alarm(0))
			os.kill(os.getpid(), signal.SIGALRM)

		run = self.run_in_background(self.when("Training", time_is_up))
		self.assertEqual(run.status, "Completed")
		self.assertIn("time was up", run.message)
		self.assertIn("held-out days", run.message)
		self.assertTrue(run.policy)
		self.assertIs(signal.getsignal(signal.SIGALRM), queues_own)
		# the queue's own alarm is where it was
		self.assertAlmostEqual(left[0], 3600 - training_watch.GRACE_SECONDS, delta=60)
		self.assertAlmostEqual(signal.alarm(0), training_watch.GRACE_SECONDS, delta=60)

	def test_the_queues_alarm_survives_a_training_that_ends_in_time(self):
		before = signal.signal(signal.SIGALRM, signal.default_int_handler)
		self.addCleanup(signal.signal, signal.SIGALRM, before)
		self.addCleanup(signal.alarm, 0)
		for timeout in (3600, 100, 1):
			signal.alarm(timeout)
			watch = training_watch.Watch("")
			with training_watch.gentle_timeout(watch):
				self.assertIsNot(signal.getsignal(signal.SIGALRM), signal.default_int_handler)
			self.assertFalse(watch.timed_out)
			self.assertIs(signal.getsignal(signal.SIGALRM), signal.default_int_handler)
			self.assertAlmostEqual(signal.alarm(0), timeout, delta=2)

	def test_in_the_foreground_there_is_no_timeout(self):
		before = signal.getsignal(signal.SIGALRM)
		with training_watch.gentle_timeout(training_watch.Watch("")):
			self.assertIs(signal.getsignal(signal.SIGALRM), before)
			self.assertEqual(signal.alarm(0), 0)

	def test_a_timeout_before_training_has_begun(self):
		def time_is_up(watch):
			watch.timed_out = True

		run = self.run_in_background(self.when("Tuning", time_is_up))
		self.assertEqual((run.status, run.policy), ("Failed", None))
		self.assertIn("before the training had begun", run.message)

	def test_a_hard_timeout_while_comparing_keeps_the_policy(self):
		def time_is_up(_watch):
			raise JobTimeoutException

		run = self.run_in_background(self.when("Comparing", time_is_up), timesteps=STEPS)
		self.assertEqual((run.status, run.promoted), ("Completed", 0))
		self.assertTrue(run.policy)

	def test_an_error_is_kept_with_its_sentence(self):
		"""Nothing of the training stays but what went wrong."""

		def fail(_watch):
			raise ZeroDivisionError("the true error")

		run = self.run_in_background(self.when("Training", fail))
		self.assertEqual(
			(run.status, run.message, run.policy, run.open_for), ("Failed", "the true error", None, None)
		)
		log = frappe.get_doc("Error Log", run.error)
		self.assertIn("ZeroDivisionError: the true error", log.error)
		self.assertEqual(log.reference_name, run.name)
		self.assertEqual(frappe.db.count("RL Policy", {"agent": self.agent.name}), 0)

	def test_an_error_while_saving_undoes_all_of_it(self):
		with (
			patch.object(policy_store, "activate", side_effect=RuntimeError("no")),
			patch.object(learning, "judge", return_value=Verdict(True, "", {})),
		):
			run = self.run_in_background(timesteps=STEPS)
		self.assertEqual(run.status, "Failed")
		self.assertEqual(frappe.db.count("RL Policy", {"agent": self.agent.name}), 0)
		self.assertFalse(frappe.db.exists("File", {"attached_to_name": f"{self.agent.name}-v1"}))

	def test_saving_waits_for_a_proposal_run(self):
		"""Which holds the agent's row for as long as it writes."""
		write, tries = training_job._write, []

		def busy_at_first(*args):
			tries.append(1)
			if len(tries) == 1:
				raise frappe.QueryTimeoutError
			write(*args)

		with patch.object(training_job, "_write", busy_at_first):
			run = self.run_in_background(timesteps=STEPS)
		self.assertEqual((run.status, len(tries)), ("Completed", 2))

	def test_what_the_user_can_mend_is_no_error(self):
		"""A history that is too short is told in a sentence, without an Error Log."""
		frappe.db.set_value("RL Agent Settings", self.agent.name, "history_days", 20)
		frappe.db.commit()
		run = self.run_in_background()
		self.assertEqual((run.status, run.error), ("Failed", None))
		self.assertIn("at least 28 are needed", run.message)
		with self.assertRaisesRegex(InputError, "at least 28 are needed"):
			training_asking.run_now(self.agent.name, timesteps=STEPS)

	def test_a_run_that_was_given_up_stays_so(self):
		"""A worker that was taken for dead and comes back saves nothing."""

		def give_up(watch):
			training_run.close(watch.run, "Failed", "taken for dead")

		run = self.run_in_background(self.when("Training", give_up))
		self.assertEqual((run.status, run.message, run.policy), ("Failed", "taken for dead", None))

	def test_ctrl_c_closes_the_run(self):
		def interrupt(_watch):
			raise KeyboardInterrupt

		with self.assertRaises(KeyboardInterrupt):
			self.run_in_background(self.when("Training", interrupt))
		self.assertEqual(self.last_run().status, "Cancelled")
