"""TERMS and PRICES on the command line: what is proposed, simulated and refused."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from cli_samples import Run

PROPOSE = ("propose", "s.csv", "--policy", "policy", "--today", "2024-04-01")
BACKTEST = ("backtest", "o.csv", "--policy", "policy", "--items", "i.csv")
ITEMS = (
	"item_code,supplier,unit_cost,lead_time_days,order_cost,unit_weight\n"
	"Apple,A GmbH,4,2,2,0.5\nBread,A GmbH,5,5,2,1\nCheese,b ltd,6,8,2,\n"
)


@pytest.fixture
def with_terms(run: Run) -> Run:
	"""Runs a command with terms (the rows of a file), and prices where they are given."""

	def run_command(arguments: Sequence[str], terms: str, prices: str = "", items: str = ITEMS) -> object:
		files = {"i.csv": items, "t.csv": terms, **({"p.csv": prices} if prices else {})}
		more = ("--prices", "p.csv") if prices else ()
		own = () if "--items" in arguments else ("--items", "i.csv")
		return run(*arguments, *own, "--terms", "t.csv", *more, files=files)

	return run_command


def test_lines_are_raised_together_and_say_so(with_terms: Run) -> None:
	plain = with_terms((*PROPOSE, "--json"), "supplier,minimum_value\nB LTD,0\n").document
	before = {each["item_code"]: each["proposed_qty"] for each in plain["proposals"]}
	value = 4 * before["Apple"] + 5 * before["Bread"]
	asked = with_terms((*PROPOSE, "--json"), f"supplier,minimum_value\na gmbh,{value + 38}\n").document
	after = {each["item_code"]: each for each in asked["proposals"]}
	assert 4 * after["Apple"]["proposed_qty"] + 5 * after["Bread"]["proposed_qty"] >= value + 38
	assert after["Cheese"]["proposed_qty"] == before["Cheese"]
	raised = [each for code, each in after.items() if each["proposed_qty"] > before[code]]
	assert raised
	for each in raised:
		extra = each["proposed_qty"] - before[each["item_code"]]
		assert f"+{extra:g}, to {each['proposed_qty']:g}: " in each["reason"]
		assert f"A GmbH's minimum of {value + 38:,.2f} was missing 38.00; these last " in each["reason"]
	(order,) = asked["suppliers"]
	assert (order["supplier"], order["status"], order["missing"]) == ("A GmbH", "raised", 38)
	assert order["order_on"] == "2024-04-01"


def test_nothing_is_asked_of_a_supplier_who_waits_or_is_closed(with_terms: Run) -> None:
	# 1 April 2024 is a Monday
	closed = with_terms((*PROPOSE, "--json"), "supplier,holidays\nA GmbH,2024-04-01..2024-04-09\n").document
	held = {each["item_code"]: each["held_back"] for each in closed["proposals"] if each["held_back"]}
	assert held["Bread"] == "A GmbH takes orders on 2024-04-10 next."
	assert all(not each["proposed_qty"] for each in closed["proposals"] if each["item_code"] in held)
	far = with_terms((*PROPOSE, "--json"), "supplier,minimum_weight\nA GmbH,1000000\n")
	assert "A GmbH's minimum weight of 1000000 is out of reach" in far.err
	(order,) = (each for each in far.document["suppliers"] if each["supplier"] == "A GmbH")
	assert order["status"] in ("out of reach", "below minimum")
	assert (order["value"] > 0) is (order["status"] == "below minimum")


def test_a_budget_holds_for_what_is_raised(with_terms: Run) -> None:
	terms = "supplier,minimum_value\na gmbh,300\n"
	free = with_terms((*PROPOSE, "--json"), terms).document
	price = {"Apple": 4, "Bread": 5, "Cheese": 6}

	def value(found: dict) -> float:
		return sum(price[each["item_code"]] * each["proposed_qty"] for each in found["proposals"])

	whole = value(free)
	for budget in (whole, whole - 10, 310, 150, 0):
		found = with_terms((*PROPOSE, "--json", "--budget", str(budget)), terms).document
		assert value(found) <= budget
		assert found["budget"]["spent"] == pytest.approx(value(found))
		own = sum(
			price[code] * each["proposed_qty"]
			for each in found["proposals"]
			if (code := each["item_code"]) != "Cheese"
		)
		below = any(each["status"] == "below minimum" for each in found["suppliers"])
		assert own == 0 or own >= 300 or below
		if budget == whole:
			assert found["proposals"] == free["proposals"]


def test_the_order_day_and_the_closing_time_count(with_terms: Run) -> None:
	terms = "supplier,order_days,closing_time\nA GmbH,Mon; Thu,11:00\n"
	early = with_terms((*PROPOSE, "--json"), terms).document
	late = with_terms((*PROPOSE, "--json", "--time", "11:00"), terms).document
	assert [each["suppliers"][0]["order_on"] for each in (early, late)] == ["2024-04-01", "2024-04-04"]
	(bread,) = (each for each in late["proposals"] if each["item_code"] == "Bread")
	assert bread["reason"].endswith("To be ordered on 2024-04-04 before 11:00.")


def test_price_breaks_are_taken(with_terms: Run) -> None:
	found = with_terms(
		(*PROPOSE, "--json"), "supplier\nA GmbH\n", "item_code,min_qty,price\nBread,60,2.5\n"
	).document
	(bread,) = (each for each in found["proposals"] if each["item_code"] == "Bread")
	assert bread["proposed_qty"] == 60
	assert "a unit costs 2.50 then" in bread["reason"]


def test_the_backtest_simulates_them(with_terms: Run) -> None:
	free = with_terms((*BACKTEST, "--json"), "supplier\nA GmbH\n").document["policies"]
	asked = with_terms((*BACKTEST, "--json"), "supplier,minimum_value,freight_cost\nA GmbH,150,9\n").document[
		"policies"
	]
	for before, after in zip(free, asked, strict=True):
		assert before["freight_cost"] == 0
		assert after["freight_cost"] > 0
		assert after["freight_cost"] % 9 == pytest.approx(0, abs=1e-6)
		assert after["cost"] > before["cost"]


@pytest.mark.parametrize(
	("terms", "says"),
	[
		("supplier\n\n", "t.csv has a header but no rows"),
		("minimum_value\n5\n", "t.csv has no column supplier"),
		("supplier,minimum_value\n,5\n", "t.csv, row 2, column supplier: the cell is empty"),
		("supplier\nA GmbH\nB Ltd\na  gmbh\n", 't.csv, row 4, column supplier: "a  gmbh" is also in row 2'),
		("supplier,minimum_value\nA GmbH,-1\n", 'row 2, column minimum_value: "-1" is below 0'),
		("supplier,freight_cost\nA GmbH,x\n", 'row 2, column freight_cost: "x" is not a number'),
		("supplier,free_freight_value\nA GmbH,9\n", "row 2, column free_freight_value: freight can only be"),
		("supplier,order_days\nA GmbH,Mon Tee\n", 'row 2, column order_days: "Mon Tee" are no days'),
		("supplier,order_days\nA GmbH,T\n", 'column order_days: "T" are no days'),
		("supplier,closing_time\nA GmbH,11\n", 'row 2, column closing_time: "11" is no time of day'),
		("supplier,closing_time\nA GmbH,00:00\n", 'row 2, column closing_time: "00:00" is no time'),
		("supplier,holidays\nA GmbH,25.12.\n", 'row 2, column holidays: "25.12." is no day'),
		("supplier,holidays\nA GmbH,2024-02-01..2024-01-01\n", "column holidays"),
		("supplier,minimum_weight\nB Ltd,9\n", 'column minimum_weight: no item of "b ltd" has a unit_weight'),
		(
			"supplier,minimum_volume\nA GmbH,9\n",
			'minimum_volume: no item of "A GmbH" has a unit_volume',
		),
	],
)
def test_terms_that_are_refused(with_terms: Run, terms: str, says: str) -> None:
	for command in (PROPOSE, BACKTEST):
		assert says in with_terms(command, terms).sentence


@pytest.mark.parametrize(
	("prices", "says"),
	[
		("item_code,min_qty\nBread,9\n", "p.csv has no column price"),
		("item_code,min_qty,price\nBread,0,9\n", "p.csv, row 2, column min_qty: is 0"),
		("item_code,min_qty,price\nBread,9,\n", "p.csv, row 2, column price: the cell is empty"),
		("item_code,min_qty,price\nBread,9,4\nbread,9,3\n", "row 3, column min_qty: Bread has two prices"),
	],
)
def test_prices_that_are_refused(with_terms: Run, prices: str, says: str) -> None:
	assert says in with_terms(PROPOSE, "supplier\nA GmbH\n", prices).sentence


def test_options_that_are_refused(run: Run) -> None:
	assert "--prices has no effect without --terms" in run(*PROPOSE, "--prices", "p.csv").sentence
	assert "--time has no effect without --terms" in run(*PROPOSE, "--time", "9:00").sentence
	files = {"t.csv": "supplier\nSupplier 1\n", "i.csv": "item_code\nApple\n"}
	asked = run(*PROPOSE, "--terms", "t.csv", "--time", "noon", files=files)
	assert "--time 'noon' is no time of day" in asked.sentence
	asked = run(*BACKTEST, "--terms", "t.csv", "--service-curve")
	assert "--service-curve looks at each item by itself" in asked.sentence
	asked = run(*PROPOSE, "--terms", "t.csv", "--items", "i.csv")
	assert "add a column supplier to the items" in asked.sentence


def test_days_of_the_week_as_people_write_them(with_terms: Run) -> None:
	for days in ("Thu", "thursday", "Do.", "Donnerstag", "Thu-Thu", "Th, Fr", "Thu \u2013 Sat", "Thu/Fr"):
		found = with_terms((*PROPOSE, "--json"), f'supplier,order_days\nA GmbH,"{days}"\n').document
		assert found["suppliers"][0]["order_on"] == "2024-04-04", days
