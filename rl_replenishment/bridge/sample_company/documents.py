"""The sample company's documents, entered and submitted one by one as a user would."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import frappe
from erpnext.buying.doctype.purchase_order.purchase_order import make_purchase_receipt
from erpnext.selling.doctype.sales_order.sales_order import make_delivery_note
from frappe.model.document import Document

from rl_replenishment.bridge.sample_company.masters import Masters
from rl_replenishment.bridge.sample_company.plan import Line, Plan, Purchase
from rl_replenishment.core.items import ItemKey

#: goods come in the morning and go in the evening
MORNING, EVENING = "08:00:00", "18:00:00"
#: selling price over cost
_MARGIN = 1.6


@dataclass(frozen=True)
class Clerk:
	"""Enters what the plan says."""

	plan: Plan
	masters: Masters

	def cost(self, item: int) -> float:
		"""What a stock unit costs, in whole cents."""
		return max(round(float(self.plan.items.unit_cost[item]), 2), 0.01)

	def pack(self, item: int) -> float:
		"""Stock units in a purchase unit."""
		return max(float(self.plan.items.order_multiple[item]), 1.0)

	def warehouse(self, item: int) -> str:
		"""The name of its warehouse."""
		return self.masters.warehouses[self.plan.items.keys[item].warehouse]

	@property
	def keys(self) -> tuple[ItemKey, ...]:
		"""The plan's item-warehouses, as they are called on the site."""
		return tuple(
			ItemKey(key.item_code, self.warehouse(item)) for item, key in enumerate(self.plan.items.keys)
		)

	def open_stock(self) -> Document:
		"""Bring in the opening stock, the evening before the history starts."""
		opening = self.plan.opening
		entry = frappe.get_doc(
			{
				"doctype": "Stock Entry",
				"stock_entry_type": "Material Receipt",
				"company": self.masters.company,
				"set_posting_time": 1,
				"posting_date": self.plan.start - timedelta(days=1),
				"posting_time": EVENING,
				"items": [
					{
						"item_code": self.plan.items.keys[item].item_code,
						"t_warehouse": self.warehouse(item),
						"qty": float(opening[item]),
						"basic_rate": self.cost(item),
					}
					for item in range(len(opening))
					if opening[item] > 0
				],
			}
		)
		return _submitted(entry)

	def sell(self, lines: Sequence[Line], day: date) -> tuple[Document, Document]:
		"""Take an order and deliver it the same day."""
		order = frappe.get_doc(
			{
				"doctype": "Sales Order",
				"company": self.masters.company,
				"customer": self.masters.customer,
				"transaction_date": day,
				"delivery_date": day,
				"items": [
					{
						"item_code": self.plan.items.keys[line.item].item_code,
						"warehouse": self.warehouse(line.item),
						"qty": line.quantity,
						"rate": round(self.cost(line.item) * _MARGIN, 2),
					}
					for line in lines
				],
			}
		)
		_submitted(order)
		note = make_delivery_note(order.name)
		note.update({"set_posting_time": 1, "posting_date": day, "posting_time": EVENING})
		return order, _submitted(note)

	def order(self, purchase: Purchase) -> Document:
		"""Order from a supplier, in its packs."""
		order = frappe.get_doc(
			{
				"doctype": "Purchase Order",
				"company": self.masters.company,
				"supplier": purchase.supplier,
				"transaction_date": purchase.ordered_on,
				"schedule_date": purchase.arrives_on,
				"items": [
					{
						"item_code": self.plan.items.keys[line.item].item_code,
						"warehouse": self.warehouse(line.item),
						"schedule_date": purchase.arrives_on,
						"qty": line.quantity / self.pack(line.item),
						"rate": self.cost(line.item) * self.pack(line.item),
					}
					for line in purchase.lines
				],
			}
		)
		return _submitted(order)

	def receive(self, order: Document, day: date) -> Document:
		"""Take in all that was ordered."""
		receipt = make_purchase_receipt(order.name)
		receipt.update({"set_posting_time": 1, "posting_date": day, "posting_time": MORNING})
		return _submitted(receipt)


def _submitted(document: Document) -> Document:
	document.flags.ignore_permissions = True
	document.insert()
	document.submit()
	return document
