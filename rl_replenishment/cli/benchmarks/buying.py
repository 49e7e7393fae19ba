"""What a budget's order of urgency, and transfers before buying, save on recorded demand."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from rl_replenishment.cli.benchmarks.terms import HOLDOUT_DAYS, REVIEW_DAYS, Case, best_rule, cases
from rl_replenishment.cli.screen import Screen
from rl_replenishment.core.budget import Demand, spend
from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.demand.imputation import impute
from rl_replenishment.core.demand.statistics import DemandStatistics
from rl_replenishment.core.evaluation.bootstrap import relative_difference
from rl_replenishment.core.items import FloatArray, ItemKey, ItemTable, whole_packs
from rl_replenishment.core.policies.base import Policy, State, usual_rate
from rl_replenishment.core.policies.residual_network import ResidualNetwork
from rl_replenishment.core.proposal import propose
from rl_replenishment.core.simulation.dynamics import Inventory
from rl_replenishment.core.simulation.rollout import run, state_on
from rl_replenishment.core.simulation.scenario import Scenario, replay
from rl_replenishment.core.terms.ordering import levels_of
from rl_replenishment.core.terms.terms import Values
from rl_replenishment.core.training.classical import uncorrected
from rl_replenishment.core.transfers import TransferTerms, before_buying

#: budgets, as shares of what the rule orders a week without one
SHARES = (0.5, 0.7, 0.9)
#: two warehouses of which one begins with so many weeks of its sales, and the other with nothing
WEEKS_IN_FULL_WAREHOUSE = 26
#: of a line that is moved: as much as an order line of the sample company, and three times that
TRANSFER_COSTS = (8.0, 24.0)

#: of how many items, those that cost most, it is said what share of the cost they have
DEAREST = 20

#: from items, a state's demand, what is asked for and the budget to what is ordered
Spending = Callable[[ItemTable, Demand, FloatArray, float], FloatArray]


def by_urgency(items: ItemTable, demand: Demand, asked: FloatArray, budget: float) -> FloatArray:
	"""As proposals do."""
	return spend(items, demand, asked, items.unit_cost, budget).quantity


def in_proportion(items: ItemTable, demand: Demand, asked: FloatArray, budget: float) -> FloatArray:
	"""Every line by the same share, in whole packs."""
	worth = float((asked * items.unit_cost).sum())
	cut = whole_packs(items, (asked * min(budget / worth, 1.0)).astype(np.float32)) if worth > 0 else asked
	return np.where(cut < items.smallest_lot, 0, cut).astype(np.float32)


def barest_first(items: ItemTable, demand: Demand, asked: FloatArray, budget: float) -> FloatArray:
	"""Whole lines, in order of their days of cover, while the money lasts."""
	cover = demand.position / np.maximum(demand.rate, 1e-9)
	found, left = np.zeros_like(asked), budget
	for i in np.argsort(cover, kind="stable").tolist():
		cost = float(asked[i] * items.unit_cost[i])
		if 0 < cost <= left:
			found[i], left = asked[i], left - cost
	return found


METHODS: tuple[tuple[str, Spending], ...] = (
	("by urgency", by_urgency),
	("in proportion", in_proportion),
	("barest first", barest_first),
)


@dataclass(frozen=True, eq=False)
class _WithinBudget:
	"""A policy that may spend so much at every review."""

	policy: Policy
	budget: float
	spending: Spending

	@property
	def name(self) -> str:
		return self.policy.name

	def order_quantities(self, state: State) -> FloatArray:
		asked, levels = levels_of(self.policy, state)
		if float((asked * state.items.unit_cost).sum()) <= self.budget:
			return asked
		rate = usual_rate(state)
		demand = Demand(state.inventory_position, levels.low, levels.middle, levels.high, rate)
		return self.spending(state.items, demand, asked, self.budget)


def measure(options: argparse.Namespace, screen: Screen) -> dict[str, Any]:
	"""Costs within budgets by each method, and of two warehouses with and without transfers."""
	budgets: list[dict[str, Any]] = []
	moves: list[dict[str, Any]] = []
	with screen.progress("Buying") as update:
		found = list(cases(options, screen))
		for number, case in enumerate(found):
			update(number / len(found), case.name)
			history = impute(case.history, case.items, held=HOLDOUT_DAYS).history
			budgets += _budgets(case, history, options.seed)
			moves += _transfers(case, history, options.seed)
	rows = {"budgets": _summary(budgets, "by urgency"), "transfers": _summary(moves, "transfers first")}
	for kind, summary in rows.items():
		for each in summary:
			screen.say(
				f"{kind:<10} {each['case']:<16} {each['setting']:>6g}  {each['method']:<16}"
				f" {each['reference']} costs {each['reference_vs_this_percent']:+6.2f} %"
				f"  ({each['ci95'][0]:+.2f} to {each['ci95'][1]:+.2f}), bought {each['bought']:,.0f}"
			)
	return {"holdout_days": HOLDOUT_DAYS, "review_days": REVIEW_DAYS, "seeds": options.seeds, **rows}


def _budgets(case: Case, history: DemandHistory, seed: int) -> list[dict[str, Any]]:
	items = case.items
	rng = np.random.default_rng(seed)
	scenario = replay(items, history, days=HOLDOUT_DAYS, review_days=REVIEW_DAYS, rng=rng)
	rule = best_rule(history.window(0, history.days - HOLDOUT_DAYS), items, seed)
	statistics = list(scenario.statistics())
	free = run(rule, scenario, statistics=statistics)
	a_review = float((free.ordered * items.unit_cost).sum()) * REVIEW_DAYS / HOLDOUT_DAYS
	rows = []
	for share in SHARES:
		for method, spending in METHODS:
			ledger = run(_WithinBudget(rule, share * a_review, spending), scenario, statistics=statistics)
			bought = float((ledger.ordered * items.unit_cost).sum())
			rows.append(
				{
					"case": case.name,
					"setting": share,
					"method": method,
					"costs": ledger.cost,
					"bought": bought,
					"fill_rate": ledger.fill_rate,
				}
			)
	return rows


def _transfers(case: Case, history: DemandHistory, seed: int) -> list[dict[str, Any]]:
	"""Each customer goes to one of two warehouses, whichever: of one half all stock, of the other nothing."""
	rng = np.random.default_rng(seed)
	one = rng.binomial(np.rint(history.demand).astype(np.int64), 0.5).astype(np.float32)
	both = np.concatenate([one, np.maximum(np.rint(history.demand) - one, 0).astype(np.float32)], axis=1)
	keys = [ItemKey(key.item_code, place) for place in ("Full", "Empty") for key in case.items.keys]
	n = len(case.items)
	items = replace(case.items.take(np.tile(np.arange(n), 2)), keys=tuple(keys))
	# of a new item, its two halves are known as they were booked
	split = replace(history, keys=items.keys, demand=both, launches=None)
	before = split.window(0, split.days - HOLDOUT_DAYS)
	policy = uncorrected(best_rule(before, items, seed))
	on_hand = np.zeros(2 * n, np.float32)
	on_hand[:n] = np.ceil(7 * WEEKS_IN_FULL_WAREHOUSE * before.demand[-364:, :n].mean(axis=0))
	scenario = replay(
		items, split, days=HOLDOUT_DAYS, review_days=REVIEW_DAYS, rng=rng, initial_on_hand=on_hand
	)
	statistics = list(scenario.statistics())
	rows = []
	for cost in TRANSFER_COSTS:
		for method, terms in (("transfers first", TransferTerms(cost)), ("buying alone", None)):
			costs, bought, fill_rate = _replayed(policy, scenario, terms, statistics)
			# a place alone may cost more for it: items are drawn with both of their places
			per_item = costs[:n] + costs[n:]
			rows.append(
				{
					"case": case.name,
					"setting": cost,
					"method": method,
					"costs": per_item,
					"bought": bought,
					"fill_rate": fill_rate,
				}
			)
	return rows


def _replayed(
	policy: ResidualNetwork,
	scenario: Scenario,
	terms: TransferTerms | None,
	statistics: list[DemandStatistics],
) -> tuple[Values, float, float]:
	"""What a scenario costs by item-warehouse, what was bought for, and the fill rate."""
	items = scenario.items
	longest = int(scenario.lead_times.max(initial=0))
	inventory = Inventory(
		items, unmet_demand="lost", longest_lead_time=max(longest, terms.lead_time_days if terms else 0)
	)
	inventory.reset(np.arange(len(items)), scenario.initial_on_hand)
	place = {key: i for i, key in enumerate(items.keys)}
	cost, bought, sales, demanded = np.zeros(len(items)), 0.0, 0.0, 0.0
	for day, known in enumerate(statistics):
		inventory.receive()
		if scenario.is_review(day):
			state = state_on(day, scenario, inventory, known)
			proposals = propose(policy, state)
			if terms is not None:
				proposals, moved = before_buying(proposals, state, terms)
				for target, each in moved:
					source = place[ItemKey(each.item_code, each.from_warehouse)]
					quantity = np.array([each.proposed_qty], np.float32)
					inventory.move(np.array([source]), np.array([target]), quantity, terms.lead_time_days)
					cost[target] += terms.cost
			asked = np.array([each.proposed_qty for each in proposals], np.float32)
			ordered = inventory.place_orders(asked, scenario.lead_times[day])
			cost += (ordered > 0) * items.order_cost
			bought += float((ordered * items.unit_cost).sum())
		demand = scenario.demand[scenario.warm_up_days + day]
		result = inventory.serve(demand)
		cost += result.holding_cost + result.stockout_cost + result.waste_cost
		sales, demanded = sales + float(result.sales.sum()), demanded + float(demand.sum())
	return cost, bought, sales / max(demanded, 1e-9)


def _summary(rows: list[dict[str, Any]], reference: str) -> list[dict[str, Any]]:
	"""Each method beside the reference, by case and setting, all seeds together."""
	found = []
	for case, setting in dict.fromkeys((row["case"], row["setting"]) for row in rows):
		own = [row for row in rows if (row["case"], row["setting"]) == (case, setting)]

		def costs(method: str, own: list[dict[str, Any]] = own) -> Values:
			return np.concatenate([row["costs"] for row in own if row["method"] == method])

		for method in dict.fromkeys(row["method"] for row in own):
			of_method = [row for row in own if row["method"] == method]
			difference, (low, high) = relative_difference(
				costs(reference), costs(method), np.random.default_rng(0)
			)
			cost, apart = costs(method), costs(reference) - costs(method)
			found.append(
				{
					"case": case,
					"setting": setting,
					"method": method,
					"reference": reference,
					"cost": float(cost.sum()),
					"of_dearest_percent": float(100 * np.sort(cost)[-DEAREST:].sum() / cost.sum()),
					"largest_difference_of_an_item": float(apart[np.argmax(np.abs(apart))]),
					"bought": float(sum(row["bought"] for row in of_method)),
					"fill_rate": float(np.mean([row["fill_rate"] for row in of_method])),
					"reference_vs_this_percent": 100 * difference,
					"ci95": [100 * low, 100 * high],
				}
			)
	return found
