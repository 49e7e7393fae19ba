"""What tests of demand have in common: an item with stock, and what was asked for of it, by days ago."""

from __future__ import annotations

import frappe
import numpy as np
from frappe.utils import add_days, getdate, nowdate

from rl_replenishment.bridge.state.demand import read_demand
from rl_replenishment.core.items import ItemKey
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.case import IntegrationTestCase

DAYS = 60


class DemandCase(IntegrationTestCase):
	def setUp(self) -> None:
		frappe.db.savepoint("before_test")
		self.addCleanup(lambda: frappe.db.rollback(save_point="before_test"))
		self.warehouse, self.outside = make.make_warehouse(), make.make_warehouse()
		self.item = make.make_item()
		make.make_stock(self.item, self.warehouse, 5000, date=self.day(50))
		self.customer = make.make_customer()

	@staticmethod
	def day(ago: int) -> str:
		return add_days(nowdate(), -ago)

	def demand(self, warehouse: str | None = None, **values) -> dict[int, float]:
		"""What was asked for, by days ago."""
		warehouse = warehouse or self.warehouse
		agent = make.make_agent([warehouse], [self.item], enabled=0, **values)
		history = read_demand(agent, [ItemKey(self.item, warehouse)], days=DAYS, today=getdate())
		column = history.demand[:, 0]
		first = (getdate() - history.start.astype(object)).days
		return {first - int(at): float(column[at]) for at in np.flatnonzero(column)}
