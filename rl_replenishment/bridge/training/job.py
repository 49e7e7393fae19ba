"""What a worker does with an RL Training Run: learn, keep what came of it, or say why not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import now_datetime
from rq.timeouts import JobTimeoutException

from rl_replenishment.bridge import feedback
from rl_replenishment.bridge.bench_execute import describe
from rl_replenishment.bridge.language import in_the_sites_language
from rl_replenishment.bridge.policies import store as policy_store
from rl_replenishment.bridge.retrying import IN_THE_WAY, is_connection_lost, start_over
from rl_replenishment.bridge.training.learning import Lesson, learn
from rl_replenishment.bridge.training.material import changed_on
from rl_replenishment.bridge.training.run import Ask, begin, close, closing
from rl_replenishment.bridge.training.watch import Disowned, Ended, Watch, gentle_timeout
from rl_replenishment.core.errors import InputError

#: a proposal run holds the agent's row while it writes; saving a policy waits for it this often
SAVE_ATTEMPTS = 10


def execute(run_name: str) -> None:
	"""What the worker does; a training that fails is marked so, and the job ends well."""
	with suppress(Exception):
		carry_out(run_name)


@in_the_sites_language()
def carry_out(run: str) -> None:
	"""Train as the run says, here and now; what goes wrong is kept in the run, and raised."""
	if not begin(run):
		return
	watch = Watch(run)
	with closes_what_fails(run, watch):
		document = frappe.get_doc("RL Training Run", run)
		settings = frappe.get_doc("RL Agent Settings", document.agent)
		lesson = learn(settings, Ask(**json.loads(document.settings)), watch)
		save(document, settings, lesson, watch)


@contextmanager
def closes_what_fails(run: str, watch: Watch) -> Iterator[None]:
	"""What goes wrong in a run that has begun is kept in it, and raised."""
	try:
		with gentle_timeout(watch):
			yield
	except Disowned:
		start_over()
		raise frappe.ValidationError(_("Training {0} was closed by somebody else.").format(run)) from None
	except (Ended, KeyboardInterrupt) as end:
		start_over()
		if isinstance(end, KeyboardInterrupt):
			close(run, "Cancelled", _("Interrupted from the keyboard; nothing was kept."))
			raise
		if watch.timed_out:
			close(run, "Failed", _("The job's time was up before the training had begun."))
		else:
			close(run, "Cancelled", _("Cancelled before anything was learned."))
	except Exception as error:
		start_over()
		_fail(run, error)
		raise


def save(document: Document, settings: Document, lesson: Lesson, watch: Watch) -> None:
	"""Keep what came of a training: all of it or nothing."""
	for attempt in range(SAVE_ATTEMPTS):
		watch.phase(_("Saving"), 98, 100)
		try:
			_write(document, settings, lesson, watch)
			# policy, promotion and used-up feedback belong together
			frappe.db.commit()
			break
		except IN_THE_WAY:
			frappe.db.rollback()
			if attempt + 1 == SAVE_ATTEMPTS:
				raise


def _write(document: Document, settings: Document, lesson: Lesson, watch: Watch) -> None:
	# first the lock that may have to be waited for
	policy_store.active_policy(settings.name, lock=True)
	verdict, is_complete = lesson.verdict, not watch.cancelled
	promoted = bool(is_complete and verdict and verdict.passed and settings.auto_promote)
	policy = policy_store.save(
		settings,
		lesson.stored,
		algorithm=document.algorithm,
		parent=lesson.parent,
		training_run=document.name,
		metrics=lesson.metrics,
		by_item=verdict.by_item if verdict else None,
		summary=verdict.reason if verdict else lesson.ended_early,
	)
	if promoted:
		policy_store.activate(policy, verdict.reason)
	if is_complete and lesson.feedback:
		_use_up(lesson, document.name)
	if is_complete:
		settings.db_set("last_trained_on", now_datetime(), update_modified=False)
	status = "Completed" if is_complete else "Cancelled"
	frappe.db.set_value(
		"RL Training Run",
		document.name,
		{
			**closing(document.name, status, _outcome(lesson, settings, promoted)),
			"progress": 100,
			"policy": policy,
			"promoted": int(promoted),
			"feedback_rows": len(lesson.feedback) if is_complete else 0,
			"metrics": json.dumps(lesson.metrics),
		},
	)


def _use_up(lesson: Lesson, run: str) -> None:
	"""Each answer is learned from once; one that has changed since it was read is yet to be learned."""
	now = changed_on(list(lesson.feedback), lock=True)
	feedback.mark_consumed([name for name, then in lesson.feedback.items() if now.get(name) == then], run)


def _outcome(lesson: Lesson, settings: Document, promoted: bool) -> str:
	verdict = lesson.verdict
	if promoted:
		outcome = _("Promoted.")
	elif verdict and verdict.passed:
		outcome = _("Not promoted, since agent {0} leaves that to you.").format(settings.name)
	else:
		outcome = _("Not promoted.")
	return " ".join(part for part in (lesson.ended_early, outcome, verdict.reason if verdict else "") if part)


def _fail(run: str, error: Exception) -> None:
	log = None
	# what users can mend needs no traceback
	if not isinstance(error, InputError | frappe.ValidationError):
		# without the values of variables, among which there may be secrets
		log = frappe.log_error(
			"RL Replenishment: training failed",
			frappe.get_traceback(),
			reference_doctype="RL Training Run",
			reference_name=run,
		)
	if isinstance(error, JobTimeoutException):
		sentence = _("The job took longer than its timeout and could not save what it had learned.")
	elif isinstance(error, IN_THE_WAY):
		sentence = _("Others held what the training writes locked, and nothing of it was kept; train again.")
	elif is_connection_lost(error):
		sentence = _("The connection to the database was lost, and nothing of it was kept; train again.")
	else:
		sentence = describe(error)
	close(run, "Failed", sentence, log.name if log else None)
