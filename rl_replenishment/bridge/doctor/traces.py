"""Proposed lines and proposals lead to each other."""

from __future__ import annotations

from collections.abc import Sequence

import frappe
from frappe.query_builder.functions import Count
from frappe.utils import add_days, flt, now_datetime, nowdate

from rl_replenishment.bridge.doctor.check import Fault
from rl_replenishment.bridge.logs import days_kept
from rl_replenishment.bridge.origin import is_of
from rl_replenishment.bridge.proposing.rows import link
from rl_replenishment.bridge.queries import one_of
from rl_replenishment.bridge.retrying import in_a_transaction


def lines_without_proposal() -> list[Fault]:
	"""Proposed lines, younger than proposals are kept, whose proposal is not there."""
	request, line = frappe.qb.DocType("Material Request"), frappe.qb.DocType("Material Request Item")
	proposal = frappe.qb.DocType("RL Proposal")
	rows = (
		frappe.qb.from_(request)
		.join(line)
		.on(line.parent == request.name)
		.left_join(proposal)
		.on(proposal.name == line.rl_proposal)
		.select(request.rl_agent, line.name)
		.where(request.rl_agent.isnotnull() & line.rl_proposal.isnotnull() & (line.rl_proposal != ""))
		.where(proposal.name.isnull())
		.where(request.creation >= add_days(nowdate(), -days_kept("RL Proposal")))
		.run()
	)
	return [Fault(agent, name) for agent, name in rows]


def make_proposals(faults: Sequence[Fault]) -> None:
	"""Make the proposals anew of what their lines say; what the policy saw is lost."""
	request, line = frappe.qb.DocType("Material Request"), frappe.qb.DocType("Material Request Item")

	def make() -> None:
		rows = (
			frappe.qb.from_(line)
			.join(request)
			.on(request.name == line.parent)
			.select(
				*(line.rl_proposal, line.item_code, line.item_name, line.warehouse, line.stock_uom),
				*(line.rl_proposed_qty, line.rl_explanation, line.schedule_date, line.name, request.company),
				*(request.rl_agent, request.rl_policy, request.rl_run, request.transaction_date),
				*(request.name.as_("request"), request.material_request_type, line.from_warehouse),
			)
			.where(one_of(line.name, [fault.name for fault in faults]))
			.run(as_dict=True)
		)
		now = now_datetime()
		columns = [
			*("name", "creation", "modified", "owner", "modified_by", "run", "agent", "policy", "company"),
			*("item_code", "item_name", "warehouse", "status", "proposed_qty", "uom", "proposal_date"),
			*("schedule_date", "explanation", "state", "material_request", "material_request_item"),
			"from_warehouse",
		]
		values = {
			row.rl_proposal: (
				*(row.rl_proposal, now, now, frappe.session.user, frappe.session.user, row.rl_run),
				*(row.rl_agent, row.rl_policy, row.company, row.item_code, row.item_name, row.warehouse),
				*("Requested", flt(row.rl_proposed_qty), row.stock_uom, row.transaction_date),
				*(row.schedule_date, row.rl_explanation, "{}", row.request, row.name),
				row.from_warehouse if row.material_request_type == "Material Transfer" else None,
			)
			for row in rows
		}
		frappe.db.bulk_insert("RL Proposal", columns, list(values.values()))

	in_a_transaction(make)


def proposals_without_request() -> list[Fault]:
	"""Proposals that a line speaks of, and that do not know where they were requested."""
	proposal, line = frappe.qb.DocType("RL Proposal"), frappe.qb.DocType("Material Request Item")
	request = frappe.qb.DocType("Material Request")
	rows = (
		frappe.qb.from_(proposal)
		.join(line)
		.on(line.rl_proposal == proposal.name)
		.join(request)
		.on(request.name == line.parent)
		.select(proposal.agent, proposal.name)
		.where(proposal.material_request.isnull() & is_of(proposal, line, request))
		.distinct()
		.run()
	)
	return [Fault(agent, name) for agent, name in rows]


def link_proposals(faults: Sequence[Fault]) -> None:
	names = [fault.name for fault in faults]
	in_a_transaction(lambda: link(one_of(frappe.qb.DocType("Material Request Item").rl_proposal, names)))


def requested_twice() -> list[Fault]:
	"""Proposals on two requests that are both alive."""
	request, line = frappe.qb.DocType("Material Request"), frappe.qb.DocType("Material Request Item")
	rows = (
		frappe.qb.from_(line)
		.join(request)
		.on(request.name == line.parent)
		.select(request.rl_agent, line.rl_proposal)
		.where((request.docstatus < 2) & request.rl_agent.isnotnull() & (line.rl_proposal != ""))
		.groupby(request.rl_agent, line.rl_proposal)
		.having(Count(line.parent).distinct() > 1)
		.run()
	)
	return [Fault(agent, name) for agent, name in rows]


def leave_to_a_person(_faults: Sequence[Fault]) -> None:
	"""Which of two requests is meant, a buyer knows: stop or cancel the other."""
