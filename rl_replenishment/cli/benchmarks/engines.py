"""What an engine saves, and that it changes nothing: a backtest in parts, and trainings side by side."""

from __future__ import annotations

import argparse
import time
from typing import Any

import numpy as np

from rl_replenishment.cli.backtest import contest
from rl_replenishment.cli.engine import LOCAL, engine_of
from rl_replenishment.cli.screen import Screen
from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.engine import IN_PROCESS, Engine
from rl_replenishment.core.errors import InputError
from rl_replenishment.core.evaluation.backtest import Backtest
from rl_replenishment.core.items import FloatArray, ItemKey, ItemTable
from rl_replenishment.core.policies.base import Policy
from rl_replenishment.core.policies.order_up_to import ForecastLevels, OrderUpTo
from rl_replenishment.core.policies.parameters import ItemParameters
from rl_replenishment.core.simulation.scenario import replay
from rl_replenishment.core.training.from_history import Trained, TrainingOptions
from rl_replenishment.core.training.side_by_side import carry_out, trainings

COUNT = 50_000
DAYS, HELD, REVIEW_DAYS = 240, 60, 7
#: of the trainings: item-warehouses, days, and steps where nothing else is asked for
TRAINING_ITEMS, TRAINING_DAYS, TIMESTEPS = 200, 540, 60_000
_START = np.datetime64("2024-01-01")


def measure(options: argparse.Namespace, screen: Screen) -> dict[str, Any]:
	"""The same backtest and the same trainings in this process and on the engine."""
	if options.engine == LOCAL:
		raise InputError("benchmark engines compares another engine with this process; add --engine ray.")
	with engine_of(options) as engine, screen.progress("Backtest in this process") as update:
		rng = np.random.default_rng(options.seed)
		items, history = company(options.count, DAYS, rng)
		here, here_seconds = _backtest(history, items, IN_PROCESS, options.seed)
		update(0.25, f"Backtest on {options.engine}")
		there, there_seconds = _backtest(history, items, engine, options.seed)
		update(0.5, "Trainings in this process")
		one, one_seconds = _train(options, IN_PROCESS)
		update(0.75, f"Trainings on {options.engine}")
		other, other_seconds = _train(options, engine)
	found = {
		"engine": options.engine,
		"workers": engine.workers,
		"backtest": {
			"items": options.count,
			"days": DAYS,
			"holdout_days": HELD,
			"seconds_in_process": here_seconds,
			"seconds_on_engine": there_seconds,
			**_differences(here, there),
		},
		"trainings": {
			"trainings": len(one),
			"seconds_in_process": one_seconds,
			"seconds_on_engine": other_seconds,
			"largest_difference_of_a_weight": max(_distance(a, b) for a, b in zip(one, other, strict=True)),
		},
	}
	compared, trained = found["backtest"], found["trainings"]
	screen.say(
		f"Backtest of {options.count:,} item-warehouses: {here_seconds:.0f} s in this process,"
		f" {there_seconds:.0f} s with {engine.workers} workers; cost of a policy differs by"
		f" {compared['largest_difference_of_a_cost']:.1e} at most, of an item-warehouse by"
		f" {compared['largest_difference_of_an_items_cost']:.1e}."
	)
	screen.say(
		f"{len(one)} trainings: {one_seconds:.0f} s one after the other, {other_seconds:.0f} s side by side;"
		f" weights differ by {trained['largest_difference_of_a_weight']:.1e} at most."
	)
	return found


def company(count: int, days: int, rng: np.random.Generator) -> tuple[ItemTable, DemandHistory]:
	"""Items of all speeds, prices and lead times, and demand that comes in lots."""
	keys = [ItemKey(f"ITEM-{number:06}") for number in range(count)]
	items = ItemTable.create(
		keys,
		lead_time_days=rng.integers(1, 22, count),
		unit_cost=np.round(rng.lognormal(2, 1, count), 2),
		order_multiple=rng.choice([1, 6, 12], count),
		order_cost=5,
	)
	rate = rng.lognormal(-1, 1.2, count)
	demand = np.empty((days, count), np.float32)
	for day in range(days):
		demand[day] = rng.poisson(rate)
	return items, DemandHistory(tuple(keys), _START, demand)


def _backtest(history: DemandHistory, items: ItemTable, engine: Engine, seed: int) -> tuple[Backtest, float]:
	"""A rule that nobody has tuned, beside those that are tuned first."""
	scenario = replay(items, history, days=HELD, review_days=REVIEW_DAYS, rng=np.random.default_rng(seed))
	parameters = ItemParameters.per_item(items, safety_factor=1.0, gap=0.5, cap=np.inf)
	policies: list[Policy] = [OrderUpTo("rule of thumb", ForecastLevels(parameters, "91 days"))]
	began = time.perf_counter()
	compared = contest(policies, history, scenario, seed, engine=engine)
	return compared, time.perf_counter() - began


def _differences(here: Backtest, there: Backtest) -> dict[str, float]:
	"""The largest ones, as shares."""
	pairs = [(a.ledger.cost, b.ledger.cost) for a, b in zip(here.rows, there.rows, strict=True)]
	return {
		"largest_difference_of_a_cost": max(abs(float(b.sum() / a.sum()) - 1) for a, b in pairs),
		"largest_difference_of_an_items_cost": max(
			float((np.abs(a - b) / np.maximum(a, 1e-9)).max()) for a, b in pairs
		),
	}


def _train(options: argparse.Namespace, engine: Engine) -> tuple[list[Trained], float]:
	items, history = company(TRAINING_ITEMS, TRAINING_DAYS, np.random.default_rng(options.seed))
	training = TrainingOptions(
		algorithm=options.algorithm,
		seconds=options.seconds,
		timesteps=options.timesteps or (None if options.seconds else TIMESTEPS),
		seed=options.seed,
	)
	began = time.perf_counter()
	found = engine.map(carry_out, trainings(history, items, training, options.seeds, {}, options.device))
	return found, time.perf_counter() - began


def _distance(one: Trained, other: Trained) -> float:
	def weights(trained: Trained) -> list[FloatArray]:
		return [array for layer in trained.stored.policy.network.layers for array in layer]

	return max(float(np.abs(a - b).max(initial=0)) for a, b in zip(weights(one), weights(other), strict=True))
