"""New items: what they cost in their first quarter, by what their policy is told of their demand."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import numpy.typing as npt

from rl_replenishment.cli.screen import Screen
from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.demand.imputation import Unseen, impute
from rl_replenishment.core.demand.latest import latest_statistics
from rl_replenishment.core.demand.statistics import LOOKBACK_DAYS, DemandStatistics
from rl_replenishment.core.items import FloatArray
from rl_replenishment.core.policies.adaptation import adapted_to
from rl_replenishment.core.policies.base import Policy, protection_days
from rl_replenishment.core.sample.company import SampleCompany, sample_company
from rl_replenishment.core.simulation.rollout import run
from rl_replenishment.core.simulation.scenario import replay
from rl_replenishment.core.training.algorithms import make_trainer
from rl_replenishment.core.training.from_history import TrainingOptions, train_on_history

ITEMS, NEW, REVIEW_DAYS, FUTURE_DAYS = 80, 16, 7, 91
#: days on which a new item had been sold before
KNOWN_DAYS = (0, 14, 28)
SECONDS = 15.0
#: what the policy is told: the days as they were booked, the same with the time before filled, or the
#: years that nobody could have seen
ARMS = ("as booked", "imputed", "all years known")


def measure(options: argparse.Namespace, screen: Screen) -> dict[str, Any]:
	"""Cost of the first quarter per seed, days known and arm."""
	costs = np.zeros((options.seeds, len(KNOWN_DAYS), len(ARMS)))
	fill_rates = np.zeros_like(costs)
	with screen.progress("Training") as update:
		for number in range(options.seeds):
			update(number / options.seeds, f"Company {number + 1}")
			company = sample_company(
				np.random.default_rng(options.seed + number), items=ITEMS, future_days=FUTURE_DAYS
			)
			new, policy = _policy_of_the_others(company, options, options.seed + number)
			for row, known_days in enumerate(KNOWN_DAYS):
				for column, arm in enumerate(ARMS):
					costs[number, row, column], fill_rates[number, row, column] = _first_quarter(
						company, new, policy, known_days, arm, options.seed
					)
	rows = []
	for row, known_days in enumerate(KNOWN_DAYS):
		for column, arm in enumerate(ARMS):
			against = 100 * (costs[:, row, column] / costs[:, row, -1] - 1)
			rows.append(
				{
					"known_days": known_days,
					"told": arm,
					"cost_vs_all_known_percent": float(np.median(against)),
					"cost_vs_all_known_percent_by_seed": against.tolist(),
					"fill_rate": float(np.median(fill_rates[:, row, column])),
				}
			)
			screen.say(
				f"{known_days:>2} days known, {arm:<15} cost {rows[-1]['cost_vs_all_known_percent']:+7.1f} %"
				f"  fill rate {rows[-1]['fill_rate']:.1%}"
			)
	return {"algorithm": options.algorithm, "seeds": options.seeds, "new_items": NEW, "rows": rows}


def _policy_of_the_others(
	company: SampleCompany, options: argparse.Namespace, seed: int
) -> tuple[npt.NDArray[np.intp], Policy]:
	"""The items that are taken for new, and a policy that never saw them."""
	sells = (company.history.demand[:LOOKBACK_DAYS] > 0).any(axis=0)
	new = np.random.default_rng(seed).choice(np.flatnonzero(sells), NEW, replace=False)
	others = np.setdiff1d(np.arange(ITEMS), new)
	training = TrainingOptions(
		review_days=REVIEW_DAYS, algorithm=options.algorithm, seconds=options.seconds or SECONDS, seed=seed
	)
	trained = train_on_history(
		impute(company.history.take(others), company.items.take(others)).history,
		company.items.take(others),
		make_trainer(options.algorithm, device=options.device),
		training,
	)
	return new, adapted_to(trained.stored, company.items.keys).policy


def _first_quarter(
	company: SampleCompany,
	new: npt.NDArray[np.intp],
	policy: Policy,
	known_days: int,
	arm: str,
	seed: int,
) -> tuple[float, float]:
	"""Cost and fill rate of the new items; the shelf is empty when the quarter begins."""
	past, items = company.history, company.items
	true = np.concatenate([past.demand, company.future.demand])
	booked, introduced = true.copy(), np.zeros(ITEMS, np.int64)
	if arm != "all years known":
		booked[: past.days - known_days, new] = 0
		introduced[new] = past.days - known_days
	whole = DemandHistory(past.keys, past.start, true)
	scenario = replay(
		items,
		whole,
		days=FUTURE_DAYS,
		review_days=REVIEW_DAYS,
		rng=np.random.default_rng(seed),
		initial_on_hand=np.where(np.isin(np.arange(ITEMS), new), 0, company.on_hand).astype(np.float32),
	)
	told = [
		_told(company, booked, introduced, past.days + day, impute_it=arm == "imputed")
		if scenario.is_review(day)
		else None
		for day in range(FUTURE_DAYS)
	]
	first = next(each for each in told if each is not None)
	ledger = run(policy, scenario, statistics=[each or first for each in told])
	return float(ledger.cost[new].sum()), float(ledger.sales[new].sum() / ledger.demand[new].sum())


def _told(
	company: SampleCompany,
	booked: FloatArray,
	introduced: npt.NDArray[np.int64],
	day: int,
	*,
	impute_it: bool,
) -> DemandStatistics:
	"""What the policy sees of the demand before a day."""
	first = day - LOOKBACK_DAYS
	recent = DemandHistory(company.items.keys, company.history.start, booked[first:day])
	if impute_it:
		nothing = np.zeros(recent.demand.shape, bool)
		unseen = Unseen(nothing, nothing, np.maximum(introduced - first, 0))
		recent = impute(recent, company.items, unseen).history
	return latest_statistics(recent.demand, protection_days(company.items, REVIEW_DAYS))
