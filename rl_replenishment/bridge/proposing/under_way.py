"""Whether somebody is at a run of proposals, how far it is, and why it failed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any

import frappe
from frappe import _
from frappe.utils import now_datetime
from frappe.utils.background_jobs import get_job
from redis.exceptions import RedisError
from rq.timeouts import JobTimeoutException

from rl_replenishment.bridge.bench_execute import describe
from rl_replenishment.bridge.proposing import parts
from rl_replenishment.bridge.retrying import IN_THE_WAY, is_connection_lost

QUEUE, TIMEOUT_SECONDS = "long", 1500
#: a job is in the queue by then, and a worker that has taken one up holds its row
DELAY = timedelta(minutes=1)
#: what locks were in the way of is carried out so often
ATTEMPTS = 3


class Cancelled(Exception):
	"""Somebody does not want the run any more."""


def job_of(run: str) -> str:
	return f"rl_replenishment.propose.{run}"


def long_ago() -> datetime:
	"""What is older than this would be seen by now."""
	return now_datetime() - DELAY


def is_waiting(job: str) -> bool:
	"""Whether a job waits for a worker, or has just found one; without Redis, nobody knows, and it does."""
	try:
		found = get_job(job)
	except RedisError:
		return True
	if found is None:
		return False
	# as it was fetched: what has gone since has no status to ask for, which newer RQ refuses
	if (status := found.get_status(refresh=False)) == "started" and found.started_at:
		# the worker loads the app first: it need not hold its row yet
		began = found.started_at.replace(tzinfo=timezone.utc)
		return datetime.now(timezone.utc) - began < DELAY
	return status in ("queued", "deferred", "scheduled")


@contextmanager
def at_it(run: str) -> Iterator[None]:
	"""Let others know that somebody is at a run, whatever is committed within; ends with the connection."""
	frappe.db.sql("select get_lock(%s, 0)", (_lock_of(run),))
	try:
		yield
	finally:
		frappe.db.sql("select release_lock(%s)", (_lock_of(run),))


def is_at_it(run: str) -> bool:
	"""Whether somebody is, by `at_it`."""
	return bool(frappe.db.sql("select is_used_lock(%s)", (_lock_of(run),))[0][0])


def _lock_of(run: str) -> str:
	return f"rl_run.{run}.{frappe.conf.db_name}"[:64]


def is_locked(doctype: str, name: str) -> bool:
	"""Whether somebody holds a row, as each run does its agent's from its beginning to its end."""
	row = frappe.qb.DocType(doctype)
	try:
		frappe.qb.from_(row).select(row.name).where(row.name == name).for_update(nowait=True).run()
	except frappe.QueryTimeoutError:
		return True
	return False


def progress_of(run: str) -> dict[str, Any]:
	"""How far a run is that is in progress: `percent` and `what` it is at."""
	if count := frappe.db.get_value("RL Proposal Run", run, "parts"):
		written = count - len(parts.waiting(run))
		return {"percent": 20 + 75 * written / count, "what": _("Writing Material Requests")}
	return frappe.cache.get_value(_progress_key(run), expires=True) or {
		"percent": 0,
		"what": _("Waiting for a worker"),
	}


def _progress_key(run: str) -> str:
	return f"rl_replenishment.progress.{run}"


def forget(run: str) -> None:
	"""Know nothing of a run that begins: its name may have been that of one that was rolled back."""
	frappe.cache.delete_value([_progress_key(run), _cancel_key(run)])


def ask_to_end(run: str) -> None:
	"""Let workers know: who is at it does not see what others have written since it began."""
	frappe.cache.set_value(_cancel_key(run), 1, expires_in_sec=TIMEOUT_SECONDS)


def _cancel_key(run: str) -> str:
	return f"rl_replenishment.cancel.{run}"


def progress(run: str) -> Callable[[float, str], None]:
	"""Whom to tell how far a run is; raises `Cancelled` where nobody wants it any more."""
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


def why(error: Exception) -> str:
	"""Why a run has failed, in words."""
	if isinstance(error, JobTimeoutException):
		return _("The job's time was up, and nothing of it was kept; propose again.")
	if isinstance(error, IN_THE_WAY):
		return _("Others held what the run writes locked, and nothing of it was kept; propose again.")
	if is_connection_lost(error):
		return _("The connection to the database was lost, and nothing of it was kept; propose again.")
	return describe(error)
