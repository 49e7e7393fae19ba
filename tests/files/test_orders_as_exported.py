"""ORDERS files as programs export them: what they say besides item, date and quantity is heard."""

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rl_replenishment.core.demand.rhythm import DAILY, MONTHLY, WEEKLY, Rhythm
from rl_replenishment.core.errors import InputError
from rl_replenishment.core.files.orders import Orders, read_orders

WriteFile = Callable[..., Path]
Read = Callable[..., tuple[Orders, list[str]]]


@pytest.fixture
def read(write: WriteFile) -> Read:
	"""Reads the text of a file; gives the orders and what was noted."""

	def read_text(text: str, today: str | None = None) -> tuple[Orders, list[str]]:
		notes: list[str] = []
		day = None if today is None else np.datetime64(today)
		return read_orders(write(text), today=day, note=notes.append), notes

	return read_text


@pytest.fixture
def refusal(read: Read) -> Callable[[str], str]:
	def read_and_catch(text: str) -> str:
		with pytest.raises(InputError) as caught:
			read(text)
		message = str(caught.value)
		assert message.startswith("data.csv")
		assert message.endswith(".")
		return message

	return read_and_catch


def sold(orders: Orders) -> dict[str, float]:
	"""What was sold of each item in all, less what came back."""
	totals = np.bincount(orders.item, orders.quantity, len(orders.keys))
	return {str(key): float(total) for key, total in zip(orders.keys, totals, strict=True)}


def daily(days: int = 60, item: str = "Bolt", quantity: object = 10) -> str:
	first = np.datetime64("2025-01-01")
	return "".join(f"{item},{first + np.timedelta64(day, 'D')},{quantity}\n" for day in range(days))


# names


def test_spelling_does_not_make_two_items(read: Read) -> None:
	"""Case, blanks of any kind, marks that do not show, and letters put together in two ways."""
	rows = ["Bolt", "BOLT", " bolt ", "Nut  M8", "Nut\u00a0M8", "Scha\u0308kel", "Schäkel\u200b"]
	text = "".join(f"{code},2025-01-0{day},1\n" for day, code in enumerate(rows, 1))
	orders, notes = read("item_code,date,qty\n" + text)
	assert sold(orders) == {"Bolt": 3, "Nut  M8": 2, "Scha\u0308kel": 2}
	(note,) = notes
	assert note.startswith(
		"data.csv, column item_code: names that differ only in case or blanks are one: Bolt (also"
		' "BOLT", "bolt")'
	)


def test_spelling_does_not_make_two_warehouses(read: Read) -> None:
	orders, notes = read("item_code,date,qty,warehouse\na,2025-01-01,1,Main\na,2025-01-02,2,MAIN\n")
	assert sold(orders) == {"a @ Main": 3}
	assert 'Main (also "MAIN")' in notes[0]


def test_a_file_that_spells_one_way_is_read_without_a_note(read: Read) -> None:
	assert read("item_code,date,qty\n" + daily())[1] == []


@pytest.mark.parametrize("code", ["4.00638E+12", "4,01E+12", "1E+05", "4.00638e+12", "4.006381333931E+13"])
def test_codes_that_a_spreadsheet_rounded_are_refused(refusal: Callable[[str], str], code: str) -> None:
	message = refusal(f"item_code;date;qty\na;2025-01-01;1\n{code};2025-01-01;1\n")
	assert message.startswith(
		f'data.csv, row 3, column item_code: "{code}" is what a spreadsheet left of a long'
	)


def test_a_code_in_scientific_notation_that_lost_nothing_is_read(read: Read) -> None:
	orders, _ = read("item_code,date,qty\n4.006381333931E+12,2025-01-01,1\n4006381333931,2025-01-02,2\n")
	assert sold(orders) == {"4006381333931": 3}


def test_codes_that_may_have_lost_zeros_are_told(read: Read) -> None:
	orders, notes = read("item_code,date,qty\n00123,2025-01-01,1\n123,2025-01-02,2\n")
	assert sold(orders) == {"00123": 1, "123": 2}
	assert notes == [
		"data.csv: 123 and 00123 are read as two items; if a program dropped zeros, export the codes as text."
	]


# units


def test_the_stock_quantity_goes_before_the_quantity(read: Read) -> None:
	"""ERPNext exports both: boxes in Qty, pieces in Stock Qty."""
	orders, notes = read("Item Code,Date,Qty,Stock Qty\na,2025-01-01,2,24\na,2025-01-02,1,12\n")
	assert sold(orders) == {"a": 36}
	assert notes == ["data.csv: quantities are those of column Stock Qty, in stock units, not those of Qty."]


def test_the_conversion_factor_counts(read: Read) -> None:
	rows = "a,2025-01-01,2,Box,Nos,12\na,2025-01-02,5,Nos,Nos,1\na,2025-01-03,5,nos,Nos,\n"
	orders, notes = read("item_code,date,qty,uom,stock_uom,conversion_factor\n" + rows)
	assert sold(orders) == {"a": 34}
	assert notes == ["data.csv: quantities are multiplied by column conversion_factor."]


