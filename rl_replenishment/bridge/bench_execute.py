"""`bench execute` shows the true error of a function that fails."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

import click
import frappe
from frappe import _
from frappe.utils import get_bench_path, strip_html

from rl_replenishment.bridge.retrying import start_over
from rl_replenishment.core.errors import InputError

P = ParamSpec("P")
R = TypeVar("R")

#: what a user can mend; the sentence is enough
_EXPLAINED = (frappe.ValidationError, InputError)


def ends_with_the_true_error(function: Callable[P, R]) -> Callable[P, R]:
	"""For functions that people start by `bench execute`; anywhere else they raise as usual.

	After an exception `bench execute` evaluates the function's dotted path, without having imported the app:
	what the user gets to see is a NameError. It leaves SystemExit alone; Python prints its message, and the
	status is 1.
	"""

	@wraps(function)
	def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
		try:
			return function(*args, **kwargs)
		except Exception as error:
			if not _is_bench_execute():
				raise
			start_over()
			if not isinstance(error, _EXPLAINED):
				traceback.print_exc()
			raise SystemExit(describe(error)) from None

	return wrapped


def describe(error: Exception) -> str:
	"""An error in words, without the markup of the desk, and without the paths of the server."""
	if isinstance(error, OSError) and error.strerror:
		name = Path(str(error.filename)).name if error.filename else ""
		return _("A file of this site cannot be read or written: {0}").format(
			": ".join(part for part in (name, error.strerror) if part)
		)
	text = strip_html(str(error)).strip() or type(error).__name__
	return text.replace(str(Path(frappe.get_site_path()).absolute()), "").replace(get_bench_path(), "")


def _is_bench_execute() -> bool:
	context = click.get_current_context(silent=True)
	return context is not None and context.info_name == "execute"
