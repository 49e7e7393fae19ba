"""ORDERS files: events, their order, and histories too long or too large."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rl_replenishment.core.errors import InputError
from rl_replenishment.core.files import orders as orders_module
from rl_replenishment.core.files.orders import Orders, read_orders
from rl_replenishment.core.items import ItemKey

WriteFile = Callable[..., Path]


def events(orders: Orders) -> list[tuple[str, str, float]]:
	rows = zip(orders.item, orders.day, orders.quantity, strict=True)
	return [(str(orders.keys[item]), str(day), float(quantity)) for item, day, quantity in rows]


def refusal(path: Path, date_format: str | None = None) -> str:
	with pytest.raises(InputError) as caught:
		read_orders(path, date_format)
	message = str(caught.value)
	assert message.endswith(".")
	return message


def test_events_in_the_order_of_the_file(write: WriteFile) -> None:
	text = "item_code,date,qty,warehouse\nb,2024-03-02,2,Main\na,2024-03-01,1.5,Main\nb,2024-03-01,-1,\n"
	orders = read_orders(write(text))
	assert orders.keys == (ItemKey("a", "Main"), ItemKey("b"), ItemKey("b", "Main"))
	assert events(orders) == [
		("b @ Main", "2024-03-02", 2),
		("a @ Main", "2024-03-01", 1.5),
		("b", "2024-03-01", -1),
	]
	assert orders.item.dtype == np.int32
	assert orders.day.dtype == np.dtype("datetime64[D]")
	assert orders.quantity.dtype == np.float64


@pytest.mark.parametrize(
	"header",
	[
		"ProductID,OrderDate,Quantity",
		"Item Code,Posting Date,Stock Qty",
		"Item,Transaction Date,Qty as per Stock UOM",
		"SKU,Date,Qty",
	],
)
def test_exported_headers(write: WriteFile, header: str) -> None:
	assert events(read_orders(write(f"{header}\na,2024-03-01,2\n"))) == [("a", "2024-03-01", 2)]


def test_keys_are_sorted_as_people_sort(write: WriteFile) -> None:
	codes = ["10", "9", "b2", "B10", "a", "007", "7", "1" * 6000, "item 3-10", "item 3-9"]
	rows = "".join(f"{code},2024-03-01,1\n" for code in codes)
	sorted_codes = [key.item_code for key in read_orders(write("item_code,date,qty\n" + rows)).keys]
	assert sorted_codes == ["007", "7", "9", "10", "1" * 6000, "a", "b2", "B10", "item 3-9", "item 3-10"]


def test_history_sums_days_and_settles_returns(write: WriteFile) -> None:
	rows = ("a,2024-03-01,5", "a,2024-03-01,2", "b,2024-03-03,1", "a,2024-03-03,-3", "b,2024-03-01,-4")
	text = "\n".join(("item_code,date,qty", *rows))
	history, unexplained = read_orders(write(text)).history()
	assert str(history.start) == "2024-03-01"
	assert history.demand.tolist() == [[4, 0], [0, 0], [0, 1]]
	assert unexplained == 4
	window, _ = read_orders(write(text)).history(np.datetime64("2024-03-02"), np.datetime64("2024-03-06"))
	assert window.days == 4


def test_an_item_without_demand_stays(write: WriteFile) -> None:
	history, _ = read_orders(write("item_code,date,qty\na,2024-03-01,1\nz,2024-03-01,0\n")).history()
	assert history.keys == (ItemKey("a"), ItemKey("z"))
	assert history.demand.tolist() == [[1, 0]]


@pytest.mark.parametrize(
	("row", "problem"),
	[
		(",2024-03-01,1", "column Item Code: the cell is empty;"),
		("a,,1", "column Date: the cell is empty;"),
		("a,2024-03-01,", "column Qty: the cell is empty;"),
		("a,2024-03-32,1", 'column Date: "2024-03-32" is not a date;'),
		("a,2024-03-01,many", 'column Qty: "many" is not a number;'),
	],
)
def test_a_bad_cell_is_refused_with_file_row_and_column(write: WriteFile, row: str, problem: str) -> None:
	message = refusal(write(f"Item Code,Date,Qty\na,2024-03-01,1\n\n{row}\na,2024-03-02,1\n"))
	assert message.startswith(f"data.csv, row 4, {problem}")


def test_a_date_that_reads_two_ways_asks_for_the_format(write: WriteFile) -> None:
	path = write("item_code,date,qty\na,01/02/2024,1\n")
	assert "--date-format %d/%m/%Y" in refusal(path)
	assert events(read_orders(path, "%m/%d/%Y")) == [("a", "2024-01-02", 1)]


@pytest.mark.parametrize(("date", "row"), [("2124-03-01", 3), ("1901-01-01", 3)])
def test_a_date_far_from_the_others_is_refused(write: WriteFile, date: str, row: int) -> None:
	message = refusal(write(f"item_code,date,qty\na,2024-03-01,1\na,{date},1\na,2024-03-02,1\n"))
	assert message.startswith(f'data.csv, row {row}, column date: "{date}" makes the dates span')
	assert "more than 50; correct or remove the row" in message


def test_a_history_too_large_for_memory_is_refused(write: WriteFile, monkeypatch: pytest.MonkeyPatch) -> None:
	path = write("item_code,date,qty\na,2024-03-05,1\nb,2020-01-01,1\nc,2024-03-01,1\n")
	read_orders(path)
	monkeypatch.setattr(orders_module, "MOST_BYTES", 10_000)
	assert refusal(path).startswith(
		"data.csv spans 1526 days, from 2020-01-01 in row 3 to 2024-03-05 in row 2, of 3 item-warehouses,"
	)


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
def test_large_files_are_read_fast_and_small(tmp_path: Path) -> None:
	"""A tenth of the promise for a million lines (5 s, 500 MB), with room for a busy machine."""
	path = tmp_path / "orders.csv"
	days = np.datetime64("2021-01-01") + np.arange(1000)
	lines = (
		f"SO-{n},ITEM-{n * 7919 % 5000:05d},{days[n * 31 % 1000]},{n % 50},Customer {n % 900}\n"
		for n in range(200_000)
	)
	path.write_text("Order,item_code,date,qty,customer\n" + "".join(lines))
	script = (
		"import sys, time; from rl_replenishment.core.files.orders import read_orders; "
		"started = time.process_time(); orders = read_orders(sys.argv[1]); "
		"seconds = time.process_time() - started; "
		"peak = [line for line in open('/proc/self/status') if line.startswith('VmHWM')][0].split()[1]; "
		"print(len(orders.item), len(orders.keys), seconds, peak)"
	)
	done = subprocess.run(
		[sys.executable, "-c", script, str(path)], capture_output=True, text=True, check=True
	)
	lines_read, keys, seconds, peak_kib = done.stdout.split()
	assert (lines_read, keys) == ("200000", "5000")
	assert float(seconds) < 5
	assert int(peak_kib) < 200 * 1024
