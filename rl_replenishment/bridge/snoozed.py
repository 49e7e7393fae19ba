"""Items that buyers do not want to hear of until a day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import frappe
from frappe import _

from rl_replenishment.core.proposal import Proposal


def without_snoozed(agent: str, today: date, proposals: list[Proposal]) -> tuple[list[Proposal], list[str]]:
	"""The proposals with nothing for what is snoozed, and a message that says how many were."""
	row = frappe.qb.DocType("RL Snooze")
	snoozed = set(
		frappe.qb.from_(row)
		.select(row.item_code, row.warehouse)
		.where((row.agent == agent) & (row.until > today))
		.run()
	)
	if not snoozed:
		return proposals, []
	anywhere = {item_code for item_code, warehouse in snoozed if not warehouse}
	result, count = [], 0
	for proposal in proposals:
		is_snoozed = proposal.item_code in anywhere or (proposal.item_code, proposal.warehouse) in snoozed
		if is_snoozed and proposal.proposed_qty > 0:
			count += 1
			proposal = replace(proposal, proposed_qty=0.0)
		result.append(proposal)
	return result, [_("Snoozed lines: {0}; see RL Snooze.").format(count)] if count else []
