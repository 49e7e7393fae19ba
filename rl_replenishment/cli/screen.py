"""Where output goes: people read tables, programs read one JSON document."""

from __future__ import annotations

import json
import sys
from contextlib import AbstractContextManager
from typing import Any

from rich.console import Console, RenderableType

from rl_replenishment.cli.console import Update, plain, progress_bar

__all__ = ["Screen", "Update"]


class Screen:
	"""Text for people: on standard output, or on standard error where that carries JSON."""

	def __init__(self, *, json: bool) -> None:
		self.json = json
		self._console = _Console(stderr=json, highlight=False)
		self._aside = _Console(stderr=True, highlight=False)
		self._notes: list[str] = []
		self._told: list[str] = []

	def say(self, what: RenderableType) -> None:
		"""Show a line or a table."""
		self._tell_notes()
		# lines are left whole: a terminal breaks them, a program searches them
		self._console.print(what, markup=False, emoji=False, soft_wrap=isinstance(what, str))

	def note(self, text: str) -> None:
		"""Show something worth knowing that is not the result; not shown where the input is refused."""
		self._notes.append(text)

	def error(self, text: str) -> None:
		"""Show why the command failed, as one line."""
		print(f"rl-replenishment: {plain(text)}", file=sys.stderr)

	def progress(self, description: str) -> AbstractContextManager[Update]:
		"""A progress bar; what it yields is told the share done and, if it changed, what is going on."""
		self._tell_notes()
		return progress_bar(description, console=self._aside)

	def result(self, document: dict[str, Any]) -> None:
		"""Print the JSON document, where that was asked for; from here on nothing is said."""
		self._tell_notes()
		if self.json:
			# ASCII: what reads it need not guess the encoding
			print(json.dumps({**document, "notes": self._told}, allow_nan=False, indent=1))
		if sys.stdout is not None:
			# now, so that a full disk is told as any other error
			sys.stdout.flush()

	def _tell_notes(self) -> None:
		for text in self._notes:
			self._aside.print(plain(text), style="yellow", markup=False, emoji=False, soft_wrap=True)
		self._told += self._notes
		self._notes.clear()


class _Console(Console):
	def on_broken_pipe(self) -> None:
		"""Leave it to the caller instead of ending the program."""
		raise
