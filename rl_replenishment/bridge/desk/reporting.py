"""What reports have in common: the agent they are on, which feedback, and what it is grouped by."""

from __future__ import annotations

from datetime import date
from typing import Any

import frappe
from frappe import _
from frappe.query_builder import Case
from frappe.query_builder.functions import Avg, Count, Sum
from frappe.utils import add_days, escape_html, flt, fmt_money, formatdate, getdate, nowdate
from pypika import Order, Table
from pypika.queries import QueryBuilder
from pypika.terms import Criterion, Term

from rl_replenishment.bridge.origin import is_of
from rl_replenishment.bridge.proposing.rows import OPEN
from rl_replenishment.bridge.queries import Keys, one_of, posted_within
from rl_replenishment.bridge.review_days import FIRST_DAY, LAST_DAY
from rl_replenishment.bridge.state.scope import resolve_scope
from rl_replenishment.bridge.visibility import Limits, agents, agents_in_part

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


def given(filters: dict[str, Any] | None) -> Any:
	"""A report's filters as the desk sends them; what is no single value is refused, not handed on."""
	found = frappe._dict(filters or {})
	for name, value in found.items():
		if value is not None and not isinstance(value, str | int | float | date):
			frappe.throw(_("Filter {0} is to be a single value.").format(escape_html(str(name))))
	for name in ("from_date", "to_date"):
		# Frappe takes the first days that there are for no day
		if found.get(name) and not FIRST_DAY <= (getdate(found[name]) or date.min) <= LAST_DAY:
			frappe.throw(
				_("Filter {0} is to be a day of the years {1} to {2}.").format(
					name, FIRST_DAY.year, LAST_DAY.year
				)
			)
	return found


def chosen_agent(agent: str | None, *, in_part: bool = False) -> str | None:
	"""The agent that a report was asked for, else the one that proposed last; None where there is none.

	Of those that the user may see as a whole, or, `in_part`, of those of which the user may see rows.
	"""
	seen = agents_in_part() if in_part else agents()
	if not agent:
		latest = frappe.get_all(
			"RL Agent Settings",
			{"name": ("in", seen or [""])},
			pluck="name",
			order_by="last_run_on desc, name",
			limit=1,
		)
		return latest[0] if latest else None
	if agent not in seen and not frappe.has_permission("RL Agent Settings", "read", agent):
		frappe.throw(_("No permission for agent {0}.").format(escape_html(agent)), frappe.PermissionError)
	return agent


def usual_company(agent: str | None = None) -> str | None:
	"""The company of an agent, else the user's own where an agent buys for it, else that of the last run."""
	own = frappe.defaults.get_user_default("Company")
	if own and not agent and agents_in_part(company=own):
		return own
	agent = chosen_agent(agent, in_part=True)
	return frappe.db.get_value("RL Agent Settings", agent, "company") if agent else own


def decided(row: Table) -> Criterion:
	"""Rows of RL Feedback that buyers have decided on, each decision once: not what a later row corrects."""
	later = frappe.qb.DocType("RL Feedback").as_("later")
	corrected = frappe.qb.from_(later).select(later.correction_of).where(later.correction_of.isnotnull())
	return (row.settled == 1) & row.name.notin(corrected)


def in_group(item_group: str) -> set[str]:
	"""An item group and the groups below it."""
	below = {"name": ("descendants of (inclusive)", item_group)}
	return set(frappe.get_all("Item Group", below, pluck="name"))


def awaiting_approval() -> tuple[QueryBuilder, Table, Term]:
	"""Lines to buy of proposals in draft Material Requests: the query, RL Proposal in it, and their worth."""
	proposal, line = frappe.qb.DocType("RL Proposal"), frappe.qb.DocType("Material Request Item")
	request = frappe.qb.DocType("Material Request")
	drafted = (
		frappe.qb.from_(proposal)
		.join(line)
		.on(line.rl_proposal == proposal.name)
		.join(request)
		.on((request.name == line.parent) & is_of(proposal, line, request))
		# what is moved costs no money
		.where(
			(line.docstatus == 0) & proposal.status.isin(OPEN) & (request.material_request_type == "Purchase")
		)
	)
	return drafted, proposal, Sum(line.stock_qty * proposal.rate)


