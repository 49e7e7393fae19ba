"""Numbers in delimited text, with a decimal point or a decimal comma."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.errors import InputError
from rl_replenishment.core.files.table import DOTTED_DATE, Table, TextColumn, shown

#: beyond any stock or price; keeps sums exact and within single precision
LARGEST = 1e12
OTHER_MARK = {".": ",", ",": "."}

#: the minus sign of typographers, as web pages and some spreadsheets write it
_MINUS = "\u2212"
_PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d{1,3})?", re.ASCII | re.IGNORECASE)
_DECIMAL_COMMA = re.compile(r"[+-]?(?:\d+,?\d*|,\d+)(?:e[+-]?\d{1,3})?", re.ASCII | re.IGNORECASE)
#: how bookkeepers write what is below 0: 12- and (12)
_BOOKED = re.compile(r"([\d.,' \u00a0\u202f\u2019]+)-|\(([\d.,' \u00a0\u202f\u2019]+)\)", re.ASCII)
#: one mark, exactly three digits behind it: 1.500 may be one and a half, or fifteen hundred
_UNCLEAR = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}", re.ASCII)
#: thousands, lakhs and crores, as in India
_LAKHS = re.compile(r"[+-]?[1-9]\d?(?:,\d\d)+,\d{3}(?:\.\d*)?", re.ASCII)
#: a number with what it counts or what it is paid in: 10 Stk, $ 4.50
_WITH_UNIT = re.compile(
	r"(?P<before>[^\W\d_]{1,4}\.?|[$€£¥₹])?\s*(?P<number>[+-]?\(?[\d.,' \u00a0\u202f\u2019]*\d[.,]?-?\)?)\s*"
	r"(?P<after>[^\W\d_][^\W\d]{0,11}\.?|[$€£¥₹])?"
)
#: a number with one of these is another number
_MULTIPLES = frozenset(
	("k", "tsd", "tsd.", "tausend", "thousand", "mio", "mio.", "mln", "mn", "million", "lakh", "lac", "crore")
)
_DAYS_OF = {
	**dict.fromkeys(("d", "day", "days", "tag", "tage", "tg", "t", "jours", "jour", "días", "dagen"), 1.0),
	**dict.fromkeys(("w", "wk", "wks", "week", "weeks", "woche", "wochen", "wo", "semaines", "weken"), 7.0),
	**dict.fromkeys(("month", "months", "mo", "mon", "monat", "monate", "mois"), 30.0),
}
_CURRENCIES = {"$": "usd", "us$": "usd", "€": "eur", "£": "gbp", "¥": "jpy", "₹": "inr", "rs": "inr"}
#: what stands where nothing does
_BLANK = frozenset(("n/a", "#n/a", "na", "nan", "null", "none", "k.a.", "-", "\u2013", "\u2014"))
_DASHES = frozenset("-\u2013\u2014")
#: thousands apart by a mark, a blank or an apostrophe
_GROUPED = re.compile(
	r"([+-]?[1-9]\d{0,2})(?:([.,' \u00a0\u202f\u2019])\d{3})(?:\2\d{3})*(?:([.,])\d*)?", re.ASCII
)


class Range(NamedTuple):
	"""What a column of numbers may hold."""

	lowest: float = -LARGEST
	highest: float = LARGEST
	#: whether a blank cell is refused
	required: bool = False
	#: how a number that is too high is mended
	remedy: str = "correct it"
	#: whether it is a share, which may be written as a percentage
	share: bool = False
	#: whether it is a number of days, which may be written in weeks or months
	days: bool = False
	#: whether it is money, all of a file in one currency
	money: bool = False

	def problem(self, value: float) -> str:
		"""What is wrong with a number and how to mend it, "" where it is in range."""
		if value < self.lowest:
			return f"is below {self.lowest:g}, the least allowed; correct it"
		return f"is above {self.highest:g}, the most allowed; {self.remedy}" if value > self.highest else ""


def read_numbers(table: Table, ranges: Mapping[str, Range]) -> dict[str, npt.NDArray[np.float64]]:
	"""The columns named in `ranges`, each of shape (E,); NaN where blank or without such a column.

	Whether "," or "." is the decimal mark is decided once, over all these columns. What a column counts in,
	or is paid in, may stand with each number, if it is the same throughout; days may be in weeks or months of
	30 days. A dash is 0 where a number is required. Raises `InputError` naming row, column and value of the
	first cell that is no number, is out of range, in another unit, or could be read two ways.
	"""
	factors: dict[str, npt.NDArray[np.float64]] = {}
	present: dict[str, TextColumn] = {}
	currency: list[tuple[str, str]] = []
	for name in ranges:
		if name in table.columns:
			# what money columns are paid in is one
			first = currency if ranges[name].money else []
			present[name], factors[name] = _without_units(table, name, ranges[name], first)
	mark = _decimal_mark(table, present)
	numbers = {name: np.full(len(table), np.nan) for name in ranges}
	for name, column in present.items():
		texts, share = column.distinct, ranges[name].share
		values = _parsed([_without_percent(text) for text in texts] if share else texts, mark)
		if share:
			values[[text.endswith("%") for text in texts]] /= 100
		values *= factors[name]
		wrong = np.isnan(values) | (values < ranges[name].lowest) | (values > ranges[name].highest)
		for code in np.flatnonzero(wrong):
			original = column.distinct[int(code)] and table.columns[name].distinct[int(code)]
			problem = _problem(original, float(values[code]), ranges[name])
			if problem:
				raise _refusal(table, name, int(code), problem)
		numbers[name] = values[column.codes]
	return numbers


def unit_apart(text: str) -> tuple[str, str]:
	"""A number and what it counts or is paid in, "" for none; other texts as they are."""
	if not text or not (
		text[0].isalpha() or text[0] in "$€£¥₹" or text[-1].isalpha() or text[-1] in ".$€£¥₹"
	):
		return text, ""
	if _PLAIN.fullmatch(text) or _DECIMAL_COMMA.fullmatch(text):
		return text, ""
	found = _WITH_UNIT.fullmatch(text)
	if found is None or bool(found["before"]) == bool(found["after"]):
		return text, ""
	unit = found["before"] or found["after"]
	# M and T are millions and thousands, m and t metres and tonnes
	if unit.casefold() in _MULTIPLES or unit in ("M", "T"):
		return text, ""
	return found["number"].strip(), unit


def _without_units(
	table: Table, name: str, allowed: Range, first: list[tuple[str, str]]
) -> tuple[TextColumn, npt.NDArray[np.float64]]:
	"""The column with its numbers alone, and what to multiply each distinct one with.

	`first` is the unit that all must have, with the text that has it; empty until there is one.
	"""
	column = table.columns[name]
	factors = np.ones(len(column.distinct))
	texts, units = map(list, zip(*map(unit_apart, column.distinct), strict=True))
	for code, (unit, text) in enumerate(zip(units, column.distinct, strict=True)):
		if text.casefold() in _BLANK:
			texts[code] = "0" if allowed.required and text in _DASHES else ""
		if not unit:
			continue
		folded = _CURRENCIES.get(unit.casefold().rstrip("."), unit.casefold().rstrip("."))
		if allowed.days:
			if folded not in _DAYS_OF:
				raise _refusal(table, name, code, f"{shown(text)} is no number of days; write it in days")
			factors[code] = _DAYS_OF[folded]
		elif not first:
			first.append((folded, text))
		elif folded != first[0][0]:
			what = "currencies" if allowed.money else "units"
			problem = (
				f"{shown(text)} and {shown(first[0][1])} are in different {what}; give all of them in one"
			)
			raise _refusal(table, name, code, problem)
	return replace(column, distinct=texts), factors


def _parsed(texts: Sequence[str], mark: str) -> npt.NDArray[np.float64]:
	"""The texts as numbers, NaN where one is none."""
	plain = (_PLAIN if mark == "." else _DECIMAL_COMMA).fullmatch
	values = np.full(len(texts), np.nan)
	for index, text in enumerate(map(_signed, texts)):
		if plain(text):
			values[index] = float(text if mark == "." else text.replace(",", "."))
			continue
		if mark == "." and _LAKHS.fullmatch(text):
			values[index] = float(text.replace(",", ""))
			continue
		grouped = _GROUPED.fullmatch(text)
		if grouped and grouped[2] != mark and (not grouped[3] or grouped[3] == mark):
			values[index] = float(text.replace(grouped[2], "").replace(mark, "."))
	return values


def _without_percent(text: str) -> str:
	return text[:-1].rstrip() if text.endswith("%") else text


def _signed(text: str) -> str:
	if text.startswith(_MINUS):
		return f"-{text[1:].lstrip()}"
	booked = _BOOKED.fullmatch(text) if text.endswith(("-", ")")) else None
	return f"-{(booked[1] or booked[2]).strip()}" if booked else text


def _problem(text: str, value: float, allowed: Range) -> str:
	"""Why a cell is refused, "" for a blank one that may be."""
	if not text:
		return "the cell is empty; fill it in, or remove the row" if allowed.required else ""
	if np.isnan(value):
		return f"{shown(text)} is not a number; write digits only, such as 1234.5"
	return f"{shown(text)} {allowed.problem(value)}"


def _decimal_mark(table: Table, columns: Mapping[str, TextColumn]) -> str:
	"""What stands before the decimals; raises where values contradict each other or none of them tells."""
	found: tuple[str, str] | None = None
	unclear: tuple[str, int] | None = None
	# a file whose delimiter is the comma writes decimals with a point, so 1.500 is plain there, unless its
	# dates are those of a country where the point parts thousands
	point_is_plain = table.delimiter == "," and not any(
		DOTTED_DATE.fullmatch(column.distinct[0])
		for other, column in table.columns.items()
		if other not in columns
	)
	for name, column in columns.items():
		for code, text in enumerate(column.distinct):
			if "," not in text and "." not in text:
				continue
			text = _signed(_without_percent(text))
			if found and OTHER_MARK[found[0]] not in text:
				continue
			if _UNCLEAR.fullmatch(text):
				if "," in text or not point_is_plain:
					unclear = unclear or (name, code)
				continue
			mark = _mark_of(text)
			if mark and found and mark != found[0]:
				problem = f"{shown(text)} and {shown(found[1])} use different decimal marks"
				raise _refusal(table, name, code, f"{problem}; write all numbers as 1234.5")
			if mark:
				found = found or (mark, text)
	if found:
		return found[0]
	if unclear:
		name, code = unclear
		text = columns[name].distinct[code]
		whole, decimals = re.split("[.,]", text)
		decimal = f"{float(f'{whole}.{decimals}'):g}"
		problem = f"{shown(text)} could be {whole}{decimals} or {decimal}"
		raise _refusal(table, name, code, f"{problem}; write numbers without a thousands separator")
	return "."


def _mark_of(text: str) -> str:
	"""The decimal mark that a number with "." or "," in it must have, "" where it is no number at all."""
	if _PLAIN.fullmatch(text):
		return "."
	if _DECIMAL_COMMA.fullmatch(text):
		return ","
	if _LAKHS.fullmatch(text):
		return "."
	grouped = _GROUPED.fullmatch(text)
	if not grouped or grouped[2] == grouped[3]:
		return ""
	if grouped[3]:
		return grouped[3]
	return OTHER_MARK.get(grouped[2], "")


def _refusal(table: Table, name: str, code: int, problem: str) -> InputError:
	return table.error(name, table.columns[name].first_row(code), problem)
