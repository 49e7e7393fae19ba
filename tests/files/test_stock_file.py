"""STOCK files: one stock per item, any number of arrivals."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rl_replenishment.core.errors import InputError
from rl_replenishment.core.files.stock import StockRows, read_stock
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


def test_a_late_arrival_keeps_its_day(write: WriteFile) -> None:
	stock = read_stock(write("item_code,on_hand,on_order,expected_date\na,5,10,2024-02-01\n"), today=TODAY)
	assert stock.arrival_day.astype(str).tolist() == ["2024-02-01"]


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


def read(path: Path) -> tuple[StockRows, list[str]]:
	notes: list[str] = []
	return read_stock(path, today=TODAY, note=notes.append), notes


@pytest.mark.parametrize("header", ["location", "Storage Bin", "Lagerplatz", "Batch No", "Lot/Serial Number"])
@pytest.mark.parametrize(("second", "total"), [("400", 800), ("300", 700), ("", 400)])
def test_locations_and_batches_add_up(write: WriteFile, header: str, second: str, total: int) -> None:
	text = f"item_code,{header},on_hand,on_order\na,L1,400,\na,L2,{second},7\nb,L1,1,\n"
	stock, notes = read(write(text))
	assert stock.on_hand.tolist() == [total, 1]
	assert stock.arrival_quantity.tolist() == [7]
	assert notes == ["data.csv: the locations and batches of 1 item-warehouse are added up."]


def test_the_same_place_still_repeats_its_stock(write: WriteFile) -> None:
	text = "item_code,location,on_hand,on_order\na,L1,400,3\na,L1,400,4\na,L2,5,\na,,,6\n"
	stock, _ = read(write(text))
	assert stock.on_hand.tolist() == [405]
	assert stock.arrival_quantity.tolist() == [3, 4, 6]
	assert "row 3, column on_hand: 300 differs from 400 in row 2 for a;" in refusal(
		write("item_code,location,on_hand\na,L1,400\na,L1,300\n")
	)


def test_reserved_stock_of_locations_adds_up(write: WriteFile) -> None:
	stock, _ = read(write("item_code,bin,on_hand,reserved\na,L1,40,1\na,L2,40,2\n"))
	assert (stock.on_hand.tolist(), stock.reserved.tolist()) == ([80], [3])


def test_one_place_for_each_item_needs_no_note(write: WriteFile) -> None:
	assert read(write("item_code,location,on_hand\na,L1,40\nb,L2,40\n"))[1] == []


@pytest.mark.parametrize("header", ["item_code,on_hand", "item_code,on_hand,on_order", "item_code,on_hand,x"])
def test_equal_rows_of_an_item_are_a_question(write: WriteFile, header: str) -> None:
	"""400 and 400 may be one stock told twice, or two places."""
	more = header.count(",") - 1
	message = refusal(write(f"{header}\na,400{',0' * more}\nb,1{',0' * more}\na,400{',0' * more}\n"))
	assert message == (
		"data.csv, row 4, column item_code: all columns are those of a in row 2 as well; remove one of the"
		" two rows, or add a location, batch or purchase_order column where both count."
	)


def test_equal_stock_beside_an_unknown_column_is_a_question(write: WriteFile) -> None:
	assert refusal(write("item_code,on_hand,stand\na,400,1\na,400,2\n")) == (
		"data.csv, row 3, column on_hand: 400 is the stock of a in row 2 as well; remove one of the two rows,"
		" or add a location or batch column where they add up."
	)


def test_equal_arrivals_are_a_question_unless_their_orders_differ(write: WriteFile) -> None:
	text = "item_code,on_hand,on_order,expected_date,{}\na,4,10,2024-03-20,{}\na,4,10,2024-03-20,{}\n"
	assert refusal(write(text.format("location", "L1", "L2"))) == (
		"data.csv, row 3, column on_order: 10 for the same day is that of a in row 2 as well; leave it blank"
		" where it is the same order, or add a purchase_order column."
	)
	stock, _ = read(write(text.format("PO", "PO-1", "PO-2")))
	assert stock.on_hand.tolist() == [4]
	assert stock.arrival_quantity.tolist() == [10, 10]


def test_what_has_expired_is_no_stock(write: WriteFile) -> None:
	text = (
		"item_code,batch,on_hand,Expiry Date\n"
		"a,B1,300,2024-03-09\na,B2,20,2024-03-10\na,B3,4,\nb,B4,7,2024-01-01\n"
	)
	stock, notes = read(write(text))
	assert stock.on_hand.tolist() == [24, 0]
	assert notes[-1] == "data.csv, rows 2, 5: 307 units have expired and do not count as stock."


@pytest.mark.parametrize(("week", "day"), [("2024-W12", "2024-03-24"), ("03/2024", "2024-03-31")])
def test_an_arrival_in_a_week_or_month_is_due_on_its_last_day(write: WriteFile, week: str, day: str) -> None:
	"""It may come as late as that."""
	stock, _ = read(write(f"item_code,on_hand,on_order,expected_date\na,5,10,{week}\n"))
	assert stock.arrival_day.astype(str).tolist() == [day]


@pytest.mark.parametrize("label", ["Total", "Summe", "Grand Total"])
def test_a_total_at_the_end_is_no_item(write: WriteFile, label: str) -> None:
	stock, notes = read(write(f"item_code,on_hand\na,5\nb,6\n{label},11\n"))
	assert stock.keys == (ItemKey("a"), ItemKey("b"))
	assert notes == ["data.csv, row 4: the total of the rows above, left out."]
	assert "row 4, column item_code: the row looks like a total, but 12 is not" in refusal(
		write(f"item_code,on_hand\na,5\nb,6\n{label},12\n")
	)
	assert read(write(f"item_code,on_hand\n{label},12\na,5\n"))[0].on_hand.tolist() == [12, 5]


def test_spelling_does_not_make_two_items(write: WriteFile) -> None:
	stock, notes = read(write("item_code,on_hand,on_order\nBolt,5,1\nBOLT,,2\n"))
	assert stock.keys == (ItemKey("Bolt"),)
	assert stock.arrival_quantity.tolist() == [1, 2]
	assert len(notes) == 1


def test_mixed_units_are_refused(write: WriteFile) -> None:
	text = "item_code,location,on_hand,uom\na,L1,5,Box\na,L2,5,Nos\n"
	assert 'row 3, column uom: a is in "Nos" here and in "Box" in row 2;' in refusal(write(text))


def test_a_german_export(write: WriteFile) -> None:
	header = "Artikelnummer;Lager;Bestand;Reserviert;Bestellte Menge;Liefertermin"
	stock = read_stock(write(f"{header}\nA;Nord;1.250,5;50;20;05.03.2024\n"), today=TODAY)
	assert stock.keys == (ItemKey("A", "Nord"),)
	assert (stock.on_hand.tolist(), stock.reserved.tolist()) == ([1250.5], [50])
	assert stock.arrival_quantity.tolist() == [20]
	assert stock.arrival_day.astype(str).tolist() == ["2024-03-05"]


@pytest.mark.parametrize(
	("status", "counts"),
	[
		*[(text, False) for text in ("Blocked", "in quality inspection", "QC hold", "reserved in quality")],
		*[(text, False) for text in ("Quarantined", "gesperrt", "Sperrbestand", "In Qualitätsprüfung")],
		*[
			(text, True)
			for text in ("", "available", "Unrestricted", "released", "QC passed", "frei", "Open")
		],
	],
)
def test_what_may_not_be_sold_by_its_status_is_no_stock(write: WriteFile, status: str, counts: bool) -> None:
	notes: list[str] = []
	path = write(f"item_code,on_hand,Stock Status\na,50,available\na,20,{status}\nb,7,{status}\n")
	if counts:
		assert "differs from 50" in refusal(path)
		return
	stock = read_stock(path, today=TODAY, note=notes.append)
	assert stock.on_hand.tolist() == [50, 0]
	assert "rows 3, 4: 27 units are blocked or in inspection by their status" in notes[-1]


def test_rows_of_purchase_orders_with_a_status_are_one_stock(write: WriteFile) -> None:
	text = "item_code,on_hand,on_order,status\na,5,10,Open\na,5,20,Confirmed\n"
	assert read_stock(write(text), today=TODAY).on_hand.tolist() == [5]


def test_a_blocked_flag_is_a_status(write: WriteFile) -> None:
	flags = write("item_code,on_hand,blocked\na,50,\na,20,X\n")
	assert read_stock(flags, today=TODAY).on_hand.tolist() == [50]
	words = write("item_code,on_hand,Quarantine\na,50,released\na,20,in quarantine\n")
	assert read_stock(words, today=TODAY).on_hand.tolist() == [50]


@pytest.mark.parametrize(
	("headers", "row", "on_hand", "told"),
	[
		# of a total they are part, of what is unrestricted not
		(
			"Total Stock,Blocked Stock",
			"50,20",
			30,
			"20 units by column Blocked Stock are taken off Total Stock",
		),
		("Gesamtbestand,Sperrbestand,Q-Bestand", "50,20,5", 25, "5 units by column Q-Bestand are taken off"),
		("Unrestricted,Blocked", "50,20", 50, "are beside Unrestricted and do not count"),
		("Frei verwendbar,Gesperrt", "50,20", 50, "are beside Frei verwendbar and do not count"),
		# of others nobody knows, unless there are more of them
		("on_hand,Sperrbestand", "50,20", 50, "are not taken off on_hand; call that Total Stock where"),
		("Bestand,In Quality Inspection", "5,20", 5, "are more than Bestand, so beside it"),
		("on_hand,blocked", "50,0", 50, ""),
	],
)
def test_a_blocked_quantity(write: WriteFile, headers: str, row: str, on_hand: float, told: str) -> None:
	notes: list[str] = []
	stock = read_stock(write(f"item_code,{headers}\na,{row}\n"), today=TODAY, note=notes.append)
	assert stock.on_hand.tolist() == [on_hand]
	assert told in " ".join(notes)
	assert bool(notes) == bool(told)


def test_a_blocked_quantity_is_of_its_place_once(write: WriteFile) -> None:
	text = (
		"item_code,location,Total Stock,Blocked Qty,on_order,expected_date\n"
		"a,A1,50,20,5,2024-03-12\na,A1,50,20,6,2024-03-19\na,A2,8,,,\n"
	)
	assert read_stock(write(text), today=TODAY).on_hand.tolist() == [38]


def test_what_is_blocked_and_makes_no_sense_is_refused(write: WriteFile) -> None:
	assert "30 are more than the 20 in column Total Stock" in refusal(
		write("item_code,Total Stock,Blocked Qty\na,20,30\n")
	)
	# one of fifty, or all of them
	assert "1 may be one unit, or say that all is blocked" in refusal(
		write("item_code,on_hand,blocked\na,50,0\nb,50,1\n")
	)
	assert '"maybe" is not a number' in refusal(write("item_code,on_hand,Sperrbestand\na,50,2\nb,50,maybe\n"))


def test_what_is_unrestricted_goes_before_a_total(write: WriteFile) -> None:
	stock = read_stock(write("item_code,Total Stock,Unrestricted,Blocked\na,50,30,20\n"), today=TODAY)
	assert stock.on_hand.tolist() == [30]


def test_what_is_reserved_until_a_later_day_leaves_then(write: WriteFile) -> None:
	text = (
		"item_code,on_hand,reserved,Reserved Until\n"
		"a,50,5,2024-06-01\n"
		"a,,5,2024-07-01\n"
		"a,,4,2024-03-01\n"
		"b,7,3,\n"
	)
	stock = read_stock(write(text), today=TODAY)
	assert stock.on_hand.tolist() == [50, 7]
	assert stock.reserved.tolist() == [4, 3]
	assert stock.later_item.tolist() == [0, 0]
	assert stock.later_day.astype(str).tolist() == ["2024-06-01", "2024-07-01"]
	assert stock.later_quantity.tolist() == [5, 5]


@pytest.mark.parametrize(
	("ordered", "received"),
	[("Ordered Qty", "Received Qty"), ("ordered_qty", "received_qty"), ("Bestellt", "Geliefert")],
)
def test_what_came_already_is_not_on_order(write: WriteFile, ordered: str, received: str) -> None:
	notes: list[str] = []
	text = f"item_code,on_hand,{ordered},{received}\na,10,100,80\nb,5,20,20\nc,5,7,\n"
	stock = read_stock(write(text), today=TODAY, note=notes.append)
	assert stock.arrival_item.tolist() == [0, 2]
	assert stock.arrival_quantity.tolist() == [20, 7]
	assert f"what column {received} says came already is not on order any more" in notes[0]


def test_what_is_open_has_not_come(write: WriteFile) -> None:
	"""The column says so itself: nothing is taken off twice."""
	for header in ("on_order", "Qty on Order", "Pending Qty"):
		notes: list[str] = []
		text = f"item_code,on_hand,{header},Received Qty\na,10,20,80\n"
		stock = read_stock(write(text), today=TODAY, note=notes.append)
		assert stock.arrival_quantity.tolist() == [20]
		assert f"column {header} is taken for what is still to come" in notes[0]
