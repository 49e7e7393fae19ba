"""Lessons from the buyer's corrections, as the subcommands fit, tell and hand them on."""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import numpy.typing as npt

from rl_replenishment.cli.options import not_negative
from rl_replenishment.cli.screen import Screen
from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.edits.reading import Reading
from rl_replenishment.core.files.feedback import FeedbackRows
from rl_replenishment.core.lessons.fitting import TRUST, fit_lessons
from rl_replenishment.core.lessons.following import affordable, last_quarter
from rl_replenishment.core.lessons.lessons import Lessons
from rl_replenishment.core.lessons.wording import lesson_words, summary
from rl_replenishment.core.policies.store import StoredPolicy

#: lessons that are told one by one
_TOLD = 12


def add_trust_argument(parser: argparse.ArgumentParser) -> None:
	"""--trust."""
	parser.add_argument(
		"--trust",
		metavar="SHARE",
		type=not_negative(float, most=1),
		default=TRUST,
		help="how far proposals follow the buyer where nobody knows yet whether that saves, from 0 for not at"
		f" all to 1 for fully (default: {TRUST:g})",
	)


def lessons_of(
	reading: Reading,
	history: DemandHistory,
	rows: FeedbackRows,
	index: npt.NDArray[np.intp],
	stored: StoredPolicy,
	today: np.datetime64,
	options: argparse.Namespace,
) -> Lessons:
	"""What E answers teach, followed as far as they may cost on the last quarter of the history.

	`index`, shape (E,), is each one's position in the items of the reading, which are those of the policy and
	of the history.
	"""
	items = reading.items
	found = fit_lessons(
		items,
		rows,
		index,
		today,
		values=reading.values,
		restored=reading.constraints.restored,
		trust=options.trust,
	)
	scenario = last_quarter(
		items, history, stored.review_days, stored.unmet_demand, np.random.default_rng(options.seed)
	)
	return affordable(found, stored.policy, scenario, today)


def tell_lessons(lessons: Lessons, screen: Screen) -> None:
	"""What was learned from the buyer, one sentence for all and one for each."""
	if said := summary(lessons.lessons):
		screen.say(said)
	for lesson in lessons.lessons[:_TOLD]:
		screen.say(f"  {lesson_words(lesson)}")
	if len(lessons) > _TOLD:
		screen.say(f"  ... and {len(lessons) - _TOLD} more.")


def tell_constraints(reading: Reading, screen: Screen) -> None:
	"""The packs and minimum orders that only the buyer knew, a sentence each."""
	for learned in reading.constraints.as_json(reading.items):
		words = (
			f"comes in packs of {learned['order_multiple']:g}"
			if learned["order_multiple"]
			else f"has a minimum order of {learned['min_order_qty']:g}"
		)
		screen.say(f"Learned that {learned['item_code']} {words}.")


def lessons_as_json(lessons: Lessons) -> list[dict[str, Any]]:
	"""Plain values of each, and its words."""
	return [
		{**each, "words": lesson_words(lesson)}
		for each, lesson in zip(lessons.as_json()["lessons"], lessons.lessons, strict=True)
	]
