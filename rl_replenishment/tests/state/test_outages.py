"""Days out of stock and new items, as a site's ledger and item master tell them."""

from __future__ import annotations

import frappe
import numpy as np
from frappe.utils import add_days, getdate, nowdate

from rl_replenishment.bridge.state.demand import read_demand
from rl_replenishment.bridge.state.outages import without_gaps
from rl_replenishment.bridge.state.parameters import read_parameters
from rl_replenishment.bridge.state.situation import read_situation
from rl_replenishment.core.items import ItemKey
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.case import IntegrationTestCase

DAYS = 70


class TestOutages(IntegrationTestCase):
	def setUp(self) -> None:
		frappe.db.savepoint("before_test")
		self.addCleanup(lambda: frappe.db.rollback(save_point="before_test"))
		self.warehouse = make.make_warehouse()

	def item(self, **values) -> str:
		return make.make_item(**values)

	def demand(self, *items: str, **values) -> np.ndarray:
		"""The filled demand of items, shape (DAYS, items): the last row is yesterday."""
		agent = make.make_agent([self.warehouse], items, enabled=0, **values)
		table, _purchasing = read_parameters(agent, [ItemKey(item, self.warehouse) for item in items])
		history = read_demand(agent, table.keys, days=DAYS, today=getdate())
		return without_gaps(agent, table, history).history.demand

	def day(self, ago: int) -> str:
		return add_days(nowdate(), -ago)

	def sell(self, item: str, qty: float, *days_ago: int) -> None:
		for ago in days_ago:
			make.make_issue(item, self.warehouse, qty, date=self.day(ago))

	def test_days_out_of_stock(self) -> None:
		"""Sold out in the evening, out for six days, bought again: filled like the weeks before."""
		item = self.item()
		make.make_stock(item, self.warehouse, 4 * 21, date=self.day(30))
		self.sell(item, 4, *range(30, 9, -1))
		make.make_stock(item, self.warehouse, 100, date=self.day(3))
		self.sell(item, 4, 3, 2, 1)
		found = self.demand(item)
		self.assertEqual(found[-30:, 0].tolist(), [4.0] * 30)
		by_orders = self.demand(item, demand_source="Sales Order")
		self.assertFalse(by_orders.any(), "what customers ordered is seen whether there is stock or not")

	def test_the_day_on_which_it_sold_out(self) -> None:
		"""What was left was sold; as much as a week before was asked for."""
		item = self.item()
		make.make_stock(item, self.warehouse, 10 * 8 + 3, date=self.day(20))
		self.sell(item, 10, *range(20, 12, -1))
		self.sell(item, 3, 12)
		make.make_stock(item, self.warehouse, 200, date=self.day(11))
		self.sell(item, 10, *range(11, 0, -1))
		found = self.demand(item)
		self.assertEqual(found[-20:, 0].tolist(), [10.0] * 20)

	def test_stock_that_stays_is_no_outage(self) -> None:
		"""Idle days with stock are days without demand."""
		item = self.item()
		make.make_stock(item, self.warehouse, 1000, date=self.day(60))
		self.sell(item, 5, 60, 20)
		self.assertEqual(self.demand(item).sum(), 10)

	def test_before_its_first_goods_came(self) -> None:
		"""An item first stocked three weeks ago, sold daily since, has always sold so; another had stock."""
		new, old = self.item(), self.item()
		make.make_stock(old, self.warehouse, 1000, date=self.day(69))
		self.sell(old, 1, 69)
		make.make_stock(new, self.warehouse, 1000, date=self.day(21))
		self.sell(new, 2, *range(21, 0, -1))
		found = self.demand(new, old)
		self.assertEqual(found[:, 0].tolist(), [2.0] * len(found))
		self.assertEqual(found[:, 1].sum(), 1)

	def test_the_group_of_an_item_that_was_never_sold(self) -> None:
		"""Entered lately, it is expected to sell like its group; dead stock is not."""
		group = make.make_item_group()
		like, new, dead = (self.item(item_group=group) for _ in range(3))
		for item in (like, dead):
			frappe.db.set_value("Item", item, "creation", self.day(500), update_modified=False)
		agent = make.make_agent([self.warehouse], [like, new, dead])
		make.make_stock(like, self.warehouse, 2000, date=self.day(100))
		self.sell(like, 5, *range(100, 0, -1))
		situation = read_situation(agent, getdate())
		at = [situation.items.keys.index((item, self.warehouse)) for item in (like, new, dead)]
		self.assertEqual(situation.state.demand.level_28[at].tolist(), [5, 5, 0])
		self.assertEqual(situation.state.borrowed[at].tolist(), [0, 1, 0])

	def test_masters_that_were_imported_are_not_new(self) -> None:
		"""Where most items were entered of late, that says nothing about any of them."""
		group = make.make_item_group()
		items = [self.item(item_group=group) for _ in range(5)]
		make.make_stock(items[0], self.warehouse, 2000, date=self.day(69))
		self.sell(items[0], 5, *range(69, 0, -1))
		found = self.demand(*items)
		self.assertFalse(found[:, 1:].any())
