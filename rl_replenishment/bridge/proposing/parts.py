"""The Material Requests of a large run, written in parts by several workers.

All that needs the whole of a run (the policy, budgets, suppliers' minimums, transfers, which lines go into
one request) is decided before it is divided; writing takes most of the time, and is what the parts do. A part
is a row of RL Proposal Part with its item-warehouses and, once they are requested, what came of them: one
transaction under the row's lock, so that a part is written once or not at all, whoever is killed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import date, datetime
from math import ceil
from typing import Any, NamedTuple

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import cint, getdate, now_datetime

from rl_replenishment.bridge import feedback
from rl_replenishment.bridge.proposing import rows as proposal_rows
from rl_replenishment.bridge.proposing.grouping import OrderLine
from rl_replenishment.bridge.proposing.material_requests import Emitted, Group, emit_groups

PART = "RL Proposal Part"
#: key of the site's configuration: runs of more lines are divided into jobs of about so many, 0 for none
CONFIGURED, LINES_PER_PART = "rl_lines_per_job", 1000
#: of many lines, how many a message names
_NAMED = 5


class Refusal(NamedTuple):
	"""A line that ERPNext did not take, and why."""

	item_code: str
	warehouse: str
	reason: str


class Outcome(NamedTuple):
	"""What came of the parts of a run."""

	#: names of the Material Requests
	requests: list[str]
	refused: list[Refusal]


class Waiting(NamedTuple):
	"""A part that is not written yet."""

	name: str
	number: int
	#: how often its job was begun anew
	tries: int
	#: when its job was last put into the queue
	queued_on: datetime


def lines_per_part() -> int:
	"""What the site's configuration says; `ValidationError` where that is no number."""
	value = frappe.conf.get(CONFIGURED, LINES_PER_PART)
	if isinstance(value, bool) or not str(value).isdecimal():
		frappe.throw(
			_("{0} in the site's configuration is {1}, but must be a whole number; 0 divides no run.").format(
				CONFIGURED, value
			)
		)
	return int(value)


def divide(run: str, groups: Sequence[Group], lines_at_most: int) -> int:
	"""Keep the groups of lines of a run for several jobs, about alike; returns how many. Does not commit."""
	total = sum(len(group.lines) for group in groups)
	count = min(ceil(total / lines_at_most), len(groups))
	parts: list[list[Group]] = [[]]
	done = 0
	for group in groups:
		if parts[-1] and done >= total * len(parts) / count:
			parts.append([])
		parts[-1].append(group)
		done += len(group.lines)
	now, user = now_datetime(), frappe.session.user
	rows = [
		{
			"name": frappe.generate_hash(length=10),
			"creation": now,
			"modified": now,
			"owner": user,
			"modified_by": user,
			"parent": run,
			"parenttype": "RL Proposal Run",
			"parentfield": "parts",
			"idx": number,
			"content": json.dumps([asdict(group) for group in part], default=str),
			"tries": 0,
		}
		for number, part in enumerate(parts, 1)
	]
	# one by one: a database takes statements of some megabytes alone
	frappe.db.bulk_insert(PART, list(rows[0]), [list(row.values()) for row in rows], chunk_size=1)
	return len(rows)


def waiting(run: str) -> list[Waiting]:
	"""The parts of a run that are still to be written."""
	rows = frappe.get_all(
		PART,
		{"parent": run, "outcome": ("is", "not set")},
		["name", "idx", "tries", "modified"],
		order_by="idx",
		as_list=True,
	)
	return [Waiting(*row) for row in rows]


def write(part: str, settings: Document, told: Callable[[float], object]) -> None:
	"""Request what a part holds, under its row's lock, unless it is done already; does not commit."""
	row = _take(part)
	if not row:
		return
	policy, today = frappe.db.get_value("RL Proposal Run", row.parent, ["policy", "day"])
	if frappe.session.user != row.owner:
		# a part that is begun anew is still written for who had the agent propose
		frappe.set_user(row.owner)
	groups = [_group(kept) for kept in json.loads(row.content)]
	emitted = emit_groups(settings, policy, row.parent, getdate(today), groups, told)
	link(emitted.requests)
	lines = [line for group in groups for line in group.lines]
	_keep(part, emitted.requests, refused(emitted, lines))


