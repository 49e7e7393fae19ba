"""ORDERS files: what was sold or used, by item, warehouse and day."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.demand.ending import supported_days
from rl_replenishment.core.demand.history import DemandHistory, from_events
from rl_replenishment.core.demand.returns import References
from rl_replenishment.core.demand.rhythm import DAILY, MONTHLY, WEEKLY, Rhythm, rhythm_of
from rl_replenishment.core.errors import InputError
from rl_replenishment.core.files import counted, units
from rl_replenishment.core.files.called_off import less_called_off
from rl_replenishment.core.files.dates import Dates, DayArray, read_periods
from rl_replenishment.core.files.keys import WAREHOUSE, fold, natural_order, read_keys
from rl_replenishment.core.files.order_columns import (
	AGAINST,
	COLUMNS,
	CUSTOMER,
	DOCUMENT,
)
from rl_replenishment.core.files.repeats import refuse_repeated_blocks, without_totals
from rl_replenishment.core.files.table import (
	FilePath,
	IntArray,
	Mask,
	Note,
	Table,
	TextColumn,
	digests_of,
	rows_named,
	shown,
	tell_unread,
	unheard,
)
from rl_replenishment.core.files.wide import read_lines
from rl_replenishment.core.items import ItemKey

#: beside a year, the header of weeks and not of months
_WEEK_HEADER = re.compile(r"(?:calendar|kalender)?\s*(?:week|woche|kw|cw|wk)\.?", re.IGNORECASE)
_WEEK_END = re.compile(r"^week[ _-]?end|^w/e$|^(?:kalender)?woche[ _-]?(?:bis|ende)|^wochenende$")
_NUMBER = re.compile(r"(?:(?:cw|wk|week|w|kw|woche)\.?\s*)?(\d\d?)", re.ASCII | re.IGNORECASE)
#: figures that may be demand, and those of the stock, of documents that follow, and of plans
_QUANTITY = (
	r"qty|quantity|menge|\bunits\b|\bpcs\b|\bpieces|stück|\breturn|retouren|refund|bonus|\bfree\b|gratis"
)
_NO_DEMAND = (
	r"invoiced|billed|fakturiert|berechnet|confirmed|bestätigt|projected|available|actual|planned|produced|picked"
	r"|ordered|work order|stock|bestand|company|warehouse|on hand|per |price|amount|value|cost|rate|preis"
	r"|wert|betrag"
)
#: of fewer lines, more may be returns than sales
_LINES_OF_A_LEDGER = 10
#: of the lines in a column of documents, so many are of the day of their document: returns may be later
_DOCUMENT_SHARE = 0.6
#: most of an item's demand in one order, of so many lines or more beside so many orders, is a project's
_PROJECT_LINES, _PROJECT_ORDERS = 5, 10
LONGEST_DAYS = 50 * 365
#: an order for later than this is a mistyped year
FARTHEST_ORDER_DAYS = 730
#: summing events into days takes this much per day and item-warehouse (one double, one single)
BYTES_PER_CELL = 12
MOST_BYTES = 4 * 2**30


@dataclass(frozen=True, eq=False)
class FutureOrders:
	"""F order lines for days still to come, in stock UOM."""

	#: shape (F,), index into the keys of the orders
	item: IntArray
	#: shape (F,), when it is to leave the shelf
	day: DayArray
	#: shape (F,), above 0
	quantity: npt.NDArray[np.float64]

	def __len__(self) -> int:
		return len(self.item)


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
	#: the day after the last that the lines tell of
	end: np.datetime64
	#: whether lines are of days, or totals of weeks or months on their first day
	rhythm: Rhythm = DAILY
	#: which sale a line is, for what came back
	references: References = field(default_factory=References)
	#: the unit of each item-warehouse, "" where the file does not say
	units: tuple[str, ...] = ()
	#: the lines for days from `end`, or from the day of ordering, on
	future: FutureOrders | None = None

	def history(
		self, start: np.datetime64 | None = None, end: np.datetime64 | None = None
	) -> tuple[DemandHistory, float]:
		"""The lines summed into days, and the returned quantity that no demand accounts for.

		`start` and `end` (excluded) default to the first line and `self.end`. Returns are settled as in
		`from_events`.
		"""
		return from_events(
			self.keys,
			self.item,
			self.day,
			self.quantity,
			start=start,
			end=self.end if end is None else end,
			references=self.references,
			rhythm=self.rhythm,
		)


def read_orders(
	path: FilePath,
	date_format: str | None = None,
	*,
	today: np.datetime64 | None = None,
	note: Note = unheard,
) -> Orders:
	"""Read an ORDERS file; a negative qty is goods that came back.

	Lines from `today` on are future orders; without it, those are that lie far after the rest, see
	`supported_days`. `note` is told what was read otherwise than it may look: cancelled lines left out, names
	spelled in two ways, units converted, future orders. Raises `InputError` as the parts it reads do, and
	where the file holds an export twice, the dates span more than 50 years or the days times item-warehouses
	would need more than 4 GB.
	"""
	table = read_lines(path, COLUMNS, note=note)
	tell_unread(path, COLUMNS, note, only=_QUANTITY, but=_NO_DEMAND, zeros=False)
	table = units.with_units_apart(table, (units.STOCK_QTY.name, "qty"))
	table = without_totals(table, "qty", "date", note)
	everything = table
	table = counted.counted_lines(table, _documents(table), note)
	if not len(table):
		raise InputError(f"{everything.name}: no line is left that was sold; give the orders that were.")
	keys, item = read_keys(table, note)
	table = _with_year(table)
	dates = _of_week_ends(table, read_periods(table, "date", date_format))
	quantity = units.read_quantity(table, keys, item, note)
	quantity = counted.by_sign_of_movement(table, quantity, note)
	returned = counted.return_lines(table, note)
	quantity = np.where(returned, -np.abs(quantity), quantity)
	quantity = less_called_off(table, quantity, note, returns=not (quantity < 0).any())
	_refuse_other_sign(table, quantity, returned)
	table = replace(table, digests=_meant(table, item, dates.first, quantity))
	refuse_repeated_blocks(table, dates.first, "orders")
	_check_span(table, dates.first)
	past, ahead = _past_and_ahead(table, dates.first, today, note)
	end = dates.last[past].max() + np.timedelta64(1, "D")
	_check_size(table, dates.first, past, end, len(keys))

	_tell_one_off(table, keys, item, quantity, past, note)
	order = natural_order(keys)
	rank = np.empty_like(order)
	rank[order] = np.arange(len(order), dtype=np.int32)
	item, ordered = rank[item], tuple(keys[index] for index in order)
	ahead &= quantity > 0
	if ahead.any():
		_tell_future(
			table, ordered, item, dates.first, quantity, ahead, end if today is None else today, note
		)
	day = dates.first[past]
	rhythm = rhythm_of(day) if dates.rhythm == DAILY else dates.rhythm
	if rhythm == MONTHLY:
		# a total dated on the last day of its month stands for all of it, as one dated on the first does
		months = day.astype("datetime64[M]")
		day, end = months.astype(day.dtype), (months.max() + np.timedelta64(1, "M")).astype("datetime64[D]")
	return Orders(
		ordered,
		item[past],
		day,
		quantity[past],
		end if today is None else min(end, today),
		rhythm,
		_references(table.keep(past)) if (quantity[past] < 0).any() else References(),
		units.units_of(table, item, len(keys)),
		FutureOrders(item[ahead], dates.first[ahead], quantity[ahead]),
	)


def _meant(
	table: Table, item: IntArray, day: DayArray, quantity: npt.NDArray[np.float64]
) -> npt.NDArray[np.int64]:
	"""Alike for rows that mean the same and are alike in all other columns, however they are written."""
	read = {"item_code", WAREHOUSE.name, "date", "year", "qty", units.STOCK_QTY.name}
	others = [column.codes for name, column in table.columns.items() if name not in read]
	unread = [table.unread] if len(table.unread) else []
	return digests_of([item, day.astype(np.int64), quantity.view(np.int64), *others, *unread])


def _of_week_ends(table: Table, dates: Dates) -> Dates:
	"""The dates, of weeks where the header says that they are the last days of these."""
	if dates.rhythm != DAILY or not _WEEK_END.search(table.columns["date"].header.casefold()):
		return dates
	return Dates(dates.first - np.timedelta64(6, "D"), dates.last, WEEKLY)


def _with_year(table: Table) -> Table:
	"""The table with weeks or months and their years, which it has in two columns, in one."""
	date, year = table.columns["date"], table.columns.get("year")
	if year is None or not all(map(_NUMBER.fullmatch, date.distinct)):
		return table
	sign = "W" if _WEEK_HEADER.fullmatch(date.header) or not date.distinct[0].isdecimal() else ""
	numbers = [re.sub(r"\D", "", text).zfill(2) for text in date.distinct]
	pairs, codes = np.unique(year.codes.astype(np.int64) * len(numbers) + date.codes, return_inverse=True)
	texts = [f"{year.distinct[pair // len(numbers)]}-{sign}{numbers[pair % len(numbers)]}" for pair in pairs]
	joined = TextColumn(f"{year.header} and {date.header}", texts, codes.astype(np.int32))
	return replace(table, columns={**table.columns, "date": joined})


def _refuse_other_sign(table: Table, quantity: npt.NDArray[np.float64], returned: Mask) -> None:
	"""Refuse a ledger, in which what leaves the stock is below 0: sales would count as returns."""
	below = (quantity < 0) & ~returned
	if len(quantity) >= _LINES_OF_A_LEDGER and below.sum() > (quantity > 0).sum():
		raise InputError(
			f"{table.name}: {int(below.sum()):,} of {len(quantity):,} quantities are below 0, which is what"
			" came back; turn the sign where a ledger shows so what left the stock."
		)


def _past_and_ahead(
	table: Table, day: DayArray, today: np.datetime64 | None, note: Note
) -> tuple[Mask, Mask]:
	"""The lines of the history and those of future orders, each of shape (E,)."""
	before = day if today is None else day[day < today]
	if not len(before):
		raise InputError(f"{table.name}: no line is before --today {today}; give an earlier history.")
	first, last = supported_days(before)
	if today is not None:
		last = today - np.timedelta64(1, "D")
	elif (before < last).any() and last - before[before < last].max() > np.timedelta64(
		FARTHEST_ORDER_DAYS, "D"
	):
		# few lines prove nothing against each other
		row = int(np.argmax(day == last))
		note(
			f"{table.name}, row {table.lines[row]}: the history ends with {last}, more than two years after"
			" the line before; correct the date where it is wrong."
		)
	early, late = day < first, day > last + np.timedelta64(FARTHEST_ORDER_DAYS, "D")
	for wrong, where in ((early, "before"), (late, "after")):
		if wrong.any():
			row = int(np.argmax(wrong))
			note(
				f"{table.name}, {rows_named(table.lines[wrong])}: left out, because {day[row]} is far {where}"
				f" all others, {first} to {last}; correct the date."
			)
	return ~early & (day <= last), (day > last) & ~late


def _tell_one_off(
	table: Table,
	keys: Sequence[ItemKey],
	item: IntArray,
	quantity: npt.NDArray[np.float64],
	past: Mask,
	note: Note,
) -> None:
	"""Say where most of an item's demand is of one order among many, delivered on several days: a project."""
	# unlike `_documents`, since a project's lines are of many days
	documents = table.named(DOCUMENT.name)
	if not documents:
		return
	code = table.columns[documents[0]].codes
	sold = past & (quantity > 0) & table.columns[documents[0]].where(bool)
	width = int(code.max()) + 1
	pairs, at = np.unique(item[sold].astype(np.int64) * width + code[sold], return_inverse=True)
	of_pair = pairs // width
	amount, lines = np.bincount(at, quantity[sold]), np.bincount(at)
	total, orders = np.bincount(of_pair, amount, len(keys)), np.bincount(of_pair, minlength=len(keys))
	found = np.flatnonzero(
		(amount > total[of_pair] / 2) & (lines >= _PROJECT_LINES) & (orders[of_pair] >= _PROJECT_ORDERS)
	)
	if len(found):
		texts = table.columns[documents[0]].distinct
		named = ", ".join(
			f"{amount[at]:g} of {total[of_pair[at]]:g} of {keys[of_pair[at]]} in"
			f" {shown(texts[int(pairs[at] % width)])}"
			for at in found[:3]
		)
		more = f" and {len(found) - 3:,} more" if len(found) > 3 else ""
		note(
			f"{table.name}: one order has most of an item's demand, {named}{more}; leave its lines out where"
			" it will not come again."
		)


