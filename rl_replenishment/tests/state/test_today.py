"""Today is the site's day, whatever dates documents bear."""

from __future__ import annotations

import frappe
from frappe.utils import add_days, getdate, nowdate

from rl_replenishment.bridge.state.demand import read_demand
from rl_replenishment.bridge.state.situation import read_situation
from rl_replenishment.core.items import ItemKey
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.state.demand_case import DAYS, DemandCase


class TestToday(DemandCase):
	def test_entries_dated_later_are_no_demand_yet_and_move_nothing(self) -> None:
		"""A delivery booked for 2035 instead of 2025."""
		make.sell_every_day(self.item, self.warehouse, 3, days=20)
		wrong = frappe.db.get_value("Stock Ledger Entry", {"item_code": self.item, "actual_qty": -3})
		day = add_days(nowdate(), 3650)
		frappe.db.set_value("Stock Ledger Entry", wrong, {"posting_date": day, "posting_datetime": day})
		agent = make.make_agent([self.warehouse], [self.item])
		history = read_demand(agent, [ItemKey(self.item, self.warehouse)], days=DAYS, today=getdate())
		self.assertEqual(history.end.astype(object), getdate())
		self.assertEqual(float(history.demand.sum()), 3 * 19)
		self.assertEqual(read_situation(agent, getdate()).state.today.astype(object), getdate())

	def test_an_order_due_in_six_weeks_is_no_demand_before_its_day(self) -> None:
		"""It is promised for that day; counted on the day of asking as well, it would be bought twice."""
		order = make.make_sales_order(self.customer, self.warehouse, {self.item: 40})
		line = order.items[0].name
		frappe.db.set_value("Sales Order", order.name, "transaction_date", self.day(9))
		for due, found in ((add_days(nowdate(), 42), {}), (self.day(3), {3: 40})):
			frappe.db.set_value("Sales Order Item", line, "delivery_date", due)
			self.assertEqual(self.demand(demand_source="Sales Order"), found)
		frappe.db.set_value("Sales Order", order.name, "transaction_date", add_days(nowdate(), 5))
		self.assertEqual(self.demand(demand_source="Sales Order"), {})
