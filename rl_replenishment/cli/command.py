"""Parse the command line, run one subcommand, turn what went wrong into one sentence."""

from __future__ import annotations

import argparse
import contextlib
import io
import logging
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import NoReturn

from rl_replenishment import __version__
from rl_replenishment.cli import (
	BAD_INPUT,
	backtest,
	benchmark,
	demo,
	learn,
	propose,
	remote,
	service_curve,
	train,
)
from rl_replenishment.cli.interruption import termination_interrupts
from rl_replenishment.cli.options import not_negative
from rl_replenishment.cli.screen import Screen
from rl_replenishment.core.errors import InputError

SUBCOMMANDS: tuple[ModuleType, ...] = (
	demo,
	train,
	backtest,
	service_curve,
	propose,
	learn,
	remote,
	benchmark,
)
FAULT, BROKEN_PIPE = 1, 141
#: set, it shows where a fault of the program lies
DEBUG = "RL_REPLENISHMENT_DEBUG"
#: what torch and numpy's older generators take; benchmarks count up from it
LARGEST_SEED = 2**31 - 1


def run_command(arguments: Sequence[str] | None) -> int:
	"""As `main`, once everything is imported."""
	screen = Screen(json=False)
	if isinstance(sys.stdout, io.TextIOWrapper):
		# a name that the terminal has no letters for is no reason to fail
		sys.stdout.reconfigure(errors="backslashreplace")
	# where it keeps its fonts is of no interest here
	logging.getLogger("matplotlib").setLevel(logging.ERROR)
	try:
		with termination_interrupts():
			options = _parser().parse_args(arguments)
			screen = Screen(json=options.json)
			screen.result(options.run(options, screen))
	except InputError as error:
		screen.error(str(error))
		return BAD_INPUT
	except BrokenPipeError:
		_abandon_output()
		return BROKEN_PIPE
	except OSError as error:
		_abandon_output()
		place = f" ({error.filename})" if error.filename else ""
		screen.error(f"{error.strerror or error}{place}; mend that and run it again.")
		return FAULT
	except Exception as error:
		if _was_interrupted(error):
			raise KeyboardInterrupt from None
		if os.environ.get(DEBUG):
			raise
		screen.error(
			f"{_where(error)} This is a fault of the program: please report it, with what {DEBUG}=1 shows."
		)
		return FAULT
	return 0


def _abandon_output() -> None:
	"""Keep Python from trying again, and complaining, when it ends."""
	with contextlib.suppress(OSError, ValueError, AttributeError):
		os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _was_interrupted(error: BaseException | None) -> bool:
	"""Python before 3.12 wraps what happens while a class is made, and torch makes many when it is loaded."""
	while error is not None:
		if isinstance(error, KeyboardInterrupt):
			return True
		error = error.__cause__ or error.__context__
	return False


def _where(error: Exception) -> str:
	place = traceback.extract_tb(error.__traceback__)[-1]
	return f"{type(error).__name__} in {Path(place.filename).name}, line {place.lineno}: {error}."


class _Parser(argparse.ArgumentParser):
	"""Says what is wrong in one sentence, without the usage."""

	def error(self, message: str) -> NoReturn:
		raise InputError(f"{message.removeprefix('argument ')}; see {self.prog} --help.")


def _parser() -> argparse.ArgumentParser:
	parser = _Parser(
		prog="rl-replenishment",
		description="Learn what to order from past demand, prove it on held-out days, and learn from buyers.",
		allow_abbrev=False,
	)
	parser.add_argument("--version", action="version", version=__version__)
	subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
	for module in SUBCOMMANDS:
		name = module.__name__.rsplit(".", 1)[-1].replace("_", "-")
		summary = (module.__doc__ or "").strip().splitlines()[0]
		subparser = subparsers.add_parser(name, help=summary, description=module.__doc__, allow_abbrev=False)
		subparser.add_argument(
			"--json",
			action="store_true",
			help="one JSON document on standard output, the rest on standard error",
		)
		subparser.add_argument(
			"--seed",
			type=not_negative(int, most=LARGEST_SEED),
			default=0,
			help="start of all randomness (default: 0)",
		)
		module.add_arguments(subparser)
		subparser.set_defaults(run=module.run)
	return parser