@pytest.mark.parametrize("factor", ["", "0"])
def test_a_row_without_a_factor_is_refused(refusal: Callable[[str], str], factor: str) -> None:
	message = refusal(f"item_code,date,qty,uom,conversion_factor\na,2025-01-01,2,Box,{factor}\n")
	assert message.startswith("data.csv, row 2, column conversion_factor: there is no factor above 0")


@pytest.mark.parametrize("header", ["uom", "Unit", "Unit of Measure", "Sales Unit", "Einheit", "ME"])
def test_mixed_units_of_an_item_are_refused(refusal: Callable[[str], str], header: str) -> None:
	rows = "a,2025-01-01,2,Nos\nb,2025-01-01,2,Box\na,2025-01-02,1,Box\n"
	assert refusal(f"item_code,date,qty,{header}\n{rows}") == (
		f'data.csv, row 4, column {header}: a is in "Box" here and in "Nos" in row 2; add a column'
		" stock_qty or conversion_factor, or export quantities in the stock unit."
	)


def test_another_unit_than_the_stocks_is_refused(refusal: Callable[[str], str]) -> None:
	message = refusal("item_code,date,qty,uom,stock_uom\na,2025-01-01,2,Box,Nos\n")
	assert 'row 2, column uom: a is in "Box", but its stock in "Nos";' in message


def test_one_unit_per_item_is_read_however_it_is_spelled(read: Read) -> None:
	orders, notes = read(
		"item_code,date,qty,uom\na,2025-01-01,2,pcs\na,2025-01-02,1,Pcs.\nb,2025-01-01,3,kg\n"
	)
	assert sold(orders) == {"a": 3, "b": 3}
	assert notes == []


# numbers


def test_a_point_before_three_digits_beside_german_dates_is_refused(refusal: Callable[[str], str]) -> None:
	message = refusal("item_code,date,qty\na,05.03.2024,1.200\n")
	assert message.startswith('data.csv, row 2, column qty: "1.200" could be 1200 or 1.2;')


def test_other_numbers_tell_beside_german_dates(read: Read) -> None:
	assert sold(read('item_code,date,qty\na,05.03.2024,1.200\na,06.03.2024,"0,5"\n')[0]) == {"a": 1200.5}
	assert sold(read("item_code,date,qty\na,05.03.2024,1.200\na,06.03.2024,0.5\n")[0]) == {"a": 1.7}


# lines that are no demand


@pytest.mark.parametrize(
	("header", "value"),
	[
		("Status", "Cancelled"),
		("status", "canceled"),
		("Order Status", "CANCELLED BY CUSTOMER"),
		("Status", "storniert"),
		("Financial Status", "voided"),
		("Financial Status", "refunded"),
		("Status", "Draft"),
		("State", "cancel"),
		("State", "quotation sent"),
		("Belegstatus", "Entwurf"),
		("Docstatus", "2"),
		("docstatus", "0"),
		("Doc_Status", "2"),
		("Cancelled", "Yes"),
		("Is Cancelled", "1"),
		("cancelled_at", "2025-01-03 10:00"),
		("Storniert", "x"),
		("Reason for Rejection", "10"),
		("Type", "Quotation"),
		("Belegart", "Angebot"),
		("Document Type", "Purchase Order"),
	],
)
def test_what_was_cancelled_or_never_sold_is_left_out(read: Read, header: str, value: str) -> None:
	other = "1" if header.casefold().replace("_", "") == "docstatus" else ""
	orders, notes = read(f"item_code,date,qty,{header}\na,2025-01-01,1,{other}\na,2025-01-02,5,{value}\n")
	assert sold(orders) == {"a": 1}
	assert notes == [f"data.csv: 1 line with {header} {value} left out, the first in row 3."]


@pytest.mark.parametrize(
	("header", "value"),
	[
		("Status", "Completed"),
		("Status", "To Deliver and Bill"),
		("Status", "Closed"),
		("Status", "Paid"),
		("Financial Status", "partially_refunded"),
		("Status", "Credit Note Issued"),
		("State", "done"),
		("Docstatus", "1"),
		("Cancelled", "No"),
		("Is Cancelled", "0"),
		("Storniert", "nein"),
		("Type", "Draft Beer"),
		("Type", "Sales Invoice"),
	],
)
def test_what_was_sold_counts_without_a_note(read: Read, header: str, value: str) -> None:
	orders, notes = read(f"item_code,date,qty,{header}\na,2025-01-01,1,{value}\na,2025-01-02,5,{value}\n")
	assert sold(orders) == {"a": 6}
	assert notes == []


