"""Weeks, months and names of months as dates in delimited text have them."""

from __future__ import annotations

import calendar
import datetime
import re
from collections.abc import Iterable
from typing import NamedTuple

from rl_replenishment.core.demand.rhythm import DAILY, MONTHLY, QUARTERLY, WEEKLY, Rhythm

_YEAR = r"(?P<year>(?:19|20|21)\d\d)"
#: of two digits, from 2000 on; as programs shorten it where the month has a name
_SHORT_YEAR = r"'?(?P<year>\d\d)"
#: what stands before the number of a week: English, ISO, German, Dutch, French, Spanish
_WEEK_SIGN = r"(?:cw|wk|week|w|kw|woche|sem|s)\.?\s*"
_WEEK_FORMS = (
	rf"{_YEAR}\s*[-/._]?\s*{_WEEK_SIGN}(?P<week>\d\d?)(?:-(?P<day>[1-7]))?",
	rf"{_WEEK_SIGN}(?P<week>\d\d?)\s*[-/.,_]?\s*{_YEAR}",
)
_MONTH_FORMS = (
	rf"{_YEAR}-?M(?P<month>\d\d?)",
	rf"(?P<name>[^\W\d_]+)\.?[-/, ]\s*{_YEAR}",
	rf"{_YEAR}[-/, ]\s*(?P<name>[^\W\d_]+)\.?",
)
_DAY_FORMS = (
	rf"(?P<day>\d\d?)(?:st|nd|rd|th|\.)?[-/, ]?\s*(?P<name>[^\W\d_]+)\.?[-/, ]?\s*{_YEAR}",
	rf"(?P<name>[^\W\d_]+)\.?[-/ ]\s*(?P<day>\d\d?)(?:st|nd|rd|th)?[-/, ]\s*{_YEAR}",
	rf"{_YEAR}[-/ ](?P<name>[^\W\d_]+)\.?[-/ ](?P<day>\d\d?)",
	rf"(?P<day>\d\d?)\s+de\s+(?P<name>[^\W\d_]+)\s+(?:de\s+)?{_YEAR}",
	rf"(?P<day>\d\d?)\.?[-/ ]?\s*(?P<name>[^\W\d_]+)\.?[-/ ]\s*{_SHORT_YEAR}",
)
_QUARTER_FORMS = (
	rf"(?:q|qtr\.?|quarter|quartal)\s*(?P<quarter>[1-4])\s*[-/._, ]?\s*{_YEAR}",
	rf"{_YEAR}\s*[-/._ ]?\s*(?:q|qtr\.?|quarter|quartal)\s*(?P<quarter>[1-4])",
	rf"(?P<quarter>[1-4])\s*(?:\.\s*quartal|(?:st|nd|rd|th) quarter|q)\s*[-/, ]?\s*{_YEAR}",
)
_SHORT_MONTH = re.compile(rf"(?P<name>[^\W\d_]{{3,}})\.?[-/ ]\s*{_SHORT_YEAR}")
_WEEKS, _MONTHS, _DAYS, _QUARTERS = (
	tuple(re.compile(form, re.IGNORECASE) for form in forms)
	for forms in (_WEEK_FORMS, _MONTH_FORMS, _DAY_FORMS, _QUARTER_FORMS)
)
#: the name of a weekday before a date, in the same languages: any other word says what the figures are
_WEEKDAY = re.compile(
	r"(?:mon(?:day)?|tue(?:s|sday)?|wed(?:nesday)?|thu(?:rs?|rsday)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?"
	r"|mo(?:ntag)?|di(?:e|enstag)?|mi(?:ttwoch)?|do(?:n|nnerstag)?|fr(?:eitag)?|sa(?:mstag)?|so(?:nntag)?|sonnabend"
	r"|lun(?:di|es|edì)?|mar(?:di|tes|tedì)?|mer(?:credi|coledì)?|mié(?:rcoles)?|jeu(?:di)?|jue(?:ves)?"
	r"|gio(?:vedì)?|ven(?:dredi|erdì)?|vie(?:rnes)?|sam(?:edi)?|sáb(?:ado)?|sab(?:ato)?|dim(?:anche)?"
	r"|dom(?:ingo|enica)?|ma(?:andag)?|dinsdag|wo(?:ensdag)?|donderdag|vr(?:ijdag)?|za(?:terdag)?|zo(?:ndag)?"
	r")\.?,?\s+(?=\d|[^\W\d_]+\.? \d)",
	re.IGNORECASE,
)
#: a year and a number: of a month, or of a week
_NUMBERED = tuple(
	re.compile(form, re.ASCII)
	for form in (rf"{_YEAR}(?P<mark>[-/.]?)(?P<part>\d\d?)", rf"(?P<part>\d\d?)(?P<mark>[-/.]){_YEAR}")
)
#: the months by name, in English, German, French, Spanish, Italian and Dutch
_MONTH_NAMES = {
	name: number
	for names in (
		"january february march april may june july august september october november december",
		"jan feb mar apr may jun jul aug sep oct nov dec",
		"januar februar märz april mai juni juli august september oktober november dezember",
		"jänner feb mrz apr mai jun jul aug sept okt nov dez",
		"jan feber mär apr mai jun jul aug sep okt nov dez",
		"jan febr maerz apr mai jun jul aug sep okt nov dez",
		"janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
		"janv févr mars avr mai juin juil août sept oct nov déc",
		"enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
		"ene feb mar abr may jun jul ago sept oct nov dic",
		"gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
		"gen feb mar apr mag giu lug ago set ott nov dic",
		"januari februari maart april mei juni juli augustus september oktober november december",
		"jan feb mrt apr mei jun jul aug sep okt nov dec",
	)
	for number, name in enumerate(names.split(), 1)
}
_FORMAT_OF_DAY = re.compile(r"%[djaAuwxcDF]")


