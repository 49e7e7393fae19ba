"""What becomes of lessons later: demand that stops, names that change, and people who decide meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import frappe
from frappe.utils import add_days, getdate, nowdate

from rl_replenishment.bridge import feedback, retrying
from rl_replenishment.tasks import fit_lessons, propose
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.feedback.test_lessons import LessonCase


class LaterCase(LessonCase):
	def teach(self, items: list[str], factor: float = 1.5) -> None:
		"""Lines of these items are changed and ordered; the group's others are not asked for meanwhile."""
		snoozes = [self.snooze(item) for item in self.items if item not in items]
		self.answer(factor, items)
		for snooze in snoozes:
			snooze.delete()

	def of_group(self) -> frappe._dict:
		(lesson,) = self.lessons(kind="Item Group")
		return lesson


class TestDecidedMeanwhile(LaterCase):
	def fit_while(self, somebody: Callable[[], None]) -> None:
		"""A night's fit, between whose reading and writing somebody does something."""
		write = feedback.write

		def late(settings: Any, taught: Any) -> None:
			# a site has other agents, too
			if settings.name == self.agent.name:
				somebody()
			write(settings, taught)

		with patch.object(feedback, "write", late):
			fit_lessons()

	def test_who_switches_or_forgets_during_a_fit(self) -> None:
		"""Reads what he did, and the next run goes by it, also where it was switched on again."""
		self.teach(self.items[:3])
		fit_lessons()
		usual = self.proposed()[self.fourth]["proposed_qty"]
		self.fit_while(lambda: self.switch(0))
		self.assertEqual({each.explanation.endswith("; switched off.") for each in self.lessons()}, {True})
		asked = self.proposed()[self.fourth]["proposed_qty"]
		self.assertLess(asked, usual)
		self.fit_while(lambda: self.switch(1))
		self.assertFalse(any("switched off" in each.explanation for each in self.lessons()))
		self.assertEqual(self.proposed()[self.fourth]["proposed_qty"], usual)

		def forget() -> None:
			lesson = frappe.get_doc("RL Lesson", self.of_group().name)
			lesson.update({"forget_until": nowdate()}).save()

		self.fit_while(forget)
		self.assertIn("learned anew", self.of_group().explanation)
		self.assertEqual(self.proposed()[self.fourth]["proposed_qty"], asked)
		# and back
		lesson = frappe.get_doc("RL Lesson", self.of_group().name)
		lesson.update({"forget_until": None}).save()
		self.assertEqual(self.proposed()[self.fourth]["proposed_qty"], usual)

	def test_what_settles_by_time_is_learned_at_the_next_run(self) -> None:
		self.teach(self.items[:3])
		fit_lessons()
		self.assertFalse(feedback.is_due(self.agent))
		(name,) = propose(self.agent.name, force=True)["material_requests"]
		frappe.get_doc("Material Request", name).submit()
		self.assertFalse(feedback.is_due(self.agent))
		row = {"agent": self.agent.name, "material_request": name, "settled": 0}
		self.assertTrue(frappe.db.exists("RL Feedback", row))
		feedback.settle(getdate(add_days(nowdate(), 999)))
		self.assertFalse(frappe.db.exists("RL Feedback", row))
		self.assertTrue(feedback.is_due(self.agent))

	def test_trouble_with_feedback_stops_no_run(self) -> None:
		trouble = patch.object(feedback, "work_off", side_effect=RuntimeError("no way through"))
		# what a test makes is not committed
		with trouble, patch.object(retrying, "start_over"):
			done = propose(self.agent.name, force=True)
		self.assertTrue(done["proposals"])
		self.assertEqual(frappe.db.get_value("RL Proposal Run", done["run"], "status"), "Completed")
		logged = {"method": ("like", "%feedback was not taken in%"), "reference_name": done["run"]}
		self.assertIn("no way through", frappe.get_last_doc("Error Log", logged).error)


