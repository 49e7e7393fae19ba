"""Recorded demand of real companies: the learned policy beside the rules, the peers and perfect foresight."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from rl_replenishment.cli.backtest import check_peers, contest
from rl_replenishment.cli.benchmarks.inputs import real_cases
from rl_replenishment.cli.engine import engine_of
from rl_replenishment.cli.options import budget, counted
from rl_replenishment.cli.screen import Screen, Update
from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.demand.imputation import impute
from rl_replenishment.core.demand.rhythm import WEEKLY
from rl_replenishment.core.engine import Engine, Told
from rl_replenishment.core.errors import InputError
from rl_replenishment.core.evaluation.backtest import BacktestRow
from rl_replenishment.core.evaluation.bootstrap import relative_difference
from rl_replenishment.core.files.items import read_items
from rl_replenishment.core.files.orders import read_orders
from rl_replenishment.core.items import ItemTable
from rl_replenishment.core.policies.residual_network import ResidualNetwork
from rl_replenishment.core.simulation.scenario import is_review_day, replay
from rl_replenishment.core.training.from_history import TrainingOptions
from rl_replenishment.core.training.side_by_side import Training, carry_out, trainings

#: days held out; more where lead times are so long that little would arrive in them
HOLDOUT_DAYS, HOLDOUT_LEAD_TIMES = 180, 2.5
SECONDS = 120.0
WEEK = 7


@dataclass(frozen=True, eq=False)
class Case:
	"""One company's demand."""

	name: str
	history: DemandHistory
	items: ItemTable
	#: days at the end that are held out
	held: int


def measure(options: argparse.Namespace, screen: Screen) -> dict[str, Any]:
	"""Per case: train per seed on all but the last days, and replay those."""
	check_peers("benchmark real")
	if options.seconds is None and options.timesteps is None:
		options.seconds = SECONDS
	files = real_cases(options)
	found = []
	with engine_of(options) as engine, screen.progress("Reading") as update:
		for number, (name, orders, items) in enumerate(files):
			case = read_case(name, orders, items, weekly=options.weekly)
			share = _part(update, name, number / len(files), 1 / len(files))
			found.append(_measured(case, options, engine, share))
	for case_found in found:
		_tell(case_found, screen)
	ratios = [each["learned"]["ratio_to_best_peer"] for each in found if each["learned"]]
	if ratios:
		screen.say(f"Learned over the best peer: mean {np.mean(ratios):.3f}, largest {max(ratios):.3f}.")
	seconds, timesteps = budget(options)
	return {
		"weekly": options.weekly,
		"algorithm": None if options.no_train else options.algorithm,
		"seconds_per_training": None if options.no_train else seconds,
		"timesteps_per_training": None if options.no_train else timesteps,
		"mean_ratio_to_best_peer": float(np.mean(ratios)) if ratios else None,
		"largest_ratio_to_best_peer": max(ratios) if ratios else None,
		"cases": found,
	}


