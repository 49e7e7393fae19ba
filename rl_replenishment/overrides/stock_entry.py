"""What Stock Entries tell the agents; whatever happens here, the entry goes through."""

from __future__ import annotations

from frappe.model.document import Document

from rl_replenishment.bridge import feedback


def on_submit(doc: Document, method: str | None = None) -> None:
	feedback.observe_entry(doc)


def on_cancel(doc: Document, method: str | None = None) -> None:
	feedback.observe_entry(doc)
