"""What an agent's policy looks at: everything known of its item-warehouses today."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from frappe.model.document import Document

from rl_replenishment.bridge.state.demand import read_demand
from rl_replenishment.bridge.state.outages import without_gaps
from rl_replenishment.bridge.state.parameters import Purchasing, read_parameters
from rl_replenishment.bridge.state.scope import Scope, resolve_scope
from rl_replenishment.bridge.state.stock import Stock, read_stock
from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.demand.known_events.effects import Effect
from rl_replenishment.core.demand.known_events.lifts import latest_usual
from rl_replenishment.core.demand.statistics import LOOKBACK_DAYS
from rl_replenishment.core.demand.unusual import Booking
from rl_replenishment.core.items import FloatArray, ItemTable
from rl_replenishment.core.overdue import patience_days
from rl_replenishment.core.policies.base import State, protection_days, usual_rate


@dataclass(frozen=True, eq=False)
class Situation:
	"""The state of an agent's N item-warehouses, and what documents need besides."""

	scope: Scope
	items: ItemTable
	purchasing: Purchasing
	stock: Stock
	state: State
	#: the last `LOOKBACK_DAYS`, days without stock filled
	recent: DemandHistory
	#: of these, what is far outside an item's own history, and not expected again
	unusual: tuple[Booking, ...] = ()
	#: the same without it: what is expected
	expected: DemandHistory | None = None

	def with_events(self, effects: Sequence[Effect]) -> Situation:
		"""The same with demand freed of what events do by these effects, and the lift of the days ahead."""
		if self.expected is None or not (effects and self.expected.events):
			return self
		horizon = protection_days(self.state.items, self.state.review_days)
		demand = latest_usual(self.expected, self.state.items, horizon, effects)
		return replace(self, state=replace(self.state, demand=demand))

	def with_items(self, items: ItemTable) -> Situation:
		"""The same with other order sizes."""
		return replace(self, items=items, state=replace(self.state, items=items))


def read_situation(settings: Document, today: date) -> Situation:
	"""Read everything, in a bounded number of queries whatever N."""
	scope = resolve_scope(settings, today)
	items, purchasing = read_parameters(settings, scope.keys)
	recent = read_demand(settings, scope.keys, days=LOOKBACK_DAYS, today=today)
	latest = without_gaps(settings, items, recent)
	state = State.from_history(
		items,
		latest.history.demand,
		today=np.datetime64(today, "D"),
		review_days=settings.review_days,
		on_hand=np.zeros(len(items), np.float32),
	)
	# what expires is seen against the demand
	patience = patience_days(items.lead_time_days, items.lead_time_std_days)
	stock = read_stock(settings, scope.keys, today, items.whole_lead_time_days, usual_rate(state), patience)
	state = replace(
		state,
		on_hand=stock.on_hand,
		arrivals=stock.arrivals,
		known_demand=stock.promised,
		expiring=stock.expiring,
		long_overdue=stock.long_overdue,
		long_overdue_days=stock.long_overdue_days,
		days_to_end=days_to_end(scope, today),
		borrowed=latest.borrowed,
		left_out=latest.left_out,
		left_out_days_ago=latest.left_out_days_ago,
		unmet_demand=settings.unmet_demand.lower(),
	)
	return Situation(scope, items, purchasing, stock, state, latest.as_booked, latest.unusual, latest.history)


def days_to_end(scope: Scope, today: date) -> FloatArray | None:
	"""Days until each one's end of life, shape (N,), inf where it has none; None where none has."""
	if not scope.ends:
		return None
	return np.array(
		[(end - today).days if (end := scope.ends.get(key.item_code)) else np.inf for key in scope.keys],
		dtype=np.float32,
	)
