"""What service costs, told by the command line, and a policy that gives the service that was asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_samples import Run, stored_policy, write_policy

from rl_replenishment.core.items import ItemKey

CURVE = ("service-curve", "o.csv", "--policy", "policy")


def test_curves_of_classes(run: Run) -> None:
	"""All items first, then the classes that there are; stock and service rise with the stock-out cost."""
	outcome = run(*CURVE, "--json")
	assert outcome.status == 0
	found = outcome.document
	assert found["holdout_days"] == 30
	assert found["curves"][0]["scope"] == "all"
	named = {curve["name"] for curve in found["curves"][1:]}
	assert named <= {row["class"] for row in found["items"]} | {row["class"][0] for row in found["items"]} | {
		row["class"][1] for row in found["items"]
	}
	for curve in found["curves"]:
		stock = [point["stock_value"] for point in curve["points"]]
		assert stock == sorted(stock)
		assert curve["present"]["factor"] == 1
	assert found["targets"] == []


def test_a_policy_with_targets_keeps_its_word_in_a_backtest(run: Run, folder: Path) -> None:
	"""And its proposals are larger, or smaller, for it; without targets they are as before."""
	stock = ("propose", "s.csv", "--json")
	plain = run(*stock, "--policy", "policy").document["proposals"]
	written = run(*CURVE, "--target", "all=97%", "--times", "item:Bread=50", "--out", "served", "--json")
	by_scope = {row["scope"]: row for row in written.document["targets"]}
	assert by_scope["all"]["is_reached"]
	assert by_scope["all"]["items"] == 2
	assert by_scope["all"]["factor"] < 1
	assert by_scope["item"]["factor"] == 50
	served = run(*stock, "--policy", "served").document["proposals"]
	by_item = {row["item_code"]: row["proposed_qty"] for row in served}
	before = {row["item_code"]: row["proposed_qty"] for row in plain}
	assert by_item["Apple"] < before["Apple"]
	assert by_item["Bread"] > before["Bread"]
	reasons = {row["item_code"]: row["reason"] for row in served}
	assert "for 97 % of demand met from the shelf, the target of all items." in reasons["Apple"]
	assert "for a missing unit that counts 50 times, as set for this item." in reasons["Bread"]
	assert not any("target of" in row["reason"] for row in plain)
	tested = run("backtest", "o.csv", "--policy", "served", "--service-curve", "--json").document
	learned, curve = tested["policies"][0], tested["service"][0]
	assert curve["present"]["fill_rate"] == pytest.approx(learned["fill_rate"], abs=1e-6)
	assert curve["present"]["cost"] == pytest.approx(learned["cost"], abs=1e-4)
	# the same again, and taken away
	assert run(*CURVE[:3], "served", "--json").document["targets"] == written.document["targets"]
	run(*CURVE[:3], "served", "--out", "cleared")
	assert run(*stock, "--policy", "cleared").document["proposals"] == plain
	assert "service" not in json.loads((folder / "cleared" / "manifest.json").read_text())["about"]


def test_the_report_has_the_curve(run: Run, folder: Path) -> None:
	pytest.importorskip("matplotlib")
	assert run("backtest", "o.csv", "--policy", "policy", "--service-curve", "--report", "r.html").status == 0
	assert "What service costs" in (folder / "r.html").read_text()


@pytest.mark.parametrize(
	("asked", "says"),
	[
		(("--target", "98%"), "is not understood"),
		(("--target", "shelf:A=98%"), "is not understood"),
		(("--target", "all=98"), "lies between 0 and 1"),
		(("--target", "class:Q=0.9"), "there is no class 'Q'; it is one of A, B, C, X"),
		(("--target", "all:A=0.9"), "no scope of a service target"),
		(("--target", "item:Plum=0.9"), "item:Plum: none of the items is in it"),
		(("--times", "all=0"), "is taken times"),
		(("--times", "all=many"), "is taken times"),
		(("--target", "all=0.9", "--times", "all=2"), "given twice"),
	],
)
def test_targets_that_cannot_be_meant(run: Run, asked: tuple[str, ...], says: str) -> None:
	assert says in run(*CURVE, *asked, "--out", "served").sentence


def test_a_budget_buys_what_is_most_urgent(run: Run) -> None:
	"""In whole units, for no more than that; the rest says why, and what it would cost is told."""
	asked = ("propose", "s.csv", "--policy", "policy", "--json")
	free, tight = run(*asked).document, run(*asked, "--budget", "100").document
	prices = {"Apple": 4, "Bread": 5, "Cheese": 6}

	def value(document: dict) -> float:
		return sum(row["proposed_qty"] * prices[row["item_code"]] for row in document["proposals"])

	assert 95 < value(tight) <= 100
	assert tight["budget"]["budget"] == 100
	assert tight["budget"]["spent"] == pytest.approx(value(tight))
	assert tight["budget"]["missing"] == pytest.approx(value(free) - value(tight))
	assert any("by the budget" in row["reason"] for row in tight["proposals"])
	assert "budget" not in free
	nothing = run(*asked, "--budget", "0").document
	assert value(nothing) == 0
	assert all("left of the budget" in row["held_back"] for row in nothing["proposals"])
	assert "of 0 or more" in run(*asked[:-1], "--budget", "-1").sentence


def test_what_one_warehouse_has_too_much_of_goes_to_the_other(run: Run, folder: Path) -> None:
	"""A transfer and no purchase, where --transfer-cost is given and it pays."""
	write_policy(folder / "two", stored_policy((ItemKey("Bread", "North"), ItemKey("Bread", "South"))))
	files = {"two.csv": "item_code,warehouse,on_hand\nBread,North,900\nBread,South,0\n"}
	asked = ("propose", "two.csv", "--policy", "two", "--json")
	bought = run(*asked, files=files).document["proposals"]
	assert {row["warehouse"]: row["proposed_qty"] > 0 for row in bought} == {"North": False, "South": True}
	moved = run(*asked, "--transfer-cost", "1").document["proposals"]
	(transfer,) = [row for row in moved if row["from_warehouse"]]
	assert (transfer["from_warehouse"], transfer["warehouse"]) == ("North", "South")
	assert transfer["proposed_qty"] > 0
	assert sum(row["proposed_qty"] for row in moved if not row["from_warehouse"]) == 0
	dear = run(*asked, "--transfer-cost", "1000000").document["proposals"]
	assert dear == bought
	late = run(*asked, "--transfer-cost", "1", "--transfer-days", "90").document["proposals"]
	assert late == bought
	assert "without --transfer-cost" in run(*asked, "--transfer-days", "3").sentence
