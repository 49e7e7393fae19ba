"""RL Training Runs: opened, taken up, closed, and found dead."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import timedelta
from typing import Any

import frappe
from frappe import _
from frappe.utils import now_datetime
from frappe.utils.background_jobs import get_job_status
from redis.exceptions import RedisError
from rq.timeouts import JobTimeoutException

from rl_replenishment.bridge.guarding import plain
from rl_replenishment.bridge.language import in_the_sites_language
from rl_replenishment.bridge.notifying import TRAINING_FAILED, announce
from rl_replenishment.bridge.retrying import in_a_transaction, start_over
from rl_replenishment.core.training.of_records import Ask

#: a training gives a sign of life every few seconds
SILENCE = timedelta(minutes=3)
#: a job is in the queue at once, and a worker that takes one up says so at once
DELAY = timedelta(minutes=1)
#: a trainer on another machine may lose its connection, or be started anew
TRAINERS_SILENCE = timedelta(days=1)
#: states of a job that comes to something
_ALIVE = ("queued", "started", "deferred", "scheduled")


def open_run(ask: Ask, agent: str, **more: Any) -> tuple[str, bool]:
	"""The agent's open run, and whether it is a new one, which has `more` values."""
	check_stuck_runs(agent)
	run = frappe.get_doc(
		{
			"doctype": "RL Training Run",
			"agent": agent,
			"kind": ask.kind,
			"algorithm": ask.algorithm,
			"status": "Queued",
			"message": _("Waiting for a worker"),
			"queued_by": frappe.session.user,
			"settings": json.dumps(asdict(ask)),
			"open_for": agent,
			**more,
		}
	)
	already = frappe.db.get_value("RL Training Run", {"open_for": agent})
	if not already:
		try:
			run.insert(ignore_permissions=True)
		except frappe.UniqueValidationError:
			# somebody else asked at the same moment
			frappe.db.rollback()
			frappe.clear_last_message()
			already = frappe.db.get_value("RL Training Run", {"open_for": agent})
	# whoever looks sees the run from the first second
	frappe.db.commit()  # for the reason above; nosemgrep
	return already or run.name, not already


def begin(run: str) -> bool:
	"""Take up a run; False where that is no longer wanted, or somebody else has done so."""
	status, started = frappe.db.get_value("RL Training Run", run, ["status", "started_on"], for_update=True)
	if status == "Queued":
		now = now_datetime()
		# one that comes back from another machine began there
		values = {"status": "In Progress", "started_on": started or now, "heartbeat": now}
		frappe.db.set_value("RL Training Run", run, values)
	# nobody else is to take it up
	frappe.db.commit()  # for the reason above; nosemgrep
	return status == "Queued"


def close(run: str, status: str, message: str, error: str | None = None) -> None:
	# the end of a run outlives whatever is rolled back after it
	in_a_transaction(
		lambda: frappe.db.set_value("RL Training Run", run, {**closing(run, status, message), "error": error})
	)
	if status == "Failed":
		announce("RL Training Run", run, TRAINING_FAILED)


def closing(run: str, status: str, message: str) -> dict[str, Any]:
	now, message = now_datetime(), plain(message)
	started = frappe.db.get_value("RL Training Run", run, "started_on")
	seconds = (now - started).total_seconds() if started else 0
	return {"status": status, "message": message, "ended_on": now, "seconds": seconds, "open_for": None}


@in_the_sites_language()
def check_stuck_runs(agent: str | None = None) -> None:
	"""Mark runs as failed whose worker has died or whose job is lost; of one agent, or of all."""
	filters = {"status": ("in", ("Queued", "In Progress"))}
	if agent:
		filters["agent"] = agent
	for run in frappe.get_all("RL Training Run", filters, pluck="name"):
		try:
			_check_stuck(run)
		except JobTimeoutException:
			raise
		except Exception:
			if agent:
				raise
			# one agent's run keeps no other's from being looked at
			start_over()
			frappe.log_error(
				"RL Replenishment: a training was not checked",
				frappe.get_traceback(),
				reference_doctype="RL Training Run",
				reference_name=run,
			)


def _check_stuck(run: str) -> None:
	# locked, so that a run that just ended by itself is left alone
	row = frappe.db.get_value(
		"RL Training Run",
		run,
		["status", "creation", "heartbeat", "job_id", "is_remote"],
		as_dict=True,
		for_update=True,
	)
	if problem := _problem(row):
		close(run, "Failed", problem)
	else:
		# the lock goes
		frappe.db.commit()  # for the reason above; nosemgrep


def problem_of(run: str) -> str:
	"""What is wrong with a run under way, "" where nothing is."""
	fields = ["status", "creation", "heartbeat", "job_id"]
	return _problem(frappe.db.get_value("RL Training Run", run, fields, as_dict=True))


def _problem(row: frappe._dict) -> str:
	"""What is wrong with an open run, "" where nothing is."""
	if row.status not in ("Queued", "In Progress"):
		return ""
	silence = now_datetime() - (row.heartbeat or row.creation)
	if row.status == "In Progress" and row.is_remote and not row.job_id:
		if silence > TRAINERS_SILENCE:
			return _("No sign of life of its trainer since {0}. Start it again.").format(row.heartbeat)
		return ""
	if row.status == "In Progress" and silence > SILENCE:
		return _("The worker died in the middle: no sign of life since {0}. Train again.").format(
			row.heartbeat
		)
	if row.job_id and silence > DELAY and _is_lost(row.job_id):
		return _("The job is gone: its worker was stopped, or the queue was emptied. Train again.")
	if row.status == "Queued" and not row.job_id and silence > SILENCE:
		return _("It never came into the queue. Train again.")
	return ""


def is_deserted(run: str) -> bool:
	"""Whether a run is in the hands of a trainer on another machine that does not answer."""
	row = frappe.db.get_value("RL Training Run", run, ["heartbeat", "job_id", "is_remote"], as_dict=True)
	return bool(row.is_remote and not row.job_id and now_datetime() - row.heartbeat > SILENCE)


def _is_lost(job_id: str) -> bool:
	try:
		return get_job_status(job_id) not in _ALIVE
	except RedisError:
		# nothing is known of any job
		return False
