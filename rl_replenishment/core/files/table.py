"""Delimited text as columns: finds the encoding, the delimiter and the columns a reader asks for."""

from __future__ import annotations

import io
import re
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import count
from operator import itemgetter
from os import PathLike
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.errors import InputError
from rl_replenishment.core.files.records import SEPARATOR_LINE, Records, find_encoding, read_bytes

IntArray: TypeAlias = npt.NDArray[np.int32]
Int64Array: TypeAlias = npt.NDArray[np.int64]
Mask: TypeAlias = npt.NDArray[np.bool_]
FilePath: TypeAlias = str | PathLike[str]
#: is told, in a sentence each, what of a file was read otherwise than it may look
Note: TypeAlias = Callable[[str], object]

DELIMITERS = (",", ";", "\t", "|")
#: how ERPNext marks a child table's column in an export: "Item Code (Sales Order Item)"
CHILD_TABLE = re.compile(r"\((?:items|[\w ]*item)\)$")
#: what Shopify adds to the headers of an inventory
_EDITABLE = re.compile(r"\((?:not editable|current)\)$")
#: a date as written where the comma is the decimal mark
DOTTED_DATE = re.compile(r"\d{1,2}\.\d{1,2}\.(?:\d\d){1,2}\b.*", re.ASCII)
#: a number as it may be written, with a unit or without
_NUMBER_LIKE = re.compile(
	r"[^\W\d_]{0,3}[$€£¥₹]?\s*[+-]?\d[\d.,' \u00a0\u202f]*\s*(?:%|[$€£¥₹]|[^\W\d_]{0,8}\.?)"
)
#: marks that do not show and that `str.strip` leaves: byte-order mark, zero-width blanks
INVISIBLE = "\ufeff\u200b\u200e\u200f\u2060"


@dataclass(frozen=True)
class Column:
	"""A column that a reader asks for."""

	#: its name in the documentation; a header of this name beats every alias
	name: str
	#: other headers that mean the same; like the name they match without case, blanks, "_", "-" and "."
	aliases: tuple[str, ...] = ()
	required: bool = False
	#: another column that makes this one unnecessary
	unless: str = ""
	#: whether a file may have several of it; the further ones are called "name 2", "name 3" and so on
	several: bool = False
	#: headers that mean it only where no header above is there
	weaker: tuple[str, ...] = ()
	#: headers that mean it only where none of those is there either
	weakest: tuple[str, ...] = ()
	#: whether a note names headers that mean the same and are not read, since another goes before them
	tell_others: bool = False


@dataclass(frozen=True, eq=False)
class TextColumn:
	"""The cells of one column over E rows; each distinct text is kept once."""

	#: the header as the file writes it
	header: str
	#: the distinct texts in order of first appearance, blanks around them removed
	distinct: Sequence[str]
	#: shape (E,), index into `distinct` of each row
	codes: IntArray

	def first_row(self, code: int) -> int:
		"""The first row that holds `distinct[code]`."""
		return int(np.argmax(self.codes == code))

	def keep(self, rows: Mask) -> TextColumn:
		"""The column in some of its rows; texts of no other row are forgotten."""
		used, codes = np.unique(self.codes[rows], return_inverse=True)
		return TextColumn(self.header, [self.distinct[code] for code in used], codes.astype(np.int32))

	def where(self, fits: Callable[[str], bool]) -> Mask:
		"""The rows whose text fits, shape (E,)."""
		return np.fromiter(map(fits, self.distinct), np.bool_, len(self.distinct))[self.codes]


