"""The end of items and what is promised by date, in files."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from field_samples import START, bolt_demand

from rl_replenishment.cli import main
from rl_replenishment.core.errors import InputError
from rl_replenishment.core.files.dated import read_ends, read_promises
from rl_replenishment.core.items import ItemKey

DAY = np.timedelta64(1, "D")
TODAY = START + 200 * DAY
Propose = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Path:
	pytest.importorskip("torch")
	folder = tmp_path_factory.mktemp("policy")
	demand = bolt_demand(200)[:, 0]
	orders = folder / "orders.csv"
	lines = [
		f"{code},{START + day * DAY},{qty:g}" for day, qty in enumerate(demand) for code in ("BOLT", "NUT")
	]
	orders.write_text("\n".join(["item_code,date,qty", *lines]))
	costs = ["--lead-time-days", "10", "--unit-cost", "2", "--order-cost", "4"]
	out = folder / "policy"
	assert main(["train", str(orders), "--out", str(out), "--timesteps", "1", "--holdout", "0", *costs]) == 0
	return out


@pytest.fixture
def propose(policy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Propose:
	def run(stock: str, items: str | None = None) -> dict[str, Any]:
		(tmp_path / "stock.csv").write_text(stock)
		arguments = ["propose", str(tmp_path / "stock.csv"), "--policy", str(policy), "--json"]
		if items is not None:
			(tmp_path / "items.csv").write_text(items)
			arguments += ["--items", str(tmp_path / "items.csv")]
		capsys.readouterr()
		assert main(arguments) == 0
		out, notes = capsys.readouterr()
		found = {line["item_code"]: line for line in json.loads(out)["proposals"]}
		return {**found, "notes": notes}

	return run


def test_an_end_before_the_arrival(propose: Propose) -> None:
	header = "item_code,lead_time_days,unit_cost,order_cost,end_of_life\n"
	items = f"{header}BOLT,10,2,4,{TODAY + 5 * DAY}\nNUT,10,2,4,\n"
	found = propose("item_code,on_hand\nBOLT,50\nNUT,50\n", items)
	assert found["BOLT"]["proposed_qty"] == 0
	assert found["BOLT"]["held_back"] == "An order would arrive after its end."
	assert found["NUT"]["proposed_qty"] > 300
	# sold from the tenth day to the fourteenth, which is the last
	found = propose("item_code,on_hand\nBOLT,50\n", f"{header}BOLT,10,2,4,{TODAY + 14 * DAY}\n")
	assert found["BOLT"]["proposed_qty"] == pytest.approx(50, abs=2)


def test_promised_by_date(propose: Propose) -> None:
	late, soon = TODAY + 180 * DAY, TODAY + 12 * DAY
	stock = f"item_code,on_hand,promised,promised_date\nBOLT,400,600,{late}\nNUT,400,600,{soon}\n"
	found = propose(stock)
	assert found["BOLT"]["proposed_qty"] == 0
	assert "600 promised for 180 days from now or later" in found["BOLT"]["reason"]
	assert found["NUT"]["proposed_qty"] > 550


def test_several_promises_of_an_item_add_up(tmp_path: Path) -> None:
	file = tmp_path / "stock.csv"
	file.write_text(
		"item_code,warehouse,on_hand,promised,promised_date\n"
		f"bolt,A,5,10,{TODAY + 3 * DAY}\nBOLT,A,,20,{TODAY + 3 * DAY}\n"
		f"BOLT,A,,4,\nBOLT,B,5,7,{TODAY - 9 * DAY}\n"
	)
	found = read_promises(file, [ItemKey("BOLT", "A"), ItemKey("BOLT", "B"), ItemKey("X")], TODAY)
	assert found is not None
	assert found[0].tolist() == [4, 7, 0]
	assert found[3].tolist() == [30, 0, 0]
	assert found.sum() == 41


def test_ends_of_items_and_of_items_in_a_warehouse(tmp_path: Path) -> None:
	file = tmp_path / "items.csv"
	file.write_text("item_code,warehouse,end_of_life\nBOLT,,2026-05-01\nBOLT,B,2026-03-01\nNUT,,\n")
	found = read_ends(file, [ItemKey("bolt", "A"), ItemKey("BOLT", "B"), ItemKey("NUT"), ItemKey("X")])
	assert found.astype(str).tolist() == ["2026-05-01", "2026-03-01", "NaT", "NaT"]


def test_what_is_no_date_or_number_is_refused(tmp_path: Path) -> None:
	file = tmp_path / "file.csv"
	file.write_text("item_code,on_hand,end_of_life,promised\nBOLT,5,soon,many\n")
	with pytest.raises(InputError, match=r'^file\.csv, row 2.*"soon"'):
		read_ends(file, [ItemKey("BOLT")])
	with pytest.raises(InputError, match=r'^file\.csv, row 2.*"many"'):
		read_promises(file, [ItemKey("BOLT")], TODAY)
	file.write_text("item_code,on_hand\nBOLT,5\n")
	assert read_promises(file, [ItemKey("BOLT")], TODAY) is None
	assert np.isnat(read_ends(file, [ItemKey("BOLT")])).all()


def test_stock_that_costs_nothing_is_named(propose: Propose) -> None:
	items = "item_code,lead_time_days,unit_cost,order_cost\nBOLT,10,0,4\nNUT,10,2,4\n"
	found = propose("item_code,on_hand\nBOLT,50\nNUT,50\n", items)
	assert "stock of BOLT costs nothing" in found["notes"]
	assert found["BOLT"]["proposed_qty"] < 4000


def test_batches_that_expire_before_they_can_be_sold(propose: Propose) -> None:
	"""Of BOLT 300 expire in 5 days, in which 50 are sold; of NUT, all have expired or keep for a year."""
	stock = (
		"item_code,on_hand,batch,expiry_date\n"
		f"BOLT,300,B1,{TODAY + 4 * DAY}\nNUT,70,N1,{TODAY - 1 * DAY}\nNUT,80,N2,{TODAY + 365 * DAY}\n"
	)
	found = propose(stock)
	usual = propose("item_code,on_hand\nBOLT,50\nNUT,80\n")
	assert found["BOLT"]["proposed_qty"] == pytest.approx(usual["BOLT"]["proposed_qty"], abs=3)
	assert re.search(r"2(49|50|51) more expire before they can be sold", found["BOLT"]["reason"])
	assert found["NUT"]["proposed_qty"] == usual["NUT"]["proposed_qty"]
	assert "expire" not in found["NUT"]["reason"]


def test_what_is_reserved_is_sold_before_it_expires(propose: Propose) -> None:
	stock = f"item_code,on_hand,reserved,expiry_date\nBOLT,300,200,{TODAY + 4 * DAY}\n"
	found = propose(stock)["BOLT"]
	assert found["on_hand"] == pytest.approx(50, abs=3)


def test_an_order_that_never_came(propose: Propose) -> None:
	"""Late by a few days it is due today; late by far more than usual, it is named and bought again."""
	row = "item_code,on_hand,on_order,expected_date\nBOLT,0,2000,{}\nNUT,0,0,\n"
	late = propose(row.format(TODAY - 5 * DAY))
	assert late["BOLT"]["proposed_qty"] == 0
	lost = propose(row.format(TODAY - 90 * DAY))
	assert lost["BOLT"]["proposed_qty"] == lost["NUT"]["proposed_qty"] > 0
	assert "2000 of it 90 days overdue and not counted on any more" in lost["BOLT"]["reason"]
	assert "Overdue for so long that nothing counts on it any more: orders of BOLT." in lost["notes"]
