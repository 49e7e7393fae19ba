"""Translations: everything that is said is in the template, and German says all of it."""

from __future__ import annotations

import re
from pathlib import Path

import frappe
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from rl_replenishment.tests.case import IntegrationTestCase

APP = Path(frappe.get_app_path("rl_replenishment"))
_SAID = {
	".py": re.compile(r'\b_\(\s*"((?:[^"\\]|\\.)*)"\s*\)'),
	".js": re.compile(r'__\(\s*"((?:[^"\\]|\\.)*)"'),
	# attributes of templates stand in double quotes
	".vue": re.compile(r"""__\(\s*["']((?:[^"'\\]|\\.)*)["']"""),
}
#: rooms that know no screens, or another language than the desk's
_NOT_THE_DESK = ("core", "cli", "report", "remote", "tests")


def catalog(name: str) -> Catalog:
	with (APP / "locale" / name).open("rb") as file:
		return read_po(file)


def placeholders(text: str) -> list[str]:
	return sorted(re.findall(r"\{\d*\}", text))


class TestTranslations(IntegrationTestCase):
	def test_all_that_is_said_is_in_the_template(self) -> None:
		known = {message.id for message in catalog("main.pot")}
		for path in APP.rglob("*"):
			if (
				"dist" in path.parts
				or path.suffix not in _SAID
				or path.relative_to(APP).parts[0] in _NOT_THE_DESK
			):
				continue
			for text in _SAID[path.suffix].findall(path.read_text(encoding="utf-8")):
				with self.subTest(path.name, text=text):
					# not assertIn, which would show all the others
					self.assertTrue(text in known, "not in the template: generate it anew")

	def test_german_says_all_of_it(self) -> None:
		"""Nothing missing, nothing out of date, and every placeholder in its place."""
		german = {message.id: message for message in catalog("de.po") if message.id}
		known = {message.id for message in catalog("main.pot") if message.id}
		self.assertEqual(set(german), known)
		for text, message in german.items():
			with self.subTest(text):
				self.assertTrue(message.string)
				self.assertFalse(message.fuzzy)
				self.assertEqual(placeholders(message.string), placeholders(text))
