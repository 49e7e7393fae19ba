"""Demand whose distribution is known: what the textbooks' test beds are made of."""

from __future__ import annotations

from dataclasses import dataclass
from math import lgamma

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.demand.statistics import LOOKBACK_DAYS, DemandStatistics
from rl_replenishment.core.items import FloatArray


@dataclass(frozen=True)
class PoissonDemand:
	"""Independent Poisson demand of the same mean every day; a `DemandModel`.

	Policies are told the distribution's own moments, never what a sample of it looked like.
	"""

	#: mean demand per day
	rate: float

	def draw(self, demand: FloatArray, columns: npt.NDArray[np.intp], rng: np.random.Generator) -> FloatArray:
		"""New demand, for as many days as the history has."""
		return rng.poisson(self.rate, (len(demand), len(columns))).astype(np.float32)

	def statistics(
		self, demand: FloatArray, horizon_days: npt.NDArray[np.integer], days: npt.NDArray[np.integer]
	) -> DemandStatistics:
		"""The moments, on each of the days."""
		active = 1 - np.exp(-self.rate)
		level, spread = (self.rate,) * 4, (self.rate**0.5,) * 2
		values = (*level, *spread, active, active, 1 / active, 1.0, float(LOOKBACK_DAYS))
		shape = (len(days), demand.shape[1])
		return DemandStatistics(*(np.full(shape, value, np.float32) for value in values))


def probabilities(mean: float) -> npt.NDArray[np.float64]:
	"""Of the demands 0, 1, 2, ... under a Poisson distribution, to where less than 1e-12 is left."""
	values = np.arange(int(mean + 9 * np.sqrt(mean)) + 10)
	logarithm = values * np.log(mean) - mean - np.array([lgamma(value + 1) for value in values])
	chance = np.exp(logarithm)
	return np.asarray(chance / chance.sum())
