"""Proposals that a buyer merged: one of them was given up, another was ordered with what that one asked for.

Who finds the same item on two requests may delete or stop one of them and raise the other. What was ordered
beyond one proposal counts for others of the same agent, item and warehouse that were given up, as long as
they were there when it was ordered.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date

import frappe
from frappe.utils import add_days

from rl_replenishment.bridge.feedback.decisions import Decision, read_decisions
from rl_replenishment.bridge.feedback.unlinked import DAYS_APART, add_unlinked, lacks
from rl_replenishment.bridge.queries import one_of

_About = tuple[str, str, str]


def share_merged(decisions: Sequence[Decision]) -> list[Decision]:
	"""The decisions and the others concerned, with what was ordered by hand or for several that were merged.

	Where each was ordered as proposed, this takes no query.
	"""
	unbalanced = [each for each in decisions if _excess(each) or lacks(each)]
	others = _other_requests(unbalanced, {each.material_request for each in decisions})
	accounts = {_about(each) for each in unbalanced}
	found = [each for each in read_decisions(others) if _about(each) in accounts] if others else []
	concerned = [*decisions, *found]
	add_unlinked(concerned)
	_share(concerned)
	return concerned


def _about(decision: Decision) -> _About:
	return decision.agent, decision.item_code, decision.warehouse


def _excess(decision: Decision) -> float:
	"""What was ordered beyond the proposal."""
	excess = decision.ordered_qty - decision.proposed_qty
	return excess if decision.proposal and excess > decision.tolerance else 0.0


def _is_given_up(decision: Decision) -> bool:
	return decision.is_over and lacks(decision)


def _other_requests(unbalanced: Sequence[Decision], known: Iterable[str | None]) -> list[str]:
	"""Requests with proposals for the same item-warehouses at about the same time."""
	if not unbalanced:
		return []
	days: dict[_About, date] = {_about(each): each.decision_date for each in unbalanced}
	proposal = frappe.qb.DocType("RL Proposal")
	rows = (
		frappe.qb.from_(proposal)
		.select(*(proposal.material_request, proposal.proposal_date))
		.select(*(proposal.agent, proposal.item_code, proposal.warehouse))
		.where(one_of(proposal.item_code, {item for _agent, item, _warehouse in days}))
		.where(proposal.proposal_date >= add_days(min(days.values()), -DAYS_APART))
		.where(proposal.proposal_date <= add_days(max(days.values()), DAYS_APART))
		.where(proposal.material_request.isnotnull())
		.run()
	)
	near = {
		request
		for request, day, *about in rows
		if tuple(about) in days and abs((day - days[tuple(about)]).days) <= DAYS_APART
	}
	return sorted(near - set(known))


def _share(decisions: Sequence[Decision]) -> None:
	"""Book what was ordered too much to what was given up, the oldest first."""
	amended = {each.proposal for each in decisions if not each.is_cancelled}
	by_account: dict[_About, list[Decision]] = defaultdict(list)
	for each in sorted(decisions, key=lambda each: (each.decision_date, each.material_request or "")):
		# an amendment stands for the request that was cancelled
		if each.proposal and not (each.is_cancelled and each.proposal in amended):
			by_account[_about(each)].append(each)
	for account in by_account.values():
		for giver in (each for each in account if _excess(each)):
			for taker in (each for each in account if _is_given_up(each)):
				if giver.ordered_on and taker.decision_date <= giver.ordered_on:
					_move(giver, taker)


def _move(giver: Decision, taker: Decision) -> None:
	moved = min(_excess(giver), taker.proposed_qty - taker.ordered_qty)
	if moved > 0:
		giver.ordered_qty -= moved
		giver.requested_qty -= moved
		taker.ordered_qty += moved
		# so that a change of this order comes to both
		taker.purchase_order = giver.purchase_order
