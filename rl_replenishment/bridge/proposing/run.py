"""The life of an RL Proposal Run: begun, carried out, cancelled, failed, lost."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from functools import partial
from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import getdate, now_datetime
from redis.exceptions import RedisError
from rq.timeouts import JobTimeoutException

from rl_replenishment.bridge import feedback
from rl_replenishment.bridge.guarding import plain
from rl_replenishment.bridge.language import in_the_sites_language
from rl_replenishment.bridge.notifying import PROPOSALS_FAILED, announce
from rl_replenishment.bridge.proposing import joining, parts
from rl_replenishment.bridge.proposing import rows as proposal_rows
from rl_replenishment.bridge.proposing.joining import AGENT
from rl_replenishment.bridge.proposing.round import Round, carry_out
from rl_replenishment.bridge.proposing.under_way import (
	ATTEMPTS,
	QUEUE,
	TIMEOUT_SECONDS,
	Cancelled,
	ask_to_end,
	at_it,
	forget,
	is_at_it,
	is_locked,
	is_waiting,
	job_of,
	long_ago,
	progress,
	progress_of,
	why,
)
from rl_replenishment.bridge.retrying import IN_THE_WAY, in_a_transaction, is_connection_lost

__all__ = [
	"QUEUE",
	"cancel",
	"close_lost_runs",
	"enqueue",
	"execute",
	"is_in_parts",
	"lost_runs",
	"progress_of",
	"propose_for",
]


class Occupied(frappe.ValidationError):
	"""Another run of the agent is going."""


def enqueue(agent: str) -> str:
	"""Propose in the background; returns the name of the RL Proposal Run, which is visible at once."""
	close_lost_runs()
	running = frappe.db.get_value("RL Proposal Run", {"agent": agent, "status": "In Progress"})
	if running:
		frappe.msgprint(_("Run {0} of this agent is still going.").format(running), alert=True)
		return running
	run = _begin(frappe.get_doc(AGENT, agent), "Manual")
	try:
		frappe.enqueue(
			"rl_replenishment.bridge.proposing.run.execute",
			queue=QUEUE,
			timeout=TIMEOUT_SECONDS,
			job_id=job_of(run),
			run=run,
			in_parts=True,
		)
	except RedisError:
		reason = _("The job queue cannot be reached; start Redis and the workers and try again.")
		_close([run], reason)
		frappe.db.commit()
		frappe.throw(reason)
	return run


def propose_for(
	agent: str, *, trigger: str = "Manual", today: date | None = None, in_parts: bool = False
) -> dict[str, Any]:
	"""Propose now; returns agent, run, number of proposals and names of the Material Requests."""
	return execute(_begin(frappe.get_doc(AGENT, agent), trigger), today, in_parts)


@in_the_sites_language()
def execute(run: str, today: date | None = None, in_parts: bool = False) -> dict[str, Any]:
	"""Carry out a run that has been begun; one that fails is marked so, and raises.

	With `in_parts`, a large one goes on in several jobs, and ends with the last of them: see `parts`.
	"""
	agent, mode = frappe.db.get_value("RL Proposal Run", run, ["agent", "mode"])
	nothing = {"agent": agent, "run": run, "proposals": 0, "material_requests": []}
	# the day on which it begins is the run's day throughout, also where midnight passes
	day = today or getdate()
	try:
		# the first takes as long as there is feedback, and holds none of the rows that runs are known by
		with at_it(run):
			_take_in_feedback(run)
			# all of a run or nothing of it
			done = in_a_transaction(lambda: _attempt(run, agent, day, in_parts), attempts=ATTEMPTS)
	except Cancelled:
		return nothing
	except Exception as error:
		in_a_transaction(partial(_mark_failed, run, error))
		# what the other run does is no failure
		if not isinstance(error, Occupied):
			announce("RL Proposal Run", run, PROPOSALS_FAILED)
		if isinstance(error, IN_THE_WAY) or is_connection_lost(error):
			raise frappe.ValidationError(why(error)) from error
		raise
	if done.parts:
		joining.begin(run)
	else:
		joining.tell(run, mode, bool(done.refused), bool(done.requests))
	return {**nothing, "proposals": len(done.ordered), "material_requests": done.requests}


def _take_in_feedback(run: str) -> None:
	"""What was ordered until now counts, also where no worker has taken its feedback up yet.

	What goes wrong there is logged, and stops no run: the notes wait for the scheduler.
	"""
	try:
		in_a_transaction(feedback.work_off)
	except JobTimeoutException:
		raise
	except Exception:
		frappe.log_error(
			"RL Replenishment: feedback was not taken in before a run",
			frappe.get_traceback(),
			reference_doctype="RL Proposal Run",
			reference_name=run,
		)


def _attempt(run: str, agent: str, day: date, in_parts: bool = False) -> Round:
	"""Carry out a run in a transaction that has just begun; does not commit."""
	try:
		# before the first look at the data: a second worker waits here, and then sees the drafts of the first
		frappe.db.get_value(AGENT, agent, "name", for_update=True)
	except frappe.QueryTimeoutError as error:
		raise Occupied(_occupied()) from error
	if is_in_parts(agent, besides=run):
		raise Occupied(_occupied())
	status, in_parts_already = frappe.db.get_value("RL Proposal Run", run, ["status", "parts"])
	if status != "In Progress" or in_parts_already:
		raise Cancelled
	settings, tell = frappe.get_doc(AGENT, agent), progress(run)
	most = parts.lines_per_part() if in_parts else 0
	done = carry_out(run, settings, day, tell, lines_per_part=most)
	# locked, so that the latest word is read
	if frappe.db.get_value("RL Proposal Run", run, "status", for_update=True) != "In Progress":
		raise Cancelled
	_end(run, settings, day, done)
	if not done.parts:
		tell(100, _("Done"))
	return done


def _occupied() -> str:
	return _("Another run of this agent was still going.")


def is_in_parts(agent: str, besides: str = "") -> bool:
	"""Whether several jobs are writing the requests of a run of the agent."""
	going = {"agent": agent, "status": "In Progress", "parts": (">", 0), "name": ("!=", besides)}
	return bool(frappe.db.exists("RL Proposal Run", going))


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
	forget(run.name)
	# whoever looks sees it from the first second
	frappe.db.commit()  # for the reason above; nosemgrep
	return run.name


@in_the_sites_language()
def cancel(run: str) -> None:
	"""End a run that waits or is at work; all that it has done is taken back.

	Of one that is written in parts, the parts that are written stay.
	"""
	# both as of the lock: the run may have been divided since this transaction began to read
	columns = ["status", "parts"]
	status, in_parts = frappe.db.get_value("RL Proposal Run", run, columns, for_update=True) or (None, 0)
	if status != "In Progress":
		frappe.throw(_("Run {0} has ended already.").format(run))
	ask_to_end(run)
	if in_parts:
		joining.join(run, cancelled=True)
	else:
		_close([run], _("Cancelled; nothing of it was kept."), "Cancelled")
	frappe.db.commit()  # for the reason above; nosemgrep


@in_the_sites_language()
def close_lost_runs() -> None:
	"""Mark as failed the runs whose worker has died: whatever they had begun was rolled back with it.

	What is written in parts goes on with those that are left.
	"""
	lost = [run for run, _agent in lost_runs()]
	in_parts = [run for run in lost if frappe.db.get_value("RL Proposal Run", run, "parts")]
	reason = _("The worker ended before the run did, and nothing of it was kept; propose again.")
	_close([run for run in lost if run not in in_parts], reason)
	for run in in_parts:
		joining.go_on(run)


def lost_runs() -> list[tuple[str, str]]:
	"""The runs in progress, with their agents, that nobody is at and that wait for no worker."""
	old = frappe.get_all(
		"RL Proposal Run",
		{"status": "In Progress", "creation": ("<", long_ago())},
		["name", "agent", "parts"],
		as_list=True,
	)
	return [
		(run, agent)
		for run, agent, in_parts in old
		if (
			joining.lacks_workers(run)
			if in_parts
			else not (is_waiting(job_of(run)) or is_at_it(run) or is_locked(AGENT, agent))
		)
	]


def _close(runs: list[str], reason: str, status: str = "Failed") -> None:
	values = {"status": status, "ended_on": now_datetime(), "messages": plain(reason)}
	for run in runs:
		# one that is divided by now goes on, whatever was read of it before
		going = {"name": run, "status": "In Progress", "parts": 0}
		frappe.db.set_value("RL Proposal Run", going, values)


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
		"messages": plain(why(error)),
		"error": log.name,
	}
	frappe.db.set_value("RL Proposal Run", run, values)


def _end(run: str, settings: Document, day: date, done: Round) -> None:
	scope = done.situation.scope
	status = "In Progress" if done.parts else joining.status_of(bool(done.refused), bool(done.requests))
	frappe.db.set_value(
		"RL Proposal Run",
		run,
		{
			"status": status,
			"day": day,
			"policy": done.policy,
			"ended_on": None if done.parts else now_datetime(),
			"parts": done.parts,
			"items_considered": len(scope.keys),
			"items_ordered": len(done.ordered) - done.refused,
			"order_value": done.value,
			"messages": plain("\n".join(done.messages)),
			"left_out": json.dumps([asdict(left) for left in scope.left_out]),
			"not_ordered": proposal_rows.not_ordered(done.situation, done.proposals, done.not_ordered),
		},
	)
	if status not in ("Failed", "In Progress"):
		joining.has_looked(settings.name, day)
