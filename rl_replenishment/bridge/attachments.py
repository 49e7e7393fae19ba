"""Files at the app's documents: a policy's own is the app's alone, others are of who may change a document.

Frappe lets whoever is signed in insert a File that claims to be attached to any document, or names any path.
"""

from __future__ import annotations

import posixpath
from urllib.parse import unquote

import frappe
from frappe import _
from frappe.model.document import Document

from rl_replenishment.bridge.visibility import doctypes

POLICY = "RL Policy"
#: Frappe writes the whole row when it moves a file to another folder; what it is and where it belongs stays
_MAY_CHANGE = frozenset({"folder", "old_parent", "modified", "modified_by", "thumbnail_url"})


def check_change(file: Document) -> None:
	"""Refuse a File that would take a policy's place, or join a document that the user may not change."""
	if file.flags.rl_policy_file or file.is_folder or frappe.session.user == "Administrator":
		return
	before = None if file.is_new() else file.get_doc_before_save()
	for each in (file, before):
		if each and is_of_policy(each):
			_check_kept(file, before)
			return
	for each in (file, before):
		if each and each.attached_to_doctype in doctypes():
			# throws where there is none
			document = frappe.get_doc(each.attached_to_doctype, each.attached_to_name)
			document.check_permission("write")


def has_permission(doc: Document, ptype: str | None = None, user: str | None = None) -> bool | None:
	"""As the hook `has_permission` of File takes it: what this denies is denied, the rest is Frappe's to say.

	A policy's file goes with its policy. Frappe lets owners of a file do everything with it, whatever has
	become of their permissions; deleting removes it from the disk before any other hook could refuse.
	"""
	if doc.attached_to_doctype not in doctypes() or ptype == "create":
		return None
	if not frappe.db.exists(doc.attached_to_doctype, doc.attached_to_name):
		return None
	if ptype in ("write", "delete"):
		if doc.attached_to_name in _policies_with(doc):
			return False
		needed = "write"
	else:
		needed = "read"
	document = frappe.get_doc(doc.attached_to_doctype, doc.attached_to_name)
	return None if document.has_permission(needed, user=user) else False


def is_of_policy(file: Document) -> bool:
	"""Whether a File is attached to a policy, or names the path of one's file."""
	return file.attached_to_doctype == POLICY or bool(_policies_with(file))


def _policies_with(file: Document) -> set[str]:
	"""The policies whose file lies where this one does, however its path is written."""
	name = posixpath.basename(posixpath.normpath(unquote(file.file_url or file.file_name or "")))
	return set(frappe.get_all(POLICY, {"file": f"/private/files/{name}"}, pluck="name"))


def _check_kept(file: Document, before: Document | None) -> None:
	if before is None:
		_refuse()
	for field in file.meta.get_valid_columns():
		if field not in _MAY_CHANGE and str(file.get(field) or "") != str(before.get(field) or ""):
			_refuse()


def _refuse() -> None:
	frappe.throw(
		_("The file of a policy is written by its training alone, and goes when the policy is deleted."),
		frappe.PermissionError,
	)
