"""What the board shows: its lines with money, cover and what is unusual about them, and who supplies them."""

from __future__ import annotations

from datetime import date
from typing import Any

import frappe
import numpy as np
from frappe.utils import flt, getdate

from rl_replenishment.bridge.board.buying_prices import read_prices
from rl_replenishment.bridge.board.moving import read_transfers
from rl_replenishment.bridge.board.open_lines import OpenLine, asked_for, read_open_lines
from rl_replenishment.bridge.board.outlooks import Outlooks, read_outlooks
from rl_replenishment.bridge.board.supplier_terms import board_terms
from rl_replenishment.bridge.board.what_if import effects, whole_days
from rl_replenishment.bridge.figures import money
from rl_replenishment.bridge.proposing.snoozed import read_snoozed, snoozed_until
from rl_replenishment.bridge.queries import one_of
from rl_replenishment.bridge.state.budget import read_budget
from rl_replenishment.bridge.state.order_prices import OrderPrice
from rl_replenishment.bridge.visibility import agents, agents_in_part
from rl_replenishment.core.outlook import project, runs_out_in

#: how many times what the classical rule orders is large, and how many intervals' demand is a long cover
_LARGE, _LONG_COVER_INTERVALS = 2.0, 4.0
#: percent that the target moved since the last run
_CHANGED = 25.0
#: share of the quantity that learning added or took off
_LEARNED = 0.1


def board(agent: str | None) -> dict[str, Any]:
	"""All that the board needs, in one answer and a bounded number of queries per agent."""
	today = getdate()
	lines, more = read_open_lines(agent)
	prices = read_prices(lines, today)
	shown = [row for group in read_outlooks(lines, today) for row in _rows(group, prices)]
	order = {line.proposal: i for i, line in enumerate(lines)}
	shown.sort(key=lambda row: order[row["proposal"]])
	transfers, known_agents = read_transfers(agent), _agents(today)
	# of an agent that is not seen as a whole there may be transfers alone
	companies = {line.company for line in lines} | {each["company"] for each in (*transfers, *known_agents)}
	reasons = frappe.get_meta("Material Request Item").get_field("rl_edit_reason").options
	return {
		"lines": shown,
		"more": more,
		"transfers": transfers,
		"suppliers": _suppliers({line.supplier for line in lines if line.supplier}),
		"currencies": {
			company: frappe.get_cached_value("Company", company, "default_currency") for company in companies
		},
		"agents": known_agents,
		"terms": board_terms(lines, today),
		"reasons": [reason for reason in reasons.split("\n") if reason],
		"may": {
			"edit": bool(frappe.has_permission("Material Request", "write")),
			"approve": bool(frappe.has_permission("Material Request", "submit"))
			and bool(frappe.has_permission("Purchase Order", "create")),
			"move": bool(frappe.has_permission("Material Request", "submit")),
			"submit": bool(frappe.has_permission("Purchase Order", "submit")),
			"snooze": bool(frappe.has_permission("RL Snooze", "create")),
		},
	}


def from_supplier(supplier: str, sent: Any) -> dict[str, Any]:
	"""What open lines cost, by proposal, and what is asked of their order, bought of a supplier.

	Of lines that have none of their own, once the buyer has chosen one.
	"""
	today = getdate()
	found, _more = read_open_lines(proposals=asked_for(sent))
	lines = [line._replace(supplier=supplier) for line in found]
	prices = read_prices(lines, today)
	return {
		"lines": {line.proposal: _price(line, prices[line.proposal]) for line in lines},
		"terms": board_terms(lines, today),
		"suppliers": _suppliers({supplier}),
	}


