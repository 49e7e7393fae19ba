"""Go on training a policy with what the buyer made of its proposals."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from rl_replenishment.cli.console import edit_table
from rl_replenishment.cli.events import add_events_argument, known_events, tell_effects
from rl_replenishment.cli.interruption import interruptible
from rl_replenishment.cli.lessons import (
	add_trust_argument,
	lessons_as_json,
	lessons_of,
	tell_constraints,
	tell_lessons,
)
from rl_replenishment.cli.matching import adapted_to_orders
from rl_replenishment.cli.options import (
	add_item_arguments,
	add_policy_argument,
	add_today_argument,
	add_training_arguments,
	budget,
	counted,
	read_history,
	read_item_table,
	without_gaps,
)
from rl_replenishment.cli.screen import Screen
from rl_replenishment.cli.train import CHECKPOINT_FOLDER, tell_why_ended, write_policy
from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.edits.reading import Reading, read_answers
from rl_replenishment.core.environments.feedback import FeedbackSituations, recall_situations
from rl_replenishment.core.errors import InputError
from rl_replenishment.core.feedback import ROUNDING
from rl_replenishment.core.files.dated import ENDS
from rl_replenishment.core.files.feedback import FeedbackRows, read_feedback
from rl_replenishment.core.files.matching import find_items, refuse_shared
from rl_replenishment.core.files.output import write_folder_atomically
from rl_replenishment.core.files.table import Note, unheard
from rl_replenishment.core.items import FloatArray, ItemTable
from rl_replenishment.core.lessons.answers import unexplained
from rl_replenishment.core.lessons.following import follow
from rl_replenishment.core.lessons.lessons import LESSONS, Lessons
from rl_replenishment.core.policies.residual_network import ResidualNetwork
from rl_replenishment.core.policies.store import MANIFEST_FILE, StoredPolicy, read_policy
from rl_replenishment.core.service.targets import SERVICE
from rl_replenishment.core.training.algorithms import make_trainer
from rl_replenishment.core.training.from_history import (
	Trained,
	TrainingOptions,
	check_history,
	continue_on_feedback,
)
from rl_replenishment.report.content import EditLine


def add_arguments(parser: argparse.ArgumentParser) -> None:
	"""Describe the subcommand."""
	parser.add_argument(
		"feedback",
		metavar="FEEDBACK.csv",
		type=Path,
		help="item_code, proposed_qty, ordered_qty, date, on_hand, on_order, reason, buyer",
	)
	add_policy_argument(parser)
	parser.add_argument("--orders", metavar="ORDERS.csv", type=Path, required=True, help="the order history")
	add_item_arguments(parser)
	add_events_argument(parser)
	add_today_argument(parser)
	add_training_arguments(parser)
	add_trust_argument(parser)


def run(options: argparse.Namespace, screen: Screen) -> dict[str, Any]:
	"""Train on and write the new policy folder."""
	parent = read_policy(options.policy)
	history = read_history(options.orders, options.date_format, screen, options.today)
	# what the parent kept for its test stays unseen
	days = min(int((parent.snapshot.today - history.start).astype(int)), history.days)
	if days <= 0:
		raise InputError(
			f"{options.orders.name} starts on {history.start}, after the policy's training ended;"
			" give the orders it was trained on."
		)
	check_history(history.window(0, days), parent.review_days)
	parent = adapted_to_orders(
		parent, history.keys, options.orders.name, screen, with_costs=options.items is None
	)
	items = read_item_table(options, history.keys, screen, known=parent.snapshot.items)
	history = replace(history, events=known_events(options, parent, items, screen.note).events)
	known = without_gaps(options, history, items, screen, parent.review_days, history.days - days)
	history = known.history
	seen = history.window(0, days)
	rows = read_feedback(options.feedback, options.date_format, screen.note)
	late = int((rows.date > history.end).sum())
	if late:
		screen.note(
			f"{options.feedback.name}: {counted(late, 'decision')} came after the last order in"
			f" {options.orders.name}; the demand at its end stands in."
		)
	heard = read_and_recall(
		parent, items, history, rows, options, as_booked=known.as_booked, note=screen.note
	)
	reading, feedback = heard.reading, heard.situations
	seconds, timesteps = budget(options)
	trainer = make_trainer(options.algorithm)
	with (
		write_folder_atomically(options.out, marker=MANIFEST_FILE, outdated=[CHECKPOINT_FOLDER]) as folder,
		screen.progress("Learning from edits") as update,
		interruptible(update) as progress,
	):
		trained = continue_on_feedback(
			seen,
			reading.items,
			parent,
			feedback,
			trainer,
			TrainingOptions(
				review_days=parent.review_days,
				unmet_demand=parent.unmet_demand,
				algorithm=options.algorithm,
				seconds=seconds,
				timesteps=timesteps,
				seed=options.seed,
			),
			progress=progress,
		)
		trained.stored.about[LESSONS] = heard.lessons.as_json()
		if ends := parent.about.get(ENDS):
			trained.stored.about[ENDS] = ends
		if targets := parent.about.get(SERVICE):
			trained.stored.about[SERVICE] = targets
		write_policy(folder, trained.stored)
	tell_why_ended(trained, screen)
	tell_effects(trained.stored, screen)
	lines = edit_lines(parent, trained.result.policy, heard)
	told = [line for line, corrected in zip(lines, changed(rows), strict=True) if corrected]
	if told:
		screen.say(edit_table(told))
	tell_what_was_read(reading, rows, screen)
	tell_lessons(heard.lessons, screen)
	return {
		**_report(options.out, trained, lines, screen),
		**_reading_as_json(reading, rows),
		"lessons": lessons_as_json(heard.lessons),
	}


@dataclass(frozen=True, eq=False)
class Heard:
	"""What E answers say, in all the ways in which it counts."""

	rows: FeedbackRows
	reading: Reading
	lessons: Lessons
	#: what lessons make of each one's order, shape (E,)
	factor: FloatArray
	#: each put back into its day, without what the lessons explain
	situations: FeedbackSituations


def read_and_recall(
	parent: StoredPolicy,
	items: ItemTable,
	history: DemandHistory,
	rows: FeedbackRows,
	options: argparse.Namespace,
	*,
	source: str | None = None,
	as_booked: DemandHistory | None = None,
	note: Note = unheard,
) -> Heard:
	"""What the feedback rows say, what they teach, and the rows put back into their days.

	What became of a decision is judged by the demand `as_booked`, where that differs from what is expected.
	Refuses rows of which the history knows nothing.
	"""

	source = source or options.feedback.name

	def refusal(row: int, problem: str) -> InputError:
		where = f"{source}, row {rows.lines[row]}" if len(rows.lines) else source
		return InputError(f"{where}: {problem}.")

	index = find_items(rows.keys, history.keys, refusal, note)
	refuse_shared(rows.keys, index, refusal)
	unknown = np.flatnonzero(index < 0)
	if len(unknown):
		row = int(unknown[0])
		raise refusal(
			row,
			f"item {rows.keys[row]} is not in the order history, so nothing is known of its demand;"
			" correct it, remove its rows or add its orders",
		)
	early = np.flatnonzero(rows.date < history.start)
	if len(early):
		row = int(early[0])
		raise refusal(
			row,
			f"{rows.date[row]} is before the order history begins, on {history.start}; correct the date,"
			" remove the row or give older orders as well",
		)
	days = parent.review_days
	came = history if as_booked is None else as_booked
	reading = read_answers(items, came, rows, index, days, parent.unmet_demand)
	today = history.end
	lessons = lessons_of(reading, history, rows, index, parent, today, options)
	factor = lessons.factor(reading.items, today)[index]
	left = unexplained(rows, factor)
	situations = recall_situations(parent.policy, reading.items, history, left, index, days, reading.evidence)
	return Heard(rows, reading, lessons, factor, situations)


def tell_what_was_read(reading: Reading, rows: FeedbackRows, screen: Screen) -> None:
	"""What the changes were worth, and which packs and minimum orders they taught."""
	known = changed(rows) & ~np.isnan(reading.values)
	if known.any():
		screen.say(
			f"In hindsight, {counted(int(known.sum()), 'change')} saved"
			f" {reading.values[known].sum():,.2f} in all against the proposals."
		)
	tell_constraints(reading, screen)


def changed(rows: FeedbackRows) -> npt.NDArray[np.bool_]:
	"""Where the buyer changed the proposal by more than rounding, shape (E,)."""
	return np.abs(rows.ordered_qty - rows.proposed_qty) > ROUNDING


def _reading_as_json(reading: Reading, rows: FeedbackRows) -> dict[str, Any]:
	known = changed(rows) & ~np.isnan(reading.values)

	def sums(names: Sequence[str]) -> dict[str, dict[str, float]]:
		found: dict[str, dict[str, float]] = {}
		for at in np.flatnonzero(known).tolist():
			entry = found.setdefault(names[at], {"changes": 0, "value": 0.0})
			entry["changes"] += 1
			entry["value"] += float(reading.values[at])
		return found

	return {
		"edit_value": {
			"changes": int(known.sum()),
			"value": float(reading.values[known].sum()),
			"by_reason": sums(rows.reason),
			"by_buyer": sums(rows.buyer),
		},
		"constraints": reading.constraints.as_json(reading.items),
	}


def edit_lines(
	parent: StoredPolicy,
	child: ResidualNetwork,
	heard: Heard,
	names: Mapping[str, str] | None = None,
) -> list[EditLine]:
	"""What was proposed, ordered, and the child proposes, in each row's situation; `names` by item code."""
	situation, rows = heard.situations.situation, heard.rows
	before = situation.decide(parent.policy.actions(situation)).quantity
	learned = situation.decide(child.actions(situation))
	after = follow(situation.state, learned, heard.factor).quantity
	return [
		EditLine(
			item_code=str(key),
			item_name=(names or {}).get(key.item_code, ""),
			reason=reason,
			proposed_before=float(old),
			ordered=float(ordered),
			proposed_after=float(new),
		)
		for key, reason, old, ordered, new in zip(
			rows.keys, rows.reason, before, rows.ordered_qty, after, strict=True
		)
	]


def _report(out: Path, trained: Trained, lines: list[EditLine], screen: Screen) -> dict[str, Any]:
	first, chosen = trained.result.evaluations[0], trained.result.chosen
	distance_before = sum(abs(line.proposed_before - line.ordered) for line in lines)
	distance_after = sum(abs(line.proposed_after - line.ordered) for line in lines)
	# a parent that cost nothing has no ratio
	cost = chosen.cost_ratio / first.cost_ratio if first.cost_ratio else 1.0
	screen.say(
		f"Learned from {counted(len(lines), 'answer')}: proposals in their situations are"
		f" {distance_after:,.1f} units away from the buyer's quantities in all, after {distance_before:,.1f}"
		f" before; simulated cost on validation is {cost:.1%} of the parent's."
	)
	screen.say(f"The policy is in {out}.")
	return {
		"policy": str(out),
		"feedback_rows": len(lines),
		"reward_before": first.feedback_reward,
		"reward_after": chosen.feedback_reward,
		"distance_before": distance_before,
		"distance_after": distance_after,
		"validation_cost_vs_parent": cost,
		"timesteps": trained.result.timesteps,
		"ended_by": trained.result.ended_by,
	}
