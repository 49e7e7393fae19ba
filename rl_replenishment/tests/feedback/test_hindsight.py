"""What buyers' changes turned out to be, on a site with demand in its ledger."""

from __future__ import annotations

import frappe
import numpy as np
from frappe.utils import add_days, flt, getdate, nowdate

from rl_replenishment.bridge import feedback
from rl_replenishment.bridge.feedback import hindsight
from rl_replenishment.bridge.policies import promotion
from rl_replenishment.bridge.policies.store import load
from rl_replenishment.bridge.state.parameters import read_parameters
from rl_replenishment.bridge.training import asking as training_asking
from rl_replenishment.core.edits.constraints import LEARNED_CONSTRAINTS
from rl_replenishment.core.items import ItemKey
from rl_replenishment.tasks import book_edit_values, propose
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.training.case import TrainingCase, remove_agent
from rl_replenishment.tests.training.job_case import STEPS, needs_torch


class HindsightCase(TrainingCase):
	def make_answer(self, proposed: float, ordered: float, **values) -> str:
		"""An answer to a proposal, which is of the agent's last item: some 6 a day."""
		values = {"item_code": self.items[-1], "proposal": "of-a-test", **values}
		return super().make_answer(proposed, ordered, **values)

	def row(self, name: str) -> frappe._dict:
		return frappe.get_doc("RL Feedback", name)


class TestEditValues(HindsightCase):
	def test_booked_once_the_time_is_over(self) -> None:
		"""Lead time and review interval later; more of what was missing paid, much too much did not."""
		lead_time = self.agent.default_lead_time_days
		over, open_ = (add_days(nowdate(), -lead_time - self.agent.review_days - days) for days in (0, -1))
		needed = self.make_answer(0, 40, decision_date=over, on_hand=0)
		too_much = self.make_answer(60, 2000, decision_date=over, on_hand=100)
		kept = self.make_answer(60, 60, decision_date=over)
		not_yet = self.make_answer(0, 40, decision_date=open_)
		unsettled = self.make_answer(0, 40, decision_date=over, settled=0)
		added = self.make_answer(0, 40, decision_date=over, proposal=None)
		before = self.row(needed).modified
		book_edit_values()
		self.assertGreater(self.row(needed).edit_value, 0)
		self.assertLess(self.row(too_much).edit_value, 0)
		self.assertEqual(self.row(kept).edit_value, 0)
		for name in (needed, too_much, kept):
			self.assertEqual(self.row(name).edit_value_on, getdate())
		for name in (not_yet, unsettled, added):
			self.assertIsNone(self.row(name).edit_value_on, name)
		# a training that read the row before must not take it for changed
		self.assertEqual(self.row(needed).modified, before)

	def test_value_in_money(self) -> None:
		"""40 units that were missing, at the agent's rates: sales kept, less what it cost to hold them."""
		over = add_days(nowdate(), -60)
		name = self.make_answer(0, 40, decision_date=over, on_hand=0)
		book_edit_values()
		(items, _purchasing) = read_parameters(self.agent, [ItemKey(self.items[-1], self.warehouse)])
		value = self.row(name).edit_value
		most = 40 * float(items.stockout_cost[0])
		held = 40 * float(items.holding_cost[0]) * self.agent.review_days
		self.assertTrue(most - held <= value <= most, (most, held, value))

	def test_one_agent_that_fails_stops_no_other(self) -> None:
		"""What fails is logged."""
		over = add_days(nowdate(), -60)
		name = self.make_answer(0, 40, decision_date=over, on_hand=0)
		other = make.make_agent([make.make_warehouse()], self.items)
		self.addCleanup(remove_agent, other.name)
		book, failed = hindsight._book, []

		def fail(settings, today):
			if settings.name == other.name:
				failed.append(settings.name)
				raise RuntimeError("no")
			book(settings, today)

		self.addCleanup(setattr, hindsight, "_book", book)
		hindsight._book = fail
		book_edit_values()
		self.assertEqual(failed, [other.name])
		self.assertTrue(self.row(name).edit_value_on)
		self.assertTrue(frappe.db.exists("Error Log", {"reference_name": other.name}))


@needs_torch
class TestLearnedConstraints(HindsightCase):
	def test_a_pack_that_only_the_buyer_knew(self) -> None:
		"""Learned from answers old and new, told with the policy, and ordered by."""
		for ordered, proposed, values in (
			(24, 26, {"consumed": 1}),
			(36, 33, {"consumed": 1}),
			(60, 55, {}),
		):
			self.make_answer(proposed, ordered, decision_date=add_days(nowdate(), -40), **values)
		result = training_asking.run_now(self.agent.name, timesteps=STEPS, seed=0)
		self.assertEqual(result["metrics"]["feedback"]["rows"], 1)
		(learned,) = result["metrics"]["feedback"]["constraints"]
		self.assertEqual((learned["item_code"], learned["order_multiple"]), (self.items[-1], 12))
		self.assertEqual(load(result["policy"]).about[LEARNED_CONSTRAINTS], [learned])
		if not result["promoted"]:
			promotion.promote(result["policy"], "to see it order")
		self.agent.reload()
		self.agent.db_set("mode", "Shadow")
		self.addCleanup(self.forget_proposals)
		propose(self.agent.name, force=True)
		quantity = frappe.db.get_value(
			"RL Proposal", {"agent": self.agent.name, "item_code": self.items[-1]}, "proposed_qty"
		)
		self.assertGreater(flt(quantity), 0)
		self.assertEqual(flt(quantity) % 12, 0)

	def forget_proposals(self) -> None:
		for doctype in ("RL Proposal", "RL Proposal Run"):
			frappe.db.delete(doctype, {"agent": self.agent.name})
		frappe.db.commit()


class TestSettledAnswers(HindsightCase):
	def test_values_and_news(self) -> None:
		"""What is booked, what is not, and what was learned from already."""
		self.make_answer(1, 2, edit_value=7, edit_value_on=nowdate(), consumed=1, buyer="Administrator")
		name = self.make_answer(1, 3, edit_value=7)
		answers = feedback.settled_answers(self.agent.name)
		self.assertEqual(sorted(answers.rows.buyer), ["", "Administrator"])
		self.assertEqual(answers.new_names, [name])
		self.assertEqual(sorted(np.isnan(answers.values)), [False, True])
		self.assertEqual(answers.values[~np.isnan(answers.values)].tolist(), [7])
		self.assertEqual(make.company(), self.agent.company)