def test_a_status_that_nobody_knows_counts_and_is_named(read: Read) -> None:
	orders, notes = read("item_code,date,qty,status\na,2025-01-01,1,Paid\na,2025-01-02,5,Parked\n")
	assert sold(orders) == {"a": 6}
	assert notes == ["data.csv: 1 line with status Parked count as sold."]


def test_several_status_columns_all_count(read: Read) -> None:
	"""Shopify has two, and one of a cancellation."""
	rows = "a,2025-01-01,1,paid,fulfilled,\na,2025-01-02,2,voided,,\na,2025-01-03,4,paid,,2025-01-04\n"
	header = "Lineitem sku,Created at,Lineitem quantity,Financial Status,Fulfillment Status,Cancelled at\n"
	assert sold(read(header + rows)[0]) == {"a": 1}


def test_a_status_is_that_of_the_whole_order(read: Read) -> None:
	"""Shopify writes it into the first line of an order."""
	header = (
		"Name,Created at,Lineitem sku,Lineitem quantity,Financial Status,Cancelled at,Reason for Rejection\n"
	)
	rows = (
		"#1,2025-01-01,a,1,voided,,\n#1,2025-01-01,b,2,,,\n#2,2025-01-02,a,4,paid,,10\n#2,2025-01-02,b,8,,,\n"
		"#3,2025-01-03,a,16,,2025-01-04,\n#3,2025-01-03,b,32,,,\n#4,2025-01-03,b,64,,,\n"
	)
	assert sold(read(header + rows)[0]) == {"b": 72}


def test_a_name_of_the_item_is_no_document(read: Read) -> None:
	"""Neither a status nor a return goes by it."""
	rows = daily(30).replace("Bolt,", "B-1,Bolt M8,").replace(",10\n", ",10,\n")
	header = "item_code,Name,date,qty,status\n"
	assert sold(read(header + rows + "B-1,Bolt M8,2025-01-31,5,Cancelled\n")[0]) == {"B-1": 300}
	bulk = "B-1,Bolt M8,2025-01-01,400,\n"
	history, _ = read(header + bulk + rows + "B-1,Bolt M8,2025-01-31,-400,\n")[0].history()
	assert history.demand[:, 0].tolist() == [10] * 30 + [0]


def test_a_return_with_the_status_of_one_is_a_return(read: Read) -> None:
	rows = "a,2025-01-01,5,Paid\na,2025-01-02,7,Refunded\na,2025-01-03,-5,Refunded\n"
	assert sold(read("item_code,date,qty,status\n" + rows)[0]) == {"a": 0}


def test_rows_of_a_document_below_each_other(read: Read) -> None:
	"""ERPNext leaves blank in further rows what belongs to the document."""
	text = (
		"ID,Date,Status,Item Code (Sales Order Item),Quantity (Sales Order Item)\n"
		"SO-1,2025-01-01,Completed,a,1\n,,,b,2\nSO-2,2025-01-03,Cancelled,a,4\n,,,b,8\nSO-3,2025-01-04,Draft,b,9\n"
		"SO-4,2025-01-05,Completed,b,16\n"
	)
	orders, _ = read(text)
	assert orders.day.astype(str).tolist() == ["2025-01-01", "2025-01-01", "2025-01-05"]
	assert sold(orders) == {"a": 1, "b": 18}


def test_a_file_of_cancelled_lines_alone_is_refused(refusal: Callable[[str], str]) -> None:
	assert "no line is left" in refusal("item_code,date,qty,status\na,2025-01-01,1,Cancelled\n")


def test_two_documents_of_one_sale_are_told(read: Read) -> None:
	rows = "a,2025-01-01,1,Delivery Note\na,2025-01-02,1,Sales Invoice\n"
	_, notes = read("item_code,date,qty,Voucher Type\n" + rows)
	assert notes == [
		"data.csv: lines with Voucher Type Delivery Note and Sales Invoice are added up; where one sale has a"
		" line in each, keep one kind."
	]


# returns


@pytest.mark.parametrize(
	("header", "value"),
	[
		("Type", "Credit Note"),
		("Document Type", "Credit Memo"),
		("type", "return"),
		("Move Type", "out_refund"),
		("Belegart", "Gutschrift"),
		("Order Type", "Returns"),
		("Is Return", "1"),
		("Status", "Return"),
	],
)
@pytest.mark.parametrize("sign", ["", "-"])
def test_credit_notes_are_returns_whatever_their_sign(read: Read, header: str, value: str, sign: str) -> None:
	rows = f"a,2025-01-01,400,\na,2025-01-02,10,\na,2025-01-03,{sign}400,{value}\n"
	orders, notes = read(f"item_code,date,qty,{header}\n{rows}")
	assert orders.history()[0].demand[:, 0].tolist() == [0, 10, 0]
	assert notes == [f"data.csv: 1 line with {header} {value} count as returned."]


