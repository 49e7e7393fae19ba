"""The columns of ORDERS, and what exports call them."""

from __future__ import annotations

from rl_replenishment.core.files import counted, units
from rl_replenishment.core.files.keys import ITEM_CODE, WAREHOUSE
from rl_replenishment.core.files.table import Column

DOCUMENT = Column(
	"document",
	(
		"Order ID",
		"Order",
		"Order No",
		"Order Number",
		"Sales Order",
		"Sales Document",
		"Invoice",
		"Invoice No",
		"Invoice Number",
		"InvoiceID",
		"Delivery Note",
		"Document No",
		"Document Number",
		"Voucher No",
		"Name",
		"ID",
		"Belegnummer",
		"Belegnr",
		"Auftragsnummer",
		"Rechnungsnummer",
		"Lieferscheinnummer",
	),
	several=True,
)
AGAINST = Column(
	"return_against",
	(
		"Against",
		"Against Document",
		"Credit Note Against",
		"Returned From",
		"Original Order",
		"Original Invoice",
		"Original Document",
		"Reversed Document",
		"Reversed Entry",
		"Reversal Of",
		"Refund Of",
		"Reference Document",
		"Source Document",
		"Storno zu",
		"Gutschrift zu",
		"Bezugsbeleg",
		"Ursprungsbeleg",
	),
	several=True,
)
CUSTOMER = Column(
	"customer",
	(
		"Customer ID",
		"Kunde",
		"Kundennummer",
		"Kundennr",
		"Customer No",
		"Customer Number",
		"Customer Name",
		"Client",
		"Partner",
		"Sold To",
		"Debitor",
	),
	several=True,
)
#: of a line's own quantity, what never left and what came back
CALLED_OFF = Column(
	"cancelled_qty",
	(
		*("Cancelled Quantity", "Canceled Qty", "Canceled Quantity", "Qty Cancelled", "Qty Canceled"),
		*("Quantity Cancelled", "Quantity Canceled", "Stornierte Menge", "Stornomenge"),
	),
)
SENT_BACK = Column(
	"returned_qty",
	(
		*("Returned Quantity", "Qty Returned", "Quantity Returned", "Refunded Qty", "Refunded Quantity"),
		*("Qty Refunded", "Quantity Refunded", "Return Qty", "Retourenmenge", "Retournierte Menge"),
	),
)
COLUMNS = (
	ITEM_CODE,
	Column(
		"date",
		(
			"Order Date",
			"Posting Date",
			"Transaction Date",
			"Invoice Date",
			"Created At",
			"Week",
			"Calendar Week",
			"Month",
			"Period",
			"Datum",
			"Belegdatum",
			"Kalenderwoche",
			"KW",
			"CW",
			"Monat",
		),
		required=True,
		weaker=(
			*("Purchase Date", "Sale Date", "Sales Date", "Shipping Date", "Ship Date", "Delivery Date"),
			*("Document Date", "Buchungsdatum", "Bestelldatum", "Rechnungsdatum", "Lieferdatum"),
			"Auftragsdatum",
		),
	),
	*units.COLUMNS,
	Column(
		"qty",
		("Quantity", "Lineitem Quantity", "Menge"),
		required=True,
		unless=units.STOCK_QTY.name,
		weaker=(
			*("Qty Sold", "Sold Qty", "Quantity Sold", "Units Sold", "Sold Quantity", "Units"),
			*("Verkaufte Menge", "Absatz", "Absatzmenge", "Quantité", "Cantidad", "Quantità", "Aantal"),
			*("Quantity Ordered", "Qty Ordered", "Order Qty", "Order Quantity"),
		),
	),
	WAREHOUSE,
	*counted.COLUMNS,
	CALLED_OFF,
	SENT_BACK,
	DOCUMENT,
	AGAINST,
	CUSTOMER,
	Column("year", ("Calendar Year", "Jahr", "Kalenderjahr")),
)
