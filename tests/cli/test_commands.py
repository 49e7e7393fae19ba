"""The command line's promises: one JSON document, exit status 2 with one sentence, nothing half-written."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from rl_replenishment.cli import main

STEPS = ("--timesteps", "16384")


@pytest.fixture(scope="module")
def orders(tmp_path_factory: pytest.TempPathFactory) -> Path:
	"""Three items over 200 days."""
	rng = np.random.default_rng(0)
	days = np.datetime64("2024-01-01") + np.arange(200)
	rows = [
		f"{item},{day},{quantity}"
		for item, rate in (("A", 1), ("B", 4), ("C", 0.3))
		for day, quantity in zip(days, rng.poisson(rate, len(days)), strict=True)
	]
	path = tmp_path_factory.mktemp("files") / "ORDERS.csv"
	path.write_text("item_code,date,qty\n" + "\n".join(rows) + "\n")
	return path


@pytest.fixture(scope="module")
def policy(orders: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
	"""A policy trained for a moment."""
	pytest.importorskip("stable_baselines3")
	out = tmp_path_factory.mktemp("policies") / "policy"
	assert main(["train", str(orders), "--out", str(out), "--holdout", "50", *STEPS]) == 0
	return out


def run_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict:
	"""Run a command with --json; standard output must be one document and nothing else."""
	assert main([*arguments, "--json"]) == 0
	return json.loads(capsys.readouterr().out)


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
	"""Run a command that must exit with 2 and one sentence."""
	assert main(list(arguments)) == 2
	lines = capsys.readouterr().err.strip().splitlines()
	assert "Traceback" not in " ".join(lines)
	return lines[-1]


@pytest.mark.torch
def test_backtest_has_the_contracts_columns(
	orders: Path, policy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
	found = run_json(capsys, "backtest", str(orders), "--policy", str(policy))
	assert found["holdout_days"] == 50
	names = {
		"name",
		"cost",
		"fill_rate",
		"stockout_days",
		"average_inventory",
		"orders",
		"cost_vs_best_baseline",
	}
	assert all(names | {"ci95"} <= set(row) for row in found["policies"])
	assert found["policies"][0]["name"] == "learned policy"
	assert min(row["cost_vs_best_baseline"] for row in found["policies"][1:]) == 0


@pytest.mark.torch
def test_the_report_is_written_whole(
	orders: Path, policy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
	report = tmp_path / "report.html"
	run_json(capsys, "backtest", str(orders), "--policy", str(policy), "--report", str(report))
	assert report.read_text().rstrip().endswith("</html>")
	assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


@pytest.mark.torch
def test_proposals_order_what_is_short_and_say_why(
	policy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
	stock = tmp_path / "STOCK.csv"
	stock.write_text("item_code,on_hand\nA,500\nB,0\n")
	found = run_json(capsys, "propose", str(stock), "--policy", str(policy))
	by_item = {row["item_code"]: row for row in found["proposals"]}
	assert by_item["A"]["proposed_qty"] == 0
	assert by_item["B"]["proposed_qty"] > 0
	assert "0 on hand" in by_item["B"]["reason"]
	assert {"warehouse", "baseline_qty"} <= set(by_item["B"])


@pytest.mark.torch
def test_proposals_leave_alone_what_was_ordered_for_a_promotion(
	orders: Path, policy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
	"""Stock that the buyer ordered on top for demand to come counts only where no reason says so."""
	stock, feedback = tmp_path / "STOCK.csv", tmp_path / "FEEDBACK.csv"
	stock.write_text("item_code,on_hand\nA,0\nB,10060\n")
	asked = ("propose", str(stock), "--policy", str(policy), "--orders", str(orders))
	end = np.datetime64(run_json(capsys, *asked)["today"])

	def proposed(reason: str, item: str = "B", date: str = str(end - np.timedelta64(3, "D"))) -> dict:
		feedback.write_text(
			f"item_code,proposed_qty,ordered_qty,date,reason\n{item},40,10040,{date},{reason}\n"
		)
		found = run_json(capsys, *asked, "--feedback", str(feedback))
		return {row["item_code"]: row for row in found["proposals"]}["B"]

	kept = proposed("promotion")
	assert kept["why"]["set_aside"] == 10000
	assert "10000 of it kept for announced demand, which leaves 60;" in kept["reason"]
	for answer in (proposed("distrust"), proposed("promotion", item="A"), proposed("promotion", item="Z")):
		assert answer["why"]["set_aside"] == 0
		assert answer["proposed_qty"] == 0
	assert proposed("promotion", date="")["why"]["set_aside"] == 0


def test_announced_demand_needs_the_orders(
	policy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
	stock = tmp_path / "STOCK.csv"
	stock.write_text("item_code,on_hand\nA,0\n")
	sentence = refusal(capsys, "propose", str(stock), "--policy", str(policy), "--feedback", str(stock))
	assert "--feedback needs --orders" in sentence


@pytest.mark.torch
def test_learning_writes_a_policy_of_its_own(
	orders: Path, policy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
	feedback = tmp_path / "FEEDBACK.csv"
	feedback.write_text("item_code,proposed_qty,ordered_qty,date\nB,40,60,2024-05-06\nB,40,60,2024-05-13\n")
	out = tmp_path / "child"
	found = run_json(
		capsys,
		"learn",
		str(feedback),
		"--policy",
		str(policy),
		"--orders",
		str(orders),
		"--out",
		str(out),
		*STEPS,
	)
	assert found["feedback_rows"] == 2
	assert (out / "manifest.json").is_file()
	assert run_json(capsys, "backtest", str(orders), "--policy", str(out))["policies"]


@pytest.mark.torch
def test_the_same_seed_and_steps_give_the_same_files(orders: Path, policy: Path, tmp_path: Path) -> None:
	again = tmp_path / "again"
	assert main(["train", str(orders), "--out", str(again), "--holdout", "50", *STEPS]) == 0
	for name in ("manifest.json", "policy.safetensors"):
		assert (again / name).read_bytes() == (policy / name).read_bytes()


@pytest.mark.torch
def test_a_checkpoint_does_not_outlive_its_policy(
	orders: Path, policy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
	"""`train` replaces it, `learn` removes it: resuming must not go on with something else."""
	out, few = tmp_path / "policy", ("--holdout", "50", "--timesteps", "1")
	shutil.copytree(policy, out)
	checkpoint = out / "checkpoint" / "checkpoint.safetensors"
	before = checkpoint.read_bytes()
	assert main(["train", str(orders), "--out", str(out), *few]) == 0
	assert checkpoint.read_bytes() != before
	feedback = tmp_path / "FEEDBACK.csv"
	feedback.write_text("item_code,proposed_qty,ordered_qty,date\nB,40,60,2024-05-06\n")
	learn = ["learn", str(feedback), "--policy", str(out), "--orders", str(orders), "--out", str(out)]
	assert main([*learn, "--timesteps", "1"]) == 0
	assert {path.name for path in out.iterdir()} == {"manifest.json", "policy.safetensors"}
	said = refusal(capsys, "train", str(orders), "--out", str(out), "--resume", *few)
	assert "There is no training to resume" in said


@pytest.mark.torch
@pytest.mark.parametrize(
	("content", "said"),
	[
		("", "empty"),
		("item_code,date\nA,2024-01-01\n", "qty"),
		("item_code,date,qty\nA,2024-01-01,many\n", "many"),
		("item_code,date,qty\nA,2024-01-01,1\n", "days"),
		("item_code,date,qty\nA,01/02/2024,1\nA,03/04/2024,1\n", "--date-format"),
		("item_code,date,qty\n" + "".join(f"A,2024-0{m}-01,0\n" for m in range(1, 10)), "no demand"),
	],
)
def test_orders_that_nothing_can_be_learned_from(
	content: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
	"""One sentence that says what is wrong, and no folder."""
	orders = tmp_path / "ORDERS.csv"
	orders.write_text(content)
	assert said in refusal(capsys, "train", str(orders), "--out", str(tmp_path / "policy"), *STEPS)
	assert [path.name for path in tmp_path.iterdir()] == ["ORDERS.csv"]


def test_a_folder_that_is_no_policy(orders: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
	assert "policy" in refusal(capsys, "backtest", str(orders), "--policy", str(tmp_path))


@pytest.mark.torch
def test_a_folder_of_somebody_else_is_left_alone(
	orders: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
	(tmp_path / "letters").mkdir()
	(tmp_path / "letters" / "dear.txt").write_text("Dear")
	assert "letters" in refusal(capsys, "train", str(orders), "--out", str(tmp_path / "letters"), *STEPS)
	assert (tmp_path / "letters" / "dear.txt").read_text() == "Dear"


@pytest.mark.parametrize(
	"options", [["--seconds", "0"], ["--seconds", "nan"], ["--holdout", "-5"], ["--timesteps", "1.5"]]
)
def test_options_out_of_range(
	orders: Path, tmp_path: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
	"""The sentence names the option and the value."""
	said = refusal(capsys, "train", str(orders), "--out", str(tmp_path / "policy"), *options)
	assert options[0] in said
	assert options[1] in said
	assert not (tmp_path / "policy").exists()
