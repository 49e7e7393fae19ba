"""Varied histories: other sizes, other days, but the same kind of demand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rl_replenishment.core.demand.augmentation import Augmentation, augment

STILL = Augmentation(day_jitter=0)
EXACT = Augmentation(level_deviation=0, size_jitter=0, day_jitter=0)


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
	varied = augment(demand, np.array([0, 1, 2, 3, 3]), how, np.random.default_rng(seed))
	assert varied.shape == (120, 5)
	assert varied.dtype == np.float32
	assert (varied >= 0).all()
	np.testing.assert_array_equal(varied, np.rint(varied))


@given(st.integers(0, 1000))
def test_without_moved_days_zeros_stay_in_place(seed: int) -> None:
	demand = sparse_demand(seed=seed)
	varied = augment(demand, np.arange(4), STILL, np.random.default_rng(seed))
	assert (varied[demand == 0] == 0).all()
	assert (varied[demand > 0] > 0).any()


def test_fractions_stay_fractions() -> None:
	"""Only histories of whole units are rounded, each column for itself."""
	demand = np.full((200, 2), 4.0, np.float32)
	demand[0, 1] = 0.5
	varied = augment(demand, np.arange(2), STILL, np.random.default_rng(0))
	np.testing.assert_array_equal(varied[:, 0], np.rint(varied[:, 0]))
	assert (varied[:, 1] != np.rint(varied[:, 1])).mean() > 0.9


def test_no_variation_is_no_change() -> None:
	demand = sparse_demand()
	np.testing.assert_array_equal(augment(demand, np.arange(4), EXACT, np.random.default_rng(0)), demand)


def test_columns_are_copies() -> None:
	"""The history itself is left alone, and each column goes its own way."""
	demand = sparse_demand()
	before = demand.copy()
	varied = augment(demand, np.zeros(6, np.intp), Augmentation(), np.random.default_rng(0))
	np.testing.assert_array_equal(demand, before)
	assert len(np.unique(varied, axis=1).T) == 6


def test_same_seed_same_variation() -> None:
	demand = sparse_demand()
	first, again, other = (
		augment(demand, np.arange(4), Augmentation(), np.random.default_rng(seed)) for seed in (1, 1, 2)
	)
	np.testing.assert_array_equal(first, again)
	assert (first != other).any()


@pytest.mark.parametrize("how", [Augmentation(), STILL])
@pytest.mark.parametrize("demand", [0.4, 1.0, 30.0])
def test_the_mean_stays(how: Augmentation, demand: float) -> None:
	"""Within what the spread of levels lets expect, also where rounding bites."""
	columns = 4000
	varied = augment(
		np.full((60, 1), demand, np.float32), np.zeros(columns, np.intp), how, np.random.default_rng(0)
	)
	error = 4 * how.level_deviation / np.sqrt(columns)
	assert varied.mean() == pytest.approx(demand, rel=error + 0.005)


def test_levels_and_sizes_vary_as_far_as_said() -> None:
	varied = augment(
		np.full((400, 1), 1.5, np.float32),
		np.zeros(2000, np.intp),
		Augmentation(level_deviation=0.25, size_jitter=0.2, day_jitter=0),
		np.random.default_rng(0),
	)
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
	how = Augmentation(level_deviation=0, size_jitter=0, day_jitter=furthest, jittered_share=1)
	varied = augment(demand, np.arange(5), how, rng)
	for day in days:
		near = varied[max(day - furthest, 0) : day + furthest + 1]
		np.testing.assert_array_equal(near.sum(axis=0), demand[day])
	assert varied.sum() == demand.sum()


def test_half_of_the_columns_keep_their_days() -> None:
	demand = np.zeros((70, 1), np.float32)
	demand[::7] = 5
	how = Augmentation(level_deviation=0, size_jitter=0, day_jitter=2, jittered_share=0.5)
	varied = augment(demand, np.zeros(1000, np.intp), how, np.random.default_rng(0))
	kept = (varied == demand).all(axis=0).mean()
	assert kept == pytest.approx(0.5, abs=0.06)
	for share, expected in ((0.0, 1.0), (1.0, 0.0)):
		how = Augmentation(level_deviation=0, size_jitter=0, day_jitter=2, jittered_share=share)
		varied = augment(demand, np.zeros(50, np.intp), how, np.random.default_rng(0))
		assert (varied == demand).all(axis=0).mean() == expected
