"""What Purchase Orders tell the agents; whatever happens here, the order goes through."""

from __future__ import annotations

from frappe.model.document import Document

from rl_replenishment.bridge import feedback


def on_submit(doc: Document, method: str | None = None) -> None:
	feedback.observe_order(doc)


def on_update_after_submit(doc: Document, method: str | None = None) -> None:
	feedback.observe_order(doc)


def on_cancel(doc: Document, method: str | None = None) -> None:
	feedback.observe_order(doc)
