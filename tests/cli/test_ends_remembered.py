"""When items end is kept with the policy, for proposals without ITEMS."""

from __future__ import annotations

import numpy as np
import pytest
from cli_samples import CODES, START, Run, orders

from rl_replenishment.core.files.dated import ends_as_json, ends_from
from rl_replenishment.core.items import ItemKey


def test_ends_come_back() -> None:
	keys = [ItemKey("Apple", "Main"), ItemKey("Bread")]
	ends = np.array(["2025-07-15", "NaT"], "datetime64[D]")
	told = ends_as_json(keys, ends)
	assert told == [["Apple", "Main", "2025-07-15"]]
	np.testing.assert_array_equal(ends_from(told, [ItemKey("bread"), ItemKey("APPLE", "main")]), ends[::-1])


def test_what_ends_is_not_ordered_without_items(run: Run) -> None:
	pytest.importorskip("torch")
	ending = "item_code,end_of_life\nApple," + str(START + np.timedelta64(125, "D")) + "\n"
	trained = run(
		*("train", "o.csv", "--items", "i.csv", "--out", "p", "--holdout", "0", "--timesteps", "1", "--json"),
		files={"o.csv": orders(), "i.csv": ending},
	)
	assert trained.status == 0, trained
	stock = "item_code,on_hand\n" + "".join(f"{code},0\n" for code in CODES)
	outcome = run("propose", "s.csv", "--policy", "p", "--json", files={"s.csv": stock})
	proposed = {row["item_code"]: row for row in outcome.document["proposals"]}
	assert proposed["Apple"]["proposed_qty"] == 0
	assert proposed["Apple"]["held_back"]
	assert proposed["Bread"]["proposed_qty"] > 0
