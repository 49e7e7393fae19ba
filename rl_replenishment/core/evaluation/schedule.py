"""Orders fixed in advance, as a policy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rl_replenishment.core.items import FloatArray
from rl_replenishment.core.policies.base import State


def days_since(start: np.datetime64, state: State) -> int:
	"""Days from `start` to the day of ordering, which must be one for all items."""
	days = np.asarray(state.today - start.astype("datetime64[D]")).astype("timedelta64[D]").astype(np.int64)
	return int(days)


@dataclass(frozen=True, eq=False)
class ScheduledOrders:
	"""Orders what a schedule says for the day, whatever the stock; nothing on other days."""

	name: str
	#: the day of row 0
	start: np.datetime64
	#: shape (D, N), in stock UOM
	quantities: FloatArray

	def order_quantities(self, state: State) -> FloatArray:
		day = days_since(self.start, state)
		if 0 <= day < len(self.quantities):
			return self.quantities[day]
		return np.zeros(len(state.items), np.float32)
