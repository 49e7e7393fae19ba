"""What was proposed and what has been ordered so far, read from the documents in a bounded number of queries.

A decision is one item-warehouse of one Material Request. Lines that a buyer split off a proposed line, or
entered anew, count with it, since they are of the same item and warehouse; so does a proposed line that was
given another warehouse. A line that was deleted, or given another item, has ordered 0.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import frappe
from frappe.query_builder.functions import Coalesce, Max, Sum
from frappe.utils import flt, getdate

from rl_replenishment.bridge.queries import one_of
from rl_replenishment.bridge.review_days import within_calendar


@dataclass
class Decision:
	"""What a buyer made of one proposal, or of an item that no agent proposed; quantities in stock UOM."""

	agent: str
	policy: str | None
	company: str
	item_code: str
	warehouse: str
	decision_date: date
	proposal: str | None = None
	supplier: str | None = None
	proposed_qty: float = 0.0
	proposal_status: str | None = None
	#: the request and the line that the proposal points to; not those of an amendment that is new
	proposed_in: tuple[str | None, str | None] = (None, None)
	#: what the request asks for
	requested_qty: float = 0.0
	#: where a transfer is to come from; None for what is bought
	from_warehouse: str | None = None
	#: on submitted Purchase Orders, of a transfer on submitted Stock Entries
	ordered_qty: float = 0.0
	material_request: str | None = None
	material_request_item: str | None = None
	purchase_order: str | None = None
	#: of a transfer
	stock_entry: str | None = None
	#: the day of the latest Purchase Order
	ordered_on: date | None = None
	edit_reason: str = ""
	#: who ordered, or, where nothing is ordered, who changed the request last
	buyer: str | None = None
	#: nothing more will be ordered: the request was stopped, cancelled or deleted, or the line was
	is_over: bool = False
	#: the request was cancelled; it may have been amended
	is_cancelled: bool = False
	#: of the Material Request, or of the Purchase Order where there is no request
	is_submitted: bool = False
	#: a line of it had a proposal that is gone by now, as old ones are
	is_forgotten: bool = False
	#: a draft in the place of a request that was cancelled
	is_amending: bool = False
	#: what the policy saw, see RL Proposal
	state: dict[str, Any] = field(default_factory=dict)
	#: stock units per purchase unit
	conversion: float = 1.0
	#: Purchase Order lines among what was ordered that have no link to an agent's request
	by_hand: list[str] = field(default_factory=list)

	@property
	def is_complete(self) -> bool:
		"""Whether all that was requested has been ordered."""
		return self.requested_qty > 0 and self.ordered_qty >= self.requested_qty - self.tolerance

	@property
	def tolerance(self) -> float:
		"""Two quantities this close are the same: half of the last of three digits in the purchase unit."""
		return max(1e-3, 0.5e-3 * self.conversion)


def read_decisions(requests: Collection[str], items: Collection[str] | None = None) -> list[Decision]:
	"""The decisions on agents' Material Requests, deleted ones and deleted lines included, in five queries.

	With `items`, those about these item codes alone. A proposal counts for a line of its own agent, company
	and item alone; in its company the buyer may direct it to another warehouse.
	"""
	lines = _lines(requests, items)
	names = [line.name for line in lines]
	ordered = _ordered(names)
	if any(line.material_request_type == "Material Transfer" for line in lines):
		ordered |= _moved(names)
	proposals = _proposals(requests, {line.rl_proposal for line in lines if line.rl_proposal}, items)
	decisions: dict[tuple[str, str, str], Decision] = {}
	for line in lines:
		proposal = proposals.get(line.rl_proposal)
		if proposal and not _is_about(proposal, line):
			proposal = None
		warehouse = (proposal and proposal.warehouse) or line.warehouse or ""
		key = (line.parent, line.item_code, warehouse)
		is_forgotten = bool(line.rl_proposal and line.rl_proposal not in proposals)
		decision = decisions.get(key) or decisions.setdefault(key, _of_line(line, warehouse))
		_add_line(decision, line, ordered, proposal)
		decision.is_forgotten |= is_forgotten
	found = {decision.proposal for decision in decisions.values()}
	for name, row in proposals.items():
		again = decisions.get((row.material_request, row.item_code, row.warehouse))
		if name not in found and again and not again.proposal:
			_take_proposal(again, row)
			found.add(name)
	asked = set(requests)
	lost = [row for name, row in proposals.items() if name not in found and row.material_request in asked]
	headers = _headers({row.material_request for row in lost})
	return [*decisions.values(), *(each for row in lost if (each := _of_lost(row, headers)))]


def with_amendments(requests: Collection[str]) -> set[str]:
	"""These requests and those that speak of the same proposals, as what was amended does."""
	line, other = (
		frappe.qb.DocType("Material Request Item"),
		frappe.qb.DocType("Material Request Item").as_("o"),
	)
	proposal = frappe.qb.DocType("RL Proposal")
	# a request that was deleted is known by what it proposed
	of_line = (
		frappe.qb.from_(line)
		.join(other)
		.on(other.rl_proposal == line.rl_proposal)
		.select(other.parent)
		.where(one_of(line.parent, requests) & line.rl_proposal.isnotnull() & (line.rl_proposal != ""))
	)
	of_proposal = (
		frappe.qb.from_(proposal)
		.join(other)
		.on(other.rl_proposal == proposal.name)
		.select(other.parent)
		.where(one_of(proposal.material_request, requests))
	)
	return {*requests, *(name for (name,) in of_line.union(of_proposal).run())}


def _lines(requests: Collection[str], items: Collection[str] | None) -> list[Any]:
	request, line = frappe.qb.DocType("Material Request"), frappe.qb.DocType("Material Request Item")
	agent = frappe.qb.DocType("RL Agent Settings")
	query = (
		frappe.qb.from_(line)
		.join(request)
		.on(request.name == line.parent)
		# a request of another company is no decision about what the agent proposed
		.join(agent)
		.on((agent.name == request.rl_agent) & (agent.company == request.company))
		.select(
			*(line.name, line.parent, line.item_code, line.warehouse, line.stock_qty, line.rl_proposal),
			*(line.rl_edit_reason, line.conversion_factor, request.rl_agent, request.rl_policy),
			*(request.company, request.status, request.docstatus, request.transaction_date),
			*(request.modified_by, request.amended_from, request.material_request_type),
			*(line.from_warehouse, request.set_from_warehouse),
		)
		.where(one_of(line.parent, requests))
		.orderby(line.parent, line.idx)
	)
	if items is not None:
		query = query.where(one_of(line.item_code, items))
	return list(query.run(as_dict=True))


def _headers(requests: Collection[str]) -> dict[str, Any]:
	"""Of agents' requests that there still are, by name; in no query where none is asked for."""
	if not requests:
		return {}
	request, agent = frappe.qb.DocType("Material Request"), frappe.qb.DocType("RL Agent Settings")
	rows = (
		frappe.qb.from_(request)
		.join(agent)
		.on((agent.name == request.rl_agent) & (agent.company == request.company))
		.select(request.name, request.docstatus, request.modified_by)
		.where(one_of(request.name, requests))
		.run(as_dict=True)
	)
	return {row.name: row for row in rows}


