"""A shift of demand: from one day to the next, twice as much is asked for. How long until service is back?"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np

from rl_replenishment.cli.screen import Screen
from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.demand.imputation import impute
from rl_replenishment.core.policies.adaptation import adapted_to
from rl_replenishment.core.policies.base import Policy
from rl_replenishment.core.sample.company import SampleCompany, sample_company
from rl_replenishment.core.simulation.rollout import run
from rl_replenishment.core.simulation.scenario import replay
from rl_replenishment.core.training.algorithms import make_trainer
from rl_replenishment.core.training.from_history import TrainingOptions, train_on_history

ITEMS, REVIEW_DAYS = 48, 7
#: days before the shift, in which the shelves settle, and after it
BEFORE, AFTER = 91, 140
SHIFT = 2.0
WEEK = 7
#: service is back when a week's fill rate is this close to that of the quarter before for a month
_NEAR, _STAYS_WEEKS = 0.02, 4
SECONDS = 15.0


def measure(options: argparse.Namespace, screen: Screen) -> dict[str, Any]:
	"""Days until service is back, and cost, of the learned policy and of every classical rule."""
	found: dict[str, list[dict[str, Any]]] = {}
	with screen.progress("Training") as update:
		for number in range(options.seeds):
			update(number / options.seeds, f"Company {number + 1}")
			seed = options.seed + number
			company = sample_company(np.random.default_rng(seed), items=ITEMS, future_days=BEFORE + AFTER)
			training = TrainingOptions(
				review_days=REVIEW_DAYS,
				algorithm=options.algorithm,
				seconds=options.seconds or SECONDS,
				seed=seed,
			)
			past = impute(company.history, company.items).history
			trained = train_on_history(
				past, company.items, make_trainer(options.algorithm, device=options.device), training
			)
			learned = adapted_to(trained.stored, company.items.keys).policy
			for policy in (learned, *trained.rules.rules):
				found.setdefault(policy.name, []).append(_live_through(company, past, policy, seed))
	rows = []
	for name, runs in found.items():
		rows.append(
			{
				"policy": name,
				"days_until_service_is_back": float(np.median([run["days"] for run in runs])),
				"days_by_seed": [run["days"] for run in runs],
				"fill_rate_before": float(np.median([run["before"] for run in runs])),
				"fill_rate_after": float(np.median([run["after"] for run in runs])),
				"cost_vs_learned_percent": float(
					np.median(
						[
							100 * (run["cost"] / own["cost"] - 1)
							for run, own in zip(runs, found[learned.name], strict=True)
						]
					)
				),
			}
		)
		row = rows[-1]
		screen.say(
			f"{name:<20} back after {row['days_until_service_is_back']:>4.0f} days  fill rate"
			f" {row['fill_rate_before']:.1%} before, {row['fill_rate_after']:.1%} after"
			f"  cost {row['cost_vs_learned_percent']:+.1f} %"
		)
	return {"algorithm": options.algorithm, "seeds": options.seeds, "shift": SHIFT, "policies": rows}


def _live_through(company: SampleCompany, past: DemandHistory, policy: Policy, seed: int) -> dict[str, Any]:
	demand = company.future.demand.copy()
	demand[BEFORE:] *= SHIFT
	whole = DemandHistory(past.keys, past.start, np.concatenate([past.demand, demand]))
	scenario = replay(
		company.items,
		whole,
		days=BEFORE + AFTER,
		review_days=REVIEW_DAYS,
		rng=np.random.default_rng(seed),
		initial_on_hand=company.on_hand,
	)
	ledger = run(policy, scenario, keep_paths=True)
	assert ledger.paths is not None
	asked, unmet = demand.sum(axis=1), ledger.paths.unmet.sum(axis=1)
	# the first month is the shelf that was found
	before = 1 - float(unmet[28:BEFORE].sum() / asked[28:BEFORE].sum())
	weekly = 1 - unmet[BEFORE:].reshape(-1, WEEK).sum(axis=1) / asked[BEFORE:].reshape(-1, WEEK).sum(axis=1)
	near = weekly >= before - _NEAR
	weeks = next((week for week in range(len(near)) if near[week : week + _STAYS_WEEKS].all()), len(near))
	return {
		"days": weeks * WEEK,
		"before": before,
		"after": float(1 - unmet[BEFORE:].sum() / asked[BEFORE:].sum()),
		"cost": float(ledger.cost.sum()),
	}
