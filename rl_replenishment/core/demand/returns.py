"""Goods that came back: each return is taken off the sale that it reverses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.integer]
Sales: TypeAlias = npt.NDArray[np.intp] | slice
Quantities = npt.NDArray[np.float64]
#: what sums of floats may be off by
_NOISE = 1e-9


@dataclass(frozen=True)
class References:
	"""What else is known of E demand events; each of shape (E,), -1 where unknown."""

	#: the document that an event is in
	document: Codes | None = None
	#: the document that a return reverses, as ERPNext's `return_against`
	against: Codes | None = None
	#: the customer
	party: Codes | None = None


def settle_returns(
	item: Codes, day: npt.NDArray[Any], quantity: Quantities, references: References | None = None
) -> tuple[Quantities, Quantities]:
	"""Take returns, which are the events below 0, off the sales that they reverse, shape (E,).

	`day` holds dates, or numbers in the order of dates.
	The sale that a return reverses, of the same item and not later than it, is

	1. where the file names its document: in that document, or else in the return's own;
	2. where the customer is known: of the same customer, of the same quantity rather than another, the latest
	   rather than an older one, and several where no one of them is large enough;
	3. otherwise, or where that customer bought none: the latest of the same quantity;
	4. where no customer is known: the latest that was large enough, whole or what other returns left of it.

	Returns the quantities, 0 for the returns, and what of each return no sale is known of, because it is
	older than the events or larger than any of them, both of shape (E,): that is taken off nothing.
	"""
	settled, unexplained = np.maximum(quantity, 0.0), np.zeros(len(quantity))
	returned = np.flatnonzero(quantity < 0)
	if not len(returned):
		return settled, unexplained
	order = np.argsort(item, kind="stable")
	sorted_item = item[order]
	for code in np.unique(item[returned]):
		low, high = np.searchsorted(sorted_item, (code, code + 1))
		rows = order[low:high]
		rows = rows[np.argsort(day[rows], kind="stable")]
		_Item(rows, day, quantity, references or References()).settle(settled, unexplained)
	return settled, unexplained


class _Item:
	"""The events of one item, in the order of their days."""

	def __init__(
		self,
		rows: npt.NDArray[np.intp],
		day: npt.NDArray[Any],
		quantity: Quantities,
		references: References,
	) -> None:
		self._sales = rows[quantity[rows] > 0]
		self._sold = quantity[self._sales]
		self._left = self._sold.copy()
		self._returns = rows[quantity[rows] < 0]
		self._due = -quantity[self._returns]
		# sales of the day of the return count as before it: files know no hours
		self._before = np.searchsorted(day[self._sales], day[self._returns], side="right")
		self._document, self._against, self._party = (
			None if codes is None else (codes[self._sales], codes[self._returns])
			for codes in (references.document, references.against, references.party)
		)

	def settle(self, settled: Quantities, unexplained: Quantities) -> None:
		"""Settle all returns, those of which most is known first."""
		known = [self._by_document] if self._document is not None else []
		known += [self._by_party] if self._party is not None else []
		for evidence in (*known, self._by_quantity, self._by_size):
			for at in np.flatnonzero(self._due > _NOISE).tolist():
				evidence(at)
		settled[self._sales] = self._left
		unexplained[self._returns] = self._due

	def _by_document(self, at: int) -> None:
		assert self._document is not None
		for named in (self._against, self._document):
			if named is not None and named[1][at] >= 0:
				self._take(at, np.flatnonzero(self._document[0] == named[1][at]))

	def _by_party(self, at: int) -> None:
		if self._party is None or self._party[1][at] < 0 or self._is_referred(at):
			return
		sales = np.flatnonzero(self._party[0][: self._before[at]] == self._party[1][at])
		for fits in (self._same, self._enough):
			one = sales[fits(at, sales)]
			if len(one):
				self._take(at, one[-1:])
				return
		self._take(at, sales)

	def _by_quantity(self, at: int) -> None:
		self._take_latest(at, self._same)

	def _by_size(self, at: int) -> None:
		if self._party is None or self._party[1][at] < 0:
			self._take_latest(at, self._enough)

	def _is_referred(self, at: int) -> bool:
		return self._against is not None and bool(self._against[1][at] >= 0)

	def _take_latest(self, at: int, fits: Callable[[int, Sales], npt.NDArray[np.bool_]]) -> None:
		if self._is_referred(at):
			return
		sales = np.flatnonzero(fits(at, slice(self._before[at])))
		self._take(at, sales[-1:])

	def _same(self, at: int, sales: Sales) -> npt.NDArray[np.bool_]:
		due = self._due[at]
		return np.asarray(
			(np.abs(self._sold[sales] - due) <= _NOISE * due) & (self._left[sales] >= self._sold[sales])
		)

	def _enough(self, at: int, sales: Sales) -> npt.NDArray[np.bool_]:
		return np.asarray(self._left[sales] >= self._due[at] * (1 - _NOISE))

	def _take(self, at: int, sales: npt.NDArray[np.intp]) -> None:
		"""Take a return off these sales, the latest first."""
		for sale in sales[::-1]:
			taken = min(self._due[at], self._left[sale])
			self._left[sale] -= taken
			self._due[at] -= taken
			if self._due[at] <= _NOISE:
				self._due[at] = 0.0
				return
