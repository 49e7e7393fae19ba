"""What tests of trainings have in common."""

from __future__ import annotations

import unittest
from contextlib import contextmanager
from importlib.util import find_spec
from unittest.mock import patch

import frappe
import numpy as np

from rl_replenishment.bridge import feedback
from rl_replenishment.bridge.feedback import Answers
from rl_replenishment.bridge.training import asking as training_asking
from rl_replenishment.bridge.training import run as training_run
from rl_replenishment.bridge.training import watch as training_watch
from rl_replenishment.tests.training.case import TrainingCase

#: a rollout of the trainer is 16,384 steps: the least that a training takes
STEPS = 2_000
HAS_TORCH = find_spec("torch") is not None and find_spec("stable_baselines3") is not None
needs_torch = unittest.skipUnless(HAS_TORCH, "torch is not installed")


class TrainingJobCase(TrainingCase):
	def row(self, run: str) -> frappe._dict:
		frappe.db.rollback()
		return frappe.get_doc("RL Training Run", run)

	def last_run(self) -> frappe._dict:
		frappe.db.rollback()
		return frappe.get_last_doc("RL Training Run", {"agent": self.agent.name})

	def open_door(self) -> None:
		"""Feedback as these tests say it is, whatever else is in the site."""
		self.consumed: list[tuple[list[str], str]] = []
		patcher = patch.multiple(
			feedback,
			settled_answers=lambda agent: Answers(
				self.rows(),
				list(self.names),
				np.ones(len(self.names), dtype=np.bool_),
				np.full(len(self.names), np.nan),
			),
			mark_consumed=lambda names, run: self.consumed.append((sorted(names), run)),
		)
		patcher.start()
		self.addCleanup(patcher.stop)

	@contextmanager
	def no_queue(self):
		"""What is put into the queue stays with us."""
		with (
			patch.object(training_asking, "check_libraries"),
			patch.object(frappe, "enqueue") as enqueue,
			patch.object(training_asking, "get_queues_timeout", return_value={"long": 1500}),
			patch.object(training_run, "get_job_status", return_value="queued"),
		):
			yield enqueue

	@contextmanager
	def every_look(self, at_look):
		"""Have something happen whenever the watch looks at its run, which it does each time it is told."""
		look = training_watch.Watch.look

		def looking(watch, share=0.0):
			watch._next_look = 0.0
			at_look(watch)
			look(watch, share)

		with patch.object(training_watch.Watch, "look", looking):
			yield
