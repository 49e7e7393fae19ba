"""How an agent stands: what it uses, what it did last, what it does next, and what is wrong."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.query_builder import Case
from frappe.query_builder.functions import Abs
from frappe.utils import formatdate, getdate, strip_html
from frappe.utils.background_jobs import get_queue, get_workers
from frappe.utils.scheduler import is_scheduler_disabled
from redis.exceptions import RedisError

from rl_replenishment.bridge import doctor
from rl_replenishment.bridge.policies import promotion
from rl_replenishment.bridge.policies.drift import is_watched
from rl_replenishment.bridge.policies.promotion import is_luck
from rl_replenishment.bridge.policies.store import active_policy
from rl_replenishment.bridge.proposing import run as proposal_run
from rl_replenishment.bridge.review_days import next_review_day
from rl_replenishment.bridge.state.ownership import auto_reorder_warning

#: versions that the form lists; the list of RL Policy has all
SHOWN_POLICIES = 8
#: lessons that the form lists, the list of RL Lesson has all
SHOWN_LESSONS = 12


def overview(settings: Document) -> dict[str, Any]:
	"""What the agent's form shows at a glance."""
	policy = frappe.db.get_value(
		"RL Policy",
		active_policy(settings.name),
		["name", "algorithm", "summary", "drift"],
		as_dict=True,
	)
	compared, candidate, held = _latest_comparison(settings.name)
	run, training = _last(settings.name)
	if training:
		training.said = _in_two_sentences(training, policy.name if policy else "")
	return {
		"policy": policy,
		"compared": [
			{name: row[name] for name in ("name", "cost", "fill_rate", "cost_vs_best_baseline")}
			for row in compared
		],
		"candidate": candidate,
		"holdout_days": held,
		"currency": frappe.get_cached_value("Company", settings.company, "default_currency"),
		"policies": frappe.get_all(
			"RL Policy",
			{"agent": settings.name},
			["name", "algorithm", "status", "summary", "creation"],
			order_by="creation desc",
			limit=SHOWN_POLICIES,
		),
		"lessons": _lessons(settings.name),
		"can_roll_back": promotion.policy_before(settings.name) is not None,
		"run": run,
		"next_run": next_review_day(settings.review_frequency, getdate()) if settings.enabled else None,
		"training": training,
		"examined": doctor.last_examination(settings.name),
		"problems": [
			*_problems(settings, run, training),
			*([policy.drift] if policy and policy.drift and is_watched(settings) else []),
		],
	}


def _lessons(agent: str) -> list[Any]:
	"""What is said of several items first, the strongest of it first, and with it what is switched off."""
	row = frappe.qb.DocType("RL Lesson")
	return (
		frappe.qb.from_(row)
		.select(row.name, row.title, row.explanation, row.enabled, row.forget_until)
		.where(row.agent == agent)
		.orderby(Case().when(row.kind == "Item", 1).else_(0))
		.orderby(Abs(row.change_percent), order=frappe.qb.desc)
		.orderby(row.name)
		.limit(SHOWN_LESSONS)
		.run(as_dict=True)
	)


def _latest_comparison(agent: str) -> tuple[list[dict[str, Any]], str, int | None]:
	"""Policies and rules on the same days with the same luck: the rows, which is the candidate, and the days.

	The latest one of the agent: it compares earlier policies anew.
	"""
	policies = frappe.get_all(
		"RL Policy", {"agent": agent}, ["name", "metrics"], order_by="version desc", limit=SHOWN_POLICIES
	)
	for policy in policies:
		metrics = frappe.parse_json(policy.metrics) or {}
		if rows := (metrics.get("holdout") or {}).get("policies"):
			return rows, policy.name, metrics.get("holdout_days")
	return [], "", None


def _in_two_sentences(training: Any, in_use: str) -> str:
	"""What came of a training that has ended, beside the policy in use; "" of others."""
	if training.status != "Completed" or not training.ended_on:
		return ""
	day = formatdate(training.ended_on)
	if training.promoted and training.policy == in_use:
		return _("The training of {0} found {1}. It is in use since.").format(day, in_use)
	if training.policy and training.policy == in_use:
		return _("The training of {0} found {1}. It was put to use by hand.").format(day, in_use)
	metrics = frappe.parse_json(frappe.db.get_value("RL Policy", training.policy, "metrics")) or {}
	against = (metrics.get("holdout") or {}).get("vs_best_rule") or {}
	if against and not is_luck(against.get("ci95")) and against["difference"] < 0:
		found = _("The training of {0} found {1}, which is better than the rules.").format(
			day, training.policy
		)
	else:
		found = _("The training of {0} found nothing that beats the rules by more than luck.").format(day)
	return f"{found} {_('{0} stays in use.').format(in_use)}" if in_use else found


def _last(agent: str) -> tuple[Any, Any]:
	"""The latest run of proposals, and the latest training."""
	columns = {
		"RL Proposal Run": ["name", "status", "started_on", "items_ordered", "order_value", "messages"],
		"RL Training Run": [
			*("name", "status", "progress", "message", "cancel_requested", "is_remote"),
			*("policy", "promoted", "ended_on"),
		],
	}
	run, training = (
		frappe.get_all(doctype, {"agent": agent}, fields, order_by="creation desc", limit=1)
		for doctype, fields in columns.items()
	)
	if run and run[0].status == "In Progress":
		run[0].update(proposal_run.progress_of(run[0].name))
	return (run or [None])[0], (training or [None])[0]


def _problems(settings: Document, run: Any, training: Any) -> list[str]:
	"""What stands in the agent's way, and how to mend it."""
	found = []
	if is_scheduler_disabled(verbose=False):
		found.append(
			_("The scheduler is off: nothing is proposed or learned by itself. Enable it for this site.")
		)
	try:
		has_worker = bool(get_workers(get_queue(proposal_run.QUEUE)))
	except RedisError:
		has_worker = False
	if not has_worker:
		found.append(_("No worker takes jobs of the queue {0}: start one.").format(proposal_run.QUEUE))
	if not find_spec("torch") and not (training and training.is_remote):
		found.append(_("Training needs torch, which is not installed; see the app's documentation."))
	if settings.enabled and (warning := auto_reorder_warning(settings)):
		found.append(strip_html(warning))
	if run and run.status == "Failed":
		found.append(_("The last run of proposals failed: look at {0}.").format(run.name))
	if run and run.status == "Partly":
		found.append(_("Of the last run, some could not be requested: look at {0}.").format(run.name))
	if training and training.status == "Failed":
		found.append(_("The last training failed: look at {0}.").format(training.name))
	return found
