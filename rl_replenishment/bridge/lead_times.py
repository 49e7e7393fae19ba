"""Lead times as they were: from the date of the Purchase Order to that of the Purchase Receipt."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import frappe
import numpy as np
from frappe.query_builder.functions import Count, DateDiff, Max, Sum
from pypika.functions import Function
from pypika.queries import QueryBuilder
from pypika.terms import Criterion, Field

from rl_replenishment.bridge.queries import one_of

#: fewer receipts say little
LEAST_RECEIPTS = 5
#: what took longer is a mistaken date rather than a lead time
LONGEST_DAYS = 365


class LeadTime(NamedTuple):
	"""Days from order to arrival."""

	mean_days: float
	#: standard deviation
	std_days: float


class _Sums(NamedTuple):
	"""Of the days that some receipts took."""

	count: int = 0
	days: float = 0.0
	squares: float = 0.0

	def plus(self, other: _Sums) -> _Sums:
		return _Sums(self.count + other.count, self.days + other.days, self.squares + other.squares)

	def lead_time(self) -> LeadTime | None:
		if self.count < LEAST_RECEIPTS:
			return None
		mean = self.days / self.count
		variance = (self.squares - self.count * mean**2) / (self.count - 1)
		return LeadTime(mean, float(np.sqrt(max(variance, 0.0))))


@dataclass(frozen=True)
class LeadTimes:
	"""What receipts tell."""

	#: by (item code, supplier)
	_items: dict[tuple[str, str], _Sums]
	_suppliers: dict[str, _Sums]

	def of(self, item_code: str, supplier: str) -> LeadTime | None:
		"""The lead time of an item, None where fewer than `LEAST_RECEIPTS` receipts tell of it.

		From this supplier, else of all that the supplier delivers.
		"""
		own = self._items.get((item_code, supplier), _Sums()).lead_time()
		return own or self._suppliers.get(supplier, _Sums()).lead_time()


def learn_lead_times(
	company: str, item_codes: Collection[str], suppliers: Collection[str], since: date
) -> LeadTimes:
	"""Learn from the receipts since a day, in two queries.

	Each receipt of an order counts, also where it brought a part; an item's second line on it does not. Of a
	supplier's goods together, an order that came on one receipt counts once.
	"""
	line, receipt = frappe.qb.DocType("Purchase Receipt Item"), frappe.qb.DocType("Purchase Receipt")
	items = _sums(company, since, one_of(line.item_code, item_codes), [line.item_code, receipt.supplier])
	all_goods = _sums(company, since, one_of(receipt.supplier, suppliers), [receipt.supplier])
	return LeadTimes(
		{(item_code, supplier): _Sums(*map(float, sums)) for item_code, supplier, *sums in items},
		{supplier: _Sums(*map(float, sums)) for supplier, *sums in all_goods},
	)


def _sums(company: str, since: date, only: Criterion, per: list[Field]) -> list[tuple]:
	"""Number of receipts and sums of their days and squared days, per value of some fields."""
	order, receipt = frappe.qb.DocType("Purchase Order"), frappe.qb.DocType("Purchase Receipt")
	line = frappe.qb.DocType("Purchase Receipt Item")
	days = DateDiff(receipt.posting_date, order.transaction_date)
	receipts: QueryBuilder = (
		frappe.qb.from_(receipt)
		.join(line)
		.on(line.parent == receipt.name)
		.join(order)
		.on(order.name == line.purchase_order)
		.select(*per, Max(Function("GREATEST", 0, Function("LEAST", days, LONGEST_DAYS))).as_("days"))
		.where((receipt.docstatus == 1) & (receipt.is_return == 0) & (receipt.company == company))
		.where((receipt.posting_date >= since) & only)
		.groupby(*per, receipt.name, order.name)
	)
	named = [Field(field.name, table=receipts) for field in per]
	return (
		frappe.qb.from_(receipts)
		.select(*named, Count("*"), Sum(receipts.days), Sum(receipts.days * receipts.days))
		.groupby(*named)
		.run()
	)
