"""The same item-warehouses in several files: found again, however each file spells them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.errors import InputError
from rl_replenishment.core.files.keys import as_number, fold
from rl_replenishment.core.files.table import Note, unheard
from rl_replenishment.core.items import ItemKey

_SHOWN = 5
Index = npt.NDArray[np.intp]


def some(keys: Sequence[ItemKey]) -> str:
	"""The first of many names."""
	names = ", ".join(str(key) for key in keys[:_SHOWN])
	return f"{names} and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else names


def find_items(
	wanted: Sequence[ItemKey],
	known: Sequence[ItemKey],
	refusal: Callable[[int, str], InputError],
	note: Note = unheard,
) -> Index:
	"""Position of each wanted item-warehouse among the known ones, -1 where there is none, shape (N,).

	Upper and lower case, the kind of blanks and, where nothing else fits, zeros that a program drops from
	numbers (123 for 00123) count only where they tell two items apart; `note` is told of dropped zeros. An
	item known without a warehouse is known in every one, and an item asked for without a warehouse is the one
	that is known; where that could be one of several, raises what `refusal` makes of the position in `wanted`
	and the problem.
	"""
	exact = {key: position for position, key in enumerate(known)}
	by_name: dict[ItemKey, list[int]] = defaultdict(list)
	by_item: dict[str, list[int]] = defaultdict(list)
	by_number: dict[ItemKey, list[int]] = defaultdict(list)
	for position, key in enumerate(known):
		folded = _folded(key)
		by_name[folded].append(position)
		by_item[folded.item_code].append(position)
		if number := as_number(key.item_code):
			by_number[ItemKey(number, folded.warehouse)].append(position)

	def find(row: int, key: ItemKey) -> int:
		folded = _folded(key)
		everywhere = ItemKey(key.item_code)
		for position in (exact.get(key), exact.get(everywhere)):
			if position is not None:
				return position
		found = by_name.get(folded) or by_name.get(_folded(everywhere)) or []
		if not found and not key.warehouse:
			found = by_item.get(folded.item_code, [])
		return one_of(row, key, found)

	def one_of(row: int, key: ItemKey, found: Sequence[int]) -> int:
		if len(found) > 1:
			several = some([known[position] for position in found])
			raise refusal(
				row, f"{key} could be any of {several}; say which, with its warehouse if it has one"
			)
		return found[0] if found else -1

	index = np.array([find(row, key) for row, key in enumerate(wanted)], dtype=np.intp)
	if not by_number:
		return index
	# only what no other name asks for can be what is left of a number
	taken = set(index.tolist())
	renamed: list[str] = []
	for row in np.flatnonzero(index < 0).tolist():
		key = wanted[row]
		number = as_number(key.item_code)
		places = (ItemKey(number, fold(key.warehouse)), ItemKey(number)) if number else ()
		found = next((by_number[place] for place in places if place in by_number), [])
		index[row] = one_of(row, key, [position for position in found if position not in taken])
		if index[row] >= 0:
			renamed.append(f"{key} for {known[index[row]]}")
	if renamed:
		more = f" and {len(renamed) - _SHOWN} more" if len(renamed) > _SHOWN else ""
		note(f"only zeros that programs drop tell these apart, taken {', '.join(renamed[:_SHOWN])}{more}.")
	return index


def refuse_shared(wanted: Sequence[ItemKey], index: Index, refusal: Callable[[int, str], InputError]) -> None:
	"""Refuse two item-warehouses that were found at the same place: one demand cannot serve both."""
	taken: dict[int, ItemKey] = {}
	for row, (key, position) in enumerate(zip(wanted, index.tolist(), strict=True)):
		if position >= 0 and taken.setdefault(position, key) != key:
			same = _folded(key).item_code != _folded(taken[position]).item_code or _folded(key) == _folded(
				taken[position]
			)
			remedy = "spell it one way" if same else "add a warehouse column to the orders"
			raise refusal(row, f"{key} and {taken[position]} are one item in the order history; {remedy}")


def _folded(key: ItemKey) -> ItemKey:
	return ItemKey(fold(key.item_code), fold(key.warehouse))
