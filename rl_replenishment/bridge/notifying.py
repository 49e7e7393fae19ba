"""Events that the app's notifications wait for; whoever wants others makes them in Notification."""

from __future__ import annotations

import frappe

PROPOSALS_WAITING, PROPOSALS_FAILED, TRAINING_FAILED = (
	"proposals_waiting",
	"proposals_failed",
	"training_failed",
)


def announce(doctype: str, name: str, event: str) -> None:
	"""Let the notifications of a document's event go out; one that fails is logged and stops nothing.

	Commits: what is told has happened.
	"""
	try:
		frappe.get_doc(doctype, name).run_method(event)
		frappe.db.commit()
	except Exception:
		frappe.db.rollback()
		frappe.log_error(
			title="RL Replenishment: a notification failed", reference_doctype=doctype, reference_name=name
		)
		frappe.db.commit()
