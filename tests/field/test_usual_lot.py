"""How much BOLT is ordered in the usual case, beside what would be best in the long run."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from field_samples import BOLT, LEAD_TIME, REVIEW_DAYS, START, bolt_policy, bolt_state, names, proposal

from rl_replenishment.core.evaluation.candidates import Plan, costs_of
from rl_replenishment.core.items import FloatArray, ItemTable
from rl_replenishment.core.simulation.scenario import Scenario

_COPIES, _DAYS = 60, 7 * 120
_POINTS, _LEVELS = np.arange(165, 236, 5), np.arange(380, 491, 5)


@cache
def cost_by_level() -> dict[int, float]:
	"""Cost of a long run of each order-up-to level with its best reorder point, over the cheapest one's."""
	items = ItemTable.create(names(_COPIES), **BOLT)
	scenario = Scenario(
		items=items,
		demand=np.random.default_rng(0).poisson(10, (_DAYS, _COPIES)).astype(np.float32),
		start=START,
		warm_up_days=0,
		review_days=REVIEW_DAYS,
		unmet_demand="lost",
		lead_times=np.full((_DAYS, _COPIES), LEAD_TIME, np.int32),
		initial_on_hand=np.linspace(200, 400, _COPIES).astype(np.float32),
	)
	grid = [(point, level) for point in _POINTS for level in _LEVELS]
	reviews = sum(scenario.is_review(day) for day in range(_DAYS))

	def spread(values: list[float]) -> FloatArray:
		return np.tile(np.array(values, np.float32)[None, :, None], (reviews, 1, _COPIES))

	plan = Plan(
		*(spread(column) for column in ([s for s, _ in grid], [S for _, S in grid], [10.0] * len(grid)))
	)
	cost = costs_of(plan, scenario).sum(axis=1).reshape(len(_POINTS), len(_LEVELS)).min(axis=0)
	return dict(zip(_LEVELS.tolist(), (cost / cost.min()).tolist(), strict=True))


@pytest.mark.parametrize("kind", ["rule", "network"])
def test_the_usual_order_costs_hardly_more_than_the_best(kind: str) -> None:
	level = 50 + proposal(bolt_policy(kind).policy, bolt_state()).proposed_qty
	assert cost_by_level()[5 * round(level / 5)] < 1.04


def test_reorder_point_and_economic_order_quantity_are_no_optimum() -> None:
	"""Reorder point plus economic order quantity, 440 or so, fits continuous review.

	At weekly reviews, orders are three or four weeks of sales, and such a level lies between the two.
	"""
	cost = cost_by_level()
	assert min(cost, key=lambda level: cost[level]) in range(400, 421)
	assert cost[445] > 1.04
