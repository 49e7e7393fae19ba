"""What an agent may order at most: days of cover per item, and money per run and month."""

from __future__ import annotations

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import cint, fmt_money

from rl_replenishment.bridge import figures
from rl_replenishment.bridge.policies.service_targets import targets_of
from rl_replenishment.bridge.state.budget import Budget
from rl_replenishment.bridge.state.situation import Situation
from rl_replenishment.core.budget import within_budget
from rl_replenishment.core.proposal import Proposal, covered
from rl_replenishment.core.service.classes import classes_of
from rl_replenishment.core.service.targets import factors_of

#: of many lines, how many messages name
_NAMED = 5


def within_cover(
	settings: Document, situation: Situation, proposals: list[Proposal]
) -> tuple[list[Proposal], list[str]]:
	"""The proposals with the agent's days of cover at most, and messages on what is cut or does not pay."""
	messages: list[str] = []
	asked = proposals
	if days := cint(settings.max_cover_days):
		proposals = covered(proposals, situation.state, days, _, figures.writer())
		cut = sum(
			0 < after.proposed_qty < before.proposed_qty
			for before, after in zip(asked, proposals, strict=True)
		)
		if cut:
			messages.append(_("Quantities cut to {0} days of cover: {1}.").format(days, cut))
	return proposals, messages + _not_worth_it(asked, proposals)


def within_money(
	settings: Document, budget: Budget, situation: Situation, proposals: list[Proposal]
) -> tuple[list[Proposal], list[str]]:
	"""What the agent's budgets of a run and of the month buy, and a message where that is not all."""
	return (proposals, []) if budget.left is None else _within_budget(settings, budget, situation, proposals)


def _not_worth_it(asked: list[Proposal], proposals: list[Proposal]) -> list[str]:
	"""What is wanted and no order of it fits the limits, or pays: by name, and why."""
	held = [
		after
		for before, after in zip(asked, proposals, strict=True)
		if after.held_back and (after.why.is_held_back or not before.held_back)
	]
	words = [f"{each.item_code} @ {each.warehouse}: {each.held_back}" for each in held[:_NAMED]]
	if len(held) > _NAMED:
		words.append(_("And {0} more; see Looked at and Not Ordered.").format(len(held) - _NAMED))
	return words


def _within_budget(
	settings: Document, budget: Budget, situation: Situation, proposals: list[Proposal]
) -> tuple[list[Proposal], list[str]]:
	"""What the money buys that is most urgent, and a message where it is not enough."""
	items, currency = (
		situation.items,
		frappe.get_cached_value("Company", settings.company, "default_currency"),
	)

	def money(value: float) -> str:
		return fmt_money(value, currency=currency)

	# what is to be on the shelf more often is more urgent
	factor = factors_of(targets_of(settings), items, classes_of(items, situation.state.demand))
	within, spent = within_budget(
		proposals,
		situation.state,
		situation.purchasing.rates,
		budget.left or 0.0,
		_,
		figures.writer(),
		money,
		items.stockout_cost * factor,
	)
	lines = sum(
		after.proposed_qty < before.proposed_qty for before, after in zip(proposals, within, strict=True)
	)
	if not lines:
		return within, []
	if budget.is_of_the_month:
		words = _(
			"{0} of {1} are left of this month's budget: {2} lines were cut or left for later, worth {3}."
		)
		told = words.format(money(budget.left or 0.0), money(budget.month), lines, money(spent.missing))
	else:
		words = _("A run may order {0}: {1} lines were cut or left for later, worth {2}.")
		told = words.format(money(budget.run), lines, money(spent.missing))
	return within, [told]
