"""TERMS and PRICES files: what suppliers ask of orders, and prices from a quantity on."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.errors import InputError
from rl_replenishment.core.files.keys import ITEM_CODE, WAREHOUSE, fold, read_keys
from rl_replenishment.core.files.matching import find_items, some
from rl_replenishment.core.files.numbers import Range, read_numbers
from rl_replenishment.core.files.table import Column, FilePath, Note, Table, read_table, shown, unheard
from rl_replenishment.core.items import ItemKey, ItemTable
from rl_replenishment.core.terms.terms import END_OF_DAY, MEASURES, PriceBreaks, SupplierTerms, Terms

SUPPLIER = Column("supplier", ("Supplier Name", "Vendor"), required=True)
_DAYS, _DELIVERY = Column("order_days", ("Order Day",)), Column("delivery_days", ("Delivery Day",))
_CLOSING, _HOLIDAYS = Column("closing_time", ("Order Until", "Cut-off")), Column("holidays", ("Closed",))
_NUMBERS = (
	Column("minimum_value", ("Minimum Order Value",)),
	Column("minimum_weight", ("Minimum Order Weight",)),
	Column("minimum_volume", ("Minimum Order Volume",)),
	Column("minimum_quantity", ("Minimum Order Quantity",)),
	Column("free_freight_value", ("Free Freight From",)),
	Column("freight_cost", ("Freight",)),
)
COLUMNS = (SUPPLIER, *_NUMBERS, _DAYS, _CLOSING, _DELIVERY, _HOLIDAYS)
UNIT_WEIGHT, UNIT_VOLUME = Column("unit_weight", ("Weight Per Unit",)), Column("unit_volume")
MIN_QTY, PRICE = Column("min_qty", ("From Qty",), required=True), Column("price", ("Rate",), required=True)
PRICE_COLUMNS = (ITEM_CODE, WAREHOUSE, MIN_QTY, PRICE)

_NOT_NEGATIVE = Range(lowest=0.0)
_WEEKDAYS = (
	("monday", "montag"),
	("tuesday", "dienstag"),
	("wednesday", "mittwoch"),
	("thursday", "donnerstag"),
	("friday", "freitag"),
	("saturday", "samstag", "sonnabend"),
	("sunday", "sonntag"),
)
_TIME = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)(?::\d\d)?", re.ASCII)


def read_terms(
	path: FilePath,
	items: ItemTable,
	items_path: FilePath | None,
	prices_path: FilePath | None = None,
	note: Note = unheard,
) -> Terms:
	"""Read a TERMS file for N items by the name of their supplier, whatever its case and blanks.

	Weight and volume of a unit are columns of ITEMS, price breaks rows of PRICES. Raises `InputError` naming
	row and column of what is no number, day, time or date, where a supplier is named twice, and where a
	minimum is of something that no item of the supplier has.
	"""
	table = read_table(path, COLUMNS)
	names = table.texts(SUPPLIER.name)
	_refuse_names(table, names)
	own = {fold(name): name for name in items.suppliers if name}
	if not own:
		raise InputError(
			f"{table.name} has terms of suppliers, but no item has one; add a column supplier to the items."
		)
	numbers = read_numbers(table, {column.name: _NOT_NEGATIVE for column in _NUMBERS})
	_refuse_free_freight(table, numbers)
	absent = [ItemKey(name) for name in names if fold(name) not in own]
	if absent:
		note(f"{table.name}: no item is supplied by {some(absent)}.")
	suppliers = SupplierTerms.create(
		# as the items spell them
		[own.get(fold(name), name) for name in names],
		**{column.name: np.nan_to_num(numbers[column.name]) for column in _NUMBERS[:4]},
		freight_cost=np.nan_to_num(numbers["freight_cost"]),
		free_freight_value=np.where(
			np.isnan(numbers["free_freight_value"]), np.inf, numbers["free_freight_value"]
		),
		order_days=_weeks(table, _DAYS.name),
		delivery_days=_weeks(table, _DELIVERY.name),
		closing_minute=_closing_minutes(table),
		holidays=_holidays(table),
	)
	weight, volume = _per_unit(items_path, items.keys)
	breaks = None if prices_path is None else _read_breaks(prices_path, items.keys, note)
	position = {fold(name): at for at, name in enumerate(names)}
	terms = replace(
		Terms.create(suppliers, items, weight=weight, volume=volume, breaks=breaks),
		of_item=np.array([position.get(fold(name), -1) for name in items.suppliers], np.intp),
	)
	_refuse_unmeasured(table, terms, note, items.keys)
	return terms


def minute_of(text: str) -> int | None:
	"""The minute of the day of a time such as 11:30; None where it is none."""
	found = _TIME.fullmatch(text.strip())
	minute = None if found is None else 60 * int(found[1]) + int(found[2])
	return None if minute is None or minute > END_OF_DAY else minute


def _refuse_names(table: Table, names: Sequence[str]) -> None:
	seen: dict[str, int] = {}
	for row, name in enumerate(names):
		if not name:
			raise table.error(SUPPLIER.name, row, "the cell is empty; fill it in, or remove the row")
		earlier = seen.setdefault(fold(name), row)
		if earlier != row:
			problem = f"{shown(name)} is also in row {table.lines[earlier]}; keep one of the two rows"
			raise table.error(SUPPLIER.name, row, problem)


def _refuse_free_freight(table: Table, numbers: dict[str, npt.NDArray[np.float64]]) -> None:
	alone = ~np.isnan(numbers["free_freight_value"]) & ~(numbers["freight_cost"] > 0)
	if alone.any():
		raise table.error(
			"free_freight_value",
			int(np.argmax(alone)),
			"freight can only be free where it costs something; give a freight_cost, or leave the cell blank",
		)


def _refuse_unmeasured(table: Table, terms: Terms, note: Note, keys: Sequence[ItemKey]) -> None:
	"""Refuse a minimum weight, or volume, where no item of the supplier has any; tell where some lack it."""
	per_unit = terms.per_unit(np.zeros(len(keys)))
	for measure in (1, 2):
		name = f"unit_{MEASURES[measure]}"
		for row in np.flatnonzero(terms.suppliers.minimum[measure] > 0).tolist():
			own = terms.of_item == row
			if own.any() and not (per_unit[measure][own] > 0).any():
				named = shown(terms.suppliers.names[row])
				problem = f"no item of {named} has a {name}; add the column to the items"
				raise table.error(f"minimum_{MEASURES[measure]}", row, problem)
			lacking = [keys[at] for at in np.flatnonzero(own & (per_unit[measure] <= 0)).tolist()]
			if lacking:
				note(f"No {name} is known of {some(lacking)}: they do not count towards the minimum.")


def _weeks(table: Table, name: str) -> npt.NDArray[np.bool_]:
	"""The days of the week in each cell, shape (E, 7); all of them where it is blank."""
	found = np.ones((len(table), 7), np.bool_)
	for row, text in enumerate(table.texts(name)):
		if text:
			days = _weekdays(text)
			if not days:
				problem = f"{shown(text)} are no days of the week; write them as in Mon Thu, or Mon-Fri"
				raise table.error(name, row, problem)
			found[row] = [day in days for day in range(7)]
	return found


def _weekdays(text: str) -> set[int]:
	"""Monday is 0; nothing where a word of the text is no day."""
	found: set[int] = set()
	for part in re.split(r"[,;/+\s]+", re.sub(r"\s*[-\u2013]\s*", "-", text.strip())):
		ends = [_weekday(word) for word in part.split("-")]
		if not 1 <= len(ends) <= 2 or any(end is None for end in ends):
			return set()
		first, last = (end for end in (ends[0], ends[-1]) if end is not None)
		found.update((first + step) % 7 for step in range((last - first) % 7 + 1))
	return found


def _weekday(word: str) -> int | None:
	folded = fold(word).rstrip(".")
	fits = [day for day, names in enumerate(_WEEKDAYS) if any(name.startswith(folded) for name in names)]
	return fits[0] if len(folded) >= 2 and len(fits) == 1 else None


def _closing_minutes(table: Table) -> npt.NDArray[np.int64]:
	found = np.full(len(table), END_OF_DAY, np.int64)
	for row, text in enumerate(table.texts(_CLOSING.name)):
		if text:
			minute = minute_of(text)
			if not minute:
				problem = f"{shown(text)} is no time of day; write it as in 11:30"
				raise table.error(_CLOSING.name, row, problem)
			found[row] = minute
	return found


def _holidays(table: Table) -> list[npt.NDArray[np.datetime64]]:
	"""The days in each cell: dates, or first and last as in 2026-12-24..2027-01-02."""
	found = []
	for row, text in enumerate(table.texts(_HOLIDAYS.name)):
		days: list[datetime.date] = []
		for part in re.split(r"[,;\s]+", text.strip()) if text else ():
			try:
				first, *rest = (datetime.date.fromisoformat(end) for end in part.split(".."))
			except ValueError:
				first, rest = datetime.date.min, [datetime.date.min] * 2
			last = rest[-1] if rest else first
			if len(rest) > 1 or not 0 <= (last - first).days <= 366:
				raise table.error(
					_HOLIDAYS.name,
					row,
					f"{shown(part)} is no day, nor a span of a year at most; write 2026-12-25, or"
					" 2026-12-24..2027-01-02, with blanks between",
				)
			count = (last - first).days + 1
			days += [first + datetime.timedelta(days=step) for step in range(count)]
		found.append(np.array(days, dtype="datetime64[D]"))
	return found


def _per_unit(
	path: FilePath | None, keys: Sequence[ItemKey]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
	"""Weight and volume of a unit of N item-warehouses by an ITEMS file, each (N,); 0 where it has none."""
	nothing = np.zeros(len(keys))
	if path is None:
		return nothing, nothing
	table = read_table(path, (ITEM_CODE, WAREHOUSE, UNIT_WEIGHT, UNIT_VOLUME))
	columns = (UNIT_WEIGHT.name, UNIT_VOLUME.name)
	numbers = read_numbers(table, dict.fromkeys(columns, _NOT_NEGATIVE))
	row_keys, row_key = read_keys(table)
	found = []
	for name in columns:
		known = {
			_folded(row_keys[at]): value
			for at, value in zip(row_key.tolist(), numbers[name].tolist(), strict=True)
			if not np.isnan(value)
		}
		values = [known.get(_folded(key), known.get(_folded(ItemKey(key.item_code)), 0.0)) for key in keys]
		found.append(np.array(values, np.float64))
	return found[0], found[1]


def _read_breaks(path: FilePath, keys: Sequence[ItemKey], note: Note) -> PriceBreaks:
	"""The rows of a PRICES file; one without a warehouse holds in all of them."""
	table = read_table(path, PRICE_COLUMNS)
	above = Range(lowest=0.0, required=True)
	numbers = read_numbers(table, {MIN_QTY.name: above, PRICE.name: above})
	for name in (MIN_QTY.name, PRICE.name):
		if (numbers[name] <= 0).any():
			raise table.error(name, int(np.argmax(numbers[name] <= 0)), "is 0; write a number above 0")
	row_keys, row_key = read_keys(table)

	def refusal(_: int, problem: str) -> InputError:
		return InputError(f"{table.name}: {problem}.")

	own = find_items(keys, row_keys, refusal, lambda text: note(f"{table.name}: {text}"))
	items, rows = [], []
	of_key: dict[int, list[int]] = {}
	seen: dict[tuple[int, float], int] = {}
	for row, (key, least) in enumerate(zip(row_key.tolist(), numbers[MIN_QTY.name].tolist(), strict=True)):
		earlier = seen.setdefault((key, least), row)
		if earlier != row:
			problem = f"{row_keys[key]} has two prices from {least:g} on, also in row {table.lines[earlier]}"
			raise table.error(MIN_QTY.name, row, f"{problem}; keep one of them")
		of_key.setdefault(key, []).append(row)
	for item, key in enumerate(own.tolist()):
		for row in of_key.get(key, ()) if key >= 0 else ():
			items.append(item)
			rows.append(row)
	unknown = [row_keys[key] for key in np.setdiff1d(np.arange(len(row_keys)), own).tolist()]
	if unknown:
		note(f"{table.name} has prices of what is not ordered here: {some(unknown)}.")
	at = np.array(rows, np.intp)
	return PriceBreaks.create(np.array(items, np.intp), numbers[MIN_QTY.name][at], numbers[PRICE.name][at])


def _folded(key: ItemKey) -> ItemKey:
	return ItemKey(fold(key.item_code), fold(key.warehouse))