def value_awaiting_approval() -> dict[str, Any] | str:
	"""What proposals in draft requests are worth, as a number card takes it; each currency by itself."""
	route_options = {"rl_agent": ["is", "set"], "docstatus": 0}
	route = {"route": ["List", "Material Request", "List"], "route_options": route_options}
	return _money(_by_currency(*awaiting_approval()), route)


def value_of_changes() -> dict[str, Any] | str:
	"""What buyers' changes of this year turned out to be worth; each currency by itself."""
	row = frappe.qb.DocType("RL Feedback")
	this_year = row.edit_value_on >= getdate().replace(month=1, day=1)
	valued = frappe.qb.from_(row).where(this_year & decided(row))
	worth = _by_currency(valued, row, Sum(row.edit_value))
	return _money(worth, {"route": ["query-report", "RL Edit Value"]})


def _by_currency(rows: QueryBuilder, table: Table, total: Term) -> list[tuple[str, Any]]:
	"""A total by the currency of the agents' companies, of agents that the user may see."""
	agent, company = frappe.qb.DocType("RL Agent Settings"), frappe.qb.DocType("Company")
	return (
		rows.join(agent)
		.on(agent.name == table.agent)
		.join(company)
		.on(company.name == agent.company)
		.select(company.default_currency, total)
		.where(_seen(table))
		.groupby(company.default_currency)
		.orderby(company.default_currency)
		.run()
	)


def _money(worth: list[tuple[str, Any]], route: dict[str, Any]) -> dict[str, Any] | str:
	"""As a number card takes it, which formats its number in the site's currency."""
	own = frappe.defaults.get_global_default("currency")
	if any(currency != own for currency, _value in worth):
		return ", ".join(fmt_money(flt(value), precision=0, currency=currency) for currency, value in worth)
	return {"value": sum(flt(value) for _currency, value in worth), "fieldtype": "Currency", **route}


def kept_lately() -> dict[str, Any] | str:
	"""Share of the last 30 days' decisions that kept the proposal, in percent, as a number card takes it."""
	row = frappe.qb.DocType("RL Feedback")
	(share,) = (
		frappe.qb.from_(row)
		.select(Avg(Case().when(row.reward >= 1, 100).else_(0)))
		.where((row.decision_date >= add_days(nowdate(), -30)) & _seen(row) & decided(row))
		.run()[0]
	)
	if share is None:
		return _("No decisions yet")
	route = ["query-report", "RL Feedback Analysis"]
	# of more digits a card keeps none
	return {"value": flt(share, 1), "fieldtype": "Percent", "precision": 1, "route": route}


def _seen(row: Table) -> Criterion:
	"""The condition that keeps the rows, of RL Proposal or RL Feedback, that the user may see."""
	doctype = row.get_table_name().removeprefix("tab")
	return one_of(row.agent, agents_in_part()) & Limits(doctype).criterion(row)


def stock_outs() -> str:
	"""How often the last of an item was taken from its warehouse, in the last 30 days and the 30 before."""
	entry = frappe.qb.DocType("Stock Ledger Entry")
	first, middle = (getdate(add_days(nowdate(), -days)) for days in (59, 29))
	seen: set[tuple[str, str, Any]] = set()
	limits = Limits("RL Proposal")
	for name in agents_in_part():
		settings = frappe.get_doc("RL Agent Settings", name)
		if not settings.enabled:
			continue
		at = Keys(
			[
				key
				for key in resolve_scope(settings).keys
				if limits.allow("Item", key.item_code) and limits.allow("Warehouse", key.warehouse)
			]
		)
		rows = (
			frappe.qb.from_(entry)
			.select(entry.item_code, entry.warehouse, entry.posting_date)
			.where((entry.is_cancelled == 0) & posted_within(entry, first))
			.where((entry.actual_qty < 0) & (entry.qty_after_transaction <= 0))
			.where(entry.qty_after_transaction - entry.actual_qty > 0)
			.where(at.include(entry.item_code, entry.warehouse))
			.run()
		)
		seen.update(row for row in rows if at.position(row[0], row[1]) >= 0)
	lately = sum(day >= middle for _item, _warehouse, day in seen)
	return _("{0} (before: {1})").format(lately, len(seen) - lately)


