"""The documents of items, read together before ERPNext asks for them line by line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import frappe


def keep_at_hand(item_codes: Iterable[str]) -> None:
	"""Have the documents of items where `frappe.get_cached_doc` looks first, for the rest of this job.

	A request's validation loads each line's item with a query for each of its tables, nearly half of all it
	asks the database. Here it is a query for each table in all. Not in the site's own cache: what a long
	transaction reads may be old by the time that others would find it there.
	"""
	cache = frappe.local.cache
	keys = {code: frappe.cache.make_key(frappe.get_document_cache_key("Item", code)) for code in item_codes}
	names = [code for code, key in keys.items() if key not in cache]
	if not names:
		return
	rows = {row.name: row for row in frappe.get_all("Item", {"name": ("in", names)}, ["*"])}
	tables: dict[str, dict[str, list[Any]]] = {name: {} for name in rows}
	for field in frappe.get_meta("Item").get_table_fields():
		for row in frappe.get_all(
			field.options,
			{"parent": ("in", names), "parenttype": "Item", "parentfield": field.fieldname},
			["*"],
			order_by="idx asc",
		):
			if row.parent in tables:
				tables[row.parent].setdefault(field.fieldname, []).append({"doctype": field.options, **row})
	for name, row in rows.items():
		cache[keys[name]] = frappe.get_doc({"doctype": "Item", **row, **tables[name]})
