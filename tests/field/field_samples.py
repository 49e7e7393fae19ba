"""The common ground of the field cases: BOLT sells 10 a day, beside items that sell more or less."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.items import FloatArray, ItemTable
from rl_replenishment.core.policies.base import State
from rl_replenishment.core.policies.residual_network import ResidualNetwork
from rl_replenishment.core.policies.store import StoredPolicy
from rl_replenishment.core.proposal import Proposal, propose
from rl_replenishment.core.training.classical import classical_policy
from rl_replenishment.core.training.from_history import TrainingOptions, train_on_history

START = np.datetime64("2024-01-01")
DAYS = 720
REVIEW_DAYS = 7
LEAD_TIME = 10
#: what BOLT orders with 50 on hand and nothing on order; what is best in the long run, `test_usual_lot` tells
USUAL = (345.0, 395.0)
BOLT: dict[str, Any] = {"lead_time_days": LEAD_TIME, "order_cost": 4, "unit_cost": 2}


def bolt_demand(days: int = DAYS, rate: float = 10.0, seed: int = 0) -> FloatArray:
	"""About `rate` a day, shape (days, 1)."""
	return np.random.default_rng(seed).poisson(rate, (days, 1)).astype(np.float32)


def history_of(demand: npt.ArrayLike) -> DemandHistory:
	values = np.asarray(demand, np.float32)
	return DemandHistory(ItemTable.create(names(values.shape[1])).keys, START, values)


def names(count: int) -> list[str]:
	return [f"ITEM-{number}" for number in range(count)]


@cache
def bolt_policy(kind: str, review_days: int = REVIEW_DAYS, unmet_demand: str = "lost") -> StoredPolicy:
	"""A policy for BOLT and three like it: `rule`, or `network`, trained shortly."""
	demand = np.hstack([bolt_demand(rate=rate, seed=seed) for seed, rate in enumerate((10, 10, 3, 30))])
	items = ItemTable.create(names(4), **BOLT)
	options = TrainingOptions(
		review_days=review_days,
		unmet_demand=unmet_demand,  # type: ignore[arg-type]
		seconds=None,
		timesteps=40_000,
	)
	if kind == "rule":
		return classical_policy(history_of(demand), items, options)
	pytest.importorskip("torch")
	from rl_replenishment.core.training.pathwise import PathwiseTrainer

	return train_on_history(history_of(demand), items, PathwiseTrainer(), options).stored


def bolt_state(
	on_hand: float = 50,
	due: dict[int, float] | None = None,
	*,
	demand: FloatArray | None = None,
	review_days: int = REVIEW_DAYS,
	values: dict[str, Any] | None = None,
	**changed: Any,
) -> State:
	"""BOLT alone with open orders by days until they arrive; `values` change the item."""
	arrivals = np.zeros((max(due or {0: 0}) + 1, 1), np.float32)
	for day, quantity in (due or {}).items():
		arrivals[day] = quantity
	return State(
		**{
			**vars(
				State.from_history(
					ItemTable.create(names(1), **{**BOLT, **(values or {})}),
					bolt_demand() if demand is None else demand,
					today=START + np.timedelta64(DAYS, "D"),
					review_days=review_days,
					on_hand=np.array([on_hand], np.float32),
					arrivals=arrivals,
				)
			),
			**changed,
		}
	)


def proposal(policy: ResidualNetwork, state: State) -> Proposal:
	(found,) = propose(policy, state)
	return found
