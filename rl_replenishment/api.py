"""What the desk calls; every function checks first what was sent for a name, and the permission.

Types are no texts here (no `annotations` from `__future__`): Frappe checks what is sent against those that it
can read.
"""

from typing import Any

import frappe
from frappe import _
from frappe.utils import cint, escape_html, flt

#: characters of a document's name in Frappe, and of what people may give as a reason
LONGEST_NAME, LONGEST_REASON = 140, 2000
LARGEST_QUANTITY = 1e12


@frappe.whitelist(methods=["POST"])
def propose_now(agent: str) -> str:
	"""Propose in the background; returns the name of the run."""
	_check_agent(agent)
	from rl_replenishment.bridge.proposing import run as proposal_run

	frappe.get_doc("RL Agent Settings", agent).check_enabled()
	return proposal_run.enqueue(agent)


@frappe.whitelist(methods=["GET"])
def preview(agent: str) -> dict[str, Any]:
	"""What the agent would propose now; writes nothing."""
	_check_agent(agent)
	from rl_replenishment.bridge.proposing import round as proposal_round

	return proposal_round.preview(agent)


@frappe.whitelist(methods=["GET"])
def overview(agent: str) -> dict[str, Any]:
	"""How the agent stands, for its form."""
	check_document("RL Agent Settings", "read", agent)
	from rl_replenishment.bridge.desk import overview

	return overview.overview(frappe.get_doc("RL Agent Settings", agent))


@frappe.whitelist(methods=["GET"])
def progress_of_run(run: str) -> dict[str, Any]:
	"""How far a run of proposals is."""
	check_document("RL Proposal Run", "read", run)
	from rl_replenishment.bridge.proposing import run as proposal_run

	return {"status": frappe.db.get_value("RL Proposal Run", run, "status"), **proposal_run.progress_of(run)}


@frappe.whitelist(methods=["POST"])
def cancel_run(run: str) -> None:
	"""End a run of proposals; nothing of it is kept."""
	_check_agent_of("RL Proposal Run", run)
	from rl_replenishment.bridge.proposing import run as proposal_run

	proposal_run.cancel(run)


@frappe.whitelist(methods=["POST"])
def train(agent: str) -> str:
	"""Train in the background; returns the name of the training run."""
	_check_agent(agent)
	from rl_replenishment.bridge.training import asking as training_asking

	return training_asking.enqueue(agent)


@frappe.whitelist(methods=["POST"])
def cancel_training(training_run: str) -> None:
	"""Ask a training to end; what it has found so far is kept."""
	_check_agent_of("RL Training Run", training_run)
	from rl_replenishment.bridge.training import asking as training_asking

	training_asking.cancel(training_run)


@frappe.whitelist(methods=["POST"])
def retry_training(training_run: str) -> str:
	"""Train again after a failure; returns the name of the new run."""
	_check_agent_of("RL Training Run", training_run)
	from rl_replenishment.bridge.training import asking as training_asking

	return training_asking.retry(training_run)


@frappe.whitelist(methods=["POST"])
def promote(policy: str, reason: str = "") -> None:
	"""Put a policy to use."""
	_check_agent_of("RL Policy", policy)
	check_text(reason, LONGEST_REASON)
	from rl_replenishment.bridge.policies import promotion

	promotion.promote(policy, reason)


@frappe.whitelist(methods=["GET"])
def policy_differences(policy: str) -> dict[str, Any]:
	"""What a policy would propose differently now than the one in use; writes nothing."""
	_check_agent_of("RL Policy", policy)
	from rl_replenishment.bridge.policies import difference

	return difference.differences(policy)


@frappe.whitelist(methods=["POST"])
def roll_back(agent: str, reason: str = "") -> str:
	"""Go back to the policy in use before; returns its name."""
	_check_agent(agent)
	check_text(reason, LONGEST_REASON)
	from rl_replenishment.bridge.policies import promotion

	return promotion.roll_back(agent, reason)


@frappe.whitelist(methods=["POST"])
def value_awaiting_approval(filters: str | None = None) -> dict[str, Any] | str:
	"""A number card: what proposals in drafts and open requests are worth."""
	frappe.has_permission("RL Proposal", "read", throw=True)
	from rl_replenishment.bridge.desk import reporting

	return reporting.value_awaiting_approval()


@frappe.whitelist(methods=["POST"])
def value_of_changes(filters: str | None = None) -> dict[str, Any] | str:
	"""A number card: what buyers' changes of this year turned out to be worth."""
	frappe.has_permission("RL Feedback", "read", throw=True)
	from rl_replenishment.bridge.desk import reporting

	return reporting.value_of_changes()


@frappe.whitelist(methods=["POST"])
def kept_lately(filters: str | None = None) -> dict[str, Any] | str:
	"""A number card: share of the proposals of the last 30 days that buyers kept."""
	frappe.has_permission("RL Feedback", "read", throw=True)
	from rl_replenishment.bridge.desk import reporting

	return reporting.kept_lately()


