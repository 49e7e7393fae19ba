"""How long a decision counts: it fades with time, and is forgotten where the buyer has changed his mind."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.lessons.answers import LEAST_MOVE, Doubles, Flags

#: days after which a decision counts half
HALF_LIFE_DAYS = 180.0
#: the same for what is said about a time of the year
SEASON_HALF_LIFE_DAYS = 730.0
#: latest decisions that are held against those before them
_LATEST = (3, 4, 5, 8, 13, 21, 34, 55, 89, 144)
#: earlier decisions that there must be
_LEAST_EARLIER = 3
#: decisions vary by so much at least
_LEAST_DEVIATION = 0.05
#: a difference of so many standard errors is no accident
_CLEAR = 3.0


def fading(date: npt.NDArray[np.datetime64], today: np.datetime64, half_life: float) -> Doubles:
	"""What E decisions still count for, shape (E,); those without a date are as of today."""
	age = np.where(np.isnat(date), 0.0, (today - date).astype(np.float64))
	return np.asarray(0.5 ** (np.maximum(age, 0.0) / half_life))


def undone(
	move: Doubles,
	weight: Doubles,
	date: npt.NDArray[np.datetime64],
	node: npt.NDArray[np.intp],
	item: npt.NDArray[np.intp],
	least_items: int,
) -> Flags:
	"""Which of E decisions no longer hold, since the latest ones of their node contradict them, shape (E,).

	The latest 3, 4, 5, 8, ... decisions of each node, later days' among them, are held against those before
	them by a two-sample test. Earlier ones are forgotten where they moved orders and the latest do so by half
	less, half more, or the other way, or where they did not and most of the latest do. The latest come from
	`least_items` items or more. Decisions without a date are the latest.
	"""
	gone = np.zeros(len(move), dtype=np.bool_)
	counted = np.flatnonzero((weight > 0) & (node >= 0))
	if not len(counted):
		return gone
	counted = counted[np.lexsort((date[counted], node[counted]))]
	nodes, first, count = np.unique(node[counted], return_index=True, return_counts=True)
	last = first + count
	days = _days(date[counted], first)
	day = np.repeat(np.arange(len(days) - 1), np.diff(days))
	last_day = days[day[last - 1]]
	own, own_move = weight[counted], move[counted]

	def summed(of: Doubles) -> Doubles:
		"""Up to each decision; of one day none is earlier: each counts as their mean."""
		means = np.bincount(day, weights=of) / np.diff(days)
		return np.concatenate([[0.0], np.cumsum(means[day])])

	sums = [summed(own * own_move**power) for power in range(3)]
	often = summed((np.abs(own_move) > LEAST_MOVE).astype(np.float64))
	best, cut = np.full(len(nodes), _CLEAR), first.copy()
	for latest in _LATEST:
		border = np.minimum(np.maximum(last - latest, first), last_day)
		enough = border - first >= _LEAST_EARLIER
		if not enough.any():
			break
		(old_weight, old, old_square), (new_weight, new, new_square) = (
			[total[end] - total[start] for total in sums] for start, end in ((first, border), (border, last))
		)
		old_weight, new_weight = (np.maximum(each, 1e-9) for each in (old_weight, new_weight))
		old_mean, new_mean = old / old_weight, new / new_weight
		within = old_square - old * old_mean + new_square - new * new_mean
		deviation = np.sqrt(np.maximum(within, 0) / (old_weight + new_weight) + _LEAST_DEVIATION**2)
		clear = np.abs(new_mean - old_mean) / (deviation * np.sqrt(1 / old_weight + 1 / new_weight))
		# who never moved anything to speak of, and now does so with most
		begins = (old_square <= old_weight * _LEAST_DEVIATION**2) & (
			2 * (often[last] - often[border]) > last - border
		)
		turned = np.abs(new_mean - old_mean) > np.maximum(np.abs(old_mean) / 2, LEAST_MOVE)
		turned &= begins | (np.abs(old_mean) > LEAST_MOVE)
		found = np.flatnonzero(enough & turned & (clear > best))
		# from the next day on, where the border is within one
		border = days[days.searchsorted(border)]
		if least_items > 1:
			several = [len(np.unique(item[counted[border[at] : last[at]]])) >= least_items for at in found]
			found = found[np.array(several, dtype=np.bool_)]
		best[found], cut[found] = clear[found], border[found]
	place = np.arange(len(counted))
	gone[counted] = place < np.repeat(cut, count)
	return gone


def _days(date: npt.NDArray[np.datetime64], first: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
	"""Where days begin among sorted decisions of nodes that begin at `first`, and where the last one ends."""
	starts = np.ones(len(date) + 1, dtype=np.bool_)
	starts[1:-1] = (date[1:] != date[:-1]) & ~(np.isnat(date[1:]) & np.isnat(date[:-1]))
	starts[first] = True
	return np.flatnonzero(starts)
