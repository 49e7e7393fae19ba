"""The learned policy against every classical rule on the end of an order history, over several seeds."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from rl_replenishment.cli.backtest import compare
from rl_replenishment.cli.benchmarks.inputs import northwind
from rl_replenishment.cli.engine import engine_of
from rl_replenishment.cli.options import counted, read_history
from rl_replenishment.cli.screen import Screen
from rl_replenishment.core.demand.imputation import impute
from rl_replenishment.core.errors import InputError
from rl_replenishment.core.evaluation.backtest import Backtest
from rl_replenishment.core.files.items import item_table, read_items
from rl_replenishment.core.training.from_history import TrainingOptions
from rl_replenishment.core.training.side_by_side import carry_out, trainings

HOLDOUT_DAYS = 180
SECONDS = 60.0


def measure(options: argparse.Namespace, screen: Screen) -> dict[str, Any]:
	"""Train per seed on all but the last 180 days and replay those."""
	orders, item_file = northwind(options)
	history = read_history(orders, options.date_format, screen)
	items = item_table(history.keys)
	if item_file:
		items, _ = read_items(item_file, history.keys, note=screen.note)
	if history.days <= HOLDOUT_DAYS:
		raise InputError(
			f"{orders.name} spans {counted(history.days, 'day')}, and this benchmark holds out the last"
			f" {HOLDOUT_DAYS}; give a longer history."
		)
	history = impute(history, items, held=HOLDOUT_DAYS).history
	seen = history.window(0, history.days - HOLDOUT_DAYS)
	seconds = options.seconds or SECONDS
	training = TrainingOptions(algorithm=options.algorithm, seconds=seconds, seed=options.seed)
	jobs = trainings(seen, items, training, options.seeds, {}, options.device)
	with engine_of(options) as engine, screen.progress("Training") as update:
		trained = engine.map(carry_out, jobs, lambda share: update(share, f"Training {options.seeds} times"))
	found: list[Backtest] = [
		compare(each.stored, history, items, HOLDOUT_DAYS, options.seed) for each in trained
	]
	differences = [rows.rows[0].cost_vs_best_baseline for rows in found]
	median = int(np.argsort(differences)[len(differences) // 2])
	document = {
		"algorithm": options.algorithm,
		"orders": orders.name,
		"seconds_per_training": seconds,
		"cost_vs_best_baseline_by_seed": differences,
		"median_cost_vs_best_baseline": float(np.median(differences)),
		"ci95_by_seed": [list(rows.rows[0].ci95) for rows in found],
		**found[median].as_json(),
	}
	for row in document["policies"]:
		screen.say(
			f"{row['name']:<20} cost {row['cost']:>12,.0f}  fill rate {row['fill_rate']:.1%}  stock"
			f" {row['average_inventory']:>9,.0f}  against the best rule {row['cost_vs_best_baseline']:+.1%}"
		)
	screen.say(
		f"Learned policy against the best rule, by seed: {', '.join(f'{d:+.1%}' for d in differences)}."
	)
	return document
