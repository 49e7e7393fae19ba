"""Documents whose feedback is due: noted in the buyer's transaction, worked off after it was committed.

A note is a row of RL Feedback Due, which nobody else looks at before it is committed: writing it waits for no
lock. The rows of RL Feedback are then computed by one worker at a time, from what is committed; a note goes
when that is done. What a worker leaves behind, the scheduler finds.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import frappe
from frappe.utils import now_datetime
from rq.timeouts import JobTimeoutException

from rl_replenishment.bridge.feedback.refreshing import refresh_entry, refresh_order, refresh_requests
from rl_replenishment.bridge.retrying import in_a_transaction, start_over

DUE = "RL Feedback Due"
#: a document that fails so often waits for somebody to look at it
MOST_TRIES = 3
#: how long one worker waits for another that is at it
PATIENCE_SECONDS = 60
#: as long as this no further job is put into the queue
_ASKED_FOR_SECONDS = 60
_ASKED_FOR = "rl_replenishment.feedback_is_due"


def note(doctype: str, name: str) -> None:
	"""Note that the feedback on a document is due; it comes after the transaction is committed."""
	stamp, user = now_datetime(), frappe.session.user
	row = frappe.qb.DocType(DUE)
	(
		frappe.qb.into(row)
		.columns("name", "creation", "modified", "owner", "modified_by", "parenttype", "parent", "tries")
		.insert(frappe.generate_hash(length=16), stamp, stamp, user, user, doctype, name, 0)
		.run()
	)
	# of many in one transaction the last is enough
	if not getattr(frappe.local, "rl_feedback_is_asked_for", False):
		frappe.local.rl_feedback_is_asked_for = True
		frappe.db.after_rollback.add(_forget)
		frappe.db.after_commit.add(_ask)


def _forget() -> None:
	frappe.local.rl_feedback_is_asked_for = False


def _ask() -> None:
	"""Have it done: by a worker, or here and now where nobody waits for an answer.

	Whatever goes wrong here, the document is committed, and the scheduler finds the note.
	"""
	_forget()
	shown = len(frappe.local.message_log)
	try:
		if not (getattr(frappe.local, "request", None) or getattr(frappe.local, "job", None)):
			work_off()
		# of all that happens before a worker takes it up, one job is enough
		elif frappe.cache.set(_key(), 1, ex=_ASKED_FOR_SECONDS, nx=True):
			frappe.enqueue("rl_replenishment.bridge.feedback.outbox.work_off", queue="short")
	except JobTimeoutException:
		raise
	except Exception:
		del frappe.local.message_log[shown:]
		frappe.logger().warning("RL Replenishment: feedback is due", exc_info=True)


def _key() -> str:
	return frappe.cache.make_key(_ASKED_FOR)


def work_off() -> int:
	"""Compute the feedback of all that was noted; returns how many documents are left. Commits."""
	frappe.db.commit()  # what comes now begins with what is committed; nosemgrep
	try:
		frappe.cache.delete(_key())
	except Exception:
		# Redis is for haste alone
		frappe.logger().warning("RL Replenishment: no Redis", exc_info=True)
	with _alone() as is_alone:
		while is_alone and (due := _due()):
			for document, notes in due.items():
				_work_off(document, notes)
	return len(_due())


@contextmanager
def _alone() -> Iterator[bool]:
	"""Whether no other process of this site is at it; the lock goes with the connection, if not before."""
	lock = f"rl_feedback.{frappe.conf.db_name}"[:64]
	is_alone = bool(frappe.db.sql("select get_lock(%s, %s)", (lock, PATIENCE_SECONDS))[0][0])
	try:
		yield is_alone
	finally:
		if is_alone:
			frappe.db.sql("select release_lock(%s)", (lock,))


def _due() -> dict[tuple[str, str, str], list[Any]]:
	"""The notes by document and by who changed it, the oldest first."""
	frappe.db.commit()  # a new transaction sees what has come since; nosemgrep
	notes = frappe.get_all(
		DUE,
		{"tries": ("<", MOST_TRIES)},
		["name", "parenttype", "parent", "owner", "tries"],
		order_by="creation",
		limit=500,
	)
	found: dict[tuple[str, str, str], list[Any]] = {}
	for each in notes:
		found.setdefault((each.parenttype, each.parent, each.owner), []).append(each)
	return found


def _work_off(document: tuple[str, str, str], notes: list[Any]) -> None:
	doctype, name, owner = document
	user = frappe.session.user
	try:
		# who deleted a request has turned it down
		frappe.set_user(owner)
		in_a_transaction(lambda: refresh(doctype, name))
		in_a_transaction(lambda: frappe.db.delete(DUE, {"name": ("in", [each.name for each in notes])}))
	except JobTimeoutException:
		raise
	except Exception:
		start_over()
		log_failure(doctype, name)
		for each in notes:
			frappe.db.set_value(DUE, each.name, "tries", each.tries + 1)
		frappe.db.commit()  # what failed is not to stop the others; nosemgrep
	finally:
		frappe.set_user(user)


def work_off_now(doctype: str, names: Collection[str]) -> None:
	"""The feedback on documents before the request ends, for a page that shows it next. Commits.

	Where it fails, or another process is at it for long, the notes are there for the next one.
	"""
	with _alone() as is_alone:
		for name in names if is_alone else ():
			try:
				in_a_transaction(lambda name=name: refresh(doctype, name))  # type: ignore[misc]
			except JobTimeoutException:
				raise
			except Exception:
				log_failure(doctype, name)


def refresh(doctype: str, name: str) -> None:
	"""Bring the feedback on a document up to date; does not commit."""
	if doctype == "Material Request":
		refresh_requests([name])
	elif doctype == "Stock Entry":
		refresh_entry(name)
	elif frappe.db.exists("Purchase Order", name):
		refresh_order(name)


def log_failure(doctype: str, name: str) -> None:
	"""Log the exception at hand."""
	frappe.log_error(
		"RL Replenishment: feedback was not recorded",
		frappe.get_traceback(),
		reference_doctype=doctype,
		reference_name=name,
	)
