"""What service costs: the days of a backtest replayed at many stock-out costs, and targets found on them.

Every run meets the same days and the same lead times (common random numbers), and item-warehouses are apart
in the simulation: one run at a stock-out cost gives a point for every class, group and item at once. More of
it never lowers a level, so that the fill rate rises with it but for the odd order that packs shift.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.evaluation.backtest import LEAD_TIME_DRAWS
from rl_replenishment.core.items import FloatArray, ItemTable
from rl_replenishment.core.policies.residual_network import ResidualNetwork
from rl_replenishment.core.policies.service import FACTOR, ServiceShift
from rl_replenishment.core.service.classes import CLASS_NAMES, members
from rl_replenishment.core.service.targets import (
	LARGEST_FACTOR,
	LEAST_FACTOR,
	Scope,
	Target,
	assigned,
)
from rl_replenishment.core.simulation.rollout import Ledger, Totals, average, run
from rl_replenishment.core.simulation.scenario import Scenario, sample_lead_times

#: what the stock-out cost is taken times: from hardly any safety stock to more than any shelf is given
FACTORS = tuple(4.0**power for power in range(-6, 7))
#: looks at a target that its factor is found in, between two of those
_LOOKS = 4
#: as near as a fill rate is searched for
_NEAR = 5e-4

Rows = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Point:
	"""What a service costs on the replayed days; quantities of items in their own units, added up."""

	#: what the stock-out cost is taken times; None where several are mixed
	factor: float | None
	#: share of demand met from the shelf
	fill_rate: float
	#: average stock at unit cost, in money
	stock_value: float
	#: over all replayed days, in money, at the stock-out cost that the items really have
	cost: float
	holding_cost: float
	stockout_cost: float
	order_cost: float
	waste_cost: float
	stockout_days: float
	orders: float

	def as_json(self) -> dict[str, Any]:
		"""As plain values."""
		return {name: value if value is None else round(value, 6) for name, value in asdict(self).items()}


#: totals over all replayed days that a point tells, in the order of its fields
_TOTALS = (
	"cost",
	"holding_cost",
	"stockout_cost",
	"order_cost",
	"waste_cost",
	"stockout_days",
	"orders",
)
#: of each item-warehouse, by name: its totals, its sales, and its average stock in money
Books: TypeAlias = dict[str, Totals]


@dataclass(frozen=True, eq=False)
class Service:
	"""The books of a policy's days at F stock-out costs, of N item-warehouses."""

	items: ItemTable
	#: of all days together, shape (N,)
	demand: Totals
	#: what stock-out costs are taken times, in rising order, F of them
	factors: tuple[float, ...]
	#: by name, shape (F, N)
	books: Books
	#: of the policy as it is, by name, shape (N,)
	present: Books
	#: what its stock-out costs are taken times as it is, shape (N,)
	present_factor: FloatArray

	def point(self, rows: Rows) -> Point:
		"""Where some item-warehouses, shape (N,), are at present; the mixed factor of several is None."""
		own = self.present_factor[rows]
		same = float(own[0]) if len(own) and (own == own[0]).all() else None
		return _point(self.present, self.demand, rows, same)

	def curve(self, rows: Rows) -> list[Point]:
		"""The points of some item-warehouses, shape (N,), in rising order of the stock-out cost."""
		return [
			_point({name: values[at] for name, values in self.books.items()}, self.demand, rows, factor)
			for at, factor in enumerate(self.factors)
		]

	def at_present(self, factor: FloatArray) -> Service:
		"""The same with other factors at present, shape (N,): their books lie between two replayed ones."""
		grid, own = np.log(self.factors), np.log(np.asarray(factor, np.float64))
		below = np.clip(np.searchsorted(grid, own, side="right") - 1, 0, len(grid) - 2)
		share = np.clip((own - grid[below]) / (grid[below + 1] - grid[below]), 0, 1)
		columns = np.arange(len(own))
		present = {
			name: values[below, columns] * (1 - share) + values[below + 1, columns] * share
			for name, values in self.books.items()
		}
		return replace(self, present=present, present_factor=np.asarray(factor, np.float32))


