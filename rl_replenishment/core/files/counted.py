"""Which lines of an ORDERS file are demand: not what was cancelled or never became an order, and returns."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.files.table import Column, Mask, Note, Table, normal, rows_named

STATUS = Column(
	"status",
	(
		"Order Status",
		"Line Status",
		"Item Status",
		"Document Status",
		"Delivery Status",
		"Financial Status",
		"Fulfillment Status",
		"Lineitem Fulfillment Status",
		"Docstatus",
		"State",
		"Order State",
		"Auftragsstatus",
		"Belegstatus",
		"Bestellstatus",
		"Stage",
		"Statut",
		"Estado",
		"Stato",
		"Zustand",
	),
	several=True,
)
CANCELLED = Column(
	"cancelled",
	(
		"Canceled",
		"Is Cancelled",
		"Is Canceled",
		"Cancelled At",
		"Canceled At",
		"Cancelled On",
		"Canceled On",
		"Cancellation Date",
		"Cancel Date",
		"Void",
		"Voided",
		"Is Void",
		"Is Deleted",
		"Deleted",
		"Deletion Indicator",
		"Rejection Reason",
		"Reason for Rejection",
		"Absagegrund",
		"Ablehnungsgrund",
		"Storno",
		"Storniert",
		"Stornodatum",
		"Stornokennzeichen",
		"Löschkennzeichen",
		"Gelöscht",
	),
	several=True,
)
TYPE = Column(
	"type",
	(
		"Document Type",
		"Doc Type",
		"Order Type",
		"Transaction Type",
		"Voucher Type",
		"Invoice Type",
		"Sales Document Type",
		"Move Type",
		"Line Type",
		"Belegart",
		"Belegtyp",
		"Vorgangsart",
		"Vorgang",
		"Auftragsart",
		"Typ",
		"Art",
	),
	several=True,
)
MOVEMENT = Column("movement", ("Movement Type", "Mvt Type", "Movement", "Bewegungsart", "BWART"))
IS_RETURN = Column(
	"is_return", ("Return", "Is Credit Note", "Is Refund", "Retoure", "Gutschrift"), several=True
)
#: in which of two columns of an account a booking stands, or its sign
SIDE = Column(
	"debit_credit",
	(
		*("S/H", "SH", "SHKZG", "S/H Kennz", "S/H-Kennzeichen", "Soll/Haben", "Soll-/Haben-Kennzeichen"),
		*("Soll/Haben-Kennz", "Soll/Haben-Kennzeichen", "Soll-/Haben-Kennz", "Soll Haben", "Debit/Credit"),
		*("Debit/Credit Ind", "Debit/Credit Indicator", "Debit Credit Indicator", "Dr/Cr", "D/C", "DC"),
		*("Cr/Dr", "Sign", "+/-", "Vorzeichen"),
	),
)
COLUMNS = (STATUS, CANCELLED, TYPE, MOVEMENT, IS_RETURN, SIDE)


def _words(*patterns: str) -> re.Pattern[str]:
	return re.compile("|".join(patterns))


#: called off, in the languages of the usual exports; of a status, also what came back
_CANCELLED = _words(
	r"cancell?(?:ed)?(?: .*)?",
	r"storno|storniert.*",
	r"void(?:ed)?",
	r"annul.*|anul.*|cancelado|geannuleerd",
	r"rejected|declined|deleted|reversed|abgelehnt|abgesagt|gelöscht|geloescht",
)
_CAME_BACK = _words(r"(?:fully )?(?:returned|refunded)|restocked", r"zurückgegeben|retourniert|erstattet")
#: never ordered
_NOT_ORDERED = _words(
	r"draft|entwurf|brouillon|bozza|borrador|concept",
	r"quotation(?: sent)?|quote|angebot|offerte|devis|preventivo|presupuesto|kostenvoranschlag|estimate",
	r"pro.?forma.*",
)
#: of our own orders, what no supplier has been told
_NOT_YET = _words(
	r"rfq(?: sent)?|request for quotation|to approve|(?:pending|awaiting|waiting for) approval|not approved",
	r"anfrage|angebotsanfrage|bestellanforderung|(?:nicht|noch nicht) freigegeben|in freigabe|vorschlag",
)
#: ordered by us, or moved
_NOT_SOLD = _words(
	r"purchase (?:order|receipt|invoice|return)|goods receipt|wareneingang",
	r"stock reconciliation|(?:material|stock) (?:receipt|transfer|count)|inventory (?:count|adjustment)",
	r"inventur(?:differenz)?|umlagerung|umbuchung|bestandskorrektur",
)
_RETURN = _words(
	r"(?:(?:sales|customer|order) )?(?:returns?|refunds?)(?: (?:order|delivery|note|document))?",
	r"(?:(?:sales|customer) )?credit(?: ?(?:note|memo|invoice).*)?(?<!issued)",
	r"out.?refund|rma",
	r"(?:kunden)?(?:retoure|gutschrift|rücksendung|ruecksendung|rückgabe|rücknahme|rechnungskorrektur)",
	r"storno.?(?:rechnung|beleg|lieferschein|buchung)|(?:rechnungs|liefer)storno|reversal",
	r"avoir|abono|nota di credito|creditnota",
)
#: SAP's numbers: issued to customers, production, projects and cost centres; taken back or sent back
_ISSUED, _REVERSED = _words(r"2[0-9]1|601|621|641|65[2468]"), _words(r"2[0-9]2|602|622|642|65[1357]")
_MOVEMENT = re.compile(r"\D*([1-9]\d\d)(?:\D.*)?", re.ASCII)
#: movements in words: what left, and what is no demand
_LEFT = _words(
	r"out(?:going|bound)?|(?:goods )?issued?|consumption|consumed|sale|sold|shipment|delivery",
	r"(?:waren)?(?:ausgang|abgang)|verbrauch|entnahme|verkauf|auslagerung|abverkauf",
)
_CAME_IN = _words(
	r"in(?:coming|bound)?|(?:goods )?receipts?|received|(?:stock )?transfer|stock count|adjustment|put ?away",
	r"(?:waren)?(?:eingang|zugang)|einlagerung|umlagerung|umbuchung|inventur(?:differenz)?|korrektur",
)
#: what counts without a word
_COUNTS = _words(
	r"|1|open|new|done|sale|sent|posted|locked|submitted|confirmed|approved|closed|invoiced|picked|packed|dispatched",
	r"to .*|part.*|complete.*|deliver.*|ship.*|process.*|(?:un)?paid|(?:un)?fulfilled|overdue.*",
	r"sales order|return|credit note.*|internal transfer",
	r"ordered|received|receipt|billed|purchase(?: order)?|placed|pending|active",
	r"short.?closed.*|on.?hold|in transit|acknowledged|bestellt|freigegeben|eingegangen|aktiv",
	r"geschlossen|endgeliefert|in bearbeitung",
	r"abgeschlossen|erledigt|(?:aus)?geliefert|bezahlt|offen|versendet|versandt|bestätigt|gebucht|fakturiert|teil.*",
)
#: of our own orders, of which nothing more will come
_OVER = _words(
	r"(?:short.?|part\w* )?closed|(?:fully )?(?:completed?|received|delivered|billed)|done|to bill",
	r"geschlossen|abgeschlossen|erledigt|(?:end|voll|vollständig )?geliefert",
)
_DEBIT, _CREDIT = _words(r"s|soll|d|dr|debit"), _words(r"h|haben|c|cr|credit|k")
_PLUS, _MINUS = _words(r"\+|\+?1|plus|pos|positive?"), _words(r"[-\u2212]1?|minus|neg|negative?")
#: documents of one sale; where a file has several, each may hold the same sale
_DOCUMENTS = {
	"order": _words(r"(?:sales )?order|auftrag|auftragsbestätigung"),
	"delivery": _words(r"delivery(?: note)?|shipment|lieferschein|lieferung"),
	"invoice": _words(r"(?:sales )?invoice|rechnung|pos invoice"),
}
#: types of sales that are no documents
_SOLD = _words(
	r"sales?|pos(?: .*)?|online|shop|retail|wholesale|web|b2[bc]|verkauf|kasse",
	r"standard|normal|product|item|artikel|ware",
)
_CANCELLED_ON = re.compile(r"(?:\b|_)(?:at|on|date)$|datum$")
_NO = frozenset(
	("", "0", "0.0", "no", "n", "false", "nein", "f", "-", "none", "null", "nan", "0000-00-00", "00.00.0000")
)


def counted_lines(table: Table, documents: Sequence[str], note: Note) -> Table:
	"""The lines that are demand or take some back; what was cancelled or never sold is left out.

	A line without a status has that of another line of its document, which is in the columns `documents`:
	shops export it with the first line of an order alone.
	"""
	if documents:
		table = _with_document_status(table, documents[0])
	table = _without_status(table, note, _is_unsold)
	for name in table.named(STATUS.name):
		# what is below 0 takes a sale back, and is none that came back
		table = _without(table, name, _came_back, note, but=_below_nothing(table))
		_tell_unknown(table, name, note)
	for name in table.named(TYPE.name):
		table = _without(table, name, _is_unsold, note)
		_tell_documents(table, name, note)
		# where all are of one kind, that is what was sold
		if len(set(table.columns[name].distinct) - {""}) > 1:
			_tell_unknown(table, name, note, _is_known_type)
	if MOVEMENT.name in table.columns:
		table = _without(table, MOVEMENT.name, _is_no_issue, note)
		_tell_unknown(
			table, MOVEMENT.name, note, lambda text: bool(_number(text)) or _is_one_of(text, _LEFT, _RETURN)
		)
	return table


def without_called_off(table: Table, note: Note, but: Callable[[Table], Mask] | None = None) -> Table:
	"""The rows of our own orders but those that were cancelled, or are drafts, by their status or a mark.

	`but` tells which rows stay all the same; a note, which statuses mean nothing to the program.
	"""
	table = _without_status(
		table, note, lambda text: _is_one_of(text, _CANCELLED, _NOT_ORDERED, _NOT_YET), but
	)
	for name in table.named(STATUS.name):
		_tell_unknown(table, name, note, counts="ordered")
	return table


def _without_status(
	table: Table, note: Note, unsold: Callable[[str], bool], but: Callable[[Table], Mask] | None = None
) -> Table:

	def without(table: Table, name: str, fits: Callable[[str], bool]) -> Table:
		return _without(table, name, fits, note, None if but is None else but(table))

	for name in table.named(STATUS.name):
		table = without(table, name, unsold)
		if normal(table.columns[name].header) == "docstatus":
			# Frappe: 0 is a draft, 2 is cancelled
			table = without(table, name, lambda text: text in ("0", "2"))
	for name in table.named(CANCELLED.name):
		table = without(table, name, is_marked)
	return table


def is_over(status: str) -> bool:
	"""Whether nothing will come of an order by its status: it was called off, never placed, or has come."""
	return _is_one_of(status, _CANCELLED, _NOT_ORDERED, _NOT_YET, _OVER)


def is_marked(text: str) -> bool:
	"""Whether a cell of marks or of days says yes."""
	return text.casefold() not in _NO


def _is_no_issue(movement: str) -> bool:
	"""Whether a movement of goods is one that no demand is behind: receipts, transfers, stock counts."""
	number = _number(movement)
	return (
		not _is_one_of(number, _ISSUED, _REVERSED)
		if number
		else _is_one_of(movement, _CAME_IN, _NOT_ORDERED, _NOT_SOLD)
	)


def _number(movement: str) -> str:
	"""The number of a movement that may have words beside it, as in "601 GI for delivery"; "" for none."""
	found = _MOVEMENT.fullmatch(movement)
	return found[1] if found else ""


def _with_document_status(table: Table, document: str) -> Table:
	columns = dict(table.columns)
	documents = columns[document]
	for name in (*table.named(STATUS.name), *table.named(CANCELLED.name)):
		column = columns[name]
		# a mark is of one line, a date is when the whole order was cancelled
		if name.startswith(CANCELLED.name) and not _CANCELLED_ON.search(column.header.casefold()):
			continue
		blank = column.where(lambda text: not text)
		if blank.all() or not blank.any():
			continue
		status = np.full(len(documents.distinct), int(column.codes[blank][0]), dtype=np.int32)
		stated = np.flatnonzero(~blank)[::-1]
		status[documents.codes[stated]] = column.codes[stated]
		known = blank & documents.where(bool)
		columns[name] = replace(column, codes=np.where(known, status[documents.codes], column.codes))
	return replace(table, columns=columns)


def return_lines(table: Table, note: Note) -> Mask:
	"""The lines that the file calls returns, shape (E,), whatever the sign of their quantity."""
	found = np.zeros(len(table), np.bool_)
	for name in (*table.named(STATUS.name), *table.named(TYPE.name)):
		found |= _told(table, name, table.columns[name].where(lambda text: _is_one_of(text, _RETURN)), note)
	if MOVEMENT.name in table.columns:
		reversed_ = table.columns[MOVEMENT.name].where(
			lambda text: _is_one_of(_number(text), _REVERSED) or _is_one_of(text, _RETURN)
		)
		found |= _told(table, MOVEMENT.name, reversed_, note)
	for name in table.named(IS_RETURN.name):
		found |= _told(table, name, table.columns[name].where(is_marked), note)
	return found


def by_sign_of_movement(
	table: Table, quantity: npt.NDArray[np.float64], note: Note
) -> npt.NDArray[np.float64]:
	"""The quantities, shape (E,), where a column says what sign they have.

	SAP shows with a minus what left the stock: where most issues have one, it is no return. A column of signs
	is one. Raises `InputError` for debits beside credits: in a ledger of stock the credits are what was sold,
	in one of customers the debits.
	"""
	if MOVEMENT.name in table.columns:
		issued = table.columns[MOVEMENT.name].where(
			lambda text: _is_one_of(_number(text), _ISSUED) or _is_one_of(text, _LEFT)
		)
		if (quantity[issued] < 0).sum() > (quantity[issued] > 0).sum():
			note(f"{table.name}: with issues below 0, what is below 0 left the stock.")
			return np.where(issued | (quantity < 0), -quantity, quantity)
		# the movement says it all
		return quantity
	column = table.columns.get(SIDE.name)
	if column is None:
		return quantity
	if column.where(lambda text: _is_one_of(text, _PLUS, _MINUS) or not text).all():
		minus = column.where(lambda text: _is_one_of(text, _MINUS))
		return np.where(minus, -np.abs(quantity), quantity)
	debit = column.where(lambda text: _is_one_of(text, _DEBIT))
	credit = column.where(lambda text: _is_one_of(text, _CREDIT))
	if not debit.any() or not credit.any():
		return quantity
	signs = [set(np.sign(quantity[rows & (quantity != 0)]).tolist()) for rows in (debit, credit)]
	if len(signs[0]) < 2 and len(signs[1]) < 2 and signs[0] != signs[1]:
		# the signs say the same
		return quantity
	first = int(np.argmax(debit if column.codes[0] != column.codes[int(np.argmax(debit))] else credit))
	raise table.error(
		SIDE.name,
		first,
		"debits and credits are both here: in a ledger of stock credits were sold, of customers debits."
		" Keep what was sold, with a minus before what came back, or add a column movement_type",
	)


def _is_one_of(text: str, *words: re.Pattern[str]) -> bool:
	folded = " ".join(text.casefold().replace("_", " ").split())
	return any(pattern.fullmatch(folded) for pattern in words)


def _is_unsold(text: str) -> bool:
	return _is_one_of(text, _CANCELLED, _NOT_ORDERED, _NOT_SOLD)


def _came_back(text: str) -> bool:
	return _is_one_of(text, _CAME_BACK)


def _below_nothing(table: Table) -> Mask:
	quantity = table.columns.get("qty", table.columns.get("stock_qty"))
	assert quantity is not None
	return quantity.where(lambda text: text.startswith(("-", "(")) or text.endswith("-"))


def is_known_status(text: str) -> bool:
	"""Whether a status is one that says nothing against its line."""
	return _is_one_of(text, _COUNTS, _RETURN, _CAME_BACK)


def _is_known_type(text: str) -> bool:
	return is_known_status(text) or _is_one_of(text, *_DOCUMENTS.values(), _SOLD)


def _tell_unknown(
	table: Table,
	name: str,
	note: Note,
	is_known: Callable[[str], bool] = is_known_status,
	counts: str = "sold",
) -> None:
	unknown = table.columns[name].where(lambda text: not is_known(text))
	if unknown.any():
		header = table.columns[name].header
		values = _values(table, name, unknown)
		note(f"{table.name}: {_lines(unknown)} with {header} {values} count as {counts}.")


def _tell_documents(table: Table, name: str, note: Note) -> None:
	column = table.columns[name]
	kinds = [{text for text in column.distinct if _is_one_of(text, words)} for words in _DOCUMENTS.values()]
	several = [min(texts) for texts in kinds if texts]
	if len(several) > 1:
		note(
			f"{table.name}: lines with {column.header} {' and '.join(several)} are added up; where one"
			" sale has a line in each, keep one kind."
		)


def _told(table: Table, name: str, rows: Mask, note: Note) -> Mask:
	if rows.any():
		note(
			f"{table.name}: {_lines(rows)} with {table.columns[name].header} {_values(table, name, rows)}"
			" count as returned."
		)
	return rows


def _without(
	table: Table, name: str, fits: Callable[[str], bool], note: Note, but: Mask | None = None
) -> Table:
	column = table.columns[name]
	rows = column.where(fits)
	if but is not None:
		rows &= ~but
	if rows.any():
		note(
			f"{table.name}: {_lines(rows)} with {column.header} {_values(table, name, rows)} left out,"
			f" the first in {rows_named(table.lines[rows][:1])}."
		)
	return table.keep(~rows)


def _lines(rows: Mask) -> str:
	count = int(rows.sum())
	return f"{count:,} line{'' if count == 1 else 's'}"


def _values(table: Table, name: str, rows: Mask) -> str:
	column = table.columns[name]
	values = sorted({column.distinct[code] or "blank" for code in np.unique(column.codes[rows])})
	return ", ".join(values[:3]) + (f" and {len(values) - 3} more" if len(values) > 3 else "")
