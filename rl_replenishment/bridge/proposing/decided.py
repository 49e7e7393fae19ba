"""What a review period has decided already, so that running again orders only for what happened since.

A policy decides once per review period about an item-warehouse, whether or not it orders. A further run sees
the books as they are, with what was requested and ordered in the meantime, and asks the policy twice: as
things are, and as they would be had nothing left since the decision. Only what differs is proposed. So a new
price, another policy, a cap on an order, and lines that the buyer cut, turned down or raised change nothing
before the next review; sales, and older orders that were cancelled, do.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import frappe
import numpy as np
from frappe import _
from frappe.model.document import Document
from frappe.utils import flt, formatdate

from rl_replenishment.bridge.figures import words
from rl_replenishment.bridge.queries import Keys
from rl_replenishment.bridge.review_days import last_review_day, next_review_day
from rl_replenishment.bridge.state.detours import read_asked_for
from rl_replenishment.core.items import FloatArray, ItemKey, whole_packs
from rl_replenishment.core.policies.base import State
from rl_replenishment.core.proposal import Proposal

#: a difference of two sums of quantities that is float noise
_NOISE = 1e-4


@dataclass(frozen=True, eq=False)
class Decided:
	"""What is known of this review period's decisions about N item-warehouses, in stock UOM."""

	#: the day of each one's first decision, None where there was none, N of them
	days: Sequence[date | None]
	next_review: date
	#: what has left since then and no later run has answered, shape (N,)
	left: FloatArray
	#: what it takes to come back to the level that was decided on, shape (N,); no less than what has left
	room: FloatArray

	def bounded(
		self, proposals: Sequence[Proposal], state: State, quantities: Callable[[State], FloatArray]
	) -> list[Proposal]:
		"""The proposals, less what was wished for at the decision already.

		`quantities` asks the policy, which proposed them in `state`.
		"""
		result = list(proposals)
		again = [i for i, day in enumerate(self.days) if day and proposals[i].proposed_qty > 0]
		if not again:
			return result
		before = quantities(replace(state, on_hand=state.on_hand + self.left))
		now = np.array([each.proposed_qty for each in proposals], dtype=np.float32)
		more = np.where(self.left > 0, np.maximum(now - before, 0), 0)
		# a little that left must not let a new price, or another policy, in by the back door
		more = np.minimum(more, self.room)
		more = whole_packs(state.items, more)
		more = np.where(more < state.items.smallest_order, 0, more)
		for i in again:
			extra, whole = float(more[i]), proposals[i].proposed_qty
			if extra >= whole * (1 - _NOISE):
				continue
			day = formatdate(self.days[i])
			if extra > 0:
				reason = _("{0} It was decided on {1}: of this, {2} for what has left since.").format(
					proposals[i].reason, day, words(extra)
				)
				result[i] = replace(proposals[i], reason=reason)
			else:
				reason = _("Decided on {0}: nothing has left since that calls for more before {1}.").format(
					day, formatdate(self.next_review)
				)
				result[i] = replace(proposals[i], held_back=reason)
			rule = max(proposals[i].baseline_qty - (whole - extra), 0.0)
			result[i] = replace(result[i], proposed_qty=extra, baseline_qty=rule)
		return result


def read_decided(settings: Document, keys: Sequence[ItemKey], projected: FloatArray, today: date) -> Decided:
	"""Read this period's decisions of an agent, in five queries; `projected`, shape (N,), is that of now."""
	at = Keys(keys)
	days: list[date | None] = [None] * len(at)
	before, answered, level = np.zeros(len(at)), np.zeros(len(at)), np.zeros(len(at))
	since = last_review_day(settings.review_frequency, today)
	for position, day, quantity_before, proposed, target in _decisions(settings.name, at, since):
		if days[position] is None:
			days[position], before[position], level[position] = day, quantity_before, target
		else:
			answered[position] += proposed
	left = np.zeros(len(at), np.float32)
	if any(days):
		asked_for = at.column(read_asked_for(settings.name, at, since))
		left = before + asked_for - projected - answered
		left = np.where(left > np.maximum(_NOISE * np.abs(before), _NOISE), left, 0).astype(np.float32)
		left = np.where([day is not None for day in days], left, np.float32(0))
	room = np.maximum(level - projected, left).astype(np.float32)
	return Decided(days, next_review_day(settings.review_frequency, today), left, room)


def _decisions(agent: str, at: Keys, since: date) -> Iterator[tuple[int, date, float, float, float]]:
	"""Position, day, projected quantity before, quantity proposed, and level filled up to, of each decision.

	The oldest first; where nothing was ordered, the level that would have been filled up to.
	"""
	run, proposal = frappe.qb.DocType("RL Proposal Run"), frappe.qb.DocType("RL Proposal")
	runs = (
		frappe.qb.from_(run)
		.select(run.name, run.day, run.not_ordered)
		.where((run.agent == agent) & (run.day >= since) & (run.mode != "Shadow"))
		.where(run.status.isin(["Completed", "Partly"]))
		.orderby(run.creation)
		.run(as_dict=True)
	)
	if not runs:
		return
	rows = (
		frappe.qb.from_(proposal)
		.select(proposal.run, proposal.item_code, proposal.warehouse, proposal.proposed_qty, proposal.state)
		.where(proposal.run.isin([each.name for each in runs]))
		# what could not be requested is still to be decided
		.where(proposal.status.isin(["Requested", "Ordered", "Turned Down"]))
		.run(as_dict=True)
	)
	ordered: dict[str, list[Any]] = {}
	for row in rows:
		ordered.setdefault(row.run, []).append(row)
	for each in runs:
		# what is bought and what is moved is one decision about a place
		together: dict[int, tuple[float, float]] = {}
		for row in ordered.get(each.name, ()):
			position = at.position(row.item_code, row.warehouse)
			known = json.loads(row.state or "{}").get("projected")
			# a proposal of before this was kept
			if position >= 0 and known is not None:
				proposed = together.get(position, (0.0, 0.0))[1] + flt(row.proposed_qty)
				together[position] = (flt(known), proposed)
		for position, (known, proposed) in together.items():
			yield position, each.day, known, proposed, known + proposed
		kept = json.loads(each.not_ordered or "{}")
		names = ("item_code", "warehouse", "held_back", "projected", "target")
		columns = (kept.get(name, ()) for name in names)
		for item_code, warehouse, held_back, known, target in zip(*columns, strict=False):
			position = at.position(item_code, warehouse)
			# what was held back is asked for again
			if position >= 0 and not held_back:
				yield position, each.day, flt(known), 0.0, flt(target)
