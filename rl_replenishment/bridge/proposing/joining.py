"""The jobs that write the parts of a large run, and the end of it: joined once, by whoever is last.

A job is begun anew where its worker dies. The run's row is locked while it is looked whether all is written,
and what has ended is not ended again.
"""

from __future__ import annotations

from datetime import date, datetime, time
from functools import partial

import frappe
from frappe import _
from frappe.utils import getdate, now_datetime
from redis.exceptions import RedisError

from rl_replenishment.bridge.guarding import plain
from rl_replenishment.bridge.language import in_the_sites_language
from rl_replenishment.bridge.notifying import PROPOSALS_FAILED, PROPOSALS_WAITING, announce
from rl_replenishment.bridge.proposing import parts
from rl_replenishment.bridge.proposing.under_way import (
	ATTEMPTS,
	QUEUE,
	TIMEOUT_SECONDS,
	Cancelled,
	is_locked,
	is_waiting,
	job_of,
	long_ago,
	progress,
	why,
)
from rl_replenishment.bridge.retrying import IN_THE_WAY, in_a_transaction

AGENT = "RL Agent Settings"
#: a part whose worker dies is begun anew so often
MOST_TRIES = 3


def begin(run: str) -> None:
	"""Put the parts of a run into the queue."""
	for part in parts.waiting(run):
		_enqueue(run, part)


@in_the_sites_language()
def write_part(run: str, part: str) -> None:
	"""Write a part of a run; whoever writes the last one ends the run."""

	def write() -> None:
		agent, status = frappe.db.get_value("RL Proposal Run", run, ["agent", "status"]) or (None, None)
		if status == "In Progress":
			tell = progress(run)
			parts.write(part, frappe.get_doc(AGENT, agent), lambda share: tell(0, ""))

	try:
		in_a_transaction(write, attempts=ATTEMPTS)
	except Cancelled:
		return
	except IN_THE_WAY as error:
		# says nothing of its lines
		for each in parts.waiting(run):
			if each.name == part:
				_begin_anew(run, each, now_datetime(), why(error))
	except Exception as error:
		reason = why(error)
		frappe.log_error(
			"RL Replenishment: proposing failed",
			frappe.get_traceback(),
			reference_doctype="RL Proposal Run",
			reference_name=run,
		)
		in_a_transaction(lambda: parts.give_up(part, reason))
	_end_if_written(run)


def _enqueue(run: str, part: parts.Waiting) -> None:
	try:
		frappe.enqueue(
			"rl_replenishment.bridge.proposing.joining.write_part",
			queue=QUEUE,
			timeout=TIMEOUT_SECONDS,
			job_id=_job_of_part(run, part),
			run=run,
			part=part.name,
		)
	except RedisError:
		# whoever looks for lost runs finds it
		frappe.logger().warning("RL Replenishment: a part of %s could not be put into the queue", run)


def _job_of_part(run: str, part: parts.Waiting) -> str:
	return f"{job_of(run)}.{part.number}.{part.tries}"


def _end_if_written(run: str) -> None:
	"""End a run all of whose parts are written; of several who try, one does."""
	# looked at first without a lock: joining would wait for those who write the other parts
	if ended := in_a_transaction(lambda: None if parts.waiting(run) else join(run)):
		tell(run, *ended)


def join(run: str, cancelled: bool = False) -> tuple[str, bool, bool] | None:
	"""End a run all of whose parts are written, or which is cancelled; does not commit.

	Returns its mode, whether lines were refused, and whether any were requested; None where it goes on, or
	has ended before.
	"""
	columns = ["agent", "mode", "status", "day", "items_ordered", "messages"]
	# locked before the first look at the parts, so that whoever comes next sees that it is done
	of_run = frappe.db.get_value("RL Proposal Run", run, columns, as_dict=True, for_update=True)
	if not of_run or of_run.status != "In Progress":
		return None
	dropped = parts.drop(run) if cancelled else 0
	outcome = parts.join(run)
	if outcome is None:
		return None
	messages = [of_run.messages, *parts.refusals(outcome.refused)]
	status = status_of(bool(outcome.refused), bool(outcome.requests))
	if cancelled:
		status = "Partly" if outcome.requests else "Cancelled"
		messages.append(
			_("Cancelled; what had been requested by then stays.")
			if outcome.requests
			else _("Cancelled; nothing of it was kept.")
		)
	values = {
		"status": status,
		"ended_on": now_datetime(),
		"items_ordered": of_run.items_ordered - len(outcome.refused) - dropped,
		"messages": plain("\n".join(filter(None, messages))),
	}
	frappe.db.set_value("RL Proposal Run", run, values)
	if outcome.requests:
		has_looked(of_run.agent, getdate(of_run.day))
	return of_run.mode, bool(outcome.refused), bool(outcome.requests)


def lacks_workers(run: str) -> bool:
	"""Whether nobody is at one of the parts of a run, or all are written and the run has not ended."""
	left = parts.waiting(run)
	return not left or any(_is_lost(run, part) for part in left)


def _is_lost(run: str, part: parts.Waiting) -> bool:
	is_old = part.queued_on < long_ago()
	return is_old and not is_waiting(_job_of_part(run, part)) and not is_locked(parts.PART, part.name)


def go_on(run: str) -> None:
	"""Begin the parts of a run anew whose workers have died, and end the run where all are written."""
	for part in parts.waiting(run):
		if _is_lost(run, part):
			reason = _("its workers ended before it was written; propose again")
			_begin_anew(run, part, long_ago(), reason)
	_end_if_written(run)


def _begin_anew(run: str, part: parts.Waiting, earlier_than: datetime, reason: str) -> None:
	"""Put a part into the queue again, last put there before a moment; given up for a `reason` in the end."""
	tries = in_a_transaction(partial(parts.begin_anew, part, earlier_than))
	if tries > MOST_TRIES:
		in_a_transaction(partial(parts.give_up, part.name, reason))
	elif tries:
		_enqueue(run, part._replace(tries=tries))


def tell(run: str, mode: str, is_refused: bool, is_requested: bool) -> None:
	"""Have the notifications of a run that has ended go out."""
	if is_refused:
		announce("RL Proposal Run", run, PROPOSALS_FAILED)
	if is_requested and mode == "Draft":
		announce("RL Proposal Run", run, PROPOSALS_WAITING)


def has_looked(agent: str, day: date) -> None:
	"""Keep that an agent's run of a day has been carried out."""
	# after midnight, another day's turn has come
	last = min(now_datetime(), datetime.combine(day, time.max))
	frappe.db.set_value(AGENT, agent, "last_run_on", last, update_modified=False)


def status_of(is_refused: bool, is_requested: bool) -> str:
	"""Failed where ERPNext refused all that was to be requested, Partly where it refused some of it."""
	if not is_refused:
		return "Completed"
	return "Partly" if is_requested else "Failed"
