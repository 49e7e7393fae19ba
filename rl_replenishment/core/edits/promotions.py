"""Demand that a buyer's changes had announced as passing, taken out of what forecasts look at."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.feedback import ROUNDING
from rl_replenishment.core.files.feedback import FeedbackRows
from rl_replenishment.core.items import ItemTable

#: reasons that announce demand which will not last
PASSING = ("promotion", "project")
#: days before a decision over which the usual demand is measured, and days that what it announces may last
_USUAL_DAYS, _LASTS = 91, 14


def without_announced_demand(
	items: ItemTable,
	history: DemandHistory,
	rows: FeedbackRows,
	index: npt.NDArray[np.intp],
	review_days: int,
) -> DemandHistory:
	"""The history as it would have been without the promotions and projects that the buyer ordered for.

	A forecast that takes a promotion for the new level orders too much when it is over. For each such change
	at most what the buyer added is taken off, from days above the usual demand of the 91 days before the
	decision, from when the goods arrived to two weeks after the next could. `index`, shape (E,), is each
	row's position in `items` and `history`.
	"""
	added = rows.ordered_qty - rows.proposed_qty
	announced = [
		row
		for row in np.flatnonzero((added > ROUNDING) & ~np.isnat(rows.date))
		if rows.reason[row].strip().casefold() in PASSING
	]
	if not announced:
		return history
	demand = history.demand.copy()
	for row in sorted(announced, key=lambda row: rows.date[row]):
		item = int(index[row])
		decided = int((rows.date[row] - history.start).astype(int))
		first = decided + int(items.whole_lead_time_days[item])
		days = demand[max(first, 0) : max(first + 2 * review_days + _LASTS, 0), item]
		usual = demand[max(decided - _USUAL_DAYS, 0) : max(decided, 0), item]
		if not len(days) or not len(usual):
			continue
		_take_off(days, float(usual.mean()), float(added[row]))
	return replace(history, demand=demand)


def _take_off(days: npt.NDArray[np.float32], usual: float, quantity: float) -> None:
	"""Lower the days above the usual demand, in place, by up to `quantity` in all, in proportion."""
	above = np.maximum(days - usual, 0)
	total = float(above.sum())
	if total <= 0:
		return
	whole = bool((days == np.rint(days)).all())
	days -= above * min(quantity / total, 1.0)
	if whole:
		np.rint(days, out=days)
