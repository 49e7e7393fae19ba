"""What policies would have cost on the days that the agent's latest training held out, beside the rules."""

from __future__ import annotations

from typing import Any

import frappe
from frappe import _
from frappe.utils import cint, flt

from rl_replenishment.bridge.desk.reporting import chosen_agent, column, given, percent
from rl_replenishment.bridge.policies.promotion import CANDIDATE, is_luck
from rl_replenishment.bridge.policies.store import active_policy, policy_name
from rl_replenishment.core.evaluation.as_ordered import NAME as AS_ORDERED
from rl_replenishment.rl_replenishment.report.rl_backtest import by_item


def execute(filters: dict[str, Any] | None = None) -> tuple:
	"""Columns, rows, message, chart, summary."""
	filters = given(filters)
	agent = chosen_agent(filters.agent)
	if not agent:
		return _columns(), [], _("There is no agent yet: make one in RL Agent Settings."), None, []
	company, active = frappe.db.get_value("RL Agent Settings", agent, "company"), active_policy(agent)
	currency = frappe.get_cached_value("Company", company, "default_currency")
	if filters.by == "Item":
		return by_item.execute(agent, active, currency, filters)
	asked = {"agent": agent, **({"name": filters.policy} if filters.policy else {})}
	policies = frappe.get_list(
		"RL Policy", asked, ["name", "version", "metrics"], order_by="version desc, creation desc", limit=0
	)
	# the latest comparison: it has earlier policies on the same days, with the same luck
	compared = next((rows for policy in policies if (rows := _of_policy(policy))), [])
	rows = [{**row, "currency": currency, "in_use": cint(row["compared"] == active)} for row in compared]
	if not rows:
		return (
			_columns(),
			[],
			_("No policy of this agent was compared on held-out days yet: train."),
			None,
			[],
		)
	shown = filters.policy or rows[0]["policy"]
	latest = [row for row in rows if row["policy"] == shown]
	return _columns(), rows, None, _chart(latest, agent), _summary(latest)


def _of_policy(policy: Any) -> list[dict[str, Any]]:
	metrics = frappe.parse_json(policy.metrics) or {}
	holdout = metrics.get("holdout") or {}
	compared = holdout.get("policies") or []
	of_ordered = (holdout.get("vs_as_ordered") or {}).get("ci95")
	return [
		{
			"policy": policy.name,
			"version": policy.version,
			"holdout_days": metrics.get("holdout_days"),
			"rule": row["name"],
			"compared": policy.name if row["name"] == CANDIDATE else policy_name(row["name"]),
			"is_best_rule": cint(flt(row["cost_vs_best_baseline"]) == 0 and row is not compared[0]),
			"against_best": 100 * flt(row["cost_vs_best_baseline"]),
			"is_luck": cint(is_luck(row.get("ci95"))),
			"is_luck_of_ordered": cint(is_luck(of_ordered)),
			"fill_rate": 100 * flt(row["fill_rate"]),
			**{
				name: row[name]
				for name in (
					"cost",
					"holding_cost",
					"stockout_cost",
					"order_cost",
					"waste_cost",
					"stockout_days",
					"orders",
				)
			},
		}
		for row in compared
	]


def _columns() -> list[dict[str, Any]]:
	return [
		column("policy", _("RL Policy"), "Link", 180, options="RL Policy"),
		column("in_use", _("In Use"), "Check", 70),
		column("compared", _("Compared"), "Data", 160),
		column("cost", _("Cost"), "Currency", 130, options="currency"),
		column("against_best", _("Against the Best Rule"), "Percent", 180),
		column("fill_rate", _("Fill Rate"), "Percent", 100),
		column("holding_cost", _("Holding"), "Currency", 120, options="currency"),
		column("stockout_cost", _("Stock-outs"), "Currency", 120, options="currency"),
		column("order_cost", _("Ordering"), "Currency", 120, options="currency"),
		column("waste_cost", _("Waste"), "Currency", 110, options="currency"),
		column("stockout_days", _("Stock-out Days"), "Float", 130),
		column("orders", _("Order Lines"), "Int", 110),
		column("holdout_days", _("Days"), "Int", 80),
	]


def _chart(rows: list[dict[str, Any]], agent: str) -> dict[str, Any]:
	parts = (
		("holding_cost", _("Holding")),
		("stockout_cost", _("Stock-outs")),
		("order_cost", _("Ordering")),
		("waste_cost", _("Waste")),
	)
	return {
		"data": {
			# there is little room: the version will do
			"labels": [row["compared"].removeprefix(f"{agent}-") for row in rows],
			"datasets": [
				{"name": label, "values": [flt(row[name], 2) for row in rows]} for name, label in parts
			],
		},
		"type": "bar",
		"barOptions": {"stacked": 1},
		# what is missed is a warning
		"colors": ["blue", "orange", "#a8b0b9", "red"],
		"fieldtype": "Currency",
	}


def _summary(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
	learned = rows[0]
	really = next((row for row in rows if row["rule"] == AS_ORDERED), None)
	return [
		{
			"label": _("Cost of {0}").format(learned["compared"]),
			"value": learned["cost"],
			"datatype": "Currency",
			"currency": learned["currency"],
		},
		*([_against_ordered(learned, really)] if really and really["cost"] else []),
		{
			"label": _("Against the Best Rule"),
			**percent(learned["against_best"]),
			"indicator": "Gray"
			if learned["is_luck"]
			else "Green"
			if learned["against_best"] < 0
			else "Orange",
		},
		{"label": _("Fill Rate"), **percent(learned["fill_rate"])},
	]


def _against_ordered(learned: dict[str, Any], really: dict[str, Any]) -> dict[str, Any]:
	"""What the policy would have cost over what the company's own purchasing did."""
	share = 100 * (learned["cost"] / really["cost"] - 1)
	return {
		"label": _("Against What Was Really Ordered"),
		**percent(share),
		"indicator": "Gray" if learned["is_luck_of_ordered"] else "Green" if share < 0 else "Orange",
	}
