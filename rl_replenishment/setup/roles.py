"""The app's roles."""

from __future__ import annotations

import frappe

MANAGER = "RL Replenishment Manager"
USER = "RL Replenishment User"
#: for a program on another machine: trains, and puts nothing to use
TRAINER = "RL Replenishment Trainer"
ROLES = (MANAGER, USER, TRAINER)


def make_roles() -> None:
	"""Make the roles where they are missing."""
	for role in ROLES:
		if not frappe.db.exists("Role", role):
			document = {"doctype": "Role", "role_name": role, "desk_access": int(role != TRAINER)}
			frappe.get_doc(document).insert(ignore_permissions=True)


def remove_roles() -> None:
	"""Take the roles from their users, then from the site."""
	for role in ROLES:
		if frappe.db.exists("Role", role):
			for doctype in ("Has Role", "Custom DocPerm", "DocPerm"):
				frappe.db.delete(doctype, {"role": role})
			frappe.delete_doc("Role", role, force=True, ignore_permissions=True)
