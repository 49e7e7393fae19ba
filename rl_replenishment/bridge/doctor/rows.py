"""RL Feedback is what the documents say, and what was learned from has its training."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import frappe
from frappe.query_builder.functions import Count
from frappe.utils import add_days, cint, getdate

from rl_replenishment.bridge.doctor.check import Fault
from rl_replenishment.bridge.feedback import outbox
from rl_replenishment.bridge.feedback.decisions import Decision, read_decisions
from rl_replenishment.bridge.feedback.merging import Circle
from rl_replenishment.bridge.feedback.rewards import Plan, key_of, plan
from rl_replenishment.bridge.feedback.unlinked import lacks, read_unlinked
from rl_replenishment.bridge.logs import days_kept
from rl_replenishment.bridge.queries import one_of
from rl_replenishment.bridge.retrying import in_a_transaction

#: proposals that are looked at in one go
AT_ONCE = 30_000


def differing() -> list[Fault]:
	"""Requests whose rows, or whose proposals' states, are not what the documents say."""
	found: dict[str, Fault] = {}
	for items in _items():
		decisions = _decisions(items)
		for fault in _differing(decisions, _plan(decisions, _rows(items))):
			found.setdefault(fault.name, fault)
	return list(found.values())


def _items() -> Iterator[list[str]]:
	"""The items that agents have to do with, some at a time: what is shared is shared within an item."""
	proposal, row = frappe.qb.DocType("RL Proposal"), frappe.qb.DocType("RL Feedback")
	counts: Counter[str] = Counter()
	for table in (proposal, row):
		counts.update(
			dict(frappe.qb.from_(table).select(table.item_code, Count("*")).groupby(table.item_code).run())
		)
	some: list[str] = []
	size = 0
	for item, count in sorted(counts.items()):
		some.append(item)
		size += count
		if size >= AT_ONCE:
			yield some
			some, size = [], 0
	if some:
		yield some


def _decisions(items: Sequence[str]) -> list[Decision]:
	"""All that was decided about some items, with what was shared."""
	proposal, request = frappe.qb.DocType("RL Proposal"), frappe.qb.DocType("Material Request")
	line = frappe.qb.DocType("Material Request Item")
	asked = (
		frappe.qb.from_(line)
		.join(request)
		.on(request.name == line.parent)
		.select(request.name)
		.where(one_of(line.item_code, items) & request.rl_agent.isnotnull())
	)
	proposed = (
		frappe.qb.from_(proposal)
		.select(proposal.material_request)
		.where(one_of(proposal.item_code, items) & proposal.material_request.isnotnull())
	)
	decisions = read_decisions({name for (name,) in asked.union(proposed).run()}, items)
	return Circle(decisions, read_unlinked([*filter(lacks, decisions)])).share()


def _rows(items: Sequence[str]) -> list[Any]:
	row = frappe.qb.DocType("RL Feedback")
	return list(
		frappe.qb.from_(row)
		.select("*")
		.where(one_of(row.item_code, items))
		.orderby(row.creation)
		.run(as_dict=True)
	)


def _plan(decisions: Sequence[Decision], rows: Sequence[Any]) -> Plan:
	known = {key_of(row) for row in rows}
	kept_since = add_days(getdate(), -days_kept("RL Feedback"))
	# what Log Settings have cleared, rows or proposals, is not missed
	looked_at = [
		each
		for each in decisions
		if not each.is_forgotten and (key_of(each) in known or each.decision_date >= kept_since)
	]
	return plan(looked_at, rows, by_night=True)


def _differing(decisions: Sequence[Decision], found: Plan) -> Iterator[Fault]:
	by_proposal = {each.proposal: each for each in decisions if each.proposal}
	off = {row["proposal"] for row in found.new} | set(found.moved)
	for names in found.statuses.values():
		off.update(names)
	for row in found.new:
		if not row["proposal"]:
			yield Fault(row["agent"], row["material_request"] or row["purchase_order"])
	names = [*found.changed, *found.gone]
	row = frappe.qb.DocType("RL Feedback")
	rows = (
		frappe.qb.from_(row)
		.select(row.agent, row.material_request, row.proposal)
		.where(one_of(row.name, names))
	)
	for agent, request, proposal in rows.run() if names else ():
		if proposal in by_proposal:
			off.add(proposal)
		elif request:
			yield Fault(agent, request)
	for name in off:
		if each := by_proposal.get(name):
			yield Fault(each.agent, each.material_request or "")


