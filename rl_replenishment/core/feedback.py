"""The buyer's answers as reward: how far what was ordered is from what was proposed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.items import FloatArray

#: a proposal is never punished harder than this
LARGEST_PENALTY = 3.0
#: quantities this close are the same, in stock UOM
ROUNDING = 1e-3
#: the buyer's reason for going back to what the policy itself asks for, without lessons, for once
NOT_THIS_TIME = "not this time"


def feedback_scale(pack: FloatArray, mean_daily_demand: FloatArray, review_days: int) -> FloatArray:
	"""Units of difference that cost 1 reward, shape (N,): a pack or a review period's demand, the larger."""
	return np.maximum(pack, mean_daily_demand * np.float32(review_days))


def feedback_reward(
	proposed: npt.NDArray[np.floating],
	ordered: npt.NDArray[np.floating],
	scale: npt.NDArray[np.floating],
	tolerance: npt.NDArray[np.floating] | float = ROUNDING,
) -> FloatArray:
	"""Reward of proposals, shape (N,), quantities in stock UOM.

	1 where ordered equals proposed within `tolerance`, otherwise minus the absolute difference over
	`scale`, at most `LARGEST_PENALTY` below 0.
	"""
	difference = np.abs(np.asarray(ordered, np.float32) - np.asarray(proposed, np.float32))
	penalty = np.minimum(difference / np.maximum(scale, np.float32(1e-9)), LARGEST_PENALTY)
	return np.where(difference <= tolerance, np.float32(1), -penalty).astype(np.float32)
