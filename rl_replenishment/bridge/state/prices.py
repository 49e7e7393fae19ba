"""What units were paid with and are worth, in the currency of the agent's company, per stock unit.

Nothing here comes from `Item.last_purchase_rate`, which is in the currency of whichever company bought last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

import frappe
import numpy as np
import numpy.typing as npt
from frappe.query_builder.functions import Concat, Max
from pypika.queries import QueryBuilder

from rl_replenishment.bridge.queries import Keys, one_of


def last_purchase_rates(company: str, item_codes: Iterable[str]) -> dict[str, float]:
	"""What the company paid last for a stock unit of each item that it has bought, in three queries.

	The latest line counts of its Purchase Receipts, Invoices and Orders, returns and gifts apart, in company
	currency and after discounts.
	"""
	codes = tuple(item_codes)
	latest: dict[str, str] = {}
	for query in _purchases(company, codes):
		for item_code, found in query.run():
			latest[item_code] = max(found, latest.get(item_code, ""))
	return {item_code: float(found.rsplit(" ", 1)[1]) for item_code, found in latest.items()}


def _purchases(company: str, item_codes: Iterable[str]) -> Iterator[QueryBuilder]:
	"""Of each kind of document: item code, and "day moment rate" of its latest line."""
	for doctype, day in (
		("Purchase Receipt", "posting_date"),
		("Purchase Invoice", "posting_date"),
		("Purchase Order", "transaction_date"),
	):
		document, line = frappe.qb.DocType(doctype), frappe.qb.DocType(f"{doctype} Item")
		rate = line.base_net_rate / line.conversion_factor
		query = (
			frappe.qb.from_(line)
			.join(document)
			.on(document.name == line.parent)
			# texts of days and moments are as long as each other, so that the largest is the latest
			.select(line.item_code, Max(Concat(document[day], " ", line.creation, " ", rate)))
			.where((document.docstatus == 1) & (document.company == company))
			.where((line.base_net_rate > 0) & (line.conversion_factor > 0))
			.where(one_of(line.item_code, item_codes))
			.groupby(line.item_code)
		)
		yield query if doctype == "Purchase Order" else query.where(document.is_return == 0)


def valuation_rates(company: str, at: Keys) -> npt.NDArray[np.float64]:
	"""What the stock of each item-warehouse is worth per unit, shape (N,); 0 where unknown.

	Where a warehouse has none yet, the mean of the company's other warehouses.
	"""
	stock, warehouse = frappe.qb.DocType("Bin"), frappe.qb.DocType("Warehouse")
	rows = (
		frappe.qb.from_(stock)
		.join(warehouse)
		.on(warehouse.name == stock.warehouse)
		.select(stock.item_code, stock.warehouse, stock.valuation_rate)
		.where((warehouse.company == company) & (stock.valuation_rate > 0))
		.where(one_of(stock.item_code, at.item_codes))
		.run()
	)
	own = {(item_code, name): float(rate) for item_code, name, rate in rows}
	elsewhere: dict[str, list[float]] = {}
	for (item_code, _name), rate in own.items():
		elsewhere.setdefault(item_code, []).append(rate)
	return np.array(
		[own.get(tuple(key)) or float(np.mean(elsewhere.get(key.item_code, 0))) for key in at.keys],
		dtype=np.float64,
	)


def has_other_currencies(company: str) -> bool:
	"""Whether a company of the site keeps its books in another currency than this one.

	What an item itself says of its worth is then in nobody knows which.
	"""
	other = frappe.qb.DocType("Company")
	found = (
		frappe.qb.from_(other)
		.select(other.name)
		.where(other.default_currency != _currency(company))
		.limit(1)
		.run()
	)
	return bool(found)


def exchange_rates(currency: str, today: date) -> dict[str, float]:
	"""By currency: what one of it is in the given one, as the site has recorded it; nobody else is asked."""
	row = frappe.qb.DocType("Currency Exchange")
	rows = (
		frappe.qb.from_(row)
		.select(row.from_currency, row.to_currency, row.exchange_rate)
		.where((row.from_currency == currency) | (row.to_currency == currency))
		.where((row.for_buying == 1) & (row.date <= today) & (row.exchange_rate > 0))
		.orderby(row.date)
		.run()
	)
	backwards = {other: 1 / float(rate) for own, other, rate in rows if own == currency}
	forwards = {own: float(rate) for own, other, rate in rows if other == currency}
	return {**backwards, **forwards, currency: 1.0}


def _currency(company: str) -> str:
	return frappe.get_cached_value("Company", company, "default_currency")
