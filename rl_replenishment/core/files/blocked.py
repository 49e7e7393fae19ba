"""What of a STOCK file may not be sold: blocked, in inspection or in quarantine, by row or by quantity."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

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
		*("Qualitätsprüfbestand", "In Qualitätsprüfung", "Q-Bestand"),
	),
	several=True,
)
COLUMNS = (STATUS, BLOCKED)
#: headers of a stock that what is blocked is no part of, and of one that it is part of
UNRESTRICTED = (
	*("Unrestricted", "Unrestricted Stock", "Unrestricted-Use", "Unrestricted-Use Stock"),
	*("Frei verwendbar", "Frei verwendbarer Bestand", "Freier Bestand", "Sellable", "Sellable Qty"),
)
TOTALS = (
	*("Total Stock", "Total Qty", "Total Quantity", "Total on Hand", "Gross Stock", "Physical Stock"),
	*("Gesamtbestand", "Bestand gesamt", "Gesamtmenge"),
)
_NOT_USABLE = re.compile(
	r"\b(?:block(?:ed)?|(?:in )?quarantined?|quality|qc|qi|q|inspection|(?:on )?hold|reject(?:ed)?"
	r"|scrap(?:ped)?|damaged|defective|defect"
	r"|unusable|not usable|restricted|locked|gesperrt|sperr\w*|q-bestand|ausschuss"
	r"|defekt|beschädigt|quarantäne|(?:in )?prüfung|\w*qualität\w*|nicht verwendbar)\b"
)
_USABLE = re.compile(
	r"\b(?:ok|okay|good|pass(?:ed)?|released?|approved|accepted|cleared|done|no"
	r"|not (?:blocked|on hold|locked)|bestanden|nicht gesperrt|frei\w*|geprüft)\b"
)
_YES, _NO = (
	frozenset(("yes", "y", "x", "true", "ja", "j", "wahr")),
	frozenset(("", "no", "n", "false", "nein", "falsch", "-")),
)
#: a column of quantities says so, or is none where it holds but 0 and 1
_SAYS_QUANTITY = re.compile(r"qty|quantity|stock|menge|bestand")


def blocked_rows(table: Table) -> npt.NDArray[np.intp]:
	"""By which words each row may not be sold, shape (E,); 0 for what may."""
	found = np.zeros(len(table), np.intp)
	quantities = blocked_quantities(table)
	flags = [name for name in table.named(BLOCKED.name) if name not in quantities]
	for number, name in enumerate((*table.named(STATUS.name), *flags)):
		texts = list(map(fold, table.columns[name].distinct))
		if name in flags and _YES.issuperset(set(texts) - _NO):
			says = [text in _YES for text in texts]
		else:
			says = [bool(_NOT_USABLE.search(text)) and not _USABLE.search(text) for text in texts]
		code = np.where(says, np.arange(1, len(texts) + 1), 0)[table.columns[name].codes]
		found = np.where(found > 0, found, code + np.where(code > 0, number * len(table), 0))
	return found


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
		if texts <= {"0", "1"} and not _SAYS_QUANTITY.search(column.header.casefold()):
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
			" inspection by their status and do not count as stock."
		)
		on_hand[parts] = 0.0


def take_off_quantities(
	table: Table,
	part: npt.NDArray[np.intp],
	quantities: dict[str, npt.NDArray[np.float64]],
	on_hand: npt.NDArray[np.float64],
	note: Note,
) -> None:
	"""Take blocked quantities, shape (P,) each, off a stock that they are part of.

	Off one whose header says that it is a total, not off one that is unrestricted. Of any other nobody
	knows; there a note says how to tell. Raises `InputError` where more is blocked than there is in all.
	"""
	column = table.columns["on_hand"]
	for name, quantity in quantities.items():
		each = np.nan_to_num(quantity)
		if not each.any():
			continue
		what = f"{table.name}: {each.sum():g} units by column {table.columns[name].header}"
		if _is_one_of(column.header, UNRESTRICTED):
			note(f"{what} are beside {column.header} and do not count as stock.")
		elif _is_one_of(column.header, TOTALS):
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
