"""Trainings as they are asked for: now or on a worker, when they are due, cancelled, tried again."""

from __future__ import annotations

import json
from datetime import timedelta
from importlib.util import find_spec
from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import now_datetime
from frappe.utils.background_jobs import get_queues_timeout

from rl_replenishment.bridge.each_agent import for_each_agent
from rl_replenishment.bridge.policies import store as policy_store
from rl_replenishment.bridge.training.job import carry_out
from rl_replenishment.bridge.training.run import (
	Ask,
	check_stuck_runs,
	close,
	is_deserted,
	open_run,
)

KINDS = ("Initial", "Continual")
OWN_QUEUE, OTHER_QUEUE = "rl", "long"
#: beyond the training itself, for reading, tuning the rules and comparing
SECONDS_AROUND = 3600
_LIBRARIES = ("torch", "stable_baselines3")


def enqueue(agent: str, kind: str | None = None) -> str:
	"""Train in the background; returns the name of the RL Training Run, which is visible at once.

	An agent has one training at a time: where one is open already, it is that one's name.
	"""
	check_libraries()
	run, is_new = open_run(make_ask(frappe.get_doc("RL Agent Settings", agent), kind=kind), agent)
	if is_new:
		_put_into_queue(run)
	else:
		frappe.msgprint(_("Training {0} of this agent is still going.").format(run), alert=True)
	return run


def retry(run: str) -> str:
	"""Train again as a run that failed or was cancelled was to; returns the name of the new run."""
	agent, status, settings, is_remote = frappe.db.get_value(
		"RL Training Run", run, ["agent", "status", "settings", "is_remote"]
	)
	if status not in ("Failed", "Cancelled"):
		frappe.throw(
			_("Training {0} is {1}; only one that failed or was cancelled is tried again.").format(
				run, _(status)
			)
		)
	if is_remote:
		frappe.throw(_("Training {0} ran on another machine; start it there again.").format(run))
	check_libraries()
	again, is_new = open_run(Ask(**json.loads(settings)), agent)
	if is_new:
		_put_into_queue(again)
	return again


def run_now(
	agent: str,
	*,
	seconds: float | None = None,
	timesteps: int | None = None,
	seed: int | None = None,
	kind: str | None = None,
) -> dict[str, Any]:
	"""Train here and now, for `seconds` or `timesteps` (by default the agent's training minutes).

	Without `seconds` the same data, `timesteps` and `seed` give the same policy. Raises what went wrong.
	Returns plain values: `{"agent", "training_run", "policy", "promoted", "metrics"}`.
	"""
	if not frappe.db.exists("RL Agent Settings", agent):
		frappe.throw(_("There is no agent {0}.").format(agent), frappe.DoesNotExistError)
	check_libraries()
	settings = frappe.get_doc("RL Agent Settings", agent)
	ask = make_ask(settings, kind=kind, seconds=seconds, timesteps=timesteps, seed=seed)
	run, is_new = open_run(ask, agent)
	if not is_new:
		frappe.throw(_("Training {0} of agent {1} is still going; cancel it first.").format(run, agent))
	carry_out(run)
	done = frappe.get_doc("RL Training Run", run)
	return {
		"agent": agent,
		"training_run": run,
		"policy": done.policy,
		"promoted": bool(done.promoted),
		"metrics": json.loads(done.metrics or "{}"),
	}


def check_libraries() -> None:
	"""Refuse to train where what it needs is not installed; nothing is imported to find out."""
	missing = _missing_libraries()
	if missing:
		frappe.throw(
			_(
				"Training needs {0}, which is not installed. In the bench's folder run: env/bin/pip install "
				"-e 'apps/rl_replenishment[train]' (torch's CPU build is enough)"
			).format(", ".join(missing)),
			title=_("Libraries Missing"),
		)


def _missing_libraries() -> list[str]:
	return [name for name in _LIBRARIES if find_spec(name) is None]