@frappe.whitelist(methods=["POST"])
def stock_outs(filters: str | None = None) -> str:
	"""A number card: stock-outs of the last 30 days, and of the 30 before."""
	frappe.has_permission("RL Proposal", "read", throw=True)
	from rl_replenishment.bridge.desk import reporting

	return reporting.stock_outs()


@frappe.whitelist(methods=["GET"])
def usual_company() -> str | None:
	"""The user's own company where an agent buys for it, else that of an agent that the user may see."""
	frappe.has_permission("RL Proposal", "read", throw=True)
	from rl_replenishment.bridge.desk import reporting

	return reporting.usual_company()


@frappe.whitelist(methods=["GET"])
def getting_started() -> list[dict[str, Any]]:
	"""The first steps with the app, for its workspace."""
	frappe.has_permission("RL Proposal", "read", throw=True)
	from rl_replenishment.bridge.desk import getting_started

	return getting_started.steps()


@frappe.whitelist(methods=["POST"])
def tick(what: str) -> None:
	"""Remember that the user has done, or does not want to do, one of the first steps."""
	frappe.has_permission("RL Proposal", "read", throw=True)
	check_text(what)
	from rl_replenishment.bridge.desk import getting_started

	getting_started.tick(what)


@frappe.whitelist(methods=["POST"])
def turn_down(proposals: str) -> dict[str, int]:
	"""Take the lines of proposals, a JSON list of names, out of their draft Material Requests."""
	frappe.has_permission("RL Proposal", "read", throw=True)
	from rl_replenishment.bridge.proposing import turning_down

	try:
		names = frappe.parse_json(proposals)
	except (ValueError, RecursionError):
		names = None
	return turning_down.turn_down(names)


@frappe.whitelist(methods=["GET"])
def board(agent: str = "") -> dict[str, Any]:
	"""The lines that wait for a buyer, of one agent or of all that the user may see."""
	_check_board()
	check_text(agent)
	from rl_replenishment.bridge.board import reading

	return reading.board(agent or None)


@frappe.whitelist(methods=["POST"])
def board_what_if(quantities: str) -> dict[str, Any]:
	"""What other quantities would do, a JSON object of them in stock UOM by proposal; writes nothing."""
	_check_board()
	from rl_replenishment.bridge.board import what_if

	return what_if.what_if(quantities)


@frappe.whitelist(methods=["GET"])
def board_picture(proposal: str, qty: float | str) -> dict[str, Any]:
	"""Past and expected demand of an open line, and stock with an order of `qty`, in stock UOM."""
	_check_board()
	check_text(proposal)
	quantity = _quantity(qty)
	from rl_replenishment.bridge.board import picture

	return picture.picture(proposal, quantity)


@frappe.whitelist(methods=["POST"])
def board_approve(groups: str, submit: int | str = 0) -> list[dict[str, Any]]:
	"""Order from suppliers, a JSON list; ERPNext's own permissions decide about each document."""
	_check_board()
	frappe.has_permission("Purchase Order", "create", throw=True)
	from rl_replenishment.bridge.board import approving

	return approving.approve(groups, submit=bool(cint(submit)))


@frappe.whitelist(methods=["POST"])
def board_round(company: str, supplier: str, lines: str) -> dict[str, Any]:
	"""Quantities with which a supplier's lines, a JSON object by proposal, reach its minimum."""
	_check_board()
	frappe.has_permission("RL Supplier Terms", "read", throw=True)
	check_text(company)
	check_text(supplier)
	# quantities tell what the minimum is
	if frappe.db.exists("RL Supplier Terms", supplier):
		check_document("RL Supplier Terms", "read", supplier)
	from rl_replenishment.bridge.board import rounding

	return rounding.round_anew(company, supplier, lines)


@frappe.whitelist(methods=["POST"])
def board_from_supplier(supplier: str, proposals: str) -> dict[str, Any]:
	"""Prices and terms of open lines, a JSON list of proposals, of a supplier that was chosen."""
	_check_board()
	check_document("Supplier", "read", supplier)
	from rl_replenishment.bridge.board import reading

	return reading.from_supplier(supplier, proposals)


@frappe.whitelist(methods=["POST"])
def board_move(lines: str) -> list[dict[str, Any]]:
	"""Have transfers done, a JSON object by proposal; ERPNext's own permissions decide about each request."""
	_check_board()
	from rl_replenishment.bridge.board import moving

	return moving.approve(lines)


@frappe.whitelist(methods=["POST"])
def board_move_back(requests: str) -> list[dict[str, Any]]:
	"""Take transfers back, a JSON list of their requests; ERPNext's own permissions decide about each."""
	_check_board()
	from rl_replenishment.bridge.board import moving

	return moving.undo(requests)


