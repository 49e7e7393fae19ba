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
