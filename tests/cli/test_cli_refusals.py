"""Bad input: status 2, one sentence that names what is wrong, nothing written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cli_samples import STOCK, Run, orders

TRAIN = ("train", "o.csv", "--out", "new")
BACKTEST = ("backtest", "o.csv", "--policy", "policy")
PROPOSE = ("propose", "s.csv", "--policy", "policy")
LEARN = ("learn", "f.csv", "--policy", "policy", "--orders", "o.csv", "--out", "new")


@pytest.mark.parametrize(
	("arguments", "says"),
	[
		((), "required: COMMAND; see rl-replenishment --help"),
		(("fly",), "'fly'"),
		(("train", "o.csv"), "--out; see rl-replenishment train --help"),
		((*TRAIN, "--seconds", "0"), "--seconds: '0' is not a number above 0"),
		((*TRAIN, "--seconds", "nan"), "--seconds: 'nan'"),
		((*TRAIN, "--seconds", "-1"), "--seconds: '-1'"),
		((*TRAIN, "--seconds", "1e999"), "--seconds: '1e999'"),
		((*TRAIN, "--timesteps", "1e3"), "--timesteps: '1e3' is not a whole number above 0"),
		((*TRAIN, "--seed", "-1"), "--seed: '-1' is not a whole number from 0 to 2147483647"),
		((*TRAIN, "--seed", str(2**32)), "--seed"),
		((*TRAIN, "--holdout", "-5"), "--holdout: '-5'"),
		((*TRAIN, "--holdout", "120"), "the history spans 120 days"),
		((*TRAIN, "--holdout", "100"), "spans 20 days, but at least 28 are needed"),
		((*TRAIN, "--review-days", "0"), "--review-days: '0'"),
		((*TRAIN, "--review-days", "30"), "at least 120 are needed"),
		((*TRAIN, "--unmet-demand", "sulks"), "--unmet-demand"),
		((*TRAIN, "--unit-cost", "-1"), "--unit-cost: '-1' is not a number of 0 or more"),
		((*TRAIN, "--lead-time-days", "400"), "--lead-time-days: 400 is above 365"),
		((*TRAIN, "--date-format", "%d"), "does not tell day, month and year"),
		((*TRAIN, "--date-format", "%d/%m/%Y"), "o.csv, row 2, column date"),
		((*TRAIN, "--items", "none.csv"), "none.csv does not exist"),
		((*TRAIN, "--tensorboard", "o.csv"), "--tensorboard"),
		((*TRAIN, "--see", "3"), "--see 3"),
		(("train", "none.csv", "--out", "new"), "none.csv does not exist"),
		(("train", ".", "--out", "new"), ". is a folder"),
		((*BACKTEST, "--holdout", "0"), "--holdout: '0'"),
		((*BACKTEST, "--holdout", "500"), "the history spans 120 days"),
		((*BACKTEST, "--report", "none/r.html"), "create it first"),
		((*BACKTEST, "--report", "policy"), "policy is a folder; name a file"),
		(("backtest", "o.csv", "--policy", "none"), "none is not a policy folder"),
		(("backtest", "o.csv", "--policy", "o.csv"), "o.csv is not a policy folder"),
		((*PROPOSE, "--today", "tomorrow"), "--today 'tomorrow' is not a date"),
		((*PROPOSE, "--today", "NaT"), "--today 'NaT' is not a date"),
		((*PROPOSE, "--today", ""), "--today '' is not a date"),
		((*PROPOSE, "--today", "2024"), "--today '2024' is not a date"),
		((*PROPOSE, "--today", "1066-10-14"), "--today '1066-10-14' is not a date"),
		((*PROPOSE, "--lead-time-days", "400"), "--lead-time-days: 400 is above 365"),
		(("propose", "o.csv", "--policy", "policy"), "o.csv has no column on_hand"),
		((*LEARN, "--timesteps", "0"), "--timesteps: '0'"),
		(("benchmark", "history", "--orders", "o.csv"), "spans 120 days"),
		(("benchmark", "stock-multi-product", "--orders", "o.csv", "--seeds", "0"), "--seeds: '0'"),
	],
	ids=lambda value: " ".join(value) or "nothing" if isinstance(value, tuple) else "",
)
def test_options(run: Run, arguments: tuple[str, ...], says: str) -> None:
	assert says in run(*arguments).sentence


@pytest.mark.parametrize(
	("text", "says"),
	[
		("", "p.csv is empty"),
		("item_code,date,qty\n", "p.csv has a header but no rows"),
		("item_code,date,qty\nApple,2024-01-01,5\n", "at least 28 are needed"),
		(orders(sold=lambda item, day: 0), "no demand at all"),
		(orders(sold=lambda item, day: "nan"), "p.csv, row 2, column qty: the cell is empty"),
		(orders(sold=lambda item, day: "ten"), 'p.csv, row 2, column qty: "ten" is not a number'),
		(orders(sold=lambda item, day: "1e13"), "p.csv, row 2, column qty"),
		("item_code,date,qty\nApple,01/02/2024,5\n", "add --date-format %d/%m/%Y or --date-format %m/%d/%Y"),
		("item_code,date\nApple,2024-01-01\n", "p.csv has no column qty"),
	],
)
def test_orders(run: Run, text: str, says: str) -> None:
	assert says in run("train", "p.csv", "--out", "new", files={"p.csv": text}).sentence


@pytest.mark.torch
@pytest.mark.parametrize(
	("text", "says"),
	[
		(orders(), "The order history has no item 1; this benchmark needs those of Northwind"),
		(orders("12"), "no item 3"),
		(orders("123"), "no demand for item 1 from 1996-07-04 to 1998-05-05"),
		(orders("123", start=np.datetime64("1998-05-06")), "no demand for item 1"),
		(
			orders("123", start=np.datetime64("1997-01-01"), sold=lambda item, day: 1 - item % 2),
			"no demand for item 2",
		),
	],
)
def test_orders_that_are_not_northwinds(run: Run, text: str, says: str) -> None:
	pytest.importorskip("stable_baselines3")
	outcome = run("benchmark", "stock-multi-product", "--orders", "p.csv", files={"p.csv": text})
	assert says in outcome.sentence


@pytest.mark.parametrize(
	("text", "says"),
	[
		("item_code,on_hand\n", "t.csv has a header but no rows"),
		("item_code,on_hand\nApple,\n", "t.csv, row 2, column on_hand"),
		("item_code,on_hand,on_order\nApple,1,-3\n", "t.csv, row 2, column on_order"),
		(STOCK.replace("2024-05-02", "2034-05-02"), "t.csv, row 2, column expected_date"),
		("item_code,warehouse,on_hand\nApple,A,1\nApple,B,1\n", "add a warehouse column to the orders"),
		(
			"item_code,on_hand\nApple,1\nAPPLE,1\n",
			"t.csv, row 3, column on_hand: 1 is the stock of Apple in row 2 as well",
		),
	],
)
def test_stock(run: Run, text: str, says: str) -> None:
	assert says in run("propose", "t.csv", "--policy", "policy", files={"t.csv": text}).sentence


@pytest.mark.parametrize(
	("row", "says"),
	[
		("Ham,1,2,,", "g.csv, row 3: item Ham is not in the order history"),
		("Apple,-1,2,,", "g.csv, row 3, column proposed_qty"),
		("Apple,1,,,", "g.csv, row 3, column ordered_qty"),
		("Apple,1,2,1999-12-31,A", "g.csv, row 3: 1999-12-31 is before the order history begins"),
		("Apple,1,2,01/02/2024,", "g.csv, row 3, column date"),
		("Apple,1,2,,B", "g.csv, row 3: Apple @ B and Apple @ A are one item"),
	],
)
def test_feedback(run: Run, row: str, says: str) -> None:
	text = f"item_code,proposed_qty,ordered_qty,date,warehouse\nApple,1,2,,A\n{row}\n"
	outcome = run("learn", "g.csv", *LEARN[2:], files={"g.csv": text})
	assert says in outcome.sentence


def test_feedback_names_its_warehouse_where_orders_have_several(run: Run) -> None:
	outcome = run(
		*("learn", "f.csv", "--policy", "policy", "--orders", "p.csv", "--out", "new"),
		files={"p.csv": orders(warehouses=("A", "B"))},
	)
	assert "f.csv, row 2: Apple could be any of Apple @ A, Apple @ B" in outcome.sentence


def test_orders_that_the_policy_saw_whole_leave_no_test(run: Run) -> None:
	outcome = run("backtest", "p.csv", "--policy", "policy", files={"p.csv": orders(days=80)})
	assert "trained on all of the days in p.csv" in outcome.sentence


@pytest.mark.parametrize("command", ["backtest", "learn"])
def test_orders_from_after_the_training(run: Run, command: str) -> None:
	files = {"p.csv": orders(start=np.datetime64("2030-01-01"))}
	if command == "backtest":
		outcome = run("backtest", "p.csv", "--policy", "policy", files=files)
	else:
		outcome = run(
			"learn", "f.csv", "--policy", "policy", "--orders", "p.csv", "--out", "new", files=files
		)
	assert "p.csv starts on 2030-01-01, after the policy's training ended" in outcome.sentence


@pytest.mark.torch
@pytest.mark.parametrize(
	("out", "says"),
	[
		("o.csv", "o.csv is a file; name a folder"),
		("none/new", "create it first"),
		(".", "current folder"),
		("mine", "mine holds other files and no manifest.json"),
		("x" * 300, "cannot be written"),
	],
)
def test_places(run: Run, folder: Path, out: str, says: str) -> None:
	pytest.importorskip("stable_baselines3")
	(folder / "mine").mkdir()
	(folder / "mine" / "letter.txt").write_text("mine")
	assert says in run("train", "o.csv", "--out", out).sentence
	assert says.replace("manifest.json", "report.html") in run("demo", "--out", out).sentence


@pytest.mark.torch
def test_nothing_to_resume(run: Run) -> None:
	pytest.importorskip("stable_baselines3")
	assert "There is no training to resume" in run(*TRAIN, "--resume").sentence


def test_a_damaged_policy(run: Run, folder: Path) -> None:
	weights = folder / "policy" / "policy.safetensors"
	weights.write_bytes(weights.read_bytes()[:-1])
	assert "policy.safetensors is damaged" in run(*BACKTEST).sentence


def test_control_characters_of_a_file_reach_no_terminal(run: Run) -> None:
	files = {"g.csv": 'item_code,proposed_qty,ordered_qty\n"Ham\n\x1b[31m",1,2\n'}
	outcome = run("learn", "g.csv", *LEARN[2:], files=files)
	assert "\x1b" not in outcome.sentence


def test_notes_are_kept_back_where_the_input_is_refused(run: Run) -> None:
	"""One sentence, not the last of several."""
	assert "is empty" in run("propose", "t.csv", "--policy", "policy", files={"t.csv": ""}).sentence