def test_a_return_is_taken_off_the_sale_that_its_document_names(read: Read) -> None:
	rows = (
		"SI-1,2025-01-01,Bolt,30,\nSI-2,2025-01-02,Bolt,30,\nSI-3,2025-01-03,Bolt,30,\n"
		"SR-1,2025-01-04,Bolt,-20,SI-1\nSR-2,2025-01-04,Bolt,-7,SI-0\n"
	)
	orders, _ = read("Name,Posting Date,Item Code,Qty,Return Against\n" + rows)
	history, unexplained = orders.history()
	assert history.demand[:, 0].tolist() == [10, 30, 30, 0]
	assert unexplained == 7


def test_a_return_is_taken_off_what_its_customer_bought(read: Read) -> None:
	rows = "Bolt,2025-01-01,400,Acme\nBolt,2025-01-02,500,Other\nBolt,2025-01-03,-390,ACME\n"
	history, _ = read("item_code,date,qty,customer\n" + rows)[0].history()
	assert history.demand[:, 0].tolist() == [10, 500, 0]


def test_a_bulk_sale_sent_back_months_later_leaves_the_latest_demand_alone(read: Read) -> None:
	text = "item_code,date,qty\nBolt,2025-01-05,400\n" + daily(150) + "Bolt,2025-06-01,-400\n"
	history, unexplained = read(text)[0].history()
	assert history.demand[-40:-2, 0].tolist() == [10] * 38
	assert history.demand.sum() == 1500
	assert unexplained == 0


# dates


@pytest.mark.parametrize("day", ["2035-01-01", "2025-04-12"])
def test_one_late_date_does_not_move_the_end(read: Read, day: str) -> None:
	orders, notes = read("item_code,date,qty\n" + daily() + f"Bolt,{day},7\n")
	assert str(orders.end) == "2025-03-02"
	assert orders.history()[0].days == 60
	(note,) = notes
	if day.startswith("2035"):
		assert note == (
			"data.csv, row 62: left out, because 2035-01-01 is far after all others, 2025-01-01 to"
			" 2025-03-01; correct the date."
		)
		assert orders.future is not None
		assert len(orders.future) == 0
	else:
		assert note.startswith(
			"data.csv, row 62: 7 of Bolt on 2025-04-12, later than the history, which ends"
		)
		assert orders.future is not None
		assert [str(day) for day in orders.future.day] == ["2025-04-12"]
		assert orders.future.quantity.tolist() == [7]
		assert [orders.keys[item].item_code for item in orders.future.item] == ["Bolt"]


def test_a_date_far_before_all_others_is_left_out(read: Read) -> None:
	orders, notes = read("item_code,date,qty\nBolt,2015-01-03,7\n" + daily())
	history = orders.history()[0]
	assert (str(history.start), history.days) == ("2025-01-01", 60)
	assert notes[0].startswith("data.csv, row 2: left out, because 2015-01-03 is far before all others")


def test_the_given_day_of_ordering_ends_the_history(read: Read) -> None:
	orders, notes = read("item_code,date,qty\n" + daily(), today="2025-02-20")
	assert str(orders.end) == "2025-02-20"
	assert orders.history()[0].days == 50
	assert orders.future is not None
	assert orders.future.quantity.tolist() == [10] * 10
	assert notes[0].startswith("data.csv, rows 52, 53, 54 and 7 more: 10 of Bolt on 2025-02-20, 10 of Bolt")


def test_a_day_of_ordering_after_the_last_line_adds_no_days(read: Read) -> None:
	"""Nothing is known of them; that is not the same as no demand."""
	orders, notes = read("item_code,date,qty\n" + daily(), today="2025-06-20")
	assert str(orders.end) == "2025-03-02"
	assert notes == []


def test_a_day_of_ordering_before_all_lines_is_refused(read: Read) -> None:
	with pytest.raises(InputError, match=r"no line is before --today 2024-06-20"):
		read("item_code,date,qty\n" + daily(), today="2024-06-20")


@pytest.mark.parametrize(
	("dates", "rhythm", "start", "end"),
	[
		(["2024-W05", "2024-W06", "2024-W08"], WEEKLY, "2024-01-29", "2024-02-26"),
		(["KW 5/2024", "KW 6/2024"], WEEKLY, "2024-01-29", "2024-02-12"),
		(["2024-01", "2024-02"], MONTHLY, "2024-01-01", "2024-03-01"),
		(["Jan 2024", "Feb 2024"], MONTHLY, "2024-01-01", "2024-03-01"),
		(["05.03.2024", "06.03.2024"], DAILY, "2024-03-05", "2024-03-07"),
		([f"{day:02}.01.2024" for day in range(1, 29, 7)] * 1, DAILY, "2024-01-01", "2024-01-23"),
		(
			[str(np.datetime64("2024-01-01") + np.timedelta64(7 * week, "D")) for week in range(10)],
			WEEKLY,
			"2024-01-01",
			"2024-03-05",
		),
	],
)
def test_weeks_and_months_are_totals_on_their_first_day(
	read: Read, dates: list[str], rhythm: Rhythm, start: str, end: str
) -> None:
	"""The last week or month is over: the day of ordering comes after it."""
	orders, _ = read("item_code;date;qty\n" + "".join(f"Bolt;{day};70\n" for day in dates))
	history, _ = orders.history()
	assert history.rhythm == rhythm
	assert (str(history.start), str(history.end)) == (start, end)
	assert history.demand.sum() == 70 * len(dates)
	assert history.demand[0, 0] == 70


