"""What the app takes back when it leaves a site; Material Requests and Purchase Orders stay as they are.

Everything is done before Frappe removes the DocTypes: what comes later is not committed.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import frappe

from rl_replenishment.bridge.remote.files import remove_all as remove_remote_files
from rl_replenishment.hooks import default_log_clearing_doctypes
from rl_replenishment.setup.custom_fields import CUSTOM_FIELDS
from rl_replenishment.setup.roles import remove_roles


def before_uninstall() -> None:
	remove_custom_fields()
	remove_scheduled_jobs()
	remove_log_settings()
	remove_files()
	remove_customizations()
	remove_roles()


def remove_custom_fields() -> None:
	"""Their columns stay, as Frappe has it: `bench trim-tables` removes what no field uses."""
	for doctype, fields in CUSTOM_FIELDS.items():
		names = [field["fieldname"] for field in fields]
		frappe.db.delete("Custom Field", {"dt": doctype, "fieldname": ("in", names)})
		frappe.db.delete("Property Setter", {"doc_type": doctype, "field_name": ("in", names)})
		frappe.clear_cache(doctype=doctype)


def remove_scheduled_jobs() -> None:
	jobs = frappe.get_all("Scheduled Job Type", {"method": ("like", "rl_replenishment.%")}, pluck="name")
	frappe.db.delete("Scheduled Job Log", {"scheduled_job_type": ("in", jobs)})
	frappe.db.delete("Scheduled Job Type", {"name": ("in", jobs)})


def remove_log_settings() -> None:
	frappe.db.delete("Logs To Clear", {"ref_doctype": ("in", list(default_log_clearing_doctypes))})
	frappe.clear_document_cache("Log Settings", "Log Settings")


def remove_files() -> None:
	"""Policies, whose files would stay on the disk; a dry run, which commits nothing, leaves them there."""
	own = {"attached_to_doctype": ("in", _doctypes())}
	paths = {
		url: frappe.get_doc("File", name).get_full_path()
		for name, url in frappe.get_all("File", own, ["name", "file_url"], as_list=True)
	}
	frappe.db.delete("File", own)
	# Frappe keeps files of the same content once: what others are attached to stays
	shared = frappe.get_all("File", {"file_url": ("in", list(paths))}, pluck="file_url")
	for url in paths.keys() - set(shared):
		frappe.db.after_commit.add(partial(Path(paths[url]).unlink, missing_ok=True))
	frappe.db.after_commit.add(remove_remote_files)


def remove_customizations() -> None:
	"""What a site has changed about the app's own DocTypes."""
	own = ("in", _doctypes())
	frappe.db.delete("Custom Field", {"dt": own})
	frappe.db.delete("Property Setter", {"doc_type": own})
	frappe.db.delete("Custom DocPerm", {"parent": own})
	frappe.db.delete("User Permission", {"allow": own})
	frappe.db.delete("List View Settings", {"name": own})
	frappe.db.delete("Custom HTML Block", {"name": "RL Getting Started"})
	frappe.db.delete("DefaultValue", {"defkey": ("like", "rl_replenishment_%")})


def _doctypes() -> list[str]:
	return frappe.get_all("DocType", {"module": "RL Replenishment"}, pluck="name")
