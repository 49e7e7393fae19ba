"""RL Feedback rows: one per decision, brought up to date whenever its documents change.

Everything is computed anew from the documents, so that it does not matter in which order they change. A row
that was learned from stays as it is; what changes later makes a correcting row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import frappe
import numpy as np
from frappe.utils import add_days, cint, flt, getdate, now_datetime

from rl_replenishment.bridge.feedback.decisions import Decision
from rl_replenishment.bridge.figures import exact
from rl_replenishment.bridge.queries import one_of
from rl_replenishment.core.feedback import feedback_reward, feedback_scale


def _is_taken(decision: Decision) -> bool:
	"""A draft is still on the buyer's desk, unless it amends what was decided, or somebody has ordered it."""
	is_decided = decision.is_submitted or decision.is_over or decision.is_amending
	return is_decided or decision.ordered_qty > 0


def key_of(row: Any) -> tuple[str, ...]:
	"""What a row and a decision are about: a proposal, or an item that the buyer added to a document."""
	if row.proposal:
		return (row.proposal,)
	document = row.material_request or row.purchase_order
	return (row.agent, document, row.item_code, row.warehouse)


@dataclass
class Plan:
	"""What is to be done so that rows and proposals say what the decisions are."""

	new: list[dict[str, Any]] = field(default_factory=list)
	#: of rows, by name
	changed: dict[str, dict[str, Any]] = field(default_factory=dict)
	#: names of rows
	gone: list[str] = field(default_factory=list)
	#: of proposals, by name: the request and the line that they are in
	moved: dict[str, dict[str, Any]] = field(default_factory=dict)
	#: of proposals, by status: their names
	statuses: dict[str, list[str]] = field(default_factory=dict)

	def carry_out(self) -> None:
		"""Write it, in one statement for each kind of thing."""
		if self.gone:
			frappe.db.delete("RL Feedback", {"name": ("in", self.gone)})
		if self.changed:
			frappe.db.bulk_update("RL Feedback", self.changed)
		if self.moved:
			frappe.db.bulk_update("RL Proposal", self.moved)
		_insert(self.new)
		proposal = frappe.qb.DocType("RL Proposal")
		for status, names in self.statuses.items():
			frappe.qb.update(proposal).set(proposal.status, status).where(one_of(proposal.name, names)).run()


def plan(decisions: Sequence[Decision], rows: Sequence[Any], *, by_night: bool = False) -> Plan:
	"""How rows, the latest last, come to say what the decisions are.

	`by_night` leaves out those that have merely waited long enough, which are closed every night.
	"""
	found = Plan()
	last = {key_of(row): row for row in rows}
	days = _days_to_settle({decision.agent for decision in decisions})
	for decision in decisions:
		row = last.get(key_of(decision))
		settled = is_settled(decision, days.get(decision.agent, 0), by_night and not (row and row.settled))
		if decision.proposal:
			_plan_proposal(found, decision, settled)
		if not _is_taken(decision) and not (row and (cint(row.consumed) or row.correction_of)):
			if row:
				found.gone.append(row.name)
			continue
		if row and cint(row.consumed):
			if abs(flt(row.ordered_qty) - decision.ordered_qty) > decision.tolerance:
				values = _values(decision, row, settled)
				found.new.append({**_about(decision), **values, "correction_of": row.name})
		elif row and not decision.proposed_qty and not decision.ordered_qty and not row.correction_of:
			# neither proposed nor ordered: there is nothing to tell
			found.gone.append(row.name)
		elif row is None:
			if decision.proposed_qty or decision.ordered_qty:
				found.new.append({**_about(decision), **_values(decision, row, settled)})
		elif _differs(row, values := _values(decision, row, settled), decision):
			is_revalued = abs(flt(row.ordered_qty) - decision.ordered_qty) > decision.tolerance
			found.changed[row.name] = {
				**values,
				"edit_value": 0 if is_revalued else row.edit_value,
				"edit_value_on": None if is_revalued else row.edit_value_on,
				"material_request": decision.material_request,
				"material_request_item": decision.material_request_item,
				"purchase_order": decision.purchase_order,
				"stock_entry": decision.stock_entry,
			}
	return found


def _plan_proposal(found: Plan, decision: Decision, settled: bool) -> None:
	"""What became of a proposal, and where it is."""
	where = (decision.material_request, decision.material_request_item)
	if decision.proposed_in != where:
		names = ("material_request", "material_request_item")
		found.moved[str(decision.proposal)] = dict(zip(names, where, strict=True))
	status = "Turned Down" if settled and _is_taken(decision) else "Requested"
	if decision.ordered_qty > 0:
		status = "Ordered"
	if status != decision.proposal_status:
		found.statuses.setdefault(status, []).append(str(decision.proposal))


def _values(decision: Decision, row: Any, settled: bool) -> dict[str, Any]:
	scale, reward = _reward(decision)
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


def is_settled(decision: Decision, days: int, by_night: bool = False) -> bool:
	"""Whether the buyer has decided: all is ordered, nothing more will be, or the time to wait is over."""
	waited = not by_night and add_days(decision.decision_date, days) <= getdate()
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
		"from_warehouse": decision.from_warehouse,
		"stock_entry": decision.stock_entry,
		"proposed_qty": decision.proposed_qty,
		"policy_qty": flt(state.get("policy_qty")) or decision.proposed_qty,
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
		or abs(flt(row.reward) - values["reward"]) > 1e-6
		or cint(row.settled) != values["settled"]
		or (row.edit_reason or "") != decision.edit_reason
		or row.purchase_order != decision.purchase_order
		or (row.stock_entry or None) != decision.stock_entry
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
