"""The heading of the notification, here so that it is translated; the text is in its template."""

from __future__ import annotations

from typing import Any

from frappe import _


def get_context(context: dict[str, Any]) -> dict[str, Any]:
	"""What subject and template are rendered with."""
	return {"heading": _("Agent {0} does worse than its backtest let expect").format(context["doc"].agent)}
