"""ITEMS files: costs, lead times and order sizes of each item-warehouse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.errors import InputError
from rl_replenishment.core.files.dated import END as END_OF_LIFE
from rl_replenishment.core.files.keys import ITEM_CODE, WAREHOUSE, read_keys
from rl_replenishment.core.files.matching import find_items
from rl_replenishment.core.files.numbers import Range, read_numbers
from rl_replenishment.core.files.table import (
	Column,
	FilePath,
	IntArray,
	Note,
	Table,
	read_table,
	shown,
	tell_unread,
	unheard,
)
from rl_replenishment.core.items import DEFAULTS, ItemKey, ItemTable

#: of how many units the cost is the price
PRICE_UNIT = Column("price_unit", ("Price Unit", "Price per", "Preiseinheit", "PEINH"))
LEAD_TIME_WEEKS = Column(
	"lead_time_weeks",
	("Lead Time (weeks)", "Lead Time in Weeks", "Lieferzeit (Wochen)", "Lieferzeit in Wochen"),
)
CURRENCY = Column("currency", ("Währung", "Currency Code", "Waers"))
COLUMNS = (
	ITEM_CODE,
	WAREHOUSE,
	Column("supplier", ("Supplier Name", "Default Supplier")),
	Column("item_group", ("Item Group", "Category", "Category Name")),
	Column(
		"lead_time_days",
		("Lead Time", "Lead Time in Days", "Lead Time (days)"),
		weaker=("Lieferzeit", "Lieferzeit (Tage)", "Wiederbeschaffungszeit", "Planlieferzeit", "LT"),
	),
	Column("lead_time_std_days", ("Lead Time Std", "Lead Time Deviation")),
	Column(
		"unit_cost",
		("Unit Price", "Valuation Rate"),
		weaker=(
			*("Cost", "Cost Price", "Purchase Price", "Buying Price", "Standard Cost", "Einstandspreis"),
			*("Einkaufspreis", "EK", "EK-Preis", "Stückkosten"),
		),
	),
	Column("holding_cost_rate", ("Holding Rate", "Carrying Cost Rate"), weaker=("Lagerkostensatz",)),
	Column("stockout_cost", weaker=("Fehlmengenkosten",)),
	Column("stockout_cost_rate"),
	Column(
		"order_cost",
		("Ordering Cost", "Cost per Order"),
		weaker=("Bestellkosten", "Bestellkosten je Position", "Fixe Bestellkosten"),
	),
	Column(
		"min_order_qty",
		("Minimum Order Qty", "Minimum Order Quantity", "Min Order Quantity", "MOQ"),
		weaker=("Mindestbestellmenge", "Mindestmenge", "Min Qty"),
	),
	Column(
		"order_multiple",
		("Pack Size", "Lot Multiple", "Order Multiple Qty"),
		weaker=("Verpackungseinheit", "VPE", "Case Pack", "Case Size", "Rounding Value", "Rundungswert"),
	),
	Column("max_order_qty", ("Maximum Order Qty", "Maximum Order Quantity", "Max Order Quantity")),
	Column("shelf_life_days", ("Shelf Life in Days",), weaker=("Shelf Life", "Haltbarkeit")),
	PRICE_UNIT,
	CURRENCY,
	LEAD_TIME_WEEKS,
	END_OF_LIFE,
)
LONGEST_LEAD_TIME_DAYS = 365.0
#: no stock costs more than twice its price in a year; 25 is 25 % in another notation
HIGHEST_HOLDING_RATE = 2.0
_NOT_NEGATIVE, _MONEY = Range(lowest=0.0), Range(lowest=0.0, money=True)
#: the numeric columns, which are also the names that `defaults` may hold
RANGES: Mapping[str, Range] = MappingProxyType(
	{
		"lead_time_days": Range(0.0, LONGEST_LEAD_TIME_DAYS, days=True),
		"lead_time_std_days": Range(0.0, LONGEST_LEAD_TIME_DAYS, days=True),
		"unit_cost": _MONEY,
		"holding_cost_rate": Range(
			0.0, HIGHEST_HOLDING_RATE, remedy="write 0.25 for 25 % a year", share=True
		),
		"stockout_cost": _MONEY,
		"stockout_cost_rate": Range(lowest=0.0, share=True),
		"order_cost": _MONEY,
		"min_order_qty": _NOT_NEGATIVE,
		"order_multiple": _NOT_NEGATIVE,
		"max_order_qty": _NOT_NEGATIVE,
		"shelf_life_days": Range(lowest=0.0, days=True),
	}
)
Float64Array: TypeAlias = npt.NDArray[np.float64]


def read_items(
	path: FilePath,
	keys: Sequence[ItemKey],
	defaults: Mapping[str, float] | None = None,
	note: Note = unheard,
) -> tuple[ItemTable, tuple[ItemKey, ...]]:
	"""Read an ITEMS file for exactly the given item-warehouses.

	A row without warehouse holds for all warehouses of its item; a row with one goes before it, cell by cell.
	A blank cell takes the value of `defaults` (named as the columns), then `core.items.DEFAULTS`. A
	`stockout_cost` goes before a `stockout_cost_rate` of the same row. A `shelf_life_days` of 0 is none, as
	in ERPNext; a `max_order_qty` of 0 stops orders. Rows of other items are ignored.

	Returns the table, in the order of `keys`, and the keys that have no row. Raises `InputError` as the parts
	it reads do, and for a second row of the same item and warehouse.
	"""
	table = read_table(path, COLUMNS, note=note)
	_refuse_several_currencies(table)
	row_keys, key_of_row = read_keys(table, note)
	_refuse_duplicates(table, row_keys, key_of_row)
	# one row more, all blank, which stands for "no row" at index -1
	columns = {name: np.append(column, np.nan) for name, column in read_numbers(table, RANGES).items()}
	columns["shelf_life_days"][columns["shelf_life_days"] == 0] = np.inf
	columns["unit_cost"] /= np.append(_units_priced(table, note), 1)
	_from_weeks(table, columns)
	tell_unread(path, COLUMNS, note)
	texts = {name: [*table.texts(name), ""] for name in ("supplier", "item_group")}

	rows_of_item, rows_of_key = _rows_of(table, row_keys, key_of_row, keys, note)
	values = {name: np.full(len(keys), np.nan) for name in RANGES}
	for rows in (rows_of_item, rows_of_key):
		# the rate of a warehouse's own row goes before the money of its item's row
		values["stockout_cost"][~np.isnan(columns["stockout_cost_rate"][rows])] = np.nan
		for name, column in columns.items():
			values[name] = np.where(np.isnan(column[rows]), values[name], column[rows])
	suppliers, groups = (
		[column[own] or column[general] for own, general in zip(rows_of_key, rows_of_item, strict=True)]
		for column in texts.values()
	)
	items = _table(keys, values, suppliers, groups, defaults)
	_refuse_unorderable(table, items, columns["max_order_qty"], (rows_of_key, rows_of_item))
	without = np.flatnonzero((rows_of_key < 0) & (rows_of_item < 0))
	return items, tuple(keys[int(index)] for index in without)


def _units_priced(table: Table, note: Note) -> Float64Array:
	"""Of how many units each row's cost is the price, shape (E,)."""
	if PRICE_UNIT.name not in table.columns:
		return np.ones(len(table))
	count = read_numbers(table, {PRICE_UNIT.name: Range(lowest=1e-6)})[PRICE_UNIT.name]
	count = np.where(np.isnan(count), 1.0, count)
	if (count != 1).any():
		note(f"{table.name}: costs are divided by column {table.columns[PRICE_UNIT.name].header}.")
	return count


