"""The replenishment problem of one item-warehouse as a Gymnasium environment."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.environments.batch import (
	ReplenishmentBatch,
	ReplenishmentTask,
	measure_normaliser,
)
from rl_replenishment.core.environments.spaces import ACTION_SPACE, OBSERVATION_SPACE
from rl_replenishment.core.items import FloatArray, ItemKey, ItemTable
from rl_replenishment.core.policies.order_up_to import ForecastLevels, OrderUpTo
from rl_replenishment.core.policies.parameters import ItemParameters


class ReplenishmentEnv(gym.Env[FloatArray, FloatArray]):
	"""Order one item once per review interval, better than the classical rule.

	## Description
	Each episode replays a varied copy of the demand history of one item-warehouse, drawn at random. Orders
	arrive after the item's lead time; what the shelf cannot meet is lost (or waits). The agent moves the
	levels of a classical rule.

	## Action space
	`Box(-1, 1, (3,))`: shifts of the rule's reorder point against its order-up-to level, of both levels, and
	of its largest order, in units of twice a residual unit (a review interval's demand, half a usual customer
	order or half the rule's lot, whichever is most). At or below the moved reorder point the order fills up
	to the moved level, as far as the moved largest order allows, rounded up to packs and the minimum order;
	above it, nothing. Where the rule has no reorder point of its own (base-stock) or no largest order, those
	numbers move nothing. (0, 0, 0) orders like the rule.

	## Observation space
	`Box(-5, 5, (57,))`: the columns of `core.policies.observation.OBSERVATION`, measured in protection
	intervals of demand and normalised by their mean and deviation under the rule.

	| columns | content |
	|---|---|
	| 0-28 | demand: recent levels, spread, last year, activity, age, time of year, weekday |
	| 29-36 | lead time and its spread, review interval, cost ratio, lot, pack, minimum order, shelf life |
	| 37-42 | the rule's levels and the demand that it expects |
	| 43-44 | stock, inventory position |
	| 45-56 | open orders by part of the lead time |

	## Rewards
	(the rule's cost - the agent's cost) / (the rule's usual cost per review interval), cut to -20..20. The
	rule meets the same demand in a twin simulation. Cost is holding, stock-out, order and waste cost.

	## Starting state
	A random day of the history; stock drawn evenly from none to two protection intervals of demand; nothing
	on order.

	## Episode end
	Truncated after a year, or half of the history where that is shorter. Never terminated.

	## Arguments
	`task`: items, history, rule and costs (`ReplenishmentTask`); a made-up small one where none is given.

	## Version history
	v0: first version.
	"""

	def __init__(self, task: ReplenishmentTask | None = None) -> None:
		self.metadata = {"render_modes": []}
		self.task = task if task is not None else example_task()
		self.observation_space = OBSERVATION_SPACE
		self.action_space = ACTION_SPACE
		measured = ReplenishmentBatch(self.task, np.random.default_rng(0), columns=64)
		self._normaliser = measure_normaliser(measured)

	def reset(
		self, *, seed: int | None = None, options: dict[str, Any] | None = None
	) -> tuple[FloatArray, dict[str, Any]]:
		super().reset(seed=seed)
		# a panel of its own for every episode, so that the same seed gives the same episode
		self._batch = ReplenishmentBatch(self.task, self.np_random, columns=1, staggered=False)
		return self._normaliser(self._batch.situation.observation)[0], {}

	def step(self, action: FloatArray) -> tuple[FloatArray, float, bool, bool, dict[str, Any]]:
		_, reward, done, last = self._batch.step(np.asarray(action, np.float32)[None])
		return self._normaliser(last)[0], float(reward[0]), False, bool(done[0]), {}


def example_task() -> ReplenishmentTask:
	"""Five made-up items with two years of demand, to try the environment with."""
	rng = np.random.default_rng(0)
	rates = np.array([0.2, 1.0, 4.0, 10.0, 25.0])
	items = ItemTable.create(
		[ItemKey(f"ITEM-{number}") for number in range(1, 6)],
		lead_time_days=[3, 7, 7, 14, 21],
		unit_cost=[50, 20, 10, 5, 2],
		order_cost=2,
		order_multiple=[1, 1, 6, 12, 1],
	)
	demand = rng.poisson(rates, (730, 5)).astype(np.float32)
	history = DemandHistory(items.keys, np.datetime64("2024-01-01"), demand)
	parameters = ItemParameters.per_item(items, safety_factor=1.5, gap=0.5, cap=np.inf)
	rule = OrderUpTo("(s, S)", ForecastLevels(parameters, "91 days"))
	cost = items.holding_cost * rates * (items.lead_time_days + 7)
	return ReplenishmentTask(items, history, rule, cost.astype(np.float32))
