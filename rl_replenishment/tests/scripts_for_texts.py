"""Scripts instead of texts, wherever the app keeps or repeats one; and the mails made of them."""

from __future__ import annotations

import json
from typing import Any

import frappe
from frappe.utils import getdate

from rl_replenishment.bridge.desk import digest

#: runs wherever it is taken for HTML, within a text or out of an attribute
SCRIPT = (
	'x"><img src="nowhere" onerror="window.hurt = 1"><svg onload="window.hurt = 1">'
	'{"a": "<img src=x onerror=window.hurt=1 '
)
_TEXTS = ("Data", "Small Text", "Text", "Long Text")
#: names of other rows, or the document's own
_KEYS = ("material_request_item", "agent_name", "open_for", "job_id", "sha256", "file")


def fill() -> dict[str, list[str]]:
	"""The app's texts and the names it repeats become scripts; returns documents of each kind to open."""
	names = {}
	for doctype in frappe.get_all("DocType", {"module": "RL Replenishment"}, pluck="name"):
		_fill(doctype)
		if not frappe.get_meta(doctype).istable:
			names[doctype] = frappe.get_all(doctype, pluck="name", order_by="creation desc", limit=2)
	for doctype, field in (("Item", "item_name"), ("Supplier", "supplier_name"), ("Item", "description")):
		frappe.db.set_value(doctype, {"name": ("is", "set")}, field, SCRIPT, update_modified=False)
	line = frappe.qb.DocType("Material Request Item")
	frappe.qb.update(line).set(line.rl_explanation, SCRIPT).run()
	return names


def mails(settings: Any) -> list[str]:
	"""An agent's digest, and what the app's notifications say of their newest documents."""
	notifications = frappe.get_all("Notification", {"module": "RL Replenishment"}, pluck="name")
	return [_digest(settings), *(_notification(name) for name in notifications)]


def _fill(doctype: str) -> None:
	"""Texts become scripts, and so do the texts within JSON, but for days."""
	fields = frappe.get_meta(doctype).get("fields", {"fieldtype": ("in", (*_TEXTS, "JSON"))})
	for row in frappe.get_all(doctype, ["*"]):
		values = {}
		for field in fields:
			if field.fieldname in _KEYS:
				continue
			if field.fieldtype != "JSON":
				# no two alike where the database wants it so
				values[field.fieldname] = SCRIPT + row.name if field.unique else SCRIPT
			elif row[field.fieldname]:
				values[field.fieldname] = json.dumps(_scripts(json.loads(row[field.fieldname])))
		if values:
			frappe.db.set_value(doctype, row.name, values, update_modified=False)


def _scripts(value: Any) -> Any:
	if isinstance(value, dict):
		return {name: _scripts(each) for name, each in value.items()}
	if isinstance(value, list):
		return [_scripts(each) for each in value]
	is_text = isinstance(value, str) and not value[:4].isdigit()
	return SCRIPT if is_text else value


def _digest(settings: Any) -> str:
	args = {"settings": settings, **digest.week_of(settings, getdate())}
	return frappe.get_template("templates/emails/rl_digest.html").render(
		{**args, "frappe": frappe, "_": frappe._}
	)


def _notification(name: str) -> str:
	notification = frappe.get_doc("Notification", name)
	document = frappe.get_last_doc(notification.document_type)
	context = {"doc": document, "frappe": frappe, "_": frappe._}
	notification.load_standard_properties(context)
	return frappe.render_template(notification.message, context)
