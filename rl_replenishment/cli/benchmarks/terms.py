"""Joint rounding to suppliers' minimums beside what buyers do by hand, on the same days."""

from __future__ import annotations

import argparse
import gc
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rl_replenishment.cli.benchmarks.inputs import real_cases
from rl_replenishment.cli.benchmarks.serving import network_policy
from rl_replenishment.cli.screen import Screen
from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.demand.imputation import impute
from rl_replenishment.core.demand.statistics import LOOKBACK_DAYS
from rl_replenishment.core.errors import InputError
from rl_replenishment.core.evaluation.bootstrap import relative_difference
from rl_replenishment.core.evaluation.tuning import tune_rules
from rl_replenishment.core.files.items import read_items
from rl_replenishment.core.files.orders import read_orders
from rl_replenishment.core.items import ItemKey, ItemTable
from rl_replenishment.core.policies.base import State
from rl_replenishment.core.policies.order_up_to import OrderUpTo
from rl_replenishment.core.proposal import propose
from rl_replenishment.core.sample.company import sample_company
from rl_replenishment.core.simulation.rollout import run
from rl_replenishment.core.simulation.scenario import replay
from rl_replenishment.core.terms.buying import buy
from rl_replenishment.core.terms.calendar import timed, timing
from rl_replenishment.core.terms.lines import Lines
from rl_replenishment.core.terms.ordering import UnderTerms
from rl_replenishment.core.terms.rounding import Raising
from rl_replenishment.core.terms.terms import NOISE, Groups, SupplierTerms, Terms, Values
from rl_replenishment.core.training.from_history import tuning_halves

REVIEW_DAYS, HOLDOUT_DAYS = 7, 180
#: minimums in weeks of what all items of a supplier sell
WEEKS = (0.5, 1, 2, 4, 8)
#: a supplier of a history that names none delivers so many of its items, which follow each other
ITEMS_OF_A_SUPPLIER = 12
SAMPLE_ITEMS = 84
#: a round that is timed without and with minimums, so often
SPEED_ITEMS, SPEED_SUPPLIERS, SPEED_ROUNDS = 10_000, 200, 9


def in_proportion(lines: Lines, of_item: Groups, per_unit: Values, lacking: Values) -> Values:
	"""Line by line, each by the same share of what is asked for, in whole packs."""
	takes_part = (of_item >= 0) & lines.is_ordered & (per_unit > 0)
	lacks = np.where(takes_part, lacking[of_item], 0)
	unit, room = _packs(lines)
	has = np.bincount(of_item[takes_part], (per_unit * lines.quantity)[takes_part], len(lacking))
	share = np.where(takes_part & (lacks > 0), lacks / np.maximum(has[of_item], 1e-12), 0)
	extra = np.minimum(np.ceil(lines.quantity * share / unit - NOISE) * unit, room)
	return _topped_up(lines, of_item, per_unit, lacking, extra)


def first_line(lines: Lines, of_item: Groups, per_unit: Values, lacking: Values) -> Values:
	"""All of it onto the line that is worth most, then the next where that is as much as may be ordered."""
	return _topped_up(lines, of_item, per_unit, lacking, np.zeros(len(of_item)))


def _topped_up(lines: Lines, of_item: Groups, per_unit: Values, lacking: Values, extra: Values) -> Values:
	unit, room = _packs(lines)
	found = extra.copy()
	left = lacking - np.bincount(of_item[of_item >= 0], (per_unit * found)[of_item >= 0], len(lacking))
	for i in np.argsort(-per_unit * lines.quantity, kind="stable").tolist():
		at = of_item[i]
		if at >= 0 and lines.quantity[i] > 0 and per_unit[i] > 0 and left[at] > NOISE * lacking[at]:
			more = min(np.ceil(left[at] / (per_unit[i] * unit[i])) * unit[i], room[i] - found[i])
			found[i] += more
			left[at] -= more * per_unit[i]
	return found


def _packs(lines: Lines) -> tuple[Values, Values]:
	unit = lines.items.order_unit.astype(np.float64)
	return unit, np.floor((lines.most - lines.quantity) / unit + NOISE) * unit


