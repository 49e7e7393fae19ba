"""What a candidate has to show, and putting policies to use by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from unittest.mock import Mock

import frappe
import numpy as np
from frappe.utils import getdate

from rl_replenishment import api
from rl_replenishment.bridge.policies import promotion
from rl_replenishment.bridge.policies import store as policy_store
from rl_replenishment.bridge.state.demand import read_demand
from rl_replenishment.bridge.state.parameters import read_parameters
from rl_replenishment.bridge.state.purchases import Bought
from rl_replenishment.bridge.state.scope import resolve_scope
from rl_replenishment.core.evaluation.as_ordered import Purchases
from rl_replenishment.core.evaluation.tuning import TunedRules, tune_rules
from rl_replenishment.core.items import ItemTable
from rl_replenishment.core.policies.order_up_to import ForecastLevels, OrderUpTo, ReorderLevel
from rl_replenishment.core.policies.parameters import ItemParameters
from rl_replenishment.core.policies.store import StoredPolicy
from rl_replenishment.core.training.classical import uncorrected
from rl_replenishment.core.training.from_history import snapshot, tuning_halves
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.training.case import DAYS, TrainingCase

HELD = 60


def rule(items: ItemTable, safety_factor: float) -> OrderUpTo:
	values = ItemParameters.per_item(items, safety_factor=safety_factor, gap=0.0, cap=np.inf)
	return OrderUpTo("base-stock", ForecastLevels(values, "91 days"))


def poor_rules(items: ItemTable) -> TunedRules:
	"""Rules that let the shelf run empty."""
	poor = rule(items, -1)
	levels = ItemParameters.per_item(items, reorder_level=1.0, reorder_qty=1.0)
	reorder = ReorderLevel("reorder level", levels)
	return TunedRules(poor, poor, poor, reorder, poor, np.ones(len(items), np.float32))


class TestVerdict(TrainingCase):
	"""On the last 60 days of the agent's history."""

	@classmethod
	def setUpClass(cls) -> None:
		super().setUpClass()
		agent = make.make_agent([cls.warehouse], cls.items, history_days=DAYS)
		keys = resolve_scope(agent).keys
		cls.table, _purchasing = read_parameters(agent, keys)
		cls.history = read_demand(agent, keys, days=DAYS, today=getdate())
		frappe.db.rollback()
		seen = cls.history.window(0, DAYS - HELD)
		cls.rules = tune_rules(tuning_halves(seen, cls.table, 7, "lost", 0))

	def setUp(self) -> None:
		"""Nothing: the tests share what the class made."""

	def policy(self, safety_factor: float) -> StoredPolicy:
		policy = uncorrected(rule(self.table, safety_factor))
		return StoredPolicy(policy, snapshot(self.history, self.table, 7), 7, "lost")

	def judge(self, candidate, rules, *, in_use=None, items=None, history=None, bought=None):
		look = Mock()
		verdict = promotion.judge(
			candidate, in_use, history or self.history, items or self.table, HELD, rules, look, bought=bought
		)
		self.assertTrue(look.called)
		json.dumps(verdict.figures, allow_nan=False)
		return verdict

	def test_clearly_better_than_the_rules(self):
		"""Passes, and the sentence and the figures tell by how much."""
		verdict = self.judge(self.policy(1.5), poor_rules(self.table))
		self.assertTrue(verdict.passed)
		self.assertIn("On 60 held-out days it costs", verdict.reason)
		against = verdict.figures["vs_best_rule"]
		self.assertLess(against["ci95"][1], 0)
		self.assertIn(f"{-100 * against['difference']:.1f} % less", verdict.reason)
		self.assertEqual(verdict.figures["holdout_days"], HELD)
		rows = verdict.figures["policies"]
		names = [row["name"] for row in rows]
		self.assertEqual(names[0], promotion.CANDIDATE)
		of_items = verdict.by_item
		self.assertEqual(of_items["item_code"], [key.item_code for key in self.table.keys])
		for name, cost in ((promotion.CANDIDATE, "cost"), (against["policy"], "rule_cost")):
			total = rows[names.index(name)]["cost"]
			self.assertAlmostEqual(sum(of_items[cost]), total, delta=0.01 * len(self.table))
		self.assertTrue(all(0 <= share <= 1 for share in of_items["fill_rate"]))
		self.assertEqual(len(names), 5)

	def bought(self, share: float) -> Bought:
		"""This share of what was sold, on every day, ordered a week before."""
		sold = self.history.demand[-HELD:]
		day, item = np.nonzero(sold)
		arrives_on = self.history.end - HELD + day
		purchases = Purchases(item, arrives_on - 7, arrives_on, share * sold[day, item].astype(np.float64))
		return Bought(purchases, np.full(len(self.table), 5, np.float32))

	def test_what_was_really_bought_stands_beside(self):
		"""All start from the same stock, and the sentence tells what the policy would have saved."""
		verdict = self.judge(self.policy(1.5), self.rules, bought=self.bought(1.0))
		rows = {row["name"]: row for row in verdict.figures["policies"]}
		self.assertIn("as ordered", rows)
		# those of the first week were ordered before
		placed = np.count_nonzero(self.history.demand[7 - HELD :])
		self.assertEqual(rows["as ordered"]["orders"], placed)
		saved = verdict.figures["vs_as_ordered"]["difference"]
		self.assertAlmostEqual(saved, rows["candidate"]["cost"] / rows["as ordered"]["cost"] - 1, places=4)
		self.assertIn("what was really ordered", verdict.reason)

	def test_books_that_do_not_balance_are_not_compared(self):
		"""Nor is what was bought before."""
		plain = self.judge(self.policy(1.5), self.rules)
		nothing = Bought(self.bought(1.0).purchases.take(np.zeros(0, np.intp)), self.bought(1.0).opening)
		for bought in (self.bought(0.1), nothing):
			verdict = self.judge(self.policy(1.5), self.rules, bought=bought)
			self.assertEqual(verdict.figures, plain.figures)
			self.assertEqual(verdict.reason, plain.reason)

	def test_policies_meet_the_same_days_and_luck(self):
		"""Earlier ones are compared anew, decide nothing, and cost the same whoever is the candidate."""
		policies = {"A-v1": self.policy(0), "A-v2": self.policy(1)}
		found = [
			promotion.judge(
				candidate,
				None,
				self.history,
				self.table,
				HELD,
				self.rules,
				Mock(),
				earlier=[*policies.items()],
			)
			for candidate in (self.policy(1.5), self.policy(-3))
		]
		costs = [{row["name"]: row["cost"] for row in verdict.figures["policies"]} for verdict in found]
		for name in (*policies, *(rule.name for rule in self.rules.rules)):
			self.assertEqual(costs[0][name], costs[1][name], name)
		self.assertIsNone(found[0].figures["vs_policy_in_use"])

	def test_as_good_as_the_rules_is_not_enough(self):
		"""The best rule itself, as a candidate, stays one."""
		best = uncorrected(self.rules.best)
		stored = replace(self.policy(0), policy=best)
		verdict = self.judge(stored, self.rules)
		self.assertFalse(verdict.passed)
		self.assertIn("more than luck explains", verdict.reason)

	def test_worse_than_the_rules(self):
		self.assertFalse(self.judge(self.policy(-3), self.rules).passed)

	def test_worse_than_the_policy_in_use(self):
		"""However much better it is than the rules."""
		verdict = self.judge(self.policy(0), poor_rules(self.table), in_use=("A-v3", self.policy(1.5)))
		self.assertFalse(verdict.passed)
		self.assertIn("worse than A-v3", verdict.reason)
		self.assertGreater(verdict.figures["vs_policy_in_use"]["difference"], 0)

	def test_not_worse_than_the_policy_in_use(self):
		"""The same cost is no worse."""
		verdict = self.judge(self.policy(1.5), poor_rules(self.table), in_use=("A-v3", self.policy(1.5)))
		self.assertTrue(verdict.passed)
		self.assertEqual(verdict.figures["vs_policy_in_use"]["difference"], 0)

	def test_few_items_tell_nothing(self):
		"""An interval over three items would be narrow by chance."""
		at = [0, 1, 2]
		items, history = self.table.take(at), self.history.take(at)
		policy = uncorrected(rule(items, 1.5))
		stored = StoredPolicy(policy, snapshot(history, items, 7), 7, "lost")
		verdict = self.judge(stored, poor_rules(items), items=items, history=history)
		self.assertFalse(verdict.passed)
		self.assertIn("too few", verdict.reason)

	def test_without_held_out_days(self):
		verdict = promotion.judge(self.policy(1), None, self.history, self.table, 0, self.rules, Mock())
		self.assertFalse(verdict.passed)
		self.assertIn("No days were held out", verdict.reason)

	def test_days_on_which_nothing_costs_anything(self):
		history = replace(self.history, demand=np.zeros_like(self.history.demand))
		verdict = self.judge(self.policy(-1), poor_rules(self.table), history=history)
		self.assertFalse(verdict.passed)
		self.assertIn("nothing to compare", verdict.reason)


