"""Several proposals turned down at once: their lines leave the drafts that they are in."""

from __future__ import annotations

from typing import Any

import frappe
from frappe import _


def turn_down(proposals: Any) -> dict[str, int]:
	"""Delete the proposals' lines from draft Material Requests, and drafts that have no line left.

	Returns how many `lines` were taken out, and how many proposals were `kept` since their request is no
	draft. The user needs the permissions that doing it by hand would need.
	"""
	if not isinstance(proposals, list) or not all(isinstance(name, str) for name in proposals):
		frappe.throw(_("Proposals is to be a list of names of RL Proposals."))
	names = set(proposals)
	lines = frappe.get_all(
		"Material Request Item",
		{"rl_proposal": ("in", sorted(names)), "docstatus": 0},
		["name", "parent", "rl_proposal"],
	)
	by_request: dict[str, set[str]] = {}
	for line in lines:
		by_request.setdefault(line.parent, set()).add(line.name)
	for name, gone in by_request.items():
		request = frappe.get_doc("Material Request", name)
		left = [line for line in request.items if line.name not in gone]
		if left:
			request.check_permission("write")
			request.set("items", left)
			request.save()
		else:
			request.delete()
	gone = sorted({line.rl_proposal for line in lines})
	if gone:
		frappe.db.set_value("RL Proposal", {"name": ("in", gone)}, "status", "Rejected")
	# the buyer may have split a line, or deleted it
	kept = names - {line.rl_proposal for line in lines}
	return {"lines": len(lines), "kept": len(kept)}