@dataclass(frozen=True, eq=False)
class Table:
	"""The E rows of a file in the columns asked for; blank rows are left out."""

	#: file name for messages
	name: str
	delimiter: str
	#: shape (E,), the line of each row as an editor counts, the header included
	lines: IntArray
	#: the columns found, by the name a reader asked for
	columns: Mapping[str, TextColumn]
	#: shape (E,), alike for rows that are alike in every column of the file; empty where not asked for
	digests: Int64Array = field(default_factory=lambda: np.zeros(0, np.int64))
	#: as `digests`, of the columns that are not read alone; empty where all are
	unread: Int64Array = field(default_factory=lambda: np.zeros(0, np.int64))
	#: headers that a reader knows, as `normal` writes them
	labels: frozenset[str] = frozenset()

	def __len__(self) -> int:
		return len(self.lines)

	def error(self, column: str, row: int, problem: str) -> InputError:
		"""The refusal of one cell; `problem` ends the sentence, without its full stop."""
		where = f"{self.name}, row {self.lines[row]}"
		cells = [found.distinct[found.codes[row]] for found in self.columns.values()]
		if sum(bool(text) and normal(text) in self.labels for text in cells) > 1:
			return InputError(
				f"{where} is another header, of columns in another order; give each of the two tables a file"
				" of its own."
			)
		return InputError(f"{where}, column {self.columns[column].header}: {problem}.")

	def named(self, column: str) -> list[str]:
		"""The names of all columns of this kind that the file has, see `Column.several`."""
		return [name for name in self.columns if re.fullmatch(rf"{re.escape(column)}( \d+)?", name)]

	def keep(self, rows: Mask) -> Table:
		"""The table of some of its rows."""
		if rows.all():
			return self
		return replace(
			self,
			lines=self.lines[rows],
			columns={name: column.keep(rows) for name, column in self.columns.items()},
			digests=self.digests[rows] if len(self.digests) else self.digests,
			unread=self.unread[rows] if len(self.unread) else self.unread,
		)

	def texts(self, column: str) -> list[str]:
		"""The E cells of a column, "" where blank or where the file has no such column."""
		found = self.columns.get(column)
		return [""] * len(self) if found is None else [found.distinct[code] for code in found.codes]


def unheard(_: str) -> None:
	"""Where nobody listens to notes."""


def read_table(
	path: FilePath, columns: Sequence[Column], *, digests: bool = False, note: Note = unheard
) -> Table:
	"""Read the `columns` of a delimited text file; the others are ignored, or only tell rows apart.

	UTF-8 (with or without byte-order mark), UTF-16 (with one) and Windows-1252; comma, semicolon, tab or "|".
	Rows that repeat the header, as where exports were joined, are left out.
	Raises `InputError` where the file cannot be opened, is no delimited text, lacks a required column, has
	two columns for the same thing, or a row does not fit the header.
	"""
	path = Path(path)
	records = _records(path, columns)
	indices, headers = _find_columns(records.header, columns, path.name)
	_tell_others(path.name, records.header, columns, indices, note)
	key = next((indices[column.name] for column in columns if column.name in indices), 0)

	vocabularies = {name: _new_vocabulary() for name in indices}
	codes = {name: array("i") for name in indices}
	lines = array("i")
	# of the columns that are read, codes tell rows apart
	unread = sorted({*range(len(records.header))}.difference(indices.values())) if digests else []
	hashes = array("q")
	for batch in records.batches(lines, key):
		for name, index in indices.items():
			codes[name].extend(map(vocabularies[name].__getitem__, map(itemgetter(index), batch)))
		if unread:
			hashes.extend(map(hash, map(itemgetter(*unread), batch)))
	table = Table(
		path.name,
		records.delimiter,
		np.frombuffer(lines, dtype=np.int32),
		{name: _text_column(headers[name], vocabularies[name], codes[name]) for name in indices},
		digests_of([*codes.values(), *([hashes] if unread else [])]) if digests else np.zeros(0, np.int64),
		np.frombuffer(hashes, dtype=np.int64),
		_labels(columns),
	)
	table = _filled_down(_without_repeated_headers(table, note))
	if not len(table):
		raise InputError(f"{path.name} has a header but no rows; add the rows below the header.")
	return table


def header_of(path: FilePath, columns: Sequence[Column]) -> list[str]:
	"""The header of a file, as written."""
	return list(_records(Path(path), columns).header)


def has_column(header: Sequence[str], column: Column) -> bool:
	"""Whether a header has a column by any of its names."""
	return not _labels([column]).isdisjoint(map(normal, header))


def _records(path: Path, columns: Sequence[Column]) -> Records:
	data = read_bytes(path)
	encoding = find_encoding(data, path.name)
	return Records(data, encoding, _find_delimiter(data, encoding, columns, path.name), path.name)


