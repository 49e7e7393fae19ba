"""What a policy would propose differently, told before it is put to use."""

from __future__ import annotations

import frappe
import numpy as np
from frappe.utils import getdate

from rl_replenishment import api
from rl_replenishment.bridge.policies import store as policy_store
from rl_replenishment.bridge.state.demand import read_demand
from rl_replenishment.bridge.state.parameters import read_parameters
from rl_replenishment.bridge.state.scope import resolve_scope
from rl_replenishment.core.policies.order_up_to import ForecastLevels, OrderUpTo
from rl_replenishment.core.policies.parameters import ItemParameters
from rl_replenishment.core.policies.store import StoredPolicy
from rl_replenishment.core.training.classical import uncorrected
from rl_replenishment.core.training.from_history import snapshot
from rl_replenishment.tasks import propose
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.case import RolledBackCase


class TestDifferences(RolledBackCase):
	def setUp(self) -> None:
		super().setUp()
		supplier, warehouse = make.make_supplier(), make.make_warehouse()
		self.items = [make.make_item(supplier) for _ in range(2)]
		for item, rate in zip(self.items, (2, 4), strict=True):
			make.sell_every_day(item, warehouse, rate)
			make.make_stock(item, warehouse, 10)
		self.agent = make.make_agent([warehouse], self.items)
		self.active = policy_store.policy_in_use(self.agent)[0]

	def candidate(self, days_more: float) -> str:
		"""A policy that fills up to so many days' demand more than another that knows no luck."""
		keys = resolve_scope(self.agent).keys
		items, _purchasing = read_parameters(self.agent, keys)
		history = read_demand(self.agent, keys, days=120, today=getdate())
		values = ItemParameters.per_item(items, safety_factor=0.0, gap=days_more, cap=np.inf)
		policy = uncorrected(OrderUpTo("(s, S)", ForecastLevels(values, "91 days")))
		stored = StoredPolicy(policy, snapshot(history, items, 7), 7, "lost")
		return policy_store.save(self.agent, stored, algorithm="Pathwise")

	def test_the_same_policy_differs_in_nothing(self) -> None:
		"""Drafts that wait for the buyer count for neither."""
		before = api.policy_differences(self.active)
		propose(self.agent.name, force=True)
		found = api.policy_differences(self.active)
		self.assertEqual((found["count"], found["considered"], found["rows"]), (0, 2, []))
		self.assertGreater(found["value_now"], 0)
		self.assertEqual((found["value_now"], found["value_then"]), (before["value_now"],) * 2)

	def test_what_differs_comes_by_value(self) -> None:
		policy = self.candidate(1.0)
		policy_store.activate(policy, "")
		found = api.policy_differences(self.candidate(3.0))
		self.assertEqual((found["in_use"], found["count"]), (policy, 2))
		self.assertEqual([row["item_code"] for row in found["rows"]], self.items[::-1])
		self.assertTrue(all(row["then"] > row["now"] and row["value"] > 0 for row in found["rows"]))
		apart = found["value_then"] - found["value_now"]
		self.assertAlmostEqual(sum(row["value"] for row in found["rows"]), apart, places=1)

	def test_only_who_may_steer_the_agent(self) -> None:
		frappe.set_user(make.make_user("RL Replenishment User"))
		self.assertRaises(frappe.PermissionError, api.policy_differences, self.active)
