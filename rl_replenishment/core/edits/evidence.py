"""How much each of a buyer's answers says about what should have been proposed."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.feedback import ROUNDING
from rl_replenishment.core.files.feedback import FeedbackRows
from rl_replenishment.core.items import FloatArray

#: of a proposal that was kept: mostly nobody looked
SILENCE = 0.1
#: By the buyer's reason. A promotion or a project happens once, a budget is about money and a supplier's
#: minimum about the supplier: none of them says that the item needs more or less of it the next time.
_BY_REASON = {"promotion": 0.0, "project": 0.0, "budget": 0.0, "supplier minimum": 0.0}
#: changes of unknown worth that a buyer's record starts with
_PRIOR_CHANGES = 4.0
#: a value counts up to so many times the usual one
_LARGEST_VALUE = 5.0


def evidence(
	rows: FeedbackRows,
	pack: FloatArray,
	restored: npt.NDArray[np.bool_],
	worth: npt.NDArray[np.float64],
) -> FloatArray:
	"""What each of E answers counts for, shape (E,), from 0 (nothing) to 1.

	A kept proposal counts `SILENCE`. A change counts by its reason, by its size up to a pack, and by the
	worth of its buyer's changes, see `buyers_worth`. One that only restores a pack or a minimum (`restored`)
	does not count: it is learned as a constraint. `pack`, shape (E,), is the smallest step between two
	orders, in stock UOM.
	"""
	moved = np.abs(rows.ordered_qty - rows.proposed_qty)
	by_reason = np.array([_BY_REASON.get(reason.strip().casefold(), 1.0) for reason in rows.reason])
	by_size = np.minimum(moved / np.maximum(pack, ROUNDING), 1)
	return np.where(moved > ROUNDING, by_reason * by_size * worth * ~restored, SILENCE).astype(np.float32)


def buyers_worth(
	asked: Sequence[str], rows: FeedbackRows, values: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
	"""How likely it is that the changes of each buyer in `asked` save money, shape (len(asked),).

	The values in hindsight of E decisions, `values`, shape (E,), NaN where not known yet (see `edits.value`),
	are held against 0 buyer by buyer, by a normal approximation: 0.5 where nothing is known. `_PRIOR_CHANGES`
	changes of usual size and no worth are counted in, so that one lucky change proves nothing.
	"""
	changed = np.abs(rows.ordered_qty - rows.proposed_qty) > ROUNDING
	known = changed & ~np.isnan(values)
	if not values[known].any():
		return np.full(len(asked), 0.5)
	usual = float(np.median(np.abs(values[known & (values != 0)])))
	# single large sums would decide alone
	bounded = np.clip(values, -_LARGEST_VALUE * usual, _LARGEST_VALUE * usual)
	names = np.array(rows.buyer, dtype=object)

	def worth(name: str) -> float:
		own = bounded[known & (names == name)]
		deviation = math.sqrt(float(np.square(own).sum()) + _PRIOR_CHANGES * usual**2)
		return 0.5 * (1 + math.erf(float(own.sum()) / deviation / math.sqrt(2)))

	by_name = {name: worth(name) for name in set(asked)}
	return np.array([by_name[name] for name in asked])
