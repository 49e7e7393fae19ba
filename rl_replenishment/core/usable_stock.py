"""Stock that is there for long enough to be sold: batches by expiry against the item's demand."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.items import FloatArray


def usable_stock(
	batch_item: npt.NDArray[np.integer],
	batch_quantity: npt.NDArray[np.floating],
	batch_days: npt.NDArray[np.floating],
	rate: FloatArray,
	promised: FloatArray | None = None,
) -> FloatArray:
	"""What of N items' stock can be sold before it expires, shape (N,), in stock UOM.

	Of B batches, `batch_item`, `batch_quantity` and `batch_days` give the item, the quantity and the days
	on which it can still be sold, today included: 0 or less where it has expired, inf where it keeps or the
	stock has no batch. What expires first is sold first. `rate`, shape (N,), is the demand per day, and
	`promised`, shape (N,), what has been promised for now besides; none where it is not given.
	"""
	count = len(rate)
	quantity = np.asarray(batch_quantity, dtype=np.float64)
	days = np.asarray(batch_days, dtype=np.float64)
	owed = np.zeros(count) if promised is None else np.maximum(promised, 0).astype(np.float64)
	usable = np.zeros(count)
	order = np.lexsort((days, batch_item))
	item = np.asarray(batch_item, dtype=np.intp)[order]
	# the first batches of all items, then the second ones, and so on
	rank = np.arange(len(item)) - np.searchsorted(item, item)
	for number in range(int(rank.max(initial=-1)) + 1):
		batch = order[rank == number]
		at = item[rank == number]
		left = days[batch]
		keeps = np.isinf(left)
		# what can be sold until this batch expires, of it and of all that expire earlier
		sold = np.where(left > 0, np.where(keeps, 0, left) * rate[at] + owed[at], 0)
		with_it = usable[at] + np.maximum(quantity[batch], 0)
		usable[at] = np.where(keeps, with_it, np.minimum(with_it, np.maximum(sold, usable[at])))
	# more went out than was booked in
	overdrawn = np.bincount(item, weights=np.minimum(quantity[order], 0), minlength=count)
	return (usable + overdrawn).astype(np.float32)
