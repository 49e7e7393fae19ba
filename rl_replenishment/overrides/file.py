"""Files at the app's documents."""

from __future__ import annotations

from frappe.model.document import Document

from rl_replenishment.bridge import attachments


def before_validate(doc: Document, method: str | None = None) -> None:
	attachments.check_change(doc)
