"""What a check is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
	"""Something that is not as it must be."""

	agent: str | None
	#: the document that it is seen in, or what it is about
	name: str


@dataclass(frozen=True)
class Check:
	"""Something that always holds, a way to find where it does not, and one to mend it."""

	key: str
	#: what holds, as a sentence; marked for translation where it is made
	holds: str
	find: Callable[[], list[Fault]]
	#: is given what was found; each fault is mended in a transaction of its own, or in one for all
	mend: Callable[[Sequence[Fault]], None]
