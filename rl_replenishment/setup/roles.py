"""The app's two roles."""

from __future__ import annotations

import frappe

MANAGER = "RL Replenishment Manager"
USER = "RL Replenishment User"


def make_roles() -> None:
	"""Make the roles where they are missing."""
	for role in (MANAGER, USER):
		if not frappe.db.exists("Role", role):
			frappe.get_doc({"doctype": "Role", "role_name": role, "desk_access": 1}).insert(
				ignore_permissions=True
			)


def remove_roles() -> None:
	"""Take the roles from their users, then from the site."""
	for role in (MANAGER, USER):
		if frappe.db.exists("Role", role):
			for doctype in ("Has Role", "Custom DocPerm", "DocPerm"):
				frappe.db.delete(doctype, {"role": role})
			frappe.delete_doc("Role", role, force=True, ignore_permissions=True)
