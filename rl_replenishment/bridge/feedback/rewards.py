"""RL Feedback rows: one per decision, brought up to date whenever its documents change.

Everything is computed anew from the documents, so that it does not matter in which order they change. A row
that was learned from stays as it is; what changes later makes a correcting row.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import frappe
import numpy as np
from frappe.model.document import Document
from frappe.utils import add_days, cint, flt, getdate, now_datetime

from rl_replenishment.bridge.feedback.decisions import Decision, read_decisions, read_proposals_of
from rl_replenishment.bridge.feedback.merging import share_merged
from rl_replenishment.bridge.figures import exact
from rl_replenishment.bridge.queries import one_of
from rl_replenishment.bridge.review_days import within_calendar
from rl_replenishment.bridge.state.places import read_places
from rl_replenishment.bridge.state.scope import scoped_items
from rl_replenishment.core.feedback import feedback_reward, feedback_scale


def refresh_requests(requests: Sequence[str]) -> set[str]:
	"""Bring the feedback on Material Requests up to date.

	Returns the Purchase Order lines that count for them although they have no link to them.
	"""
	return _refresh(requests, read_decisions(requests)) if requests else set()


def forget_request(request: str) -> None:
	"""A request was deleted: what it proposed was turned down, and what the buyer added to it is gone."""
	_refresh([request], read_proposals_of(request))


def refresh_added(order: Document, policies: dict[str, str | None], counted: Collection[str]) -> None:
	"""Items that the buyer added to an order with proposed lines, in those agents' scope: proposed 0.

	Lines that are `counted` answer a proposal.
	"""
	added: dict[tuple[str, str], Any] = {}
	for line in order.items:
		if not line.material_request_item and line.name not in counted:
			key = (line.item_code, line.warehouse)
			added.setdefault(key, []).append(line)
	row = frappe.qb.DocType("RL Feedback")
	known = (
		frappe.qb.from_(row)
		.select("*")
		.where((row.purchase_order == order.name) & row.material_request.isnull() & row.proposal.isnull())
		.run(as_dict=True)
	)
	if not added and not known:
		return
	decisions = []
	for agent, policy in policies.items():
		settings = frappe.get_doc("RL Agent Settings", agent)
		if settings.company != order.company:
			continue
		warehouses = set(read_places(settings).open)
		items = scoped_items(settings) if added else frozenset()
		mine = {key for key in added if key[0] in items and key[1] in warehouses}
		mine |= {(each.item_code, each.warehouse) for each in known if each.agent == agent}
		for item_code, warehouse in sorted(mine):
			lines = added.get((item_code, warehouse), [])
			qty = sum(flt(line.stock_qty) for line in lines) if order.docstatus == 1 else 0.0
			decisions.append(
				Decision(
					agent=agent,
					policy=policy,
					company=order.company,
					item_code=item_code,
					warehouse=warehouse,
					decision_date=within_calendar(getdate(order.transaction_date)),
					supplier=order.supplier,
					buyer=order.owner,
					requested_qty=qty,
					ordered_qty=qty,
					purchase_order=order.name,
					is_over=order.docstatus == 2,
					is_submitted=True,
					conversion=max((flt(line.conversion_factor) for line in lines), default=1.0),
				)
			)
	_write(decisions, known)


def _refresh(requests: Sequence[str], decisions: Sequence[Decision]) -> set[str]:
	taken = [decision for decision in share_merged(decisions) if _is_taken(decision)]
	merged = {decision.material_request for decision in taken if decision.material_request}
	_write(taken, _rows_of_requests(sorted(merged.union(requests)), taken))
	return {line for decision in taken for line in decision.by_hand}


def _is_taken(decision: Decision) -> bool:
	"""A draft is still on the buyer's desk, unless somebody has ordered from it."""
	return decision.is_submitted or decision.is_over or decision.ordered_qty > 0


def _rows_of_requests(requests: Sequence[str], decisions: Sequence[Decision]) -> list[Any]:
	row = frappe.qb.DocType("RL Feedback")
	proposals = [decision.proposal for decision in decisions if decision.proposal]
	return (
		frappe.qb.from_(row)
		.select("*")
		.where(one_of(row.material_request, requests) | one_of(row.proposal, proposals))
		.orderby(row.creation)
		.run(as_dict=True)
	)


def _key(row: Any) -> tuple[str, ...]:
	"""What a row and a decision are about: a proposal, or an item that the buyer added to a document."""
	if row.proposal:
		return (row.proposal,)
	document = row.material_request or row.purchase_order
	return (row.agent, document, row.item_code, row.warehouse)


