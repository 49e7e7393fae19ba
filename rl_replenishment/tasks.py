"""What the scheduler calls; each agent by itself, so that one that fails stops no other."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import frappe
from frappe.model.document import Document
from frappe.utils import getdate


def propose(agent: str | None = None, force: bool = False) -> dict[str, Any] | list[dict[str, Any]]:
	"""Propose for one agent or for all that are enabled, where it is time for it or `force` says so.

	Also `bench execute rl_replenishment.tasks.propose --kwargs "{'agent': NAME, 'force': True}"`.
	"""
	from rl_replenishment.bridge.proposals import propose_for

	trigger = "Manual" if agent else "Scheduler"
	if agent:
		settings = frappe.get_doc("RL Agent Settings", agent)
		if not (force or need_to_run(settings, getdate())):
			return {"agent": agent, "proposals": 0, "material_requests": []}
		return propose_for(agent, trigger=trigger)
	done = []
	for name in frappe.get_all("RL Agent Settings", {"enabled": 1}, pluck="name"):
		if not (force or need_to_run(frappe.get_doc("RL Agent Settings", name), getdate())):
			continue
		try:
			done.append(propose_for(name, trigger=trigger))
		except Exception:
			# the run is marked as failed and its error is logged; the next agent goes on
			frappe.db.rollback()
	return done


def need_to_run(settings: Document, today: date) -> bool:
	"""Whether an agent has not proposed since its last review day."""
	last = settings.last_run_on
	return not last or getdate(last) < last_review_day(settings.review_frequency, today)


def last_review_day(frequency: str, today: date) -> date:
	"""The latest day up to `today` on which orders are reviewed: any, a Monday, or the first of a month."""
	if frequency == "Weekly":
		return today - timedelta(days=today.weekday())
	return today.replace(day=1) if frequency == "Monthly" else today


def settle_feedback() -> None:
	"""Close the feedback rows that have waited long enough."""
	from rl_replenishment.bridge.feedback import settle

	settle(getdate())


def train_due() -> None:
	"""Queue the trainings that are due."""
	from rl_replenishment.bridge.training_job import train_due as queue_due

	queue_due()


def check_stuck_runs() -> None:
	"""Mark trainings whose worker has died."""
	from rl_replenishment.bridge.training_job import check_stuck_runs as check

	check()
