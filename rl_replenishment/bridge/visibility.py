"""Who may see which agents, and which rows: asked by lists, forms, cards, charts, reports and the panel.

An agent is seen as a whole or not at all: its policies, trainings, runs and totals speak of all that it buys.
So a user whom User Permissions keep from one of its warehouses, suppliers or items does not see it, but does
see the rows, of proposals and of what became of them, that name nothing of what is kept from the user.

What the database holds is asked, and what was sent besides: whoever may see only one of them may do nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import frappe
from frappe.model.document import Document
from frappe.permissions import get_allowed_docs_for_doctype, get_user_permissions, has_user_permission
from frappe.utils import cint
from pypika import Table
from pypika.terms import Criterion

from rl_replenishment.bridge.queries import one_of

AGENT = "RL Agent Settings"
MODULE = "RL Replenishment"
#: what narrows an agent, by the DocType that it names; an agent that names none of them buys of all
_NARROWED_BY = {"Supplier": "supplier", "Item Group": "item_group"}


#: child tables, which Frappe lists for whoever may read any of their parents
_PARENTS = {
	"RL Agent Item": AGENT,
	"RL Agent Warehouse": AGENT,
	"RL Policy Promotion": "RL Policy",
	"RL Service Target": AGENT,
}


class Limits:
	"""What User Permissions let a user see of rows of a DocType: by linked DocType, the only ones allowed."""

	def __init__(self, doctype: str, user: str | None = None) -> None:
		self._meta = frappe.get_meta(doctype)
		self._is_strict = bool(cint(frappe.get_system_settings("apply_strict_user_permissions")))
		permissions = get_user_permissions(user or frappe.session.user)
		found = {
			linked: set(get_allowed_docs_for_doctype(rows, doctype)) for linked, rows in permissions.items()
		}
		self._allowed = {linked: names for linked, names in found.items() if names}

	def __bool__(self) -> bool:
		return bool(self._allowed)

	def of(self, linked: str) -> set[str] | None:
		"""The only ones of a DocType that are allowed, None where all are."""
		return self._allowed.get(linked)

	def allow(self, linked: str, name: str | None) -> bool:
		"""Whether a row that names this one may be seen; one that names none may, unless Frappe is strict."""
		allowed = self._allowed.get(linked)
		if allowed is None:
			return True
		return name in allowed if name else not self._is_strict

	def keep(self, rows: Iterable[dict[str, Any]], **fields: str) -> list[dict[str, Any]]:
		"""The rows that may be seen; `fields` are theirs, with the DocType that each names."""
		return [row for row in rows if all(self.allow(to, row.get(name)) for name, to in fields.items())]

	def criterion(self, table: Table, **fields: str) -> Criterion:
		"""The same as a condition on a table: of the DocType's own links, or of the `fields` given."""
		if not fields:
			links = self._meta.get_link_fields()
			fields = {link.fieldname: link.options for link in links if not link.ignore_user_permissions}
		# where nothing is kept away, a condition that holds
		found = [table.name.isnotnull()]
		for name, linked in fields.items():
			if linked in self._allowed:
				is_allowed = one_of(table[name], self._allowed[linked])
				found.append(
					is_allowed if self._is_strict else is_allowed | table[name].isnull() | (table[name] == "")
				)
		return Criterion.all(found)


def agents(user: str | None = None, *, company: str | None = None) -> list[str]:
	"""The agents that User Permissions let a user see as a whole, sorted; of one company or of all."""
	limits, found = Limits(AGENT, user), _agents_in_reach(user, company)
	if not limits or not found:
		return [agent.name for agent in found]
	rows = {
		linked: _tables(table, field, [agent.name for agent in found])
		for linked, table, field in (
			("Warehouse", "RL Agent Warehouse", "warehouse"),
			("Item", "RL Agent Item", "item_code"),
		)
		if limits.of(linked) is not None
	}
	return [agent.name for agent in found if _is_seen(agent, limits, rows)]


def agents_in_part(user: str | None = None, *, company: str | None = None) -> list[str]:
	"""The agents of which a user may see rows, sorted: those of companies that are not kept from the user."""
	return [agent.name for agent in _agents_in_reach(user, company)]


def _agents_in_reach(user: str | None, company: str | None) -> list[Any]:
	limits = Limits(AGENT, user)
	found = frappe.get_all(
		AGENT,
		{"company": company} if company else {},
		["name", "company", *_NARROWED_BY.values()],
		order_by="name",
	)
	return [
		agent for agent in found if limits.allow(AGENT, agent.name) and limits.allow("Company", agent.company)
	]


