"""Runs and trainings are counted each by themselves; they had one counter, so that numbers were left out."""

from __future__ import annotations

import frappe
from frappe.model.naming import NamingSeries

_DOCTYPES = ("RL Proposal Run", "RL Training Run")


def execute() -> None:
	"""Go on after the last number of this year."""
	for doctype in _DOCTYPES:
		series = NamingSeries(frappe.get_meta(doctype).autoname)
		prefix = series.get_prefix()
		names = frappe.get_all(doctype, {"name": ("like", f"{prefix}%")}, pluck="name")
		numbers = [int(name.removeprefix(prefix)) for name in names if name.removeprefix(prefix).isdigit()]
		if numbers:
			series.update_counter(max(numbers))
