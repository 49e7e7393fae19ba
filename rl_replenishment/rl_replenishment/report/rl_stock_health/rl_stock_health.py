"""Which item-warehouses of an agent run out before an order could arrive, and which hold too much."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import frappe
import numpy as np
import numpy.typing as npt
from frappe import _
from frappe.utils import cint, flt, getdate

from rl_replenishment.bridge.desk.reporting import chosen_agent, column, given, in_group, link_column
from rl_replenishment.bridge.guarding import plain
from rl_replenishment.bridge.state.demand import read_demand
from rl_replenishment.bridge.state.parameters import read_parameters
from rl_replenishment.bridge.state.real_demand import usual_demand
from rl_replenishment.bridge.state.scope import resolve_scope
from rl_replenishment.bridge.state.stock import Stock, read_stock
from rl_replenishment.bridge.visibility import Limits
from rl_replenishment.core.demand.statistics import QUARTER
from rl_replenishment.core.items import FloatArray
from rl_replenishment.core.overdue import patience_days
from rl_replenishment.core.policies.base import protection_days
from rl_replenishment.core.written import as_written

#: in the order in which they are looked at
HEALTH = ("Out of Stock", "Runs Out", "Healthy", "Too Much")
_COLOURS = ("Red", "Orange", "Green", "Blue")
#: too much is what lasts for more protection intervals than these, and for more than a quarter
_MOST_INTERVALS = 3
#: stock is projected this far
_HORIZON_DAYS = 366


def execute(filters: dict[str, Any] | None = None) -> tuple:
	"""Columns, rows, message, chart, summary."""
	filters = given(filters)
	agent = chosen_agent(filters.agent, in_part=True)
	if not agent:
		return _columns(), [], _("There is no agent yet: make one in RL Agent Settings."), None, []
	rows = Limits("RL Proposal").keep(
		_rows(frappe.get_doc("RL Agent Settings", agent)),
		item_code="Item",
		item_group="Item Group",
		warehouse="Warehouse",
		supplier="Supplier",
	)
	for name in ("warehouse", "supplier"):
		if filters.get(name):
			rows = [row for row in rows if row[name] == filters[name]]
	if filters.item_group:
		groups = in_group(filters.item_group)
		rows = [row for row in rows if row["item_group"] in groups]
	if cint(filters.overdue):
		rows = [row for row in rows if row["overdue"] > 0]
	message = None if rows else _("The agent has no such item-warehouse.")
	wanted = _(filters.health) if filters.health else None
	shown = [row for row in rows if wanted in (None, row["health"])]
	counts = Counter(row["health"] for row in rows)
	return _columns(), shown, message, _chart(counts), _summary(rows, counts)


def _rows(settings: Any) -> list[dict[str, Any]]:
	keys = resolve_scope(settings).keys
	if not keys:
		return []
	today = getdate()
	items, bought = read_parameters(settings, keys)
	quarter = read_demand(settings, keys, days=QUARTER, today=today)
	rate = usual_demand(settings, items, quarter).demand.mean(axis=0)
	patience = patience_days(items.lead_time_days, items.lead_time_std_days)
	stock = read_stock(settings, keys, today, items.whole_lead_time_days, rate, patience)
	cover = np.where(rate > 0, np.maximum(stock.on_hand, 0) / np.maximum(rate, 1e-9), np.inf)
	empty_in = days_until_empty(stock, rate)
	interval = protection_days(items, settings.review_days)
	# what arrives after so many days hides nothing, and is not too much yet
	most_days = np.maximum(_MOST_INTERVALS * interval, QUARTER)
	position = stock.within(most_days)
	is_coming = stock.arrivals.any(axis=0)
	next_in = (stock.arrivals > 0).argmax(axis=0) if len(stock.arrivals) else np.zeros(len(keys), int)
	health = np.select(
		[
			(stock.on_hand <= 0) & (rate > 0),
			empty_in <= interval,
			(position > rate * most_days) & (position > items.smallest_order),
		],
		[0, 1, 3],
		2,
	)
	currency = frappe.get_cached_value("Company", settings.company, "default_currency")
	names = [_(name) for name in HEALTH]
	# as the policy reckons where no rate is known
	unit_cost = np.where(bought.rates > 0, bought.rates, items.unit_cost).tolist()
	shown = {
		name: as_written(column).tolist()
		for name, column in (
			("on_hand", stock.on_hand),
			("on_order", stock.on_order),
			("overdue", stock.overdue),
			("daily_demand", rate),
			("days_of_cover", cover),
		)
	}
	return [
		{
			"agent": settings.name,
			"item_code": key.item_code,
			"item_name": plain(bought.item_names[i]),
			"item_group": items.groups[i],
			"warehouse": key.warehouse,
			"supplier": items.suppliers[i] or None,
			"health": names[health[i]],
			"on_hand": shown["on_hand"][i],
			"on_order": shown["on_order"][i],
			"next_arrival": today + timedelta(days=int(next_in[i])) if is_coming[i] else None,
			"overdue": shown["overdue"][i],
			"daily_demand": shown["daily_demand"][i],
			"days_of_cover": shown["days_of_cover"][i] if np.isfinite(cover[i]) else None,
			"stockout_date": today + timedelta(days=int(empty_in[i]))
			if empty_in[i] <= _HORIZON_DAYS
			else None,
			"uom": bought.stock_uoms[i],
			"value": flt(max(shown["on_hand"][i], 0) * unit_cost[i], 2),
			"currency": currency,
		}
		# the worst first; not a column, since JSON knows no infinity
		for i, key in sorted(enumerate(keys), key=lambda at: (health[at[0]], empty_in[at[0]]))
	]


def days_until_empty(stock: Stock, rate: FloatArray) -> npt.NDArray[np.float64]:
	"""Days until stock and arrivals do not cover the usual demand and what is promised; inf for never."""
	days = np.arange(_HORIZON_DAYS + 1)
	change = np.zeros((len(days), len(rate)), np.float32)
	for by_day, sign in ((stock.arrivals, 1), (stock.promised, -1)):
		known = by_day[: len(days)]
		change[: len(known)] += sign * known
	left = stock.on_hand + np.cumsum(change, axis=0) - (days[:, None] + 1) * rate
	short = (left < 0) & ((rate > 0) | (stock.promised.sum(axis=0) > 0))
	return np.where(short.any(axis=0), short.argmax(axis=0), np.inf)


def _columns() -> list[dict[str, Any]]:
	return [
		link_column("item_code", _("Item"), "Item", 140),
		column("item_name", _("Item Name"), "Data", 180),
		link_column("warehouse", _("Warehouse"), "Warehouse", 150),
		column("health", _("Health"), "Data", 110),
		column("stockout_date", _("Runs Out On"), "Date", 110),
		column("days_of_cover", _("Days of Stock"), "Float", 120, precision=1),
		column("on_hand", _("On Hand"), "Float", 100),
		column("on_order", _("On Order"), "Float", 100),
		column("next_arrival", _("Next Arrival"), "Date", 110),
		column("overdue", _("Overdue"), "Float", 100),
		column("uom", _("UOM"), "Data", 80),
		column("daily_demand", _("Demand per Day"), "Float", 130, precision=2),
		column("value", _("Value on Hand"), "Currency", 130, options="currency"),
		link_column("supplier", _("Supplier"), "Supplier", 150),
		link_column("item_group", _("Item Group"), "Item Group", 130),
	]


def _chart(counts: Counter[str]) -> dict[str, Any] | None:
	if not counts:
		return None
	names = [_(name) for name in HEALTH]
	# a colour belongs to a dataset: one for each
	parts = [
		{"name": name, "values": [counts[name] if name == each else 0 for each in names]} for name in names
	]
	return {
		"data": {"labels": names, "datasets": parts},
		"type": "bar",
		"barOptions": {"stacked": 1},
		"colors": [colour.lower() for colour in _COLOURS],
	}


def _summary(rows: list[dict[str, Any]], counts: Counter[str]) -> list[dict[str, Any]]:
	if not rows:
		return []
	shown = [
		# none of a kind is neither good nor bad
		{
			"label": _(name),
			"value": counts[_(name)],
			"datatype": "Int",
			"indicator": colour if counts[_(name)] else "",
		}
		for name, colour in zip(HEALTH, _COLOURS, strict=True)
	]
	value = {
		"label": _("Value on Hand"),
		"value": flt(sum(row["value"] for row in rows), 2),
		"datatype": "Currency",
		"currency": rows[0]["currency"],
	}
	return [*shown, value]
