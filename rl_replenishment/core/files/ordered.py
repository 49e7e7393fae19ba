"""ORDERED files: what the company itself ordered, and when it arrived."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.demand.rhythm import DAILY
from rl_replenishment.core.errors import InputError
from rl_replenishment.core.files import counted, units
from rl_replenishment.core.files.called_off import COLUMNS as CALLED_OFF
from rl_replenishment.core.files.called_off import less_called_off
from rl_replenishment.core.files.dates import DayArray, read_periods, refuse_far_ahead
from rl_replenishment.core.files.keys import ITEM_CODE, WAREHOUSE, read_keys
from rl_replenishment.core.files.repeats import refuse_repeated_blocks, without_totals
from rl_replenishment.core.files.table import (
	Column,
	FilePath,
	IntArray,
	Note,
	Table,
	read_table,
	shown,
	unheard,
)
from rl_replenishment.core.items import ItemKey

COLUMNS = (
	ITEM_CODE,
	*units.COLUMNS,
	Column(
		"date",
		(
			*("Order Date", "Ordered On", "Transaction Date", "Purchase Order Date", "PO Date"),
			*("Bestelldatum", "Belegdatum", "Datum"),
		),
		required=True,
	),
	Column(
		"qty",
		("Quantity", "Ordered Qty", "Ordered Quantity", "Bestellte Menge", "Bestellmenge", "Menge"),
		required=True,
		unless=units.STOCK_QTY.name,
		tell_others=True,
	),
	WAREHOUSE,
	Column(
		"received_date",
		(
			"Received On",
			"Receipt Date",
			"Arrival Date",
			"Delivery Date",
			"Posting Date",
			"Expected Delivery Date",
			"Required By",
			"Wareneingang",
			"Wareneingangsdatum",
			"Lieferdatum",
			"Eingangsdatum",
		),
	),
	counted.STATUS,
	counted.CANCELLED,
	counted.IS_RETURN,
	*CALLED_OFF,
)
#: what arrives, or is ordered, so long after the rest has a mistyped year
_FARTHEST_DAYS = 730


@dataclass(frozen=True, eq=False)
class OrderedRows:
	"""E purchase order lines, or parts of them that arrived on their own, of N item-warehouses."""

	#: the item-warehouses in order of first appearance
	keys: tuple[ItemKey, ...]
	#: shape (E,), index into `keys`
	item: IntArray
	#: shape (E,), the day of the order
	ordered_on: DayArray
	#: shape (E,), the day of arrival; NaT where the file does not say, so that the lead time decides
	received_on: DayArray
	#: shape (E,), stock UOM, 0 or more
	quantity: npt.NDArray[np.float64]


def read_ordered(path: FilePath, date_format: str | None = None, note: Note = unheard) -> OrderedRows:
	"""Read an ORDERED file; several rows of an order are several arrivals.

	What was cancelled, or is no more than a draft, is left out, as is of a line what it says was cancelled,
	never came though it is over, or went back. `note` is told what was read otherwise than
	it may look. Raises `InputError` as the parts it reads do, for what went back, weeks or months
	instead of days, an arrival before its order or long after it, and where the file holds an export twice.
	"""
	table = counted.without_called_off(read_table(path, COLUMNS, digests=True, note=note), note)
	if not len(table):
		raise InputError(f"{table.name}: no row is left that was ordered; give the orders that were.")
	table = units.with_units_apart(table, (units.STOCK_QTY.name, "qty"))
	table = without_totals(table, "qty", "date", note)
	keys, item = read_keys(table, note)
	quantity = units.read_quantity(table, keys, item, note)
	back = (quantity < 0) | counted.return_lines(table, unheard)
	if back.any():
		name = "qty" if "qty" in table.columns else units.STOCK_QTY.name
		row, column = int(np.argmax(back)), table.columns[name]
		text = shown(column.distinct[column.codes[row]])
		what = "below 0, the least allowed" if quantity[row] < 0 else "a return by another column"
		raise table.error(name, row, f"{text} is {what}; correct it, or leave out what went back")
	quantity = less_called_off(table, quantity, note)
	ordered_on, received_on = (_days(table, name, date_format) for name in ("date", "received_date"))
	# comparisons with NaT are False
	early = received_on < ordered_on
	if early.any():
		row = int(np.argmax(early))
		problem = f"{received_on[row]} is before the order of {ordered_on[row]}; correct one of the two dates"
		raise table.error("received_date", row, problem)
	late = received_on > ordered_on + np.timedelta64(_FARTHEST_DAYS, "D")
	if late.any():
		row = int(np.argmax(late))
		problem = (
			f"{received_on[row]} is more than two years after the order of {ordered_on[row]}; correct it"
		)
		raise table.error("received_date", row, problem)
	refuse_far_ahead(table, "date", ordered_on, _FARTHEST_DAYS)
	refuse_repeated_blocks(table, ordered_on, "orders")
	return OrderedRows(keys, item, ordered_on, received_on, quantity)


def _days(table: Table, name: str, date_format: str | None) -> DayArray:
	dates = read_periods(table, name, date_format, required=name == "date")
	if dates.rhythm != DAILY:
		column = table.columns[name]
		problem = f"{shown(column.distinct[0])} is no day, and orders are replayed by day; give the day"
		raise table.error(name, 0, problem)
	return dates.first
