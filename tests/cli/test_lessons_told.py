"""What the buyer changed, on the command line: it moves the next proposals, and says so."""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cli_samples import Run, orders, stored_policy

from rl_replenishment.cli.learn import changed, edit_lines, read_and_recall
from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.lessons.fitting import TRUST
from rl_replenishment.core.policies.order_up_to import ForecastLevels, OrderUpTo
from rl_replenishment.core.policies.parameters import ItemParameters
from rl_replenishment.core.sample.buyer import sample_buyer
from rl_replenishment.core.sample.company import sample_company
from rl_replenishment.core.sample.season import buy_for_a_season
from rl_replenishment.core.training.from_history import snapshot
from rl_replenishment.report.wording import met_halfway, met_words

CODES = ("Apple", "Bread", "Cheese", "Dill")
ITEMS = "item_code,supplier,item_group\n" + "".join(f"{code},Farm,Fresh\n" for code in CODES)
STOCK = "item_code,on_hand\n" + "".join(f"{code},0\n" for code in CODES)


def feedback(factor: float, *, codes: tuple[str, ...] = CODES[:3], reason: str = "") -> str:
	lines = ["item_code,proposed_qty,ordered_qty,date,on_hand,on_order,reason"]
	for day in ("2024-04-08", "2024-04-15"):
		lines += [f"{code},40,{round(40 * factor)},{day},10,0,{reason}" for code in codes]
	return "\n".join(lines) + "\n"


def proposed(run: Run, *more: str, **files: str) -> dict[str, dict]:
	texts = {"o4.csv": orders(CODES), "i.csv": ITEMS, "s4.csv": STOCK}
	texts |= {f"{name}.csv": text for name, text in files.items()}
	asked = ("propose", "s4.csv", "--policy", "policy", "--orders", "o4.csv", "--items", "i.csv", "--json")
	found = run(*asked, *more, files=texts)
	assert found.status == 0, found.err
	return {row["item_code"]: row for row in found.document["proposals"]}


def test_the_next_proposals_follow_corrections(run: Run) -> None:
	"""Those of the item that was not yet decided about, too; the policy's own quantity is told beside."""
	before = proposed(run)
	after = proposed(run, "--feedback", "f4.csv", "--trust", "1", f4=feedback(1.5))
	for code in CODES[:3]:
		assert (
			before[code]["proposed_qty"]
			< after[code]["proposed_qty"]
			<= 1.5 * before[code]["proposed_qty"] + 1
		)
	assert "you raised" in after["Bread"]["reason"]
	assert after["Bread"]["policy_qty"] == pytest.approx(before["Bread"]["proposed_qty"], abs=0.01)


def test_without_trust_nothing_is_followed(run: Run) -> None:
	before = proposed(run)
	after = proposed(run, "--feedback", "f4.csv", "--trust", "0", f4=feedback(1.5))
	assert {code: row["proposed_qty"] for code, row in after.items()} == {
		code: row["proposed_qty"] for code, row in before.items()
	}


def test_a_kept_file_moves_nothing(run: Run) -> None:
	before = proposed(run)
	after = proposed(run, "--feedback", "f4.csv", f4=feedback(1.0))
	assert [row["proposed_qty"] for row in after.values()] == [row["proposed_qty"] for row in before.values()]


def test_what_says_nothing_is_named(run: Run) -> None:
	"""What a mistyped item or date would hide."""
	text = feedback(1.5, codes=("Apple", "Bread", "Cheeze")).replace("2024-04-15", "2034-04-15")
	found = run(
		"propose", "s4.csv", "--policy", "policy", "--orders", "o4.csv", "--items", "i.csv",
		"--feedback", "f4.csv",
		files={"o4.csv": orders(CODES), "i.csv": ITEMS, "s4.csv": STOCK, "f4.csv": text},
	)  # fmt: skip
	assert found.status == 0
	assert "f4.csv: nothing is learned from what was decided about Cheeze" in found.err
	assert "f4.csv: 3 decisions with a date after" in found.err


def test_trust_is_a_share(run: Run) -> None:
	found = run("propose", "s.csv", "--policy", "policy", "--trust", "2")
	assert "--trust" in found.sentence
	assert "from 0 to 1" in found.sentence


@pytest.mark.torch
def test_learn_hands_lessons_on(run: Run, folder: Path) -> None:
	"""In the policy's manifest, so that proposals follow them without the file; they are told, too."""
	pytest.importorskip("torch")
	found = run(
		"learn", "f4.csv", "--policy", "policy", "--orders", "o4.csv", "--items", "i.csv", "--out", "child",
		"--timesteps", "1", "--trust", "1",
		files={"o4.csv": orders(CODES), "i.csv": ITEMS, "f4.csv": feedback(1.5, codes=CODES[:3])},
	)  # fmt: skip
	assert found.status == 0, found.err
	assert "you raised" in found.out
	manifest = json.loads((folder / "child" / "manifest.json").read_text())
	assert manifest["about"]["lessons"]["lessons"]
	assert "Learned from what you changed" in found.out


def test_most_changes_of_the_sample_buyer_are_met_halfway() -> None:
	"""Two thirds of those that are no matter of one order, the one in the middle by half of the way or more.

	By lessons alone, before any training, and over all of them; the demo says so in a sentence.
	"""
	rng = np.random.default_rng(0)
	company = sample_company(rng)
	stored = replace(stored_policy(company.items.keys), snapshot=snapshot(company.history, company.items, 7))
	factors = ItemParameters.per_item(
		company.items, safety_factor=np.ones(len(company.items), np.float32), gap=0.5, cap=np.float32(np.inf)
	)
	levels = OrderUpTo("(s, S)", ForecastLevels(factors, "91 days"))
	stored = replace(stored, policy=replace(stored.policy, classical=levels))
	season = buy_for_a_season(stored.policy, company, sample_buyer(company), 7, rng)
	demand = np.concatenate([company.history.demand, company.future.demand])
	known = DemandHistory(company.history.keys, company.history.start, demand)
	options = argparse.Namespace(trust=TRUST, seed=0)
	heard = read_and_recall(stored, company.items, known, season.answers, options, source="FEEDBACK.csv")
	told = edit_lines(stored, stored.policy, heard)
	lines = [line for line, edited in zip(told, changed(season.answers), strict=True) if edited]
	count, nearer, middle = met_halfway(lines)
	assert count >= 15
	assert nearer >= count * 2 / 3
	assert middle >= 0.5
	assert f"Of {count} lines that the buyer changed out of habit" in met_words(lines)