def _tables(table: str, field: str, parents: list[str]) -> dict[str, set[str]]:
	found: dict[str, set[str]] = {}
	of_agents = {"parent": ("in", parents), "parenttype": AGENT}
	for parent, name in frappe.get_all(table, of_agents, ["parent", field], as_list=True):
		found.setdefault(parent, set()).add(name)
	return found


def _is_seen(agent: Any, limits: Limits, rows: dict[str, dict[str, set[str]]]) -> bool:
	"""Whether all that an agent buys may be seen: where it names nothing, it buys of everything."""
	for linked, field in _NARROWED_BY.items():
		allowed = limits.of(linked)
		if allowed is not None and agent.get(field) not in allowed:
			return False
	for linked, by_agent in rows.items():
		named = by_agent.get(agent.name) or set()
		if not named or not named <= (limits.of(linked) or set()):
			return False
	return True


def query_conditions(user: str | None = None, *, doctype: str) -> str:
	"""For lists of what belongs to an agent as a whole: the hook `permission_query_conditions`."""
	user = user or frappe.session.user
	if not Limits(AGENT, user) and not Limits(doctype, user):
		return ""
	names, field = agents(user), "name" if doctype == AGENT else "agent"
	if parent := _PARENTS.get(doctype):
		field = "parent"
		if parent != AGENT:
			names = frappe.get_all(parent, {"agent": ("in", names or [""])}, pluck="name")
	return f"`tab{doctype}`.`{field}` in ({_escaped(['', *names])})"


#: what is seen row by row, of agents too that are not seen as a whole
ROWS = ("RL Proposal", "RL Feedback")


def has_permission(doc: Document, ptype: str | None = None, user: str | None = None) -> bool:
	"""For one document of the app, as the hook `has_permission` takes it; Frappe looks at roles and links."""
	user = user or frappe.session.user
	before = stored(doc)
	if not all(_may_see_links(each, user) for each in (doc, before) if each):
		return False
	if doc.doctype in ROWS:
		return True
	if doc.doctype == AGENT:
		return (before is None or doc.name in agents(user)) and _may_send(doc, user)
	seen = agents(user)
	return all(not each.agent or each.agent in seen for each in (doc, before) if each)


def _may_see_links(doc: Document, user: str) -> bool:
	"""As Frappe decides, but without its message, which names what is kept from the user."""
	logs = frappe.flags.get("has_permission_check_logs")
	known = len(logs or ())
	seen = bool(has_user_permission(doc, user))
	if logs:
		del logs[known:]
	return seen


def _may_send(agent: Document, user: str) -> bool:
	"""Whether the user may see all that an agent would buy, as it was sent."""
	limits = Limits(AGENT, user)
	named = {
		"Warehouse": {row.warehouse for row in agent.warehouses},
		"Item": {row.item_code for row in agent.items},
	}
	rows = {linked: {agent.name: names} for linked, names in named.items() if limits.of(linked) is not None}
	return _is_seen(agent, limits, rows)


def stored(doc: Document) -> Document | None:
	"""A document as the database has it, None for one that it does not have."""
	if not isinstance(doc.name, str) or not frappe.db.exists(doc.doctype, doc.name):
		return None
	return frappe.get_doc(doc.doctype, doc.name)


def file_query_conditions(user: str | None = None) -> str:
	"""Files of what a user may not see are in no list: their names tell of other companies' agents."""
	user = user or frappe.session.user
	if user == "Administrator":
		return ""
	own = [doctype for doctype in doctypes() if frappe.has_permission(doctype, "read", user=user)]
	hidden = sorted(set(doctypes()) - set(own))
	conditions = [f"`tabFile`.`attached_to_doctype` not in ({_escaped(hidden)})"] if hidden else []
	for doctype in own:
		seen = frappe.get_list(doctype, fields=["name"], user=user, limit=0, run=False)
		conditions.append(
			f"(`tabFile`.`attached_to_doctype` != {frappe.db.escape(doctype)} "
			f"or `tabFile`.`attached_to_name` in ({seen}))"
		)
	return f"(`tabFile`.`attached_to_doctype` is null or ({' and '.join(conditions)}))"


def doctypes() -> list[str]:
	"""The app's DocTypes that are no child tables."""
	return frappe.get_all("DocType", {"module": MODULE, "istable": 0}, pluck="name", order_by="name")


def _escaped(names: Iterable[str]) -> str:
	return ", ".join(frappe.db.escape(name) for name in names)