@pytest.mark.parametrize(
	("header", "texts", "rhythm", "days"),
	[
		("Week", ["5", "6"], WEEKLY, ["2024-01-29", "2024-02-05"]),
		("KW", ["05", "06"], WEEKLY, ["2024-01-29", "2024-02-05"]),
		("Period", ["W05", "W06"], WEEKLY, ["2024-01-29", "2024-02-05"]),
		("Month", ["5", "12"], MONTHLY, ["2024-05-01", "2024-12-01"]),
		("Monat", ["05", "06"], MONTHLY, ["2024-05-01", "2024-06-01"]),
	],
)
def test_a_week_or_month_and_its_year_in_two_columns(
	read: Read, header: str, texts: list[str], rhythm: Rhythm, days: list[str]
) -> None:
	rows = "".join(f"a,2024,{text},1\n" for text in texts)
	orders, _ = read(f"item_code,Year,{header},qty\n{rows}")
	assert orders.day.astype(str).tolist() == days
	assert orders.rhythm == rhythm


def test_a_ledger_in_which_sales_are_below_nothing_is_refused(refusal: Callable[[str], str]) -> None:
	message = refusal("item_code,date,qty\n" + daily(20, quantity="10-") + daily(2, quantity=3))
	assert message.startswith(
		"data.csv: 20 of 22 quantities are below 0, which is what came back; turn the sign"
	)


# rows that stand there twice


def test_a_header_in_the_middle_is_left_out(read: Read) -> None:
	orders, notes = read("item_code,date,qty\na,2025-01-01,1\n\ufeffitem_code,date,qty\na,2025-01-02,2\n")
	assert sold(orders) == {"a": 3}
	assert notes == ["data.csv, row 3: the header again, left out."]


def test_another_header_in_the_middle_is_refused(refusal: Callable[[str], str]) -> None:
	message = refusal("item_code,date,qty\na,2025-01-01,1\ndate,item_code,qty\n2025-01-02,a,2\n")
	assert message.startswith("data.csv, row 3 is another header, of columns in another order;")


def test_an_export_that_is_there_twice_is_refused(refusal: Callable[[str], str]) -> None:
	assert refusal("item_code,date,qty\n" + daily(8) * 2) == (
		"data.csv: rows 10 to 17 are those of rows 2 to 9 again, in every column, as where an export is in"
		" the file twice; remove the repetition, or, where these are orders of their own, add a column that"
		" tells them apart, such as a number."
	)


def test_exports_that_overlap_are_refused(refusal: Callable[[str], str]) -> None:
	lines = ("item_code,date,qty\n" + daily(60)).splitlines()
	text = "\n".join([*lines[:40], lines[0], *lines[31:]])
	assert "data.csv: rows 42 to 50 are those of rows 32 to 40 again" in refusal(text)


def test_an_export_that_was_sorted_after_it_was_doubled_is_refused(refusal: Callable[[str], str]) -> None:
	rows = [f"{item},{row}" for row in daily(60, "").splitlines() for item in ("a", "b")]
	rows = [row.replace(",,", ",") for row in rows]
	text = "item_code,date,qty\n" + "\n".join(sorted([*rows, *rows[20:60]]))
	assert "every row is there twice" in refusal(text)


@pytest.mark.parametrize("extra", ["order", "note"])
def test_a_column_of_its_own_tells_rows_apart(read: Read, extra: str) -> None:
	"""Whatever it is called: rows are only the same where every column is."""
	rows = (daily(8) * 2).splitlines()
	text = "".join(f"{row},{number}\n" for number, row in enumerate(rows))
	orders, notes = read(f"item_code,date,qty,{extra}\n{text}")
	assert sold(orders) == {"Bolt": 160}
	assert notes == []


def test_rows_that_are_alike_by_chance_count(read: Read) -> None:
	"""Two customers a day who buy as much, now and then."""
	rows = daily(60).splitlines()
	text = "\n".join(row for at, row in enumerate(rows) for _ in range(2 if at % 3 else 1))
	assert sold(read("item_code,date,qty\n" + text)[0]) == {"Bolt": 1000}


@pytest.mark.parametrize("label", ["Total", "Grand Total", "Summe", "'Total'", "Gesamtergebnis", ""])
def test_a_total_at_the_end_is_left_out(read: Read, label: str) -> None:
	orders, notes = read(f"item_code,date,qty\n{daily(5)}{label},,50\n")
	assert sold(orders) == {"Bolt": 50}
	assert notes == ["data.csv, row 7: the total of the rows above, left out."]


