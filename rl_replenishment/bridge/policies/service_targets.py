"""An agent's service targets: its rows as core takes them, and the policy that serves them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import frappe
from frappe.model.document import Document

from rl_replenishment.core.demand.statistics import DemandStatistics
from rl_replenishment.core.items import ItemTable
from rl_replenishment.core.policies.residual_network import ResidualNetwork
from rl_replenishment.core.service.targets import LARGEST_FACTOR, LEAST_FACTOR, Target, with_targets

#: by what a row is of: the scope in core, and the field that names it
SCOPES = {
	"All Items": ("all", None),
	"Class": ("class", "item_class"),
	"Item Group": ("group", "item_group"),
	"Item": ("item", "item_code"),
}


def name_of(row: Any) -> str:
	"""The class, item group or item of a row, "" of all items."""
	_scope, field = SCOPES[row.scope]
	return (row.get(field) or "") if field else ""


def is_found(row: Any) -> bool:
	"""Whether it is known what a row's missing unit counts times."""
	return bool(row.factor)


def targets_of(settings: Document) -> list[Target]:
	"""The targets of which it is known what reaches them, in at most one query for each item group."""
	return [target_of(row) for row in by_depth([row for row in settings.service_targets if is_found(row)])]


def target_of(row: Any) -> Target:
	"""The target of a row; an item group stands for all groups below it, too."""
	scope, _field = SCOPES[row.scope]
	return Target(
		scope,
		name_of(row),
		below=_below(row.item_group) if scope == "group" else (),
		fill_rate=float(row.fill_rate) / 100 if row.fill_rate else None,
		factor=min(max(float(row.factor or 1.0), LEAST_FACTOR), LARGEST_FACTOR),
	)


def _below(item_group: str) -> tuple[str, ...]:
	group, top = frappe.qb.DocType("Item Group"), frappe.qb.DocType("Item Group").as_("top")
	rows = (
		frappe.qb.from_(group)
		.join(top)
		.on((group.lft > top.lft) & (group.rgt < top.rgt))
		.select(group.name)
		.where(top.name == item_group)
		.run()
	)
	return tuple(name for (name,) in rows)


def by_depth(rows: Sequence[Any]) -> list[Any]:
	"""Rows so that inner item groups come after outer ones; in one query where there are several."""
	groups = {row.item_group for row in rows if row.scope == "Item Group"}
	if len(groups) < 2:
		return list(rows)
	left = dict(frappe.get_all("Item Group", {"name": ("in", sorted(groups))}, ["name", "lft"], as_list=True))
	# a group begins before those within it
	return sorted(rows, key=lambda row: left.get(row.item_group, 0) if row.scope == "Item Group" else 0)


def serving(
	settings: Document, policy: ResidualNetwork, items: ItemTable, demand: DemandStatistics
) -> ResidualNetwork:
	"""The policy with the agent's service targets, for these item-warehouses as of this demand."""
	return with_targets(policy, targets_of(settings), items, demand)
