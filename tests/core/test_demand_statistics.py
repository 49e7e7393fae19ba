"""Demand statistics: right, the same in training and in serving, and blind to the future."""

from statistics import fmean, pstdev

import numpy as np
import pytest
from core_samples import MONDAY, codes
from hypothesis import given, settings
from hypothesis import strategies as st

from rl_replenishment.core.demand.latest import latest_statistics
from rl_replenishment.core.demand.statistics import STATISTIC_NAMES, DemandStatistics, demand_statistics
from rl_replenishment.core.items import ItemTable
from rl_replenishment.core.policies.base import State

HORIZONS = np.array([1, 8, 60, 400])

#: around the ends of all windows, and between
lengths = st.one_of(
	st.sampled_from([0, 1, 6, 7, 8, 27, 28, 29, 90, 91, 92, 363, 364, 365, 454, 455, 456]),
	st.integers(0, 900),
)


def some_demand(days: int, seed: int, *, level: float = 6.0) -> np.ndarray:
	"""Four items from steady to rare, in fractions and whole units."""
	rng = np.random.default_rng(seed)
	demand = rng.gamma(0.8, level, (days, 4)) * (rng.random((days, 4)) < [1.0, 0.5, 0.1, 0.003])
	demand[:, 1:] = np.ceil(demand[:, 1:])
	return demand.astype(np.float32)


