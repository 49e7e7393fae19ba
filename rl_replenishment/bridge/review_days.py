"""The calendar of an agent's reviews."""

from __future__ import annotations

from datetime import date, timedelta


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
