"""ORDERED files: what was really ordered, and when it came."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rl_replenishment.core.errors import InputError
from rl_replenishment.core.files.ordered import read_ordered
from rl_replenishment.core.items import ItemKey

WriteFile = Callable[..., Path]


def test_parts_of_an_order(write: WriteFile) -> None:
	text = (
		"item_code,warehouse,date,qty,received_date\n"
		"b,Main,2024-03-01,10,2024-03-08\n"
		"a,Main,2024-03-01,4,\n"
		"b,Main,2024-03-01,2.5,2024-03-12\n"
	)
	found = read_ordered(write(text))
	assert found.keys == (ItemKey("b", "Main"), ItemKey("a", "Main"))
	assert found.item.tolist() == [0, 1, 0]
	assert found.ordered_on.astype(str).tolist() == ["2024-03-01"] * 3
	assert found.received_on.astype(str).tolist() == ["2024-03-08", "NaT", "2024-03-12"]
	assert found.quantity.tolist() == [10, 4, 2.5]


def test_erpnexts_headers(write: WriteFile) -> None:
	"""As a Purchase Order's items are exported."""
	text = (
		"ID;Date;Item Code (Purchase Order Item);Warehouse (Purchase Order Item);"
		"Qty as per Stock UOM (Purchase Order Item);Expected Delivery Date (Purchase Order Item)\n"
		"PO-1;25.03.2024;a;Main;1,5;25.04.2024\n"
	)
	found = read_ordered(write(text))
	assert found.keys == (ItemKey("a", "Main"),)
	assert found.received_on[0] == np.datetime64("2024-04-25")
	assert found.quantity.tolist() == [1.5]


def test_without_arrivals(write: WriteFile) -> None:
	found = read_ordered(write("SKU,Order Date,Quantity\na,2024-03-01,3\n"))
	assert np.isnat(found.received_on).all()
	assert found.keys == (ItemKey("a"),)


@pytest.mark.parametrize(
	("text", "problem"),
	[
		("item_code,date,qty\na,2024-03-01,-3\n", r'row 2, column qty: "-3" is below 0'),
		(
			"item_code,date,qty,Is Return\na,2024-03-01,5,0\na,2024-03-02,3,1\n",
			r'"3" is a return by another column',
		),
		("item_code,date,qty\na,2024-03-01,\n", "row 2, column qty: the cell is empty"),
		("item_code,date,qty\na,,3\n", "row 2, column date: the cell is empty"),
		("item_code,date,qty\n,2024-03-01,3\n", "row 2, column item_code: the cell is empty"),
		("item_code,qty\na,3\n", "date"),
		(
			"item_code,date,qty,received_date\na,2024-03-01,3,2024-03-09\nb,2024-03-01,3,2024-02-28\n",
			"row 3, column received_date: 2024-02-28 is before the order of 2024-03-01; correct one",
		),
	],
)
def test_refusals(write: WriteFile, text: str, problem: str) -> None:
	with pytest.raises(InputError, match=problem) as caught:
		read_ordered(write(text))
	assert str(caught.value).startswith("data.csv")
	assert str(caught.value).endswith(".")


def test_a_german_list_of_purchase_orders(write: WriteFile) -> None:
	text = "Material;Bestelldatum;Bestellmenge;Wareneingang\nMÜ-1;01.03.2024;10,5;08.03.2024\n"
	found = read_ordered(write(text, encoding="cp1252"))
	assert found.quantity.tolist() == [10.5]
	assert found.received_on.astype(str).tolist() == ["2024-03-08"]


@pytest.mark.parametrize(
	("header", "called_off", "kept"),
	[("status", "Cancelled", "To Receive"), ("docstatus", "0", "1"), ("Storniert", "X", "")],
)
def test_what_was_cancelled_was_not_ordered(
	write: WriteFile, header: str, called_off: str, kept: str
) -> None:
	notes: list[str] = []
	text = f"item_code,date,qty,{header}\na,2024-03-01,10,{called_off}\na,2024-03-02,4,{kept}\n"
	assert read_ordered(write(text), note=notes.append).quantity.tolist() == [4]
	assert "left out, the first in row 2" in notes[0]


