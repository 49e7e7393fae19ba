"""The `rl-replenishment` command: runs without a bench."""

from __future__ import annotations

import sys
from collections.abc import Sequence

BAD_INPUT, INTERRUPTED = 2, 130


def main(arguments: Sequence[str] | None = None) -> int:
	"""Run the command; returns its exit status.

	0 when done, 1 for a fault of the program or of the place it writes to, 2 for bad input, 130 when
	interrupted, 141 where the reader of a pipe went away.
	"""
	try:
		# loaded here, so that neither a missing package nor Ctrl-C during the imports ends in a traceback
		from rl_replenishment.cli.command import run_command

		return run_command(arguments)
	except ModuleNotFoundError as error:
		package = error.name
		print(
			f"rl-replenishment: This command needs {package}, which is not installed;"
			" run: pip install 'rl_replenishment[cli]'.",
			file=sys.stderr,
		)
		return BAD_INPUT
	except KeyboardInterrupt as interrupted:
		# a command that keeps what it has done says so
		what = interrupted.args[0] if interrupted.args else "Interrupted; nothing was written."
		print(f"rl-replenishment: {what}", file=sys.stderr)
		return INTERRUPTED