def read_case(name: str, orders: Path, item_file: Path, *, weekly: bool) -> Case:
	"""The demand, with the time filled before new items were sold."""
	history = read_orders(orders).history()[0]
	items = read_items(item_file, history.keys)[0]
	held = max(HOLDOUT_DAYS, round(HOLDOUT_LEAD_TIMES * float(items.lead_time_days.max(initial=0))))
	if weekly:
		history, held = weekly_totals(history), -(-held // WEEK) * WEEK
	if history.days <= held:
		raise InputError(
			f"{orders} spans {counted(history.days, 'day')}, and this benchmark holds out the last {held};"
			" give a longer history."
		)
	return Case(name, impute(history, items, held=held).history, items, held)


def weekly_totals(history: DemandHistory) -> DemandHistory:
	"""The whole weeks of a history, each as one total on its Monday."""
	first = next(day for day in range(WEEK) if is_review_day(history.start + np.timedelta64(day, "D"), WEEK))
	weeks = (history.days - first) // WEEK
	window = history.window(first, first + weeks * WEEK)
	demand = np.zeros_like(window.demand)
	demand[::WEEK] = window.demand.reshape(weeks, WEEK, -1).sum(axis=1)
	return replace(window, demand=demand, rhythm=WEEKLY)


def _timed(training: Training, told: Told) -> tuple[ResidualNetwork, float]:
	"""The policy of a training, and the seconds that it took, rules included."""
	began = perf_counter()
	policy = carry_out(training, told).stored.policy
	return policy, perf_counter() - began


def _measured(case: Case, options: argparse.Namespace, engine: Engine, update: Update) -> dict[str, Any]:
	seen = case.history.window(0, case.history.days - case.held)
	seconds, timesteps = budget(options)
	training = TrainingOptions(
		algorithm=options.algorithm, seconds=seconds, timesteps=timesteps, seed=options.seed
	)
	jobs = (
		[] if options.no_train else trainings(seen, case.items, training, options.seeds, {}, options.device)
	)
	trained = engine.map(_timed, jobs, lambda share: update(0.8 * share, f"Training {len(jobs)} times"))
	policies, training_seconds = [each for each, _ in trained], [took for _, took in trained]
	began = perf_counter()
	scenario = replay(
		case.items,
		case.history,
		days=case.held,
		review_days=TrainingOptions.review_days,
		unmet_demand=TrainingOptions.unmet_demand,
		rng=np.random.default_rng(options.seed),
	)
	compared = contest(
		policies,
		case.history,
		scenario,
		options.seed,
		progress=lambda share, text=None: update(0.8 + 0.2 * share if jobs else share, text),
		with_peers=True,
	)
	others = [row for row in compared.rows if row.kind in ("rule", "peer")]
	best = min(others, key=_cost)
	learned = [row for row in compared.rows if row.kind == "policy"]
	return {
		"case": case.name,
		"items": len(case.items),
		"days": case.history.days,
		"holdout_days": case.held,
		"comparison_seconds": perf_counter() - began,
		"best_peer": best.ledger.policy,
		"best_peer_cost": _cost(best),
		"learned": _learned(learned, best, options.seed, training_seconds) if learned else None,
		"policies": [row.as_json() for row in compared.rows if row.kind != "policy"],
	}


def _cost(row: BacktestRow) -> float:
	return float(row.ledger.cost.sum())


def _learned(
	rows: Sequence[BacktestRow], best: BacktestRow, seed: int, seconds: Sequence[float]
) -> dict[str, Any]:
	"""The trained policies, and the one in the middle, against the best of all others."""
	ratios = [_cost(row) / _cost(best) for row in rows]
	median = rows[int(np.argsort(ratios)[len(ratios) // 2])]
	_, interval = relative_difference(median.ledger.cost, best.ledger.cost, np.random.default_rng(seed))
	return {
		"cost": _cost(median),
		"fill_rate": median.ledger.fill_rate,
		"ratio_to_best_peer": _cost(median) / _cost(best),
		"ci95_of_ratio": [1 + bound for bound in interval],
		"cost_by_seed": [_cost(row) for row in rows],
		"fill_rate_by_seed": [row.ledger.fill_rate for row in rows],
		"ratio_by_seed": ratios,
		"seconds_by_seed": list(seconds),
	}


def _tell(found: dict[str, Any], screen: Screen) -> None:
	screen.say(
		f"\n{found['case']}: {counted(found['items'], 'item')}, {found['days']} days,"
		f" the last {found['holdout_days']} held out"
	)
	rows = [(row["name"], row["cost"], row["fill_rate"]) for row in found["policies"]]
	learned = found["learned"]
	if learned:
		rows.append(("learned policy (median)", learned["cost"], learned["fill_rate"]))
	for name, cost, fill_rate in sorted(rows, key=lambda row: row[1]):
		ratio = cost / found["best_peer_cost"]
		screen.say(f"{name:<24} cost {cost:>12,.0f}  fill rate {fill_rate:6.1%}  to best peer {ratio:.3f}")
	if learned:
		low, high = learned["ci95_of_ratio"]
		seconds = np.median(learned["seconds_by_seed"])
		by_seed = ", ".join(f"{ratio:.3f}" for ratio in learned["ratio_by_seed"])
		screen.say(
			f"Learned over {found['best_peer']}: {learned['ratio_to_best_peer']:.3f} (95 % interval"
			f" {low:.3f} to {high:.3f}); by seed {by_seed}; {seconds:.0f} s each."
		)


def _part(update: Update, name: str, start: float, share: float) -> Update:
	"""What moves its part of a progress bar."""

	def part(fraction: float, description: str | None = None) -> None:
		update(start + share * fraction, f"{name}: {description}" if description else None)

	return part
