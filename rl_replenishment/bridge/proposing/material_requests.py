"""Proposed lines as Material Requests, with ERPNext's own semantics of units, dates and suppliers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

import frappe
from frappe.model.document import Document
from frappe.utils import cint, nowdate

#: a longer request stops responding in the desk
MOST_LINES = 200


@dataclass(frozen=True)
class OrderLine:
	"""One line to request."""

	item_code: str
	warehouse: str
	supplier: str
	#: in purchase UOM
	qty: float
	uom: str
	stock_uom: str
	#: stock units per purchase unit
	conversion_factor: float
	schedule_date: date
	#: in stock UOM
	proposed_qty: float
	explanation: str
	#: name of the RL Proposal
	proposal: str


@dataclass
class Emitted:
	"""What became of the lines."""

	#: names of the Material Requests
	requests: list[str] = field(default_factory=list)
	#: the proposals that could not be requested, and why
	failed: dict[str, str] = field(default_factory=dict)


def emit(
	settings: Document,
	policy: str,
	run: str,
	lines: Sequence[OrderLine],
	progress: Callable[[float], object] = lambda share: None,
) -> Emitted:
	"""Make Material Requests of the lines, submitted where the agent's mode says so.

	Each request is tried by itself; of one that ERPNext refuses, the lines are tried one by one.
	"""
	emitted = Emitted()
	descriptions = _descriptions(lines)
	done = 0
	for group in _grouped(settings, lines):
		problem = _try(settings, policy, run, group, descriptions, emitted)
		if problem and len(group) > 1:
			for line in group:
				if problem := _try(settings, policy, run, [line], descriptions, emitted):
					emitted.failed[line.proposal] = problem
		elif problem:
			emitted.failed[group[0].proposal] = problem
		done += len(group)
		progress(done / len(lines))
	return emitted


def _grouped(settings: Document, lines: Sequence[OrderLine]) -> list[list[OrderLine]]:
	"""By supplier where the agent wants that, at most `MOST_LINES` each, in the order given."""
	groups: dict[str, list[OrderLine]] = {}
	for line in lines:
		groups.setdefault(line.supplier if cint(settings.group_by_supplier) else "", []).append(line)
	return [
		group[first : first + MOST_LINES]
		for _supplier, group in sorted(groups.items())
		for first in range(0, len(group), MOST_LINES)
	]


def _try(
	settings: Document,
	policy: str,
	run: str,
	lines: Sequence[OrderLine],
	descriptions: dict[str, dict[str, str]],
	emitted: Emitted,
) -> str:
	"""Make one request; returns why not, "" where it went well."""
	messages = len(frappe.local.message_log)
	frappe.db.savepoint("rl_material_request")
	try:
		emitted.requests.append(_make(settings, policy, run, lines, descriptions))
	except Exception as error:
		frappe.db.rollback(save_point="rl_material_request")
		# what ERPNext would have shown the user is kept with the line
		del frappe.local.message_log[messages:]
		return frappe.utils.strip_html(str(error)) or type(error).__name__
	return ""


def _make(
	settings: Document,
	policy: str,
	run: str,
	lines: Sequence[OrderLine],
	descriptions: dict[str, dict[str, str]],
) -> str:
	request = frappe.new_doc("Material Request")
	request.update(
		{
			"company": settings.company,
			"material_request_type": "Purchase",
			"transaction_date": nowdate(),
			"schedule_date": min(line.schedule_date for line in lines),
			"rl_agent": settings.name,
			"rl_policy": policy,
			"rl_run": run,
		}
	)
	for line in lines:
		request.append(
			"items",
			{
				**descriptions[line.item_code],
				"item_code": line.item_code,
				"warehouse": line.warehouse,
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
	# who may run an agent need not be allowed to make requests by hand
	request.flags.ignore_permissions = True
	request.insert()
	if settings.mode == "Submit":
		request.submit()
	return request.name


def _descriptions(lines: Sequence[OrderLine]) -> dict[str, dict[str, str]]:
	"""What a request's line repeats of its item, read at once."""
	rows = frappe.get_all(
		"Item",
		{"name": ("in", sorted({line.item_code for line in lines}))},
		["name", "item_name", "description", "item_group", "brand"],
	)
	return {row.pop("name"): {key: value or "" for key, value in row.items()} for row in rows}
