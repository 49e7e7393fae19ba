"""The calendar: which days can be counted with, and an agent's reviews."""

from __future__ import annotations

from datetime import date, timedelta

#: documents may bear any day that Python knows; next to its ends nothing can be counted
FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2200, 12, 31)


def within_calendar(day: date) -> date:
	"""A day of a document, or the nearest one that days can be added to and taken from."""
	return min(max(day, FIRST_DAY), LAST_DAY)


def last_review_day(frequency: str, today: date) -> date:
	"""The latest day up to `today` on which orders are reviewed: any, a Monday, or the first of a month."""
	if frequency == "Weekly":
		return today - timedelta(days=today.weekday())
	return today.replace(day=1) if frequency == "Monthly" else today


def next_review_day(frequency: str, today: date) -> date:
	"""The first day after `today` on which orders are reviewed."""
	day = today + timedelta(days=1)
	while last_review_day(frequency, day) != day:
		day += timedelta(days=1)
	return day