def column(
	name: str, label: str, kind: str, width: int = 120, *, options: str = "", precision: int = 1
) -> dict[str, Any]:
	"""A column of a report; shares and quantities have so many decimals, where a site may show three."""
	found: dict[str, Any] = {"fieldname": name, "label": label, "fieldtype": kind, "width": width}
	if options:
		found["options"] = options
	if kind in ("Float", "Percent"):
		found["precision"] = precision
	return found


def percent(value: float) -> dict[str, Any]:
	"""A share of 0 to 100 in a report's summary, which takes no precision."""
	return {"value": f"{fmt_money(value, precision=1)} %", "datatype": "Data"}


def by_sign(values: list[float], above: str, below: str) -> list[dict[str, Any]]:
	"""A chart's values as two datasets, those above and those below 0: a colour belongs to a dataset."""
	return [
		{"name": above, "values": [max(value, 0.0) for value in values]},
		{"name": below, "values": [min(value, 0.0) for value in values]},
	]


def one_decimal(value: float) -> dict[str, Any]:
	"""A number in a report's summary, which takes no precision."""
	return {"value": fmt_money(value, precision=1), "datatype": "Data"}


def link_column(name: str, label: str, doctype: str, width: int) -> dict[str, Any]:
	"""A column of links, where the user may follow them; the desk refuses reports with other links."""
	if frappe.has_permission(doctype, "read"):
		return column(name, label, "Link", width, options=doctype)
	return column(name, label, "Data", width)


class FeedbackFilters:
	"""The rows of RL Feedback that a report is about, of agents that the user may see."""

	def __init__(self, filters: dict[str, Any] | None, date_field: str) -> None:
		filters = given(filters)
		self.row = frappe.qb.DocType("RL Feedback")
		self._is_chosen = bool(filters.company or filters.agent)
		self.company = filters.company or usual_company(filters.agent)
		self.first = getdate(filters.from_date or add_days(nowdate(), -DEFAULT_DAYS))
		self.last = getdate(filters.to_date or nowdate())
		if self.first > self.last:
			frappe.throw(
				_("From Date {0} is after To Date {1}.").format(formatdate(self.first), formatdate(self.last))
			)
		self.group_by = filters.group_by or "Item"
		if self.group_by not in GROUPS:
			frappe.throw(
				_("Group By is {0}; choose one of {1}.").format(
					escape_html(str(self.group_by)), ", ".join(GROUPS)
				),
			)
		self.day = self.row[date_field]
		self._values = {name: filters[name] for name in _FILTERS if filters.get(name)}

	@property
	def message(self) -> str | None:
		"""Which company's rows these are, where nobody chose among several."""
		if self._is_chosen or self._companies() < 2:
			return None
		return _("Of company {0}; choose another above.").format(frappe.utils.escape_html(self.company))

	def _companies(self) -> int:
		named = {"name": ("in", agents_in_part() or [""])}
		return len(frappe.get_all("RL Agent Settings", named, pluck="company", distinct=True))

	@property
	def criterion(self) -> Criterion:
		"""The condition that keeps these rows."""
		of_company = one_of(self.row.agent, agents_in_part(company=self.company))
		found = (self.day >= self.first) & (self.day <= self.last) & of_company & _seen(self.row)
		for name, value in self._values.items():
			field = self.row[name]
			found &= one_of(field, in_group(value)) if name == "item_group" else field == value
		return found & decided(self.row)

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
		return column("group_name", _(self.group_by), "Data", 220)
