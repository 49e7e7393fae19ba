"""What is known of each item-warehouse for ordering: lead time, costs, order sizes, supplier, units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import frappe
import numpy as np
import numpy.typing as npt
from frappe.model.document import Document
from frappe.utils import add_days, getdate

from rl_replenishment.bridge import figures
from rl_replenishment.bridge.queries import Keys, one_of
from rl_replenishment.bridge.state.lead_times import LeadTime, learn_lead_times
from rl_replenishment.bridge.state.order_prices import Wanted, read_order_prices
from rl_replenishment.bridge.state.prices import (
	has_other_currencies,
	last_purchase_rates,
	valuation_rates,
)
from rl_replenishment.bridge.state.suppliers import (
	first_listed_suppliers,
	last_suppliers,
	read_default_suppliers,
)
from rl_replenishment.bridge.state.units import Units, read_units
from rl_replenishment.core.items import DEFAULTS, ItemKey, ItemTable
from rl_replenishment.core.lead_times import LONGEST_LEAD_TIME


@dataclass(frozen=True, eq=False)
class Purchasing:
	"""What a document to buy N item-warehouses needs besides the `ItemTable`."""

	item_names: tuple[str, ...]
	item_groups: tuple[str, ...]
	stock_uoms: tuple[str, ...]
	purchase_uoms: tuple[str, ...]
	#: stock units per purchase unit, shape (N,); as ERPNext has it, to the last digit
	conversion: npt.NDArray[np.float64]
	#: whether the stock unit comes only whole, shape (N,)
	whole: npt.NDArray[np.bool_]
	#: whether the purchase unit comes only whole, shape (N,)
	purchase_whole: npt.NDArray[np.bool_]
	#: company currency per stock unit, shape (N,); 0 where unknown
	rates: npt.NDArray[np.float64]

	def in_stock_units(self, i: int, quantity: float) -> float:
		"""A quantity of item-warehouse `i` as documents hold it: whole packs where it is bought in these."""
		pack = float(self.conversion[i]) if self.purchase_whole[i] else 0.0
		return figures.quantity(quantity, is_whole=bool(self.whole[i]), pack=pack)


class _Item(NamedTuple):
	name: str
	item_name: str
	item_group: str
	brand: str | None
	variant_of: str | None
	stock_uom: str
	purchase_uom: str | None
	min_order_qty: float
	lead_time_days: int
	valuation_rate: float
	has_expiry_date: int
	shelf_life_in_days: int


def read_parameters(settings: Document, keys: Sequence[ItemKey]) -> tuple[ItemTable, Purchasing]:
	"""Read the parameters of N item-warehouses, in at most twenty queries whatever N.

	* Lead time: learned from orders received in the history window, where the agent wants that and there are
	  enough; else the item's; else the agent's default.
	* Cost of a unit, in company currency: what the company paid last; else the valuation of its stock; else
	  the item's own, where all companies of the site have one currency; else the buying price. Where there is
	  none of these, costs are those of a unit worth 1.
	* Supplier: the default one (item, item group, brand); else the first in the item's table; else the one of
	  the latest Purchase Order.
	* Order sizes: the minimum is in stock units, as ERPNext takes it; steps are whole purchase units.
	"""
	today = getdate()
	at = Keys(keys)
	items = _read_items(at)
	of_key = [items[key.item_code] for key in keys]
	suppliers = _suppliers(settings.company, items)
	units = read_units({*items, *(item.variant_of for item in items.values() if item.variant_of)})
	purchasing = _purchasing(of_key, units, _rates(settings.company, at, items, suppliers, today))
	lead_times = _lead_times(settings, items, suppliers, today)
	table = ItemTable.create(
		tuple(keys),
		at.by_item(suppliers, ""),
		[item.item_group for item in of_key],
		lead_time_days=[lead_times[key.item_code].mean_days for key in keys],
		lead_time_std_days=[lead_times[key.item_code].std_days for key in keys],
		unit_cost=np.where(purchasing.rates > 0, purchasing.rates, DEFAULTS["unit_cost"]),
		holding_cost_rate=settings.holding_rate,
		stockout_cost_rate=settings.stockout_rate,
		order_cost=settings.order_cost or 0.0,
		min_order_qty=[max(item.min_order_qty, 0.0) for item in of_key],
		order_multiple=[
			units.order_multiple(uom, stock_uom, float(conversion))
			for uom, stock_uom, conversion in zip(
				purchasing.purchase_uoms, purchasing.stock_uoms, purchasing.conversion, strict=True
			)
		],
		shelf_life_days=[_shelf_life(item) for item in of_key],
	)
	return table, purchasing


def _read_items(at: Keys) -> dict[str, _Item]:
	item = frappe.qb.DocType("Item")
	rows = (
		frappe.qb.from_(item)
		.select(*(item[name] for name in _Item._fields))
		.where(one_of(item.name, at.item_codes))
		.run()
	)
	return {row[0]: _Item(*row) for row in rows}


def _suppliers(company: str, items: dict[str, _Item]) -> dict[str, str]:
	defaults = read_default_suppliers(company)
	suppliers = {code: defaults.of(code, item.item_group, item.brand) for code, item in items.items()}
	for look_up in (first_listed_suppliers, lambda codes: last_suppliers(company, codes)):
		if without := [code for code, supplier in suppliers.items() if not supplier]:
			suppliers |= look_up(without)
	return suppliers


def _rates(
	company: str, at: Keys, items: dict[str, _Item], suppliers: dict[str, str], today: date
) -> npt.NDArray[np.float64]:
	"""Company currency per stock unit, shape (N,)."""
	paid = last_purchase_rates(company, items)
	rates = np.array(at.by_item(paid, 0.0), dtype=np.float64)
	if (rates <= 0).any():
		rates = np.where(rates > 0, rates, valuation_rates(company, at))
	if (rates <= 0).any() and not has_other_currencies(company):
		own = {code: item.valuation_rate for code, item in items.items()}
		rates = np.where(rates > 0, rates, np.array(at.by_item(own, 0.0), dtype=np.float64))
	unknown = np.flatnonzero(rates <= 0)
	if not len(unknown):
		return rates
	wanted = [Wanted(*at.keys[i], suppliers[at.keys[i].item_code]) for i in unknown]
	rates[unknown] = [price.rate for price in read_order_prices(company, wanted, today)]
	return np.maximum(rates, 0)


def _purchasing(items: Sequence[_Item], units: Units, rates: npt.NDArray[np.float64]) -> Purchasing:
	purchase_uoms = tuple(item.purchase_uom or item.stock_uom for item in items)
	return Purchasing(
		item_names=tuple(item.item_name for item in items),
		item_groups=tuple(item.item_group for item in items),
		stock_uoms=tuple(item.stock_uom for item in items),
		purchase_uoms=purchase_uoms,
		conversion=np.array(
			[
				units.conversion(item.name, item.variant_of, uom, item.stock_uom)
				for item, uom in zip(items, purchase_uoms, strict=True)
			],
			dtype=np.float64,
		),
		whole=np.array([item.stock_uom in units.whole for item in items], dtype=bool),
		purchase_whole=np.array([uom in units.whole for uom in purchase_uoms], dtype=bool),
		rates=rates,
	)


def _lead_times(
	settings: Document, items: dict[str, _Item], suppliers: dict[str, str], today: date
) -> dict[str, LeadTime]:
	assumed = float(settings.default_lead_time_days or 0)
	lead_times = {
		code: LeadTime(float(min(item.lead_time_days or assumed, LONGEST_LEAD_TIME)), 0.0)
		for code, item in items.items()
	}
	if settings.use_learned_lead_times:
		since = add_days(today, -settings.history_days)
		learned = learn_lead_times(settings.company, set(suppliers.values()), since)
		for code in items:
			lead_times[code] = learned.of(code, suppliers[code]) or lead_times[code]
	return lead_times


def _shelf_life(item: _Item) -> float:
	keeps = not (item.has_expiry_date and item.shelf_life_in_days)
	return np.inf if keeps else float(item.shelf_life_in_days)
