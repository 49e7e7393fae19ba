"""Which requests and lines are an agent's: what the app wrote into them, and nothing that anybody sends.

Frappe takes any value for any field of a document that somebody may save, read-only ones included.
"""

from __future__ import annotations

from typing import NamedTuple

import frappe
from frappe.model.document import Document
from pypika import Table
from pypika.queries import QueryBuilder
from pypika.terms import Criterion

from rl_replenishment.bridge.guarding import refuse_rows_of_others

#: what the app alone writes: into a Material Request, and into its lines
OF_REQUEST = ("rl_agent", "rl_policy", "rl_run", "rl_request_key", "rl_asked_for")
OF_LINE = ("rl_proposed_qty", "rl_explanation", "rl_proposal")


def keep(request: Document) -> None:
	"""Have a Material Request and its lines say of their origin what the database says.

	A new one has none. An amendment has that of the request that it amends, line by line, as long as that is
	cancelled and of the same company, and no other amendment has taken over its proposals. The app's own
	emission works with `ignore_permissions`, which no request can send.
	"""
	if request.flags.ignore_permissions:
		return
	refuse_rows_of_others(request)
	before = request.get_doc_before_save()
	source = before or _amended(request)
	for field in OF_REQUEST:
		request.set(field, source.get(field) if source else None)
	if before:
		lines = {line.name: line for line in before.items}
		taken = {row.name: lines.get(row.name) for row in request.items}
	else:
		taken = _by_proposal(request, source)
	for row in request.items:
		line = taken.get(row.name or row.idx)
		for field in OF_LINE:
			row.set(field, line.get(field) if line else None)


def _amended(request: Document) -> Document | None:
	name = request.get("amended_from")
	if not name or not isinstance(name, str) or not frappe.db.exists("Material Request", name):
		return None
	source = frappe.get_doc("Material Request", name)
	is_its_own = source.docstatus.is_cancelled() and source.company == request.company
	if not is_its_own or not source.has_permission("read"):
		return None
	others = {"amended_from": name, "docstatus": ("<", 2), "rl_agent": ("is", "set")}
	return None if frappe.db.exists("Material Request", others) else source


def _by_proposal(request: Document, source: Document | None) -> dict[str, Document]:
	"""By new line, the line of the source with its proposal; each counts once."""
	left = {line.rl_proposal: line for line in source.items if line.rl_proposal} if source else {}
	return {
		row.name or row.idx: left.pop(row.rl_proposal)
		for row in request.items
		if isinstance(row.rl_proposal, str) and row.rl_proposal in left
	}


class RequestLines(NamedTuple):
	"""Lines of Material Requests, each with its request, and its proposal where it has one."""

	#: to select from
	query: QueryBuilder
	line: Table
	request: Table
	proposal: Table


def request_lines() -> RequestLines:
	"""All of them; whoever asks narrows them."""
	line, request = frappe.qb.DocType("Material Request Item"), frappe.qb.DocType("Material Request")
	proposal = frappe.qb.DocType("RL Proposal")
	joined = (
		frappe.qb.from_(line)
		.join(request)
		.on(request.name == line.parent)
		.left_join(proposal)
		.on(is_of(proposal, line, request))
	)
	return RequestLines(joined, line, request, proposal)


def is_of(proposal: Table, line: Table, request: Table) -> Criterion:
	"""The condition that a line of a Material Request is the one that a proposal speaks of.

	The line's word alone is none: agent, company and item are to be the proposal's. In its company the buyer
	may direct it to another warehouse.
	"""
	return (
		(line.rl_proposal == proposal.name)
		& (line.item_code == proposal.item_code)
		& (request.rl_agent == proposal.agent)
		& (request.company == proposal.company)
	)
