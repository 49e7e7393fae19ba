"""What each of a buyer's decisions says about the next ones."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.feedback import NOT_THIS_TIME, ROUNDING
from rl_replenishment.core.files.feedback import FeedbackRows

Doubles = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

#: what a proposal that was kept counts for, against one that was changed: mostly nobody looked
KEPT = 0.25
#: no order moves by more than this factor, up or down
LARGEST_FACTOR = 3.0
#: Reasons that speak of this one order: demand that was announced is set aside (`core.edits.announced`), a
#: budget is about money.
ONCE = ("promotion", "project", "budget")
#: an effect that is less, as a logarithm, is none
LEAST_MOVE = 0.03
#: A proposal that lessons moved by less, as a logarithm, counts as the policy's own: who keeps it has hardly
#: seen a difference.
_LEAST_FOLLOWED = 0.06


@dataclass(frozen=True, eq=False)
class Answers:
	"""E decisions as lessons see them, arrays of shape (E,)."""

	#: logarithm of what was ordered over what the policy had asked for, at most that of `LARGEST_FACTOR`
	move: Doubles
	#: what each counts for, from 0 to 1
	weight: Doubles
	#: where the buyer changed what was proposed
	changed: Flags
	#: logarithm by which lessons had moved what was proposed; 0 where none had
	followed: Doubles
	#: share of the order that the smallest step between two orders is
	step: Doubles
	#: where he turned it down: that says nothing of other items
	refused: Flags
	#: where the buyer wanted an item without its lessons for once: what holds of it is not what he did then
	for_once: Flags


def unexplained(rows: FeedbackRows, factor: npt.NDArray[np.floating]) -> FeedbackRows:
	"""Answers without what lessons explain of them, for training: nothing is to be learned twice.

	`factor`, shape (E,), is what lessons make of each one's order; of a change, as much is taken off as went
	that way.
	"""
	asked = rows.asked_qty
	known = (asked > ROUNDING) & (rows.ordered_qty > ROUNDING)
	move = np.log(np.where(known, rows.ordered_qty, 1.0) / np.where(known, asked, 1.0))
	explained = np.clip(np.log(factor), np.minimum(move, 0), np.maximum(move, 0))
	return replace(
		rows,
		proposed_qty=asked,
		ordered_qty=np.where(explained != 0, rows.ordered_qty / np.exp(explained), rows.ordered_qty),
		policy_qty=np.zeros(0),
	)


def read(
	rows: FeedbackRows,
	index: npt.NDArray[np.intp],
	step: npt.NDArray[np.floating],
	restored: Flags | None = None,
) -> Answers:
	"""What E decisions say.

	`index`, shape (E,), says which item-warehouse each is about, `step`, shape (E,), is the smallest step
	between two orders, in stock UOM. What was turned down once was not wanted then; from the second time on
	it counts as what was kept does, for that item alone. What was taken back as `NOT_THIS_TIME` speaks
	against lessons as any change does, and bounds its own item from the second time on.

	What the buyer added without a proposal says nothing about proposals, nor does what only restored a pack
	or a minimum order (`restored`): that is learned as a fact, see `core.edits.constraints`.
	"""
	asked = rows.asked_qty
	known = (asked > ROUNDING) & (rows.proposed_qty > ROUNDING)
	base = np.where(known, asked, 1.0)
	largest = np.log(LARGEST_FACTOR)
	least = base / (2 * LARGEST_FACTOR)

	def logarithm(quantity: Doubles) -> Doubles:
		return np.clip(np.log(np.maximum(quantity, least) / base), -largest, largest)

	changed = np.abs(rows.ordered_qty - rows.proposed_qty) > ROUNDING
	once = np.array([reason.strip().casefold() in ONCE for reason in rows.reason], dtype=np.bool_)
	refused = known & (rows.ordered_qty <= ROUNDING)
	times = np.bincount(index, weights=refused)[index] if len(index) else np.zeros(0)
	weight = np.where(changed & ~refused, 1.0, KEPT) * known * ~(once & changed) * ~(refused & (times < 2))
	if restored is not None:
		weight = weight * ~restored
	followed = np.where(known, logarithm(rows.proposed_qty), 0.0)
	reasons = np.array([reason.strip().casefold() == NOT_THIS_TIME for reason in rows.reason], dtype=np.bool_)
	taken_back = reasons & changed & (np.abs(rows.ordered_qty - asked) <= ROUNDING)
	again = np.bincount(index, weights=taken_back)[index] > 1 if len(index) else taken_back
	return Answers(
		move=np.where(known, logarithm(rows.ordered_qty), 0.0),
		weight=weight,
		changed=changed,
		refused=refused,
		followed=np.where(np.abs(followed) < _LEAST_FOLLOWED, 0.0, followed),
		step=np.where(known, step / base, 0.0),
		for_once=taken_back & ~again,
	)
