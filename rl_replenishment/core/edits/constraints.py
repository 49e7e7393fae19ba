"""Packs and minimum orders that only the buyer knew of, read from how proposals were rounded."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.feedback import NOT_THIS_TIME, ROUNDING
from rl_replenishment.core.files.feedback import FeedbackRows
from rl_replenishment.core.items import FloatArray, ItemTable

#: in what is told about a policy: packs and minimum orders that it goes by besides the items' own
LEARNED_CONSTRAINTS = "learned_constraints"
#: changes that agree before a pack or a minimum is believed
LEAST_CHANGES = 3
#: Share of an item's decisions that changes are which say so although what was kept does not: of the rest,
#: most was not looked at.
_LOOKED_AT = 1 / 4
#: chance that so many quantities are whole multiples of a pack without anybody having it in mind
_BY_CHANCE = 1e-3
#: the buyer's reasons that speak of something else than packs; any other, or none, may
_OTHER_REASONS = (
	*("promotion", "budget", "project", "too much stock", "demand looks wrong", "distrust"),
	NOT_THIS_TIME,
)


@dataclass(frozen=True, eq=False)
class LearnedConstraints:
	"""What suppliers accept, as far as the buyer's changes tell; in stock UOM."""

	#: pack of each item-warehouse, shape (N,); 0 where none was learned
	order_multiple: FloatArray
	#: minimum order of each item-warehouse, shape (N,); 0 where none was learned
	min_order_qty: FloatArray
	#: decisions that only restored one of them, shape (E,)
	restored: npt.NDArray[np.bool_]

	def __len__(self) -> int:
		"""Item-warehouses for which something was learned."""
		return int(((self.order_multiple > 0) | (self.min_order_qty > 0)).sum())

	def as_json(self, items: ItemTable) -> list[dict[str, Any]]:
		"""One entry per item-warehouse of which something was learned, 0 where not; see `constrained`."""
		return [
			{
				"item_code": key.item_code,
				"warehouse": key.warehouse,
				"supplier": items.suppliers[at],
				"order_multiple": float(self.order_multiple[at]),
				"min_order_qty": float(self.min_order_qty[at]),
			}
			for at, key in enumerate(items.keys)
			if self.order_multiple[at] or self.min_order_qty[at]
		]

	def applied_to(self, items: ItemTable) -> ItemTable:
		"""The table with what was learned, where it asks for more than what was known."""
		return replace(
			items,
			order_multiple=np.where(
				self.order_multiple > items.order_unit, self.order_multiple, items.order_multiple
			),
			min_order_qty=np.maximum(items.min_order_qty, self.min_order_qty),
		)


def learn_constraints(
	items: ItemTable, rows: FeedbackRows, index: npt.NDArray[np.intp]
) -> LearnedConstraints:
	"""Find packs and minimum orders in E decisions; `index`, shape (E,), is each one's position in `items`.

	A pack is believed where all orders of an item are whole multiples of it and `LEAST_CHANGES` proposals or
	more were moved to a neighbouring multiple. A minimum is believed where as many proposals below it, not
	all of one quantity, were raised to that, and nothing below it was ever ordered. Where many were changed,
	what was kept may speak against either: mostly nobody looked.
	"""
	by_item: dict[int, list[int]] = defaultdict(list)
	for row, item in enumerate(index):
		if rows.reason[row].strip().casefold() not in _OTHER_REASONS and rows.ordered_qty[row] > 0:
			by_item[int(item)].append(row)
	packs, minima = (np.zeros(len(items), np.float32) for _ in range(2))
	restored = np.zeros(len(rows), dtype=np.bool_)
	for item, own in by_item.items():
		proposed, ordered = rows.proposed_qty[own], rows.ordered_qty[own]
		changed = (np.abs(ordered - proposed) > ROUNDING) & (proposed > 0)
		if changed.sum() < LEAST_CHANGES:
			continue
		unit = float(items.order_unit[item])
		least = _minimum(proposed, ordered, changed)
		pack = 0.0 if least else _pack(proposed, ordered, changed, unit)
		if not least and not pack and changed.sum() >= _LOOKED_AT * len(own):
			chosen = proposed[changed], ordered[changed], changed[changed]
			least = _minimum(*chosen)
			pack = 0.0 if least else _pack(*chosen, unit)
			if pack and (unit / pack) ** changed.sum() > _BY_CHANCE:
				pack = 0.0
		minima[item], packs[item] = least, pack
		if least or pack:
			restored[np.array(own)[changed & ((ordered == least) | (pack > 0))]] = True
	return LearnedConstraints(packs, minima, restored)


def constrained(items: ItemTable, learned: Sequence[Mapping[str, Any]]) -> ItemTable:
	"""The table with what was learned earlier (`as_json`), where the supplier is still the same."""
	if not learned:
		return items
	known = {(row["item_code"], row["warehouse"], row["supplier"]): row for row in learned}
	found = [known.get((*key, supplier)) for key, supplier in zip(items.keys, items.suppliers, strict=True)]

	def column(name: str) -> FloatArray:
		return np.array([row[name] if row else 0.0 for row in found], dtype=np.float32)

	nothing = np.zeros(0, dtype=np.bool_)
	return LearnedConstraints(column("order_multiple"), column("min_order_qty"), nothing).applied_to(items)


def _minimum(
	proposed: npt.NDArray[np.float64], ordered: npt.NDArray[np.float64], changed: npt.NDArray[np.bool_]
) -> float:
	"""The quantity to which small proposals were raised; 0 where there is none."""
	least = float(ordered.min())
	raised = changed & (ordered == least) & (proposed < least)
	others = ordered[changed & ~raised]
	# raised from one and the same quantity each time, it may as well be a habit
	is_varied = len(np.unique(proposed[raised])) > 1
	return least if raised.sum() >= LEAST_CHANGES and is_varied and not len(others) else 0.0


def _pack(
	proposed: npt.NDArray[np.float64],
	ordered: npt.NDArray[np.float64],
	changed: npt.NDArray[np.bool_],
	unit: float,
) -> float:
	"""The largest pack that all orders are multiples of and to which proposals were rounded; 0 for none."""
	if (np.abs(ordered - np.rint(ordered)) > ROUNDING).any():
		return 0.0
	pack = float(np.gcd.reduce(np.rint(ordered).astype(np.int64)))
	moved = np.abs(ordered - proposed)[changed]
	# multiples of one order's size say little: there must be different ones
	is_varied = len(np.unique(ordered)) > 1
	return pack if pack > unit and is_varied and (moved < pack).all() else 0.0
