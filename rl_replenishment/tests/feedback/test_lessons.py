"""Lessons on a real site: three changes of a group move the fourth item, say why, and can be stopped."""

from __future__ import annotations

import json
from unittest.mock import patch

import frappe
import numpy as np
from erpnext.stock.doctype.material_request.material_request import make_purchase_order
from frappe.gettext.translate import compile_translations
from frappe.translate import clear_cache
from frappe.utils import add_days, nowdate

from rl_replenishment import api
from rl_replenishment.bridge import feedback
from rl_replenishment.bridge.desk import digest, overview
from rl_replenishment.bridge.feedback import outbox
from rl_replenishment.bridge.proposing import round as proposal_round
from rl_replenishment.tasks import fit_lessons, propose
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.case import RolledBackCase
from rl_replenishment.tests.training.case import sell

GROUP_SIZE, OTHERS, DAYS = 4, 12, 240


class LessonCase(RolledBackCase):
	#: days at the end on which nobody buys the fourth item
	quiet = 0
	group_size = GROUP_SIZE

	def setUp(self) -> None:
		super().setUp()
		self.supplier, self.other_supplier = make.make_supplier(), make.make_supplier()
		self.warehouse = make.make_warehouse()
		self.group = make.make_item_group()
		self.items = [make.make_item(self.supplier, item_group=self.group) for _ in range(self.group_size)]
		other = make.make_item_group()
		self.others = [make.make_item(self.other_supplier, item_group=other) for _ in range(OTHERS)]
		items = [*self.items, *self.others]
		# 20 a day, in lumps, as customers come
		rng = np.random.default_rng(5)
		sold = rng.poisson(5, (DAYS, len(items))) * rng.integers(0, 9, (DAYS, len(items)))
		self.fourth = self.items[3]
		sold[DAYS - self.quiet :, 3] = 0
		sell(items, self.warehouse, sold)
		self.agent = make.make_agent([self.warehouse], [*self.items, *self.others])

	def proposed(self) -> dict[str, dict]:
		"""What a run would propose now, by item."""
		found = proposal_round.preview(self.agent.name)
		return {line["item_code"]: line for line in found["lines"]}

	def snooze(self, item: str) -> frappe.model.document.Document:
		until = add_days(nowdate(), 3)
		values = {"doctype": "RL Snooze", "agent": self.agent.name, "item_code": item, "until": until}
		return frappe.get_doc(values).insert()

	def answer(self, factor: float, items: list[str], **values) -> dict[str, float]:
		"""Propose, change the lines of these items in the draft, and order all of them; what was proposed."""
		requests = propose(self.agent.name, force=True)["material_requests"]
		told = {}
		for name in requests:
			request = frappe.get_doc("Material Request", name)
			for line in request.items:
				told[line.item_code] = line.qty
				if line.item_code in items:
					line.update({"qty": round(line.qty * factor), **values})
			request.save()
			request.submit()
			self.order(request)
		return told

	def order(self, request: frappe.model.document.Document) -> None:
		order = make_purchase_order(request.name)
		is_own = any(line.item_code in self.items for line in request.items)
		order.supplier = self.supplier if is_own else self.other_supplier
		order.schedule_date = add_days(nowdate(), 7)
		for line in order.items:
			line.rate = 10
		order.insert().submit()

	def lessons(self, **filters) -> list[frappe._dict]:
		return frappe.get_all("RL Lesson", {"agent": self.agent.name, **filters}, ["*"])

	def switch(self, enabled: int) -> None:
		for each in self.lessons():
			frappe.get_doc("RL Lesson", each.name).update({"enabled": enabled}).save()


