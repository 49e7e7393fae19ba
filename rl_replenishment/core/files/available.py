"""What of a STOCK file's stock is promised: reserved in columns of its own, or told by what is available."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.files.table import Column, Note, Table, normal

#: headers of a stock that what is reserved or blocked is no part of
HEADERS = (
	*("Available", "Available Qty", "Available Quantity", "Qty Available", "Quantity Available"),
	*("Available Stock", "Available to Sell", "Available for Sale", "Free to Use", "Free to Use Quantity"),
	*("Free Qty", "Free Stock", "Sellable", "Sellable Qty", "afn-fulfillable-quantity", "Verfügbar"),
	*("Verfügbare Menge", "Verfügbarer Bestand", "Verfügbarer Lagerbestand", "Freier Bestand", "Frei"),
	*("Freie Menge", "Verkaufbar", "Verkaufbarer Bestand", "Disponibel", "Disponibler Bestand"),
)
AVAILABLE = Column("available", HEADERS, several=True)
#: what adds up with the rest: ERPNext's reservations beside Sales Orders, orders that wait for goods
RESERVED_FOR = Column(
	"also_reserved",
	(
		*("Reserved for Production", "Reserved Qty for Production", "Reserved for Production Plan"),
		*(
			"Reserved Qty for Production Plan",
			"Reserved for Sub Contracting",
			"Reserved for POS Transactions",
		),
		*("Reserved Qty for Sub Contract", "Reserved Qty for Subcontract", "Reserved for Sub Contract"),
		*("Back Ordered", "Backordered", "Backordered Qty", "Qty Backordered", "Rückstand"),
	),
	several=True,
)
Quantity = npt.NDArray[np.float64]


def reserved_in_all(table: Table, numbers: Mapping[str, Quantity], note: Note) -> Quantity:
	"""What each row reserves, shape (E,), over all columns that do; NaN where none says.

	Of a stock that is what is available, nothing is.
	"""
	names = ["reserved", *table.named(RESERVED_FOR.name)]
	given = np.array([numbers[name] for name in names])
	reserved = np.where(np.isnan(given).all(axis=0), np.nan, np.nansum(given, axis=0))
	column = table.columns["on_hand"]
	if normal(column.header) in map(normal, HEADERS) and (reserved > 0).any():
		others = ", ".join(table.columns[name].header for name in names if name in table.columns)
		note(
			f"{table.name}: column {column.header} is what nobody has reserved; {others} is not taken off it."
		)
		return np.full(len(table), np.nan)
	return reserved


def told_by_available(
	table: Table, numbers: Mapping[str, Quantity], reserved: Quantity, blocked: Quantity, note: Note
) -> tuple[Quantity, bool]:
	"""What each row reserves, shape (E,), and whether what is `blocked` is part of the stock.

	Where the stock less what is reserved, and blocked, is what a column says is available, with what is on
	order or without, all is told. Where nothing says what is reserved, it is what is not available. A note
	says so, and which column fits with nothing.
	"""
	part_of_stock = False
	on_hand, on_order = (np.nan_to_num(numbers[name]) for name in ("on_hand", "on_order"))
	promised = np.nan_to_num(reserved)
	told = bool(promised.any())
	for name in table.named(AVAILABLE.name):
		available = numbers[name]
		rows = ~np.isnan(available) & ~np.isnan(numbers["on_hand"])
		free = on_hand - promised
		# orders that wait for goods are promised, and not out of what is there
		alone = on_hand - np.nan_to_num(numbers["reserved"])
		if any(_is_said(each, available, rows) for each in (free, free + on_order, alone)):
			continue
		header = table.columns[name].header
		if any(_is_said(each, available, rows) for each in (free - blocked, free - blocked + on_order)):
			part_of_stock = True
		elif not told and not blocked.any() and (available <= on_hand)[rows].all():
			reserved = np.where(rows, on_hand - available, reserved)
			promised = np.nan_to_num(reserved)
			told = True
			note(f"{table.name}: what is on hand and not in column {header} counts as reserved.")
		else:
			note(
				f"{table.name}: column {header} is not used; it is not {table.columns['on_hand'].header} less"
				" what other columns say is reserved, so that one of them counts something else."
			)
	return reserved, part_of_stock


def _is_said(computed: Quantity, said: Quantity, rows: npt.NDArray[np.bool_]) -> bool:
	"""Whether a column says in these rows what was computed, be it with 0 for what is below."""
	return any(
		bool(np.isclose(each, said, atol=0.01)[rows].all()) for each in (computed, np.maximum(computed, 0))
	)
