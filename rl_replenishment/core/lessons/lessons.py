"""What was learned from a buyer's corrections: readable, storable, and a factor on the next orders."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import repeat
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.errors import PolicyFileError
from rl_replenishment.core.items import FloatArray, ItemKey, ItemTable
from rl_replenishment.core.lessons.answers import LARGEST_FACTOR, LEAST_MOVE

#: what a lesson is about, from broad to narrow
Kind: TypeAlias = Literal["agent", "warehouse", "supplier", "group", "season", "item"]
KINDS: tuple[Kind, ...] = get_args(Kind)
#: in what is told about a policy: the lessons that its proposals follow
LESSONS = "lessons"
#: months that a season begins with
SEASONS = (12, 3, 6, 9)


def season_of(day: np.datetime64) -> int:
	"""The first month of the season that a day is in."""
	month = int(day.astype("datetime64[M]").astype(int)) % 12 + 1
	return SEASONS[month % 12 // 3]


@dataclass(frozen=True)
class Lesson:
	"""That a buyer orders more, or less, than is proposed of some items."""

	kind: Kind
	#: item code, item group, supplier or warehouse; "" for all that an agent orders
	name: str
	#: of an item, "" where its file knows none
	warehouse: str = ""
	#: of a season, the first of its three months; 0 for all year
	month: int = 0
	#: logarithm of what the buyer orders over what the policy asks for
	effect: float = 0.0
	#: how far it is followed, from 0 to 1
	share: float = 1.0
	#: decisions that it rests on, and proposals of these items that were kept
	raised: int = 0
	cut: int = 0
	kept: int = 0
	#: changes of which it is known what they were worth, and what they saved, in money
	judged: int = 0
	value: float = 0.0
	#: chance that such changes save money; 0.5 where nothing is known
	worth: float = 0.5
	#: the day of the latest decision, "" where it is not known
	last: str = ""
	#: whether the buyer adds, or takes off, as much again of whatever is proposed
	is_chased: bool = False
	#: whether it is followed less far since more would cost too much, see `following.affordable`
	is_bounded: bool = False
	#: False where somebody has switched it off
	is_on: bool = True

	@property
	def key(self) -> str:
		"""Names the lesson through all fits."""
		return lesson_key(self.kind, self.name, self.warehouse, self.month)

	@property
	def move(self) -> float:
		"""Logarithm of the factor on orders."""
		return self.effect * self.share if self.is_on else 0.0

	@property
	def is_followed(self) -> bool:
		"""Whether it moves orders."""
		return abs(self.move) >= LEAST_MOVE / 2


def lesson_key(kind: str, name: str, warehouse: str = "", month: int = 0) -> str:
	"""Names a lesson; the parts are apart by what no name has in it."""
	return "\n".join([kind, name, warehouse, str(month)])


@dataclass(frozen=True, eq=False)
class Lessons:
	"""All that decisions until a day have taught."""

	#: from broad to narrow, the strongest first
	lessons: tuple[Lesson, ...] = ()
	#: Mean move of what the buyer changed of an item, 0 where he kept it while he changed its like. No lesson
	#: moves the item beyond it, or the other way.
	own: Mapping[ItemKey, float] = field(default_factory=dict)
	#: the day that they were fitted for, "" for none
	day: str = ""

	def __len__(self) -> int:
		return len(self.lessons)

	def factor(self, items: ItemTable, today: np.datetime64) -> FloatArray:
		"""What to multiply the policy's orders by, shape (N,)."""
		return self.on(items, today).factor

	def on(self, items: ItemTable, today: np.datetime64) -> OnItems:
		"""The lessons that are about each of N items on a day, whether or not they are followed."""
		season = season_of(today)
		places: dict[Kind, dict[str | ItemKey, int]] = {}
		for at, lesson in enumerate(self.lessons):
			if lesson.kind == "season" and lesson.month != season:
				continue
			name = ItemKey(lesson.name, lesson.warehouse) if lesson.kind == "item" else lesson.name
			places.setdefault(lesson.kind, {})[name] = at
		count = len(items)
		names: Mapping[Kind, Callable[[], Iterable[str | ItemKey]]] = {
			"agent": lambda: repeat("", count),
			"warehouse": lambda: (key.warehouse for key in items.keys),
			"supplier": lambda: items.suppliers,
			"group": lambda: items.groups,
			"season": lambda: items.groups,
			"item": lambda: items.keys,
		}
		place = np.full((len(places), count), -1, dtype=np.intp)
		for row, (kind, known) in zip(place, places.items(), strict=True):
			row[:] = np.fromiter(map(known.get, names[kind](), repeat(-1)), np.intp, count)
		own = np.full(count, np.nan)
		if self.own and len(place):
			own[:] = np.fromiter(map(self.own.get, items.keys, repeat(np.nan)), np.float64, count)
		return OnItems(self.lessons, place, own)

	def about(self, items: ItemTable, today: np.datetime64) -> Lessons:
		"""The same, without what is known of items that no lesson is about."""
		is_concerned = (self.on(items, today).place >= 0).any(axis=0)
		concerned = {items.keys[at] for at in np.flatnonzero(is_concerned)}
		return replace(self, own={key: move for key, move in self.own.items() if key in concerned})

	def shared(self, share: float) -> Lessons:
		"""The same, followed to `share` of what they were, except where hindsight says that they save."""
		changed = (
			lesson
			if lesson.worth >= SAVES
			else replace(lesson, share=lesson.share * share, is_bounded=lesson.is_bounded or share < 1)
			for lesson in self.lessons
		)
		return replace(self, lessons=tuple(changed))

	def without(self, off: Collection[str]) -> Lessons:
		"""The same with the lessons of these keys switched off; with a group's, those of its seasons."""
		return replace(
			self,
			lessons=tuple(replace(each, is_on=each.is_on and not is_off(each, off)) for each in self.lessons),
		)

	def as_json(self) -> dict[str, Any]:
		"""Plain values; see `lessons_from`."""
		return {
			"day": self.day,
			"lessons": [vars(lesson).copy() for lesson in self.lessons],
			"own": [[*key, round(move, 4)] for key, move in self.own.items()],
		}


