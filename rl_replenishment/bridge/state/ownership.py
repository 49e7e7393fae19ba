"""Whether an item-warehouse already has somebody who orders for it: another agent, or ERPNext itself."""

from __future__ import annotations

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import cint, get_link_to_form

from rl_replenishment.bridge.queries import one_of
from rl_replenishment.bridge.state.places import read_places
from rl_replenishment.bridge.state.scope import scoped_items

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
	warehouses = set(read_places(settings).open)
	items = scoped_items(settings)
	for name in others:
		other = frappe.get_doc("RL Agent Settings", name)
		shared_warehouses = warehouses & set(read_places(other).open)
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
					get_link_to_form("RL Agent Settings", name),
				),
				title=_("Two Agents for One Item"),
			)


def auto_reorder_warning(settings: Document) -> str:
	"""What to say where ERPNext's own auto re-order would order the same items; "" where it would not."""
	if not cint(frappe.db.get_single_value("Stock Settings", "auto_indent")):
		return ""
	items = sorted(_reordered_items(settings) & scoped_items(settings))
	if not items:
		return ""
	named = ", ".join(items[:_NAMED])
	if len(items) > _NAMED:
		named = _("{0} and {1} more").format(named, len(items) - _NAMED)
	return _(
		"ERPNext's auto re-order is on and has re-order levels for {0}: both would order. "
		"Clear those levels, or switch auto re-order off in Stock Settings."
	).format(frappe.bold(named))


def _reordered_items(settings: Document) -> set[str]:
	"""Items with a level to purchase at in an agent's warehouses; variants may have their template's."""
	level, item = frappe.qb.DocType("Item Reorder"), frappe.qb.DocType("Item")
	warehouses = read_places(settings).open
	rows = (
		frappe.qb.from_(level)
		.left_join(item)
		.on(item.variant_of == level.parent)
		.select(level.parent, item.name)
		.where((level.material_request_type == "Purchase") & one_of(level.warehouse, warehouses))
		.run()
	)
	return {code for row in rows for code in row if code}
