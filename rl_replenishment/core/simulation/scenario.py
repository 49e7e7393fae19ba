"""What happens to a batch of item-warehouses, fixed in advance, so that every policy meets the same luck."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.demand.known_events.effects import Effect
from rl_replenishment.core.demand.known_events.lifts import Lifts, known_lifts
from rl_replenishment.core.demand.launches import Launches
from rl_replenishment.core.demand.statistics import LOOKBACK_DAYS, DemandStatistics, demand_statistics
from rl_replenishment.core.items import FloatArray, ItemTable, UnmetDemand
from rl_replenishment.core.policies.base import protection_days
from rl_replenishment.core.terms.terms import Terms

#: 1970-01-05 was a Monday: weekly reviews fall on Mondays
_FIRST_MONDAY = 4
#: days whose statistics are computed in one go: bounds memory, not the result
_CHUNK_DAYS = 64

#: from demand (T, C), horizons (C,) and rows of it (D,) to what is known before those days, see
#: `demand_statistics`
Measure: TypeAlias = Callable[
	[FloatArray, npt.NDArray[np.integer], npt.NDArray[np.integer]], DemandStatistics
]


@dataclass(frozen=True, eq=False)
class Scenario:
	"""D days of demand, lead times and a start, after W days of history that policies may look back on."""

	items: ItemTable
	#: shape (W + D, N)
	demand: FloatArray
	#: the day of row 0 of `demand`
	start: np.datetime64
	#: W, the days before the first simulated one
	warm_up_days: int
	#: days between two chances to order
	review_days: int
	unmet_demand: UnmetDemand
	#: lead time of an order placed on each simulated day, shape (D, N), whole days
	lead_times: npt.NDArray[np.int32]
	#: stock at the start, shape (N,)
	initial_on_hand: FloatArray
	#: what policies are told of past demand
	measure: Measure = demand_statistics
	#: open orders at the start, shape (H, N): row d is due on simulated day d; None for none
	initial_arrivals: FloatArray | None = None
	#: what suppliers ask for; None where they take any order on any day
	terms: Terms | None = None
	#: items first sold in the simulated days; None for none
	launches: Launches | None = None
	#: what known events make of demand; policies see the usual one, and the lift of the days ahead
	lifts: Lifts | None = None

	@property
	def days(self) -> int:
		"""D, the number of simulated days."""
		return self.demand.shape[0] - self.warm_up_days

	def is_review(self, day: int) -> bool:
		"""Whether orders may be placed on simulated day `day`."""
		return is_review_day(self.date(day), self.review_days)

	def date(self, day: int) -> np.datetime64:
		"""The calendar day of simulated day `day`."""
		return self.start + np.timedelta64(self.warm_up_days + day, "D")

	def statistics(self) -> Iterator[DemandStatistics]:
		"""The demand statistics of each simulated day, shape (N,) each."""
		horizon = protection_days(self.items, self.review_days)
		demand = self.demand if self.lifts is None else self.lifts.usual(self.demand, self.start)
		for first in range(0, self.days, _CHUNK_DAYS):
			last = min(first + _CHUNK_DAYS, self.days)
			# the statistics look back a bounded number of days, so a chunk needs no more than those
			oldest = max(self.warm_up_days + first - LOOKBACK_DAYS, 0)
			days = np.arange(self.warm_up_days + first, self.warm_up_days + last) - oldest
			chunk = self.measure(demand[oldest : self.warm_up_days + last], horizon, days)
			for day in range(first, last):
				known = chunk.on(day - first)
				# only reviews look at demand
				if self.launches is not None and self.is_review(day):
					at = self.warm_up_days + day
					known = self.launches.known(known, demand, horizon, at, self.measure)
				if self.lifts is not None and self.is_review(day):
					known = self.lifts.told(known, self.date(day), horizon)
				yield known


def is_review_day(date: np.datetime64, review_days: int) -> bool:
	"""Whether a review falls on `date`; reviews are counted from a Monday."""
	return (int(date.astype("datetime64[D]").astype(int)) - _FIRST_MONDAY) % review_days == 0


def halves(scenario: Scenario) -> tuple[Scenario, Scenario]:
	"""The first and the second half of a scenario's days, each from the same start."""
	middle = scenario.days // 2
	first = replace(
		scenario,
		demand=scenario.demand[: scenario.warm_up_days + middle],
		lead_times=scenario.lead_times[:middle],
	)
	second = replace(
		scenario, warm_up_days=scenario.warm_up_days + middle, lead_times=scenario.lead_times[middle:]
	)
	return first, second


def sample_lead_times(items: ItemTable, days: int, rng: np.random.Generator) -> npt.NDArray[np.int32]:
	"""Draw lead times for D days of orders, shape (D, N), whole days.

	Gamma distributed with the items' mean and standard deviation, rounded; the mean itself where that is 0.
	"""
	mean = np.broadcast_to(items.lead_time_days, (days, len(items)))
	deviation = items.lead_time_std_days
	if not (deviation > 0).any():
		return np.rint(mean).astype(np.int32)
	variance = np.square(np.maximum(deviation, 1e-3))
	safe_mean = np.maximum(items.lead_time_days, 1e-3)
	drawn = rng.gamma(np.square(safe_mean) / variance, variance / safe_mean, size=mean.shape)
	# a year is the end of any plausible delay; it also bounds the pipeline
	return np.rint(np.where(deviation > 0, np.minimum(drawn, 365), mean)).astype(np.int32)


def replay(
	items: ItemTable,
	history: DemandHistory,
	*,
	days: int,
	review_days: int,
	unmet_demand: UnmetDemand = "lost",
	rng: np.random.Generator,
	initial_on_hand: FloatArray | None = None,
	effects: Sequence[Effect] | None = None,
) -> Scenario:
	"""The last `days` of a history as they were, after all that came before.

	The start defaults to one protection interval's mean demand, a stock that no policy chose. What known
	events do to demand is learned from the days before, unless `effects` say it.
	"""
	warm_up = history.days - days
	if initial_on_hand is None:
		level = history.demand[:warm_up].mean(axis=0) if warm_up else history.demand.mean(axis=0)
		initial_on_hand = np.ceil(level * protection_days(items, review_days)).astype(np.float32)
	return Scenario(
		items=items,
		demand=history.demand,
		start=history.start,
		warm_up_days=warm_up,
		review_days=review_days,
		unmet_demand=unmet_demand,
		lead_times=sample_lead_times(items, days, rng),
		initial_on_hand=initial_on_hand,
		launches=history.launches,
		lifts=known_lifts(history, items, warm_up, effects),
	)
