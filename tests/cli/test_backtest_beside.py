"""What a backtest sets beside a policy on request: peers, and what was really ordered."""

from __future__ import annotations

import importlib.util
import re

import pytest
from cli_samples import Run, orders

from rl_replenishment.cli import options

#: a history long enough to train a peer on
LONG = {"long.csv": orders(days=300)}


def test_peers(run: Run) -> None:
	"""Rows as for any policy; perfect foresight is cheapest and marked as what nobody can do."""
	pytest.importorskip("lightgbm")
	arguments = ("backtest", "long.csv", "--policy", "policy", "--holdout", "60", "--peers")
	rows = {row["name"]: row for row in run(*arguments, "--json", files=LONG).document["policies"]}
	assert [row["kind"] for row in rows.values()] == ["policy", *["rule"] * 4, "peer", "peer", "bound"]
	assert {"boosted forecast", "common rule", "perfect foresight"} < rows.keys()
	assert rows["perfect foresight"]["cost"] == min(row["cost"] for row in rows.values())
	assert len({tuple(row) for row in rows.values()}) == 1
	shown = run(*arguments, files=LONG).out
	# the cheapest row is the bound, and not called the lowest cost
	assert shown.index("perfect") < shown.index("bound") < shown.index("lowest cost")
	assert len(re.findall(r"(?m)^ *peer ", shown)) == 2


def test_without_peers_nothing_changes(run: Run) -> None:
	"""The other rows are the same with and without them, intervals included."""
	pytest.importorskip("lightgbm")
	arguments = ("backtest", "long.csv", "--policy", "policy", "--holdout", "60", "--json")
	alone = run(*arguments, files=LONG).document["policies"]
	assert alone == run(*arguments, "--peers", files=LONG).document["policies"][:5]


def test_peers_without_lightgbm(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
	find = importlib.util.find_spec
	monkeypatch.setattr(options, "find_spec", lambda name: None if name == "lightgbm" else find(name))
	found = run("backtest", "o.csv", "--policy", "policy", "--peers")
	assert found.sentence == "--peers needs lightgbm, which is not installed; run: pip install lightgbm."


def test_peers_of_a_short_history(run: Run) -> None:
	"""Told before anything is tuned."""
	pytest.importorskip("lightgbm")
	found = run("backtest", "o.csv", "--policy", "policy", "--peers")
	assert "boosted forecast needs more history" in found.err
	assert found.status == 2
