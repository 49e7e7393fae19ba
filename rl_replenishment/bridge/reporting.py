"""What reports have in common: the agent they are on, which feedback, and what it is grouped by."""

from __future__ import annotations

from typing import Any

import frappe
from frappe import _
from frappe.query_builder import Case
from frappe.query_builder.functions import Avg, Count, Sum
from frappe.utils import add_days, flt, getdate, nowdate
from pypika import Order
from pypika.queries import QueryBuilder
from pypika.terms import Criterion, Term

from rl_replenishment.bridge.queries import Keys, one_of
from rl_replenishment.bridge.scope import resolve_scope

DEFAULT_DAYS = 90
#: what rows can be grouped by, and the DocType that each links to
GROUPS = {
	"Item": ("item_code", "Item"),
	"Item Group": ("item_group", "Item Group"),
	"Supplier": ("supplier", "Supplier"),
	"Buyer": ("buyer", "User"),
	"Reason": ("edit_reason", None),
	"Agent": ("agent", "RL Agent Settings"),
}
#: filters that name one value of a field
_FILTERS = ("item_code", "item_group", "supplier", "buyer", "edit_reason", "agent")
#: bars in a chart
CHARTED = 12


def chosen_agent(agent: str | None) -> str | None:
	"""The agent that a report was asked for; none was where there is only one."""
	if not agent:
		agents = frappe.get_list("RL Agent Settings", pluck="name", limit=2)
		return agents[0] if len(agents) == 1 else None
	frappe.has_permission("RL Agent Settings", "read", agent, throw=True)
	return agent


def value_awaiting_approval() -> dict[str, Any]:
	"""What open proposals are worth, in the currency of the user's company, as a number card takes it."""
	company = frappe.defaults.get_user_default("Company")
	proposal = frappe.qb.DocType("RL Proposal")
	agents = frappe.get_list("RL Agent Settings", {"company": company}, pluck="name")
	(value,) = (
		frappe.qb.from_(proposal)
		.select(Sum(proposal.proposed_qty * proposal.rate))
		.where(proposal.status.isin(["Proposed", "Requested"]) & one_of(proposal.agent, agents))
		.run()[0]
	)
	route = ["List", "RL Proposal", "List"]
	options = {"status": ["in", ["Proposed", "Requested"]]}
	return {"value": flt(value), "fieldtype": "Currency", "route": route, "route_options": options}


def kept_lately() -> dict[str, Any]:
	"""Share of the last 30 days' decisions that kept the proposal, in percent, as a number card takes it."""
	row = frappe.qb.DocType("RL Feedback")
	agents = frappe.get_list("RL Agent Settings", pluck="name")
	(share,) = (
		frappe.qb.from_(row)
		.select(Avg(Case().when(row.reward >= 1, 100).else_(0)))
		.where((row.decision_date >= add_days(nowdate(), -30)) & one_of(row.agent, agents))
		.run()[0]
	)
	return {"value": flt(share), "fieldtype": "Percent", "route": ["query-report", "RL Feedback Analysis"]}


def stock_outs() -> str:
	"""How often the last of an item was taken from its warehouse, in the last 30 days and the 30 before."""
	entry = frappe.qb.DocType("Stock Ledger Entry")
	first, middle = (getdate(add_days(nowdate(), -days)) for days in (59, 29))
	seen: set[tuple[str, str, Any]] = set()
	for name in frappe.get_list("RL Agent Settings", {"enabled": 1}, pluck="name"):
		at = Keys(resolve_scope(frappe.get_doc("RL Agent Settings", name)).keys)
		rows = (
			frappe.qb.from_(entry)
			.select(entry.item_code, entry.warehouse, entry.posting_date)
			.where((entry.is_cancelled == 0) & (entry.posting_date >= first))
			.where((entry.actual_qty < 0) & (entry.qty_after_transaction <= 0))
			.where(entry.qty_after_transaction - entry.actual_qty > 0)
			.where(at.include(entry.item_code, entry.warehouse))
			.run()
		)
		seen.update(row for row in rows if at.position(row[0], row[1]) >= 0)
	lately = sum(day >= middle for _item, _warehouse, day in seen)
	return _("{0} (before: {1})").format(lately, len(seen) - lately)


def link_column(name: str, label: str, doctype: str, width: int) -> dict[str, Any]:
	"""A column of links, where the user may follow them; the desk refuses reports with other links."""
	column = {"fieldname": name, "label": label, "fieldtype": "Data", "width": width}
	if frappe.has_permission(doctype, "read"):
		column |= {"fieldtype": "Link", "options": doctype}
	return column


class FeedbackFilters:
	"""The rows of RL Feedback that a report is about, of agents that the user may see."""

	def __init__(self, filters: dict[str, Any] | None, date_field: str) -> None:
		filters = frappe._dict(filters or {})
		self.row = frappe.qb.DocType("RL Feedback")
		self.company = filters.company or frappe.defaults.get_user_default("Company")
		self.first = getdate(filters.from_date or add_days(nowdate(), -DEFAULT_DAYS))
		self.last = getdate(filters.to_date or nowdate())
		if self.first > self.last:
			frappe.throw(_("From Date {0} is after To Date {1}.").format(self.first, self.last))
		self.group_by = filters.group_by or "Item"
		if self.group_by not in GROUPS:
			frappe.throw(
				_("Group By is {0}; choose one of {1}.").format(self.group_by, ", ".join(GROUPS)),
			)
		self.day = self.row[date_field]
		self._values = {name: filters[name] for name in _FILTERS if filters.get(name)}

	@property
	def criterion(self) -> Criterion:
		"""The condition that keeps these rows."""
		agents = frappe.get_list("RL Agent Settings", {"company": self.company}, pluck="name")
		found = (self.day >= self.first) & (self.day <= self.last) & one_of(self.row.agent, agents)
		for name, value in self._values.items():
			found &= self.row[name] == value
		return found

	def grouped(self, *figures: Term) -> QueryBuilder:
		"""One row per group: the group, the number of rows as `line_count`, and the figures."""
		field = self.row[GROUPS[self.group_by][0]]
		return (
			frappe.qb.from_(self.row)
			.select(field.as_("group_name"), Count("*").as_("line_count"), *figures)
			.where(self.criterion)
			.groupby(field)
			.orderby(Count("*"), order=Order.desc)
		)

	def group_column(self) -> dict[str, Any]:
		"""The first column of the report."""
		doctype = GROUPS[self.group_by][1]
		if doctype:
			return link_column("group_name", _(self.group_by), doctype, 220)
		return {"fieldname": "group_name", "label": _(self.group_by), "fieldtype": "Data", "width": 220}
