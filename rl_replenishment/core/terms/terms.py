"""The terms of suppliers, and what of N item-warehouses they count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.items import FloatArray, ItemTable

Values = npt.NDArray[np.float64]
Groups = npt.NDArray[np.intp]
#: minutes of a day: a closing time that is never passed
END_OF_DAY = 24 * 60
#: what an order may have to reach, each in its own unit
MEASURES = ("value", "weight", "volume", "quantity")
#: share of a minimum that is float noise
NOISE = 1e-6


@dataclass(frozen=True, eq=False)
class SupplierTerms:
	"""The terms of S suppliers; money in company currency, the rest in the units of the items."""

	names: tuple[str, ...]
	#: least that an order must come to, by each of `MEASURES`, shape (4, S); 0 for no minimum
	minimum: Values
	#: what a delivery costs, shape (S,), and the order value from which it is free; inf for never
	freight_cost: Values
	free_freight_value: Values
	#: Monday to Sunday, whether orders are taken, and whether goods are delivered, each of shape (S, 7)
	order_days: npt.NDArray[np.bool_]
	delivery_days: npt.NDArray[np.bool_]
	#: minute of the day until which an order counts for that day, shape (S,)
	closing_minute: npt.NDArray[np.int64]
	#: days on which neither happens, S of them
	holidays: tuple[npt.NDArray[np.datetime64], ...]

	def __post_init__(self) -> None:
		count = len(self.names)
		shapes = {
			"minimum": (len(MEASURES), count),
			"freight_cost": (count,),
			"free_freight_value": (count,),
			"order_days": (count, 7),
			"delivery_days": (count, 7),
			"closing_minute": (count,),
		}
		for name, shape in shapes.items():
			if getattr(self, name).shape != shape:
				raise ValueError(f"{name} has shape {getattr(self, name).shape}, expected {shape}")
		if len(self.holidays) != count:
			raise ValueError(f"there are {len(self.holidays)} lists of holidays for {count} suppliers")
		for days in (self.order_days, self.delivery_days):
			if not days.any(axis=1).all():
				name = self.names[int(np.argmin(days.any(axis=1)))]
				raise ValueError(f"{name} has no day of the week left")

	def __len__(self) -> int:
		return len(self.names)

	@classmethod
	def create(
		cls,
		names: Sequence[str],
		*,
		minimum_value: npt.ArrayLike = 0.0,
		minimum_weight: npt.ArrayLike = 0.0,
		minimum_volume: npt.ArrayLike = 0.0,
		minimum_quantity: npt.ArrayLike = 0.0,
		freight_cost: npt.ArrayLike = 0.0,
		free_freight_value: npt.ArrayLike = np.inf,
		order_days: npt.ArrayLike = True,
		delivery_days: npt.ArrayLike = True,
		closing_minute: npt.ArrayLike = END_OF_DAY,
		holidays: Sequence[npt.ArrayLike] | None = None,
	) -> SupplierTerms:
		"""Build them from scalars or arrays; what is not given asks for nothing."""
		count = len(names)

		def column(value: npt.ArrayLike) -> Values:
			return np.array(np.broadcast_to(np.asarray(value, np.float64), (count,)))

		def week(value: npt.ArrayLike) -> npt.NDArray[np.bool_]:
			return np.array(np.broadcast_to(np.asarray(value, np.bool_), (count, 7)))

		none: list[npt.ArrayLike] = [()] * count
		return cls(
			names=tuple(names),
			minimum=np.stack(
				[column(each) for each in (minimum_value, minimum_weight, minimum_volume, minimum_quantity)]
			),
			freight_cost=column(freight_cost),
			free_freight_value=column(free_freight_value),
			order_days=week(order_days),
			delivery_days=week(delivery_days),
			closing_minute=np.array(np.broadcast_to(np.asarray(closing_minute, np.int64), (count,))),
			holidays=tuple(np.unique(np.asarray(each, "datetime64[D]")) for each in holidays or none),
		)


@dataclass(frozen=True, eq=False)
class PriceBreaks:
	"""B prices that hold for the whole line from a quantity on, sorted by item and quantity."""

	#: position of the item-warehouse, shape (B,)
	item: Groups = field(default_factory=lambda: np.zeros(0, np.intp))
	#: least quantity, in stock UOM, shape (B,)
	quantity: Values = field(default_factory=lambda: np.zeros(0))
	#: money per unit, shape (B,)
	price: Values = field(default_factory=lambda: np.zeros(0))

	@classmethod
	def create(cls, item: npt.ArrayLike, quantity: npt.ArrayLike, price: npt.ArrayLike) -> PriceBreaks:
		"""Build them in any order."""
		at, least, each = np.asarray(item, np.intp), np.asarray(quantity, float), np.asarray(price, float)
		order = np.lexsort((least, at))
		return cls(at[order], least[order], each[order])

	def take(self, rows: Groups, count: int) -> PriceBreaks:
		"""Those of the item-warehouses at `rows`, of `count`."""
		place = np.full(count, -1, dtype=np.intp)
		place[rows] = np.arange(len(rows))
		kept = place[self.item] >= 0
		return PriceBreaks.create(place[self.item[kept]], self.quantity[kept], self.price[kept])


@dataclass(frozen=True, eq=False)
class Terms:
	"""The terms under which N item-warehouses are bought."""

	suppliers: SupplierTerms
	#: position of each one's supplier, shape (N,); -1 where its supplier has no terms
	of_item: Groups
	#: money per unit below every price break, shape (N,)
	price: Values
	#: per unit, shape (N,)
	weight: Values
	volume: Values
	#: what goes out with the next order anyway, since it is requested or ordered already: by each of
	#: `MEASURES`, shape (4, S)
	placed: Values
	breaks: PriceBreaks = field(default_factory=PriceBreaks)

	@classmethod
	def create(
		cls,
		suppliers: SupplierTerms,
		items: ItemTable,
		*,
		weight: npt.ArrayLike = 0.0,
		volume: npt.ArrayLike = 0.0,
		price: npt.ArrayLike | None = None,
		placed: npt.ArrayLike = 0.0,
		breaks: PriceBreaks | None = None,
	) -> Terms:
		"""The terms of each item by the name of its supplier; its price defaults to its unit cost."""
		position = {name: at for at, name in enumerate(suppliers.names)}

		def column(value: npt.ArrayLike) -> Values:
			return np.array(np.broadcast_to(np.asarray(value, np.float64), (len(items),)))

		return cls(
			suppliers=suppliers,
			of_item=np.array([position.get(name, -1) for name in items.suppliers], dtype=np.intp),
			price=column(items.unit_cost if price is None else price),
			weight=column(weight),
			volume=column(volume),
			placed=np.array(np.broadcast_to(np.asarray(placed, np.float64), suppliers.minimum.shape)),
			breaks=breaks or PriceBreaks(),
		)

	def take(self, rows: Groups) -> Terms:
		"""The item-warehouses at `rows`, none of them twice."""
		return Terms(
			self.suppliers,
			self.of_item[rows],
			self.price[rows],
			self.weight[rows],
			self.volume[rows],
			self.placed,
			self.breaks.take(rows, len(self.of_item)),
		)

	def price_of(self, quantity: npt.ArrayLike) -> Values:
		"""Money per unit where so much is ordered, shape (N,)."""
		price = self.price.copy()
		breaks = self.breaks
		asked = np.asarray(quantity, np.float64)
		reached = asked[breaks.item] >= breaks.quantity * (1 - NOISE)
		# sorted by quantity: of several, the last one assigned is the largest reached
		price[breaks.item[reached]] = breaks.price[reached]
		return price

	def per_unit(self, quantity: npt.ArrayLike) -> Values:
		"""What a unit counts for by each of `MEASURES` where so much is ordered, shape (4, N)."""
		return np.stack([self.price_of(quantity), self.weight, self.volume, np.ones(len(self.price))])

	def per_supplier(self, amount: npt.ArrayLike) -> Values:
		"""Sums over the lines of each supplier, shape (S,), of amounts of shape (N,)."""
		weights = np.asarray(amount, np.float64)
		# one place more, for the lines of suppliers without terms
		found = np.bincount(self._places, weights=weights, minlength=len(self.suppliers) + 1)
		return found[:-1].astype(np.float64)

	@cached_property
	def _places(self) -> Groups:
		return np.where(self.of_item >= 0, self.of_item, len(self.suppliers))

	def longest_per_supplier(self, days: npt.ArrayLike) -> Values:
		"""The longest of each supplier's lines, shape (S,), of days of shape (N,); 0 where it has none."""
		known, found = self.of_item >= 0, np.zeros(len(self.suppliers))
		np.maximum.at(found, self.of_item[known], np.asarray(days, np.float64)[known])
		return found

	def totals(self, quantity: npt.ArrayLike) -> Values:
		"""What the lines of each supplier come to by each of `MEASURES`, shape (4, S)."""
		asked = np.asarray(quantity, np.float64)
		return np.stack([self.per_supplier(each * asked) for each in self.per_unit(asked)])

	def missing(self, quantity: npt.ArrayLike) -> Values:
		"""What orders lack of the minimums, as `SupplierTerms.minimum`; 0 where nothing is ordered."""
		is_ordered = self.per_supplier(np.asarray(quantity) > 0) > 0
		lacking = self.suppliers.minimum - self.placed - self.totals(quantity)
		return np.where(is_ordered & (lacking > NOISE * self.suppliers.minimum), lacking, 0)

	def accepted(self, quantity: FloatArray) -> FloatArray:
		"""Orders, shape (N,), without those that their suppliers refuse for being too small."""
		refused = np.asarray((self.missing(quantity) > 0).any(axis=0))
		of_refusing = (self.of_item >= 0) & refused[self.of_item]
		return np.where(of_refusing, np.float32(0), quantity).astype(np.float32)

	def freight(self, quantity: npt.ArrayLike) -> Values:
		"""What the delivery of orders costs, shape (N,): each supplier's by the value of its lines."""
		value = self.price_of(quantity) * np.asarray(quantity, np.float64)
		total = self.per_supplier(value)
		lines = np.maximum(self.per_supplier(np.asarray(quantity) > 0), 1)
		own = self.suppliers
		is_free = (total + self.placed[0] >= own.free_freight_value * (1 - NOISE)) | (
			self.per_supplier(np.asarray(quantity) > 0) <= 0
		)
		cost = np.where(is_free, 0, own.freight_cost)
		at = np.maximum(self.of_item, 0)
		share = np.where(
			total[at] > 0, value / np.maximum(total[at], 1e-12), (np.asarray(quantity) > 0) / lines[at]
		)
		return np.where(self.of_item >= 0, cost[at] * share, 0)

	def saved(self, quantity: npt.ArrayLike) -> Values:
		"""What price breaks save on orders, shape (N,)."""
		return (self.price - self.price_of(quantity)) * np.asarray(quantity, np.float64)
