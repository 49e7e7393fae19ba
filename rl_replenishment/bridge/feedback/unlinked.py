"""Purchase Orders that answer a proposal without a link to its request.

Who orders by hand what was proposed, and stops the request or leaves it, has not turned it down. What is
ordered of the item in the weeks after a proposal that was not ordered, without a link to an agent's request,
counts for it.
"""

from __future__ import annotations

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


def add_unlinked(decisions: Sequence[Decision]) -> None:
	"""Add to decisions that lack something what was ordered for them by hand, the oldest first.

	In at most two queries; in none where nothing lacks.
	"""
	lacking = sorted(filter(lacks, decisions), key=lambda each: each.decision_date)
	if not lacking:
		return
	rows = _unlinked(lacking)
	wanted = {(each.item_code, each.warehouse) for each in lacking}
	elsewhere = {(row.item_code, row.warehouse) for row in rows} - wanted
	kept = staying(elsewhere)
	for row in rows:
		stays = (row.item_code, row.warehouse) in kept
		for each in lacking:
			is_there = row.warehouse == each.warehouse or (
				(row.item_code, row.warehouse) in elsewhere and not stays
			)
			if row.item_code == each.item_code and is_there and _is_near(each, row.day) and lacks(each):
				_add(each, row)
				break


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


def _is_near(decision: Decision, day: date) -> bool:
	return decision.decision_date <= day < add_days(decision.decision_date, DAYS_APART)


def _add(decision: Decision, row: Any) -> None:
	decision.ordered_qty += flt(row.qty)
	# what was asked for by hand is not asked for again
	decision.requested_qty = max(decision.requested_qty, decision.ordered_qty)
	decision.purchase_order = max(filter(None, (decision.purchase_order, row.purchase_order)))
	decision.supplier = row.supplier
	decision.buyer = row.owner
	decision.ordered_on = max(filter(None, (decision.ordered_on, row.day)))
	decision.by_hand.append(row.name)


def _unlinked(decisions: Sequence[Decision]) -> list[Any]:
	"""Submitted order lines of these items, near these days, that no agent asked for; the oldest first."""
	order, line = frappe.qb.DocType("Purchase Order"), frappe.qb.DocType("Purchase Order Item")
	asked, request = frappe.qb.DocType("Material Request Item"), frappe.qb.DocType("Material Request")
	days = [each.decision_date for each in decisions]
	return list(
		frappe.qb.from_(line)
		.join(order)
		.on(order.name == line.parent)
		.left_join(asked)
		.on(asked.name == line.material_request_item)
		.left_join(request)
		.on(request.name == asked.parent)
		.select(
			*(line.name, line.item_code, line.warehouse, line.stock_qty.as_("qty")),
			*(order.name.as_("purchase_order"), order.supplier, order.owner),
			order.transaction_date.as_("day"),
		)
		.where((order.docstatus == 1) & request.rl_agent.isnull())
		.where(one_of(line.item_code, {each.item_code for each in decisions}))
		.where(one_of(order.company, {each.company for each in decisions}))
		.where(order.transaction_date >= min(days))
		.where(order.transaction_date < add_days(max(days), DAYS_APART))
		.orderby(order.transaction_date, line.creation)
		.run(as_dict=True)
	)
