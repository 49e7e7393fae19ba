"""Several proposals turned down at once: their lines leave the drafts that they are in."""

from __future__ import annotations

from typing import Any

import frappe
from frappe import _

from rl_replenishment.bridge.origin import is_of
from rl_replenishment.bridge.queries import one_of

#: as many as a list shows
MOST_AT_ONCE = 2500


def turn_down(proposals: Any) -> dict[str, int]:
	"""Delete the proposals' lines from draft Material Requests, and drafts that have no line left.

	Returns how many `lines` were taken out, and how many proposals were `kept` since their request is no
	draft. The user needs the permissions that doing it by hand would need.
	"""
	if not isinstance(proposals, list) or not all(isinstance(name, str) for name in proposals):
		frappe.throw(_("Proposals is to be a list of names of RL Proposals."))
	if len(proposals) > MOST_AT_ONCE:
		frappe.throw(
			_("{0} proposals are more than can be turned down at once; choose {1} at most.").format(
				len(proposals), MOST_AT_ONCE
			)
		)
	names = set(proposals)
	check_reading(names)
	lines = _draft_lines(names)
	by_request: dict[str, set[str]] = {}
	for line in lines:
		by_request.setdefault(line.parent, set()).add(line.name)
	for name, gone in by_request.items():
		request = frappe.get_doc("Material Request", name)
		request.check_permission("write")
		left = [line for line in request.items if line.name not in gone]
		if left:
			request.set("items", left)
			request.save()
		else:
			request.delete()
	gone = sorted({line.rl_proposal for line in lines})
	if gone:
		frappe.db.set_value("RL Proposal", {"name": ("in", gone)}, "status", "Turned Down")
	# the buyer may have split a line, or deleted it
	kept = names - {line.rl_proposal for line in lines}
	return {"lines": len(lines), "kept": len(kept)}


def check_reading(names: set[str]) -> None:
	"""Refuse a list with proposals in it that the user may not read."""
	asked = {"name": ("in", sorted(names))}
	if hidden := set(frappe.get_all("RL Proposal", asked, pluck="name")) - set(
		frappe.get_list("RL Proposal", asked, pluck="name", limit=0)
	):
		frappe.throw(
			_("You may not read {0} of these proposals.").format(len(hidden)), frappe.PermissionError
		)


def _draft_lines(names: set[str]) -> list[Any]:
	"""The lines of draft requests that the proposals speak of."""
	proposal, line = frappe.qb.DocType("RL Proposal"), frappe.qb.DocType("Material Request Item")
	request = frappe.qb.DocType("Material Request")
	return (
		frappe.qb.from_(line)
		.join(request)
		.on(request.name == line.parent)
		.join(proposal)
		.on(is_of(proposal, line, request))
		.select(line.name, line.parent, line.rl_proposal)
		.where(one_of(proposal.name, sorted(names)) & (request.docstatus == 0))
		.run(as_dict=True)
	)
