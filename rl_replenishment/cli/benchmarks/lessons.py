"""The study of lessons: how far proposals come to meet buyers of each kind, and what that costs."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from rl_replenishment.cli.screen import Screen
from rl_replenishment.core.demand.statistics import QUARTER
from rl_replenishment.core.edits.reading import read_answers
from rl_replenishment.core.feedback import ROUNDING
from rl_replenishment.core.files.feedback import FeedbackRows
from rl_replenishment.core.items import FloatArray
from rl_replenishment.core.lessons.fitting import TRUST, fit_lessons
from rl_replenishment.core.lessons.following import affordable
from rl_replenishment.core.lessons.lessons import Lessons
from rl_replenishment.core.policies.store import StoredPolicy
from rl_replenishment.core.sample.company import SampleCompany, sample_company
from rl_replenishment.core.sample.habits import (
	QUARTER_DAYS,
	Consistent,
	Habit,
	edits_at_random,
	keeps_all,
	overbuys,
)
from rl_replenishment.core.sample.season import Decides, Shop
from rl_replenishment.core.simulation.scenario import replay
from rl_replenishment.core.training.algorithms import make_trainer
from rl_replenishment.core.training.from_history import TrainingOptions, train_on_history

ITEMS, QUARTERS, REVIEW_DAYS = 48, 3, 7
SECONDS = 15.0
#: weeks between two looks at what lessons cost in the simulation
_WEEKS_BETWEEN = 4
#: of the demand of an informed buyer's items, how much it grows, or falls, in a quarter
_GROWTH = 0.35
#: an informed buyer knows that one supplier delivers so many days later than agreed, and orders more for it
LATE = "informed: supplier delivers late"
_LATE_DAYS, _FOR_LATE = 7, 1.5


def measure(options: argparse.Namespace, screen: Screen) -> dict[str, Any]:
	"""Three quarters per kind of buyer and seed, with lessons and without."""
	runs: list[dict[str, Any]] = []
	with screen.progress("Buying") as update:
		for number in range(options.seeds):
			for run in _one_company(options, options.seed + number):
				runs.append(run)
				update(number / options.seeds, f"Company {number + 1}, {run['buyer']} buyer")
	rows = [
		_summary(buyer, [run for run in runs if run["buyer"] == buyer])
		for buyer in dict.fromkeys(run["buyer"] for run in runs)
	]
	for row in rows:
		screen.say(
			f"{row['buyer']:<30} cost {row['cost_vs_no_lessons_percent']:+.2f} %"
			f"  distance {row['distance_without']:.3f} to {row['distance']:.3f}"
			f"  kept {row['kept_without']:.0%} to {row['kept']:.0%}"
		)
	return {"seeds": options.seeds, "seconds_per_training": options.seconds or SECONDS, "buyers": rows}


def _one_company(options: argparse.Namespace, seed: int) -> Any:
	company = sample_company(np.random.default_rng(seed), items=ITEMS, future_days=QUARTERS * QUARTER_DAYS)
	training = TrainingOptions(
		review_days=REVIEW_DAYS, algorithm=options.algorithm, seconds=options.seconds or SECONDS, seed=seed
	)
	stored = train_on_history(
		company.history, company.items, make_trainer(options.algorithm), training
	).stored
	for name, buyer, place in _buyers(company):
		late = _late_days(company) if name == LATE else None
		with_lessons, without = (_buy(place, stored, buyer, seed, teaches, late) for teaches in (True, False))
		yield {
			"buyer": name,
			# the first quarter is what was learned from
			"change": 100 * (sum(with_lessons["costs"][1:]) / sum(without["costs"][1:]) - 1),
			"distance": with_lessons["distance"],
			"distance_without": without["distance"],
			"kept": with_lessons["kept"],
			"kept_without": without["kept"],
		}


def _buyers(company: SampleCompany) -> list[tuple[str, Decides, SampleCompany]]:
	"""Each kind's name, the buyer, and the company that he buys for."""
	items = company.items
	groups, suppliers = np.array(items.groups), np.array(items.suppliers)
	group = max(set(items.groups), key=lambda name: (int((groups == name).sum()), name))
	supplier = _largest_supplier(company)
	rate = company.history.demand[-QUARTER:].mean(axis=0)
	# sold often, and in small packs
	weekly = np.rint(rate * REVIEW_DAYS)
	often = int(np.where(weekly >= 10, items.order_unit, np.inf).argmin())
	of_group, of_supplier = groups == group, suppliers == supplier
	one = np.arange(len(items)) == often
	pallet = float(np.ceil(2 * weekly[often] / items.order_unit[often]) * items.order_unit[often])
	nothing = np.zeros(len(items), np.bool_)
	# the quarters of the study begin in July
	before_season = range(7, 13)
	group_up = Consistent(lambda month: of_group if month in before_season else nothing, 1.25)
	supplier_down = Consistent(lambda month: of_supplier, 0.8)
	return [
		("group raised before its season", group_up, company),
		("supplier cut by a fifth", supplier_down, company),
		("one item to a full pallet", Consistent(lambda month: one, pallet=pallet), company),
		(
			"informed: group grows",
			replace(group_up, attention=0.4),
			_with_trend(company, of_group, 1 + _GROWTH),
		),
		(
			"informed: supplier declines",
			replace(supplier_down, attention=0.4),
			_with_trend(company, of_supplier, 1 - _GROWTH),
		),
		(LATE, Consistent(lambda month: of_supplier, _FOR_LATE, attention=0.4), company),
		(
			"changes his mind",
			replace(group_up, until=company.today + QUARTER_DAYS),
			company,
		),
		("overbuying", Habit(overbuys), company),
		("cries wolf", Habit(overbuys, "promotion"), company),
		("random", Habit(edits_at_random), company),
		("rubber stamp", Habit(keeps_all), company),
	]


