"""pyproject.toml is what pip reads; its mirrors and Frappe's own files must say the same."""

import ast
import json
import re
import runpy
import sys
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

import rl_replenishment
from rl_replenishment import hooks

if sys.version_info >= (3, 11):
	import tomllib
else:
	import tomli as tomllib

ROOT = Path(__file__).parent.parent
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
EXTRAS = PROJECT["optional-dependencies"]


@pytest.fixture
def setup_arguments(monkeypatch: pytest.MonkeyPatch) -> dict:
	"""What setup.py hands to setuptools, which stays out of it."""
	arguments: dict = {}
	setuptools = types.ModuleType("setuptools")
	setuptools.setup = lambda **given: arguments.update(given)
	setuptools.find_packages = lambda **_: ["rl_replenishment"]
	monkeypatch.setitem(sys.modules, "setuptools", setuptools)
	runpy.run_path(str(ROOT / "setup.py"), run_name="__main__")
	return arguments


def test_setup_py_mirrors_pyproject(setup_arguments: dict) -> None:
	assert setup_arguments["name"] == PROJECT["name"]
	assert setup_arguments["version"] == rl_replenishment.__version__
	assert setup_arguments["description"] == PROJECT["description"]
	assert setup_arguments["license"] == PROJECT["license"]
	assert setup_arguments["python_requires"] == PROJECT["requires-python"]
	assert setup_arguments["packages"] == [PROJECT["name"]]
	assert setup_arguments["install_requires"] == PROJECT["dependencies"]
	assert setup_arguments["extras_require"] == EXTRAS
	scripts = [f"{name} = {target}" for name, target in PROJECT["scripts"].items()]
	assert setup_arguments["entry_points"] == {"console_scripts": scripts}


def test_requirements_are_the_whole_product() -> None:
	lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
	requirements = [line for line in lines if line and not line.startswith("#")]
	assert requirements == PROJECT["dependencies"] + EXTRAS["train"] + EXTRAS["cli"]


def test_the_guide_installs_the_torch_that_the_package_asks_for() -> None:
	"""An unpinned CPU build may lie outside the range, and pip then replaces it by the large one."""
	(torch,) = (line for line in EXTRAS["train"] if line.startswith("torch"))
	guide = (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8")
	first, second = (
		guide.index(text) for text in (f"pip install '{torch}' --index-url", "pip install '.[train")
	)
	assert first < second


def test_version_has_one_source() -> None:
	assert PROJECT["dynamic"] == ["version"]
	assert re.fullmatch(r"\d+\.\d+\.\d+", rl_replenishment.__version__)


def test_hooks_agree_with_the_package() -> None:
	assert hooks.app_name == PROJECT["name"] == rl_replenishment.__name__
	assert hooks.app_description == PROJECT["description"]
	assert PROJECT["license"].lower().startswith(hooks.app_license)
	title = (ROOT / PROJECT["license-files"][0]).read_text(encoding="utf-8").split("\n")[:2]
	assert [line.strip() for line in title] == ["GNU GENERAL PUBLIC LICENSE", "Version 3, 29 June 2007"]
	modules = (ROOT / "rl_replenishment" / "modules.txt").read_text(encoding="utf-8").split("\n")
	assert modules == [hooks.app_title, ""]


def test_frappe_is_left_to_the_bench() -> None:
	"""pip must never fetch Frappe or ERPNext: the bench provides them, within the declared range."""
	requirements = PROJECT["dependencies"] + [line for extra in EXTRAS.values() for line in extra]
	names = {re.match(r"[\w.-]+", line).group().lower() for line in requirements}
	assert not names & {"frappe", "erpnext", "frappe-bench"}
	assert set(PYPROJECT["tool"]["bench"]["frappe-dependencies"]) == {"frappe", "erpnext"}


def test_javascript_tools_are_pinned_without_a_registry() -> None:
	"""Exact versions and hashes; from where they come is each machine's own affair."""
	tools = ROOT / ".ci" / "js"
	wanted = json.loads((tools / "package.json").read_text(encoding="utf-8"))["devDependencies"]
	locked = json.loads((tools / "package-lock.json").read_text(encoding="utf-8"))["packages"]
	assert locked.pop("")["devDependencies"] == wanted
	assert {name: locked[f"node_modules/{name}"]["version"] for name in wanted} == wanted
	assert [name for name, package in locked.items() if "resolved" in package] == []
	assert all("integrity" in package for package in locked.values())


def test_what_hooks_name_is_there() -> None:
	"""Frappe finds out at the first use only."""
	missing = [name for name in _names(vars(hooks)) if not _is_there(name)]
	assert missing == []


def _names(value: object) -> Iterator[str]:
	"""Files of the app and dotted names in it, wherever they stand in hooks.py."""
	if isinstance(value, str) and re.match(r"rl_replenishment\.|public/|/assets/rl_replenishment/", value):
		yield value
	elif isinstance(value, dict):
		for key, each in value.items():
			if not str(key).startswith("__"):
				yield from _names(each)
	elif isinstance(value, list):
		for each in value:
			yield from _names(each)


def _is_there(name: str) -> bool:
	app = ROOT / "rl_replenishment"
	if "/" in name:
		return (app / name.replace("/assets/rl_replenishment/", "public/")).is_file()
	*modules, function = name.split(".")
	path = ROOT.joinpath(*modules).with_suffix(".py")
	if not path.is_file():
		return False
	body = ast.parse(path.read_text(encoding="utf-8")).body
	return function in {each.name for each in body if isinstance(each, ast.FunctionDef | ast.ClassDef)}


@pytest.mark.parametrize("page", ["README.md", "docs/erpnext.md"])
def test_pages_name_the_range_of_torch(page: str) -> None:
	"""A CPU build outside it would be replaced by the large one."""
	torch = next(line for line in EXTRAS["train"] if line.startswith("torch"))
	shown = re.findall(r"pip install '(torch[^']*)'", (ROOT / page).read_text(encoding="utf-8"))
	assert shown == [torch]
