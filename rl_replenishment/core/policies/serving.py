"""Order quantities for very many item-warehouses in bounded memory."""

from __future__ import annotations

import numpy as np

from rl_replenishment.core.items import FloatArray, ItemTable
from rl_replenishment.core.policies.base import Policy, State

#: item-warehouses at a time: large enough for numpy, small enough for the processor's cache
CHUNK = 2048


def order_quantities_in_chunks(
	policy: Policy,
	items: ItemTable,
	recent_demand: FloatArray,
	*,
	today: np.datetime64,
	review_days: int,
	on_hand: FloatArray,
	arrivals: FloatArray,
) -> FloatArray:
	"""What to order of N items, shape (N,), from raw demand (T, N), stock (N,) and arrivals (H, N)."""
	quantity = np.empty(len(items), dtype=np.float32)
	for first in range(0, len(items), CHUNK):
		part = slice(first, first + CHUNK)
		state = State.from_history(
			items.slice(part),
			recent_demand[:, part],
			today=today,
			review_days=review_days,
			on_hand=on_hand[part],
			arrivals=arrivals[:, part],
		)
		quantity[part] = policy.order_quantities(state)
	return quantity
