"""What is known of each item-warehouse: costs, lead time, order sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from itertools import chain
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.errors import InputError

FloatArray: TypeAlias = npt.NDArray[np.float32]
#: what happens to demand that the shelf cannot meet
UnmetDemand: TypeAlias = Literal["lost", "backorder"]
DAYS_PER_YEAR = 365.0
#: share of the order unit that is float noise: it neither starts an order nor costs another pack
QUANTITY_NOISE = np.float32(1e-4)
#: relative error of a single-precision quotient of two rounded numbers, with room to spare
_ROUNDING_NOISE = np.float32(2.5e-7)


class ItemKey(NamedTuple):
	"""One item in one warehouse; the warehouse is "" where a file knows none."""

	item_code: str
	warehouse: str = ""

	def __str__(self) -> str:
		return f"{self.item_code} @ {self.warehouse}" if self.warehouse else self.item_code


#: Value of each field where a file or a site does not give one. Quantities are in stock UOM, money in company
#: currency.
DEFAULTS: Mapping[str, float] = {
	"lead_time_days": 7.0,
	"lead_time_std_days": 0.0,
	"unit_cost": 1.0,
	"holding_cost_rate": 0.25,
	"stockout_cost_rate": 0.5,
	"order_cost": 0.0,
	"min_order_qty": 0.0,
	"order_multiple": 1.0,
	"max_order_qty": np.inf,
	"shelf_life_days": np.inf,
}


@dataclass(frozen=True, eq=False)
class ItemTable:
	"""A batch of N item-warehouses, one array of shape (N,) per property.

	Compared by identity: policies align their parameters to a table once and keep that.
	"""

	keys: tuple[ItemKey, ...]
	#: days from an order to its arrival; 0 arrives before the same day's demand
	lead_time_days: FloatArray
	#: standard deviation of the lead time in days
	lead_time_std_days: FloatArray
	#: money per unit
	unit_cost: FloatArray
	#: money per unit left at the end of a day
	holding_cost: FloatArray
	#: money per unit of demand not met (lost sales), or per unit and day waiting (backorders)
	stockout_cost: FloatArray
	#: money per order line placed
	order_cost: FloatArray
	#: smallest order, in stock UOM; 0 for none
	min_order_qty: FloatArray
	#: orders are whole multiples of this pack size, in stock UOM; 0 for any fraction
	order_multiple: FloatArray
	#: largest order, in stock UOM; inf for none
	max_order_qty: FloatArray
	#: days a unit keeps after it arrives; inf where it keeps
	shelf_life_days: FloatArray
	#: supplier of each item-warehouse, "" where unknown
	suppliers: tuple[str, ...] = field(default=())
	#: item group of each, "" where unknown
	groups: tuple[str, ...] = field(default=())

	def __post_init__(self) -> None:
		n = len(self.keys)
		for name in TEXT_FIELDS:
			if not getattr(self, name):
				object.__setattr__(self, name, ("",) * n)
			if len(getattr(self, name)) != n:
				raise ValueError(f"there are {len(getattr(self, name))} {name} for {n} item-warehouses")
		for name in ARRAY_FIELDS:
			values = getattr(self, name)
			if values.shape != (n,):
				raise ValueError(f"{name} has shape {values.shape}, expected ({n},)")
			may_be_infinite = name in ("max_order_qty", "shelf_life_days")
			bad = np.isnan(values) | (values < 0) | (np.isinf(values) & (not may_be_infinite))
			if bad.any():
				where = int(np.argmax(bad))
				raise InputError(
					f"Item {self.keys[where]}: {name} is {values[where]}, but must be a number of 0 or more."
				)

	def __len__(self) -> int:
		return len(self.keys)

	@classmethod
	def create(
		cls,
		keys: Sequence[ItemKey | str],
		suppliers: Sequence[str] = (),
		groups: Sequence[str] = (),
		**values: float | Sequence[float] | npt.NDArray[np.number],
	) -> ItemTable:
		"""Build a table from scalars or arrays; what is not given takes `DEFAULTS`.

		`holding_cost_rate` (share of the unit cost per year) stands in for `holding_cost`, and
		`stockout_cost_rate` (share of the unit cost per unit) for `stockout_cost`.
		"""
		item_keys = tuple(key if isinstance(key, ItemKey) else ItemKey(key) for key in keys)
		n = len(item_keys)

		def column(name: str) -> FloatArray:
			value = values.pop(name, DEFAULTS.get(name, 0.0))
			return np.array(np.broadcast_to(np.asarray(value, dtype=np.float32), (n,)))

		columns = {
			name: column(name) for name in ARRAY_FIELDS if name not in ("holding_cost", "stockout_cost")
		}
		for name, rate, per in (
			("holding_cost", "holding_cost_rate", DAYS_PER_YEAR),
			("stockout_cost", "stockout_cost_rate", 1.0),
		):
			share = column(rate)
			columns[name] = (
				column(name) if name in values else (columns["unit_cost"] * share / per).astype(np.float32)
			)
		if values:
			raise TypeError(f"unknown item properties: {', '.join(sorted(values))}")
		return cls(keys=item_keys, suppliers=tuple(suppliers), groups=tuple(groups), **columns)

	def take(self, indices: npt.ArrayLike) -> ItemTable:
		"""The item-warehouses at `indices`, in that order; indices may repeat."""
		rows = np.asarray(indices, dtype=np.intp)
		return ItemTable(
			keys=tuple(self.keys[i] for i in rows),
			suppliers=tuple(self.suppliers[i] for i in rows),
			groups=tuple(self.groups[i] for i in rows),
			**{name: getattr(self, name)[rows] for name in ARRAY_FIELDS},
		)

	def slice(self, part: slice) -> ItemTable:
		"""A run of item-warehouses; nothing is copied."""
		return ItemTable(
			keys=self.keys[part],
			suppliers=self.suppliers[part],
			groups=self.groups[part],
			**{name: getattr(self, name)[part] for name in ARRAY_FIELDS},
		)

	def reindexed(self, keys: Sequence[ItemKey], index: npt.NDArray[np.intp]) -> ItemTable:
		"""The table for other keys: row `index[i]` of this one for `keys[i]`, `DEFAULTS` where that is -1."""
		unknown = ItemTable.create([ItemKey("")])
		return ItemTable(
			keys=tuple(keys),
			suppliers=tuple(self.suppliers[i] if i >= 0 else "" for i in index),
			groups=tuple(self.groups[i] if i >= 0 else "" for i in index),
			**{name: np.append(getattr(self, name), getattr(unknown, name))[index] for name in ARRAY_FIELDS},
		)

	@cached_property
	def whole_lead_time_days(self) -> npt.NDArray[np.int32]:
		"""Lead times in whole days, as orders travel in the simulation."""
		return np.rint(self.lead_time_days).astype(np.int32)

	@cached_property
	def order_unit(self) -> FloatArray:
		"""The smallest step between two orders: the pack size, or 1 where there is none."""
		return np.where(self.order_multiple > 0, self.order_multiple, np.float32(1))

	@cached_property
	def has_order_multiples(self) -> bool:
		"""Whether any item is bought in packs or whole units."""
		return bool((self.order_multiple > 0).any())

	@cached_property
	def smallest_order(self) -> FloatArray:
		"""The minimum order as whole packs."""
		whole = _packs_up(self.min_order_qty / self.order_unit) * self.order_unit
		return np.where(self.order_multiple > 0, whole, self.min_order_qty)

	@cached_property
	def smallest_lot(self) -> FloatArray:
		"""The least that can be ordered at all: the minimum order or one pack; 0 where any fraction can."""
		return np.maximum(self.smallest_order, self.order_multiple)

	@cached_property
	def largest_order(self) -> FloatArray:
		"""The largest order as whole packs; 0 where it is below the minimum order."""
		whole = -_packs_up(-self.max_order_qty / self.order_unit) * self.order_unit
		largest = np.where(self.order_multiple > 0, whole, self.max_order_qty)
		return np.where(largest < self.smallest_order, np.float32(0), largest)

	@cached_property
	def order_noise(self) -> FloatArray:
		"""A wished quantity up to this is float noise, not a wish."""
		return QUANTITY_NOISE * self.order_unit


TEXT_FIELDS = ("suppliers", "groups")
ARRAY_FIELDS = tuple(f.name for f in fields(ItemTable) if f.name not in ("keys", *TEXT_FIELDS))


def together(tables: Sequence[ItemTable]) -> ItemTable:
	"""Several tables, one after the other."""
	return ItemTable(
		keys=tuple(chain.from_iterable(table.keys for table in tables)),
		suppliers=tuple(chain.from_iterable(table.suppliers for table in tables)),
		groups=tuple(chain.from_iterable(table.groups for table in tables)),
		**{name: np.concatenate([getattr(table, name) for table in tables]) for name in ARRAY_FIELDS},
	)


def _packs_up(packs: FloatArray) -> FloatArray:
	"""Whole packs from fractions of one, up but for float noise; the noise of a number grows with it."""
	noise = QUANTITY_NOISE + np.abs(packs) * _ROUNDING_NOISE
	with np.errstate(invalid="ignore"):
		# inf less its own noise is no number
		return np.where(np.isinf(packs), packs, np.ceil(packs - noise))


def whole_packs(items: ItemTable, quantity: FloatArray) -> FloatArray:
	"""Quantities, shape (N,), down to whole packs; as they are where any fraction can be ordered."""
	packs = -_packs_up(-np.asarray(quantity, np.float32) / items.order_unit) * items.order_unit
	return np.where(items.order_multiple > 0, packs, quantity).astype(np.float32)


def feasible_quantity(items: ItemTable, quantity: FloatArray) -> FloatArray:
	"""Round wished quantities, shape (N,), to what a supplier accepts.

	Nothing wished stays nothing. Anything else is rounded up to whole packs and raised to the minimum order,
	as ERPNext's own re-order does, then cut to the largest order. Where the largest order is below the
	minimum, nothing can be ordered.
	"""
	wished = np.asarray(quantity, dtype=np.float32)
	if items.has_order_multiples:
		packs = _packs_up(wished / items.order_unit) * items.order_unit
		placed = np.where(items.order_multiple > 0, packs, wished)
	else:
		placed = wished
	placed = np.minimum(np.maximum(placed, items.smallest_order), items.largest_order)
	placed[wished <= items.order_noise] = 0
	return placed
