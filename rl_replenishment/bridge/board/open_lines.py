"""The lines that wait for a buyer: proposed, requested, and not ordered yet."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import date
from typing import Any, NamedTuple

import frappe
from frappe import _
from frappe.utils import flt, getdate

from rl_replenishment.bridge.origin import is_of
from rl_replenishment.bridge.queries import one_of
from rl_replenishment.bridge.visibility import Limits

#: as many as the board shows, the most urgent first
MOST_LINES = 2000
#: quantities this close are the same, in stock UOM
SAME = 1e-3


class OpenLine(NamedTuple):
	"""A line of a Material Request with the proposal behind it; quantities in stock UOM where not said."""

	proposal: str
	agent: str
	company: str
	item_code: str
	item_name: str
	#: that it is wanted in; the request may direct it to another
	warehouse: str
	supplier: str
	proposed_qty: float
	baseline_qty: float
	#: company currency per stock unit, as the proposal had it
	rate: float
	days_of_stock: float
	target_change: float
	overdue_qty: float
	explanation: str
	state: dict[str, Any]
	request: str
	#: the moment of its last change, as the database has it
	request_modified: str
	is_draft: bool
	line: str
	#: in purchase UOM
	qty: float
	uom: str
	stock_uom: str
	#: stock units per purchase unit
	conversion: float
	stock_qty: float
	ordered_qty: float
	required_by: date | None
	edit_reason: str
	#: what was learned from buyers that moved the quantity, in words; "" where nothing did
	lesson: str
	#: where it is moved from, "" where it is bought
	from_warehouse: str = ""

	@property
	def without_lesson(self) -> float | None:
		"""What the line asks for without what was learned from buyers, None where that is the same."""
		own = flt(self.state.get("policy_qty")) or self.proposed_qty
		return None if abs(own - self.proposed_qty) <= SAME else own

	@property
	def wanted(self) -> float:
		"""What is requested and not ordered yet, in stock UOM."""
		return max(self.stock_qty - self.ordered_qty, 0.0)


def read_open_lines(
	agent: str | None = None, proposals: Collection[str] | None = None, *, moved: bool = False
) -> tuple[list[OpenLine], int]:
	"""The open lines that the user may read, the most urgent first, and how many there are beyond these.

	Of one agent or of all, or of some proposals; of what is to be bought, or `moved`. Not what stands in
	a draft order already: whoever submits that one orders it. In four queries whatever their number.
	"""
	proposal, line = frappe.qb.DocType("RL Proposal"), frappe.qb.DocType("Material Request Item")
	request = frappe.qb.DocType("Material Request")
	query = (
		frappe.qb.from_(proposal)
		.join(line)
		.on(line.rl_proposal == proposal.name)
		.join(request)
		.on(request.name == line.parent)
		.select(
			*(proposal.name, proposal.agent, proposal.company, proposal.item_code, proposal.item_name),
			*(proposal.warehouse, proposal.supplier, proposal.proposed_qty, proposal.baseline_qty),
			*(proposal.rate, proposal.days_of_stock, proposal.target_change, proposal.overdue_qty),
			*(proposal.explanation, proposal.state, request.name.as_("request"), request.modified),
			*(request.docstatus, line.name.as_("line"), line.qty, line.uom, line.stock_uom),
			*(line.conversion_factor, line.stock_qty, line.ordered_qty, line.schedule_date),
			*(line.rl_edit_reason, proposal.lesson, line.from_warehouse),
		)
		.where(is_of(proposal, line, request) & (request.docstatus < 2))
		.where(request.status != "Stopped")
		.where(request.material_request_type == ("Material Transfer" if moved else "Purchase"))
		.where((line.stock_qty > line.ordered_qty) & (proposal.status == "Requested"))
		.where(Limits("RL Proposal").criterion(proposal))
		.orderby(proposal.days_of_stock, proposal.name)
	)
	if agent:
		query = query.where(proposal.agent == agent)
	if proposals is not None:
		query = query.where(one_of(proposal.name, sorted(proposals)))
	rows = query.run(as_dict=True)
	readable = _readable({row.request for row in rows})
	drafted = set() if moved else _in_draft_orders({row.request for row in rows}, {row.line for row in rows})
	rows = [row for row in rows if row.request in readable and row.line not in drafted]
	return [_line(row, moved=moved) for row in rows[:MOST_LINES]], max(len(rows) - MOST_LINES, 0)


def asked_for(proposals: Any, most: int = MOST_LINES) -> list[str]:
	"""A list of names as it was sent, or a clear word on what is wrong with it."""
	try:
		names = frappe.parse_json(proposals)
	except (ValueError, RecursionError):
		names = None
	if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
		frappe.throw(_("Proposals is to be a list of names of RL Proposals."))
	if len(names) > most:
		frappe.throw(
			_("{0} lines are more than can be done at once; choose {1} at most.").format(len(names), most)
		)
	return list(dict.fromkeys(names))


def bare_line(
	*,
	agent: str,
	company: str,
	item_code: str,
	warehouse: str,
	state: dict[str, Any],
	stock_uom: str,
	rate: float,
	stock_qty: float = 0.0,
	required_by: date | None = None,
) -> OpenLine:
	"""An item-warehouse as if it were on the board, of which `stock_qty` is requested."""
	return OpenLine(
		agent=agent,
		company=company,
		item_code=item_code,
		warehouse=warehouse,
		state=state,
		stock_uom=stock_uom,
		rate=rate,
		stock_qty=stock_qty,
		required_by=required_by,
		**dict.fromkeys(("proposal", "item_name", "supplier", "explanation", "request"), ""),
		**dict.fromkeys(("request_modified", "line", "uom", "edit_reason", "lesson"), ""),
		**dict.fromkeys(("proposed_qty", "baseline_qty", "days_of_stock", "target_change"), 0.0),
		**dict.fromkeys(("overdue_qty", "qty", "ordered_qty"), 0.0),
		conversion=1.0,
		is_draft=False,
	)


def _readable(requests: set[str]) -> set[str]:
	if not requests:
		return set()
	return set(frappe.get_list("Material Request", {"name": ("in", sorted(requests))}, pluck="name", limit=0))


def _in_draft_orders(requests: set[str], lines: set[str]) -> set[str]:
	"""The lines of requests that a Purchase Order has taken up and that nobody has submitted yet."""
	ordered = frappe.qb.DocType("Purchase Order Item")
	rows = (
		frappe.qb.from_(ordered)
		.select(ordered.material_request_item)
		.where((ordered.docstatus == 0) & one_of(ordered.material_request, sorted(requests)))
		.run()
	)
	return {name for (name,) in rows} & lines


def _line(row: Any, *, moved: bool) -> OpenLine:
	return OpenLine(
		proposal=row.name,
		agent=row.agent,
		company=row.company,
		item_code=row.item_code,
		item_name=row.item_name or "",
		warehouse=row.warehouse,
		supplier=row.supplier or "",
		proposed_qty=flt(row.proposed_qty),
		baseline_qty=flt(row.baseline_qty),
		rate=flt(row.rate),
		days_of_stock=flt(row.days_of_stock),
		target_change=flt(row.target_change),
		overdue_qty=flt(row.overdue_qty),
		explanation=row.explanation or "",
		state=json.loads(row.state or "{}"),
		request=row.request,
		request_modified=str(row.modified),
		is_draft=row.docstatus == 0,
		line=row.line,
		qty=flt(row.qty),
		uom=row.uom,
		stock_uom=row.stock_uom,
		conversion=flt(row.conversion_factor) or 1.0,
		stock_qty=flt(row.stock_qty),
		ordered_qty=flt(row.ordered_qty),
		required_by=getdate(row.schedule_date) if row.schedule_date else None,
		edit_reason=row.rl_edit_reason or "",
		lesson=row.lesson or "",
		from_warehouse=(row.from_warehouse or "") if moved else "",
	)
