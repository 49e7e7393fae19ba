"""Where output goes: people read tables, programs read one JSON document."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from rich.console import Console, RenderableType

from rl_replenishment.cli.console import progress_bar

Update = Callable[[float, str], None]


class Screen:
	"""Text for people: on standard output, or on standard error where that carries JSON."""

	def __init__(self, *, json: bool) -> None:
		self.json = json
		self.console = Console(stderr=json, highlight=False)

	def say(self, what: RenderableType) -> None:
		"""Show a line or a table."""
		self.console.print(what)

	def note(self, text: str) -> None:
		"""Show something worth knowing that is not the result."""
		Console(stderr=True, highlight=False).print(text, style="yellow", markup=False)

	def error(self, text: str) -> None:
		"""Show why the command failed, as one line."""
		print(f"rl-replenishment: {text}", file=sys.stderr)

	def progress(self, description: str) -> AbstractContextManager[Update]:
		"""A progress bar; what it yields is told the share done and, if it changed, what is going on."""
		return progress_bar(description, console=self.console)

	def result(self, document: dict[str, Any]) -> None:
		"""Print the JSON document, where that was asked for."""
		if self.json:
			print(json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1))
