"""Decimal points, decimal commas, thousands, and what is no number."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rl_replenishment.core.errors import InputError
from rl_replenishment.core.files.numbers import Range, read_numbers
from rl_replenishment.core.files.table import Column, Table, TextColumn, read_table

WriteFile = Callable[..., Path]


def table_of(values: Sequence[str], delimiter: str = ";", prices: Sequence[str] = ()) -> Table:
	"""A file with `values` in its column Quantity from row 2 on, and as many `prices` in another."""
	columns = {"qty": values, "price": prices or [""] * len(values)}
	distinct = {name: list(dict.fromkeys(texts)) for name, texts in columns.items()}
	return Table(
		"data.csv",
		delimiter,
		np.arange(2, len(values) + 2, dtype=np.int32),
		{
			name: TextColumn(
				{"qty": "Quantity", "price": "Price"}[name],
				distinct[name],
				np.array([distinct[name].index(text) for text in texts], dtype=np.int32),
			)
			for name, texts in columns.items()
		},
	)


def read(
	values: Sequence[str], delimiter: str = ";", prices: Sequence[str] = (), allowed: Range | None = None
) -> list[float]:
	ranges = {"qty": allowed or Range(), "price": Range()}
	return [float(value) for value in read_numbers(table_of(values, delimiter, prices), ranges)["qty"]]


def refusal(
	values: Sequence[str], delimiter: str = ";", prices: Sequence[str] = (), allowed: Range | None = None
) -> str:
	with pytest.raises(InputError) as caught:
		read(values, delimiter, prices, allowed)
	return str(caught.value)


@pytest.mark.parametrize(
	("text", "value"),
	[
		("12", 12.0),
		("-3", -3.0),
		("+4.5", 4.5),
		(".5", 0.5),
		("7.", 7.0),
		("1E+05", 1e5),
		("0.500", 0.5),
		("1234.500", 1234.5),
	],
)
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_decimal_point(text: str, value: float, delimiter: str) -> None:
	assert read([text], delimiter) == [value]


@pytest.mark.parametrize(
	("text", "value"),
	[("1,5", 1.5), ("-0,25", -0.25), (",5", 0.5), ("0,500", 0.5), ("1,2345", 1.2345), ("1500,125", 1500.125)],
)
def test_decimal_comma(text: str, value: float) -> None:
	assert read([text, "3"]) == [value, 3.0]


@pytest.mark.parametrize(
	("text", "value"),
	[
		("1,234.5", 1234.5),
		("1.234,5", 1234.5),
		("1,234,567", 1234567.0),
		("1.234.567", 1234567.0),
		("-12 345,6", -12345.6),
		("1\u202f234", 1234.0),
		("1'234.50", 1234.5),
	],
)
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_thousands_where_they_are_plain(text: str, value: float, delimiter: str) -> None:
	assert read([text], delimiter) == [value]


def test_one_plain_number_settles_the_unclear_ones_of_all_columns() -> None:
	assert read(["1,500", "2,5"]) == [1.5, 2.5]
	assert read(["1,500", "2.5"]) == [1500.0, 2.5]
	assert read(["1.500", "2,5"]) == [1500.0, 2.5]
	assert read(["1.500"], prices=["9,95"]) == [1500.0]
	assert read(["1.500"], prices=["9.95"]) == [1.5]


@pytest.mark.parametrize(
	("text", "delimiter", "both"),
	[("1,500", ";", "1500 or 1.5"), ("1.500", "\t", "1500 or 1.5"), ("-2,250", ",", "-2250 or -2.25")],
)
def test_a_number_that_may_be_two_is_refused(text: str, delimiter: str, both: str) -> None:
	message = refusal(["7", text], delimiter)
	assert message == (
		f'data.csv, row 3, column Quantity: "{text}" could be {both};'
		" write numbers without a thousands separator."
	)


def test_three_decimals_are_plain_where_the_delimiter_is_the_comma() -> None:
	assert read(["1.500", "12"], ",") == [1.5, 12.0]


def test_decimal_point_and_comma_together_are_refused() -> None:
	message = refusal(["1.25", "3", "2,75"])
	assert message.startswith(
		'data.csv, row 4, column Quantity: "2,75" and "1.25" use different decimal marks;'
	)


@pytest.mark.parametrize(
	"text",
	["abc", "inf", "-Infinity", "1_000", "$5k", "5 kg 2", "--1", "1 2", "12,34,5", "\u0663", "."],
)
def test_what_is_no_number_is_refused(text: str) -> None:
	message = refusal(["1", text])
	assert message.startswith(f'data.csv, row 3, column Quantity: "{text}" is not a number;')


def test_long_values_are_cut_and_control_characters_do_not_show() -> None:
	assert '"xx x' in refusal(["xx\nx"])
	message = refusal(["9" * 300 + "x"])
	assert f'"{"9" * 37}..."' in message


def test_blank_cells() -> None:
	assert np.isnan(read(["", "1"])).tolist() == [True, False]
	message = refusal(["1", ""], allowed=Range(required=True))
	assert message == "data.csv, row 3, column Quantity: the cell is empty; fill it in, or remove the row."


def test_a_column_that_the_file_lacks_is_nan() -> None:
	assert np.isnan(read_numbers(table_of(["1", "2"]), {"other": Range(required=True)})["other"]).all()


def test_limits() -> None:
	assert read(["0", "365"], allowed=Range(0, 365)) == [0.0, 365.0]
	below = refusal(["1", "-1"], allowed=Range(0, 365))
	assert below == 'data.csv, row 3, column Quantity: "-1" is below 0, the least allowed; correct it.'
	above = refusal(["1", "366"], allowed=Range(0, 365))
	assert above == 'data.csv, row 3, column Quantity: "366" is above 365, the most allowed; correct it.'
	assert "is above 1e+12" in refusal(["1e13"])
	assert "is above 1e+12" in refusal(["1e999"])
	assert "is below -1e+12" in refusal(["-1e13"])


def test_the_first_bad_row_is_named() -> None:
	assert ", row 4," in refusal(["1", "2", "x", "y", "x"])


def test_quoted_decimal_comma_in_a_comma_file(write: WriteFile) -> None:
	table = read_table(write('qty\n"1,5"\n2\n'), [Column("qty")])
	assert read_numbers(table, {"qty": Range()})["qty"].tolist() == [1.5, 2.0]


@given(st.lists(st.floats(-1e12, 1e12)), st.sampled_from(".,"))
def test_every_number_that_python_writes_is_read_back(values: list[float], mark: str) -> None:
	texts = [repr(value).replace(".", mark) for value in values]
	assert read([f"0{mark}5", *texts]) == [0.5, *values]


@pytest.mark.parametrize(
	("text", "value"),
	[("3-", -3.0), ("1.234,50-", -1234.5), ("(3)", -3.0), ("(1,234.5)", -1234.5), ("0,5-", -0.5)],
)
def test_what_bookkeepers_write_below_nothing(text: str, value: float) -> None:
	assert read([text]) == [value]


@pytest.mark.parametrize("text", ["-3-", "(-3)", "3--", "()", "(3", "3)"])
def test_what_no_bookkeeper_writes_is_refused(text: str) -> None:
	assert "is not a number" in refusal([text])