def refresh(faults: Sequence[Fault]) -> None:
	"""Compute them anew, request by request, as after a change."""
	for fault in faults:
		in_a_transaction(lambda name=fault.name: outbox.note("Material Request", name))  # type: ignore[misc]
	outbox.work_off()


def orphans() -> list[Fault]:
	"""Rows of items that a buyer added to a request or an order that is not there, or is cancelled."""
	row = frappe.qb.DocType("RL Feedback")
	request, order = frappe.qb.DocType("Material Request"), frappe.qb.DocType("Purchase Order")
	rows = (
		frappe.qb.from_(row)
		.left_join(request)
		.on(request.name == row.material_request)
		.left_join(order)
		.on(order.name == row.purchase_order)
		.select(row.agent, row.name)
		.where(row.proposal.isnull() & (row.consumed == 0) & row.correction_of.isnull())
		.where(row.material_request.isnotnull() | row.purchase_order.isnotnull())
		.where(
			(row.material_request.isnotnull() & request.name.isnull())
			| (row.material_request.isnull() & (order.name.isnull() | (order.docstatus != 1)))
		)
		.run()
	)
	return [Fault(agent, name) for agent, name in rows]


def duplicates() -> list[Fault]:
	"""Rows about a proposal that has another one, with nothing learned from either; all but the latest."""
	row = frappe.qb.DocType("RL Feedback")
	twice = (
		frappe.qb.from_(row)
		.select(row.proposal)
		.where((row.consumed == 0) & row.proposal.isnotnull())
		.groupby(row.proposal)
		.having(Count("*") > 1)
		.run()
	)
	if not twice:
		return []
	rows = (
		frappe.qb.from_(row)
		.select(row.proposal, row.agent, row.name)
		.where((row.consumed == 0) & one_of(row.proposal, [name for (name,) in twice]))
		.orderby(row.creation, row.name)
		.run()
	)
	latest = {proposal: name for proposal, _agent, name in rows}
	return [Fault(agent, name) for proposal, agent, name in rows if latest[proposal] != name]


def delete(faults: Sequence[Fault]) -> None:
	names = [fault.name for fault in faults]
	in_a_transaction(lambda: frappe.db.delete("RL Feedback", {"name": ("in", names)}))


def learned_without_training() -> list[Fault]:
	"""Rows that no training that was completed has learned from, and that are marked as if one had."""
	row, training = frappe.qb.DocType("RL Feedback"), frappe.qb.DocType("RL Training Run")
	rows = (
		frappe.qb.from_(row)
		.left_join(training)
		.on(training.name == row.training_run)
		.select(row.agent, row.name, row.training_run, row.modified, training.status)
		.where(row.consumed == 1)
		.where(training.name.isnull() | (training.status != "Completed"))
		.run(as_dict=True)
	)
	# trainings are cleared before rows are
	kept_since = add_days(getdate(), -days_kept("RL Training Run"))
	return [
		Fault(each.agent, each.name)
		for each in rows
		if each.status or not each.training_run or getdate(each.modified) >= kept_since
	]


def learn_again(faults: Sequence[Fault]) -> None:
	"""Nothing was learned from them yet; where a correction says more by now, the row itself is of no use."""
	row = frappe.qb.DocType("RL Feedback")
	names = [fault.name for fault in faults]

	def unmark() -> None:
		corrected = (
			frappe.qb.from_(row).select(row.correction_of).where(one_of(row.correction_of, names)).run()
		)
		frappe.qb.update(row).set(row.consumed, 0).set(row.training_run, None).where(
			one_of(row.name, names)
		).run()
		frappe.db.delete("RL Feedback", {"name": ("in", [name for (name,) in corrected] or [""])})

	in_a_transaction(unmark)


def notes_left() -> list[Fault]:
	"""Notes of feedback that is due, and that failed or that nobody has taken up for a quarter of an hour."""
	rows = frappe.get_all(outbox.DUE, ["name", "parent", "tries", "creation"])
	limit = frappe.utils.add_to_date(frappe.utils.now_datetime(), minutes=-15)
	return [
		Fault(None, each.parent)
		for each in rows
		if cint(each.tries) >= outbox.MOST_TRIES or each.creation < limit
	]


def work_off(_faults: Sequence[Fault]) -> None:
	row = frappe.qb.DocType(outbox.DUE)
	in_a_transaction(lambda: frappe.qb.update(row).set(row.tries, 0).run())
	outbox.work_off()