def _largest_supplier(company: SampleCompany) -> str:
	names = company.items.suppliers
	return max(set(names), key=lambda name: (names.count(name), name))


def _late_days(company: SampleCompany) -> npt.NDArray[np.integer]:
	"""Days that one supplier's goods come later than the item master says, shape (N,)."""
	own = np.array(company.items.suppliers) == _largest_supplier(company)
	return np.where(own, _LATE_DAYS, 0).astype(np.int32)


def _with_trend(company: SampleCompany, own: npt.NDArray[np.bool_], factor: float) -> SampleCompany:
	"""The company whose demand of some items changes by a factor each quarter."""
	growth = factor ** (np.arange(company.future.days) / QUARTER_DAYS)
	demand = company.future.demand.copy()
	demand[:, own] = np.rint(demand[:, own] * growth[:, None])
	return replace(company, future=replace(company.future, demand=demand.astype(np.float32)))


class _Teacher:
	"""Fits lessons at each review, and looks now and then at what they would cost."""

	def __init__(self, stored: StoredPolicy) -> None:
		self._stored, self._reviews, self._share = stored, 0, 1.0

	def __call__(self, shop: Shop, rows: FeedbackRows) -> Lessons:
		items, known = shop.company.items, shop.known
		position = {key: at for at, key in enumerate(items.keys)}
		index = np.array([position[key] for key in rows.keys], dtype=np.intp)
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
		if self._reviews % _WEEKS_BETWEEN == 0 or not self._share:
			scenario = replay(
				items, known, days=QUARTER, review_days=REVIEW_DAYS, rng=np.random.default_rng(0)
			)
			bounded = affordable(lessons, self._stored.policy, items, scenario, known.end)
			full = sum(abs(lesson.move) for lesson in lessons.lessons)
			self._share = sum(abs(lesson.move) for lesson in bounded.lessons) / full if full else 1.0
		self._reviews += 1
		shop.constraints = reading.constraints
		return lessons.shared(self._share)


def _buy(
	company: SampleCompany,
	stored: StoredPolicy,
	buyer: Decides,
	seed: int,
	teaches: bool,
	late_days: npt.NDArray[np.integer] | None = None,
) -> dict[str, Any]:
	shop = Shop(company, REVIEW_DAYS)
	if late_days is not None:
		shop.late_days = late_days
	costs, distances, kept, lines = [], 0.0, 0, 0
	teacher = _Teacher(stored) if teaches else None
	for quarter in range(QUARTERS):
		rng = np.random.default_rng([seed, quarter])
		season = shop.buy(stored.policy, buyer, QUARTER_DAYS, rng, heeds_announcements=True, teaches=teacher)
		costs.append(season.cost)
		if quarter == 1:
			answers = season.answers
			moved = np.abs(answers.ordered_qty - answers.proposed_qty)
			distances = float((moved / _usual(company, answers)).sum()) / max(len(moved), 1)
			kept, lines = int((moved <= ROUNDING).sum()), len(moved)
	return {"costs": costs, "distance": distances, "kept": kept / max(lines, 1)}


def _usual(company: SampleCompany, answers: FeedbackRows) -> FloatArray:
	position = {key: at for at, key in enumerate(company.items.keys)}
	at = [position[key] for key in answers.keys]
	weekly = REVIEW_DAYS * company.history.demand[-QUARTER:].mean(axis=0)
	return np.maximum(weekly, company.items.order_unit)[at]


def _summary(buyer: str, runs: list[dict[str, Any]]) -> dict[str, Any]:
	changes = [run["change"] for run in runs]
	error = float(np.std(changes, ddof=1) / np.sqrt(len(changes))) if len(changes) > 1 else float("nan")
	return {
		"buyer": buyer,
		"cost_vs_no_lessons_percent": float(np.median(changes)),
		"cost_vs_no_lessons_percent_by_seed": changes,
		"cost_vs_no_lessons_percent_mean": float(np.mean(changes)),
		"cost_vs_no_lessons_percent_error": error if np.isfinite(error) else None,
		**{
			name: float(np.median([run[name] for run in runs]))
			for name in ("distance", "distance_without", "kept", "kept_without")
		},
	}
