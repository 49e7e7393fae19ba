"""STOCK files as programs export them: what stands beside the stock is read as its name says, or named."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rl_replenishment.core.errors import InputError
from rl_replenishment.core.files.stock import StockRows, read_stock

WriteFile = Callable[..., Path]
TODAY = np.datetime64("2024-03-10")


def read(path: Path) -> tuple[StockRows, str]:
	notes: list[str] = []
	return read_stock(path, today=TODAY, note=notes.append), " ".join(notes)


@pytest.mark.parametrize(
	("text", "on_hand", "reserved", "on_order"),
	[
		# what is promised, and what is on its way, by the names of several programs
		("Item,On Hand,In Transit\na,50,20\n", 50, 0, 20),
		("Item,On Hand,Committed\na,50,20\n", 50, 20, 0),
		("Item No.,In Stock,Committed,Ordered,Available\na,50,20,100,130\n", 50, 20, 100),
		("Item,On Hand,Available,On Order,Committed,Back Ordered\na,50,30,5,20,7\n", 50, 27, 5),
		("Product,Location,Quantity,Reserved Quantity,Available Quantity\na,WH/Stock,50,20,30\n", 50, 20, 0),
		(
			"Internal Reference,Quantity On Hand,Incoming,Outgoing,Free To Use Quantity\na,50,40,20,30\n",
			*(50, 20, 40),
		),
		("Artikelnummer;Lagerbestand gesamt;Verfügbar;In Aufträgen;Im Zulauf\na;50;30;20;15\n", 50, 20, 15),
		("Item No.;Inventory;Qty. on Purch. Order;Qty. on Sales Order\na;50;20;30\n", 50, 30, 20),
		(
			"Item Code,Actual Qty,Ordered Qty,Reserved Qty,Reserved for Production"
			",Reserved for Sub Contracting"
			"\na,50,40,10,5,6\n",
			*(50, 21, 40),
		),
		# a row of a price list and of limits says nothing of the stock
		("Item,On Hand,Value,Reorder Level,Last Receipt Date\na,50,20,9,01.03.2024\n", 50, 0, 0),
		# in stock units, where the file has them
		("Item,Qty,UOM,Conversion Factor\na,5,Box,12\n", 60, 0, 0),
	],
)
def test_what_its_name_says(
	write: WriteFile, text: str, on_hand: float, reserved: float, on_order: float
) -> None:
	stock, notes = read(write(text))
	assert (stock.on_hand.tolist(), stock.reserved.tolist()) == ([on_hand], [reserved])
	assert stock.arrival_quantity.sum() == on_order
	assert not notes or "multiplied" in notes


@pytest.mark.parametrize(
	("text", "on_hand", "reserved", "on_order", "told"),
	[
		("Item,On Hand,On Order,In Transit\na,50,20,5\n", 50, 0, 20, "On Order is read, not In Transit"),
		(
			"Item,Available,Reserved\na,30,20\n",
			30,
			0,
			0,
			"Available is what nobody has reserved; Reserved is not",
		),
		(
			"Item,On Hand,Available\na,50,30\n",
			50,
			20,
			0,
			"on hand and not in column Available counts as reserved",
		),
		("Item,On Hand,Available\na,50,70\n", 50, 0, 0, "column Available is not used"),
		(
			"Item,On Hand,Cartons,Requested Qty\na,50,5,9\n",
			50,
			0,
			0,
			"no such column: Cartons, Requested Qty",
		),
		("Item,Qty,UOM,Qty in Stock UOM\na,5,Box,60\n", 60, 0, 0, "Qty in Stock UOM is read, not Qty"),
		(
			"SKU,Incoming (not editable),Unavailable (not editable),Committed (not editable)"
			",Available (not editable),On hand (current),On hand (new)\na,5,2,8,40,50,\n",
			*(48, 8, 5, "2 units by column Unavailable (not editable) are taken off On hand (current)"),
		),
		(
			"Material,Storage Location,Unrestricted,Transit and Transf.,In Quality Insp.,Blocked\n"
			"a,1,50,7,3,1\n",
			*(50, 0, 7, "1 units by column Blocked are beside Unrestricted"),
		),
		(
			"sku,afn-warehouse-quantity,afn-fulfillable-quantity,afn-unsellable-quantity,afn-reserved-quantity"
			"\na,60,40,5,15\n",
			*(55, 15, 0, "5 units by column afn-unsellable-quantity are taken off"),
		),
	],
)
def test_what_may_be_meant_otherwise_is_told(
	write: WriteFile, text: str, on_hand: float, reserved: float, on_order: float, told: str
) -> None:
	stock, notes = read(write(text))
	assert (stock.on_hand.tolist(), stock.reserved.tolist()) == ([on_hand], [reserved])
	assert stock.arrival_quantity.sum() == on_order
	assert told in notes


def test_two_names_of_the_same_are_a_question(write: WriteFile) -> None:
	with pytest.raises(InputError, match='two columns for on_hand, "Stock" and "In Stock"'):
		read(write("Item,Stock,In Stock\na,50,60\n"))


@pytest.mark.parametrize("name", ["QI-00012", "MAT-QA-2024-00012", "PRÜF/2024/117"])
def test_the_name_of_a_document_is_no_status(write: WriteFile, name: str) -> None:
	stock, notes = read(write(f"item_code,on_hand,Quality Inspection\na,50,{name}\nb,40,\n"))
	assert stock.on_hand.tolist() == [50, 40]
	assert f"names documents, such as {name}, which do not tell whether stock is blocked" in notes


@pytest.mark.parametrize("status", ["In Transit", "Reserved", "Expired", "unterwegs", "Retoure"])
def test_what_nobody_can_sell_by_its_status(write: WriteFile, status: str) -> None:
	stock, notes = read(write(f"item_code,on_hand,Stock Status\na,50,Available\na,20,{status}\n"))
	assert stock.on_hand.tolist() == [50]
	assert "row 3: 20 units are blocked or in inspection by their status or place" in notes


def test_a_status_that_means_nothing_is_told(write: WriteFile) -> None:
	stock, notes = read(write("item_code,on_hand,Stock Status\na,50,Available\nb,20,Consignment\n"))
	assert stock.on_hand.tolist() == [50, 20]
	assert "what has Stock Status Consignment counts as stock" in notes


@pytest.mark.parametrize(
	"place",
	["Virtual Locations/Scrap", "Partner Locations/Customers", "In Transit", "QC hold", "Sperrlager", "WIP"],
)
def test_places_that_nothing_is_sold_from(write: WriteFile, place: str) -> None:
	stock, notes = read(write(f"item_code,location,on_hand\na,WH/Stock,50\na,WH/Input,4\na,{place},20\n"))
	assert stock.on_hand.tolist() == [54]
	assert "row 4: 20 units" in notes


def test_orders_of_which_nothing_comes_any_more(write: WriteFile) -> None:
	text = (
		"item_code,on_hand,on_order,PO Status,expected_date\n"
		"a,50,20,To Receive,2024-03-12\na,,30,Cancelled,2024-03-15\na,,40,Draft,2024-03-16\na,,5,Closed,\n"
	)
	stock, notes = read(write(text))
	assert stock.arrival_quantity.tolist() == [20]
	assert "rows 3, 4, 5: nothing is on order any more by PO Status Cancelled, Closed, Draft" in notes
