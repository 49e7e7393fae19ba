"""What may be imported where: serving stays light, and core stays free of Frappe."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TOO_HEAVY = {"torch", "stable_baselines3", "pandas", "matplotlib", "frappe"}


@pytest.mark.parametrize(
	"statement", ["import rl_replenishment.core", "from rl_replenishment.core import load_policy"]
)
def test_serving_imports_stay_light(statement: str) -> None:
	"""In a clean interpreter, since this one has long imported everything."""
	program = f"{statement}\nimport sys\nprint(*sys.modules)"
	run = subprocess.run(
		[sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
	)
	assert run.returncode == 0, run.stderr
	assert not TOO_HEAVY & set(run.stdout.split())


@pytest.mark.parametrize(
	("code", "path", "rule"),
	[
		("import frappe", "core/example.py", "TID251"),
		("from erpnext.stock import utils", "core/training/example.py", "TID251"),
		("from rl_replenishment.bridge import state", "core/example.py", "TID251"),
		("import frappe", "cli/example.py", "TID251"),
		("import frappe", "report/example.py", "TID251"),
		("import frappe", "remote/example.py", "TID251"),
		("import frappe", "bridge/example.py", None),
		("import torch", "core/example.py", "TID253"),
		("import stable_baselines3", "bridge/example.py", "TID253"),
		("from torch import nn", "api.py", "TID253"),
		("import torch", "core/training/example.py", None),
	],
)
def test_ruff_guards_the_boundaries(code: str, path: str, rule: str | None) -> None:
	"""The rules in pyproject.toml fire where they must, and only there."""
	options = ["--quiet", "--no-cache", "--output-format=concise", "--select=TID251,TID253"]
	run = subprocess.run(
		[sys.executable, "-m", "ruff", "check", *options, f"--stdin-filename=rl_replenishment/{path}", "-"],
		input=code + "\n",
		cwd=ROOT,
		capture_output=True,
		text=True,
		check=False,
	)
	assert run.stderr == ""
	if rule is None:
		assert run.returncode == 0, run.stdout
	else:
		assert rule in run.stdout


#: the bridge's rooms from the ground up; a room sees those below it, not those beside it
FLOORS = (
	(
		"queries",
		"figures",
		"review_days",
		"language",
		"bench_execute",
		"notifying",
		"retrying",
		"each_agent",
		"logs",
		"visibility",
		"guarding",
		"origin",
		"attachments",
		"workflows",
	),
	("state", "sample_company"),
	("feedback", "policies"),
	("proposing", "service", "training"),
	("board", "doctor"),
	("desk", "remote"),
)
BRIDGE = "rl_replenishment.bridge"


def imported_by(source: str) -> Iterator[str]:
	"""Dotted names that a module imports anywhere in it, also inside functions."""
	for node in ast.walk(ast.parse(source)):
		if isinstance(node, ast.Import):
			yield from (alias.name for alias in node.names)
		elif isinstance(node, ast.ImportFrom) and node.module:
			yield from (f"{node.module}.{alias.name}" for alias in node.names)


def floor_of(room: str) -> int:
	return next(number for number, rooms in enumerate(FLOORS) if room in rooms)


def upward(path: Path) -> list[str]:
	"""What a file of the bridge imports of rooms above or beside its own."""
	room = path.relative_to(ROOT / "rl_replenishment/bridge").parts[0].removesuffix(".py")
	rooms = {name.split(".")[2] for name in imported_by(path.read_text()) if name.startswith(f"{BRIDGE}.")}
	return sorted(other for other in rooms if other != room and floor_of(other) >= max(floor_of(room), 1))


def test_rooms_of_the_bridge_see_downward_only() -> None:
	files = [path for path in (ROOT / "rl_replenishment/bridge").rglob("*.py") if path.name != "__init__.py"]
	assert len(files) > 40
	assert {str(path.relative_to(ROOT)): found for path in files if (found := upward(path))} == {}


def test_an_import_upward_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
	monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
	file = tmp_path / "rl_replenishment/bridge/state/example.py"
	file.parent.mkdir(parents=True)
	late = (
		"from rl_replenishment.bridge import feedback",
		"def late():",
		"\timport rl_replenishment.bridge.desk.digest",
	)
	file.write_text("\n".join(late))
	assert upward(file) == ["desk", "feedback"]
	file.write_text("from rl_replenishment.bridge.queries import Keys")
	assert upward(file) == []


#: imports of several threads at once: those of a web server; the command line and a training have one
OF_ONE_THREAD = ("cli/", "tests/", "core/training/", "core/environments/", "core/evaluation/peers/")


def rooms_that_packages_import() -> set[str]:
	"""Modules whose own package imports them, each with that package's name before it."""
	found = set()
	for path in (ROOT / "rl_replenishment").rglob("__init__.py"):
		package = ".".join(path.parent.relative_to(ROOT).parts)
		found |= {name for name in imported_at_once(path) if name.startswith(f"{package}.")}
	return found


def imported_at_once(path: Path) -> Iterator[str]:
	"""What a file imports by its full name whenever it is imported itself."""
	for node in ast.parse(path.read_text(encoding="utf-8")).body:
		if isinstance(node, ast.ImportFrom) and node.module:
			yield node.module
		elif isinstance(node, ast.Import):
			yield from (alias.name for alias in node.names)


def test_threads_do_not_wait_for_each_others_imports() -> None:
	"""A package that imports its rooms is imported before them, never by way of one of them.

	Python would lock them in the other order, and two threads that do so at once stop at a `_DeadlockError`.
	"""
	rooms = rooms_that_packages_import()
	assert "rl_replenishment.bridge.feedback.outbox" in rooms
	wrong = []
	for path in (ROOT / "rl_replenishment").rglob("*.py"):
		where = path.relative_to(ROOT / "rl_replenishment").as_posix()
		if where.startswith(OF_ONE_THREAD):
			continue
		package = ".".join(path.parent.relative_to(ROOT).parts)
		for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
			if (
				isinstance(node, ast.ImportFrom)
				and node.module in rooms
				and not node.module.startswith(package)
			):
				wrong.append(f"{where}:{node.lineno}: {node.module}")
	assert not wrong


def test_core_is_imported_by_threads_at_once() -> None:
	program = """
import importlib, sys, threading
import numpy.typing
sys.setswitchinterval(1e-6)
rooms = ("", ".items", ".policies.base", ".proposal", ".policies.store")
names = [f"rl_replenishment.core{room}" for room in rooms]
start = threading.Barrier(len(names))
def enter(name):
	start.wait()
	importlib.import_module(name)
threads = [threading.Thread(target=enter, args=(name,)) for name in names]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""
	run = subprocess.run(
		[sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
	)
	assert run.stderr == ""
