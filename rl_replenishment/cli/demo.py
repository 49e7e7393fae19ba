"""Run the whole loop on a made-up wholesaler: learn, prove, propose, learn from the buyer, report."""

from __future__ import annotations

import argparse
import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
from rich.text import Text

from rl_replenishment.cli.backtest import compare, facts
from rl_replenishment.cli.console import edit_table, policy_table, proposal_table
from rl_replenishment.cli.interruption import interruptible
from rl_replenishment.cli.learn import changed, edit_lines, read_and_recall, tell_what_was_read
from rl_replenishment.cli.lessons import lessons_as_json, tell_lessons
from rl_replenishment.cli.options import LONGEST_DEFAULT_HOLDOUT, check_installed, positive
from rl_replenishment.cli.propose import as_line
from rl_replenishment.cli.screen import Screen
from rl_replenishment.cli.train import tell_why_ended, write_policy
from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.demand.imputation import impute
from rl_replenishment.core.evaluation.backtest import backtest
from rl_replenishment.core.files.feedback import FeedbackRows
from rl_replenishment.core.files.output import write_folder_atomically
from rl_replenishment.core.lessons.fitting import TRUST
from rl_replenishment.core.lessons.following import Following
from rl_replenishment.core.lessons.lessons import LESSONS
from rl_replenishment.core.lessons.wording import lesson_words
from rl_replenishment.core.sample.buyer import sample_buyer
from rl_replenishment.core.sample.company import SampleCompany, sample_company
from rl_replenishment.core.sample.csv_files import write_files, write_orders
from rl_replenishment.core.sample.season import buy_for_a_season
from rl_replenishment.core.training.algorithms import DEFAULT_ALGORITHM, make_trainer
from rl_replenishment.core.training.from_history import (
	TrainingOptions,
	continue_on_feedback,
	train_on_history,
)
from rl_replenishment.core.written import as_written, quantity_words
from rl_replenishment.report.wording import met_halfway, met_words

REPORT_FILE = "report.html"
#: as `train` does of two years of orders
HOLDOUT_DAYS = LONGEST_DEFAULT_HOLDOUT
#: of the time to train, what learning from the buyer takes
_LEARNING_SHARE = 0.5
#: rows of a table that fit on a screen
_SHOWN = 12


def add_arguments(parser: argparse.ArgumentParser) -> None:
	"""Describe the subcommand."""
	parser.add_argument(
		"--out", metavar="DIR", type=Path, default=Path("demo_output"), help="(default: demo_output)"
	)
	parser.add_argument(
		"--seconds",
		metavar="S",
		type=positive(float),
		default=60.0,
		help="time for the first training; learning from the buyer takes half as long (default: 60)",
	)


