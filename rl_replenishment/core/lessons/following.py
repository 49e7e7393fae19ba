"""A policy whose orders are moved towards what buyers make of them, as far as it may cost."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from rl_replenishment.core.items import FloatArray, ItemTable
from rl_replenishment.core.lessons.lessons import SAVES, Lessons
from rl_replenishment.core.policies.base import Policy, State
from rl_replenishment.core.policies.limits import sensible_order
from rl_replenishment.core.policies.residual_network import Decision, ResidualNetwork
from rl_replenishment.core.simulation.rollout import Totals, run
from rl_replenishment.core.simulation.scenario import Scenario

#: what lessons that hindsight does not bear out may add to the simulated cost of all items together
MOST_COST = 0.02
#: Standard errors over items by which it must be more than that: of a few items, a quarter tells little.
_SURE = 0.5
#: halvings in which the share of them is found
_HALVINGS = 5


def moved(state: State, quantity: FloatArray, factor: FloatArray, expected: FloatArray) -> FloatArray:
	"""The policy's orders, shape (N,), times `factor`, as suppliers accept them and within all limits.

	To the nearest whole pack, since `quantity` is whole packs already, and not below one. `expected`, shape
	(N,), is the rule's forecast per day.
	"""
	items = state.items
	wished = quantity * factor
	nearest = np.maximum(np.floor(wished / items.order_unit + np.float32(0.5)), 1) * items.order_unit
	wished = np.where(items.order_multiple > 0, nearest, wished).astype(np.float32)
	wanted = (quantity > 0) & (factor != 1)
	return np.where(wanted, sensible_order(state, wished, expected), quantity).astype(np.float32)


def follow(state: State, decision: Decision, factor: FloatArray) -> Decision:
	"""A decision of the policy with its orders times `factor`, shape (N,)."""
	quantity = moved(state, decision.quantity, factor, decision.levels.rate)
	return replace(decision, quantity=quantity, followed=quantity - decision.quantity)


@dataclass(frozen=True, eq=False)
class Following(Policy):
	"""A learned policy that follows lessons on N item-warehouses."""

	policy: ResidualNetwork
	#: shape (N,)
	factor: FloatArray

	@property
	def name(self) -> str:
		return self.policy.name

	def order_quantities(self, state: State) -> FloatArray:
		return follow(state, self.policy.decide(state), self.factor).quantity


def affordable(
	lessons: Lessons, policy: ResidualNetwork, items: ItemTable, scenario: Scenario, today: np.datetime64
) -> Lessons:
	"""The lessons, followed as far as simulated cost rises by `MOST_COST` over all items at most.

	By how much it rises is known from a quarter of some items: what may be chance is not counted.
	What hindsight bears out is followed whatever the simulation says: buyers know what no history tells.
	"""
	doubtful = any(lesson.is_followed and lesson.worth < SAVES for lesson in lessons.lessons)
	if not doubtful:
		return lessons
	statistics = list(scenario.statistics())

	def cost(followed: Lessons) -> Totals:
		asked = Following(policy, followed.factor(items, today))
		return run(asked, scenario, statistics=statistics).cost

	usual = cost(lessons.shared(0.0))

	def is_affordable(followed: Lessons) -> bool:
		more = cost(followed) - usual
		surely = float(more.sum()) - _SURE * math.sqrt(float(np.square(more).sum()))
		return surely <= MOST_COST * float(usual.sum())

	if is_affordable(lessons):
		return lessons
	share, too_much = 0.0, 1.0
	for _halving in range(_HALVINGS):
		middle = (share + too_much) / 2
		if is_affordable(lessons.shared(middle)):
			share = middle
		else:
			too_much = middle
	return lessons.shared(share)