def tell_unread(
	path: FilePath,
	columns: Sequence[Column],
	note: Note,
	*,
	only: str = "",
	but: str = "",
	zeros: bool = True,
) -> None:
	"""Say which columns of numbers are not read: no figure that somebody gave is passed over in silence.

	Of headers that hold `only`, where given, and not `but`, both patterns of lower case; columns of nothing
	but zeros on demand.
	"""
	path = Path(path)
	records = _records(path, columns)
	read = {index for index, field in enumerate(records.header) if normal(field) in _labels(columns)}
	numbers = [index for index, field in enumerate(records.header) if index not in read and field.strip()]
	names = [field.casefold() for field in records.header]
	numbers = [
		index
		for index in numbers
		if re.search(only, names[index]) and not (but and re.search(but, names[index]))
	]
	if not numbers:
		return
	filled: set[int] = set()
	for batch in records.batches(array("i"), 0):
		for index in tuple(numbers):
			texts = {text for row in batch if (text := row[index].strip())}
			told = texts if zeros else {text for text in texts if text.strip("0.,")}
			filled.update({index} if told else ())
			if not all(_NUMBER_LIKE.fullmatch(text) and not DOTTED_DATE.fullmatch(text) for text in texts):
				numbers.remove(index)
	numbers = [index for index in numbers if index in filled]
	if numbers:
		named = ", ".join(records.header[index].strip() for index in numbers[:5])
		more = f" and {len(numbers) - 5} more" if len(numbers) > 5 else ""
		note(f"{path.name}: not read, since the program knows no such column: {named}{more}.")


def _without_repeated_headers(table: Table, note: Note) -> Table:
	columns = list(table.columns.values())
	if not len(table) or not all(column.header in column.distinct for column in columns):
		return table
	repeated = np.logical_and.reduce([column.where(column.header.__eq__) for column in columns])
	if repeated.any():
		note(f"{table.name}, {rows_named(table.lines[repeated])}: the header again, left out.")
	return table.keep(~repeated)


def _filled_down(table: Table) -> Table:
	"""The table with the cells of a document filled in that ERPNext writes in its first row alone.

	It exports the rows of a document below each other, with a header such as "Item Code (Sales Order Item)",
	and leaves blank in further rows what belongs to the document.
	"""
	parents = {
		name: column
		for name, column in table.columns.items()
		if not CHILD_TABLE.search(column.header.casefold())
	}
	if not parents or len(parents) == len(table.columns):
		return table
	blank = np.logical_and.reduce([column.where(lambda text: not text) for column in parents.values()])
	first = np.maximum.accumulate(np.where(blank, 0, np.arange(len(table))))
	filled = {name: replace(column, codes=column.codes[first]) for name, column in parents.items()}
	return replace(table, columns={**table.columns, **filled})


def rows_named(lines: IntArray) -> str:
	"""Rows as messages name them: the first few, and how many more."""
	named = ", ".join(str(line) for line in lines[:3])
	if len(lines) == 1:
		return f"row {named}"
	return f"rows {named}" if len(lines) <= 3 else f"rows {named} and {len(lines) - 3:,} more"


def shown(value: str, longest: int = 40) -> str:
	"""A value of the file as messages quote it: on one line, cut where it is long."""
	short = value if len(value) <= longest else value[: longest - 3] + "..."
	return '"' + "".join(c if c.isprintable() else " " for c in short) + '"'


def _new_vocabulary() -> dict[str, int]:
	"""Numbers texts in order of first appearance, without leaving C."""
	return defaultdict(count().__next__)


def digests_of(columns: Iterable[npt.ArrayLike]) -> Int64Array:
	"""The digest of each row from whole numbers: well mixed, so that sums of rows tell, too."""
	mixed: npt.NDArray[np.uint64] = np.zeros(1, np.uint64)
	for codes in columns:
		mixed = (mixed + np.asarray(codes).astype(np.uint64)) * np.uint64(0x9E3779B97F4A7C15)
		mixed ^= mixed >> np.uint64(29)
		mixed *= np.uint64(0xBF58476D1CE4E5B9)
		mixed ^= mixed >> np.uint64(32)
	return mixed.view(np.int64)


