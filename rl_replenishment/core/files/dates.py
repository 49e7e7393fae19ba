"""Dates in delimited text: days, with year, day or month first, weeks or months; decided once per file."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.demand.ending import supported_days
from rl_replenishment.core.demand.rhythm import DAILY, MONTHLY, QUARTERLY, WEEKLY, Rhythm
from rl_replenishment.core.errors import InputError
from rl_replenishment.core.files.periods import (
	Period,
	format_of_periods,
	is_numbered,
	last_day,
	numbered,
	read_numbered,
	read_period,
)
from rl_replenishment.core.files.table import Table, shown

DayArray: TypeAlias = npt.NDArray[np.datetime64]

FIRST_YEAR, LAST_YEAR = 1900, 2200
_EPOCH = datetime.date(1970, 1, 1).toordinal()
_NOT_A_DAY = np.iinfo(np.int64).min
_TIME = re.compile(
	r"(?:\s*,\s*|\s+|T)(?:[01]?\d|2[0-4]):[0-5]\d(?::[0-5]\d(?:[.,]\d+)?)?"
	r"(?:\s*[ap]\.?m\.?)?(?:\s*(?:Z|UTC|GMT|[+-]\d\d:?\d\d))?$",
	re.ASCII | re.IGNORECASE,
)
_YEAR_FIRST = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})", re.ASCII)
_EIGHT_DIGITS = re.compile(r"(\d{4})()(\d\d)(\d\d)", re.ASCII)
_YEAR_LAST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})", re.ASCII)
_TWO_DIGIT_YEAR = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d\d)", re.ASCII)
#: so many different numbers are days, and at most so many are years
_DAYS_OF_A_MONTH, _YEARS = 20, 12
_FORMAT_OF_YEAR = re.compile(r"%[YyGcxDF]")
_FORMAT_OF_TIME = re.compile(r"%[HIMSfpXcTR]")


class _Reading(NamedTuple):
	"""The date that a text is with the day first, and with the month first; None where it is none."""

	day_first: datetime.date | None
	month_first: datetime.date | None
	rhythm: Rhythm = DAILY


class Dates(NamedTuple):
	"""A column of dates, all of them days, weeks or months."""

	#: shape (E,), the first day of each; NaT where blank
	first: DayArray
	#: shape (E,), the last day of each; NaT where blank
	last: DayArray
	rhythm: Rhythm


_PERIOD = {DAILY: "a day", WEEKLY: "a week", MONTHLY: "a month", QUARTERLY: "a quarter"}
#: what programs write where there is no date: 9999-12-31, 0000-00-00
_NO_DATE = re.compile(
	r"9999[-/.]?12[-/.]?31|31[-/.]12[-/.]9999|12[-/.]31[-/.]9999|0{4}[-/.]?00[-/.]?00|00[-/.]00[-/.]0{4}"
)


def read_dates(table: Table, name: str, date_format: str | None = None, *, required: bool = True) -> DayArray:
	"""The first days of what `read_periods` finds, shape (E,)."""
	return read_periods(table, name, date_format, required=required).first


def refuse_far_ahead(table: Table, name: str, day: DayArray, most: int) -> None:
	"""Refuse a date, NaT for none, that lies more than `most` days after all that the others support.

	The latest day alone is held against the rest, too, where most dates are earlier: of two, nobody knows
	which is wrong.
	"""
	known = day[~np.isnat(day)]
	if not len(known):
		return
	last = supported_days(known)[1]
	earlier = known[known < known.max()]
	if 2 * len(earlier) > len(known):
		last = min(last, earlier.max())
	# comparisons with NaT are False
	far = day > last + np.timedelta64(most, "D")
	if far.any():
		row = int(np.argmax(far))
		raise table.error(name, row, f"{day[row]} is far after all others, up to {last}; correct the date")


def read_periods(table: Table, name: str, date_format: str | None = None, *, required: bool = True) -> Dates:
	"""The dates of column `name`, whole days as written, or weeks or months; NaT where blank or without such
	a column.

	`date_format` is a `strptime` format; without one, 2024-03-01, 2024-W09, 2024-03, 1 March 2024 and their
	like are read as they are, 01.03.2024 starts with the day, and whether 01/03/2024 starts with the day or
	the month is told from the file's other dates. A time of day is dropped. Raises `InputError` naming row,
	column and value of a text that is no date, lies outside the years 1900 to 2200, contradicts the others
	or, with `required`, is blank; and where no date tells day from month, or week from month.
	"""
	if date_format is not None:
		_check_format(date_format)
	if name not in table.columns:
		none = np.full(len(table), "NaT", dtype="datetime64[D]")
		return Dates(none, none, DAILY)
	column = table.columns[name]
	keeps_time = date_format is not None and _FORMAT_OF_TIME.search(date_format)
	# times of day make nearly every text distinct, their dates are few: read each date once
	parts: dict[str, int] = {}
	first_codes: list[int] = []
	part_of = np.empty(len(column.distinct), dtype=np.int64)
	for code, text in enumerate(column.distinct):
		part = text if keeps_time else _TIME.sub("", text)
		if not required and _NO_DATE.fullmatch(part):
			part = ""
		index = part_of[code] = parts.setdefault(part, len(parts))
		if index == len(first_codes):
			first_codes.append(code)

	def refusal(index: int, problem: str) -> InputError:
		return table.error(name, column.first_row(first_codes[index]), problem)

	days = np.full(len(parts), _NOT_A_DAY, dtype=np.int64)
	last_days = days.copy()
	readings: dict[int, _Reading] = {}
	numbers_are = numbered(parts, column.header) if date_format is None else None
	years_are_last = _are_years_last(parts)
	for text, index in parts.items():
		if text:
			reading = _read(text, date_format, numbers_are, years_are_last)
			date = reading.day_first or reading.month_first
			if date is None:
				raise refusal(index, f"{shown(text)} {_why_no_date(text, date_format)}")
			if not FIRST_YEAR <= date.year <= LAST_YEAR:
				years = f"{FIRST_YEAR} to {LAST_YEAR}"
				raise refusal(index, f"{shown(text)} lies outside the years {years}; correct the date")
			readings[index] = reading
		elif required:
			raise refusal(index, "the cell is empty; fill it in, or remove the row")
	by_month = _is_month_first(list(parts), readings, refusal)
	rhythm = _one_rhythm(list(parts), readings, refusal)
	for index, reading in readings.items():
		chosen = reading.month_first if by_month else reading.day_first
		assert chosen is not None
		days[index] = chosen.toordinal() - _EPOCH
		last_days[index] = last_day(chosen, rhythm).toordinal() - _EPOCH
	first, last = (found[part_of][column.codes].view("datetime64[D]") for found in (days, last_days))
	return Dates(first, first if rhythm == DAILY else last, rhythm)


def _one_rhythm(
	texts: list[str], readings: dict[int, _Reading], refusal: Callable[[int, str], InputError]
) -> Rhythm:
	"""What all dates of the column are; refuses days among weeks and the like."""
	one: tuple[int, Rhythm] | None = None
	for index, reading in readings.items():
		if one is None:
			one = (index, reading.rhythm)
		elif reading.rhythm != one[1]:
			raise refusal(
				index,
				f"{shown(texts[index])} is {_PERIOD[reading.rhythm]}, but {shown(texts[one[0]])}"
				f" {_PERIOD[one[1]]}; write days, weeks or months throughout",
			)
	return one[1] if one else DAILY


def _is_month_first(
	texts: list[str], readings: dict[int, _Reading], refusal: Callable[[int, str], InputError]
) -> bool:
	"""Whether dates that end with the year start with the month; the same for the whole column."""
	evidence: tuple[int, bool] | None = None
	unclear: int | None = None
	for index, reading in readings.items():
		if reading.day_first and reading.month_first:
			# dots are day first everywhere, slashes and dashes are not
			if unclear is None and reading.day_first != reading.month_first and "." not in texts[index]:
				unclear = index
			continue
		month_first = reading.day_first is None
		if evidence is None:
			evidence = (index, month_first)
		elif evidence[1] != month_first:
			first, second = ("month", "day") if month_first else ("day", "month")
			raise refusal(
				index,
				f"{shown(texts[index])} can only start with the {first}, but {shown(texts[evidence[0]])} only"
				f" with the {second}; write all dates one way, best as 2024-03-01",
			)
	if evidence is not None:
		return evidence[1]
	if unclear is not None:
		mark = re.sub(r"\d", "", texts[unclear])[0]
		by_day, by_month = (
			f"--date-format {mark.join(parts)}" for parts in (("%d", "%m", "%Y"), ("%m", "%d", "%Y"))
		)
		raise refusal(
			unclear,
			f"{shown(texts[unclear])} could start with the day or the month, and no other date tells which;"
			f" add {by_day} or {by_month}",
		)
	return False


def is_date(text: str) -> bool:
	"""Whether a text alone is a day, week, month or quarter with its year."""
	return any(_read(text, None, MONTHLY)[:2]) or any(_read(text, None, WEEKLY)[:2])


def _read(
	text: str, date_format: str | None, numbers_are: Rhythm | None, years_are_last: bool = False
) -> _Reading:
	if date_format is not None:
		text_more, format_more, rhythm = format_of_periods(date_format)
		try:
			date = datetime.datetime.strptime(text + text_more, date_format + format_more).date()
		except ValueError:
			return _Reading(None, None)
		return _Reading(date, date, rhythm)
	year_first = _YEAR_FIRST.fullmatch(text) or _EIGHT_DIGITS.fullmatch(text)
	if year_first:
		date_or_none = _date(year_first[1], year_first[3], year_first[4])
		return _Reading(date_or_none, date_or_none)
	year_last = _YEAR_LAST.fullmatch(text)
	if year_last is None and (years_are_last or "." in text):
		year_last = _TWO_DIGIT_YEAR.fullmatch(text)
	if year_last:
		first, _, second, year = year_last.groups()
		year = year if len(year) == 4 else f"20{year}"
		return _Reading(day_first=_date(year, second, first), month_first=_date(year, first, second))
	period: Period | None
	if is_numbered(text):
		period = read_numbered(text, numbers_are) if numbers_are else None
	else:
		period = read_period(text)
	return _Reading(period.first, period.first, period.rhythm) if period else _Reading(None, None)


def _are_years_last(texts: Iterable[str]) -> bool:
	"""Whether years of two digits certainly stand last, as in 05/03/25.

	A history is of a few years, and of nearly every day of the month.
	"""
	found = [short for text in texts if (short := _TWO_DIGIT_YEAR.fullmatch(text))]
	first, middle, last = ({int(short[part]) for short in found} for part in (1, 3, 4))
	days = max(len(first), len(middle))
	return days >= _DAYS_OF_A_MONTH and len(last) <= _YEARS and max(last) - min(last) < _YEARS


def _date(year: str, month: str, day: str) -> datetime.date | None:
	try:
		return datetime.date(int(year), int(month), int(day))
	except ValueError:
		return None


def _why_no_date(text: str, date_format: str | None) -> str:
	if date_format is not None:
		return f"is not a date of the form {date_format}; correct it, or give another --date-format"
	if re.fullmatch(r"\d{6}", text, re.ASCII) and is_numbered(text):
		return (
			"could be a week or a month, and no other date tells which; write it as 2024-W05 or 2024-05, or"
			" name the column Week or Month"
		)
	if re.fullmatch(r"\d{5}(\.\d*)?", text, re.ASCII):
		return "is a spreadsheet's day number; show the column as dates before saving it as CSV"
	if two_digits := _TWO_DIGIT_YEAR.fullmatch(text):
		form = two_digits[2].join(("%d", "%m", "%y"))
		return f"has a year of two digits; add its form, such as --date-format {form}"
	return "is not a date; write it as 2024-03-01, or add its form, such as --date-format %d/%m/%Y"


def _check_format(date_format: str) -> None:
	text_more, format_more, rhythm = format_of_periods(date_format)
	# the first day of a week, of a month, or any day
	probe = datetime.datetime(
		2013, 11, {DAILY: 23, WEEKLY: 25, MONTHLY: 1}[rhythm], tzinfo=datetime.timezone.utc
	)
	try:
		# newer Pythons warn where strptime has to invent the year
		complete = _FORMAT_OF_YEAR.search(date_format) is not None and (
			datetime.datetime.strptime(
				probe.strftime(date_format) + text_more, date_format + format_more
			).date()
			== probe.date()
		)
	except (ValueError, re.error):
		complete = False
	if not complete:
		raise InputError(
			f"--date-format {shown(date_format)} does not tell day, month and year; use one such as %d/%m/%Y."
		)
