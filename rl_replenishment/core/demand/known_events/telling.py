"""What a buyer is told of known events: what they do to demand, and that a quantity counts them in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.demand.known_events.effects import Effect
from rl_replenishment.core.demand.known_events.event import EVENTS_COST_RATIO, Event, concerned
from rl_replenishment.core.demand.known_events.stored import KnownEvents, events_known_to
from rl_replenishment.core.explanation import Number, Translate
from rl_replenishment.core.items import ItemTable
from rl_replenishment.core.proposal import Proposal
from rl_replenishment.core.written import quantity_words

#: writes a day in a reader's format
Day = Callable[[np.datetime64], str]
#: what moves a day's demand by less is not worth a word
_LEAST_TOLD = 0.02


def what_was_learned(about: Mapping[str, Any]) -> dict[str, Any]:
	"""What a training learned of known events, in plain values; empty where it was told of none.

	`effects` has each kind as it counts, none where counting events in did not pay; `unseen` the kinds that
	nothing could be learned of; `cost_ratio` what counting them in cost over not doing so, on the days that
	rules were judged on, and None where that was not asked.
	"""
	known = events_known_to(about)
	if not known:
		return {}
	ratio = about.get(EVENTS_COST_RATIO)
	is_left_out = ratio is not None and not known.effects
	seen = {effect.kind for effect in known.effects}
	return {
		"cost_ratio": ratio,
		"effects": [
			{
				"kind": effect.kind,
				"is_discount": effect.is_discount,
				"seen": effect.seen,
				"lift": effect.usual_lift,
				"usual_discount": 100 * effect.usual_strength if effect.is_discount else None,
			}
			for effect in known.effects
		],
		"unseen": [] if is_left_out else sorted({event.kind for event in known.events} - seen),
	}


def effect_words(effect: Effect) -> str:
	"""What was learned of a kind of event, in one sentence."""
	what = f"{effect.kind}, seen {'once' if effect.seen == 1 else f'{effect.seen} times'}"
	if not effect.slope:
		return f"{what}: what it did to demand cannot be told from chance, so it changes nothing."
	at = f" at {100 * effect.usual_strength:.0f} % off" if effect.is_discount else ""
	apart = ((effect.groups, "item groups"), (effect.items, "item-warehouses"))
	differ = [f"{len(own)} {name}" for own, name in apart if own]
	others = f"; {' and '.join(differ)} with a lift of their own" if differ else ""
	return f"{what}: demand{at} is {effect.usual_lift:.2f} times the usual{others}."


def with_events_told(
	proposals: Sequence[Proposal],
	known: KnownEvents,
	items: ItemTable,
	today: np.datetime64,
	horizon_days: npt.NDArray[np.integer],
	_: Translate = str,
	number: Number = quantity_words,
	day: Day = str,
) -> list[Proposal]:
	"""The proposals of N item-warehouses; of what an event moves, the reason says so.

	Events count until the next order could arrive: `horizon_days`, shape (N,), is the protection interval.
	"""
	effects = {effect.family: effect for effect in known.effects if effect.slope}
	ahead = today + np.timedelta64(int(horizon_days.max(initial=1)), "D")
	events = [
		each for each in known.events if each.family in effects and each.first < ahead and each.last >= today
	]
	words: dict[int, list[str]] = {}
	for event, columns in zip(events, concerned(events, items), strict=True):
		effect = effects[event.family]
		slopes = effect.slopes(items) if len(columns) else np.zeros(0)
		days_to = int((event.first - today).astype(int))
		for at in columns[days_to < horizon_days[columns]].tolist():
			lift = float(effect.lift(slopes[at : at + 1], event.strength)[0])
			if abs(lift - 1) >= _LEAST_TOLD:
				words.setdefault(at, []).append(event_words(event, effect, lift, _, number, day))
	return [
		replace(each, reason=" ".join([each.reason, *words[at]])) if at in words else each
		for at, each in enumerate(proposals)
	]


def event_words(
	event: Event,
	effect: Effect,
	lift: float,
	_: Translate = str,
	number: Number = quantity_words,
	day: Day = str,
) -> str:
	"""One sentence on what an event makes of demand, and how often that was seen."""
	if event.first == event.last:
		when = _("{0} on {1}").format(event.kind, day(event.first))
	else:
		when = _("{0} from {1} to {2}").format(event.kind, day(event.first), day(event.last))
	percent = number(round(100 * abs(lift - 1)))
	if lift > 1:
		demand = _("demand {0} % above the usual").format(percent)
	else:
		demand = _("demand {0} % below the usual").format(percent)
	if effect.seen == 1:
		seen = _("going by the one before")
	else:
		seen = _("going by the {0} before").format(number(effect.seen))
	return f"{when}: {demand}, {seen}."
