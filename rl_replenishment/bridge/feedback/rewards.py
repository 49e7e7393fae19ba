"""RL Feedback rows: one per decision, brought up to date whenever its documents change.

Everything is computed anew from the documents, so that it does not matter in which order they change. A row
that was learned from stays as it is; what changes later makes a correcting row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

import frappe
import numpy as np
from frappe.model.document import Document
from frappe.utils import add_days, cint, flt, getdate, now_datetime

from rl_replenishment.bridge.feedback.decisions import Decision
from rl_replenishment.bridge.feedback.merging import read_circle
from rl_replenishment.bridge.feedback.unlinked import requests_answered_by
from rl_replenishment.bridge.figures import exact
from rl_replenishment.bridge.queries import one_of
from rl_replenishment.bridge.review_days import within_calendar
from rl_replenishment.bridge.state.places import read_places
from rl_replenishment.bridge.state.scope import scoped_items
from rl_replenishment.core.feedback import feedback_reward, feedback_scale


def refresh_order(name: str) -> None:
	"""Bring the feedback on what a Purchase Order answers up to date, and on what it has besides."""
	order = frappe.get_doc("Purchase Order", name)
	row = frappe.qb.DocType("RL Feedback")
	before = frappe.qb.from_(row).select(row.material_request).where(row.purchase_order == name).run()
	requests = {request for (request,) in before if request}
	requests |= _requests_named(order)[0]
	requests.update(requests_answered_by(order))
	refresh_added(order, refresh_requests(requests, but=name))


def refresh_requests(requests: Collection[str], *, but: str | None = None) -> set[str]:
	"""Bring the feedback on Material Requests, deleted ones included, and on all that share with them up to
	date, and that on items which the orders concerned have besides, `but` for one order.

	Returns the Purchase Order lines that answer a proposal although they have no link to its request.
	"""
	if not requests:
		return set()
	circle = read_circle(requests)
	decisions = circle.share()
	names = {decision.material_request for decision in decisions if decision.material_request}
	_write(decisions, _rows_of_requests(sorted(names.union(requests)), decisions))
	counted = {line for decision in decisions for line in decision.by_hand}
	items: dict[str, set[str]] = defaultdict(set)
	for row in circle.by_hand:
		if row.purchase_order != but:
			items[row.purchase_order].add(row.item_code)
	for order in _with_proposed_lines(items):
		refresh_added(frappe.get_doc("Purchase Order", order), counted, items[order])
	return counted


def _with_proposed_lines(orders: Collection[str]) -> list[str]:
	"""The orders that name agents' requests, or have named them; in no query where there are none."""
	if not orders:
		return []
	line, request = frappe.qb.DocType("Purchase Order Item"), frappe.qb.DocType("Material Request")
	row = frappe.qb.DocType("RL Feedback")
	named = (
		frappe.qb.from_(line)
		.join(request)
		.on(request.name == line.material_request)
		.select(line.parent)
		.where(one_of(line.parent, orders) & request.rl_agent.isnotnull())
	)
	known = (
		frappe.qb.from_(row)
		.select(row.purchase_order)
		.where(one_of(row.purchase_order, orders) & row.material_request.isnull() & row.proposal.isnull())
	)
	return sorted(name for (name,) in named.union(known).run())


