"""Small items, histories, rules and policies for the tests of the engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.demand.statistics import STATISTIC_NAMES, DemandStatistics
from rl_replenishment.core.environments.batch import ReplenishmentTask
from rl_replenishment.core.environments.spaces import ACTION_SPACE, OBSERVATION_SPACE
from rl_replenishment.core.items import FloatArray, ItemTable, UnmetDemand
from rl_replenishment.core.policies.base import Policy, State
from rl_replenishment.core.policies.constraints import projected
from rl_replenishment.core.policies.network import Network, Normaliser
from rl_replenishment.core.policies.observation import OBSERVATION_SIZE
from rl_replenishment.core.policies.order_up_to import ForecastLevels, OrderUpTo
from rl_replenishment.core.policies.parameters import ItemParameters
from rl_replenishment.core.policies.residual_network import ResidualNetwork
from rl_replenishment.core.simulation.rollout import run
from rl_replenishment.core.simulation.scenario import Scenario, sample_lead_times

MONDAY = np.datetime64("2024-01-01")


def codes(count: int) -> list[str]:
	return [f"ITEM-{number}" for number in range(1, count + 1)]


def actions(count: int, value: float = 0.0) -> FloatArray:
	"""The same action for `count` columns; 0 corrects nothing."""
	return np.full((count, *ACTION_SPACE.shape), value, np.float32)


def history_of(demand: npt.ArrayLike, start: np.datetime64 = MONDAY) -> DemandHistory:
	values = np.asarray(demand, np.float32)
	return DemandHistory(ItemTable.create(codes(values.shape[1])).keys, start, values)


def forecast_rule(
	name: str = "(s, S)",
	*,
	safety_factor: float = 1.0,
	gap: float = 0.0,
	cap: float = np.inf,
	items: ItemTable | None = None,
	forecast: str = "91 days",
) -> OrderUpTo:
	"""A rule that follows the forecast, with parameters per item where `items` are given."""
	values = {"safety_factor": safety_factor, "gap": gap, "cap": cap}
	parameters = ItemParameters.per_item(items, **values) if items else ItemParameters.everywhere(**values)
	return OrderUpTo(name, ForecastLevels(parameters, forecast))


def plain_statistics(count: int, level: float = 0.0) -> DemandStatistics:
	"""A steady demand of `level` a day without any spread."""
	values = dict.fromkeys(STATISTIC_NAMES, 0.0)
	values |= {name: level for name in STATISTIC_NAMES if name.startswith("level")}
	values |= {"season": 1.0, "days_since_demand": 1.0, "active_91": 1.0, "active_364": 1.0}
	return DemandStatistics(*(np.full(count, values[name], np.float32) for name in STATISTIC_NAMES))


def state_of(
	items: ItemTable,
	*,
	on_hand: npt.ArrayLike = 0.0,
	arrivals: npt.ArrayLike | None = None,
	demand: DemandStatistics | None = None,
	review_days: int = 1,
) -> State:
	"""A state with what matters to a test."""
	count = len(items)
	return State(
		items=items,
		today=MONDAY,
		review_days=review_days,
		on_hand=np.broadcast_to(np.asarray(on_hand, np.float32), (count,)),
		arrivals=np.zeros((1, count), np.float32) if arrivals is None else np.asarray(arrivals, np.float32),
		demand=demand if demand is not None else plain_statistics(count),
	)


def scenario_of(
	items: ItemTable,
	demand: npt.ArrayLike,
	*,
	review_days: int = 1,
	unmet_demand: UnmetDemand = "lost",
	initial_on_hand: npt.ArrayLike = 0.0,
	warm_up_days: int = 0,
	start: np.datetime64 = MONDAY,
	seed: int = 0,
) -> Scenario:
	values = np.asarray(demand, np.float32)
	days = len(values) - warm_up_days
	return Scenario(
		items=items,
		demand=values,
		start=start,
		warm_up_days=warm_up_days,
		review_days=review_days,
		unmet_demand=unmet_demand,
		lead_times=sample_lead_times(items, days, np.random.default_rng(seed)),
		initial_on_hand=np.array(np.broadcast_to(np.asarray(initial_on_hand, np.float32), (len(items),))),
	)


def steady_cost(policy: Policy, scenario: Scenario, burn_in: int) -> float:
	"""Mean cost per item and day after `burn_in` days, of a policy that does not look at demand."""
	beginning = replace(scenario, demand=scenario.demand[:burn_in], lead_times=scenario.lead_times[:burn_in])
	unknown = plain_statistics(len(scenario.items))
	cost = [run(policy, part, statistics=[unknown] * part.days).cost.sum() for part in (scenario, beginning)]
	return float(cost[0] - cost[1]) / (scenario.days - burn_in) / len(scenario.items)


def random_network(
	rng: np.random.Generator, *, scale: float = 0.3, hidden: Sequence[int] = (8, 8)
) -> Network:
	sizes = (OBSERVATION_SIZE, *hidden, *ACTION_SPACE.shape)
	network = Network(
		[
			(
				rng.normal(0, scale, (wide, narrow)).astype(np.float32),
				rng.normal(0, scale, wide).astype(np.float32),
			)
			for narrow, wide in pairwise(sizes)
		]
	)
	return projected(network)


def residual_policy(
	classical: OrderUpTo, rng: np.random.Generator, *, scale: float = 0.3, name: str = "learned policy"
) -> ResidualNetwork:
	"""A policy that corrects at random; `scale` 0 corrects nothing."""
	normaliser = Normaliser(
		rng.normal(0, 0.1, OBSERVATION_SIZE).astype(np.float32),
		rng.uniform(0.5, 2, OBSERVATION_SIZE).astype(np.float32),
	)
	return ResidualNetwork(name, classical, normaliser, random_network(rng, scale=scale))


def mixed_items() -> ItemTable:
	"""Five items that differ in everything."""
	return ItemTable.create(
		codes(5),
		suppliers=("Acme", "Acme", "", "Lux", "Lux"),
		lead_time_days=[0, 3, 7, 14, 21],
		lead_time_std_days=[0, 0, 1, 2, 3],
		unit_cost=[50, 20, 10, 5, 2],
		order_cost=[0, 2, 2, 10, 0],
		min_order_qty=[0, 5, 0, 24, 0],
		order_multiple=[1, 1, 6, 12, 0],
		max_order_qty=[np.inf, 40, np.inf, 480, np.inf],
		shelf_life_days=[np.inf, np.inf, 60, np.inf, np.inf],
	)


def mixed_history(days: int = 200, seed: int = 0) -> DemandHistory:
	"""Demand of `mixed_items`, from slow to fast."""
	rng = np.random.default_rng(seed)
	return history_of(rng.poisson([0.2, 1.0, 4.0, 10.0, 25.0], (days, 5)))


def mixed_task(days: int = 200, **changed: object) -> ReplenishmentTask:
	items = mixed_items()
	given = ReplenishmentTask(
		items=items,
		history=mixed_history(days),
		classical=forecast_rule(safety_factor=1.5, gap=0.5, items=items),
		cost_per_day=np.array([1, 2, 3, 4, 5], np.float32),
	)
	return replace(given, **changed)  # type: ignore[arg-type]


def ppo_model(hidden: tuple[int, ...], seed: int) -> Any:
	"""A model of SB3 with random weights, also where training begins with zeros."""
	torch = pytest.importorskip("torch")
	sb3 = pytest.importorskip("stable_baselines3")
	gym = pytest.importorskip("gymnasium")

	class Nothing(gym.Env):  # type: ignore[misc, name-defined]
		observation_space = OBSERVATION_SPACE
		action_space = ACTION_SPACE

		def reset(self, **_: Any) -> tuple[np.ndarray, dict[str, Any]]:
			return np.zeros(OBSERVATION_SIZE, np.float32), {}

	model = sb3.PPO(
		"MlpPolicy",
		Nothing(),
		policy_kwargs={
			"net_arch": {"pi": list(hidden), "vf": list(hidden)},
			"activation_fn": torch.nn.Tanh,
		},
		n_steps=2,
		batch_size=2,
		seed=seed,
		device="cpu",
	)
	with torch.no_grad():
		for parameter in model.policy.parameters():
			parameter.copy_(torch.randn_like(parameter) * 0.3)
	return model
