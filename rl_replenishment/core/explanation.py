"""Why this quantity: the decision's own numbers in one sentence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from rl_replenishment.core.feedback import ROUNDING
from rl_replenishment.core.items import DAYS_PER_YEAR, FloatArray
from rl_replenishment.core.policies.base import State, protection_days, total_within
from rl_replenishment.core.policies.limits import given_up, limits_of, selling_days, sensible_order
from rl_replenishment.core.policies.needed import needed
from rl_replenishment.core.policies.residual_network import Decision, Situation
from rl_replenishment.core.written import as_written, quantity_words, written_quantities

#: gives a text of this module, with its placeholders, in another language
Translate = Callable[[str], str]
#: writes a quantity in a reader's format
Number = Callable[[float], str]

#: from here on, an expectation is that of similar items
_MOSTLY_BORROWED = 0.5
#: days of cover that are as good as for ever
_LONGEST_SPAN = 36_500.0


@dataclass(frozen=True)
class Explanation:
	"""The numbers behind one quantity, in stock UOM; they add up to it.

	`rule_wish + correction`, rounded by `rounding`, and `followed` on top, is `quantity`.
	"""

	protection_days: int
	demand_low: float
	demand_high: float
	#: share of what is known of its demand that was taken from similar items
	borrowed: float
	on_hand: float
	on_order: float
	#: of both, what waits for demand that the buyer announced
	set_aside: float
	#: on hand plus what arrives in time less what is set aside, to compare with the reorder point
	position: float
	reorder_point: float
	target: float
	#: the level as learning moved it: at or above it, nothing is ordered
	learned_target: float
	rule_wish: float
	#: what the supplier would get by the rule alone
	rule_quantity: float
	correction: float
	rounding: float
	quantity: float
	pack: float
	min_order: float
	#: of what is on order, what arrives too late to count now, and the days until the first of it
	late: float = 0.0
	late_days: float = 0.0
	#: of what is missing to the target, what arrives before it is needed
	later: float = 0.0
	#: 1 where nothing of it is sold and nothing is owed
	unsold: float = 0.0
	#: 1 where the wish is too small for an order
	too_small: float = 0.0
	#: the least that can be ordered, where it does not pay, and the days it would last; 0 elsewhere
	too_large: float = 0.0
	cover_days: float = 0.0
	#: days from its arrival in which an order is sold at all, where that cut it; 0 elsewhere
	selling_days: float = 0.0
	#: 1 where those days are the last before the item's end, 0 where it spoils
	ends: float = 0.0
	#: what is there and expires before it can be sold, not part of what is on hand
	expiring: float = 0.0
	#: what is promised by date and is to leave until an order of the next review could arrive, and later, and
	#: the days until the first of the latter
	promised: float = 0.0
	promised_later: float = 0.0
	promised_days: float = 0.0
	#: what was booked far outside its history and is not expected again, and the days since the last of it
	left_out: float = 0.0
	left_out_days_ago: float = 0.0
	#: what following the buyer's lessons adds to the order, or takes off it
	followed: float = 0.0
	#: demand over the protection interval that is passed as often as not
	demand_middle: float = 0.0
	#: of what is on order, what is overdue by too much to count on, and by how many days
	long_overdue: float = 0.0
	long_overdue_days: float = 0.0
	#: days without demand, where an order is wished for an item that was given up by them; 0 elsewhere
	idle_days: float = 0.0

	def sentence(self, _: Translate = str, number: Number = quantity_words) -> str:
		"""One sentence for a buyer: clauses in the language that `_` translates to, numbers by `number`."""
		expected = _("Demand over the next {0} days is expected at {1} to {2}").format(
			self.protection_days, number(self.demand_low), number(self.demand_high)
		)
		if self.borrowed >= _MOSTLY_BORROWED:
			expected += ", " + _("going by similar items of its group")
		if self.left_out:
			once = _("not counting {0} that were booked {1} days ago, far more than ever else")
			expected += ", " + once.format(number(self.left_out), number(self.left_out_days_ago))
		decided = [self._rule_words(_, number)]
		is_corrected = abs(self.correction) >= 0.5
		if is_corrected or abs(self.quantity - self.followed - self.rule_quantity) > ROUNDING:
			decided.append(self._correction_words(_, number))
		if limit := self.limit_words(_, number):
			decided.append(limit)
		# what float noise leaves of huge packs is no rounding that a buyer would see
		elif abs(self.rounding) >= max(0.5, 1e-3 * self.pack) and not self._adds_up:
			decided.append(self._rounding_words(_, number))
		if abs(self.followed) > ROUNDING:
			words = _("your changes add {0}") if self.followed > 0 else _("your changes take off {0}")
			decided.append(words.format(number(abs(self.followed))))
		order = _("order {0}").format(number(self.quantity)) if self.quantity else _("order nothing")
		if self.late and self.quantity:
			order += ", " + self._pull_forward_words(_, number)
		return f"{expected}, {self._stock_words(_, number)}; {', '.join(decided)}: {order}."

	@property
	def told_target(self) -> float:
		"""The target as the sentence tells it: of what comes in pieces, as far as whole ones reach."""
		is_cut = self.target - self.position - self.later - self.rule_wish >= 0.5
		if self.position > self.reorder_point or is_cut or self.later >= 0.5:
			return self.target
		return self.target + self._asked - self.rule_wish

	def as_told(self) -> dict[str, float]:
		"""The numbers that lead to the quantity as the sentence tells them; they add up to it, too."""
		asked, learned = self._asked, self._learned
		return {
			"target": self.told_target,
			"rule_wish": asked,
			"correction": learned,
			"rounding": self.quantity - self.followed - asked - learned,
		}

	@property
	def _adds_up(self) -> bool:
		"""Whether what is told of rule and learning is the order already, without a word on rounding."""
		told = self._asked + self._learned
		return self.pack == 1 and abs(self.quantity - self.followed - told) <= ROUNDING

	@property
	def _asked(self) -> float:
		"""What the rule asks for as it is told: of what comes in pieces, whole ones, so that it adds up."""
		return max(0.0, float(np.ceil(self.rule_wish - ROUNDING))) if self.pack == 1 else self.rule_wish

	@property
	def _learned(self) -> float:
		"""What learning adds or takes off as it is told."""
		if self.pack != 1:
			return self.correction
		return float(np.ceil(max(self.rule_wish + self.correction, 0) - ROUNDING)) - self._asked

	def limit_words(self, _: Translate = str, number: Number = quantity_words) -> str:
		"""Why less was ordered than was wished, or nothing; "" where nothing limits it but the supplier."""
		if self.idle_days:
			words = _("not sold for {0} days, and often before")
			return words.format(number(self.idle_days))
		if self.unsold and self.rule_wish + self.correction >= 0.5:
			return _("none of it is sold")
		if self.too_large:
			words = _("the smallest order of {0} would last {1} and cost more than it saves")
			return words.format(number(self.too_large), span_words(self.cover_days, _, number))
		if not self.selling_days and not self.ends:
			return _("too little for an order") if self.too_small and abs(self.rounding) >= 0.5 else ""
		if self.ends and not self.selling_days:
			return _("an order would arrive after its end")
		if self.ends:
			return _("cut to what is sold in the {0} days from its arrival to its end").format(
				number(self.selling_days)
			)
		return _("cut to what is sold in the {0} days that it keeps").format(number(self.selling_days))

	@property
	def is_held_back(self) -> bool:
		"""Whether an order is wished for that the item's costs or its end forbid."""
		return not self.quantity and bool(self.idle_days or self.too_large or self.selling_days or self.ends)

	def _pull_forward_words(self, _: Translate, number: Number) -> str:
		if self.late >= self.quantity:
			return _("or have the {0} on order come earlier").format(number(self.late))
		return _("less if the {0} on order come earlier").format(number(self.late))

	def _stock_words(self, _: Translate, number: Number) -> str:
		if self.on_order:
			words = _("with {0} on hand and {1} on order").format(number(self.on_hand), number(self.on_order))
		else:
			words = _("with {0} on hand").format(number(self.on_hand))
		if self.long_overdue:
			overdue = _("{0} of it {1} days overdue and not counted on any more")
			words += ", " + overdue.format(number(self.long_overdue), number(self.long_overdue_days))
		if self.late:
			words += ", " + _("{0} of it due in {1} days or later, too late to count now").format(
				number(self.late), number(self.late_days)
			)
		if self.expiring:
			words += ", " + _("{0} more expire before they can be sold").format(number(self.expiring))
		if self.promised:
			words += ", " + _("{0} promised to leave in these days").format(number(self.promised))
		if self.promised_later:
			words += ", " + _("{0} promised for {1} days from now or later, to be bought then").format(
				number(self.promised_later), number(self.promised_days)
			)
		if self.set_aside:
			kept = _("{0} of it kept for announced demand, which leaves {1}")
			words += ", " + kept.format(number(self.set_aside), number(self.position))
		elif self.on_order and not self.rule_wish:
			words += ", " + _("{0} in all").format(number(self.position))
		return words

	def _rule_words(self, _: Translate, number: Number) -> str:
		point, wish = number(self.reorder_point), number(self._asked)
		if self.position > self.reorder_point:
			# a point a little below the stock may read the same as the stock
			if point == number(self.position):
				return _("the rule orders below {0}, so it asks for {1}").format(point, wish)
			return _("the rule orders at {0} or less, so it asks for {1}").format(point, wish)
		if self.target - self.position - self.later - self.rule_wish >= 0.5:
			words = _("the rule fills up to {0}, at most {1} at a time, and asks for {1}")
		elif self.later >= 0.5:
			words = _("the rule fills up to {0}, counts what arrives later, and asks for {1}")
		else:
			words = _("the rule fills up to {0} and asks for {1}")
		return words.format(number(self.told_target), wish)

	def _correction_words(self, _: Translate, number: Number) -> str:
		amount = abs(self._learned or self.correction)
		shown = number(amount) if amount >= 0.05 else _("less than {0}").format(number(0.1))
		if self.correction > 0:
			return _("learning adds {0}, filling up to {1}").format(shown, number(self.learned_target))
		return _("learning takes off {0}").format(shown)

	def _rounding_words(self, _: Translate, number: Number) -> str:
		if self.rounding < 0:
			return _("cut to the largest order")
		if self.quantity <= self.min_order:
			return _("raised to the minimum order of {0}").format(number(self.min_order))
		if self.pack > 1:
			return _("rounded up to packs of {0}").format(number(self.pack))
		return _("rounded up")


