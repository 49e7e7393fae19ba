"""Which lines go into one Material Request: by supplier, by warehouse, and by who may see them.

A user with a User Permission on a warehouse (or item, item group, brand) cannot open a request with a line of
another one. Lines that the same restricted users may see go together, others do not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import frappe
from frappe.model.document import Document
from frappe.permissions import get_doctype_roles
from frappe.utils import cint

from rl_replenishment.bridge.queries import one_of

#: a longer request stops responding in the desk
MOST_LINES = 200
#: what a user may be restricted to, by the field of a request's line that names it
_RESTRICTED_BY = {"Warehouse": "warehouse", "Item": "item_code", "Item Group": "item_group", "Brand": "brand"}
_TREES = ("Warehouse", "Item Group")


@dataclass(frozen=True)
class OrderLine:
	"""One line to request."""

	item_code: str
	warehouse: str
	supplier: str
	#: in purchase UOM
	qty: float
	uom: str
	stock_uom: str
	#: stock units per purchase unit
	conversion_factor: float
	schedule_date: date
	#: in stock UOM
	proposed_qty: float
	explanation: str
	#: name of the RL Proposal
	proposal: str
	#: in company currency, 0 where no price is known
	value: float = 0.0
	#: where it is moved from, "" where it is bought
	from_warehouse: str = ""


def grouped(
	settings: Document, lines: Sequence[OrderLine], descriptions: dict[str, dict[str, str]]
) -> list[list[OrderLine]]:
	"""The lines of each request, at most `MOST_LINES` each, in the order given.

	`descriptions` has item group and brand by item code. In at most four queries.
	"""
	readers_of = _readers(lines, descriptions)
	groups: dict[tuple[str, str, str, int], list[OrderLine]] = {}
	audiences: dict[frozenset[str], int] = {}
	for line in lines:
		key = (
			line.from_warehouse,
			line.supplier if cint(settings.group_by_supplier) else "",
			line.warehouse if cint(settings.group_by_warehouse) else "",
			audiences.setdefault(readers_of(line), len(audiences)),
		)
		groups.setdefault(key, []).append(line)
	return [
		group[first : first + MOST_LINES]
		for _key, group in sorted(groups.items())
		for first in range(0, len(group), MOST_LINES)
	]


def _readers(
	lines: Sequence[OrderLine], descriptions: dict[str, dict[str, str]]
) -> Callable[[OrderLine], frozenset[str]]:
	"""Tells of a line which of the users who are restricted may see it."""
	allowed = _restricted_users()
	if not allowed:
		return lambda line: frozenset()
	known: dict[tuple[str, ...], frozenset[str]] = {}
	all_places = {line.from_warehouse for line in lines}

	def readers(line: OrderLine) -> frozenset[str]:
		values = {**descriptions[line.item_code], "warehouse": line.warehouse, "item_code": line.item_code}
		named = {kind: values.get(field) or "" for kind, field in _RESTRICTED_BY.items()}
		# who may not see where it comes from may not see the line
		key = (*named.values(), line.from_warehouse)
		if key not in known:
			known[key] = frozenset(
				user
				for user, kinds in allowed.items()
				# what names no brand is kept from nobody
				if all(not named[kind] or named[kind] in values for kind, values in kinds.items())
				and (not line.from_warehouse or line.from_warehouse in kinds.get("Warehouse", all_places))
			)
		return known[key]

	return readers


def _restricted_users() -> dict[str, dict[str, set[str]]]:
	"""Of those whose roles let them read requests, what each user is restricted to, by kind."""
	row, user, role = (frappe.qb.DocType(name) for name in ("User Permission", "User", "Has Role"))
	rows = (
		frappe.qb.from_(row)
		.join(user)
		.on(user.name == row.user)
		.join(role)
		.on((role.parent == user.name) & (role.parenttype == "User"))
		.select(row.user, row.allow, row.for_value, row.hide_descendants)
		.where((user.enabled == 1) & row.allow.isin(list(_RESTRICTED_BY)))
		.where((row.apply_to_all_doctypes == 1) | (row.applicable_for == "Material Request"))
		.where(one_of(role.role, get_doctype_roles("Material Request")))
		.distinct()
		.run()
	)
	below = {kind: _below(kind, {name for _, allow, name, _ in rows if allow == kind}) for kind in _TREES}
	found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
	for name, kind, value, is_alone in rows:
		found[name][kind].add(value)
		if not is_alone:
			found[name][kind].update(below.get(kind, {}).get(value, ()))
	return found


def _below(doctype: str, names: set[str]) -> dict[str, list[str]]:
	"""What lies below some nodes of a tree, in one query; none where there are none."""
	if not names:
		return {}
	node, top = frappe.qb.DocType(doctype), frappe.qb.DocType(doctype).as_("top")
	rows: Any = (
		frappe.qb.from_(node)
		.join(top)
		.on((node.lft > top.lft) & (node.rgt < top.rgt))
		.select(top.name, node.name)
		.where(one_of(top.name, names))
		.run()
	)
	found: dict[str, list[str]] = {}
	for above, name in rows:
		found.setdefault(above, []).append(name)
	return found
