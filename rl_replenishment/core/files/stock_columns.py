"""The columns of STOCK, and what exports call them."""

from __future__ import annotations

from rl_replenishment.core.files import blocked
from rl_replenishment.core.files.dated import RESERVED_UNTIL
from rl_replenishment.core.files.keys import ITEM_CODE, WAREHOUSE
from rl_replenishment.core.files.table import Column
from rl_replenishment.core.files.units import STOCK_UOM, UOM

#: what tells the shelves and batches of one item-warehouse apart: their rows add up
PLACE = Column(
	"location",
	(
		"Storage Location",
		"Stock Location",
		"Bin",
		"Bin Location",
		"Storage Bin",
		"Bin Code",
		"Location Code",
		"Shelf",
		"Rack",
		"Aisle",
		"Zone",
		"Sub-Location",
		"Package",
		"Lagerort",
		"Lagerplatz",
		"Platz",
		"Regal",
		"Fach",
	),
	several=True,
)
BATCH = Column(
	"batch",
	(
		"Batch No",
		"Batch ID",
		"Batch Number",
		"Lot",
		"Lot No",
		"Lot Number",
		"Lot/Serial Number",
		"Serial No",
		"Serial Number",
		"Inventory Lot",
		"Charge",
		"Chargennummer",
		"Seriennummer",
	),
	several=True,
)
EXPIRY = Column(
	"expiry_date",
	(
		"Expiry",
		"Batch Expiry Date",
		"Expiration Date",
		"Expires On",
		"Best Before",
		"Best Before Date",
		"Use By",
		"Use By Date",
		"SLED/BBD",
		"MHD",
		"Verfallsdatum",
		"Mindesthaltbarkeitsdatum",
	),
)
#: what tells two arrivals apart
PURCHASE = Column(
	"purchase_order",
	(
		"PO",
		"PO No",
		"PO Number",
		"Purchase Order No",
		"Order",
		"Order No",
		"Order Number",
		"Supplier Order",
		"Purchasing Document",
		"Bestellung",
		"Bestellnummer",
	),
	several=True,
)
#: names for what was ordered, which may have come in part
ORDERED = ("Ordered Qty", "Ordered Quantity", "Bestellt", "Bestellte Menge")
#: of what was ordered, what came already
RECEIVED = Column(
	"received_qty",
	(
		*("Received Quantity", "Qty Received", "Quantity Received", "Delivered Qty", "Delivered Quantity"),
		*("Geliefert", "Gelieferte Menge", "Erhaltene Menge", "Eingegangene Menge"),
	),
)
COLUMNS = (
	ITEM_CODE,
	WAREHOUSE,
	Column(
		"on_hand",
		(
			"UnitsInStock",
			"Actual Qty",
			"Actual Quantity",
			"Balance Qty",
			"Qty on Hand",
			"Quantity on Hand",
			"Bestand",
			"Lagerbestand",
			*blocked.UNRESTRICTED,
		),
		required=True,
		weaker=(
			*blocked.TOTALS,
			*("Stock", "In Stock", "Stock Qty", "Stock Quantity", "Stock on Hand", "Qty in Stock"),
			*("Quantity in Stock", "Current Stock", "Inventory", "Qty", "Quantity", "Menge"),
		),
	),
	Column(
		"on_order",
		("UnitsOnOrder", "Qty on Order", "Open Qty", "Pending Qty", "Offene Menge", *ORDERED),
	),
	Column(
		"expected_date",
		("Expected Delivery Date", "Expected Arrival", "Schedule Date", "Required By", "Liefertermin"),
	),
	RECEIVED,
	Column("reserved", ("Reserved Qty", "Reserved Quantity", "Reserviert", "Reservierte Menge")),
	RESERVED_UNTIL,
	*blocked.COLUMNS,
	PLACE,
	BATCH,
	EXPIRY,
	PURCHASE,
	UOM,
	STOCK_UOM,
)
