"""The first rule of an agent with many items: tuned in the background, kept until the first run."""

from __future__ import annotations

from unittest.mock import patch

import frappe
from redis.exceptions import ConnectionError as RedisConnectionError

from rl_replenishment import api
from rl_replenishment.bridge.policies import classical_rule
from rl_replenishment.core.errors import InputError
from rl_replenishment.tasks import propose
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.training.case import TrainingCase


class TestFirstRule(TrainingCase):
	def setUp(self) -> None:
		super().setUp()
		# a run commits: what a test makes is taken away at its end
		for patched in (patch.object(frappe.db, "commit"), patch.object(classical_rule, "MOST_AT_ONCE", 2)):
			patched.start()
			self.addCleanup(patched.stop)
		self.addCleanup(frappe.cache.delete_keys, "rl_replenishment.first_")

	def ask(self, is_queued: bool = False):
		"""A preview, and what it has queued; the queue itself is left alone."""
		with (
			patch.object(frappe, "enqueue") as enqueue,
			patch.object(classical_rule, "is_job_enqueued", return_value=is_queued),
		):
			return api.preview(self.agent.name), enqueue

	def test_a_preview_waits_for_the_background_and_then_has_its_lines(self) -> None:
		found, enqueue = self.ask()
		self.assertEqual(found, {"waiting": {"percent": 0, "what": "Waiting for a worker"}})
		(method,), options = enqueue.call_args
		self.assertTrue(options["job_id"].endswith(self.agent.name))
		found, enqueue = self.ask(is_queued=True)
		self.assertEqual(found["waiting"]["what"], "Waiting for a worker")
		enqueue.assert_not_called()

		seen = []
		real = classical_rule.classical

		def watched(settings, progress):
			progress(0.4)
			seen.append(self.ask(is_queued=True)[0])
			return real(settings, progress)

		with patch.object(classical_rule, "classical", watched):
			frappe.get_attr(method)(options["agent"])
		self.assertEqual(seen[0]["waiting"]["percent"], 40)
		self.assertIn("Tuning", seen[0]["waiting"]["what"])
		found, enqueue = self.ask()
		enqueue.assert_not_called()
		# the same as where it is tuned at once
		with (
			patch.object(classical_rule, "MOST_AT_ONCE", 100),
			patch.object(classical_rule, "_kept", lambda _: None),
		):
			self.assertEqual(self.ask()[0], found)
		self.assertTrue(found["lines"])
		self.assertFalse(frappe.db.exists("RL Policy", {"agent": self.agent.name}))

	def test_the_first_run_takes_it_over(self) -> None:
		classical_rule.tune_first_rule(self.agent.name)
		with patch.object(classical_rule, "classical", side_effect=AssertionError):
			propose(self.agent.name, force=True)
		self.assertTrue(frappe.db.get_value("RL Agent Settings", self.agent.name, "active_policy"))

	def test_another_setting_asks_anew(self) -> None:
		classical_rule.tune_first_rule(self.agent.name)
		self.agent.order_cost = 30
		self.agent.save()
		self.assertIn("waiting", self.ask()[0])

	def test_few_items_are_tuned_at_once(self) -> None:
		with patch.object(classical_rule, "MOST_AT_ONCE", 6):
			found, enqueue = self.ask()
		self.assertIn("lines", found)
		enqueue.assert_not_called()

	def test_why_it_failed(self) -> None:
		"""Told once it is asked for, instead of trying again and again."""
		with patch.object(classical_rule, "classical", side_effect=InputError("no such item")):
			self.assertRaises(InputError, classical_rule.tune_first_rule, self.agent.name)
		with self.assertRaisesRegex(frappe.ValidationError, "no such item"):
			self.ask()

	def test_without_a_queue(self) -> None:
		with (
			patch.object(classical_rule, "is_job_enqueued", side_effect=RedisConnectionError),
			self.assertRaisesRegex(frappe.ValidationError, "start Redis"),
		):
			api.preview(self.agent.name)

	def test_nothing_in_scope(self) -> None:
		agent = make.make_agent([make.make_warehouse()])
		with patch.object(classical_rule, "is_job_enqueued", return_value=False):
			self.assertEqual(api.preview(agent.name)["lines"], [])
