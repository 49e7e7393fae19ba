"""Many settings of a rule in one replay: what each would have cost each item."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.items import FloatArray
from rl_replenishment.core.policies.base import State, protection_days
from rl_replenishment.core.policies.levels import Levels, demand_deviation, gap_of
from rl_replenishment.core.policies.order_up_to import OrderUpTo, demand_rate
from rl_replenishment.core.simulation.rollout import run
from rl_replenishment.core.simulation.scenario import Scenario

#: columns that are replayed together: enough for numpy, not too many for the memory
_COLUMNS = 40_000

Costs = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Plan:
	"""The levels of P candidates on each of K reviews, and the demand per day that they expect, (K, P, N)."""

	reorder_point: FloatArray
	order_up_to: FloatArray
	rate: FloatArray

	@classmethod
	def joined(cls, plans: Iterable[Plan]) -> Plan:
		"""All candidates of several plans."""
		each = list(plans)
		return cls(*(np.concatenate([getattr(plan, name) for plan in each], axis=1) for name in _LEVELS))

	def mean(self) -> Plan:
		"""One candidate: the mean of all."""
		return Plan(*(getattr(self, name).mean(axis=1, keepdims=True) for name in _LEVELS))

	def part(self, candidates: slice) -> Plan:
		"""Some of the candidates."""
		return Plan(*(getattr(self, name)[:, candidates] for name in _LEVELS))


_LEVELS = ("reorder_point", "order_up_to", "rate")
#: reorder point, order-up-to level and rate of a setting at one review, shape (N,) each
Row = tuple[FloatArray, FloatArray, FloatArray]


def rows_of(
	state: State, rate: FloatArray, points: Mapping[float, FloatArray], grid: Sequence[tuple[float, float]]
) -> list[Row]:
	"""Each setting of a grid at one review: which of the reorder points, and how many lots above it."""
	gaps = {gap: gap_of(state, gap, rate) for _, gap in grid}
	return [(points[first], points[first] + gaps[gap], rate) for first, gap in grid]


def stacked(rows: list[list[Row]]) -> Plan:
	"""The settings of all reviews as one plan."""
	levels = np.array(rows, dtype=np.float32)
	return Plan(levels[:, :, 0], levels[:, :, 1], levels[:, :, 2])


def common_plan(reviews: Iterable[State], forecast: str, grid: Sequence[tuple[float, float]]) -> Plan:
	"""The classical formula on one of `FORECASTS`, at each safety factor and gap of a grid."""
	rows = []
	for state in reviews:
		rate = demand_rate(state.demand, forecast)
		expected = rate * protection_days(state.items, state.review_days)
		spread = demand_deviation(state, rate)
		points = {z: np.maximum(expected + np.float32(z) * spread, 0) for z, _ in grid}
		rows.append(rows_of(state, rate, points, grid))
	return stacked(rows)


def states(scenario: Scenario) -> list[State]:
	"""What is known at each review of a scenario, K of them, with nothing in stock."""
	nothing = np.zeros(len(scenario.items), np.float32)
	return [
		State(scenario.items, scenario.date(day), scenario.review_days, nothing, nothing[None], known)
		for day, known in enumerate(scenario.statistics())
		if scenario.is_review(day)
	]


def costs_of(plan: Plan, scenario: Scenario) -> Costs:
	"""Total cost of each candidate for each item, shape (P, N), in money."""
	_, candidates, count = plan.order_up_to.shape
	known = list(scenario.statistics())
	found = np.empty((candidates, count))
	together = max(_COLUMNS // max(count, 1), 1)
	for first in range(0, candidates, together):
		part = slice(first, min(first + together, candidates))
		copies = part.stop - part.start
		columns = np.tile(np.arange(count), copies)
		tiled = replace(
			scenario,
			items=scenario.items.take(columns),
			demand=scenario.demand[scenario.warm_up_days :, columns],
			start=scenario.date(0),
			warm_up_days=0,
			lead_times=scenario.lead_times[:, columns],
			initial_on_hand=scenario.initial_on_hand[columns],
			launches=None,
			lifts=None,
		)
		# only reviews look at demand
		told = [each.take(columns) if scenario.is_review(day) else each for day, each in enumerate(known)]
		ledger = run(OrderUpTo("", _Planned(plan.part(part))), tiled, statistics=told)
		found[part] = ledger.cost.reshape(copies, count)
	return found


class _Planned:
	"""A rule that takes its levels from a plan, review by review."""

	def __init__(self, plan: Plan) -> None:
		self._levels = zip(*(getattr(plan, name) for name in _LEVELS), strict=True)

	def levels(self, state: State) -> Levels:
		reorder_point, order_up_to, rate = (level.ravel() for level in next(self._levels))
		no_cap = np.full(len(rate), np.inf, np.float32)
		return Levels(reorder_point, order_up_to, no_cap, rate, *(order_up_to,) * 3)
