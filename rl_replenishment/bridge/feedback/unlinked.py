"""Purchase Orders that answer a proposal without a link to its request.

Who orders by hand what was proposed, and stops the request or leaves it, has not turned it down. What is
ordered of the item in the weeks after a proposal that was not ordered, without a link to an agent's request,
counts for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from typing import Any

import frappe
from frappe.model.document import Document
from frappe.utils import add_days, flt, getdate

from rl_replenishment.bridge.feedback.decisions import Decision
from rl_replenishment.bridge.queries import one_of
from rl_replenishment.bridge.state.detours import staying

#: an order so many days after a proposal, or more, is another purchase
DAYS_APART = 30


def lacks(decision: Decision) -> bool:
	"""Whether less was ordered than was proposed."""
	return bool(decision.proposal) and decision.proposed_qty - decision.ordered_qty > decision.tolerance


def add_unlinked(decisions: Sequence[Decision], rows: Sequence[Any]) -> None:
	"""Add to decisions that lack something what was ordered for them by hand, the oldest first.

	`rows` as `read_unlinked` has them. Goods that were ordered to where nobody lacks them, and do not stay
	there, count for another place; this takes at most one query.
	"""
	lacking: dict[str, list[Decision]] = defaultdict(list)
	for each in sorted(filter(lacks, decisions), key=by_day):
		lacking[each.item_code].append(each)
	wanted = [row for row in rows if row.item_code in lacking]
	at_hand = {row.name: [each for each in lacking[row.item_code] if answers(row, each)] for row in wanted}
	elsewhere = {
		(row.item_code, row.warehouse)
		for row in wanted
		if all(each.warehouse != row.warehouse for each in at_hand[row.name])
	}
	kept = staying(elsewhere)
	for row in wanted:
		place = (row.item_code, row.warehouse)
		is_passing = place in elsewhere and place not in kept
		for each in at_hand[row.name]:
			if (each.warehouse == row.warehouse or is_passing) and lacks(each):
				_add(each, row)
				break


def by_day(decision: Decision) -> tuple[date, str, str, str]:
	"""The oldest first, and always in the same order."""
	request, proposal = decision.material_request or "", decision.proposal or ""
	return decision.decision_date, request, decision.warehouse, proposal


def answers(row: Any, decision: Decision) -> bool:
	"""Whether an order line may be meant for a decision, going by company, item and day."""
	is_of = row.item_code == decision.item_code and row.company == decision.company
	# an order by hand is no transfer
	return (
		is_of
		and not decision.from_warehouse
		and decision.decision_date <= row.day < add_days(decision.decision_date, DAYS_APART)
	)


def requests_answered_by(order: Document) -> list[str]:
	"""The agents' requests that an order may answer without a link to them, in at most one query."""
	by_hand = {row.item_code for row in order.items if not row.material_request_item}
	if not by_hand:
		return []
	day = getdate(order.transaction_date)
	proposal = frappe.qb.DocType("RL Proposal")
	rows = (
		frappe.qb.from_(proposal)
		.select(proposal.material_request)
		.where(one_of(proposal.item_code, by_hand) & (proposal.company == order.company))
		.where((proposal.proposal_date <= day) & (proposal.proposal_date > add_days(day, -DAYS_APART)))
		.where(proposal.material_request.isnotnull())
		.distinct()
		.run()
	)
	return [name for (name,) in rows]


def _add(decision: Decision, row: Any) -> None:
	decision.ordered_qty += flt(row.qty)
	# what was asked for by hand is not asked for again
	decision.requested_qty = max(decision.requested_qty, decision.ordered_qty)
	decision.purchase_order = max(filter(None, (decision.purchase_order, row.purchase_order)))
	decision.supplier = row.supplier
	decision.buyer = row.owner
	decision.ordered_on = max(filter(None, (decision.ordered_on, row.day)))
	decision.by_hand.append(row.name)


def read_unlinked(decisions: Sequence[Decision]) -> list[Any]:
	"""Submitted order lines of these items, near these days, that no agent asked for; the oldest first.

	In one query, or none without decisions.
	"""
	if not decisions:
		return []
	order, line = frappe.qb.DocType("Purchase Order"), frappe.qb.DocType("Purchase Order Item")
	asked, request = frappe.qb.DocType("Material Request Item"), frappe.qb.DocType("Material Request")
	days = [each.decision_date for each in decisions]
	rows = (
		frappe.qb.from_(line)
		.join(order)
		.on(order.name == line.parent)
		.left_join(asked)
		.on(asked.name == line.material_request_item)
		.left_join(request)
		.on(request.name == asked.parent)
		.select(
			*(line.name, line.item_code, line.warehouse, line.stock_qty.as_("qty"), line.creation),
			*(order.name.as_("purchase_order"), order.supplier, order.owner, order.company),
			order.transaction_date.as_("day"),
		)
		.where((order.docstatus == 1) & request.rl_agent.isnull())
		.where(one_of(line.item_code, {each.item_code for each in decisions}))
		.where(one_of(order.company, {each.company for each in decisions}))
		.where(order.transaction_date >= min(days))
		.where(order.transaction_date < add_days(max(days), DAYS_APART))
		.orderby(order.transaction_date, line.creation, line.name)
		.run(as_dict=True)
	)
	by_item: dict[str, list[Decision]] = defaultdict(list)
	for each in decisions:
		by_item[each.item_code].append(each)
	return [row for row in rows if any(answers(row, each) for each in by_item[row.item_code])]
