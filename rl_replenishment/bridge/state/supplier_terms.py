"""What suppliers ask of orders, as RL Supplier Terms, Item and Holiday List have it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import frappe
import numpy as np
import numpy.typing as npt
from frappe.utils import flt

from rl_replenishment.bridge.queries import one_of
from rl_replenishment.bridge.state.order_prices import OrderPrice, Wanted, as_breaks, read_order_prices
from rl_replenishment.bridge.state.prices import exchange_rates
from rl_replenishment.bridge.state.pricing_rules import Rule, read_rules
from rl_replenishment.core.files.terms import minute_of
from rl_replenishment.core.items import ItemTable
from rl_replenishment.core.terms.terms import END_OF_DAY, SupplierTerms, Terms

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONEY = ("minimum_value", "freight_cost", "free_freight_value")
_FIELDS = (
	*("name", "currency", "minimum_quantity", "minimum_weight", "weight_uom", "closing_time", "holiday_list"),
	*_MONEY,
	*(f"{kind}_{day}" for kind in ("order", "deliver") for day in WEEKDAYS),
)


def read_terms(company: str, items: ItemTable, today: date, *, with_prices: bool = False) -> Terms | None:
	"""The terms under which N item-warehouses are bought, in company currency; None where nobody has any.

	In at most five queries. Amounts in a currency without a rate for buying ask for nothing. Where asked for,
	`with_prices` that orders would have, and those by quantity that Pricing Rules make of them: in at most
	nineteen more.
	"""
	rows = _rows({name for name in items.suppliers if name})
	rules = read_rules(company, today) if with_prices else []
	if not rows and not rules:
		return None
	prices = _prices(company, items, today, rules) if with_prices else []
	price = [each.rate for each in prices] if with_prices else None
	breaks = as_breaks(prices)
	# whoever has prices by quantity and asks for nothing else is a supplier with terms, too
	others = {items.suppliers[i] for i in breaks.item.tolist()} - {row.name for row in rows} - {""}
	rows += [frappe._dict(dict.fromkeys(_FIELDS), name=name) for name in sorted(others)]
	if not rows:
		return None
	own = frappe.get_cached_value("Company", company, "default_currency")
	rates = exchange_rates(own, today) if any(row.currency not in (None, "", own) for row in rows) else {}
	holidays = _holidays({row.holiday_list for row in rows if row.holiday_list})

	def money(fieldname: str) -> list[float]:
		return [
			flt(row[fieldname])
			* (rates.get(row.currency, 0.0) if row.currency and row.currency != own else 1)
			for row in rows
		]

	free = np.array(money("free_freight_value"))
	suppliers = SupplierTerms.create(
		[row.name for row in rows],
		minimum_value=money("minimum_value"),
		minimum_weight=[flt(row.minimum_weight) for row in rows],
		minimum_quantity=[flt(row.minimum_quantity) for row in rows],
		freight_cost=money("freight_cost"),
		free_freight_value=np.where(free > 0, free, np.inf),
		order_days=[_week(row, "order") for row in rows],
		delivery_days=[_week(row, "deliver") for row in rows],
		closing_minute=[minute_of(row.closing_time or "") or END_OF_DAY for row in rows],
		holidays=[holidays.get(row.holiday_list, []) for row in rows],
	)
	terms = Terms.create(suppliers, items, price=price, breaks=breaks)
	if not (suppliers.minimum[1] > 0).any():
		return terms
	uoms = [row.weight_uom for row in rows]
	wanted = [uoms[at] if at >= 0 else None for at in terms.of_item.tolist()]
	return replace(terms, weight=read_weights([key.item_code for key in items.keys], wanted))


def _prices(company: str, items: ItemTable, today: date, rules: Sequence[Rule]) -> list[OrderPrice]:
	"""What each is ordered at: where nobody knows, its cost."""
	costs = items.unit_cost.astype(np.float64).tolist()
	wanted = [
		Wanted(key.item_code, key.warehouse, supplier, otherwise=cost)
		for key, supplier, cost in zip(items.keys, items.suppliers, costs, strict=True)
	]
	return read_order_prices(company, wanted, today, rules)


def _rows(names: Collection[str]) -> list[Any]:
	if not names:
		return []
	return frappe.get_all(
		"RL Supplier Terms",
		{"name": ("in", sorted(names)), "disabled": 0},
		list(_FIELDS),
		order_by="name",
	)


def _week(row: Any, kind: str) -> list[bool]:
	"""Monday to Sunday; no day is any day."""
	days = [bool(row[f"{kind}_{day}"]) for day in WEEKDAYS]
	return days if any(days) else [True] * len(days)


def _holidays(lists: Collection[str]) -> dict[str, list[date]]:
	found: dict[str, list[date]] = defaultdict(list)
	if lists:
		row = frappe.qb.DocType("Holiday")
		query = frappe.qb.from_(row).select(row.parent, row.holiday_date)
		for name, day in query.where(one_of(row.parent, sorted(lists))).run():
			found[name].append(day)
	return found


def read_weights(codes: Sequence[str], uoms: Sequence[str | None]) -> npt.NDArray[np.float64]:
	"""What a stock unit of N items weighs, in a unit of its own each, shape (N,); 0 where nobody knows.

	In two queries; in none where no unit is given.
	"""
	found = np.zeros(len(codes))
	known_uoms = sorted({uom for uom in uoms if uom})
	if not known_uoms:
		return found
	item, factor = frappe.qb.DocType("Item"), frappe.qb.DocType("UOM Conversion Factor")
	weighed = {code for code, uom in zip(codes, uoms, strict=True) if uom}
	known = {
		code: (flt(weight), uom)
		for code, weight, uom in frappe.qb.from_(item)
		.select(item.name, item.weight_per_unit, item.weight_uom)
		.where(one_of(item.name, sorted(weighed)))
		.run()
	}
	factors: dict[tuple[str, str], float] = {}
	for start, end, value in (
		frappe.qb.from_(factor)
		.select(factor.from_uom, factor.to_uom, factor.value)
		.where(factor.to_uom.isin(known_uoms) | factor.from_uom.isin(known_uoms))
		.run()
	):
		if flt(value) > 0:
			factors[start, end] = flt(value)
			factors.setdefault((end, start), 1 / flt(value))
	for i, (code, wanted) in enumerate(zip(codes, uoms, strict=True)):
		weight, uom = known.get(code, (0.0, None))
		if weight and uom and wanted:
			found[i] = weight * (1.0 if uom == wanted else factors.get((uom, wanted), 0.0))
	return found
