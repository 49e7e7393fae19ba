"""Feedback brought up to date with the documents: of a Purchase Order, and of Material Requests."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

import frappe
from frappe.model.document import Document
from frappe.utils import flt, getdate

from rl_replenishment.bridge.feedback.decisions import Decision
from rl_replenishment.bridge.feedback.merging import read_circle
from rl_replenishment.bridge.feedback.rewards import plan
from rl_replenishment.bridge.feedback.unlinked import requests_answered_by
from rl_replenishment.bridge.queries import one_of
from rl_replenishment.bridge.review_days import within_calendar
from rl_replenishment.bridge.state.places import read_places
from rl_replenishment.bridge.state.scope import scoped_items


def refresh_order(name: str) -> None:
	"""Bring the feedback on what a Purchase Order answers up to date, and on what it has besides."""
	order = frappe.get_doc("Purchase Order", name)
	row = frappe.qb.DocType("RL Feedback")
	before = frappe.qb.from_(row).select(row.material_request).where(row.purchase_order == name).run()
	requests = {request for (request,) in before if request}
	requests |= _requests_named(order)[0]
	requests.update(requests_answered_by(order))
	refresh_added(order, refresh_requests(requests, but=name))


def refresh_entry(name: str) -> None:
	"""Bring the feedback on transfers that a Stock Entry has carried out, or has taken back, up to date."""
	line, request = frappe.qb.DocType("Stock Entry Detail"), frappe.qb.DocType("Material Request")
	row = frappe.qb.DocType("RL Feedback")
	named = (
		frappe.qb.from_(line)
		.join(request)
		.on(request.name == line.material_request)
		.select(request.name)
		.where((line.parent == name) & request.rl_agent.isnotnull())
	)
	before = (
		frappe.qb.from_(row)
		.select(row.material_request)
		.where((row.stock_entry == name) & row.material_request.isnotnull())
	)
	refresh_requests({request for (request,) in named.union(before).run()})


def refresh_requests(requests: Collection[str], *, but: str | None = None) -> set[str]:
	"""Bring the feedback on Material Requests, deleted ones included, and on all that share with them up to
	date, and that on items which the orders concerned have besides, `but` for one order.

	Returns the Purchase Order lines that answer a proposal although they have no link to its request.
	"""
	if not requests:
		return set()
	circle = read_circle(requests)
	decisions = circle.share()
	names = {decision.material_request for decision in decisions if decision.material_request}
	plan(decisions, _rows_of_requests(sorted(names.union(requests)), decisions)).carry_out()
	counted = {line for decision in decisions for line in decision.by_hand}
	items: dict[str, set[str]] = defaultdict(set)
	for row in circle.by_hand:
		if row.purchase_order != but:
			items[row.purchase_order].add(row.item_code)
	for order in _with_proposed_lines(items):
		refresh_added(frappe.get_doc("Purchase Order", order), counted, items[order])
	return counted


def _with_proposed_lines(orders: Collection[str]) -> list[str]:
	"""The orders that name agents' requests, or have named them; in no query where there are none."""
	if not orders:
		return []
	line, request = frappe.qb.DocType("Purchase Order Item"), frappe.qb.DocType("Material Request")
	row = frappe.qb.DocType("RL Feedback")
	named = (
		frappe.qb.from_(line)
		.join(request)
		.on(request.name == line.material_request)
		.select(line.parent)
		.where(one_of(line.parent, orders) & request.rl_agent.isnotnull())
	)
	known = (
		frappe.qb.from_(row)
		.select(row.purchase_order)
		.where(one_of(row.purchase_order, orders) & row.material_request.isnull() & row.proposal.isnull())
	)
	return sorted(name for (name,) in named.union(known).run())


def refresh_added(order: Document, counted: Collection[str], items: Collection[str] | None = None) -> None:
	"""Items that the buyer added to an order with proposed lines, in those agents' scope: proposed 0.

	Lines that are `counted` answer a proposal. With `items`, these alone are looked at.
	"""
	added: dict[tuple[str, str], Any] = {}
	for line in order.items:
		if not line.material_request_item and line.name not in counted:
			added.setdefault((line.item_code, line.warehouse), []).append(line)
	row = frappe.qb.DocType("RL Feedback")
	known = (
		frappe.qb.from_(row)
		.select("*")
		.where((row.purchase_order == order.name) & row.material_request.isnull() & row.proposal.isnull())
		.orderby(row.creation)
		.for_update()
		.run(as_dict=True)
	)
	if items is not None:
		added = {key: lines for key, lines in added.items() if key[0] in items}
		known = [each for each in known if each.item_code in items]
	if not added and not known:
		return
	_requests, policies = _requests_named(order)
	decisions = []
	for agent in sorted(policies.keys() | {each.agent for each in known}):
		mine = _in_scope(agent, added) if agent in policies else set()
		for item_code, warehouse in sorted(mine | {_place(each) for each in known if each.agent == agent}):
			lines = added.get((item_code, warehouse), []) if agent in policies else []
			qty = sum(flt(line.stock_qty) for line in lines) if order.docstatus == 1 else 0.0
			decisions.append(
				Decision(
					agent=agent,
					policy=policies.get(agent),
					company=order.company,
					item_code=item_code,
					warehouse=warehouse,
					decision_date=within_calendar(getdate(order.transaction_date)),
					supplier=order.supplier,
					buyer=order.owner,
					requested_qty=qty,
					ordered_qty=qty,
					purchase_order=order.name,
					is_over=order.docstatus == 2,
					is_submitted=True,
					conversion=max((flt(line.conversion_factor) for line in lines), default=1.0),
				)
			)
	plan(decisions, known).carry_out()


def _place(row: Any) -> tuple[str, str]:
	return row.item_code, row.warehouse


def _in_scope(agent: str, places: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
	"""Those items in warehouses that an agent buys for."""
	if not places:
		return set()
	settings = frappe.get_doc("RL Agent Settings", agent)
	items, warehouses = scoped_items(settings), set(read_places(settings).open)
	return {place for place in places if place[0] in items and place[1] in warehouses}


def _requests_named(order: Document) -> tuple[set[str], dict[str, str | None]]:
	"""The agents' requests that an order names, and the agents, each with the policy that proposed.

	It may name requests of other companies, which it is no answer to.
	"""
	named = {line.material_request for line in order.items if line.material_request}
	if not named:
		return set(), {}
	request, agent = frappe.qb.DocType("Material Request"), frappe.qb.DocType("RL Agent Settings")
	rows = (
		frappe.qb.from_(request)
		.join(agent)
		.on((agent.name == request.rl_agent) & (agent.company == request.company))
		.select(request.name, request.rl_agent, request.rl_policy)
		.where(one_of(request.name, named) & (request.company == order.company))
		.orderby(request.name)
		.run()
	)
	return {name for name, _agent, _policy in rows}, {name: policy for _request, name, policy in rows}


def _rows_of_requests(requests: Sequence[str], decisions: Sequence[Decision]) -> list[Any]:
	row = frappe.qb.DocType("RL Feedback")
	proposals = [decision.proposal for decision in decisions if decision.proposal]
	return (
		frappe.qb.from_(row)
		.select("*")
		.where(one_of(row.material_request, requests) | one_of(row.proposal, proposals))
		.orderby(row.creation)
		# what a training marks meanwhile is not to be overwritten
		.for_update()
		.run(as_dict=True)
	)
