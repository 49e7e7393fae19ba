"""Quantities in the stock unit: taken from the column that has them, converted, or refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.files.keys import fold
from rl_replenishment.core.files.numbers import Range, read_numbers, unit_apart
from rl_replenishment.core.files.table import Column, IntArray, Note, Table, TextColumn, shown
from rl_replenishment.core.items import ItemKey

STOCK_QTY = Column(
	"stock_qty",
	(
		"Stock Quantity",
		"Qty as per Stock UOM",
		"Qty in Stock UOM",
		"Quantity in Stock UOM",
		"Qty (Stock UOM)",
		"Base Qty",
		"Base Quantity",
		"Quantity (Base)",
		"Quantity in Base Unit",
		"Basismenge",
		"Menge in Lagereinheit",
		"Menge in Basismengeneinheit",
		"Menge in BME",
	),
)
UOM = Column(
	"uom",
	(
		"Unit",
		"Unit of Measure",
		"Sales Unit",
		"Sales UOM",
		"Order Unit",
		"Einheit",
		"Mengeneinheit",
		"ME",
		"Verkaufseinheit",
		"VME",
		"Gebinde",
		"Qty Unit",
		"Quantity Unit",
	),
)
STOCK_UOM = Column(
	"stock_uom",
	("Stock Unit", "Base Unit", "Base Unit of Measure", "BUn", "Basismengeneinheit", "BME", "Lagereinheit"),
)
FACTOR = Column(
	"conversion_factor",
	("UOM Conversion Factor", "Qty per Unit of Measure", "Umrechnungsfaktor"),
)
COLUMNS = (STOCK_QTY, UOM, STOCK_UOM, FACTOR)
#: pieces and measures, in which a quantity is that has no unit; what is packed, none is
_OF_ITEMS = (
	*(
		"st",
		"stk",
		"stck",
		"stück",
		"stueck",
		"pc",
		"pcs",
		"pce",
		"piece",
		"pieces",
		"ea",
		"each",
		"nos",
		"no",
	),
	*("unit", "units", "einheit", "einheiten", "stuk", "stuks", "pz", "pza", "pieza", "piezas", "pièce"),
	*("kg", "g", "gr", "t", "lb", "lbs", "oz", "l", "ltr", "liter", "litre", "ml", "m", "mtr", "meter"),
	*("metre", "cm", "mm", "m2", "m²", "qm", "m3", "m³", "cbm"),
)


def read_quantity(
	table: Table, keys: Sequence[ItemKey], item: IntArray, note: Note
) -> npt.NDArray[np.float64]:
	"""The quantity of each row in stock units, shape (E,).

	From `stock_qty` where the file has it, else `qty` times `conversion_factor`, else `qty`. Raises
	`InputError` for a row of which the file does not say how many stock units it is.
	"""
	if STOCK_QTY.name in table.columns:
		names = [name for name in (STOCK_QTY.name, "qty") if name in table.columns]
		found = read_numbers(table, {name: Range(required=name == STOCK_QTY.name) for name in names})
		if "qty" in names and (found["qty"] != found[STOCK_QTY.name]).any():
			taken, other = (table.columns[name].header for name in names)
			note(
				f"{table.name}: quantities are those of column {taken}, in stock units, not those of {other}."
			)
		return found[STOCK_QTY.name]
	ranges = {"qty": Range(required=True), FACTOR.name: Range(lowest=0.0)}
	numbers = read_numbers(table, {name: ranges[name] for name in ranges if name in table.columns})
	if FACTOR.name not in numbers:
		check_units(table, keys, item)
		return numbers["qty"]
	factor = numbers[FACTOR.name]
	unit, stock_unit = (_folded(table, column.name) for column in (UOM, STOCK_UOM))
	# a unit that is the stock unit needs no factor
	factor = np.where(np.isnan(factor) & (unit != "") & (unit == stock_unit), 1.0, factor)
	unknown = np.isnan(factor) | (factor == 0)
	if unknown.any():
		row = int(np.argmax(unknown))
		raise table.error(
			FACTOR.name, row, "there is no factor above 0 to convert with; fill it in, 1 for the stock unit"
		)
	if (factor != 1).any():
		note(f"{table.name}: quantities are multiplied by column {table.columns[FACTOR.name].header}.")
	return numbers["qty"] * factor


def with_units_apart(table: Table, names: Sequence[str]) -> Table:
	"""The table with the units that stand with its quantities, as in "10 Stk", in a column of their own.

	A file that has a column of units keeps it.
	"""
	if UOM.name in table.columns:
		return table
	for name in (name for name in names if name in table.columns):
		column = table.columns[name]
		numbers, units = zip(*map(unit_apart, column.distinct), strict=True)
		if not any(units):
			continue
		unit = TextColumn(column.header, list(units), column.codes)
		found = replace(column, distinct=list(numbers))
		table = replace(table, columns={**table.columns, name: found, UOM.name: unit})
		break
	return table


def check_units(table: Table, keys: Sequence[ItemKey], item: IntArray) -> None:
	"""Refuse an item whose rows are in several units, or in another than its stock unit."""
	# numbers are of something else that is called a unit
	if UOM.name not in table.columns or all(text.isdecimal() for text in table.columns[UOM.name].distinct):
		return
	unit, stock_unit = (_folded(table, column.name) for column in (UOM, STOCK_UOM))
	remedy = "add a column stock_qty or conversion_factor, or export quantities in the stock unit"
	if STOCK_UOM.name in table.columns:
		other = (unit != stock_unit) & (stock_unit != "")
		if other.any():
			row = int(np.argmax(other))
			texts = (table.columns[column.name] for column in (UOM, STOCK_UOM))
			mine, stock = (shown(column.distinct[column.codes[row]]) for column in texts)
			raise table.error(
				UOM.name, row, f"{keys[item[row]]} is in {mine}, but its stock in {stock}; {remedy}"
			)
	unit = _with_unit_of_item(unit, item, len(keys))
	first = np.full(len(keys), -1, dtype=np.int64)
	first[item[::-1]] = np.arange(len(item))[::-1]
	differs = unit != unit[first[item]]
	if differs.any():
		row = int(np.argmax(differs))
		earlier = int(first[item[row]])
		column = table.columns[UOM.name]
		mine, other_unit = (column.distinct[column.codes[at]] for at in (row, earlier))
		here = f"in {shown(mine)} here" if mine else "without a unit here"
		there = f"in {shown(other_unit)}" if other_unit else "without one"
		raise table.error(
			UOM.name, row, f"{keys[item[row]]} is {here} and {there} in row {table.lines[earlier]}; {remedy}"
		)


def _with_unit_of_item(unit: npt.NDArray[np.str_], item: IntArray, items: int) -> npt.NDArray[np.str_]:
	"""The unit of each row, shape (E,), where blank that of the item's other rows.

	If those are all in one unit that a quantity without a unit is in: pieces, or a measure. Beside boxes, it
	may well be pieces.
	"""
	blank = unit == ""
	if not blank.any() or blank.all():
		return unit
	own = np.full(items, "", dtype=unit.dtype)
	own[item[~blank]] = unit[~blank]
	return np.where(blank & np.isin(own, _OF_ITEMS)[item], own[item], unit)


def refuse_units_apart(table: Table, one: str, other: str) -> None:
	"""Refuse a row of which two quantities, as "10 Box" and "120 Stk", are in different units."""
	columns = [table.columns[name] for name in (one, other)]
	units = [[fold(unit_apart(text)[1]).rstrip(".") for text in column.distinct] for column in columns]
	first, second = (
		np.array(of_texts)[column.codes] for column, of_texts in zip(columns, units, strict=True)
	)
	# a quantity without a unit is in that of the other, unless that is a pack
	blank = ((first == "") | (second == "")) & np.isin(np.where(first == "", second, first), ("", *_OF_ITEMS))
	differs = (first != second) & ~blank
	if differs.any():
		row = int(np.argmax(differs))
		mine, its = (shown(column.distinct[column.codes[row]]) for column in columns)
		where = f"{mine} in column {columns[0].header}"
		raise table.error(other, row, f"{its} is in another unit than {where}; give both in the stock unit")


def units_of(table: Table, item: IntArray, items: int) -> tuple[str, ...]:
	"""The unit of the quantities of each of N items, "" where the file does not say."""
	converted = STOCK_QTY.name in table.columns or FACTOR.name in table.columns
	column = table.columns.get(STOCK_UOM.name)
	if column is None and not converted:
		column = table.columns.get(UOM.name)
	if column is None or all(text.isdecimal() for text in column.distinct):
		return ("",) * items
	code = np.zeros(items, dtype=np.int32)
	code[item] = column.codes
	return tuple(column.distinct[at] for at in code.tolist())


def same_unit(one: str, other: str) -> bool:
	"""Whether two names of units may be of the same one: a blank is of any."""
	return not one or not other or fold(one).rstrip(".") == fold(other).rstrip(".")


def _folded(table: Table, name: str) -> npt.NDArray[np.str_]:
	column = table.columns.get(name)
	if column is None:
		return np.full(len(table), "")
	return np.array([fold(text).rstrip(".") for text in column.distinct])[column.codes]
