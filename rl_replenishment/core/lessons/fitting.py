"""From all settled decisions to lessons, in one call."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.files.feedback import FeedbackRows
from rl_replenishment.core.items import ItemTable
from rl_replenishment.core.lessons.answers import LEAST_MOVE, Answers, Doubles, Flags, read
from rl_replenishment.core.lessons.breadth import is_disputed, is_of_its_own, is_one_group, is_wide
from rl_replenishment.core.lessons.evidence import is_chased, lessons_of, share_of, steps_of
from rl_replenishment.core.lessons.lessons import SEASONS, Kind, Lesson, Lessons, is_off, ordered, season_of
from rl_replenishment.core.lessons.memory import HALF_LIFE_DAYS, SEASON_HALF_LIFE_DAYS, fading, undone
from rl_replenishment.core.lessons.nodes import Nodes, nodes_of
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


def fit_lessons(
	items: ItemTable,
	rows: FeedbackRows,
	index: npt.NDArray[np.intp],
	today: np.datetime64,
	*,
	values: npt.NDArray[np.float64] | None = None,
	restored: Flags | None = None,
	suppliers: Sequence[str] = (),
	trust: float = TRUST,
	off: Collection[str] = (),
	forgotten: Mapping[str, np.datetime64] | None = None,
) -> Lessons:
	"""Fit lessons to E decisions; `index`, shape (E,), is each one's position in `items`.

	`values`, shape (E,), is what each saved in hindsight, in money, NaN where that is not known; `restored`,
	shape (E,), says which only restored a pack or a minimum order, and `suppliers` whom each was ordered
	from, where that is known: who orders from another one says nothing of the item's supplier of today.
	`trust` is how far lessons are followed whose worth is not known, 0 for not at all, whatever their worth.
	`off` holds the keys of lessons that are not followed, and `forgotten` by key the day until which
	decisions say nothing about its items.
	"""
	if not len(rows):
		return Lessons(day=str(today))
	answers = read(rows, index, items.order_unit[index], restored)
	nodes = nodes_of(items, rows, index, suppliers)
	if forgotten:
		answers = replace(answers, weight=answers.weight * ~_forgotten(nodes, rows, forgotten))
	alive, alive_in_season = _alive(nodes, answers, rows, index)
	steady = _steadiness(answers, index, alive)
	levels = [_level(each, answers, rows, index, today, alive, alive_in_season, steady) for each in nodes]
	group = next(level for level in levels if level.name == "group")
	for level in levels:
		if level.name in ("agent", "warehouse", "supplier"):
			level.allowed[is_one_group(level, group, answers, index)] = False
	found = effects(levels, answers.move)
	known = np.full(len(rows), np.nan) if values is None else values
	# what a change makes the difference of where it comes to the last unit
	stake = items.stockout_cost[index].astype(np.float64) * np.abs(rows.ordered_qty - rows.proposed_qty)
	everything = np.zeros(len(rows), dtype=np.intp)
	steps = steps_of(answers, rows, index)
	(in_all,), (is_known,) = is_chased(answers, steps, everything, answers.weight > 0, 1)
	lessons = [
		lesson
		for each, level, effect in zip(nodes, levels, found, strict=True)
		for lesson in lessons_of(each, level, effect, answers, steps, rows, known, stake, in_all and is_known)
	]
	lessons = [replace(each, share=share_of(each, trust), is_on=not is_off(each, off)) for each in lessons]
	own = _own(nodes, levels, found, answers, rows, index, today)
	return Lessons(ordered(lessons), {items.keys[at]: move for at, move in own.items()}, str(today))


def _forgotten(nodes: list[Nodes], rows: FeedbackRows, until: Mapping[str, np.datetime64]) -> Flags:
	"""Decisions that are to say nothing any more, shape (E,)."""
	gone = np.zeros(len(rows), dtype=np.bool_)
	for each in nodes:
		for at, name in enumerate(each.names):
			day = until.get(Lesson(each.kind, **name).key)
			if day is not None:
				gone |= (each.node == at) & ~(rows.date > day)
	return gone


def _alive(
	nodes: list[Nodes], answers: Answers, rows: FeedbackRows, index: npt.NDArray[np.intp]
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
	each: Nodes,
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
		weight = weight * ~answers.refused / (1 + np.square(2 * answers.step))
	count = len(each.names)
	allowed = is_wide(each, answers, rows, index, weight) & ~is_disputed(each, answers, rows, weight)
	if is_season:
		# before a second season is known, what was changed in one may hold all year
		seen = np.zeros(count, dtype=np.bool_)
		seen[each.node[(each.node >= 0) & (answers.weight > 0)]] = True
		several = seen.reshape(-1, len(SEASONS)).sum(axis=1) > 1
		allowed &= np.repeat(several, len(SEASONS)) & is_of_its_own(each.node, weight, answers.move, count)
	return Level(
		name=each.kind,
		node=each.node,
		nodes=count,
		# squared: following who changes at random by a little costs, and teaches nothing
		prior=_PRIOR[each.kind] / steady**2,
		weight=weight,
		allowed=allowed,
		# of a season, what the other ones of the group have not
		least=(2 if is_season else 1) * LEAST_MOVE,
		is_shared=not is_item,
	)


def _own(
	nodes: list[Nodes],
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
	# kept, and since when its like was changed, also where that was undone since
	since = np.full(len(rows), np.datetime64("2300-01-01"))
	for each, level, effect in zip(nodes[:-1], levels[:-1], found[:-1], strict=True):
		known = (level.node >= 0) & (answers.weight > 0) & answers.changed & ~np.isnat(rows.date)
		first = np.full(len(each.names), np.datetime64("2300-01-01"))
		np.minimum.at(first, level.node[known], rows.date[known])
		first[effect == 0] = np.datetime64("2300-01-01")
		since = np.where(level.node >= 0, np.minimum(since, first[np.maximum(level.node, 0)]), since)
	kept = ~concerned & ~answers.for_once & (answers.weight > 0) & (rows.date >= since)
	for at in np.unique(index[kept]).tolist():
		result.setdefault(at, 0.0)
	return result
