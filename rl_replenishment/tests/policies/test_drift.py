"""The weekly look at whether stock does as the backtest let expect."""

from __future__ import annotations

import json
from unittest.mock import patch

import frappe
import numpy as np
from frappe.utils import add_days, getdate, nowdate

from rl_replenishment import api
from rl_replenishment.bridge import notifying
from rl_replenishment.bridge.policies import drift
from rl_replenishment.bridge.state.scope import resolve_scope
from rl_replenishment.core.service.targets import Target
from rl_replenishment.setup.roles import MANAGER
from rl_replenishment.tasks import check_drift, propose
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.case import IntegrationTestCase


class TestDrift(IntegrationTestCase):
	def setUp(self) -> None:
		# it commits: what a test makes is taken away at its end
		for name in ("commit", "rollback"):
			patched = patch.object(frappe.db, name)
			patched.start()
			self.addCleanup(patched.stop)
		self.addCleanup(lambda: frappe.db.sql("rollback"))
		# as a worker would
		at_once = patch.object(drift, "announce", notifying.send)
		at_once.start()
		self.addCleanup(at_once.stop)
		self.manager = make.make_user(MANAGER)
		self.supplier, self.warehouse = make.make_supplier(), make.make_warehouse()
		self.items = [make.make_item(self.supplier) for _ in range(2)]
		for item in self.items:
			make.sell_every_day(item, self.warehouse, 1)
		self.agent = make.make_agent([self.warehouse], self.items)
		propose(self.agent.name, force=True)
		self.policy = frappe.db.get_value("RL Agent Settings", self.agent.name, "active_policy")

	def expect(self, least_in_stock: float, most_cost: float, *, days_in_use: int = 30) -> None:
		band = {"least_in_stock": least_in_stock, "most_cost": most_cost}
		values = {
			"metrics": json.dumps({"holdout": {"band": band}}),
			"promoted_on": add_days(nowdate(), -days_in_use),
		}
		frappe.db.set_value("RL Policy", self.policy, values)

	def found(self) -> str:
		check_drift()
		return frappe.db.get_value("RL Policy", self.policy, "drift") or ""

	def heard(self) -> list[str]:
		return frappe.get_all("Notification Log", {"for_user": self.manager}, pluck="subject")

	def test_the_weeks_as_they_were(self) -> None:
		"""Stock counted back from the Bin, and what was ordered."""
		item = make.make_item(self.supplier)
		make.make_stock(item, self.warehouse, 40, date=add_days(nowdate(), -30))
		make.make_issue(item, self.warehouse, 25, date=add_days(nowdate(), -4))
		make.make_issue(item, self.warehouse, 15, date=add_days(nowdate(), -2))
		make.make_stock(item, self.warehouse, 7)
		for days in (0, -2, -20):
			ordered_on = add_days(nowdate(), days)
			make.make_purchase_order(self.supplier, item, self.warehouse, 5, nowdate(), ordered_on)
		self.agent.reload()
		self.agent.append("items", {"item_code": item})
		self.agent.save()
		keys = [key for key in resolve_scope(self.agent).keys if key.item_code == item]
		at = drift.Keys(keys)
		stock = drift._on_hand(at, getdate())
		self.assertEqual(stock[:, 0].tolist(), [40.0] * 10 + [15.0] * 2 + [0.0] * 2)
		self.assertEqual(drift._ordered(at, getdate())[:, 0].tolist(), [0.0] * 12 + [5.0, 0.0])
		weeks = drift.read_weeks(self.agent, keys, getdate())
		np.testing.assert_allclose(weeks.in_stock, [1, 5 / 7])
		items, _purchasing = drift.read_parameters(self.agent, keys)
		first = 7 * 40 * float(items.holding_cost[0])
		self.assertAlmostEqual(float(weeks.cost[0]), first, places=3)
		self.assertGreater(float(weeks.cost[1]), float(items.order_cost[0]))

	def test_service_below_the_band(self) -> None:
		"""It is on the policy and the agent's form, and managers hear of it; until it is over."""
		self.expect(1.01, 1e9)
		self.assertRegex(self.found(), "For 2 weeks, only .* ended their days with stock.* 101.0 % or more")
		self.assertEqual(self.heard(), [f"Agent {self.agent.name} does worse than its backtest let expect"])
		self.assertIn("ended their days with stock", " ".join(api.overview(self.agent.name)["problems"]))
		self.expect(0, 1e9)
		self.assertEqual(self.found(), "")
		self.assertEqual(len(self.heard()), 1)

	def test_cost_above_the_band(self) -> None:
		self.expect(0, 0)
		self.assertRegex(self.found(), "an item-warehouse has cost .* a week")

	def test_service_targets_are_no_drift(self) -> None:
		"""More service than the backtest had may cost more, and less may be less; not the other way round."""
		for factor, is_dear, is_short in ((5.0, False, True), (0.2, True, False)):
			target = Target("all", fill_rate=0.9, factor=factor)
			with patch.object(drift, "targets_of", return_value=[target]):
				self.expect(1.01, 0)
				found = self.found()
			self.assertEqual("has cost" in found, is_dear)
			self.assertEqual("ended their days with stock" in found, is_short)

	def test_who_is_not_looked_at(self) -> None:
		"""Policies that are in use for less, without a backtest, or of agents that request nothing."""
		self.expect(1.01, 0, days_in_use=13)
		self.assertEqual(self.found(), "")
		frappe.db.set_value("RL Policy", self.policy, {"metrics": "{}", "promoted_on": "2020-01-01"})
		self.assertEqual(self.found(), "")
		self.expect(1.01, 0)
		frappe.db.set_value("RL Agent Settings", self.agent.name, "mode", "Shadow")
		self.assertEqual(self.found(), "")
		self.assertEqual(self.heard(), [])
		frappe.db.set_value("RL Agent Settings", self.agent.name, "mode", "Draft")
		self.assertNotEqual(self.found(), "")

	def test_one_failure_stops_no_other(self) -> None:
		other = make.make_agent([self.warehouse], [make.make_item(self.supplier)])
		propose(other.name, force=True)
		self.expect(1.01, 1e9)
		check = drift._check

		def fail(settings, today):
			if settings.name == other.name:
				raise ValueError("broken")
			check(settings, today)

		with patch.object(drift, "_check", fail):
			self.assertNotEqual(self.found(), "")
		logged = {"reference_doctype": "RL Agent Settings", "reference_name": other.name}
		self.assertEqual(frappe.db.count("Error Log", logged), 1)
