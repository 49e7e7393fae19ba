"""What of a line's own quantity never left, or never came, and what went back."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.files import counted, units
from rl_replenishment.core.files.numbers import Range, read_numbers
from rl_replenishment.core.files.table import Column, Mask, Note, Table, rows_named

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
DELIVERED = Column(
	"delivered_qty",
	(
		*("Delivered Quantity", "Qty Delivered", "Quantity Delivered", "Shipped Qty", "Shipped Quantity"),
		*("Qty Shipped", "Quantity Shipped", "Fulfilled Qty", "Fulfilled Quantity", "Lineitem Fulfilled Qty"),
		*("Received Qty", "Received Quantity", "Qty Received", "Quantity Received", "Geliefert"),
		*("Gelieferte Menge", "Ausgelieferte Menge", "Erhaltene Menge", "Eingegangene Menge", "WE-Menge"),
	),
)
#: a mark that nothing more will be delivered
CLOSED = Column(
	"closed",
	(
		*(
			"Is Closed",
			"Short Closed",
			"Closed Short",
			"Delivery Completed",
			"Delivery Compl",
			"Final Delivery",
		),
		*("Endlieferung", "Endlieferungskennzeichen", "Endlieferkennz", "Endlieferkennzeichen", "ELIKZ"),
	),
)
COLUMNS = (CALLED_OFF, SENT_BACK, DELIVERED, CLOSED)
#: a status of what is over, whether all was delivered or not
_SHORT_CLOSED = re.compile(r"(?:short|part\w*)?[- ]?closed(?: short)?|geschlossen|endgeliefert")
#: one that says that all was; where less is written, less was
_DONE = re.compile(
	r"complete\w*|done|delivered|fulfilled|shipped|received|finished|locked"
	r"|abgeschlossen|erledigt|(?:aus)?geliefert|vollständig geliefert"
)


def less_called_off(
	table: Table, quantity: npt.NDArray[np.float64], note: Note, *, returns: bool = True
) -> npt.NDArray[np.float64]:
	"""Less what the line itself says was cancelled of it, went back or, once it is over, was never delivered.

	`quantity` has shape (E,), in stock units, as the result. What is cancelled, delivered and returned is in
	the unit of the line. Without `returns`, what went back has lines of its own. A line is over by its status
	or a mark; where it says that it is complete, something must have been delivered. Blank cells take nothing
	off.
	"""
	ordered = "qty" if "qty" in table.columns else units.STOCK_QTY.name
	names = [column.name for column in COLUMNS[:3] if column.name in table.columns]
	if not names:
		return quantity
	found = read_numbers(table, {ordered: Range(), **dict.fromkeys(names, Range(lowest=0.0))})
	asked = np.where(quantity > 0, found[ordered], 0.0)
	left = np.maximum(np.nan_to_num(asked), 0)

	def take_off(name: str, amount: npt.NDArray[np.float64], words: str) -> None:
		nonlocal left
		amount = np.minimum(np.nan_to_num(amount), left)
		rows = amount > 0
		left = left - amount
		if rows.any():
			header = table.columns[name].header
			note(f"{table.name}: {words.format(header)} is taken off {rows_named(table.lines[rows])}.")

	says = "what column {} says"
	if CALLED_OFF.name in names:
		take_off(CALLED_OFF.name, found[CALLED_OFF.name], says)
	if DELIVERED.name in names:
		delivered = found[DELIVERED.name]
		over = _over(table, delivered > 0) & ~np.isnan(delivered)
		missing = np.where(over, left - np.minimum(np.nan_to_num(delivered), left), 0.0)
		take_off(DELIVERED.name, missing, "what was never delivered by column {}, where that is closed,")
	if returns and SENT_BACK.name in names:
		take_off(SENT_BACK.name, found[SENT_BACK.name], says)
	share = np.divide(left, asked, out=np.ones(len(table)), where=asked > 0)
	return quantity * share


def _over(table: Table, some: Mask) -> Mask:
	"""The lines that are closed, whatever was delivered, and the complete ones of which `some` was."""
	over = np.zeros(len(table), np.bool_)
	for name in table.named(counted.STATUS.name):
		column = table.columns[name]
		over |= column.where(lambda text: bool(_SHORT_CLOSED.fullmatch(text.casefold().strip())))
		over |= some & column.where(lambda text: bool(_DONE.fullmatch(text.casefold().strip())))
	if CLOSED.name in table.columns:
		over |= table.columns[CLOSED.name].where(counted.is_marked)
	return over
