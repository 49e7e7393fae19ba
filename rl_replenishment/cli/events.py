"""Known events, as the subcommands read and tell them."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from rl_replenishment.cli.screen import Screen
from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.demand.known_events.stored import KnownEvents, events_known_to
from rl_replenishment.core.demand.known_events.telling import effect_words, what_was_learned
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
	learned = what_was_learned(stored.about)
	if not learned:
		return []
	ratio, effects = learned["cost_ratio"], learned["effects"]
	change = "" if ratio is None else f"{abs(100 * (ratio - 1)):.1f} % {'more' if ratio > 1 else 'less'}"
	judged = f"cost {change} on the days that rules were judged on"
	if change and not effects:
		screen.say(f"Counting the events in {judged}, so they change nothing.")
		return []
	for effect in events_known_to(stored.about).effects:
		screen.say(effect_words(effect))
	if change:
		screen.say(f"Counting them in {judged}.")
	if learned["unseen"]:
		kinds = ", ".join(learned["unseen"])
		screen.say(f"Not seen on days that tell what it does, so it changes nothing: {kinds}.")
	return list(effects)