def test_boxes_become_pieces_where_the_file_says_how_many(write: WriteFile) -> None:
	text = "item_code,date,qty,uom,conversion_factor\na,2024-03-01,10,Box,12\na,2024-03-02,5,Stk,1\n"
	assert read_ordered(write(text)).quantity.tolist() == [120, 5]
	assert read_ordered(write("item_code,date,qty,stock_qty\na,2024-03-01,10,120\n")).quantity[0] == 120


def test_a_total_at_the_end_and_another_spelling(write: WriteFile) -> None:
	notes: list[str] = []
	text = "item_code,date,qty\nBolt,2024-03-01,10\nBOLT,2024-03-02,5\nTotal,,15\n"
	found = read_ordered(write(text), note=notes.append)
	assert found.keys == (ItemKey("Bolt"),)
	assert found.quantity.tolist() == [10, 5]
	assert len(notes) == 2


_TWICE = "".join(f"a,2024-03-{day:02},10\n" for day in range(1, 13))


@pytest.mark.parametrize(
	("text", "problem"),
	[
		(f"item_code,date,qty\n{_TWICE}{_TWICE}", "rows 14 to 25 are those of rows 2 to 13 again"),
		("item_code,date,qty,uom\na,2024-03-01,10,Box\na,2024-03-02,5,Stk\n", 'in "Stk" here and in "Box"'),
		("item_code,date,qty\na,2024-03,10\n", '"2024-03" is no day'),
		(
			f"item_code,date,qty\n{_TWICE}a,2035-03-01,3\n",
			"2035-03-01 is far after all others, up to 2024",
		),
		(
			"item_code,date,qty,received_date\na,2024-03-01,3,2034-03-09\n",
			"2034-03-09 is more than two years after the order of 2024-03-01",
		),
		("item_code,date,qty,status\na,2024-03-01,3,Draft\n", "no row is left that was ordered"),
	],
)
def test_what_cannot_be_meant_is_refused(write: WriteFile, text: str, problem: str) -> None:
	with pytest.raises(InputError, match=problem):
		read_ordered(write(text))


@pytest.mark.parametrize(
	("header", "status", "cell", "left", "told"),
	[
		("cancelled_qty", "Completed", "40", 60, "what column cancelled_qty says is taken off row 2"),
		("Retourenmenge", "Completed", "40", 60, "what column Retourenmenge says is taken off row 2"),
		("Received Qty", "Closed", "60", 60, "what was never delivered by column Received Qty"),
		("Received Qty", "Completed", "60", 60, "what was never delivered by column Received Qty"),
		("Received Qty", "Closed", "0", 0, "what was never delivered by column Received Qty"),
		# not over, or nobody knows
		("Received Qty", "To Receive", "60", 100, ""),
		("Received Qty", "Closed", "", 100, ""),
		("Received Qty", "Completed", "0", 100, ""),
		("x", "Frobnicated", "1", 100, "1 line with status Frobnicated count as ordered"),
		# the state of an order by another program, which is no kind of document here
		("x", "Purchase Order", "1", 100, ""),
	],
)
def test_what_a_line_says_of_itself(
	write: WriteFile, header: str, status: str, cell: str, left: float, told: str
) -> None:
	notes: list[str] = []
	text = (
		f"item_code,date,qty,{header},status\na,2024-03-01,100,{cell},{status}\nb,2024-03-02,10,,Completed\n"
	)
	assert read_ordered(write(text), note=notes.append).quantity.tolist() == [left, 10]
	assert told in " ".join(notes)
	assert bool(notes) == bool(told)


@pytest.mark.parametrize("status", ["RFQ Sent", "To Approve", "Bestellanforderung"])
def test_what_no_supplier_was_told_was_not_ordered(write: WriteFile, status: str) -> None:
	text = f"item_code,date,qty,status\na,2024-03-01,100,{status}\na,2024-03-02,10,Received\n"
	assert read_ordered(write(text)).quantity.tolist() == [10]
