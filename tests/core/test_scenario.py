"""Scenarios: the luck that every policy meets, fixed in advance."""

import numpy as np
import pytest
from core_samples import MONDAY, codes, history_of, mixed_history, mixed_items, scenario_of
from hypothesis import given
from hypothesis import strategies as st

from rl_replenishment.core.demand.statistics import STATISTIC_NAMES, demand_statistics
from rl_replenishment.core.items import ItemTable
from rl_replenishment.core.simulation.scenario import halves, is_review_day, replay, sample_lead_times


@given(st.dates())
def test_weekly_reviews_fall_on_mondays(date: object) -> None:
	day = np.datetime64(date, "D")
	assert is_review_day(day, 7) == bool(np.is_busday(day, weekmask="Mon"))
	assert is_review_day(day, 1)


@given(st.dates(), st.integers(1, 60))
def test_reviews_are_evenly_spaced(date: object, review_days: int) -> None:
	"""One in every `review_days` days, whatever day one starts on."""
	days = np.datetime64(date, "D") + np.arange(3 * review_days)
	reviews = [number for number, day in enumerate(days) if is_review_day(day, review_days)]
	assert len(reviews) == 3
	assert np.diff(reviews).tolist() == [review_days] * 2


def test_times_of_day_do_not_matter() -> None:
	assert is_review_day(np.datetime64("2024-01-01T18:00"), 7)


def test_dates_and_reviews_of_a_scenario() -> None:
	"""Simulated day 0 comes after the warm-up."""
	scenario = scenario_of(ItemTable.create(["A"]), np.zeros((20, 1)), review_days=7, warm_up_days=5)
	assert scenario.days == 15
	assert scenario.date(0) == MONDAY + np.timedelta64(5, "D")
	assert [day for day in range(15) if scenario.is_review(day)] == [2, 9]


def test_lead_times_without_spread_are_the_items_own() -> None:
	items = ItemTable.create(codes(3), lead_time_days=[0, 3.4, 400])
	drawn = sample_lead_times(items, 4, np.random.default_rng(0))
	assert drawn.tolist() == [[0, 3, 400]] * 4
	assert drawn.dtype == np.int32


@pytest.mark.parametrize(("mean", "deviation"), [(10, 3), (30, 10), (5, 5), (60, 2), (2, 1)])
def test_lead_times_have_mean_and_deviation(mean: float, deviation: float) -> None:
	"""Rounding to whole days adds a twelfth to the variance."""
	items = ItemTable.create(codes(20), lead_time_days=mean, lead_time_std_days=deviation)
	drawn = sample_lead_times(items, 5000, np.random.default_rng(0))
	assert drawn.mean() == pytest.approx(mean, abs=0.03 * deviation + 0.02)
	assert drawn.std() == pytest.approx(np.sqrt(deviation**2 + 1 / 12), rel=0.03)
	assert (drawn >= 0).all()


def test_items_with_and_without_spread_together() -> None:
	items = ItemTable.create(codes(3), lead_time_days=[7, 7, 0], lead_time_std_days=[0, 2, 1])
	drawn = sample_lead_times(items, 2000, np.random.default_rng(0))
	assert (drawn[:, 0] == 7).all()
	assert len(np.unique(drawn[:, 1])) > 5
	assert (drawn[:, 2] >= 0).all()
	assert drawn.max() <= 365


def test_no_delay_is_longer_than_a_year() -> None:
	items = ItemTable.create(["A"], lead_time_days=300, lead_time_std_days=200)
	assert sample_lead_times(items, 2000, np.random.default_rng(0)).max() == 365


def test_lead_times_follow_the_generator() -> None:
	items = mixed_items()
	first, again, other = (sample_lead_times(items, 50, np.random.default_rng(seed)) for seed in (1, 1, 2))
	np.testing.assert_array_equal(first, again)
	assert (first != other).any()


