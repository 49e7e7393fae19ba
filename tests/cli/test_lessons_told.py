"""What the buyer changed, on the command line: it moves the next proposals, and says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_samples import Run, orders

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
