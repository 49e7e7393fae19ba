"""What ERPNext's own Pricing Rules for buying make of prices, by quantity and as ERPNext chooses them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import frappe
import numpy as np
from frappe.query_builder.functions import Coalesce
from frappe.utils import cint, flt

from rl_replenishment.bridge.queries import one_of
from rl_replenishment.bridge.state.units import Units

#: beyond the quantity up to which a rule holds, in stock UOM
_STEP = 1e-3
#: by what a rule applies to, as ERPNext looks for them: its table, and the field that names one
_TABLES = {
	"Item Code": ("Pricing Rule Item Code", "item_code"),
	"Item Group": ("Pricing Rule Item Group", "item_group"),
	"Brand": ("Pricing Rule Brand", "brand"),
}
_PERCENTAGE = "Discount Percentage"


class Rule(NamedTuple):
	"""One row of a Pricing Rule."""

	apply_on: str
	of: str
	#: the unit that the quantities are in, "" for stock units
	uom: str
	supplier: str
	supplier_group: str
	warehouse: str
	price_list: str
	min_qty: float
	max_qty: float
	#: of the list price of all that is ordered, in the currency of the order
	min_amount: float
	max_amount: float
	rate_or_discount: str
	#: money per unit, or percent
	amount: float
	currency: str
	priority: int
	has_priority: bool


@dataclass(frozen=True)
class Line:
	"""What ERPNext asks its rules about a line of an order."""

	item: Any
	warehouse: str
	supplier: str
	supplier_group: str
	price_list: str
	uom: str
	#: stock units per unit
	conversion: float
	#: of the order, and company currency per unit of it
	currency: str
	exchange: float
	#: company currency per stock unit, without any rule
	price: float
	#: whether that is the price of a list, and not what was paid, which had its discounts
	is_listed: bool


class Rules:
	"""The rules of one company that hold today."""

	def __init__(self, rules: Sequence[Rule], units: Units) -> None:
		self._units = units
		self._warehouses = below("Warehouse", {rule.warehouse for rule in rules})
		self._suppliers = below("Supplier Group", {rule.supplier_group for rule in rules})
		groups = below("Item Group", {rule.of for rule in rules if rule.apply_on == "Item Group"})
		self._named: dict[tuple[str, str], list[Rule]] = defaultdict(list)
		for rule in rules:
			for name in groups[rule.of] if rule.apply_on == "Item Group" else (rule.of,):
				self._named[rule.apply_on, name].append(rule)

	def prices(self, line: Line) -> list[tuple[float, float]]:
		"""Quantities in stock UOM from which a stock unit costs something else, and what; from 0 on."""
		rules = self._of(line)
		if not rules:
			return [(0.0, line.price)]
		spans = [self._span(rule, line) for rule in rules]
		steps = {0.0, *(least for least, _most in spans if np.isfinite(least))}
		steps |= {most + _STEP for _least, most in spans if np.isfinite(most)}
		found: list[tuple[float, float]] = []
		for quantity in sorted(steps):
			reached = [
				rule
				for rule, (least, most) in zip(rules, spans, strict=True)
				if least <= max(quantity, _STEP) <= most
			]
			price = _price(reached, line)
			if not found or abs(price - found[-1][1]) > 1e-9:
				found.append((quantity, price))
		return found

	def _of(self, line: Line) -> list[Rule]:
		"""Those of the item; where there are none, or these have priorities, of its group, then its brand."""
		item = line.item
		names = {
			"Item Code": (item.name, item.variant_of),
			"Item Group": (item.item_group,),
			"Brand": (item.brand,),
		}
		found: list[Rule] = []
		for apply_on in _TABLES:
			named = (rule for name in names[apply_on] for rule in self._named.get((apply_on, name or ""), ()))
			found += [rule for rule in named if self._is_met(rule, line)]
			if found and not max(found, key=lambda rule: rule.priority).has_priority:
				break
		return found

	def _is_met(self, rule: Rule, line: Line) -> bool:
		"""Whether a rule of the item is also one for the rest that the line says, whatever its quantity."""
		return (
			(rule.uom in ("", line.uom) or rule.apply_on == "Brand")
			and rule.supplier in ("", line.supplier)
			and rule.price_list in ("", line.price_list)
			and (not rule.warehouse or line.warehouse in self._warehouses[rule.warehouse])
			and (not rule.supplier_group or line.supplier_group in self._suppliers[rule.supplier_group])
		)

	def _span(self, rule: Rule, line: Line) -> tuple[float, float]:
		"""The quantities that a rule holds for, in stock UOM; one for amounts goes by the list price."""
		factor = 1.0
		# of a group, ERPNext knows no item to convert for
		if rule.uom and rule.apply_on == "Item Code":
			factor = self._units.conversion(rule.of, line.item.variant_of, rule.uom, line.item.stock_uom)
		worth = line.price / line.exchange if line.is_listed and line.exchange else 0.0
		least, most = rule.min_qty * factor, rule.max_qty * factor or np.inf
		if rule.min_amount:
			least = max(least, rule.min_amount / worth if worth else np.inf)
		if rule.max_amount and worth:
			most = min(most, rule.max_amount / worth)
		return least, most


def _price(rules: Sequence[Rule], line: Line) -> float:
	"""What a stock unit costs where these are the rules for its quantity, in company currency."""
	of_currency = [rule for rule in rules if rule.currency == line.currency]
	if len(rules) > 1 and of_currency:
		rules = of_currency
	most = max((rule.priority for rule in rules), default=0)
	rules = [rule for rule in rules if not most or rule.priority == most]
	if len(rules) > 1 and all(rule.rate_or_discount == _PERCENTAGE for rule in rules):
		rules = [rule for rule in rules if rule.price_list == line.price_list] or rules
	# of several ERPNext takes none, and asks for priorities
	return min((_applied(rule, line) for rule in rules), default=line.price)


def _applied(rule: Rule, line: Line) -> float:
	if not line.exchange and rule.rate_or_discount != _PERCENTAGE:
		# what its money is worth, nobody has recorded
		return line.price
	if rule.rate_or_discount == "Rate":
		if rule.currency != line.currency or not rule.amount:
			return line.price
		return rule.amount * line.exchange / (line.conversion if rule.uom == line.uom else 1.0)
	if not line.is_listed and not rule.min_qty:
		return line.price
	if rule.rate_or_discount == _PERCENTAGE:
		return line.price * (1 - rule.amount / 100)
	# off the unit of the order, whatever its currency
	return max(line.price - rule.amount * line.exchange / line.conversion, 0.0)


def read_rules(company: str, today: date) -> list[Rule]:
	"""The Pricing Rules that ERPNext applies to a line of a Purchase Order by what the line says alone.

	Not those with conditions, coupons, mixed or accumulated quantities, or for other items than they look at.
	In one query where there are none, in four at most.
	"""
	rule = frappe.qb.DocType("Pricing Rule")
	rows = (
		frappe.qb.from_(rule)
		.select(
			*(rule.name, rule.apply_on, rule.supplier, rule.supplier_group, rule.applicable_for),
			*(rule.warehouse, rule.for_price_list, rule.min_qty, rule.max_qty, rule.rate_or_discount),
			*(rule.rate, rule.discount_amount, rule.discount_percentage, rule.currency),
			*(rule.has_priority, rule.priority, rule.min_amt, rule.max_amt),
		)
		.where((rule.buying == 1) & (rule.disable == 0))
		.where((rule.price_or_product_discount == "Price") & rule.apply_on.isin([*_TABLES]))
		.where((rule.mixed_conditions == 0) & (rule.is_cumulative == 0) & (rule.coupon_code_based == 0))
		.where((Coalesce(rule.condition, "") == "") & (Coalesce(rule.apply_rule_on_other, "") == ""))
		.where(Coalesce(rule.applicable_for, "").isin(["", "Supplier", "Supplier Group"]))
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
					supplier_group=(row.supplier_group or "")
					if row.applicable_for == "Supplier Group"
					else "",
					warehouse=row.warehouse or "",
					price_list=row.for_price_list or "",
					min_qty=flt(row.min_qty),
					max_qty=flt(row.max_qty),
					min_amount=flt(row.min_amt),
					max_amount=flt(row.max_amt),
					rate_or_discount=row.rate_or_discount or "",
					amount=flt(amounts.get(row.rate_or_discount, row.discount_percentage)),
					currency=row.currency or "",
					priority=cint(row.priority),
					has_priority=bool(row.has_priority),
				)
			)
	return found


def below(doctype: str, names: Collection[str]) -> dict[str, set[str]]:
	"""What some nodes of a tree stand for: themselves, and those below."""
	found: dict[str, set[str]] = defaultdict(set)
	if wanted := sorted({name for name in names if name}):
		node, top = frappe.qb.DocType(doctype), frappe.qb.DocType(doctype).as_("top")
		rows = (
			frappe.qb.from_(node)
			.join(top)
			.on((node.lft >= top.lft) & (node.rgt <= top.rgt))
			.select(top.name, node.name)
			.where(one_of(top.name, wanted))
			.run()
		)
		for above, name in rows:
			found[above].add(name)
	return found
