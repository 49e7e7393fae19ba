"""What buyers' changes turned out to be worth, in money."""

from __future__ import annotations

from datetime import date

import frappe
import numpy as np
from frappe.model.document import Document
from frappe.utils import add_days, getdate

from rl_replenishment.bridge.each_agent import for_each_agent
from rl_replenishment.bridge.feedback.learning import Answers, answers_of, is_bought
from rl_replenishment.bridge.figures import money
from rl_replenishment.bridge.state.demand import read_demand
from rl_replenishment.bridge.state.outages import without_gaps
from rl_replenishment.bridge.state.parameters import read_parameters
from rl_replenishment.core.edits.value import edit_values

#: days before the oldest decision that its usual demand is measured over
_DAYS_BEFORE = 91


def book_edit_values(today: date) -> None:
	"""Book what settled decisions were worth, those whose lead time and review interval are over."""
	for_each_agent(
		lambda agent: _book(frappe.get_doc("RL Agent Settings", agent), today),
		"values of changes were not booked",
	)


def _book(settings: Document, today: date) -> None:
	answers = _unbooked(settings.name, add_days(today, -settings.history_days))
	if not answers.names:
		return
	keys = tuple(dict.fromkeys(answers.rows.keys))
	items, _purchasing = read_parameters(settings, keys)
	first = getdate(str(answers.rows.date.min()))
	history = read_demand(settings, keys, days=(today - first).days + _DAYS_BEFORE, today=today)
	history = without_gaps(settings, items, history).as_booked
	position = {key: at for at, key in enumerate(keys)}
	values = edit_values(
		items,
		history,
		answers.rows,
		np.array([position[key] for key in answers.rows.keys], dtype=np.intp),
		settings.review_days,
		settings.unmet_demand.lower(),
	)
	booked = {
		name: {"edit_value": money(float(value), "edit_value", "RL Feedback"), "edit_value_on": today}
		for name, value in zip(answers.names, values, strict=True)
		if not np.isnan(value)
	}
	if booked:
		# whether something was learned from a row is told by the time of its change: this is none
		frappe.db.bulk_update("RL Feedback", booked, update_modified=False)


def _unbooked(agent: str, since: date) -> Answers:
	"""What was proposed, has settled, and has no value yet."""
	row = frappe.qb.DocType("RL Feedback")
	return answers_of(
		frappe.qb.from_(row)
		.select("*")
		.where((row.agent == agent) & (row.settled == 1) & row.edit_value_on.isnull())
		.where((row.decision_date >= since) & row.proposal.isnotnull())
		# what moving is worth is another question than what buying is
		.where(is_bought(row))
		.orderby(row.decision_date, row.name)
		.run(as_dict=True)
	)
