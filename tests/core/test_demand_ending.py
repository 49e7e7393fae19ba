"""Where a history begins and ends, and its rhythm, as its dates as a whole support it."""

import numpy as np
import pytest
from core_samples import MONDAY

from rl_replenishment.core.demand.ending import supported_days
from rl_replenishment.core.demand.rhythm import DAILY, MONTHLY, WEEKLY, rhythm_of

DAILY_LINES = np.arange(100)


def found(*days: object) -> tuple[int, int]:
	"""First and last supported day, counted from a Monday."""
	numbers = np.concatenate([np.atleast_1d(np.asarray(day, dtype=np.int64)) for day in days])
	first, last = supported_days(MONDAY + numbers.astype("timedelta64[D]"))
	return int((first - MONDAY).astype(int)), int((last - MONDAY).astype(int))


@pytest.mark.parametrize(
	"after", [[99 + 3653], [99 + 42], [110, 120, 141], [120] * 5, [99 + 14], [500, 4000]]
)
def test_a_few_lines_far_after_the_rest_do_not_move_the_end(after: list[int]) -> None:
	assert found(DAILY_LINES, after) == (0, 99)


def test_their_place_in_the_file_does_not_matter() -> None:
	assert found([141], DAILY_LINES) == (0, 99)


@pytest.mark.parametrize(
	"after",
	[
		# not far
		[99 + 13],
		# not few
		np.arange(114, 130),
		[120] * 10,
		# as in an earlier stretch
		[],
	],
)
def test_what_the_history_supports_moves_it(after: list[int]) -> None:
	assert found(DAILY_LINES, after)[1] == max([99, *after])


def test_a_stretch_that_was_as_thin_before_is_part_of_the_history() -> None:
	"""A shop that closes for three weeks in summer may close again."""
	open_days = [*range(50), *range(71, 120)]
	assert found(open_days, [141])[1] == 141
	assert found(open_days, [190])[1] == 119


def test_weekends_and_weekly_totals() -> None:
	weekdays = DAILY_LINES[DAILY_LINES % 7 < 5]
	assert found(weekdays, [141])[1] == 99
	weekly = np.arange(0, 400, 7)
	assert found(weekly)[1] == 399
	assert found(weekly, [399 + 70])[1] == 399


def test_sparse_demand_ends_with_its_last_line() -> None:
	assert found([0, 30, 35, 90, 100, 150, 180, 200, 260, 262, 300, 345])[1] == 345


@pytest.mark.parametrize(
	("before", "first"), [([-3653], 0), ([-365], -365), ([-30], -30), ([-3653] * 20, -3653)]
)
def test_what_is_earlier_than_a_year_and_the_whole_history_is_not_its_beginning(
	before: list[int], first: int
) -> None:
	assert found(before, DAILY_LINES) == (first, 99)


@pytest.mark.parametrize("lines", [1, 2, 9])
def test_a_few_lines_support_nothing_against_each_other(lines: int) -> None:
	assert found(np.arange(lines), [4000])[1] == 4000


def days(*texts: str) -> np.ndarray:
	return np.array(texts, dtype="datetime64[D]")


def test_dates_on_one_day_of_the_week_or_month_are_totals() -> None:
	weeks = MONDAY + 7 * np.array([0, 1, 2, 4, 5, 6, 7, 9]).astype("timedelta64[D]")
	assert rhythm_of(weeks) == WEEKLY
	assert rhythm_of(weeks[:7]) == DAILY
	assert rhythm_of(np.append(weeks, MONDAY + np.timedelta64(3, "D"))) == DAILY
	months = (np.datetime64("2023-06") + np.arange(9)).astype("datetime64[D]")
	assert rhythm_of(months) == MONTHLY
	assert rhythm_of(months - np.timedelta64(1, "D")) == MONTHLY
	assert rhythm_of(months + np.timedelta64(3, "D")) == DAILY
