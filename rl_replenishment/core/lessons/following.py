"""A policy whose orders are moved towards what buyers make of them, as far as it may cost."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.demand.statistics import QUARTER
from rl_replenishment.core.items import FloatArray, ItemTable, UnmetDemand
from rl_replenishment.core.lessons.lessons import SAVES, Lessons
from rl_replenishment.core.policies.base import Policy, State
from rl_replenishment.core.policies.limits import sensible_order
from rl_replenishment.core.policies.residual_network import Decision, ResidualNetwork
from rl_replenishment.core.simulation.rollout import Totals, run
from rl_replenishment.core.simulation.scenario import Scenario, replay

#: what lessons that hindsight does not bear out may add to the simulated cost of all items together
MOST_COST = 0.02
#: standard errors of the simulation that are added to what it says
_SURE = 1.0
#: Item-warehouses to replay at least: of fewer, a quarter is replayed several times, at most so many, from
#: different stocks, since one order that falls on another day may cost more than all that is learned saves.
_LEAST_REPLAYED, _MOST_TIMES = 1000, 4
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


def last_quarter(
	items: ItemTable,
	history: DemandHistory,
	review_days: int,
	unmet_demand: UnmetDemand,
	rng: np.random.Generator,
) -> Scenario:
	"""The last quarter of a history, or its second half where it is shorter, for `affordable`."""
	times = min(max(math.ceil(_LEAST_REPLAYED / max(len(items), 1)), 1), _MOST_TIMES)
	place = np.tile(np.arange(len(items)), times)
	scenario = replay(
		items.take(place),
		history.take(place),
		days=min(QUARTER, history.days // 2),
		review_days=review_days,
		unmet_demand=unmet_demand,
		rng=rng,
		# with lessons and without, the policy meets the same demand: what events do to it is no matter
		effects=(),
	)
	stock = np.ceil(scenario.initial_on_hand * rng.uniform(0.5, 1.5, len(place))).astype(np.float32)
	return replace(scenario, initial_on_hand=stock)


def affordable(
	lessons: Lessons, policy: ResidualNetwork, scenario: Scenario, today: np.datetime64
) -> Lessons:
	"""The lessons, followed as far as simulated cost rises by `MOST_COST` over all items at most.

	`scenario` is that of `last_quarter`, by which it may rise by `_SURE` standard errors more than it seems.
	What hindsight bears out is followed whatever the simulation says: buyers know what no history tells.
	"""
	doubtful = any(lesson.is_followed and lesson.worth < SAVES for lesson in lessons.lessons)
	if not doubtful:
		return lessons
	items = scenario.items
	statistics = list(scenario.statistics())

	def cost(followed: Lessons) -> Totals:
		asked = Following(policy, followed.factor(items, today))
		return run(asked, scenario, statistics=statistics).cost

	usual = cost(lessons.shared(0.0))

	def is_affordable(followed: Lessons) -> bool:
		more = (cost(followed) - usual).reshape(-1, len(set(items.keys)))
		# over replays of each item, or, where there is one replay alone, over items
		spread = np.square(more) if len(more) == 1 else more.var(axis=0, ddof=1) * len(more)
		at_most = float(more.sum()) + _SURE * math.sqrt(float(spread.sum()))
		return at_most <= MOST_COST * float(usual.sum())

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
