"""STOCK files: what is on the shelf, reserved and on its way, by item and warehouse."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.errors import InputError
from rl_replenishment.core.files.available import (
	AVAILABLE,
	RESERVED_FOR,
	reserved_in_all,
	told_by_available,
)
from rl_replenishment.core.files.blocked import (
	STATUS,
	blocked_quantities,
	blocked_rows,
	leave_out_rows,
	take_off_quantities,
)
from rl_replenishment.core.files.counted import is_over
from rl_replenishment.core.files.dated import RESERVED_UNTIL, reservations
from rl_replenishment.core.files.dates import DayArray, read_periods
from rl_replenishment.core.files.keys import ITEM_CODE, fold, read_keys
from rl_replenishment.core.files.numbers import Range, read_numbers
from rl_replenishment.core.files.repeats import repeated_rows, without_totals
from rl_replenishment.core.files.stock_columns import (
	BATCH,
	COLUMNS,
	EXPIRY,
	ORDER_STATUS,
	ORDERED,
	PLACE,
	PURCHASE,
	RECEIVED,
)
from rl_replenishment.core.files.table import (
	Column,
	FilePath,
	IntArray,
	Mask,
	Note,
	Table,
	normal,
	read_table,
	rows_named,
	tell_unread,
	unheard,
)
from rl_replenishment.core.files.units import FACTOR, STOCK_QTY, check_units, units_of, with_units_apart
from rl_replenishment.core.items import ItemKey

#: headers that say of a quantity not what it is
_ANY_QUANTITY = ("qty", "quantity", "menge")
_ORDERED_ON = Column(
	"date",
	(
		"Order Date",
		"Posting Date",
		"Transaction Date",
		"Invoice Date",
		"Datum",
		"Bestelldatum",
		"Rechnungsdatum",
	),
)
#: no lead time is near this; an arrival beyond it is a mistyped year
FARTHEST_ARRIVAL_DAYS = 730
#: figures that are no quantities of a stock
_NO_STOCK = (
	r"value|rate|price|amount|cost|wert|preis|kosten|betrag|date|datum|\bid\b|\bno\b|number|nummer|\bnr\b|#|ean|gtin"
	r"|upc|barcode|weight|gewicht|plant|werk|\bage\b|alter|days|tage|week|month|year|level|reorder|re-order|minimum"
	r"|maximum|\bmin\b|\bmax\b|meldebestand|mindestbestand|höchstbestand|bestellpunkt|opening|anfangsbestand|name"
	r"|\b(?:in|out) qty\b|description|bezeichnung|group|gruppe|size|größe|\(new\)"
)
_STOCK_UNITS = frozenset(map(normal, STOCK_QTY.aliases))
_REMEDY = (
	"; repeat the value or leave it blank, or add a location or batch column that tells apart what adds up"
)


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
	#: shape (A,), before today where it is late; NaT without an expected date, so that the lead time decides
	arrival_day: DayArray
	#: shape (A,), above 0
	arrival_quantity: npt.NDArray[np.float64]
	#: the unit of each item-warehouse, "" where the file does not say
	units: tuple[str, ...]
	#: of `on_hand`, the B batches that expire, shape (B,): index into `keys`, the last day and the quantity
	batch_item: IntArray
	batch_expiry: DayArray
	batch_quantity: npt.NDArray[np.float64]
	#: what is reserved for a later day, not part of `reserved`, shape (L,): index into `keys`, the day and
	#: the quantity
	later_item: IntArray = field(default_factory=lambda: np.zeros(0, np.int32))
	later_day: DayArray = field(default_factory=lambda: np.zeros(0, "datetime64[D]"))
	later_quantity: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

	def with_none_of(self, keys: tuple[ItemKey, ...]) -> StockRows:
		"""The stock with further item-warehouses of which there is nothing."""
		nothing = np.zeros(len(keys))
		return replace(
			self,
			keys=self.keys + keys,
			on_hand=np.append(self.on_hand, nothing),
			reserved=np.append(self.reserved, nothing),
			units=(*self.units, *("",) * len(keys)),
		)


def read_stock(
	path: FilePath, *, today: np.datetime64, date_format: str | None = None, note: Note = unheard
) -> StockRows:
	"""Read a STOCK file; further rows of an item are further arrivals, or further places or batches.

	`on_hand` and `reserved` are per item and, where the file has such columns, per location and batch, which
	add up; further rows of the same repeat them or leave them blank. What expired before `today` does not
	count, nor what is blocked, see `blocked`. What is `reserved_until` a later day leaves
	then. Of an expected week or month the last day counts. `note` is told what was read otherwise than it
	may look. Raises `InputError` as the parts it reads do, and for rows that disagree or are there twice, an
	item without `on_hand`, and an arrival more than two years ahead.
	"""
	table = read_table(path, COLUMNS, digests=True, note=note)
	_refuse_orders(path, table)
	table = with_units_apart(table, ("on_hand",))
	table = without_totals(table, "on_hand", "expected_date", note)
	keys, item = read_keys(table, note)
	if FACTOR.name not in table.columns:
		check_units(table, keys, item)
	amount = Range(lowest=0.0)
	quantities = blocked_quantities(table)
	further = table.named(RESERVED_FOR.name)
	amounts = dict.fromkeys(("on_order", RECEIVED.name, "reserved", *further, *quantities), amount)
	signed = dict.fromkeys(("on_hand", *table.named(AVAILABLE.name)), Range())
	numbers = read_numbers(table, {**signed, **amounts})
	tell_unread(path, COLUMNS, note, but=_NO_STOCK, zeros=False)
	_in_stock_units(table, numbers, note)
	_leave_out_what_is_over(table, numbers["on_order"], note)
	_take_off_received(table, numbers["on_order"], numbers[RECEIVED.name], note)
	reserved_of_row, part_of_stock = told_by_available(
		table,
		numbers,
		reserved_in_all(table, numbers, note),
		np.nansum([np.zeros(len(table)), *(numbers[name] for name in quantities)], axis=0),
		note,
	)
	expected = read_periods(table, "expected_date", date_format, required=False).last
	expiry = read_periods(table, EXPIRY.name, date_format, required=False).last
	day = today.astype("datetime64[D]")
	_refuse_far_arrivals(table, expected, day)
	blocked = blocked_rows(table, table.named(PLACE.name), note)
	until = read_periods(table, RESERVED_UNTIL.name, date_format, required=False).last

	part, item_of_part = _parts(table, item, blocked)
	_refuse_twice(table, keys, item, part, numbers, expected)
	on_hand = _one_per_part(table, "on_hand", numbers["on_hand"], item, part, keys)
	leaves, reservation = reservations(part, until)
	reserving = next((name for name in ("reserved", *further) if name in table.columns), "on_hand")
	reserved = _one_per_part(table, reserving, reserved_of_row, item, reservation, keys)
	item_of_reservation = np.zeros(len(reserved), np.int32)
	item_of_reservation[reservation] = item
	expired = np.zeros(len(on_hand), np.bool_)
	expired[part] = expiry < day
	_tell_parts(table, item, part, expiry < day, on_hand, note)
	on_hand[expired & (on_hand > 0)] = 0.0
	leave_out_rows(table, part, blocked, on_hand, note)
	of_part = {name: _one_per_part(table, name, numbers[name], item, part, keys) for name in quantities}
	take_off_quantities(table, part, of_part, on_hand, note, part_of_stock=part_of_stock)
	last_day = np.full(len(on_hand), "NaT", dtype="datetime64[D]")
	last_day[part] = expiry
	batches = np.flatnonzero(~np.isnat(last_day) & (on_hand > 0))
	batch_quantity = on_hand[batches]

	missing = np.bincount(item_of_part, ~np.isnan(on_hand), minlength=len(keys)) == 0
	if missing.any():
		row = int(np.argmax(missing[item]))
		raise table.error("on_hand", row, f"no row of {keys[item[row]]} has a value; fill it in, 0 for none")
	later = np.flatnonzero((leaves > day) & (reserved > 0))
	later_quantity = reserved[later]
	reserved[later] = 0.0
	on_hand, reserved = (
		np.bincount(item_of, np.nan_to_num(found), len(keys)).astype(np.float64)
		for item_of, found in ((item_of_part, on_hand), (item_of_reservation, reserved))
	)
	arriving = numbers["on_order"] > 0
	return StockRows(
		keys,
		on_hand,
		reserved,
		item[arriving],
		expected[arriving],
		numbers["on_order"][arriving],
		units_of(table, item, len(keys)),
		item_of_part[batches],
		last_day[batches],
		batch_quantity,
		item_of_reservation[later],
		leaves[later],
		later_quantity,
	)


def _refuse_orders(path: FilePath, table: Table) -> None:
	"""A quantity beside a date of ordering is no stock."""
	if table.columns["on_hand"].header.casefold() not in _ANY_QUANTITY:
		return
	dated = read_table(path, (ITEM_CODE, _ORDERED_ON)).columns.get("date")
	if dated is not None:
		raise InputError(
			f"{table.name} has no column on_hand; by its {dated.header} it holds orders, not stock. Give what"
			" is in stock, or call the column on_hand where it is that."
		)


def _in_stock_units(table: Table, numbers: dict[str, npt.NDArray[np.float64]], note: Note) -> None:
	"""Multiply the quantities by the factor of their unit, unless the stock is in stock units already."""
	if FACTOR.name not in table.columns or normal(table.columns["on_hand"].header) in _STOCK_UNITS:
		return
	factor = read_numbers(table, {FACTOR.name: Range(lowest=1e-9)})[FACTOR.name]
	factor = np.where(np.isnan(factor), 1.0, factor)
	if (factor != 1).any():
		for values in numbers.values():
			values *= factor
		note(f"{table.name}: quantities are multiplied by column {table.columns[FACTOR.name].header}.")


def _leave_out_what_is_over(table: Table, on_order: npt.NDArray[np.float64], note: Note) -> None:
	"""Nothing comes of orders that were cancelled, have come, or are no more than drafts."""
	for name in (*table.named(STATUS.name), *table.named(ORDER_STATUS.name)):
		column = table.columns[name]
		rows = column.where(is_over) & (on_order > 0)
		if rows.any():
			on_order[rows] = 0.0
			texts = sorted({column.distinct[code] for code in np.unique(column.codes[rows])})
			note(
				f"{table.name}, {rows_named(table.lines[rows])}: nothing is on order any more by"
				f" {column.header} {', '.join(texts[:3])}."
			)


def _parts(
	table: Table, item: IntArray, blocked: npt.NDArray[np.intp]
) -> tuple[npt.NDArray[np.intp], IntArray]:
	"""The place and batch of an item-warehouse that each row is about, shape (E,), and the item of each."""
	part = item.astype(np.intp)
	# what may not be sold lies elsewhere
	_, part = np.unique(part * (int(blocked.max(initial=0)) + 1) + blocked, return_inverse=True)
	for name in (*table.named(PLACE.name), *table.named(BATCH.name), *table.named(EXPIRY.name)):
		column = table.columns[name]
		texts = np.unique([fold(text) for text in column.distinct], return_inverse=True)[1]
		_, part = np.unique(part * len(texts) + texts[column.codes], return_inverse=True)
	item_of_part = np.zeros(int(part.max()) + 1, dtype=np.int32)
	item_of_part[part] = item
	return part, item_of_part


def _take_off_received(
	table: Table, on_order: npt.NDArray[np.float64], received: npt.NDArray[np.float64], note: Note
) -> None:
	"""Of what was ordered, only what has not come yet is on order; what is on order has not come yet."""
	rows = (on_order > 0) & (received > 0)
	if not rows.any():
		return
	header, ordered = (table.columns[name].header for name in (RECEIVED.name, "on_order"))
	if normal(ordered) in map(normal, ORDERED):
		on_order[rows] = np.maximum(on_order[rows] - received[rows], 0)
		note(f"{table.name}: what column {header} says came already is not on order any more.")
	else:
		note(
			f"{table.name}: column {ordered} is taken for what is still to come;"
			f" {header} is not taken off it."
		)


def _refuse_twice(
	table: Table,
	keys: tuple[ItemKey, ...],
	item: IntArray,
	part: npt.NDArray[np.intp],
	numbers: dict[str, npt.NDArray[np.float64]],
	expected: DayArray,
) -> None:
	"""Refuse rows of which nobody can tell whether they are one stock or arrival, or two."""

	def refusal(column: str, row: int, earlier: int, what: str, remedy: str) -> InputError:
		where = f"{keys[item[row]]} in row {table.lines[earlier]}"
		return table.error(column, row, f"{what} of {where} as well; {remedy}")

	alike = repeated_rows(table)
	if alike.any():
		row = int(np.argmax(alike))
		raise refusal(
			ITEM_CODE.name,
			row,
			int(np.argmax(table.digests == table.digests[row])),
			"all columns are those",
			"remove one of the two rows, or add a location, batch or purchase_order column where both count",
		)
	orders = [table.columns[name] for name in table.named(PURCHASE.name)]
	first_row: dict[tuple[object, ...], int] = {}
	for row in np.flatnonzero(np.bincount(item)[item] > 1).tolist():
		stock, arriving = float(numbers["on_hand"][row]), float(numbers["on_order"][row])
		if arriving > 0:
			order = tuple(column.codes[row] for column in orders)
			earlier = first_row.setdefault((int(item[row]), arriving, str(expected[row]), *order), row)
			if earlier != row and not any(column.distinct[column.codes[row]] for column in orders):
				remedy = "leave it blank where it is the same order, or add a purchase_order column"
				raise refusal("on_order", row, earlier, f"{arriving:g} for the same day is that", remedy)
		elif not np.isnan(stock):
			# a row that brings no arrival is there for its stock
			earlier = first_row.setdefault((int(part[row]),), row)
			if earlier != row and stock == numbers["on_hand"][earlier]:
				remedy = "remove one of the two rows, or add a location or batch column where they add up"
				raise refusal("on_hand", row, earlier, f"{stock:g} is the stock", remedy)


def _one_per_part(
	table: Table,
	column: str,
	values: npt.NDArray[np.float64],
	item: IntArray,
	part: npt.NDArray[np.intp],
	keys: tuple[ItemKey, ...],
) -> npt.NDArray[np.float64]:
	"""The value of each place and batch, shape (P,), NaN where no row has one; refuses two values."""
	given = np.flatnonzero(~np.isnan(values))
	first_row = np.full(int(part.max()) + 1, -1, dtype=np.int64)
	# of rows that share a part the last assignment stays: backwards, so that it is the first row
	first_row[part[given[::-1]]] = given[::-1]
	differs = values[given] != values[first_row[part[given]]]
	if differs.any():
		row = int(given[np.argmax(differs)])
		earlier = int(first_row[part[row]])
		raise table.error(
			column,
			row,
			f"{values[row]:g} differs from {values[earlier]:g} in row {table.lines[earlier]} for"
			f" {keys[item[row]]}{_REMEDY}",
		)
	return np.where(first_row >= 0, values[first_row], np.nan)


def _tell_parts(
	table: Table,
	item: IntArray,
	part: npt.NDArray[np.intp],
	expired: Mask,
	on_hand: npt.NDArray[np.float64],
	note: Note,
) -> None:
	pairs = np.unique(np.stack([item, part]), axis=1)
	several = int((np.bincount(pairs[0]) > 1).sum())
	if several:
		items = f"{several:,} item-warehouse{'' if several == 1 else 's'}"
		note(f"{table.name}: the locations and batches of {items} are added up.")
	gone = expired & (on_hand[part] > 0)
	if gone.any():
		total = on_hand[np.unique(part[gone])].sum()
		note(
			f"{table.name}, {rows_named(table.lines[gone])}: {total:g} units have expired and do not"
			" count as stock."
		)


def _refuse_far_arrivals(table: Table, expected: DayArray, today: np.datetime64) -> None:
	# comparisons with NaT are False
	far = expected > today + np.timedelta64(FARTHEST_ARRIVAL_DAYS, "D")
	if far.any():
		row = int(np.argmax(far))
		problem = f"{expected[row]} is more than two years after {today}; correct the date"
		raise table.error("expected_date", row, problem)
