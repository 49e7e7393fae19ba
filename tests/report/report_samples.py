"""A small company: six items, two classical rules, and a policy that plays the learned one."""

from __future__ import annotations

import numpy as np

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.evaluation.backtest import Backtest, backtest
from rl_replenishment.core.items import ItemKey, ItemTable
from rl_replenishment.core.policies.order_up_to import ForecastLevels, OrderUpTo
from rl_replenishment.core.policies.parameters import ItemParameters
from rl_replenishment.core.simulation.scenario import replay

HOLDOUT_DAYS = 120
CODES = ("BOLT-M8", "BOLT-M10", "GLUE-5L", "LAMP-E27", "TAPE-50", "WIRE-2.5")


def rule(name: str, *, safety_factor: float, gap: float = 0.0, cap: float = np.inf) -> OrderUpTo:
	parameters = ItemParameters.everywhere(safety_factor=safety_factor, gap=gap, cap=cap)
	return OrderUpTo(name, ForecastLevels(parameters, "91 days"))


def make_backtest(
	*,
	learned: float = 1.2,
	learned_name: str = "learned",
	items: int = len(CODES),
	codes: tuple[str, ...] = CODES,
	warehouses: tuple[str, ...] = ("Stores",),
	days: int = HOLDOUT_DAYS,
	seed: int = 7,
	price: float = 1.0,
	priced: bool = True,
	demanded: bool = True,
) -> Backtest:
	"""A backtest in which the policy `learned_name` is a base-stock rule of safety factor `learned`.

	`price` multiplies all prices; without `priced`, none are known; without `demanded`, nothing is sold.
	"""
	rng = np.random.default_rng(seed)
	rate = np.array([2.0, 6.0, 0.3, 1.0, 4.0, 0.8])
	shape = (180 + days, len(rate))
	demand = (rng.poisson(rate, shape) * (rng.random(shape) < 0.7) * demanded).astype(np.float32)
	keys = tuple(ItemKey(code, warehouses[i % len(warehouses)]) for i, code in enumerate(codes))
	table = ItemTable.create(
		keys,
		suppliers=("Acme", "Acme", "Chemco", "Lux", "Chemco", "Lux"),
		unit_cost=price * np.array([2.0, 3.0, 40.0, 12.0, 5.0, 30.0]) if priced else 1.0,
		lead_time_days=[7, 7, 14, 10, 14, 10],
		order_cost=2.0,
	)
	chosen = list(range(items))
	scenario = replay(
		table.take(chosen),
		DemandHistory(keys, np.datetime64("2024-01-01"), demand).take(chosen),
		days=days,
		review_days=7,
		rng=np.random.default_rng(1),
	)
	return backtest(
		[rule(learned_name, safety_factor=learned, cap=2.0)],
		[rule("base-stock", safety_factor=3.0), rule("(s, S)", safety_factor=1.5, gap=2.0)],
		scenario,
		np.random.default_rng(2),
		keep_paths=True,
	)
