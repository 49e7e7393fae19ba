"""The calendar of an agent's reviews."""

from __future__ import annotations

from datetime import date, timedelta


def last_review_day(frequency: str, today: date) -> date:
	"""The latest day up to `today` on which orders are reviewed: any, a Monday, or the first of a month."""
	if frequency == "Weekly":
		return today - timedelta(days=today.weekday())
	return today.replace(day=1) if frequency == "Monthly" else today
