"""The buyers' study: how far proposals come to meet buyers of each kind, and what that costs."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from rl_replenishment.cli.benchmarks.buyer_kinds import Kind, kinds
from rl_replenishment.cli.benchmarks.stationary import interval
from rl_replenishment.cli.screen import Screen
from rl_replenishment.core.demand.statistics import QUARTER, WEEK
from rl_replenishment.core.edits.reading import Reading, read_answers
from rl_replenishment.core.environments.feedback import recall_situations
from rl_replenishment.core.feedback import ROUNDING
from rl_replenishment.core.files.feedback import FeedbackRows
from rl_replenishment.core.lessons.answers import unexplained
from rl_replenishment.core.lessons.fitting import TRUST, fit_lessons
from rl_replenishment.core.lessons.following import affordable, last_quarter
from rl_replenishment.core.lessons.lessons import Lessons
from rl_replenishment.core.policies.store import StoredPolicy
from rl_replenishment.core.sample.company import SampleCompany, sample_company
from rl_replenishment.core.sample.habits import QUARTER_DAYS
from rl_replenishment.core.sample.season import Shop, rows_of
from rl_replenishment.core.training.algorithms import make_trainer
from rl_replenishment.core.training.from_history import (
	TrainingOptions,
	continue_on_feedback,
	train_on_history,
)

ITEMS, QUARTERS, REVIEW_DAYS = 48, 3, 7
SECONDS = 15.0
NO_LEARNING, LESSONS, LEARNING, BY_HAND = "no learning", "lessons", "learning", "every line by hand"
#: How proposals take in what the buyer did: not at all; by lessons, as every run of the product does; by
#: these and by training after each quarter; and by two ways of training that the product does not know.
#: Of a buyer who looks at some of his lines, what it would be if he looked at all of them, without learning.
ARMS = (NO_LEARNING, LESSONS, LEARNING, "agreement only", "original reward", BY_HAND)
#: training takes its time, so that it is measured in the first companies alone
TRAINED_COMPANIES = 5
#: What an informed buyer's habit saves is small beside what one company varies by: these are measured in all
#: companies, the others in the first ones.
OTHERS_COMPANIES = 16
#: What an order costs is mostly luck: whether a large sale comes before or after it, and when it arrives. So
#: that the worst company is one that lessons harm, and not an unlucky one, careless buyers are measured under
#: several lucks.
LUCKS = 4
#: weeks that trade places by luck: about a month, so that seasons and trends stay
_MONTH = 4
#: weeks between two looks at what lessons cost in the simulation
_WEEKS_BETWEEN = 4
#: what to be told of how far it is
_Update: TypeAlias = Callable[[float, str], object]


def measure(options: argparse.Namespace, screen: Screen) -> dict[str, Any]:
	"""Three quarters per kind of buyer, way of learning, and seed."""
	runs: list[dict[str, Any]] = []
	with screen.progress("Buying") as update:
		for number in range(options.seeds):
			runs += _one_company(options, number, update)
	rows = [
		_summary(buyer, arm, own)
		for buyer in dict.fromkeys(run["buyer"] for run in runs)
		for arm in ARMS
		if (own := [run for run in runs if (run["buyer"], run["arm"]) == (buyer, arm)])
	]
	for row in rows:
		low, high = row["cost_vs_no_learning_percent_ci95"] or (float("nan"),) * 2
		screen.say(
			f"{row['buyer']:<48} {row['arm']:<18} cost {row['cost_vs_no_learning_percent_mean']:+.2f} %"
			f" (95 %: {low:+.2f} to {high:+.2f}), worst {row['cost_vs_no_learning_percent_worst']:+.2f} %"
			f"  distance {row['distance']:.3f}  kept {row['acceptance']:.0%}"
		)
	return {
		"algorithm": options.algorithm,
		"first_seed": options.seed,
		"seeds": options.seeds,
		"seeds_of_others": min(options.seeds, OTHERS_COMPANIES),
		"lucks_of_others": LUCKS,
		"trained_seeds": 0 if options.no_train else min(options.seeds, TRAINED_COMPANIES),
		"quarters": QUARTERS,
		"seconds_per_training": options.seconds or SECONDS,
		"buyers": rows,
	}


def _one_company(options: argparse.Namespace, number: int, update: _Update) -> Iterator[dict[str, Any]]:
	seed = options.seed + number
	rng = np.random.default_rng(seed)
	company = sample_company(rng, items=ITEMS, future_days=QUARTERS * QUARTER_DAYS)
	training = TrainingOptions(
		review_days=REVIEW_DAYS, algorithm=options.algorithm, seconds=options.seconds or SECONDS, seed=seed
	)
	first = train_on_history(company.history, company.items, make_trainer(options.algorithm), training).stored
	# the same promotions under each luck
	lucky = [kinds(with_luck(company, luck), np.random.default_rng([seed, 1])) for luck in range(LUCKS)]
	buyers = [each for each in zip(*lucky, strict=True) if each[0].by_hand or number < OTHERS_COMPANIES]
	for place, of_luck in enumerate(buyers):
		kind = of_luck[0]
		is_trained = kind.is_trained and number < TRAINED_COMPANIES and not options.no_train
		none: list[dict[str, Any]] = []
		arms = ARMS[:-1] if is_trained else ARMS[:2]
		for arm in (*arms, BY_HAND) if kind.by_hand else arms:
			update(
				(number + place / len(buyers)) / options.seeds, f"Company {number + 1}, {kind.name}, {arm}"
			)
			# training takes its time
			lucks = LUCKS if arm in ARMS[:2] and not kind.by_hand else 1
			found = [_quarters(of_luck[luck], first, arm, training, luck) for luck in range(lucks)]
			none = none or found
			yield {
				"buyer": kind.name,
				"arm": arm,
				# the first quarter is what was learned from
				"change": 100 * (_later_costs(found) / _later_costs(none[:lucks]) - 1),
				**{name: float(np.mean([run[name] for run in found])) for name in ("distance", "kept")},
			}


def with_luck(company: SampleCompany, luck: int) -> SampleCompany:
	"""The company with the weeks of each month to come in another order, 0 for as they are.

	What is on promotion keeps its days: buyers know of them.
	"""
	weeks = np.arange(company.future.days // WEEK)
	month = weeks // _MONTH
	order = np.lexsort((np.random.default_rng(luck).random(len(weeks)), month)) if luck else weeks
	days = np.arange(company.future.days)
	days[: len(weeks) * WEEK] = (order[:, None] * WEEK + np.arange(WEEK)).ravel()
	demand = company.future.demand[days]
	promoted = [promotion.item for promotion in company.promotions]
	demand[:, promoted] = company.future.demand[:, promoted]
	return replace(company, future=replace(company.future, demand=demand))


def _later_costs(found: Sequence[dict[str, Any]]) -> float:
	return sum(sum(run["costs"][1:]) for run in found)


def _quarters(
	kind: Kind, first: StoredPolicy, arm: str, training: TrainingOptions, luck: int
) -> dict[str, Any]:
	"""Costs by quarter; and of the second one, how far proposals were off, and the share that was kept."""
	shop, stored = Shop(kind.company, REVIEW_DAYS), first
	buyer = kind.by_hand if arm == BY_HAND and kind.by_hand else kind.buyer
	if kind.late_days is not None:
		shop.late_days = kind.late_days
	shop.freight = kind.freight
	learns = arm in (LESSONS, LEARNING)
	teacher = _Teacher(first) if learns else None
	costs, distance, kept = [], 0.0, 1.0
	for quarter in range(QUARTERS):
		# the same luck with lead times, and the same moods, for all ways of learning
		rng = np.random.default_rng([training.seed, quarter, luck])
		season = shop.buy(
			stored.policy, buyer, QUARTER_DAYS, rng, heeds_announcements=learns, teaches=teacher
		)
		costs.append(season.cost)
		if quarter == 1:
			moved = np.abs(season.answers.ordered_qty - season.answers.proposed_qty)
			distance = float((moved / _usual(shop, season.answers)).mean())
			kept = float((moved <= ROUNDING).mean())
		if quarter < QUARTERS - 1 and arm not in (NO_LEARNING, LESSONS, BY_HAND):
			stored = _trained(shop, stored, season.answers, arm, training)
			if teacher:
				teacher.stored = stored
	return {"costs": costs, "distance": distance, "kept": kept}


class _Teacher:
	"""Fits lessons at each review, and looks now and then at what they would cost."""

	def __init__(self, stored: StoredPolicy) -> None:
		self.stored = stored
		self._reviews, self._share = 0, 1.0

	def __call__(self, shop: Shop, rows: FeedbackRows) -> Lessons:
		items, known = shop.company.items, shop.known
		reading, lessons = _read(shop, rows)
		if self._reviews % _WEEKS_BETWEEN == 0 or not self._share:
			scenario = last_quarter(items, known, REVIEW_DAYS, "lost", np.random.default_rng(0))
			bounded = affordable(lessons, self.stored.policy, scenario, known.end)
			full = sum(abs(lesson.move) for lesson in lessons.lessons)
			self._share = sum(abs(lesson.move) for lesson in bounded.lessons) / full if full else 1.0
		self._reviews += 1
		shop.constraints = reading.constraints
		return lessons.shared(self._share)


def _read(shop: Shop, rows: FeedbackRows) -> tuple[Reading, Lessons]:
	items, known, index = shop.company.items, shop.known, _index(shop, rows)
	reading = read_answers(items, known, rows, index, REVIEW_DAYS)
	lessons = fit_lessons(
		items,
		rows,
		index,
		known.end,
		values=reading.values,
		restored=reading.constraints.restored,
		trust=TRUST,
	)
	return reading, lessons


def _trained(
	shop: Shop, stored: StoredPolicy, answers: FeedbackRows, arm: str, training: TrainingOptions
) -> StoredPolicy:
	"""The policy for the next quarter."""
	from rl_replenishment.core.training.agreement import learn_agreement

	items, known = shop.company.items, shop.known
	if arm != LEARNING:
		situations = recall_situations(
			stored.policy, items, known, answers, _index(shop, answers), REVIEW_DAYS
		)
		policy = learn_agreement(stored.policy, situations, signed=arm == "original reward")
		return replace(stored, policy=policy)
	# packs, lessons and the buyer's worth show in all answers, what is left to train on in the new ones
	everything = rows_of(shop.answers)
	reading, lessons = _read(shop, everything)
	index = _index(shop, everything)
	new = np.arange(len(everything) - len(answers), len(everything))
	left = unexplained(everything, lessons.factor(reading.items, known.end)[index]).take(new)
	situations = recall_situations(
		stored.policy, reading.items, known, left, index[new], REVIEW_DAYS, reading.evidence[new]
	)
	trainer = make_trainer(training.algorithm)
	return continue_on_feedback(known, reading.items, stored, situations, trainer, training).stored


def _index(shop: Shop, rows: FeedbackRows) -> npt.NDArray[np.intp]:
	position = {key: at for at, key in enumerate(shop.company.items.keys)}
	return np.array([position[key] for key in rows.keys], dtype=np.intp)


def _usual(shop: Shop, rows: FeedbackRows) -> npt.NDArray[np.floating]:
	"""A week's demand of each answer's item before the study, at least a pack."""
	company = shop.company
	weekly = REVIEW_DAYS * company.history.demand[-QUARTER:].mean(axis=0)
	return np.maximum(weekly, company.items.order_unit)[_index(shop, rows)]


def _summary(buyer: str, arm: str, runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
	changes = np.array([run["change"] for run in runs])
	return {
		"buyer": buyer,
		"arm": arm,
		"companies": len(runs),
		"cost_vs_no_learning_percent": float(np.median(changes)),
		"cost_vs_no_learning_percent_mean": float(changes.mean()),
		"cost_vs_no_learning_percent_ci95": list(interval(changes)) if len(runs) > 1 else None,
		"cost_vs_no_learning_percent_worst": float(changes.max()),
		"cost_vs_no_learning_percent_by_seed": changes.tolist(),
		"distance": float(np.median([run["distance"] for run in runs])),
		"acceptance": float(np.median([run["kept"] for run in runs])),
	}
