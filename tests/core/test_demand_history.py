"""From events to daily demand: nothing is lost, returns find the demand they take back."""

import numpy as np
import pytest
from core_samples import MONDAY, codes, history_of
from hypothesis import given
from hypothesis import strategies as st

from rl_replenishment.core.demand.history import DemandHistory, from_events
from rl_replenishment.core.demand.returns import References
from rl_replenishment.core.demand.rhythm import WEEKLY
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
	"""Day by day and item by item, as the documentation says it; `rows` in the order of their days."""
	left = {at: quantity for at, (_, _, quantity) in enumerate(rows) if quantity > 0}
	due = {at: -quantity for at, (_, _, quantity) in enumerate(rows) if quantity < 0}
	for same in (True, False):
		for at in due:
			item, day, _ = rows[at]
			for sale in reversed(left):
				other, sold_on, sold = rows[sale]
				fits = left[sale] == sold == due[at] if same else left[sale] >= due[at]
				if other == item and sold_on <= day and fits:
					left[sale] -= due[at]
					due[at] = 0.0
					break
	demand = [[0.0] * len(KEYS) for _ in range(days)]
	for sale, quantity in left.items():
		demand[rows[sale][1]][rows[sale][0]] += quantity
	return demand, sum(due.values())


def in_order(rows: list[Event]) -> list[Event]:
	return sorted(rows, key=lambda row: row[1])


@given(events)
def test_returns_take_back_a_sale_that_was_large_enough(rows: list[Event]) -> None:
	"""Of the same quantity rather than another, and the latest of these."""
	found, unexplained = history(*rows, start=0, end=13)
	expected, left_over = by_hand(in_order(rows), 13)
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
def test_what_comes_after_the_window_does_not_count(rows: list[Event], start: int, days: int) -> None:
	"""The same as if it had never been; what was sold before the window may come back in it."""
	found, _ = history(*rows, start=start, end=start + days)
	known = [row for row in rows if row[1] < start + days]
	expected, _ = by_hand(in_order(known), 13)
	assert found.days == days
	assert found.start == MONDAY + np.timedelta64(start, "D")
	inside = [expected[day] if 0 <= day < 13 else [0.0] * 3 for day in range(start, start + days)]
	assert found.demand.tolist() == inside


def test_a_bulk_sale_that_comes_back_leaves_newer_demand_alone() -> None:
	"""A sale of 400, sent back after 90 days of 10 a day."""
	daily = [(0, day, 10.0) for day in range(1, 91)]
	for returned, left in ((-400, 0), (-390, 10)):
		found, unexplained = history((0, 0, 400), *daily, (0, 91, returned))
		assert found.demand[:, 0].tolist() == [left, *[10] * 90, 0]
		assert unexplained == 0


def test_a_return_larger_than_any_sale_is_taken_off_nothing() -> None:
	"""Its sale is older than the history, or was several: what was sold since is demand all the same."""
	found, unexplained = history((0, 0, 5), (0, 1, -7), (0, 2, 4))
	assert found.demand[:, 0].tolist() == [5, 0, 4]
	assert unexplained == 7


def test_a_return_belongs_to_the_document_that_it_names() -> None:
	"""ERPNext's `return_against`: off that sale, whatever else was as large, and however late it is named."""
	item, day = np.zeros(5, np.int64), MONDAY + np.array([0, 1, 2, 3, 4]).astype("timedelta64[D]")
	quantity = np.array([30.0, 30.0, 30.0, -20.0, -25.0])
	document, against = np.array([1, 2, 3, 4, 5]), np.array([-1, -1, -1, 1, 9])
	found, unexplained = from_events(
		KEYS, item, day, quantity, references=References(document=document, against=against)
	)
	assert found.demand[:, 0].tolist() == [10, 30, 30, 0, 0]
	assert unexplained == 25


def test_a_return_in_the_document_of_the_sale_belongs_to_it() -> None:
	item, day = np.zeros(3, np.int64), MONDAY + np.array([0, 1, 5]).astype("timedelta64[D]")
	found, _ = from_events(
		KEYS, item, day, np.array([8.0, 8.0, -3.0]), references=References(document=np.array([1, 2, 1]))
	)
	assert found.demand[:, 0].tolist() == [5, 8, 0, 0, 0, 0]


def test_a_return_belongs_to_its_customer() -> None:
	"""First what was sold in that quantity, then what was large enough, then several sales."""
	sold = [(1, 6), (2, 50), (1, 40), (1, 7), (2, 6)]

	def left(*returned: tuple[int, int]) -> tuple[list[float], float]:
		party, quantity = (np.array(column) for column in zip(*sold, *returned, strict=True))
		day = MONDAY + np.minimum(np.arange(len(party)), 5).astype("timedelta64[D]")
		item = np.zeros(len(party), np.int64)
		found, unexplained = from_events(
			KEYS, item, day, quantity.astype(float), references=References(party=party)
		)
		return found.demand[:5, 0].tolist(), unexplained

	assert left((1, -6)) == ([0, 50, 40, 7, 6], 0)
	assert left((1, -30)) == ([6, 50, 10, 7, 6], 0)
	assert left((1, -45)) == ([6, 50, 2, 0, 6], 0)
	assert left((1, -60)) == ([0, 50, 0, 0, 6], 7)
	# a stranger's return: only the very quantity tells
	assert left((3, -50)) == ([6, 0, 40, 7, 6], 0)
	assert left((3, -30)) == ([6, 50, 40, 7, 6], 30)


def test_returns_of_which_more_is_known_come_first() -> None:
	"""A return without a reference does not take the sale that a later one names."""
	item, day = np.zeros(4, np.int64), MONDAY + np.arange(4).astype("timedelta64[D]")
	found, unexplained = from_events(
		KEYS,
		item,
		day,
		np.array([5.0, 5.0, -5.0, -5.0]),
		references=References(document=np.array([1, 2, 3, 4]), against=np.array([-1, -1, -1, 2])),
	)
	assert found.demand[:, 0].tolist() == [0, 0, 0, 0]
	assert unexplained == 0


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


def test_windows_and_columns_keep_the_rhythm() -> None:
	item, day = np.zeros(2, np.int64), MONDAY + np.array([0, 7]).astype("timedelta64[D]")
	found, _ = from_events(KEYS, item, day, np.ones(2), rhythm=WEEKLY)
	assert found.window(0, 7).rhythm == found.take([1]).rhythm == WEEKLY
