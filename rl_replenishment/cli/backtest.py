"""Replay the end of an order history with a policy and with the classical rules, and compare."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from rl_replenishment.cli.console import policy_table
from rl_replenishment.cli.options import (
	add_history_arguments,
	add_policy_argument,
	day,
	holdout_days,
	positive,
	read_history,
	read_item_table,
)
from rl_replenishment.cli.screen import Screen
from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.errors import InputError
from rl_replenishment.core.evaluation.backtest import Backtest, backtest
from rl_replenishment.core.files.output import write_text_atomically
from rl_replenishment.core.items import ItemTable
from rl_replenishment.core.policies.store import StoredPolicy, read_policy
from rl_replenishment.core.evaluation.tuning import tune_rules
from rl_replenishment.core.proposal import match_keys
from rl_replenishment.core.simulation.scenario import replay
from rl_replenishment.core.training.from_history import check_history, tuning_halves


def add_arguments(parser: argparse.ArgumentParser) -> None:
	"""Describe the subcommand."""
	add_history_arguments(parser)
	add_policy_argument(parser)
	parser.add_argument(
		"--holdout",
		metavar="DAYS",
		type=positive(int),  # type: ignore[arg-type]
		help="days at the end to replay (default: those that training did not see)",
	)
	parser.add_argument("--report", metavar="FILE.html", type=Path, help="write a report with plots")


def run(options: argparse.Namespace, screen: Screen) -> dict[str, Any]:
	"""Compare on the hold-out."""
	stored = read_policy(options.policy)
	history = read_history(options.orders, options.date_format, screen)
	items = read_item_table(options, history.keys, screen, base=items_of(stored, history))
	held = _held_days(options.holdout, stored, history, screen)
	with screen.progress("Tuning the classical rules") as update:
		compared = compare(
			stored, history, items, held, options.seed, lambda share: update(share, "Tuning the classical rules")
		)
	screen.say(policy_table(compared))
	if options.report is not None:
		write_report(options.report, compared, stored)
		screen.say(f"The report is in {options.report}.")
	return compared.as_json()


def compare(
	stored: StoredPolicy,
	history: DemandHistory,
	items: ItemTable,
	held: int,
	seed: int,
	progress: object = None,
) -> Backtest:
	"""Replay the last `held` days with the policy and with the rules tuned on what came before."""
	before = history.window(0, history.days - held)
	check_history(before, stored.review_days)
	rules = tune_rules(
		tuning_halves(before, items, stored.review_days, stored.unmet_demand, seed),
		progress=progress,  # type: ignore[arg-type]
	)
	scenario = replay(
		items,
		history,
		days=held,
		review_days=stored.review_days,
		unmet_demand=stored.unmet_demand,
		rng=np.random.default_rng(seed),
	)
	return backtest([stored.policy], rules.rules, scenario, np.random.default_rng(seed), keep_paths=True)


def write_report(path: Path, compared: Backtest, stored: StoredPolicy) -> None:
	"""Write the HTML report."""
	from rl_replenishment.report import ReportContent, render_report

	scenario = compared.scenario
	content = ReportContent(
		title="Backtest",
		subtitle=f"{scenario.days} held-out days, {len(scenario.items)} item-warehouses",
		backtest=compared,
		learned=stored.policy.name,
		facts=facts(compared, stored),
	)
	write_text_atomically(path, render_report(content))


def facts(compared: Backtest, stored: StoredPolicy) -> dict[str, str]:
	"""What belongs to the record of a backtest, in words."""
	scenario, window = compared.scenario, stored.about["data"]
	return {
		"Learned from": f"{window['first_day']} to {window['last_day']}",
		"Tested on": f"{day(scenario.date(0))} to {day(scenario.date(scenario.days - 1))}",
		"Chance to order": f"every {scenario.review_days} days",
		"Demand that is not met": "is lost" if scenario.unmet_demand == "lost" else "waits",
		"Seed": str(stored.about["options"]["seed"]),
	}


def items_of(stored: StoredPolicy, history: DemandHistory) -> ItemTable | None:
	"""The items as the policy was trained with, where it knows all of the history's."""
	index = match_keys(history.keys, stored.snapshot.items.keys, "ORDERS")
	return stored.snapshot.items.take(index) if (index >= 0).all() else None


def _held_days(asked: int | None, stored: StoredPolicy, history: DemandHistory, screen: Screen) -> int:
	unseen = int((history.end - stored.snapshot.today).astype(int))
	if asked is None:
		if unseen <= 0:
			raise InputError(
				"The policy was trained on all of this history, so nothing is left to test it on; train with --holdout."
			)
		return holdout_days(unseen, history)
	if asked > unseen:
		screen.note(
			f"Training saw all but the last {max(unseen, 0)} of these {asked} days: this test flatters the policy."
		)
	return holdout_days(asked, history)
