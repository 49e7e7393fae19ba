"""ORDERED files: what the company itself ordered, and when it arrived."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.files.dates import DayArray, read_dates
from rl_replenishment.core.files.keys import ITEM_CODE, WAREHOUSE, read_keys
from rl_replenishment.core.files.numbers import Range, read_numbers
from rl_replenishment.core.files.table import Column, FilePath, IntArray, read_table
from rl_replenishment.core.items import ItemKey

COLUMNS = (
	ITEM_CODE,
	Column(
		"date",
		("Order Date", "Ordered On", "Transaction Date", "Purchase Order Date", "PO Date"),
		required=True,
	),
	Column(
		"qty",
		("Quantity", "Ordered Qty", "Ordered Quantity", "Stock Qty", "Qty as per Stock UOM"),
		required=True,
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
		),
	),
)


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


def read_ordered(path: FilePath, date_format: str | None = None) -> OrderedRows:
	"""Read an ORDERED file; several rows of an order are several arrivals.

	Raises `InputError` as the parts it reads do, for negative quantities, and for an arrival before its
	order.
	"""
	table = read_table(path, COLUMNS)
	keys, item = read_keys(table)
	quantity = read_numbers(table, {"qty": Range(lowest=0.0, required=True)})["qty"]
	ordered_on = read_dates(table, "date", date_format)
	received_on = read_dates(table, "received_date", date_format, required=False)
	# comparisons with NaT are False
	early = received_on < ordered_on
	if early.any():
		row = int(np.argmax(early))
		problem = f"{received_on[row]} is before the order of {ordered_on[row]}; correct one of the two dates"
		raise table.error("received_date", row, problem)
	return OrderedRows(keys, item, ordered_on, received_on, quantity)