class TestNames(LaterCase):
	def test_a_switch_outlasts_another_name(self) -> None:
		"""Of a group, an item or a warehouse, each lesson once."""
		before = self.proposed()[self.fourth]["proposed_qty"]
		self.teach(self.items[:3])
		fit_lessons()
		self.switch(0)
		count = len(self.lessons())
		group = frappe.rename_doc("Item Group", self.group, make.unique("Renamed"))
		item = frappe.rename_doc("Item", self.items[0], make.unique("Renamed"))
		fit_lessons()
		self.assertEqual(len(self.lessons()), count)
		self.assertEqual({each.enabled for each in self.lessons()}, {0})
		self.assertEqual(self.of_group().title, group)
		self.assertTrue(self.lessons(item_code=item))
		self.assertEqual(self.proposed()[self.fourth]["proposed_qty"], before)

	def test_merged_groups(self) -> None:
		"""One lesson is left, which is off where one of them was; both groups' changes count for it."""
		other = make.make_item_group()
		frappe.db.set_value("Item", {"name": ("in", self.others[:4])}, "item_group", other)
		frappe.clear_cache(doctype="Item")
		self.teach([*self.items[:3], *self.others[:3]])
		fit_lessons()
		groups = {each.item_group: each for each in self.lessons(kind="Item Group")}
		self.assertLessEqual({self.group, other}, set(groups))
		frappe.get_doc("RL Lesson", groups[other].name).update({"enabled": 0}).save()
		frappe.rename_doc("Item Group", other, self.group, merge=True)
		fit_lessons()
		lesson = self.of_group()
		self.assertEqual((lesson.item_group, lesson.enabled, lesson.raised), (self.group, 0, 6))

	def test_a_groups_seasons_are_switched_with_it(self) -> None:
		"""And their words say so at once."""
		self.teach(self.items[:3])
		fit_lessons()
		group = self.of_group()
		stored = frappe.parse_json(frappe.db.get_value("RL Agent Settings", self.agent.name, "lessons"))
		known = next(each for each in stored["lessons"] if each["kind"] == "group")
		stored["lessons"].append({**known, "kind": "season", "month": 3})
		key = "\n".join(["season", self.group, "", "3"])
		frappe.db.set_value("RL Agent Settings", self.agent.name, "lessons", frappe.as_json(stored))
		season = frappe.copy_doc(frappe.get_doc("RL Lesson", group.name))
		season.update({"kind": "Season", "lesson_key": key})
		season.insert(ignore_permissions=True)
		for enabled, ends in ((0, "; switched off."), (1, "; followed to 90 %.")):
			frappe.get_doc("RL Lesson", group.name).update({"enabled": enabled}).save()
			self.assertTrue(frappe.db.get_value("RL Lesson", season.name, "explanation").endswith(ends))

	def test_another_supplier(self) -> None:
		"""What was changed of a supplier's goods says nothing of them once they come from elsewhere."""
		self.teach(self.items[:3])
		usual = self.proposed()[self.fourth]["proposed_qty"]
		frappe.db.set_value(
			"Item Default", {"parent": ("in", self.items)}, "default_supplier", self.other_supplier
		)
		frappe.clear_cache(doctype="Item")
		fit_lessons()
		self.assertNotIn("Supplier", {each.kind for each in self.lessons()})
		# the group's holds all the same
		self.assertAlmostEqual(self.proposed()[self.fourth]["proposed_qty"], usual, delta=0.1 * usual)


class TestUnlearning(LaterCase):
	group_size = 6

	def test_what_is_taken_back_goes_away(self) -> None:
		"""Three lines in one request that followed a lesson, back to what the policy asks for."""
		self.teach(self.items[:3])
		rows = {"agent": self.agent.name}
		frappe.db.set_value("RL Feedback", rows, "decision_date", add_days(nowdate(), -30))
		fit_lessons()
		self.assertGreater(self.of_group().change_percent, 15)
		(name,) = propose(self.agent.name, force=True)["material_requests"]
		request = frappe.get_doc("Material Request", name)
		self.assertEqual(len(request.items), 3)
		for line in request.items:
			own = frappe.parse_json(frappe.db.get_value("RL Proposal", line.rl_proposal, "state"))[
				"policy_qty"
			]
			self.assertLess(own, line.qty)
			line.update({"qty": round(own), "rl_edit_reason": "Not This Time"})
		request.save()
		request.submit()
		self.order(request)
		fit_lessons()
		self.assertEqual(self.lessons(kind="Item Group"), [])
		self.assertEqual(feedback.summary_of(self.agent), "")


class TestDemandThatStops(LaterCase):
	quiet = 150

	def test_nothing_is_ordered_that_nobody_wants(self) -> None:
		"""Of an item that is given up, whatever is learned of its group; nor much of a new one."""
		new = make.make_item(self.supplier, item_group=self.group)
		self.agent.append("items", {"item_code": new})
		self.agent.save()
		before = {item: line["proposed_qty"] for item, line in self.proposed().items()}
		self.assertNotIn(self.fourth, before)
		self.teach(self.items[:3])
		after = {item: line["proposed_qty"] for item, line in self.proposed().items()}
		self.assertNotIn(self.fourth, after)
		self.assertLessEqual(after.get(new, 0), 1.5 * before.get(new, 0))
