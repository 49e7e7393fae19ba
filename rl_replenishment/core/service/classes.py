"""ABC and XYZ: which items carry the value, and whose demand is steady."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.demand.statistics import WEEK, DemandStatistics
from rl_replenishment.core.items import DAYS_PER_YEAR, FloatArray, ItemTable

#: share of all demand value at which A ends, and B (Pareto analysis; Silver, Pyke and Thomas)
ABC_SHARES = (0.80, 0.95)
#: coefficient of variation of weekly demand up to which an item is X, and Y
XYZ_VARIATIONS = (0.5, 1.0)
ABC, XYZ = ("A", "B", "C"), ("X", "Y", "Z")
#: every name of a class: of one kind, and of both
CLASS_NAMES = (*ABC, *XYZ, *(a + x for a in ABC for x in XYZ))


def annual_value(items: ItemTable, demand: DemandStatistics) -> FloatArray:
	"""Demand of a year at unit cost, by the last 364 days, shape (N,), in money."""
	return np.asarray(demand.level_364 * np.float32(DAYS_PER_YEAR) * items.unit_cost, np.float32)


def variation(demand: DemandStatistics) -> FloatArray:
	"""Coefficient of variation of the totals of weeks, by the last 52, shape (N,); inf without demand."""
	mean = demand.level_364 * np.float32(WEEK)
	with np.errstate(divide="ignore", invalid="ignore"):
		return np.asarray(np.where(mean > 0, demand.week_spread / mean, np.inf), np.float32)


def classes_of(items: ItemTable, demand: DemandStatistics) -> npt.NDArray[np.str_]:
	"""The class of each item-warehouse, "AX" to "CZ", shape (N,).

	In falling order of value, A goes on until its items have 80 % of all value together, B until 95 %. X has
	a coefficient of variation of up to 0.5, Y of up to 1. Of equal values, the one that comes first is first.
	"""
	value = annual_value(items, demand).astype(np.float64)
	order = np.argsort(-value, kind="stable")
	total = value.sum()
	before = np.zeros(len(value))
	if total > 0:
		before[order] = (np.cumsum(value[order]) - value[order]) / total
	# a hair of slack: sums of shares end a little beside what they should
	abc = np.searchsorted(np.array(ABC_SHARES) - 1e-9, before, side="right")
	abc = np.where(value > 0, abc, len(ABC) - 1)
	xyz = np.searchsorted(XYZ_VARIATIONS, variation(demand), side="left")
	return np.char.add(np.array(ABC)[abc], np.array(XYZ)[xyz])


def members(classes: npt.NDArray[np.str_], name: str) -> npt.NDArray[np.bool_]:
	"""Which item-warehouses are in a class that is named by one letter or by both, shape (N,)."""
	if name not in CLASS_NAMES:
		raise ValueError(f"there is no class {name!r}, only {', '.join(CLASS_NAMES)}")
	found = np.ones(len(classes), bool)
	for letter in name:
		found &= np.char.find(classes, letter) >= 0
	return found
