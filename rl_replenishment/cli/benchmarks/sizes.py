"""How long training takes and how much memory, from a few items and months to many of them."""

from __future__ import annotations

import argparse
import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np

from rl_replenishment.cli.benchmarks.real import weekly_totals
from rl_replenishment.cli.benchmarks.serving import memory_mib
from rl_replenishment.cli.screen import Screen
from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.items import ItemKey, ItemTable

#: item-warehouses, days, and whether demand comes in totals of weeks
SIZES = (
	(20, 182, False),
	(20, 3650, False),
	(400, 1095, False),
	(6000, 1095, False),
	(20000, 1095, True),
)
#: for the training itself, rules and forecasts come on top
SECONDS = 60.0
START = np.datetime64("2020-01-06")
_YEAR = 365.25


def measure(options: argparse.Namespace, screen: Screen) -> dict[str, Any]:
	"""One training of each size, in a process of its own."""
	seconds, rows = options.seconds or SECONDS, []
	with screen.progress("Training") as update:
		for number, size in enumerate(SIZES):
			update(number / len(SIZES), f"{size[0]:,} item-warehouses")
			# a process that trained before would have its memory still
			with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as alone:
				rows.append(alone.submit(trained, *size, seconds, options.seed).result())
	for row in rows:
		screen.say(
			f"{row['items']:,} item-warehouses, {row['days']:,} days{', by week' if row['weekly'] else ''}:"
			f" {row['seconds']:.0f} s, {row['seconds_before']:.0f} of them for rules and forecasts;"
			f" peak memory {row['peak_mib']:,.0f} MiB."
		)
	return {"seconds_of_training": seconds, "sizes": rows}


def trained(count: int, days: int, weekly: bool, seconds: float, seed: int) -> dict[str, Any]:
	"""Train on made-up demand, and say what it took."""
	# needs torch, which a benchmark beside it must not load
	from rl_replenishment.core.training.algorithms import make_trainer
	from rl_replenishment.core.training.from_history import TrainingOptions, train_on_history

	history, items = made_up(count, days, np.random.default_rng(seed))
	if weekly:
		history = weekly_totals(history)
	before = memory_mib("VmRSS")
	began, ready = time.perf_counter(), []

	def tuned(share: float) -> None:
		if share == 1:
			ready.append(time.perf_counter() - began)

	train_on_history(
		history,
		items,
		make_trainer("pathwise"),
		TrainingOptions(seconds=seconds, seed=seed),
		tuning_progress=tuned,
	)
	return {
		"items": count,
		"days": days,
		"weekly": weekly,
		"seconds": time.perf_counter() - began,
		"seconds_before": ready[0],
		# what Python, its libraries and the demand take
		"before_mib": before,
		"peak_mib": memory_mib("VmHWM"),
	}


def made_up(count: int, days: int, rng: np.random.Generator) -> tuple[DemandHistory, ItemTable]:
	"""Poisson demand with a season, of rates from one in two months to some a day."""
	items = ItemTable.create(
		[ItemKey(str(number)) for number in range(count)],
		lead_time_days=rng.choice([7, 14, 21, 28], count),
		unit_cost=rng.lognormal(2, 1, count),
		order_cost=4.0,
		order_multiple=rng.choice([1, 1, 6, 12], count),
	)
	rate = np.minimum(rng.lognormal(-1, 1.5, count), 20)
	season, start = rng.uniform(0, 0.6, count), rng.uniform(0, 2 * np.pi, count)
	demand = np.empty((days, count), np.float32)
	for day in range(days):
		demand[day] = rng.poisson(rate * (1 + season * np.sin(2 * np.pi * day / _YEAR + start)))
	return DemandHistory(items.keys, START, demand), items
