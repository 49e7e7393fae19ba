"""Benchmarks measure what they say they do."""

from __future__ import annotations

import json
import subprocess
import sys
from types import ModuleType

import pytest
from cli_samples import Run

from rl_replenishment.cli.benchmarks import buyers, fixed_cost, known_events, lost_sales, serving, sizes


def test_serving_stays_within_its_memory() -> None:
	"""100,000 item-warehouses in 230 MiB, without torch: as a web worker has it.

	Beyond what Python and its libraries take, which is another figure with each version.
	"""
	command = [sys.executable, "-m", "rl_replenishment", "benchmark", "serving", "--json"]
	finished = subprocess.run(command, capture_output=True, text=True, check=True)
	found = json.loads(finished.stdout)
	assert found["items"] == 100_000
	assert found["torch_loaded"] is False
	# the demand alone takes 174
	assert 174 < found["peak_mib"] - found["before_mib"] < 230
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


@pytest.mark.torch
def test_lost_sales_beside_the_optimum(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
	"""No policy is below the optimum, and what was learned is no dearer than what it started from."""
	pytest.importorskip("torch")
	monkeypatch.setattr(lost_sales, "PENALTIES", (9,))
	found = run("benchmark", "lost-sales", "--lead-times", "2", "--seeds", "2", "--seconds", "3", "--json")
	(row,) = found.document["instances"]
	assert row["optimal_cost"] == pytest.approx(6.094, abs=1e-3)
	assert row["optimal_cost"] < row["cost"] <= row["capped_base_stock_cost"]
	assert row["gap_percent"] == pytest.approx(100 * (row["cost"] / row["optimal_cost"] - 1))
	assert len(row["cost_by_seed"]) == 2
	assert found.document["mean_gap_percent"] == found.document["largest_gap_percent"] == row["gap_percent"]
	assert found.document["mean_gap_to_published_percent"] is None


@pytest.mark.torch
def test_fixed_cost_beside_the_optimum(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
	"""A short training already takes most of the way from the rule of thumb to the optimal levels."""
	pytest.importorskip("torch")
	monkeypatch.setattr(fixed_cost, "PENALTIES", (4.0,))
	monkeypatch.setattr(fixed_cost, "ORDER_COSTS", (64.0,))
	arguments = ("--lead-times", "0", "--seeds", "1", "--timesteps", "800000", "--json")
	found = run("benchmark", "fixed-cost", *arguments)
	(row,) = found.document["instances"]
	assert row["optimal_levels"] == [-1, 25]
	assert row["gap_percent"] < row["start_gap_percent"] / 2


@pytest.mark.torch
def test_buyers_of_several_kinds(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
	"""A rubber stamp teaches nothing, who cuts a supplier's items is met more than half of the way, and the
	reward with the sign error starves the shelf."""
	pytest.importorskip("torch")
	monkeypatch.setattr(buyers, "ITEMS", 10)
	monkeypatch.setattr(buyers, "QUARTERS", 2)
	chosen = ("supplier cut by a fifth", "rubber stamp", "overbuying")
	every = buyers.kinds
	monkeypatch.setattr(buyers, "kinds", lambda *of: [kind for kind in every(*of) if kind.name in chosen])
	found = run("benchmark", "buyers", "--seeds", "1", "--seconds", "0.5", "--json")
	rows = {(row["buyer"], row["arm"]): row for row in found.document["buyers"]}
	# two that are trained too; nobody here goes line by line
	assert len(rows) == 2 * (len(buyers.ARMS) - 1) + 2
	assert rows["rubber stamp", "lessons"]["cost_vs_no_learning_percent"] == 0
	cut, usual = (rows["supplier cut by a fifth", arm]["distance"] for arm in ("lessons", "no learning"))
	assert cut < usual / 2
	assert rows["rubber stamp", "no learning"]["acceptance"] == 1
	assert rows["overbuying", "no learning"]["acceptance"] < 0.2
	for (buyer, arm), row in rows.items():
		if arm == "no learning":
			assert row["cost_vs_no_learning_percent"] == 0, buyer
		if arm == "original reward":
			assert row["cost_vs_no_learning_percent"] > 5, buyer


@pytest.mark.torch
def test_known_events_save_and_nonsense_costs_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
	pytest.importorskip("torch")
	from rl_replenishment.core.training import forecasting, portfolio

	small = forecasting.ForecastSettings(members=1, hidden=8, updates=20)
	monkeypatch.setattr(
		portfolio, "fit_forecast", lambda samples, seed: forecasting.fit_forecast(samples, seed, small)
	)
	monkeypatch.setattr(known_events, "ITEMS", 12)
	monkeypatch.setattr(known_events, "DAYS", 700)
	found = run("benchmark", "known-events", "--seeds", "2", "--json").document
	true, random = found["rows"]
	assert (true["told"], random["told"]) == ("events", "events on random days")
	assert len(true["cost_vs_no_events_percent_by_company"]) == found["companies"] == 2
	low, high = true["ci95_percent"]
	assert low <= true["cost_vs_no_events_percent"] <= high
	assert true["cost_vs_no_events_percent"] < -2
	assert abs(random["cost_vs_no_events_percent"]) < 2


@pytest.mark.torch
def test_sizes_say_what_training_takes(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
	pytest.importorskip("torch")
	monkeypatch.setattr(sizes, "SIZES", ((3, 150, False), (4, 203, True)))
	found = run("benchmark", "sizes", "--seconds", "0.2", "--json").document
	assert [(row["items"], row["days"], row["weekly"]) for row in found["sizes"]] == [
		(3, 150, False),
		(4, 203, True),
	]
	for row in found["sizes"]:
		assert 0 < row["seconds_before"] <= row["seconds"]
		assert row["before_mib"] < row["peak_mib"]
