"""What the Frappe marketplace checks of an app by itself, checked here first."""

import ast
import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
APP = ROOT / "rl_replenishment"


def test_no_symlinks() -> None:
	assert [path for path in APP.rglob("*") if path.is_symlink()] == []


def test_package_files_call_nothing_on_import() -> None:
	"""Importing a package must have no effect: calls live in functions."""
	calls = [
		f"{path.relative_to(ROOT)}:{node.lineno}"
		for path in sorted(APP.rglob("__init__.py"))
		for statement in ast.parse(path.read_text(encoding="utf-8")).body
		if not isinstance(statement, ast.FunctionDef)
		for node in ast.walk(statement)
		if isinstance(node, ast.Call)
	]
	assert calls == []


def test_hooks_are_plain_literals() -> None:
	for statement in ast.parse((APP / "hooks.py").read_text(encoding="utf-8")).body:
		assert isinstance(statement, ast.Assign), ast.unparse(statement)
		ast.literal_eval(statement.value)


@pytest.mark.parametrize("path", sorted(APP.glob("*/doctype/*/*.json")), ids=lambda path: path.stem)
def test_every_status_has_its_colour(path: Path) -> None:
	"""In the DocType's states, where lists, forms and the agent's overview look it up."""
	doctype = json.loads(path.read_text(encoding="utf-8"))
	statuses = [field["options"] for field in doctype["fields"] if field["fieldname"] == "status"]
	assert [state["title"] for state in doctype["states"]] == "\n".join(statuses).splitlines()
	assert all(state["color"] for state in doctype["states"])


def test_what_javascript_includes_begins_with_a_comment() -> None:
	"""Frappe puts a file where its include stands: in a comment, so that prettier can read the rest."""
	include = re.compile(r"""^(.*){% include "(.+)" %}""", re.MULTILINE)
	places = [
		(path.name, before, included)
		for path in APP.rglob("*.js")
		for before, included in include.findall(path.read_text(encoding="utf-8"))
	]
	assert places
	for name, before, included in places:
		assert before == "// ", name
		assert (ROOT / included).read_text(encoding="utf-8").startswith("// "), included


def test_frappe_reserved_names_are_free() -> None:
	"""Frappe takes `commands` in an app for bench commands and loads it at every bench call."""
	assert not (APP / "commands").exists()
	assert not (APP / "commands.py").exists()


def test_the_app_starts_no_processes() -> None:
	"""Nor runs text as code: the marketplace refuses both."""
	modules, functions = {"subprocess", "pickle", "marshal"}, {"eval", "exec", "system", "popen"}
	found = []
	for path in sorted(APP.rglob("*.py")):
		for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
			names: set[str] = set()
			if isinstance(node, ast.Import):
				names = {alias.name.split(".")[0] for alias in node.names} & modules
			elif isinstance(node, ast.ImportFrom):
				names = {(node.module or "").split(".")[0]} & modules
			elif isinstance(node, ast.Call):
				called = node.func
				name = called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")
				names = {name} & functions
			found += [f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)} {name}" for name in names]
	assert found == []
