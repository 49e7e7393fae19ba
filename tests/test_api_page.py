"""docs/api.md in step with what may be called: every method of `remote_api`, its verb, its arguments."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs/api.md").read_text(encoding="utf-8")
APP = ROOT / "rl_replenishment"


def whitelisted(path: Path) -> dict[str, tuple[str, list[str]]]:
	"""Verb and arguments of the methods of a module that others may call."""
	found = {}
	for function in ast.parse(path.read_text(encoding="utf-8")).body:
		if not isinstance(function, ast.FunctionDef):
			continue
		for decorator in function.decorator_list:
			if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "frappe.whitelist":
				(verbs,) = (
					ast.literal_eval(each.value) for each in decorator.keywords if each.arg == "methods"
				)
				found[function.name] = (verbs[0], [each.arg for each in function.args.args])
	return found


REMOTE, OTHERS = whitelisted(APP / "remote_api.py"), whitelisted(APP / "api.py")


def rows(prefix: str) -> dict[str, tuple[str, str]]:
	"""Verb and text of the page's methods whose name has a prefix."""
	pattern = rf"^\| `{re.escape(prefix)}(\w+)` \| (GET|POST) \| (.*) \|$"
	return {name: (verb, text) for name, verb, text in re.findall(pattern, PAGE, re.MULTILINE)}


def test_every_method_of_the_remote_api_is_there() -> None:
	told = rows("")
	assert told.keys() == REMOTE.keys()
	for name, (verb, arguments) in REMOTE.items():
		assert told[name][0] == verb, name
		for argument in arguments:
			assert f"`{argument}`" in told[name][1], f"{name}: {argument}"


def test_every_other_method_that_is_told_of_is_there() -> None:
	told = rows("rl_replenishment.api.")
	assert len(told) >= 10
	for name, (verb, text) in told.items():
		assert OTHERS[name][0] == verb, name
		for argument in OTHERS[name][1]:
			assert f"`{argument}`" in text, f"{name}: {argument}"


def test_every_address_leads_somewhere() -> None:
	for module, name in re.findall(r"rl_replenishment\.(remote_api|api)\.(\w+)", PAGE):
		if name != "NAME":
			assert name in (REMOTE if module == "remote_api" else OTHERS), name


def test_the_fields_that_examples_ask_for_are_there() -> None:
	for doctype, text in re.findall(r"/api/resource/(RL[%20 \w]+)\"(.*?)```", PAGE, re.DOTALL):
		folder = doctype.replace("%20", " ").strip().lower().replace(" ", "_")
		schema = (APP / f"rl_replenishment/doctype/{folder}/{folder}.json").read_text(encoding="utf-8")
		for fields in re.findall(r"fields\W+(\[[^\]]*\])", text):
			for field in ast.literal_eval(fields):
				assert field == "name" or f'"fieldname": "{field}"' in schema, f"{doctype}: {field}"


def test_frappe_can_read_the_types() -> None:
	"""With `annotations` from `__future__` they would be texts, and Frappe would check none of them."""
	for module in ("api", "remote_api"):
		tree = ast.parse((APP / f"{module}.py").read_text(encoding="utf-8"))
		assert not [
			each for each in tree.body if isinstance(each, ast.ImportFrom) and each.module == "__future__"
		]
		for function in tree.body:
			if isinstance(function, ast.FunctionDef):
				assert all(each.annotation for each in function.args.args), function.name
