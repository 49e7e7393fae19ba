"""EVENTS files: holidays, promotions and other prices, as people write them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rl_replenishment.core.demand.known_events.event import Event
from rl_replenishment.core.errors import InputError
from rl_replenishment.core.files.events import read_events
from rl_replenishment.core.items import ItemKey, ItemTable

WriteFile = Callable[..., Path]
ITEMS = ItemTable.create([ItemKey("Tea", "Main"), ItemKey("Bread", "Main")], groups=("Drinks", "Bakery"))


def day(text: str) -> np.datetime64:
	return np.datetime64(text, "D")


def test_holidays_and_promotions(write: WriteFile) -> None:
	text = (
		"event,from,to,item_code,item_group,discount\n"
		"Christmas holidays,2025-12-24,2026-01-01,,,\n"
		"Promotion,2026-03-02,2026-03-08,Tea,,20\n"
		"Promotion,2026-03-02,2026-03-08,Bread,Bakery,20 %\n"
		"promotion,2026-06-01,,,Drinks,12.5\n"
	)
	assert read_events(write(text), ITEMS) == (
		Event("Christmas holidays", day("2025-12-24"), day("2026-01-01")),
		# rows of one event, days and discount are one event; an item goes before a group
		Event("Promotion", day("2026-03-02"), day("2026-03-08"), ("Tea", "Bread"), (), 20.0),
		# one day, and a kind is spelled as it comes first
		Event("Promotion", day("2026-06-01"), day("2026-06-01"), (), ("Drinks",), 12.5),
	)


def test_as_a_spreadsheet_in_german_has_it(write: WriteFile) -> None:
	text = (
		"Feiertag;Von;Bis;Artikelnummer;Rabatt (%)\n"
		"Ostern;03.04.2026;06.04.2026;;\n"
		"Aktion;13.04.2026;;Tea;7,5\n"
	)
	assert read_events(write(text, "cp1252"), ITEMS) == (
		Event("Ostern", day("2026-04-03"), day("2026-04-06")),
		Event("Aktion", day("2026-04-13"), day("2026-04-13"), ("Tea",), (), 7.5),
	)


def test_a_list_of_holidays_alone(write: WriteFile) -> None:
	"""As an export of ERPNext's Holiday List."""
	found = read_events(write("Date,Description\n2026-05-01,Labour Day\n2026-12-25,Christmas\n"), ITEMS)
	assert [(each.kind, str(each.first), str(each.last)) for each in found] == [
		("Labour Day", "2026-05-01", "2026-05-01"),
		("Christmas", "2026-12-25", "2026-12-25"),
	]


def test_weeks_are_from_monday_to_sunday(write: WriteFile) -> None:
	(found,) = read_events(write("event,from\nFair,2026-W10\n"), ITEMS)
	assert (found.first, found.last) == (day("2026-03-02"), day("2026-03-08"))


@pytest.mark.parametrize(
	("row", "says"),
	[
		(",2026-03-02,,,,", "row 2, column event: the cell is empty"),
		("Sale,,,,,", "row 2, column from: the cell is empty"),
		("Sale,soon,,,,", 'row 2, column from: "soon" is not a date'),
		("Sale,2026-03-02,2026-03-01,,,", "row 2, column to: 2026-03-01 is before the first day, 2026-03-02"),
		("Sale,2025-03-02,2026-03-08,,,", "row 2, column to: 2026-03-08 is more than a year after"),
		("Sale,2026-03-02,,,,half", 'row 2, column discount: "half" is not a number'),
		("Sale,2026-03-02,,,,120", "row 2, column discount"),
		(
			"Sale,2026-03-02,,,,0.2",
			'row 2, column discount: "0.2" is less than 1 percent; write 20 for 20 % off',
		),
	],
)
def test_one_sentence_says_what_is_wrong(write: WriteFile, row: str, says: str) -> None:
	with pytest.raises(InputError) as refusal:
		read_events(write(f"event,from,to,item_code,item_group,discount\n{row}\n"), ITEMS)
	assert f"data.csv, {says}" in str(refusal.value)
	assert str(refusal.value).count("\n") == 0


def test_without_a_column_that_is_needed(write: WriteFile) -> None:
	with pytest.raises(InputError, match=r"data.csv has no column from"):
		read_events(write("event,until\nSale,2026-03-02\n"), ITEMS)


def test_items_and_groups_that_nobody_knows_are_told(write: WriteFile) -> None:
	text = (
		"event,from,item_code,item_group\n"
		"Sale,2026-03-02,tea,\nSale,2026-03-02,Cake,\nSale,2026-03-03,,Toys\n"
	)
	notes: list[str] = []
	found = read_events(write(text), ITEMS, note=notes.append)
	# what nobody knows is not everything
	assert [(each.items, each.groups) for each in found] == [(("tea", "Cake"), ()), ((), ("Toys",))]
	assert notes == [
		"data.csv has events of items of which no demand is known: Cake.",
		"data.csv has events of item groups that no item is in: Toys.",
	]
