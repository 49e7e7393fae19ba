"""All that a training takes from the buyer's answers, in one reading."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.edits.announced import waited
from rl_replenishment.core.edits.constraints import LearnedConstraints, learn_constraints
from rl_replenishment.core.edits.evidence import buyers_worth, evidence
from rl_replenishment.core.edits.value import edit_values
from rl_replenishment.core.files.feedback import FeedbackRows
from rl_replenishment.core.items import FloatArray, ItemTable, UnmetDemand


@dataclass(frozen=True, eq=False)
class Reading:
	"""What E answers say."""

	#: the items with the packs and minimum orders that the answers taught
	items: ItemTable
	constraints: LearnedConstraints
	#: what each answer counts for as a preference, shape (E,)
	evidence: FloatArray
	#: what each saved in hindsight, shape (E,), in money; NaN where not known yet
	values: npt.NDArray[np.float64]


def read_answers(
	items: ItemTable,
	history: DemandHistory,
	rows: FeedbackRows,
	index: npt.NDArray[np.intp],
	review_days: int,
	unmet_demand: UnmetDemand = "lost",
	values: npt.NDArray[np.float64] | None = None,
) -> Reading:
	"""Read E answers; `index`, shape (E,), is each one's position in `items` and `history`.

	`values`, shape (E,), are those booked earlier, where they were; the others are found from the history.
	"""
	found = edit_values(items, history, rows, index, review_days, unmet_demand)
	if values is not None:
		found = np.where(np.isnan(values), found, values)
	constraints = learn_constraints(items, rows, index)
	worth = buyers_worth(rows.buyer, rows, found)
	says = evidence(rows, items.order_unit[index], constraints.restored, worth)
	return Reading(
		items=constraints.applied_to(items),
		constraints=constraints,
		evidence=np.where(waited(items, history, rows, index), np.float32(0), says),
		values=found,
	)