def told(state: Mapping[str, Any]) -> dict[str, Any]:
	"""A proposal's numbers as they were kept, with those that the sentence tells otherwise as it does.

	Proposals of earlier versions, and what was never proposed, lack some: their numbers stay.
	"""
	names = [each.name for each in fields(Explanation)]
	try:
		explanation = Explanation(**{name: state[name] for name in names if name in state})
	except TypeError:
		return dict(state)
	return {**state, **explanation.as_told()}


def target_words(
	target: float,
	reorder_point: float,
	middle: float,
	days: int,
	_: Translate = str,
	number: Number = quantity_words,
) -> str:
	"""Why the target is where it is: what is expected in so many days, what luck may ask for, and the lot.

	"" where there is no level to explain. The parts add up to the target as they are shown.
	"""
	if middle <= 0 or target <= 0:
		return ""
	decimals = 0 if target >= 10 else 1
	whole, point, expected = (round(value, decimals) for value in (target, reorder_point, middle))
	lot, more = round(whole - point, decimals), round(point - expected, decimals)
	words = _("The target of {0}: {1} are expected to leave in {2} days").format(
		number(whole), number(expected), days
	)
	if more > 0:
		words += ", " + _("{0} are for more than expected").format(number(more))
	elif more < 0:
		words += ", " + _("less {0}, since running out costs little").format(number(-more))
	if lot > 0:
		lasts = number(round(lot * days / middle))
		words += ", " + _("and {0} last {1} more days, so that an order is worth its cost").format(
			number(lot), lasts
		)
	return words + "."


