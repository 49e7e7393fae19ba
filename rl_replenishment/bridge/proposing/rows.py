"""The RL Proposals of a run: what was proposed, what the policy saw, and what to look at first."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any, NamedTuple

import frappe
import numpy as np
from frappe.model.document import Document
from frappe.query_builder.functions import Max
from frappe.utils import cint, flt, now_datetime
from pypika.terms import Criterion

from rl_replenishment.bridge import figures
from rl_replenishment.bridge.guarding import plain
from rl_replenishment.bridge.origin import request_lines
from rl_replenishment.bridge.queries import Keys, by_value, one_of
from rl_replenishment.bridge.state.situation import Situation
from rl_replenishment.core.items import FloatArray, ItemKey
from rl_replenishment.core.policies.base import usual_rate
from rl_replenishment.core.proposal import Proposal

#: the status of what waits for a buyer
OPEN = ("Proposed", "Requested")
#: decimals of what the policy saw and reckoned with, as its reasons are drawn
DIGITS = 6
#: stock that lasts longer, or that nothing is taken from, counts as lasting so long
MOST_DAYS_OF_STOCK = 999.0
#: proposals in one statement: of many more at once, the database would pass all there are
_LINKED_AT_ONCE = 200
_NOT_ORDERED = ("item_code", "warehouse", "on_hand", "on_order", "baseline_qty", "held_back")


class Entry(NamedTuple):
	"""A proposal that is written down."""

	#: of its item-warehouse
	position: int
	#: of the RL Proposal
	name: str
	proposal: Proposal


def days_of_stock(situation: Situation) -> FloatArray:
	"""How long stock on hand lasts at the last quarter's demand, as in RL Stock Health, shape (N,)."""
	state = situation.state
	days = np.maximum(state.on_hand, 0) / np.maximum(state.demand.level_91, 1e-6)
	return np.minimum(days, MOST_DAYS_OF_STOCK).astype(np.float32)


def by_urgency(situation: Situation) -> list[int]:
	"""The item-warehouses, those first whose stock on hand lasts the fewest days."""
	return [int(i) for i in np.argsort(days_of_stock(situation), kind="stable")]


def schedule_date(situation: Situation, i: int, today: date) -> date:
	"""When an order of today is needed, and can be there."""
	return today + timedelta(days=int(np.ceil(situation.items.lead_time_days[i])))


def due_on(settings: Document, situation: Situation, i: int, proposal: Proposal, today: date) -> date:
	"""When what is proposed is needed: an order when it can be there, a transfer when it has been moved."""
	if proposal.from_warehouse:
		return today + timedelta(days=cint(settings.transfer_lead_time_days))
	return schedule_date(situation, i, today)


def supersede(agent: str) -> None:
	"""What an earlier run proposed and nobody could act on is out of date.

	By name: else the database would lock all of the agent's proposals until the run is committed.
	"""
	proposed = frappe.get_all("RL Proposal", {"agent": agent, "status": "Proposed"}, pluck="name")
	if proposed:
		proposal = frappe.qb.DocType("RL Proposal")
		(
			frappe.qb.update(proposal)
			.set(proposal.status, "Superseded")
			.where(one_of(proposal.name, proposed) & (proposal.status == "Proposed"))
			.run()
		)


def insert(
	run: str,
	settings: Document,
	policy: str,
	situation: Situation,
	entries: Sequence[Entry],
	today: date,
) -> None:
	"""Write proposals, in one statement."""
	if not entries:
		return
	now, user = now_datetime(), frappe.session.user
	bought = situation.purchasing
	lasts, projected = days_of_stock(situation), situation.stock.projected
	# what stock and open orders may come to by the agent's limit; 0 without one
	most = usual_rate(situation.state) * cint(settings.max_cover_days)
	earlier = _targets_of_last_run(settings.name)
	buyers = _last_buyers(settings.name, [entry.proposal for entry in entries])
	rows = []
	for i, name, proposal in entries:
		key = (proposal.item_code, proposal.warehouse)
		target, before = proposal.why.target, earlier.get(key, 0)
		change = 100 * (target / before - 1) if before > 0 else 0.0
		rows.append(
			{
				"name": name,
				"creation": now,
				"modified": now,
				"owner": user,
				"modified_by": user,
				"run": run,
				"agent": settings.name,
				"policy": policy,
				"company": settings.company,
				"item_code": proposal.item_code,
				"item_name": plain(bought.item_names[i]),
				"warehouse": proposal.warehouse,
				"from_warehouse": proposal.from_warehouse or None,
				"supplier": proposal.supplier or None,
				"buyer": buyers.get(key),
				"status": "Proposed",
				"proposed_qty": bought.in_stock_units(i, proposal.proposed_qty),
				"baseline_qty": bought.in_stock_units(i, proposal.baseline_qty),
				"uom": bought.stock_uoms[i],
				"rate": round(float(bought.rates[i]), DIGITS),
				"days_of_stock": round(float(lasts[i]), 1),
				"target_change": round(change, 1),
				"change_size": round(abs(change), 1),
				"overdue_qty": bought.in_stock_units(i, float(situation.stock.overdue[i])),
				"proposal_date": today,
				"schedule_date": due_on(settings, situation, i, proposal, today),
				"explanation": plain(proposal.reason),
				"lesson": plain(proposal.lesson),
				"state": json.dumps(
					_state(settings, situation, i, proposal, float(most[i]), float(projected[i]))
				),
			}
		)
	frappe.db.bulk_insert("RL Proposal", list(rows[0]), [list(row.values()) for row in rows])