def _write(decisions: Sequence[Decision], rows: Sequence[Any]) -> None:
	"""Make, change or correct rows, so that they say what the decisions are."""
	last = {_key(row): row for row in rows}
	days = _days_to_settle({decision.agent for decision in decisions})
	new: list[dict[str, Any]] = []
	changed: dict[str, dict[str, Any]] = {}
	moved: dict[str, dict[str, Any]] = {}
	# of a request that was cancelled and amended, the amendment speaks last
	latest = {_key(decision): decision for decision in sorted(decisions, key=lambda each: not each.is_over)}
	for key, decision in latest.items():
		row = last.get(key)
		values = _values(decision, row, days[decision.agent])
		if row and decision.proposal and decision.material_request != row.material_request:
			moved[decision.proposal] = {
				"material_request": decision.material_request,
				"material_request_item": decision.material_request_item,
			}
		if row is None:
			if decision.proposed_qty or decision.ordered_qty:
				new.append({**_about(decision), **values})
		elif cint(row.consumed):
			if abs(flt(row.ordered_qty) - decision.ordered_qty) > decision.tolerance:
				new.append({**_about(decision), **values, "correction_of": row.name})
		elif not decision.proposed_qty and not decision.ordered_qty and not row.correction_of:
			# neither proposed nor ordered: there is nothing to tell
			frappe.db.delete("RL Feedback", {"name": row.name})
		elif _differs(row, values, decision):
			is_revalued = abs(flt(row.ordered_qty) - decision.ordered_qty) > decision.tolerance
			changed[row.name] = {
				**values,
				"edit_value": 0 if is_revalued else row.edit_value,
				"edit_value_on": None if is_revalued else row.edit_value_on,
				"material_request": decision.material_request,
				"material_request_item": decision.material_request_item,
				"purchase_order": decision.purchase_order,
			}
	if changed:
		frappe.db.bulk_update("RL Feedback", changed)
	if moved:
		frappe.db.bulk_update("RL Proposal", moved)
	_insert(new)
	_update_proposals(latest.values(), days)


def _values(decision: Decision, row: Any, days: int) -> dict[str, Any]:
	scale, reward = _reward(decision)
	settled = is_settled(decision, days)
	settled_on = (row and row.settled_on) or getdate()
	return {
		"ordered_qty": decision.ordered_qty,
		"reward": reward,
		"scale": scale,
		"edit_reason": decision.edit_reason,
		"buyer": decision.buyer,
		"supplier": decision.supplier,
		"settled": int(settled),
		"settled_on": settled_on if settled else None,
	}


def is_settled(decision: Decision, days: int) -> bool:
	"""Whether the buyer has decided: all is ordered, nothing more will be, or the time to wait is over."""
	waited = add_days(decision.decision_date, days) <= getdate()
	return decision.is_complete or decision.is_over or waited


def _reward(decision: Decision) -> tuple[float, float]:
	"""Scale in stock UOM, and reward, by the definition in `core.feedback`."""
	state = decision.state
	pack = flt(state.get("pack")) or decision.conversion or 1.0
	demand, review_days = flt(state.get("mean_daily_demand")), cint(state.get("review_days")) or 7
	scale = feedback_scale(np.float32([pack]), np.float32([demand]), review_days)
	reward = feedback_reward(
		np.float32([decision.proposed_qty]), np.float32([decision.ordered_qty]), scale, decision.tolerance
	)
	return exact(scale[0]), exact(reward[0])


def _about(decision: Decision) -> dict[str, Any]:
	state = decision.state
	return {
		"agent": decision.agent,
		"policy": decision.policy,
		"company": decision.company,
		"proposal": decision.proposal,
		"item_code": decision.item_code,
		"warehouse": decision.warehouse,
		"material_request": decision.material_request,
		"material_request_item": decision.material_request_item,
		"purchase_order": decision.purchase_order,
		"proposed_qty": decision.proposed_qty,
		"decision_date": decision.decision_date,
		"on_hand": flt(state.get("on_hand")),
		# what the policy counted on
		"on_order": flt(state.get("on_order")) - flt(state.get("long_overdue")),
		"pack": flt(state.get("pack")) or decision.conversion,
		"consumed": 0,
		"correction_of": None,
	}


def _differs(row: Any, values: dict[str, Any], decision: Decision) -> bool:
	return (
		abs(flt(row.ordered_qty) - decision.ordered_qty) > 1e-9
		or cint(row.settled) != values["settled"]
		or (row.edit_reason or "") != decision.edit_reason
		or row.purchase_order != decision.purchase_order
		or row.material_request != decision.material_request
	)


def _days_to_settle(agents: set[str]) -> dict[str, int]:
	rows = frappe.get_all(
		"RL Agent Settings", {"name": ("in", sorted(agents))}, ["name", "settle_after_days"], as_list=True
	)
	return {agent: cint(days) for agent, days in rows}


def _insert(rows: Sequence[dict[str, Any]]) -> None:
	if not rows:
		return
	codes = {row["item_code"] for row in rows}
	item = frappe.qb.DocType("Item")
	groups = dict(
		frappe.qb.from_(item).select(item.name, item.item_group).where(one_of(item.name, codes)).run()
	)
	now, user = now_datetime(), frappe.session.user
	stamped = [
		{
			"name": frappe.generate_hash(length=10),
			"creation": now,
			"modified": now,
			"owner": user,
			"modified_by": user,
			"item_group": groups.get(row["item_code"]),
			**row,
		}
		for row in rows
	]
	frappe.db.bulk_insert("RL Feedback", list(stamped[0]), [list(row.values()) for row in stamped])


def _update_proposals(decisions: Any, days: dict[str, int]) -> None:
	"""Say on the proposals what became of them, in one statement per status."""
	by_status: dict[str, list[str]] = {}
	for decision in decisions:
		if decision.proposal:
			if decision.ordered_qty > 0:
				status = "Ordered"
			else:
				status = "Rejected" if is_settled(decision, days[decision.agent]) else "Requested"
			by_status.setdefault(status, []).append(decision.proposal)
	proposal = frappe.qb.DocType("RL Proposal")
	for status, names in by_status.items():
		(
			frappe.qb.update(proposal)
			.set(proposal.status, status)
			.where(one_of(proposal.name, names) & (proposal.status != status))
			.run()
		)
