"""Numbers as people write them: computed in single precision, told and handed on in decimals."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.items import ItemTable

#: of what a single-precision number can be trusted with
_DIGITS = 7
#: of a quantity that comes in any fraction, behind the point or, below 1, in all
_FRACTION_DIGITS = 3

Doubles = npt.NDArray[np.float64]


def as_written(values: npt.ArrayLike) -> Doubles:
	"""The decimal numbers that single-precision ones were meant to be: 704.7999877929688 is 704.8."""
	exact = np.asarray(values, dtype=np.float64)
	return np.where(exact == np.rint(exact), exact, _rounded(exact, _DIGITS - 1 - _magnitude(exact)))


def written_quantities(items: ItemTable, quantity: npt.ArrayLike) -> Doubles:
	"""Quantities, shape (N,), for documents, in stock UOM and double precision.

	Whole packs where the item comes in packs, else to three decimals, or three digits below 1.
	"""
	exact = np.asarray(quantity, dtype=np.float64)
	pack = as_written(items.order_multiple)
	whole = as_written(np.rint(exact / np.where(pack > 0, pack, 1)) * pack)
	fraction = _rounded(exact, np.maximum(_FRACTION_DIGITS, _FRACTION_DIGITS - 1 - _magnitude(exact)))
	is_whole = (pack > 0) & (np.abs(whole - exact) <= 1e-3 * np.maximum(pack, np.abs(exact)))
	return np.where(is_whole, whole, as_written(fraction))


def quantity_words(value: float) -> str:
	"""A quantity as a buyer reads it: whole from 10 on, one decimal below."""
	return f"{value:.0f}" if abs(value) >= 10 or value == round(value) else f"{value:.1f}"


def _magnitude(values: Doubles) -> Doubles:
	"""Of 1 to 10 it is 0, of 10 to 100 it is 1."""
	usable = np.isfinite(values) & (values != 0)
	return np.floor(np.log10(np.abs(np.where(usable, values, 1.0))))


def _rounded(values: Doubles, digits: Doubles) -> Doubles:
	"""To so many digits behind the point, or before it where that is below 0."""
	scale = 10.0 ** np.abs(digits)
	with np.errstate(invalid="ignore"):
		rounded = np.where(digits >= 0, np.rint(values * scale) / scale, np.rint(values / scale) * scale)
	return np.where(np.isfinite(values), rounded, values)
