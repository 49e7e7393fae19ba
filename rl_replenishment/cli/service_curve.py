"""What service costs: stock against fill rate by class, and the policy with the service that is wanted."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from rl_replenishment.cli.backtest import add_holdout_argument, on_orders, replayed_days
from rl_replenishment.cli.console import service_table
from rl_replenishment.cli.events import add_events_argument
from rl_replenishment.cli.options import (
	add_history_arguments,
	add_policy_argument,
	counted,
	read_history,
)
from rl_replenishment.cli.screen import Screen
from rl_replenishment.cli.train import write_policy
from rl_replenishment.core.errors import InputError
from rl_replenishment.core.files.output import write_folder_atomically
from rl_replenishment.core.policies.store import MANIFEST_FILE, StoredPolicy, read_policy
from rl_replenishment.core.service.classes import CLASS_NAMES, annual_value, classes_of, variation
from rl_replenishment.core.service.curve import Solved, curves_of, replay_service, solve
from rl_replenishment.core.service.targets import (
	LARGEST_FACTOR,
	LEAST_FACTOR,
	SCOPES,
	SERVICE,
	Target,
	as_json,
	in_order,
	serving,
	targets_from,
)
from rl_replenishment.report import wording


def add_arguments(parser: argparse.ArgumentParser) -> None:
	"""Describe the subcommand."""
	add_history_arguments(parser)
	add_events_argument(parser)
	add_policy_argument(parser)
	add_holdout_argument(parser)
	parser.add_argument(
		"--by",
		choices=("class", "group", "item"),
		default="class",
		help="curves of the classes (ABC by value, XYZ by variation), the item groups or the items, beside"
		" that of all (default: class)",
	)
	parser.add_argument(
		"--target",
		metavar="SCOPE=RATE",
		action="append",
		default=[],
		help="the fill rate that these items are to have, as in all=98%%, class:A=0.99, group:Bolts=95%% or"
		" item:CODE=99%% (may be repeated; the narrowest counts)",
	)
	parser.add_argument(
		"--times",
		metavar="SCOPE=NUMBER",
		action="append",
		default=[],
		help="instead, what the stock-out cost of these items is to be taken times",
	)
	parser.add_argument(
		"--out",
		metavar="DIR",
		type=Path,
		help="folder for the policy with these targets, beside those that it has (without any: with none)",
	)


def run(options: argparse.Namespace, screen: Screen) -> dict[str, Any]:
	"""Replay the hold-out at many stock-out costs."""
	asked = _asked(options)
	history = read_history(options.orders, options.date_format, screen, options.today)
	stored, history, items, held = on_orders(options, read_policy(options.policy), history, screen)
	kept = targets_from(stored.about.get(SERVICE))
	classes = classes_of(items, stored.snapshot.demand)
	for target in asked:
		if not target.rows(items, classes).any():
			raise InputError(
				f"{target.words}: none of the items is in it; correct the name, or leave it out."
			)
	present = serving(stored, items)
	scenario = replayed_days(present, history, items, held, options.seed)
	with screen.progress("Replaying with more and with less service") as update:
		service = replay_service(
			present.policy, scenario, np.random.default_rng(options.seed), progress=update
		)
	curves = curves_of(service, classes, options.by)
	# to write a policy without asking for any target is to take them all away
	wanted = [] if options.out is not None and not asked else _merged(kept, asked)
	solved = solve(service, stored.policy, scenario, wanted, classes, np.random.default_rng(options.seed))
	screen.say(service_table(curves, scenario.days))
	for each in solved:
		screen.say(_words(each))
	if options.out is not None:
		_write(options, solved)
		screen.say(f"The policy with {counted(len(solved), 'service target')} is in {options.out}.")
	return {
		"holdout_days": scenario.days,
		"curves": [curve.as_json() for curve in curves],
		"items": [
			{
				"item_code": key.item_code,
				"warehouse": key.warehouse,
				"class": str(name),
				"annual_value": float(value),
				"variation": float(spread) if np.isfinite(spread) else None,
			}
			for key, name, value, spread in zip(
				items.keys,
				classes,
				annual_value(items, stored.snapshot.demand),
				variation(stored.snapshot.demand),
				strict=True,
			)
		],
		"targets": [
			{
				**row,
				"items": each.count,
				"replayed_fill_rate": each.fill_rate if each.count else None,
				"is_reached": each.is_reached,
			}
			for row, each in zip(as_json(each.target for each in solved), solved, strict=True)
		],
	}


def _asked(options: argparse.Namespace) -> list[Target]:
	found = [_target("--target", text) for text in options.target]
	found += [_target("--times", text) for text in options.times]
	about = [(each.scope, each.name, each.warehouse) for each in found]
	for each in found:
		if about.count((each.scope, each.name, each.warehouse)) > 1:
			raise InputError(f"{each.words} is given twice; leave one of them out.")
	return found


def _target(option: str, text: str) -> Target:
	about, is_given, number = text.rpartition("=")
	scope, _, name = about.partition(":")
	scope, name = scope.strip().lower(), name.strip()
	if scope == "class":
		name = name.upper()
	if not is_given or scope not in SCOPES:
		raise InputError(
			f"{option} {text!r} is not understood; write it as in all=98%, class:A=98%, group:NAME=98% or"
			" item:CODE=98%."
		)
	if scope == "class" and name not in CLASS_NAMES:
		raise InputError(
			f"{option} {text!r}: there is no class {name!r}; it is one of {', '.join(CLASS_NAMES)}."
		)
	share = number.strip()
	try:
		value = float(share.removesuffix("%")) / (100 if share.endswith("%") else 1)
	except ValueError:
		value = float("nan")
	if option == "--target" and not 0 < value < 1:
		raise InputError(f"--target {text!r}: a fill rate lies between 0 and 1, or 0% and 100%.")
	if option == "--times" and not LEAST_FACTOR <= value <= LARGEST_FACTOR:
		raise InputError(
			f"--times {text!r}: a stock-out cost is taken times {LEAST_FACTOR:g} to {LARGEST_FACTOR:g}."
		)
	fill_rate, factor = (value, 1.0) if option == "--target" else (None, value)
	try:
		return Target(scope, name, fill_rate=fill_rate, factor=factor)
	except ValueError as error:
		raise InputError(f"{option} {text!r}: {error}.") from None


def _merged(kept: tuple[Target, ...], asked: list[Target]) -> list[Target]:
	"""All targets from broad to narrow; what is asked for takes the place of what was."""
	about = {(each.scope, each.name, each.warehouse): each for each in (*kept, *asked)}
	return in_order(about.values())


def _write(options: argparse.Namespace, solved: list[Solved]) -> None:
	# as it was read, not as it applies to the orders
	whole: StoredPolicy = read_policy(options.policy)
	targets = as_json(each.target for each in solved)
	about = {name: value for name, value in whole.about.items() if name != SERVICE}
	if targets:
		about[SERVICE] = targets
	with write_folder_atomically(options.out, marker=MANIFEST_FILE) as folder:
		write_policy(folder, replace(whole, about=about))


def _words(each: Solved) -> str:
	rate, target = wording.percent(each.fill_rate), each.target
	cost = f"with stock-out costs taken times {target.factor:.4g}"
	if not each.count:
		return f"{target.words}: all of these items have a narrower target."
	if target.fill_rate is None:
		return f"{target.words}: {rate} on the replayed days, {cost}."
	wanted = wording.percent(target.fill_rate)
	if each.is_reached:
		return f"{target.words}: {wanted} is reached {cost} ({rate} on the replayed days)."
	return f"{target.words}: {wanted} is not reached at any stock-out cost; {rate} at most, {cost}."