@frappe.whitelist(methods=["POST"])
def board_undo(orders: str) -> list[dict[str, Any]]:
	"""Take Purchase Orders back, a JSON list of names; ERPNext's own permissions decide about each."""
	_check_board()
	from rl_replenishment.bridge.board import approving

	return approving.undo(orders)


@frappe.whitelist(methods=["POST"])
def board_snooze(proposals: str, until: str, reason: str = "", from_drafts: int | str = 1) -> dict[str, Any]:
	"""Leave items of proposals, a JSON list, alone until a day; their lines leave drafts if `from_drafts`."""
	_check_board()
	frappe.has_permission("RL Snooze", "create", throw=True)
	check_text(until)
	check_text(reason, LONGEST_REASON)
	from rl_replenishment.bridge.board import setting_aside

	return setting_aside.snooze(proposals, until, reason, from_drafts=bool(cint(from_drafts)))


@frappe.whitelist(methods=["GET"])
def service_curve(agent: str, scope: str = "All Items", of: str = "") -> dict[str, Any]:
	"""What more or less service of some of an agent's items would cost, or how far its replay is."""
	_check_agent(agent)
	check_text(scope)
	check_text(of)
	from rl_replenishment.bridge.service import curve

	return curve.curve(frappe.get_doc("RL Agent Settings", agent), scope, of)


@frappe.whitelist(methods=["POST"])
def set_service_target(
	agent: str, scope: str, of: str = "", fill_rate: float | str = 0, stockout_cost_rate: float | str = 0
) -> dict[str, Any]:
	"""Give some of an agent's items a service target in percent, or none; returns the one they had before."""
	_check_agent(agent)
	check_text(scope)
	check_text(of)
	from rl_replenishment.bridge.service import curve

	settings = frappe.get_doc("RL Agent Settings", agent)
	return curve.set_target(settings, scope, of, flt(fill_rate), flt(stockout_cost_rate))


def _check_board() -> None:
	"""Whoever may read proposals and the requests that they are in."""
	frappe.has_permission("RL Proposal", "read", throw=True)
	frappe.has_permission("Material Request", "read", throw=True)


def may_open_app() -> bool:
	"""Whether the apps screen shows the app."""
	return bool(frappe.has_permission("RL Proposal", "read"))


@frappe.whitelist(methods=["GET"])
def proposals_of_request(material_request: str) -> dict[str, Any]:
	"""What an agent proposed in a Material Request, by proposal, for its form."""
	check_document("Material Request", "read", material_request)
	from rl_replenishment.bridge.desk import request_panel

	return request_panel.proposals_of(material_request)


@frappe.whitelist(methods=["GET"])
def picture_of_proposal(
	material_request: str, proposal: str, qty: float | str | None = None
) -> dict[str, Any]:
	"""Past and expected demand of a request's line, and stock with `qty`, in stock UOM, and without it."""
	check_document("Material Request", "read", material_request)
	check_text(proposal)
	from rl_replenishment.bridge.desk import request_panel

	return request_panel.picture_of(material_request, proposal, None if qty in (None, "") else _quantity(qty))


@frappe.whitelist(methods=["GET"])
def picture_of_item(agent: str, item_code: str, warehouse: str, qty: float | str = 0) -> dict[str, Any]:
	"""The same of an item in a warehouse that an agent buys for, of those that the user may see."""
	frappe.has_permission("RL Proposal", "read", throw=True)
	for text in (agent, item_code, warehouse):
		check_text(text)
	from rl_replenishment.bridge.board import picture

	return picture.item_picture(agent, item_code, warehouse, _quantity(qty))


def _quantity(sent: float | str) -> float:
	# a request sends texts
	quantity = flt(sent)
	if not 0 <= quantity < LARGEST_QUANTITY:
		frappe.throw(_("Quantities are to be numbers of 0 or more, by RL Proposal."))
	return quantity


def _check_agent(agent: str) -> None:
	"""Whoever may change an agent may steer it."""
	check_document("RL Agent Settings", "write", agent)


def _check_agent_of(doctype: str, name: str) -> None:
	"""And what belongs to it."""
	check_document(doctype, "read", name)
	_check_agent(frappe.db.get_value(doctype, name, "agent"))


def check_document(doctype: str, what: str, name: str) -> None:
	"""Whether the user may do it with a document that there is.

	Without a name Frappe would look at the DocType alone; other things it would take for filters.
	"""
	check_text(name)
	if not name:
		frappe.throw(_("{0} is missing.").format(_(doctype)))
	# not as Frappe would throw it: its message names what User Permissions keep from the user
	if not frappe.has_permission(doctype, what, name):
		frappe.throw(
			_("No permission for {0} {1}.").format(_(doctype), escape_html(name)), frappe.PermissionError
		)


def check_text(value: str, longest: int = LONGEST_NAME) -> None:
	if not isinstance(value, str) or len(value) > longest:
		frappe.throw(_("A text of at most {0} characters is expected.").format(longest))
