"""Benchmarks measure what they say they do."""

from __future__ import annotations

import json
import subprocess
import sys
from types import ModuleType

import pytest
from cli_samples import Run

from rl_replenishment.cli.benchmarks import serving


def test_serving_stays_within_its_memory() -> None:
	"""100,000 item-warehouses in 300 MB, without torch: as a web worker has it."""
	command = [sys.executable, "-m", "rl_replenishment", "benchmark", "serving", "--json"]
	finished = subprocess.run(command, capture_output=True, text=True, check=True)
	found = json.loads(finished.stdout)
	assert found["items"] == 100_000
	assert found["torch_loaded"] is False
	# the demand alone takes 174
	assert 174 < found["peak_mib"] < 300e6 / 2**20
	assert 0 < found["ordered_lines"] < found["items"]
	assert "peak memory counts" not in finished.stderr


def test_serving_says_where_more_than_proposing_is_counted(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
	monkeypatch.setattr(serving, "ITEMS", 3000)
	for name in serving.HEAVY:
		monkeypatch.delitem(sys.modules, name, raising=False)
	alone = run("benchmark", "serving", "--json")
	monkeypatch.setitem(sys.modules, "torch", ModuleType("torch"))
	crowded = run("benchmark", "serving", "--json")
	assert "memory counts" not in alone.err
	assert "The peak memory counts torch, which" in crowded.err
	assert (alone.document["torch_loaded"], crowded.document["torch_loaded"]) == (False, True)
	assert alone.document["ordered_lines"] == crowded.document["ordered_lines"] > 0
