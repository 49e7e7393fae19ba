"""A boosted quantile forecast, ordered up to: what a data scientist would try first.

One LightGBM model for all items forecasts a quantile of the demand over each item's protection interval
(lead time plus review interval), in units of the item's own level. With that quantile as s, orders go up to
S = s + g max(EOQ, m R) at or below s, where m is the level and R the review interval. Quantile and g, the
same for all items, are chosen on validation days by a model that has not seen them; the model is then
trained again on all days before the hold-out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.errors import InputError
from rl_replenishment.core.evaluation.peers.common_rule import s_S_quantities
from rl_replenishment.core.evaluation.peers.past import WEEK, YEAR, Array, Past
from rl_replenishment.core.evaluation.peers.validation import cheapest, validation
from rl_replenishment.core.items import FloatArray, ItemTable, UnmetDemand
from rl_replenishment.core.policies.base import State, protection_days

if TYPE_CHECKING:
	import lightgbm

NAME = "boosted forecast"

QUANTILES = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98)
GAPS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0)
#: weeks one by one, and last year's
LAGS, WEEKS_AHEAD = 13, 8
WINDOWS = (28, 56, 91, 182, 364)
#: rows of training data at most; more of them make it slower, not better
MOST_ROWS = 150_000
TREES, LEAVES, LEARNING_RATE = 200, 31, 0.05
#: models whose mean is taken
MODELS = 3
#: days before the first example, and examples, below which there is nothing to learn from
LEAST_DAYS, LEAST_ROWS = LAGS * WEEK, 10


class Regressor(Protocol):
	"""What is needed of a trained model."""

	def predict(self, features: Array, /) -> Array:
		"""One forecast per row."""
		...


@dataclass(frozen=True, eq=False)
class BoostedForecast:
	"""Orders up to the forecast quantile."""

	past: Past
	model: Regressor
	#: which quantile the model forecasts
	quantile: float
	gap: float
	name: str = NAME

	def order_quantities(self, state: State) -> FloatArray:
		row = self.past.row(state)
		horizon = protection_days(state.items, state.review_days)
		rate = level(self.past, row, state.items, horizon)
		forecast = self.model.predict(features(self.past, row, state.items, horizon))
		quantity = np.maximum(forecast, 0) * rate * horizon
		return s_S_quantities(state, quantity.astype(np.float32), rate.astype(np.float32), self.gap)


def level(past: Past, row: int, items: ItemTable, horizon: npt.NDArray[np.integer]) -> Array:
	"""Demand per day that all of an item's quantities are measured in, shape (N,); above 0."""
	usual = (past.rate(row, 91) + past.rate(row, YEAR)) / 2
	return np.maximum(usual, items.order_unit / 2 / horizon)


