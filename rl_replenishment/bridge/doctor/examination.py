"""All checks, once over the site; and what the agents' forms show of the last time."""

from __future__ import annotations

import json
import time
from collections import Counter
from typing import Any

import frappe
from frappe import _
from frappe.utils import now_datetime

from rl_replenishment.bridge.doctor import rows, standing, traces
from rl_replenishment.bridge.doctor.check import Check
from rl_replenishment.bridge.retrying import in_a_transaction

#: of many, how many are named
NAMED = 10
_KEPT_AS = "rl_replenishment_examination"
#: a default of the app's own: one of the whole site would empty all its caches
KEPT_BY = "rl_replenishment"


def checks() -> list[Check]:
	"""Everything that is to hold; what others rest on comes first."""
	return [
		Check(
			"lines",
			_("Every proposed line has its proposal."),
			traces.lines_without_proposal,
			traces.make_proposals,
		),
		Check(
			"proposals",
			_("Every proposal knows the request that it is in."),
			traces.proposals_without_request,
			traces.link_proposals,
		),
		Check(
			"twice",
			_("No proposal is on two open requests."),
			traces.requested_twice,
			traces.leave_to_a_person,
		),
		Check("notes", _("No feedback waits to be computed."), rows.notes_left, rows.work_off),
		Check("duplicates", _("No answer is there twice."), rows.duplicates, rows.delete),
		Check("orphans", _("Every answer has its document."), rows.orphans, rows.delete),
		Check(
			"learned",
			_("What was learned from has its training."),
			rows.learned_without_training,
			rows.learn_again,
		),
		Check("rows", _("Every answer is what the documents say."), rows.differing, rows.refresh),
		Check(
			"policies",
			_("Every policy in use can be read, as it was saved."),
			standing.policies_out_of_use,
			standing.go_back,
		),
		Check(
			"statuses",
			_("Those policies are called active that are in use."),
			standing.statuses_of_policies,
			standing.set_statuses,
		),
		Check(
			"runs",
			_("Every run of proposals under way has somebody at it."),
			standing.proposal_runs,
			standing.close_proposal_runs,
		),
		Check(
			"trainings",
			_("Every training under way has somebody at it, and none that ended holds up others."),
			standing.trainings,
			standing.close_trainings,
		),
		Check(
			"days",
			_("No agent was at work on a day that is yet to come."),
			standing.days_to_come,
			standing.set_days,
		),
	]


def examine(*, repair: bool = False) -> dict[str, Any]:
	"""Carry out all checks; with `repair` mend what can be mended. Commits what it mends.

	Returns plain values: whether all is in order (afterwards), and of each check what holds, how many are
	off, how many of them were mended, and the first names.
	"""
	started = time.monotonic()
	found = []
	left: Counter[tuple[str, str]] = Counter()
	for check in checks():
		off = still = in_a_transaction(check.find)
		if repair and off:
			check.mend(off)
			still = in_a_transaction(check.find)
		found.append(
			{
				"check": check.key,
				"holds": check.holds,
				"off": len(off),
				"mended": len(off) - len(still),
				"names": [fault.name for fault in off[:NAMED]],
			}
		)
		left.update((fault.agent or "", check.key) for fault in still)
	_keep(left)
	return {
		"in_order": not left,
		"checks": found,
		"seconds": round(time.monotonic() - started, 1),
	}


def _keep(left: Counter[tuple[str, str]]) -> None:
	by_agent: dict[str, dict[str, int]] = {}
	for (agent, key), count in left.items():
		by_agent.setdefault(agent, {})[key] = count
	found = json.dumps({"on": str(now_datetime()), "left": by_agent})
	frappe.defaults.set_default(_KEPT_AS, found, KEPT_BY)


def last_examination(agent: str) -> dict[str, Any] | None:
	"""What was off at an agent when it was last looked at, and when that was; None before the first time."""
	kept = json.loads(frappe.defaults.get_defaults_for(KEPT_BY).get(_KEPT_AS) or "null")
	if not kept:
		return None
	holds = {check.key: check.holds for check in checks()}
	of_agent = Counter({**kept["left"].get(agent, {})}) + Counter({**kept["left"].get("", {})})
	off = [
		_("Not so: {0} Cases: {1}").format(holds[key], count)
		for key, count in of_agent.items()
		if key in holds
	]
	return {"on": kept["on"], "off": off}
