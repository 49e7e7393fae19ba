"""What an agent may order at most of each item, in days of cover."""

from __future__ import annotations

from frappe import _
from frappe.model.document import Document
from frappe.utils import cint

from rl_replenishment.bridge import figures
from rl_replenishment.bridge.state.situation import Situation
from rl_replenishment.core.proposal import Proposal, covered

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