def _text_column(header: str, vocabulary: dict[str, int], codes: array[int]) -> TextColumn:
	distinct = [_stripped(text) for text in vocabulary]
	code_of = np.frombuffer(codes, dtype=np.int32)
	if distinct == list(vocabulary):
		return TextColumn(header, distinct, code_of)
	# texts that differ only in the blanks around them are one
	merged = _new_vocabulary()
	recode = np.fromiter(map(merged.__getitem__, distinct), np.int32, len(distinct))
	return TextColumn(header, list(merged), recode[code_of])


def _stripped(text: str) -> str:
	return text.strip() if text.isascii() else text.strip().strip(INVISIBLE).strip()


def _find_delimiter(data: bytes, encoding: str, columns: Sequence[Column], name: str) -> str:
	"""The delimiter that makes most of the `columns` out of the header, then the most fields."""
	first = io.TextIOWrapper(io.BytesIO(data), encoding=encoding).readline()
	stated = SEPARATOR_LINE.fullmatch(first.strip("\r\n "))
	if stated:
		return stated[1]
	known = _labels(columns)
	best, most = DELIMITERS[0], (-1, -1)
	refusal: InputError | None = None
	for delimiter in DELIMITERS:
		try:
			header = Records(data, encoding, delimiter, name).header
		except InputError as error:
			refusal = refusal or error
			continue
		score = (len(known.intersection(map(normal, header))), len(header))
		if score > most:
			best, most = delimiter, score
	if most == (-1, -1) and refusal:
		raise refusal
	return best


@lru_cache(maxsize=1024)
def normal(header: str) -> str:
	"""What is left of a header where case, blanks, "_", "-" and "." do not count."""
	plain = _EDITABLE.sub("", CHILD_TABLE.sub("", _stripped(header).casefold()))
	return re.sub(r"[\s_.-]+", "", plain)


def _labels(columns: Sequence[Column]) -> frozenset[str]:
	labels = (
		label
		for column in columns
		for label in (column.name, *column.aliases, *column.weaker, *column.weakest)
	)
	return frozenset(map(normal, labels))


def _tell_others(
	name: str, header: Sequence[str], columns: Sequence[Column], indices: Mapping[str, int], note: Note
) -> None:
	"""Say which headers of a column are not read, since another of its names goes before them."""
	read = set(indices.values())
	for column in (column for column in columns if column.tell_others and column.name in indices):
		labels = _labels([column])
		others = [
			field.strip() for at, field in enumerate(header) if at not in read and normal(field) in labels
		]
		if others:
			note(f"{name}: column {header[indices[column.name]].strip()} is read, not {', '.join(others)}.")


def _find_columns(
	header: Sequence[str], columns: Sequence[Column], name: str
) -> tuple[dict[str, int], dict[str, str]]:
	"""Index in the header, and header as written, of each column that the file has."""
	plain = [normal(field) for field in header]
	indices: dict[str, int] = {}
	for column in columns:
		if column.several:
			wanted = set(map(normal, (column.name, *column.aliases)))
			for index, field in enumerate(plain):
				if field in wanted:
					number = sum(name.startswith(column.name) for name in indices)
					indices[f"{column.name} {number + 1}" if number else column.name] = index
			continue
		for labels in ((column.name,), column.aliases, column.weaker, column.weakest):
			wanted = set(map(normal, labels))
			found = [index for index, field in enumerate(plain) if field in wanted]
			if len(found) > 1:
				both = " and ".join(shown(header[index].strip()) for index in found[:2])
				raise InputError(
					f"{name} has two columns for {column.name}, {both}; remove or rename one of them, and"
					f" call the right one {column.name}."
				)
			if found:
				indices[column.name] = found[0]
				break
		if column.required and not {column.name, column.unless} & indices.keys():
			others = ", ".join(field.strip() for field in header)
			raise InputError(
				f"{name} has no column {column.name} (its columns: {shown(others, 200)[1:-1]}); add it, or"
				" rename the column that holds it."
			)
	return indices, {column: header[index].strip() for column, index in indices.items()}
