"""EVENTS on the command line: learned, kept, counted in, told, and refused where it is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from cli_samples import START, Run, stored_policy, write_policy

from rl_replenishment.core.demand.known_events.effects import Effect
from rl_replenishment.core.demand.known_events.event import EVENTS, Event
from rl_replenishment.core.demand.known_events.stored import events_as_json
from rl_replenishment.core.policies.archive import pack, unpack
from rl_replenishment.core.policies.store import parse_policy, policy_files

#: the day after the last one that the policy has seen
TODAY = "2024-03-31"
FAIR = Effect("Fair", False, 4, 1.0, 1.0, float(np.log(3)))
HEADER = "event,from,to,item_code,discount\n"


@pytest.fixture
def trained_with(folder: Path) -> Callable[..., None]:
	"""Gives the folder a policy that knows what a fair does, and of these fairs."""

	def give(*events: Event) -> None:
		stored = stored_policy()
		stored.about[EVENTS] = events_as_json([FAIR], events)
		write_policy(folder / "aware", stored)

	return give


def fair(first: str, *items: str) -> Event:
	day = np.datetime64(first, "D")
	return Event("Fair", day, day, items)


def proposed(run: Run, *more: str, files: dict[str, str] | None = None) -> dict[str, tuple[float, str]]:
	arguments = ("propose", "s.csv", "--policy", "aware", "--today", TODAY, "--json", *more)
	found = run(*arguments, files=files).document["proposals"]
	return {each["item_code"]: (each["why"]["demand_middle"], each["reason"]) for each in found}


def test_what_the_policy_knows_of_the_days_ahead_raises_demand(
	run: Run, trained_with: Callable[..., None]
) -> None:
	trained_with(fair("2024-04-02", "Apple"), fair("2024-08-01"))
	with_fair = proposed(run)
	without = proposed(run, "--events", "e.csv", files={"e.csv": HEADER + "Fair,2024-06-01,,,\n"})
	# 2 days of lead time and 7 to the next review, of which one is three times the usual
	assert with_fair["Apple"][0] == pytest.approx(without["Apple"][0] * 11 / 9, rel=1e-3)
	assert with_fair["Apple"][1].endswith(
		"Fair on 2024-04-02: demand 200 % above the usual, going by the 4 before."
	)
	assert "Fair" not in without["Apple"][1]
	assert with_fair["Bread"] == without["Bread"]


def test_newer_events_take_the_place_of_those_it_was_trained_with(
	run: Run, trained_with: Callable[..., None]
) -> None:
	trained_with(fair("2024-04-02", "Apple"))
	found = proposed(run, "--events", "e.csv", files={"e.csv": HEADER + "fair,2024-04-03,,bread,\n"})
	assert ["Fair" in reason or "fair" in reason for _, reason in found.values()] == [False, False, False]
	found = proposed(run, "--events", "e.csv", files={"e.csv": HEADER + "Fair,2024-04-03,,bread,\n"})
	assert [code for code, (_, reason) in found.items() if "Fair on 2024-04-03" in reason] == ["Bread"]


def test_a_fair_among_the_latest_orders_leaves_the_level_alone(
	run: Run, trained_with: Callable[..., None]
) -> None:
	lines = ["item_code,date,qty"]
	for day in range(90):
		date = START + np.timedelta64(day, "D")
		lines.append(f"Apple,{date},{30 if day == 80 else 10}")
	files = {
		"o2.csv": "\n".join(lines) + "\n",
		"e.csv": HEADER + f"Fair,{START + np.timedelta64(80, 'D')},,,\n",
	}
	trained_with()
	known = proposed(run, "--orders", "o2.csv", "--events", "e.csv", files=files)
	unknown = proposed(run, "--orders", "o2.csv")
	assert known["Apple"][0] == pytest.approx(90, rel=1e-3)
	assert unknown["Apple"][0] > 91


def test_a_policy_that_was_trained_without_events_says_so(run: Run) -> None:
	files = {"e.csv": HEADER + "Fair,2024-04-03,,,\n"}
	arguments = ("propose", "s.csv", "--policy", "policy", "--today", TODAY, "--json")
	plain = run(*arguments)
	told = run(*arguments, "--events", "e.csv", files=files)
	assert told.document["proposals"] == plain.document["proposals"]
	assert "The policy has learned nothing of events, so those of e.csv change nothing" in told.err


@pytest.mark.parametrize(
	"arguments",
	[
		("train", "o.csv", "--out", "new"),
		("backtest", "o.csv", "--policy", "policy"),
		("propose", "s.csv", "--policy", "policy"),
		("learn", "f.csv", "--policy", "policy", "--orders", "o.csv", "--out", "new"),
		("service-curve", "o.csv", "--policy", "policy"),
	],
	ids=lambda arguments: arguments[0],
)
def test_what_is_wrong_is_refused_everywhere(run: Run, arguments: tuple[str, ...]) -> None:
	(Path("e.csv")).write_text(HEADER + "Fair,2024-04-03,2024-04-01,,\n")
	says = "e.csv, row 2, column to: 2024-04-01 is before the first day, 2024-04-03"
	assert says in run(*arguments, "--events", "e.csv").sentence


@pytest.mark.torch
def test_training_learns_keeps_and_tells(run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
	pytest.importorskip("torch")
	from rl_replenishment.core.training import forecasting, portfolio

	small = forecasting.ForecastSettings(members=1, hidden=8, updates=20)
	monkeypatch.setattr(
		portfolio, "fit_forecast", lambda samples, seed: forecasting.fit_forecast(samples, seed, small)
	)
	rng = np.random.default_rng(0)
	lines = ["item_code,date,qty"]
	fairs = range(20, 400, 30)
	for day in range(400):
		for code, level in (("Apple", 9), ("Bread", 15), ("Cheese", 6)):
			asked = rng.poisson(level * (3 if day in fairs else 1))
			lines.append(f"{code},{START + day},{asked}")
	events = HEADER + "".join(f"Fair,{START + day},,,\n" for day in (*fairs, 410)) + "Gala,2030-01-01,,,\n"
	files = {"o3.csv": "\n".join(lines) + "\n", "e.csv": events}
	train = ("train", "o3.csv", "--timesteps", "2000", "--holdout", "60", "--json")
	found = run(*train, "--out", "new", "--events", "e.csv", files=files)
	(effect,) = found.document["events"]
	assert (effect["kind"], effect["seen"]) == ("Fair", sum(day < 340 for day in fairs))
	assert effect["lift"] == pytest.approx(3, rel=0.1)
	assert "Fair, seen 11 times: demand is " in found.err
	assert "so it changes nothing: Gala." in found.err
	again = json.loads((folder / "new" / "manifest.json").read_text())["about"][EVENTS]
	assert [each["kind"] for each in again["effects"]] == ["Fair"]
	assert len(again["events"]) == len(fairs) + 2
	backtest = run("backtest", "o3.csv", "--policy", "new", "--json").document["policies"]
	plain = run(
		"backtest",
		"o3.csv",
		"--policy",
		"new",
		"--events",
		"n.csv",
		"--json",
		files={"n.csv": HEADER + "Gala,2030-01-01,,,\n"},
	).document["policies"]
	assert sum(row["cost"] for row in backtest) < sum(row["cost"] for row in plain)


def test_a_policy_file_carries_them(run: Run, folder: Path, trained_with: Callable[..., None]) -> None:
	trained_with(fair("2024-04-02"))
	contents = {path.name: path.read_bytes() for path in (folder / "aware").iterdir()}
	stored = parse_policy(unpack(pack(contents), "the file"), "the file")
	assert stored.about[EVENTS]["effects"][0]["kind"] == "Fair"
	assert policy_files(stored) == contents
