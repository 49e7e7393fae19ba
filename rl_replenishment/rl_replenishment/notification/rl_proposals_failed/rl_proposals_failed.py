"""The heading of the notification, here so that it is translated; the text is in its template."""

from __future__ import annotations

from typing import Any

from frappe import _


def get_context(context: dict[str, Any]) -> dict[str, Any]:
	"""What subject and template are rendered with."""
	run = context["doc"]
	if run.items_considered:
		return {"heading": _("Agent {0} could not request all that it proposed").format(run.agent)}
	return {"heading": _("Agent {0} could not propose").format(run.agent)}