def features(past: Past, row: int, items: ItemTable, horizon: npt.NDArray[np.integer]) -> Array:
	"""What the model sees of the days before `row`, shape (N, 44); nan where the history is too short."""
	rate = level(past, row, items, horizon)
	count = len(rate)

	def padded(rows: Array, wanted: int) -> Array:
		return np.pad(rows, ((0, wanted - len(rows)), (0, 0)), constant_values=np.nan)

	weeks = padded(past.weeks(row, YEAR // WEEK), YEAR // WEEK)
	year_ago = row - YEAR
	ahead = [
		past.sum(year_ago + WEEK * week, year_ago + WEEK * (week + 1))
		if year_ago + WEEK * week >= 0
		else np.full(count, np.nan)
		for week in range(WEEKS_AHEAD)
	]
	known = year_ago >= 0
	last_horizon = past.ahead(year_ago, np.minimum(horizon, YEAR)) if known else np.full(count, np.nan)
	quarter_before = past.sum(year_ago - 91, year_ago) if year_ago >= 91 else np.full(count, np.nan)
	with np.errstate(invalid="ignore"):
		spreads = [_deviation(weeks[:span]) for span in (13, 26, 52)]
	day = past.history.start.astype("datetime64[D]") + np.timedelta64(row, "D")
	of_year = float((day - day.astype("datetime64[Y]")).astype(np.int64)) / 365.25
	angle = 2 * np.pi * (of_year + horizon / 2 / 365.25)
	per_week = rate * WEEK
	columns = [
		*(weeks[:LAGS] / per_week),
		*(past.rate(row, window) / rate for window in WINDOWS),
		*(spread / per_week for spread in spreads),
		*(past.activity(row, window) for window in (28, 91, 364)),
		np.mean(weeks[:13] > 0, axis=0),
		np.minimum(row - past.first_sale, YEAR * 2).clip(0),
		np.max(np.nan_to_num(weeks[:13]), axis=0) / per_week,
		*(week / per_week for week in ahead),
		last_horizon / (rate * horizon),
		quarter_before / (rate * 91),
		np.sin(angle),
		np.cos(angle),
		np.sin(2 * angle),
		np.cos(2 * angle),
		horizon.astype(np.float64),
		np.log(rate),
		np.log(np.maximum(items.unit_cost.astype(np.float64), 1e-9)),
	]
	return np.stack(columns, axis=1)


def _deviation(weeks: Array) -> Array:
	known = weeks[~np.isnan(weeks).any(axis=1)]
	return known.std(axis=0) if len(known) else np.full(weeks.shape[1], np.nan)


def tune_boosted_forecast(
	history: DemandHistory,
	held: int,
	items: ItemTable,
	*,
	review_days: int,
	unmet_demand: UnmetDemand,
	seed: int,
	progress: Callable[[float], object] | None = None,
) -> BoostedForecast:
	"""Train on the days before the last `held` ones of `history`; needs LightGBM.

	Raises `InputError` where those days are too few to train on.
	"""
	past = Past(history)
	end = history.days - held
	seen = history.window(0, end)
	scenario = validation(seen, items, review_days=review_days, unmet_demand=unmet_demand, seed=seed)
	early = training_data(past, end - scenario.days, items, review_days)
	candidates = []
	for number, quantile in enumerate(QUANTILES):
		model = _Remembering(fit(early, quantile, seed))
		candidates += [BoostedForecast(past, model, quantile, gap) for gap in GAPS]
		if progress is not None:
			progress((number + 1) / (len(QUANTILES) + 1))
	chosen = cheapest(candidates, scenario, (len(QUANTILES), len(GAPS)))
	final = fit(training_data(past, end, items, review_days), chosen.quantile, seed)
	return replace(chosen, model=_Remembering(final))


@dataclass(frozen=True, eq=False)
class TrainingData:
	"""M examples of one item on one day."""

	#: shape (M, 44), see `features`
	features: Array
	#: demand of the protection interval that followed, in levels, shape (M,)
	demand: Array
	#: shape (M,); an example of much money counts for more, by its root: a few dear items would be all else
	weight: Array


def training_data(past: Past, last: int, items: ItemTable, review_days: int) -> TrainingData:
	"""Weekly examples whose interval is over before row `last`."""
	horizon = protection_days(items, review_days)
	origins = np.arange(last - int(horizon.min()), LEAST_DAYS - 1, -WEEK)
	step = max(1, -(-len(origins) * len(items) // MOST_ROWS))
	parts: list[tuple[Array, Array, Array]] = []
	for origin in origins[::step].tolist():
		# an item has to be there, and its interval to be over
		usable = (past.first_sale < origin) & (origin + horizon <= last)
		expected = level(past, origin, items, horizon) * horizon
		followed = past.ahead(origin, np.where(usable, horizon, 0))
		money = np.sqrt(expected * np.maximum(items.unit_cost, 1e-6))
		seen = features(past, origin, items, horizon)
		parts.append((seen[usable], (followed / expected)[usable], money[usable]))
	if sum(len(demand) for _, demand, _ in parts) < LEAST_ROWS:
		raise InputError(
			f"The boosted forecast needs more history: {last} days are left to train it on, before those"
			" that it is chosen and tested on; give a longer history or a shorter hold-out."
		)
	return TrainingData(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def load_lightgbm() -> ModuleType:
	"""The package, which only this peer needs; raises `InputError` where it cannot be loaded."""
	try:
		import lightgbm
	except OSError as error:
		raise InputError(
			f"The boosted forecast needs LightGBM, which cannot be loaded here ({error}); install what is"
			" missing, on Debian and Ubuntu: apt install libgomp1."
		) from error
	return lightgbm


def fit(data: TrainingData, quantile: float, seed: int) -> Regressor:
	"""LightGBM models of one quantile, averaged: a single one's luck moves the cost by several percent."""
	lightgbm = load_lightgbm()
	parameters = {
		"objective": "quantile",
		"alpha": quantile,
		"num_leaves": LEAVES,
		"learning_rate": LEARNING_RATE,
		"feature_fraction": 0.5,
		"bagging_fraction": 0.5,
		"bagging_freq": 1,
		"deterministic": True,
		"force_row_wise": True,
		"num_threads": 1,
		"verbose": -1,
	}
	weight = data.weight / data.weight.mean()
	rows = lightgbm.Dataset(
		data.features, data.demand, weight=weight, params={"verbose": -1, "num_threads": 1}
	)
	return _Mean(
		[
			lightgbm.train({**parameters, "seed": seed + number}, rows, num_boost_round=TREES)
			for number in range(MODELS)
		]
	)


@dataclass(frozen=True, eq=False)
class _Mean:
	models: Sequence[lightgbm.Booster]

	def predict(self, features: Array, /) -> Array:
		return np.asarray(np.mean([model.predict(features) for model in self.models], axis=0))


@dataclass(frozen=True, eq=False)
class _Remembering:
	"""A model that is asked the same in every replay of the same days."""

	model: Regressor
	known: dict[bytes, Array] = field(default_factory=dict)

	def predict(self, features: Array, /) -> Array:
		asked = features.tobytes()
		if asked not in self.known:
			self.known[asked] = self.model.predict(features)
		return self.known[asked]
