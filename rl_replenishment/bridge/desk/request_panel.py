"""What the form of a Material Request shows beside the lines that an agent proposed."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import frappe
import numpy as np
from frappe import _
from frappe.utils import flt, getdate

from rl_replenishment.bridge.origin import is_of
from rl_replenishment.bridge.proposing.snoozed import read_snoozed, snoozed_until
from rl_replenishment.bridge.state.demand import read_demand
from rl_replenishment.bridge.state.stock import read_stock
from rl_replenishment.bridge.visibility import Limits
from rl_replenishment.core.items import ItemKey
from rl_replenishment.core.overdue import patience_days

#: days of past demand in the picture
PAST_DAYS = 56


def proposals_of(request: str) -> dict[str, dict[str, Any]]:
	"""The proposals behind a request's lines, by name, in two queries for any number of lines."""
	rows = _proposals(request)
	snoozed = read_snoozed({row.agent for row in rows}, getdate())
	return {
		row.name: {
			**_shown(row),
			"snoozed_until": snoozed_until(snoozed, row.agent, row.item_code, row.warehouse),
		}
		for row in rows
	}


def _proposals(request: str) -> list[Any]:
	"""Whoever may read a request may see what an agent says of it, but what User Permissions keep away."""
	proposal, line = frappe.qb.DocType("RL Proposal"), frappe.qb.DocType("Material Request Item")
	header = frappe.qb.DocType("Material Request")
	return (
		frappe.qb.from_(line)
		.join(header)
		.on(header.name == line.parent)
		.join(proposal)
		.on(is_of(proposal, line, header))
		.select(
			*(proposal.name, proposal.proposed_qty, proposal.baseline_qty, proposal.uom, proposal.rate),
			*(proposal.explanation, proposal.state, proposal.days_of_stock, proposal.supplier),
			*(proposal.agent, line.item_code, line.warehouse, line.stock_qty, line.ordered_qty),
			*(line.received_qty, line.schedule_date, line.docstatus, header.status),
		)
		.where((line.parent == request) & Limits("RL Proposal").criterion(proposal))
		.run(as_dict=True)
	)


def _shown(row: Any) -> dict[str, Any]:
	return {
		"proposed_qty": row.proposed_qty,
		"baseline_qty": row.baseline_qty,
		"uom": row.uom,
		"rate": row.rate,
		"explanation": row.explanation,
		"state": json.loads(row.state or "{}"),
		"days_of_stock": row.days_of_stock,
		"supplier": row.supplier,
	}


def picture_of(request: str, name: str) -> dict[str, Any]:
	"""Recent demand, and stock as it will be with and without a proposed order, as of today.

	`past` is demand per day, `PAST_DAYS` up to yesterday. `without` and `with_order` are stock at the end of
	each day from today on, of shape (days,), where the usual demand and what is promised are met. Raises
	`DoesNotExistError` where the request has no such line.
	"""
	line = next((row for row in _proposals(request) if row.name == name), None)
	if not line:
		raise frappe.DoesNotExistError(
			_("Material Request {0} has no line of proposal {1}.").format(request, name)
		)
	settings = frappe.get_doc("RL Agent Settings", line.agent)
	state, today = json.loads(line.state or "{}"), getdate()
	keys = [ItemKey(line.item_code, line.warehouse)]
	past = read_demand(settings, keys, days=PAST_DAYS, today=today).demand[:, 0]
	rate = np.float32([flt(state.get("mean_daily_demand"))])
	# as the policy looked at it
	lead_time = [np.float32([flt(state.get(name))]) for name in ("lead_time_days", "lead_time_std_days")]
	stock = read_stock(settings, keys, today, rate=rate, patience=patience_days(*lead_time))
	days = int(flt(state.get("protection_days")) or settings.review_days) + settings.review_days
	arrived = np.zeros(days)
	known = stock.arrivals[:days, 0]
	arrived[: len(known)] += known
	leaving = rate[0] * np.ones(days)
	promised = stock.promised[:days, 0]
	leaving[: len(promised)] += promised
	both = float(stock.on_hand[0]) + np.cumsum(arrived) - np.cumsum(leaving)
	# the request itself is among what is to arrive, on its day or nearby
	is_over = line.docstatus == 2 or line.status == "Stopped"
	wanted = flt(line.ordered_qty) if is_over else max(flt(line.stock_qty), flt(line.ordered_qty))
	left = max(wanted - flt(line.received_qty), 0.0)
	own, due = np.zeros(days), (getdate(line.schedule_date) - today).days
	for day in sorted(range(days), key=lambda day: abs(day - due)):
		own[day] = min(arrived[day], left)
		left -= own[day]
	return {
		"start": today - timedelta(days=len(past)),
		"past": np.round(past.astype(np.float64), 3).tolist(),
		"without": np.round(both - np.cumsum(own), 3).tolist(),
		"with_order": np.round(both, 3).tolist(),
		"reorder_point": state.get("reorder_point"),
		"target": state.get("target"),
		"most_stock": state.get("most_stock"),
	}