class TestByHand(TrainingCase):
	def setUp(self) -> None:
		super().setUp()
		self.first, self.stored = policy_store.make_classical(self.agent)

	def candidate(self) -> str:
		return policy_store.save(self.agent, self.stored, algorithm="PPO")

	def status(self, policy: str) -> str:
		return frappe.db.get_value("RL Policy", policy, "status")

	def active(self) -> list[str]:
		active = frappe.get_all("RL Policy", {"agent": self.agent.name, "status": "Active"}, pluck="name")
		self.assertEqual(active, [policy_store.active_policy(self.agent.name)])
		return active

	def test_promotion_leaves_one_active_and_a_trace(self):
		second = self.candidate()
		frappe.db.set_value("RL Policy", second, "drift", "of its earlier time in use")
		manager = make.make_user("RL Replenishment Manager")
		with self.set_user(manager):
			api.promote(second, "looks right")
		self.assertEqual(self.active(), [second])
		self.assertEqual(self.status(self.first), "Archived")
		self.assertEqual(frappe.db.get_value("RL Policy", second, "drift") or "", "")
		policy = frappe.get_doc("RL Policy", second)
		self.assertEqual(policy.promoted_by, manager)
		self.assertTrue(policy.promoted_on)
		row = policy.promotions[-1]
		self.assertEqual((row.action, row.done_by, row.reason), ("Promoted", manager, "looks right"))
		row = frappe.get_doc("RL Policy", self.first).promotions[-1]
		self.assertEqual((row.action, row.done_by), ("Archived", manager))

	def test_the_active_one_is_not_promoted_again(self):
		with self.assertRaisesRegex(frappe.ValidationError, "in use already"):
			promotion.promote(self.first)

	def test_rolling_back_step_by_step(self):
		"""Each time to the policy before, as far as there is one."""
		second, third = self.candidate(), self.candidate()
		promotion.promote(second)
		promotion.promote(third)
		self.assertEqual(promotion.roll_back(self.agent.name, "too much stock"), second)
		self.assertEqual(self.active(), [second])
		row = frappe.get_doc("RL Policy", third).promotions[-1]
		self.assertEqual((row.action, row.reason), ("Rolled back", "too much stock"))
		self.assertEqual(promotion.roll_back(self.agent.name), self.first)
		with self.assertRaisesRegex(frappe.ValidationError, "no earlier policy"):
			promotion.roll_back(self.agent.name)
		self.assertEqual(self.active(), [self.first])

	def test_rolling_back_after_a_promotion_by_hand(self):
		"""It goes the way that the policies came, not by their versions."""
		second = self.candidate()
		for policy in (second, self.first, second, self.first):
			promotion.promote(policy)
		self.assertEqual(promotion.roll_back(self.agent.name), second)
		self.assertEqual(promotion.roll_back(self.agent.name), self.first)

	def test_a_damaged_policy_is_not_put_to_use(self):
		second = self.candidate()
		frappe.db.set_value("RL Policy", second, "sha256", "0" * 64)
		with self.assertRaisesRegex(frappe.ValidationError, "not the one that was saved"):
			promotion.promote(second)
		self.assertEqual(self.active(), [self.first])

	def test_only_managers(self):
		"""Users of the app and buyers see policies and change nothing."""
		second = self.candidate()
		for role in ("RL Replenishment User", "Purchase Manager"):
			with self.set_user(make.make_user(role)):
				with self.assertRaises(frappe.PermissionError):
					api.promote(second)
				with self.assertRaises(frappe.PermissionError):
					api.roll_back(self.agent.name)
		self.assertEqual(self.active(), [self.first])
