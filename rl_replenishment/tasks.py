"""What the scheduler and `bench execute` call; each agent by itself: one that fails stops no other."""

from __future__ import annotations

from datetime import date
from typing import Any

import frappe
from frappe.model.document import Document
from frappe.utils import getdate

from rl_replenishment.bridge.bench_execute import describe, ends_with_the_true_error
from rl_replenishment.bridge.each_agent import for_each_agent
from rl_replenishment.bridge.retrying import start_over
from rl_replenishment.bridge.review_days import last_review_day


@ends_with_the_true_error
def propose(agent: str | None = None, force: bool = False) -> dict[str, Any] | list[dict[str, Any]]:
	"""Propose now for one agent or for all that are enabled, where it is time for it or `force` says so.

	Also `bench execute rl_replenishment.tasks.propose --kwargs "{'agent': NAME, 'force': True}"`. Returns for
	each agent `{"agent", "proposals", "material_requests"}`, and `"error"` where one of several has failed.
	"""
	from rl_replenishment.bridge.proposing.run import propose_for

	if agent:
		settings = frappe.get_doc("RL Agent Settings", agent)
		settings.check_enabled()
		if not (force or need_to_run(settings, getdate())):
			return _nothing(agent)
		return propose_for(agent, trigger="Manual")
	done = []
	for name in _agents_to_run(force):
		try:
			done.append(propose_for(name, trigger="Scheduler"))
		except Exception as error:
			# the run is marked as failed and its error is logged; the next agent goes on
			start_over()
			done.append({**_nothing(name), "error": describe(error)})
	return done


def propose_due() -> None:
	"""Queue a round of proposals for each agent whose turn it is."""
	for_each_agent(_queue_if_due, "no round of proposals was queued", enabled=1)


def train_due() -> None:
	"""Queue the trainings that are due."""
	from rl_replenishment.bridge.training import asking as training_asking

	training_asking.train_due()


def settle_feedback() -> None:
	"""Close the feedback rows that have waited long enough."""
	from rl_replenishment.bridge import feedback

	feedback.settle(getdate())


def work_off_feedback() -> None:
	"""Compute the feedback that a worker has left undone, as one does that died."""
	from rl_replenishment.bridge import feedback

	feedback.work_off()


def book_edit_values() -> None:
	"""Book what buyers' changes were worth, where the demand is known by now."""
	from rl_replenishment.bridge import feedback

	feedback.book_edit_values(getdate())


def fit_lessons() -> None:
	"""Learn what buyers' settled changes say about the next proposals."""
	from rl_replenishment.bridge.proposing import lessons

	lessons.fit_lessons(getdate())


def renew_service_targets() -> None:
	"""Find anew what service targets take, where another policy is in use by now; on Mondays everywhere."""
	from rl_replenishment.bridge.service import replaying

	replaying.renew_targets()


def examine() -> None:
	"""Look whether all is in order, for the agents' forms; mends nothing."""
	from rl_replenishment.bridge import doctor

	doctor.examine()


def check_drift() -> None:
	"""Compare the last two weeks with what the backtest let expect."""
	from rl_replenishment.bridge.policies import drift

	drift.check_drift(getdate())


def send_digests() -> None:
	"""Send managers the weekly e-mail of each agent that wants it."""
	from rl_replenishment.bridge.desk import digest

	digest.send_digests(getdate())


def check_stuck_runs() -> None:
	"""Mark rounds of proposals and trainings whose worker has died."""
	from rl_replenishment.bridge.proposing import run as proposal_run
	from rl_replenishment.bridge.remote import files as remote_files
	from rl_replenishment.bridge.training import run as training_run

	proposal_run.close_lost_runs()
	training_run.check_stuck_runs()
	remote_files.sweep()


def need_to_run(settings: Document, today: date) -> bool:
	"""Whether an agent has not proposed since its last review day."""
	last = settings.last_run_on
	return not last or getdate(last) < last_review_day(settings.review_frequency, today)


def _queue_if_due(agent: str) -> None:
	from rl_replenishment.bridge.proposing.run import is_in_parts

	settings = frappe.db.get_value(
		"RL Agent Settings", agent, ["last_run_on", "review_frequency"], as_dict=True
	)
	if need_to_run(settings, getdate()) and not is_in_parts(agent):
		frappe.enqueue(
			"rl_replenishment.bridge.proposing.run.propose_for",
			queue="long",
			job_id=f"rl_replenishment.propose.{agent}",
			deduplicate=True,
			agent=agent,
			trigger="Scheduler",
			in_parts=True,
		)


def _agents_to_run(force: bool = False) -> list[str]:
	today = getdate()
	agents = frappe.get_all(
		"RL Agent Settings", {"enabled": 1}, ["name", "last_run_on", "review_frequency"], order_by="name"
	)
	return [agent.name for agent in agents if force or need_to_run(agent, today)]


def _nothing(agent: str) -> dict[str, Any]:
	return {"agent": agent, "proposals": 0, "material_requests": []}