def link_requests(requests: list[str]) -> None:
	"""Tell the proposals where they were requested."""
	if requests:
		link(one_of(frappe.qb.DocType("Material Request Item").parent, requests))


def link(which: Criterion) -> None:
	"""Tell proposals where they were requested: of these lines, what stands before what is cancelled.

	The lines are read first, and proposals written by name: one statement over both would lock all lines that
	the database passes, and so whoever else makes requests at the time, until the transaction ends.
	"""
	lines, line, request, proposal = request_lines()
	rows = (
		lines.select(proposal.name, line.parent, line.name)
		.where(which & proposal.name.isnotnull())
		# the last one counts
		.orderby(proposal.name)
		.orderby(request.docstatus, order=frappe.qb.desc)
		.orderby(request.creation)
		.run()
	)
	for first in range(0, len(rows), _LINKED_AT_ONCE):
		part = rows[first : first + _LINKED_AT_ONCE]
		requests = by_value(proposal.name, {name: request for name, request, _item in part})
		items = by_value(proposal.name, {name: item for name, _request, item in part})
		(
			frappe.qb.update(proposal)
			.set(proposal.material_request, requests)
			.set(proposal.material_request_item, items)
			.set(proposal.status, "Requested")
			.where(one_of(proposal.name, [name for name, _request, _item in part]))
			.run()
		)


def not_ordered(situation: Situation, proposals: Sequence[Proposal], at: Sequence[int]) -> str:
	"""What a run keeps of the item-warehouses `at` that it orders nothing of: a JSON object of columns.

	Those come first that would be ordered, were they not held back.
	"""
	at = sorted(at, key=lambda i: not proposals[i].held_back)
	projected = situation.stock.projected
	columns: dict[str, list[Any]] = {
		name: [_plain(getattr(proposals[i], name)) for i in at] for name in _NOT_ORDERED
	}
	columns["target"] = [_plain(proposals[i].why.target) for i in at]
	columns["projected"] = [_plain(float(projected[i])) for i in at]
	return json.dumps(columns)


def _targets_of_last_run(agent: str) -> dict[tuple[str, str], float]:
	"""The level that the agent's last run filled up to, or would have, by item and warehouse."""
	last = frappe.get_all(
		"RL Proposal Run",
		{"agent": agent, "status": ("in", ("Completed", "Partly"))},
		["name", "not_ordered"],
		order_by="creation desc",
		limit=1,
	)
	if not last:
		return {}
	kept = json.loads(last[0].not_ordered or "{}")
	found = dict(
		zip(
			zip(kept.get("item_code", ()), kept.get("warehouse", ()), strict=True),
			# runs before this column was kept have none
			kept.get("target", ()),
			strict=False,
		)
	)
	proposal = frappe.qb.DocType("RL Proposal")
	rows = (
		frappe.qb.from_(proposal)
		.select(proposal.item_code, proposal.warehouse, proposal.state)
		.where(proposal.run == last[0].name)
		.run()
	)
	for item_code, warehouse, state in rows:
		found[item_code, warehouse] = flt(json.loads(state or "{}").get("target"))
	return found


def _last_buyers(agent: str, proposals: Sequence[Proposal]) -> dict[tuple[str, str], str]:
	"""Who decided last about each item-warehouse, of those that somebody has decided about."""
	row = frappe.qb.DocType("RL Feedback")
	at = Keys([ItemKey(each.item_code, each.warehouse) for each in proposals])
	latest = (
		frappe.qb.from_(row)
		.select(row.item_code, row.warehouse, Max(row.creation).as_("creation"))
		.where((row.agent == agent) & row.buyer.isnotnull() & at.include(row.item_code, row.warehouse))
		.groupby(row.item_code, row.warehouse)
	)
	rows = (
		frappe.qb.from_(row)
		.join(latest)
		.on(
			(row.item_code == latest.item_code)
			& (row.warehouse == latest.warehouse)
			& (row.creation == latest.creation)
		)
		.select(row.item_code, row.warehouse, row.buyer)
		.where((row.agent == agent) & row.buyer.isnotnull())
		.run()
	)
	return {(item_code, warehouse): buyer for item_code, warehouse, buyer in rows}


def _state(
	settings: Document, situation: Situation, i: int, proposal: Proposal, most_stock: float, projected: float
) -> dict[str, float]:
	"""What the policy saw and how it came to the quantity, in stock UOM and days."""
	demand = situation.state.demand
	found = {
		**asdict(proposal.why),
		"projected": projected,
		"policy_qty": situation.purchasing.in_stock_units(i, proposal.policy_qty),
		"mean_daily_demand": float(demand.level_91[i]),
		"pack": float(situation.items.order_unit[i]),
		"review_days": settings.review_days,
		"lead_time_days": float(situation.items.lead_time_days[i]),
		"lead_time_std_days": float(situation.items.lead_time_std_days[i]),
	}
	if most_stock:
		found["most_stock"] = most_stock
	if proposal.from_warehouse:
		found["saved"] = proposal.saved
	return {name: round(figures.exact(value), DIGITS) for name, value in found.items() if np.isfinite(value)}


def _plain(value: Any) -> Any:
	return round(value, 3) if isinstance(value, float) else value
