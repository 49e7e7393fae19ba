"""The lost-sales test bed: what is learned beside the exact optimum and the published best."""

from __future__ import annotations

import argparse
import csv
import itertools
import time
from pathlib import Path
from typing import Any

import numpy as np

from rl_replenishment.cli.benchmarks.stationary import Bed, interval
from rl_replenishment.cli.engine import engine_of
from rl_replenishment.cli.screen import Screen
from rl_replenishment.core.engine import Told
from rl_replenishment.core.evaluation.lost_sales import LostSales
from rl_replenishment.core.items import FloatArray, ItemTable
from rl_replenishment.core.policies.base import Policy
from rl_replenishment.core.policies.order_up_to import FixedLevels, OrderUpTo, base_stock
from rl_replenishment.core.policies.parameters import ItemParameters

LEAD_TIMES, PENALTIES = (2, 3, 4, 6, 8, 10), (4, 9, 19, 39)
#: solved exactly up to here
LONGEST_EXACT = 4
SECONDS, SECONDS_LONG = 60.0, 180.0
#: columns and days of the trials in which levels are tuned, and how many of the best are kept
_TUNING = ((60, 1000, 12), (1000, 1500, 1))
#: columns and days of the trial in which policies are measured where there is no exact solution
_MEASURING = (2000, 2000)
#: where the published costs of long lead times lie beside a checkout
_PUBLISHED = (Path("data/lost_sales_test_bed.csv"), Path("../shared/data/lost_sales_test_bed.csv"))


def measure(options: argparse.Namespace, screen: Screen) -> dict[str, Any]:
	"""Train per instance and seed, and compare with the optimum, or the best published cost."""
	published = read_published()
	instances = list(itertools.product(options.lead_times or LEAD_TIMES, PENALTIES))
	jobs = [(LostSales(lead_time, penalty), options) for lead_time, penalty in instances]
	with engine_of(options) as engine, screen.progress("Training") as update:
		measured = engine.map(_measured, jobs, lambda share: update(share, f"{len(jobs)} instances"))
	rows = [
		{**row, **compare(row, published.get(instance))}
		for instance, row in zip(instances, measured, strict=True)
	]
	for row in rows:
		screen.say(describe(row))
	document: dict[str, Any] = {
		"algorithm": options.algorithm,
		"seeds": options.seeds,
		"timesteps": options.timesteps,
		"instances": rows,
	}
	references = (("optimum", "", True), ("best published cost", "_to_published", False))
	for reference, suffix, is_exact in references:
		gaps = [row["gap_percent"] for row in rows if (row["optimal_cost"] is not None) == is_exact]
		known = [gap for gap in gaps if gap is not None]
		document[f"mean_gap{suffix}_percent"] = float(np.mean(known)) if known else None
		document[f"largest_gap{suffix}_percent"] = max(known, default=None)
		if known:
			screen.say(f"Mean gap to the {reference} {np.mean(known):.2f} %.")
	return document


def _measured(job: tuple[LostSales, argparse.Namespace], _told: Told) -> dict[str, Any]:
	return measure_instance(*job)