class TestLessons(LessonCase):
	def test_three_changes_move_the_fourth(self) -> None:
		"""At the next run, with the reason on the line; a switch stops it, and stays off."""
		before = self.proposed()[self.fourth]["proposed_qty"]
		snooze = self.snooze(self.fourth)
		self.answer(1.5, self.items[:3])
		snooze.delete()
		after = self.proposed()[self.fourth]
		self.assertGreater(after["proposed_qty"], 1.15 * before)
		self.assertLessEqual(after["proposed_qty"], 1.5 * before)
		self.assertIn(f"you raised {self.group} 3 times", after["reason"])
		# a look writes nothing; the switch stops it, also through the next fit
		self.assertEqual(self.lessons(), [])
		fit_lessons()
		self.switch(0)
		self.assertEqual({each.explanation.endswith("; switched off.") for each in self.lessons()}, {True})
		self.assertEqual(self.proposed()[self.fourth]["proposed_qty"], before)
		frappe.db.set_value("RL Agent Settings", self.agent.name, "lessons_on", None)
		fit_lessons()
		self.assertEqual({each.enabled for each in self.lessons()}, {0})
		self.assertEqual(self.proposed()[self.fourth]["proposed_qty"], before)
		self.switch(1)
		self.assertFalse(any("switched off" in each.explanation for each in self.lessons()))
		(name,) = propose(self.agent.name, force=True)["material_requests"]
		(line,) = frappe.get_doc("Material Request", name).items
		self.assertEqual((line.item_code, line.qty), (self.fourth, after["proposed_qty"]))
		proposal = frappe.get_doc("RL Proposal", line.rl_proposal)
		self.assertIn(f"you raised {self.group} 3 times", proposal.explanation)
		state = json.loads(proposal.state)
		self.assertAlmostEqual(state["policy_qty"], before, delta=1)
		parts = ("rule_wish", "correction", "rounding", "followed")
		self.assertAlmostEqual(sum(state[part] for part in parts), state["quantity"], places=3)
		# the lesson, as people read it
		(lesson,) = self.lessons(kind="Item Group")
		self.assertEqual((lesson.item_group, lesson.raised, lesson.cut), (self.group, 3, 0))
		self.assertEqual(lesson.company, self.agent.company)
		self.assertIn("you raised", lesson.explanation)
		self.assertIn(lesson.name, [each.name for each in overview.overview(self.agent)["lessons"]])
		facts = dict(digest.week_of(self.agent, frappe.utils.getdate())["facts"])
		self.assertIn(self.group, facts["What Buyers Taught It"])

	def test_not_this_time(self) -> None:
		"""The board takes a line back; that counts as the buyer's change, and against the lesson."""
		before = self.proposed()[self.fourth]["proposed_qty"]
		snooze = self.snooze(self.fourth)
		self.answer(1.5, self.items[:3])
		snooze.delete()
		(name,) = propose(self.agent.name, force=True)["material_requests"]
		(line,) = api.board(self.agent.name)["lines"]
		self.assertIn(f"you raised {self.group} 3 times", line["lesson"])
		self.assertEqual(line["without_lesson"], before)
		(shown,) = api.proposals_of_request(name).values()
		self.assertEqual((shown["lesson"], shown["state"]["policy_qty"]), (line["lesson"], before))
		wish = {"qty": before / line["conversion"], "reason": "Not This Time"}
		group = {"supplier": line["supplier"], "company": line["company"], "lines": {line["proposal"]: wish}}
		(result,) = api.board_approve(json.dumps([group]), submit=1)
		self.assertEqual(result["status"], "Submitted", result)
		feedback_row = frappe.get_last_doc(
			"RL Feedback", {"agent": self.agent.name, "item_code": self.fourth}
		)
		self.assertEqual(
			(feedback_row.ordered_qty, feedback_row.policy_qty, feedback_row.edit_reason),
			(before, before, "Not This Time"),
		)
		usual = self.effect_of_group()
		fit_lessons()
		self.assertLess(self.effect_of_group(), usual)

	def effect_of_group(self) -> float:
		taught = feedback.read_lessons(self.agent)
		return next(each.effect for each in taught.lessons.lessons if each.kind == "group")

	def test_cuts_count_as_raises_do(self) -> None:
		before = self.proposed()[self.fourth]["proposed_qty"]
		snooze = self.snooze(self.fourth)
		self.answer(0.6, self.items[:3])
		snooze.delete()
		after = self.proposed()[self.fourth]
		self.assertLess(after["proposed_qty"], 0.97 * before)
		self.assertIn(f"you cut {self.group} 3 times", after["reason"])

	def test_forgotten(self) -> None:
		"""What was changed until a day is learned from no more; a day to come is refused."""
		before = self.proposed()[self.fourth]["proposed_qty"]
		snooze = self.snooze(self.fourth)
		self.answer(1.5, self.items[:3])
		snooze.delete()
		fit_lessons()
		(lesson,) = self.lessons(kind="Item Group")
		document = frappe.get_doc("RL Lesson", lesson.name)
		with self.assertRaises(frappe.ValidationError):
			document.update({"forget_until": add_days(nowdate(), 1)}).save()
		document.reload()
		document.update({"forget_until": nowdate()}).save()
		self.assertIn("learned anew", document.explanation)
		self.assertEqual(self.proposed()[self.fourth]["proposed_qty"], before)
		# the row stays, since it says what is forgotten
		fit_lessons()
		(lesson,) = self.lessons()
		self.assertEqual((lesson.name, lesson.change_percent), (document.name, 0))

	def test_a_promotion_is_no_lesson(self) -> None:
		"""What was ordered for it is set aside; nothing is learned from it a second time."""
		self.answer(1.5, self.items[:3], rl_edit_reason="Promotion")
		fit_lessons()
		self.assertEqual(self.lessons(), [])

	def test_trust(self) -> None:
		"""At 0, what buyers change is listed and not followed."""
		self.agent.update({"trust": 0}).save()
		before = self.proposed()[self.fourth]["proposed_qty"]
		snooze = self.snooze(self.fourth)
		self.answer(1.5, self.items[:3])
		snooze.delete()
		self.assertEqual(self.proposed()[self.fourth]["proposed_qty"], before)
		fit_lessons()
		self.assertEqual({each.followed for each in self.lessons()}, {0})
		for wrong in (-1, 101):
			with self.assertRaises(frappe.ValidationError):
				self.agent.update({"trust": wrong}).save()

	def test_the_policys_own_quantity_is_kept_with_the_answer(self) -> None:
		"""So that a proposal which followed, and was kept, confirms the lesson."""
		snooze = self.snooze(self.fourth)
		self.answer(1.5, self.items[:3])
		snooze.delete()
		self.answer(1.0, [])
		row = frappe.get_all(
			"RL Feedback", {"agent": self.agent.name, "item_code": self.fourth}, ["*"], limit=1
		)[0]
		self.assertEqual(row.ordered_qty, row.proposed_qty)
		self.assertLess(row.policy_qty, 0.9 * row.proposed_qty)
		fit_lessons()
		factor = feedback.read_lessons(self.agent).lessons
		(lesson,) = (each for each in factor.lessons if each.kind == "group")
		self.assertEqual((lesson.raised, lesson.kept), (3, 1))

	def test_fitted_once(self) -> None:
		"""Not again before something has settled, but each night, since what is old counts less."""
		self.answer(1.5, self.items[:3])
		self.assertTrue(feedback.is_due(self.agent))
		fit_lessons()
		self.assertFalse(feedback.is_due(self.agent))
		(lesson,) = self.lessons(kind="Item Group")
		before = add_days(nowdate(), -180)
		rows = frappe.get_all("RL Feedback", {"agent": self.agent.name}, pluck="name")
		frappe.db.set_value(
			"RL Feedback", {"name": ("in", rows)}, "decision_date", before, update_modified=False
		)
		self.assertFalse(feedback.is_due(self.agent))
		fit_lessons()
		(later,) = self.lessons(kind="Item Group")
		self.assertLess(0, later.change_percent)
		self.assertLess(later.change_percent, lesson.change_percent)

	def test_a_run_takes_in_what_no_worker_has(self) -> None:
		"""What was ordered a moment ago moves the next proposals; elsewhere it waits for a worker."""
		snooze = self.snooze(self.fourth)
		frappe.db.delete(outbox.DUE)
		with patch.dict(frappe.flags, {"in_test": False}), patch.object(outbox, "_ask"):
			self.answer(1.5, self.items[:3])
		self.assertTrue(frappe.get_all(outbox.DUE, {"parenttype": "Purchase Order"}))
		snooze.delete()
		(name,) = propose(self.agent.name, force=True)["material_requests"]
		self.assertEqual(frappe.get_all(outbox.DUE, {"parenttype": "Purchase Order"}), [])
		(line,) = frappe.get_doc("Material Request", name).items
		self.assertIn(f"you raised {self.group} 3 times", line.rl_explanation)

	def test_documents_speak_the_sites_language(self) -> None:
		"""Whoever switches a lesson, and whoever looks; once is once."""
		compile_translations("rl_replenishment", "de")
		clear_cache()
		frappe.db.set_default("lang", "de")
		self.addCleanup(frappe.db.set_default, "lang", "en")
		self.answer(0.6, self.items[:1])
		fit_lessons()
		(lesson,) = self.lessons(kind="Item")
		self.assertIn("einmal gekürzt; zu", lesson.explanation)
		self.switch(0)
		(lesson,) = self.lessons(kind="Item")
		self.assertTrue(lesson.explanation.endswith("einmal gekürzt; ausgeschaltet."), lesson.explanation)