#: what is compared: how lines are raised, and whether orders may wait
METHODS: tuple[tuple[str, Raising | None, bool], ...] = (
	("joint", None, True),
	("in proportion", in_proportion, True),
	("largest line", first_line, True),
	("joint, at once", None, False),
	("in proportion, at once", in_proportion, False),
	("largest line, at once", first_line, False),
)


@dataclass(frozen=True, eq=False)
class Case:
	"""A history and its items."""

	name: str
	items: ItemTable
	history: DemandHistory


def measure(options: argparse.Namespace, screen: Screen) -> dict[str, Any]:
	"""The cost of each method, by case and minimum, against joint rounding."""
	rows: list[dict[str, Any]] = []
	with screen.progress("Ordering") as update:
		found = list(cases(options, screen))
		for number, case in enumerate(found):
			update(number / len(found), case.name)
			rows += _measure(case, options.seed)
	summary = _summary(rows)
	for each in summary:
		screen.say(
			f"{each['case']:<16} minimum of {each['weeks']:>3g} weeks  {each['method']:<24}"
			f" joint rounding costs {each['joint_vs_this_percent']:+6.2f} %"
			f"  ({each['ci95'][0]:+.2f} to {each['ci95'][1]:+.2f})"
		)
	speed = _speed(options.seed)
	screen.say(
		f"{speed['items']:,} item-warehouses, from demand to reasons: {speed['plain_seconds']:.2f} s,"
		f" with joint minimums {speed['joint_seconds']:.2f} s: {speed['ratio']:.2f} times"
		f" (median of {len(speed['all_ratios'])} pairs)."
	)
	return {
		"holdout_days": HOLDOUT_DAYS,
		"review_days": REVIEW_DAYS,
		"seeds": options.seeds,
		"rows": summary,
		"speed": speed,
	}


def _speed(seed: int) -> dict[str, Any]:
	"""Time of a round of proposals without terms and with a minimum of two weeks' sales of every supplier.

	From raw demand to reasons, in processor time of this process, one after the other in pairs: a busy
	machine slows both alike.
	"""
	rng = np.random.default_rng(seed)
	items = ItemTable.create(
		[ItemKey(str(number)) for number in range(SPEED_ITEMS)],
		[f"Supplier {number}" for number in rng.integers(SPEED_SUPPLIERS, size=SPEED_ITEMS)],
		lead_time_days=rng.integers(1, 30, SPEED_ITEMS),
		unit_cost=rng.uniform(1, 100, SPEED_ITEMS),
		order_multiple=rng.choice([1, 6, 12], SPEED_ITEMS),
	)
	rate = rng.lognormal(-0.5, 0.8, SPEED_ITEMS)
	demand = rng.poisson(rate, (LOOKBACK_DAYS, SPEED_ITEMS)).astype(np.float32)
	on_hand = (rate * rng.uniform(0, 60, SPEED_ITEMS)).astype(np.float32)
	policy, today = network_policy(items, rng), np.datetime64("2025-07-01")
	names = sorted(set(items.suppliers))
	suppliers = SupplierTerms.create(names)
	fortnight = 14 * Terms.create(suppliers, items).per_supplier(rate * items.unit_cost)
	terms = Terms.create(SupplierTerms.create(names, minimum_value=fortnight), items)

	def propose_now(terms: Terms | None) -> float:
		gc.collect()
		started = time.process_time()
		state = State.from_history(items, demand, today=today, review_days=REVIEW_DAYS, on_hand=on_hand)
		days = None
		if terms is not None:
			days = timing(terms, items.whole_lead_time_days, today, REVIEW_DAYS)
			state = timed(state, days)
		buy(propose(policy, state), state, terms=terms, days=days)
		return time.process_time() - started

	propose_now(terms)
	pairs = np.array([(propose_now(None), propose_now(terms)) for _ in range(SPEED_ROUNDS)])
	plain, joint = (float(each) for each in np.median(pairs, axis=0))
	ratios = pairs[:, 1] / pairs[:, 0]
	return {
		"items": SPEED_ITEMS,
		"plain_seconds": plain,
		"joint_seconds": joint,
		"ratio": float(np.median(ratios)),
		"all_ratios": ratios.tolist(),
	}


