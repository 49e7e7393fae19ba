"""The same item-warehouses in several files: found again, however each file spells them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from rl_replenishment.cli.screen import Screen
from rl_replenishment.core.errors import InputError
from rl_replenishment.core.items import ItemKey
from rl_replenishment.core.policies.adaptation import adapted
from rl_replenishment.core.policies.store import StoredPolicy

_SHOWN = 5
Index = npt.NDArray[np.intp]


def some(keys: Sequence[ItemKey]) -> str:
	"""The first of many names."""
	names = ", ".join(str(key) for key in keys[:_SHOWN])
	return f"{names} and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else names


def find_items(
	wanted: Sequence[ItemKey], known: Sequence[ItemKey], refusal: Callable[[int, str], InputError]
) -> Index:
	"""Position of each wanted item-warehouse among the known ones, -1 where there is none, shape (N,).

	Upper and lower case count only where they tell two items apart. An item known without a warehouse is
	known in every one, and an item asked for without a warehouse is the one that is known; where that could
	be one of several, raises what `refusal` makes of the position in `wanted` and the problem.
	"""
	exact = {key: position for position, key in enumerate(known)}
	by_case: dict[ItemKey, list[int]] = defaultdict(list)
	by_item: dict[str, list[int]] = defaultdict(list)
	for position, key in enumerate(known):
		by_case[_folded(key)].append(position)
		by_item[_folded(key).item_code].append(position)

	def find(row: int, key: ItemKey) -> int:
		folded = _folded(key)
		everywhere = ItemKey(key.item_code)
		for position in (exact.get(key), exact.get(everywhere)):
			if position is not None:
				return position
		found = by_case[folded] or by_case[_folded(everywhere)]
		if not found and not key.warehouse:
			found = by_item[folded.item_code]
		if len(found) > 1:
			several = some([known[position] for position in found])
			raise refusal(
				row, f"{key} could be any of {several}; say which, with its warehouse if it has one"
			)
		return found[0] if found else -1

	return np.array([find(row, key) for row, key in enumerate(wanted)], dtype=np.intp)


def refuse_shared(wanted: Sequence[ItemKey], index: Index, refusal: Callable[[int, str], InputError]) -> None:
	"""Refuse two item-warehouses that were found at the same place: one demand cannot serve both."""
	taken: dict[int, ItemKey] = {}
	for row, (key, position) in enumerate(zip(wanted, index.tolist(), strict=True)):
		if position >= 0 and taken.setdefault(position, key) != key:
			same = _folded(key) == _folded(taken[position])
			remedy = "spell it one way" if same else "add a warehouse column to the orders"
			raise refusal(row, f"{key} and {taken[position]} are one item in the order history; {remedy}")


def adapted_to_orders(
	stored: StoredPolicy, keys: Sequence[ItemKey], source: str, screen: Screen, *, with_costs: bool
) -> StoredPolicy:
	"""The policy as it applies to the item-warehouses of an ORDERS file called `source`.

	`with_costs` tells whether costs and lead times are the policy's, too: the note on what it does not know
	says so.
	"""

	def refusal(_: int, problem: str) -> InputError:
		return InputError(f"{source}: for the policy, {problem}.")

	index = find_items(keys, stored.snapshot.items.keys, refusal)
	unknown = [key for key, position in zip(keys, index, strict=True) if position < 0]
	if unknown:
		costs = ", default costs and a default lead time (--items brings their own)" if with_costs else ""
		screen.note(f"The policy was not trained with {some(unknown)}: typical settings{costs} stand in.")
	return adapted(stored, keys, index)


def _folded(key: ItemKey) -> ItemKey:
	return ItemKey(key.item_code.casefold(), key.warehouse.casefold())
