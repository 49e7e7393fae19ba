"""An agent's items as its policy sees them now, in pages that are all of one moment."""

from __future__ import annotations

import json
from typing import Any

import frappe
import numpy as np
from frappe import _
from frappe.model.document import Document
from frappe.utils import cint, getdate, now_datetime

from rl_replenishment.bridge import figures
from rl_replenishment.bridge.policies import store as policy_store
from rl_replenishment.bridge.policies.service_targets import serving
from rl_replenishment.bridge.state.situation import read_situation
from rl_replenishment.core.demand.known_events.stored import events_known_to
from rl_replenishment.core.edits.constraints import LEARNED_CONSTRAINTS, constrained
from rl_replenishment.core.errors import PolicyFileError
from rl_replenishment.core.feedback import feedback_scale
from rl_replenishment.core.items import FloatArray
from rl_replenishment.core.policies.adaptation import adapted_to
from rl_replenishment.core.policies.base import usual_rate

MOST_ROWS = 1000
_KEPT_SECONDS = 600


def read_page(agent: str, start: int, limit: int, moment: str) -> dict[str, Any]:
	"""Rows of the state from `start` on; with the `moment` of the first page's answer, of that moment."""
	start, limit = max(cint(start), 0), min(max(cint(limit), 1), MOST_ROWS)
	if moment:
		kept = frappe.cache.get_value(_key(agent, moment), expires=True)
		if not kept:
			frappe.throw(_("This state was too long ago; begin with the first page again."))
	else:
		moment = frappe.generate_hash(length=20)
		kept = json.dumps(_read(frappe.get_doc("RL Agent Settings", agent)))
	state = json.loads(kept)
	rows = state.pop("rows")
	if start + limit < len(rows):
		frappe.cache.set_value(_key(agent, moment), kept, expires_in_sec=_KEPT_SECONDS)
	return {
		**state,
		"moment": moment,
		"start": start,
		"total": len(rows),
		"rows": rows[start : start + limit],
	}


def _key(agent: str, moment: str) -> str:
	# a user sees what was read for the same user alone
	return f"rl_replenishment.state.{agent}.{frappe.session.user}.{moment}"


def _read(settings: Document) -> dict[str, Any]:
	name = policy_store.active_policy(settings.name)
	if not name:
		frappe.throw(_("Agent {0} has no policy yet: let it propose once.").format(settings.name))
	try:
		stored = policy_store.load(name)
	except PolicyFileError as error:
		frappe.throw(str(error), title=_("Policy Cannot Be Used"))
	situation = read_situation(settings, getdate())
	items = constrained(situation.items, stored.about.get(LEARNED_CONSTRAINTS, ()))
	state = situation.with_items(items).with_events(events_known_to(stored.about).effects).state
	policy = serving(settings, adapted_to(stored, items.keys).policy, items, state.demand)
	seen = policy.situation(state)
	observed = policy.normaliser(seen.observation)
	rate = usual_rate(state)
	columns: dict[str, FloatArray] = {
		"on_hand": state.on_hand,
		"on_order": state.arrivals.sum(axis=0),
		"inventory_position": state.inventory_position,
		"daily_demand": rate,
		"lead_time_days": items.lead_time_days,
		"order_multiple": items.order_multiple,
		"min_order_qty": items.min_order_qty,
		"policy_qty": policy.order_quantities(state),
		# what a difference of 1 reward is, as in feedback
		"scale": feedback_scale(items.order_unit, state.demand.level_91, settings.review_days),
	}
	rows = []
	for i, key in enumerate(items.keys):
		row: dict[str, Any] = {"item_code": key.item_code, "warehouse": key.warehouse}
		row["uom"] = situation.purchasing.stock_uoms[i]
		# a request of a part of one would be refused
		row["whole"] = bool(situation.purchasing.whole[i])
		row |= {column: figures.exact(float(values[i])) for column, values in columns.items()}
		row["observation"] = [round(float(value), 6) for value in np.asarray(observed[i])]
		rows.append(row)
	return {"agent": settings.name, "policy": name, "as_of": str(now_datetime()), "rows": rows}
