"""Run a policy through a scenario and keep the books."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.demand.statistics import STATISTIC_NAMES, DemandStatistics
from rl_replenishment.core.items import FloatArray, feasible_quantity
from rl_replenishment.core.policies.base import Policy, State
from rl_replenishment.core.simulation.dynamics import Inventory
from rl_replenishment.core.simulation.scenario import Scenario
from rl_replenishment.core.terms.calendar import LONGEST_WAIT_DAYS, timing
from rl_replenishment.core.terms.terms import Terms

Totals = npt.NDArray[np.float64]


@dataclass(eq=False)
class Paths:
	"""What happened day by day, arrays of shape (D, N), in stock UOM."""

	on_hand: FloatArray
	unmet: FloatArray
	ordered: FloatArray


@dataclass(eq=False)
class Ledger:
	"""What a policy cost and achieved over D days, arrays of shape (N,), in money, units or days."""

	policy: str
	days: int
	holding_cost: Totals
	stockout_cost: Totals
	order_cost: Totals
	waste_cost: Totals
	demand: Totals
	#: demand met from the shelf on its day
	sales: Totals
	#: days on which some demand was not met
	stockout_days: Totals
	#: order lines placed
	orders: Totals
	ordered: Totals
	expired: Totals
	#: sum over the days of the stock left at their end
	stock_days: Totals
	#: what deliveries cost, and what price breaks saved
	freight_cost: Totals | float = 0.0
	discount: Totals | float = 0.0
	paths: Paths | None = field(default=None)

	@property
	def cost(self) -> Totals:
		"""Total cost per item-warehouse, shape (N,), in money."""
		own = self.holding_cost + self.stockout_cost + self.order_cost + self.waste_cost
		return own + self.freight_cost - self.discount

	@property
	def fill_rate(self) -> float:
		"""Share of all demanded units met from the shelf; 1 where nothing was demanded."""
		demanded = float(self.demand.sum())
		return float(self.sales.sum()) / demanded if demanded else 1.0

	@property
	def average_inventory(self) -> float:
		"""Units on hand at the end of a day, all item-warehouses together, averaged over the days."""
		return float(self.stock_days.sum()) / max(self.days, 1)


def state_on(day: int, scenario: Scenario, inventory: Inventory, known: DemandStatistics) -> State:
	"""What a policy sees on a day of a scenario, after what arrives on it is received."""
	return State(
		scenario.items,
		scenario.date(day),
		scenario.review_days,
		inventory.net_stock.copy(),
		inventory.arrivals(),
		known,
		unmet_demand=scenario.unmet_demand,
	)


def run(
	policy: Policy,
	scenario: Scenario,
	*,
	keep_paths: bool = False,
	statistics: list[DemandStatistics] | None = None,
) -> Ledger:
	"""Step a policy through every day of a scenario.

	`statistics` are the scenario's own, one per day, where a caller runs many policies through the same
	scenario and does not want them computed each time.
	"""
	items, n = scenario.items, len(scenario.items)
	due, terms = scenario.initial_arrivals, scenario.terms
	inventory = Inventory(
		items,
		unmet_demand=scenario.unmet_demand,
		longest_lead_time=max(
			int(scenario.lead_times.max(initial=0)) + (0 if terms is None else LONGEST_WAIT_DAYS),
			0 if due is None else len(due) - 1,
		),
	)
	inventory.reset(np.arange(n), scenario.initial_on_hand, due)
	totals = {name: np.zeros(n) for name in TOTALS}
	paths = Paths(*(np.zeros((scenario.days, n), np.float32) for _ in range(3))) if keep_paths else None
	for day, known in enumerate(statistics if statistics is not None else scenario.statistics()):
		inventory.receive()
		if scenario.is_review(day):
			state = state_on(day, scenario, inventory, known)
			asked, lead_times = policy.order_quantities(state), scenario.lead_times[day]
			if terms is not None:
				asked, lead_times = _under(scenario, terms, asked, day)
			ordered = inventory.place_orders(asked, lead_times)
			if terms is not None:
				totals["freight_cost"] += terms.freight(ordered)
				totals["discount"] += terms.saved(ordered)
			placed = ordered > 0
			totals["orders"] += placed
			totals["order_cost"] += placed * items.order_cost
			totals["ordered"] += ordered
			if paths is not None:
				paths.ordered[day] = ordered
		demand = scenario.demand[scenario.warm_up_days + day]
		result = inventory.serve(demand)
		totals["holding_cost"] += result.holding_cost
		totals["stockout_cost"] += result.stockout_cost
		totals["waste_cost"] += result.waste_cost
		totals["demand"] += demand
		totals["sales"] += result.sales
		totals["stockout_days"] += result.unmet > 0
		totals["expired"] += result.expired
		totals["stock_days"] += inventory.on_hand
		if paths is not None:
			paths.on_hand[day] = inventory.on_hand
			paths.unmet[day] = result.unmet
	return Ledger(policy=policy.name, days=scenario.days, paths=paths, **totals)


def _under(
	scenario: Scenario, terms: Terms, asked: FloatArray, day: int
) -> tuple[FloatArray, npt.NDArray[np.int32]]:
	"""Orders as suppliers take them, and days until they arrive, each of shape (N,)."""
	lead_times = scenario.lead_times[day]
	days = timing(terms, lead_times, scenario.date(day), scenario.review_days)
	placed = feasible_quantity(scenario.items, np.where(days.is_open, asked, 0).astype(np.float32))
	return terms.accepted(placed), np.minimum(days.lead, lead_times + np.int32(LONGEST_WAIT_DAYS))


def run_blind(policy: Policy, scenario: Scenario, *, keep_paths: bool = False) -> Ledger:
	"""As `run`, for a policy that does not look at `State.demand`: spares the statistics of each day."""
	nothing = np.zeros(len(scenario.items), np.float32)
	unknown = DemandStatistics(*[nothing] * len(STATISTIC_NAMES))
	return run(policy, scenario, keep_paths=keep_paths, statistics=[unknown] * scenario.days)


def average(ledgers: Sequence[Ledger]) -> Ledger:
	"""The mean of one policy's books over several runs of the same days; the paths are the first run's."""
	first = ledgers[0]
	if len(ledgers) == 1:
		return first
	means = {name: np.mean([getattr(ledger, name) for ledger in ledgers], axis=0) for name in TOTALS}
	return Ledger(policy=first.policy, days=first.days, paths=first.paths, **means)


TOTALS = (
	"holding_cost",
	"stockout_cost",
	"order_cost",
	"waste_cost",
	"demand",
	"sales",
	"stockout_days",
	"orders",
	"ordered",
	"expired",
	"stock_days",
	"freight_cost",
	"discount",
)
