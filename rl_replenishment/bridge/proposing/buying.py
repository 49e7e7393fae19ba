"""What is bought of what is wanted: within an agent's budgets, and as suppliers take it."""

from __future__ import annotations

import frappe
import numpy as np
from frappe import _
from frappe.model.document import Document
from frappe.utils import cint, fmt_money, formatdate

from rl_replenishment.bridge import figures
from rl_replenishment.bridge.policies.service_targets import targets_of
from rl_replenishment.bridge.proposing.supplier_terms import UnderTerms
from rl_replenishment.bridge.state.budget import Budget
from rl_replenishment.bridge.state.situation import Situation
from rl_replenishment.core.proposal import Proposal
from rl_replenishment.core.service.classes import classes_of
from rl_replenishment.core.service.targets import factors_of
from rl_replenishment.core.terms.buying import Bought, Purse, buy
from rl_replenishment.core.terms.wording import Wording

#: of many suppliers, how many messages name
_NAMED = 5


def as_bought(
	settings: Document,
	situation: Situation,
	proposals: list[Proposal],
	under: UnderTerms | None,
	budget: Budget,
) -> tuple[list[Proposal], list[str]]:
	"""The proposals as they are bought, and messages on what the money and the suppliers do not allow."""
	wording = _wording(settings)
	found = buy(
		proposals,
		situation.state,
		purse=_purse(settings, situation, budget),
		terms=under.terms if under else None,
		days=under.days if under else None,
		max_cover_days=cint(settings.max_cover_days) or None,
		wording=wording,
	)
	told = [order.told for order in found.orders if order.told]
	if len(told) > _NAMED:
		more = _("And {0} more suppliers; see Looked at and Not Ordered.").format(len(told) - _NAMED)
		told = [*told[:_NAMED], more]
	return found.proposals, [*_about_the_budget(found, budget, wording), *told]


def _wording(settings: Document) -> Wording:
	currency = frappe.get_cached_value("Company", settings.company, "default_currency")
	return Wording(
		_,
		figures.writer(),
		lambda value: fmt_money(value, currency=currency),
		lambda day: formatdate(day.astype(object)),
	)


def _purse(settings: Document, situation: Situation, budget: Budget) -> Purse | None:
	if budget.left is None:
		return None
	items = situation.items
	# what is to be on the shelf more often is more urgent
	factor = factors_of(targets_of(settings), items, classes_of(items, situation.state.demand))
	rates = np.asarray(situation.purchasing.rates, np.float64)
	return Purse(budget.left, rates, items.stockout_cost * factor)


def _about_the_budget(found: Bought, budget: Budget, wording: Wording) -> list[str]:
	if not found.cut or found.spent is None:
		return []
	money, missing = wording.money, found.spent.missing
	if budget.is_of_the_month:
		words = _(
			"{0} of {1} are left of this month's budget: {2} lines were cut or left for later, worth {3}."
		)
		return [words.format(money(budget.left or 0.0), money(budget.month), found.cut, money(missing))]
	words = _("A run may order {0}: {1} lines were cut or left for later, worth {2}.")
	return [words.format(money(budget.run), found.cut, money(missing))]
