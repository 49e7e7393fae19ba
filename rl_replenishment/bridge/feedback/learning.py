"""Feedback on its way into training: rows settle, are read once, and are marked as learned from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import frappe
import numpy as np
from frappe.utils import add_days, cint

from rl_replenishment.bridge.queries import one_of
from rl_replenishment.core.files.feedback import FeedbackRows
from rl_replenishment.core.items import ItemKey


def settle(today: date) -> None:
	"""Close the rows that have waited for as long as their agent waits, each agent in three statements."""
	row, proposal = frappe.qb.DocType("RL Feedback"), frappe.qb.DocType("RL Proposal")
	for agent, days in frappe.get_all(
		"RL Agent Settings", fields=["name", "settle_after_days"], as_list=True
	):
		due = (row.agent == agent) & (row.settled == 0) & (row.decision_date <= add_days(today, -cint(days)))
		turned_down = frappe.qb.from_(row).select(row.proposal).where(due & (row.ordered_qty == 0))
		names = [name for (name,) in turned_down.run() if name]
		frappe.qb.update(row).set(row.settled, 1).set(row.settled_on, today).where(due).run()
		if names:
			(
				frappe.qb.update(proposal)
				.set(proposal.status, "Rejected")
				.where(one_of(proposal.name, names))
				.run()
			)


def training_rows(agent: str) -> tuple[FeedbackRows, list[str]]:
	"""The settled rows that nothing was learned from yet, oldest decision first, and their names."""
	row = frappe.qb.DocType("RL Feedback")
	rows = (
		frappe.qb.from_(row)
		.select(
			*(row.name, row.item_code, row.warehouse, row.proposed_qty, row.ordered_qty),
			*(row.decision_date, row.on_hand, row.on_order, row.edit_reason, row.proposal),
		)
		.where((row.agent == agent) & (row.settled == 1) & (row.consumed == 0))
		.orderby(row.decision_date, row.name)
		.run(as_dict=True)
	)

	def column(name: str) -> np.ndarray:
		return np.array([each[name] for each in rows], dtype=np.float64)

	# what was not proposed has no state that it was proposed in
	is_known = np.array([bool(each.proposal) for each in rows], dtype=np.bool_)
	return (
		FeedbackRows(
			keys=tuple(ItemKey(each.item_code, each.warehouse) for each in rows),
			proposed_qty=column("proposed_qty"),
			ordered_qty=column("ordered_qty"),
			date=np.array([each.decision_date for each in rows], dtype="datetime64[D]"),
			on_hand=np.where(is_known, column("on_hand"), np.nan),
			on_order=np.where(is_known, column("on_order"), np.nan),
			reason=tuple(each.edit_reason or "" for each in rows),
		),
		[each.name for each in rows],
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
