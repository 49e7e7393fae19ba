"""Tables that grow are cut back by Frappe's Log Settings, but nothing that is still needed goes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import frappe
from frappe.utils import add_days, cint, now_datetime

_FOR_EVER = 36_500


def delete_older(doctype: str, days: int, filters: dict[str, Any]) -> None:
	"""Delete rows that were last changed more than `days` days ago and pass the filters."""
	frappe.db.delete(doctype, {**filters, "modified": ("<", _limit(days))})


def delete_older_proposals(days: int) -> None:
	"""Proposals that nobody waits for: not on an open request, and without feedback still to learn from."""
	proposal, feedback = frappe.qb.DocType("RL Proposal"), frappe.qb.DocType("RL Feedback")
	waiting = frappe.qb.from_(feedback).select(feedback.proposal)
	# nobody learns from what was moved
	is_moved = feedback.from_warehouse.isnotnull() & (feedback.settled == 1)
	waiting = waiting.where((feedback.consumed == 0) & feedback.proposal.isnotnull() & ~is_moved)
	(
		frappe.qb.from_(proposal)
		.delete()
		.where((proposal.modified < _limit(days)) & (proposal.status != "Requested"))
		.where(proposal.name.notin(waiting))
		.run()
	)


def delete_older_runs(days: int) -> None:
	"""Runs that have ended and whose proposals are gone."""
	run, proposal = frappe.qb.DocType("RL Proposal Run"), frappe.qb.DocType("RL Proposal")
	kept = frappe.qb.from_(proposal).select(proposal.run).where(proposal.run.isnotnull())
	(
		frappe.qb.from_(run)
		.delete()
		.where((run.modified < _limit(days)) & (run.status != "In Progress"))
		.where(run.name.notin(kept))
		.run()
	)


def days_kept(doctype: str) -> int:
	"""Days after which the site clears rows of a DocType that nobody needs any more."""
	days = frappe.db.get_value("Logs To Clear", {"ref_doctype": doctype}, "days")
	# without a line nothing is cleared
	return cint(days) or _FOR_EVER


def _limit(days: int) -> datetime:
	return add_days(now_datetime(), -days)
