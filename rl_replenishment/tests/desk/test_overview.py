"""What the form of an agent shows, and its dry run."""

from __future__ import annotations

import json
from datetime import date
from unittest.mock import patch

import frappe
from frappe.utils import getdate, nowdate

from rl_replenishment import api
from rl_replenishment.bridge.desk import overview
from rl_replenishment.bridge.proposing import round as proposal_round
from rl_replenishment.bridge.proposing import run as proposal_run
from rl_replenishment.bridge.review_days import next_review_day
from rl_replenishment.setup.roles import MANAGER, USER
from rl_replenishment.tasks import propose
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.case import RolledBackCase

WRITTEN = ("RL Proposal", "RL Proposal Run", "RL Policy", "Material Request", "RL Feedback")


class TestOverview(RolledBackCase):
	def setUp(self) -> None:
		super().setUp()
		self.warehouse = make.make_warehouse()
		self.items = [make.make_item(make.make_supplier()) for _ in range(2)]
		for item in self.items:
			make.sell_every_day(item, self.warehouse, 4)
		self.agent = make.make_agent([self.warehouse], self.items)

	def overview(self) -> dict:
		return api.overview(self.agent.name)

	def test_at_a_glance(self) -> None:
		"""Nothing yet; then a policy, a run, and the next one."""
		before = self.overview()
		self.assertEqual(
			(before["policy"], before["run"], before["training"], before["compared"]), (None, None, None, [])
		)
		result = propose(self.agent.name, force=True)
		found = self.overview()
		self.assertEqual(found["run"].name, result["run"])
		self.assertEqual((found["run"].status, found["run"].items_ordered), ("Completed", 2))
		self.assertEqual(
			found["policy"].name, frappe.db.get_value("RL Agent Settings", self.agent.name, "active_policy")
		)
		self.assertEqual(found["next_run"], next_review_day("Weekly", getdate()))
		row = {"name": "base-stock", "cost": 10, "fill_rate": 0.9, "cost_vs_best_baseline": 0, "orders": 3}
		metrics = {"holdout_days": 60, "holdout": {"policies": [row]}}
		frappe.db.set_value("RL Policy", found["policy"].name, "metrics", json.dumps(metrics))
		found = self.overview()
		self.assertEqual((found["holdout_days"], found["compared"][0]["cost"]), (60, 10))
		self.assertEqual(found["candidate"], found["policy"].name)
		frappe.db.set_value("RL Agent Settings", self.agent.name, "enabled", 0)
		self.assertIsNone(self.overview()["next_run"])

	def test_live_progress(self) -> None:
		"""Of a run that has not ended, by the agent and by the run; of one that nobody works on yet too."""
		# the job stays out of the site's queue, where it would outlive the test
		with patch.object(frappe, "enqueue") as enqueue:
			run = proposal_run.enqueue(self.agent.name)
		self.assertEqual(enqueue.call_args.kwargs["run"], run)
		waiting = self.overview()["run"]
		self.assertEqual((waiting.name, waiting.status, waiting.percent), (run, "In Progress", 0))
		seen = []
		read = proposal_round.read_situation

		def look(*args):
			seen.append((self.overview()["run"].what, api.progress_of_run(run)["what"]))
			return read(*args)

		with patch.object(proposal_round, "read_situation", look):
			proposal_run.execute(run)
		self.assertEqual(seen, [("Looking at stock and demand",) * 2])
		self.assertEqual(api.progress_of_run(run)["status"], "Completed")
		self.assertNotIn("percent", self.overview()["run"])
		frappe.set_user(make.make_user("Purchase User"))
		self.assertRaises(frappe.PermissionError, api.progress_of_run, run)

	def test_a_dry_run_without_the_policys_file(self) -> None:
		"""As after a restore without files: what is missing, and how to mend it."""
		propose(self.agent.name, force=True)
		policy = self.overview()["policy"].name
		frappe.db.delete("File", {"attached_to_name": policy})
		frappe.db.set_value("RL Policy", policy, "file", "/private/files/gone.zip")
		with self.assertRaisesRegex(frappe.ValidationError, "restore it from a backup"):
			api.preview(self.agent.name)

	def test_policies(self) -> None:
		"""The newest first, with what to know of them before they are put to use."""
		propose(self.agent.name, force=True)
		(policy,) = self.overview()["policies"]
		self.assertEqual((policy.status, policy.name), ("Active", self.overview()["policy"].name))
		self.assertIn("Fill Up", policy.summary)

	def test_what_came_of_a_training(self) -> None:
		"""Beside the policy in use, in two sentences that do not contradict it."""
		propose(self.agent.name, force=True)
		in_use = self.overview()["policy"].name
		values = {"doctype": "RL Policy", "agent": self.agent.name, "version": 50}
		luck = {"holdout": {"vs_best_rule": {"difference": -0.01, "ci95": [-0.03, 0.01]}}}
		better = {"holdout": {"vs_best_rule": {"difference": -0.1, "ci95": [-0.2, -0.05]}}}
		candidate = frappe.get_doc({**values, "metrics": json.dumps(luck)}).insert().name
		training = frappe.get_doc(
			{
				"doctype": "RL Training Run",
				"agent": self.agent.name,
				"status": "Completed",
				"policy": candidate,
				"ended_on": nowdate(),
			}
		).insert()
		said = self.overview()["training"].said
		self.assertIn("nothing that beats the rules by more than luck", said)
		self.assertIn(f"{in_use} stays in use.", said)
		frappe.db.set_value("RL Policy", candidate, "metrics", json.dumps(better))
		self.assertIn(f"found {candidate}, which is better", self.overview()["training"].said)
		training.db_set({"promoted": 1, "policy": in_use})
		self.assertIn("It is in use since.", self.overview()["training"].said)

	def test_what_is_wrong(self) -> None:
		"""Each problem in a sentence, and none where all is well."""
		with (
			patch.object(overview, "is_scheduler_disabled", return_value=False),
			patch.object(overview, "get_workers", return_value=["one"]),
			patch.object(overview, "find_spec", return_value=True),
		):
			self.assertEqual(self.overview()["problems"], [])
			for doctype, words in (
				("RL Proposal Run", "run of proposals failed"),
				("RL Training Run", "training failed"),
			):
				frappe.get_doc(
					{
						"doctype": doctype,
						"agent": self.agent.name,
						"company": self.agent.company,
						"status": "Failed",
					}
				).insert()
				self.assertIn(words, self.overview()["problems"][-1])
		with (
			patch.object(overview, "is_scheduler_disabled", return_value=True),
			patch.object(overview, "get_workers", return_value=[]),
			patch.object(overview, "find_spec", return_value=None),
		):
			problems = " ".join(self.overview()["problems"])
			for word in ("scheduler", "worker", "torch"):
				self.assertIn(word, problems)

	def test_dry_run(self) -> None:
		"""The same lines as a run proposes, and nothing is written."""
		# before the first run too, by the rule that it would begin with
		count = {doctype: frappe.db.count(doctype) for doctype in WRITTEN}
		first = api.preview(self.agent.name)["lines"]
		self.assertEqual({doctype: frappe.db.count(doctype) for doctype in WRITTEN}, count)
		frappe.db.set_value("RL Agent Settings", self.agent.name, "mode", "Shadow")
		propose(self.agent.name, force=True)
		count = {doctype: frappe.db.count(doctype) for doctype in WRITTEN}
		found = api.preview(self.agent.name)
		self.assertEqual({doctype: frappe.db.count(doctype) for doctype in WRITTEN}, count)
		self.assertEqual(found["considered"], 2)
		proposed = dict(
			frappe.get_all(
				"RL Proposal", {"agent": self.agent.name}, ["item_code", "proposed_qty"], as_list=True
			)
		)
		self.assertEqual({line["item_code"]: line["proposed_qty"] for line in found["lines"]}, proposed)
		self.assertEqual([line["reason"] for line in found["lines"]], [line["reason"] for line in first])
		self.assertAlmostEqual(found["value"], sum(proposed.values()) * 10)

	def test_who_may(self) -> None:
		"""Users look; managers ask for a dry run; others neither."""
		propose(self.agent.name, force=True)
		user, manager, buyer = (make.make_user(role) for role in (USER, MANAGER, "Purchase User"))
		frappe.set_user(manager)
		api.preview(self.agent.name)
		frappe.set_user(user)
		self.overview()
		self.assertRaises(frappe.PermissionError, api.preview, self.agent.name)
		frappe.set_user(buyer)
		for call in (api.overview, api.preview):
			self.assertRaises(frappe.PermissionError, call, self.agent.name)

	def test_next_review(self) -> None:
		wednesday = date(2026, 7, 1)
		self.assertEqual(next_review_day("Daily", wednesday), date(2026, 7, 2))
		self.assertEqual(next_review_day("Weekly", wednesday), date(2026, 7, 6))
		self.assertEqual(next_review_day("Weekly", date(2026, 7, 6)), date(2026, 7, 13))
		self.assertEqual(next_review_day("Monthly", wednesday), date(2026, 8, 1))
