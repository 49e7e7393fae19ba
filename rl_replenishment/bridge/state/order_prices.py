"""What a Purchase Order of today would have for items: one price for runs, the board and the order itself.

As ERPNext finds it: in the price list of the order, its supplier's or the one of Buying Settings, and by its
Pricing Rules. Where it finds none, the order is given the price of another list, else what was paid last.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

import frappe
from frappe.query_builder.functions import Coalesce

from rl_replenishment.bridge.queries import one_of
from rl_replenishment.bridge.state.prices import exchange_rates, last_purchase_rates
from rl_replenishment.bridge.state.pricing_rules import Line, Rule, Rules, read_rules
from rl_replenishment.bridge.state.units import Units, read_units
from rl_replenishment.core.terms.terms import PriceBreaks

#: quantities this close are the same, in stock UOM
_SAME = 1e-3


class Wanted(NamedTuple):
	"""What is to be bought, and of whom."""

	item_code: str
	warehouse: str
	supplier: str
	#: that it is ordered in, and stock units per unit; "" and 0 for the item's own
	uom: str = ""
	conversion: float = 0.0
	#: company currency per stock unit, where no price is known
	otherwise: float = 0.0


class OrderPrice(NamedTuple):
	"""Company currency per stock unit."""

	rate: float
	#: "Price List", "Last Purchase", "Valuation", or "" where nothing is known
	source: str
	#: quantities in stock UOM from which it is another one, and which, rising
	breaks: tuple[tuple[float, float], ...] = ()

	def at(self, quantity: float) -> float:
		"""Where so much is ordered, in stock UOM."""
		reached = [rate for least, rate in self.breaks if quantity >= least - _SAME]
		return reached[-1] if reached else self.rate


def as_breaks(prices: Sequence[OrderPrice]) -> PriceBreaks:
	"""The breaks of N prices, by their positions."""
	rows = [(i, least, rate) for i, price in enumerate(prices) for least, rate in price.breaks]
	return PriceBreaks.create(*zip(*rows, strict=True)) if rows else PriceBreaks()


class _Listed(NamedTuple):
	"""A row of Item Price."""

	price_list: str
	supplier: str
	uom: str
	#: company currency per unit
	rate: float
	#: what makes one of several come first: the day from which it holds, and its place among all
	since: str
	place: int


def read_order_prices(
	company: str, wanted: Sequence[Wanted], today: date, rules: Sequence[Rule] | None = None
) -> list[OrderPrice]:
	"""The price of each line that is wanted; `rules` are the company's, where they were read already.

	In fourteen queries at most, whatever their number.
	"""
	if not wanted:
		return []
	items = _items({each.item_code for each in wanted})
	units = read_units({*items, *(item.variant_of for item in items.values() if item.variant_of)})
	suppliers = _suppliers({each.supplier for each in wanted if each.supplier})
	own = frappe.get_cached_value("Company", company, "default_currency")
	exchange = exchange_rates(own, today)
	listed = _listed(items, exchange, today)
	paid = last_purchase_rates(company, items)
	usual_list = frappe.db.get_single_value("Buying Settings", "buying_price_list") or ""
	applied = Rules(read_rules(company, today) if rules is None else rules, units)
	found = []
	for each in wanted:
		item = items.get(each.item_code)
		if item is None:
			found.append(OrderPrice(each.otherwise, "Valuation" if each.otherwise else ""))
			continue
		supplier = suppliers.get(each.supplier, frappe._dict())
		uom = each.uom or item.purchase_uom or item.stock_uom
		conversion = each.conversion or units.conversion(item.name, item.variant_of, uom, item.stock_uom)
		price_list = supplier.default_price_list or usual_list
		currency = supplier.default_currency or own
		price = _list_price(listed, item, each.supplier, price_list, uom, conversion, units)
		source = "Price List" if price else ""
		if not price and (price := paid.get(item.name, 0.0)):
			source = "Last Purchase"
		if not price and (price := each.otherwise):
			source = "Valuation"
		line = Line(
			item=item,
			warehouse=each.warehouse,
			supplier=each.supplier,
			supplier_group=supplier.supplier_group or "",
			price_list=price_list,
			uom=uom,
			conversion=conversion,
			currency=currency,
			exchange=exchange.get(currency, 0.0),
			price=price,
			is_listed=source == "Price List",
		)
		(_none, rate), *breaks = applied.prices(line)
		found.append(OrderPrice(rate, source or ("Price List" if rate else ""), tuple(breaks)))
	return found


def _list_price(
	listed: Mapping[str, Sequence[_Listed]],
	item: Any,
	supplier: str,
	price_list: str,
	uom: str,
	conversion: float,
	units: Units,
) -> float:
	"""Company currency per stock unit, 0 where no list has it."""
	for code in (item.name, item.variant_of):
		rows = listed.get(code or "", ())
		in_unit = {"", uom}
		own = [row for row in rows if row.price_list == price_list]
		found = (
			(_first(own, supplier, in_unit) if supplier else None)
			or _first(own, "", in_unit)
			or _first(own, "", {"", item.stock_uom})
		)
		if found:
			return found.rate / conversion if found.uom == uom else found.rate
	# lists that the order does not look into, in whatever unit
	for code in (item.name, item.variant_of):
		rows = listed.get(code or "", ())
		if found := (_first(rows, supplier) if supplier else None) or _first(rows, ""):
			if found.uom == uom:
				return found.rate / conversion
			known = units.conversion(item.name, item.variant_of, found.uom or item.stock_uom, item.stock_uom)
			return found.rate / known
	return 0.0


def _first(rows: Iterable[_Listed], supplier: str, uoms: Collection[str] | None = None) -> _Listed | None:
	"""Of a supplier's prices, or of those for all, the latest; of two since one day, the one with a unit."""
	own = [row for row in rows if row.supplier == supplier and (uoms is None or row.uom in uoms)]
	return max(own, key=lambda row: (row.since, row.uom if uoms else "", row.place), default=None)


