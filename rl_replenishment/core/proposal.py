"""From stock and demand to proposed order lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.errors import InputError
from rl_replenishment.core.explanation import Explanation, Number, Translate, explain, span_words
from rl_replenishment.core.feedback import ROUNDING
from rl_replenishment.core.items import FloatArray, ItemKey
from rl_replenishment.core.lessons.following import follow
from rl_replenishment.core.lessons.lessons import Lessons
from rl_replenishment.core.lessons.wording import line_words
from rl_replenishment.core.policies.base import State
from rl_replenishment.core.policies.limits import sensible_order, within_cover
from rl_replenishment.core.policies.residual_network import ResidualNetwork
from rl_replenishment.core.written import as_written, quantity_words, written_quantities

#: arrivals further ahead than this count as arriving on its last day
LONGEST_ARRIVAL_DAYS = 366


@dataclass(frozen=True)
class Proposal:
	"""What to order of one item-warehouse and why; quantities in stock UOM."""

	item_code: str
	warehouse: str
	supplier: str
	on_hand: float
	on_order: float
	proposed_qty: float
	#: what the classical rule would order
	baseline_qty: float
	reason: str
	#: the numbers behind it
	why: Explanation
	#: why nothing of it is to be ordered now, "" where nothing holds it back
	held_back: str = ""
	#: where it is moved from instead of being bought, "" where it is bought
	from_warehouse: str = ""
	#: what was learned from the buyer that moved the order, in words; "" where nothing did
	lesson: str = ""
	#: what moving it saves against buying, in money; 0 where it is bought
	saved: float = 0.0

	@property
	def policy_qty(self) -> float:
		"""What would be proposed without the buyer's lessons."""
		own = self.why.quantity - self.why.followed
		# a limit cuts either, and a supplier's minimum raises either
		raised = self.proposed_qty - self.why.quantity
		return min(own, self.proposed_qty) if raised < 0 else own + raised

	def changed(self, quantity: float, reason: str, held_back: str | None = None) -> Proposal:
		"""Of another quantity, with what is said of it: `replace` for thousands, in a fifth of its time."""
		held = self.held_back if held_back is None else held_back
		found = object.__new__(Proposal)
		# it is nobody else's yet
		found.__dict__.update(self.__dict__, proposed_qty=quantity, reason=reason, held_back=held)
		return found


def propose(
	policy: ResidualNetwork,
	state: State,
	translate: Translate = str,
	*,
	max_cover_days: float | None = None,
	number: Number = quantity_words,
	money: Number = quantity_words,
	lessons: Lessons | None = None,
) -> list[Proposal]:
	"""One proposal per item-warehouse of the state, also where nothing is to be ordered.

	Reasons are in English, or in the language that `translate` gives their texts in, with quantities as
	`number` and amounts as `money` writes them. Orders follow the buyer's `lessons`, where there are any.
	With `max_cover_days`, orders are cut as `covered` does.
	"""
	situation = policy.situation(state)
	decision = situation.decide(policy.actions(situation))
	learned = [""] * len(state.items)
	if lessons:
		on_items = lessons.on(state.items, np.max(state.today))
		own, decision = decision.quantity, follow(state, decision, on_items.factor)
		# a lesson that moves nothing is no reason
		is_moved = np.abs(as_written(decision.quantity - own)) > ROUNDING
		learned = line_words(on_items, is_moved, translate, money)
	rule = sensible_order(state, decision.classical, decision.levels.rate)
	baseline = written_quantities(state.items, rule).tolist()
	reasons = explain(situation, decision)
	proposals = [
		Proposal(
			item_code=key.item_code,
			warehouse=key.warehouse,
			supplier=supplier,
			on_hand=why.on_hand,
			on_order=why.on_order,
			proposed_qty=why.quantity,
			baseline_qty=by_rule,
			reason=f"{why.sentence(translate, number)} {words}".rstrip(),
			why=why,
			held_back=_held_back(why, translate, number),
			lesson=words,
		)
		for key, supplier, why, by_rule, words in zip(
			state.items.keys,
			state.items.suppliers,
			reasons,
			baseline,
			learned,
			strict=True,
		)
	]
	return (
		proposals if max_cover_days is None else covered(proposals, state, max_cover_days, translate, number)
	)


def covered(
	proposals: Sequence[Proposal],
	state: State,
	days: float,
	_: Translate = str,
	number: Number = quantity_words,
) -> list[Proposal]:
	"""The proposals of a state, cut so that stock and open orders last `days` of usual demand at most.

	What is cut says so in its reason. Where not even the smallest order that the supplier accepts fits,
	nothing is ordered, now or in a further run, and `held_back` says how long it would last.
	"""
	asked = np.array([each.proposed_qty for each in proposals], np.float32)
	limit = within_cover(state, asked, days)
	found = []
	for each, allowed, lasts in zip(
		proposals,
		written_quantities(state.items, limit.quantity).tolist(),
		limit.days_with_smallest.tolist(),
		strict=True,
	):
		if each.proposed_qty <= allowed:
			found.append(each)
			continue
		if allowed:
			words = _("Cut to {0}, {1} days of cover.").format(number(allowed), f"{days:.0f}")
			held = ""
		else:
			held = _("With the smallest order, the stock would last {0}, more than {1} days.").format(
				span_words(lasts, _, number), f"{days:.0f}"
			)
			words = held
		found.append(
			replace(
				each, proposed_qty=allowed, reason=f"{each.reason} {words}", held_back=each.held_back or held
			)
		)
	return found


def _held_back(why: Explanation, translate: Translate, number: Number) -> str:
	words = why.limit_words(translate, number) if why.is_held_back else ""
	return f"{words[0].upper()}{words[1:]}." if words else ""


def arrivals_by_day(
	items: int,
	index: npt.NDArray[np.integer],
	days_ahead: npt.NDArray[np.integer],
	quantity: npt.NDArray[np.floating],
) -> FloatArray:
	"""Open orders as the state has them, shape (H, N), from A orders; what is late is due today."""
	ahead = np.clip(days_ahead, 0, LONGEST_ARRIVAL_DAYS).astype(np.intp)
	arrivals = np.zeros((int(ahead.max(initial=0)) + 1, items), dtype=np.float32)
	np.add.at(arrivals, (ahead, index), quantity.astype(np.float32))
	return arrivals


def match_keys(wanted: Sequence[ItemKey], known: Sequence[ItemKey], source: str) -> npt.NDArray[np.intp]:
	"""Position of each of M wanted item-warehouses among the known ones, shape (M,), -1 where there is none.

	Where a history knows no warehouses, its item stands for the one warehouse asked about; `source` names the
	file that asks in the error for an item asked about in two.
	"""
	position = {key: i for i, key in enumerate(known)}
	found = np.full(len(wanted), -1, dtype=np.intp)
	taken: dict[int, ItemKey] = {}
	for row, key in enumerate(wanted):
		at = position.get(key, position.get(ItemKey(key.item_code), -1))
		if at >= 0 and taken.setdefault(at, key) != key:
			raise InputError(
				f"{source}: item {key.item_code} is in the warehouses {taken[at].warehouse} and "
				f"{key.warehouse}, but its order history names no warehouse; "
				"add a warehouse column to the orders."
			)
		found[row] = at
	return found
