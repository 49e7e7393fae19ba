"""A scenario in parts, by item-warehouse: what happens to one depends on no other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from rl_replenishment.core.simulation.rollout import TOTALS, Ledger, Paths
from rl_replenishment.core.simulation.scenario import Scenario

#: parts for each worker: the last one to end keeps few waiting
_PER_WORKER = 2
#: item-warehouses of a part, at most, which bounds a worker's memory
LARGEST = 10_000


def shards(count: int, workers: int) -> list[slice]:
	"""Runs of item-warehouses, all but equally long and none empty; one for a single worker."""
	if workers <= 1 or count <= 1:
		return [slice(0, count)]
	parts = min(max(workers * _PER_WORKER, -(-count // LARGEST)), count)
	bounds = [count * number // parts for number in range(parts + 1)]
	return [slice(first, last) for first, last in pairwise(bounds)]


def part_of(scenario: Scenario, shard: slice) -> Scenario:
	"""Some item-warehouses of a scenario; all of them are the scenario itself."""
	if shard == slice(0, len(scenario.items)):
		return scenario
	due, launches, lifts = scenario.initial_arrivals, scenario.launches, scenario.lifts
	# columns of a large array travel with all of it unless they are copied
	return replace(
		scenario,
		items=scenario.items.slice(shard),
		demand=np.ascontiguousarray(scenario.demand[:, shard]),
		lead_times=np.ascontiguousarray(scenario.lead_times[:, shard]),
		initial_on_hand=scenario.initial_on_hand[shard],
		initial_arrivals=None if due is None else np.ascontiguousarray(due[:, shard]),
		launches=None if launches is None else launches.take(np.arange(len(scenario.items))[shard]),
		lifts=None if lifts is None else lifts.take(shard),
	)


def joined(ledgers: Sequence[Ledger]) -> Ledger:
	"""One policy's books of all item-warehouses, from those of the parts, in their order."""
	first = ledgers[0]
	if len(ledgers) == 1:
		return first
	totals = {name: np.concatenate([getattr(each, name) for each in ledgers]) for name in TOTALS}
	kept = [each.paths for each in ledgers if each.paths is not None]
	paths = None
	if len(kept) == len(ledgers):
		names = ("on_hand", "unmet", "ordered")
		paths = Paths(*(np.concatenate([getattr(each, name) for each in kept], axis=1) for name in names))
	return Ledger(policy=first.policy, days=first.days, paths=paths, **totals)
