"""What a unit costs to buy, in company currency per stock unit."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

import frappe
from frappe.query_builder.functions import Coalesce

from rl_replenishment.bridge.queries import Keys, one_of
from rl_replenishment.core.items import FloatArray


def valuation_rates(at: Keys) -> FloatArray:
	"""What the stock of each item-warehouse is worth per unit, shape (N,); 0 where unknown."""
	stock = frappe.qb.DocType("Bin")
	return at.column(
		frappe.qb.from_(stock)
		.select(stock.item_code, stock.warehouse, stock.valuation_rate)
		.where(at.include(stock.item_code, stock.warehouse))
		.run()
	)


class ListPrice(NamedTuple):
	"""A buying price, in company currency."""

	rate: float
	#: "" for the stock unit
	uom: str


def list_prices(company: str, supplier_of: Mapping[str, str], today: date) -> dict[str, ListPrice]:
	"""The buying price valid today of each item: its supplier's own, else one for all; the latest of several.

	Prices in other currencies and those for a batch are left aside.
	"""
	price = frappe.qb.DocType("Item Price")
	currency = frappe.get_cached_value("Company", company, "default_currency")
	rows = (
		frappe.qb.from_(price)
		.select(price.item_code, Coalesce(price.supplier, ""), price.price_list_rate, Coalesce(price.uom, ""))
		.where((price.buying == 1) & (price.currency == currency) & (price.price_list_rate > 0))
		.where(Coalesce(price.batch_no, "") == "")
		.where((price.valid_from.isnull()) | (price.valid_from <= today))
		.where((price.valid_upto.isnull()) | (price.valid_upto >= today))
		.where(one_of(price.item_code, supplier_of))
		.orderby(price.valid_from, price.creation)
		.run()
	)
	found: dict[bool, dict[str, ListPrice]] = {True: {}, False: {}}
	for item_code, supplier, rate, uom in rows:
		if supplier in ("", supplier_of[item_code]):
			found[bool(supplier)][item_code] = ListPrice(float(rate), uom)
	return {**found[False], **found[True]}