def give_up(part: str, reason: str) -> None:
	"""Keep of a part that it cannot be written, unless it is done already; does not commit."""
	if row := _take(part):
		lines = [line for kept in json.loads(row.content) for line in _group(kept).lines]
		_keep(part, [], [Refusal(line.item_code, line.warehouse, reason) for line in lines])


def begin_anew(part: Waiting, earlier_than: datetime) -> int:
	"""Take up a part whose job is gone, where nobody else does; returns which try it is, 0 for none.

	Locks the part's row; does not commit.
	"""
	try:
		row = frappe.db.get_value(
			PART, part.name, ["tries", "outcome", "modified"], as_dict=True, for_update=True, wait=False
		)
	except frappe.QueryTimeoutError:
		# somebody is at it
		return 0
	if not row or row.outcome or row.modified >= earlier_than:
		return 0
	tries = cint(row.tries) + 1
	frappe.db.set_value(PART, part.name, {"tries": tries, "modified": now_datetime()}, update_modified=False)
	return tries


def drop(run: str) -> int:
	"""Take back what no part has written, with its proposals; returns how many. Does not commit.

	Waits for whoever is writing.
	"""
	rows = frappe.db.get_values(PART, {"parent": run}, ["name", "content", "outcome"], for_update=True)
	dropped = [
		line.proposal
		for _name, content, outcome in rows
		if not outcome
		for kept in json.loads(content)
		for line in _group(kept).lines
	]
	frappe.db.delete("RL Proposal", {"name": ("in", dropped or [""])})
	frappe.db.delete(
		PART, {"name": ("in", [name for name, _content, outcome in rows if not outcome] or [""])}
	)
	return len(dropped)


def join(run: str) -> Outcome | None:
	"""What came of a run's parts, which are gone then; None where some are still to be written.

	Whoever asks has locked the run. Does not commit.
	"""
	# locked, so that the latest word is read
	rows = frappe.db.get_values(PART, {"parent": run}, ["name", "outcome"], order_by="idx", for_update=True)
	if any(not outcome for _name, outcome in rows):
		return None
	outcomes = [json.loads(outcome) for _name, outcome in rows]
	frappe.db.delete(PART, {"name": ("in", [name for name, _outcome in rows] or [""])})
	return Outcome(
		[name for each in outcomes for name in each["requests"]],
		[Refusal(*refusal) for each in outcomes for refusal in each["refused"]],
	)


def link(requests: list[str]) -> None:
	"""Have proposals and feedback know of the requests that were just made."""
	proposal_rows.link_requests(requests)
	# who orders at this moment does not see them yet
	feedback.note_requests(requests)


def refused(emitted: Emitted, lines: Sequence[OrderLine]) -> list[Refusal]:
	"""The lines that ERPNext did not take."""
	return [
		Refusal(line.item_code, line.warehouse, reason)
		for line in lines
		if (reason := emitted.failed.get(line.proposal))
	]


def refusals(refused: Sequence[Refusal]) -> list[str]:
	"""What was not requested, one message for each reason."""
	by_reason: dict[str, list[str]] = {}
	for each in refused:
		by_reason.setdefault(each.reason, []).append(_("{0} in {1}").format(each.item_code, each.warehouse))
	messages = []
	for reason, names in by_reason.items():
		named = ", ".join(names[:_NAMED])
		if len(names) > _NAMED:
			named = _("{0} and {1} more").format(named, len(names) - _NAMED)
		messages.append(_("Not requested: {0}: {1}").format(named, reason))
	return messages


def _take(part: str) -> Any:
	"""A part's row, locked; None where there is none, or it is written."""
	columns = ["parent", "owner", "content", "outcome"]
	row = frappe.db.get_value(PART, part, columns, as_dict=True, for_update=True)
	return None if not row or row.outcome else row


def _keep(part: str, requests: Sequence[str], refused: Sequence[Refusal]) -> None:
	frappe.db.set_value(PART, part, "outcome", json.dumps({"requests": requests, "refused": refused}))


def _group(kept: dict[str, Any]) -> Group:
	lines = [
		OrderLine(**{**line, "schedule_date": date.fromisoformat(line["schedule_date"])})
		for line in kept["lines"]
	]
	return Group(lines, kept["name"])