def test_replay_is_the_end_of_the_history() -> None:
	history, items = mixed_history(120), mixed_items()
	scenario = replay(items, history, days=40, review_days=7, rng=np.random.default_rng(0))
	assert scenario.days == 40
	assert scenario.warm_up_days == 80
	assert scenario.date(0) == history.end - np.timedelta64(40, "D")
	assert scenario.demand[scenario.warm_up_days :].tolist() == history.demand[80:].tolist()
	assert scenario.lead_times.shape == (40, 5)
	assert scenario.unmet_demand == "lost"


def test_replay_starts_with_a_protection_interval_of_past_demand() -> None:
	"""Of what came before: the days replayed are not looked at."""
	items = ItemTable.create(codes(2), lead_time_days=[3, 10])
	demand = np.full((60, 2), 2.0)
	demand[:, 1] = 0.25
	demand[40:] = 99
	scenario = replay(items, history_of(demand), days=20, review_days=7, rng=np.random.default_rng(0))
	assert scenario.initial_on_hand.tolist() == [2 * 10, np.ceil(0.25 * 17)]


def test_replay_of_everything_and_from_a_given_stock() -> None:
	items = ItemTable.create(["A"], lead_time_days=0)
	history = history_of(np.full((10, 1), 3.0))
	rng = np.random.default_rng(0)
	assert replay(items, history, days=10, review_days=1, rng=rng).initial_on_hand.tolist() == [3]
	stock = np.array([7], np.float32)
	assert replay(
		items, history, days=10, review_days=1, rng=rng, initial_on_hand=stock
	).initial_on_hand.tolist() == [7]


def test_same_seed_same_scenario() -> None:
	first, again = (
		replay(mixed_items(), mixed_history(), days=90, review_days=7, rng=np.random.default_rng(4))
		for _ in range(2)
	)
	np.testing.assert_array_equal(first.lead_times, again.lead_times)
	np.testing.assert_array_equal(first.demand, again.demand)


@pytest.mark.parametrize("days", [200, 201, 1])
def test_halves(days: int) -> None:
	"""All days once, in order; the second half knows the first as its past; both start with equal stock."""
	whole = replay(mixed_items(), mixed_history(300), days=days, review_days=7, rng=np.random.default_rng(0))
	first, second = halves(whole)
	assert first.days == days // 2
	assert first.days + second.days == days
	assert second.date(0) == whole.date(first.days)
	np.testing.assert_array_equal(np.concatenate([first.lead_times, second.lead_times]), whole.lead_times)
	np.testing.assert_array_equal(
		np.concatenate([first.demand[first.warm_up_days :], second.demand[second.warm_up_days :]]),
		whole.demand[whole.warm_up_days :],
	)
	for half in (first, second):
		np.testing.assert_array_equal(half.initial_on_hand, whole.initial_on_hand)
	known = [*first.statistics(), *second.statistics()]
	for one, other in zip(known, whole.statistics(), strict=True):
		np.testing.assert_array_equal(one.level_91, other.level_91)


@pytest.mark.parametrize(("days", "warm_up"), [(150, 0), (64, 30), (130, 500), (1, 0)])
def test_statistics_of_each_day(days: int, warm_up: int) -> None:
	"""However they are computed in parts, they are those of the whole history."""
	items = ItemTable.create(codes(3), lead_time_days=[0, 20, 90])
	demand = np.random.default_rng(0).poisson(2, (warm_up + days, 3)).astype(np.float32)
	scenario = scenario_of(items, demand, warm_up_days=warm_up, review_days=7)
	expected = demand_statistics(demand, np.array([7, 27, 97]), np.arange(warm_up, warm_up + days))
	found = list(scenario.statistics())
	assert len(found) == days
	for name in STATISTIC_NAMES:
		np.testing.assert_allclose(
			[getattr(one, name) for one in found], getattr(expected, name), rtol=1e-5, atol=1e-6, err_msg=name
		)
