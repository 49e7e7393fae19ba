"""ITEMS files: one table for exactly the items asked for."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from rl_replenishment.core.errors import InputError
from rl_replenishment.core.files.items import item_table, read_items
from rl_replenishment.core.items import DEFAULTS, ItemKey

WriteFile = Callable[..., Path]
A, B, C = ItemKey("a"), ItemKey("b"), ItemKey("c")
A_MAIN, A_NORTH = ItemKey("a", "Main"), ItemKey("a", "North")


def refusal(path: Path, keys: Sequence[ItemKey] = (A,)) -> str:
	with pytest.raises(InputError) as caught:
		read_items(path, keys)
	message = str(caught.value)
	assert message.endswith(".")
	return message


def test_every_column(write: WriteFile) -> None:
	text = (
		"item_code,warehouse,lead_time_days,lead_time_std_days,unit_cost,holding_cost_rate,stockout_cost,order_cost,"
		"min_order_qty,order_multiple,max_order_qty,supplier,shelf_life_days\n"
		"a,Main,3,0.5,10,0.365,7,2,5,6,60,Acme,30\n"
	)
	items, without = read_items(write(text), [A_MAIN])
	assert without == ()
	assert items.keys == (A_MAIN,)
	assert items.suppliers == ("Acme",)
	row = {
		"lead_time_days": 3,
		"lead_time_std_days": 0.5,
		"unit_cost": 10,
		"holding_cost": 0.01,
		"stockout_cost": 7,
		"order_cost": 2,
		"min_order_qty": 5,
		"order_multiple": 6,
		"max_order_qty": 60,
		"shelf_life_days": 30,
	}
	assert {name: float(getattr(items, name)[0]) for name in row} == pytest.approx(row)


def test_erpnext_and_northwind_headers(write: WriteFile) -> None:
	text = (
		"Item Code;Lead Time in days;Valuation Rate;Minimum Order Qty;Shelf Life In Days;Default Supplier\n"
		"a;4;2,5;6;0;Acme\n"
	)
	items, _ = read_items(write(text), [A])
	assert (items.lead_time_days[0], items.unit_cost[0], items.min_order_qty[0]) == (4, 2.5, 6)
	assert items.shelf_life_days[0] == np.inf
	assert items.suppliers == ("Acme",)
	items, _ = read_items(write("ProductID,UnitPrice,SupplierName\na,18,Acme\n"), [A])
	assert (items.unit_cost[0], items.suppliers) == (18, ("Acme",))


def test_exactly_the_keys_asked_for_in_their_order(write: WriteFile) -> None:
	items, without = read_items(write("item_code,unit_cost\na,1\nother,9\nb,2\n"), [B, C, A])
	assert items.keys == (B, C, A)
	assert items.unit_cost.tolist() == [2, DEFAULTS["unit_cost"], 1]
	assert without == (C,)


def test_a_row_without_warehouse_holds_for_all_and_a_warehouses_own_goes_first(write: WriteFile) -> None:
	text = "item_code,warehouse,unit_cost,lead_time_days,supplier\na,North,,9,\na,,5,3,Acme\n"
	items, without = read_items(write(text), [A_MAIN, A_NORTH, A])
	assert items.unit_cost.tolist() == [5, 5, 5]
	assert items.lead_time_days.tolist() == [3, 9, 3]
	assert items.suppliers == ("Acme",) * 3
	assert without == ()


def test_another_warehouses_row_does_not_count(write: WriteFile) -> None:
	items, without = read_items(write("item_code,warehouse,unit_cost\na,North,5\n"), [A_MAIN, A, A_NORTH])
	assert items.unit_cost.tolist() == [1, 1, 5]
	assert without == (A_MAIN, A)


def test_the_file_goes_before_the_options_and_these_before_the_defaults(write: WriteFile) -> None:
	path = write("item_code,lead_time_days,unit_cost\na,3,\nb,,8\n")
	items, _ = read_items(path, [A, B, C], {"lead_time_days": 5, "unit_cost": 2})
	assert items.lead_time_days.tolist() == [3, 5, 5]
	assert items.unit_cost.tolist() == [2, 8, 2]
	assert items.order_multiple.tolist() == [1, 1, 1]


def test_stockout_cost_in_money_or_as_a_rate(write: WriteFile) -> None:
	path = write("item_code,unit_cost,stockout_cost,stockout_cost_rate\na,10,7,2\nb,10,,2\nc,10,,\n")
	assert read_items(path, [A, B, C])[0].stockout_cost.tolist() == [7, 20, 5]
	in_money, _ = read_items(path, [A, B, C], {"stockout_cost": 30})
	assert in_money.stockout_cost.tolist() == [7, 20, 30]


def test_a_warehouses_stockout_rate_goes_before_its_items_money(write: WriteFile) -> None:
	text = "item_code,warehouse,unit_cost,stockout_cost,stockout_cost_rate\na,,10,7,\na,North,,,3\n"
	assert read_items(write(text), [A_MAIN, A_NORTH])[0].stockout_cost.tolist() == [7, 30]


def test_a_second_row_of_an_item_is_refused(write: WriteFile) -> None:
	message = refusal(write("ProductID,unit_cost\na,1\nb,1\na,1\n"))
	assert message == 'data.csv, row 4, column ProductID: "a" is also in row 2; keep one of the two rows.'
	message = refusal(write("item_code,warehouse\na,Main\na,\na,Main\n"))
	assert message.startswith('data.csv, row 4, column item_code: "a @ Main" is also in row 2;')


@pytest.mark.parametrize(
	"column",
	[
		"lead_time_days",
		"lead_time_std_days",
		"unit_cost",
		"holding_cost_rate",
		"stockout_cost",
		"stockout_cost_rate",
		"order_cost",
		"min_order_qty",
		"order_multiple",
		"max_order_qty",
		"shelf_life_days",
	],
)
def test_negative_values_are_refused(write: WriteFile, column: str) -> None:
	message = refusal(write(f"item_code,{column}\nb,1\na,-1\n"))
	assert message == f'data.csv, row 3, column {column}: "-1" is below 0, the least allowed; correct it.'


def test_a_lead_time_above_a_year_is_refused(write: WriteFile) -> None:
	assert refusal(write("item_code,lead_time_days\na,365\nb,365.5\n")) == (
		'data.csv, row 3, column lead_time_days: "365.5" is above 365, the most allowed; correct it.'
	)


def test_a_largest_order_that_allows_none_is_refused_but_zero_stops_orders(write: WriteFile) -> None:
	text = "item_code,min_order_qty,order_multiple,max_order_qty\na,10,12,{}\n"
	assert refusal(write(text.format(11))) == (
		"data.csv, row 2, column max_order_qty: 11 leaves no order possible, with packs of 12 and a minimum"
		" order of 12; raise it, or leave it blank for no limit."
	)
	assert read_items(write(text.format(0)), [A])[0].largest_order.tolist() == [0]
	assert read_items(write(text.format("")), [A])[0].max_order_qty.tolist() == [np.inf]


def test_a_blank_item_code_is_refused(write: WriteFile) -> None:
	assert refusal(write("item_code,unit_cost\na,1\n,2\n")).startswith(
		"data.csv, row 3, column item_code: the cell"
	)


def test_without_a_file() -> None:
	items = item_table([A, B_NORTH := ItemKey("b", "North")], {"lead_time_days": 2, "stockout_cost": 4})
	assert items.keys == (A, B_NORTH)
	assert items.lead_time_days.tolist() == [2, 2]
	assert items.stockout_cost.tolist() == [4, 4]
	assert items.shelf_life_days.tolist() == [np.inf, np.inf]
	assert items.suppliers == ("", "")
	assert item_table([A], {"shelf_life_days": 0}).shelf_life_days.tolist() == [np.inf]
	assert item_table([A], DEFAULTS).unit_cost.tolist() == [1]


@pytest.mark.parametrize(
	("name", "value", "problem"),
	[
		("lead_time_days", 400, "400 is above 365, the most allowed"),
		("order_cost", -1, "-1 is below 0, the least allowed"),
		("unit_cost", np.nan, "nan is not a number"),
		("unit_cost", np.inf, "inf is above 1e+12, the most allowed"),
	],
)
def test_an_option_out_of_range_is_refused_by_its_name(name: str, value: float, problem: str) -> None:
	with pytest.raises(InputError) as caught:
		item_table([A], {name: value})
	assert str(caught.value) == f"--{name.replace('_', '-')}: {problem}; correct it."


def test_items_are_found_however_they_are_spelled(write: WriteFile) -> None:
	notes: list[str] = []
	text = "item_code,warehouse,unit_cost\nBOLT,,2\nbolt,MAIN,3\nNut\u00a0M8,,4\n"
	keys = [ItemKey("Bolt"), ItemKey("Bolt", "Main"), ItemKey("nut m8", "North")]
	items, without = read_items(write(text), keys, note=notes.append)
	assert items.unit_cost.tolist() == [2, 3, 4]
	assert without == ()
	assert notes == [
		'data.csv, column item_code: names that differ only in case or blanks are one: BOLT (also "bolt").'
	]


def test_zeros_that_a_program_dropped_are_found_again(write: WriteFile) -> None:
	"""In either file; not where another item has that name."""
	notes: list[str] = []
	text = "item_code,unit_cost\n123,2\n00456,3\n789.0,4\n7,5\n"
	keys = [ItemKey(code) for code in ("00123", "456", "789", "7", "07", "x")]
	items, without = read_items(write(text), keys, note=notes.append)
	assert items.unit_cost.tolist() == [2, 3, 4, 5, 1, 1]
	assert without == (ItemKey("07"), ItemKey("x"))
	assert notes == [
		"data.csv: only zeros that programs drop tell these apart, taken 00123 for 123, 456 for 00456, 789"
		" for 789.0."
	]


def test_two_items_that_lost_the_same_zeros_are_refused(write: WriteFile) -> None:
	with pytest.raises(InputError, match=r"data.csv: 123 could be any of 00123, 0123; say which"):
		read_items(write("item_code,unit_cost\n00123,2\n0123,3\n"), [ItemKey("123")])


def test_a_second_row_of_an_item_in_another_spelling_is_refused(write: WriteFile) -> None:
	assert '"Bolt" is also in row 2;' in refusal(write("item_code,unit_cost\nBolt,1\nBOLT,2\n"))


def test_shares_may_be_percentages(write: WriteFile) -> None:
	"""As people write them; what is no share has no percentage."""
	header = "item_code,holding_cost_rate,stockout_cost_rate,unit_cost\n"
	read, _ = read_items(
		write(f"{header}A,30%,50 %,2\nB,0.25,1.5,3\nC,12.5%,,4\n"), [ItemKey(code) for code in "ABC"]
	)
	assert read.holding_cost == pytest.approx(np.array([0.6, 0.75, 0.5]) / 365, rel=1e-5)
	assert read.stockout_cost[:2] == pytest.approx([1.0, 4.5])
	with pytest.raises(InputError, match='"250%" is above 2, the most allowed; write'):
		read_items(write(f"{header}A,250%,1,2\n"), [ItemKey("A")])
	with pytest.raises(InputError, match='column unit_cost: "5%" is not a number'):
		read_items(write(f"{header}A,25%,1,5%\n"), [ItemKey("A")])
