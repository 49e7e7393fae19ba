"""Where a history ends: a few entries far after the rest, or far before it, do not move it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

#: less than this after the rest is not far
_FAR_DAYS = 14
#: of all entries, those that may be far
_FEW_SHARE, _FEW = 0.05, 3
#: a stretch is thinner than any other where it has this share of the entries of the thinnest, or less
_THIN = 1 / 3


def supported_days(day: npt.NDArray[np.datetime64]) -> tuple[np.datetime64, np.datetime64]:
	"""The first and last day that the dates of a history as a whole support; `day` has shape (E,).

	The history ends on the earliest day with a gap behind it as there was none before, after which only a few
	entries follow, over two weeks at least, and so few as in no stretch of that length before: three times as
	many anywhere else. Where the stretch is longer than all that was before, few are enough. It begins after
	what is earlier than its own length.
	"""
	days, counts = np.unique(day.astype("datetime64[D]").astype(np.int64), return_counts=True)
	few = max(_FEW, int(len(day) * _FEW_SHARE))
	last = _last(days, counts, few)
	# the other way round, only what is certainly wrong: a history may begin slowly
	first = -_last(-days[: last + 1][::-1], counts[: last + 1][::-1], _FEW, only_longer=True) - 1
	first_day, last_day = (int(days[: last + 1][at]) for at in (first, -1))
	return np.datetime64(first_day, "D"), np.datetime64(last_day, "D")


def _last(
	days: npt.NDArray[np.int64], counts: npt.NDArray[np.intp], few: int, *, only_longer: bool = False
) -> int:
	"""The place in `days` of the last supported one."""
	after = np.cumsum(counts[::-1])[::-1]
	total = int(after[0])
	gaps = np.diff(days)
	unusual = gaps > np.concatenate(([0], np.maximum.accumulate(gaps)))[:-1]
	for at in np.flatnonzero(unusual & (after[1:] <= few)).tolist():
		length, follow = int(days[-1] - days[at]), int(after[at + 1])
		if length < _FAR_DAYS or total - follow <= follow:
			continue
		known = int(days[at] - days[0]) + 1
		if length > max(known, 365 if only_longer else 0):
			return at
		if not only_longer and follow <= _THIN * _thinnest(days[: at + 1], counts[: at + 1], length):
			return at
	return len(days) - 1


def _thinnest(days: npt.NDArray[np.int64], counts: npt.NDArray[np.intp], length: int) -> int:
	"""The fewest entries in any stretch of `length` days within these."""
	running = np.concatenate(([0], np.cumsum(counts)))
	# the fewest are right after an entry, or right before one
	starts = np.concatenate((days + 1, days - length))
	starts = starts[(starts >= days[0]) & (starts + length - 1 <= days[-1])]
	if not len(starts):
		return 0
	inside = running[np.searchsorted(days, starts + length)] - running[np.searchsorted(days, starts)]
	return int(inside.min())