def refresh_added(order: Document, counted: Collection[str], items: Collection[str] | None = None) -> None:
	"""Items that the buyer added to an order with proposed lines, in those agents' scope: proposed 0.

	Lines that are `counted` answer a proposal. With `items`, these alone are looked at.
	"""
	added: dict[tuple[str, str], Any] = {}
	for line in order.items:
		if not line.material_request_item and line.name not in counted:
			added.setdefault((line.item_code, line.warehouse), []).append(line)
	row = frappe.qb.DocType("RL Feedback")
	known = (
		frappe.qb.from_(row)
		.select("*")
		.where((row.purchase_order == order.name) & row.material_request.isnull() & row.proposal.isnull())
		.orderby(row.creation)
		.for_update()
		.run(as_dict=True)
	)
	if items is not None:
		added = {key: lines for key, lines in added.items() if key[0] in items}
		known = [each for each in known if each.item_code in items]
	if not added and not known:
		return
	_requests, policies = _requests_named(order)
	decisions = []
	for agent in sorted(policies.keys() | {each.agent for each in known}):
		mine = _in_scope(agent, added) if agent in policies else set()
		for item_code, warehouse in sorted(mine | {_place(each) for each in known if each.agent == agent}):
			lines = added.get((item_code, warehouse), []) if agent in policies else []
			qty = sum(flt(line.stock_qty) for line in lines) if order.docstatus == 1 else 0.0
			decisions.append(
				Decision(
					agent=agent,
					policy=policies.get(agent),
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


def _place(row: Any) -> tuple[str, str]:
	return row.item_code, row.warehouse


def _in_scope(agent: str, places: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
	"""Those items in warehouses that an agent buys for."""
	if not places:
		return set()
	settings = frappe.get_doc("RL Agent Settings", agent)
	items, warehouses = scoped_items(settings), set(read_places(settings).open)
	return {place for place in places if place[0] in items and place[1] in warehouses}


def _requests_named(order: Document) -> tuple[set[str], dict[str, str | None]]:
	"""The agents' requests that an order names, and the agents, each with the policy that proposed.

	It may name requests of other companies, which it is no answer to.
	"""
	named = {line.material_request for line in order.items if line.material_request}
	if not named:
		return set(), {}
	request, agent = frappe.qb.DocType("Material Request"), frappe.qb.DocType("RL Agent Settings")
	rows = (
		frappe.qb.from_(request)
		.join(agent)
		.on((agent.name == request.rl_agent) & (agent.company == request.company))
		.select(request.name, request.rl_agent, request.rl_policy)
		.where(one_of(request.name, named) & (request.company == order.company))
		.orderby(request.name)
		.run()
	)
	return {name for name, _agent, _policy in rows}, {name: policy for _request, name, policy in rows}


def _is_taken(decision: Decision) -> bool:
	"""A draft is still on the buyer's desk, unless it amends what was decided, or somebody has ordered it."""
	is_decided = decision.is_submitted or decision.is_over or decision.is_amending
	return is_decided or decision.ordered_qty > 0


def _rows_of_requests(requests: Sequence[str], decisions: Sequence[Decision]) -> list[Any]:
	row = frappe.qb.DocType("RL Feedback")
	proposals = [decision.proposal for decision in decisions if decision.proposal]
	return (
		frappe.qb.from_(row)
		.select("*")
		.where(one_of(row.material_request, requests) | one_of(row.proposal, proposals))
		.orderby(row.creation)
		# what a training marks meanwhile is not to be overwritten
		.for_update()
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
	if not decisions:
		return
	last = {_key(row): row for row in rows}
	days = _days_to_settle({decision.agent for decision in decisions})
	new: list[dict[str, Any]] = []
	changed: dict[str, dict[str, Any]] = {}
	moved: dict[str, dict[str, Any]] = {}
	for decision in decisions:
		row = last.get(_key(decision))
		if not _is_taken(decision) and not (row and (cint(row.consumed) or row.correction_of)):
			if row:
				frappe.db.delete("RL Feedback", {"name": row.name})
			continue
		values = _values(decision, row, days.get(decision.agent, 0))
		where = (decision.material_request, decision.material_request_item)
		if decision.proposal and decision.proposed_in != where:
			moved[decision.proposal] = dict(
				zip(("material_request", "material_request_item"), where, strict=True)
			)
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
	_update_proposals(decisions, days)


def _values(decision: Decision, row: Any, days: int) -> dict[str, Any]:
	scale, reward = _reward(decision)
	settled = is_settled(decision, days)
	settled_on = (row and row.settled_on) or getdate()
	return {
		"ordered_qty": decision.ordered_qty,
		"reward": reward,
		"scale": scale,
		"edit_reason": decision.edit_reason,
		# of a request that was deleted nobody knows who changed it last
		"buyer": decision.buyer or (row and row.buyer) or frappe.session.user,
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
		"on_order": flt(state.get("on_order")),
		"pack": flt(state.get("pack")) or decision.conversion,
		"consumed": 0,
		"correction_of": None,
	}


def _differs(row: Any, values: dict[str, Any], decision: Decision) -> bool:
	return (
		abs(flt(row.ordered_qty) - decision.ordered_qty) > 1e-9
		or abs(flt(row.reward) - values["reward"]) > 1e-6
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
			is_over = _is_taken(decision) and is_settled(decision, days.get(decision.agent, 0))
			status = "Rejected" if is_over else "Requested"
			if decision.ordered_qty > 0:
				status = "Ordered"
			by_status.setdefault(status, []).append(decision.proposal)
	proposal = frappe.qb.DocType("RL Proposal")
	for status, names in by_status.items():
		(
			frappe.qb.update(proposal)
			.set(proposal.status, status)
			.where(one_of(proposal.name, names) & (proposal.status != status))
			.run()
		)
