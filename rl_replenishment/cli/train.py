"""Train a policy on an order history, less a hold-out at its end."""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rl_replenishment.cli.engine import LOCAL, add_engine_arguments, check_engine, engine_of
from rl_replenishment.cli.events import add_events_argument, tell_effects, with_events
from rl_replenishment.cli.interruption import TUNING_SHARE, interruptible
from rl_replenishment.cli.options import (
	add_device_argument,
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
from rl_replenishment.core.demand.rhythm import DAILY, MONTHLY, QUARTERLY, WEEKLY
from rl_replenishment.core.errors import InputError
from rl_replenishment.core.files.dated import ENDS, ends_as_json, read_ends
from rl_replenishment.core.files.output import write_folder_atomically
from rl_replenishment.core.policies.store import MANIFEST_FILE, StoredPolicy, policy_files
from rl_replenishment.core.training.algorithms import DEVICES, make_trainer, parse_setting, written
from rl_replenishment.core.training.from_history import (
	Trained,
	TrainingOptions,
	check_history,
	train_on_history,
)
from rl_replenishment.core.training.side_by_side import Training, best_of, carry_out, trainings

CHECKPOINT_FOLDER = "checkpoint"


def add_arguments(parser: argparse.ArgumentParser) -> None:
	"""Describe the subcommand."""
	add_history_arguments(parser)
	add_events_argument(parser)
	add_training_arguments(parser)
	add_device_argument(parser)
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
	parser.add_argument(
		"--seeds",
		metavar="N",
		type=positive(int),
		default=1,
		help="trainings, with --seed and on; the best on validation days is kept (default: 1)",
	)
	parser.add_argument(
		"--setting",
		metavar=("NAME", "VALUE"),
		nargs="+",
		action="append",
		default=[],
		help="of the algorithm; of several values each is trained (may be repeated)",
	)
	add_engine_arguments(parser)
	parser.add_argument("--resume", action="store_true", help="go on with the training in --out")
	parser.add_argument(
		"--tensorboard", metavar="DIR", type=Path, help="folder for TensorBoard's event files (PPO only)"
	)


def run(options: argparse.Namespace, screen: Screen) -> dict[str, Any]:
	"""Train and write the policy folder."""
	if options.tensorboard is not None and options.tensorboard.is_file():
		raise InputError(f"--tensorboard {options.tensorboard} is a file; name a folder.")
	check_engine(options)
	settings = _settings(options)
	is_alone = _is_alone(options, settings)
	_check_several(options, is_alone)
	history = read_history(options.orders, options.date_format, screen, options.today)
	span = {DAILY: 1, WEEKLY: 7, MONTHLY: 28, QUARTERLY: 90}[history.rhythm]
	if options.review_days < span:
		screen.note(
			f"--review-days {options.review_days}: orders are considered more often than {history.rhythm}"
			" tell."
		)
	items = read_item_table(options, history.keys, screen)
	held = holdout_days(options.holdout, history)
	history = with_events(options, history, items, screen)
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
	if not is_alone:
		jobs = trainings(seen, items, training, options.seeds, settings, options.device)
		return _train_several(options, jobs, held, screen)
	chosen = {name: values[0] for name, values in settings.items()}
	if options.resume:
		_check_checkpoint(options.out / CHECKPOINT_FOLDER)
	# before anything is written
	make_trainer(options.algorithm, tensorboard=options.tensorboard, device=_device_here(options))
	with (
		write_folder_atomically(options.out, marker=MANIFEST_FILE, outdated=[CHECKPOINT_FOLDER]) as folder,
		engine_of(options) as engine,
		screen.progress("Tuning the classical rules") as update,
		interruptible(update) as progress,
	):
		trainer = make_trainer(
			options.algorithm,
			tensorboard=options.tensorboard,
			settings=chosen,
			device=options.device,
			engine=engine,
		)
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
		if chosen:
			trained.stored.about["settings"] = chosen
		_remember_ends(options, trained.stored)
		write_policy(folder, trained.stored)
	return report(trained, options.out, held, screen)


def _settings(options: argparse.Namespace) -> dict[str, list[Any]]:
	"""The values to try of each setting."""
	found: dict[str, list[Any]] = {}
	for name, *values in options.setting:
		if not values:
			raise InputError(f"--setting {name} has no value; write it as in --setting {name} VALUE.")
		if name in found:
			raise InputError(f"--setting {name} is there twice; name all of its values at once.")
		found[name] = list(dict.fromkeys(parse_setting(options.algorithm, name, text) for text in values))
	return found


def _is_alone(options: argparse.Namespace, settings: Mapping[str, Sequence[Any]]) -> bool:
	"""Whether there is one training, which is led from this process."""
	if math.prod([options.seeds, *map(len, settings.values())]) > 1:
		return False
	# of one in shards, these are on the engine
	return options.engine == LOCAL or settings.get("shards", [1]) != [1]


def _device_here(options: argparse.Namespace) -> str:
	"""Other machines see devices of their own."""
	return str(options.device) if options.engine == LOCAL else DEVICES[0]


def _check_several(options: argparse.Namespace, is_alone: bool) -> None:
	"""Refuse what only a single training in this process can do."""
	for name in ("resume", "tensorboard"):
		if not is_alone and getattr(options, name):
			raise InputError(
				f"--{name} is for one training on this machine; leave it out, or leave out --seeds, --setting"
				" and --engine."
			)


def _train_several(
	options: argparse.Namespace, jobs: list[Training], held: int, screen: Screen
) -> dict[str, Any]:
	"""Train all of them and keep the best."""
	# before any of them begins
	make_trainer(options.algorithm, device=_device_here(options))
	with (
		write_folder_atomically(options.out, marker=MANIFEST_FILE, outdated=[CHECKPOINT_FOLDER]) as folder,
		engine_of(options) as engine,
		screen.progress("Training") as update,
	):
		found = engine.map(
			carry_out, jobs, lambda share: update(share, f"Training: {share * len(jobs):.0f} of {len(jobs)}")
		)
		best = best_of(found)
		_remember_ends(options, found[best].stored)
		write_policy(folder, found[best].stored)
	rows: list[dict[str, Any]] = [
		{
			"seed": job.options.seed,
			"settings": {name: written(value) for name, value in job.settings.items()},
			"validation_cost_ratio": trained.result.chosen.cost_ratio,
			"validation_cost_vs_base_stock": trained.validation_cost,
			"timesteps": trained.result.timesteps,
			"seconds": trained.result.seconds,
			"is_kept": number == best,
		}
		for number, (job, trained) in enumerate(zip(jobs, found, strict=True))
	]
	for row in rows:
		chosen = "".join(f", {name} {value}" for name, value in row["settings"].items())
		screen.say(
			f"Seed {row['seed']}{chosen}: on validation days {row['validation_cost_vs_base_stock']:.1%} of"
			f" the base-stock rule's cost{'; kept' if row['is_kept'] else ''}."
		)
	return {**report(found[best], options.out, held, screen), "trainings": rows}


def _remember_ends(options: argparse.Namespace, stored: StoredPolicy) -> None:
	"""Keep with the policy when its items end, for proposals without --items."""
	if options.items is not None:
		keys = stored.snapshot.items.keys
		if ends := ends_as_json(keys, read_ends(options.items, keys, options.date_format)):
			stored.about[ENDS] = ends


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
	events = tell_effects(stored, screen)
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
		**({"events": events} if events else {}),
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
