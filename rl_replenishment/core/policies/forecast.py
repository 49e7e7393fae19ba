"""A learned forecast: quantiles of the demand over any item's protection interval, and levels on top of it.

Small networks for all items, whose answers are averaged, are trained with the pinball loss (Koenker and
Bassett 1978) on the days of the history, as `core.training.forecasting` tells. What they say of an item is
free of units; the quantiles are never out of order, since each is the one before plus a step of 0 or more.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from rl_replenishment.core.items import FloatArray
from rl_replenishment.core.policies.base import State
from rl_replenishment.core.policies.levels import LevelRule, Levels, gap_of
from rl_replenishment.core.policies.network import Network, Normaliser
from rl_replenishment.core.policies.observation import Observer, demand_scale, observer_for, recent_rate
from rl_replenishment.core.policies.order_up_to import largest_order
from rl_replenishment.core.policies.parameters import ItemParameters

#: probabilities of the quantiles that are forecast
PROBABILITIES = np.array(
	[0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95, 0.975, 0.99], np.float32
)
#: the untrained network starts with a narrow distribution near the usual demand
FIRST_STEP, NEXT_STEP = np.float32(-1.5), np.float32(-2.5)


@dataclass(eq=False)
class QuantileForecast:
	"""Quantiles of the demand over the protection interval."""

	normaliser: Normaliser
	networks: tuple[Network, ...]
	_observer: Observer | None = field(default=None, init=False, repr=False)
	_last: tuple[State, FloatArray] | None = field(default=None, init=False, repr=False)

	def quantiles(self, state: State) -> FloatArray:
		"""Demand not passed with each of `PROBABILITIES`, shape (N, Q), in stock UOM."""
		if self._last is not None:
			last, found = self._last
			if last.demand is state.demand and last.items is state.items:
				return found
		self._observer = observer_for(state.items, state.review_days, self._observer)
		found = self.of(self._observer.known(state), demand_scale(state))
		self._last = (state, found)
		return found

	def of(self, known: FloatArray, scale: FloatArray) -> FloatArray:
		"""The quantiles, shape (M, Q), from what is known, shape (M, FORECAST_SIZE), and its scale, (M,)."""
		inputs = self.normaliser(known)
		total = np.zeros((len(known), len(PROBABILITIES)), np.float32)
		for network in self.networks:
			steps = network(inputs)
			steps[:, 0] += FIRST_STEP
			steps[:, 1:] += NEXT_STEP
			# softplus
			np.logaddexp(steps, np.float32(0), out=steps)
			total += np.cumsum(steps, axis=1, out=steps)
		total *= scale[:, None] / np.float32(len(self.networks))
		return total


def at_probability(quantiles: FloatArray, probability: FloatArray) -> FloatArray:
	"""The quantile of each row of shape (N, Q) at its own probability, shape (N,), interpolated."""
	last = len(PROBABILITIES) - 1
	below = np.clip(np.searchsorted(PROBABILITIES, probability, side="right") - 1, 0, last - 1)
	between = (probability - PROBABILITIES[below]) / (PROBABILITIES[below + 1] - PROBABILITIES[below])
	share = np.clip(between, 0, 1).astype(np.float32)
	rows = np.arange(len(quantiles))
	return np.asarray(quantiles[rows, below] * (1 - share) + quantiles[rows, below + 1] * share)


@dataclass(frozen=True, eq=False)
class QuantileLevels:
	"""Levels on the learned forecast; parameters `probability`, `gap` (g) and `cap` (c), see `order_up_to`.

	The reorder point is the quantile of the demand over the protection interval, so that it lasts until the
	next order arrives with that probability; the level is a gap of lots above it.
	"""

	parameters: ItemParameters
	forecast: QuantileForecast

	def levels(self, state: State) -> Levels:
		values = self.parameters.aligned_with(state.items)
		quantiles = self.forecast.quantiles(state)
		rate = recent_rate(state)
		reorder_point = at_probability(quantiles, values["probability"])
		low, middle, high = (
			quantiles[:, int(np.searchsorted(PROBABILITIES, np.float32(share)))] for share in (0.1, 0.5, 0.9)
		)
		return Levels(
			reorder_point,
			reorder_point + gap_of(state, values["gap"], rate),
			largest_order(values["cap"], rate * np.asarray(state.review_days, np.float32)),
			rate,
			low,
			middle,
			high,
		)


@dataclass(frozen=True, eq=False)
class MeanLevels:
	"""The mean of the levels of several rules: what errs in different ways errs less together."""

	rules: tuple[LevelRule, ...]

	def levels(self, state: State) -> Levels:
		each = [rule.levels(state) for rule in self.rules]
		return Levels(*(np.mean(column, axis=0) for column in zip(*each, strict=True)))
