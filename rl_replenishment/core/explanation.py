"""Why this quantity: the decision's own numbers in one sentence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rl_replenishment.core.feedback import ROUNDING
from rl_replenishment.core.items import feasible_quantity
from rl_replenishment.core.policies.base import protection_days
from rl_replenishment.core.policies.order_up_to import (
	ForecastLevels,
	demand_deviation,
	demand_rate,
)
from rl_replenishment.core.policies.residual_network import Decision, ResidualNetwork, Situation

#: gives a text of this module, with its placeholders, in another language
Translate = Callable[[str], str]

#: of a normal distribution: the range of expected demand holds 80 % of the cases
_RANGE_DEVIATIONS = 1.2816
#: from here on, an expectation is that of similar items
_MOSTLY_BORROWED = 0.5


@dataclass(frozen=True)
class Explanation:
	"""The numbers behind one quantity, in stock UOM; they add up to it.

	`rule_wish + correction`, rounded by `rounding`, is `quantity`.
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
	#: on hand plus on order less what is set aside, which the rule compares with the reorder point
	position: float
	reorder_point: float
	target: float
	rule_wish: float
	#: what the supplier would get by the rule alone
	rule_quantity: float
	correction: float
	rounding: float
	quantity: float
	pack: float
	min_order: float

	def sentence(self, _: Translate = str) -> str:
		"""One sentence for a buyer, each clause of it in the language that `_` translates to."""
		expected = _("Demand over the next {0} days is expected at {1} to {2}").format(
			self.protection_days, _number(self.demand_low), _number(self.demand_high)
		)
		if self.borrowed >= _MOSTLY_BORROWED:
			expected += ", " + _("going by similar items of its group")
		decided = [self._rule_words(_)]
		if abs(self.correction) >= 0.5 or abs(self.quantity - self.rule_quantity) > ROUNDING:
			decided.append(self._correction_words(_))
		# what float noise leaves of huge packs is no rounding that a buyer would see
		if abs(self.rounding) >= max(0.5, 1e-3 * self.pack):
			decided.append(self._rounding_words(_))
		order = _("order {0}").format(_number(self.quantity)) if self.quantity else _("order nothing")
		return f"{expected}, {self._stock_words(_)}; {', '.join(decided)}: {order}."

	def _stock_words(self, _: Translate) -> str:
		if self.on_order:
			words = _("with {0} on hand and {1} on order").format(
				_number(self.on_hand), _number(self.on_order)
			)
		else:
			words = _("with {0} on hand").format(_number(self.on_hand))
		if self.set_aside:
			kept = _("{0} of it kept for announced demand, which leaves {1}")
			words += ", " + kept.format(_number(self.set_aside), _number(self.position))
		elif self.on_order and not self.rule_wish:
			words += ", " + _("{0} in all").format(_number(self.position))
		return words

	def _rule_words(self, _: Translate) -> str:
		point, wish = _number(self.reorder_point), _number(self.rule_wish)
		if self.position > self.reorder_point:
			# a point a little below the stock may read the same as the stock
			if point == _number(self.position):
				return _("the rule orders below {0}, so it asks for {1}").format(point, wish)
			return _("the rule orders at {0} or less, so it asks for {1}").format(point, wish)
		if self.target - self.position - self.rule_wish >= 0.5:
			words = _("the rule fills up to {0}, at most {1} at a time, and asks for {1}")
		else:
			words = _("the rule fills up to {0} and asks for {1}")
		return words.format(_number(self.target), wish)

	def _correction_words(self, _: Translate) -> str:
		amount = abs(self.correction)
		shown = _number(amount) if amount >= 0.05 else _("less than {0}").format("0.1")
		return (_("learning adds {0}") if self.correction > 0 else _("learning takes off {0}")).format(shown)

	def _rounding_words(self, _: Translate) -> str:
		if self.rounding < 0:
			return _("cut to the largest order")
		if self.quantity <= self.min_order:
			return _("raised to the minimum order of {0}").format(_number(self.min_order))
		if self.pack > 1:
			return _("rounded up to packs of {0}").format(_number(self.pack))
		return _("rounded up")


def explain(policy: ResidualNetwork, situation: Situation, decision: Decision) -> list[Explanation]:
	"""The numbers behind every item's quantity, N of them."""
	state = situation.state
	rule = policy.classical.rule
	rate = demand_rate(state.demand, rule.forecast if isinstance(rule, ForecastLevels) else "91 days")
	days = protection_days(state.items, state.review_days)
	deviation = _RANGE_DEVIATIONS * demand_deviation(state, rate)
	expected = rate * days
	wished = decision.classical + decision.correction
	nothing = np.zeros(len(state.items))
	columns = (
		days,
		np.maximum(expected - deviation, 0),
		expected + deviation,
		nothing if state.borrowed is None else state.borrowed,
		state.on_hand,
		state.arrivals.sum(axis=0),
		nothing if state.set_aside is None else state.set_aside,
		state.inventory_position,
		decision.levels.reorder_point,
		decision.levels.order_up_to,
		decision.classical,
		feasible_quantity(state.items, decision.classical),
		decision.correction,
		decision.quantity - wished,
		decision.quantity,
		state.items.order_multiple,
		state.items.smallest_order,
	)
	return [
		Explanation(int(row[0]), *(float(value) for value in row[1:])) for row in zip(*columns, strict=True)
	]


def _number(value: float) -> str:
	return f"{value:.0f}" if abs(value) >= 10 or value == round(value) else f"{value:.1f}"
