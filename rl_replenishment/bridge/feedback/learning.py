"""Feedback on its way into training: rows settle, are read once, and are marked as learned from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import frappe
import numpy as np
import numpy.typing as npt
from frappe.query_builder.functions import Coalesce
from frappe.utils import add_days, cint, now_datetime
from pypika import Table
from pypika.terms import Criterion

from rl_replenishment.bridge.each_agent import for_each_agent
from rl_replenishment.bridge.queries import one_of
from rl_replenishment.core.edits.answers import Answers
from rl_replenishment.core.files.feedback import FeedbackRows
from rl_replenishment.core.items import ItemKey


def settle(today: date) -> None:
	"""Close the rows that have waited for as long as their agent waits, each agent in three statements."""
	for_each_agent(lambda agent: _settle(agent, today), "feedback was not settled")


def _settle(agent: str, today: date) -> None:
	row, proposal = frappe.qb.DocType("RL Feedback"), frappe.qb.DocType("RL Proposal")
	days = cint(frappe.db.get_value("RL Agent Settings", agent, "settle_after_days"))
	due = (row.agent == agent) & (row.settled == 0) & (row.decision_date <= add_days(today, -days))
	turned_down = frappe.qb.from_(row).select(row.proposal).where(due & (row.ordered_qty == 0))
	names = [name for (name,) in turned_down.run() if name]
	# what a run looks at for whether it has to learn anew
	closed = frappe.qb.update(row).set(row.modified, now_datetime())
	closed.set(row.settled, 1).set(row.settled_on, today).where(due).run()
	if names:
		(
			frappe.qb.update(proposal)
			.set(proposal.status, "Turned Down")
			.where(one_of(proposal.name, names) & (proposal.agent == agent))
			.run()
		)


def is_bought(row: Table) -> Criterion:
	"""Rows of RL Feedback that something is learned from: what was moved says nothing of what to buy."""
	return Coalesce(row.from_warehouse, "") == ""


def settled_answers(agent: str) -> Answers:
	"""The settled decisions of an agent's buyers, those that were learned from included."""
	row = frappe.qb.DocType("RL Feedback")
	return answers_of(
		frappe.qb.from_(row)
		.select(
			*(row.name, row.item_code, row.warehouse, row.proposed_qty, row.ordered_qty, row.consumed),
			*(row.decision_date, row.on_hand, row.on_order, row.edit_reason, row.proposal, row.buyer),
			*(row.edit_value, row.edit_value_on, row.policy_qty),
		)
		.where((row.agent == agent) & (row.settled == 1))
		.where(is_bought(row))
		.orderby(row.decision_date, row.name)
		.run(as_dict=True)
	)


def answers_of(rows: Sequence[Any]) -> Answers:
	"""RL Feedback rows as a training looks at them."""

	def column(name: str) -> npt.NDArray[np.float64]:
		return np.array([each[name] for each in rows], dtype=np.float64)

	# what was not proposed has no state that it was proposed in
	is_known = np.array([bool(each.proposal) for each in rows], dtype=np.bool_)
	is_booked = np.array([bool(each.edit_value_on) for each in rows], dtype=np.bool_)
	return Answers(
		rows=FeedbackRows(
			keys=tuple(ItemKey(each.item_code, each.warehouse) for each in rows),
			proposed_qty=column("proposed_qty"),
			ordered_qty=column("ordered_qty"),
			date=np.array([each.decision_date for each in rows], dtype="datetime64[D]"),
			on_hand=np.where(is_known, column("on_hand"), np.nan),
			on_order=np.where(is_known, column("on_order"), np.nan),
			reason=tuple(each.edit_reason or "" for each in rows),
			buyer=tuple(each.buyer or "" for each in rows),
			# rows of before this was kept have none
			policy_qty=np.array([each.policy_qty or np.nan for each in rows], dtype=np.float64),
		),
		names=[each.name for each in rows],
		is_new=np.array([not each.consumed for each in rows], dtype=np.bool_),
		values=np.where(is_booked, column("edit_value"), np.nan),
	)


def mark_consumed(names: Sequence[str], training_run: str) -> None:
	"""Say that a training has learned from these rows; none is learned from twice."""
	if names:
		row = frappe.qb.DocType("RL Feedback")
		(
			frappe.qb.update(row)
			.set(row.consumed, 1)
			.set(row.training_run, training_run)
			.where(one_of(row.name, names) & (row.consumed == 0))
			.run()
		)
