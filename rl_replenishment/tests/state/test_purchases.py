"""What was really bought: receipts on their day, what is to come, and the stock before."""

from __future__ import annotations

import frappe
from erpnext.buying.doctype.purchase_order.purchase_order import make_purchase_receipt
from frappe.utils import add_days, getdate, nowdate

from rl_replenishment.bridge.queries import Keys
from rl_replenishment.bridge.state.purchases import read_bought
from rl_replenishment.core.items import ItemKey
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.case import IntegrationTestCase


def ago(days: int) -> str:
	return add_days(nowdate(), -days)


class TestPurchases(IntegrationTestCase):
	def setUp(self) -> None:
		frappe.db.savepoint("before_test")
		self.addCleanup(lambda: frappe.db.rollback(save_point="before_test"))
		self.warehouse, self.supplier = make.make_warehouse(), make.make_supplier()
		self.item, self.other = make.make_item(self.supplier), make.make_item(self.supplier)

	def bought(self, since: int = 30):
		keys = Keys([ItemKey(code, self.warehouse) for code in (self.other, self.item)])
		return read_bought(make.company(), keys, getdate(ago(since)), getdate(nowdate()))

	def receive(self, order, quantity: float, date: str):
		receipt = make_purchase_receipt(order.name)
		receipt.update({"set_posting_time": 1, "posting_date": date})
		receipt.items[0].update({"qty": quantity, "received_qty": quantity})
		receipt.insert(ignore_permissions=True)
		receipt.submit()
		return receipt

	def rows(self, since: int = 30) -> list[tuple]:
		found = self.bought(since).purchases
		return sorted(
			zip(
				found.item.tolist(),
				found.ordered_on.astype(str).tolist(),
				found.arrives_on.astype(str).tolist(),
				found.quantity.tolist(),
				strict=True,
			)
		)

	def test_a_receipt_counts_on_its_day_and_knows_its_order(self):
		order = make.make_purchase_order(self.supplier, self.item, self.warehouse, 20, ago(8), ago(15))
		self.receive(order, 20, ago(9))
		self.assertEqual(self.rows(), [(1, ago(15), ago(9), 20.0)])

	def test_what_is_left_of_an_order_comes_later(self):
		order = make.make_purchase_order(self.supplier, self.item, self.warehouse, 20, ago(8), ago(15))
		self.receive(order, 5, ago(9))
		due = add_days(nowdate(), 6)
		make.make_purchase_order(self.supplier, self.other, self.warehouse, 7, due, ago(3))
		expected = [(0, ago(3), due, 7.0), (1, ago(15), ago(9), 5.0), (1, ago(15), nowdate(), 15.0)]
		self.assertEqual(self.rows(), expected)

	def test_earlier_days_are_stock(self):
		make.make_stock(self.item, self.warehouse, 50, date=ago(40))
		make.make_issue(self.item, self.warehouse, 8, date=ago(35))
		make.make_issue(self.item, self.warehouse, 2, date=ago(5))
		found = self.bought()
		self.assertEqual(found.opening.tolist(), [0, 42])
		self.assertEqual(len(found.purchases.item), 0)
		self.assertEqual(self.bought(since=1).opening.tolist(), [0, 40])

	def test_cancelled_and_closed_ones_do_not_count(self):
		order = make.make_purchase_order(self.supplier, self.item, self.warehouse, 20, ago(8), ago(15))
		self.receive(order, 5, ago(9)).cancel()
		order.reload()
		order.update_status("Closed")
		make.make_purchase_order(self.supplier, self.item, self.warehouse, 9, ago(2), ago(4)).cancel()
		self.assertEqual(self.rows(), [])

	def test_goods_of_other_warehouses_do_not_count(self):
		elsewhere = make.make_warehouse()
		order = make.make_purchase_order(self.supplier, self.item, elsewhere, 20, ago(8), ago(15))
		self.receive(order, 20, ago(9))
		make.make_stock(self.item, elsewhere, 50, date=ago(40))
		found = self.bought()
		self.assertEqual((len(found.purchases.item), found.opening.tolist()), (0, [0, 0]))
