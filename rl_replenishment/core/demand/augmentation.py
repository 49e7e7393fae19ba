"""What training replays: the history that happened, or others that could as well have happened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.demand.statistics import DemandStatistics, demand_statistics
from rl_replenishment.core.items import FloatArray


class DemandModel(Protocol):
	"""Where replayed demand comes from, and what policies may know of it."""

	@property
	def repeats(self) -> bool:
		"""Whether the same days come again and again, so that they could be learned by heart."""
		...

	def draw(self, demand: FloatArray, columns: npt.NDArray[np.intp], rng: np.random.Generator) -> FloatArray:
		"""Demand for C columns, shape (T, C), after those of a history of shape (T, N)."""
		...

	def statistics(
		self, demand: FloatArray, horizon_days: npt.NDArray[np.integer], days: npt.NDArray[np.integer]
	) -> DemandStatistics:
		"""What is known of demand of shape (T, C) before each of the days, shape (len(days), C) each."""
		...


@dataclass(frozen=True)
class Recorded:
	"""The history as it was: what happened last month says what it said. A `DemandModel`."""

	@property
	def repeats(self) -> bool:
		return True

	def draw(self, demand: FloatArray, columns: npt.NDArray[np.intp], rng: np.random.Generator) -> FloatArray:
		"""The columns of a history of shape (T, N), shape (T, C)."""
		return np.ascontiguousarray(demand[:, columns])

	def statistics(
		self, demand: FloatArray, horizon_days: npt.NDArray[np.integer], days: npt.NDArray[np.integer]
	) -> DemandStatistics:
		"""What the demand itself shows."""
		return demand_statistics(demand, horizon_days, days)


@dataclass(frozen=True)
class Augmentation(Recorded):
	"""The real history, varied; how far it may stray. A `DemandModel`."""

	#: standard deviation of the logarithm of a column's level
	level_deviation: float = 0.25
	#: each day's demand is multiplied by 1 plus or minus up to this
	size_jitter: float = 0.2
	#: in `jittered_share` of the columns each day's demand moves by up to this many days
	day_jitter: int = 2
	#: half keep their days, and with them any weekday pattern
	jittered_share: float = 0.5
	#: each week is taken from up to this many weeks before or after (a local bootstrap), so that what follows
	#: cannot be learned by heart, while season, trend and weekdays stay; 0 leaves all weeks where they were
	week_reach: int = 6

	def draw(self, demand: FloatArray, columns: npt.NDArray[np.intp], rng: np.random.Generator) -> FloatArray:
		"""Varied copies, shape (T, C), of the columns of a history of shape (T, N).

		Whole-unit histories stay whole.
		"""
		copies = _take_weeks_from_nearby(demand, columns, self.week_reach, rng)
		days, count = copies.shape
		whole = (copies == np.rint(copies)).all(axis=0)
		level = np.exp(rng.normal(-(self.level_deviation**2) / 2, self.level_deviation, count))
		size = rng.uniform(1 - self.size_jitter, 1 + self.size_jitter, (days, count))
		varied = copies * (level * size)
		# round at random, so that small demands keep their mean
		varied = np.where(whole, np.floor(varied + rng.random((days, count))), varied)
		moved = np.flatnonzero(rng.random(count) < self.jittered_share)
		if self.day_jitter and len(moved):
			varied[:, moved] = _move_days(varied[:, moved], self.day_jitter, rng)
		return varied.astype(np.float32)


def _take_weeks_from_nearby(
	demand: FloatArray, columns: npt.NDArray[np.intp], reach: int, rng: np.random.Generator
) -> FloatArray:
	days, last = len(demand), len(demand) // 7 - 1
	if not reach or last < 1:
		return demand[:, columns]
	weeks = -(-days // 7)
	week = np.arange(weeks)[:, None] + rng.integers(-reach, reach + 1, (weeks, len(columns)))
	# what would lie outside is mirrored, so that the ends are no more frequent than the rest
	week = np.abs(week)
	week = np.clip(np.where(week > last, 2 * last - week, week), 0, last)
	day = np.repeat(week * 7, 7, axis=0)[:days] + (np.arange(days) % 7)[:, None]
	return demand[day, columns]


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
