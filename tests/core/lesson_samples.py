"""A small company, and decisions on its proposals, for the tests of lessons."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from rl_replenishment.core.files.feedback import FeedbackRows
from rl_replenishment.core.items import ItemKey, ItemTable
from rl_replenishment.core.lessons.fitting import fit_lessons
from rl_replenishment.core.lessons.lessons import Lessons

START = np.datetime64("2025-03-03")
#: four groups of six items; the first three of each group come from one supplier, the others from another
GROUPS, EACH = ("Lawn Care", "Paint", "Fixings", "Tools"), 6
KEYS = tuple(ItemKey(f"{group[:1]}{number}") for group in GROUPS for number in range(EACH))
ITEMS = ItemTable.create(
	KEYS,
	[f"{'Near' if number < 3 else 'Far'} {group}" for group in GROUPS for number in range(EACH)],
	[group for group in GROUPS for _number in range(EACH)],
	lead_time_days=5,
	unit_cost=10,
)
LAWN, PAINT = range(EACH), range(EACH, 2 * EACH)
#: the position, the day, and the factor of what was ordered, of each decision
Decision = tuple[int, int, float]


def rows_of(decisions: Sequence[Decision], *, asked: float = 100.0, reason: str = "") -> FeedbackRows:
	"""Decisions on proposals of `asked`, which were the policy's own."""
	count = len(decisions)
	return FeedbackRows(
		tuple(KEYS[item] for item, _day, _factor in decisions),
		proposed_qty=np.full(count, asked),
		ordered_qty=np.array([asked * factor for _item, _day, factor in decisions]),
		date=START + np.array([day for _item, day, _factor in decisions], dtype="timedelta64[D]"),
		on_hand=np.zeros(count),
		on_order=np.zeros(count),
		reason=(reason,) * count,
	)


def fit(rows: FeedbackRows, day: int, **options: object) -> Lessons:
	index = np.array([KEYS.index(key) for key in rows.keys], dtype=np.intp)
	return fit_lessons(ITEMS, rows, index, START + np.timedelta64(day, "D"), **options)  # type: ignore[arg-type]


def factors(decisions: Sequence[Decision], day: int = 7, **options: object) -> list[float]:
	found = fit(rows_of(decisions), day, **options).factor(ITEMS, START + np.timedelta64(day, "D"))
	return [float(value) for value in found]


def live(
	buyer: Callable[[int, int, float], float],
	weeks: int,
	items: Sequence[int] = range(len(KEYS)),
	**options: object,
) -> tuple[FeedbackRows, list[list[float]]]:
	"""Weekly rounds in which proposals follow what was learned so far; the factors of each week.

	The buyer orders `buyer(item, week, proposed)`, where the policy itself asks for 100 each time.
	"""
	asked = 100.0
	columns: list[list[float]] = [[], [], []]
	keys: list[ItemKey] = []
	by_week = []
	for week in range(weeks):
		rows = decided(keys, *columns)
		factor = fit(rows, 7 * week, **options).factor(ITEMS, START + np.timedelta64(7 * week, "D"))
		by_week.append([float(value) for value in factor])
		for item in items:
			proposed = round(asked * by_week[-1][item])
			keys.append(KEYS[item])
			for column, value in zip(
				columns, (proposed, buyer(item, week, proposed), 7.0 * week), strict=True
			):
				column.append(float(value))
	return decided(keys, *columns), by_week


def decided(
	keys: Sequence[ItemKey], proposed: list[float], ordered: list[float], day: list[float]
) -> FeedbackRows:
	count = len(keys)
	return FeedbackRows(
		tuple(keys),
		proposed_qty=np.array(proposed),
		ordered_qty=np.array(ordered),
		date=START + np.array(day).astype("timedelta64[D]"),
		on_hand=np.zeros(count),
		on_order=np.zeros(count),
		reason=("",) * count,
		policy_qty=np.full(count, 100.0),
	)
