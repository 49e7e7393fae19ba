"""What the bridge's queries have in common."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from pypika.terms import ContainsCriterion, Criterion, CustomFunction, Field, Term

from rl_replenishment.core.items import FloatArray, ItemKey

days_between = CustomFunction("DATEDIFF", ["end", "start"])


class _Values(Term):
	"""A list of values as one parameter: pypika's own has a term for each, slow for thousands."""

	def __init__(self, values: Iterable[str]) -> None:
		super().__init__()
		# a database knows no empty list, and no name is empty
		self._values = tuple(values) or ("",)

	def get_sql(self, **kwargs: Any) -> str:
		return kwargs["param_wrapper"].get_sql(param_value=self._values)


def one_of(field: Field, values: Iterable[str]) -> ContainsCriterion:
	"""The condition that a field is one of many values."""
	return ContainsCriterion(field, _Values(values))


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

	def include(self, item_code: Field, warehouse: Field) -> Criterion:
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
