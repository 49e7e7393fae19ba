"""FEEDBACK files: what was proposed and what the buyer ordered."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.errors import InputError
from rl_replenishment.core.files import counted
from rl_replenishment.core.files.dates import DayArray, read_dates, refuse_far_ahead
from rl_replenishment.core.files.keys import ITEM_CODE, WAREHOUSE, read_keys
from rl_replenishment.core.files.numbers import Range, read_numbers
from rl_replenishment.core.files.repeats import refuse_repeated_blocks, without_totals
from rl_replenishment.core.files.table import (
	Column,
	FilePath,
	IntArray,
	Mask,
	Note,
	Table,
	read_table,
	tell_unread,
	unheard,
)
from rl_replenishment.core.files.units import (
	FACTOR,
	STOCK_QTY,
	STOCK_UOM,
	UOM,
	check_units,
	refuse_units_apart,
	with_units_apart,
)
from rl_replenishment.core.items import ItemKey

COLUMNS = (
	ITEM_CODE,
	WAREHOUSE,
	Column(
		"proposed_qty",
		(
			*("Proposed Quantity", "Proposed", "Proposal", "Suggested Qty", "Suggested Quantity"),
			*("Vorgeschlagene Menge", "Vorgeschlagen", "Vorschlag", "Vorschlagsmenge"),
		),
		required=True,
	),
	Column(
		"ordered_qty",
		("Ordered Quantity", "Ordered", "Bestellte Menge", "Bestellmenge", "Bestellt"),
		required=True,
	),
	Column(
		"date",
		("Posting Date", "Transaction Date", "Order Date", "Datum", "Bestelldatum", "Belegdatum"),
	),
	Column("on_hand", ("UnitsInStock", "Actual Qty", "Actual Quantity", "Bestand", "Lagerbestand")),
	Column("on_order", ("UnitsOnOrder",)),
	Column("reason", ("Edit Reason", "Grund", "Begründung")),
	Column("buyer", ("Owner", "Einkäufer")),
	Column("policy_qty", ("Policy Quantity",)),
	UOM,
	STOCK_UOM,
	STOCK_QTY,
	FACTOR,
	counted.STATUS,
	counted.CANCELLED,
)
#: quantities, and those that are none of a decision
_QUANTITY, _NO_DECISION = (
	"qty|quantity|menge",
	"received|delivered|erhalten|geliefert|eingegangen|billed|berechnet|stock|bestand|projected|available",
)
#: a decision so long after all others has a mistyped year
_FARTHEST_DAYS = 730


@dataclass(frozen=True, eq=False)
class FeedbackRows:
	"""E decisions of the buyer, in the order of the file; quantities in stock UOM."""

	#: the item-warehouse of each decision
	keys: tuple[ItemKey, ...]
	#: shape (E,), 0 where the buyer added the item
	proposed_qty: npt.NDArray[np.float64]
	#: shape (E,), 0 where the buyer turned the proposal down
	ordered_qty: npt.NDArray[np.float64]
	#: shape (E,), NaT where the file does not say
	date: DayArray
	#: shape (E,), at the time of the proposal; NaN where the file does not say
	on_hand: npt.NDArray[np.float64]
	#: shape (E,), at the time of the proposal; NaN where the file does not say
	on_order: npt.NDArray[np.float64]
	#: the buyer's reason, "" where none
	reason: tuple[str, ...]
	#: who decided, "" where that is not known
	buyer: tuple[str, ...] = ()
	#: shape (E,), what the policy had asked for before lessons moved it; empty, or NaN, where that is what
	#: was proposed
	policy_qty: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
	#: shape (E,), the line of the file that each decision is on; empty where there is no file
	lines: IntArray = field(default_factory=lambda: np.zeros(0, np.int32))

	def __post_init__(self) -> None:
		if not self.buyer:
			object.__setattr__(self, "buyer", ("",) * len(self.keys))

	def __len__(self) -> int:
		return len(self.keys)

	@property
	def asked_qty(self) -> npt.NDArray[np.float64]:
		"""What the policy itself had asked for, shape (E,)."""
		if not len(self.policy_qty):
			return self.proposed_qty
		return np.where(np.isnan(self.policy_qty), self.proposed_qty, self.policy_qty)

	def take(self, at: npt.NDArray[np.intp]) -> FeedbackRows:
		"""The decisions at `at`, in that order."""
		return FeedbackRows(
			keys=tuple(self.keys[i] for i in at),
			proposed_qty=self.proposed_qty[at],
			ordered_qty=self.ordered_qty[at],
			date=self.date[at],
			on_hand=self.on_hand[at],
			on_order=self.on_order[at],
			reason=tuple(self.reason[i] for i in at),
			buyer=tuple(self.buyer[i] for i in at),
			policy_qty=self.policy_qty[at] if len(self.policy_qty) else self.policy_qty,
			lines=self.lines[at] if len(self.lines) else self.lines,
		)


def read_feedback(path: FilePath, date_format: str | None = None, note: Note = unheard) -> FeedbackRows:
	"""Read a FEEDBACK file.

	Orders that were cancelled are no decisions; with nothing ordered, they are what was turned down.
	`note` is told what was read otherwise than it may look. Raises `InputError` as the parts it reads do, for
	negative quantities, quantities that are not in the stock unit, a day long after all others, and where the
	file holds an export twice.
	"""
	table = read_table(path, COLUMNS, digests=True, note=note)
	table = counted.without_called_off(table, note, but=_nothing_ordered)
	if not len(table):
		raise InputError(f"{table.name}: no row is left that was not cancelled; give the orders that stayed.")
	tell_unread(path, COLUMNS, note, only=_QUANTITY, but=_NO_DECISION, zeros=False)
	refuse_units_apart(table, "proposed_qty", "ordered_qty")
	table = with_units_apart(table, ("proposed_qty",))
	table = without_totals(table, "ordered_qty", "date", note)
	keys, item = read_keys(table, note)
	check_units(table, keys, item)
	decided, amount = Range(lowest=0.0, required=True), Range(lowest=0.0)
	numbers = read_numbers(
		table,
		{
			"proposed_qty": decided,
			"ordered_qty": decided,
			"on_hand": Range(),
			"on_order": amount,
			"policy_qty": amount,
		},
	)
	_refuse_other_units(table, numbers["ordered_qty"])
	date = read_dates(table, "date", date_format, required=False)
	refuse_far_ahead(table, "date", date, _FARTHEST_DAYS)
	refuse_repeated_blocks(table, date, "decisions")
	return FeedbackRows(
		tuple(keys[index] for index in item),
		date=date,
		reason=tuple(table.texts("reason")),
		buyer=tuple(table.texts("buyer")),
		lines=table.lines,
		**numbers,
	)


def _nothing_ordered(table: Table) -> Mask:
	return table.columns["ordered_qty"].where(lambda text: not any(digit in text for digit in "123456789"))


def _refuse_other_units(table: Table, ordered: npt.NDArray[np.float64]) -> None:
	"""What was proposed is in the stock unit; what was ordered beside another quantity may not be."""
	found = read_numbers(table, {STOCK_QTY.name: Range(), FACTOR.name: Range()})
	factor = found[FACTOR.name]
	converted = np.where(np.isnan(found[STOCK_QTY.name]), ordered * factor, found[STOCK_QTY.name])
	differs = ~np.isnan(converted) & ~np.isclose(converted, ordered)
	if differs.any():
		row = int(np.argmax(differs))
		raise table.error(
			"ordered_qty",
			row,
			f"{ordered[row]:g} is {converted[row]:g} in the stock unit by another column; give it in that,"
			" as what was proposed",
		)
