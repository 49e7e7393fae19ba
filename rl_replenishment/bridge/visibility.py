"""Who may see what belongs to an agent and names no company itself: whoever may see the agent."""

from __future__ import annotations

from typing import Any

import frappe


def query_conditions(user: str | None = None, *, doctype: str) -> str:
	"""For lists, as the hook `permission_query_conditions` takes it."""
	user = user or frappe.session.user
	agents = frappe.get_list("RL Agent Settings", pluck="name", user=user)
	if len(agents) == frappe.db.count("RL Agent Settings"):
		return ""
	names = ", ".join(frappe.db.escape(name) for name in ["", *agents])
	return f"`tab{doctype}`.`agent` in ({names})"


def has_permission(doc: Any, ptype: str | None = None, user: str | None = None) -> bool:
	"""For one document, as the hook `has_permission` takes it; the roles have been looked at already."""
	if not doc.agent:
		return True
	return bool(frappe.get_list("RL Agent Settings", {"name": doc.agent}, user=user or frappe.session.user))
