"""What service costs, taking a point of it, and targets that a planner enters."""

from __future__ import annotations

from unittest.mock import patch

import frappe

from rl_replenishment import api
from rl_replenishment.bridge.policies import store as policy_store
from rl_replenishment.bridge.proposing import round as proposal_round
from rl_replenishment.bridge.service import replaying
from rl_replenishment.setup.roles import USER
from rl_replenishment.tasks import renew_service_targets
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.training.case import TrainingCase


class TestService(TrainingCase):
	def setUp(self) -> None:
		super().setUp()
		patched = patch.object(frappe.db, "commit")
		patched.start()
		self.addCleanup(patched.stop)
		self.addCleanup(frappe.cache.delete_keys, "rl_replenishment.service_")
		# else each preview would tune a rule anew
		policy_store.policy_in_use(self.agent)

	def asked(self, scope: str = "All Items", of: str = "") -> dict:
		"""The curve, made at once where a worker would make it."""
		with (
			patch.object(frappe, "enqueue") as enqueue,
			patch.object(replaying, "is_job_enqueued", return_value=False),
		):
			found = api.service_curve(self.agent.name, scope, of)
		if "waiting" in found:
			self.assertEqual(found["waiting"]["percent"], 0)
			(method,), options = enqueue.call_args
			frappe.get_attr(method)(options["agent"])
			found = api.service_curve(self.agent.name, scope, of)
		return found

	def proposed(self) -> float:
		return sum(line["proposed_qty"] for line in proposal_round.preview(self.agent.name)["lines"])

	def test_a_point_is_taken_and_taken_back(self) -> None:
		"""Stock and service rise together; proposals follow at once, and are as before after an undo."""
		found = self.asked()
		rates = [point["fill_rate"] for point in found["points"]]
		stock = [point["stock_value"] for point in found["points"]]
		self.assertEqual(stock, sorted(stock))
		self.assertLess(rates[0], rates[-1])
		self.assertEqual(found["present"]["factor"], 1)
		self.assertIsNone(found["target"])
		before = self.proposed()
		low, high = found["points"][2], found["points"][-3]
		for point in (low, high):
			taken = api.set_service_target(
				self.agent.name, "All Items", fill_rate=min(point["fill_rate"], 99.99)
			)
			row = frappe.get_doc("RL Agent Settings", self.agent.name).service_targets[0]
			self.assertGreater(row.factor, 0)
			reasons = [line["reason"] for line in proposal_round.preview(self.agent.name)["lines"]]
			for reason in reasons:
				self.assertIn("% of demand met from the shelf, the target of all items.", reason)
			now = self.asked()
			self.assertAlmostEqual(now["present"]["fill_rate"], row.fill_rate, delta=0.5)
			if point is low:
				self.assertIsNone(taken["before"])
				self.assertLess(self.proposed(), before)
		self.assertAlmostEqual(taken["before"]["fill_rate"], low["fill_rate"], places=2)
		api.set_service_target(self.agent.name, "All Items", fill_rate=0)
		self.assertEqual(self.proposed(), before)

	def test_managers_alone_look_and_take(self) -> None:
		"""Whoever may read an agent's rows alone may neither see what it costs as a whole nor change it."""
		user = make.make_user(USER)
		frappe.set_user(user)
		self.addCleanup(frappe.set_user, "Administrator")
		with self.assertRaises(frappe.PermissionError):
			api.service_curve(self.agent.name)
		with self.assertRaises(frappe.PermissionError):
			api.set_service_target(self.agent.name, "All Items", fill_rate=95)

	def test_of_a_class_a_group_and_an_item(self) -> None:
		everything = self.asked()
		name = everything["classes"][0]["name"]
		of_class = self.asked("Class", name)
		self.assertEqual(of_class["count"], everything["classes"][0]["count"])
		root = frappe.db.get_value("Item Group", {"parent_item_group": ("is", "not set")})
		# with the groups below it
		self.assertEqual(self.asked("Item Group", root)["count"], everything["count"])
		item = self.agent.items[0].item_code if self.agent.items else self.items[0]
		of_item = self.asked("Item", item)
		self.assertEqual(of_item["count"], 1)
		self.assertLess(of_item["present"]["stock_value"], everything["present"]["stock_value"])
		for scope, of in (("Class", "Q"), ("Item", ""), ("Shelf", "A"), ("All Items", "A")):
			with self.assertRaises(frappe.ValidationError):
				api.service_curve(self.agent.name, scope, of)

	def test_targets_that_are_entered(self) -> None:
		"""Found by a worker, whatever was sent for it; until then they do not count, and a run says so."""
		settings = frappe.get_doc("RL Agent Settings", self.agent.name)
		settings.append("service_targets", {"scope": "All Items", "fill_rate": 90, "factor": 999})
		settings.append("service_targets", {"scope": "Class", "item_class": "A", "stockout_cost_rate": 100})
		with patch.object(frappe, "enqueue") as enqueue:
			settings.save()
		(method,), options = enqueue.call_args
		self.assertEqual(settings.service_targets[0].factor, 0)
		self.assertAlmostEqual(settings.service_targets[1].factor, 100 / settings.stockout_cost_rate)
		messages = " ".join(proposal_round.preview(self.agent.name)["messages"])
		self.assertIn("still to be found, and they do not count yet: All Items", messages)
		frappe.get_attr(method)(options["agent"])
		settings.reload()
		found = settings.service_targets[0]
		self.assertNotIn(found.factor, (0, 1, 999))
		self.assertGreaterEqual(found.replayed_fill_rate, 90)
		self.assertLess(found.replayed_fill_rate, 99.5)
		# nothing is to be found where nothing has changed
		with patch.object(frappe, "enqueue") as enqueue:
			settings.save()
		enqueue.assert_not_called()
		# another policy is in use by now
		frappe.db.set_value("RL Service Target", found.name, "policy", "another")
		with patch.object(frappe, "enqueue") as enqueue:
			renew_service_targets()
		self.assertIn(self.agent.name, [call.kwargs["agent"] for call in enqueue.call_args_list])

	def test_targets_that_cannot_be_meant(self) -> None:
		for rows, says in (
			([{"scope": "All Items"}], "either a fill rate or a cost"),
			(
				[{"scope": "All Items", "fill_rate": 90, "stockout_cost_rate": 5}],
				"either a fill rate or a cost",
			),
			([{"scope": "All Items", "fill_rate": 100}], "between 0 and 100"),
			([{"scope": "All Items", "stockout_cost_rate": 10**6}], "at most"),
			([{"scope": "Class", "fill_rate": 90}], "say of which"),
			([{"scope": "Shelf", "fill_rate": 90}], "not known"),
			(
				[{"scope": "All Items", "fill_rate": 90}, {"scope": "All Items", "fill_rate": 95}],
				"same items",
			),
		):
			settings = frappe.get_doc("RL Agent Settings", self.agent.name)
			settings.set("service_targets", rows)
			with self.subTest(says), self.assertRaisesRegex(frappe.ValidationError, says):
				settings.save()
