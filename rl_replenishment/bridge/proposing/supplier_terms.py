"""Proposals under suppliers' terms: timed before the policy is asked, rounded together after it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import frappe
import numpy as np
from frappe import _
from frappe.model.document import Document
from frappe.utils import cint, fmt_money, formatdate, getdate, now_datetime

from rl_replenishment.bridge import figures
from rl_replenishment.bridge.review_days import next_review_day
from rl_replenishment.bridge.state.budget import read_budget
from rl_replenishment.bridge.state.situation import Situation
from rl_replenishment.bridge.state.supplier_terms import read_terms
from rl_replenishment.core.proposal import Proposal
from rl_replenishment.core.terms.calendar import Timing, timed, timing
from rl_replenishment.core.terms.proposals import SupplierOrder, Wording, on_terms
from rl_replenishment.core.terms.terms import Terms

#: of many suppliers, how many messages name
_NAMED = 5


@dataclass(frozen=True, eq=False)
class UnderTerms:
	"""What suppliers ask for, and when their orders go out."""

	terms: Terms
	days: Timing


def read_under_terms(settings: Document, situation: Situation, today: date) -> UnderTerms | None:
	"""The terms of the suppliers of a situation; None where nobody has any."""
	terms = read_terms(settings.company, situation.items, today)
	if terms is None:
		return None
	now = now_datetime()
	days = timing(
		terms,
		situation.items.whole_lead_time_days,
		np.datetime64(today, "D"),
		settings.review_days,
		next_review_days=(next_review_day(settings.review_frequency, today) - today).days,
		minute=60 * now.hour + now.minute if today == getdate() else 0,
	)
	return UnderTerms(terms, days)


def with_order_days(situation: Situation, under: UnderTerms | None) -> Situation:
	"""The situation as orders meet it that go out, and arrive, on their suppliers' days."""
	if under is None:
		return situation
	state = timed(situation.state, under.days)
	return replace(situation, items=state.items, state=state)


def rounded_together(
	settings: Document,
	situation: Situation,
	proposals: list[Proposal],
	under: UnderTerms | None,
	today: date,
) -> tuple[list[Proposal], list[str]]:
	"""The proposals, rounded by supplier, and a message on each supplier that waits, or is paid freight."""
	if under is None:
		return proposals, []
	currency = frappe.get_cached_value("Company", settings.company, "default_currency")
	wording = Wording(
		_,
		figures.writer(),
		lambda value: fmt_money(value, currency=currency),
		lambda day: formatdate(day.astype(object)),
	)
	result, orders = on_terms(
		proposals,
		situation.state,
		under.terms,
		under.days,
		wording,
		max_cover_days=cint(settings.max_cover_days) or None,
	)
	if any(order.status == "raised" for order in orders):
		left = read_budget(settings, today).left
		result, orders = _within_budget(left, under.terms, result, orders, wording)
	told = [order.told for order in orders if order.told]
	if len(told) > _NAMED:
		told = [
			*told[:_NAMED],
			_("And {0} more suppliers; see Looked at and Not Ordered.").format(len(told) - _NAMED),
		]
	return result, told


def _within_budget(
	most: float | None,
	terms: Terms,
	proposals: list[Proposal],
	orders: list[SupplierOrder],
	wording: Wording,
) -> tuple[list[Proposal], list[SupplierOrder]]:
	"""A budget holds for what was raised, too: what does not fit is left for later; None for no limit."""
	asked = np.array([each.proposed_qty for each in proposals])
	total = float((terms.price_of(asked) * asked).sum())
	result, kept = list(proposals), []
	for order in sorted(orders, key=lambda each: -each.value):
		if most is None or total <= most or order.status != "raised":
			kept.append(order)
			continue
		total -= order.value
		held = _("{0}: the order of {1} would be more than is left of the budget.").format(
			order.supplier, wording.money(order.value)
		)
		at = terms.suppliers.names.index(order.supplier)
		for i in np.flatnonzero((terms.of_item == at) & (asked > 0)).tolist():
			reason = f"{result[i].reason} {held}"
			result[i] = replace(result[i], proposed_qty=0.0, reason=reason, held_back=held)
		kept.append(replace(order, status="waits", told=held, value=0.0))
	return result, kept
