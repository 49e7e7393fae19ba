"""Lead times as they were: from the date of the Purchase Order to that of the Purchase Receipt."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import frappe
from frappe.query_builder.functions import Avg, Count
from pypika.terms import CustomFunction

from rl_replenishment.bridge.queries import days_between, one_of

#: fewer receipts say little
LEAST_RECEIPTS = 5
#: what took longer is a mistaken date rather than a lead time
LONGEST_DAYS = 365

_greatest = CustomFunction("GREATEST", ["value", "other"])
_least = CustomFunction("LEAST", ["value", "other"])
_deviation = CustomFunction("STDDEV_SAMP", ["value"])


class LeadTime(NamedTuple):
	"""Days from order to arrival."""

	mean_days: float
	#: standard deviation
	std_days: float


@dataclass(frozen=True)
class LeadTimes:
	"""What at least `LEAST_RECEIPTS` receipts tell."""

	#: by (item code, supplier)
	items: dict[tuple[str, str], LeadTime]
	#: of all that a supplier delivers
	suppliers: dict[str, LeadTime]

	def of(self, item_code: str, supplier: str) -> LeadTime | None:
		"""The lead time of an item from a supplier, else of all the supplier's goods, else None."""
		return self.items.get((item_code, supplier)) or self.suppliers.get(supplier)


def learn_lead_times(company: str, suppliers: Collection[str], since: date) -> LeadTimes:
	"""Learn from the receipts of these suppliers since a day, in one query.

	Each line of a receipt tells a lead time, also where it brought a part of what was ordered; for the floor,
	different receipts count.
	"""
	order, receipt = frappe.qb.DocType("Purchase Order"), frappe.qb.DocType("Purchase Receipt")
	line = frappe.qb.DocType("Purchase Receipt Item")
	days = _greatest(0, _least(LONGEST_DAYS, days_between(receipt.posting_date, order.transaction_date)))
	rows = (
		frappe.qb.from_(receipt)
		.join(line)
		.on(line.parent == receipt.name)
		.join(order)
		.on(order.name == line.purchase_order)
		.select(receipt.supplier, line.item_code, Count(receipt.name).distinct(), Avg(days), _deviation(days))
		.where((receipt.docstatus == 1) & (receipt.is_return == 0) & (receipt.company == company))
		.where((receipt.posting_date >= since) & one_of(receipt.supplier, suppliers))
		.groupby(receipt.supplier, line.item_code)
		# rows without an item sum up a supplier, the one without a supplier all of them
		.rollup(vendor="mysql")
		.run()
	)
	learned = LeadTimes({}, {})
	for supplier, item_code, receipts, mean, deviation in rows:
		if receipts < LEAST_RECEIPTS or not supplier:
			continue
		lead_time = LeadTime(float(mean), float(deviation or 0))
		if item_code:
			learned.items[item_code, supplier] = lead_time
		else:
			learned.suppliers[supplier] = lead_time
	return learned
