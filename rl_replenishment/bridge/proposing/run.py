"""The life of an RL Proposal Run: begun, carried out, cancelled, failed, lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import getdate, now_datetime
from frappe.utils.background_jobs import get_job_status
from redis.exceptions import RedisError
from rq.timeouts import JobTimeoutException

from rl_replenishment.bridge.bench_execute import describe
from rl_replenishment.bridge.guarding import plain
from rl_replenishment.bridge.language import in_the_sites_language
from rl_replenishment.bridge.notifying import PROPOSALS_FAILED, PROPOSALS_WAITING, announce
from rl_replenishment.bridge.proposing import rows as proposal_rows
from rl_replenishment.bridge.proposing.round import Round, carry_out
from rl_replenishment.bridge.retrying import IN_THE_WAY, in_a_transaction, is_connection_lost

QUEUE, TIMEOUT_SECONDS = "long", 1500


#: a job is in the queue at once, and a worker that takes one up holds the agent's row at once
DELAY = timedelta(minutes=1)
#: a run that locks were in the way of is carried out so often
ATTEMPTS = 3


class Cancelled(Exception):
	"""Somebody does not want the run any more."""


class Occupied(frappe.ValidationError):
	"""Another run of the agent is going."""


def enqueue(agent: str) -> str:
	"""Propose in the background; returns the name of the RL Proposal Run, which is visible at once."""
	close_lost_runs()
	running = frappe.db.get_value("RL Proposal Run", {"agent": agent, "status": "In Progress"})
	if running:
		frappe.msgprint(_("Run {0} of this agent is still going.").format(running), alert=True)
		return running
	run = _begin(frappe.get_doc("RL Agent Settings", agent), "Manual")
	try:
		frappe.enqueue(
			"rl_replenishment.bridge.proposing.run.execute",
			queue=QUEUE,
			timeout=TIMEOUT_SECONDS,
			job_id=_job_of(run),
			run=run,
		)
	except RedisError:
		reason = _("The job queue cannot be reached; start Redis and the workers and try again.")
		_close([run], reason)
		frappe.db.commit()
		frappe.throw(reason)
	return run


def _job_of(run: str) -> str:
	return f"rl_replenishment.propose.{run}"


def propose_for(agent: str, *, trigger: str = "Manual", today: date | None = None) -> dict[str, Any]:
	"""Propose now; returns agent, run, number of proposals and names of the Material Requests."""
	return execute(_begin(frappe.get_doc("RL Agent Settings", agent), trigger), today)


@in_the_sites_language()
def execute(run: str, today: date | None = None) -> dict[str, Any]:
	"""Carry out a run that has been begun; one that fails is marked so, and raises."""
	agent, mode = frappe.db.get_value("RL Proposal Run", run, ["agent", "mode"])
	nothing = {"agent": agent, "run": run, "proposals": 0, "material_requests": []}
	# the day on which it begins is the run's day throughout, also where midnight passes
	day = today or getdate()
	try:
		# all of a run or nothing of it
		done = in_a_transaction(lambda: _attempt(run, agent, day), attempts=ATTEMPTS)
	except Cancelled:
		return nothing
	except Exception as error:
		in_a_transaction(partial(_mark_failed, run, error))
		# what the other run does is no failure
		if not isinstance(error, Occupied):
			announce("RL Proposal Run", run, PROPOSALS_FAILED)
		if isinstance(error, IN_THE_WAY) or is_connection_lost(error):
			raise frappe.ValidationError(_why(error)) from error
		raise
	if done.refused:
		announce("RL Proposal Run", run, PROPOSALS_FAILED)
	if done.requests and mode == "Draft":
		announce("RL Proposal Run", run, PROPOSALS_WAITING)
	return {**nothing, "proposals": len(done.ordered), "material_requests": done.requests}


def _attempt(run: str, agent: str, day: date) -> Round:
	"""Carry out a run in a transaction that has just begun; does not commit."""
	try:
		# before the first look at the data: a second worker waits here, and then sees the drafts of the first
		frappe.db.get_value("RL Agent Settings", agent, "name", for_update=True)
	except frappe.QueryTimeoutError as error:
		raise Occupied(_("Another run of this agent was still going.")) from error
	if frappe.db.get_value("RL Proposal Run", run, "status") != "In Progress":
		raise Cancelled
	settings, tell = frappe.get_doc("RL Agent Settings", agent), _progress(run)
	done = carry_out(run, settings, day, tell)
	# locked, so that the latest word is read
	if frappe.db.get_value("RL Proposal Run", run, "status", for_update=True) != "In Progress":
		raise Cancelled
	_end(run, settings, day, done)
	tell(100, _("Done"))
	return done


def _begin(settings: Document, trigger: str) -> str:
	run = frappe.get_doc(
		{
			"doctype": "RL Proposal Run",
			"agent": settings.name,
			"company": settings.company,
			"mode": settings.mode,
			"status": "In Progress",
			"trigger": trigger,
			"started_on": now_datetime(),
		}
	).insert(ignore_permissions=True)
	# the name may have been that of a run that was rolled back
	frappe.cache.delete_value([_progress_key(run.name), _cancel_key(run.name)])
	# whoever looks sees it from the first second
	frappe.db.commit()  # for the reason above; nosemgrep
	return run.name


@in_the_sites_language()
def cancel(run: str) -> None:
	"""End a run that waits or is at work; all that it has done is taken back."""
	if frappe.db.get_value("RL Proposal Run", run, "status", for_update=True) != "In Progress":
		frappe.throw(_("Run {0} has ended already.").format(run))
	_close([run], _("Cancelled; nothing of it was kept."), "Cancelled")
	# a worker that is at it does not see what others have written since it began
	frappe.cache.set_value(_cancel_key(run), 1, expires_in_sec=TIMEOUT_SECONDS)
	frappe.db.commit()  # for the reason above; nosemgrep


@in_the_sites_language()
def close_lost_runs() -> None:
	"""Mark as failed the runs whose worker has died: whatever they had begun was rolled back with it."""
	lost = [run for run, _agent in lost_runs()]
	_close(lost, _("The worker ended before the run did, and nothing of it was kept; propose again."))


def lost_runs() -> list[tuple[str, str]]:
	"""The runs in progress, with their agents, that nobody is at and that wait for no worker."""
	old = frappe.get_all(
		"RL Proposal Run",
		{"status": "In Progress", "creation": ("<", now_datetime() - DELAY)},
		["name", "agent"],
		as_list=True,
	)
	return [(run, agent) for run, agent in old if not _is_waiting(run) and not _is_worked_for(agent)]


def _is_waiting(run: str) -> bool:
	"""Whether a run waits for a worker; where nobody knows, as without Redis, it does."""
	try:
		return get_job_status(_job_of(run)) in ("queued", "deferred", "scheduled")
	except RedisError:
		return True


def _is_worked_for(agent: str) -> bool:
	"""Whether a run holds the agent's row, as each does from its beginning to its end."""
	row = frappe.qb.DocType("RL Agent Settings")
	try:
		frappe.qb.from_(row).select(row.name).where(row.name == agent).for_update(nowait=True).run()
	except frappe.QueryTimeoutError:
		return True
	return False


