"""What of a STOCK file may not be sold: blocked, in inspection or in quarantine, by row or by quantity."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.files.available import HEADERS
from rl_replenishment.core.files.counted import is_known_status, is_marked, is_over
from rl_replenishment.core.files.keys import fold
from rl_replenishment.core.files.table import Column, Note, Table, normal, rows_named

#: whether what is there may be sold
STATUS = Column(
	"status",
	(
		*("Stock Status", "Inventory Status", "Stock Type", "Quality Status", "Batch Status", "Hold Status"),
		*("Bestandsart", "Bestandsstatus", "Qualitätsstatus", "Sperrkennzeichen"),
	),
	several=True,
)
BLOCKED = Column(
	"blocked",
	(
		*("Blocked Qty", "Blocked Quantity", "Blocked Stock", "Quarantine", "Quarantine Qty", "Quarantined"),
		*("Blocked Stock Qty", "In Quality Insp", "Quality Insp Stock", "Quality Inspection Stock"),
		*("Restricted", "Restricted-Use Stock", "Rejected Qty", "Gesperrte Menge", "Sperrmenge"),
		*("Qty in Quality Inspection", "Stock in Quality Inspection", "In Quality Inspection"),
		*("Quality Inspection", "Qty on Hold", "On Hold", "Gesperrt", "Gesperrter Bestand", "Sperrbestand"),
		*("Qualitätsprüfbestand", "In Qualitätsprüfung", "Q-Bestand", "Unavailable", "Unavailable Qty"),
		*(
			"Damaged",
			"Damaged Qty",
			"Defective",
			"Defective Qty",
			"Unsellable",
			"Unsellable Qty",
			"Restricted-Use",
		),
		*(
			"afn-unsellable-quantity",
			"Returns Stock",
			"Nicht verfügbar",
			"Nicht freier Bestand",
			"Beschädigt",
		),
		*("Defekt", "Retourensperrbestand", "Restricted Stock", "Scrap Qty", "Ausschuss", "Ausschussmenge"),
	),
	several=True,
)
COLUMNS = (STATUS, BLOCKED)
#: headers of a stock that what is blocked is no part of, and of one that it is part of
UNRESTRICTED = (
	*("Unrestricted", "Unrestricted Stock", "Unrestricted-Use", "Unrestricted-Use Stock"),
	*("Frei verwendbar", "Frei verwendbarer Bestand"),
)
TOTALS = (
	*("Total Stock", "Total Qty", "Total Quantity", "Total on Hand", "Gross Stock", "Physical Stock"),
	*("Gesamtbestand", "Bestand gesamt", "Lagerbestand gesamt", "Gesamtmenge", "afn-warehouse-quantity"),
)
_NOT_USABLE = re.compile(
	r"\b(?:block(?:ed)?|(?:in )?quarantined?|quality|qc|qi|q|inspection|(?:on )?hold|reject(?:ed)?"
	r"|scrap(?:ped)?|damaged|defective|defect"
	r"|unusable|not usable|restricted|locked|gesperrt|sperr\w*|q-bestand|ausschuss|(?:in )?transit|on the way"
	r"|reserved|allocated|committed|customer owned|returns?|returned|unterwegs|reserviert|zugeteilt|retouren?"
	r"|expired|abgelaufen|verfallen"
	r"|defekt|beschädigt|quarantäne|(?:in )?prüfung|\w*qualität\w*|nicht verwendbar)\b"
)
_USABLE = re.compile(
	r"\b(?:ok|okay|good|pass(?:ed)?|released?|approved|accepted|cleared|done|no"
	r"|not (?:blocked|on hold|locked)|bestanden|nicht gesperrt|frei\w*|geprüft|available|usable|active"
	r"|unrestricted|in stock|sellable|verfügbar|verwendbar|auf lager|lagernd|aktiv|first|normal|standard)\b"
)
_YES, _NO = (
	frozenset(("yes", "y", "x", "true", "ja", "j", "wahr")),
	frozenset(("", "no", "n", "false", "nein", "falsch", "-")),
)
#: a place whose name says that nothing is sold from it
_NO_SHELF = re.compile(
	r"\b(?:virtual locations?|partner locations?|(?:in |goods in )?transit|scrap|quarantined?"
	r"|quality (?:inspection|control|hold)|qc|blocked|rejected|damaged|defective|returns|wip|work in progress"
	r"|inventory loss"
	r"|unterwegs|ausschuss|schrott|quarantäne|gesperrt|sperrlager|sperrbestand|retouren|defekt|qualitätsprüfung)\b"
)
#: the name of a document, which is no status
_DOCUMENT = re.compile(r"(?=.*[^\W\d])[\w/#.-]*\d{3,}[\w/#.-]*")
#: a column of quantities says so, or is none where it holds but 0 and 1
_SAYS_QUANTITY = re.compile(r"qty|quantity|stock|menge|bestand")


def blocked_rows(table: Table, places: Sequence[str], note: Note) -> npt.NDArray[np.intp]:
	"""By which words each row may not be sold, shape (E,); 0 for what may.

	Words of a status, of a mark, or of one of the columns `places`. A note names words that mean nothing to
	the program, and a column of documents.
	"""
	found = np.zeros(len(table), np.intp)
	quantities = blocked_quantities(table)
	flags = [name for name in table.named(BLOCKED.name) if name not in quantities]
	for number, name in enumerate((*table.named(STATUS.name), *flags, *places)):
		texts = list(map(fold, table.columns[name].distinct))
		if name in places:
			says = [bool(_NO_SHELF.search(text)) for text in texts]
		elif name in flags and _YES.issuperset(set(texts) - _NO):
			says = [text in _YES for text in texts]
		else:
			says = [_may_not_be_sold(text) for text in texts]
			_tell_unknown(table, name, texts, says, note)
		code = np.where(says, np.arange(1, len(texts) + 1), 0)[table.columns[name].codes]
		found = np.where(found > 0, found, code + np.where(code > 0, number * len(table), 0))
	return found


def _may_not_be_sold(text: str) -> bool:
	return bool(_NOT_USABLE.search(text)) and not _USABLE.search(text) and not _DOCUMENT.fullmatch(text)


def _tell_unknown(table: Table, name: str, texts: list[str], says: list[bool], note: Note) -> None:
	column = table.columns[name]
	documents = [text for text in column.distinct if _DOCUMENT.fullmatch(fold(text))]
	if documents:
		note(
			f"{table.name}: column {column.header} names documents, such as {documents[0]}, which do not tell"
			" whether stock is blocked."
		)
	known = [
		blocked
		or bool(_USABLE.search(text))
		or text in _YES
		or not is_marked(text)
		or is_known_status(text)
		or is_over(text)
		for text, blocked in zip(texts, says, strict=True)
	]
	unknown = [text for text, told in zip(column.distinct, known, strict=True) if not told]
	unknown = [text for text in unknown if text not in documents]
	if unknown:
		more = f" and {len(unknown) - 3} more" if len(unknown) > 3 else ""
		note(f"{table.name}: what has {column.header} {', '.join(unknown[:3])}{more} counts as stock.")


def blocked_quantities(table: Table) -> list[str]:
	"""The columns that say how much is blocked, rather than whether.

	Raises `InputError` for a column of 0 and 1 that may be either.
	"""
	found = []
	for name in table.named(BLOCKED.name):
		column = table.columns[name]
		texts = {fold(text) for text in column.distinct} - _NO
		if not any(text.lstrip("+-(.,").startswith(tuple("0123456789")) for text in texts):
			continue
		beside = _is_one_of(table.columns["on_hand"].header, (*UNRESTRICTED, *TOTALS))
		if texts <= {"0", "1"} and not beside and not _SAYS_QUANTITY.search(column.header.casefold()):
			if "1" in texts:
				raise table.error(
					name,
					column.first_row(list(column.distinct).index("1")),
					"1 may be one unit, or say that all is blocked; call the column Blocked Qty or write yes",
				)
			continue
		found.append(name)
	return found


def leave_out_rows(
	table: Table,
	part: npt.NDArray[np.intp],
	blocked: npt.NDArray[np.intp],
	on_hand: npt.NDArray[np.float64],
	note: Note,
) -> None:
	"""Nothing of what may not be sold by its row's words is on hand, and a note says so."""
	rows = np.flatnonzero((blocked > 0) & (on_hand[part] > 0))
	if len(rows):
		parts = np.unique(part[rows])
		note(
			f"{table.name}, {rows_named(table.lines[rows])}: {on_hand[parts].sum():g} units are blocked or in"
			" inspection by their status or place, reserved or on their way, and do not count as stock."
		)
		on_hand[parts] = 0.0


