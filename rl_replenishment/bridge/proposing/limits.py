"""What an agent may order at most: days of cover per item, and value per run."""

from __future__ import annotations

from dataclasses import replace

import frappe
import numpy as np
from frappe import _
from frappe.model.document import Document
from frappe.utils import flt, fmt_money

from rl_replenishment.bridge import figures
from rl_replenishment.bridge.state.situation import Situation
from rl_replenishment.core.items import FloatArray
from rl_replenishment.core.policies.base import usual_rate
from rl_replenishment.core.proposal import Proposal


def within_limits(
	settings: Document, situation: Situation, proposals: list[Proposal]
) -> tuple[list[Proposal], list[str]]:
	"""The proposals as the agent's limits allow them, and a message for each limit that cut something."""
	messages: list[str] = []
	if settings.max_cover_days:
		proposals, cut = _within_cover(int(settings.max_cover_days), situation, proposals)
		if cut:
			messages.append(
				_("Quantities cut to {0} days of cover: {1}.").format(settings.max_cover_days, cut)
			)
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


def _within_cover(days: int, situation: Situation, proposals: list[Proposal]) -> tuple[list[Proposal], int]:
	"""Cut orders so that stock and open orders do not exceed the demand of so many days.

	The smallest order that the supplier accepts stays possible: an item whose pack is larger than that would
	otherwise never be ordered.
	"""
	items, position = situation.items, situation.state.inventory_position
	room = usual_rate(situation.state) * days - position
	packs = np.floor(room / items.order_unit + 1e-4) * items.order_unit
	most = np.maximum(np.where(items.order_multiple > 0, packs, room), _smallest(situation))
	cut = 0
	result = []
	for proposal, limit in zip(proposals, most.tolist(), strict=True):
		if proposal.proposed_qty > limit:
			cut += 1
			reason = _("{0} Cut to {1}, {2} days of cover.").format(
				proposal.reason, figures.words(limit), days
			)
			proposal = replace(proposal, proposed_qty=limit, reason=reason)
		result.append(proposal)
	return result, cut


def _smallest(situation: Situation) -> FloatArray:
	items = situation.items
	return np.maximum(items.smallest_order, np.where(items.order_multiple > 0, items.order_multiple, 0))


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
