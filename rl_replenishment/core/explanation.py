"""Why this quantity: the decision's own numbers in one sentence."""

from __future__ import annotations

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

	@property
	def sentence(self) -> str:
		"""One sentence for a buyer."""
		stock = f"{_number(self.on_hand)} on hand"
		if self.on_order:
			stock += f" and {_number(self.on_order)} on order"
		if self.set_aside:
			kept = _number(self.set_aside)
			stock += f", {kept} of it kept for announced demand, which leaves {_number(self.position)}"
		elif self.on_order and not self.rule_wish:
			stock += f", {_number(self.position)} in all"
		group = ", going by similar items of its group" if self.borrowed >= _MOSTLY_BORROWED else ""
		text = (
			f"Demand over the next {self.protection_days} days is expected at {_number(self.demand_low)} to "
			f"{_number(self.demand_high)}{group}, with {stock}; the rule {self._rule_words()}"
		)
		if abs(self.correction) >= 0.5 or abs(self.quantity - self.rule_quantity) > ROUNDING:
			amount = abs(self.correction)
			text += f", learning {'adds' if self.correction > 0 else 'takes off'} "
			text += _number(amount) if amount >= 0.05 else "less than 0.1"
		# what float noise leaves of huge packs is no rounding that a buyer would see
		if abs(self.rounding) >= max(0.5, 1e-3 * self.pack):
			text += f", {self._rounding_words()}"
		return f"{text}: {'order ' + _number(self.quantity) if self.quantity else 'order nothing'}."

	def _rule_words(self) -> str:
		point, target = _number(self.reorder_point), _number(self.target)
		if self.position > self.reorder_point:
			# a point a little below the stock may read the same as the stock
			orders = f"below {point}" if point == _number(self.position) else f"at {point} or less"
			return f"orders {orders}, so it asks for {_number(self.rule_wish)}"
		if self.target - self.position - self.rule_wish >= 0.5:
			target += f", at most {_number(self.rule_wish)} at a time,"
		return f"fills up to {target} and asks for {_number(self.rule_wish)}"

	def _rounding_words(self) -> str:
		if self.rounding < 0:
			return "cut to the largest order"
		if self.quantity <= self.min_order:
			return f"raised to the minimum order of {_number(self.min_order)}"
		return f"rounded up to packs of {_number(self.pack)}" if self.pack > 1 else "rounded up"


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
