"""Parse the command line, run one subcommand, turn what went wrong into one sentence."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from types import ModuleType

from rl_replenishment import __version__
from rl_replenishment.cli import backtest, benchmark, demo, learn, propose, train
from rl_replenishment.cli.screen import Screen
from rl_replenishment.core.errors import InputError

SUBCOMMANDS: tuple[ModuleType, ...] = (demo, train, backtest, propose, learn, benchmark)
BAD_INPUT, INTERRUPTED = 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
	"""Run the command; returns its exit status: 0, 2 for bad input, 130 when interrupted."""
	options = _parser().parse_args(arguments)
	screen = Screen(json=options.json)
	try:
		screen.result(options.run(options, screen))
	except InputError as error:
		screen.error(str(error))
		return BAD_INPUT
	except KeyboardInterrupt:
		screen.error("Interrupted; nothing was written.")
		return INTERRUPTED
	except BrokenPipeError:
		# the reader of a pipe has seen enough
		sys.stderr.close()
	return 0


def _parser() -> argparse.ArgumentParser:
	parser = argparse.ArgumentParser(
		prog="rl-replenishment",
		description="Learn what to order from a demand history, prove it on held-out demand, and learn from buyers.",
	)
	parser.add_argument("--version", action="version", version=__version__)
	subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
	for module in SUBCOMMANDS:
		name = module.__name__.rsplit(".", 1)[-1]
		summary = (module.__doc__ or "").strip().splitlines()[0]
		subparser = subparsers.add_parser(name, help=summary, description=module.__doc__)
		subparser.add_argument("--json", action="store_true", help="one JSON document on standard output, the rest on standard error")
		subparser.add_argument("--seed", type=int, default=0, help="start of all randomness (default: 0)")
		module.add_arguments(subparser)
		subparser.set_defaults(run=module.run)
	return parser
