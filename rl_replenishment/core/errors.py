"""Errors a user can mend."""

from __future__ import annotations


class InputError(ValueError):
	"""Bad input from outside: a file, an option, a row.

	The message is one sentence that names the file, row, column or option and how to mend it.
	"""


class PolicyFileError(InputError):
	"""A policy folder that is missing, damaged, foreign or newer than this version can read."""
