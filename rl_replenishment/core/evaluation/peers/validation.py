"""The days before a hold-out on which a peer's few settings are chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.items import ItemTable, UnmetDemand
from rl_replenishment.core.policies.base import Policy
from rl_replenishment.core.simulation.rollout import run_blind
from rl_replenishment.core.simulation.scenario import Scenario, replay

#: the last quarter of what is known, at most half a year
SHARE, LONGEST_DAYS = 0.25, 182

Candidate = TypeVar("Candidate", bound=Policy)


def validation_days(history: DemandHistory) -> int:
	"""How many of the last days of `history` settings are chosen on."""
	return min(int(history.days * SHARE), LONGEST_DAYS)


def validation(
	history: DemandHistory, items: ItemTable, *, review_days: int, unmet_demand: UnmetDemand, seed: int
) -> Scenario:
	"""The last days of `history` as they were."""
	return replay(
		items,
		history,
		days=validation_days(history),
		review_days=review_days,
		unmet_demand=unmet_demand,
		rng=np.random.default_rng(seed),
	)


def cheapest(
	candidates: Sequence[Candidate], scenario: Scenario, grid: tuple[int, ...] | None = None
) -> Candidate:
	"""The one of least cost over all items together; peers read demand from the record.

	Where the candidates are those of a `grid` of settings, in row-major order, each is judged with its
	neighbours: half a year of demand is one draw of luck, and a valley is more likely to be there again than
	a pit.
	"""
	costs = np.array([run_blind(policy, scenario).cost.sum() for policy in candidates])
	if grid is not None:
		costs = smoothed(costs.reshape(grid)).reshape(-1)
	return candidates[int(np.argmin(costs))]


def smoothed(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
	"""Each value with its neighbours along each axis, weighted 1, 2, 1; an edge is its own neighbour."""
	for axis in range(values.ndim):
		along = np.moveaxis(values, axis, 0)
		padded = np.concatenate([along[:1], along, along[-1:]])
		values = np.moveaxis((padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4, 0, axis)
	return values
