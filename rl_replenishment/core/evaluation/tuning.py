"""Tune the classical rules on past demand, so that what is learned has the strongest opponent there is.

Every candidate runs through the same replay of the training window, cut into two halves. An item takes the
parameters with the least of (its own cost + w times the average cost of all items): a few lumpy months of one
item alone would tune noise. The weight w is the one with which parameters chosen on one half cost least on
the other.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.demand.statistics import DemandStatistics
from rl_replenishment.core.engine import IN_PROCESS, Engine, Told
from rl_replenishment.core.items import FloatArray, ItemTable
from rl_replenishment.core.policies.base import Policy
from rl_replenishment.core.policies.levels import economic_lot
from rl_replenishment.core.policies.order_up_to import (
	FORECASTS,
	REORDER_LEVEL,
	ForecastLevels,
	OrderUpTo,
	ReorderLevel,
)
from rl_replenishment.core.policies.parameters import ItemParameters
from rl_replenishment.core.simulation.rollout import run
from rl_replenishment.core.simulation.scenario import Scenario
from rl_replenishment.core.simulation.shards import part_of, shards

SAFETY_FACTORS = (-1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0)
CAPS = (1.1, 1.25, 1.5, 2.0, 3.0, float(np.inf))
GAPS = (0.25, 0.5, 1.0, 1.5, 2.0)
#: reorder level and quantity of ERPNext's rule, in protection intervals and lots of mean demand
REORDER_COVERS = (0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0, 4.0)
REORDER_LOTS = (0.5, 1.0, 2.0, 4.0)
#: candidates for w
COMMON_WEIGHTS = (0.3, 1.0, 3.0, 10.0, 100.0)
#: money, below any cost
_NOTHING = 1e-9

Costs = npt.NDArray[np.float64]
Parameters = dict[str, float]


@dataclass(frozen=True, eq=False)
class TunedRules:
	"""The classical rules at their best on the training window."""

	base_stock: OrderUpTo
	capped_base_stock: OrderUpTo
	s_S: OrderUpTo
	reorder_level: ReorderLevel
	#: the order-up-to rule that cost least when tuned on one half of the window and run on the other:
	#: the classical part of the learned policy
	best: OrderUpTo
	#: cost per day of `best` on the training window, shape (N,), in money
	cost_per_day: FloatArray

	@property
	def rules(self) -> tuple[Policy, ...]:
		"""The four rules to compare with."""
		return (self.base_stock, self.capped_base_stock, self.s_S, self.reorder_level)


def tune_rules(
	halves: tuple[Scenario, Scenario],
	*,
	progress: Told | None = None,
	engine: Engine = IN_PROCESS,
) -> TunedRules:
	"""Tune all rules on two halves of a training window; `progress` is told the share done.

	The engine replays parts of the item-warehouses; what is chosen is chosen from the costs of all.
	"""
	no_cap: Parameters = {"gap": 0.0, "cap": float(np.inf)}
	forecast_trials = [{"safety_factor": z, **no_cap} for z in (0.0, 1.0, 2.0)]
	grids: dict[str, list[Parameters]] = {
		"base-stock": [{"safety_factor": z, **no_cap} for z in SAFETY_FACTORS],
		"capped base-stock": [
			{"safety_factor": z, "gap": 0.0, "cap": c} for z, c in itertools.product(SAFETY_FACTORS[2:], CAPS)
		],
		"(s, S)": [
			{"safety_factor": z, "gap": g, "cap": float(np.inf)}
			for z, g in itertools.product(SAFETY_FACTORS[:-1], GAPS)
		],
	}
	lots = list(itertools.product(REORDER_COVERS, REORDER_LOTS))
	runs = len(FORECASTS) * len(forecast_trials) + sum(map(len, grids.values())) + len(lots)
	bench = _Bench(halves, runs, progress, engine)
	forecast = bench.best_forecast(forecast_trials)
	reorder = _ReorderGrid(halves[-1], lots)
	order_up_to = [[_rule(name, forecast, values) for values in grid] for name, grid in grids.items()]
	*costs, of_reorder = bench.costs_of_each([*order_up_to, reorder.candidates()])
	tuned = {
		name: bench.tune(name, forecast, grid, cost)
		for (name, grid), cost in zip(grids.items(), costs, strict=True)
	}
	best = min(tuned.values(), key=lambda rule: rule.cross_cost)
	days = sum(half.days for half in halves)
	return TunedRules(
		base_stock=tuned["base-stock"].rule,
		capped_base_stock=tuned["capped base-stock"].rule,
		s_S=tuned["(s, S)"].rule,
		reorder_level=reorder.chosen(bench.choose(of_reorder)[0]),
		best=best.rule,
		cost_per_day=(best.cost / max(days, 1)).astype(np.float32),
	)


@dataclass(frozen=True, eq=False)
class _Tuned:
	rule: OrderUpTo
	#: cost of each item with its parameters, shape (N,), in money
	cost: Costs
	#: mean cost over all items, in each one's scale, when chosen on one half and run on the other
	cross_cost: float


@dataclass(frozen=True, eq=False)
class _Shard:
	"""Both halves of some item-warehouses."""

	halves: tuple[Scenario, Scenario]

	@cached_property
	def statistics(self) -> list[list[DemandStatistics]]:
		"""By half and day; computed once, however many candidates are run."""
		return [list(half.statistics()) for half in self.halves]


def _costs_of(job: tuple[_Shard, Sequence[Policy]], told: Told) -> Costs:
	"""What candidates cost the item-warehouses of a shard, shape (halves, candidates, n)."""
	shard, candidates = job
	found = np.empty((len(shard.halves), len(candidates), len(shard.halves[0].items)))
	for number, policy in enumerate(candidates):
		for half, (scenario, statistics) in enumerate(zip(shard.halves, shard.statistics, strict=True)):
			found[half, number] = run(policy, scenario, statistics=statistics).cost
		told((number + 1) / len(candidates))
	return found


class _Bench:
	"""Runs candidates through both halves; costs have shape (halves, candidates, N)."""

	def __init__(
		self, halves: tuple[Scenario, Scenario], runs: int, progress: Told | None, engine: Engine
	) -> None:
		self.items: ItemTable = halves[0].items
		self._engine = engine
		first, second = halves
		self._shards = [
			_Shard((part_of(first, shard), part_of(second, shard)))
			for shard in shards(len(self.items), engine.workers)
		]
		self._progress = progress or (lambda share: None)
		self._runs, self._done = runs, 0

	def costs_of_each(self, groups: Sequence[Sequence[Policy]]) -> list[Costs]:
		"""The costs of several groups of candidates, each of shape (halves, candidates, N)."""
		candidates = [policy for group in groups for policy in group]
		costs = np.concatenate(
			self._engine.map(
				_costs_of,
				[(shard, candidates) for shard in self._shards],
				lambda share: self._progress((self._done + share * len(candidates)) / self._runs),
			),
			axis=2,
		)
		self._done += len(candidates)
		return np.split(costs, np.cumsum([len(group) for group in groups])[:-1], axis=1)

	def best_forecast(self, trials: Sequence[Parameters]) -> str:
		"""The forecast that is cheapest over all items, at the best of a few safety factors."""
		costs = np.stack(
			self.costs_of_each([[_rule("", forecast, values) for values in trials] for forecast in FORECASTS])
		)
		# items count alike, whatever their price: each one's cost is measured in its own average
		self.scale = np.maximum(costs.mean(axis=(0, 2)), _NOTHING)
		per_forecast = (costs / self.scale[:, None, :]).mean(axis=(1, 3)).min(axis=1)
		return FORECASTS[int(per_forecast.argmin())]

	def tune(self, name: str, forecast: str, grid: Sequence[Parameters], costs: Costs) -> _Tuned:
		"""The rule with each item's own settings of a grid, by what the grid costs."""
		choice, cross_cost = self.choose(costs)
		common = int((costs.sum(axis=0) / self.scale.sum(axis=0)).mean(axis=1).argmin())
		values = {key: np.array([grid[i][key] for i in choice], np.float32) for key in grid[0]}
		parameters = ItemParameters(self.items.keys, values, dict(grid[common]))
		return _Tuned(
			rule=OrderUpTo(name, ForecastLevels(parameters, forecast)),
			cost=costs.sum(axis=0)[choice, np.arange(len(choice))],
			cross_cost=cross_cost,
		)

	def choose(self, costs: Costs) -> tuple[npt.NDArray[np.intp], float]:
		"""Each item's choice among the candidates, shape (N,), and what such choices cost on unseen days."""
		# what the trials ordered nothing of, and cost nothing, must not outweigh all other items here
		scale = np.where(self.scale > _NOTHING, self.scale, np.maximum(costs.mean(axis=1), _NOTHING))
		own = costs / scale[:, None, :]
		columns = np.arange(own.shape[2])

		def pick(seen: Costs, weight: float) -> npt.NDArray[np.intp]:
			return (seen + weight * seen.mean(axis=1, keepdims=True)).argmin(axis=0)

		def cross_cost(weight: float) -> float:
			return float(np.mean([own[1 - half][pick(own[half], weight), columns].mean() for half in (0, 1)]))

		weight = min(COMMON_WEIGHTS, key=cross_cost)
		return pick(own.sum(axis=0), weight), cross_cost(weight)


