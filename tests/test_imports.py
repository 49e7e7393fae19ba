"""What may be imported where: serving stays light, and core stays free of Frappe."""

import subprocess
import sys
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
