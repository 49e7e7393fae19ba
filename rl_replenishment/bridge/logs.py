"""Tables that grow are cut back by Frappe's Log Settings."""

from __future__ import annotations

from typing import Any

import frappe
from frappe.utils import add_days, now_datetime


def delete_older(doctype: str, days: int, filters: dict[str, Any]) -> None:
	"""Delete rows that were last changed more than `days` days ago and pass the filters."""
	frappe.db.delete(doctype, {**filters, "modified": ("<", add_days(now_datetime(), -days))})
