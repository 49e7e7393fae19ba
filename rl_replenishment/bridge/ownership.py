"""Whether an item-warehouse already has somebody who orders for it: another agent, or ERPNext itself."""

from __future__ import annotations

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import cint

from rl_replenishment.bridge.scope import leaf_warehouses, scoped_items

#: of many items, how many a message names
_NAMED = 5


def refuse_shared_items(settings: Document) -> None:
	"""Two agents may not own the same item in the same warehouse."""
	others = frappe.get_all(
		"RL Agent Settings",
		{"enabled": 1, "company": settings.company, "name": ("!=", settings.name or "")},
		pluck="name",
	)
	if not others:
		return
	warehouses = {warehouse.name for warehouse in leaf_warehouses(settings)}
	items = scoped_items(settings)
	for name in others:
		other = frappe.get_doc("RL Agent Settings", name)
		shared_warehouses = warehouses & {warehouse.name for warehouse in leaf_warehouses(other)}
		if not shared_warehouses:
			continue
		shared_items = items & scoped_items(other)
		if shared_items:
			frappe.throw(
				_(
					"Item {0} in warehouse {1} already belongs to agent {2}; narrow the scope of one of them."
				).format(
					frappe.bold(min(shared_items)),
					frappe.bold(min(shared_warehouses)),
					frappe.utils.get_link_to_form("RL Agent Settings", name),
				),
				title=_("Two Agents for One Item"),
			)


def warn_of_auto_reorder(settings: Document) -> None:
	"""Say so where ERPNext's own auto re-order would order the same items."""
	if not cint(frappe.db.get_single_value("Stock Settings", "auto_indent")):
		return
	warehouses = [warehouse.name for warehouse in leaf_warehouses(settings)]
	level = frappe.qb.DocType("Item Reorder")
	rows = frappe.qb.from_(level).select(level.parent).where(level.warehouse.isin(warehouses or [""])).run()
	items = sorted({code for (code,) in rows} & scoped_items(settings))
	if not items:
		return
	named = ", ".join(items[:_NAMED])
	if len(items) > _NAMED:
		named = _("{0} and {1} more").format(named, len(items) - _NAMED)
	frappe.msgprint(
		_(
			"ERPNext's auto re-order is on and has re-order levels for {0}: both would order. "
			"Clear those levels, or switch auto re-order off in Stock Settings."
		).format(named),
		title=_("Ordered Twice"),
		indicator="orange",
	)
