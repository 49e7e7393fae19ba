"""The workspace shows how many proposals were kept by week; what it showed before, spoke to engineers."""

from __future__ import annotations

import frappe


def execute() -> None:
	"""Take the chart away that nothing shows any more."""
	frappe.delete_doc_if_exists("Dashboard Chart", "RL Reward by Week", force=1)
