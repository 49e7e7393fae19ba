"""Files as people have them: what they say is used, what is doubtful is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from cli_samples import CODES, DAYS, START, STOCK, Outcome, Run, orders, stored_policy, write_policy

from rl_replenishment.core.items import ItemKey

PROPOSE = ("propose", "s.csv", "--policy", "policy", "--json")
END = START + np.timedelta64(DAYS, "D")


def lines(outcome: Outcome) -> dict[str, dict[str, Any]]:
	"""The proposals of a run with --json by item and warehouse."""
	assert outcome.status == 0, outcome
	return {str(ItemKey(row["item_code"], row["warehouse"])): row for row in outcome.document["proposals"]}


def test_items_that_stock_leaves_out_are_at_nothing(run: Run) -> None:
	"""Reports omit what is at 0: the same is proposed as if they said so."""
	said = run(*PROPOSE, files={"s.csv": "item_code,on_hand\nApple,3\nBread,0\nCheese,0\n"})
	left_out = run(*PROPOSE, files={"s.csv": "item_code,on_hand\nApple,3\n"})
	assert lines(left_out) == lines(said)
	assert lines(left_out)["Bread"]["proposed_qty"] > 0
	note = (
		"s.csv leaves out 2 items of the history, which are taken to be at 0 and proposed for: Bread, Cheese."
	)
	assert note in left_out.err
	assert note in left_out.document["notes"]
	assert not any("leaves out" in text for text in said.document["notes"])


def test_a_warehouse_that_stock_does_not_name_is_left_alone(run: Run, folder: Any) -> None:
	keys = [ItemKey(code, warehouse) for code in ("Apple", "Bread") for warehouse in ("Main", "North")]
	write_policy(folder / "two", stored_policy(keys))
	stock = {"s.csv": "item_code,warehouse,on_hand\nApple,main,3\n"}
	outcome = run("propose", "s.csv", "--policy", "two", "--json", files=stock)
	assert set(lines(outcome)) == {"Apple @ main", "Bread @ Main"}
	assert "s.csv has no rows of North: nothing is proposed there." in outcome.document["notes"]


def test_locations_add_up(run: Run) -> None:
	once = run(*PROPOSE, files={"s.csv": "item_code,on_hand\nApple,8\nBread,0\nCheese,0\n"})
	text = "item_code,on_hand,location\nApple,4,L1\nApple,4,L2\nBread,0,\nCheese,0,\n"
	assert lines(run(*PROPOSE, files={"s.csv": text})) == lines(once)


def test_one_wrong_date_does_not_move_today(run: Run) -> None:
	asked = (*PROPOSE, "--orders", "p.csv")
	right = run(*asked, files={"p.csv": orders()})
	wrong = run(*asked, files={"p.csv": orders() + "Apple,2035-01-01,7\n"})
	assert wrong.document["today"] == right.document["today"] == str(END)
	assert lines(wrong) == lines(right)
	assert "row 362: left out, because 2035-01-01 is far after all others" in wrong.err


@pytest.mark.parametrize("due", [16, 30])
def test_a_future_order_is_known_demand_of_its_day(run: Run, due: int) -> None:
	"""Met from an order of now where it is due before the next could arrive, else not yet."""
	asked = (*PROPOSE, "--orders", "p.csv", "--lead-time-days", "14")
	stock = {"s.csv": "item_code,on_hand\nApple,0\nBread,0\nCheese,0\n"}
	without = run(*asked, files={**stock, "p.csv": orders()})
	outcome = run(
		*asked, files={**stock, "p.csv": orders() + f"Bread,{END + np.timedelta64(due, 'D')},500\n"}
	)
	assert outcome.document["today"] == str(END)
	assert f"row 362: 500 of Bread on {END + np.timedelta64(due, 'D')}, later than the history" in outcome.err
	more = lines(outcome)["Bread"]["proposed_qty"] - lines(without)["Bread"]["proposed_qty"]
	assert more == (500 if due == 16 else 0)
	assert lines(outcome)["Apple"] == lines(without)["Apple"]


def test_the_given_today_divides_history_and_future_orders(run: Run) -> None:
	day = END - np.timedelta64(10, "D")
	outcome = run(*PROPOSE, "--orders", "o.csv", "--today", str(day))
	assert outcome.document["today"] == str(day)
	assert "are future orders, and known demand of their days" in outcome.err
	assert "Nothing is known" not in outcome.err


@pytest.mark.parametrize("command", ["backtest", "learn"])
def test_other_commands_end_the_history_on_the_given_day(run: Run, command: str) -> None:
	day = str(START + np.timedelta64(50, "D"))
	if command == "backtest":
		outcome = run("backtest", "o.csv", "--policy", "policy", "--today", day)
		assert "trained on all of the days in o.csv" in outcome.sentence
	else:
		outcome = run(
			*("learn", "f.csv", "--policy", "policy", "--orders", "o.csv", "--out", "new", "--today", "x")
		)
		assert "--today 'x' is not a date" in outcome.sentence


def weekly(kind: str) -> str:
	"""Thirty weeks of totals."""
	rows = []
	for week in range(30):
		monday = np.datetime64("2023-09-04") + np.timedelta64(7 * week, "D")
		year, number, _ = monday.astype(object).isocalendar()
		name = f"{year}-W{number:02}" if kind == "ISO" else str(monday)
		rows += [f"{code},{name},{10 + (week + at) % 3}" for at, code in enumerate(CODES)]
	return "item_code,date,qty\n" + "\n".join(rows) + "\n"


@pytest.mark.parametrize("kind", ["ISO", "Mondays"])
def test_weekly_totals_are_named(run: Run, kind: str) -> None:
	files = {"p.csv": weekly(kind)}
	outcome = run(*PROPOSE, "--orders", "p.csv", files=files)
	assert outcome.document["rhythm"] == "weekly totals"
	# the last week is over; where its rows bear a date, nothing says how long it is
	assert outcome.document["today"] == ("2024-04-01" if kind == "ISO" else "2024-03-26")
	assert all(row["reason"].endswith("Demand is known in weekly totals.") for row in lines(outcome).values())
	assert "p.csv holds weekly totals" in outcome.err
	tested = run("backtest", "p.csv", "--policy", "policy", "--holdout", "56", files=files)
	assert "Demand is known in weekly totals." in tested.out
	tested = run("backtest", "p.csv", "--policy", "policy", "--holdout", "56", "--json", files=files)
	assert tested.document["rhythm"] == "weekly totals"


@pytest.mark.parametrize("named", ["{}", "{}-01", "end"])
def test_monthly_totals_stand_for_their_days(run: Run, named: str) -> None:
	"""However the month is named, the same is known; no day of it is the only one with demand."""
	rows = []
	for month in np.arange(np.datetime64("2022-01"), np.datetime64("2024-01")):
		last = (month + np.timedelta64(1, "M")).astype("datetime64[D]") - np.timedelta64(1, "D")
		rows += [f"{code},{last if named == 'end' else named.format(month)},300" for code in CODES]
	text = "item_code,date,qty\n" + "\n".join(rows) + "\n"
	outcome = run(*PROPOSE, "--orders", "p.csv", files={"p.csv": text})
	assert outcome.document["rhythm"] == "monthly totals"
	assert outcome.document["today"] == "2024-01-01"
	assert any("each is spread over the days of its month" in note for note in outcome.document["notes"])
	daily = orders(days=730, start=np.datetime64("2022-01-01"), sold=lambda _item, _day: 10)
	by_day = lines(run(*PROPOSE, "--orders", "d.csv", files={"d.csv": daily}))
	for name, line in lines(outcome).items():
		assert line["proposed_qty"] == pytest.approx(by_day[name]["proposed_qty"], rel=0.1)
		assert line["proposed_qty"] > 0


def test_daily_demand_needs_no_word(run: Run) -> None:
	outcome = run(*PROPOSE, "--orders", "o.csv")
	assert outcome.document["rhythm"] == "daily demand"
	assert "totals" not in outcome.err + outcome.out.replace("daily", "")


def test_codes_that_lost_their_zeros_are_found_and_named(run: Run, folder: Any) -> None:
	write_policy(folder / "numbers", stored_policy([ItemKey("00123"), ItemKey("00456")]))
	stock = {"s.csv": "item_code,on_hand\n123,3\n456,0\n"}
	outcome = run("propose", "s.csv", "--policy", "numbers", "--json", files=stock)
	assert set(lines(outcome)) == {"123", "456"}
	assert lines(outcome)["456"]["proposed_qty"] > 0
	assert (
		"s.csv: only zeros that programs drop tell these apart, taken 123 for 00123, 456 for 00456."
		in outcome.document["notes"]
	)


def test_the_same_export_twice_is_refused(run: Run) -> None:
	text = orders()
	outcome = run("train", "p.csv", "--out", "new", files={"p.csv": text + text})
	assert "p.csv: rows 363 to 722 are those of rows 2 to 361 again" in outcome.sentence


@pytest.mark.parametrize(
	("header", "cell", "says"),
	[("uom", "Box", "in row 2; add a column stock_qty"), ("conversion_factor", "0", "no factor above 0")],
)
def test_units_that_nobody_can_convert_are_refused(run: Run, header: str, cell: str, says: str) -> None:
	rows = orders().splitlines()
	unit = "Nos" if header == "uom" else "1"
	text = "\n".join([f"{rows[0]},{header}", *(f"{row},{unit}" for row in rows[1:]), f"Apple,{END},1,{cell}"])
	assert says in run("train", "p.csv", "--out", "new", files={"p.csv": text + "\n"}).sentence


def test_stock_and_orders_in_different_units_are_refused(run: Run) -> None:
	rows = orders().splitlines()
	sold = "\n".join([f"{rows[0]},uom", *(f"{row},Box" for row in rows[1:])]) + "\n"
	stock = "item_code,on_hand,uom\nBread,3,box\nApple,3,Nos\n"
	outcome = run(*PROPOSE[:-1], "--orders", "p.csv", files={"p.csv": sold, "s.csv": stock})
	assert outcome.sentence.startswith('s.csv: Apple is in "Nos", but in p.csv in "Box"; give both')
	converted = sold.replace("uom", "uom,stock_uom,conversion_factor").replace("Box", "Box,Nos,6")
	stock = stock.replace("box", "Nos")
	assert lines(run(*PROPOSE, "--orders", "p.csv", files={"p.csv": converted, "s.csv": stock}))


def test_the_report_names_the_rhythm(run: Run, folder: Any) -> None:
	stored = stored_policy()
	about = {**stored.about, "data": {**stored.about["data"], "rhythm": "weekly totals"}}
	write_policy(folder / "weekly", replace(stored, about=about))
	outcome = run(
		*("backtest", "p.csv", "--policy", "weekly", "--holdout", "56", "--report", "r.html"),
		files={"p.csv": weekly("ISO")},
	)
	assert outcome.status == 0, outcome
	assert "weekly totals" in (folder / "r.html").read_text(encoding="utf-8")


@pytest.mark.torch
def test_training_on_totals_says_what_they_do_not_tell(run: Run) -> None:
	pytest.importorskip("stable_baselines3")
	arguments = ("train", "p.csv", "--out", "new", "--timesteps", "1", "--holdout", "56")
	outcome = run(*arguments, "--review-days", "5", files={"p.csv": weekly("ISO")})
	assert outcome.status == 0, outcome
	assert "--review-days 5: orders are considered more often than weekly totals tell." in outcome.err


def test_the_sample_stock_needs_no_note(run: Run) -> None:
	outcome = run(*PROPOSE, "--orders", "o.csv", files={"s.csv": STOCK})
	assert outcome.document["notes"] == []
