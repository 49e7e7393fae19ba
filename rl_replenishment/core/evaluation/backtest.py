"""Replay held-out demand with every policy, all under the same luck, and compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Protocol, TypeAlias

import numpy as np

from rl_replenishment.core.engine import IN_PROCESS, Engine, Told
from rl_replenishment.core.evaluation.bootstrap import relative_difference
from rl_replenishment.core.policies.base import Policy
from rl_replenishment.core.simulation.rollout import Ledger, average, run
from rl_replenishment.core.simulation.scenario import Scenario, sample_lead_times
from rl_replenishment.core.simulation.shards import joined, part_of, shards

#: one draw of random lead times moves the difference between two policies by several percent
LEAD_TIME_DRAWS = 10


#: what a row is: a policy under test, one of the rules that all are compared with, what could be built
#: instead, the least that could be reached in hindsight, or what was really ordered
Kind: TypeAlias = Literal["policy", "rule", "peer", "bound", "as ordered"]


class Replayed(Protocol):
	"""Keeps its own books of a scenario, being no policy: it knows the days, or how they went."""

	@property
	def name(self) -> str:
		"""What tables and reports call it."""
		...

	@property
	def kind(self) -> Kind:
		"""What its row is."""
		...

	def books(self, scenario: Scenario, *, keep_paths: bool = False) -> Ledger:
		"""Its books of the scenario."""
		...


@dataclass(frozen=True, eq=False)
class BacktestRow:
	"""One policy on the held-out days."""

	ledger: Ledger
	kind: Kind
	#: total cost over that of the best baseline, minus 1
	cost_vs_best_baseline: float
	#: 95 % interval of that difference
	ci95: tuple[float, float]

	@property
	def is_baseline(self) -> bool:
		"""Whether it is one of the rules that others are compared with."""
		return self.kind == "rule"

	@property
	def is_attainable(self) -> bool:
		"""Whether it could have been done without knowing the days to come."""
		return self.kind != "bound"

	def as_json(self) -> dict[str, Any]:
		"""The row as CONTRACT-named plain values; what is not a number becomes null."""

		def number(value: float) -> float | None:
			return float(value) if np.isfinite(value) else None

		ledger = self.ledger
		return {
			"name": ledger.policy,
			"kind": self.kind,
			"cost": float(ledger.cost.sum()),
			"holding_cost": float(ledger.holding_cost.sum()),
			"stockout_cost": float(ledger.stockout_cost.sum()),
			"order_cost": float(ledger.order_cost.sum()),
			"waste_cost": float(ledger.waste_cost.sum()),
			"freight_cost": float(np.sum(ledger.freight_cost)),
			"discount": float(np.sum(ledger.discount)),
			"fill_rate": ledger.fill_rate,
			"stockout_days": round(float(ledger.stockout_days.sum())),
			"average_inventory": ledger.average_inventory,
			"orders": round(float(ledger.orders.sum())),
			"cost_vs_best_baseline": number(self.cost_vs_best_baseline),
			"ci95": [number(bound) for bound in self.ci95],
		}


@dataclass(frozen=True, eq=False)
class Backtest:
	"""All policies on the same days; the rows are in the order the policies were given."""

	#: with the first draw of lead times, which is also the one whose paths are kept
	scenario: Scenario
	#: draws of lead times that the ledgers are averages over
	lead_time_draws: int
	rows: tuple[BacktestRow, ...]

	@property
	def best_baseline(self) -> BacktestRow:
		"""The cheapest of the rules."""
		return min(
			(row for row in self.rows if row.is_baseline), key=lambda row: float(row.ledger.cost.sum())
		)

	@property
	def as_ordered(self) -> BacktestRow | None:
		"""What was really ordered, where that is known."""
		return next((row for row in self.rows if row.kind == "as ordered"), None)

	def as_json(self) -> dict[str, Any]:
		"""The document of `rl-replenishment backtest --json`."""
		return {
			"holdout_days": self.scenario.days,
			"lead_time_draws": self.lead_time_draws,
			"policies": [row.as_json() for row in self.rows],
		}


def backtest(
	policies: Sequence[Policy],
	baselines: Sequence[Policy],
	scenario: Scenario,
	rng: np.random.Generator,
	*,
	peers: Sequence[Policy] = (),
	replayed: Sequence[Replayed] = (),
	keep_paths: bool = False,
	lead_time_draws: int = LEAD_TIME_DRAWS,
	engine: Engine = IN_PROCESS,
	progress: Told | None = None,
) -> Backtest:
	"""Run policies and baselines through the scenario and compare each with the best baseline.

	Where lead times are random the days are replayed under several draws of them, and the books averaged.
	`peers` and what is `replayed` come after the rest. The engine replays policies and baselines for parts of
	the item-warehouses, under suppliers' terms for all of them at once; peers and what is replayed look at
	all of them, here. `progress` is told the share of the engine's work done.
	"""
	random = bool((scenario.items.lead_time_std_days > 0).any())
	scenarios = [scenario]
	for _ in range(lead_time_draws - 1 if random else 0):
		drawn = sample_lead_times(scenario.items, scenario.days, rng)
		scenarios.append(replace(scenario, lead_times=drawn))
	groups: tuple[tuple[Kind, Sequence[Policy]], ...] = (("policy", policies), ("rule", baselines))
	kinds = [kind for kind, group in groups for _ in group]
	# a supplier's lines are rounded together: under terms, no item-warehouse is by itself
	workers = 1 if scenario.terms is not None else engine.workers
	jobs = [
		(
			[policy for _, group in groups for policy in group],
			[part_of(each, shard) for each in scenarios],
			keep_paths,
		)
		for shard in shards(len(scenario.items), workers)
	]
	parts = engine.map(_books, jobs, progress)
	ledgers: list[tuple[Ledger, Kind]] = [
		(joined(ledger), kind) for ledger, kind in zip(zip(*parts, strict=True), kinds, strict=True)
	]
	if peers:
		ledgers += [(ledger, "peer") for ledger in _books((peers, scenarios, keep_paths), lambda share: None)]
	for each in replayed:
		drawn_books = [each.books(one, keep_paths=keep_paths and one is scenario) for one in scenarios]
		ledgers.append((average(drawn_books), each.kind))
	reference = min(
		(ledger for ledger, kind in ledgers if kind == "rule"), key=lambda ledger: float(ledger.cost.sum())
	)
	rows = []
	for ledger, kind in ledgers:
		difference, interval = relative_difference(ledger.cost, reference.cost, rng)
		rows.append(BacktestRow(ledger, kind, difference, interval))
	return Backtest(scenario, len(scenarios), tuple(rows))


def _books(job: tuple[Sequence[Policy], Sequence[Scenario], bool], told: Told) -> list[Ledger]:
	"""Each policy's books, averaged over scenarios of the same days; the paths are those of the first."""
	policies, scenarios, keep_paths = job
	statistics = list(scenarios[0].statistics())
	found = []
	for number, policy in enumerate(policies):
		ledgers = [
			run(policy, each, keep_paths=keep_paths and each is scenarios[0], statistics=statistics)
			for each in scenarios
		]
		found.append(average(ledgers))
		told((number + 1) / len(policies))
	return found
