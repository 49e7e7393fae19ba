"""Demand that events move by a known lift, for the tests of what is learned of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from core_samples import MONDAY, codes

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.demand.known_events.event import Event
from rl_replenishment.core.items import FloatArray, ItemTable

DAYS, COUNT = 800, 40
GROUPS = tuple("dry" if number % 2 else "fresh" for number in range(COUNT))
ITEMS = ItemTable.create(codes(COUNT), groups=GROUPS, lead_time_days=7.0, unit_cost=5.0, order_cost=3.0)
#: demand of a usual day by weekday, and by item
WEEK = np.array([1.3, 1.1, 1.0, 1.0, 1.2, 0.9, 0.5])
LEVEL = np.exp(np.random.default_rng(0).normal(0.8, 0.8, COUNT))


def event(
	kind: str,
	first: int,
	days: int = 1,
	*,
	items: Sequence[str] = (),
	groups: Sequence[str] = (),
	discount: float | None = None,
) -> Event:
	"""So many days from day `first` of the history on."""
	begins = MONDAY + np.timedelta64(first, "D")
	return Event(kind, begins, begins + np.timedelta64(days - 1, "D"), tuple(items), tuple(groups), discount)


def moved(
	events: Sequence[Event], lift: float = 1.0, *, seed: int = 0, elasticity: float = 0.0
) -> FloatArray:
	"""Poisson demand, shape (DAYS, COUNT), that each event multiplies by `lift` or by discount."""
	mean = LEVEL * WEEK[np.arange(DAYS) % 7][:, None]
	for each in events:
		rows = np.arange(DAYS)
		days = MONDAY + rows.astype("timedelta64[D]")
		on = (days >= each.first) & (days <= each.last)
		at = [
			(not each.items and not each.groups) or key.item_code in each.items or group in each.groups
			for key, group in zip(ITEMS.keys, GROUPS, strict=True)
		]
		times = lift if each.discount is None else np.exp(elasticity * each.discount / 100)
		mean[np.ix_(on, np.array(at))] *= times
	return np.random.default_rng(seed).poisson(mean).astype(np.float32)


def history(events: Sequence[Event], demand: FloatArray) -> DemandHistory:
	return replace(DemandHistory(ITEMS.keys, MONDAY, demand), events=tuple(events))
