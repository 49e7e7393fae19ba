"""Called by the hooks: where a document has to do with an agent, its feedback is due."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import frappe
from frappe.model.document import Document

from rl_replenishment.bridge.feedback import outbox


def observe_order(order: Document) -> None:
	"""A Purchase Order was submitted, changed or cancelled."""
	_observe(order)


def observe_entry(entry: Document) -> None:
	"""A Stock Entry that moves goods was submitted or cancelled."""
	if entry.purpose == "Material Transfer" and any(row.get("material_request") for row in entry.items):
		_observe(entry)


def observe_request(request: Document) -> None:
	"""A Material Request was submitted, changed, stopped, reopened, cancelled or deleted, or amended."""
	if request.get("rl_agent"):
		_observe(request)


def note_requests(requests: Sequence[str]) -> None:
	"""A run has made Material Requests; what answers them may have been committed before they are."""
	for name in requests:
		outbox.note("Material Request", name)


def answer_now(doctype: str, names: Collection[str]) -> None:
	"""Have the feedback on documents that were just changed there for what is shown next; commits."""
	# tests have it already
	if names and not frappe.flags.in_test:
		outbox.work_off_now(doctype, names)


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


def _observe(document: Document) -> None:
	"""Note that feedback is due; a failure is logged, and the buyer's document goes through.

	But for a deadlock: then the buyer's own work is undone as well, and that is for Frappe to say.
	"""
	if _is_busy():
		return
	try:
		if frappe.flags.in_test:
			_at_once(document)
		else:
			outbox.note(document.doctype, document.name)
	except frappe.QueryDeadlockError:
		raise
	except Exception:
		# without a word to the database, which may be what has failed
		frappe.logger().error("RL Replenishment: feedback was not noted", exc_info=True)


def _at_once(document: Document) -> None:
	"""Tests commit nothing, and look at once."""
	frappe.db.savepoint("rl_feedback")
	try:
		outbox.refresh(document.doctype, document.name)
	except frappe.QueryDeadlockError:
		raise
	except Exception:
		frappe.db.rollback(save_point="rl_feedback")
		outbox.log_failure(document.doctype, document.name)