@dataclass(frozen=True, eq=False)
class Curve:
	"""What more or less service would cost some item-warehouses."""

	scope: Scope
	name: str
	#: of an item
	warehouse: str
	#: item-warehouses that it is of
	count: int
	present: Point
	#: in rising order of the stock-out cost
	points: list[Point]

	def as_json(self) -> dict[str, Any]:
		"""As plain values."""
		return {
			"scope": self.scope,
			"name": self.name,
			"warehouse": self.warehouse,
			"items": self.count,
			"present": self.present.as_json(),
			"points": [point.as_json() for point in self.points],
		}


def curves_of(
	service: Service, classes: npt.NDArray[np.str_], by: Literal["class", "group", "item"]
) -> list[Curve]:
	"""The curve of all item-warehouses, then those of the classes, groups or items that have demand."""
	items = service.items
	everything = np.ones(len(items), bool)
	found: list[tuple[Scope, str, str, Rows]] = [("all", "", "", everything)]
	if by == "class":
		found += [("class", name, "", members(classes, name)) for name in CLASS_NAMES]
	elif by == "group":
		groups = np.array(items.groups)
		found += [("group", name, "", groups == name) for name in sorted(set(items.groups) - {""})]
	else:
		found += [
			("item", key.item_code, key.warehouse, np.arange(len(items)) == i)
			for i, key in enumerate(items.keys)
		]
	return [
		Curve(scope, name, warehouse, int(rows.sum()), service.point(rows), service.curve(rows))
		for scope, name, warehouse, rows in found
		if scope == "all" or service.demand[rows].sum() > 0
	]


def _point(books: Books, demand: Totals, rows: Rows, factor: float | None) -> Point:
	demanded = float(demand[rows].sum())
	return Point(
		factor=factor,
		fill_rate=float(books["sales"][rows].sum()) / demanded if demanded else 1.0,
		stock_value=float(books["stock_value"][rows].sum()),
		**{name: float(books[name][rows].sum()) for name in _TOTALS},
	)


def _books(ledger: Ledger, items: ItemTable) -> Books:
	return {
		**{name: getattr(ledger, name) for name in (*_TOTALS, "sales")},
		"stock_value": ledger.stock_days * items.unit_cost / max(ledger.days, 1),
	}


def replay_service(
	policy: ResidualNetwork,
	scenario: Scenario,
	rng: np.random.Generator,
	*,
	factors: Sequence[float] = FACTORS,
	lead_time_draws: int = LEAD_TIME_DRAWS,
	progress: Callable[[float], object] | None = None,
) -> Service:
	"""Replay a scenario with the policy as it is and with every stock-out cost taken times each factor.

	With the same generator and number of draws, the books at present are those of `backtest`.
	"""
	replayed = _Replayed(policy, scenario, rng, lead_time_draws)
	told = progress or (lambda share: None)
	present = replayed.ledger(policy)
	told(1 / (len(factors) + 1))
	books = []
	for done, factor in enumerate(factors, 2):
		ledger = replayed.ledger(replace(policy, service=ServiceShift.everywhere(factor)))
		books.append(_books(ledger, scenario.items))
		told(done / (len(factors) + 1))
	now = _books(present, scenario.items)
	empty = np.zeros((0, len(scenario.items)))
	return Service(
		items=scenario.items,
		demand=present.demand,
		factors=tuple(factors),
		books={name: np.stack([each[name] for each in books]) if books else empty for name in now},
		present=now,
		present_factor=_present_factor(policy, scenario.items),
	)


def _present_factor(policy: ResidualNetwork, items: ItemTable) -> FloatArray:
	if policy.service is None:
		return np.ones(len(items), np.float32)
	return policy.service.parameters.aligned_with(items)[FACTOR]


class _Replayed:
	"""Runs policies through the same days and the same luck."""

	def __init__(
		self, policy: ResidualNetwork, scenario: Scenario, rng: np.random.Generator, draws: int
	) -> None:
		self._policy = policy
		self._scenarios = [scenario]
		random = bool((scenario.items.lead_time_std_days > 0).any())
		for _ in range(draws - 1 if random else 0):
			drawn = sample_lead_times(scenario.items, scenario.days, rng)
			self._scenarios.append(replace(scenario, lead_times=drawn))
		self._statistics = list(scenario.statistics())

	def ledger(self, policy: ResidualNetwork) -> Ledger:
		return average([run(policy, each, statistics=self._statistics) for each in self._scenarios])

	def fill_rates(self, factor: npt.NDArray[np.float64], rows: Sequence[Rows]) -> list[float]:
		"""Of some item-warehouses each, with a factor for every item-warehouse, shape (N,)."""
		items = self._scenarios[0].items
		shift = ServiceShift.per_item(items, factor.astype(np.float32))
		ledger = self.ledger(replace(self._policy, service=shift))
		return [
			float(ledger.sales[each].sum() / max(ledger.demand[each].sum(), 1e-9)) if each.any() else 1.0
			for each in rows
		]


