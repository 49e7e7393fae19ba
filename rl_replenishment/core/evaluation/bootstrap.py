"""Intervals for differences between policies that met the same demand."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


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
	# counts instead of index lists: one matrix product, bounded memory
	weights = rng.multinomial(n, np.full(n, 1 / n), size=resamples)
	totals = weights @ np.stack([cost, reference], axis=1)
	# a draw of nothing but items that cost the reference nothing says nothing of a ratio
	comparable = totals[totals[:, 1] > 0]
	differences = comparable[:, 0] / comparable[:, 1] - 1
	low, high = np.percentile(differences, [2.5, 97.5])
	return float(cost.sum() / reference.sum() - 1), (float(low), float(high))
