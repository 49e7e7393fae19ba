"""Dates: which reading a file's own values leave, and when to ask."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from rl_replenishment.core.demand.rhythm import DAILY, MONTHLY, WEEKLY, Rhythm
from rl_replenishment.core.errors import InputError
from rl_replenishment.core.files.dates import read_dates, read_periods
from rl_replenishment.core.files.table import Column, read_table

WriteFile = Callable[..., Path]
ReadDates = Callable[..., list[str]]


@pytest.fixture
def read(write: WriteFile) -> ReadDates:
	def read_column(
		values: Sequence[str], date_format: str | None = None, required: bool = True
	) -> list[str]:
		path = write("\n".join(["OrderDate;qty", *(f'"{value}";1' for value in values)]))
		table = read_table(path, [Column("qty"), Column("date", ("OrderDate",))])
		return [str(day) for day in read_dates(table, "date", date_format, required=required)]

	return read_column


@pytest.fixture
def refusal(read: ReadDates) -> Callable[..., str]:
	def read_and_catch(*arguments: object, **keywords: object) -> str:
		with pytest.raises(InputError) as caught:
			read(*arguments, **keywords)
		message = str(caught.value)
		assert message.endswith(".")
		return message

	return read_and_catch


@pytest.mark.parametrize(
	"text",
	[
		"2024-03-01",
		"2024/3/1",
		"2024.03.01",
		"20240301",
		"2024-03-01T23:59:59",
		"2024-03-01 23:59:59.123456",
		"2024-03-01T00:00:00Z",
		"2024-03-01 23:30:00+05:30",
		"2024-03-01 8:05 PM",
	],
)
def test_year_first(read: ReadDates, text: str) -> None:
	"""A date with a time is the day as written, whatever the time zone."""
	assert read([text]) == ["2024-03-01"]


@pytest.mark.parametrize("mark", ["/", ".", "-"])
@pytest.mark.parametrize("time_of_day", ["", " 0:00", " 12:00:00 AM", ", 08:30"])
def test_one_value_tells_for_the_file(read: ReadDates, mark: str, time_of_day: str) -> None:
	def written(*dates: str) -> list[str]:
		return [date.replace("/", mark) + time_of_day for date in dates]

	assert read(written("04/07/1996", "16/07/1996")) == ["1996-07-04", "1996-07-16"]
	assert read(written("4/7/1996", "7/16/1996")) == ["1996-04-07", "1996-07-16"]


def test_a_day_of_the_month_that_february_lacks_tells_too(read: ReadDates) -> None:
	assert read(["01/02/2023", "12/30/2023"]) == ["2023-01-02", "2023-12-30"]
	assert read(["02/10/2023", "30/09/2023"]) == ["2023-10-02", "2023-09-30"]


def test_dates_that_read_alike_either_way_need_no_telling(read: ReadDates) -> None:
	assert read(["05/05/2024", "07/07/2024"]) == ["2024-05-05", "2024-07-07"]


def test_year_first_dates_do_not_tell_but_may_stand_beside(read: ReadDates) -> None:
	assert read(["2024-03-01", "13/03/2024", "02/03/2024"]) == ["2024-03-01", "2024-03-13", "2024-03-02"]


@pytest.mark.parametrize("mark", ["/", "-"])
def test_a_file_that_does_not_tell_is_refused(refusal: Callable[..., str], mark: str) -> None:
	date = f"04{mark}07{mark}1996"
	message = refusal(["05/05/1996", date, "2024-03-01"])
	assert message.startswith(
		f'data.csv, row 3, column OrderDate: "{date}" could start with the day or the month'
	)
	assert f"--date-format %d{mark}%m{mark}%Y or --date-format %m{mark}%d{mark}%Y" in message


def test_values_that_contradict_each_other_are_refused(refusal: Callable[..., str]) -> None:
	message = refusal(["01/02/2024", "13/02/2024", "03/02/2024", "02/14/2024"])
	assert message == (
		'data.csv, row 5, column OrderDate: "02/14/2024" can only start with the month, but "13/02/2024" only'
		" with the day; write all dates one way, best as 2024-03-01."
	)
	assert '"13/02/2024" can only start with the day' in refusal(["02/14/2024", "13/02/2024"])


@pytest.mark.parametrize(
	("text", "why"),
	[
		("31/02/2024", "is not a date;"),
		("29/02/2023", "is not a date;"),
		("2023-02-29", "is not a date;"),
		("00/00/0000", "is not a date;"),
		("0000-00-00", "is not a date;"),
		("2024-03-01 99:00", "is not a date;"),
		("2024-03/01", "is not a date;"),
		("yesterday", "is not a date;"),
		("Mar-01", "is a month, but"),
		("2024-Q1", "is a quarter, but"),
		("2024-Q5", "add its form, such as --date-format %d/%m/%Y"),
		("2024-W54", "is not a date;"),
		("45352", "is a spreadsheet's day number;"),
		("01/02/24", "has a year of two digits; add its form, such as --date-format %d/%m/%y"),
		("1899-12-31", "lies outside the years 1900 to 2200;"),
		("01/01/2201", "lies outside the years 1900 to 2200;"),
	],
)
def test_what_is_no_date_is_refused(refusal: Callable[..., str], text: str, why: str) -> None:
	message = refusal(["2024-03-01", "2024-03-01", text, text])
	assert message.startswith(f'data.csv, row 4, column OrderDate: "{text}" ')
	assert why in message


def test_the_edges_of_the_calendar_are_read(read: ReadDates) -> None:
	assert read(["1900-01-01", "2200-12-31", "2024-02-29"]) == ["1900-01-01", "2200-12-31", "2024-02-29"]


def test_a_given_format_wins(read: ReadDates) -> None:
	assert read(["04/07/1996", "05/07/1996"], "%d/%m/%Y") == ["1996-07-04", "1996-07-05"]
	assert read(["04/07/1996", "05/07/1996"], "%m/%d/%Y") == ["1996-04-07", "1996-05-07"]
	assert read(["04/07/96"], "%d/%m/%y") == ["1996-07-04"]
	assert read(["1 Mar 2024"], "%d %b %Y") == ["2024-03-01"]


def test_a_given_format_may_leave_out_the_time(read: ReadDates) -> None:
	assert read(["04/07/1996 10:30", "04/07/1996"], "%d/%m/%Y") == ["1996-07-04", "1996-07-04"]
	assert read(["04/07/1996 10:30"], "%d/%m/%Y %H:%M") == ["1996-07-04"]
	assert read(["1996-07-04T10:30+0200"], "%Y-%m-%dT%H:%M%z") == ["1996-07-04"]


def test_what_does_not_fit_a_given_format_is_refused(refusal: Callable[..., str]) -> None:
	message = refusal(["04/07/1996", "07/16/1996"], "%d/%m/%Y")
	assert message == (
		'data.csv, row 3, column OrderDate: "07/16/1996" is not a date of the form %d/%m/%Y; correct it,'
		" or give another --date-format."
	)
	assert "lies outside" in refusal(["01/01/1800"], "%d/%m/%Y")


@pytest.mark.parametrize("date_format", ["", "%d/%m", "%q", "%H:%M", "dd/mm/yyyy", "%", "%Y-%m-%d %"])
def test_a_format_that_makes_no_date_is_refused(refusal: Callable[..., str], date_format: str) -> None:
	message = refusal(["04/07/1996"], date_format)
	assert (
		message
		== f'--date-format "{date_format}" does not tell day, month and year; use one such as %d/%m/%Y.'
	)


def test_blank_dates(read: ReadDates, refusal: Callable[..., str]) -> None:
	assert read(["", "2024-03-01"], required=False) == ["NaT", "2024-03-01"]
	assert refusal(["2024-03-01", " "]) == (
		"data.csv, row 3, column OrderDate: the cell is empty; fill it in, or remove the row."
	)


def test_a_column_that_the_file_lacks_is_all_blank(write: WriteFile) -> None:
	table = read_table(write("qty\n1\n2\n"), [Column("qty"), Column("date")])
	assert np.isnat(read_dates(table, "date")).all()


def test_repeated_dates_are_read_once(write: WriteFile) -> None:
	days = [f"{day:02d}/{month:02d}/2023" for day in range(1, 29) for month in range(1, 13)]
	table = read_table(write("date\n" + "\n".join(days * 1000)), [Column("date")])
	started = time.process_time()
	dates = read_dates(table, "date", "%d/%m/%Y")
	assert time.process_time() - started < 2
	assert len(dates) == 336_000
	assert np.unique(dates).size == 336


def test_dots_are_day_first(read: ReadDates) -> None:
	"""Everywhere but where a date proves otherwise."""
	assert read(["05.03.2024", "2024-03-01", "1.2.2024"]) == ["2024-03-05", "2024-03-01", "2024-02-01"]
	assert read(["05.03.2024", "03.14.2024"]) == ["2024-05-03", "2024-03-14"]


@pytest.mark.parametrize(
	"text",
	[
		"1-Mar-2024",
		"1 Mar 2024",
		"01MAR2024",
		"March 1, 2024",
		"Mar 1 2024",
		"1. März 2024",
		"1-Mrz-2024",
		"2024-Mar-01",
		"2024-W09-5",
		"1 March 2024 10:30",
	],
)
def test_days_that_need_no_format(read: ReadDates, text: str) -> None:
	assert read([text]) == ["2024-03-01"]


@pytest.mark.parametrize(
	("text", "first", "last", "rhythm"),
	[
		*(
			(text, "2024-01-29", "2024-02-04", WEEKLY)
			for text in (
				"2024-W05",
				"2024-W5",
				"2024W05",
				"2024/W05",
				"W05 2024",
				"W05/2024",
				"W5-2024",
				"KW 5/2024",
				"KW05 2024",
				"2024 KW 5",
				"CW05 2024",
				"Week 5, 2024",
			)
		),
		*(
			(text, "2024-02-01", "2024-02-29", MONTHLY)
			for text in (
				"2024-02",
				"2024/02",
				"2024.02",
				"02/2024",
				"2.2024",
				"2024M02",
				"Feb 2024",
				"Feb-2024",
				"February 2024",
				"Februar 2024",
				"2024 Feb",
			)
		),
		("2020-W53", "2020-12-28", "2021-01-03", WEEKLY),
	],
)
def test_weeks_and_months_run_from_their_first_to_their_last_day(
	write: WriteFile, text: str, first: str, last: str, rhythm: Rhythm
) -> None:
	table = read_table(write(f'date;qty\n"{text}";1\n;2\n'), [Column("date"), Column("qty")])
	dates = read_periods(table, "date", required=False)
	assert (str(dates.first[0]), str(dates.last[0]), dates.rhythm) == (first, last, rhythm)
	assert np.isnat(dates.first[1])
	assert np.isnat(dates.last[1])


def test_six_digits_are_weeks_or_months_where_something_tells(
	read: ReadDates, refusal: Callable[..., str]
) -> None:
	"""SAP writes both so: a number above 12 tells, or a second year without one."""
	assert read(["202405", "202414"]) == ["2024-01-29", "2024-04-01"]
	assert read(["202312", "202401"]) == ["2023-12-01", "2024-01-01"]
	assert "could be a week or a month" in refusal(["202404", "202405"])
	assert read(["202404", "202405"], "%Y%m") == ["2024-04-01", "2024-05-01"]


def test_a_header_tells_weeks_from_months(write: WriteFile) -> None:
	for header, first in (("Calendar Week", "2024-01-29"), ("Month", "2024-05-01")):
		table = read_table(write(f"{header};qty\n202405;1\n"), [Column("date", (header,)), Column("qty")])
		assert str(read_dates(table, "date")[0]) == first


def test_a_year_and_a_number_above_twelve_is_a_week(read: ReadDates) -> None:
	assert read(["2024-05", "2024-14"]) == ["2024-01-29", "2024-04-01"]


def test_a_given_format_may_name_weeks_or_months(read: ReadDates) -> None:
	assert read(["5.24"], "%m.%y") == ["2024-05-01"]
	assert read(["24-05"], "%y-%m") == ["2024-05-01"]
	assert read(["2024:05"], "%G:%V") == ["2024-01-29"]


@pytest.mark.parametrize(
	("other", "kind"), [("2024-03-01", "a day"), ("2024-W05", "a week"), ("13/03/2024", "a day")]
)
def test_days_weeks_and_months_do_not_mix(refusal: Callable[..., str], other: str, kind: str) -> None:
	assert refusal(["2024-03", other]) == (
		f'data.csv, row 3, column OrderDate: "{other}" is {kind}, but "2024-03" a month; write days, weeks or'
		" months throughout."
	)


def test_days_are_daily_demand(write: WriteFile) -> None:
	table = read_table(write("date\n2024-03-01\n"), [Column("date")])
	assert read_periods(table, "date").rhythm == DAILY