def _ordered(lines: Collection[str]) -> dict[str, Any]:
	"""What Purchase Orders of the request's company order of its items; they may name any request's lines."""
	order, line = frappe.qb.DocType("Purchase Order"), frappe.qb.DocType("Purchase Order Item")
	request, wanted = frappe.qb.DocType("Material Request"), frappe.qb.DocType("Material Request Item")
	rows = (
		frappe.qb.from_(line)
		.join(order)
		.on(order.name == line.parent)
		.join(wanted)
		.on((wanted.name == line.material_request_item) & (wanted.item_code == line.item_code))
		.join(request)
		.on((request.name == wanted.parent) & (request.company == order.company))
		.select(
			line.material_request_item,
			Sum(line.stock_qty).as_("qty"),
			Max(order.name).as_("purchase_order"),
			Max(order.supplier).as_("supplier"),
			Max(order.transaction_date).as_("ordered_on"),
			Max(order.owner).as_("owner"),
		)
		.where(one_of(line.material_request_item, lines) & (order.docstatus == 1))
		.groupby(line.material_request_item)
		.run(as_dict=True)
	)
	return {row.material_request_item: row for row in rows}


def _moved(lines: Collection[str]) -> dict[str, Any]:
	"""What Stock Entries of the request's company have moved; of two by way of transit the first counts."""
	entry, line = frappe.qb.DocType("Stock Entry"), frappe.qb.DocType("Stock Entry Detail")
	request, wanted = frappe.qb.DocType("Material Request"), frappe.qb.DocType("Material Request Item")
	rows = (
		frappe.qb.from_(line)
		.join(entry)
		.on(entry.name == line.parent)
		.join(wanted)
		.on((wanted.name == line.material_request_item) & (wanted.item_code == line.item_code))
		.join(request)
		.on((request.name == wanted.parent) & (request.company == entry.company))
		.select(
			line.material_request_item,
			Sum(line.transfer_qty).as_("qty"),
			Max(entry.name).as_("stock_entry"),
			Max(entry.posting_date).as_("ordered_on"),
			Max(entry.owner).as_("owner"),
		)
		.where(one_of(line.material_request_item, lines) & (entry.docstatus == 1))
		.where(
			(entry.purpose == "Material Transfer") & (request.material_request_type == "Material Transfer")
		)
		.where(Coalesce(entry.outgoing_stock_entry, "") == "")
		.groupby(line.material_request_item)
		.run(as_dict=True)
	)
	return {row.material_request_item: row for row in rows}


