"""What was learned from a buyer, in words."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.explanation import Number, Translate
from rl_replenishment.core.lessons.answers import LEAST_MOVE
from rl_replenishment.core.lessons.lessons import COSTS, SAVES, Lesson, OnItems
from rl_replenishment.core.written import quantity_words


def line_words(
	learned: OnItems,
	is_moved: npt.NDArray[np.bool_],
	_: Translate = str,
	money: Number = quantity_words,
) -> list[str]:
	"""Why each of N orders is more or less than the policy's, "" but where `is_moved`, shape (N,)."""
	found = [""] * len(is_moved)
	moved = np.log(learned.factor)
	told = np.flatnonzero(is_moved & (learned.strongest >= 0) & (np.abs(moved) >= LEAST_MOVE / 2))
	evidence: dict[int, str] = {}
	for at, move, behind in zip(
		told.tolist(), moved[told].tolist(), learned.strongest[told].tolist(), strict=True
	):
		if behind not in evidence:
			evidence[behind] = evidence_words(learned.lessons[behind], _, money)
		found[at] = f"{percent(move)}: {evidence[behind]}."
	return found


def lesson_words(lesson: Lesson, _: Translate = str, money: Number = quantity_words) -> str:
	"""A lesson, what it rests on, and how far it is followed, in a sentence."""
	words = f"{percent(lesson.effect)}: {evidence_words(lesson, _, money)}"
	return f"{words}; {followed_words(lesson, _)}."


def evidence_words(lesson: Lesson, _: Translate = str, money: Number = quantity_words) -> str:
	"""What a lesson rests on: how often the buyer did so, and what that was worth."""
	is_raise = lesson.effect > 0
	count = lesson.raised if is_raise else lesson.cut
	if not count and not lesson.kept:
		# what other lessons had made of it
		words = _("you took back what followed for {0}").format(subject(lesson, _))
	elif not count:
		# he has changed his mind, and kept what came of it
		words = _("you kept what followed for {0} {1}").format(subject(lesson, _), times(lesson.kept, _))
	elif lesson.month:
		words = _("you raised {0} {1} in {2}") if is_raise else _("you cut {0} {1} in {2}")
		words = words.format(subject(lesson, _), times(count, _), months(lesson.month, _))
	else:
		words = _("you raised {0} {1}") if is_raise else _("you cut {0} {1}")
		words = words.format(subject(lesson, _), times(count, _))
	if not lesson.judged or not lesson.value:
		return words
	worth = _("which saved {0} in hindsight") if lesson.value > 0 else _("which cost {0} in hindsight")
	return f"{words}, {worth.format(money(abs(lesson.value)))}"


def times(count: int, _: Translate = str) -> str:
	"""How often something was done."""
	return _("once") if count == 1 else _("{0} times").format(count)


def followed_words(lesson: Lesson, _: Translate = str) -> str:
	"""How far a lesson is followed, and why not further."""
	if not lesson.is_on:
		return _("switched off")
	if lesson.is_chased:
		return _("not followed, since as much was changed again of what followed it")
	share = f"{100 * lesson.share:.0f} %"
	if lesson.worth >= SAVES:
		return _("followed fully")
	if not lesson.is_followed:
		return _("not followed")
	if lesson.worth < COSTS:
		return _("followed to {0}, since hindsight speaks against it").format(share)
	if lesson.is_bounded:
		return _("followed to {0}, since more would cost too much by the simulation").format(share)
	return _("followed to {0}").format(share)


def subject(lesson: Lesson, _: Translate = str) -> str:
	"""What a lesson is about."""
	if lesson.kind == "agent":
		return _("what was proposed")
	if lesson.kind == "warehouse":
		return _("what is for {0}").format(lesson.name)
	if lesson.kind == "supplier":
		return _("what comes from {0}").format(lesson.name)
	if lesson.kind == "item" and lesson.warehouse:
		return f"{lesson.name} @ {lesson.warehouse}"
	return lesson.name


def title(lesson: Lesson, _: Translate = str) -> str:
	"""What a lesson is about, and when."""
	about = subject(lesson, _)
	return f"{about} ({months(lesson.month, _)})" if lesson.month else about


def months(first: int, _: Translate = str) -> str:
	"""The months of a season, which is another one on the other half of the globe."""
	return {
		12: _("December to February"),
		3: _("March to May"),
		6: _("June to August"),
		9: _("September to November"),
	}[first]


def percent(move: float) -> str:
	"""A factor, given as its logarithm, as a change in percent."""
	return f"{100 * math.expm1(move):+.0f} %"


def summary(lessons: Sequence[Lesson], _: Translate = str) -> str:
	"""Which lessons are followed, in one sentence; "" where there are none."""
	followed = [lesson for lesson in lessons if lesson.is_followed]
	if not followed:
		return ""
	named = ", ".join(f"{title(each, _)} {percent(each.move)}" for each in followed[:5])
	if len(followed) > 5:
		named = _("{0} and {1} more").format(named, len(followed) - 5)
	return _("Learned from what you changed: {0}.").format(named)