def _from_weeks(table: Table, columns: dict[str, Float64Array]) -> None:
	"""Fill in lead times that the file has in weeks."""
	name = LEAD_TIME_WEEKS.name
	if name in table.columns:
		longest = Range(0.0, LONGEST_LEAD_TIME_DAYS / 7)
		weeks = np.append(read_numbers(table, {name: longest})[name], np.nan)
		columns["lead_time_days"] = np.where(
			np.isnan(columns["lead_time_days"]), 7 * weeks, columns["lead_time_days"]
		)


def _refuse_several_currencies(table: Table) -> None:
	if CURRENCY.name not in table.columns:
		return
	currencies = table.columns[CURRENCY.name]
	first = next((text for text in currencies.distinct if text), "")
	for code, text in enumerate(currencies.distinct):
		if text and text.casefold() != first.casefold():
			problem = f"{shown(text)} beside {shown(first)}; convert all money to one currency"
			raise table.error(CURRENCY.name, currencies.first_row(code), problem)


def item_table(keys: Sequence[ItemKey], defaults: Mapping[str, float] | None = None) -> ItemTable:
	"""The table without an ITEMS file: `defaults` (named as the columns), then `core.items.DEFAULTS`."""
	return _table(keys, {name: np.full(len(keys), np.nan) for name in RANGES}, (), (), defaults)


