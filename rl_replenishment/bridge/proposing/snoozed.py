"""Items that buyers do not want to hear of until a day."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import date

import frappe
from frappe import _
from frappe.query_builder.functions import Max
from frappe.utils import formatdate

from rl_replenishment.bridge.queries import one_of
from rl_replenishment.core.proposal import Proposal


def read_snoozed(agents: Collection[str], today: date) -> dict[tuple[str, str, str], date]:
	"""Until when, by agent, item and warehouse ("" for all of them); of items snoozed twice the later day."""
	row = frappe.qb.DocType("RL Snooze")
	rows = (
		frappe.qb.from_(row)
		.select(row.agent, row.item_code, row.warehouse, Max(row.until))
		.where(one_of(row.agent, agents) & (row.until > today))
		.groupby(row.agent, row.item_code, row.warehouse)
		.run()
	)
	return {(agent, item_code, warehouse or ""): until for agent, item_code, warehouse, until in rows}


def snoozed_until(
	snoozed: dict[tuple[str, str, str], date], agent: str, item_code: str, warehouse: str
) -> date | None:
	"""The day on which an item-warehouse is proposed again, None where it is not snoozed."""
	keys = ((agent, item_code, warehouse), (agent, item_code, ""))
	return max((snoozed[key] for key in keys if key in snoozed), default=None)


def without_snoozed(agent: str, today: date, proposals: list[Proposal]) -> tuple[list[Proposal], list[str]]:
	"""The proposals with nothing for what is snoozed, and a message that says how many were wanted.

	What is not wanted says so, too: no supplier's minimum is to be filled up with it.
	"""
	snoozed = read_snoozed([agent], today)
	if not snoozed:
		return proposals, []
	result, count = [], 0
	for proposal in proposals:
		until = snoozed_until(snoozed, agent, proposal.item_code, proposal.warehouse)
		if until:
			is_wanted, reason = proposal.proposed_qty > 0, _("Snoozed until {0}.").format(formatdate(until))
			count += is_wanted
			held = reason if is_wanted else proposal.held_back or reason
			proposal = replace(proposal, proposed_qty=0.0, held_back=held)
		result.append(proposal)
	return result, [_("Snoozed lines: {0}; see RL Snooze.").format(count)] if count else []
