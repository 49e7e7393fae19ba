"""Demand that a buyer announced by ordering more for a promotion or a project, which no history tells.

What was ordered for it is set aside: it does not count into the inventory position. Else the next proposals,
seeing more stock than usual, would order less until the goods are gone before their day.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.demand.statistics import QUARTER
from rl_replenishment.core.feedback import ROUNDING
from rl_replenishment.core.files.feedback import FeedbackRows
from rl_replenishment.core.items import FloatArray, ItemTable

#: the buyer's reasons that speak of demand to come
ANNOUNCING = ("promotion", "project")
#: days after the goods are due for which what was announced is waited for
KEPT_DAYS = 28
#: announcements that came true which a buyer's record starts with
_PRIOR_ANNOUNCEMENTS = 1
#: Mean share of what was announced that came: from here on all is believed, since some demand comes late, and
#: what the shelf could not serve is not seen; and up to here nothing, since as much comes by chance.
_PROOF, _CHANCE = 0.4, 0.2


def announces(rows: FeedbackRows) -> npt.NDArray[np.bool_]:
	"""Which of E answers ordered more than proposed for demand to come, shape (E,)."""
	reasons = np.array([reason.strip().casefold() in ANNOUNCING for reason in rows.reason], dtype=np.bool_)
	return reasons & (rows.ordered_qty - rows.proposed_qty > ROUNDING)


def usual_rate(
	history: DemandHistory, day: npt.NDArray[np.integer], index: npt.NDArray[np.intp]
) -> npt.NDArray[np.float64]:
	"""Mean demand per day of the quarter before each `day`, counted from the start, shape (M,)."""
	last = np.clip(day, 0, history.days)
	known = np.minimum(last, QUARTER)
	return history.totals(last - known, last, index) / np.maximum(known, 1)


def set_aside(
	items: ItemTable, history: DemandHistory, rows: FeedbackRows, index: npt.NDArray[np.intp]
) -> FloatArray:
	"""Units of each item-warehouse, on order or on the shelf, that wait for announced demand, shape (N,).

	What E answers ordered beyond the proposal for demand to come is set aside until it is due, and then until
	demand beyond the usual has used it up, or `KEPT_DAYS` have passed. Of buyers whose announcements do not
	come true it is less, down to nothing. `index`, shape (E,), is each answer's position in `items` and
	`history`, whose end is today.
	"""
	known = _Announcements.of(items, history, rows, index)
	waiting = known.quantity - np.clip(known.came, 0, known.quantity)
	is_open = history.days < known.due + KEPT_DAYS
	kept = np.where(is_open, waiting * known.belief(history.days), 0)
	return np.bincount(known.index, weights=kept, minlength=len(items)).astype(np.float32)


@dataclass(frozen=True, eq=False)
class _Announcements:
	"""A announcements, arrays of shape (A,); days are counted from the start of the history."""

	#: position of the item-warehouse
	index: npt.NDArray[np.intp]
	buyers: tuple[str, ...]
	#: units ordered for it
	quantity: npt.NDArray[np.float64]
	due: npt.NDArray[np.integer]
	#: demand beyond the usual from the day that it was due on, so far, less what earlier announcements of the
	#: item used up; below 0 where demand was less
	came: npt.NDArray[np.float64]

	@classmethod
	def of(
		cls, items: ItemTable, history: DemandHistory, rows: FeedbackRows, index: npt.NDArray[np.intp]
	) -> _Announcements:
		"""Those among E answers that were made in the time of the history."""
		placed, due = placed_and_due(items, history, rows, index)
		at = np.flatnonzero(announces(rows) & (placed >= 0) & (placed < history.days))
		placed, due, index = placed[at], due[at], index[at]
		until = np.minimum(due + KEPT_DAYS, history.days)
		usual = usual_rate(history, placed, index) * np.maximum(until - due, 0)
		quantity = (rows.ordered_qty - rows.proposed_qty)[at]
		return cls(
			index=index,
			buyers=tuple(rows.buyer[row] for row in at),
			quantity=quantity,
			due=due,
			came=_one_after_the_other(history.totals(due, until, index) - usual, quantity, due, index),
		)

	def belief(self, today: int) -> npt.NDArray[np.float64]:
		"""How far each one's buyer is believed, shape (A,), by the mean share that came of what was due.

		`_PRIOR_ANNOUNCEMENTS` that came true are counted in: three in a row of which nothing came leave
		little belief, and four none. Each counts by how much of its time has passed: who announces in vain
		week after week would else be believed until the first time is over.
		"""
		passed = np.clip((today - self.due) / KEPT_DAYS, 0, 1)
		# demand varies without any announcement: as often below the usual as above it
		share = np.clip(self.came / self.quantity, -1, 1)
		names, buyer = np.unique(np.array(self.buyers, dtype=str), return_inverse=True)
		count = np.bincount(buyer, weights=passed, minlength=len(names)) + _PRIOR_ANNOUNCEMENTS
		came = np.bincount(buyer, weights=share * passed, minlength=len(names)) + _PRIOR_ANNOUNCEMENTS
		return np.clip((came / count - _CHANCE) / (_PROOF - _CHANCE), 0, 1)[buyer]


def _one_after_the_other(
	beyond: npt.NDArray[np.float64],
	quantity: npt.NDArray[np.float64],
	due: npt.NDArray[np.integer],
	index: npt.NDArray[np.intp],
) -> npt.NDArray[np.float64]:
	"""What came for each announcement of an item, all of shape (A,), where their times overlap.

	`beyond` is the demand beyond the usual in the time of each. The earliest is served first: one promotion
	proves, and uses up, no more than came of it.
	"""
	came = beyond.copy()
	used = np.zeros(len(came))
	open_ones: list[int] = []
	for at in np.lexsort((due, index)):
		open_ones = [one for one in open_ones if index[one] == index[at] and due[at] < due[one] + KEPT_DAYS]
		if came[at] > 0:
			came[at] = max(came[at] - used[open_ones].sum(), 0.0)
		used[at] = np.clip(came[at], 0, quantity[at])
		open_ones.append(at)
	return came


def waited(
	items: ItemTable, history: DemandHistory, rows: FeedbackRows, index: npt.NDArray[np.intp]
) -> npt.NDArray[np.bool_]:
	"""Which of E answers were given while goods may have been set aside by an earlier one, shape (E,).

	They were proposed for a position that their row does not tell. See `set_aside` for the arguments.
	"""
	placed, due = placed_and_due(items, history, rows, index)
	result = np.zeros(len(rows), dtype=np.bool_)
	announcing = announces(rows)
	concerned = np.flatnonzero(np.isin(index, index[announcing]))
	for item in np.unique(index[concerned]):
		own = concerned[index[concerned] == item]
		for row in own[announcing[own]]:
			result[own] |= (placed[own] > placed[row]) & (placed[own] < due[row] + KEPT_DAYS)
	return result


def placed_and_due(
	items: ItemTable, history: DemandHistory, rows: FeedbackRows, index: npt.NDArray[np.intp]
) -> tuple[npt.NDArray[np.integer], npt.NDArray[np.integer]]:
	"""Days from the start of the history to each order, -1 where its day is not known, and to its arrival."""
	since_start = (rows.date - history.start).astype(np.int64)
	placed = np.where(np.isnat(rows.date), np.int64(-1), since_start)
	return placed, placed + items.whole_lead_time_days[index]
