"""A small invented wholesaler with two years of demand, to try everything on without data of one's own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.items import FloatArray, ItemKey, ItemTable, feasible_quantity
from rl_replenishment.core.sample.catalogue import CATALOGUE, WINTER_GOODS, Pattern, Product, Supplier
from rl_replenishment.core.sample.patterns import Values, draw_demand

#: what is promoted sells on most days, so that a promotion shows
_PROMOTED_PATTERNS = ("smooth", "seasonal", "trending")
#: one promotion for so many items
_ITEMS_PER_PROMOTION = 16
#: days of the year: 20 May and 16 December
_SPRING_PEAK, _WINTER_PEAK = 140, 350

#: a Monday
TODAY = np.datetime64("2025-06-30")


@dataclass(frozen=True)
class Promotion:
	"""Extra sales that the buyer knows of in advance and no history tells."""

	item_code: str
	#: the item's place in the company's table
	item: int
	#: days from the end of the history to the first day of the promotion
	first_day: int
	#: the first day of the promotion
	start: np.datetime64
	days: int
	#: expected demand on these days over the usual one
	uplift: float


@dataclass(frozen=True)
class OpenOrder:
	"""Goods ordered and not yet received."""

	item_code: str
	item: int
	quantity: float
	#: days from the end of the history to the arrival
	due_in_days: int
	expected_date: np.datetime64


@dataclass(frozen=True, eq=False)
class SampleCompany:
	"""N items of one warehouse: what the item master, the history, the shelf and the buyer know.

	The history ends the day before today; the future begins today.
	"""

	items: ItemTable
	item_names: tuple[str, ...]
	patterns: tuple[Pattern, ...]
	#: supplier of each item
	suppliers: tuple[Supplier, ...]
	#: share of the unit cost per year, shape (N,)
	holding_cost_rate: FloatArray
	#: units per pallet, shape (N,); 0 where an item does not come on pallets
	pallet_qty: FloatArray
	history: DemandHistory
	#: what will be sold, promotions included
	future: DemandHistory
	promotions: tuple[Promotion, ...]
	#: stock today, shape (N,)
	on_hand: FloatArray
	#: by item, then day; those with a long lead time may have two
	open_orders: tuple[OpenOrder, ...]

	@property
	def today(self) -> np.datetime64:
		"""The first day that is not history."""
		return self.history.end

	@property
	def arrivals(self) -> FloatArray:
		"""Open orders by day of arrival, shape (H, N), as a `State` takes them."""
		days = 1 + max((order.due_in_days for order in self.open_orders), default=0)
		arrivals = np.zeros((days, len(self.items)), dtype=np.float32)
		for order in self.open_orders:
			arrivals[order.due_in_days, order.item] += order.quantity
		return arrivals


def sample_company(
	rng: np.random.Generator,
	*,
	items: int = 80,
	days: int = 730,
	future_days: int = 60,
	end: np.datetime64 = TODAY,
) -> SampleCompany:
	"""Make up a company with a number of items, `days` of history before `end` and `future_days` from it on.

	The catalogue's mix of demand patterns is kept for any number of items. The same generator state gives the
	same company.
	"""
	today = end.astype("datetime64[D]")
	lines = _choose_products(items)
	products = [line.product for line in lines]
	keys = tuple(ItemKey(f"SKU-{number:03d}") for number in range(1, items + 1))
	table, holding_cost_rate = _item_table(keys, lines, rng)
	promotions = _plan_promotions(table, products, today, future_days, rng)

	uplift = np.ones((days + future_days, items))
	for promotion in promotions:
		first = days + promotion.first_day
		uplift[first : first + promotion.days, promotion.item] = promotion.uplift
	demand = _draw_all(lines, table, today - np.timedelta64(days, "D"), days, uplift, rng)
	history = DemandHistory(keys, today - np.timedelta64(days, "D"), demand[:days])
	on_hand, open_orders = _stock(table, history, rng)
	return SampleCompany(
		items=table,
		item_names=tuple(line.name for line in lines),
		patterns=tuple(product.pattern for product in products),
		suppliers=tuple(product.supplier for product in products),
		holding_cost_rate=holding_cost_rate,
		pallet_qty=np.array([product.pallet for product in products], np.float32),
		history=history,
		future=DemandHistory(keys, today, demand[days:]),
		promotions=promotions,
		on_hand=on_hand,
		open_orders=open_orders,
	)


class _Line(NamedTuple):
	name: str
	group: str
	product: Product


def _choose_products(items: int) -> list[_Line]:
	"""Products spread evenly over the catalogue, which repeats as further series where it is too short."""
	catalogue = [(group, product) for group, products in CATALOGUE.items() for product in products]
	series, rest = divmod(items, len(catalogue))
	lines = []
	for number in range(series + 1):
		count = len(catalogue) if number < series else rest
		for place in range(count):
			group, product = catalogue[place * len(catalogue) // count]
			name = f"{product.name}, series {number + 1}" if number else product.name
			lines.append(_Line(name, group, product))
	return lines


def _item_table(
	keys: tuple[ItemKey, ...], lines: list[_Line], rng: np.random.Generator
) -> tuple[ItemTable, FloatArray]:
	"""The item master, and the holding cost rates; money is rounded, as people enter it."""
	products = [line.product for line in lines]
	n = len(products)
	unit_cost = np.round([product.unit_cost * rng.uniform(0.9, 1.1) for product in products], 2)
	holding_cost_rate = np.round(rng.uniform(0.18, 0.30, n), 2).astype(np.float32)
	# a lost sale costs the margin, and some of the customer's patience
	stockout_cost = np.round(unit_cost * rng.uniform(0.3, 0.6, n), 2)
	order_cost = np.round(rng.uniform(4, 12, n), 1)
	suppliers = [product.supplier for product in products]
	table = ItemTable.create(
		keys,
		[supplier.name for supplier in suppliers],
		[line.group for line in lines],
		lead_time_days=[supplier.lead_time_days for supplier in suppliers],
		lead_time_std_days=[supplier.lead_time_std_days for supplier in suppliers],
		unit_cost=unit_cost,
		holding_cost_rate=holding_cost_rate,
		stockout_cost=stockout_cost,
		order_cost=order_cost,
		order_multiple=[product.pack for product in products],
		min_order_qty=[product.supplier.minimum_packs * product.pack for product in products],
	)
	return table, holding_cost_rate


def _plan_promotions(
	table: ItemTable,
	products: list[Product],
	today: np.datetime64,
	future_days: int,
	rng: np.random.Generator,
) -> tuple[Promotion, ...]:
	"""Promotions of items that can still arrive in time, in order of their first day."""
	# a buyer who reviews once a week and allows for delay needs this long
	notice = np.ceil(table.lead_time_days + table.lead_time_std_days) + 7
	longest = 14
	offsets = np.arange(max(future_days - longest + 1, 0))
	mondays = offsets[np.is_busday(today + offsets, weekmask="Mon")]
	candidates = [
		item
		for item, product in enumerate(products)
		if product.pattern in _PROMOTED_PATTERNS
		and product.name not in WINTER_GOODS
		and (mondays >= notice[item]).any()
	]
	count = min(max(len(products) // _ITEMS_PER_PROMOTION, 1), len(candidates))
	promotions = []
	for item in rng.choice(candidates, count, replace=False) if candidates else ():
		first_day = int(rng.choice(mondays[mondays >= notice[item]]))
		promotions.append(
			Promotion(
				item_code=table.keys[item].item_code,
				item=int(item),
				first_day=first_day,
				start=today + np.timedelta64(first_day, "D"),
				days=int(rng.choice([7, 10, longest])),
				uplift=float(np.round(rng.uniform(1.8, 3.0), 1)),
			)
		)
	return tuple(sorted(promotions, key=lambda promotion: (promotion.first_day, promotion.item)))


def _draw_all(
	lines: list[_Line],
	table: ItemTable,
	start: np.datetime64,
	days: int,
	uplift: Values,
	rng: np.random.Generator,
) -> FloatArray:
	"""Demand of history and future, shape (T, N), in whole units."""
	dates = start + np.arange(len(uplift))
	columns = [
		draw_demand(
			line.product.pattern,
			dates,
			rng,
			unit_cost=float(table.unit_cost[item]),
			peak_day=_WINTER_PEAK if line.product.name in WINTER_GOODS else _SPRING_PEAK,
			# new items came in one to five months ago, in a short history in its second half
			first_day=max(days - int(rng.integers(35, 150)), days // 2),
			uplift=uplift[:, item],
		).actual
		for item, line in enumerate(lines)
	]
	return np.column_stack(columns).astype(np.float32)


def _stock(
	table: ItemTable, history: DemandHistory, rng: np.random.Generator
) -> tuple[FloatArray, tuple[OpenOrder, ...]]:
	"""A shelf as one finds it: most items at ease, some with goods on the way, a few low."""
	n = len(table)
	rate = history.demand[-91:].mean(axis=0)
	lead_time = table.whole_lead_time_days
	# what comes by ship is ordered again before it has come: less on the shelf, more on the way
	by_ship = lead_time > 21
	on_hand = np.ceil(rate * np.where(by_ship, 28, lead_time + 7) * rng.uniform(0.8, 2.0, n))
	shuffled = rng.permutation(n)
	low, awaited = np.split(shuffled[: n // 12 + n // 3], [n // 12])
	awaited = np.setdiff1d(np.union1d(awaited, np.flatnonzero(by_ship)), low)
	on_hand[low] = np.floor((rate * lead_time * rng.uniform(0.0, 0.3, n))[low])
	quantity = feasible_quantity(table, (rate * rng.uniform(10, 25, n)).astype(np.float32))
	due: npt.NDArray[np.integer] = rng.integers(1, lead_time + 1)
	orders = []
	for item in awaited[quantity[awaited] > 0]:
		days = [int(due[item])]
		if by_ship[item] and days[0] + 14 <= lead_time[item]:
			days.append(days[0] + 14)
		orders += [
			OpenOrder(
				item_code=table.keys[item].item_code,
				item=int(item),
				quantity=float(quantity[item]),
				due_in_days=day,
				expected_date=history.end + np.timedelta64(day, "D"),
			)
			for day in days
		]
	return on_hand.astype(np.float32), tuple(orders)
