"""Prices by quantity, as ERPNext's own Pricing Rules for buying have them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

import frappe
import numpy as np
import numpy.typing as npt
from frappe.query_builder.functions import Coalesce
from frappe.utils import cint, flt

from rl_replenishment.bridge.queries import one_of
from rl_replenishment.bridge.state.prices import exchange_rates
from rl_replenishment.bridge.state.units import read_units
from rl_replenishment.core.items import ItemTable
from rl_replenishment.core.terms.terms import PriceBreaks

#: beyond the quantity up to which a rule holds, in stock UOM
_STEP = 1e-3
#: by what a rule applies to: its table of them, and the field that names one
_TABLES = {
	"Item Code": ("Pricing Rule Item Code", "item_code"),
	"Item Group": ("Pricing Rule Item Group", "item_group"),
	"Brand": ("Pricing Rule Brand", "brand"),
}


class Rule(NamedTuple):
	"""One row of a Pricing Rule."""

	apply_on: str
	of: str
	#: the unit that the quantities are in, "" for stock units
	uom: str
	supplier: str
	warehouse: str
	min_qty: float
	max_qty: float
	rate_or_discount: str
	#: money or percent
	amount: float
	currency: str
	priority: int


def read_breaks(
	company: str, items: ItemTable, rules: Sequence[Rule], price: npt.NDArray[np.float64], today: date
) -> PriceBreaks:
	"""The price breaks of N item-warehouses that rules make of their prices, shape (N,).

	In company currency and stock UOM; in six queries at most.
	"""
	codes = {key.item_code for key in items.keys}
	known = _descriptions(codes)
	exchange = exchange_rates(frappe.get_cached_value("Company", company, "default_currency"), today)
	groups = _groups_within({rule.of for rule in rules if rule.apply_on == "Item Group"})
	units = read_units(codes)
	rows: list[tuple[int, float, float]] = []
	for i, (key, supplier) in enumerate(zip(items.keys, items.suppliers, strict=True)):
		item = known.get(key.item_code)
		if item is None:
			continue
		own = [
			rule
			for rule in rules
			if rule.supplier in ("", supplier)
			and rule.warehouse in ("", key.warehouse)
			and _is_about(rule, key.item_code, item, groups)
		]
		rows += [
			(i, *each) for each in _breaks_of(own, key.item_code, item, float(price[i]), units, exchange)
		]
	if not rows:
		return PriceBreaks()
	at, quantity, rate = zip(*rows, strict=True)
	return PriceBreaks.create(at, quantity, rate)


def _breaks_of(
	rules: Sequence[Rule], item_code: str, item: Any, price: float, units: Any, exchange: dict[str, float]
) -> list[tuple[float, float]]:
	"""Quantities from which a unit costs something else, and what."""
	found: dict[float, tuple[float, float]] = {}
	# of two for one quantity, the one with the higher priority, then the cheaper one
	for rule in sorted(rules, key=lambda rule: rule.priority):
		factor = units.conversion(item_code, None, rule.uom, item.stock_uom) if rule.uom else 1.0
		rate = _price(rule, price, factor, exchange)
		if rate is None:
			continue
		least, most = rule.min_qty * factor, rule.max_qty * factor
		before = found.get(least)
		if before is None or rule.priority or rate < before[0]:
			found[least] = (rate, most)
	ordered = sorted(found)
	breaks = [(least, found[least][0]) for least in ordered]
	for i, least in enumerate(ordered):
		most = found[least][1]
		follows = ordered[i + 1] if i + 1 < len(ordered) else np.inf
		# between the end of one rule and the next one, the usual price holds
		if most > 0 and follows > most + 1:
			breaks.append((most + _STEP, price))
	return breaks


def _price(rule: Rule, price: float, factor: float, exchange: dict[str, float]) -> float | None:
	"""What a stock unit costs by a rule, None where its currency has no rate."""
	if rule.rate_or_discount == "Discount Percentage":
		return price * (1 - rule.amount / 100)
	rate = exchange.get(rule.currency)
	if rate is None:
		return None
	money = rule.amount * rate / factor
	return money if rule.rate_or_discount == "Rate" else max(price - money, 0.0)


def read_rules(company: str, today: date) -> list[Rule]:
	"""The Pricing Rules of a least quantity that ERPNext applies to a line of a Purchase Order by itself.

	Not those with conditions, coupons, mixed or accumulated quantities, least amounts, or a price list of
	their own. In one query where there are none, in four at most.
	"""
	rule = frappe.qb.DocType("Pricing Rule")
	rows = (
		frappe.qb.from_(rule)
		.select(
			*(rule.name, rule.apply_on, rule.supplier, rule.applicable_for, rule.warehouse),
			*(rule.min_qty, rule.max_qty, rule.rate_or_discount, rule.rate, rule.discount_amount),
			*(rule.discount_percentage, rule.currency, rule.has_priority, rule.priority),
		)
		.where((rule.buying == 1) & (rule.disable == 0) & (rule.min_qty > 0))
		.where((rule.price_or_product_discount == "Price") & rule.apply_on.isin([*_TABLES]))
		.where((rule.mixed_conditions == 0) & (rule.is_cumulative == 0) & (rule.coupon_code_based == 0))
		.where((Coalesce(rule.condition, "") == "") & (Coalesce(rule.for_price_list, "") == ""))
		.where((Coalesce(rule.min_amt, 0) == 0) & (Coalesce(rule.max_amt, 0) == 0))
		.where(Coalesce(rule.applicable_for, "").isin(["", "Supplier"]))
		.where(Coalesce(rule.company, "").isin(["", company]))
		.where(rule.valid_from.isnull() | (rule.valid_from <= today))
		.where(rule.valid_upto.isnull() | (rule.valid_upto >= today))
		.run(as_dict=True)
	)
	found = []
	for apply_on, (table, field) in _TABLES.items():
		own = {row.name: row for row in rows if row.apply_on == apply_on}
		if not own:
			continue
		child = frappe.qb.DocType(table)
		query = frappe.qb.from_(child).select(child.parent, child[field], Coalesce(child.uom, ""))
		for parent, of, uom in query.where(one_of(child.parent, sorted(own))).run():
			row = own[parent]
			amounts = {"Rate": row.rate, "Discount Amount": row.discount_amount}
			found.append(
				Rule(
					apply_on=apply_on,
					of=of,
					uom=uom,
					supplier=(row.supplier or "") if row.applicable_for == "Supplier" else "",
					warehouse=row.warehouse or "",
					min_qty=flt(row.min_qty),
					max_qty=flt(row.max_qty),
					rate_or_discount=row.rate_or_discount or "",
					amount=flt(amounts.get(row.rate_or_discount, row.discount_percentage)),
					currency=row.currency or "",
					priority=cint(row.priority) if row.has_priority else 0,
				)
			)
	return found


def _descriptions(codes: set[str]) -> dict[str, Any]:
	item = frappe.qb.DocType("Item")
	rows = (
		frappe.qb.from_(item)
		.select(item.name, item.item_group, item.brand, item.stock_uom, item.variant_of)
		.where(one_of(item.name, sorted(codes)))
		.run(as_dict=True)
	)
	return {row.name: row for row in rows}


def _groups_within(names: set[str]) -> dict[str, set[str]]:
	"""The item groups that some stand for: themselves, and those below."""
	found: dict[str, set[str]] = defaultdict(set)
	if names:
		group, top = frappe.qb.DocType("Item Group"), frappe.qb.DocType("Item Group").as_("top")
		rows = (
			frappe.qb.from_(group)
			.join(top)
			.on((group.lft >= top.lft) & (group.rgt <= top.rgt))
			.select(top.name, group.name)
			.where(one_of(top.name, sorted(names)))
			.run()
		)
		for above, name in rows:
			found[above].add(name)
	return found


def _is_about(rule: Rule, item_code: str, item: Any, groups: dict[str, set[str]]) -> bool:
	if rule.apply_on == "Item Code":
		return rule.of in (item_code, item.variant_of)
	if rule.apply_on == "Item Group":
		return item.item_group in groups.get(rule.of, ())
	return bool(item.brand) and rule.of == item.brand
