"""Proposals under suppliers' terms: timed before the policy is asked, rounded together after it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import frappe
import numpy as np
from frappe import _
from frappe.model.document import Document
from frappe.utils import cint, fmt_money, formatdate, getdate, now_datetime

from rl_replenishment.bridge import figures
from rl_replenishment.bridge.review_days import next_review_day
from rl_replenishment.bridge.state.budget import Budget
from rl_replenishment.bridge.state.placed import with_placed
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
	minute = 60 * now.hour + now.minute if today == getdate() else 0
	terms = with_placed(terms, settings.company, today, minute)
	days = timing(
		terms,
		situation.items.whole_lead_time_days,
		np.datetime64(today, "D"),
		settings.review_days,
		next_review_days=(next_review_day(settings.review_frequency, today) - today).days,
		minute=minute,
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
	budget: Budget,
) -> tuple[list[Proposal], list[str]]:
	"""The proposals, rounded by supplier, and a message on each supplier that waits, or is paid freight.

	Nothing is raised beyond the budget, which the proposals are within.
	"""
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
	if budget.left is not None:
		result, orders = _affordable(budget.left, situation, under.terms, proposals, result, orders, wording)
	told = [order.told for order in orders if order.told]
	if len(told) > _NAMED:
		told = [
			*told[:_NAMED],
			_("And {0} more suppliers; see Looked at and Not Ordered.").format(len(told) - _NAMED),
		]
	return result, told


def _affordable(
	left: float,
	situation: Situation,
	terms: Terms,
	asked: Sequence[Proposal],
	rounded: list[Proposal],
	orders: list[SupplierOrder],
	wording: Wording,
) -> tuple[list[Proposal], list[SupplierOrder]]:
	"""The money that is left holds for what was raised, too, at the prices that it is reckoned with.

	The dearest orders first are as they were `asked` for where they were raised for freight or a price alone,
	else left for later: below their supplier's minimum they would be refused.
	"""
	worth = np.array([each.proposed_qty for each in rounded]) * situation.purchasing.rates
	before = np.array([each.proposed_qty for each in asked]) * situation.purchasing.rates
	total, result, kept = float(worth.sum()), list(rounded), []
	for order in sorted(orders, key=lambda each: -each.value):
		if total <= left * (1 + 1e-9) or order.status != "raised":
			kept.append(order)
			continue
		own = np.flatnonzero(terms.of_item == terms.suppliers.names.index(order.supplier))
		total -= float(worth[own].sum())
		if not order.measure:
			total += float(before[own].sum())
			for i in own.tolist():
				result[i] = asked[i]
			kept.append(replace(order, status="ordered", told="", value=float(before[own].sum())))
			continue
		held = _("{0}: the order of {1} would be more than is left of the budget.").format(
			order.supplier, wording.money(float(worth[own].sum()))
		)
		for i in own.tolist():
			if result[i].proposed_qty > 0:
				reason = f"{result[i].reason} {held}"
				result[i] = replace(result[i], proposed_qty=0.0, reason=reason, held_back=held)
		kept.append(replace(order, status="waits", told=held, value=0.0))
	return result, kept
