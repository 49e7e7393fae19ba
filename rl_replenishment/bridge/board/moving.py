"""Transfers on the board: what is proposed to be moved instead of being bought, and what is done about it."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import frappe
from frappe import _
from frappe.utils import flt

from rl_replenishment.bridge import feedback, workflows
from rl_replenishment.bridge.board.approving import (
	Wish,
	names_of,
	submit_request,
	undone_if_it_fails,
	why_refused,
	wishes_of,
)
from rl_replenishment.bridge.board.open_lines import MOST_LINES, OpenLine, read_open_lines
from rl_replenishment.bridge.figures import money


def read_transfers(agent: str | None) -> list[dict[str, Any]]:
	"""The transfers that wait for a buyer's word: drafts alone, since the warehouse answers the others."""
	lines, _more = read_open_lines(agent, moved=True)
	agents = {line.agent for line in lines}
	costs = dict(
		frappe.get_all(
			"RL Agent Settings", {"name": ("in", [*agents, ""])}, ["name", "transfer_cost"], as_list=True
		)
	)
	return [
		{
			"proposal": line.proposal,
			"agent": line.agent,
			"company": line.company,
			"item_code": line.item_code,
			"item_name": line.item_name,
			"from_warehouse": line.from_warehouse,
			"warehouse": line.warehouse,
			"request": line.request,
			"modified": line.request_modified,
			"proposed": line.proposed_qty,
			"qty": line.qty,
			"uom": line.uom,
			"stock_uom": line.stock_uom,
			"conversion": line.conversion,
			# of a purchase unit, as of lines that are bought: what need not be bought
			"price": line.rate * line.conversion,
			"days_of_stock": line.days_of_stock,
			"required_by": line.required_by,
			"cost": money(flt(costs.get(line.agent))),
			"saved": money(flt(line.state.get("saved"))),
			"reason": line.edit_reason,
			"explanation": line.explanation,
			"lesson": "",
			"without_lesson": None,
		}
		for line in lines
		if line.is_draft
	]


def approve(sent: Any) -> list[dict[str, Any]]:
	"""Submit the requests of transfers; one result for each request.

	`sent` has by proposal `qty`, in the line's unit, `reason`, and `seen`, the moment of the request's last
	change as the board knew it. A quantity of 0 turns a line down; lines of the same request that are not
	sent are submitted with it. A result has `status` (Requested, Turned Down or Failed), `request`, `lines`
	and a `message`.
	"""
	wishes = _read(sent)
	found, _more = read_open_lines(proposals=set(wishes), moved=True)
	lines = [line for line in found if line.is_draft]
	if gone := len(wishes) - len(lines):
		frappe.throw(_("Lines that are not open any more: {0}. Load the board anew.").format(gone))
	by_request: dict[str, list[tuple[OpenLine, Wish]]] = defaultdict(list)
	for line in lines:
		by_request[line.request].append((line, wishes[line.proposal]))
	return [_submit(request, own) for request, own in by_request.items()]


def _read(sent: Any) -> dict[str, Wish]:
	try:
		wishes = wishes_of(frappe.parse_json(sent))
		is_sound = all(0 <= wish.qty < 1e12 for wish in wishes.values())
	except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
		is_sound = False
	if not is_sound or len(wishes) > MOST_LINES:
		frappe.throw(_("What is to be moved is not understood; load the board anew."))
	return wishes


def _submit(request: str, lines: list[tuple[OpenLine, Wish]]) -> dict[str, Any]:
	first, _wish = lines[0]
	result = {
		"company": first.company,
		"from_warehouse": first.from_warehouse,
		"request": request,
		"lines": len(lines),
		"message": "",
	}
	try:
		with undone_if_it_fails("rl_board_transfer"):
			submit_request(request, lines)
	except Exception as error:
		return {**result, "status": "Failed", "message": why_refused(error)}
	is_there = frappe.db.exists("Material Request", request)
	return {**result, "status": "Requested" if is_there else "Turned Down", "request": is_there}


def undo(sent: Any) -> list[dict[str, Any]]:
	"""Take transfers back: their requests are cancelled, and wait on the board again, amended.

	One result for each. ERPNext decides, by permissions and by what followed: what is moved already stays,
	and `message` says why.
	"""
	names = names_of(sent, _("Requests is to be a list of names of Material Requests."))
	answers = {name: _take_back(name) for name in names}
	# the board reads from there what waits again
	feedback.answer_now("Material Request", [request for request, _why in answers.values() if request])
	return [{"request": name, "done": not why, "message": why} for name, (_request, why) in answers.items()]


def _take_back(name: str) -> tuple[str, str]:
	"""Returns the request that waits instead, and why not, one of them ""."""
	try:
		with undone_if_it_fails("rl_board_move_back"):
			request = frappe.get_doc("Material Request", name, for_update=True)
			request.check_permission("cancel")
			if request.material_request_type != "Material Transfer" or not request.get("rl_agent"):
				frappe.throw(_("{0} is no transfer that an agent proposed.").format(name))
			request.check_permission("amend")
			workflows.cancel(request)
			again = frappe.copy_doc(request)
			again.update({"amended_from": name, "docstatus": 0, "status": "Draft"})
			workflows.begin_anew(again)
			again.insert()
	except Exception as error:
		return "", why_refused(error)
	return again.name, ""
