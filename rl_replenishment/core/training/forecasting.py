"""Training of the learned forecast: quantiles of the demand over the protection interval, for all items.

The loss is the pinball loss in units of each item's own demand, weighted by the root of the money that moves:
in money alone a few dear items would be learned by heart, without it the cheap ones would drown the rest.
Inputs carry noise in training, which keeps a small network from learning single weeks by heart. Several
networks are trained from different starts, and what they say is averaged: what each got wrong by chance
averages out (Hansen and Salamon 1990).

Each network is kept from a stretch of the history of its own. So of every day there is one that has not seen
what came next, and training on the forecast's levels meets errors as large as those it will be served with
(cross-fitting, Chernozhukov et al. 2018; stacking, Wolpert 1992).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.demand.rhythm import DAILY
from rl_replenishment.core.demand.statistics import LOOKBACK_DAYS, demand_statistics
from rl_replenishment.core.items import FloatArray, ItemTable
from rl_replenishment.core.policies.base import State, protection_days
from rl_replenishment.core.policies.forecast import (
	FIRST_STEP,
	NEXT_STEP,
	PROBABILITIES,
	QuantileForecast,
)
from rl_replenishment.core.policies.network import Network, Normaliser
from rl_replenishment.core.policies.observation import FORECAST_SIZE, Observer, demand_scale
from rl_replenishment.core.simulation.scenario import is_review_day

#: days of history before the first forecast that is learned from, where there are enough
_WARM_UP = 91
#: days that are learned from, of those from one order to the next
_DAYS_PER_REVIEW = 3
#: a network is kept from its stretch of time where more than this share of the samples is left
_LEAST_SHARE = 0.4
#: days of ordering that one pass over the history measures together
_TOGETHER = 16


@dataclass(frozen=True)
class ForecastSettings:
	"""Settings of the forecast's training."""

	#: networks that are averaged, each kept from one of as many stretches of time, and units of each
	members: int = 4
	hidden: int = 96
	updates: int = 400
	batch_size: int = 2048
	learning_rate: float = 5e-3
	weight_decay: float = 1.0
	#: standard deviation of the noise on normalised inputs
	noise: float = 0.3
	#: so many days ago counts half: customers, assortment and prices change
	half_life_days: float = 364.0
	#: days of an item, drawn at random where there are more
	most_samples: int = 200_000


@dataclass(frozen=True, eq=False)
class Samples:
	"""M days of ordering and what was asked for since."""

	#: what was known, shape (M, FORECAST_SIZE)
	known: FloatArray
	#: demand over the protection interval that began, and the units that make 1, shape (M,)
	demand: FloatArray
	scale: FloatArray
	#: money per unit, shape (M,)
	unit_cost: FloatArray
	#: days of the history on which the interval began and ended, shape (M,)
	start: npt.NDArray[np.intp]
	end: npt.NDArray[np.intp]

	def __len__(self) -> int:
		return len(self.end)

	def until(self, day: int) -> Samples:
		"""Those whose interval ended by then."""
		return self._where(self.end <= day)

	def after(self, day: int) -> Samples:
		"""Those whose interval ended later."""
		return self._where(self.end > day)

	def apart_from(self, first: int, beyond: int) -> Samples:
		"""Those whose interval touches none of the days from `first` to before `beyond`."""
		return self._where((self.end <= first) | (self.start >= beyond))

	def _where(self, chosen: npt.NDArray[np.bool_]) -> Samples:
		return Samples(*(getattr(self, field.name)[chosen] for field in fields(self)))


