"""Translations: everything that is said is in the template, and German says all of it."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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
#: where texts may stand; names of fields and options are in JSON
_SOURCES = (".py", ".js", ".vue", ".json", ".html", ".md", ".txt")
#: rooms that know no screens, or another language than the desk's
_NOT_THE_DESK = ("core", "cli", "report", "remote", "tests")


def catalog(name: str) -> Catalog:
	with (APP / "locale" / name).open("rb") as file:
		return read_po(file)


def said_anywhere() -> set[str]:
	"""Every text of the app's sources, whatever becomes of it."""
	found: set[str] = set()
	for path in APP.rglob("*"):
		inner = path.relative_to(APP).parts
		if {"dist", "tests", "locale"} & set(inner) or path.suffix not in _SOURCES:
			continue
		text = path.read_text(encoding="utf-8")
		if path.suffix == ".py":
			found.update(node.value for node in ast.walk(ast.parse(text)) if _is_text(node))
		elif path.suffix == ".json":
			found.update(_texts_of(json.loads(text)))
		else:
			found.update(_quoted(text))
	return found


def _is_text(node: ast.AST) -> bool:
	return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _texts_of(value: Any) -> Iterator[str]:
	"""Of a document in JSON: its texts, the options in them, and what is quoted in their HTML and scripts."""
	if isinstance(value, dict | list):
		for each in value.values() if isinstance(value, dict) else value:
			yield from _texts_of(each)
	elif isinstance(value, str):
		yield from (value, *value.split("\n"), *_quoted(value))
		yield from re.findall(r">([^<>]+)<", value)


def _quoted(text: str) -> Iterator[str]:
	for quote in ('"', "'", "`"):
		for line in text.splitlines():
			yield from (part.replace("\\", "") for part in re.split(rf"(?<!\\){quote}", line))


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

	def test_nothing_is_in_the_template_that_nobody_says(self) -> None:
		said = said_anywhere()
		left_over = [message.id for message in catalog("main.pot") if message.id and message.id not in said]
		self.assertEqual(left_over, [])

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
