"""What happens on a site when the app is installed or updated; doing it twice changes nothing."""

from __future__ import annotations

from importlib import import_module

import frappe
from frappe import _
from frappe.custom.doctype.custom_field.custom_field import create_custom_fields

from rl_replenishment.setup.custom_fields import CUSTOM_FIELDS, LINK_COLUMNS
from rl_replenishment.setup.roles import make_roles

#: major versions of ERPNext that the app is made for
SUPPORTED_VERSIONS = (15, 16)


def before_install() -> None:
	check_erpnext()
	# A map of modules that Frappe cached before this app came to the bench would make none of its DocTypes
	frappe.setup_module_map()
	# DocTypes name the roles in their permissions
	make_roles()


def after_install() -> None:
	apply_custom_fields()
	forget_former_installation()
	add_log_settings()
	widen_lists()


def after_migrate() -> None:
	make_roles()
	widen_lists()


def check_erpnext() -> None:
	"""Refuse a site that the app cannot work on, with the reason."""
	if "erpnext" not in frappe.get_installed_apps():
		frappe.throw(
			_(
				"RL Replenishment proposes purchases in ERPNext, which is not installed on this site; "
				"run: bench --site {0} install-app erpnext"
			).format(frappe.local.site)
		)
	version = str(import_module("erpnext").__version__)
	major = version.split(".", maxsplit=1)[0]
	if not major.isdigit() or int(major) not in SUPPORTED_VERSIONS:
		frappe.throw(
			_("RL Replenishment works with ERPNext {0}; this bench has {1}.").format(
				# the spaces part what is joined
				# nosemgrep
				_(" and ").join(str(each) for each in SUPPORTED_VERSIONS),
				version,
			)
		)


def apply_custom_fields() -> None:
	"""Make the app's custom fields, or bring them up to date, as a numbered line in patches.txt does."""
	create_custom_fields(CUSTOM_FIELDS, ignore_validate=True, update=True)


def forget_former_installation() -> None:
	"""Clear what an earlier installation left in the columns of its custom fields.

	Frappe keeps the columns of an app that leaves; links to documents that left with it would stop Material
	Requests from being saved.
	"""
	for doctype, (target, fields) in LINK_COLUMNS.items():
		row, named = frappe.qb.DocType(doctype), frappe.qb.DocType(target)
		query = frappe.qb.update(row).left_join(named).on(named.name == row[fields[0]])
		for field in fields:
			query = query.set(row[field], None)
		query.where(row[fields[0]].isnotnull() & named.name.isnull()).run()


def add_log_settings() -> None:
	"""Let Frappe clear old rows, after the days that hooks.py names; what the site has set stays."""
	settings = frappe.get_doc("Log Settings")
	had = len(settings.logs_to_clear)
	settings.add_default_logtypes()
	if len(settings.logs_to_clear) > had:
		settings.save(ignore_permissions=True)


def widen_lists() -> None:
	"""Show all columns of lists, where Frappe shows four; what a user chose stays."""
	for doctype in ("RL Proposal", "RL Feedback", "RL Lesson"):
		if not frappe.db.exists("List View Settings", doctype):
			settings = {"doctype": "List View Settings", "name": doctype, "total_fields": "8"}
			frappe.get_doc({**settings, "disable_comment_count": 1}).insert(ignore_permissions=True)
