"""How much service a policy gives: what another stock-out cost does to its levels, at serving time.

The level that balances a stock-out cost of p against holding a unit for a review interval, h R, is met with
the probability p / (p + h R), or p / (p + h) where customers wait and p is per day (the newsvendor's ratio;
Silver, Pyke and Thomas, Inventory and Production Management in Supply Chains). A cost of k p moves it by

	(z(ln(k p / (h R))) - z(ln(p / (h R)))) sigma,

where z(x) is the standard normal quantile at the probability with the log-odds x, and sigma the deviation of
the demand over the protection interval by the rule's own forecast: what lies between its middle and high
demand. Reorder point and order-up-to level move alike. Nothing else does: not the rule, not what a network
has learned, not the costs that are counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.items import FloatArray, ItemTable, UnmetDemand
from rl_replenishment.core.policies.base import State
from rl_replenishment.core.policies.levels import RANGE_DEVIATIONS, Levels
from rl_replenishment.core.policies.parameters import ItemParameters

#: the only parameter: what the stock-out cost is taken times
FACTOR = "factor"
#: log-odds beyond these are taken for these: a chance of one in 10 million
_LARGEST_ODDS = 16.0
_ODDS = np.linspace(-_LARGEST_ODDS, _LARGEST_ODDS, 1281)
_DEVIATIONS = np.array(
	[np.sign(x) * -NormalDist().inv_cdf(1 / (1 + np.exp(abs(x)))) if x else 0.0 for x in _ODDS.tolist()]
)


def normal_deviate(log_odds: npt.NDArray[np.floating]) -> npt.NDArray[np.float64]:
	"""The standard normal quantile at the probability with these log-odds; interpolated to 4 digits."""
	return np.asarray(np.interp(log_odds, _ODDS, _DEVIATIONS), np.float64)


def cost_ratio(
	items: ItemTable, review_days: int | npt.NDArray[np.int32], unmet_demand: UnmetDemand
) -> FloatArray:
	"""Stock-out cost over the cost of holding what is too much, shape (N,): the odds of the newsvendor."""
	holding = items.holding_cost * np.float32(review_days if unmet_demand == "lost" else 1)
	return np.maximum(items.stockout_cost, np.float32(1e-9)) / np.maximum(holding, np.float32(1e-9))


@dataclass(frozen=True, eq=False)
class ServiceShift:
	"""What item-warehouses' stock-out costs are taken times, as parameter `factor` (1 changes nothing)."""

	parameters: ItemParameters

	@classmethod
	def everywhere(cls, factor: float) -> ServiceShift:
		"""The same factor for every item-warehouse."""
		return cls(ItemParameters.everywhere(**{FACTOR: factor}))

	@classmethod
	def per_item(cls, items: ItemTable, factor: FloatArray) -> ServiceShift:
		"""A factor for each of N item-warehouses, shape (N,); an item never seen has 1."""
		return cls(ItemParameters(items.keys, {FACTOR: np.asarray(factor, np.float32)}, {FACTOR: 1.0}))

	def applied(self, state: State, levels: Levels) -> Levels:
		"""The levels with this service."""
		factor = self.parameters.aligned_with(state.items)[FACTOR]
		moved = factor != 1
		if not moved.any():
			return levels
		odds = np.log(cost_ratio(state.items, state.review_days, state.unmet_demand).astype(np.float64))
		deviates = normal_deviate(odds + np.log(np.maximum(factor, 1e-12))) - normal_deviate(odds)
		spread = np.maximum(levels.high - levels.middle, (levels.high - levels.low) / 2) / RANGE_DEVIATIONS
		shift = np.where(moved, deviates * spread, 0).astype(np.float32)
		# nobody plans to owe
		reorder_point = np.maximum(levels.reorder_point + shift, np.minimum(levels.reorder_point, 0))
		gap = levels.order_up_to - levels.reorder_point
		return levels._replace(reorder_point=reorder_point, order_up_to=reorder_point + gap)
