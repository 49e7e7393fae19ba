"""The value of a buyer's change in hindsight: what it saved, in money, once the demand is known."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.edits.announced import KEPT_DAYS, announces, usual_rate
from rl_replenishment.core.files.feedback import FeedbackRows
from rl_replenishment.core.items import DAYS_PER_YEAR, FloatArray, ItemTable, UnmetDemand
from rl_replenishment.core.simulation.dynamics import Inventory

#: decisions replayed at a time
_CHUNK = 4096


def edit_values(
	items: ItemTable,
	history: DemandHistory,
	rows: FeedbackRows,
	index: npt.NDArray[np.intp],
	review_days: int,
	unmet_demand: UnmetDemand = "lost",
) -> npt.NDArray[np.float64]:
	"""What each of E decisions saved against the proposal, shape (E,), in money; below 0 where it lost.

	From the stock of its day, the demand that came is met once with the proposed and once with the ordered
	quantity, for the lead time and a review interval: until the next order could arrive, the time in which an
	order decides (Scarf 1960). The cost of an order as such is left out, since an order not placed now is
	mostly placed a little later. What an order leaves beyond the position that it was to fill up to is held
	until the usual demand has used it up, at most a year.

	A change for announced demand is judged `KEPT_DAYS` later. In these, the orders to come meet the usual
	demand, and this one what goes beyond it.

	`index`, shape (E,), is each row's position in `items` and `history`. NaN where that time is not over, or
	where the day or the stock of the decision is not known.
	"""
	horizon = items.whole_lead_time_days[index] + review_days + KEPT_DAYS * announces(rows)
	offset = np.where(np.isnat(rows.date), -1, (rows.date - history.start).astype(np.int64))
	known = (offset >= 0) & (offset + horizon <= history.days) & ~np.isnan(rows.on_hand)
	values = np.full(len(rows), np.nan)
	values[known & (rows.ordered_qty == rows.proposed_qty)] = 0.0
	open_rows = np.flatnonzero(known & np.isnan(values))
	usual = usual_rate(history, offset, index)
	for first in range(0, len(open_rows), _CHUNK):
		part = open_rows[first : first + _CHUNK]
		columns = index[part]
		days = offset[part][None, :] + np.arange(int(horizon[part].max()))[:, None]
		ahead = history.demand[np.minimum(days, history.days - 1), columns]
		stock = rows.on_hand[part], np.nan_to_num(rows.on_order[part])
		decisions = _Decisions(
			items.take(columns),
			ahead,
			horizon[part],
			usual[part],
			*stock,
			rows.proposed_qty[part],
			review_days,
			unmet_demand,
		)
		values[part] = decisions.cost(rows.proposed_qty[part]) - decisions.cost(rows.ordered_qty[part])
	return values


@dataclass(frozen=True, eq=False)
class _Decisions:
	"""M decisions and the demand that came after them."""

	items: ItemTable
	#: from the day of each decision on, shape (D, M)
	demand: FloatArray
	#: days that each is judged over, shape (M,); what is beyond lead time and review interval is for a demand
	#: that was announced
	days: npt.NDArray[np.integer]
	#: per day before the decision, shape (M,)
	usual: npt.NDArray[np.float64]
	on_hand: npt.NDArray[np.float64]
	on_order: npt.NDArray[np.float64]
	proposed: npt.NDArray[np.float64]
	review_days: int
	unmet_demand: UnmetDemand

	def cost(self, quantity: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
		"""Cost of having ordered `quantity`, shape (M,)."""
		items = self.items
		lead_time = items.whole_lead_time_days
		# what was ordered is taken as it was, whatever packs there are today
		free = replace(
			items,
			order_multiple=np.zeros_like(items.order_multiple),
			min_order_qty=np.zeros_like(items.min_order_qty),
			max_order_qty=np.full_like(items.max_order_qty, np.inf),
		)
		inventory = Inventory(free, unmet_demand=self.unmet_demand)
		# open orders whose days are not known are due halfway
		arrivals = np.zeros((int(lead_time.max()) + 1, len(items)), np.float32)
		arrivals[lead_time // 2, np.arange(len(items))] = self.on_order
		inventory.reset(np.arange(len(items)), self.on_hand.astype(np.float32), arrivals)
		total = np.zeros(len(items))
		inventory.receive()
		inventory.place_orders(quantity.astype(np.float32))
		covered = lead_time + self.review_days
		announced = np.zeros(len(items))
		for day, asked in enumerate(self.demand):
			if day:
				inventory.receive()
			unusual = np.where(day < self.days, asked - self.usual, 0)
			announced += np.where((self.days > covered) & (day >= self.review_days), unusual, 0)
			served = np.where(day < covered, asked, np.maximum(unusual, 0))
			result = inventory.serve(served.astype(np.float32))
			total += (day < self.days) * (result.holding_cost + result.stockout_cost + result.waste_cost)
		held = self.on_hand + self.on_order
		target = np.maximum(held + self.proposed, self.usual * covered) + np.maximum(announced, 0)
		beyond = np.maximum(held + quantity - self.demand[: self.review_days].sum(axis=0) - target, 0)
		days = np.minimum(beyond / np.maximum(self.usual, 1e-9), DAYS_PER_YEAR)
		return np.asarray(total + items.holding_cost * days * (beyond - self.usual * days / 2))
