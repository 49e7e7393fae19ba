"""Items that buyers do not want to hear of until a day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import frappe
from frappe import _
from frappe.query_builder.functions import Max
from frappe.utils import formatdate

from rl_replenishment.core.proposal import Proposal


def without_snoozed(agent: str, today: date, proposals: list[Proposal]) -> tuple[list[Proposal], list[str]]:
	"""The proposals with nothing for what is snoozed, and a message that says how many were."""
	row = frappe.qb.DocType("RL Snooze")
	rows = (
		frappe.qb.from_(row)
		.select(row.item_code, row.warehouse, Max(row.until))
		.where((row.agent == agent) & (row.until > today))
		.groupby(row.item_code, row.warehouse)
		.run()
	)
	if not rows:
		return proposals, []
	snoozed = {(item_code, warehouse or ""): until for item_code, warehouse, until in rows}
	result, count = [], 0
	for proposal in proposals:
		keys = ((proposal.item_code, proposal.warehouse), (proposal.item_code, ""))
		until = max((snoozed[key] for key in keys if key in snoozed), default=None)
		if until and proposal.proposed_qty > 0:
			count += 1
			reason = _("Snoozed until {0}.").format(formatdate(until))
			proposal = replace(proposal, proposed_qty=0.0, held_back=reason)
		result.append(proposal)
	return result, [_("Snoozed lines: {0}; see RL Snooze.").format(count)] if count else []
