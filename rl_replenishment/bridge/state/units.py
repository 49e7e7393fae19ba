"""Units of measure: how much stock a purchase unit holds, and which units come only whole."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from fractions import Fraction

import frappe

from rl_replenishment.bridge.queries import one_of

#: conversions are decimals: 0.333 stands for a third
_LARGEST_DENOMINATOR = 1000


@dataclass(frozen=True)
class Units:
	"""What is known of units."""

	#: those that must be whole numbers
	whole: frozenset[str]
	#: by (item code, unit): stock units per unit
	of_items: dict[tuple[str, str], float]
	#: by (unit, other unit): other units per unit
	in_general: dict[tuple[str, str], float]

	def conversion(self, item_code: str, variant_of: str | None, uom: str, stock_uom: str) -> float:
		"""Stock units per unit, found as ERPNext does: item, template, then whatever the item; else 1."""
		if uom == stock_uom:
			return 1.0
		return (
			self.of_items.get((item_code, uom))
			or self.of_items.get((variant_of or "", uom))
			or self._general_conversion(uom, stock_uom)
			or 1.0
		)

	def _general_conversion(self, uom: str, stock_uom: str) -> float:
		if factor := self.in_general.get((uom, stock_uom)):
			return factor
		if factor := self.in_general.get((stock_uom, uom)):
			return 1 / factor
		for (unit, other), factor in self.in_general.items():
			if other == stock_uom and (to_uom := self.in_general.get((unit, uom))):
				return factor / to_uom
		return 0.0

	def order_multiple(self, uom: str, stock_uom: str, conversion: float) -> float:
		"""The smallest step between two orders, in stock units; 0 where any fraction can be ordered.

		Both the quantity in the purchase unit and that in stock units are whole where their units must be.
		"""
		is_whole, is_stock_whole = uom in self.whole, stock_uom in self.whole
		if is_whole and is_stock_whole:
			return float(Fraction(conversion).limit_denominator(_LARGEST_DENOMINATOR).numerator) or 1.0
		if is_whole:
			return conversion
		return 1.0 if is_stock_whole else 0.0


def read_units(item_codes: Collection[str]) -> Units:
	"""Read the conversions of some items and templates and the general ones, in three queries."""
	unit, factor = frappe.qb.DocType("UOM"), frappe.qb.DocType("UOM Conversion Factor")
	detail = frappe.qb.DocType("UOM Conversion Detail")
	whole = frappe.qb.from_(unit).select(unit.name).where(unit.must_be_whole_number == 1).run()
	of_items = (
		frappe.qb.from_(detail)
		.select(detail.parent, detail.uom, detail.conversion_factor)
		.where((detail.parenttype == "Item") & one_of(detail.parent, item_codes))
		.run()
	)
	in_general = frappe.qb.from_(factor).select(factor.from_uom, factor.to_uom, factor.value).run()
	return Units(
		frozenset(name for (name,) in whole),
		{(item_code, uom): float(value) for item_code, uom, value in of_items if value},
		{(uom, other): float(value) for uom, other, value in in_general if value},
	)
