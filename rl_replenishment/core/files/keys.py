"""The item-warehouse that each row of a file is about."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import numpy as np

from rl_replenishment.core.files.table import INVISIBLE, Column, IntArray, Note, Table, shown, unheard
from rl_replenishment.core.items import ItemKey

ITEM_CODE = Column(
	"item_code",
	(
		"Item",
		"Item ID",
		"ProductID",
		"Product Code",
		"SKU",
		"Lineitem sku",
		"Stock Code",
		"Article Number",
		"Part Number",
		"Material",
		"Material Number",
		"Internal Reference",
		"Artikelnummer",
		"Artikelnr",
		"Artikelcode",
	),
	required=True,
	weaker=(
		*("Item No", "Item Number", "Product No", "Product Number", "Product SKU", "Variant SKU"),
		*("Materialnummer", "Teilenummer", "Sachnummer", "Artikel", "Article", "Product", "Produkt", "Part"),
		*("EAN", "EAN Code", "GTIN", "UPC", "Barcode"),
	),
)
WAREHOUSE = Column("warehouse", ("Delivery Warehouse", "Source Warehouse", "Lager"))
#: how a spreadsheet shows a long number; what stands before the E is all that is left of it
_SCIENTIFIC = re.compile(r"(\d)(?:[.,](\d+))?E\+(\d{1,3})", re.ASCII | re.IGNORECASE)
#: as long as an EAN or nearly, with hardly half of its digits left
_ROUNDED = re.compile(r"\d{5,9}0{6,}", re.ASCII)
_INSIDE = re.compile(f"[{INVISIBLE}]")
#: hyphens and dashes, which programs put for one another
_HYPHENS = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212\u00ad"), "-")
#: how spreadsheets keep a code from being taken for a number: ="00123", and '00123
_KEPT_TEXT = re.compile(r'="(.*)"|\'(\d+)', re.ASCII)


def read_keys(table: Table, note: Note = unheard) -> tuple[tuple[ItemKey, ...], IntArray]:
	"""The distinct item-warehouses in order of first appearance, and the index of each row's, shape (E,).

	Names that differ only in case or blanks are one, spelled as it comes first; a note says so. Raises
	`InputError` naming the row where the item code is blank or was rounded by a spreadsheet.
	"""
	names, item = _read_names(table, ITEM_CODE.name, note)
	if "" in names:
		row = int(np.argmax(item == names.index("")))
		raise table.error(ITEM_CODE.name, row, "the cell is empty; fill it in, or remove the row")
	_tell_numbers_alike(table, names, note)
	_tell_rounded(table, names, note)
	if WAREHOUSE.name not in table.columns:
		return tuple(ItemKey(code) for code in names), item
	warehouses, warehouse = _read_names(table, WAREHOUSE.name, note)
	width = len(warehouses)
	pairs = item.astype(np.int64) * width + warehouse
	distinct, first, inverse = np.unique(pairs, return_index=True, return_inverse=True)
	order = np.argsort(first)
	rank = np.empty(len(order), dtype=np.int32)
	rank[order] = np.arange(len(order), dtype=np.int32)
	keys = (ItemKey(names[pair // width], warehouses[pair % width]) for pair in distinct[order])
	return tuple(keys), rank[inverse]


def fold(name: str) -> str:
	"""What is left of a name where case, the kind of blanks and hyphens and invisible marks do not count."""
	if name.isascii():
		return " ".join(name.casefold().split())
	plain = _INSIDE.sub("", name.translate(_HYPHENS))
	return " ".join(unicodedata.normalize("NFC", plain).casefold().split())


def as_number(code: str) -> str:
	"""A code without the zeros that programs drop or add: 00123 and 123.0 are 123; "" for other codes."""
	whole = code.removesuffix(".0")
	return (whole.lstrip("0") or "0") if whole.isdecimal() and whole.isascii() else ""


def _read_names(table: Table, column: str, note: Note) -> tuple[list[str], IntArray]:
	"""The distinct names of a column and the index of each row's, shape (E,)."""
	found = table.columns[column]
	names = [_unrounded(table, column, code, text) for code, text in enumerate(found.distinct)]
	place: dict[str, int] = {}
	recode = np.fromiter((place.setdefault(fold(name), len(place)) for name in names), np.int32, len(names))
	if len(place) == len(names):
		return names, found.codes
	spelled: dict[int, list[str]] = {}
	for name, index in zip(names, recode.tolist(), strict=True):
		spelled.setdefault(index, []).append(name)
	several = [
		f"{first} (also {', '.join(map(shown, others))})" for first, *others in spelled.values() if others
	]
	note(
		f"{table.name}, column {found.header}: names that differ only in case or blanks are one:"
		f" {'; '.join(several[:3])}{f' and {len(several) - 3} more' if len(several) > 3 else ''}."
	)
	return [first for first, *_ in spelled.values()], recode[found.codes]


def _unrounded(table: Table, column: str, code: int, text: str) -> str:
	kept = _KEPT_TEXT.fullmatch(text)
	if kept is not None:
		return (kept[1] or kept[2] or "").strip()
	number = _SCIENTIFIC.fullmatch(text)
	if number is None:
		return text
	first, decimals, places = number[1], number[2] or "", int(number[3])
	if len(decimals) < places:
		raise table.error(
			column,
			table.columns[column].first_row(code),
			f"{shown(text)} is what a spreadsheet left of a long number, so several codes may have become"
			" one; show the column as text or as a number without decimals there, and save it again",
		)
	return first + decimals[:places]


def _tell_rounded(table: Table, codes: Sequence[str], note: Note) -> None:
	"""Say so where long codes end in zeros, as those do that a spreadsheet rounded and shows in full."""
	rounded = [code for code in codes if _ROUNDED.fullmatch(code)]
	if rounded:
		more = f" and {len(rounded) - 3} more" if len(rounded) > 3 else ""
		note(
			f"{table.name}, column {table.columns[ITEM_CODE.name].header}: {', '.join(rounded[:3])}{more} may"
			" be what a spreadsheet left of several codes each; where so, export them as text."
		)


def _tell_numbers_alike(table: Table, codes: Sequence[str], note: Note) -> None:
	"""Say so where two codes differ only in zeros that a program may have dropped."""
	seen: dict[str, str] = {}
	for code in codes:
		number = as_number(code)
		if number and seen.setdefault(number, code) != code:
			note(
				f"{table.name}: {code} and {seen[number]} are read as two items; if a program dropped zeros,"
				" export the codes as text."
			)
			return


def natural_order(keys: Sequence[ItemKey]) -> IntArray:
	"""The permutation that sorts keys as people do: item 9 before item 10, whatever the case."""
	return np.array(sorted(range(len(keys)), key=lambda index: _natural(keys[index])), dtype=np.int32)


def _natural(key: ItemKey) -> tuple[object, ...]:
	# numbers compare by length, then digits: no limit on how long they are
	parts = (
		tuple(
			(0, len(part.lstrip("0")), part.lstrip("0")) if position % 2 else (1, 0, part.casefold())
			for position, part in enumerate(re.split(r"([0-9]+)", text))
			if part
		)
		for text in key
	)
	return (*parts, key)
