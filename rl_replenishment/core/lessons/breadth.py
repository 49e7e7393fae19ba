"""Of which nodes anything may be said: those that enough of their items agree on."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.files.feedback import FeedbackRows
from rl_replenishment.core.lessons.answers import LEAST_MOVE, Answers, Doubles, Flags
from rl_replenishment.core.lessons.lessons import SEASONS, Kind
from rl_replenishment.core.lessons.nodes import Nodes
from rl_replenishment.core.lessons.pooling import Level

#: different items that a lesson must rest on
_LEAST_ITEMS: Mapping[Kind, int] = {
	"agent": 5,
	"warehouse": 3,
	"supplier": 2,
	"group": 2,
	"season": 2,
	"item": 1,
}
#: changes one way more than the other way that are a buyer's own way
_LEAST_OWN_WAY = 1.5


def is_wide(
	each: Nodes, answers: Answers, rows: FeedbackRows, index: npt.NDArray[np.intp], weight: Doubles
) -> Flags:
	"""Whether a node's changes are mostly one way, and of enough items and most decided about since, (K,)."""
	count, width = len(each.names), int(index.max(initial=0)) + 1
	place = np.maximum(each.node, 0)
	counted = (each.node >= 0) & (weight > 0)
	moved = counted & (answers.changed | (answers.followed != 0))
	day = np.where(np.isnat(rows.date), np.datetime64("2300-01-01"), rows.date)
	first = np.full(count, np.datetime64("2300-01-01"))
	np.minimum.at(first, each.node[moved], day[moved])
	since = counted & (day >= first[place])

	def different(where: Flags) -> npt.NDArray[np.intp]:
		pairs = np.unique(each.node[where].astype(np.int64) * width + index[where])
		return np.bincount(pairs // width, minlength=count)

	def times(where: Flags) -> npt.NDArray[np.float64]:
		return np.asarray(np.bincount(place, weights=weight * where, minlength=count), dtype=np.float64)

	items = different(moved)
	raised, cut = (times(moved & (sign * answers.move > 0)) for sign in (1, -1))
	# who raises as often as he cuts has no opinion of all of them
	is_common = np.abs(raised - cut) >= (raised + cut) / 2
	return np.asarray((items >= _LEAST_ITEMS[each.kind]) & (2 * items > different(since)) & is_common)


def is_of_its_own(node: npt.NDArray[np.intp], weight: Doubles, move: Doubles, count: int) -> Flags:
	"""Whether a season's changes are not those of its group's other seasons as well, shape (K,)."""
	place, known = np.maximum(node, 0), np.where(node >= 0, weight, 0.0)
	own = np.asarray(np.bincount(place, weights=known, minlength=count), dtype=np.float64)
	moved = np.asarray(np.bincount(place, weights=known * move, minlength=count), dtype=np.float64)

	def others(total: Doubles) -> Doubles:
		by_group = total.reshape(-1, len(SEASONS))
		return np.asarray(by_group.sum(axis=1, keepdims=True) - by_group).ravel()

	mean, mean_of_others = moved / np.maximum(own, 1e-9), others(moved) / np.maximum(others(own), 1e-9)
	return np.asarray(np.abs(mean - mean_of_others) >= 2 * LEAST_MOVE)


def is_disputed(each: Nodes, answers: Answers, rows: FeedbackRows, weight: Doubles) -> Flags:
	"""Where one buyer raises what another one cuts, each more than once: nobody's way is followed, (K,)."""
	names, buyer = np.unique(np.array(rows.buyer, dtype=str), return_inverse=True)
	count = len(each.names)
	if len(names) < 2:
		return np.zeros(count, dtype=np.bool_)
	counted = (each.node >= 0) & answers.changed & (weight > 0)
	pairs, place = np.unique(
		each.node[counted].astype(np.int64) * len(names) + buyer[counted], return_inverse=True
	)
	way = np.bincount(place, weights=weight[counted] * np.sign(answers.move[counted]), minlength=len(pairs))
	raises, cuts = (
		np.bincount(pairs[sign * way >= _LEAST_OWN_WAY] // len(names), minlength=count) for sign in (1, -1)
	)
	return np.asarray((raises > 0) & (cuts > 0))


def is_one_group(level: Level, group: Level, answers: Answers, index: npt.NDArray[np.intp]) -> Flags:
	"""Nodes of which nothing tells yet that more was meant than one group of theirs, shape (K,).

	That is where all that was changed is of one group, and all that was decided of the group is of the node.
	"""
	counted = (level.node >= 0) & (level.weight > 0)
	# what has no group has nothing in common with others
	of = np.where(group.node >= 0, group.node, group.nodes + index)
	width = group.nodes + int(index.max(initial=0)) + 1
	pair = level.node.astype(np.int64) * width + of
	moved = np.unique(pair[counted & (answers.changed | (answers.followed != 0))])
	_nodes, first, groups = np.unique(moved // width, return_index=True, return_counts=True)
	alone = moved[first[groups == 1]]
	# an item is of one group, and of one node
	_items, decided = np.unique(np.where(level.weight > 0, index, -1), return_index=True)
	decided = decided[level.weight[decided] > 0]
	of_group = np.bincount(of[decided], minlength=width)
	pairs, inside = np.unique(pair[decided], return_counts=True)
	is_whole = inside[np.searchsorted(pairs, alone)] == of_group[alone % width]
	found = np.zeros(level.nodes, dtype=np.bool_)
	found[alone[is_whole] // width] = True
	return found
