"""Events that are known by date, past and to come: holidays, promotions, weeks at another price."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.files.keys import fold
from rl_replenishment.core.items import ItemTable

Columns: TypeAlias = npt.NDArray[np.intp]
#: where a policy keeps the events that it was told of, and what it learned of each kind
EVENTS = "known_events"
#: and what it cost to count them in, over not to, on days that it was judged on
EVENTS_COST_RATIO = "known_events_cost_ratio"


@dataclass(frozen=True)
class Event:
	"""Something that comes on some days and may move the demand of some items."""

	#: what it is one of: "Christmas holidays", "Promotion"
	kind: str
	#: its first and its last day
	first: np.datetime64
	last: np.datetime64
	#: item codes and item groups that it concerns, in every warehouse; both empty: all items
	items: tuple[str, ...] = ()
	groups: tuple[str, ...] = ()
	#: percent off the usual price, below 0 for a higher one; None where it is about no price
	discount: float | None = None

	@property
	def family(self) -> tuple[str, bool]:
		"""What it is learned together with: its kind, with a discount or without."""
		return self.kind, self.discount is not None

	@property
	def strength(self) -> float:
		"""What the logarithm of the lift is proportional to: the discount as a share, or 1."""
		return 1.0 if self.discount is None else self.discount / 100

	@property
	def days(self) -> int:
		"""How many days it lasts."""
		return int((self.last - self.first).astype(int)) + 1


def merged(events: Iterable[Event]) -> tuple[Event, ...]:
	"""Events in order of time; those of a kind, of the same days and discount, are one of all their items.

	So a promotion of many items, told of row by row, is one promotion.
	"""
	together: dict[tuple[object, ...], list[Event]] = defaultdict(list)
	for event in events:
		together[event.first, event.last, event.kind, event.discount].append(event)
	found = []
	for each in together.values():
		is_of_all = any(not (event.items or event.groups) for event in each)
		items, groups = (
			() if is_of_all else tuple(dict.fromkeys(name for event in each for name in getattr(event, of)))
			for of in ("items", "groups")
		)
		found.append(replace(each[0], items=items, groups=groups))
	return tuple(sorted(found, key=lambda event: (event.first, event.last, event.kind)))


def concerned(events: Sequence[Event], items: ItemTable) -> list[Columns]:
	"""The item-warehouses that each event concerns, as positions among `items`.

	Names match whatever their case and blanks.
	"""
	by_code: dict[str, list[int]] = defaultdict(list)
	by_group: dict[str, list[int]] = defaultdict(list)
	for at, (key, group) in enumerate(zip(items.keys, items.groups, strict=True)):
		by_code[fold(key.item_code)].append(at)
		by_group[fold(group)].append(at)
	everything = np.arange(len(items))
	found = []
	for event in events:
		if not (event.items or event.groups):
			found.append(everything)
			continue
		places = {place for code in event.items for place in by_code.get(fold(code), ())}
		places |= {place for group in event.groups for place in by_group.get(fold(group), ())}
		found.append(np.array(sorted(places), np.intp))
	return found


def event_days(
	events: Sequence[Event], items: ItemTable, start: np.datetime64, days: int
) -> npt.NDArray[np.bool_]:
	"""Where an event concerns an item-warehouse on one of so many days from `start` on, shape (days, N)."""
	found = np.zeros((days, len(items)), np.bool_)
	for event, columns in zip(events, concerned(events, items), strict=True):
		first, last = (int((day - start).astype(int)) for day in (event.first, event.last))
		found[max(first, 0) : max(last + 1, 0), columns] = True
	return found
