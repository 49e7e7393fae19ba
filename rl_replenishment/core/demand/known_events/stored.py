"""Known events as a policy keeps them: what each kind does, and the events known when it was made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rl_replenishment.core.demand.known_events.effects import Effect
from rl_replenishment.core.demand.known_events.event import EVENTS, Event
from rl_replenishment.core.errors import PolicyFileError
from rl_replenishment.core.items import ItemKey


@dataclass(frozen=True)
class KnownEvents:
	"""Events, and what is known of their effects."""

	events: tuple[Event, ...] = ()
	effects: tuple[Effect, ...] = ()

	def __bool__(self) -> bool:
		return bool(self.events or self.effects)


def events_as_json(effects: Sequence[Effect], events: Sequence[Event]) -> dict[str, Any]:
	"""Effects and events in plain values, see docs/policy-file.md."""
	return {
		"effects": [
			{
				"kind": effect.kind,
				"is_discount": effect.is_discount,
				"seen": effect.seen,
				"strongest": effect.strongest,
				"usual_strength": effect.usual_strength,
				"slope": effect.slope,
				"groups": dict(effect.groups),
				"items": [[*key, slope] for key, slope in effect.items.items()],
			}
			for effect in effects
		],
		"events": [
			{
				"kind": event.kind,
				"first": str(event.first),
				"last": str(event.last),
				"items": list(event.items),
				"groups": list(event.groups),
				"discount": event.discount,
			}
			for event in events
		],
	}


def events_known_to(about: Mapping[str, Any]) -> KnownEvents:
	"""What a policy knows of events, from what it says about itself; none where nothing was stored."""
	return events_from(about.get(EVENTS))


def events_from(stored: Mapping[str, Any] | None) -> KnownEvents:
	"""What `events_as_json` stored; none where nothing was.

	Raises `PolicyFileError` for what it did not store.
	"""
	if not stored:
		return KnownEvents()
	try:
		effects = tuple(
			Effect(
				kind=str(each["kind"]),
				is_discount=bool(each["is_discount"]),
				seen=int(each["seen"]),
				strongest=float(each["strongest"]),
				usual_strength=float(each["usual_strength"]),
				slope=float(each["slope"]),
				groups={str(name): float(slope) for name, slope in each["groups"].items()},
				items={ItemKey(str(code), str(place)): float(slope) for code, place, slope in each["items"]},
			)
			for each in stored["effects"]
		)
		events = tuple(_event(each) for each in stored["events"])
		numbers = [
			number
			for each in effects
			for number in (*_numbers(each), *each.groups.values(), *each.items.values())
		]
		days = np.array([day for each in events for day in (each.first, each.last)], "datetime64[D]")
		if not np.isfinite(numbers).all() or np.isnat(days).any():
			raise ValueError("not finite")
	except (AttributeError, KeyError, TypeError, ValueError):
		raise PolicyFileError("What the policy knows of events cannot be read; train it again.") from None
	return KnownEvents(events, effects)


def _numbers(effect: Effect) -> tuple[float, ...]:
	return effect.strongest, effect.usual_strength, effect.slope


def _event(each: Mapping[str, Any]) -> Event:
	discount = each["discount"]
	return Event(
		str(each["kind"]),
		np.datetime64(each["first"], "D"),
		np.datetime64(each["last"], "D"),
		tuple(str(code) for code in each["items"]),
		tuple(str(group) for group in each["groups"]),
		None if discount is None else float(discount),
	)
