"""Who hears of what: proposals that wait, runs and trainings that failed."""

from __future__ import annotations

from unittest.mock import patch

import frappe
from redis.exceptions import ConnectionError

from rl_replenishment.bridge import notifying
from rl_replenishment.bridge.proposing import joining
from rl_replenishment.bridge.proposing import run as proposal_run
from rl_replenishment.bridge.training import run as training_run
from rl_replenishment.setup.roles import MANAGER, USER
from rl_replenishment.tasks import propose
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.case import IntegrationTestCase


class TestNotifications(IntegrationTestCase):
	def setUp(self) -> None:
		# runs commit: what a test makes is taken away at its end
		for name in ("commit", "rollback"):
			patched = patch.object(frappe.db, name)
			patched.start()
			self.addCleanup(patched.stop)
		self.addCleanup(lambda: frappe.db.sql("rollback"))
		# as a worker would
		for module in (proposal_run, joining, training_run):
			at_once = patch.object(module, "announce", notifying.send)
			at_once.start()
			self.addCleanup(at_once.stop)
		self.user, self.manager = make.make_user(USER), make.make_user(MANAGER)
		warehouse, item = make.make_warehouse(), make.make_item(make.make_supplier())
		make.sell_every_day(item, warehouse, 4)
		self.agent = make.make_agent([warehouse], [item])

	def heard(self, user: str) -> list[str]:
		return frappe.get_all("Notification Log", {"for_user": user}, pluck="subject")

	def test_proposals_that_wait(self) -> None:
		"""Users hear of drafts, once; not of a run that requests nothing."""
		propose(self.agent.name, force=True)
		self.assertEqual(self.heard(self.user), ["Lines waiting for approval: 1"])
		self.assertEqual(self.heard(self.manager), [])
		propose(self.agent.name, force=True)
		self.assertEqual(len(self.heard(self.user)), 1)

	def test_a_run_that_failed(self) -> None:
		with (
			patch.object(proposal_run, "carry_out", side_effect=ValueError("broken")),
			self.assertRaises(ValueError),
		):
			propose(self.agent.name, force=True)
		self.assertEqual(self.heard(self.manager), [f"Agent {self.agent.name} could not propose"])
		self.assertEqual(self.heard(self.user), [])

	def test_a_training_that_failed(self) -> None:
		run = frappe.get_doc(
			{"doctype": "RL Training Run", "agent": self.agent.name, "status": "In Progress"}
		).insert()
		training_run.close(run.name, "Cancelled", "enough")
		self.assertEqual(self.heard(self.manager), [])
		training_run.close(run.name, "Failed", "no torch")
		self.assertEqual(self.heard(self.manager), [f"A training of agent {self.agent.name} failed"])

	def test_nobody_to_tell(self) -> None:
		"""A queue that cannot be reached, or a document that is gone, stops nothing."""
		notifying.send("RL Training Run", "none", notifying.TRAINING_FAILED)
		with patch.object(frappe, "enqueue", side_effect=ConnectionError):
			notifying.announce("RL Training Run", "none", notifying.TRAINING_FAILED)