@dataclass(frozen=True, eq=False)
class OnItems:
	"""The lessons of each of N item-warehouses on a day."""

	lessons: tuple[Lesson, ...]
	#: by kind, the place of each item's lesson among `lessons`, shape (kinds, N), -1 for none
	place: npt.NDArray[np.intp]
	#: as `Lessons.own`, shape (N,), NaN where nothing is known
	own: npt.NDArray[np.float64]

	@cached_property
	def factor(self) -> FloatArray:
		"""What to multiply the policy's orders by, shape (N,)."""
		total = self._moves.sum(axis=0)
		known = ~np.isnan(self.own)
		own = self.own[known]
		total[known] = np.clip(total[known], np.minimum(own, 0), np.maximum(own, 0))
		largest = np.log(LARGEST_FACTOR)
		return np.exp(np.clip(total, -largest, largest)).astype(np.float32)

	@cached_property
	def strongest(self) -> npt.NDArray[np.intp]:
		"""The place of the lesson that moves each item most the way it goes, shape (N,), -1 for none."""
		if not len(self.place):
			return np.full(len(self.own), -1, dtype=np.intp)
		along = self._moves * np.sign(np.log(self.factor))
		row, columns = along.argmax(axis=0), np.arange(len(self.own))
		moves = along[row, columns] >= LEAST_MOVE / 2
		return np.where(moves, self.place[row, columns], -1)

	@cached_property
	def _moves(self) -> npt.NDArray[np.float64]:
		"""Logarithm of what each lesson makes of an order, shape (kinds, N)."""
		# the last is that of no lesson
		moves = np.array([*(lesson.move for lesson in self.lessons), 0.0])
		return moves[self.place]


#: chance of saving from which lessons are followed fully, and below which they cost
SAVES, COSTS = 0.9, 0.3


def is_off(lesson: Lesson, off: Collection[str]) -> bool:
	"""Whether somebody has switched a lesson off, by its key or that of the group that it is a season of."""
	return lesson.key in off or (lesson.kind == "season" and lesson_key("group", lesson.name) in off)


def lessons_from(stored: Mapping[str, Any] | None) -> Lessons:
	"""What `Lessons.as_json` stored; no lessons where nothing was.

	Raises `PolicyFileError` for what it did not store.
	"""
	if not stored:
		return Lessons()
	try:
		found = Lessons(
			lessons=tuple(Lesson(**each) for each in stored["lessons"]),
			own={ItemKey(code, warehouse): float(move) for code, warehouse, move in stored["own"]},
			day=str(stored["day"]),
		)
		numbers = [*found.own.values(), *(lesson.move for lesson in found.lessons)]
		if not np.isfinite(numbers).all():
			raise ValueError("not finite")
	except (KeyError, TypeError, ValueError):
		raise PolicyFileError(
			"The lessons that the policy was given cannot be read; learn from the feedback again."
		) from None
	return found


def ordered(lessons: Sequence[Lesson]) -> tuple[Lesson, ...]:
	"""Lessons from broad to narrow, the strongest first."""
	return tuple(sorted(lessons, key=lambda each: (KINDS.index(each.kind), -abs(each.effect), each.name)))
