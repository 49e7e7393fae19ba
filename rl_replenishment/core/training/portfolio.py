"""Which rule to learn on: every kind at its best common settings, judged on days it was not fitted on.

The last two parts of the training window, of one length each, are forecast by networks that were fitted on
what came before each (walk-forward). On them compete

* the *forecast rule*: order up to a quantile of the learned forecast,
* the *common rule*: the classical formula on a moving average,
* *fixed levels*, set once from the mean demand, as a planner would,
* the *mixed rules*: means of their levels. Rules that err in different ways err less together.

Each has one setting for all items: settings of an item's own cost more on days they were not chosen on, in
most histories that were tried. The winner is fitted again on all days.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.demand.known_events.lifts import usual_history
from rl_replenishment.core.evaluation.candidates import (
	Costs,
	Plan,
	common_plan,
	costs_of,
	rows_of,
	stacked,
	states,
)
from rl_replenishment.core.items import FloatArray, ItemTable, UnmetDemand
from rl_replenishment.core.policies.base import State, protection_days, usual_rate
from rl_replenishment.core.policies.forecast import (
	MeanLevels,
	QuantileForecast,
	QuantileLevels,
	at_probability,
)
from rl_replenishment.core.policies.levels import LevelRule, gap_of
from rl_replenishment.core.policies.observation import recent_rate
from rl_replenishment.core.policies.order_up_to import (
	FORECASTS,
	FixedLevels,
	ForecastLevels,
	OrderUpTo,
)
from rl_replenishment.core.policies.parameters import ItemParameters
from rl_replenishment.core.simulation.rollout import run
from rl_replenishment.core.simulation.scenario import Scenario, replay
from rl_replenishment.core.training.classical import usual_rule
from rl_replenishment.core.training.forecasting import Fitted, Samples, fit_forecast, samples_of
from rl_replenishment.core.training.from_history import least_days_to_judge, validation_days

PROBABILITIES = (0.4, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.975)
SAFETY_FACTORS = (-0.5, 0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0)
COVERS = (0.75, 1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0)
GAPS = (0.0, 0.25, 0.5, 1.0, 1.5, 2.0)
#: days of history that a forecast needs to be fitted, and a rule to be measured
_LEAST_DAYS = 91
#: draws of items that settings are averaged over, of each kind
_DRAWS = 200
_YEAR = 364
#: what is chosen where nothing else is clearly cheaper
ROBUST = "mean of forecast rule and common rule"
#: standard errors of the difference, on each part, from which on another candidate replaces the default
_CLEARLY = 1.5

Settings = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Candidate:
	"""A rule fitted on days."""

	rule: OrderUpTo
	#: the same on those days, where its forecast of each must not know what came next: to be trained on
	replayed: OrderUpTo


@dataclass(frozen=True, eq=False)
class Portfolio:
	"""The winner, and what it won against."""

	#: fitted on what came before the last part: to train on those days and be judged on that part
	before: Candidate
	#: the same of the part before it; None where there is none
	earlier: Candidate | None
	#: fitted on all days
	final: Candidate
	#: cost per day of the winner on the parts it was judged on, shape (N,), in money
	cost_per_day: FloatArray
	#: by candidate, total cost on those parts over the winner's
	cost_ratios: dict[str, float]


@dataclass(frozen=True, eq=False)
class _Part:
	"""Days to judge on, and what was known before them."""

	#: with usual demand
	history: DemandHistory
	fitted: Fitted | None
	states: list[State]
	cost: Callable[[Plan], Costs]


def best_rule(
	history: DemandHistory,
	items: ItemTable,
	review_days: int,
	unmet_demand: UnmetDemand,
	seed: int,
	*,
	progress: Callable[[float], object] | None = None,
) -> Portfolio:
	"""The rule that costs least on the last parts of `history`; `progress` is told the share done.

	Where those hold too few reviews to tell, see `least_days_to_judge`, it is the rule with usual settings.
	"""
	told = progress or (lambda share: None)
	held = validation_days(history.days)
	starts = [history.days - 2 * held, history.days - held]
	if starts[0] < _LEAST_DAYS:
		del starts[0]
	scenarios = [
		replay(
			items,
			history.window(0, start + held),
			days=held,
			review_days=review_days,
			unmet_demand=unmet_demand,
			rng=np.random.default_rng(seed),
		)
		for start in starts
	]
	if held * len(starts) < least_days_to_judge(items, review_days):
		first, final = (
			usual_rule(history.window(0, end), items, review_days, unmet_demand, seed)
			for end in (starts[-1], history.days)
		)
		return _usual(first, final, scenarios[-1])
	# of what events do, each knows what came before it alone
	usual = [usual_history(history.window(0, end), items) for end in (*starts, history.days)]
	samples = [
		samples_of(each, items, review_days, np.random.default_rng(seed))
		for each in (usual if history.events else usual[-1:])
	]
	told(0.1)
	parts = []
	for number, (start, scenario) in enumerate(zip(starts, scenarios, strict=True)):
		parts.append(
			_Part(
				usual[number],
				_fitted(samples[min(number, len(samples) - 1)], start, seed),
				states(scenario),
				lambda plan, scenario=scenario: costs_of(plan, scenario),  # type: ignore[misc]
			)
		)
		told(0.1 + 0.3 * (number + 1) / len(starts))
	contest = _Contest(items, parts)
	if all(part.fitted for part in parts):
		contest.enter("forecast rule", _forecast_plan, list(itertools.product(PROBABILITIES, GAPS)))
		told(0.6)
	contest.enter_common()
	told(0.8)
	contest.enter("fixed levels", _fixed_plan, list(itertools.product(COVERS, GAPS)))
	contest.enter_means()
	told(0.95)
	name, settings, cost = contest.winner()
	*earlier, last = (contest.candidate(name, settings, part.history, part.fitted) for part in parts)
	return Portfolio(
		before=last,
		earlier=earlier[0] if earlier else None,
		final=contest.candidate(name, settings, usual[-1], _fitted(samples[-1], history.days, seed)),
		cost_per_day=(cost / max(held * len(parts), 1)).astype(np.float32),
		cost_ratios=contest.cost_ratios(),
	)


def _usual(before: OrderUpTo, final: OrderUpTo, scenario: Scenario) -> Portfolio:
	"""The rule with usual settings, where the days are too few to choose any on."""
	cost = (run(final, scenario).cost / max(scenario.days, 1)).astype(np.float32)
	return Portfolio(Candidate(before, before), None, Candidate(final, final), cost, {final.name: 1.0})


def _fitted(samples: Samples, end: int, seed: int) -> Fitted | None:
	seen = samples.until(end)
	return fit_forecast(seen, seed) if len(seen) else None


@dataclass(frozen=True, eq=False)
class _Entry:
	"""A kind of rule at its best."""

	#: per part
	plans: list[Plan]
	#: of each item on each part, shape (N,), in money
	costs: list[Costs]
	#: by the kind of rule
	settings: dict[str, Settings]

	@property
	def total(self) -> float:
		"""What it cost, all items and parts together, in money."""
		return float(np.sum(self.costs))


class _Contest:
	def __init__(self, items: ItemTable, parts: Sequence[_Part]) -> None:
		self._items, self._parts = items, parts
		self._entries: dict[str, _Entry] = {}
		self._forecast = FORECASTS[0]

	def enter(
		self, name: str, planned: Callable[[_Part, Sequence[Settings]], Plan], grid: list[Settings]
	) -> None:
		"""Find the settings of a kind of rule."""
		self._enter(name, planned, grid, [part.cost(planned(part, grid)) for part in self._parts])

	def _enter(
		self,
		name: str,
		planned: Callable[[_Part, Sequence[Settings]], Plan],
		grid: list[Settings],
		costs: list[Costs],
	) -> None:
		"""By what the whole grid costs on each part."""
		# judged on each part as found on the other, where there are two: what was found on a part fits it
		elsewhere = [sum(costs) - cost if len(costs) > 1 else cost for cost in costs]
		plans = [
			planned(part, [_bagged(cost, grid)]) for part, cost in zip(self._parts, elsewhere, strict=True)
		]
		self._entries[name] = _Entry(
			plans,
			self._costs(plans),
			{name: _bagged(np.sum(costs, axis=0), grid)},
		)

	def enter_common(self) -> None:
		"""The classical formula, at the moving average that suits it best."""
		grid = list(itertools.product(SAFETY_FACTORS, GAPS))
		costs = {
			forecast: [part.cost(_common_plan(forecast)(part, grid)) for part in self._parts]
			for forecast in FORECASTS
		}
		self._forecast = min(FORECASTS, key=lambda each: np.sum(costs[each], axis=(0, 2)).min())
		self._enter("common rule", _common_plan(self._forecast), grid, costs[self._forecast])

	def enter_means(self) -> None:
		"""Means of what is there already."""
		names = list(self._entries)
		for count in range(2, len(names) + 1):
			for members in itertools.combinations(names, count):
				entries = [self._entries[name] for name in members]
				plans = [
					Plan.joined(each).mean() for each in zip(*(entry.plans for entry in entries), strict=True)
				]
				settings = {name: value for entry in entries for name, value in entry.settings.items()}
				self._entries[f"mean of {' and '.join(members)}"] = _Entry(
					plans, self._costs(plans), settings
				)

	def _costs(self, plans: list[Plan]) -> list[Costs]:
		return [part.cost(plan)[0] for part, plan in zip(self._parts, plans, strict=True)]

	def winner(self) -> tuple[str, dict[str, Settings], Costs]:
		"""Name, settings and cost per item of the one to learn on, see `chosen`."""
		entry = self._entries[chosen({name: each.costs for name, each in self._entries.items()})]
		name = "mixed rule" if len(entry.settings) > 1 else next(iter(entry.settings))
		return name, entry.settings, np.sum(entry.costs, axis=0)

	def cost_ratios(self) -> dict[str, float]:
		totals = {name: entry.total for name, entry in self._entries.items()}
		least = max(min(totals.values()), 1e-9)
		return {name: total / least for name, total in totals.items()}

	def candidate(
		self, name: str, settings: dict[str, Settings], history: DemandHistory, fitted: Fitted | None
	) -> Candidate:
		"""The rule that these settings make of what is known after `history`."""
		forecast = fitted.forecast if fitted else None
		unseen = fitted.unseen(history) if fitted else None
		rule, replayed = (OrderUpTo(name, self._rule(settings, history, each)) for each in (forecast, unseen))
		return Candidate(rule, replayed)

	def _rule(
		self,
		settings: dict[str, Settings],
		history: DemandHistory,
		forecast: QuantileForecast | None,
	) -> LevelRule:
		made = tuple(self._part(name, *each, history, forecast) for name, each in settings.items())
		return made[0] if len(made) == 1 else MeanLevels(made)

	def _part(
		self,
		name: str,
		first: float,
		gap: float,
		history: DemandHistory,
		forecast: QuantileForecast | None,
	) -> LevelRule:
		if name == "fixed levels":
			point, level = _fixed(history, self._parts[0].states[0], first, gap)
			return FixedLevels(
				ItemParameters.per_item(self._items, reorder_point=point, order_up_to=level, cap=np.inf)
			)
		key = "probability" if name == "forecast rule" else "safety_factor"
		parameters = ItemParameters.per_item(self._items, **{key: first, "gap": gap, "cap": np.inf})
		if name == "common rule":
			return ForecastLevels(parameters, self._forecast)
		assert forecast is not None, "a forecast rule has a forecast"
		return QuantileLevels(parameters, forecast)


def chosen(costs: Mapping[str, Sequence[Costs]]) -> str:
	"""The candidate to learn on, by what each cost each item on each part, shape (N,), in money.

	That is the mean of forecast rule and common rule, which err least together, unless another one is clearly
	cheaper on each part for itself; without it, the cheapest. What half a year likes, the next often does
	not: all items share their days, and the standard error over items alone knows nothing of it.
	"""
	total = {name: float(np.sum(parts)) for name, parts in costs.items()}
	robust = costs.get(ROBUST)
	if robust is None:
		return min(total, key=lambda each: total[each])
	clear = [name for name, parts in costs.items() if all(map(_is_clearly_cheaper, parts, robust))]
	return min(clear, key=lambda each: total[each], default=ROBUST)


def _is_clearly_cheaper(cost: Costs, than: Costs) -> bool:
	"""By more than the paired differences of the items make likely by luck."""
	saved = than - cost
	# a single item tells nothing of luck
	return len(saved) > 1 and bool(saved.sum() > _CLEARLY * np.sqrt(len(saved)) * saved.std())


def _bagged(costs: Costs, grid: Sequence[Settings]) -> Settings:
	"""Settings for all items, by the costs of a grid of them, shape (P, N).

	A few dear items can decide which setting is cheapest. So items are drawn with replacement, many times,
	and the settings that are cheapest on each draw are averaged (bagging, Breiman 1996); in half of the draws
	items count for what they cost, in half for the root of it. The gap comes in whole steps of the grid:
	halfway between two of them is no compromise, but another rhythm of orders.
	"""
	usual = np.maximum(costs.mean(axis=0), 1e-9)
	rng = np.random.default_rng(0)
	draws = rng.multinomial(costs.shape[1], np.full(costs.shape[1], 1 / costs.shape[1]), size=_DRAWS).T
	chosen = np.concatenate([((costs / usual**power) @ draws).argmin(axis=0) for power in (0.0, 0.5)])
	first, gap = np.array(grid)[chosen].mean(axis=0)
	return float(first), min((each for _, each in grid), key=lambda each: abs(each - gap))


def _forecast_plan(part: _Part, grid: Sequence[Settings]) -> Plan:
	assert part.fitted is not None, "a forecast rule has a forecast"
	forecast, rows = part.fitted.forecast, []
	for state in part.states:
		quantiles, rate = forecast.quantiles(state), recent_rate(state)
		every = np.ones(len(rate), np.float32)
		points = {share: at_probability(quantiles, share * every) for share, _ in grid}
		rows.append(rows_of(state, rate, points, grid))
	return stacked(rows)


def _common_plan(forecast: str) -> Callable[[_Part, Sequence[Settings]], Plan]:
	return lambda part, grid: common_plan(part.states, forecast, grid)


def _fixed_plan(part: _Part, grid: Sequence[Settings]) -> Plan:
	levels = [_fixed(part.history, part.states[0], *setting) for setting in grid]
	return stacked([[(*each, usual_rate(state)) for each in levels] for state in part.states])


def _fixed(history: DemandHistory, state: State, cover: float, gap: float) -> tuple[FloatArray, FloatArray]:
	"""Reorder points and levels, shape (N,), from the mean demand of the last year."""
	rate = history.demand[-_YEAR:].mean(axis=0)
	point = cover * rate * protection_days(state.items, state.review_days)
	return point.astype(np.float32), (point + gap_of(state, gap, rate)).astype(np.float32)