def test_a_row_without_item_or_date_that_is_no_total_is_refused(refusal: Callable[[str], str]) -> None:
	assert "row 7, column item_code: the cell is empty" in refusal(f"item_code,date,qty\n{daily(5)},,49\n")
	assert "row 7, column item_code: the row looks like a total, but 49 is not the sum" in refusal(
		f"item_code,date,qty\n{daily(5)}Total,,49\n"
	)


@pytest.mark.parametrize(
	"again",
	[
		lambda row: row.replace("Bolt", "BOLT "),
		lambda row: f"{row}.0",
		lambda row: re.sub(r"(\d{4})-(\d\d)-(\d\d)", r"\3.\2.\1", row),
	],
	ids=["spelling", "numbers", "dates"],
)
@pytest.mark.parametrize("column", ["", ",remark"])
def test_an_export_that_is_there_twice_in_another_form_is_refused(
	refusal: Callable[[str], str], again: Callable[[str], str], column: str
) -> None:
	"""What rows mean tells, not how they are written; columns that are not read count as they are."""
	rows = daily(60).splitlines()
	end = ",x" if column else ""
	text = "\n".join(
		[f"item_code,date,qty{column}", *(row + end for row in rows), *(again(row) + end for row in rows)]
	)
	assert "rows 62 to 121 are those of rows 2 to 61 again" in refusal(text)


@pytest.mark.parametrize("code", ['"=""00123"""', "'00123"])
def test_how_a_spreadsheet_keeps_zeros_is_no_part_of_a_code(read: Read, code: str) -> None:
	assert sold(read(f"item_code,date,qty\n{code},2024-01-01,5\n00123,2024-01-02,5\n")[0]) == {"00123": 10}


@pytest.mark.parametrize("hyphen", "\u2010\u2011\u2013\u2212")
def test_hyphens_are_one(read: Read, hyphen: str) -> None:
	text = f"item_code,date,qty\nM8-20,2024-01-01,5\nM8{hyphen}20,2024-01-02,5\n"
	assert sold(read(text)[0]) == {"M8-20": 10}


def test_long_codes_with_few_digits_left_are_told(read: Read) -> None:
	_, notes = read("EAN,date,qty\n4006380000000,2024-01-01,5\n4006381333931,2024-01-02,5\n")
	assert notes == [
		"data.csv, column EAN: 4006380000000 may be what a spreadsheet left of several codes each; where so,"
		" export them as text."
	]


@pytest.mark.parametrize(
	("header", "total"),
	[
		("Cancelled Qty", 26),
		("Stornierte Menge", 26),
		("Returned Quantity", 26),
		("Refunded Qty", 26),
		("Other", 30),
	],
)
def test_what_a_line_says_was_called_off_is_taken_off(read: Read, header: str, total: float) -> None:
	orders, notes = read(f"item_code,date,qty,{header}\na,2024-01-01,10,4\na,2024-01-02,20,\n")
	assert sold(orders) == {"a": total}
	assert notes == ([] if total == 30 else [f"data.csv: what column {header} says is taken off row 2."])


def test_what_came_back_in_lines_of_its_own_is_taken_off_once(read: Read) -> None:
	text = "item_code,date,qty,Returned Qty\na,2024-01-01,10,4\na,2024-01-05,-4,\na,2024-01-06,1,\n"
	orders, _ = read(text)
	assert orders.history()[0].demand.sum() == 7


def test_what_was_called_off_is_in_the_unit_of_its_line(read: Read) -> None:
	text = "item_code,date,qty,conversion_factor,Cancelled Qty\na,2024-01-01,10,12,4\n"
	assert sold(read(text)[0]) == {"a": 72}


def test_movements_of_goods(read: Read) -> None:
	"""SAP's numbers: issues count, reversals are returns, receipts and transfers are no demand."""
	kinds = {"601": 10, "261": 5, "201": 3, "602": 2, "653": 1, "101": 99, "311": 99, "561": 99}
	rows = [f"a,2024-01-{day:02},{quantity},{kind}" for day, (kind, quantity) in enumerate(kinds.items(), 1)]
	orders, notes = read("item_code,date,qty,Bewegungsart\n" + "\n".join(rows) + "\n")
	assert sold(orders) == {"a": 10 + 5 + 3 - 2 - 1}
	assert any("left out" in note for note in notes)
	assert any("count as returned" in note for note in notes)


@pytest.mark.parametrize("numbers", [("601", "602", "101"), ("601 Goods issue", "602 Storno", "101 WE")])
def test_issues_with_a_minus_are_no_returns(read: Read, numbers: tuple[str, str, str]) -> None:
	"""SAP lists of material documents have a minus where something left the stock."""
	issue, reversal, receipt = numbers
	rows = [f"a;{day:02}.03.2024;{day}-;{issue}" for day in range(1, 13)]
	rows += [f"a;14.03.2024;8;{reversal}", f"a;15.03.2024;500;{receipt}"]
	orders, notes = read("Material;Buchungsdatum;Menge;Bewegungsart\n" + "\n".join(rows) + "\n")
	assert sold(orders) == {"a": sum(range(1, 13)) - 8}
	assert any("with issues below 0, what is below 0 left the stock" in note for note in notes)