def measure_instance(instance: LostSales, options: argparse.Namespace) -> dict[str, Any]:
	"""One instance: the policy of the seed in the middle."""
	is_exact = instance.lead_time <= LONGEST_EXACT
	seconds = options.seconds or (SECONDS if is_exact else SECONDS_LONG)
	started = time.perf_counter()
	order_up_to, cap = tune_capped_base_stock(instance, options.seed)
	rule = base_stock(order_up_to, cap=cap)
	tuning = time.perf_counter() - started
	bed = Bed(instance.item(), instance.rate, "lost", rule)
	learned = []
	for seed in range(options.seed, options.seed + options.seeds):
		policy, took = bed.train(options.algorithm, seconds - tuning, options.timesteps, seed, options.device)
		learned.append((policy, tuning + took))
	policies: list[Policy] = [rule, *(policy for policy, _took in learned)]
	if is_exact:
		cost, *costs = (instance.cost_of(policy) for policy in policies)
		intervals = [(each, each) for each in costs]
	else:
		columns, days = _MEASURING
		found = bed.costs(policies, columns=columns, days=days, seed=10_000 + options.seed)
		cost, *costs = (float(each.mean()) for each in found)
		intervals = [interval(each) for each in found[1:]]
	middle = int(np.argsort(costs)[len(costs) // 2])
	return {
		"lead_time": instance.lead_time,
		"penalty": instance.penalty,
		"optimal_cost": instance.optimal_cost() if is_exact else None,
		"capped_base_stock_cost": cost,
		"capped_base_stock": [order_up_to, cap],
		"cost": costs[middle],
		"ci95": list(intervals[middle]),
		"cost_by_seed": costs,
		"seconds": max(took for _policy, took in learned),
		"policy": f"capped base-stock corrected by a network ({options.algorithm})",
	}


def compare(row: dict[str, Any], published: float | None) -> dict[str, Any]:
	"""The gap to the optimum, or to the best published cost where that is known."""
	best = row["optimal_cost"] if row["optimal_cost"] is not None else published
	return {
		"best_published_cost": published,
		"gap_percent": None if best is None else 100 * (row["cost"] / best - 1),
		"capped_gap_percent": None if best is None else 100 * (row["capped_base_stock_cost"] / best - 1),
	}


def describe(row: dict[str, Any]) -> str:
	"""An instance in a line."""
	text = (
		f"L {row['lead_time']:>2}  p {row['penalty']:>2}  cost {row['cost']:.4f}"
		f"  capped base-stock {row['capped_base_stock_cost']:.4f}"
	)
	if row["gap_percent"] is None:
		return text
	return f"{text}  gap {row['gap_percent']:+.2f} % (capped {row['capped_gap_percent']:+.2f} %)"


def tune_capped_base_stock(instance: LostSales, seed: int) -> tuple[float, float]:
	"""Order-up-to level and cap of the policy that costs least.

	All candidates run through one trial, and the best of them through a longer one.
	"""
	mean = instance.rate * (instance.lead_time + 1)
	levels = range(int(0.8 * mean), int(mean + 3 * mean**0.5) + 1)
	caps = range(int(instance.rate) - 1, int(instance.rate + 2.5 * instance.rate**0.5) + 1)
	candidates = np.array(list(itertools.product(levels, caps)), np.float32)
	for columns, days, kept in _TUNING:
		cost = _cost_of_levels(instance, candidates, columns, days, seed)
		candidates = candidates[np.argsort(cost)[:kept]]
	order_up_to, cap = candidates[0]
	return float(order_up_to), float(cap)


def _cost_of_levels(
	instance: LostSales, candidates: FloatArray, columns: int, days: int, seed: int
) -> FloatArray:
	"""Mean cost per day of capped base-stock levels, given as rows of (order-up-to level, cap)."""
	one = instance.item()
	items = ItemTable.create(
		[str(number) for number in range(len(candidates))],
		lead_time_days=one.lead_time_days[0],
		holding_cost=one.holding_cost[0],
		stockout_cost=one.stockout_cost[0],
	)
	order_up_to, cap = candidates.T
	parameters = ItemParameters.per_item(items, reorder_point=order_up_to, order_up_to=order_up_to, cap=cap)
	rule = OrderUpTo("capped base-stock", FixedLevels(parameters))
	bed = Bed(items, instance.rate, "lost", rule)
	costs = bed.costs([rule], columns=columns * len(items), days=days, seed=seed)
	return costs.reshape(columns, len(items)).mean(axis=0)


def read_published() -> dict[tuple[int, int], float]:
	"""The best published costs by lead time and penalty, where the file of them is at hand."""
	for path in _PUBLISHED:
		if path.is_file():
			with path.open(encoding="utf-8", newline="") as file:
				return {
					(int(row["lead_time"]), int(row["penalty"])): float(row["best_known_cost"])
					for row in csv.DictReader(file)
				}
	return {}