def _proposals(
	requests: Collection[str], names: Collection[str], items: Collection[str] | None
) -> dict[str, Any]:
	proposal = frappe.qb.DocType("RL Proposal")
	query = (
		frappe.qb.from_(proposal)
		.select(
			*(proposal.name, proposal.agent, proposal.policy, proposal.company, proposal.item_code),
			*(proposal.warehouse, proposal.supplier, proposal.proposed_qty, proposal.proposal_date),
			*(proposal.material_request, proposal.material_request_item, proposal.state),
			*(proposal.status, proposal.from_warehouse),
		)
		.where(one_of(proposal.material_request, requests) | one_of(proposal.name, names))
		.orderby(proposal.name)
	)
	if items is not None:
		query = query.where(one_of(proposal.item_code, items))
	return {row.name: row for row in query.run(as_dict=True)}


def _of_line(line: Any, warehouse: str) -> Decision:
	return Decision(
		agent=line.rl_agent,
		policy=line.rl_policy,
		company=line.company,
		item_code=line.item_code,
		warehouse=warehouse,
		decision_date=within_calendar(getdate(line.transaction_date)),
		material_request=line.parent,
		# a line that the buyer added to a transfer is none to buy
		from_warehouse=(
			(line.from_warehouse or line.set_from_warehouse)
			if line.material_request_type == "Material Transfer"
			else None
		),
		buyer=line.modified_by,
		is_over=line.docstatus == 2 or line.status == "Stopped",
		is_cancelled=line.docstatus == 2,
		is_submitted=line.docstatus == 1,
		is_amending=bool(line.docstatus == 0 and line.amended_from),
	)


def _add_line(decision: Decision, line: Any, ordered: dict[str, Any], proposal: Any) -> None:
	decision.requested_qty += flt(line.stock_qty)
	decision.edit_reason = decision.edit_reason or line.rl_edit_reason or ""
	if order := ordered.get(line.name):
		decision.ordered_qty += flt(order.qty)
		if order.stock_entry:
			decision.stock_entry = max(decision.stock_entry or "", order.stock_entry)
		else:
			decision.purchase_order = max(decision.purchase_order or "", order.purchase_order)
			decision.supplier = order.supplier
		decision.buyer = order.owner
		days = (decision.ordered_on, order.ordered_on)
		decision.ordered_on = max(day for day in days if day)
	if proposal and not decision.proposal:
		_take_proposal(decision, proposal)
		decision.material_request_item = line.name
		decision.conversion = flt(line.conversion_factor) or 1.0
	decision.material_request_item = decision.material_request_item or line.name


def _is_about(proposal: Any, line: Any) -> bool:
	"""Whether a line speaks of a proposal: not where another item was entered over it, and its word alone is
	no proof."""
	return (proposal.agent, proposal.company, proposal.item_code) == (
		line.rl_agent,
		line.company,
		line.item_code,
	)


def _take_proposal(decision: Decision, proposal: Any) -> None:
	decision.proposal = proposal.name
	decision.proposed_qty = flt(proposal.proposed_qty)
	decision.from_warehouse = proposal.from_warehouse or None
	decision.proposal_status = proposal.status
	decision.proposed_in = (proposal.material_request, proposal.material_request_item)
	decision.supplier = decision.supplier or proposal.supplier
	decision.decision_date = getdate(proposal.proposal_date)
	decision.state = json.loads(proposal.state or "{}")


def _of_lost(proposal: Any, headers: dict[str, Any]) -> Decision | None:
	"""A proposal whose line is gone; as long as the request is a draft, the line may come back."""
	header = headers.get(proposal.material_request)
	if header and header.docstatus == 0:
		return None
	decision = Decision(
		agent=proposal.agent,
		policy=proposal.policy,
		company=proposal.company,
		item_code=proposal.item_code,
		warehouse=proposal.warehouse,
		decision_date=getdate(proposal.proposal_date),
		material_request=proposal.material_request,
		material_request_item=proposal.material_request_item,
		buyer=header.modified_by if header else None,
		is_over=True,
		is_submitted=True,
	)
	_take_proposal(decision, proposal)
	return decision