def explain(situation: Situation, decision: Decision) -> list[Explanation]:
	"""The numbers behind every item's quantity, N of them."""
	state = situation.state
	wished = decision.classical + decision.correction
	nothing = np.zeros(len(state.items), np.float32)
	followed = nothing if decision.followed is None else decision.followed
	own = decision.quantity - followed
	position, missing = needed(state, decision.levels)
	known = limits_of(state, decision.levels.rate)
	sells_for = selling_days(state)
	late, late_days = _late_arrivals(state, position)
	is_wish = wished > state.items.order_noise
	is_asked = is_wish | (decision.classical > state.items.order_noise)
	too_small = is_wish & (wished < known.least)
	is_sold = np.isfinite(known.cover_days)
	unsold = ~is_sold & (known.most <= 0)
	cut = is_wish & ~unsold & (wished > known.most) & (own < wished)
	# what learning takes off for the size of the order was wished for all the same
	is_too_large = (
		is_asked
		& ~too_small
		& ~unsold
		& ~known.pays
		& (known.most > 0)
		& (own <= 0)
		& (state.items.largest_order > 0)
	)
	columns = (
		protection_days(state.items, state.review_days),
		decision.levels.low,
		decision.levels.high,
		nothing if state.borrowed is None else state.borrowed,
		state.on_hand,
		state.arrivals.sum(axis=0) + (nothing if state.long_overdue is None else state.long_overdue),
		nothing if state.set_aside is None else state.set_aside,
		position,
		decision.levels.reorder_point,
		decision.levels.order_up_to,
		decision.learned.order_up_to,
		decision.classical,
		sensible_order(state, decision.classical, decision.levels.rate),
		decision.correction,
		own - wished,
		written_quantities(state.items, decision.quantity),
		state.items.order_multiple,
		state.items.smallest_order,
		late,
		late_days,
		np.maximum(decision.levels.order_up_to - position - missing, 0),
		unsold,
		too_small,
		np.where(is_too_large, state.items.smallest_lot, 0),
		np.where(is_too_large, np.minimum(known.cover_days, _LONGEST_SPAN), 0),
		np.where(cut & ~is_too_large, sells_for, 0),
		cut & ~is_too_large & (sells_for < state.items.shelf_life_days),
		nothing if state.expiring is None else state.expiring,
		*_promised(state),
		nothing if state.left_out is None else state.left_out,
		nothing if state.left_out_days_ago is None else state.left_out_days_ago,
		followed,
		decision.levels.middle,
		nothing if state.long_overdue is None else state.long_overdue,
		nothing if state.long_overdue_days is None else state.long_overdue_days,
		np.where(unsold & is_asked & given_up(state.demand), state.demand.days_since_demand, 0),
	)
	numbers = [as_written(column).tolist() for column in columns[1:]]
	return [Explanation(int(row[0]), *row[1:]) for row in zip(columns[0], *numbers, strict=True)]


