"""Replay held-out demand with every policy, all under the same luck, and compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rl_replenishment.core.evaluation.bootstrap import relative_difference
from rl_replenishment.core.policies.base import Policy
from rl_replenishment.core.simulation.rollout import Ledger, average, run
from rl_replenishment.core.simulation.scenario import Scenario, sample_lead_times

#: one draw of random lead times moves the difference between two policies by several percent
LEAD_TIME_DRAWS = 10


@dataclass(frozen=True, eq=False)
class BacktestRow:
	"""One policy on the held-out days."""

	ledger: Ledger
	#: whether it is one of the rules that others are compared with
	is_baseline: bool
	#: total cost over that of the best baseline, minus 1
	cost_vs_best_baseline: float
	#: 95 % interval of that difference
	ci95: tuple[float, float]

	def as_json(self) -> dict[str, Any]:
		"""The row as CONTRACT-named plain values; what is not a number becomes null."""

		def number(value: float) -> float | None:
			return float(value) if np.isfinite(value) else None

		ledger = self.ledger
		return {
			"name": ledger.policy,
			"cost": float(ledger.cost.sum()),
			"holding_cost": float(ledger.holding_cost.sum()),
			"stockout_cost": float(ledger.stockout_cost.sum()),
			"order_cost": float(ledger.order_cost.sum()),
			"waste_cost": float(ledger.waste_cost.sum()),
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
	keep_paths: bool = False,
	lead_time_draws: int = LEAD_TIME_DRAWS,
) -> Backtest:
	"""Run policies and baselines through the scenario and compare each with the best baseline.

	Where lead times are random the days are replayed under several draws of them, and the books averaged.
	"""
	random = bool((scenario.items.lead_time_std_days > 0).any())
	scenarios = [scenario]
	for _ in range(lead_time_draws - 1 if random else 0):
		drawn = sample_lead_times(scenario.items, scenario.days, rng)
		scenarios.append(replace(scenario, lead_times=drawn))
	statistics = list(scenario.statistics())

	def books(policy: Policy) -> Ledger:
		return average(
			[
				run(policy, each, keep_paths=keep_paths and each is scenario, statistics=statistics)
				for each in scenarios
			]
		)

	ledgers = [(books(policy), False) for policy in policies] + [(books(rule), True) for rule in baselines]
	reference = min(
		(ledger for ledger, is_baseline in ledgers if is_baseline),
		key=lambda ledger: float(ledger.cost.sum()),
	)
	rows = []
	for ledger, is_baseline in ledgers:
		difference, interval = relative_difference(ledger.cost, reference.cost, rng)
		rows.append(BacktestRow(ledger, is_baseline, difference, interval))
	return Backtest(scenario, len(scenarios), tuple(rows))
