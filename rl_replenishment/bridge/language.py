"""The language of what is written into documents."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import frappe
from frappe.translate import print_language


@contextmanager
def in_the_sites_language() -> Iterator[None]:
	"""Have `_()` translate to the site's language: documents are read by everybody, whoever asked for them.

	Otherwise a worker speaks English, and a request the language of its user.
	"""
	with print_language(frappe.db.get_default("lang")):
		yield
