"""FEEDBACK files: one decision per row."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rl_replenishment.core.errors import InputError
from rl_replenishment.core.files.feedback import read_feedback
from rl_replenishment.core.items import ItemKey

WriteFile = Callable[..., Path]


def test_every_column(write: WriteFile) -> None:
	text = (
		"item_code,warehouse,proposed_qty,ordered_qty,date,on_hand,on_order,reason\n"
		'a,Main,10,12,2024-03-01,-1,4,"promotion, in May"\n'
		"b,,0,5,,,,\n"
		"a,Main,10,0,2024-03-02,3,0,\n"
	)
	rows = read_feedback(write(text))
	assert len(rows) == 3
	assert rows.keys == (ItemKey("a", "Main"), ItemKey("b"), ItemKey("a", "Main"))
	assert rows.proposed_qty.tolist() == [10, 0, 10]
	assert rows.ordered_qty.tolist() == [12, 5, 0]
	assert rows.date.astype(str).tolist() == ["2024-03-01", "NaT", "2024-03-02"]
	np.testing.assert_array_equal(rows.on_hand, [-1, np.nan, 3])
	np.testing.assert_array_equal(rows.on_order, [4, np.nan, 0])
	assert rows.reason == ("promotion, in May", "", "")


def test_required_columns_alone(write: WriteFile) -> None:
	rows = read_feedback(write("Item Code;Proposed Qty;Ordered Qty\na;10;12,5\n"))
	assert rows.ordered_qty.tolist() == [12.5]
	assert np.isnat(rows.date).all()
	assert np.isnan(rows.on_hand).all()
	assert np.isnan(rows.on_order).all()
	assert rows.reason == ("",)


@pytest.mark.parametrize(
	("row", "column", "problem"),
	[
		("a,-1,1,1", "proposed_qty", '"-1" is below 0'),
		("a,1,-1,1", "ordered_qty", '"-1" is below 0'),
		("a,,1,1", "proposed_qty", "the cell is empty"),
		("a,1,,1", "ordered_qty", "the cell is empty"),
		("a,1,1,-1", "on_order", '"-1" is below 0'),
		(",1,1,1", "item_code", "the cell is empty"),
	],
)
def test_a_bad_cell_is_refused(write: WriteFile, row: str, column: str, problem: str) -> None:
	with pytest.raises(InputError, match=f"^data.csv, row 3, column {column}: {problem}.*[.]$"):
		read_feedback(write(f"item_code,proposed_qty,ordered_qty,on_order\nb,1,1,1\n{row}\n"))


def test_the_date_format_is_passed_on(write: WriteFile) -> None:
	path = write("item_code,proposed_qty,ordered_qty,date\na,1,1,04/05/2024\n")
	assert read_feedback(path, "%d/%m/%Y").date.astype(str).tolist() == ["2024-05-04"]


def test_an_export_that_is_there_twice_is_refused(write: WriteFile) -> None:
	"""With dates or without: a decision must not count twice."""
	for date in ("2024-03-0{0}", ""):
		rows = "".join(f"{item},1,2,{date.format(day)}\n" for day, item in enumerate("abcdef", 1))
		path = write("item_code,proposed_qty,ordered_qty,date\n" + rows * 2)
		with pytest.raises(InputError, match=r"data.csv: rows 8 to 13 are those of rows 2 to 7 again"):
			read_feedback(path)


def test_a_total_and_another_spelling(write: WriteFile) -> None:
	notes: list[str] = []
	text = "item_code,proposed_qty,ordered_qty\nBolt,1,2\nBOLT,1,3\nTotal,2,5\n"
	rows = read_feedback(write(text), note=notes.append)
	assert rows.keys == (ItemKey("Bolt"), ItemKey("Bolt"))
	assert len(notes) == 2


def test_mixed_units_are_refused(write: WriteFile) -> None:
	with pytest.raises(InputError, match="column uom: a is in"):
		read_feedback(write("item_code,proposed_qty,ordered_qty,uom\na,1,2,Nos\na,1,3,Box\n"))


def test_a_german_file(write: WriteFile) -> None:
	text = "Artikelnummer;Vorschlagsmenge;Bestellte Menge;Datum;Grund\nMÜ-1;10,5;12;01.03.2024;größer\n"
	rows = read_feedback(write(text, encoding="cp1252"))
	assert (rows.proposed_qty[0], rows.ordered_qty[0], rows.reason) == (10.5, 12, ("größer",))


def test_orders_that_were_cancelled_are_no_decisions(write: WriteFile) -> None:
	"""What was rejected with nothing ordered was turned down, which is one."""
	notes: list[str] = []
	text = "item_code,proposed_qty,ordered_qty,status\na,10,12,Cancelled\na,10,0,Rejected\na,10,9,Completed\n"
	assert read_feedback(write(text), note=notes.append).ordered_qty.tolist() == [0, 9]
	assert "1 line with status Cancelled left out" in notes[0]


@pytest.mark.parametrize(
	("text", "problem"),
	[
		(
			"item_code,proposed_qty,ordered_qty\na,10 Box,120 Stk\n",
			'"120 Stk" is in another unit than "10 Box"',
		),
		("item_code,proposed_qty,ordered_qty\na,120,10 Box\n", '"10 Box" is in another unit than "120"'),
		("item_code,proposed_qty,ordered_qty,stock_qty\na,120,10,120\n", "10 is 120 in the stock unit"),
		(
			"item_code,proposed_qty,ordered_qty,Umrechnungsfaktor\na,120,10,12\n",
			"10 is 120 in the stock unit",
		),
		(
			"item_code,proposed_qty,ordered_qty,date\n"
			+ "".join(f"a,{day},10,2024-03-{day:02}\n" for day in range(1, 13))
			+ "a,3,3,2042-03-01\n",
			"2042-03-01 is far after all others",
		),
		# of few dates, too, and where both lines of one order have it
		(
			"item_code,proposed_qty,ordered_qty,date\n"
			+ "".join(f"a,{day},10,2024-03-{day:02}\n" for day in range(1, 4))
			+ "a,3,3,2042-03-01\nb,3,3,2042-03-01\n",
			"2042-03-01 is far after all others, up to 2024-03-03",
		),
	],
)
def test_what_cannot_be_meant_is_refused(write: WriteFile, text: str, problem: str) -> None:
	with pytest.raises(InputError, match=problem):
		read_feedback(write(text))


def test_units_that_agree_are_read(write: WriteFile) -> None:
	text = "item_code,proposed_qty,ordered_qty,stock_qty\na,10 Stk,12,12\n"
	assert read_feedback(write(text)).ordered_qty.tolist() == [12]


def test_a_status_or_a_quantity_that_is_not_read_is_told(write: WriteFile) -> None:
	notes: list[str] = []
	text = "item_code,proposed_qty,ordered_qty,received_qty,cancelled_qty,status\na,10,12,3,4,Frobnicated\n"
	assert read_feedback(write(text), note=notes.append).ordered_qty.tolist() == [12]
	assert notes == [
		"data.csv: 1 line with status Frobnicated count as ordered.",
		"data.csv: not read, since the program knows no such column: cancelled_qty.",
	]
