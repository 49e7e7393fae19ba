"""STOCK files: one stock per item, any number of arrivals."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rl_replenishment.core.errors import InputError
from rl_replenishment.core.files.stock import read_stock
from rl_replenishment.core.items import ItemKey

WriteFile = Callable[..., Path]
TODAY = np.datetime64("2024-03-10")


def refusal(path: Path) -> str:
	with pytest.raises(InputError) as caught:
		read_stock(path, today=TODAY)
	message = str(caught.value)
	assert message.endswith(".")
	return message


def test_stock_alone(write: WriteFile) -> None:
	stock = read_stock(write("item_code,on_hand\nb,5\na,-2\n"), today=TODAY)
	assert stock.keys == (ItemKey("b"), ItemKey("a"))
	assert stock.on_hand.tolist() == [5, -2]
	assert stock.reserved.tolist() == [0, 0]
	assert len(stock.arrival_item) == len(stock.arrival_day) == len(stock.arrival_quantity) == 0


def test_several_arrivals_of_an_item(write: WriteFile) -> None:
	text = (
		"item_code,warehouse,on_hand,on_order,expected_date,reserved\n"
		"a,Main,5,10,2024-03-12,1\n"
		"b,Main,7,,,\n"
		"a,Main,,20,2024-03-20,\n"
		"a,Main,5,4,,1\n"
		"a,North,3,0,2024-03-12,\n"
	)
	stock = read_stock(write(text), today=TODAY)
	assert stock.keys == (ItemKey("a", "Main"), ItemKey("b", "Main"), ItemKey("a", "North"))
	assert stock.on_hand.tolist() == [5, 7, 3]
	assert stock.reserved.tolist() == [1, 0, 0]
	assert stock.arrival_item.tolist() == [0, 0, 0]
	assert stock.arrival_day.astype(str).tolist() == ["2024-03-12", "2024-03-20", "NaT"]
	assert stock.arrival_quantity.tolist() == [10, 20, 4]


@pytest.mark.parametrize(
	"header",
	["ProductID,UnitsInStock,UnitsOnOrder", "Item Code,Actual Qty,Ordered Qty", "Item,Balance Qty,on_order"],
)
def test_exported_headers(write: WriteFile, header: str) -> None:
	stock = read_stock(write(f"{header}\na,5,10\n"), today=TODAY)
	assert stock.on_hand.tolist() == [5]
	assert stock.arrival_quantity.tolist() == [10]
	assert np.isnat(stock.arrival_day).all()


def test_a_late_arrival_is_due_today(write: WriteFile) -> None:
	stock = read_stock(write("item_code,on_hand,on_order,expected_date\na,5,10,2024-02-01\n"), today=TODAY)
	assert stock.arrival_day.tolist() == [TODAY.astype(object)]


def test_on_hand_may_come_after_the_first_row(write: WriteFile) -> None:
	stock = read_stock(write("item_code,on_hand,on_order\na,,10\na,5,20\n"), today=TODAY)
	assert stock.on_hand.tolist() == [5]
	assert stock.arrival_quantity.tolist() == [10, 20]


@pytest.mark.parametrize("column", ["on_hand", "reserved"])
def test_rows_that_disagree_are_refused(write: WriteFile, column: str) -> None:
	other = "reserved" if column == "on_hand" else "on_hand"
	message = refusal(write(f"item_code,{column},{other}\na,5,1\nb,5,1\na,6,\n"))
	assert message == (
		f"data.csv, row 4, column {column}: 6 differs from 5 in row 2 for a;"
		" repeat the value or leave it blank, or add a location or batch column that tells apart what adds"
		" up."
	)


def test_an_item_without_on_hand_is_refused(write: WriteFile) -> None:
	message = refusal(write("item_code,on_hand,on_order\na,5,1\nb,,1\nb,,2\n"))
	assert message == "data.csv, row 3, column on_hand: no row of b has a value; fill it in, 0 for none."


@pytest.mark.parametrize("column", ["on_order", "reserved"])
def test_negative_quantities_are_refused(write: WriteFile, column: str) -> None:
	message = refusal(write(f"item_code,on_hand,{column}\na,5,1\nb,5,-1\n"))
	assert message == f'data.csv, row 3, column {column}: "-1" is below 0, the least allowed; correct it.'


def test_an_arrival_years_ahead_is_refused(write: WriteFile) -> None:
	message = refusal(write("item_code,on_hand,on_order,expected_date\na,5,1,2024-03-20\nb,5,1,2042-03-20\n"))
	assert message == (
		"data.csv, row 3, column expected_date: 2042-03-20 is more than two years after 2024-03-10;"
		" correct the date."
	)


def test_the_date_format_is_passed_on(write: WriteFile) -> None:
	path = write("item_code,on_hand,on_order,expected_date\na,5,1,04/05/2024\n")
	assert "--date-format %d/%m/%Y" in refusal(path)
	stock = read_stock(path, today=TODAY, date_format="%d/%m/%Y")
	assert stock.arrival_day.astype(str).tolist() == ["2024-05-04"]


def test_on_hand_is_required(write: WriteFile) -> None:
	assert refusal(write("item_code,on_order\na,5\n")).startswith("data.csv has no column on_hand")
