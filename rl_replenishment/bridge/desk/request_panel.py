"""What the form of a Material Request shows beside the lines that an agent proposed."""

from __future__ import annotations

import json
from typing import Any

import frappe
from frappe import _
from frappe.utils import flt, getdate

from rl_replenishment.bridge.board import picture
from rl_replenishment.bridge.board.open_lines import bare_line
from rl_replenishment.bridge.origin import is_of
from rl_replenishment.bridge.proposing.snoozed import read_snoozed, snoozed_until
from rl_replenishment.bridge.visibility import Limits
from rl_replenishment.core.explanation import told


def proposals_of(request: str) -> dict[str, dict[str, Any]]:
	"""The proposals behind a request's lines, by name, in two queries for any number of lines."""
	rows = _proposals(request)
	snoozed = read_snoozed({row.agent for row in rows}, getdate())
	return {
		row.name: {
			**_shown(row),
			"snoozed_until": snoozed_until(snoozed, row.agent, row.item_code, row.warehouse),
		}
		for row in rows
	}


def _proposals(request: str) -> list[Any]:
	"""Whoever may read a request may see what an agent says of it, but what User Permissions keep away."""
	proposal, line = frappe.qb.DocType("RL Proposal"), frappe.qb.DocType("Material Request Item")
	header = frappe.qb.DocType("Material Request")
	return (
		frappe.qb.from_(line)
		.join(header)
		.on(header.name == line.parent)
		.join(proposal)
		.on(is_of(proposal, line, header))
		.select(
			*(proposal.name, proposal.proposed_qty, proposal.baseline_qty, proposal.uom, proposal.rate),
			*(proposal.explanation, proposal.state, proposal.days_of_stock, proposal.supplier),
			proposal.lesson,
			*(proposal.agent, line.item_code, line.warehouse, line.stock_qty, line.ordered_qty),
			*(line.received_qty, line.schedule_date, line.docstatus, header.status, header.company),
		)
		.where((line.parent == request) & Limits("RL Proposal").criterion(proposal))
		.run(as_dict=True)
	)


def _shown(row: Any) -> dict[str, Any]:
	return {
		"proposed_qty": row.proposed_qty,
		"baseline_qty": row.baseline_qty,
		"uom": row.uom,
		"rate": row.rate,
		"explanation": row.explanation,
		"lesson": row.lesson,
		"state": told(json.loads(row.state or "{}")),
		"days_of_stock": row.days_of_stock,
		"supplier": row.supplier,
	}


def picture_of(request: str, name: str, qty: float | None = None) -> dict[str, Any]:
	"""What is drawn of a line of a request, see `board.picture.picture_of`, with `qty`, in stock UOM.

	Without `qty`, with what is still to come of it. Raises `DoesNotExistError` where there is no such line.
	"""
	line = next((row for row in _proposals(request) if row.name == name), None)
	if not line:
		raise frappe.DoesNotExistError(
			_("Material Request {0} has no line of proposal {1}.").format(request, name)
		)
	# of a request that is over, what was ordered is still to come
	is_over = line.docstatus == 2 or line.status == "Stopped"
	wanted = flt(line.ordered_qty) if is_over else max(flt(line.stock_qty), flt(line.ordered_qty))
	left = max(wanted - flt(line.received_qty), 0.0)
	shown = bare_line(
		agent=line.agent,
		company=line.company,
		item_code=line.item_code,
		warehouse=line.warehouse,
		state=json.loads(line.state or "{}"),
		stock_uom=line.uom,
		rate=flt(line.rate),
		stock_qty=left,
		required_by=getdate(line.schedule_date),
	)
	return picture.picture_of(shown, left if qty is None or is_over else qty)