def _close(runs: list[str], reason: str, status: str = "Failed") -> None:
	values = {"status": status, "ended_on": now_datetime(), "messages": plain(reason)}
	for run in runs:
		frappe.db.set_value("RL Proposal Run", {"name": run, "status": "In Progress"}, values)


def _mark_failed(run: str, error: Exception) -> None:
	if frappe.db.get_value("RL Proposal Run", run, "status", for_update=True) != "In Progress":
		# somebody has ended it in the meantime
		return
	log = frappe.log_error(
		"RL Replenishment: proposing failed",
		frappe.get_traceback(),
		reference_doctype="RL Proposal Run",
		reference_name=run,
	)
	values = {
		"status": "Failed",
		"ended_on": now_datetime(),
		"messages": plain(_why(error)),
		"error": log.name,
	}
	frappe.db.set_value("RL Proposal Run", run, values)


def _why(error: Exception) -> str:
	"""Why a run has failed, in words."""
	if isinstance(error, JobTimeoutException):
		return _("The job's time was up, and nothing of it was kept; propose again.")
	if isinstance(error, IN_THE_WAY):
		return _("Others held what the run writes locked, and nothing of it was kept; propose again.")
	if is_connection_lost(error):
		return _("The connection to the database was lost, and nothing of it was kept; propose again.")
	return describe(error)


def _end(run: str, settings: Document, day: date, done: Round) -> None:
	scope = done.situation.scope
	status = _status(done)
	frappe.db.set_value(
		"RL Proposal Run",
		run,
		{
			"status": status,
			"day": day,
			"policy": done.policy,
			"ended_on": now_datetime(),
			"items_considered": len(scope.keys),
			"items_ordered": len(done.ordered) - done.refused,
			"order_value": done.value,
			"messages": plain("\n".join(done.messages)),
			"left_out": json.dumps([asdict(left) for left in scope.left_out]),
			"not_ordered": proposal_rows.not_ordered(done.situation, done.proposals, done.not_ordered),
		},
	)
	if status != "Failed":
		# after midnight, another day's turn has come
		last = min(now_datetime(), datetime.combine(day, time.max))
		frappe.db.set_value("RL Agent Settings", settings.name, "last_run_on", last, update_modified=False)


def _status(done: Round) -> str:
	"""Failed where ERPNext refused all that was to be requested, Partly where it refused some of it."""
	if not done.refused:
		return "Completed"
	return "Partly" if done.requests else "Failed"


def progress_of(run: str) -> dict[str, Any]:
	"""How far a run is that is in progress: `percent` and `what` it is at."""
	return frappe.cache.get_value(_progress_key(run), expires=True) or {
		"percent": 0,
		"what": _("Waiting for a worker"),
	}


def _progress_key(run: str) -> str:
	return f"rl_replenishment.progress.{run}"


def _cancel_key(run: str) -> str:
	return f"rl_replenishment.cancel.{run}"


def _progress(run: str) -> Callable[[float, str], None]:
	last = -100.0

	def tell(percent: float, what: str) -> None:
		nonlocal last
		if frappe.cache.get_value(_cancel_key(run), expires=True):
			raise Cancelled
		if percent - last >= 5 or percent >= 100:
			last = percent
			# not in the document, which nobody sees changed before the run is committed
			frappe.cache.set_value(
				_progress_key(run), {"percent": percent, "what": what}, expires_in_sec=TIMEOUT_SECONDS
			)

	return tell
