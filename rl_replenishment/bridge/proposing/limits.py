"""What an agent may order at most: days of cover per item, and value per run."""

from __future__ import annotations

from dataclasses import replace

import frappe
import numpy as np
from frappe import _
from frappe.model.document import Document
from frappe.utils import cint, flt, fmt_money

from rl_replenishment.bridge import figures
from rl_replenishment.bridge.state.situation import Situation
from rl_replenishment.core.policies.base import usual_rate
from rl_replenishment.core.proposal import Proposal, covered

#: of many lines, how many messages name
_NAMED = 5


def within_limits(
	settings: Document, situation: Situation, proposals: list[Proposal]
) -> tuple[list[Proposal], list[str]]:
	"""The proposals as the agent's limits allow them, and a message for each limit that cut something."""
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
	messages += _not_worth_it(asked, proposals)
	if flt(settings.max_run_value) > 0:
		proposals, left, value = _within_value(flt(settings.max_run_value), situation, proposals)
		if left:
			currency = frappe.get_cached_value("Company", settings.company, "default_currency")
			messages.append(
				_("Less urgent lines left for later: {0}, worth {1}; a run may order {2} at most.").format(
					left,
					fmt_money(value, currency=currency),
					fmt_money(settings.max_run_value, currency=currency),
				)
			)
	return proposals, messages


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


def _within_value(
	most: float, situation: Situation, proposals: list[Proposal]
) -> tuple[list[Proposal], int, float]:
	"""Keep the most urgent lines whose value fits; returns what was left and its value too."""
	cover = situation.state.inventory_position / np.maximum(usual_rate(situation.state), 1e-6)
	rates = situation.purchasing.rates
	result = list(proposals)
	spent, left, left_value = 0.0, 0, 0.0
	for i in np.argsort(cover, kind="stable"):
		proposal = proposals[i]
		value = proposal.proposed_qty * float(rates[i])
		if not value:
			continue
		if spent + value <= most:
			spent += value
		else:
			left += 1
			left_value += value
			reason = _("Left for later: {0} of it are wanted, more than a run may order.").format(
				figures.words(proposal.proposed_qty)
			)
			result[i] = replace(proposal, proposed_qty=0.0, held_back=reason)
	return result, left, left_value
