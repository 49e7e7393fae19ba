"""What a backtest sets beside a policy on request: peers, and what was really ordered."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_samples import CODES, START, Outcome, Run, orders

from rl_replenishment.cli import options

#: a history long enough to train a peer on
LONG = {"long.csv": orders(days=300)}


@pytest.mark.usefixtures("lightgbm")
def test_peers(run: Run) -> None:
	"""Rows as for any policy; perfect foresight is cheapest and marked as what nobody can do."""
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


@pytest.mark.usefixtures("lightgbm")
def test_without_peers_nothing_changes(run: Run) -> None:
	"""The other rows are the same with and without them, intervals included."""
	arguments = ("backtest", "long.csv", "--policy", "policy", "--holdout", "60", "--json")
	alone = run(*arguments, files=LONG).document["policies"]
	assert alone == run(*arguments, "--peers", files=LONG).document["policies"][:5]


def test_peers_without_lightgbm(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
	find = importlib.util.find_spec
	monkeypatch.setattr(options, "find_spec", lambda name: None if name == "lightgbm" else find(name))
	found = run("backtest", "o.csv", "--policy", "policy", "--peers")
	assert found.sentence == "--peers needs lightgbm, which is not installed; run: pip install lightgbm."


@pytest.mark.usefixtures("lightgbm")
def test_peers_of_a_short_history(run: Run) -> None:
	"""Told before anything is tuned."""
	found = run("backtest", "o.csv", "--policy", "policy", "--peers")
	assert "boosted forecast needs more history" in found.err
	assert found.status == 2


#: Apple and Bread were bought every week, in time and more than enough
ORDERED = "item_code,date,qty,received_date\n" + "".join(
	f"{code},{START + np.timedelta64(7 * week, 'D')},16,{START + np.timedelta64(7 * week + 3, 'D')}\n"
	for week in range(17)
	for code in CODES[:2]
)
#: replays 2024-03-31 to 2024-04-29
BESIDE = ("backtest", "o.csv", "--policy", "policy", "--ordered", "b.csv")


def rows_of(found: Outcome) -> dict[str, dict[str, Any]]:
	return {row["name"]: row for row in found.document["policies"]}


def test_what_was_really_ordered(run: Run) -> None:
	"""Compared on the items it knows, as the first thing said."""
	found = run(*BESIDE, "--json", files={"b.csv": ORDERED})
	row = rows_of(found)["as ordered"]
	assert row["kind"] == "as ordered"
	# Mondays 1 to 22 April, of both items
	assert row["orders"] == 8
	assert row["fill_rate"] == 1
	assert "b.csv has no line for Cheese: left out of the comparison." in found.err
	assert "The stock on 2024-03-31 is not known" in found.err
	shown = run(*BESIDE, "--report", "r.html", files={"b.csv": ORDERED})
	assert shown.out.startswith(f"What was really ordered cost {row['cost']:.2f} in these days; the learned")
	page = (Path.cwd() / "r.html").read_text(encoding="utf-8")
	assert page.index("What was really ordered cost") < page.index("than the best rule")


def test_the_start_is_that_of_the_books(run: Run) -> None:
	"""More on the shelf costs more to hold, for all."""
	start = {"s0.csv": "item_code,on_hand\nApple,20\nBread,20\n", "s1.csv": "item_code,on_hand\nApple,90\n"}
	files = {"b.csv": ORDERED, **start}
	some, more = (run(*BESIDE, "--stock", name, "--json", files=files) for name in start)
	for name, row in rows_of(some).items():
		assert rows_of(more)[name]["holding_cost"] > row["holding_cost"], name
	assert "not known (--stock" not in some.err
	assert "s1.csv has no row for Bread" in more.err


def test_books_that_do_not_balance_are_told(run: Run) -> None:
	ordered = ORDERED.replace("Apple,2024-04-08,16", "Apple,2024-04-08,1600")
	stock = {"s0.csv": "item_code,on_hand\nApple,20\nBread,0\n"}
	few = "\n".join(line for line in ordered.splitlines() if not line.startswith("Bread,2024-04"))
	found = run(*BESIDE, "--stock", "s0.csv", "--json", files={"b.csv": few, **stock})
	assert "b.csv does not balance: of Apple (60 sold, 1,648 arrived), more than twice of what" in found.err
	assert "of Bread (60 sold, 0 arrived), more was sold than the stock and the arrivals explain" in found.err
	assert "of Bread (60 sold, 0 arrived), less than half" in found.err


def test_arrivals_take_the_lead_time_where_unknown(run: Run) -> None:
	"""Two days for Apple: what was ordered on 28 April comes after the end of the days."""
	ordered = "item_code,date,qty\nApple,2024-04-26,500\nApple,2024-04-28,9000\nApple,2024-03-30,70\n"
	row = rows_of(run(*BESIDE, "--json", files={"b.csv": ordered}))["as ordered"]
	assert row["orders"] == 2
	assert 500 * 2 / 30 < row["average_inventory"] < 500 * 3 / 30 + 90


@pytest.mark.parametrize(
	("text", "sentence"),
	[
		(
			"item_code,date,qty\nDates,2024-04-08,3\n",
			"b.csv has none of the items in the order history;",
		),
		(
			"item_code,date,qty\nApple,2023-04-08,3\n",
			"b.csv has no order and no arrival on the replayed",
		),
		("item_code,date,qty\nApple,2024-04-08,-3\n", "b.csv, row 2, column qty:"),
	],
)
def test_refusals(run: Run, text: str, sentence: str) -> None:
	assert run(*BESIDE, files={"b.csv": text}).sentence.startswith(sentence)


def test_stock_goes_with_orders(run: Run) -> None:
	found = run("backtest", "o.csv", "--policy", "policy", "--stock", "s.csv")
	assert found.sentence.startswith("--stock tells where --ordered starts from;")
