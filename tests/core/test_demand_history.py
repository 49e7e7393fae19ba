"""From events to daily demand: nothing is lost, returns find the demand they take back."""

import numpy as np
import pytest
from core_samples import MONDAY, codes, history_of
from hypothesis import given
from hypothesis import strategies as st

from rl_replenishment.core.demand.history import DemandHistory, from_events
from rl_replenishment.core.items import ItemKey

KEYS = tuple(ItemKey(code) for code in codes(3))
Event = tuple[int, int, float]

events = st.lists(
	st.tuples(st.integers(0, 2), st.integers(0, 12), st.integers(-9, 12).map(float)), min_size=1, max_size=40
)


def history(*rows: Event, start: int | None = None, end: int | None = None) -> tuple[DemandHistory, float]:
	"""From rows of item, day and quantity."""
	item, day, quantity = (np.array(column) for column in zip(*rows, strict=True))
	return from_events(
		KEYS,
		item,
		MONDAY + day.astype("timedelta64[D]"),
		quantity.astype(float),
		start=None if start is None else MONDAY + np.timedelta64(start, "D"),
		end=None if end is None else MONDAY + np.timedelta64(end, "D"),
	)


def by_hand(rows: list[Event], days: int) -> tuple[list[list[float]], float]:
	"""Day by day and item by item, as the documentation says it."""
	demand = [[0.0] * len(KEYS) for _ in range(days)]
	unexplained = 0.0
	for item in range(len(KEYS)):
		for day in range(days):
			net = sum(quantity for i, d, quantity in rows if (i, d) == (item, day))
			demand[day][item] = max(net, 0.0)
			for earlier in range(day - 1, -1, -1):
				taken = min(max(-net, 0.0), demand[earlier][item])
				demand[earlier][item] -= taken
				net += taken
			unexplained += max(-net, 0.0)
	return demand, unexplained


@given(events)
def test_returns_take_back_the_latest_demand_before_them(rows: list[Event]) -> None:
	found, unexplained = history(*rows, start=0, end=13)
	expected, left_over = by_hand(rows, 13)
	assert found.demand.tolist() == expected
	assert unexplained == left_over


@given(events)
def test_conservation(rows: list[Event]) -> None:
	"""Demand less what no demand accounts for is the sum of all events, item by item never below 0."""
	found, unexplained = history(*rows)
	assert (found.demand >= 0).all()
	assert found.demand.sum() - unexplained == sum(quantity for _, _, quantity in rows)
	without_returns, nothing = history(*((i, d, abs(q)) for i, d, q in rows))
	assert nothing == 0
	assert without_returns.demand.sum() == sum(abs(quantity) for _, _, quantity in rows)


@given(events, st.integers(-3, 14), st.integers(1, 10))
def test_only_the_window_counts(rows: list[Event], start: int, days: int) -> None:
	"""The same as if the events outside had never been."""
	found, unexplained = history(*rows, start=start, end=start + days)
	inside = [(i, d - start, q) for i, d, q in rows if start <= d < start + days]
	expected, left_over = by_hand(inside, days)
	assert found.days == days
	assert found.start == MONDAY + np.timedelta64(start, "D")
	assert found.demand.tolist() == expected
	assert unexplained == left_over


def test_a_return_before_any_demand_is_unexplained() -> None:
	found, unexplained = history((0, 0, 5), (0, 1, -7), (0, 2, 4))
	assert found.demand[:, 0].tolist() == [0, 0, 4]
	assert unexplained == 2


def test_a_return_takes_nothing_from_other_items() -> None:
	found, unexplained = history((1, 0, 5), (0, 1, -3))
	assert found.demand.tolist() == [[0, 5, 0], [0, 0, 0]]
	assert unexplained == 3


def test_the_window_defaults_to_first_and_last_event() -> None:
	found, _ = history((0, 4, 1), (2, 9, 1))
	assert found.start == MONDAY + np.timedelta64(4, "D")
	assert found.days == 6
	assert found.end == MONDAY + np.timedelta64(10, "D")
	assert found.demand.dtype == np.float32


def test_times_of_day_do_not_matter() -> None:
	when = np.array(["2024-01-01T23:59:59", "2024-01-02T00:00:00"], dtype="datetime64[s]")
	found, _ = from_events(KEYS, np.array([0, 0]), when, np.array([1.0, 2.0]))
	assert found.demand[:, 0].tolist() == [1, 2]


def test_windows_and_columns() -> None:
	whole = history_of(np.arange(30).reshape(10, 3))
	part = whole.window(4, 7)
	assert part.start == MONDAY + np.timedelta64(4, "D")
	assert part.end == MONDAY + np.timedelta64(7, "D")
	assert part.demand.tolist() == whole.demand[4:7].tolist()
	chosen = whole.take([2, 0, 2])
	assert chosen.keys == (KEYS[2], KEYS[0], KEYS[2])
	assert chosen.demand.tolist() == whole.demand[:, [2, 0, 2]].tolist()
	assert chosen.start == whole.start


def test_demand_must_fit_the_keys() -> None:
	with pytest.raises(ValueError, match=r"demand has shape \(4, 2\), expected \(days, 3\)"):
		DemandHistory(KEYS, MONDAY, np.zeros((4, 2), np.float32))
