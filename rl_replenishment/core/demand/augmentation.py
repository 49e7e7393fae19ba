"""Other histories that could as well have happened: what training replays instead of the one that did."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.items import FloatArray


@dataclass(frozen=True)
class Augmentation:
	"""How far a replayed history may stray from the real one."""

	#: standard deviation of the logarithm of a column's level
	level_deviation: float = 0.25
	#: each day's demand is multiplied by 1 plus or minus up to this
	size_jitter: float = 0.2
	#: in `jittered_share` of the columns each day's demand moves by up to this many days
	day_jitter: int = 2
	#: half keep their days, and with them any weekday pattern
	jittered_share: float = 0.5


def augment(
	demand: FloatArray, columns: npt.NDArray[np.intp], how: Augmentation, rng: np.random.Generator
) -> FloatArray:
	"""Varied copies, shape (T, C), of the columns of a history of shape (T, N).

	Whole-unit histories stay whole.
	"""
	copies = demand[:, columns]
	days, count = copies.shape
	whole = (copies == np.rint(copies)).all(axis=0)
	level = np.exp(rng.normal(-(how.level_deviation**2) / 2, how.level_deviation, count))
	size = rng.uniform(1 - how.size_jitter, 1 + how.size_jitter, (days, count))
	varied = copies * (level * size)
	# round at random, so that small demands keep their mean
	varied = np.where(whole, np.floor(varied + rng.random((days, count))), varied)
	moved = np.flatnonzero(rng.random(count) < how.jittered_share)
	if how.day_jitter and len(moved):
		varied[:, moved] = _move_days(varied[:, moved], how.day_jitter, rng)
	return varied.astype(np.float32)


def _move_days(
	demand: npt.NDArray[np.float64], furthest: int, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
	days, count = demand.shape
	day, column = np.nonzero(demand)
	shift = rng.integers(-furthest, furthest + 1, len(day))
	# what would leave the window stays at its edge, so that nothing is lost
	cell = np.clip(day + shift, 0, days - 1) * count + column
	moved = np.bincount(cell, demand[day, column], minlength=days * count)
	return moved.reshape(days, count).astype(np.float64, copy=False)
