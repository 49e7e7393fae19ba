"""Proposals that a buyer merged: one of them was given up, another was ordered with what that one asked for.

Who finds the same item on two requests may delete or stop one of them and raise the other. What was ordered
beyond one proposal counts for others of the same agent, item and warehouse that were given up, as long as
they were there when it was ordered.

So what a row says depends on other requests, and on orders without a link. Whatever has changed, all that
share with it are read, and those that share with these: the rows are the same in whatever order documents
change.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import frappe
from frappe.utils import add_days

from rl_replenishment.bridge.feedback.decisions import Decision, read_decisions, with_amendments
from rl_replenishment.bridge.feedback.unlinked import (
	DAYS_APART,
	add_unlinked,
	answers,
	by_day,
	lacks,
	read_unlinked,
)
from rl_replenishment.bridge.queries import one_of


@dataclass
class Circle:
	"""Decisions that share what was ordered, those complete that share with any of them."""

	decisions: list[Decision] = field(default_factory=list)
	#: order lines without a link to an agent's request that are for these, or could be
	by_hand: list[Any] = field(default_factory=list)

	def share(self) -> list[Decision]:
		"""What was decided, with what was ordered by hand, or for several that were merged."""
		amended = {each.proposal for each in self.decisions if each.proposal and not each.is_cancelled}
		# an amendment stands for the request that was cancelled
		standing = [each for each in self.decisions if not (each.is_cancelled and each.proposal in amended)]
		add_unlinked(standing, self.by_hand)
		_share(standing)
		return standing


def read_circle(requests: Collection[str]) -> Circle:
	"""The decisions on these requests, and all that have shared with them, or do now.

	Those near in time have, perhaps; from there it goes on to others as long as something is left over or
	lacks. In a dozen queries for most requests, in more where buyers merged over and over.
	"""
	known = with_amendments(requests)
	changed = read_decisions(known)
	pool, circle, todo = list(changed), list(changed), list(changed)
	found = {id(each) for each in changed}
	by_hand: list[Any] = []
	is_first = True
	while todo:
		if others := with_amendments(_near(todo)) - known:
			known |= others
			pool += read_decisions(others, {each.item_code for each in todo})
		by_hand = read_unlinked([*changed, *filter(lacks, pool[len(changed) :])])
		neighbours = _Neighbours(pool, by_hand)
		near = [other for each in todo for other in neighbours.of(each, is_changed=is_first)]
		todo = list({id(each): each for each in near if id(each) not in found}.values())
		found.update(id(each) for each in todo)
		circle += todo
		is_first = False
	concerned = [*changed, *filter(lacks, circle[len(changed) :])]
	return Circle(circle, [row for row in by_hand if any(answers(row, each) for each in concerned)])


class _Neighbours:
	"""Of decisions, those that each may share with."""

	def __init__(self, pool: Sequence[Decision], by_hand: Sequence[Any]) -> None:
		self._pool: dict[tuple[str, str], list[Decision]] = defaultdict(list)
		for each in pool:
			if each.proposal:
				self._pool[each.company, each.item_code].append(each)
		self._by_hand: dict[str, list[Any]] = defaultdict(list)
		for row in by_hand:
			self._by_hand[row.item_code].append(row)

	def of(self, decision: Decision, *, is_changed: bool) -> list[Decision]:
		"""Those that it shares with; of a changed one, all near it, as it may have shared before."""
		if not decision.proposal:
			return []
		return [
			each
			for each in self._pool[decision.company, decision.item_code]
			if abs((each.decision_date - decision.decision_date).days) <= DAYS_APART
			and (is_changed or self._may_share(decision, each))
		]

	def _may_share(self, one: Decision, other: Decision) -> bool:
		if _about(one) == _about(other) and (
			(_excess(one) and _is_given_up(other)) or (_is_given_up(one) and _excess(other))
		):
			return True
		return (
			lacks(one)
			and lacks(other)
			and any(answers(row, one) or answers(row, other) for row in self._by_hand[one.item_code])
		)


def _about(decision: Decision) -> tuple[str, str, str, str]:
	# what was bought instead of being moved does not answer the transfer
	return decision.agent, decision.item_code, decision.warehouse, decision.from_warehouse or ""


def _excess(decision: Decision) -> float:
	"""What was ordered beyond the proposal."""
	excess = decision.ordered_qty - decision.proposed_qty
	return excess if decision.proposal and excess > decision.tolerance else 0.0


def _is_given_up(decision: Decision) -> bool:
	return decision.is_over and lacks(decision)


def _near(decisions: Sequence[Decision]) -> set[str]:
	"""Requests with proposals for the same items at about the same time, in the same company."""
	days: dict[tuple[str, str], list[date]] = defaultdict(list)
	for each in decisions:
		if each.proposal:
			days[each.company, each.item_code].append(each.decision_date)
	if not days:
		return set()
	every = [day for some in days.values() for day in some]
	proposal = frappe.qb.DocType("RL Proposal")
	rows = (
		frappe.qb.from_(proposal)
		.select(proposal.material_request, proposal.proposal_date, proposal.company, proposal.item_code)
		.where(one_of(proposal.item_code, {item for _company, item in days}))
		.where(proposal.proposal_date >= add_days(min(every), -DAYS_APART))
		.where(proposal.proposal_date <= add_days(max(every), DAYS_APART))
		.where(proposal.material_request.isnotnull())
		.run()
	)
	return {
		request
		for request, day, *about in rows
		if any(abs((day - each).days) <= DAYS_APART for each in days.get(tuple(about), ()))
	}


def _share(decisions: Sequence[Decision]) -> None:
	"""Book what was ordered too much to what was given up, the oldest first."""
	by_account: dict[tuple[str, str, str, str], list[Decision]] = defaultdict(list)
	for each in sorted(decisions, key=by_day):
		if each.proposal:
			by_account[_about(each)].append(each)
	for account in by_account.values():
		for giver in (each for each in account if _excess(each)):
			for taker in (each for each in account if _is_given_up(each)):
				if _was_there(taker, giver):
					_move(giver, taker)


def _was_there(taker: Decision, giver: Decision) -> bool:
	"""Whether one that was given up was near, and there when another was ordered."""
	days = abs((taker.decision_date - giver.decision_date).days)
	return bool(giver.ordered_on and taker.decision_date <= giver.ordered_on and days <= DAYS_APART)


def _move(giver: Decision, taker: Decision) -> None:
	moved = min(_excess(giver), taker.proposed_qty - taker.ordered_qty)
	if moved > 0:
		giver.ordered_qty -= moved
		giver.requested_qty -= moved
		taker.ordered_qty += moved
		# so that a change of this order comes to both
		taker.purchase_order = giver.purchase_order
