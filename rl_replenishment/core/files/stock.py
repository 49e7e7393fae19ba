"""STOCK files: what is on the shelf, reserved and on its way, by item and warehouse."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.files.dates import DayArray, read_dates
from rl_replenishment.core.files.keys import ITEM_CODE, WAREHOUSE, read_keys
from rl_replenishment.core.files.numbers import Range, read_numbers
from rl_replenishment.core.files.table import Column, FilePath, IntArray, Table, read_table
from rl_replenishment.core.items import ItemKey

COLUMNS = (
	ITEM_CODE,
	WAREHOUSE,
	Column(
		"on_hand",
		("UnitsInStock", "Actual Qty", "Actual Quantity", "Balance Qty", "Qty on Hand", "Quantity on Hand"),
		required=True,
	),
	Column("on_order", ("UnitsOnOrder", "Ordered Qty", "Ordered Quantity", "Qty on Order")),
	Column("expected_date", ("Expected Delivery Date", "Expected Arrival", "Schedule Date", "Required By")),
	Column("reserved", ("Reserved Qty", "Reserved Quantity")),
)
#: no lead time is near this; an arrival beyond it is a mistyped year
FARTHEST_ARRIVAL_DAYS = 730


@dataclass(frozen=True, eq=False)
class StockRows:
	"""Stock of N item-warehouses and the A open orders for them, in stock UOM."""

	#: the item-warehouses in order of first appearance
	keys: tuple[ItemKey, ...]
	#: shape (N,); below 0 where more went out than was booked in
	on_hand: npt.NDArray[np.float64]
	#: shape (N,), promised out of `on_hand`; 0 where the file does not say
	reserved: npt.NDArray[np.float64]
	#: shape (A,), index into `keys`
	arrival_item: IntArray
	#: shape (A,), today or later; NaT without an expected date, so that the item's lead time decides
	arrival_day: DayArray
	#: shape (A,), above 0
	arrival_quantity: npt.NDArray[np.float64]


def read_stock(path: FilePath, *, today: np.datetime64, date_format: str | None = None) -> StockRows:
	"""Read a STOCK file; further rows of an item are further arrivals.

	`on_hand` and `reserved` are per item: further rows repeat them or leave them blank. An arrival that was
	expected before `today` is late and counts as due today. Raises `InputError` as the parts it reads do, and
	for rows that disagree, an item without `on_hand`, and an arrival more than two years ahead.
	"""
	table = read_table(path, COLUMNS)
	keys, item = read_keys(table)
	amount = Range(lowest=0.0)
	numbers = read_numbers(table, {"on_hand": Range(), "on_order": amount, "reserved": amount})
	expected = read_dates(table, "expected_date", date_format, required=False)
	day = today.astype("datetime64[D]")
	_refuse_far_arrivals(table, expected, day)

	on_hand = _one_per_item(table, "on_hand", numbers["on_hand"], item, keys)
	missing = np.isnan(on_hand)
	if missing.any():
		row = int(np.argmax(missing[item]))
		raise table.error("on_hand", row, f"no row of {keys[item[row]]} has a value; fill it in, 0 for none")
	reserved = np.nan_to_num(_one_per_item(table, "reserved", numbers["reserved"], item, keys))
	arriving = numbers["on_order"] > 0
	# maximum keeps NaT
	arrival_day = np.maximum(expected[arriving], day)
	return StockRows(keys, on_hand, reserved, item[arriving], arrival_day, numbers["on_order"][arriving])


def _one_per_item(
	table: Table, column: str, values: npt.NDArray[np.float64], item: IntArray, keys: tuple[ItemKey, ...]
) -> npt.NDArray[np.float64]:
	"""The value of each item, shape (N,), NaN where none of its rows has one; refuses two values."""
	given = np.flatnonzero(~np.isnan(values))
	first_row = np.full(len(keys), -1, dtype=np.int64)
	# of rows that share an item the last assignment stays: backwards, so that it is the first row
	first_row[item[given[::-1]]] = given[::-1]
	differs = values[given] != values[first_row[item[given]]]
	if differs.any():
		row = int(given[np.argmax(differs)])
		earlier = int(first_row[item[row]])
		raise table.error(
			column,
			row,
			f"{values[row]:g} differs from {values[earlier]:g} in row {table.lines[earlier]} for"
			f" {keys[item[row]]}; repeat the value or leave it blank",
		)
	return np.where(first_row >= 0, values[first_row], np.nan)


def _refuse_far_arrivals(table: Table, expected: DayArray, today: np.datetime64) -> None:
	# comparisons with NaT are False
	far = expected > today + np.timedelta64(FARTHEST_ARRIVAL_DAYS, "D")
	if far.any():
		row = int(np.argmax(far))
		problem = f"{expected[row]} is more than two years after {today}; correct the date"
		raise table.error("expected_date", row, problem)
