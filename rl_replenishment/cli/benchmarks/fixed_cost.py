"""The fixed-cost test bed: what is learned from a rule of thumb beside the optimal (s, S) policy."""

from __future__ import annotations

import argparse
import itertools
from typing import Any

import numpy as np

from rl_replenishment.cli.benchmarks.stationary import Bed, interval
from rl_replenishment.cli.engine import engine_of
from rl_replenishment.cli.screen import Screen
from rl_replenishment.core.engine import Told
from rl_replenishment.core.evaluation.fixed_cost import FixedOrderCost
from rl_replenishment.core.policies.base import Policy
from rl_replenishment.core.policies.order_up_to import FixedLevels, OrderUpTo
from rl_replenishment.core.policies.parameters import ItemParameters
from rl_replenishment.core.training.classical import default_rule

LEAD_TIMES, PENALTIES, ORDER_COSTS = (0, 2, 4), (4.0, 19.0), (16.0, 64.0)
RATE = 5.0
SECONDS = 60.0
#: columns and days of the trial in which policies are measured
_MEASURING = (1000, 2000)


def measure(options: argparse.Namespace, screen: Screen) -> dict[str, Any]:
	"""Train per instance and seed, and compare with the optimum."""
	instances = list(itertools.product(options.lead_times or LEAD_TIMES, PENALTIES, ORDER_COSTS))
	jobs = [(FixedOrderCost(*instance, RATE), options) for instance in instances]
	with engine_of(options) as engine, screen.progress("Training") as update:
		rows = engine.map(_measured, jobs, lambda share: update(share, f"{len(jobs)} instances"))
	for (lead_time, penalty, order_cost), row in zip(instances, rows, strict=True):
		screen.say(
			f"L {lead_time}  p {penalty:>2.0f}  K {order_cost:>2.0f}  optimum {row['optimal_cost']:.3f}"
			f"  start {row['start_gap_percent']:+.2f} %  learned {row['gap_percent']:+.2f} %"
		)
	gaps = [row["gap_percent"] for row in rows]
	screen.say(f"Mean gap to the optimum {np.mean(gaps):.2f} %.")
	return {
		"algorithm": options.algorithm,
		"seeds": options.seeds,
		"timesteps": options.timesteps,
		"instances": rows,
		"mean_gap_percent": float(np.mean(gaps)),
		"largest_gap_percent": max(gaps),
	}


def _measured(job: tuple[FixedOrderCost, argparse.Namespace], _told: Told) -> dict[str, Any]:
	return measure_instance(*job)


def measure_instance(instance: FixedOrderCost, options: argparse.Namespace) -> dict[str, Any]:
	"""One instance: the policy of the seed in the middle.

	Costs are those of the optimal policy, known exactly, plus the difference to it on the same demand.
	"""
	item, best = instance.item(), instance.optimum()
	rule = default_rule(item)
	bed = Bed(item, instance.rate, "backorder", rule)
	learned = [
		bed.train(options.algorithm, options.seconds or SECONDS, options.timesteps, seed, options.device)
		for seed in range(options.seed, options.seed + options.seeds)
	]
	columns, days = _MEASURING
	policies: list[Policy] = [
		optimal_rule(best.reorder_point, best.order_up_to),
		rule,
		*(policy for policy, _ in learned),
	]
	found = bed.costs(policies, columns=columns, days=days, seed=10_000 + options.seed)
	start, *costs = best.cost + (found[1:] - found[0])
	means = [float(each.mean()) for each in costs]
	middle = int(np.argsort(means)[len(means) // 2])
	return {
		"lead_time": instance.lead_time,
		"penalty": instance.penalty,
		"order_cost": instance.order_cost,
		"optimal_cost": best.cost,
		"optimal_levels": [best.reorder_point, best.order_up_to],
		"start_gap_percent": 100 * (float(start.mean()) / best.cost - 1),
		"cost": means[middle],
		"ci95": list(interval(costs[middle])),
		"gap_percent": 100 * (means[middle] / best.cost - 1),
		"cost_by_seed": means,
		"seconds": max(took for _policy, took in learned),
		"policy": f"(s, S) corrected by a network ({options.algorithm})",
	}


def optimal_rule(reorder_point: float, order_up_to: float) -> OrderUpTo:
	"""Fixed levels as a policy."""
	levels = {"reorder_point": reorder_point, "order_up_to": order_up_to, "cap": float(np.inf)}
	return OrderUpTo("(s, S)", FixedLevels(ItemParameters.everywhere(**levels)))
