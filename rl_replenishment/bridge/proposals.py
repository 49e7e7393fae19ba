"""One round of proposals: from the state through the policy to RL Proposals and Material Requests."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any

import frappe
import numpy as np
from frappe import _
from frappe.model.document import Document
from frappe.utils import getdate, now_datetime
from frappe.utils.background_jobs import is_job_enqueued
from redis.exceptions import RedisError

from rl_replenishment.bridge import policy_store, proposal_rows
from rl_replenishment.bridge.earlier import read_earlier
from rl_replenishment.bridge.language import in_the_sites_language
from rl_replenishment.bridge.limits import within_limits
from rl_replenishment.bridge.material_requests import Emitted, OrderLine, emit
from rl_replenishment.bridge.notifying import PROPOSALS_FAILED, PROPOSALS_WAITING, announce
from rl_replenishment.bridge.proposal_rows import DIGITS
from rl_replenishment.bridge.review_days import last_review_day
from rl_replenishment.bridge.snoozed import without_snoozed
from rl_replenishment.bridge.state import Situation, read_situation
from rl_replenishment.core.edits.constraints import LEARNED_CONSTRAINTS, constrained
from rl_replenishment.core.errors import PolicyFileError
from rl_replenishment.core.policies.adaptation import adapted_to
from rl_replenishment.core.policies.store import StoredPolicy
from rl_replenishment.core.proposal import Proposal, propose

QUEUE, TIMEOUT_SECONDS = "long", 1500


class Cancelled(Exception):
	"""Somebody does not want the run any more."""


def enqueue(agent: str) -> str:
	"""Propose in the background; returns the name of the RL Proposal Run, which is visible at once."""
	running = frappe.db.get_value(
		"RL Proposal Run", {"agent": agent, "status": "In Progress", "creation": (">", _too_old())}
	)
	if running:
		frappe.msgprint(_("Run {0} of this agent is still going.").format(running), alert=True)
		return running
	run = _begin(frappe.get_doc("RL Agent Settings", agent), "Manual")
	try:
		frappe.enqueue(
			"rl_replenishment.bridge.proposals.execute",
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
	agent = frappe.db.get_value("RL Proposal Run", run, "agent")
	nothing = {"agent": agent, "run": run, "proposals": 0, "material_requests": []}
	try:
		# a new transaction, so that the lock comes before the first look at the data: a second worker waits
		# here, and then sees the drafts of the first
		frappe.db.commit()
		frappe.db.get_value("RL Agent Settings", agent, "name", for_update=True)
		if frappe.db.get_value("RL Proposal Run", run, "status") == "Cancelled":
			raise Cancelled
		result = _propose(run, frappe.get_doc("RL Agent Settings", agent), today or getdate())
		# all of a run or nothing of it
		frappe.db.commit()
	except Cancelled:
		frappe.db.rollback()
		return nothing
	except Exception as error:
		frappe.db.rollback()
		_mark_failed(run, error)
		# what the other run does is no failure
		if not isinstance(error, frappe.QueryTimeoutError):
			announce("RL Proposal Run", run, PROPOSALS_FAILED)
		raise
	if result["material_requests"] and frappe.db.get_value("RL Proposal Run", run, "mode") == "Draft":
		announce("RL Proposal Run", run, PROPOSALS_WAITING)
	return result


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
	frappe.db.commit()
	return run.name


@in_the_sites_language()
def cancel(run: str) -> None:
	"""End a run that waits or is at work; all that it has done is taken back."""
	if frappe.db.get_value("RL Proposal Run", run, "status", for_update=True) != "In Progress":
		frappe.throw(_("Run {0} has ended already.").format(run))
	_close([run], _("Cancelled; nothing of it was kept."), "Cancelled")
	# a worker that is at it does not see what others have written since it began
	frappe.cache.set_value(_cancel_key(run), 1, expires_in_sec=TIMEOUT_SECONDS)
	frappe.db.commit()


@in_the_sites_language()
def close_lost_runs() -> None:
	"""Mark as failed the runs whose worker has died: whatever they had begun was rolled back with it."""
	old = frappe.get_all(
		"RL Proposal Run", {"status": "In Progress", "creation": ("<", _too_old())}, pluck="name"
	)
	# one that still waits for a worker is not lost
	lost = [run for run in old if not is_job_enqueued(_job_of(run))]
	_close(lost, _("The worker ended before the run did, and nothing of it was kept; propose again."))


def _close(runs: list[str], reason: str, status: str = "Failed") -> None:
	values = {"status": status, "ended_on": now_datetime(), "messages": reason}
	for run in runs:
		frappe.db.set_value("RL Proposal Run", run, values)


def _too_old() -> Any:
	return now_datetime() - timedelta(seconds=TIMEOUT_SECONDS)


def _mark_failed(run: str, error: Exception) -> None:
	if isinstance(error, frappe.QueryTimeoutError):
		reason = _("Another run of this agent was still going.")
	else:
		reason = frappe.utils.strip_html(str(error)) or type(error).__name__
	log = frappe.log_error(
		"RL Replenishment: proposing failed",
		frappe.get_traceback(),
		reference_doctype="RL Proposal Run",
		reference_name=run,
	)
	values = {"status": "Failed", "ended_on": now_datetime(), "messages": reason, "error": log.name}
	frappe.db.set_value("RL Proposal Run", run, values)
	# the record of the failure outlives the rollback of the work
	frappe.db.commit()


def _propose(run: str, settings: Document, today: date) -> dict[str, Any]:
	progress = _progress(run)
	progress(0, _("Looking at stock and demand"))
	situation = read_situation(settings, today)
	messages: list[str] = []
	policy_name, requests, ordered = settings.active_policy, [], []
	not_ordered: list[Proposal] = []
	value = 0.0
	if not situation.scope.keys:
		messages.append(_nothing_in_scope())
	else:
		progress(10, _("Asking the policy"))
		policy_name, stored = policy_store.policy_in_use(settings)
		situation, proposals, cut = _decide(settings, situation, stored, today)
		messages += cut
		at = [i for i in proposal_rows.by_urgency(situation) if proposals[i].proposed_qty > 0]
		not_ordered = [proposal for proposal in proposals if not proposal.proposed_qty > 0]
		names = {i: frappe.generate_hash(length=10) for i in at}
		if frappe.db.get_value("RL Policy", policy_name, "algorithm") == policy_store.CLASSICAL:
			messages.append(
				_("No learned policy is in use: quantities are those of the best classical rule.")
			)
		proposal_rows.supersede(settings.name)
		proposal_rows.insert(run, settings, policy_name, situation, proposals, names, today)
		ordered = [proposals[i] for i in at]
		value = float(sum(proposals[i].proposed_qty * situation.purchasing.rates[i] for i in at))
		if settings.mode != "Shadow" and at:
			lines = [_order_line(situation, i, proposals[i], names[i], today) for i in at]
			emitted = emit(
				settings,
				policy_name,
				run,
				lines,
				lambda share: progress(20 + 75 * share, _("Writing Material Requests")),
			)
			requests = emitted.requests
			proposal_rows.link_requests(requests)
			messages += _refused(emitted, lines)
	# locked, so that the latest word is read
	if frappe.db.get_value("RL Proposal Run", run, "status", for_update=True) == "Cancelled":
		raise Cancelled
	_end(run, settings, policy_name, situation, ordered, not_ordered, value, messages)
	progress(100, _("Done"))
	return {
		"agent": settings.name,
		"run": run,
		"proposals": len(ordered),
		"material_requests": requests,
	}


def _decide(
	settings: Document, situation: Situation, stored: StoredPolicy, today: date
) -> tuple[Situation, list[Proposal], list[str]]:
	"""What a policy proposes for every item-warehouse now, and messages on what was cut or left out."""
	policy = adapted_to(stored, situation.scope.keys).policy
	situation = situation.with_items(constrained(situation.items, stored.about.get(LEARNED_CONSTRAINTS, ())))
	since = last_review_day(settings.review_frequency, today)
	earlier = read_earlier(settings, situation.scope.keys, since)
	proposals = earlier.beyond(propose(policy, earlier.without(situation.state), _), situation.state)
	# before the limits, so that what is snoozed takes no other line's place
	proposals, snoozed = without_snoozed(settings.name, today, proposals)
	proposals, cut = within_limits(settings, situation, proposals)
	messages = [*snoozed, *cut]
	if not any(proposal.proposed_qty > 0 for proposal in proposals):
		messages.append(_("Nothing to order now: what is in stock, requested or ordered already is enough."))
	return situation, proposals, messages


def _nothing_in_scope() -> str:
	return _("No item-warehouse is in the agent's scope; look at its warehouses and items.")


def preview(agent: str) -> dict[str, Any]:
	"""What a run would propose now, most urgent first; writes nothing."""
	settings = frappe.get_doc("RL Agent Settings", agent)
	situation = read_situation(settings, getdate())
	if not situation.scope.keys:
		return {"lines": [], "messages": [_nothing_in_scope()], "considered": 0, "value": 0.0}
	# an agent that never proposed has no policy yet
	active = settings.active_policy
	try:
		stored = policy_store.load(active) if active else None
		if stored is None or policy_store.is_untuned(stored):
			# as the run will: there may be enough to tune on by now
			stored = policy_store.classical(settings)
	except PolicyFileError as error:
		frappe.throw(str(error), title=_("Policy Cannot Be Used"))
	situation, proposals, messages = _decide(settings, situation, stored, getdate())
	bought = situation.purchasing
	lines = [
		{
			"item_code": proposals[i].item_code,
			"item_name": bought.item_names[i],
			"warehouse": proposals[i].warehouse,
			"supplier": proposals[i].supplier,
			"proposed_qty": proposals[i].proposed_qty,
			"baseline_qty": proposals[i].baseline_qty,
			"uom": bought.stock_uoms[i],
			"value": proposals[i].proposed_qty * float(bought.rates[i]),
			"reason": proposals[i].reason,
		}
		for i in proposal_rows.by_urgency(situation)
		if proposals[i].proposed_qty > 0
	]
	value = sum(line["value"] for line in lines)
	return {"lines": lines, "messages": messages, "considered": len(proposals), "value": value}


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


def _order_line(situation: Situation, i: int, proposal: Proposal, name: str, today: date) -> OrderLine:
	bought = situation.purchasing
	conversion = float(bought.conversion[i]) or 1.0
	qty = round(proposal.proposed_qty / conversion, DIGITS)
	if bought.purchase_whole[i]:
		qty = float(np.ceil(qty - 1e-4))
	return OrderLine(
		item_code=proposal.item_code,
		warehouse=proposal.warehouse,
		supplier=proposal.supplier,
		qty=qty,
		uom=bought.purchase_uoms[i],
		stock_uom=bought.stock_uoms[i],
		conversion_factor=conversion,
		schedule_date=proposal_rows.schedule_date(situation, i, today),
		proposed_qty=round(proposal.proposed_qty, DIGITS),
		explanation=proposal.reason,
		proposal=name,
	)


def _refused(emitted: Emitted, lines: list[OrderLine]) -> list[str]:
	by_proposal = {line.proposal: line for line in lines}
	return [
		_("{0} in {1} was not requested: {2}").format(
			by_proposal[name].item_code, by_proposal[name].warehouse, reason
		)
		for name, reason in emitted.failed.items()
	]


def _end(
	run: str,
	settings: Document,
	policy: str | None,
	situation: Situation,
	ordered: list[Proposal],
	not_ordered: list[Proposal],
	value: float,
	messages: list[str],
) -> None:
	frappe.db.set_value(
		"RL Proposal Run",
		run,
		{
			"status": "Completed",
			"policy": policy,
			"ended_on": now_datetime(),
			"items_considered": len(situation.scope.keys),
			"items_ordered": len(ordered),
			"order_value": value,
			"messages": "\n".join(messages),
			"left_out": json.dumps([asdict(left) for left in situation.scope.left_out]),
			"not_ordered": proposal_rows.not_ordered(not_ordered),
		},
	)
	frappe.db.set_value(
		"RL Agent Settings", settings.name, "last_run_on", now_datetime(), update_modified=False
	)
