"""A stored policy applied to other item-warehouses than those it was made for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.demand.imputation import members_of_groups, neighbours, typical
from rl_replenishment.core.demand.statistics import QUARTER
from rl_replenishment.core.items import ItemKey, ItemTable
from rl_replenishment.core.policies.rules import with_parameters
from rl_replenishment.core.policies.service import ServiceShift
from rl_replenishment.core.policies.store import Snapshot, StoredPolicy


def adapted(stored: StoredPolicy, keys: Sequence[ItemKey], index: npt.NDArray[np.intp]) -> StoredPolicy:
	"""The policy as it applies to other item-warehouses, which it knows at `index`, shape (N,).

	What it does not know (-1) takes the typical parameters of its rule, default costs, and no demand.
	"""
	snapshot, classical = stored.snapshot, stored.policy.classical
	rule = with_parameters(classical.rule, lambda parameters: parameters.reindexed(keys, index))
	service = stored.policy.service
	if service is not None:
		service = ServiceShift(service.parameters.reindexed(keys, index))
	return replace(
		stored,
		policy=replace(stored.policy, classical=replace(classical, rule=rule), service=service),
		snapshot=Snapshot(
			snapshot.items.reindexed(keys, index), snapshot.demand.reindexed(index), snapshot.today
		),
	)


def lenders(snapshot: Snapshot, items: ItemTable, index: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
	"""For each of N items that the snapshot does not know (-1 in `index`), the typical item of its group.

	Returns positions in the snapshot, shape (N,); -1 for what is known, and where there is no such item.
	"""
	known = snapshot.demand
	members = members_of_groups(snapshot.items, (known.days_known >= QUARTER) & (known.active_91 > 0))
	found = np.full(len(items), -1, dtype=np.intp)
	for at in np.flatnonzero(index < 0).tolist():
		near = neighbours(snapshot.items, members, items.groups[at], float(items.unit_cost[at]))
		if len(near):
			found[at] = typical(near, known.level_91)
	return found


def adapted_to(stored: StoredPolicy, keys: Sequence[ItemKey]) -> StoredPolicy:
	"""As `adapted`, each item-warehouse found by its exact key."""
	position = {key: i for i, key in enumerate(stored.snapshot.items.keys)}
	return adapted(stored, keys, np.array([position.get(key, -1) for key in keys], dtype=np.intp))
