"""What files tell by date: the end of items, and demand that is promised for a day."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.files.dates import DayArray, read_dates
from rl_replenishment.core.files.keys import ITEM_CODE, WAREHOUSE, fold, read_keys
from rl_replenishment.core.files.numbers import Range, read_numbers
from rl_replenishment.core.files.table import Column, FilePath, read_table
from rl_replenishment.core.items import FloatArray, ItemKey
from rl_replenishment.core.proposal import arrivals_by_day

#: where a policy keeps the ends of its items
ENDS = "ends"
END = Column("end_of_life", ("End of Life Date", "Discontinued On", "Last Sale"))
PROMISED = Column("promised", ("Promised Qty", "Promised Quantity"))
PROMISED_DATE = Column("promised_date", ("Promised Delivery Date", "Promised By"))
#: the day on which what is reserved leaves
RESERVED_UNTIL = Column(
	"reserved_until",
	("Reserved For Date", "Reservation Date", "Reserved Until Date", "Reserviert bis", "Reserviert für"),
)


def read_ends(path: FilePath, keys: Sequence[ItemKey], date_format: str | None = None) -> DayArray:
	"""The day of the last sale of each of N item-warehouses of an ITEMS file, shape (N,); NaT for none.

	A row with a warehouse goes before one without; codes match whatever their case and blanks. Raises
	`InputError` for what is no date.
	"""
	table = read_table(path, (ITEM_CODE, WAREHOUSE, END))
	row_keys, row_key = read_keys(table)
	ends = read_dates(table, END.name, date_format, required=False)
	told = {
		_folded(row_keys[at]): end
		for at, end in zip(row_key.tolist(), ends, strict=True)
		if not np.isnat(end)
	}
	never = np.datetime64("NaT", "D")
	found = [told.get(_folded(key), told.get(_folded(ItemKey(key.item_code)), never)) for key in keys]
	return np.array(found, dtype="datetime64[D]")


def ends_as_json(keys: Sequence[ItemKey], ends: DayArray) -> list[list[str]]:
	"""The ends that there are, as a policy keeps them: item code, warehouse and day."""
	return [[*key, str(end)] for key, end in zip(keys, ends, strict=True) if not np.isnat(end)]


def ends_from(known: Sequence[Sequence[str]], keys: Sequence[ItemKey]) -> DayArray:
	"""The day of the last sale of N item-warehouses, shape (N,), from `ends_as_json`; NaT for none."""
	told = {_folded(ItemKey(code, warehouse)): np.datetime64(day, "D") for code, warehouse, day in known}
	never = np.datetime64("NaT", "D")
	found = [told.get(_folded(key), told.get(_folded(ItemKey(key.item_code)), never)) for key in keys]
	return np.array(found, dtype="datetime64[D]")


def read_promises(
	path: FilePath, keys: Sequence[ItemKey], today: np.datetime64, date_format: str | None = None
) -> FloatArray | None:
	"""What a STOCK file promises by date, shape (D, N): row d leaves in d days; None for nothing.

	Rows of an item add up; what is late, or has no date, is to leave today. Raises `InputError` for what is
	no number or no date, and for a number below 0.
	"""
	table = read_table(path, (ITEM_CODE, WAREHOUSE, PROMISED, PROMISED_DATE))
	quantity = np.nan_to_num(read_numbers(table, {PROMISED.name: Range(lowest=0.0)})[PROMISED.name])
	days = read_dates(table, PROMISED_DATE.name, date_format, required=False)
	row_keys, row_key = read_keys(table)
	position = {_folded(key): at for at, key in enumerate(keys)}
	place = np.array([position.get(_folded(key), -1) for key in row_keys], dtype=np.intp)[row_key]
	rows = np.flatnonzero((quantity > 0) & (place >= 0))
	if not len(rows):
		return None
	ahead = np.where(np.isnat(days), 0, (days - today.astype("datetime64[D]")).astype(np.int64))
	return arrivals_by_day(len(keys), place[rows], ahead[rows], quantity[rows])


def reservations(part: npt.NDArray[np.intp], until: DayArray) -> tuple[DayArray, npt.NDArray[np.intp]]:
	"""The day on which each reservation leaves, shape (R,), and the reservation of each row, shape (E,).

	Rows of one `part`, a place or batch of an item-warehouse, and one day are one reservation.
	"""
	days, code = np.unique(until, return_inverse=True)
	found, reservation = np.unique(part * len(days) + code, return_inverse=True)
	return days[found % len(days)], reservation


def _folded(key: ItemKey) -> ItemKey:
	return ItemKey(fold(key.item_code), fold(key.warehouse))
