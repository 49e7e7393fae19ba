"""Proposed lines as Material Requests, with ERPNext's own semantics of units, dates and suppliers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, NamedTuple

import frappe
from frappe import _
from frappe.model.document import Document

from rl_replenishment.bridge import workflows
from rl_replenishment.bridge.proposing.grouping import OrderLine, grouped
from rl_replenishment.bridge.proposing.item_documents import keep_at_hand
from rl_replenishment.bridge.proposing.titles import title
from rl_replenishment.bridge.retrying import is_of_the_transaction


@dataclass
class Emitted:
	"""What became of the lines."""

	#: names of the Material Requests
	requests: list[str] = field(default_factory=list)
	#: the proposals that could not be requested, and why
	failed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Group:
	"""The lines of one Material Request."""

	lines: list[OrderLine]
	#: of the request, "" where it gets the next one as it is made
	name: str = ""


def emit(
	settings: Document,
	policy: str,
	run: str,
	today: date,
	lines: Sequence[OrderLine],
	progress: Callable[[float], object] = lambda share: None,
) -> Emitted:
	"""Make Material Requests of the lines, as of `today`, submitted where the agent's mode says so.

	Each request is tried by itself; where ERPNext refuses one for a line, its lines are tried one by one.
	"""
	return emit_groups(settings, policy, run, today, groups_of(settings, lines), progress)


def groups_of(settings: Document, lines: Sequence[OrderLine]) -> list[Group]:
	"""Which lines are requested together."""
	return [Group(group) for group in grouped(settings, lines, _descriptions(lines))]


def named(settings: Document, policy: str, run: str, today: date, groups: Sequence[Group]) -> list[Group]:
	"""The groups with the names that their requests are to have, taken from the site's own series.

	Whoever takes a number of a series keeps everybody else from it until the transaction ends: those who make
	requests side by side need theirs beforehand.
	"""
	of_run, found = _of_run(settings, policy, run, today), []
	descriptions = _descriptions([line for group in groups for line in group.lines])
	for group in groups:
		request = _request(settings, of_run, group.lines, descriptions)
		request.set_new_name(set_child_names=False)
		found.append(replace(group, name=request.name))
	return found


def emit_groups(
	settings: Document,
	policy: str,
	run: str,
	today: date,
	groups: Sequence[Group],
	progress: Callable[[float], object] = lambda share: None,
) -> Emitted:
	"""As `emit`, of lines that are grouped already."""
	emitted, of_run = Emitted(), _of_run(settings, policy, run, today)
	descriptions = _descriptions([line for group in groups for line in group.lines])
	keep_at_hand(line.item_code for group in groups for line in group.lines)
	total, done = sum(len(group.lines) for group in groups), 0
	for group in groups:
		lines = group.lines
		problem = _try(settings, of_run, group, descriptions, emitted)
		if problem and len(lines) > 1 and not problem.is_of_any:
			for line in lines:
				if problem := _try(settings, of_run, Group([line]), descriptions, emitted):
					emitted.failed[line.proposal] = problem.text
		elif problem:
			emitted.failed.update(dict.fromkeys((line.proposal for line in lines), problem.text))
		done += len(lines)
		progress(done / total)
	return emitted


def _of_run(settings: Document, policy: str, run: str, today: date) -> dict[str, Any]:
	return {"transaction_date": today, "rl_agent": settings.name, "rl_policy": policy, "rl_run": run}


class _Problem(NamedTuple):
	"""Why a request could not be made."""

	text: str
	#: whether it would keep any request from being made, whatever its lines
	is_of_any: bool


def _try(
	settings: Document,
	of_run: dict[str, Any],
	group: Group,
	descriptions: dict[str, dict[str, str]],
	emitted: Emitted,
) -> _Problem | None:
	"""Make one request; returns why not, None where it went well."""
	messages = len(frappe.local.message_log)
	frappe.db.savepoint("rl_material_request")
	request = _request(settings, of_run, group.lines, descriptions)
	try:
		_place(settings, request, group.name)
	except Exception as error:
		if is_of_the_transaction(error):
			# no refusal: the run begins anew, or ends
			raise
		frappe.db.rollback(save_point="rl_material_request")
		# what ERPNext would have shown the user is kept with the line
		del frappe.local.message_log[messages:]
		return _problem(request, error)
	emitted.requests.append(request.name)
	return None


def _problem(request: Document, error: Exception) -> _Problem:
	if isinstance(error, frappe.MandatoryError):
		# a site may ask for more than ERPNext does
		missing = _missing(request)
		labels = {df: None for row in (request, *request.items) for df in _missing(row)}
		text = _(
			"this site wants {0} in a Material Request, which no agent can know; give it a default value, or "
			"make it optional in Customize Form"
		).format(", ".join(labels))
		return _Problem(text, bool(missing))
	text = frappe.utils.strip_html(str(error)) or type(error).__name__
	if request.name:
		# there is no such request: it was taken back
		text = text.replace(request.name, _("the request"))
	return _Problem(text, is_of_any=False)


def _missing(row: Document) -> list[str]:
	"""The labels of mandatory fields without a value."""
	fields = row.meta.get("fields", {"reqd": 1})
	return [_(df.label, context=df.parent) for df in fields if row.get(df.fieldname) in (None, "", [])]


def _request(
	settings: Document,
	of_run: dict[str, Any],
	lines: Sequence[OrderLine],
	descriptions: dict[str, dict[str, str]],
) -> Document:
	request = frappe.new_doc("Material Request")
	request.update(
		{
			"company": settings.company,
			"material_request_type": "Material Transfer" if lines[0].from_warehouse else "Purchase",
			"set_from_warehouse": lines[0].from_warehouse or None,
			"schedule_date": min(line.schedule_date for line in lines),
			"title": title(
				settings.company, {line.supplier for line in lines}, sum(line.value for line in lines)
			),
			**of_run,
		}
	)
	for line in lines:
		request.append(
			"items",
			{
				**descriptions[line.item_code],
				"item_code": line.item_code,
				"warehouse": line.warehouse,
				"from_warehouse": line.from_warehouse or None,
				"schedule_date": line.schedule_date,
				"qty": line.qty,
				"uom": line.uom,
				"stock_uom": line.stock_uom,
				"conversion_factor": line.conversion_factor,
				"rl_proposed_qty": line.proposed_qty,
				"rl_explanation": line.explanation,
				"rl_proposal": line.proposal,
			},
		)
	return request


def _place(settings: Document, request: Document, name: str) -> None:
	# who may run an agent need not be allowed to make requests by hand
	request.flags.ignore_permissions = True
	request.insert(set_name=name or None)
	# under a workflow it waits for those whose word it takes
	if settings.mode == "Submit" and not workflows.is_active("Material Request"):
		request.submit()


def _descriptions(lines: Sequence[OrderLine]) -> dict[str, dict[str, str]]:
	"""What a request's line repeats of its item, read at once."""
	rows = frappe.get_all(
		"Item",
		{"name": ("in", sorted({line.item_code for line in lines}))},
		["name", "item_name", "description", "item_group", "brand"],
	)
	return {row.pop("name"): {key: value or "" for key, value in row.items()} for row in rows}
