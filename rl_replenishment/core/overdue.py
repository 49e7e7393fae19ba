"""Open orders that should have come long ago: nobody may count on them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.items import FloatArray

#: whatever its lead time, an order may be so many days late
LEAST_PATIENCE_DAYS = 14
#: the share of its lead time that an order may be late
_OF_LEAD_TIME = 0.5
#: standard deviations of the lead time that an order may be late: hardly one in a thousand is later
_DEVIATIONS = 3.0


def patience_days(
	lead_time_days: npt.NDArray[np.number], lead_time_std_days: npt.NDArray[np.number]
) -> FloatArray:
	"""Days after its date that an open order of N items may still come, shape (N,).

	By how far the supplier's deliveries usually spread, half the lead time where that is longer, two weeks
	at least. What is later was lost, forgotten or delivered without being booked, and does not fill a shelf.
	"""
	usual = np.maximum(_DEVIATIONS * lead_time_std_days, _OF_LEAD_TIME * lead_time_days)
	return np.maximum(usual, LEAST_PATIENCE_DAYS).astype(np.float32)


def long_overdue(
	index: npt.NDArray[np.integer], days_ahead: npt.NDArray[np.integer], patience: FloatArray
) -> npt.NDArray[np.bool_]:
	"""Which of A open orders are too late to be counted on, shape (A,).

	`index` and `days_ahead` give each one's item and the days until its date, below 0 where that has passed;
	`patience`, shape (N,), is what `patience_days` says.
	"""
	return np.asarray(-days_ahead > patience[index], dtype=bool)


def overdue_by_item(
	items: int,
	index: npt.NDArray[np.integer],
	days_ahead: npt.NDArray[np.integer],
	quantity: npt.NDArray[np.floating],
) -> tuple[FloatArray, FloatArray]:
	"""The quantity of such orders, and the days that the latest due of them is late, each of shape (N,)."""
	total = np.bincount(index, weights=quantity, minlength=items).astype(np.float32)
	days = np.full(items, np.inf, np.float32)
	np.minimum.at(days, index, -np.asarray(days_ahead, np.float32))
	return total, np.where(np.isinf(days), np.float32(0), days)