def run(options: argparse.Namespace, screen: Screen) -> dict[str, Any]:
	"""Tell the story and write everything it makes into one folder."""
	from rl_replenishment.report import ReportContent, render_report

	check_installed("The report", "matplotlib", "jinja2", remedy="'rl_replenishment[cli]'")
	trainer = make_trainer(DEFAULT_ALGORITHM)
	rng = np.random.default_rng(options.seed)
	company = sample_company(rng)
	items = company.items
	history = impute(company.history, items, held=HOLDOUT_DAYS).history
	seen = history.window(0, history.days - HOLDOUT_DAYS)
	training = TrainingOptions(seconds=options.seconds, seed=options.seed)
	with write_folder_atomically(options.out, marker=REPORT_FILE) as folder:
		write_files(company, folder)
		_chapter(
			screen, 1, f"A wholesaler with {len(items)} items from {len(set(company.suppliers))} suppliers"
		)
		screen.say(_patterns(company))

		_chapter(screen, 2, f"Learn from {seen.days} days of orders")
		with screen.progress("Tuning the classical rules") as update, interruptible(update) as progress:
			trained = train_on_history(seen, items, trainer, training, progress=progress)
		tell_why_ended(trained, screen)
		parent = trained.stored

		_chapter(screen, 3, f"Prove it on the {HOLDOUT_DAYS} days that followed")
		before = compare(parent, history, items, HOLDOUT_DAYS, options.seed)
		screen.say(policy_table(before))

		_chapter(screen, 4, "Propose, with a reason for each quantity")
		season = buy_for_a_season(parent.policy, company, sample_buyer(company), training.review_days, rng)
		names = dict(zip((key.item_code for key in items.keys), company.item_names, strict=True))
		proposals = [as_line(proposal, names[proposal.item_code]) for proposal in season.first_proposals]
		screen.say(proposal_table(proposals[:_SHOWN]))
		screen.say(_and_more(len(proposals), "proposals"))

		_chapter(screen, 5, "The buyer has the last word")
		answers = season.answers
		(folder / "FEEDBACK.csv").write_text(_feedback_csv(answers), encoding="utf-8")
		screen.say(
			f"In {company.future.days} days the buyer decided on {len(answers)} lines"
			f" and changed {season.edited} of them."
		)

		_chapter(screen, 6, "Learn from the buyer's answers")
		known = DemandHistory(
			history.keys, history.start, np.concatenate([history.demand, company.future.demand])
		)
		write_orders(known, folder / "ORDERS_LATER.csv")
		options.trust = TRUST
		heard = read_and_recall(parent, items, known, answers, options, source="FEEDBACK.csv")
		again = TrainingOptions(seconds=options.seconds * _LEARNING_SHARE, seed=options.seed)
		with screen.progress("Learning from edits") as update, interruptible(update) as progress:
			child = continue_on_feedback(
				seen, heard.reading.items, parent, heard.situations, trainer, again, progress=progress
			)
		tell_why_ended(child, screen)
		child.stored.about[LESSONS] = heard.lessons.as_json()
		tell_what_was_read(heard.reading, answers, screen)
		tell_lessons(heard.lessons, screen)
		lines = edit_lines(parent, child.result.policy, heard, names)
		edits = [line for line, edited in zip(lines, changed(answers), strict=True) if edited]
		screen.say(edit_table(edits[:_SHOWN]))
		screen.say(_and_more(len(edits), "changed lines"))
		screen.say(met_words(edits))

		_chapter(screen, 7, "What it costs after learning from the buyer")
		factor = heard.lessons.factor(before.scenario.items, known.end)
		after = backtest(
			[Following(child.stored.policy, factor)],
			trained.rules.rules,
			before.scenario,
			np.random.default_rng(options.seed),
			keep_paths=True,
		)
		screen.say(policy_table(after))
		for name, stored in (("policy", parent), ("policy_after_feedback", child.stored)):
			(folder / name).mkdir()
			write_policy(folder / name, stored)
		content = ReportContent(
			title="A sample wholesaler",
			subtitle=f"{len(items)} items, {history.days} days of orders, the last {HOLDOUT_DAYS} held out",
			backtest=before,
			learned=parent.policy.name,
			currency="EUR",
			proposals=proposals,
			edits=edits,
			lessons=[lesson_words(lesson, money=_in_euros) for lesson in heard.lessons.lessons],
			backtest_after=after,
			learned_after=child.stored.policy.name,
			learning_curve=[(look.seconds, look.cost_ratio) for look in trained.result.evaluations],
			facts=facts(before, parent),
		)
		(folder / REPORT_FILE).write_text(render_report(content), encoding="utf-8")
	count, nearer, middle = met_halfway(edits)
	screen.say(f"\nThe report is in {options.out / REPORT_FILE}; the files to go on with lie beside it.")
	return {
		"report": str(options.out / REPORT_FILE),
		"before": before.as_json(),
		"after": after.as_json(),
		"feedback_rows": len(answers),
		"edited_rows": season.edited,
		"lessons": lessons_as_json(heard.lessons),
		"changed_lines": {"lines": count, "towards_buyer": nearer, "median_share": middle},
		"reward_before": child.result.evaluations[0].feedback_reward,
		"reward_after": child.result.chosen.feedback_reward,
	}


def _chapter(screen: Screen, number: int, title: str) -> None:
	screen.say(Text(f"\n{number}. {title}", style="bold"))


def _in_euros(value: float) -> str:
	return f"{quantity_words(value)} EUR"


def _patterns(company: SampleCompany) -> str:
	counts: dict[str, int] = {}
	for pattern in company.patterns:
		counts[pattern] = counts.get(pattern, 0) + 1
	return ", ".join(f"{count} {pattern}" for pattern, count in counts.items()) + " items."


def _and_more(count: int, what: str) -> str:
	return f"... and {count - _SHOWN} more {what} in the report." if count > _SHOWN else ""


def _feedback_csv(rows: FeedbackRows) -> str:
	text = io.StringIO()
	writer = csv.writer(text, lineterminator="\n")
	writer.writerow(["item_code", "date", "proposed_qty", "ordered_qty", "on_hand", "on_order", "reason"])
	for row in zip(
		rows.keys,
		rows.date,
		rows.proposed_qty,
		rows.ordered_qty,
		rows.on_hand,
		rows.on_order,
		rows.reason,
		strict=True,
	):
		key, date, *numbers, reason = row
		exact = as_written(numbers).tolist()
		writer.writerow([key.item_code, str(date), *(f"{number:.12g}" for number in exact), reason])
	return text.getvalue()