def by_hand(demand: list[float], day: int, horizon: int) -> dict[str, float]:
	"""One item on one day, window by window."""

	def window(days: int) -> list[float]:
		return demand[max(day - days, 0) : day]

	found: dict[str, float] = {}
	ahead = min(max(horizon, 1), 364)
	for days in (7, 14, 21, 28, 56, 91, 182, 364):
		found[f"level_{days}"] = fmean(window(days) or [0.0])
	found["level_interval"] = fmean(window(ahead) or [0.0])
	weeks = [sum(demand[day - 7 * (ago + 1) : day - 7 * ago]) for ago in range(min(day // 7, 52))]
	found["week_spread"] = pstdev(weeks or [0.0])
	found["week_peak"] = max(weeks[:26] or [0.0])
	for days in (91, 364):
		found[f"active_{days}"] = fmean([float(value > 0) for value in window(days)] or [0.0])
	found["days_since_demand"] = next(
		(ago + 1 for ago, value in enumerate(window(364)[::-1]) if value > 0), 364
	)
	found["days_since_first"] = next(
		(min(day, 455) - row for row, value in enumerate(window(455)) if value > 0), 0
	)
	found["days_known"] = min(day, 455)
	then = day - 364
	for name, first, last in (
		("interval", then, then + ahead),
		("14", then, then + 14),
		("28", then, then + 28),
		("beyond", then + ahead, then + ahead + 28),
		("before_28", max(then - 28, 0), then),
		("before_91", max(then - 91, 0), then),
	):
		asked = demand[first : min(last, day)] if then >= 0 else []
		found[f"year_ago_{name}"] = fmean(asked or [0.0])
	found["season"] = 1.0
	if day >= 455:
		year_ago = day - 364
		before = fmean(demand[year_ago - 91 : year_ago])
		after = fmean(demand[year_ago : year_ago + ahead])
		usual = (before * 91 + after * ahead) / (91 + ahead) / 10
		found["season"] = min(max((after + usual + 1e-9) / (before + usual + 1e-9), 0.25), 4.0)
	return found


def assert_same(found: DemandStatistics, expected: DemandStatistics, *, rel: float = 1e-5) -> None:
	for name in STATISTIC_NAMES:
		one, other = getattr(found, name), getattr(expected, name)
		assert one.shape == other.shape, name
		assert one.dtype == np.float32, name
		np.testing.assert_allclose(one, other, rtol=rel, atol=1e-6, err_msg=name)


@settings(max_examples=60)
@given(lengths, st.integers(0, 1000), st.data())
def test_statistics_as_by_hand(days: int, seed: int, data: st.DataObject) -> None:
	demand = some_demand(days, seed)
	asked = data.draw(st.lists(st.integers(0, days), min_size=1, max_size=3))
	found = demand_statistics(demand, HORIZONS, asked)
	for row, day in enumerate(asked):
		for item, horizon in enumerate(HORIZONS.tolist()):
			expected = by_hand(demand[:, item].tolist(), day, horizon)
			assert set(expected) == set(STATISTIC_NAMES)
			for name, value in expected.items():
				assert getattr(found, name)[row, item] == pytest.approx(value, rel=1e-4, abs=1e-5), name


@pytest.mark.parametrize("seed", [0, 1])
def test_serving_sees_what_training_saw(seed: int) -> None:
	"""`latest_statistics` of the first T days equals `demand_statistics` on day T, for every T there is."""
	demand = some_demand(520, seed)
	everyday = demand_statistics(demand, HORIZONS, np.arange(521))
	for day in range(521):
		assert_same(latest_statistics(demand[:day], HORIZONS), everyday.on(day), rel=2e-4)


@pytest.mark.parametrize("level", [1e5, 1e6])
def test_serving_sees_what_training_saw_of_large_numbers(level: float) -> None:
	"""Items counted in grams or screws: Poisson demand of a hundred thousand and of a million a day."""
	demand = np.random.default_rng(0).poisson(level, (500, 4)).astype(np.float32)
	expected = demand_statistics(demand, HORIZONS, [500]).on(0)
	assert_same(latest_statistics(demand, HORIZONS), expected, rel=1e-2)


@settings(max_examples=40)
@given(st.integers(1, 700), st.integers(0, 1000), st.data())
def test_the_future_does_not_matter(days: int, seed: int, data: st.DataObject) -> None:
	"""Statistics on day t are the same whatever happens on day t and after."""
	demand = some_demand(days, seed)
	day = data.draw(st.integers(0, days - 1))
	other = demand.copy()
	other[day:] = np.random.default_rng(seed).uniform(50, 100, other[day:].shape)
	found, changed = (demand_statistics(values, HORIZONS, [day]).on(0) for values in (demand, other))
	for name in STATISTIC_NAMES:
		np.testing.assert_array_equal(getattr(found, name), getattr(changed, name), err_msg=name)


def test_the_day_before_does_matter() -> None:
	demand = np.ones((600, 4), np.float32)
	other = demand.copy()
	other[499] = 50
	found, changed = (demand_statistics(values, HORIZONS, [500]).on(0) for values in (demand, other))
	assert (found.level_7 < changed.level_7).all()
	assert (found.level_364 < changed.level_364).all()
	assert (found.week_spread < changed.week_spread).all()


def test_more_than_455_days_ago_does_not_matter() -> None:
	"""Serving may be given the last 455 days only."""
	demand = some_demand(900, 3)
	expected = demand_statistics(demand, HORIZONS, [900]).on(0)
	assert_same(demand_statistics(demand[-455:], HORIZONS, [455]).on(0), expected)
	assert_same(latest_statistics(demand, HORIZONS), latest_statistics(demand[-455:], HORIZONS))


@pytest.mark.parametrize(("peak", "expected"), [(2.0, 1.0), (5.0, (5 + 0.2744) / (2 + 0.2744)), (90.0, 4.0)])
def test_season_of_a_yearly_peak(peak: float, expected: float) -> None:
	"""On the eve of last year's peak month: what it sold over the quarter before it, within bounds."""
	demand = np.full((764, 1), 2.0, np.float32)
	demand[400:430] = peak
	assert latest_statistics(demand, np.array([30])).season[0] == pytest.approx(expected, rel=1e-4)
	assert latest_statistics(demand[:-31], np.array([30])).season[0] == pytest.approx(1.0, abs=0.01)


def test_days_items_and_strangers() -> None:
	known = demand_statistics(some_demand(300, 0), HORIZONS, [100, 200])
	one_day = known.on(1)
	taken = one_day.take([3, 0])
	other = one_day.reindexed(np.array([2, -1]))
	for name in STATISTIC_NAMES:
		values = getattr(known, name)[1]
		assert getattr(one_day, name).tolist() == values.tolist()
		assert getattr(taken, name).tolist() == values[[3, 0]].tolist()
		assert getattr(other, name)[0] == values[2]
	# an item without any history
	never = latest_statistics(np.zeros((0, 4), np.float32), HORIZONS)
	for name in STATISTIC_NAMES:
		assert getattr(other, name)[1] == getattr(never, name)[0], name


def test_a_state_from_raw_demand() -> None:
	"""The last row is yesterday; the season looks ahead over lead time and review."""
	demand = some_demand(600, 5)
	items = ItemTable.create(codes(4), lead_time_days=HORIZONS - 1)
	on_hand = np.arange(4, dtype=np.float32)
	state = State.from_history(items, demand, today=MONDAY, review_days=1, on_hand=on_hand)
	assert_same(state.demand, demand_statistics(demand, HORIZONS, [600]).on(0), rel=2e-4)
	assert state.inventory_position.tolist() == on_hand.tolist()