def cases(options: argparse.Namespace, screen: Screen) -> Iterator[Case]:
	"""Sample companies, as many as seeds are asked for, and the recorded histories that are there."""
	for number in range(options.seeds):
		company = sample_company(np.random.default_rng(options.seed + number), items=SAMPLE_ITEMS)
		yield Case("sample company", company.items, company.history)
	try:
		recorded = real_cases(options)
	except InputError as error:
		screen.note(f"{error} Only the sample company is measured.")
		return
	for name, orders, items_path in recorded:
		history, _ = read_orders(orders).history()
		items, _ = read_items(items_path, history.keys)
		yield Case(name, _supplied(items), history)


def _supplied(items: ItemTable) -> ItemTable:
	"""The items with suppliers made up: those whose codes follow each other come from one."""
	if any(items.suppliers):
		return items
	names = [""] * len(items)
	for rank, at in enumerate(sorted(range(len(items)), key=lambda at: items.keys[at])):
		names[at] = f"Supplier {1 + rank // ITEMS_OF_A_SUPPLIER}"
	return replace(items, suppliers=tuple(names))


def _measure(case: Case, seed: int) -> list[dict[str, Any]]:
	items = case.items
	history = impute(case.history, items, held=HOLDOUT_DAYS).history
	rng = np.random.default_rng(seed)
	scenario = replay(items, history, days=HOLDOUT_DAYS, review_days=REVIEW_DAYS, rng=rng)
	before = history.window(0, history.days - HOLDOUT_DAYS)
	rule = best_rule(before, items, seed)
	a_day = before.demand[-HOLDOUT_DAYS:].mean(axis=0) * items.unit_cost
	names = sorted({name for name in items.suppliers if name})
	of_name = np.array(items.suppliers)
	worth = np.array([a_day[of_name == name].sum() for name in names])
	statistics = list(scenario.statistics())
	rows = []
	for weeks in WEEKS:
		terms = Terms.create(SupplierTerms.create(names, minimum_value=weeks * 7 * worth), items)
		under = replace(scenario, terms=terms)
		for method, raising, may_wait in METHODS:
			asked = UnderTerms(rule, terms, raising, may_wait)
			ledger = run(asked, under, statistics=statistics)
			rows.append(
				{
					"case": case.name,
					"weeks": weeks,
					"method": method,
					# lines of one supplier share its orders, so that suppliers are drawn, not lines
					"costs": terms.per_supplier(ledger.cost),
					"fill_rate": ledger.fill_rate,
				}
			)
	return rows


def best_rule(before: DemandHistory, items: ItemTable, seed: int) -> OrderUpTo:
	"""The cheapest of the rules with levels on the days before the test."""
	halves = tuning_halves(before, items, REVIEW_DAYS, "lost", seed)
	rules = [rule for rule in tune_rules(halves).rules if isinstance(rule, OrderUpTo)]

	return min(rules, key=lambda rule: sum(float(run(rule, half).cost.sum()) for half in halves))


def _summary(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
	found = []
	for case in dict.fromkeys(row["case"] for row in rows):
		for weeks in WEEKS:
			of_case = [row for row in rows if row["case"] == case and row["weeks"] == weeks]

			def costs(method: str, of_case: list[dict[str, Any]] = of_case) -> Values:
				return np.concatenate([row["costs"] for row in of_case if row["method"] == method])

			for method, *_ in METHODS:
				fill = [row["fill_rate"] for row in of_case if row["method"] == method]
				difference, (low, high) = relative_difference(
					costs("joint"), costs(method), np.random.default_rng(0)
				)
				found.append(
					{
						"case": case,
						"weeks": weeks,
						"method": method,
						"cost": float(costs(method).sum()),
						"fill_rate": float(np.mean(fill)),
						"joint_vs_this_percent": 100 * difference,
						"ci95": [100 * low, 100 * high],
					}
				)
	return found
