"""The buyers' study: what learning from edits does with good, bad and careless buyers."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

import numpy as np

from rl_replenishment.cli.screen import Screen
from rl_replenishment.core.edits.reading import read_answers
from rl_replenishment.core.environments.feedback import FeedbackSituations, recall_situations
from rl_replenishment.core.feedback import ROUNDING, feedback_scale
from rl_replenishment.core.files.feedback import FeedbackRows
from rl_replenishment.core.items import ItemTable
from rl_replenishment.core.policies.store import StoredPolicy
from rl_replenishment.core.sample.company import SampleCompany, sample_company
from rl_replenishment.core.sample.habits import (
	QUARTER_DAYS,
	Habit,
	edits_at_random,
	fixes_packs,
	informed,
	keeps_all,
	overbuys,
	with_promotions,
)
from rl_replenishment.core.sample.season import Decides, Shop, rows_of
from rl_replenishment.core.training.algorithms import make_trainer
from rl_replenishment.core.training.from_history import (
	TrainingOptions,
	continue_on_feedback,
	train_on_history,
)

ITEMS, QUARTERS, REVIEW_DAYS, CASE = 48, 4, 7, 10
SECONDS = 15.0
#: how a policy goes on from quarter to quarter
ARMS = ("no learning", "learning", "agreement only", "original reward")


def measure(options: argparse.Namespace, screen: Screen) -> dict[str, Any]:
	"""Four quarters per kind of buyer, way of learning, and seed."""
	runs: list[dict[str, Any]] = []
	with screen.progress("Buying") as update:
		for number in range(options.seeds):
			runs += _one_company(options, options.seed + number, number, update)
	rows = [
		_summary(buyer, arm, [run for run in runs if (run["buyer"], run["arm"]) == (buyer, arm)])
		for buyer in dict.fromkeys(run["buyer"] for run in runs)
		for arm in ARMS
	]
	for row in rows:
		screen.say(
			f"{row['buyer']:<14} {row['arm']:<16} cost {row['cost_vs_no_learning_percent']:+.2f} %"
			f"  kept {row['acceptance']:.0%}  mean edit {row['mean_edit']:.2f}"
		)
	return {
		"algorithm": options.algorithm,
		"seeds": options.seeds,
		"quarters": QUARTERS,
		"seconds_per_training": options.seconds or SECONDS,
		"buyers": rows,
	}


def _one_company(options: argparse.Namespace, seed: int, number: int, update: Any) -> list[dict[str, Any]]:
	rng = np.random.default_rng(seed)
	company = sample_company(rng, items=ITEMS, future_days=QUARTERS * QUARTER_DAYS)
	company = with_promotions(company, rng)
	training = TrainingOptions(
		review_days=REVIEW_DAYS, algorithm=options.algorithm, seconds=options.seconds or SECONDS, seed=seed
	)
	first = train_on_history(company.history, company.items, make_trainer(options.algorithm), training).stored
	buyers: dict[str, Decides] = {
		"informed": informed(company),
		"overbuying": Habit(overbuys),
		"cries wolf": Habit(overbuys, "promotion"),
		"rubber stamp": Habit(keeps_all),
		"random": Habit(edits_at_random),
		"fixes packs": Habit(fixes_packs(CASE)),
	}
	runs = []
	for place, (name, buyer) in enumerate(buyers.items()):
		for arm in ARMS:
			update(
				(number + place / len(buyers)) / options.seeds, f"Company {number + 1}, {name} buyer, {arm}"
			)
			runs.append({"buyer": name, "arm": arm, **_one_year(company, first, buyer, arm, training)})
		none = runs[-len(ARMS)]
		for run in runs[-len(ARMS) :]:
			# the first quarter is bought with the same policy
			later = sum(run["costs"][1:]) / sum(none["costs"][1:])
			run["change"] = 100 * (later - 1)
			run["by_quarter"] = [
				100 * (cost / usual - 1) for cost, usual in zip(run["costs"], none["costs"], strict=True)
			]
	return runs


def _one_year(
	company: SampleCompany, first: StoredPolicy, buyer: Decides, arm: str, training: TrainingOptions
) -> dict[str, Any]:
	shop, stored = Shop(company, REVIEW_DAYS), first
	costs, kept, edits = [], 0, []
	lines = 0
	for quarter in range(QUARTERS):
		# the same luck with lead times, and the same moods, for all ways of learning
		rng = np.random.default_rng([training.seed, quarter])
		season = shop.buy(stored.policy, buyer, QUARTER_DAYS, rng, heeds_announcements=arm == "learning")
		costs.append(season.cost)
		if quarter:
			moved = np.abs(season.answers.ordered_qty - season.answers.proposed_qty)
			kept, lines = kept + int((moved <= ROUNDING).sum()), lines + len(moved)
			edits.append(float((moved / _scale(company, season.answers)).mean()))
		if quarter < QUARTERS - 1:
			stored, items = _go_on(shop, stored, season.answers, arm, training)
			shop.company = replace(shop.company, items=items)
	return {"costs": costs, "acceptance": kept / max(lines, 1), "mean_edit": float(np.mean(edits))}


def _go_on(
	shop: Shop, stored: StoredPolicy, answers: FeedbackRows, arm: str, training: TrainingOptions
) -> tuple[StoredPolicy, ItemTable]:
	"""The policy and the items for the next quarter."""
	from rl_replenishment.core.training.agreement import learn_agreement

	items = shop.company.items
	if arm == "no learning":
		return stored, items
	known, position = shop.known, {key: at for at, key in enumerate(items.keys)}
	if arm != "learning":
		situations = _situations(stored, items, shop, answers)
		policy = learn_agreement(stored.policy, situations, signed=arm == "original reward")
		return replace(stored, policy=policy), items
	# packs and the buyer's worth show in all answers, preferences in the new ones
	everything = rows_of(shop.answers)
	index = np.array([position[key] for key in everything.keys], dtype=np.intp)
	reading = read_answers(items, known, everything, index, REVIEW_DAYS)
	new = np.arange(len(everything) - len(answers), len(everything))
	situations = recall_situations(
		stored.policy, reading.items, known, answers, index[new], REVIEW_DAYS, reading.evidence[new]
	)
	trainer = make_trainer(training.algorithm)
	trained = continue_on_feedback(known, reading.items, stored, situations, trainer, training)
	return trained.stored, reading.items


def _situations(
	stored: StoredPolicy, items: ItemTable, shop: Shop, answers: FeedbackRows
) -> FeedbackSituations:
	position = {key: at for at, key in enumerate(items.keys)}
	index = np.array([position[key] for key in answers.keys], dtype=np.intp)
	return recall_situations(stored.policy, items, shop.known, answers, index, REVIEW_DAYS)


def _scale(company: SampleCompany, answers: FeedbackRows) -> Any:
	position = {key: at for at, key in enumerate(company.items.keys)}
	index = [position[key] for key in answers.keys]
	demand = company.history.demand[-QUARTER_DAYS:].mean(axis=0)[index]
	return feedback_scale(company.items.order_unit[index], demand, REVIEW_DAYS)


def _summary(buyer: str, arm: str, runs: list[dict[str, Any]]) -> dict[str, Any]:
	return {
		"buyer": buyer,
		"arm": arm,
		"cost_vs_no_learning_percent": float(np.median([run["change"] for run in runs])),
		"cost_vs_no_learning_percent_by_seed": [run["change"] for run in runs],
		"cost_vs_no_learning_percent_by_quarter": np.median(
			[run["by_quarter"] for run in runs], axis=0
		).tolist(),
		"acceptance": float(np.median([run["acceptance"] for run in runs])),
		"mean_edit": float(np.median([run["mean_edit"] for run in runs])),
	}