def _table(
	keys: Sequence[ItemKey],
	values: Mapping[str, Float64Array],
	suppliers: Sequence[str],
	groups: Sequence[str],
	defaults: Mapping[str, float] | None,
) -> ItemTable:
	"""Fill the NaN of `values` with the defaults."""
	given = dict(defaults or {})
	for name, value in given.items():
		problem = "is not a number; correct it" if np.isnan(value) else RANGES[name].problem(value)
		if problem and value != DEFAULTS.get(name):
			raise InputError(f"--{name.replace('_', '-')}: {value:g} {problem}.")
	given["shelf_life_days"] = given.get("shelf_life_days") or np.inf
	# a row's rate goes before a default in money
	no_rate = np.isnan(values["stockout_cost_rate"])
	cost = np.where(
		np.isnan(values["stockout_cost"]) & no_rate,
		given.pop("stockout_cost", np.nan),
		values["stockout_cost"],
	)
	filled = {
		name: np.where(np.isnan(column), given.get(name, DEFAULTS[name]), column)
		for name, column in values.items()
		if name != "stockout_cost"
	}
	share = filled.pop("stockout_cost_rate") * filled["unit_cost"]
	stockout_cost = np.where(np.isnan(cost), share, cost)
	return ItemTable.create(keys, suppliers, groups, stockout_cost=stockout_cost, **filled)


def _rows_of(
	table: Table, row_keys: Sequence[ItemKey], key_of_row: IntArray, keys: Sequence[ItemKey], note: Note
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
	"""The row without warehouse and the row of its own of each of N keys, each of shape (N,), -1 for none."""

	def refusal(_: int, problem: str) -> InputError:
		return InputError(f"{table.name}: {problem}.")

	def tell(text: str) -> None:
		note(f"{table.name}: {text}")

	# one row more, which stands for "no row" at index -1
	row_of = np.full(len(row_keys) + 1, -1, dtype=np.intp)
	row_of[key_of_row] = np.arange(len(key_of_row))
	general = [at for at, key in enumerate(row_keys) if not key.warehouse]
	own = [at for at, key in enumerate(row_keys) if key.warehouse]
	rows_of_item, rows_of_key = (
		row_of[
			np.append(places, -1).astype(np.intp)[
				find_items(asked, [row_keys[at] for at in places], refusal, tell)
			]
		]
		for places, asked in ((general, [ItemKey(key.item_code) for key in keys]), (own, keys))
	)
	# a key without a warehouse has no row of one
	without = np.array([not key.warehouse for key in keys], dtype=np.bool_)
	return rows_of_item, np.where(without, rows_of_item, rows_of_key)


def _refuse_duplicates(table: Table, keys: Sequence[ItemKey], key_of_row: IntArray) -> None:
	seen: dict[int, int] = {}
	for row, index in enumerate(key_of_row.tolist()):
		earlier = seen.setdefault(index, row)
		if earlier != row:
			problem = (
				f"{shown(str(keys[index]))} is also in row {table.lines[earlier]}; keep one of the two rows"
			)
			raise table.error(ITEM_CODE.name, row, problem)


def _refuse_unorderable(
	table: Table, items: ItemTable, maximum: Float64Array, rows: Sequence[npt.NDArray[np.intp]]
) -> None:
	"""Refuse a largest order that is above 0 and yet below the smallest; 0 is how a file stops orders."""
	for index in np.flatnonzero((items.max_order_qty > 0) & (items.largest_order <= 0)):
		row = next((int(found[index]) for found in rows if not np.isnan(maximum[found[index]])), None)
		if row is not None:
			pack, least = items.order_unit[index], items.smallest_order[index]
			raise table.error(
				"max_order_qty",
				row,
				f"{maximum[row]:g} leaves no order possible, with packs of {pack:g} and a minimum order of"
				f" {least:g}; raise it, or leave it blank for no limit",
			)
