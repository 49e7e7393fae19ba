"""What documents keep whatever is sent: fields that the app alone writes, names, and texts without markup."""

from __future__ import annotations

import re
from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document

#: fields that hold what people or other documents say, shown by Frappe as HTML
_TEXTS = ("Data", "Small Text", "Text", "Long Text")
#: where a browser would begin to read markup
_MARKUP = re.compile(r"<(?=[A-Za-z/!?])")


#: what a spreadsheet takes for a formula, and what makes one that does more than add
_FORMULA = re.compile(r"^\s*[=+\-@].*[(|!]", re.DOTALL)


def plain(text: Any) -> str:
	"""A text that no browser takes for markup, and no spreadsheet for a formula.

	Frappe's own cleaning leaves JSON and unclosed tags alone, and exports formulas as they are.
	"""
	found = _MARKUP.sub("< ", str(text or ""))
	return f"'{found}" if _FORMULA.match(found) else found


class Guarded(Document):
	"""A document of the app: read-only fields come from the database, texts are plain, its name stays.

	The app itself writes with `ignore_permissions`, which no request can send.
	"""

	def before_validate(self) -> None:
		if not self.flags.ignore_permissions:
			self.keep_what_is_read_only()
		refuse_rows_of_others(self)
		for row in (self, *self.get_all_children()):
			for field in row.meta.get("fields", {"fieldtype": ("in", _TEXTS)}):
				value = row.get(field.fieldname)
				if isinstance(value, str) and value:
					row.set(field.fieldname, plain(value))

	def keep_what_is_read_only(self) -> None:
		"""What the form does not let anybody write is as it was; in a new document, as it begins."""
		before = self.get_doc_before_save()
		if before is None and frappe.session.user == "Administrator":
			return
		for field in self.meta.get("fields", {"read_only": 1}):
			if not field.fetch_from and field.fieldtype not in frappe.model.no_value_fields:
				self.set(field.fieldname, before.get(field.fieldname) if before else field.default)
		tables = self.meta.get_table_fields() if before else ()
		for table in (table for table in tables if table.read_only):
			self.set(table.fieldname, before.get(table.fieldname))

	def before_rename(self, old: str, new: str, merge: bool = False) -> None:
		self.refuse_to_be_renamed()

	def after_rename(self, old: str, new: str, merge: bool = False) -> None:
		# Frappe asks nobody before, where a request tells it not to validate
		self.refuse_to_be_renamed()

	def refuse_to_be_renamed(self) -> None:
		frappe.throw(
			_("{0} {1} keeps its name: other documents know it by it.").format(_(self.doctype), self.name),
			frappe.PermissionError,
		)


def refuse_rows_of_others(document: Document) -> None:
	"""Frappe writes a child row by its name, and would take it from the document that it belongs to."""
	before = document.get_doc_before_save()
	known = {row.name for row in before.get_all_children()} if before else set()
	named: dict[str, set[str]] = {}
	for row in document.get_all_children():
		if row.name and row.name not in known:
			named.setdefault(row.doctype, set()).add(row.name)
	for doctype, names in named.items():
		if frappe.db.exists(doctype, {"name": ("in", sorted(str(name) for name in names))}):
			frappe.throw(
				_("A row of {0} belongs to another document.").format(_(doctype)), frappe.PermissionError
			)
