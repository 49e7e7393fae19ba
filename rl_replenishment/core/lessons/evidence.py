"""What a lesson rests on: how often the buyer did so, what that saved, and if he has a quantity in mind."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.files.feedback import FeedbackRows
from rl_replenishment.core.lessons.answers import LEAST_MOVE, Answers, Doubles, Flags
from rl_replenishment.core.lessons.lessons import COSTS, SAVES, Lesson
from rl_replenishment.core.lessons.nodes import Nodes
from rl_replenishment.core.lessons.pooling import Level

#: A buyer who orders more by this share of what was followed adds to whatever is proposed, and has no
#: quantity in mind: following him leads nowhere. Who adds far more than he did at first, or keeps a part of
#: what followed him, has changed his mind.
_CHASED, _MOST_ADDED, _KEPT_FOLLOWED = 0.5, 1.75, 1 / 3
#: Of what was followed more from one change of an item to the next, he adds this share at least; who has had
#: more in mind since some day adds it once.
_ADDED_AGAIN = 0.2
_LEAST_CHASED = 3
#: below it, there is no chance at all that changes save
_NEVER = 0.02


def lessons_of(
	each: Nodes,
	level: Level,
	effect: Doubles,
	answers: Answers,
	steps: Steps,
	rows: FeedbackRows,
	values: npt.NDArray[np.float64],
	stake: Doubles,
	in_all: bool,
) -> list[Lesson]:
	"""The lessons of a kind, without how far they are followed.

	What changes saved is held against 0 by a normal approximation. One change that saved or lost all that is
	at `stake` is counted in: a little more stock costs a little each time, and pays once in a long while.
	"""
	chosen = np.flatnonzero(effect)
	if not len(chosen):
		return []
	counts = (level.node >= 0) & (level.weight > 0) & np.isin(level.node, chosen)
	at = np.flatnonzero(counts)
	node, move, changed = level.node[at], answers.move[at], answers.changed[at]

	def totals(where: Flags, of: Doubles | None = None) -> Doubles:
		weights = where.astype(np.float64) if of is None else np.where(where, of, 0.0)
		return np.asarray(np.bincount(node, weights=weights, minlength=level.nodes), dtype=np.float64)

	judged = changed & ~np.isnan(values[at])
	known = np.nan_to_num(values[at])
	value, squares = totals(judged, known), totals(judged, known**2)
	one_stake = totals(judged, stake[at]) / np.maximum(totals(judged), 1)
	sure = value / np.sqrt(np.maximum(squares + one_stake**2, 1e-12))
	everything = (level.node >= 0) & (answers.weight > 0)
	chased, is_known = is_chased(answers, steps, level.node, everything, level.nodes)
	# who has changed his mind is asked again from what he did since
	chased_now, is_known_now = is_chased(answers, steps, level.node, counts, level.nodes)
	chased = np.where(is_known, chased & (chased_now | ~is_known_now), in_all)
	raised, cut = totals(changed & (move > 0)), totals(changed & (move < 0))
	kept, count = totals(~changed), totals(judged)
	last = np.full(level.nodes, np.datetime64("NaT", "D"))
	dated = ~np.isnat(rows.date[at])
	last[np.unique(node)] = np.datetime64("1900-01-01")
	np.maximum.at(last, node[dated], rows.date[at][dated])
	return [
		Lesson(
			each.kind,
			**each.names[i],
			effect=round(float(effect[i]), 4),
			raised=int(raised[i]),
			cut=int(cut[i]),
			kept=int(kept[i]),
			judged=int(count[i]),
			value=round(float(value[i]), 2),
			worth=round(0.5 * (1 + math.erf(float(sure[i]) / math.sqrt(2))), 4),
			last=str(last[i]) if last[i] > np.datetime64("1900-01-01") else "",
			is_chased=bool(chased[i]),
		)
		for i in chosen.tolist()
	]


@dataclass(frozen=True, eq=False)
class Steps:
	"""From one change of an item to its next one, where more or less was followed the second time.

	Arrays of shape (S,). Who adds to whatever is proposed orders as much more as was followed; who has a
	quantity in mind orders that, and one who has another one in mind since does so from one step on.
	"""

	#: the later decision of each
	later: npt.NDArray[np.intp]
	#: what each counts for, and how much of it the buyer added
	weight: Doubles
	added: Doubles


def steps_of(answers: Answers, rows: FeedbackRows, index: npt.NDArray[np.intp]) -> Steps:
	changed = np.flatnonzero(answers.changed & (answers.weight > 0))
	changed = changed[np.lexsort((rows.date[changed], index[changed]))]
	before, later = changed[:-1], changed[1:]
	followed = answers.followed[later] - answers.followed[before]
	taken = (index[before] == index[later]) & (np.abs(followed) >= LEAST_MOVE)
	before, later, followed = before[taken], later[taken], followed[taken]
	share = np.clip((answers.move[later] - answers.move[before]) / followed, 0, 1)
	weight = np.square(followed)
	return Steps(later, weight, weight * share)


def is_chased(
	answers: Answers, steps: Steps, node: npt.NDArray[np.intp], counts: Flags, nodes: int
) -> tuple[Flags, Flags]:
	"""Where buyers add as much again of what follows them, and where enough is known of it, each of (K,)."""
	place, followed = np.maximum(node, 0), answers.followed != 0

	def mean(where: Flags, of: Doubles) -> tuple[Doubles, Doubles]:
		weights = (counts & where).astype(np.float64)
		total = np.bincount(place, weights=weights, minlength=nodes)
		summed = np.bincount(place, weights=weights * of, minlength=nodes)
		return np.asarray(summed / np.maximum(total, 1), np.float64), np.asarray(total, np.float64)

	first, first_ones = mean(answers.changed & ~followed, answers.move)
	later, count = mean(followed, answers.move)
	moved, _count = mean(followed, answers.followed)
	added, changed_again = mean(followed & answers.changed, answers.move - answers.followed)
	later, moved, added = (each * np.sign(first) for each in (later, moved, added))
	first = np.abs(first)
	known = (count >= _LEAST_CHASED) & (first_ones > 0)
	chased = (moved >= LEAST_MOVE) & (later - first >= np.maximum(_CHASED * moved, LEAST_MOVE))
	chased &= (added <= _MOST_ADDED * first) & (changed_again >= (1 - _KEPT_FOLLOWED) * count)
	of = place[steps.later]
	whole, with_it = (
		np.bincount(of, weights=each * counts[steps.later], minlength=nodes)
		for each in (steps.weight, steps.added)
	)
	chased &= with_it >= _ADDED_AGAIN * whole
	return np.asarray(chased), np.asarray(known)


def share_of(lesson: Lesson, trust: float) -> float:
	"""How far a lesson is followed: fully where it saves, less where it costs, else to `trust`."""
	if lesson.is_chased or trust <= 0:
		return 0.0
	return float(np.interp(lesson.worth, (_NEVER, COSTS, 0.5, SAVES), (0.0, trust, trust, 1.0)))
