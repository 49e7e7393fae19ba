"""From all settled decisions to lessons, in one call."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.files.feedback import FeedbackRows
from rl_replenishment.core.items import ItemTable
from rl_replenishment.core.lessons.answers import LEAST_MOVE, Answers, Doubles, Flags, read
from rl_replenishment.core.lessons.lessons import (
	COSTS,
	SAVES,
	SEASONS,
	Kind,
	Lesson,
	Lessons,
	is_off,
	ordered,
	season_of,
)
from rl_replenishment.core.lessons.memory import HALF_LIFE_DAYS, SEASON_HALF_LIFE_DAYS, fading, undone
from rl_replenishment.core.lessons.pooling import Level, effects

#: how far lessons are followed whose worth is not known yet, unless an agent says otherwise
TRUST = 0.9
#: decisions without a move that each node starts with: the broader, the more
_PRIOR: Mapping[Kind, float] = {
	"agent": 12.0,
	"warehouse": 6.0,
	"supplier": 6.0,
	"group": 1.5,
	"season": 3.0,
	"item": 3.0,
}
#: Pairs of an item's changes, of usual size and alike, that are counted in where it is asked how far changes
#: repeat, and the least that it may come to.
_ALIKE, _LEAST_STEADY = 2.0, 0.05
#: different items that a lesson must rest on
_LEAST_ITEMS: Mapping[Kind, int] = {
	"agent": 5,
	"warehouse": 3,
	"supplier": 2,
	"group": 2,
	"season": 2,
	"item": 1,
}
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


@dataclass(frozen=True, eq=False)
class _Nodes:
	"""What a kind of lesson is about: K nodes."""

	kind: Kind
	#: the node of each decision, shape (E,), -1 for none
	node: npt.NDArray[np.intp]
	#: of each node, as `Lesson` takes them
	names: list[dict[str, Any]]


def fit_lessons(
	items: ItemTable,
	rows: FeedbackRows,
	index: npt.NDArray[np.intp],
	today: np.datetime64,
	*,
	values: npt.NDArray[np.float64] | None = None,
	restored: Flags | None = None,
	trust: float = TRUST,
	off: Collection[str] = (),
	forgotten: Mapping[str, np.datetime64] | None = None,
) -> Lessons:
	"""Fit lessons to E decisions; `index`, shape (E,), is each one's position in `items`.

	`values`, shape (E,), is what each saved in hindsight, in money, NaN where that is not known; `restored`,
	shape (E,), says which only restored a pack or a minimum order. `trust` is how far lessons are followed
	whose worth is not known, 0 for not at all, whatever their worth. `off` holds the keys of lessons that are
	not followed, and `forgotten` by key the day until which decisions say nothing about its items.
	"""
	if not len(rows):
		return Lessons(day=str(today))
	answers = read(rows, index, items.order_unit[index], restored)
	nodes = _nodes(items, rows, index)
	if forgotten:
		answers = replace(answers, weight=answers.weight * ~_forgotten(nodes, rows, forgotten))
	alive, alive_in_season = _alive(nodes, answers, rows, index)
	steady = _steadiness(answers, index, alive)
	levels = [_level(each, answers, rows, index, today, alive, alive_in_season, steady) for each in nodes]
	group = next(level for level in levels if level.name == "group")
	for level in levels:
		if level.name in ("agent", "warehouse", "supplier"):
			level.allowed[_is_one_group(level, group, answers, index)] = False
	found = effects(levels, answers.move)
	known = np.full(len(rows), np.nan) if values is None else values
	# what a change makes the difference of where it comes to the last unit
	stake = items.stockout_cost[index].astype(np.float64) * np.abs(rows.ordered_qty - rows.proposed_qty)
	everything = np.zeros(len(rows), dtype=np.intp)
	steps = _steps(answers, rows, index)
	(in_all,), _known = _is_chased(answers, steps, everything, answers.weight > 0, 1)
	lessons = [
		lesson
		for each, level, effect in zip(nodes, levels, found, strict=True)
		for lesson in _lessons(each, level, effect, answers, steps, rows, known, stake, in_all)
	]
	lessons = [replace(each, share=_share(each, trust), is_on=not is_off(each, off)) for each in lessons]
	own = _own(nodes, levels, found, answers, rows, index, today)
	return Lessons(ordered(lessons), {items.keys[at]: move for at, move in own.items()}, str(today))


def _nodes(items: ItemTable, rows: FeedbackRows, index: npt.NDArray[np.intp]) -> list[_Nodes]:
	everything = _Nodes("agent", np.zeros(len(rows), dtype=np.intp), [{"name": ""}])
	found = [everything]
	texts: tuple[tuple[Kind, tuple[str, ...]], ...] = (
		("warehouse", tuple(key.warehouse for key in items.keys)),
		("supplier", items.suppliers),
		("group", items.groups),
	)
	for kind, of_item in texts:
		names, place = np.unique(np.array(of_item, dtype=object).astype(str), return_inverse=True)
		if len(names) > 1 or kind != "warehouse":
			# what has no name has nothing in common
			node = np.where(names[place] == "", -1, place)[index]
			found.append(_Nodes(kind, node, [{"name": str(name)} for name in names]))
	groups = found[-1]
	months = (rows.date.astype("datetime64[M]").astype(np.int64)) % 12 + 1
	season = np.where(np.isnat(rows.date), -1, months % 12 // 3)
	node = np.where((groups.node >= 0) & (season >= 0), groups.node * len(SEASONS) + season, -1)
	names_of_seasons = [{**name, "month": month} for name in groups.names for month in SEASONS]
	found.append(_Nodes("season", node, names_of_seasons))
	of_items = [{"name": key.item_code, "warehouse": key.warehouse} for key in items.keys]
	found.append(_Nodes("item", index, of_items))
	return found


def _forgotten(nodes: list[_Nodes], rows: FeedbackRows, until: Mapping[str, np.datetime64]) -> Flags:
	"""Decisions that are to say nothing any more, shape (E,)."""
	gone = np.zeros(len(rows), dtype=np.bool_)
	for each in nodes:
		for at, name in enumerate(each.names):
			day = until.get(Lesson(each.kind, **name).key)
			if day is not None:
				gone |= (each.node == at) & ~(rows.date > day)
	return gone


def _alive(
	nodes: list[_Nodes], answers: Answers, rows: FeedbackRows, index: npt.NDArray[np.intp]
) -> tuple[Flags, Flags]:
	"""Decisions that no later ones have undone, each of shape (E,): at any time, and in their season."""
	gone, gone_in_season = (np.zeros(len(rows), dtype=np.bool_) for _ in range(2))
	for each in nodes:
		if each.kind != "agent":
			# of what has items of several groups, more than one must say so
			least = 2 if each.kind in ("supplier", "warehouse") else 1
			found = undone(answers.move, answers.weight, rows.date, each.node, index, least)
			if each.kind == "season":
				gone_in_season |= found
			else:
				gone |= found
	return ~gone, ~gone_in_season


def _steadiness(answers: Answers, index: npt.NDArray[np.intp], alive: Flags) -> float:
	"""How far changes of an item repeat the earlier ones: 1 for fully, 0 as good as for not at all.

	The correlation within items, over pairs of changes. Where it is low, a change says little about the next
	one, and all effects are drawn further towards nothing.
	"""
	chosen = np.flatnonzero(answers.changed & (answers.move != 0) & alive & (answers.weight > 0))
	if not len(chosen):
		return 1.0
	move, item = answers.move[chosen], index[chosen]
	times, total, squares = (np.bincount(item, weights=move**power) for power in range(3))
	usual = _ALIKE * float(np.square(move).mean())
	alike = float((total**2 - squares).sum()) + usual
	at_most = float((np.maximum(times - 1, 0) * squares).sum()) + usual
	return float(np.clip(alike / at_most, _LEAST_STEADY, 1))


def _level(
	each: _Nodes,
	answers: Answers,
	rows: FeedbackRows,
	index: npt.NDArray[np.intp],
	today: np.datetime64,
	alive: Flags,
	alive_in_season: Flags,
	steady: float,
) -> Level:
	is_season, is_item = each.kind == "season", each.kind == "item"
	weight = answers.weight * (alive_in_season if is_season else alive)
	weight = weight * fading(rows.date, today, SEASON_HALF_LIFE_DAYS if is_season else HALF_LIFE_DAYS)
	if not is_item:
		# a whole pack more of a small order says little about others
		weight = weight / (1 + np.square(2 * answers.step))
	count = len(each.names)
	allowed = _is_wide(each, answers, rows, index, weight)
	if is_season:
		# before a second season is known, what was changed in one may hold all year
		seen = np.zeros(count, dtype=np.bool_)
		seen[each.node[(each.node >= 0) & (answers.weight > 0)]] = True
		several = seen.reshape(-1, len(SEASONS)).sum(axis=1) > 1
		allowed &= np.repeat(several, len(SEASONS)) & _is_of_its_own(each.node, weight, answers.move, count)
	return Level(
		name=each.kind,
		node=each.node,
		nodes=count,
		prior=_PRIOR[each.kind] / steady,
		weight=weight,
		allowed=allowed,
		# of a season, what the other ones of the group have not
		least=(2 if is_season else 1) * LEAST_MOVE,
		is_shared=not is_item,
	)


def _is_of_its_own(node: npt.NDArray[np.intp], weight: Doubles, move: Doubles, count: int) -> Flags:
	"""Whether a season's changes are not those of its group's other seasons as well, shape (K,)."""
	place, known = np.maximum(node, 0), np.where(node >= 0, weight, 0.0)
	own = np.asarray(np.bincount(place, weights=known, minlength=count), dtype=np.float64)
	moved = np.asarray(np.bincount(place, weights=known * move, minlength=count), dtype=np.float64)

	def others(total: Doubles) -> Doubles:
		by_group = total.reshape(-1, len(SEASONS))
		return np.asarray(by_group.sum(axis=1, keepdims=True) - by_group).ravel()

	mean, mean_of_others = moved / np.maximum(own, 1e-9), others(moved) / np.maximum(others(own), 1e-9)
	return np.asarray(np.abs(mean - mean_of_others) >= 2 * LEAST_MOVE)


def _is_wide(
	each: _Nodes, answers: Answers, rows: FeedbackRows, index: npt.NDArray[np.intp], weight: Doubles
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


def _is_one_group(level: Level, group: Level, answers: Answers, index: npt.NDArray[np.intp]) -> Flags:
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


def _lessons(
	each: _Nodes,
	level: Level,
	effect: Doubles,
	answers: Answers,
	steps: _Steps,
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
	chased, is_known = _is_chased(answers, steps, level.node, everything, level.nodes)
	# who has changed his mind is asked again from what he did since
	chased_now, is_known_now = _is_chased(answers, steps, level.node, counts, level.nodes)
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
class _Steps:
	"""From one change of an item to its next one, where more or less was followed the second time.

	Arrays of shape (S,). Who adds to whatever is proposed orders as much more as was followed; who has a
	quantity in mind orders that, and one who has another one in mind since does so from one step on.
	"""

	#: the later decision of each
	later: npt.NDArray[np.intp]
	#: what each counts for, and how much of it the buyer added
	weight: Doubles
	added: Doubles


def _steps(answers: Answers, rows: FeedbackRows, index: npt.NDArray[np.intp]) -> _Steps:
	changed = np.flatnonzero(answers.changed & (answers.weight > 0))
	changed = changed[np.lexsort((rows.date[changed], index[changed]))]
	before, later = changed[:-1], changed[1:]
	followed = answers.followed[later] - answers.followed[before]
	taken = (index[before] == index[later]) & (np.abs(followed) >= LEAST_MOVE)
	before, later, followed = before[taken], later[taken], followed[taken]
	share = np.clip((answers.move[later] - answers.move[before]) / followed, 0, 1)
	weight = np.square(followed)
	return _Steps(later, weight, weight * share)


def _is_chased(
	answers: Answers, steps: _Steps, node: npt.NDArray[np.intp], counts: Flags, nodes: int
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


def _share(lesson: Lesson, trust: float) -> float:
	"""How far a lesson is followed: fully where it saves, less where it costs, else to `trust`."""
	if lesson.is_chased or trust <= 0:
		return 0.0
	return float(np.interp(lesson.worth, (_NEVER, COSTS, 0.5, SAVES), (0.0, trust, trust, 1.0)))


def _own(
	nodes: list[_Nodes],
	levels: list[Level],
	found: list[Doubles],
	answers: Answers,
	rows: FeedbackRows,
	index: npt.NDArray[np.intp],
	today: np.datetime64,
) -> dict[int, float]:
	"""Mean move of what was changed of each item, see `Lessons.own`, by its position."""
	by_item, by_season = levels[-1].weight, levels[-2].weight
	season = SEASONS.index(season_of(today))
	now = (nodes[-2].node >= 0) & (nodes[-2].node % len(SEASONS) == season) & (by_season > 0)
	count = len(nodes[-1].names)
	in_season = np.bincount(index[now], minlength=count) > 0
	# what was done at this time of the year, where that is known
	weight = np.where(in_season[index], by_season * now, by_item)
	concerned = (answers.changed | (answers.followed != 0)) & ~answers.for_once
	total = np.bincount(index, weights=weight * concerned, minlength=count)
	moved = np.bincount(index, weights=weight * concerned * answers.move, minlength=count)
	result = {int(at): float(moved[at] / total[at]) for at in np.flatnonzero(total > 0)}
	# kept, and since when its like was changed
	since = np.full(len(rows), np.datetime64("2300-01-01"))
	for each, level, effect in zip(nodes[:-1], levels[:-1], found[:-1], strict=True):
		known = (level.node >= 0) & (level.weight > 0) & answers.changed & ~np.isnat(rows.date)
		first = np.full(len(each.names), np.datetime64("2300-01-01"))
		np.minimum.at(first, level.node[known], rows.date[known])
		first[effect == 0] = np.datetime64("2300-01-01")
		since = np.where(level.node >= 0, np.minimum(since, first[np.maximum(level.node, 0)]), since)
	kept = ~concerned & ~answers.for_once & (by_item > 0) & (rows.date >= since)
	for at in np.unique(index[kept]).tolist():
		result.setdefault(at, 0.0)
	return result
