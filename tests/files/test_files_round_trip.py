"""What is written in any of the forms people use is read back as it was."""

import csv
import io
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rl_replenishment.core.files.items import read_items
from rl_replenishment.core.files.keys import fold
from rl_replenishment.core.files.orders import read_orders
from rl_replenishment.core.files.stock import read_stock
from rl_replenishment.core.items import ItemKey

DATA = Path(__file__).parents[3] / "shared" / "data"
needs_northwind = pytest.mark.skipif(
	not (DATA / "northwind_orders.csv").exists(), reason="the Northwind files are not beside the repository"
)

# what csv and each of the encodings below can hold; blanks around a code do not belong to it
CODES = (
	st.text(st.sampled_from("abzABZ0189-_/. ,;|\t\"'äéß€"), min_size=1, max_size=12)
	.map(str.strip)
	.filter(bool)
)
WAREHOUSES = st.sampled_from(["", "Main", "Außenlager, Nord"])
LINES = st.lists(
	st.tuples(
		CODES,
		WAREHOUSES,
		# less than a year: a few lines far from the rest are told apart
		st.dates(date(2010, 6, 1), date(2011, 5, 31)),
		st.one_of(st.integers(0, 10_000).map(float), st.floats(0, 1e6)),
	),
	min_size=1,
	max_size=30,
)


@settings(max_examples=200, deadline=None)
@given(
	lines=LINES,
	delimiter=st.sampled_from([",", ";", "\t", "|"]),
	encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]),
	newline=st.sampled_from(["\n", "\r\n"]),
	date_format=st.sampled_from(
		["%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%m-%d-%Y", "%d-%b-%y", "%Y%m%d"]
	),
	mark=st.sampled_from([".", ","]),
	told=st.booleans(),
)
def test_orders(
	tmp_path_factory: pytest.TempPathFactory,
	lines: list[tuple[str, str, date, float]],
	delimiter: str,
	encoding: str,
	newline: str,
	date_format: str,
	mark: str,
	told: bool,
) -> None:
	# these two lines tell what nothing else may: the decimal mark, and where the day stands
	day_told = date(2010, 12, 31)
	lines = [("first", "", day_told, 0.5), *lines]
	told = told or date_format == "%d-%b-%y"

	text = io.StringIO()
	writer = csv.writer(text, delimiter=delimiter, lineterminator=newline)
	writer.writerow(["note", "Qty", "Posting Date", "Warehouse", "Item Code"])
	for code, warehouse, day, quantity in lines:
		writer.writerow(["x", repr(quantity).replace(".", mark), day.strftime(date_format), warehouse, code])
		text.write(newline)
	path = tmp_path_factory.mktemp("orders") / "orders.csv"
	path.write_bytes(text.getvalue().encode(encoding))

	orders = read_orders(path, date_format if told else None, today=np.datetime64("2011-06-01"))

	spelled: dict[str, str] = {}
	assert [orders.keys[item] for item in orders.item] == [
		ItemKey(spelled.setdefault(fold(code), code), warehouse) for code, warehouse, *_ in lines
	]
	assert orders.day.tolist() == [day for _, _, day, _ in lines]
	assert orders.quantity.tolist() == [quantity for *_, quantity in lines]
	assert len(set(orders.keys)) == len(orders.keys)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 20), st.integers(0, 9)), min_size=1, max_size=40))
def test_history_holds_all_demand(
	tmp_path_factory: pytest.TempPathFactory, lines: list[tuple[int, int, int]]
) -> None:
	first = date(2024, 1, 1)
	path = tmp_path_factory.mktemp("orders") / "orders.csv"
	rows = "".join(f"{item},{first + timedelta(day)},{quantity}\n" for item, day, quantity in lines)
	path.write_text("item_code,date,qty\n" + rows)
	history, unexplained = read_orders(path).history()
	assert unexplained == 0
	expected = np.zeros((history.days, len(history.keys)))
	columns = {key.item_code: column for column, key in enumerate(history.keys)}
	start = (history.start.astype(object) - first).days
	for item, day, quantity in lines:
		expected[day - start, columns[str(item)]] += quantity
	np.testing.assert_array_equal(history.demand, expected)


@needs_northwind
def test_northwind() -> None:
	orders = read_orders(DATA / "northwind_orders.csv")
	assert len(orders.item) == 2155
	assert orders.quantity.sum() == 51317
	assert [key.item_code for key in orders.keys] == [str(number) for number in range(1, 78)]
	assert (str(orders.day.min()), str(orders.day.max())) == ("1996-07-04", "1998-05-06")
	items, without = read_items(DATA / "northwind_items.csv", orders.keys)
	assert without == ()
	assert items.unit_cost[:3].tolist() == [18, 19, 10]
	assert items.suppliers[0] == "Specialty Biscuits, Ltd."
	stock = read_stock(DATA / "northwind_items.csv", today=np.datetime64("1998-05-07"))
	assert stock.on_hand[:3].tolist() == [39, 17, 13]
	assert [stock.keys[item].item_code for item in stock.arrival_item[:2]] == ["2", "3"]
