"""What the app takes back when it leaves a site; Material Requests and Purchase Orders stay as they are."""

from __future__ import annotations

import frappe

from rl_replenishment.setup.custom_fields import CUSTOM_FIELDS
from rl_replenishment.setup.roles import remove_roles


def before_uninstall() -> None:
	remove_custom_fields()
	remove_scheduled_jobs()
	remove_log_settings()


def after_uninstall() -> None:
	# once no DocType names them any more
	remove_roles()


def remove_custom_fields() -> None:
	"""Their columns stay, as Frappe has it: `bench trim-tables` removes what no field uses."""
	for doctype, fields in CUSTOM_FIELDS.items():
		names = [field["fieldname"] for field in fields]
		frappe.db.delete("Custom Field", {"dt": doctype, "fieldname": ("in", names)})
		frappe.db.delete("Property Setter", {"doc_type": doctype, "field_name": ("in", names)})
		frappe.clear_cache(doctype=doctype)


def remove_scheduled_jobs() -> None:
	frappe.db.delete("Scheduled Job Type", {"method": ("like", "rl_replenishment.%")})


def remove_log_settings() -> None:
	frappe.db.delete("Logs To Clear", {"ref_doctype": ("like", "RL %")})
