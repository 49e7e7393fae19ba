"""What is written into documents is in the site's language, what is only shown in the user's."""

from __future__ import annotations

from unittest.mock import patch

import frappe
from frappe.gettext.translate import compile_translations
from frappe.translate import clear_cache

from rl_replenishment import api
from rl_replenishment.bridge.training import asking as training_asking
from rl_replenishment.core.errors import InputError
from rl_replenishment.tasks import propose
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.case import IntegrationTestCase
from rl_replenishment.tests.training.job_case import needs_torch

IN_GERMAN = r"^Bedarf der nächsten \d+ Tage: .* auf Lager; .*: .* bestellen\."
IN_ENGLISH = r"^Demand over the next \d+ days .* on hand; .*: order .*\."


class TestLanguage(IntegrationTestCase):
	@classmethod
	def setUpClass(cls) -> None:
		super().setUpClass()
		compile_translations("rl_replenishment", "de")
		clear_cache()

	def setUp(self) -> None:
		# a run commits: what a test makes is taken away at its end
		commit = patch.object(frappe.db, "commit")
		commit.start()
		self.addCleanup(commit.stop)
		self.addCleanup(frappe.clear_cache)
		self.addCleanup(frappe.db.rollback)
		self.addCleanup(setattr, frappe.local, "lang", frappe.local.lang)
		frappe.db.set_default("lang", "de")
		item, warehouse = make.make_item(make.make_supplier()), make.make_warehouse()
		make.sell_every_day(item, warehouse, 4)
		make.make_stock(item, warehouse, 20)
		self.agent = make.make_agent([warehouse], [item])

	def test_documents_speak_the_sites_language(self) -> None:
		done = propose(self.agent.name, force=True)
		proposal = frappe.get_last_doc("RL Proposal", {"agent": self.agent.name})
		self.assertRegex(proposal.explanation, IN_GERMAN)
		(request,) = done["material_requests"]
		(line,) = frappe.get_doc("Material Request", request).items
		self.assertEqual(line.rl_explanation, proposal.explanation)
		messages = frappe.db.get_value("RL Proposal Run", done["run"], "messages")
		self.assertIn("klassischen Regel", messages)
		# and whoever asked goes on in their own
		self.assertEqual(frappe.local.lang, "en")

	@needs_torch
	def test_a_young_site(self) -> None:
		"""What is too little to learn from is said by core; policies and trainings say it as all the rest."""
		item, warehouse = make.make_item(), make.make_warehouse()
		make.sell_every_day(item, warehouse, 4, days=5)
		agent = make.make_agent([warehouse], [item], holdout_days=0)
		propose(agent.name, force=True)
		policy = frappe.db.get_value("RL Agent Settings", agent.name, "active_policy")
		summary = frappe.db.get_value("RL Policy", policy, "summary")
		self.assertRegex(summary, r"^Regel Auffüllen mit .*umfasst \d+ Tage, nötig sind mindestens 28")
		with patch.object(frappe.db, "rollback"), self.assertRaises(InputError):
			training_asking.run_now(agent.name, seconds=1)
		message = frappe.db.get_value("RL Training Run", {"agent": agent.name}, "message")
		self.assertIn("nötig sind mindestens 28", message)

	def test_a_dry_run_speaks_the_users(self) -> None:
		frappe.db.set_value("RL Agent Settings", self.agent.name, "mode", "Shadow")
		propose(self.agent.name, force=True)
		for language, words in (("en", IN_ENGLISH), ("de", IN_GERMAN)):
			frappe.local.lang = language
			(line,) = api.preview(self.agent.name)["lines"]
			self.assertRegex(line["reason"], words)