class Period(NamedTuple):
	"""A day, week or month by its first day."""

	first: datetime.date
	rhythm: Rhythm


def read_period(text: str) -> Period | None:
	"""A week, a month, or a day whose month has a name; None where `text` is none of these."""
	for form in _WEEKS:
		if found := form.fullmatch(text):
			parts = found.groupdict()
			day = parts.get("day")
			return _week(int(parts["year"]), int(parts["week"]), int(day or 1), WEEKLY if not day else DAILY)
	for form in _MONTHS:
		if found := form.fullmatch(text):
			month = _month_number(found.groupdict())
			if month:
				return _period(int(found["year"]), month, 1, MONTHLY)
	for form in _QUARTERS:
		if found := form.fullmatch(text):
			return _period(int(found["year"]), 3 * int(found["quarter"]) - 2, 1, QUARTERLY)
	for form in _DAYS:
		if found := form.fullmatch(text):
			month = _month_number(found.groupdict())
			if month:
				return _period(_whole_year(found["year"]), month, int(found["day"]), DAILY)
	if found := _SHORT_MONTH.fullmatch(text):
		month = _month_number(found.groupdict())
		if month:
			return _period(_whole_year(found["year"]), month, 1, MONTHLY)
	weekday = _WEEKDAY.match(text)
	return read_period(text[weekday.end() :]) if weekday else None


def month_named(text: str) -> int:
	"""The month of a name alone, 0 where it is none."""
	return _MONTH_NAMES.get(text.casefold().rstrip("."), 0)


def _whole_year(text: str) -> int:
	return int(text) + (2000 if len(text) == 2 else 0)


def numbered(texts: Iterable[str], header: str) -> Rhythm | None:
	"""Whether 2024-05, 202405 and their like are weeks or months; None where nothing tells.

	The header tells, or a number above 12; with a mark they are months otherwise, as in ISO 8601.
	"""
	name = header.casefold()
	if re.search(r"week|woche|\bkw|\bcw", name):
		return WEEKLY
	if re.search(r"month|monat", name):
		return MONTHLY
	parts = [found for text in texts if (found := _numbered(text))]
	if any(int(found["part"]) > 12 for found in parts):
		return WEEKLY
	# weeks of two years would not leave out all but the first twelve
	several_years = len({found["year"] for found in parts}) > 1
	return MONTHLY if several_years or all(found["mark"] for found in parts) else None


def read_numbered(text: str, rhythm: Rhythm) -> Period | None:
	"""The week or month that 202405 or 2024-05 is."""
	found = _numbered(text)
	if found is None:
		return None
	year, part = int(found["year"]), int(found["part"])
	return _week(year, part, 1, WEEKLY) if rhythm == WEEKLY else _period(year, part, 1, MONTHLY)


def is_numbered(text: str) -> bool:
	"""Whether a text is a year and the number of a week or month."""
	return _numbered(text) is not None


def _numbered(text: str) -> re.Match[str] | None:
	for form in _NUMBERED:
		found = form.fullmatch(text)
		# five digits are a spreadsheet's day number
		if found and (found["mark"] or len(text) == 6):
			return found
	return None


def format_of_periods(date_format: str) -> tuple[str, str, Rhythm]:
	"""What to add to the text and to a `strptime` format that names no day, and the rhythm that it means."""
	if _FORMAT_OF_DAY.search(date_format):
		return "", "", DAILY
	if re.search(r"%[VWU]", date_format):
		return " 1", " %u" if "%V" in date_format else " %w", WEEKLY
	return " 1", " %d", MONTHLY


def last_day(first: datetime.date, rhythm: Rhythm) -> datetime.date:
	"""The last day of the period that starts on `first`."""
	if rhythm == WEEKLY:
		return first + datetime.timedelta(days=6)
	if rhythm in (MONTHLY, QUARTERLY):
		last = first.month if rhythm == MONTHLY else first.month + 2
		return datetime.date(first.year, last, calendar.monthrange(first.year, last)[1])
	return first


def _month_number(parts: dict[str, str | None]) -> int:
	name = parts.get("name")
	if name:
		return _MONTH_NAMES.get(name.casefold(), 0)
	return int(parts.get("month") or 0)


def _week(year: int, week: int, day: int, rhythm: Rhythm) -> Period | None:
	try:
		return Period(datetime.date.fromisocalendar(year, week, day), rhythm)
	except ValueError:
		return None


def _period(year: int, month: int, day: int, rhythm: Rhythm) -> Period | None:
	try:
		return Period(datetime.date(year, month, day), rhythm)
	except ValueError:
		return None
