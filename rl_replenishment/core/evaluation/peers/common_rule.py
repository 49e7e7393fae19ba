"""One classical (s, S) rule with the same settings for all items: little to tune, so little to tune to noise.

With demand rate m per day over a window, protection interval H, review interval R and the standard deviation
sigma_H of the demand over H days,

	s = m H + z sigma_H,   S = s + g max(EOQ, m R),

where sigma_H = sigma_week sqrt(H / 7), and sigma_week is that of the sums of the last 52 weeks: what comes
in lumps of a week, or hangs together over days, is measured as such. The window, z and g are chosen on
validation days.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.evaluation.peers.past import WEEK, YEAR, Past
from rl_replenishment.core.evaluation.peers.validation import cheapest, validation
from rl_replenishment.core.items import FloatArray, ItemTable, UnmetDemand, feasible_quantity
from rl_replenishment.core.policies.base import State, protection_days
from rl_replenishment.core.policies.levels import economic_order_quantity

NAME = "common rule"

WINDOWS = (28, 91, 364)
SAFETY_FACTORS = tuple(quarters / 4 for quarters in range(-2, 13))
GAPS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0)


@dataclass(frozen=True, eq=False)
class CommonRule:
	"""The rule at one setting."""

	past: Past
	#: days over which the demand rate is measured
	window: int
	safety_factor: float
	gap: float
	name: str = NAME

	def order_quantities(self, state: State) -> FloatArray:
		row = self.past.row(state)
		rate = self.past.rate(row, self.window).astype(np.float32)
		horizon = protection_days(state.items, state.review_days).astype(np.float32)
		weeks = self.past.weeks(row, YEAR // WEEK)
		spread = weeks.std(axis=0) if len(weeks) else np.zeros(len(rate))
		deviation = np.sqrt(
			np.square(spread) * horizon / WEEK + np.square(rate * state.items.lead_time_std_days)
		)
		reorder_point = np.maximum(rate * horizon + self.safety_factor * deviation, 0)
		return s_S_quantities(state, reorder_point.astype(np.float32), rate, self.gap)


def s_S_quantities(state: State, reorder_point: FloatArray, rate: FloatArray, gap: float) -> FloatArray:
	"""What (s, S) orders at a reorder point and a demand rate per day, each of shape (N,)."""
	lot = np.maximum(economic_order_quantity(state, rate), rate * np.float32(state.review_days))
	# the textbook's: whatever is on order counts, however late
	position = state.available + state.arrivals.sum(axis=0)
	missing = np.maximum(reorder_point + np.float32(gap) * lot - position, 0)
	return feasible_quantity(state.items, np.where(position <= reorder_point, missing, np.float32(0)))


def tune_common_rule(
	history: DemandHistory,
	held: int,
	items: ItemTable,
	*,
	review_days: int,
	unmet_demand: UnmetDemand,
	seed: int,
) -> CommonRule:
	"""The best setting on the days before the last `held` ones of `history`."""
	past = Past(history)
	scenario = validation(
		history.window(0, history.days - held),
		items,
		review_days=review_days,
		unmet_demand=unmet_demand,
		seed=seed,
	)
	candidates = [CommonRule(past, *setting) for setting in itertools.product(WINDOWS, SAFETY_FACTORS, GAPS)]
	return cheapest(candidates, scenario)
