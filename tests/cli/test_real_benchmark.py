"""`benchmark real`: any folder of cases, rules and peers beside what was learned."""

from __future__ import annotations

import os
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_samples import CODES, START, Run, orders

from rl_replenishment.cli.benchmarks import real
from rl_replenishment.cli.benchmarks.forecast import pinball_loss
from rl_replenishment.cli.benchmarks.inputs import REAL_DATA
from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.items import ItemKey

ITEMS = "item_code,lead_time_days,unit_cost,order_cost\n" + "".join(f"{code},5,10,2\n" for code in CODES)


@pytest.fixture
def cases(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
	"""Two companies of three items, and a folder that is none."""
	monkeypatch.setattr(real, "HOLDOUT_DAYS", 28)
	for name in ("grocer", "smith"):
		(folder / "cases" / name).mkdir(parents=True)
		(folder / "cases" / name / "orders.csv").write_text(orders(days=260))
		(folder / "cases" / name / "items.csv").write_text(ITEMS)
	(folder / "cases" / "notes").mkdir()
	return folder / "cases"


@pytest.mark.usefixtures("lightgbm")
def test_rules_and_peers(run: Run, cases: Path) -> None:
	arguments = ("benchmark", "real", "--data", str(cases), "--no-train")
	document = run(*arguments, "--json").document
	assert [case["case"] for case in document["cases"]] == ["grocer", "smith"]
	assert document["mean_ratio_to_best_peer"] is None
	for case in document["cases"]:
		assert (case["items"], case["days"], case["holdout_days"]) == (3, 260, 28)
		costs = {row["name"]: row["cost"] for row in case["policies"]}
		bound = costs.pop("perfect foresight")
		assert len(costs) == 6
		assert case["learned"] is None
		assert bound < case["best_peer_cost"] == min(costs.values()) == costs[case["best_peer"]]
	shown = run(*arguments, "--case", "smith").out
	assert "smith: 3 items, 260 days, the last 28 held out" in shown
	assert "grocer" not in shown


@pytest.mark.usefixtures("lightgbm")
@pytest.mark.torch
def test_what_was_learned(run: Run, cases: Path) -> None:
	"""The training in the middle, beside the cheapest of the others."""
	pytest.importorskip("torch")
	found = run(
		*("benchmark", "real", "--data", str(cases), "--case", "smith"),
		*("--seeds", "2", "--timesteps", "2000", "--json"),
	)
	(case,) = found.document["cases"]
	learned = case["learned"]
	assert len(learned["cost_by_seed"]) == len(learned["seconds_by_seed"]) == 2
	assert learned["cost"] == max(learned["cost_by_seed"])
	assert learned["ratio_to_best_peer"] == pytest.approx(learned["cost"] / case["best_peer_cost"])
	assert found.document["mean_ratio_to_best_peer"] == learned["ratio_to_best_peer"]
	assert learned["ci95_of_ratio"][0] <= learned["ratio_to_best_peer"] <= learned["ci95_of_ratio"][1]


@pytest.mark.usefixtures("lightgbm")
@pytest.mark.torch
def test_what_was_forecast(run: Run, cases: Path) -> None:
	pytest.importorskip("torch")
	found = run("benchmark", "forecast", "--data", str(cases), "--case", "smith", "--json")
	((case),) = found.document["cases"]
	assert [row["probability"] for row in case["quantiles"]] == [0.5, 0.8, 0.95]
	for row in case["quantiles"]:
		assert 0 <= row["below"] <= row["at_or_below"] <= 1
		assert 0 <= row["below_of_boosted"] <= row["at_or_below_of_boosted"] <= 1
		assert 0 < row["pinball_loss"] < 2 * row["pinball_loss_of_boosted"]


def test_the_pinball_loss_is_least_at_the_quantile() -> None:
	demand = np.arange(1.0, 101)
	usual, weight = np.full(100, 2.0), np.ones(100)
	losses = [pinball_loss(np.full(100, each), demand, usual, weight, 0.8) for each in (70.0, 80.0, 90.0)]
	assert min(losses) == losses[1]
	# 80 of 100 lie up to 79 above their demand, 20 up to 20 below it, in halves of a unit
	assert losses[1] == pytest.approx((0.2 * sum(range(80)) + 0.8 * sum(range(1, 21))) / 200)


@pytest.mark.usefixtures("lightgbm")
def test_the_environment_names_the_folder(run: Run, cases: Path, monkeypatch: pytest.MonkeyPatch) -> None:
	monkeypatch.setenv(REAL_DATA, str(cases))
	assert run("benchmark", "real", "--case", "butcher").sentence == (
		"--case butcher: there is no such case, only grocer, smith."
	)


@pytest.mark.usefixtures("lightgbm")
def test_no_cases(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
	monkeypatch.delenv(REAL_DATA, raising=False)
	assert "which is not part of the project, and there are no cases" in run("benchmark", "real").sentence
	assert "and policy has no cases" in run("benchmark", "real", "--data", "policy").sentence


@pytest.mark.usefixtures("lightgbm")
def test_a_history_that_is_too_short(run: Run, cases: Path, monkeypatch: pytest.MonkeyPatch) -> None:
	monkeypatch.setattr(real, "HOLDOUT_DAYS", 260)
	found = run("benchmark", "real", "--data", str(cases), "--no-train")
	assert found.status == 2
	assert "spans 260 days, and this benchmark holds out the last 260; give a longer history." in found.err


def test_long_lead_times_hold_out_more(cases: Path) -> None:
	(cases / "smith" / "items.csv").write_text(ITEMS.replace(",5,", ",30,"))
	files = (cases / "smith" / "orders.csv", cases / "smith" / "items.csv")
	assert real.read_case("smith", *files, weekly=False).held == 75
	assert real.read_case("smith", *files, weekly=True).held == 77


def test_weeks_are_whole_and_fall_on_mondays() -> None:
	"""From the first Monday (10 days in) on; the last three days are no week."""
	demand = np.arange(40, dtype=np.float32)[:, None]
	history = DemandHistory((ItemKey("a"),), START + np.timedelta64(4, "D"), demand)
	found = real.weekly_totals(history)
	assert found.start == START + np.timedelta64(7, "D")
	assert found.days == 35
	totals = [sum(range(first, first + 7)) for first in range(3, 38, 7)]
	assert found.demand[::7, 0].tolist() == totals
	assert found.demand.sum() == sum(totals)


ROOT = Path(__file__).parent.parent.parent
PAGE: dict[str, Any] = runpy.run_path(str(ROOT / "benchmarks" / "plot_real.py"))


def test_the_page_has_the_measured_figures() -> None:
	text = PAGE["PAGE"].read_text(encoding="utf-8")
	assert PAGE["with_tables"](text) == text


def test_every_policy_measured_is_on_the_page() -> None:
	for name in PAGE["RESULTS"]:
		for case in PAGE["result"](name)["cases"]:
			assert {row["name"] for row in case["policies"]} == set(PAGE["POLICIES"])


@pytest.mark.slow
def test_the_peers_on_recorded_demand() -> None:
	"""Where the data are at hand, the fast peer and the bound cost what the results say."""
	folder = os.environ.get(REAL_DATA)
	if not folder:
		pytest.skip(f"{REAL_DATA} names no folder of recorded demand")
	from rl_replenishment.core.evaluation.peers.common_rule import tune_common_rule
	from rl_replenishment.core.evaluation.peers.perfect_foresight import PerfectForesight
	from rl_replenishment.core.simulation.rollout import run_blind
	from rl_replenishment.core.simulation.scenario import replay

	for measured in PAGE["result"]("real")["cases"]:
		files = Path(folder) / measured["case"]
		case = real.read_case(measured["case"], files / "orders.csv", files / "items.csv", weekly=False)
		scenario = replay(
			case.items, case.history, days=case.held, review_days=7, rng=np.random.default_rng(0)
		)
		common = tune_common_rule(
			case.history, case.held, case.items, review_days=7, unmet_demand="lost", seed=0
		)
		costs = {row["name"]: row["cost"] for row in measured["policies"]}
		assert run_blind(common, scenario).cost.sum() == pytest.approx(costs["common rule"], rel=1e-4)
		bound = PerfectForesight().books(scenario).cost.sum()
		assert bound == pytest.approx(costs["perfect foresight"], rel=1e-4)