def test_movements_in_words(read: Read) -> None:
	orders, notes = read("item,date,qty,Movement\na,2024-01-01,5,Out\na,2024-01-02,400,In\n")
	assert sold(orders) == {"a": 5}
	assert any("with Movement In left out" in note for note in notes)
	orders, notes = read("item,date,qty,Movement\na,2024-01-01,5,Out\na,2024-01-02,4,Swap\n")
	assert sold(orders) == {"a": 9}
	assert any("with Movement Swap count as sold" in note for note in notes)
	orders, notes = read("item,date,qty,Movement\na,2024-01-01,5,Out\na,2024-01-02,4,Return\n")
	assert sold(orders) == {"a": 1}
	assert any("with Movement Return count as returned" in note for note in notes)


def test_what_left_with_a_minus_is_sold_whatever_its_movement_is_called(read: Read) -> None:
	orders, notes = read("item,date,qty,Movement\na,2024-01-01,-5,Out\na,2024-01-02,-4,Swap\n")
	assert sold(orders) == {"a": 9}
	assert any("with Movement Swap count as sold" in note for note in notes)


def _sided(header: str, *rows: str) -> str:
	return f"Material;Datum;Menge;{header}\n" + "\n".join(rows) + "\n"


@pytest.mark.parametrize(
	("header", "one", "other"), [("Soll/Haben", "H", "S"), ("S/H", "S", "H"), ("Dr/Cr", "Cr", "Dr")]
)
def test_debits_beside_credits_are_refused(read: Read, header: str, one: str, other: str) -> None:
	"""Issues from stock are credits, invoices to customers debits."""
	text = _sided(header, f"a;01.03.2024;10;{one}", f"a;02.03.2024;4;{other}")
	with pytest.raises(InputError, match=f"row 3, column {header}: debits and credits are both here"):
		read(text)


def test_debits_or_credits_that_say_nothing_new_are_read(read: Read) -> None:
	alone = _sided("Soll/Haben", "a;01.03.2024;10;H", "a;02.03.2024;4;H")
	assert sold(read(alone)[0]) == {"a": 14}
	signed = _sided("Soll/Haben", "a;01.03.2024;10;H", "a;02.03.2024;4-;S")
	assert sold(read(signed)[0]) == {"a": 6}
	# the movement tells
	moved = "Material;Datum;Menge;S/H;Bewegungsart\na;01.03.2024;10;H;601\na;02.03.2024;4;S;602\n"
	assert sold(read(moved)[0]) == {"a": 6}


@pytest.mark.parametrize("header", ["+/-", "Vorzeichen", "Sign"])
def test_a_sign_in_a_column_of_its_own(read: Read, header: str) -> None:
	for plus, minus in (("+", "-"), ("1", "-1"), ("+1", "\u22121")):
		rows = (f"a;01.03.2024;10;{plus}", f"a;02.03.2024;4;{minus}")
		assert sold(read(_sided(header, *rows))[0]) == {"a": 6}


@pytest.mark.parametrize(
	"header",
	["Artikel;Buchungsdatum;Verkaufte Menge", "Article;Ship Date;Quantité", "EAN;purchase-date;Units Sold"],
)
def test_headers_that_mean_it_where_no_better_one_is_there(read: Read, header: str) -> None:
	assert sold(read(f"{header}\n123;2024-01-01;5\n")[0]) == {"123": 5}


def test_a_better_header_goes_before_a_weaker_one(read: Read) -> None:
	text = "Artikel;Artikelnummer;Datum;Lieferdatum;Menge;Units\nNut;123;01.02.2024;01.03.2024;5;1\n"
	orders, _ = read(text)
	assert sold(orders) == {"123": 5}
	assert str(orders.day[0]) == "2024-02-01"


def test_the_minus_sign_of_typographers(read: Read) -> None:
	text = "item_code,date,qty\na,2024-01-01,10\na,2024-01-02,\u22124\n"
	assert read(text)[0].history()[0].demand.sum() == 6


@pytest.mark.parametrize("header", ["Statut", "Stato", "Estado"])
@pytest.mark.parametrize("value", ["annulé", "annullato", "anulado"])
def test_what_was_called_off_in_other_languages(read: Read, header: str, value: str) -> None:
	assert sold(read(f"item_code;date;qty;{header}\na;2024-01-01;5;{value}\na;2024-01-02;7;\n")[0]) == {
		"a": 7
	}


