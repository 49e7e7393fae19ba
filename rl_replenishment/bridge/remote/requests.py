"""Material Requests of an environment over the site, and what buyers made of them.

They are made in the user's name, with the user's rights in ERPNext, and belong to no agent: what becomes of
them is no feedback to its policy.
"""

from __future__ import annotations

import json
import re
from typing import Any

import frappe
from frappe import _
from frappe.query_builder.functions import Sum
from frappe.utils import add_days, escape_html, flt, getdate

from rl_replenishment.bridge.queries import one_of
from rl_replenishment.bridge.state.scope import resolve_scope

_KEY = re.compile(r"[0-9a-f]{32}")
#: of a request, and of a line as the database holds it
MOST_LINES, MOST_QUANTITY = 1000, 10**9


def post(agent: str, lines: list[Any], key: str, submit: bool) -> dict[str, Any]:
	"""Make a Material Request of lines `{"item_code", "warehouse", "qty"}` in stock UOM.

	The same `key` is the same request: one that was made already is returned as it is.
	"""
	if not _KEY.fullmatch(key):
		frappe.throw(_("A request's key is 32 characters of 0 to 9 and a to f."))
	settings = frappe.get_doc("RL Agent Settings", agent)
	# of two who post the same at once, the second waits here, and finds what the first has made
	frappe.db.get_value("RL Agent Settings", agent, "name", for_update=True)
	known = frappe.db.get_value("Material Request", {"rl_request_key": key}, "name", for_update=True)
	if known:
		frappe.has_permission("Material Request", "read", known, throw=True)
		return outcome(known)
	wanted = _checked(lines, {(key.item_code, key.warehouse) for key in resolve_scope(settings).keys})
	frappe.has_permission("Material Request", "create", throw=True)
	request = frappe.new_doc("Material Request")
	request.update(
		{
			"company": settings.company,
			"material_request_type": "Purchase",
			"transaction_date": getdate(),
			"schedule_date": add_days(getdate(), settings.default_lead_time_days or 0),
		}
	)
	units = dict(
		frappe.get_all(
			"Item",
			{"name": ("in", sorted({code for code, _place in wanted}))},
			["name", "stock_uom"],
			as_list=True,
		)
	)
	for (code, place), quantity in wanted.items():
		line = {"item_code": code, "warehouse": place, "qty": quantity, "uom": units[code]}
		request.append("items", {**line, "stock_uom": units[code], "schedule_date": request.schedule_date})
	# in the user's own name; what the app alone writes comes after it
	request.insert()
	asked = [[*where, quantity] for where, quantity in wanted.items()]
	values = {"rl_request_key": key, "rl_asked_for": json.dumps(asked)}
	frappe.db.set_value("Material Request", request.name, values, update_modified=False)
	if submit:
		request.reload()
		request.submit()
	return outcome(request.name)


def _checked(lines: list[Any], scope: set[tuple[str, str]]) -> dict[tuple[str, str], float]:
	"""Quantities by item and warehouse; anything else than numbers of the agent's own items is refused."""
	if not isinstance(lines, list) or not 0 < len(lines) <= MOST_LINES:
		frappe.throw(_("A request has 1 to {0} lines.").format(MOST_LINES))
	found: dict[tuple[str, str], float] = {}
	for line in lines:
		row = line if isinstance(line, dict) else {}
		code, place, quantity = (row.get(name) for name in ("item_code", "warehouse", "qty"))
		if not (isinstance(code, str) and isinstance(place, str) and (code, place) in scope):
			frappe.throw(_("A line is not about an item and warehouse that the agent orders for."))
		is_number = isinstance(quantity, int | float) and not isinstance(quantity, bool)
		if not (is_number and 0 < quantity <= MOST_QUANTITY):
			text = _("The quantity of {0} is no number above 0 and up to {1}.")
			frappe.throw(text.format(escape_html(code), MOST_QUANTITY))
		if (code, place) in found:
			frappe.throw(_("{0} is on two lines.").format(escape_html(code)))
		found[code, place] = float(quantity)
	return found


def outcome(name: str) -> dict[str, Any]:
	"""What was asked for and what has been ordered of it, in stock UOM, and whether more is to come."""
	request = frappe.db.get_value(
		"Material Request",
		name,
		["docstatus", "status", "rl_request_key", "rl_asked_for"],
		as_dict=True,
	)
	line, order = frappe.qb.DocType("Material Request Item"), frappe.qb.DocType("Purchase Order")
	bought = frappe.qb.DocType("Purchase Order Item")
	lines = (
		frappe.qb.from_(line)
		.select(line.name, line.item_code, line.warehouse, line.stock_qty)
		.where(line.parent == name)
		.orderby(line.idx)
		.run(as_dict=True)
	)
	ordered = dict(
		frappe.qb.from_(bought)
		.join(order)
		.on(order.name == bought.parent)
		.select(bought.material_request_item, Sum(bought.stock_qty))
		.where((order.docstatus == 1) & one_of(bought.material_request_item, [row.name for row in lines]))
		.groupby(bought.material_request_item)
		.run()
	)
	found = {
		(code, place): {
			"item_code": code,
			"warehouse": place,
			"proposed_qty": flt(quantity),
			"requested_qty": 0.0,
			"ordered_qty": 0.0,
		}
		for code, place, quantity in json.loads(request.rl_asked_for or "[]")
	}
	for row in lines:
		# what the buyer added was asked for by nobody
		none = {"item_code": row.item_code, "warehouse": row.warehouse, "proposed_qty": 0.0}
		each = found.setdefault(
			(row.item_code, row.warehouse), {**none, "requested_qty": 0.0, "ordered_qty": 0.0}
		)
		each["requested_qty"] += flt(row.stock_qty)
		each["ordered_qty"] += flt(ordered.get(row.name))
	is_over = request.docstatus == 2 or request.status == "Stopped"
	# a line that the buyer took out is decided about once the others are
	waiting = [each for each in found.values() if each["requested_qty"] and not each["ordered_qty"]]
	return {
		"material_request": name,
		"key": request.rl_request_key,
		"status": request.status,
		"is_decided": is_over or (bool(ordered) and not waiting),
		"lines": list(found.values()),
	}