def _tell_future(
	table: Table,
	keys: tuple[ItemKey, ...],
	item: IntArray,
	day: DayArray,
	quantity: npt.NDArray[np.float64],
	ahead: Mask,
	today: np.datetime64,
	note: Note,
) -> None:
	rows = np.flatnonzero(ahead)
	named = ", ".join(f"{quantity[row]:g} of {keys[item[row]]} on {day[row]}" for row in rows[:3])
	more = f" and {len(rows) - 3:,} more" if len(rows) > 3 else ""
	note(
		f"{table.name}, {rows_named(table.lines[rows])}: {named}{more}, later than the history, which"
		f" ends before {today}, are future orders, and known demand of their days; --today sets another day."
	)


def _documents(table: Table) -> list[str]:
	"""The columns that number documents: unlike the name of an item or a customer, a document has one day."""
	day = table.columns["date"].codes
	found = []
	for name in table.named(DOCUMENT.name):
		column = table.columns[name]
		first = np.zeros(len(column.distinct), dtype=np.int32)
		first[column.codes[::-1]] = day[::-1]
		named = column.where(bool)
		if named.any() and (day == first[column.codes])[named].mean() >= _DOCUMENT_SHARE:
			found.append(name)
	return found


def _references(table: Table) -> References:
	"""Documents and customers of the lines, by code."""
	codes: dict[str, int] = {"": -1}

	def coded(name: str) -> IntArray:
		column = table.columns[name]
		code = [codes.setdefault(fold(text), len(codes)) for text in column.distinct]
		return np.array(code, dtype=np.int32)[column.codes]

	documents, against, parties = (
		[coded(name) for name in names]
		for names in (_documents(table), table.named(AGAINST.name), table.named(CUSTOMER.name))
	)
	if against:
		# the column that the references are from
		documents.sort(key=lambda document: -np.isin(document[document >= 0], against[0]).sum())
	return References(*(found[0] if found else None for found in (documents, against, parties)))


def _check_span(table: Table, day: DayArray) -> None:
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


def _check_size(table: Table, day: DayArray, past: Mask, end: np.datetime64, items: int) -> None:
	rows = np.flatnonzero(past)
	first, last = int(rows[day[rows].argmin()]), int(rows[day[rows].argmax()])
	days = int((end - day[first]).astype(np.int64))
	needed = days * items * BYTES_PER_CELL
	if needed > MOST_BYTES:
		raise InputError(
			f"{table.name} spans {days} days, from {day[first]} in row {table.lines[first]} to {day[last]} in"
			f" row {table.lines[last]}, of {items} item-warehouses, which needs {needed / 2**30:.1f} GB of"
			" memory; correct a mistaken date, leave out the oldest rows, or split the file by item."
		)
