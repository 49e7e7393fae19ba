"""Partial pooling: how much of each decision is due to the item, its group, its supplier, or to all.

A model of nested random effects: the move of a decision is the sum of the effects of its nodes and of chance.
Each effect is drawn towards 0 by as many decisions without a move as its level's `prior` says, so that what
several items of a group share is said of the group, and what one item has alone of the item (the best linear
unbiased predictor; Robinson 1991).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.lessons.answers import LEAST_MOVE, Doubles, Flags

#: effects are the same to this difference
_PRECISION = 1e-5
_MOST_ROUNDS = 60
#: standard errors that an effect of several items must be away from 0
_LEAST_CLEAR = 1.5


@dataclass(frozen=True, eq=False)
class Level:
	"""One kind of node, from broad to narrow; E decisions on K nodes."""

	name: str
	#: the node of each decision, shape (E,), -1 for none
	node: npt.NDArray[np.intp]
	#: K
	nodes: int
	#: decisions without a move that each node starts with
	prior: float
	#: what each decision counts for here, shape (E,)
	weight: Doubles
	#: nodes that may have an effect at all, shape (K,)
	allowed: Flags
	#: smallest effect that is believed
	least: float = LEAST_MOVE
	#: whether an effect must be clear to be believed; what is said of one item alone need not be
	is_shared: bool = True


def effects(levels: Sequence[Level], move: Doubles) -> list[Doubles]:
	"""The effect of each node, shape (K,) per level; 0 where none is believed."""
	believed = [level.allowed.copy() for level in levels]
	first = _fit(levels, believed, move)
	for level, own, effect, at in zip(levels, believed, first, range(len(levels)), strict=True):
		if level.is_shared:
			own &= _is_clear(level, move - _total(levels, first, but=at)) & (np.abs(effect) >= level.least)
	for own, effect in zip(believed, _fit(levels, believed, move), strict=True):
		own &= np.abs(effect) >= LEAST_MOVE
	# what is too little to be told of one is left to the others
	return _fit(levels, believed, move)


def _fit(levels: Sequence[Level], believed: Sequence[Flags], move: Doubles) -> list[Doubles]:
	"""Effects by turns, each from what the others leave (Gauss-Seidel)."""
	found = [np.zeros(level.nodes) for level in levels]
	usable = [np.where(level.node >= 0, level.weight, 0.0) for level in levels]
	place = [np.maximum(level.node, 0) for level in levels]
	share = [
		own / (np.bincount(at, weights=weight, minlength=level.nodes) + level.prior)
		for level, own, at, weight in zip(levels, believed, place, usable, strict=True)
	]
	left = move.copy()
	for _round in range(_MOST_ROUNDS):
		largest = 0.0
		for at, level in enumerate(levels):
			if not believed[at].any():
				continue
			left += found[at][place[at]] * (level.node >= 0)
			summed = np.bincount(place[at], weights=usable[at] * left, minlength=level.nodes)
			new = np.asarray(share[at] * summed, dtype=np.float64)
			largest = max(largest, float(np.abs(new - found[at]).max(initial=0.0)))
			found[at] = new
			left -= new[place[at]] * (level.node >= 0)
		if largest < _PRECISION:
			break
	return found


def _total(levels: Sequence[Level], found: Sequence[Doubles], *, but: int) -> Doubles:
	total = np.zeros(len(levels[0].node))
	for at, (level, effect) in enumerate(zip(levels, found, strict=True)):
		if at != but and level.nodes:
			total += np.where(level.node >= 0, effect[np.maximum(level.node, 0)], 0.0)
	return total


def _is_clear(level: Level, left: Doubles) -> Flags:
	"""Where what the other effects leave is no accident, shape (K,)."""
	place = np.maximum(level.node, 0)
	weighted = np.where(level.node >= 0, level.weight, 0.0) * left
	total = np.bincount(place, weights=weighted, minlength=level.nodes)
	deviation = np.sqrt(np.bincount(place, weights=weighted**2, minlength=level.nodes))
	return np.asarray((deviation > 0) & (np.abs(total) >= _LEAST_CLEAR * deviation))
