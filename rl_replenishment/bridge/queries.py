"""What the bridge's queries have in common."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pypika.terms import ContainsCriterion, Field, Term


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
