"""Known events: what it saves to be told of holidays and promotions, and what nonsense costs."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from rl_replenishment.cli.screen import Screen
from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.demand.imputation import impute
from rl_replenishment.core.demand.known_events.event import Event, concerned
from rl_replenishment.core.evaluation.bootstrap import relative_difference
from rl_replenishment.core.items import FloatArray, ItemTable
from rl_replenishment.core.sample.company import sample_company
from rl_replenishment.core.simulation.rollout import run
from rl_replenishment.core.simulation.scenario import replay

ITEMS, DAYS, HELD, REVIEW_DAYS = 40, 1095, 182, 7
#: what training and orders are told: nothing, the events that moved demand, or as many on other days
ARMS = ("no events", "events", "events on random days")
#: days of a year on which a kind of holiday begins, how long it lasts, and its lift
HOLIDAYS = (
	("New Year", 1, 1, 0.05),
	("Easter", 100, 4, 0.3),
	("Summer fair", 180, 6, 1.5),
	("Christmas", 358, 4, 0.1),
)
#: days from one promotion to the next, its length, the share of items that it is of, and its discounts
EVERY, LENGTH, SHARE, DISCOUNTS = 12, 7, 0.25, (10.0, 20.0, 30.0)
#: mean and deviation over items of the logarithm of the lift per price taken off: 20 % off sells 1.6 times
ELASTICITY, DEVIATION = 2.35, 0.6
_YEAR = 365


def measure(options: argparse.Namespace, screen: Screen) -> dict[str, Any]:
	"""Cost of the chosen rule on held-out days, by what it is told of events."""
	costs = np.zeros((options.seeds, len(ARMS)))
	with screen.progress("Companies") as update:
		for number in range(options.seeds):
			rng = np.random.default_rng(options.seed + number)
			history, items = _company(rng)
			told = ((), history.events, _elsewhere(history, rng))
			for column, events in enumerate(told):
				update((number + column / len(ARMS)) / options.seeds, f"Company {number + 1}: {ARMS[column]}")
				costs[number, column] = _cost(replace(history, events=tuple(events)), items, options.seed)
			told_of = ", ".join(f"{arm} {cost:,.0f}" for arm, cost in zip(ARMS, costs[number], strict=True))
			screen.say(f"Company {number + 1}, cost: {told_of}.")
	rows = []
	for column, arm in enumerate(ARMS[1:], 1):
		saved, interval = relative_difference(
			costs[:, column], costs[:, 0], np.random.default_rng(options.seed)
		)
		by_company = 100 * (costs[:, column] / costs[:, 0] - 1)
		rows.append(
			{
				"told": arm,
				"cost_vs_no_events_percent": 100 * saved,
				"ci95_percent": [100 * bound for bound in interval],
				"cost_vs_no_events_percent_by_company": by_company.tolist(),
			}
		)
		screen.say(
			f"{arm:<22} cost {100 * saved:+.1f} % ({100 * interval[0]:+.1f} to {100 * interval[1]:+.1f})"
			f" against no events; worst company {by_company.max():+.1f} %"
		)
	return {"companies": options.seeds, "items": ITEMS, "holdout_days": HELD, "rows": rows}


def _company(rng: np.random.Generator) -> tuple[DemandHistory, ItemTable]:
	"""A made-up company, with holidays and promotions on top of what it sells."""
	company = sample_company(rng, items=ITEMS, days=DAYS, future_days=7)
	plain = impute(company.history, company.items).history
	events = _holidays(plain) + _promotions(plain, rng)
	demand = _moved(plain, company.items, events, rng)
	return replace(plain, demand=demand, events=tuple(events)), company.items


def _holidays(history: DemandHistory) -> list[Event]:
	days = history.start + np.arange(history.days + _YEAR).astype("timedelta64[D]")
	of_year = (days - days.astype("datetime64[Y]")).astype(int) + 1
	return [
		Event(kind, day, day + np.timedelta64(length - 1, "D"))
		for kind, first, length, _lift in HOLIDAYS
		for day in days[of_year == first]
	]


def _promotions(history: DemandHistory, rng: np.random.Generator) -> list[Event]:
	found = []
	for first in range(EVERY, history.days + EVERY, EVERY):
		begins = history.start + np.timedelta64(first + int(rng.integers(0, EVERY - LENGTH)), "D")
		chosen = rng.choice(len(history.keys), int(SHARE * len(history.keys)), replace=False)
		found.append(
			Event(
				"Promotion",
				begins,
				begins + np.timedelta64(LENGTH - 1, "D"),
				items=tuple(history.keys[at].item_code for at in chosen),
				discount=float(rng.choice(DISCOUNTS)),
			)
		)
	return found


def _moved(
	history: DemandHistory, items: ItemTable, events: Sequence[Event], rng: np.random.Generator
) -> FloatArray:
	"""Demand as the events have it: customers stay away, or as many more come, each by chance."""
	elasticity = rng.normal(ELASTICITY, DEVIATION, len(items))
	lift_of = {kind: lift for kind, _first, _length, lift in HOLIDAYS}
	lift = np.ones(history.demand.shape)
	for event, columns in zip(events, concerned(events, items), strict=True):
		first = int((event.first - history.start).astype(int))
		rows = np.arange(max(first, 0), min(first + event.days, history.days))
		own = np.exp(elasticity[columns] * event.strength) if event.discount else lift_of[event.kind]
		lift[np.ix_(rows, columns)] *= own
	whole = np.rint(history.demand).astype(np.int64)
	kept = rng.binomial(whole, np.minimum(lift, 1))
	more = rng.poisson(whole * np.maximum(lift - 1, 0))
	return (kept + more).astype(np.float32)


def _elsewhere(history: DemandHistory, rng: np.random.Generator) -> tuple[Event, ...]:
	"""The same events on days drawn at random."""
	found = []
	for event in history.events:
		begins = history.start + np.timedelta64(int(rng.integers(0, history.days)), "D")
		found.append(replace(event, first=begins, last=begins + np.timedelta64(event.days - 1, "D")))
	return tuple(found)


def _cost(history: DemandHistory, items: ItemTable, seed: int) -> float:
	"""Of the rule that is chosen before the held-out days, on them."""
	# needs torch, which what is measured beside it must not load
	from rl_replenishment.core.training.paying_events import best_rule_with_events

	seen = history.window(0, history.days - HELD)
	chosen = best_rule_with_events(seen, items, REVIEW_DAYS, "lost", seed)
	counted = replace(history, events=chosen.history.events)
	scenario = replay(items, counted, days=HELD, review_days=REVIEW_DAYS, rng=np.random.default_rng(seed))
	return float(run(chosen.portfolio.final.rule, scenario).cost.sum())