class _ReorderGrid:
	"""ERPNext's rule with fixed numbers, as a planner would set them from the mean demand."""

	def __init__(self, last: Scenario, grid: Sequence[tuple[float, float]]) -> None:
		self._items = items = last.items
		rate = last.demand.mean(axis=0)
		self._horizon = rate * (items.whole_lead_time_days + last.review_days)
		self._lot = np.maximum(economic_lot(items, rate), rate * last.review_days)
		self._grid = grid

	def candidates(self) -> list[Policy]:
		return [self._rule(cover, share) for cover, share in self._grid]

	def chosen(self, choice: npt.NDArray[np.intp]) -> ReorderLevel:
		"""Each item with its own choice of the grid, shape (N,)."""
		covers, lots = (np.array(column, np.float32) for column in zip(*self._grid, strict=True))
		return self._rule(covers[choice], lots[choice])

	def _rule(self, cover: FloatArray | float, share: FloatArray | float) -> ReorderLevel:
		parameters = ItemParameters.per_item(
			self._items, reorder_level=cover * self._horizon, reorder_qty=share * self._lot
		)
		return ReorderLevel(REORDER_LEVEL, parameters)


def _rule(name: str, forecast: str, values: Parameters) -> OrderUpTo:
	return OrderUpTo(name, ForecastLevels(ItemParameters.everywhere(**values), forecast))
