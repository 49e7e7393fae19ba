"""What service costs: the days of a backtest replayed at many stock-out costs, and targets found on them.

Every run meets the same days and the same lead times (common random numbers), and item-warehouses are apart
in the simulation: one run at a stock-out cost gives a point for every class, group and item at once. More of
it never lowers a level, so that the fill rate rises with it but for the odd order that packs shift.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

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
from rl_replenishment.core.simulation.rollout import Ledger, average, run
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


@dataclass(frozen=True, eq=False)
class Service:
	"""The books of a policy's days at several stock-out costs."""

	scenario: Scenario
	#: of the policy as it is
	present: Ledger
	#: what its stock-out costs are taken times as it is, shape (N,)
	present_factor: FloatArray
	factors: tuple[float, ...]
	ledgers: tuple[Ledger, ...]

	def point(self, rows: Rows) -> Point:
		"""Where some item-warehouses, shape (N,), are at present; the mixed factor of several is None."""
		own = self.present_factor[rows]
		same = float(own[0]) if len(own) and (own == own[0]).all() else None
		return point_of(self.present, self.scenario.items, rows, same)

	def curve(self, rows: Rows) -> list[Point]:
		"""The points of some item-warehouses, shape (N,), in rising order of the stock-out cost."""
		return [
			point_of(ledger, self.scenario.items, rows, factor)
			for factor, ledger in zip(self.factors, self.ledgers, strict=True)
		]


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
	items = service.scenario.items
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
		if scope == "all" or service.present.demand[rows].sum() > 0
	]


def point_of(ledger: Ledger, items: ItemTable, rows: Rows, factor: float | None) -> Point:
	"""The books of some item-warehouses, shape (N,), as a point."""
	demanded = float(ledger.demand[rows].sum())

	def total(name: str) -> float:
		return float(getattr(ledger, name)[rows].sum())

	return Point(
		factor=factor,
		fill_rate=total("sales") / demanded if demanded else 1.0,
		stock_value=float((ledger.stock_days[rows] * items.unit_cost[rows]).sum()) / max(ledger.days, 1),
		**{
			name: total(name)
			for name in (
				"cost",
				"holding_cost",
				"stockout_cost",
				"order_cost",
				"waste_cost",
				"stockout_days",
				"orders",
			)
		},
	)


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
	present = replayed.books(policy)
	told(1 / (len(factors) + 1))
	ledgers = []
	for done, factor in enumerate(factors, 2):
		ledgers.append(replayed.books(replace(policy, service=ServiceShift.everywhere(factor))))
		told(done / (len(factors) + 1))
	return Service(scenario, present, _present_factor(policy, scenario.items), tuple(factors), tuple(ledgers))


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

	def books(self, policy: ResidualNetwork) -> Ledger:
		return average([run(policy, each, statistics=self._statistics) for each in self._scenarios])

	def with_factors(self, factor: FloatArray) -> Ledger:
		items = self._scenarios[0].items
		return self.books(replace(self._policy, service=ServiceShift.per_item(items, factor)))


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
	items = service.scenario.items
	at = assigned(targets, items, classes)
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
	replayed = _Replayed(policy, service.scenario, rng, lead_time_draws)
	for _ in range(_LOOKS if searched else 0):
		trial = factor.copy()
		trial[searched] = np.sqrt(low[searched] * high[searched])
		ledger = replayed.with_factors(np.append(trial, 1.0)[at].astype(np.float32))
		for i in searched:
			rate = point_of(ledger, items, rows[i], None).fill_rate
			wanted = targets[i].fill_rate or 0.0
			if rate >= wanted:
				high[i] = factor[i] = trial[i]
				found[i] = rate
			else:
				low[i] = trial[i]
		searched = [i for i in searched if found[i] - (targets[i].fill_rate or 0.0) > _NEAR]
		if not searched:
			break
	given = [i for i, target in enumerate(targets) if target.fill_rate is None and rows[i].any()]
	if given:
		ledger = replayed.with_factors(np.append(factor, 1.0)[at].astype(np.float32))
		for i in given:
			found[i] = point_of(ledger, items, rows[i], None).fill_rate
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
