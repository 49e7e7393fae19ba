"""Train an agent of a site of ERPNext on this machine, over HTTP."""

from __future__ import annotations

import argparse
import hashlib
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rl_replenishment.cli.options import add_device_argument, not_negative, positive
from rl_replenishment.cli.screen import Screen
from rl_replenishment.core.errors import InputError
from rl_replenishment.core.training.algorithms import DEFAULT_ALGORITHM, DEVICES

if TYPE_CHECKING:
	from rl_replenishment.remote.client import Site
	from rl_replenishment.remote.place import Place
	from rl_replenishment.remote.training import Patience, Show

ACTIONS = ("pull", "train", "push", "run")
#: hours between two trainings of `run`, and seconds after one that came to nothing
EVERY_HOURS, AFTER_FAILURE_SECONDS = 24.0, 300.0
#: bytes: disks take 255, and an agent's name may be longer than that
_LONGEST_NAME = 200


def add_arguments(parser: argparse.ArgumentParser) -> None:
	"""Describe the subcommand."""
	parser.add_argument(
		"action",
		choices=ACTIONS,
		help="pull the records, train, push the policy, or run all three again and again",
	)
	parser.add_argument("--site", metavar="URL", help="address of the site (or RL_REPLENISHMENT_SITE)")
	parser.add_argument("--agent", metavar="NAME", required=True, help="name of its RL Agent Settings")
	parser.add_argument(
		"--api-key",
		metavar="KEY",
		help="of the user; the secret comes from environment or --config alone",
	)
	parser.add_argument(
		"--config",
		metavar="FILE",
		type=Path,
		help="API keys by site, readable by nobody else (default: ~/.config/rl-replenishment/sites.ini)",
	)
	parser.add_argument(
		"--work",
		metavar="DIR",
		type=Path,
		help="folder of this agent's trainings (default: remote-training/AGENT)",
	)
	parser.add_argument("--kind", choices=("Initial", "Continual"), help="default: as the site would choose")
	parser.add_argument(
		"--seconds", metavar="S", type=positive(float), help="time to train (default: as the agent says)"
	)
	parser.add_argument("--timesteps", metavar="N", type=positive(int), help="steps to train")
	add_device_argument(parser)
	parser.add_argument(
		"--patience",
		metavar="S",
		type=not_negative(float),
		default=900.0,
		help="seconds to wait for a site that does not answer or is at work (default: 900)",
	)
	parser.add_argument(
		"--every",
		metavar="HOURS",
		type=positive(float),
		default=EVERY_HOURS,
		help="run: hours from one training to the next (default: 24)",
	)
	parser.add_argument("--once", action="store_true", help="run: one training, then end")
	# another seed each time, unless one is asked for
	parser.set_defaults(seed=None)


def run(options: argparse.Namespace, screen: Screen) -> dict[str, Any]:
	"""Do what was asked for."""
	try:
		from rl_replenishment.remote.access import find_access
		from rl_replenishment.remote.client import NobodyThere, Site
		from rl_replenishment.remote.place import Place
		from rl_replenishment.remote.training import Patience, check_is_there
	except ModuleNotFoundError as error:
		raise InputError(
			f"This needs {error.name}, which is not installed; run: pip install 'rl_replenishment[remote]'."
		) from None
	if options.device != DEVICES[0] and options.action in ("train", "run"):
		from rl_replenishment.core.training.algorithms import make_trainer

		# before a site writes anything down for a training that cannot be
		make_trainer(DEFAULT_ALGORITHM, device=options.device)
	access = find_access(options.site, options.api_key, options.config)
	if options.action != "train":
		try:
			check_is_there(access)
		except NobodyThere as error:
			if options.action != "run" or options.once:
				raise
			# a trainer that begins while the site is away
			screen.error(f"{error} It is tried again and again.")
	folder = options.work or Path("remote-training") / _as_folder(options.agent)
	place, patience = Place(folder, access.url, options.agent), Patience(options.patience, screen.error)
	site, teller = Site(access), Site(access, tries=0, timeout=(3, 10))
	try:
		with place.alone():
			if options.action == "run":
				return _run(options, site, teller, place, patience, screen)
			with screen.progress(options.action.capitalize()) as update:
				done = _step(options.action, options, site, teller, place, patience, update)
	except KeyboardInterrupt:
		told = f"Interrupted; the same command goes on from what is in {place.folder}."
		raise KeyboardInterrupt(told) from None
	if options.action == "push":
		return _tell_result(done, screen)
	screen.say(f"Training {done['training_run']} is {done['stage']}; its files are in {place.folder}.")
	return done


def _step(
	action: str,
	options: argparse.Namespace,
	site: Site,
	teller: Site,
	place: Place,
	patience: Patience,
	show: Show,
) -> dict[str, Any]:
	from rl_replenishment.remote import training

	if action == "push":
		return training.push(site, place, patience, show)
	if action == "pull":
		asked = {
			name: value
			for name in ("kind", "seconds", "timesteps", "seed")
			if (value := getattr(options, name)) is not None
		}
		standing = training.pull(site, place, options.agent, asked, patience, show)
	else:
		standing = training.learn(place, teller, show, options.device)
	return {"training_run": standing.run, "stage": standing.stage, "folder": str(place.folder)}


def _run(
	options: argparse.Namespace,
	site: Site,
	teller: Site,
	place: Place,
	patience: Patience,
	screen: Screen,
) -> dict[str, Any]:
	"""Pull, train and push, from wherever the last program was cut off; then wait for the next time."""
	while True:
		began = time.monotonic()
		try:
			with screen.progress("Pull") as update:
				_step("pull", options, site, teller, place, patience, update)
			with screen.progress("Train") as update:
				_step("train", options, site, teller, place, patience, update)
			with screen.progress("Push") as update:
				done = _tell_result(_step("push", options, site, teller, place, patience, update), screen)
			wait = options.every * 3600
		except InputError as error:
			if options.once:
				raise
			# told, and tried again: a site may be away for a night
			wait = min(AFTER_FAILURE_SECONDS, options.every * 3600)
			screen.error(f"{error} The next try is in {wait / 60:.0f} minutes.")
		if options.once:
			return done
		time.sleep(max(wait - (time.monotonic() - began), 1.0))


def _tell_result(now: dict[str, Any], screen: Screen) -> dict[str, Any]:
	screen.say(f"Training {now['name']} is {now['status']}, policy {now['policy']}: {now['message']}")
	return {
		"agent": now["agent"],
		"training_run": now["name"],
		"status": now["status"],
		"policy": now["policy"],
		"promoted": now["promoted"],
		"feedback_rows": now["feedback_rows"],
	}


def _as_folder(agent: str) -> str:
	"""A name that any disk takes; of two long ones that begin alike, each has its own."""
	name = re.sub(r"[^\w.-]+", "_", agent).strip(".") or "agent"
	if len(whole := name.encode()) <= _LONGEST_NAME:
		return name
	return f"{whole[:_LONGEST_NAME].decode(errors='ignore')}-{hashlib.sha256(whole).hexdigest()[:8]}"