def _rows(group: Outlooks, prices: dict[str, OrderPrice]) -> list[dict[str, Any]]:
	lines = group.lines
	with_order = project(group.outlook, np.array([line.wanted for line in lines], np.float32))
	# cover alone: what is missed without an order is nobody's question on the whole board
	rate = np.maximum(group.outlook.rate, 1e-9)
	before = np.maximum(group.outlook.on_hand + group.on_order, 0) / rate
	snoozed = read_snoozed({line.agent for line in group.lines}, getdate())
	urgency = _urgency(group)
	return [
		{
			**_of_line(line, prices[line.proposal]),
			"on_hand": round(float(group.outlook.on_hand[i]), 3),
			**effects(with_order, i),
			"on_order": round(float(group.on_order[i]), 3),
			"next_arrival": group.next_arrivals[i],
			"cover_before": whole_days(before[i]),
			# in stock UOM
			"daily_demand": round(float(rate[i]), 4),
			"snoozed_until": snoozed_until(snoozed, line.agent, line.item_code, line.warehouse),
			"urgency": urgency[i],
			"marks": _marks(line, whole_days(with_order.cover_days[i])),
		}
		for i, line in enumerate(lines)
	]


def _of_line(line: OpenLine, price: OrderPrice) -> dict[str, Any]:
	return {
		"proposal": line.proposal,
		"agent": line.agent,
		"company": line.company,
		"item_code": line.item_code,
		"item_name": line.item_name,
		"warehouse": line.warehouse,
		"supplier": line.supplier,
		"request": line.request,
		"modified": line.request_modified,
		"is_draft": line.is_draft,
		"days_of_stock": line.days_of_stock,
		"proposed": line.proposed_qty,
		"qty": flt(line.wanted / line.conversion, 6),
		"uom": line.uom,
		"stock_uom": line.stock_uom,
		"conversion": line.conversion,
		**_price(line, price),
		"required_by": line.required_by,
		"reason": line.edit_reason,
		"explanation": line.explanation,
		"lesson": line.lesson,
		"without_lesson": line.without_lesson,
	}


def _price(line: OpenLine, price: OrderPrice) -> dict[str, Any]:
	"""Per purchase unit."""
	return {
		"price": price.rate * line.conversion,
		# quantities from which it is another one, in purchase UOM
		"breaks": [[flt(least / line.conversion, 6), rate * line.conversion] for least, rate in price.breaks],
		"price_source": price.source,
	}


def _urgency(group: Outlooks) -> list[str]:
	"""How soon stock and what else arrives are gone, against when an order could be there, of each line."""
	outlook = group.outlook
	gone_in = runs_out_in(outlook)
	found = np.select(
		[outlook.on_hand <= 0, gone_in < outlook.arrival_days, gone_in < outlook.protection_days],
		["out", "late", "soon"],
		"later",
	)
	return [str(each) for each in found]


def _marks(line: OpenLine, cover: float) -> list[str]:
	"""What a buyer should look at twice."""
	state, found = line.state, []
	if line.proposed_qty > _LARGE * line.baseline_qty:
		found.append("large")
	if cover > _LONG_COVER_INTERVALS * max(flt(state.get("protection_days")), 1):
		found.append("long_cover")
	if abs(line.target_change) >= _CHANGED:
		found.append("changed")
	if abs(flt(state.get("correction"))) > _LEARNED * max(line.proposed_qty, 1e-9):
		found.append("learned")
	if flt(state.get("left_out")) > 0:
		found.append("outlier")
	if line.overdue_qty > 0:
		found.append("overdue")
	return found


def _suppliers(names: set[str]) -> dict[str, str]:
	"""What suppliers are called, by name of their document."""
	supplier = frappe.qb.DocType("Supplier")
	rows = (
		frappe.qb.from_(supplier)
		.select(supplier.name, supplier.supplier_name)
		.where(one_of(supplier.name, names))
		.run()
	)
	return dict(rows)


def _agents(today: date) -> list[dict[str, Any]]:
	found = frappe.get_all(
		"RL Agent Settings",
		{"name": ("in", [*agents_in_part(), ""])},
		["name", "company", "last_run_on", "max_run_value", "max_month_value"],
		order_by="name",
	)
	whole = set(agents())
	for agent in found:
		# what it has spent speaks of all that it buys
		budget = read_budget(agent, today) if agent.name in whole else None
		agent.budget = (
			{"month": money(budget.month), "left": money(budget.left_of_month or 0.0)}
			if budget and budget.month > 0
			else None
		)
		del agent["max_run_value"], agent["max_month_value"]
	return found
