"""ORDERS files: what was sold or used, by item, warehouse and day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.demand.history import DemandHistory, from_events
from rl_replenishment.core.errors import InputError
from rl_replenishment.core.files.dates import DayArray, read_dates
from rl_replenishment.core.files.keys import ITEM_CODE, WAREHOUSE, natural_order, read_keys
from rl_replenishment.core.files.numbers import Range, read_numbers
from rl_replenishment.core.files.table import Column, FilePath, IntArray, Table, read_table, shown
from rl_replenishment.core.items import ItemKey

COLUMNS = (
	ITEM_CODE,
	Column("date", ("Order Date", "Posting Date", "Transaction Date"), required=True),
	Column("qty", ("Quantity", "Stock Qty", "Qty as per Stock UOM", "Qty in Stock UOM"), required=True),
	WAREHOUSE,
)
LONGEST_DAYS = 50 * 365
#: summing events into days takes this much per day and item-warehouse (one double, one single)
BYTES_PER_CELL = 12
MOST_BYTES = 4 * 2**30


@dataclass(frozen=True, eq=False)
class Orders:
	"""E order lines of N item-warehouses."""

	#: the item-warehouses, sorted by item code (numbers by value), then warehouse
	keys: tuple[ItemKey, ...]
	#: shape (E,), index into `keys`
	item: IntArray
	#: shape (E,), whole days
	day: DayArray
	#: shape (E,), stock UOM; negative where goods came back
	quantity: npt.NDArray[np.float64]

	def history(
		self, start: np.datetime64 | None = None, end: np.datetime64 | None = None
	) -> tuple[DemandHistory, float]:
		"""The lines summed into days, and the returned quantity that no demand accounts for.

		`start` and `end` (excluded) default to the first and last line. Returns are settled as in
		`from_events`.
		"""
		return from_events(self.keys, self.item, self.day, self.quantity, start=start, end=end)


def read_orders(path: FilePath, date_format: str | None = None) -> Orders:
	"""Read an ORDERS file; a negative qty is goods that came back.

	Raises `InputError` as the parts it reads do, and where the dates span more than 50 years or the days
	times item-warehouses would need more than 4 GB.
	"""
	table = read_table(path, COLUMNS)
	keys, item = read_keys(table)
	day = read_dates(table, "date", date_format)
	quantity = read_numbers(table, {"qty": Range(required=True)})["qty"]
	_check_size(table, day, len(keys))
	order = natural_order(keys)
	rank = np.empty_like(order)
	rank[order] = np.arange(len(order), dtype=np.int32)
	return Orders(tuple(keys[index] for index in order), rank[item], day, quantity)


def _check_size(table: Table, day: DayArray, items: int) -> None:
	first, last = int(day.argmin()), int(day.argmax())
	days = int((day[last] - day[first]).astype(np.int64)) + 1
	if days > LONGEST_DAYS:
		middle = np.median(day.astype(np.int64))
		far = max(first, last, key=lambda row: abs(float(day[row].astype(np.int64)) - middle))
		column = table.columns["date"]
		text = shown(column.distinct[column.codes[far]])
		raise table.error(
			"date",
			far,
			f"{text} makes the dates span {days // 365} years, more than 50; correct or remove the row",
		)
	needed = days * items * BYTES_PER_CELL
	if needed > MOST_BYTES:
		raise InputError(
			f"{table.name} spans {days} days, from {day[first]} in row {table.lines[first]} to {day[last]} in"
			f" row {table.lines[last]}, of {items} item-warehouses, which needs {needed / 2**30:.1f} GB of"
			" memory; correct a mistaken date, leave out the oldest rows, or split the file by item."
		)
