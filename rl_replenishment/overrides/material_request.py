"""What becomes of the agents' Material Requests; whatever happens here, the request goes through."""

from __future__ import annotations

from frappe.model.document import Document

from rl_replenishment.bridge import feedback, origin
from rl_replenishment.bridge.proposing import titles


def before_validate(doc: Document, method: str | None = None) -> None:
	origin.keep(doc)


def validate(doc: Document, method: str | None = None) -> None:
	feedback.follow_items(doc)
	titles.follow(doc)


def on_submit(doc: Document, method: str | None = None) -> None:
	feedback.observe_request(doc)


def on_update_after_submit(doc: Document, method: str | None = None) -> None:
	feedback.observe_request(doc)


def on_cancel(doc: Document, method: str | None = None) -> None:
	feedback.observe_request(doc)


def after_delete(doc: Document, method: str | None = None) -> None:
	feedback.observe_request(doc)


def on_update(doc: Document, method: str | None = None) -> None:
	# an amendment takes over what was proposed, and a draft may be answered by an order without a link
	if doc.docstatus.is_draft() and (doc.get("amended_from") or doc.get_doc_before_save()):
		feedback.observe_request(doc)


def on_change(doc: Document, method: str | None = None) -> None:
	before = doc.get_doc_before_save()
	if before and (before.status == "Stopped") != (doc.status == "Stopped"):
		feedback.observe_request(doc)
