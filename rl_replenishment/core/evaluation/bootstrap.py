"""Intervals for differences between policies that met the same demand."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

#: of draws that are held in memory at a time
_COUNTS = 10_000_000


def relative_difference(
	cost: npt.NDArray[np.float64],
	reference: npt.NDArray[np.float64],
	rng: np.random.Generator,
	*,
	resamples: int = 2000,
) -> tuple[float, tuple[float, float]]:
	"""Total cost against a reference's total, as a share of it, and its 95 % interval.

	`cost` and `reference` have one entry per item-warehouse, shape (N,). Paired percentile bootstrap (Efron
	1979): item-warehouses are drawn with replacement, both policies with the same draw. A reference that
	costs nothing has no relative difference: nan.
	"""
	if not reference.sum():
		return float("nan"), (float("nan"), float("nan"))
	n = len(cost)
	both, even = np.stack([cost, reference], axis=1), np.full(n, 1 / n)
	together = max(_COUNTS // n, 1)
	# counts instead of index lists: matrix products, in bounded memory
	totals = np.concatenate(
		[
			rng.multinomial(n, even, size=min(together, resamples - first)) @ both
			for first in range(0, resamples, together)
		]
	)
	# a draw of nothing but items that cost the reference nothing says nothing of a ratio
	comparable = totals[totals[:, 1] > 0]
	differences = comparable[:, 0] / comparable[:, 1] - 1
	low, high = np.percentile(differences, [2.5, 97.5])
	return float(cost.sum() / reference.sum() - 1), (float(low), float(high))
