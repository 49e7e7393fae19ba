"""Tables with a column for each day, week, month or quarter, as spreadsheets have them, turned into lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain

import numpy as np

from rl_replenishment.core.errors import InputError
from rl_replenishment.core.files.dates import is_date
from rl_replenishment.core.files.keys import fold
from rl_replenishment.core.files.periods import month_named
from rl_replenishment.core.files.repeats import without_totals
from rl_replenishment.core.files.table import (
	Column,
	FilePath,
	Note,
	Table,
	TextColumn,
	digests_of,
	has_column,
	header_of,
	read_table,
	shown,
)

#: so many columns with a date are no accident
_FEWEST = 3
_DATE, _QUANTITY, _YEAR = "date", "qty", "year"
#: what may stand with the date of such a column
_WORDS = re.compile(
	r"^(?:qty|quantity|units|sold|demand|menge|absatz|verbrauch)\b[\s:_-]*|[\s:_-]*\b(?:qty|quantity|units|sold|menge)$",
	re.IGNORECASE,
)


def read_lines(path: FilePath, columns: Sequence[Column], *, note: Note) -> Table:
	"""As `read_table` with digests, of a file with a row per line, or one per item with a column per period.

	Blank cells of such a column are no lines. Raises `InputError` as `read_table` does, and for months
	without a year.
	"""
	header = header_of(path, columns)
	fields = {field: _WORDS.sub("", field.strip()) for field in header}
	dated = [field for field, text in fields.items() if is_date(text)]
	months = [field for field, text in fields.items() if month_named(text)]
	found = dated if len(dated) >= _FEWEST else months
	date = next(column for column in columns if column.name == _DATE)
	if len(found) < _FEWEST or has_column(header, date):
		return read_table(path, columns, digests=True, note=note)
	per_period = [Column(f"period {at}", (field,)) for at, field in enumerate(found)]
	others = [
		replace(each, required=False) if each.required and each.name in (_DATE, _QUANTITY) else each
		for each in columns
	]
	table = read_table(
		path, [*(each for each in others if each.name != _QUANTITY), *per_period], digests=True, note=note
	)
	table = without_totals(table, per_period[0].name, _DATE, note)
	texts = [fields[field] for field in found]
	for at, text in enumerate(map(fold, texts)):
		earlier = found[[fold(each) for each in texts].index(text)]
		if earlier != found[at]:
			raise InputError(
				f"{table.name} has two columns for {texts[at]}, {shown(earlier)} and {shown(found[at])};"
				" remove or rename the one that is not what was sold."
			)
	if found is months:
		if _YEAR not in table.columns:
			raise InputError(
				f"{table.name} has a column for each month, but no year; add a column year, or name the"
				" columns 2024-01 and so on."
			)
		note(
			f"{table.name}: the {len(found)} columns {found[0]} to {found[-1]} are read as months of column"
			f" {table.columns[_YEAR].header}."
		)
	else:
		note(f"{table.name}: the {len(found)} columns {found[0]} to {found[-1]} are read as dates.")
	return _as_lines(table, [each.name for each in per_period], texts, months=found is months)


def _as_lines(table: Table, names: Sequence[str], texts: Sequence[str], *, months: bool) -> Table:
	"""A line for each cell that is not blank."""
	count, width = len(table), len(names)
	cells = list(chain.from_iterable(zip(*(table.texts(name) for name in names), strict=True)))
	filled = np.fromiter(map(bool, cells), np.bool_, count * width)
	row = np.repeat(np.arange(count), width)[filled]
	period = np.tile(np.arange(width), count)[filled]
	first, last = (table.columns[names[at]].header for at in (0, -1))
	distinct, codes = np.unique(np.array(cells, dtype=object)[filled].astype(str), return_inverse=True)
	quantity = TextColumn(f"{first} to {last}", distinct.tolist(), codes.astype(np.int32))
	if months:
		year = table.columns[_YEAR]
		pairs, codes = np.unique(year.codes[row].astype(np.int64) * width + period, return_inverse=True)
		dates = [f"{texts[pair % width]} {year.distinct[pair // width]}" for pair in pairs.tolist()]
	else:
		dates, codes = list(texts), period
	date = TextColumn("Month" if months else "date", dates, codes.astype(np.int32))
	kept = {
		name: replace(column, codes=column.codes[row])
		for name, column in table.columns.items()
		if name not in names and not (months and name == _YEAR)
	}
	return replace(
		table,
		lines=table.lines[row],
		columns={**kept, _DATE: date, _QUANTITY: quantity},
		digests=digests_of([table.digests[row], period]),
		unread=table.unread[row] if len(table.unread) else table.unread,
	)
