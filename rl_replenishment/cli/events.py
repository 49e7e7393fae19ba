"""Known events, as the subcommands read and tell them."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from rl_replenishment.cli.screen import Screen
from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.demand.known_events.event import EVENTS_COST_RATIO
from rl_replenishment.core.demand.known_events.stored import KnownEvents, events_known_to
from rl_replenishment.core.demand.known_events.telling import effect_words
from rl_replenishment.core.files.events import read_events
from rl_replenishment.core.files.table import Note
from rl_replenishment.core.items import ItemTable
from rl_replenishment.core.policies.store import StoredPolicy


def add_events_argument(parser: argparse.ArgumentParser) -> None:
	"""--events."""
	parser.add_argument(
		"--events",
		metavar="EVENTS.csv",
		type=Path,
		help="holidays, promotions and other prices, past and to come: event, from, to, item_code,"
		" item_group, discount (default: none, or those that the policy was trained with)",
	)


def with_events(
	options: argparse.Namespace, history: DemandHistory, items: ItemTable, screen: Screen
) -> DemandHistory:
	"""A history to learn from, with the events of --events."""
	if options.events is None:
		return history
	return replace(history, events=read_events(options.events, items, options.date_format, screen.note))


def known_events(
	options: argparse.Namespace, stored: StoredPolicy, items: ItemTable, note: Note
) -> KnownEvents:
	"""What a policy knows of events, with those of --events where given."""
	known = events_known_to(stored.about)
	if options.events is None:
		return known if known.effects else KnownEvents()
	events = read_events(options.events, items, options.date_format, note)
	if not known.effects:
		note(
			f"The policy has learned nothing of events, so those of {options.events.name} change nothing;"
			" train it with --events."
		)
		return KnownEvents()
	return replace(known, events=events)


def tell_effects(stored: StoredPolicy, screen: Screen) -> list[dict[str, Any]]:
	"""What training learned of each kind of event."""
	known = events_known_to(stored.about)
	ratio = stored.about.get(EVENTS_COST_RATIO)
	if ratio is not None and not known.effects:
		screen.say(
			f"Counting the events in cost {100 * (ratio - 1):.1f} % more on the days that rules were"
			" judged on, so they change nothing."
		)
		return []
	for effect in known.effects:
		screen.say(effect_words(effect))
	if ratio is not None:
		change = f"{abs(100 * (ratio - 1)):.1f} % {'more' if ratio > 1 else 'less'}"
		screen.say(f"Counting them in cost {change} on the days that rules were judged on.")
	missing = sorted({event.kind for event in known.events} - {effect.kind for effect in known.effects})
	if missing:
		screen.say(f"Not seen on days that tell what it does, so it changes nothing: {', '.join(missing)}.")
	return [
		{
			"kind": effect.kind,
			"is_discount": effect.is_discount,
			"seen": effect.seen,
			"lift": effect.usual_lift,
			"usual_discount": 100 * effect.usual_strength if effect.is_discount else None,
		}
		for effect in known.effects
	]