def _listed(items: Mapping[str, Any], exchange: Mapping[str, float], today: date) -> dict[str, list[_Listed]]:
	"""The buying prices of items and their templates that hold today, but for those of one batch or customer.

	Prices in other currencies are converted by the site's latest Currency Exchange for buying, and left aside
	where it has none; so are those of disabled price lists.
	"""
	price, of = frappe.qb.DocType("Item Price"), frappe.qb.DocType("Price List")
	codes = {*items, *(item.variant_of for item in items.values() if item.variant_of)}
	rows = (
		frappe.qb.from_(price)
		.join(of)
		.on(of.name == price.price_list)
		.select(
			*(price.item_code, price.price_list, Coalesce(price.supplier, ""), Coalesce(price.uom, "")),
			*(price.price_list_rate, price.currency, price.valid_from),
		)
		.where((price.buying == 1) & (of.enabled == 1) & (price.price_list_rate > 0))
		.where(price.currency.isin([*exchange]) & (Coalesce(price.batch_no, "") == ""))
		.where(Coalesce(price.customer, "") == "")
		.where((price.valid_from.isnull()) | (price.valid_from <= today))
		.where((price.valid_upto.isnull()) | (price.valid_upto >= today))
		.where(one_of(price.item_code, sorted(codes)))
		.orderby(price.creation)
		.run()
	)
	found: dict[str, list[_Listed]] = {}
	for place, (item_code, name, supplier, uom, rate, currency, since) in enumerate(rows):
		in_company = float(rate) * exchange[currency]
		row = _Listed(name, supplier, uom, in_company, str(since or ""), place)
		found.setdefault(item_code, []).append(row)
	return found


def _items(codes: Collection[str]) -> dict[str, Any]:
	item = frappe.qb.DocType("Item")
	rows = (
		frappe.qb.from_(item)
		.select(item.name, item.item_group, item.brand, item.stock_uom, item.purchase_uom, item.variant_of)
		.where(one_of(item.name, sorted(codes)))
		.run(as_dict=True)
	)
	return {row.name: row for row in rows}


def _suppliers(names: Collection[str]) -> dict[str, Any]:
	supplier = frappe.qb.DocType("Supplier")
	rows = (
		frappe.qb.from_(supplier)
		.select(
			*(supplier.name, supplier.supplier_group, supplier.default_price_list),
			supplier.default_currency,
		)
		.where(one_of(supplier.name, sorted(names)))
		.run(as_dict=True)
	)
	return {row.name: row for row in rows}
