"""Called by the hooks: where a document has to do with an agent, brings its feedback up to date."""

from __future__ import annotations

from collections.abc import Callable

import frappe
from frappe.model.document import Document

from rl_replenishment.bridge.feedback.rewards import forget_request, refresh_added, refresh_requests
from rl_replenishment.bridge.feedback.unlinked import requests_answered_by


def observe_order(order: Document) -> None:
	"""A Purchase Order was submitted, changed or cancelled."""
	if not _is_busy():
		_guarded(order, lambda: _refresh_order(order))


def observe_request(request: Document, *, is_deleted: bool = False) -> None:
	"""A Material Request was submitted, changed, stopped, reopened, cancelled or deleted."""
	if not request.get("rl_agent") or _is_busy():
		return
	if is_deleted:
		_guarded(request, lambda: forget_request(request.name))
	else:
		names = [name for name in (request.name, request.get("amended_from")) if name]
		_guarded(request, lambda: refresh_requests(names))


def follow_items(request: Document) -> None:
	"""A Material Request is being saved: a line that was given another item leaves the proposed one."""
	before = request.get_doc_before_save()
	if before and request.get("rl_agent"):
		items = {line.name: line.item_code for line in before.items}
		for line in request.items:
			if line.get("rl_proposal") and items.get(line.name, line.item_code) != line.item_code:
				line.update({"rl_proposal": None, "rl_proposed_qty": 0, "rl_explanation": ""})


def _is_busy() -> bool:
	"""Data that is imported or migrated is nobody's decision."""
	flags = frappe.flags
	return bool(
		flags.in_import or flags.in_patch or flags.in_install or flags.in_migrate or flags.in_uninstall
	)


def _refresh_order(order: Document) -> None:
	line = frappe.qb.DocType("RL Feedback")
	known = frappe.qb.from_(line).select(line.material_request).where(line.purchase_order == order.name)
	named = {row.material_request for row in order.items if row.material_request}
	known_requests = {name for (name,) in known.run() if name}
	known_requests.update(requests_answered_by(order))
	if named or known_requests:
		requests = frappe.get_all(
			"Material Request",
			# an order may name requests of other companies, which it is no answer to
			{"name": ("in", sorted(named)), "rl_agent": ("is", "set"), "company": order.company},
			["name", "rl_agent", "rl_policy"],
		)
		# of those that are known, some may have been deleted
		counted = refresh_requests(sorted(known_requests.union(row.name for row in requests)))
		refresh_added(order, {row.rl_agent: row.rl_policy for row in requests}, counted)


def _guarded(document: Document, work: Callable[[], None]) -> None:
	"""Do the work; a failure is logged and undone, and the buyer's document goes through."""
	frappe.db.savepoint("rl_feedback")
	try:
		work()
	except Exception:
		frappe.db.rollback(save_point="rl_feedback")
		frappe.log_error(
			"RL Replenishment: feedback was not recorded",
			frappe.get_traceback(),
			reference_doctype=document.doctype,
			reference_name=document.name,
		)
