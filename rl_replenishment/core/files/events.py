"""EVENTS files: holidays, promotions and other prices, past and to come."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.demand.known_events.event import Event, merged
from rl_replenishment.core.files.dates import DayArray, read_periods
from rl_replenishment.core.files.keys import ITEM_CODE, fold
from rl_replenishment.core.files.matching import some
from rl_replenishment.core.files.numbers import Range, read_numbers
from rl_replenishment.core.files.table import Column, FilePath, Note, Table, read_table, shown, unheard
from rl_replenishment.core.items import ItemKey, ItemTable

EVENT = Column(
	"event",
	("Event Name", "Holiday", "Holiday Name", "Kind", "Ereignis", "Feiertag", "Aktion"),
	required=True,
	weaker=("Name", "Description", "Promotion", "Bezeichnung", "Anlass"),
)
FROM = Column(
	"from",
	("From Date", "Valid From", "Start", "Start Date", "First Day", "Von", "Ab", "Gültig ab", "Beginn"),
	required=True,
	weaker=("Date", "Day", "Datum", "Tag"),
)
TO = Column(
	"to",
	(
		*("To Date", "Valid To", "Valid Upto", "Valid Until", "End", "End Date", "Last Day"),
		*("Bis", "Gültig bis", "Ende"),
	),
)
GROUP = Column("item_group", ("Item Group", "Category", "Artikelgruppe", "Warengruppe"))
DISCOUNT = Column(
	"discount",
	(
		*("Discount %", "Discount (%)", "Discount Percent", "Discount Percentage", "Discount in Percent"),
		*("Rabatt", "Rabatt %", "Rabatt (%)", "Rabatt in Prozent"),
	),
)
COLUMNS = (EVENT, FROM, TO, replace(ITEM_CODE, required=False), GROUP, DISCOUNT)
#: what lasts longer is no event
LONGEST_DAYS = 366
_PERCENT = Range(lowest=-100.0, highest=100.0, remedy="write 20 for 20 % off")


def read_events(
	path: FilePath, items: ItemTable, date_format: str | None = None, note: Note = unheard
) -> tuple[Event, ...]:
	"""Read an EVENTS file for N items.

	A row without a last day is of one day, one without item code and item group of all items; an item code
	goes before a group. Rows of one event, days and discount are one event. Raises `InputError` for what is
	no date or no percentage, for an event without a name, that ends before it begins or lasts more than a
	year. `note` is told of items and groups that nothing is known of.
	"""
	table = read_table(path, COLUMNS, note=note)
	names = table.texts(EVENT.name)
	for row, name in enumerate(names):
		if not name:
			raise table.error(EVENT.name, row, "the cell is empty; fill it in, or remove the row")
	first, last = _days(table, date_format)
	discount = _discounts(table)
	codes, groups = (
		table.texts(column.name) if column.name in table.columns else [""] * len(table)
		for column in (ITEM_CODE, GROUP)
	)
	# a kind is spelled as it comes first
	kinds: dict[str, str] = {}
	events = merged(
		Event(
			kinds.setdefault(fold(name), name),
			begins,
			ends,
			(code,) if code else (),
			(group,) if group and not code else (),
			None if np.isnan(percent) else float(percent),
		)
		for name, begins, ends, code, group, percent in zip(
			names, first, last, codes, groups, discount, strict=True
		)
	)
	_tell_unknown(table, events, items, note)
	return events


def _days(table: Table, date_format: str | None) -> tuple[DayArray, DayArray]:
	begins = read_periods(table, FROM.name, date_format)
	ends = read_periods(table, TO.name, date_format, required=False)
	first, last = begins.first, np.where(np.isnat(ends.last), begins.last, ends.last)
	early = last < first
	if early.any():
		row = int(np.argmax(early))
		problem = f"{last[row]} is before the first day, {first[row]}; correct one of them"
		raise table.error(TO.name, row, problem)
	long = last - first >= np.timedelta64(LONGEST_DAYS, "D")
	if long.any():
		row = int(np.argmax(long))
		problem = f"{last[row]} is more than a year after the first day, {first[row]}; correct one of them"
		raise table.error(TO.name if TO.name in table.columns else FROM.name, row, problem)
	return first, last


def _discounts(table: Table) -> npt.NDArray[np.float64]:
	"""Percent off, shape (E,); NaN where blank."""
	if DISCOUNT.name not in table.columns:
		return np.full(len(table), np.nan)
	column = table.columns[DISCOUNT.name]
	plain = [text.removesuffix("%").rstrip() for text in column.distinct]
	columns = {**table.columns, DISCOUNT.name: replace(column, distinct=plain)}
	found = read_numbers(replace(table, columns=columns), {DISCOUNT.name: _PERCENT})[DISCOUNT.name]
	small = (np.abs(found) > 0) & (np.abs(found) < 1)
	if small.any():
		row = int(np.argmax(small))
		text = shown(column.distinct[column.codes[row]])
		raise table.error(DISCOUNT.name, row, f"{text} is less than 1 percent; write 20 for 20 % off")
	return found


def _tell_unknown(table: Table, events: tuple[Event, ...], items: ItemTable, note: Note) -> None:
	for known, of, what in (
		([key.item_code for key in items.keys], "items", "items of which no demand is known"),
		(items.groups, "groups", "item groups that no item is in"),
	):
		spelled = {fold(name) for name in known}
		named = dict.fromkeys(name for event in events for name in getattr(event, of))
		unknown = [ItemKey(name) for name in named if fold(name) not in spelled]
		if unknown:
			note(f"{table.name} has events of {what}: {some(unknown)}.")