@dataclass(frozen=True)
class Solved:
	"""A target with the factor that was found for it."""

	target: Target
	#: the fill rate of its item-warehouses with that, on the replayed days
	fill_rate: float
	#: whether it is what was asked for, as near as the simulation tells
	is_reached: bool
	#: item-warehouses that it is for
	count: int


def solve(
	service: Service,
	policy: ResidualNetwork,
	scenario: Scenario,
	targets: Sequence[Target],
	classes: npt.NDArray[np.str_],
	rng: np.random.Generator,
	*,
	lead_time_draws: int = LEAD_TIME_DRAWS,
) -> list[Solved]:
	"""Find the stock-out cost with which each target's items reach its fill rate, all in the same runs.

	The least that reaches it, between two points of the curve first, then by halving what is between them. A
	target that was given a stock-out cost keeps its factor. One that no stock-out cost reaches takes the
	least that comes nearest.
	"""
	at = assigned(targets, service.items, classes)
	rows = [at == i for i in range(len(targets))]
	factor = np.array([target.factor for target in targets], np.float64)
	found = [0.0] * len(targets)
	low, high = factor.copy(), factor.copy()
	searched = []
	for i, target in enumerate(targets):
		if target.fill_rate is None or not rows[i].any():
			continue
		rates = np.array([point.fill_rate for point in service.curve(rows[i])])
		reached = np.flatnonzero(rates >= target.fill_rate)
		best = int(reached[0]) if len(reached) else int(rates.argmax())
		factor[i] = high[i] = service.factors[best]
		found[i] = float(rates[best])
		# before the first point lies what is a step further
		low[i] = service.factors[best - 1] if best else service.factors[0] / 4
		if len(reached):
			searched.append(i)
	replayed = _Replayed(policy, scenario, rng, lead_time_draws)
	for _ in range(_LOOKS if searched else 0):
		trial = factor.copy()
		trial[searched] = np.sqrt(low[searched] * high[searched])
		rates_now = replayed.fill_rates(np.append(trial, 1.0)[at], rows)
		for i in searched:
			if rates_now[i] >= (targets[i].fill_rate or 0.0):
				high[i] = factor[i] = trial[i]
				found[i] = rates_now[i]
			else:
				low[i] = trial[i]
		searched = [i for i in searched if found[i] - (targets[i].fill_rate or 0.0) > _NEAR]
		if not searched:
			break
	if any(target.fill_rate is None for target in targets):
		rates_now = replayed.fill_rates(np.append(factor, 1.0)[at], rows)
		found = [
			now if target.fill_rate is None else rate
			for now, target, rate in zip(rates_now, targets, found, strict=True)
		]
	return [
		Solved(
			target=replace(target, factor=float(np.clip(factor[i], LEAST_FACTOR, LARGEST_FACTOR))),
			fill_rate=found[i],
			is_reached=bool(rows[i].any()) and (target.fill_rate is None or found[i] >= target.fill_rate),
			count=int(rows[i].sum()),
		)
		for i, target in enumerate(targets)
	]


def at_fill_rate(curve: Sequence[Point], fill_rate: float) -> Point | None:
	"""The point of a curve at a fill rate, between two of its points; None beyond its ends.

	The factor lies between theirs by logarithm, everything else in proportion.
	"""
	rates = np.maximum.accumulate([point.fill_rate for point in curve])
	if not len(rates) or not rates[0] <= fill_rate <= rates[-1]:
		return None
	above = int(np.searchsorted(rates, fill_rate, side="left"))
	if above == 0:
		return curve[0]
	low, high = curve[above - 1], curve[above]
	share = float((fill_rate - rates[above - 1]) / (rates[above] - rates[above - 1]))
	values = {
		name: (1 - share) * getattr(low, name) + share * getattr(high, name)
		for name in asdict(low)
		if name not in ("factor", "fill_rate")
	}
	factor = None
	if low.factor and high.factor:
		factor = float(np.exp((1 - share) * np.log(low.factor) + share * np.log(high.factor)))
	return Point(factor=factor, fill_rate=fill_rate, **values)
