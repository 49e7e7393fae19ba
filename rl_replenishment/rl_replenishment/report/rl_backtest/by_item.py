"""The backtest of one policy, item by item, beside the classical rule that did best in all."""

from __future__ import annotations

from typing import Any

import frappe
from frappe import _
from frappe.utils import flt

from rl_replenishment.bridge.desk.reporting import CHARTED, by_sign, column, in_group, link_column
from rl_replenishment.bridge.guarding import plain
from rl_replenishment.bridge.policies.store import policy_name

_FILTERS = ("item_code", "warehouse")


def execute(agent: str, active: str | None, currency: str, filters: Any) -> tuple:
	"""Columns, rows, message, chart, summary; of the policy asked for, in use, or the latest one compared."""
	policy = _policy(agent, filters.policy, active)
	if not policy:
		message = _("No policy of this agent was compared item by item on held-out days yet: train.")
		return _columns("", ""), [], message, None, []
	metrics = frappe.parse_json(policy.metrics) or {}
	rule = policy_name(((metrics.get("holdout") or {}).get("vs_best_rule") or {}).get("policy") or "")
	groups = in_group(filters.item_group) if filters.item_group else None
	rows = [
		{**row, "currency": currency}
		for row in _rows(frappe.parse_json(policy.backtest_by_item))
		if all(row[name] == filters[name] for name in _FILTERS if filters.get(name))
		and (groups is None or row["item_group"] in groups)
	]
	rows.sort(key=lambda row: -abs(row["difference"]))
	message = None if rows else _("Policy {0} was compared on no such item-warehouse.").format(policy.name)
	return _columns(policy.name, rule), rows, message, _chart(rows), _summary(rows, policy.name, rule)


def _policy(agent: str, asked: str | None, active: str | None) -> Any:
	compared = {"agent": agent, "backtest_by_item": ("is", "set")}
	for name in (asked,) if asked else (active, None):
		found = frappe.get_list(
			"RL Policy",
			{**compared, **({"name": name} if name else {})},
			["name", "metrics", "backtest_by_item"],
			order_by="version desc",
			limit=1,
		)
		if found:
			return found[0]
	return None


def _rows(columns: dict[str, list[Any]]) -> list[dict[str, Any]]:
	names = list(columns)
	rows = [dict(zip(names, values, strict=True)) for values in zip(*columns.values(), strict=True)]
	items = {
		item.name: item
		for item in frappe.get_all(
			"Item",
			{"name": ("in", list({row["item_code"] for row in rows}))},
			["name", "item_name", "item_group"],
		)
	}
	for row in rows:
		item = items.get(row["item_code"], {})
		row.update(
			item_name=plain(item.get("item_name")),
			item_group=item.get("item_group"),
			difference=row["cost"] - row["rule_cost"],
			against_rule=100 * (row["cost"] / row["rule_cost"] - 1) if row["rule_cost"] else None,
			fill_rate=_percent(row["fill_rate"]),
			rule_fill_rate=_percent(row["rule_fill_rate"]),
		)
	return rows


def _percent(share: float | None) -> float | None:
	return None if share is None else 100 * share


def _columns(policy: str, rule: str) -> list[dict[str, Any]]:
	of_rule = f": {rule}" if rule else ""
	return [
		link_column("item_code", _("Item"), "Item", 140),
		column("item_name", _("Item Name"), "Data", 180),
		link_column("warehouse", _("Warehouse"), "Warehouse", 150),
		column("cost", _("Cost"), "Currency", 120, options="currency"),
		column("rule_cost", _("Cost") + of_rule, "Currency", 160, options="currency"),
		column("difference", _("Difference"), "Currency", 120, options="currency"),
		column("against_rule", _("Against the Rule, %"), "Percent", 170),
		column("fill_rate", _("Fill Rate"), "Percent", 100),
		column("rule_fill_rate", _("Fill Rate") + of_rule, "Percent", 160),
		column("average_stock", _("Average Stock"), "Float", 130),
		column("rule_average_stock", _("Average Stock") + of_rule, "Float", 190),
		link_column("item_group", _("Item Group"), "Item Group", 130),
	]


def _chart(rows: list[dict[str, Any]]) -> dict[str, Any] | None:
	if not rows:
		return None
	shown = rows[:CHARTED]
	return {
		"data": {
			"labels": [row["item_code"] for row in shown],
			"datasets": by_sign(
				[flt(row["difference"], 2) for row in shown], _("Cost Above the Rule's"), _("Below It")
			),
		},
		"type": "bar",
		"barOptions": {"stacked": 1},
		"colors": ["orange", "green"],
		"fieldtype": "Currency",
	}


def _summary(rows: list[dict[str, Any]], policy: str, rule: str) -> list[dict[str, Any]]:
	if not rows:
		return []
	total = sum(row["difference"] for row in rows)
	return [
		{"label": _("Items Cheaper with {0}").format(policy), "value": _count(rows, -1), "datatype": "Int"},
		{"label": _("Items Cheaper with {0}").format(rule), "value": _count(rows, 1), "datatype": "Int"},
		{
			"label": _("Difference"),
			"value": total,
			"datatype": "Currency",
			"currency": rows[0]["currency"],
			"indicator": "Green" if total < 0 else "Orange",
		},
	]


def _count(rows: list[dict[str, Any]], sign: int) -> int:
	return sum(sign * row["difference"] > 0.005 for row in rows)
