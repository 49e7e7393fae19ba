"""What the bridge's queries have in common."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from functools import cached_property
from typing import Any

import frappe
import numpy as np
import numpy.typing as npt
from frappe.query_builder.functions import Concat, Count, GroupConcat
from pypika.queries import QueryBuilder, Table
from pypika.terms import Case, ContainsCriterion, Criterion, CustomFunction, Field, Term

from rl_replenishment.core.items import FloatArray, ItemKey

days_between = CustomFunction("DATEDIFF", ["end", "start"])
#: bytes of the text that the database makes of a group's rows; it cuts longer ones
_LONGEST_TEXT = 2**28


class _Values(Term):
	"""A list of values as one parameter: pypika's own has a term for each, slow for thousands."""

	def __init__(self, values: Iterable[str]) -> None:
		super().__init__()
		# a database knows no empty list, and no name is empty
		self._values = tuple(values) or ("",)

	def get_sql(self, **kwargs: Any) -> str:
		return kwargs["param_wrapper"].get_sql(param_value=self._values)


def one_of(field: Term, values: Iterable[str]) -> ContainsCriterion:
	"""The condition that a field is one of many values."""
	return ContainsCriterion(field, _Values(values))


def by_value(field: Field, values: Mapping[str, Any]) -> Case:
	"""What there is for the value of a field; NULL where there is nothing."""
	found = Case()
	for value, what in values.items():
		found = found.when(field == value, what)
	return found


def posted_within(entry: Table, first: date, end: date | None = None) -> Criterion:
	"""The condition that keeps the entries of the Stock Ledger from a day on, and before another one.

	By date and time, as the ledger's index of items and warehouses has them: by the date alone the database
	would read every entry that an item ever had, from the disk where the ledger is large.
	"""
	kept = entry.posting_datetime >= first
	return kept if end is None else kept & (entry.posting_datetime < end)


class Keys:
	"""N item-warehouses, as queries and their rows meet them."""

	def __init__(self, keys: Sequence[ItemKey]) -> None:
		self.keys = tuple(keys)
		self._position: dict[tuple[str, str], int] = {key: i for i, key in enumerate(self.keys)}

	def __len__(self) -> int:
		return len(self.keys)

	@cached_property
	def item_codes(self) -> tuple[str, ...]:
		"""The distinct items, in the order of the keys."""
		return tuple(dict.fromkeys(key.item_code for key in self.keys))

	@cached_property
	def warehouses(self) -> tuple[str, ...]:
		"""The distinct warehouses."""
		return tuple(dict.fromkeys(key.warehouse for key in self.keys))

	def include(self, item_code: Field, warehouse: Term) -> Criterion:
		"""The condition that keeps the rows of these items in these warehouses, and few others."""
		return one_of(item_code, self.item_codes) & one_of(warehouse, self.warehouses)

	def position(self, item_code: str, warehouse: str) -> int:
		"""The place of an item-warehouse among the keys, -1 where it is none of them."""
		return self._position.get((item_code, warehouse), -1)

	def column(self, rows: Iterable[tuple[str, str, float | None]]) -> FloatArray:
		"""Rows of (item code, warehouse, value) added up, shape (N,)."""
		values = np.zeros(len(self), dtype=np.float64)
		for item_code, warehouse, value in rows:
			at = self.position(item_code, warehouse)
			if at >= 0:
				values[at] += float(value or 0)
		return values.astype(np.float32)

	def by_item(self, values: dict[str, Any], default: Any) -> list[Any]:
		"""What is known of items, for each key."""
		return [values.get(key.item_code, default) for key in self.keys]


@contextmanager
def long_lists_and_texts() -> Iterator[None]:
	"""Have the database look up long lists by index, which keeps the ledger's order, and cut off no text.

	By default it would sort a million rows to find a thousand items or more among them.
	"""
	frappe.db.sql(
		"set session group_concat_max_len = %s, in_predicate_conversion_threshold = 0", _LONGEST_TEXT
	)
	try:
		yield
	finally:
		frappe.db.sql(
			"set session group_concat_max_len = default, in_predicate_conversion_threshold = default"
		)


def grouped_numbers(
	rows: QueryBuilder, groups: Sequence[Term], numbers: Sequence[Term]
) -> tuple[list[tuple[Any, ...]], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
	"""K numbers of each of R rows: the G groups, how many rows each has, and these, group by group, (R, K).

	The database sends the rows of a group as one text: a million rows one by one take ten times as long.
	Where texts may be long, within `long_lists_and_texts`; none of the numbers may be NULL.
	"""
	columns = [part for number in numbers for part in (",", number)][1:]
	found = (
		frappe.qb.from_(rows)
		.select(*groups, Count("*"), GroupConcat(Concat(*columns)))
		.groupby(*groups)
		.run()
	)
	counts = np.array([row[-2] for row in found], dtype=np.int64)
	values = np.fromstring(",".join(row[-1] for row in found), sep=",") if found else np.zeros(0)
	if len(values) != len(numbers) * counts.sum():
		raise ValueError("the database cut off rows")
	return [row[:-2] for row in found], counts, values.reshape(-1, len(numbers))
