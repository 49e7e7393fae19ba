"""Train a policy on an order history, less a hold-out at its end."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from rl_replenishment.cli.interruption import TUNING_SHARE, interruptible
from rl_replenishment.cli.options import (
	add_history_arguments,
	add_training_arguments,
	budget,
	counted,
	day,
	holdout_days,
	not_negative,
	positive,
	read_history,
	read_item_table,
	without_gaps,
)
from rl_replenishment.cli.screen import Screen
from rl_replenishment.core.demand.rhythm import DAILY, MONTHLY, WEEKLY
from rl_replenishment.core.errors import InputError
from rl_replenishment.core.files.output import write_folder_atomically
from rl_replenishment.core.policies.store import MANIFEST_FILE, StoredPolicy, policy_files
from rl_replenishment.core.training.algorithms import make_trainer
from rl_replenishment.core.training.from_history import (
	Trained,
	TrainingOptions,
	check_history,
	train_on_history,
)

CHECKPOINT_FOLDER = "checkpoint"


def add_arguments(parser: argparse.ArgumentParser) -> None:
	"""Describe the subcommand."""
	add_history_arguments(parser)
	add_training_arguments(parser)
	parser.add_argument(
		"--holdout",
		metavar="DAYS",
		type=not_negative(int),
		help="days at the end that training does not see (default: a quarter of the history, at most 180)",
	)
	parser.add_argument(
		"--review-days",
		metavar="DAYS",
		type=positive(int),
		default=7,
		help="days between two chances to order (default: 7)",
	)
	parser.add_argument(
		"--unmet-demand",
		choices=("lost", "backorder"),
		default="lost",
		help="what happens to demand that the shelf cannot meet (default: lost)",
	)
	parser.add_argument("--resume", action="store_true", help="go on with the training in --out")
	parser.add_argument(
		"--tensorboard", metavar="DIR", type=Path, help="folder for TensorBoard's event files (PPO only)"
	)


def run(options: argparse.Namespace, screen: Screen) -> dict[str, Any]:
	"""Train and write the policy folder."""
	if options.tensorboard is not None and options.tensorboard.is_file():
		raise InputError(f"--tensorboard {options.tensorboard} is a file; name a folder.")
	history = read_history(options.orders, options.date_format, screen, options.today)
	span = {DAILY: 1, WEEKLY: 7, MONTHLY: 28}[history.rhythm]
	if options.review_days < span:
		screen.note(
			f"--review-days {options.review_days}: orders are considered more often than {history.rhythm}"
			" tell."
		)
	items = read_item_table(options, history.keys, screen)
	held = holdout_days(options.holdout, history)
	history = without_gaps(options, history, items, screen, options.review_days, held).history
	seen = history.window(0, history.days - held)
	check_history(seen, options.review_days)
	seconds, timesteps = budget(options)
	training = TrainingOptions(
		review_days=options.review_days,
		unmet_demand=options.unmet_demand,
		algorithm=options.algorithm,
		seconds=seconds,
		timesteps=timesteps,
		seed=options.seed,
	)
	trainer = make_trainer(options.algorithm, tensorboard=options.tensorboard)
	if options.resume:
		_check_checkpoint(options.out / CHECKPOINT_FOLDER)
	with (
		write_folder_atomically(options.out, marker=MANIFEST_FILE, outdated=[CHECKPOINT_FOLDER]) as folder,
		screen.progress("Tuning the classical rules") as update,
		interruptible(update) as progress,
	):
		checkpoint = folder / CHECKPOINT_FOLDER
		if options.resume:
			_copy(options.out / CHECKPOINT_FOLDER, checkpoint)
		trained = train_on_history(
			seen,
			items,
			trainer,
			training,
			progress=progress,
			tuning_progress=lambda share: update(share * TUNING_SHARE, "Tuning the classical rules"),
			checkpoint=checkpoint,
			resume=options.resume,
		)
		write_policy(folder, trained.stored)
	return report(trained, options.out, held, screen)


def write_policy(folder: Path, stored: StoredPolicy) -> None:
	"""Put a policy's files into a folder that is being written."""
	for name, contents in policy_files(stored).items():
		(folder / name).write_bytes(contents)


def tell_why_ended(trained: Trained, screen: Screen) -> None:
	"""Say so where training ended before its budget did."""
	if trained.result.ended_by == "cancelled":
		screen.note("Training was interrupted; the best policy so far was kept.")
	elif trained.result.ended_by == "early stopping":
		screen.note("Training ended before its time was up: nothing better had been found for a while.")


def report(trained: Trained, out: Path, held: int, screen: Screen) -> dict[str, Any]:
	"""Tell how training went."""
	result, stored = trained.result, trained.stored
	best = result.chosen.cost_ratio
	tell_why_ended(trained, screen)
	window = stored.about["data"]
	screen.say(
		f"Learned from {counted(window['items'], 'item')}, {window['first_day']} to {window['last_day']}: "
		f"{result.timesteps:,} steps in {result.seconds:.0f} s."
	)
	screen.say(
		f"On the last days of that window it cost {best:.1%} of the best classical rule "
		f"({stored.policy.classical.name})."
	)
	screen.say(
		f"The {counted(held, 'day')} held out tell more: run backtest."
		if held
		else "Nothing was held out, so there is nothing to test it on."
	)
	screen.say(f"The policy is in {out}.")
	return {
		"policy": str(out),
		"algorithm": stored.about["options"]["algorithm"],
		"holdout_days": held,
		"training_window": [window["first_day"], window["last_day"]],
		"classical_rule": stored.policy.classical.name,
		"validation_cost_ratio": best,
		"timesteps": result.timesteps,
		"seconds": result.seconds,
		"ended_by": result.ended_by,
		"next_day": day(stored.snapshot.today),
	}


def _check_checkpoint(folder: Path) -> None:
	"""Refuse a training that cannot be resumed, before the rules are tuned and by the name the user knows."""
	from rl_replenishment.core.training import checkpoint

	checkpoint.load(folder)


def _copy(source: Path, target: Path) -> None:
	# not shutil: what goes wrong in the target has to be told from what goes wrong in the source
	target.mkdir()
	for file in source.iterdir():
		(target / file.name).write_bytes(file.read_bytes())
