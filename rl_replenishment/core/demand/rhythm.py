"""What one entry of a history stands for: a day's demand, or the total of a week, a month or a quarter."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Rhythm: TypeAlias = Literal["daily demand", "weekly totals", "monthly totals", "quarterly totals"]
DAILY: Rhythm = "daily demand"
WEEKLY: Rhythm = "weekly totals"
MONTHLY: Rhythm = "monthly totals"
QUARTERLY: Rhythm = "quarterly totals"
#: from so many periods on, dates that all fall on one day of the week or month are no accident
_PERIODS = 8


def rhythm_of(day: npt.NDArray[np.datetime64]) -> Rhythm:
	"""The rhythm that the dates of a history keep, shape (E,), each of them a day."""
	number = day.astype("datetime64[D]").astype(np.int64)
	days = (np.flatnonzero(np.bincount(number - number.min())) + number.min()).astype("datetime64[D]")
	if len(days) < _PERIODS:
		return DAILY
	gaps = np.diff(days.astype(np.int64))
	if not (gaps % 7).any():
		return WEEKLY
	months = days.astype("datetime64[M]")
	last = (months + np.timedelta64(1, "M")).astype("datetime64[D]") - np.timedelta64(1, "D")
	if (days == months.astype("datetime64[D]")).all() or (days == last).all():
		return MONTHLY
	return DAILY
