"""Where a history ends: a few entries far after the rest, or far before it, do not move it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

#: less than this after the rest is not far
_FAR_DAYS = 14
#: so many entries must stand against each that is far
_AGAINST = 10
#: a stretch is thinner than any other where it has this share of the entries of the thinnest, or less
_THIN = 1 / 3


def supported_days(day: npt.NDArray[np.datetime64]) -> tuple[np.datetime64, np.datetime64]:
	"""The first and last day that the dates of a history as a whole support; `day` has shape (E,).

	The history ends on the earliest day with a gap behind it as there was none before, after which only a few
	entries follow, over two weeks at least, and so few as in no stretch of that length before: three times as
	many anywhere else. Where the stretch is longer than all that was before, few are enough. It begins after
	what is earlier than its own length.
	"""
	number = day.astype("datetime64[D]").astype(np.int64)
	lines = np.bincount(number - number.min())
	days = np.flatnonzero(lines)
	counts, days = lines[days], days + number.min()
	last = _last(days, counts)
	# the other way round, only what is certainly wrong: a history may begin slowly
	first = -_last(-days[: last + 1][::-1], counts[: last + 1][::-1], only_longer=True) - 1
	first_day, last_day = (int(days[: last + 1][at]) for at in (first, -1))
	return np.datetime64(first_day, "D"), np.datetime64(last_day, "D")


def _last(days: npt.NDArray[np.int64], counts: npt.NDArray[np.intp], *, only_longer: bool = False) -> int:
	"""The place in `days` of the last supported one."""
	after = np.cumsum(counts[::-1])[::-1]
	few = int(after[0]) // (_AGAINST + 1)
	gaps = np.diff(days)
	unusual = gaps > np.concatenate(([0], np.maximum.accumulate(gaps)))[:-1]
	for at in np.flatnonzero(unusual & (after[1:] <= few)).tolist():
		length, follow = int(days[-1] - days[at]), int(after[at + 1])
		if length < _FAR_DAYS:
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