def take_off_quantities(
	table: Table,
	part: npt.NDArray[np.intp],
	quantities: dict[str, npt.NDArray[np.float64]],
	on_hand: npt.NDArray[np.float64],
	note: Note,
	*,
	part_of_stock: bool = False,
) -> None:
	"""Take blocked quantities, shape (P,) each, off a stock that they are part of.

	Off one whose header says that it is a total, or of which other columns tell (`part_of_stock`), not off
	one that is unrestricted or available. Of any other nobody knows; there a note says how to tell. Raises
	`InputError` where more is blocked than there is in all.
	"""
	column = table.columns["on_hand"]
	for name, quantity in quantities.items():
		each = np.nan_to_num(quantity)
		if not each.any():
			continue
		what = f"{table.name}: {each.sum():g} units by column {table.columns[name].header}"
		if _is_one_of(column.header, (*UNRESTRICTED, *HEADERS)):
			note(f"{what} are beside {column.header} and do not count as stock.")
		elif part_of_stock or _is_one_of(column.header, TOTALS):
			more = (each > on_hand)[part]
			if more.any():
				row = int(np.argmax(more))
				have = f"{on_hand[part[row]]:g} in column {column.header}"
				raise table.error(
					name, row, f"{each[part[row]]:g} are more than the {have}; correct one of them"
				)
			on_hand -= each
			note(f"{what} are taken off {column.header} and do not count as stock.")
		elif (each > np.maximum(np.nan_to_num(on_hand), 0)).any():
			note(f"{what} are more than {column.header}, so beside it, and do not count as stock.")
		else:
			note(
				f"{what} are not taken off {column.header}; call that Total Stock where they are part of it,"
				" and Unrestricted where they are not."
			)


def _is_one_of(header: str, names: tuple[str, ...]) -> bool:
	return normal(header) in map(normal, names)
