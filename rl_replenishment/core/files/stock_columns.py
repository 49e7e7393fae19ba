"""The columns of STOCK, and what exports call them."""

from __future__ import annotations

from rl_replenishment.core.files import available, blocked
from rl_replenishment.core.files.dated import RESERVED_UNTIL
from rl_replenishment.core.files.keys import ITEM_CODE, WAREHOUSE
from rl_replenishment.core.files.table import Column
from rl_replenishment.core.files.units import FACTOR, STOCK_QTY, STOCK_UOM, UOM

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
#: whether what is on order will come
ORDER_STATUS = Column(
	"order_status",
	(
		*("PO Status", "Purchase Order Status", "Order Status", "Line Status", "Delivery Status"),
		*("Receipt Status", "Bestellstatus", "Belegstatus", "Lieferstatus"),
	),
	several=True,
)
#: names for what was ordered, which may have come in part
ORDERED = ("Ordered Qty", "Ordered Quantity", "Ordered", "Bestellt", "Bestellte Menge")
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
			*STOCK_QTY.aliases,
		),
		required=True,
		weaker=(
			*blocked.TOTALS,
			*("Stock", "In Stock", "Stock Qty", "Stock Quantity", "Stock on Hand", "Qty in Stock"),
			*("Quantity in Stock", "Current Stock", "Inventory", "Qty", "Quantity", "Menge"),
		),
		weakest=available.HEADERS,
		tell_others=True,
	),
	Column(
		"on_order",
		(
			*("UnitsOnOrder", "Qty on Order", "Quantity on Order", "Open Qty", "Pending Qty", "On Order Qty"),
			*("Qty on Purch Order", "Qty on Purchase Order", "Quantity on Purchase Order", "Qty on PO"),
			*("On PO", "On Purchase Order", "Open PO Qty", "Offene Menge", "Offene Bestellmenge"),
			*("Bestellbestand", "Menge in Bestellung", "In Bestellung", "Offene Bestellungen", *ORDERED),
		),
		# what is on its way may be part of what is ordered
		weaker=(
			*("In Transit", "Qty in Transit", "In Transit Qty", "Quantity in Transit", "Stock in Transit"),
			*("Transit", "Transit Qty", "Transit and Transf", "Goods in Transit", "On the Way", "Incoming"),
			*("Incoming Qty", "Incoming Quantity", "Inbound", "Inbound Qty", "Inbound Quantity"),
			*("afn-inbound-shipped-quantity", "Zulauf", "Im Zulauf", "In Zulauf", "Zulaufmenge"),
			*("Unterwegs", "Transitbestand", "Umlagerungsbestand", "Trans./Umlagerung"),
		),
		tell_others=True,
	),
	Column(
		"expected_date",
		("Expected Delivery Date", "Expected Arrival", "Schedule Date", "Required By", "Liefertermin"),
	),
	RECEIVED,
	Column(
		"reserved",
		(
			*("Reserved Qty", "Reserved Quantity", "Reserviert", "Reservierte Menge", "Reserved Stock"),
			*("Reservierter Bestand", "Qty Reserved", "Quantity Reserved", "afn-reserved-quantity"),
		),
		weaker=(
			*("Committed", "Committed Qty", "Committed Quantity", "Qty Committed", "Quantity Committed"),
			*("Allocated", "Allocated Qty", "Allocated Quantity", "Qty Allocated", "Quantity Allocated"),
			*("Qty on Sales Order", "Quantity on Sales Order", "On Sales Order", "On SO", "Outgoing"),
			*("Outgoing Qty", "Outgoing Quantity"),
			*("Zugeteilt", "Zugeteilte Menge", "Auftragsbestand", "In Aufträgen", "Menge in Auftrag"),
			*("Offene Aufträge", "Verplant"),
		),
		tell_others=True,
	),
	available.RESERVED_FOR,
	available.AVAILABLE,
	RESERVED_UNTIL,
	*blocked.COLUMNS,
	ORDER_STATUS,
	PLACE,
	BATCH,
	EXPIRY,
	PURCHASE,
	UOM,
	STOCK_UOM,
	FACTOR,
)
