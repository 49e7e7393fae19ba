"""Replay the end of an order history with a policy and with the classical rules, and compare."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from rl_replenishment.cli.books import books_start, purchases_of, with_books
from rl_replenishment.cli.console import Update, orders_verdict, policy_table, service_table
from rl_replenishment.cli.engine import add_engine_arguments, check_engine, engine_of
from rl_replenishment.cli.events import add_events_argument, known_events
from rl_replenishment.cli.matching import adapted_to_orders
from rl_replenishment.cli.options import (
	add_history_arguments,
	add_policy_argument,
	check_installed,
	counted,
	day,
	holdout_days,
	positive,
	read_history,
	read_item_table,
	without_gaps,
)
from rl_replenishment.cli.screen import Screen
from rl_replenishment.cli.terms import add_terms_arguments, terms_of
from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.demand.known_events.stored import events_known_to
from rl_replenishment.core.demand.rhythm import DAILY
from rl_replenishment.core.engine import IN_PROCESS, Engine
from rl_replenishment.core.errors import InputError
from rl_replenishment.core.evaluation.as_ordered import AsOrdered, Purchases
from rl_replenishment.core.evaluation.backtest import Backtest, Replayed, backtest
from rl_replenishment.core.evaluation.peers import tune_peers
from rl_replenishment.core.evaluation.peers.boosted_forecast import load_lightgbm
from rl_replenishment.core.evaluation.peers.perfect_foresight import PerfectForesight
from rl_replenishment.core.evaluation.tuning import tune_rules
from rl_replenishment.core.files.ordered import read_ordered
from rl_replenishment.core.files.output import check_file_place, write_text_atomically
from rl_replenishment.core.items import ItemTable
from rl_replenishment.core.policies.base import Policy
from rl_replenishment.core.policies.store import StoredPolicy, read_policy
from rl_replenishment.core.service.classes import classes_of
from rl_replenishment.core.service.curve import Curve, curves_of, replay_service
from rl_replenishment.core.service.targets import serving
from rl_replenishment.core.simulation.scenario import Scenario, replay
from rl_replenishment.core.terms.ordering import UnderTerms
from rl_replenishment.core.training.from_history import check_history, tuning_halves


def add_arguments(parser: argparse.ArgumentParser) -> None:
	"""Describe the subcommand."""
	add_history_arguments(parser)
	add_events_argument(parser)
	add_policy_argument(parser)
	add_holdout_argument(parser)
	parser.add_argument(
		"--peers",
		action="store_true",
		help="compare with what could be built instead, and with perfect foresight (needs lightgbm)",
	)
	parser.add_argument(
		"--ordered",
		metavar="ORDERED.csv",
		type=Path,
		help="what was really ordered: item_code, date, qty; replayed as row 'as ordered'",
	)
	parser.add_argument(
		"--stock",
		metavar="STOCK.csv",
		type=Path,
		help="stock on the morning of the first replayed day, where --ordered starts from",
	)
	parser.add_argument(
		"--service-curve",
		action="store_true",
		help="also replay the policy with more and with less service: stock against fill rate by class",
	)
	add_terms_arguments(parser)
	parser.add_argument("--report", metavar="FILE.html", type=Path, help="write a report with plots")
	add_engine_arguments(parser)


def add_holdout_argument(parser: argparse.ArgumentParser) -> None:
	"""--holdout."""
	parser.add_argument(
		"--holdout",
		metavar="DAYS",
		type=positive(int),
		help="days at the end to replay (default: those that training did not see)",
	)


def run(options: argparse.Namespace, screen: Screen) -> dict[str, Any]:
	"""Compare on the hold-out."""
	check_engine(options)
	if options.report is not None:
		check_installed("--report", "matplotlib", "jinja2", remedy="'rl_replenishment[cli]'")
		check_file_place(options.report)
	if options.peers:
		check_peers("--peers")
	if options.stock is not None and options.ordered is None:
		raise InputError("--stock tells where --ordered starts from; give --ordered too, or leave it out.")
	if options.service_curve and options.terms is not None:
		raise InputError(
			"--service-curve looks at each item by itself, and --terms rounds a supplier's items together;"
			" give one of the two."
		)
	stored = read_policy(options.policy)
	history = read_history(options.orders, options.date_format, screen, options.today)
	ordered = (
		None if options.ordered is None else read_ordered(options.ordered, options.date_format, screen.note)
	)
	if ordered is not None:
		history = with_books(history, ordered, options.ordered.name, screen)
	stored, history, items, held = on_orders(options, stored, history, screen)
	stored = serving(stored, items)
	scenario = replayed_days(stored, history, items, held, options.seed)
	scenario = replace(scenario, terms=terms_of(options, items, screen))
	purchases = None
	if ordered is not None:
		purchases = purchases_of(ordered, items, options.ordered.name)
		scenario = books_start(scenario, purchases, options, screen)
	with engine_of(options) as engine, screen.progress("Tuning the classical rules") as update:
		compared = contest(
			[stored.policy],
			history,
			scenario,
			options.seed,
			progress=update,
			with_peers=options.peers,
			purchases=purchases,
			engine=engine,
		)
	curves: list[Curve] = []
	if options.service_curve:
		with screen.progress("Replaying with more and with less service") as update:
			service = replay_service(
				stored.policy, scenario, np.random.default_rng(options.seed), progress=update
			)
		curves = curves_of(service, classes_of(items, stored.snapshot.demand), "class")
	if options.report is not None:
		write_report(options.report, compared, stored, curves)
	on_what_was_ordered = orders_verdict(compared, compared.rows[0])
	if on_what_was_ordered:
		screen.say(on_what_was_ordered)
	screen.say(policy_table(compared))
	if curves:
		screen.say(service_table(curves, scenario.days))
	if history.rhythm != DAILY:
		screen.say(f"Demand is known in {history.rhythm}.")
	if options.report is not None:
		screen.say(f"The report is in {options.report}.")
	return {
		**compared.as_json(),
		"rhythm": history.rhythm,
		**({"service": [curve.as_json() for curve in curves]} if curves else {}),
	}


def on_orders(
	options: argparse.Namespace, stored: StoredPolicy, history: DemandHistory, screen: Screen
) -> tuple[StoredPolicy, DemandHistory, ItemTable, int]:
	"""The policy as it applies to a history, that without gaps, its items, and the days to replay."""
	stored = adapted_to_orders(
		stored, history.keys, options.orders.name, screen, with_costs=options.items is None
	)
	items = read_item_table(options, history.keys, screen, known=stored.snapshot.items)
	held = _held_days(options, stored, history, screen)
	history = replace(history, events=known_events(options, stored, items, screen.note).events)
	return (
		stored,
		without_gaps(options, history, items, screen, stored.review_days, held).history,
		items,
		held,
	)


def check_peers(option: str) -> None:
	"""Refuse, before work begins, where the peers cannot be trained."""
	check_installed(option, "lightgbm", remedy="lightgbm")
	load_lightgbm()


def compare(
	stored: StoredPolicy,
	history: DemandHistory,
	items: ItemTable,
	held: int,
	seed: int,
	progress: Update | None = None,
) -> Backtest:
	"""Replay the last `held` days with the policy and with the rules tuned on what came before."""
	scenario = replayed_days(stored, history, items, held, seed)
	return contest([stored.policy], history, scenario, seed, progress=progress)


def replayed_days(
	stored: StoredPolicy, history: DemandHistory, items: ItemTable, held: int, seed: int
) -> Scenario:
	"""The last `held` days as the policy plans them, with what it has learned of known events."""
	return replay(
		items,
		history,
		days=held,
		review_days=stored.review_days,
		unmet_demand=stored.unmet_demand,
		rng=np.random.default_rng(seed),
		effects=events_known_to(stored.about).effects,
	)


def contest(
	policies: Sequence[Policy],
	history: DemandHistory,
	scenario: Scenario,
	seed: int,
	*,
	progress: Update | None = None,
	with_peers: bool = False,
	purchases: Purchases | None = None,
	engine: Engine = IN_PROCESS,
) -> Backtest:
	"""Run policies through the last days of a history, beside the rules tuned on what came before.

	`with_peers` adds the peers, tuned on the same days, and perfect foresight; `purchases` what was really
	ordered. The engine replays rules and policies for parts of the items.
	"""
	before = history.window(0, history.days - scenario.days)
	check_history(before, scenario.review_days)
	peers: tuple[Policy, ...] = ()
	replayed: tuple[Replayed, ...] = ()
	# the boosted forecast takes most of the time
	rules_share = 0.2 if with_peers else 1.0
	if with_peers:
		replayed = (PerfectForesight(),)
		peers = tune_peers(
			history,
			scenario.days,
			scenario.items,
			review_days=scenario.review_days,
			unmet_demand=scenario.unmet_demand,
			seed=seed,
			progress=progress and (lambda share: progress(share * (1 - rules_share), "Training the peers")),
		)
	rules = tune_rules(
		tuning_halves(before, scenario.items, scenario.review_days, scenario.unmet_demand, seed),
		progress=progress
		and (lambda share: progress(1 - rules_share * (1 - share), "Tuning the classical rules")),
		engine=engine,
	)
	terms = scenario.terms

	def under(group: Sequence[Policy]) -> Sequence[Policy]:
		return group if terms is None else [UnderTerms(policy, terms) for policy in group]

	return backtest(
		under(policies),
		under(rules.rules),
		scenario,
		np.random.default_rng(seed),
		peers=under(peers),
		replayed=replayed if purchases is None else (AsOrdered(purchases), *replayed),
		keep_paths=True,
		engine=engine,
	)


def write_report(path: Path, compared: Backtest, stored: StoredPolicy, curves: Sequence[Curve] = ()) -> None:
	"""Write the HTML report."""
	from rl_replenishment.report import ReportContent, render_report

	scenario = compared.scenario
	content = ReportContent(
		title="Backtest",
		subtitle=f"{scenario.days} held-out days, {len(scenario.items)} item-warehouses",
		backtest=compared,
		learned=stored.policy.name,
		facts=facts(compared, stored),
		service=curves,
	)
	write_text_atomically(path, render_report(content))


def facts(compared: Backtest, stored: StoredPolicy) -> dict[str, str]:
	"""What belongs to the record of a backtest, in words."""
	scenario, about = compared.scenario, stored.about
	window, training = about.get("data", {}), about.get("options", {})
	return {
		"Learned from": f"{window.get('first_day', '?')} to {window.get('last_day', '?')}",
		"Tested on": f"{day(scenario.date(0))} to {day(scenario.date(scenario.days - 1))}",
		**_rhythm(window.get("rhythm", DAILY)),
		**_lead_times(compared.lead_time_draws),
		"Chance to order": f"every {counted(scenario.review_days, 'day')}",
		"Demand that is not met": "is lost" if scenario.unmet_demand == "lost" else "waits",
		"Seed": str(training.get("seed", "?")),
	}


def _lead_times(draws: int) -> dict[str, str]:
	return {"Lead times": f"averaged over {draws} draws"} if draws > 1 else {}


def _rhythm(rhythm: str) -> dict[str, str]:
	return {} if rhythm == DAILY else {"Demand": rhythm}


def _held_days(
	options: argparse.Namespace, stored: StoredPolicy, history: DemandHistory, screen: Screen
) -> int:
	"""The days to replay: those asked for, or those that training did not see."""
	unseen = int((history.end - stored.snapshot.today).astype(int))
	orders, asked = options.orders.name, options.holdout
	if asked is not None:
		days = holdout_days(asked, history)
		if asked > unseen:
			screen.note(
				f"Training saw all but the last {max(unseen, 0)} of these {counted(asked, 'day')}: "
				"this test flatters the policy."
			)
		return days
	if unseen <= 0:
		raise InputError(
			f"The policy was trained on all of the days in {orders}, so nothing is left to test it on; "
			"train with a --holdout, or give newer orders."
		)
	if unseen >= history.days:
		raise InputError(
			f"{orders} starts on {history.start}, after the policy's training ended, which leaves nothing to"
			" tune the classical rules on; give the orders it was trained on as well, or a --holdout."
		)
	return unseen
