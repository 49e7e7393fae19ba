"""What another policy would propose differently now, for whoever is about to put it to use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import frappe
import numpy as np
from frappe import _
from frappe.model.document import Document
from frappe.utils import flt, getdate

from rl_replenishment.bridge import figures
from rl_replenishment.bridge.guarding import plain
from rl_replenishment.bridge.policies.service_targets import serving
from rl_replenishment.bridge.policies.store import active_policy, load
from rl_replenishment.bridge.state.situation import Situation, read_situation
from rl_replenishment.bridge.state.stock import take_off
from rl_replenishment.core.demand.known_events.stored import events_known_to
from rl_replenishment.core.edits.constraints import LEARNED_CONSTRAINTS, constrained
from rl_replenishment.core.errors import PolicyFileError
from rl_replenishment.core.feedback import ROUNDING
from rl_replenishment.core.policies.adaptation import adapted_to
from rl_replenishment.core.policies.store import StoredPolicy
from rl_replenishment.core.proposal import Proposal, propose

#: more are no longer read
_MOST_ROWS = 200


def differences(policy: str) -> dict[str, Any]:
	"""The wishes of a policy beside those of the one in use, on today's stock and demand; writes nothing.

	Drafts of the agent count for nothing, as if nobody had proposed yet; its service targets count for both.
	Buyers' lessons and announcements, what is snoozed, suppliers' terms, transfers and the limits of a
	run are left aside. `rows` are what differs, by the size of its value, at most `_MOST_ROWS` of `count`;
	quantities in stock UOM, money in `currency`.
	"""
	agent = frappe.db.get_value("RL Policy", policy, "agent")
	settings = frappe.get_doc("RL Agent Settings", agent)
	in_use = active_policy(agent)
	today = getdate()
	try:
		stored = [load(policy), *([load(in_use)] if in_use and in_use != policy else [])]
	except PolicyFileError as error:
		frappe.throw(str(error), title=_("Policy Cannot Be Used"))
	situation = _without_drafts(agent, read_situation(settings, today), today)
	new, *rest = (_wishes(settings, each, situation) for each in stored)
	# of the one in use itself nothing differs
	old = rest[0] if rest else new if policy == in_use else [0.0] * len(new)
	bought = situation.purchasing
	rows = []
	for i, (key, now, before) in enumerate(zip(situation.scope.keys, new, old, strict=True)):
		if abs(now - before) <= ROUNDING:
			continue
		rows.append(
			{
				"item_code": key.item_code,
				"item_name": plain(bought.item_names[i]),
				"warehouse": key.warehouse,
				"uom": bought.stock_uoms[i],
				"now": before,
				"then": now,
				"value": figures.money((now - before) * float(bought.rates[i])),
			}
		)
	rows.sort(key=lambda row: -abs(row["value"]))
	rates = [float(rate) for rate in bought.rates]
	return {
		"in_use": in_use,
		"rows": rows[:_MOST_ROWS],
		"count": len(rows),
		"considered": len(new),
		"value_now": figures.money(sum(wish * rate for wish, rate in zip(old, rates, strict=True))),
		"value_then": figures.money(sum(wish * rate for wish, rate in zip(new, rates, strict=True))),
		"currency": frappe.get_cached_value("Company", settings.company, "default_currency"),
	}


def _wishes(settings: Document, stored: StoredPolicy, situation: Situation) -> list[float]:
	"""What a policy asks for of each item-warehouse, in whole stock units where documents have these."""
	if not situation.scope.keys:
		return []
	own = situation.with_items(constrained(situation.items, stored.about.get(LEARNED_CONSTRAINTS, ())))
	own = own.with_events(events_known_to(stored.about).effects)
	policy = serving(settings, adapted_to(stored, own.scope.keys).policy, own.items, own.state.demand)
	asked: Sequence[Proposal] = propose(policy, own.state)
	return [own.purchasing.in_stock_units(i, each.proposed_qty) for i, each in enumerate(asked)]


def _without_drafts(agent: str, situation: Situation, today: date) -> Situation:
	"""As if what waits in the agent's draft requests had not been proposed yet."""
	request, line = frappe.qb.DocType("Material Request"), frappe.qb.DocType("Material Request Item")
	rows = (
		frappe.qb.from_(line)
		.join(request)
		.on(request.name == line.parent)
		.select(
			*(line.item_code, line.warehouse, line.stock_qty, line.schedule_date),
			*(request.material_request_type, line.from_warehouse),
		)
		.where((request.rl_agent == agent) & (request.docstatus == 0))
		.where(request.material_request_type.isin(["Purchase", "Material Transfer"]))
		.run()
	)
	position = {tuple(key): i for i, key in enumerate(situation.scope.keys)}
	arrivals, on_hand = situation.state.arrivals.copy(), situation.state.on_hand.copy()
	for item_code, warehouse, quantity, due, kind, source in rows:
		column = position.get((item_code, warehouse))
		if column is not None:
			take_off(arrivals, column, (getdate(due) - today).days if due else 0, flt(quantity))
		column = position.get((item_code, source)) if kind == "Material Transfer" else None
		if column is not None:
			# what is to be moved counts as gone
			on_hand[column] += flt(quantity)
	# the noise of sums in single precision
	left = np.where(arrivals > 1e-3, arrivals, 0).astype(np.float32)
	return replace(situation, state=replace(situation.state, arrivals=left, on_hand=on_hand))
