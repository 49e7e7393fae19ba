"""Rows that stand in a file twice, and totals at its end."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.errors import InputError
from rl_replenishment.core.files.keys import ITEM_CODE, fold
from rl_replenishment.core.files.numbers import Range, read_numbers
from rl_replenishment.core.files.table import Int64Array, Mask, Note, Table, rows_named

#: so many rows in a row that all stand above already, on several days, are no accident
_BLOCK = 5
#: so many rows that all stand there an even number of times, over days on end, are none either
_PAIRS = 10
#: so many rows must stand above a sum that nothing names
_SUMMED = 2
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
	blank = items.where(lambda text: not text)
	blank[:_SUMMED] = False
	candidates = totals | blank
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
	number, blank = day.astype(np.int64), np.isnat(day)
	dated = not blank.all()
	if dated and blank.any():
		# a day of their own
		number[blank] = number[~blank].min() - 1
	block = _block_twice(number, table.digests, dated)
	if block is not None:
		rows = [int(table.lines[row]) for row in block]
		words = "rows {} to {} are those of rows {} to {} again, in every column".format(*rows)
		raise _refusal(table, words, what)
	start = _day_twice(number, table.digests) if dated else None
	if start is not None:
		row = int(np.flatnonzero((number == start) & repeated_rows(table))[0])
		before = int(np.argmax(table.digests == table.digests[row]))
		words = (
			f"from {day[row]} on, every row is there twice, the first as rows {table.lines[before]} and"
			f" {table.lines[row]}"
		)
		raise _refusal(table, words, what)


def _day_twice(day: Int64Array, digests: Int64Array) -> int | None:
	"""The first of several days on end of which every row is there an even number of times."""
	first = int(day.min())
	day_of = day - first
	# what is there an even number of times takes itself away
	odd = np.zeros(int(day_of.max()) + 1, np.int64)
	np.bitwise_xor.at(odd, day_of, digests)
	if odd.all():
		return None
	sold = np.flatnonzero(np.bincount(day_of))
	edges = np.flatnonzero(np.diff((odd[sold] == 0).astype(np.int8), prepend=0, append=0))
	for start, end in zip(edges[::2], edges[1::2], strict=True):
		inside = (day_of >= sold[start]) & (day_of <= sold[end - 1])
		if (end - start > 1 or len(sold) == 1) and len(np.unique(digests[inside])) >= _PAIRS:
			return first + int(sold[start])
	return None


def _block_twice(day: Int64Array, digests: Int64Array, dated: bool) -> tuple[int, int, int, int] | None:
	"""First and last row of a block and of the same above it."""
	count = len(digests)
	starts = np.arange(max(count - _BLOCK + 1, 0))
	if dated and count:
		# blocks within a day prove nothing: those count in which the day changes
		changes = np.flatnonzero(day[1:] != day[:-1])
		starts = np.unique(changes[:, None] - np.arange(_BLOCK - 1))
		starts = starts[(starts >= 0) & (starts <= count - _BLOCK)]
	mixed = np.zeros(len(starts), np.uint64)
	for step in range(_BLOCK):
		mixed = mixed * np.uint64(0x9E3779B97F4A7C15) + digests[starts + step].view(np.uint64)
	order = np.argsort(mixed, kind="stable")
	same = mixed[order][1:] == mixed[order][:-1]
	if not same.any():
		return None
	# the first pair in the order of the file
	later = order[1:][same]
	at = int(np.argmin(later))
	row, before = int(starts[later[at]]), int(starts[order[:-1][same][at]])
	last = row
	while last + 1 < count and digests[last + 1] == digests[last + 1 - row + before]:
		last += 1
	return row, last, before, before + last - row


def _refusal(table: Table, words: str, what: str) -> InputError:
	return InputError(
		f"{table.name}: {words}, as where an export is in the file twice; remove the repetition, or,"
		f" where these are {what} of their own, add a column that tells them apart, such as a number."
	)


def repeated_rows(table: Table) -> Mask:
	"""The rows that are alike in every column to one above, shape (E,)."""
	_, first, inverse = np.unique(table.digests, return_index=True, return_inverse=True)
	return np.asarray(first[inverse] != np.arange(len(table)))