def _late_arrivals(state: State, position: FloatArray) -> tuple[FloatArray, FloatArray]:
	"""What arrives too late to count, and the days until the first of it, each of shape (N,).

	That is what comes after the protection interval, and all that an order of now would be earlier than where
	the shelf is empty before it.
	"""
	days = np.arange(len(state.arrivals))[:, None]
	from_day = np.where(
		position < state.inventory_position,
		state.items.whole_lead_time_days + 1,
		protection_days(state.items, state.review_days),
	)
	late = np.where(days >= from_day, state.arrivals, 0)
	return late.sum(axis=0), (late > 0).argmax(axis=0).astype(np.float32)


def _promised(state: State) -> tuple[FloatArray, FloatArray, FloatArray]:
	"""What is promised by date within the protection interval, after it, and the days until the latter."""
	known = state.known_demand
	if known is None:
		nothing = np.zeros(len(state.items), np.float32)
		return nothing, nothing, nothing
	within = total_within(known, protection_days(state.items, state.review_days))
	later = np.arange(len(known))[:, None] >= protection_days(state.items, state.review_days)
	is_later = later & (known > 0)
	days = np.where(is_later.any(axis=0), is_later.argmax(axis=0), 0).astype(np.float32)
	return within, np.where(later, known, 0).sum(axis=0), days


def span_words(days: float, _: Translate = str, number: Number = quantity_words) -> str:
	"""So many days in words, in years from two on."""
	if days >= _LONGEST_SPAN:
		return _("for ever")
	if days < 2 * DAYS_PER_YEAR:
		return _("{0} days").format(number(days))
	return _("{0} years").format(number(days / DAYS_PER_YEAR))