def samples_of(
	history: DemandHistory,
	items: ItemTable,
	review_days: int,
	rng: np.random.Generator,
	settings: ForecastSettings | None = None,
) -> Samples:
	"""All days of ordering whose protection interval lies in the history, or a draw of them."""
	horizon = protection_days(items, review_days).astype(np.intp)
	most = (settings or ForecastSettings()).most_samples
	latest = history.days - int(horizon.min(initial=1))
	days = _days(history, latest, review_days, most // max(len(items), 1))
	share = min(most / max(len(days) * len(items), 1), 1.0)
	total = np.zeros((history.days + 1, len(items)))
	np.cumsum(history.demand, axis=0, dtype=np.float64, out=total[1:])
	observer, columns = Observer(items, review_days), np.arange(len(items))
	nothing = np.zeros(len(items), np.float32)
	rows: list[tuple[FloatArray, ...]] = []
	for first in range(0, len(days), _TOGETHER):
		block = np.array(days[first : first + _TOGETHER])
		oldest = max(int(block[0]) - LOOKBACK_DAYS, 0)
		measured = demand_statistics(history.demand[oldest : block[-1]], horizon, block - oldest)
		for number, day in enumerate(block.tolist()):
			end = day + horizon
			chosen = np.flatnonzero((end <= history.days) & (rng.random(len(items)) < share))
			today = history.start + np.timedelta64(day, "D")
			state = State(items, today, review_days, nothing, nothing[None], measured.on(number))
			asked = total[np.minimum(end, history.days), columns] - total[day]
			rows.append(
				(
					observer.known(state)[chosen],
					asked[chosen].astype(np.float32),
					demand_scale(state)[chosen],
					items.unit_cost[chosen],
					np.full(len(chosen), day, np.intp),
					end[chosen],
				)
			)
	return Samples(*(np.concatenate(column) for column in zip(*rows, strict=True)))


def _days(history: DemandHistory, latest: int, review_days: int, most: int) -> list[int]:
	"""Days of ordering, and some between them as long as they are `most` in all.

	What follows a Wednesday is not quite what follows the Monday before it: it teaches a little more. Days
	within the total of a week or a month would teach what never happens.
	"""
	reviews = -(-latest // review_days)
	per_review = min(most // max(reviews, 1), _DAYS_PER_REVIEW) if history.rhythm == DAILY else 1
	after = {review_days * part // max(per_review, 1) for part in range(max(per_review, 1))}
	today = history.start + np.arange(latest + 1).astype("timedelta64[D]")
	days = [
		day
		for day, date in enumerate(today)
		if any(is_review_day(date - np.timedelta64(later, "D"), review_days) for later in after)
	]
	return [day for day in days if day >= _WARM_UP] or days


@dataclass(frozen=True, eq=False)
class Fitted:
	"""A forecast, and what is left of it where a day's own future is kept from it."""

	forecast: QuantileForecast
	#: first days of the stretches after the first one, shape (members - 1,); of each, the network of its
	#: number has seen nothing
	stretches: npt.NDArray[np.intp]

	def unseen(self, history: DemandHistory) -> QuantileForecast:
		"""Forecasts each day of the history by the network that was kept from it."""
		return _Unseen(self.forecast, history.start + self.stretches.astype("timedelta64[D]"))


class _Unseen(QuantileForecast):
	def __init__(self, forecast: QuantileForecast, dates: npt.NDArray[np.datetime64]) -> None:
		super().__init__(forecast.normaliser, forecast.networks)
		self._dates = dates
		self._each = [QuantileForecast(forecast.normaliser, (network,)) for network in forecast.networks]

	def quantiles(self, state: State) -> FloatArray:
		stretch = np.searchsorted(self._dates, np.broadcast_to(state.today, len(state.items)), side="right")
		found = np.empty((len(state.items), len(PROBABILITIES)), np.float32)
		for number in np.unique(stretch):
			rows = stretch == number
			found[rows] = self._each[number].quantiles(state)[rows]
		return found


def fit_forecast(samples: Samples, seed: int, settings: ForecastSettings | None = None) -> Fitted:
	"""The forecast that the samples teach; the same each time for the same seed."""
	chosen = settings or ForecastSettings()
	torch.set_num_threads(1)
	generator = torch.Generator().manual_seed(seed)
	normaliser = Normaliser.of(samples.known)
	edges = np.quantile(samples.start, np.linspace(0, 1, chosen.members + 1)).astype(np.intp)
	networks = []
	for first, beyond in itertools.pairwise(edges):
		others = samples.apart_from(int(first), int(beyond) + 1)
		# of a short history, too little would be left
		seen = others if len(others) > _LEAST_SHARE * len(samples) else samples
		networks.append(_fitted(seen, normaliser, generator, chosen))
	return Fitted(QuantileForecast(normaliser, tuple(networks)), edges[1:-1])


def _fitted(
	samples: Samples, normaliser: Normaliser, generator: torch.Generator, settings: ForecastSettings
) -> Network:
	known = torch.from_numpy(normaliser(samples.known))
	heard = torch.from_numpy(normaliser.heard.astype(np.float32))
	demand = torch.from_numpy(samples.demand / samples.scale)
	money = np.sqrt(samples.scale * samples.unit_cost)
	weights = money * np.exp2((samples.start - samples.start.max()) / settings.half_life_days)
	weight = torch.from_numpy((weights / max(float(weights.mean()), 1e-9)).astype(np.float32))
	# more than there are would only be the same ones again
	batch_size = min(settings.batch_size, len(known))
	model = _Model(settings.hidden, generator)
	optimiser = torch.optim.AdamW(
		model.parameters(), lr=settings.learning_rate, weight_decay=settings.weight_decay
	)
	schedule = torch.optim.lr_scheduler.OneCycleLR(
		optimiser, settings.learning_rate, total_steps=settings.updates, pct_start=0.1
	)
	for _update in range(settings.updates):
		rows = torch.randint(len(known), (batch_size,), generator=generator)
		noise = torch.randn(batch_size, FORECAST_SIZE, generator=generator)
		quantiles = model(known[rows] + settings.noise * heard * noise)
		loss = (weight[rows] * pinball(quantiles, demand[rows])).mean()
		optimiser.zero_grad()
		loss.backward()  # type: ignore[no-untyped-call]
		optimiser.step()
		schedule.step()
	return model.as_network()


def coverage(
	quantiles: npt.NDArray[np.floating], demand: npt.NDArray[np.floating]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
	"""How much of the demand, shape (M,), was below each quantile, shape (M, Q), and at or below it; (Q,).

	Quantiles are taken as whole units. A forecast is calibrated where each probability lies between the two:
	of an item that sells nothing in most intervals, more than half is at or below any median.
	"""
	whole, asked = np.rint(quantiles), demand[:, None]
	return (asked < whole).mean(axis=0), (asked <= whole).mean(axis=0)


def pinball(quantiles: Tensor, demand: Tensor) -> Tensor:
	"""Mean pinball loss of quantiles (M, Q) for demand (M,), shape (M,)."""
	probability = torch.from_numpy(PROBABILITIES)
	missed = demand[:, None] - quantiles
	return torch.maximum(probability * missed, (probability - 1) * missed).mean(dim=1)


class _Model(torch.nn.Module):
	"""The forecast's network in torch."""

	def __init__(self, hidden: int, generator: torch.Generator) -> None:
		super().__init__()
		self.inner = torch.nn.Linear(FORECAST_SIZE, hidden)
		self.outer = torch.nn.Linear(hidden, len(PROBABILITIES))
		self.direct = torch.nn.Linear(FORECAST_SIZE, len(PROBABILITIES), bias=False)
		with torch.no_grad():
			torch.nn.init.orthogonal_(self.inner.weight, 1.0, generator)
			self.outer.weight.normal_(0, 0.02, generator=generator)
			self.direct.weight.normal_(0, 0.005, generator=generator)
			for layer in (self.inner, self.outer):
				layer.bias.zero_()

	def forward(self, known: Tensor) -> Tensor:
		steps = self.outer(torch.tanh(self.inner(known))) + self.direct(known)
		start = torch.full((steps.shape[1],), float(NEXT_STEP))
		start[0] = float(FIRST_STEP)
		return torch.nn.functional.softplus(steps + start).cumsum(dim=1)

	def as_network(self) -> Network:
		"""As plain arrays."""
		layers = [
			(layer.weight.detach().numpy().copy(), layer.bias.detach().numpy().copy())
			for layer in (self.inner, self.outer)
		]
		return Network(layers, self.direct.weight.detach().numpy().copy())