def test_an_order_that_has_most_of_the_demand_is_named(read: Read) -> None:
	"""A project that is delivered in thirty lines is no booking far outside the others."""
	usual = "".join(f"a,2024-03-{day:02},1,S{day}\n" for day in range(1, 29))
	project = "".join(f"a,2024-03-{day:02},60,PRJ-7\n" for day in range(1, 29))
	_, notes = read(f"item,date,qty,order_id\n{usual}{project}")
	assert any('1680 of 1708 of a in "PRJ-7"' in note for note in notes)
	_, notes = read(f"item,date,qty,order_id\n{usual}")
	assert not any("one order has most" in note for note in notes)


def test_types_that_mean_nothing_to_the_program_are_named(read: Read) -> None:
	_, notes = read("item,date,qty,type\na,2024-03-01,5,Sale\na,2024-03-02,500,Sample\n")
	assert any("1 line with type Sample count as sold" in note for note in notes)
	_, notes = read("item,date,qty,type\na,2024-03-01,5,ZOR\na,2024-03-02,500,ZOR\n")
	assert not notes


@pytest.mark.parametrize(
	("status", "delivered", "total"),
	[
		("Closed", "4", 14),
		("Short Closed", "0", 10),
		("Completed", "4", 14),
		("erledigt", "4", 14),
		# nobody kept it, nobody knows, it is open still
		("Completed", "0", 20),
		("Closed", "", 20),
		("To Deliver", "4", 20),
	],
)
def test_what_was_never_delivered_of_a_closed_line_is_no_demand(
	read: Read, status: str, delivered: str, total: float
) -> None:
	rows = f"a,2025-01-01,10,10,Completed\na,2025-01-02,10,{delivered},{status}\n"
	orders, notes = read("item_code,date,qty,Delivered Qty,status\n" + rows)
	assert sold(orders) == {"a": total}
	told = "what was never delivered by column Delivered Qty, where that is closed, is taken off row 3"
	assert [told in note for note in notes] == ([True] if total < 20 else [])


def test_delivered_cancelled_and_returned_are_each_taken_off_once(read: Read) -> None:
	header = "sku,created_at,qty_ordered,qty_shipped,qty_refunded,qty_canceled,status\n"
	rows = "a,2025-01-01,10,7,2,3,complete\na,2025-01-02,10,4,1,0,closed\na,2025-01-03,10,10,0,0,complete\n"
	assert sold(read(header + rows)[0]) == {"a": 5 + 3 + 10}


def test_a_mark_of_a_final_delivery_closes_a_line(read: Read) -> None:
	rows = "a,2025-01-01,10,4,X\na,2025-01-02,10,4,\n"
	assert sold(read("Material,Order Date,Quantity,Delivered Qty,Endlieferkennz\n" + rows)[0]) == {"a": 14}


def test_a_movement_that_is_blank_is_called_so(read: Read) -> None:
	rows = "a,2025-01-01,10,601\na,2025-01-02,10,\n"
	_, notes = read("item_code,date,qty,Movement Type\n" + rows)
	assert notes == ["data.csv: 1 line with Movement Type blank count as sold."]


def test_weeks_by_their_last_day(read: Read) -> None:
	rows = "".join(f"a,2025-01-{day:02},70\n" for day in (5, 12, 19, 26))
	orders, _ = read("item_code,Week Ending,qty\n" + rows)
	assert orders.day.astype(str).tolist() == ["2024-12-30", "2025-01-06", "2025-01-13", "2025-01-20"]
	assert (str(orders.end), orders.rhythm) == ("2025-01-27", WEEKLY)


@pytest.mark.parametrize(
	("header", "row", "told"),
	[
		("Quantity,Net Quantity", "10,8", "column Quantity is read, not Net Quantity."),
		("Quantity,Free Qty", "10,2", "not read, since the program knows no such column: Free Qty."),
		("Quantity,Returns", "10,-2", "not read, since the program knows no such column: Returns."),
		("Quantity,Invoiced Quantity,Unit Price", "10,10,4", ""),
		("Quantity,Bonus Qty", "10,0", ""),
		("Net Quantity,Date of Return", "8,2025-01-01", ""),
	],
)
def test_quantities_that_are_not_read_are_named(read: Read, header: str, row: str, told: str) -> None:
	_, notes = read(f"item_code,date,{header}\na,2025-01-01,{row}\n")
	assert notes == ([f"data.csv: {told}"] if told else [])


def test_a_line_years_after_a_few_others_is_named(read: Read) -> None:
	_, notes = read("item_code,date,qty\na,2025-01-01,1\na,2025-01-05,1\na,2025-01-09,1\na,2035-01-09,1\n")
	assert "row 5: the history ends with 2035-01-09, more than two years after the line before" in notes[0]


def test_an_invoice_of_a_reversal_is_a_return(read: Read) -> None:
	rows = "a,2025-01-01,10,Rechnung\na,2025-01-02,4,Stornorechnung\n"
	assert sold(read("item_code,date,qty,Belegart\n" + rows)[0]) == {"a": 6}
