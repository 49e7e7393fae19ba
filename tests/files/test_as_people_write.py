"""Numbers, dates and tables as people write them in spreadsheets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rl_replenishment.core.demand.rhythm import DAILY, MONTHLY, QUARTERLY, WEEKLY, Rhythm
from rl_replenishment.core.errors import InputError
from rl_replenishment.core.files.items import read_items
from rl_replenishment.core.files.orders import Orders, read_orders
from rl_replenishment.core.files.stock import read_stock
from rl_replenishment.core.items import ItemKey, ItemTable

WriteFile = Callable[..., Path]
TODAY = np.datetime64("2025-07-01")
BOLT = ItemKey("BOLT")


def orders(write: WriteFile, text: str) -> tuple[Orders, list[str]]:
	notes: list[str] = []
	return read_orders(write(text), note=notes.append), notes


def items(write: WriteFile, text: str) -> tuple[ItemTable, list[str]]:
	notes: list[str] = []
	return read_items(write(text), [BOLT], note=notes.append)[0], notes


def refusal(reading: Callable[[], object]) -> str:
	with pytest.raises(InputError) as caught:
		reading()
	return str(caught.value)


@pytest.mark.parametrize(
	("written", "quantity"),
	[("10 Stk", 10), ("10,5 kg", 10.5), ("1.200,5 l", 1200.5), ("Nos 3", 3), ("-", 0), ("12 St.", 12)],
)
def test_a_unit_may_stand_with_the_quantity(write: WriteFile, written: str, quantity: float) -> None:
	assert orders(write, f"item_code;date;qty\nBOLT;2025-01-01;{written}\n")[0].quantity == [quantity]


@pytest.mark.parametrize(
	("written", "quantity"), [("1,00,000", 1e5), ("12,34,567.5", 1234567.5), ("-1,00,000", -1e5)]
)
def test_lakhs(write: WriteFile, written: str, quantity: float) -> None:
	text = f'item_code,date,qty\nBOLT,2024-12-01,500000000\nBOLT,2025-01-01,"{written}"\n'
	assert orders(write, text)[0].quantity[-1] == quantity


@pytest.mark.parametrize("written", ["10k", "5 Mio", "3 T", "2 lakh", "ten", "10 Stk 5"])
def test_multiples_and_words_are_refused(write: WriteFile, written: str) -> None:
	text = f"item_code,date,qty\nBOLT,2025-01-01,{written}\n"
	assert f'row 2, column qty: "{written}" is not a number' in refusal(lambda: orders(write, text))


def test_units_that_stand_with_quantities_are_units(write: WriteFile) -> None:
	"""Of one item they must agree, in ORDERS and between items they need not."""
	text = "item_code,date,qty\nBOLT,2025-01-01,10 Stk\nOIL,2025-01-01,2 l\n"
	assert orders(write, text)[0].units == ("Stk", "l")
	mixed = "item_code,date,qty\nBOLT,2025-01-01,10 Stk\nBOLT,2025-01-02,1 Box\n"
	assert 'is in "Box" here and in "Stk" in row 2' in refusal(lambda: orders(write, mixed))
	assert read_stock(write("item_code,on_hand\nBOLT,50 Stk\n"), today=TODAY).units == ("Stk",)


def test_a_quantity_without_a_unit_is_in_its_items(write: WriteFile) -> None:
	"""In pieces, or by measure; beside boxes it may be pieces."""
	text = "item_code,date,qty\nBOLT,2025-01-01,10 Stk\nBOLT,2025-01-02,12\nOIL,2025-01-02,2\n"
	assert orders(write, text)[0].quantity.tolist() == [10, 12, 2]
	text = "item_code,date,qty\nBOLT,2025-01-01,10 Box\nBOLT,2025-01-02,12\n"
	found = refusal(lambda: orders(write, text))
	assert 'row 3, column qty: BOLT is without a unit here and in "Box" in row 2' in found
	text = "item_code,date,qty\nBOLT,2025-01-01,10\nBOLT,2025-01-02,12 Box\n"
	assert 'BOLT is in "Box" here and without one in row 2' in refusal(lambda: orders(write, text))


@pytest.mark.parametrize("written", ["€ 2,50", "2,50 EUR", "2,5 €", "EUR 2,50"])
def test_money_may_have_its_currency(write: WriteFile, written: str) -> None:
	found, _ = items(write, f"item_code;unit_cost;order_cost\nBOLT;{written};4 €\n")
	assert (found.unit_cost, found.order_cost) == (2.5, 4)


def test_money_in_several_currencies_is_refused(write: WriteFile) -> None:
	text = "item_code,unit_cost,order_cost\nBOLT,2 USD,4 EUR\n"
	assert "are in different currencies; give all of them in one" in refusal(lambda: items(write, text))
	text = "item_code,unit_cost,currency\nBOLT,2,EUR\nNUT,2,USD\n"
	assert '"USD" beside "EUR"; convert all money' in refusal(lambda: items(write, text))


@pytest.mark.parametrize(
	("header", "written", "days"),
	[
		("lead_time_days", "10 Tage", 10),
		("lead_time_days", "2 weeks", 14),
		("Lead Time", "1 Monat", 30),
		("Lieferzeit (Wochen)", "3", 21),
		("Wiederbeschaffungszeit", "9", 9),
	],
)
def test_lead_times(write: WriteFile, header: str, written: str, days: float) -> None:
	assert items(write, f"item_code,{header}\nBOLT,{written}\n")[0].lead_time_days == days


def test_costs_per_hundred(write: WriteFile) -> None:
	found, notes = items(write, "Artikelnummer,Einstandspreis,Preiseinheit\nBOLT,200,100\n")
	assert found.unit_cost == 2
	assert notes == ["data.csv: costs are divided by column Preiseinheit."]


def test_figures_that_are_not_read_are_named(write: WriteFile) -> None:
	_, notes = items(write, "item_code,unit_cost,holding_cost,Name,Blank\nBOLT,2,0.5,Bolt M8,\n")
	assert notes == ["data.csv: not read, since the program knows no such column: holding_cost."]


def test_no_figure_is_the_default(write: WriteFile) -> None:
	found, _ = items(write, "item_code,unit_cost,order_cost,lead_time_days\nBOLT,2,n/a,-\n")
	assert (found.order_cost, found.lead_time_days) == (0, 7)


@pytest.mark.parametrize("written", ["9999-12-31", "31.12.9999", "0000-00-00"])
def test_dates_that_stand_for_none(write: WriteFile, written: str) -> None:
	text = f"item_code,on_hand,batch,expiry_date,on_order,expected_date\nBOLT,50,B1,{written},5,{written}\n"
	found = read_stock(write(text), today=TODAY)
	assert (found.on_hand.tolist(), len(found.batch_item)) == ([50], 0)
	assert np.isnat(found.arrival_day).all()


@pytest.mark.parametrize(
	("written", "day", "rhythm"),
	[
		("5-Mar-25", "2025-03-05", DAILY),
		("5. März 25", "2025-03-05", DAILY),
		("Wed 5 March 2025", "2025-03-05", DAILY),
		("Mi, 5. März 2025", "2025-03-05", DAILY),
		("5 mars 2025", "2025-03-05", DAILY),
		("5 de marzo de 2025", "2025-03-05", DAILY),
		("05.03.25", "2025-03-05", DAILY),
		("Mar-25", "2025-03-01", MONTHLY),
		("Mrz 25", "2025-03-01", MONTHLY),
		("avril 2025", "2025-04-01", MONTHLY),
		("Q2 2025", "2025-04-01", QUARTERLY),
		("2025-Q2", "2025-04-01", QUARTERLY),
		("2. Quartal 2025", "2025-04-01", QUARTERLY),
	],
)
def test_dates(write: WriteFile, written: str, day: str, rhythm: Rhythm) -> None:
	found, _ = orders(write, f"item_code;date;qty\nBOLT;{written};3\n")
	assert (found.day.astype(str).tolist(), found.rhythm) == ([day], rhythm)


@pytest.mark.parametrize("form", ["{0:%d/%m/%y}", "{0:%m/%d/%y}", "{0:%d-%m-%y}"])
def test_years_of_two_digits_where_a_whole_month_tells(write: WriteFile, form: str) -> None:
	days = np.arange("2025-02-01", "2025-05-01", dtype="datetime64[D]").tolist()
	text = "item_code,date,qty\n" + "".join(f"BOLT,{form.format(day)},1\n" for day in days)
	assert orders(write, text)[0].day.tolist() == days


def test_years_of_two_digits_that_may_stand_first_are_refused(write: WriteFile) -> None:
	days = np.arange("2025-02-01", "2025-05-01", dtype="datetime64[D]").tolist()
	text = "item_code,date,qty\n" + "".join(f"BOLT,{day:%y-%m-%d},1\n" for day in days)
	assert "has a year of two digits" in refusal(lambda: orders(write, text))


@pytest.mark.parametrize(
	("header", "rhythm", "last"),
	[
		("2024-11,2024-12,2025-01", MONTHLY, "2025-01-01"),
		("Nov 2024,Dez 2024,Jan 2025", MONTHLY, "2025-01-01"),
		("Qty 11/2024,Qty 12/2024,Qty 01/2025", MONTHLY, "2025-01-01"),
		("2024-W51,2024-W52,2025-W01", WEEKLY, "2024-12-30"),
		("Q1 2024,Q2 2024,Q3 2024", QUARTERLY, "2024-07-01"),
		("30.12.2024,31.12.2024,01.01.2025", DAILY, "2025-01-01"),
	],
)
def test_a_column_for_each_period(write: WriteFile, header: str, rhythm: Rhythm, last: str) -> None:
	"""A blank cell is no line, a sum beside them or below is left out."""
	found, notes = orders(
		write, f"SKU,Name,{header},Total\nBOLT,M8,1,2,3,6\nNUT,M6,,4,5,9\nTotal,,1,6,8,15\n"
	)
	assert [str(key) for key in found.keys] == ["BOLT", "NUT"]
	assert found.quantity.tolist() == [1, 2, 3, 4, 5]
	assert (str(found.day.max()), found.rhythm) == (last, rhythm)
	assert any("the 3 columns" in note and note.endswith("are read as dates.") for note in notes)


def test_a_column_for_each_month_beside_the_year(write: WriteFile) -> None:
	found, _ = orders(write, "item_code,Year,Jan,Feb,Mar\nBOLT,2024,1,2,3\nBOLT,2025,4,5,6\n")
	assert found.day.astype("datetime64[M]").astype(str).tolist() == [
		*("2024-01", "2024-02", "2024-03", "2025-01", "2025-02", "2025-03")
	]
	assert found.quantity.tolist() == [1, 2, 3, 4, 5, 6]
	without = "item_code,Jan,Feb,Mar\nBOLT,1,2,3\n"
	assert "a column for each month, but no year; add a column year" in refusal(
		lambda: orders(write, without)
	)


@pytest.mark.parametrize("other", ["Value", "Umsatz", "Revenue"])
def test_columns_of_money_for_each_period_are_no_quantities(write: WriteFile, other: str) -> None:
	months = ("Jan 2024", "Feb 2024", "Mar 2024")
	header = ",".join(f"Qty {month},{other} {month}" for month in months)
	found, _ = orders(write, f"item,{header}\nBOLT,1,100,2,200,3,300\n")
	assert found.quantity.tolist() == [1, 2, 3]


def test_two_columns_for_a_period_are_refused(write: WriteFile) -> None:
	text = "item,Qty Jan 2024,Jan 2024,Feb 2024,Mar 2024\nBOLT,1,100,2,200\n"
	assert "has two columns for Jan 2024" in refusal(lambda: orders(write, text))
