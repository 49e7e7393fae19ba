"""Varied histories: other sizes, other days, but the same kind of demand."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rl_replenishment.core.demand.augmentation import Augmentation

STILL = Augmentation(day_jitter=0, week_reach=0)
EXACT = Augmentation(level_deviation=0, size_jitter=0, day_jitter=0, week_reach=0)


def sparse_demand(days: int = 120, items: int = 4, seed: int = 0) -> np.ndarray:
	rng = np.random.default_rng(seed)
	return (rng.poisson(3, (days, items)) * (rng.random((days, items)) < 0.4)).astype(np.float32)


@settings(max_examples=30)
@given(
	st.integers(0, 1000),
	st.sampled_from([Augmentation(), STILL, Augmentation(day_jitter=5, jittered_share=1)]),
)
def test_whole_units_stay_whole(seed: int, how: Augmentation) -> None:
	demand = sparse_demand(seed=seed)
	varied = how.draw(demand, np.array([0, 1, 2, 3, 3]), np.random.default_rng(seed))
	assert varied.shape == (120, 5)
	assert varied.dtype == np.float32
	assert (varied >= 0).all()
	np.testing.assert_array_equal(varied, np.rint(varied))


@given(st.integers(0, 1000))
def test_without_moved_days_zeros_stay_in_place(seed: int) -> None:
	demand = sparse_demand(seed=seed)
	varied = STILL.draw(demand, np.arange(4), np.random.default_rng(seed))
	assert (varied[demand == 0] == 0).all()
	assert (varied[demand > 0] > 0).any()


def test_fractions_stay_fractions() -> None:
	"""Only histories of whole units are rounded, each column for itself."""
	demand = np.full((200, 2), 4.0, np.float32)
	demand[0, 1] = 0.5
	varied = STILL.draw(demand, np.arange(2), np.random.default_rng(0))
	np.testing.assert_array_equal(varied[:, 0], np.rint(varied[:, 0]))
	assert (varied[:, 1] != np.rint(varied[:, 1])).mean() > 0.9


def test_no_variation_is_no_change() -> None:
	demand = sparse_demand()
	np.testing.assert_array_equal(EXACT.draw(demand, np.arange(4), np.random.default_rng(0)), demand)


def test_columns_are_copies() -> None:
	"""The history itself is left alone, and each column goes its own way."""
	demand = sparse_demand()
	before = demand.copy()
	varied = Augmentation().draw(demand, np.zeros(6, np.intp), np.random.default_rng(0))
	np.testing.assert_array_equal(demand, before)
	assert len(np.unique(varied, axis=1).T) == 6


def test_same_seed_same_variation() -> None:
	demand = sparse_demand()
	first, again, other = (
		Augmentation().draw(demand, np.arange(4), np.random.default_rng(seed)) for seed in (1, 1, 2)
	)
	np.testing.assert_array_equal(first, again)
	assert (first != other).any()


@pytest.mark.parametrize("how", [Augmentation(), STILL])
@pytest.mark.parametrize("demand", [0.4, 1.0, 30.0])
def test_the_mean_stays(how: Augmentation, demand: float) -> None:
	"""Within what the spread of levels lets expect, also where rounding bites."""
	columns = 4000
	varied = how.draw(
		np.full((60, 1), demand, np.float32), np.zeros(columns, np.intp), np.random.default_rng(0)
	)
	error = 4 * how.level_deviation / np.sqrt(columns)
	assert varied.mean() == pytest.approx(demand, rel=error + 0.005)


def test_levels_and_sizes_vary_as_far_as_said() -> None:
	how = Augmentation(level_deviation=0.25, size_jitter=0.2, day_jitter=0)
	varied = how.draw(np.full((400, 1), 1.5, np.float32), np.zeros(2000, np.intp), np.random.default_rng(0))
	level = varied.mean(axis=0)
	assert np.log(level).std() == pytest.approx(0.25, rel=0.1)
	size = varied / level
	assert size.min() == pytest.approx(0.8, abs=0.03)
	assert size.max() == pytest.approx(1.2, abs=0.03)


@given(st.integers(0, 1000), st.integers(1, 4))
def test_days_move_a_little_and_lose_nothing(seed: int, furthest: int) -> None:
	"""Every unit lands within `day_jitter` days of where it was; the total stays."""
	rng = np.random.default_rng(seed)
	demand = np.zeros((80, 5), np.float32)
	# far enough apart that it is clear which came from where
	days = np.arange(0, 80, 10)
	demand[days] = rng.integers(1, 9, (len(days), 5))
	how = replace(EXACT, day_jitter=furthest, jittered_share=1)
	varied = how.draw(demand, np.arange(5), rng)
	for day in days:
		near = varied[max(day - furthest, 0) : day + furthest + 1]
		np.testing.assert_array_equal(near.sum(axis=0), demand[day])
	assert varied.sum() == demand.sum()


def test_half_of_the_columns_keep_their_days() -> None:
	demand = np.zeros((70, 1), np.float32)
	demand[::7] = 5
	how = replace(EXACT, day_jitter=2, jittered_share=0.5)
	varied = how.draw(demand, np.zeros(1000, np.intp), np.random.default_rng(0))
	kept = (varied == demand).all(axis=0).mean()
	assert kept == pytest.approx(0.5, abs=0.06)
	for share, expected in ((0.0, 1.0), (1.0, 0.0)):
		how = replace(EXACT, day_jitter=2, jittered_share=share)
		varied = how.draw(demand, np.zeros(50, np.intp), np.random.default_rng(0))
		assert (varied == demand).all(axis=0).mean() == expected


@given(st.integers(0, 1000), st.integers(1, 8))
def test_weeks_come_from_nearby(seed: int, reach: int) -> None:
	"""Whole weeks are taken, weekday by weekday, from at most `week_reach` weeks away."""
	days = 7 * 30 + 3
	demand = np.arange(days, dtype=np.float32)[:, None]
	how = replace(EXACT, week_reach=reach)
	taken = how.draw(demand, np.zeros(20, np.intp), np.random.default_rng(seed))
	np.testing.assert_array_equal(taken % 7, np.broadcast_to(demand % 7, taken.shape))
	moved = np.abs(taken - demand) / 7
	# near the ends weeks come from inside, which may be further
	assert 0 < moved[7 * reach : -7 * (reach + 1)].max() <= reach


def test_every_week_is_as_frequent_as_the_others() -> None:
	demand = np.repeat(np.arange(40, dtype=np.float32), 7)[:, None]
	how = replace(EXACT, week_reach=6)
	taken = how.draw(demand, np.zeros(4000, np.intp), np.random.default_rng(0))[::7]
	counts = np.bincount(taken.astype(int).ravel(), minlength=40) / 4000
	assert counts[8:-8] == pytest.approx(1, abs=0.1)
	assert 0.4 < counts.min() <= counts.max() < 1.6


def test_a_single_week_stays() -> None:
	demand = sparse_demand(days=7)
	how = replace(EXACT, week_reach=6)
	np.testing.assert_array_equal(how.draw(demand, np.arange(4), np.random.default_rng(0)), demand)
