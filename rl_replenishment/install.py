"""What happens on a site when the app is installed or updated; doing it twice changes nothing."""

from __future__ import annotations

from importlib import import_module

import frappe
from frappe import _
from frappe.custom.doctype.custom_field.custom_field import create_custom_fields

from rl_replenishment.setup.custom_fields import CUSTOM_FIELDS
from rl_replenishment.setup.roles import make_roles

#: major versions of ERPNext that the app is made for
SUPPORTED_VERSIONS = (15, 16)


def before_install() -> None:
	check_erpnext()
	# DocTypes name the roles in their permissions
	make_roles()


def after_install() -> None:
	apply_custom_fields()


def after_migrate() -> None:
	make_roles()


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
			_("RL Replenishment works with ERPNext {0}; this site has {1}.").format(
				_(" and ").join(map(str, SUPPORTED_VERSIONS)), version
			)
		)


def apply_custom_fields() -> None:
	"""Make the app's custom fields, or bring them up to date."""
	create_custom_fields(CUSTOM_FIELDS, update=True)
