"""Policies as documents with a private file."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from unittest.mock import patch

import frappe
import numpy as np
from frappe.utils import add_days, now_datetime

from rl_replenishment.bridge.policies import classical_rule
from rl_replenishment.bridge.policies import store as policy_store
from rl_replenishment.core.errors import InputError, PolicyFileError
from rl_replenishment.core.policies.adaptation import adapted_to
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.training.case import ITEMS, TrainingCase, sell

#: days on which a rule with a weekly review can be tuned
YEAR = 400


class TestPolicyStore(TrainingCase):
	def path_of(self, policy: str) -> Path:
		file = frappe.get_doc("File", {"attached_to_doctype": "RL Policy", "attached_to_name": policy})
		return Path(file.get_full_path())

	def with_a_year_of_sales(self) -> None:
		"""What it takes to tune a rule."""
		sell(self.items, self.warehouse, np.random.default_rng(1).poisson(4, (YEAR, ITEMS)))
		self.agent.db_set("history_days", YEAR)

	def test_an_agent_without_a_policy_gets_the_best_classical_rule(self):
		"""Tuned on its own history, active, as version 1; asking again finds the same one."""
		self.with_a_year_of_sales()
		name, stored = policy_store.policy_in_use(self.agent)
		self.assertEqual(name, f"{self.agent.name}-v1")
		policy = frappe.get_doc("RL Policy", name)
		self.assertEqual(
			(policy.status, policy.algorithm, policy.review_days), ("Active", "Classical Rule", 7)
		)
		self.assertEqual(frappe.db.get_value("RL Agent Settings", self.agent.name, "active_policy"), name)
		self.assertIn("tuned on 6 item-warehouses", policy.summary)
		self.assertNotIn("untuned", json.loads(policy.metrics))
		self.assertEqual([row.action for row in policy.promotions], ["Promoted"])
		self.assertFalse(classical_rule.is_untuned(stored))
		again, found = policy_store.policy_in_use(self.agent)
		self.assertEqual(again, name)
		self.assertEqual(found.snapshot.items.keys, stored.snapshot.items.keys)

	def test_what_is_saved_comes_back(self):
		"""The file is private, belongs to the policy, and holds its numbers bit by bit."""
		name, stored = policy_store.make_classical(self.agent)
		loaded = policy_store.load(name)
		mine, theirs = (policy.policy.classical.rule.parameters.values for policy in (stored, loaded))
		for parameter, values in mine.items():
			np.testing.assert_array_equal(values, theirs[parameter])
		policy = frappe.get_doc("RL Policy", name)
		self.assertTrue(policy.file.startswith("/private/files/"))
		self.assertEqual(hashlib.sha256(self.path_of(name).read_bytes()).hexdigest(), policy.sha256)

	def test_same_policy_same_bytes(self):
		"""Two documents of one policy have one checksum."""
		_name, stored = policy_store.make_classical(self.agent)
		names = [policy_store.save(self.agent, stored, algorithm="PPO") for _ in range(2)]
		sums = frappe.get_all("RL Policy", {"name": ("in", names)}, pluck="sha256")
		self.assertEqual(len(sums), 2)
		self.assertEqual(len(set(sums)), 1)

	def test_versions_count_up_by_one_and_start_as_candidates(self):
		_name, stored = policy_store.make_classical(self.agent)
		names = [policy_store.save(self.agent, stored, algorithm="PPO") for _ in range(2)]
		self.assertEqual(names, [f"{self.agent.name}-v2", f"{self.agent.name}-v3"])
		self.assertEqual(frappe.db.get_value("RL Policy", names[1], "status"), "Candidate")

	def test_a_damaged_file_is_refused(self):
		"""One byte is enough, and so is a file that is not there; the sentence names the policy."""
		name, _stored = policy_store.make_classical(self.agent)
		path = self.path_of(name)
		data = path.read_bytes()
		damaged = bytearray(data)
		damaged[len(damaged) // 2] ^= 1
		path.write_bytes(bytes(damaged))
		with self.assertRaisesRegex(PolicyFileError, f"{name} is not the one that was saved"):
			policy_store.policy_in_use(self.agent)
		path.unlink()
		with self.assertRaisesRegex(PolicyFileError, f"{name} cannot be read"):
			policy_store.load(name)

	def test_a_large_file_is_not_read(self):
		name, _stored = policy_store.make_classical(self.agent)
		with (
			patch.object(policy_store, "LARGEST_ARCHIVE", 10),
			self.assertRaisesRegex(PolicyFileError, "larger"),
		):
			policy_store.load(name)

	def test_a_policy_without_its_file_is_refused(self):
		name, _stored = policy_store.make_classical(self.agent)
		frappe.db.delete("File", {"attached_to_name": name})
		with self.assertRaisesRegex(PolicyFileError, "no file is attached"):
			policy_store.load(name)

	def test_a_short_history_takes_the_usual_rule_until_there_is_enough(self):
		"""An agent of a young site proposes at once, says that its rule is not tuned, and tunes it later."""
		items = [make.make_item() for _ in range(ITEMS)]
		warehouse = make.make_warehouse()
		agent = make.make_agent([warehouse], items, history_days=YEAR)
		name, stored = policy_store.policy_in_use(agent)
		self.assertTrue(classical_rule.is_untuned(stored))
		self.assertIn("usual safety stock", frappe.db.get_value("RL Policy", name, "summary"))
		self.assertEqual(policy_store.policy_in_use(agent)[0], name)
		sell(items, warehouse, np.random.default_rng(0).poisson(3, (YEAR, ITEMS)))
		later, tuned = policy_store.policy_in_use(agent)
		self.assertEqual(later, f"{agent.name}-v2")
		self.assertFalse(classical_rule.is_untuned(tuned))
		self.assertEqual(frappe.db.get_value("RL Policy", name, "status"), "Archived")
		self.assertEqual(frappe.db.get_value("RL Policy", later, "parent"), name)

	def test_an_agent_with_nothing_to_order(self):
		agent = make.make_agent([make.make_warehouse()])
		with self.assertRaisesRegex(InputError, "nothing to order"):
			policy_store.policy_in_use(agent)

	def test_new_items_are_ordered_by_the_typical_rule(self):
		"""The policy applies to item-warehouses that it has never seen."""
		_name, stored = policy_store.make_classical(self.agent)
		keys = (*stored.snapshot.items.keys, stored.snapshot.items.keys[0]._replace(warehouse="Elsewhere"))
		self.assertEqual(adapted_to(stored, keys).snapshot.items.keys, keys)

	def test_an_old_classical_rule_is_tuned_anew(self):
		"""As often as the agent trains, and only where it is still in use."""
		self.with_a_year_of_sales()
		name, _stored = policy_store.make_classical(self.agent)
		self.assertFalse(policy_store.is_classical_old(self.agent))
		policy_store.renew_classical(self.agent.name)
		self.assertEqual(policy_store.active_policy(self.agent.name), name)
		frappe.db.set_value(
			"RL Policy", name, "creation", add_days(now_datetime(), -8), update_modified=False
		)
		self.assertTrue(policy_store.is_classical_old(self.agent))
		policy_store.renew_classical(self.agent.name)
		self.assertEqual(policy_store.active_policy(self.agent.name), f"{self.agent.name}-v2")

	def test_deleting_an_agent_takes_its_policies_and_files(self):
		agent = self.agent
		name, _stored = policy_store.make_classical(agent)
		path = self.path_of(name)
		self.assertTrue(path.exists())
		frappe.delete_doc("RL Agent Settings", agent.name, force=True)
		self.assertFalse(frappe.db.exists("RL Policy", name))
		self.assertFalse(path.exists())
		frappe.db.rollback()
