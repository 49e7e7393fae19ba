"""Rows that stand in a file twice, and totals at its end."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.errors import InputError
from rl_replenishment.core.files.keys import ITEM_CODE, fold
from rl_replenishment.core.files.numbers import Range, read_numbers
from rl_replenishment.core.files.table import Mask, Note, Table, rows_named

#: so many rows in a row that all stand above already, on several days, are no accident
_BLOCK = 5
#: so many rows that all stand there an even number of times, over days on end, are none either
_PAIRS = 10
_TOTALS = frozenset(
	(
		"total",
		"totals",
		"grand total",
		"overall total",
		"overall result",
		"sum",
		"summe",
		"summen",
		"gesamt",
		"gesamtsumme",
		"gesamtergebnis",
		"ergebnis",
		"endsumme",
		"insgesamt",
		"total general",
		"totale",
		"totaal",
	)
)


def without_totals(table: Table, amount: str, date: str, note: Note) -> Table:
	"""The table without rows that only add up `amount`: they name no item or "Total", and no date."""
	items = table.columns[ITEM_CODE.name]
	totals = items.where(lambda text: fold(text.strip("'\"*: ")) in _TOTALS)
	candidates = totals | items.where(lambda text: not text)
	if date in table.columns:
		candidates &= table.columns[date].where(lambda text: not text)
	if amount not in table.columns or not candidates.any():
		return table
	numbers = read_numbers(table, {amount: Range()})[amount]
	above = np.cumsum(np.where(candidates, 0.0, np.nan_to_num(numbers)))
	found = candidates & np.isclose(numbers, above, rtol=1e-6, atol=0.01)
	if found.any():
		note(f"{table.name}, {rows_named(table.lines[found])}: the total of the rows above, left out.")
	unlike = np.flatnonzero(totals & candidates & ~found)
	if len(unlike) and unlike[-1] == len(table) - 1:
		row = int(unlike[-1])
		raise table.error(
			ITEM_CODE.name,
			row,
			f"the row looks like a total, but {numbers[row]:g} is not the sum of the rows above,"
			f" {above[row]:g}; remove it, or put it above other rows if it is an item",
		)
	return table.keep(~found)


def refuse_repeated_blocks(table: Table, day: npt.NDArray[np.datetime64], what: str) -> None:
	"""Refuse a file that holds an export twice, or exports that overlap.

	Single rows may well be alike. A block of them that stands above already, row for row and over several
	days, or days on end of which each row is there an even number of times, cannot come from one export.
	"""
	count = len(table)
	_, first, inverse, times = np.unique(
		table.digests, return_index=True, return_inverse=True, return_counts=True
	)
	if len(first) == count:
		return
	again = first[inverse] != np.arange(count)
	start = _days_twice(day, first, times[inverse] % 2 == 1)
	if start is not None:
		row = int(np.flatnonzero(again & (day >= start))[0])
		words = (
			f"from {start} on, every row is there twice, as rows {table.lines[first[inverse[row]]]} and"
			f" {table.lines[row]}"
		)
		raise _refusal(table, words, what)
	# the row above that is alike: the last one before it
	order = np.argsort(inverse, kind="stable")
	before = np.full(count, -1, dtype=np.int64)
	same = inverse[order][1:] == inverse[order][:-1]
	before[order[1:][same]] = order[:-1][same]
	distance = np.where(before >= 0, np.arange(count) - before, 0)
	# runs of one distance
	edges = np.flatnonzero(np.diff(distance, prepend=-1, append=-1))
	for start, end in zip(edges[:-1], edges[1:], strict=True):
		if distance[start] and end - start >= _BLOCK and (day[start:end] != day[start]).any():
			last = before[start] + end - start - 1
			rows = [int(table.lines[row]) for row in (start, end - 1, before[start], last)]
			words = "rows {} to {} are those of rows {} to {} again, in every column".format(*rows)
			raise _refusal(table, words, what)


def _days_twice(
	day: npt.NDArray[np.datetime64], first: npt.NDArray[np.intp], odd: Mask
) -> np.datetime64 | None:
	"""The first of several days on end of which every row is there an even number of times."""
	days, day_of = np.unique(day, return_inverse=True)
	twice = np.bincount(day_of, odd) == 0
	distinct = np.bincount(day_of[first], minlength=len(days))
	edges = np.flatnonzero(np.diff(twice.astype(np.int8), prepend=0, append=0))
	for start, end in zip(edges[::2], edges[1::2], strict=True):
		if (end - start > 1 or len(days) == 1) and distinct[start:end].sum() >= _PAIRS:
			return days[start]  # type: ignore[no-any-return]
	return None


def _refusal(table: Table, words: str, what: str) -> InputError:
	return InputError(
		f"{table.name}: {words}, as where an export is in the file twice; remove the repetition, or, where these"
		f" are {what} of their own, add a column that tells them apart, such as a number."
	)


def repeated_rows(table: Table) -> Mask:
	"""The rows that are alike in every column to one above, shape (E,)."""
	_, first, inverse = np.unique(table.digests, return_index=True, return_inverse=True)
	return np.asarray(first[inverse] != np.arange(len(table)))