def make_ask(
	settings: Document,
	*,
	kind: str | None = None,
	seconds: float | None = None,
	timesteps: int | None = None,
	seed: int | None = None,
) -> Ask:
	"""What is asked for, where nothing else is said as the agent's settings have it."""
	for name, value, least in (("seconds", seconds, 0), ("timesteps", timesteps, 1), ("seed", seed, 0)):
		number = (int, float) if name == "seconds" else int
		# a bool is an int to Python
		is_number = isinstance(value, number) and not isinstance(value, bool)
		if value is not None and not (is_number and least <= value < float("inf")):
			frappe.throw(_("{0} is {1}, but must be a number from {2} on.").format(name, value, least))
	if kind not in (None, *KINDS):
		# the spaces part what is joined
		# nosemgrep
		known = _(" and ").join(KINDS)
		frappe.throw(_("There is no training of kind {0}, only {1}.").format(kind, known))
	if seconds is None and timesteps is None:
		seconds = settings.training_minutes * 60
	if seconds is not None and not seconds > 0:
		frappe.throw(_("Training takes time: give agent {0} some minutes for it.").format(settings.name))
	return Ask(
		kind=kind or _usual_kind(settings),
		algorithm=settings.algorithm,
		seconds=seconds,
		timesteps=timesteps,
		# another one each time: going on from a policy under the same luck would learn it by heart
		seed=frappe.db.count("RL Policy", {"agent": settings.name}) if seed is None else seed,
	)


def _usual_kind(settings: Document) -> str:
	policy = policy_store.active_policy(settings.name)
	is_learned = policy and frappe.db.get_value("RL Policy", policy, "algorithm") == settings.algorithm
	return "Continual" if is_learned or _answers(settings) else "Initial"


def _answers(settings: Document) -> int:
	"""Feedback rows to learn from."""
	if not settings.feedback_weight:
		return 0
	# no training uses up what was moved
	new = {"settled": 1, "consumed": 0, "from_warehouse": ("is", "not set")}
	return frappe.db.count("RL Feedback", {"agent": settings.name, **new})


def _put_into_queue(run: str) -> None:
	seconds = Ask(**json.loads(frappe.db.get_value("RL Training Run", run, "settings"))).seconds or 0
	try:
		frappe.enqueue(
			"rl_replenishment.bridge.training.job.execute",
			queue=training_queue(),
			timeout=int(seconds) + SECONDS_AROUND,
			job_id=run,
			deduplicate=True,
			run_name=run,
		)
	except Exception:
		close(run, "Failed", _("The job queue cannot be reached; start Redis and the workers and try again."))
		raise
	frappe.db.set_value("RL Training Run", run, "job_id", run, update_modified=False)
	# the check for lost jobs is to know that there is one
	frappe.db.commit()  # for the reason above; nosemgrep


def training_queue() -> str:
	"""The queue that trainings go to: one of their own where the site has it."""
	return OWN_QUEUE if OWN_QUEUE in get_queues_timeout() else OTHER_QUEUE


def cancel(run: str) -> None:
	"""End a training: one that waits at once, one that runs in seconds, keeping the best policy so far."""
	check_stuck_runs(frappe.db.get_value("RL Training Run", run, "agent"))
	status = frappe.db.get_value("RL Training Run", run, "status", for_update=True)
	if status == "Queued":
		close(run, "Cancelled", _("Cancelled before it began."))
	elif status == "In Progress" and is_deserted(run):
		close(run, "Cancelled", _("Cancelled; its trainer had given no sign of life for a while."))
	elif status == "In Progress":
		frappe.db.set_value("RL Training Run", run, "cancel_requested", 1)
		# the worker is to see it now
		frappe.db.commit()  # for the reason above; nosemgrep
	else:
		frappe.throw(_("Training {0} has ended already.").format(run))


def train_due() -> None:
	"""Queue the trainings whose time has come, and tune old classical rules anew, which needs no torch."""
	can_learn = not _missing_libraries()
	for_each_agent(lambda agent: _train_due(agent, can_learn), "no training was queued", enabled=1)


def _train_due(agent: str, can_learn: bool) -> None:
	settings = frappe.get_doc("RL Agent Settings", agent)
	if can_learn and _is_due(settings):
		enqueue(agent)
	if settings.auto_promote and policy_store.is_classical_old(settings):
		frappe.enqueue(
			"rl_replenishment.bridge.policies.store.renew_classical",
			queue=training_queue(),
			job_id=f"rl_replenishment.tune.{agent}",
			deduplicate=True,
			agent=agent,
		)


def _is_due(settings: Document) -> bool:
	"""Whether enough feedback has settled, or enough days have passed since the last training.

	A training that failed is tried again when as many days have passed, not every night.
	"""
	if settings.train_after_feedback and _answers(settings) >= settings.train_after_feedback:
		return True
	last = frappe.db.get_value(
		"RL Training Run", {"agent": settings.name}, "creation", order_by="creation desc"
	)
	tried = [time for time in (last, settings.last_trained_on) if time]
	every = settings.train_every_days
	# the night's job does not always begin at the same second
	return bool(every) and (not tried or now_datetime() - max(tried) > timedelta(days=every, hours=-1))
