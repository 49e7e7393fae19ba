"""Demand whose distribution is known: what the textbooks' test beds are made of."""

from __future__ import annotations

from dataclasses import dataclass
from math import lgamma

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.demand.statistics import (
	LOOKBACK_DAYS,
	STATISTIC_NAMES,
	WEEK,
	DemandStatistics,
)
from rl_replenishment.core.items import FloatArray


@dataclass(frozen=True)
class PoissonDemand:
	"""Independent Poisson demand of the same mean every day; a `DemandModel`.

	Policies are told the distribution's own moments, never what a sample of it looked like.
	"""

	#: mean demand per day
	rate: float

	@property
	def repeats(self) -> bool:
		return False

	def draw(self, demand: FloatArray, columns: npt.NDArray[np.intp], rng: np.random.Generator) -> FloatArray:
		"""New demand, for as many days as the history has."""
		return rng.poisson(self.rate, (len(demand), len(columns))).astype(np.float32)

	def statistics(
		self, demand: FloatArray, horizon_days: npt.NDArray[np.integer], days: npt.NDArray[np.integer]
	) -> DemandStatistics:
		"""The moments, on each of the days."""
		active = 1 - np.exp(-self.rate)
		spread = (WEEK * self.rate) ** 0.5
		values = dict.fromkeys(STATISTIC_NAMES, self.rate) | {
			"week_spread": spread,
			"week_peak": WEEK * self.rate + 2 * spread,
			"active_91": active,
			"active_364": active,
			"days_since_demand": 1 / active,
			"days_since_first": LOOKBACK_DAYS,
			"season": 1.0,
			"days_known": LOOKBACK_DAYS,
		}
		shape = (len(days), demand.shape[1])
		return DemandStatistics(*(np.full(shape, values[name], np.float32) for name in STATISTIC_NAMES))


def probabilities(mean: float) -> npt.NDArray[np.float64]:
	"""Of the demands 0, 1, 2, ... under a Poisson distribution, to where less than 1e-12 is left."""
	values = np.arange(int(mean + 9 * np.sqrt(mean)) + 10)
	logarithm = values * np.log(mean) - mean - np.array([lgamma(value + 1) for value in values])
	chance = np.exp(logarithm)
	return np.asarray(chance / chance.sum())
