"""Two years of a company on paper: demand, and purchases that kept the shelves filled. Knows no Frappe."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.files.items import item_table, read_items
from rl_replenishment.core.files.orders import read_orders
from rl_replenishment.core.items import FloatArray, ItemKey, ItemTable
from rl_replenishment.core.sample.company import sample_company

#: stock is kept between these many days of demand
_LEAST_COVER, _MOST_COVER = 10, 35
#: days of demand around a day that tell its level
_LEVEL_DAYS = 28
#: who supplies what a file names no supplier for
_SUPPLIER = "Sample Supplier"
_GROUP = "Sample Items"
_WAREHOUSE = "Stores"


@dataclass(frozen=True)
class Line:
	"""A quantity of an item, in stock UOM."""

	#: index into the plan's items
	item: int
	quantity: float


@dataclass(frozen=True)
class Purchase:
	"""An order of one supplier that came, or is to come, in one delivery."""

	supplier: str
	ordered_on: date
	arrives_on: date
	lines: tuple[Line, ...]


@dataclass(frozen=True, eq=False)
class Plan:
	"""N items, their history up to yesterday and what is on order today."""

	items: ItemTable
	item_names: tuple[str, ...]
	item_groups: tuple[str, ...]
	#: the last day is yesterday; what is demanded is sold
	history: DemandHistory
	#: on the shelf the evening before the history, and today, shape (N,)
	opening: FloatArray
	on_hand: FloatArray
	#: by arrival
	purchases: tuple[Purchase, ...]
	open_orders: tuple[Purchase, ...]

	@property
	def start(self) -> date:
		"""The first day of the history."""
		return self.history.start.astype(date)

	@property
	def whole(self) -> npt.NDArray[np.bool_]:
		"""Whether an item comes in whole units, shape (N,)."""
		numbers = [*self.history.demand, self.opening, self.items.order_multiple, self.items.min_order_qty]
		return np.all([column == np.rint(column) for column in numbers], axis=0)

	def sales(self, day: int) -> tuple[Line, ...]:
		"""What is sold on a day of the history."""
		demand = self.history.demand[day]
		return tuple(Line(int(item), float(demand[item])) for item in np.flatnonzero(demand > 0))


def plan_sample(items: int, days: int, today: date, rng: np.random.Generator) -> Plan:
	"""The engine's sample company, as it stands today."""
	company = sample_company(rng, items=items, days=days, end=np.datetime64(today, "D"))
	orders: dict[tuple[str, date, date], list[Line]] = {}
	for order in company.open_orders:
		lead_time = int(company.items.whole_lead_time_days[order.item])
		arrives_on = order.expected_date.astype(date)
		ordered_on = min(arrives_on - timedelta(days=lead_time), today)
		who_and_when = company.items.suppliers[order.item], ordered_on, arrives_on
		orders.setdefault(who_and_when, []).append(Line(order.item, order.quantity))
	open_orders = [Purchase(*who_and_when, tuple(lines)) for who_and_when, lines in sorted(orders.items())]
	return _plan(
		company.items,
		company.item_names,
		company.items.groups,
		company.history,
		company.on_hand,
		tuple(open_orders),
		rng,
	)


def plan_files(
	orders_file: str, items_file: str | None, days: int, today: date, rng: np.random.Generator
) -> Plan:
	"""A company with the demand of an ORDERS file, moved in time so that it ends yesterday.

	Its items are those of the ITEMS file; what that does not tell is as in `core.items.DEFAULTS`.
	"""
	history, _unexplained = read_orders(orders_file).history()
	history = history.window(max(history.days - days, 0), history.days)
	history = DemandHistory(history.keys, np.datetime64(today, "D") - history.days, history.demand)
	items = read_items(items_file, history.keys)[0] if items_file else item_table(history.keys)
	names = tuple(key.item_code for key in history.keys)
	rate = history.demand[-91:].mean(axis=0)
	on_hand = np.ceil(rate * (items.whole_lead_time_days + 14)).astype(np.float32)
	return _plan(items, names, (_GROUP,) * len(names), history, on_hand, (), rng)


def _plan(
	items: ItemTable,
	names: tuple[str, ...],
	groups: tuple[str, ...],
	history: DemandHistory,
	on_hand: FloatArray,
	open_orders: tuple[Purchase, ...],
	rng: np.random.Generator,
) -> Plan:
	"""Fill in the warehouses and suppliers that nobody names, and the purchases."""
	keys = tuple(ItemKey(key.item_code, key.warehouse or _WAREHOUSE) for key in items.keys)
	suppliers = tuple(supplier or _SUPPLIER for supplier in items.suppliers)
	items = replace(items, keys=keys, suppliers=suppliers)
	history = replace(history, keys=keys)
	received, opening = _receipts(items, history.demand, on_hand)
	purchases = _purchases(items, history, received, rng)
	return Plan(items, names, groups, history, opening, on_hand, purchases, open_orders)


def _receipts(items: ItemTable, demand: FloatArray, on_hand: FloatArray) -> tuple[FloatArray, FloatArray]:
	"""What must have arrived each day, shape (T, N), and the stock before that, shape (N,).

	Worked out backwards from the stock today: on a supplier's day of the week, whatever is more than the most
	days' cover arrived that morning, in whole packs. So stock never runs out, and today's is as given.
	"""
	packs, smallest = items.order_unit.astype(np.float64), items.smallest_order.astype(np.float64)
	weekday_of = {supplier: number % 5 for number, supplier in enumerate(sorted(set(items.suppliers)))}
	delivery_day = np.array([weekday_of[supplier] for supplier in items.suppliers])
	stock = on_hand.astype(np.float64)
	received = np.zeros(demand.shape, dtype=np.float64)
	for day in range(len(demand))[::-1]:
		level = demand[max(day - _LEVEL_DAYS, 0) : day + _LEVEL_DAYS].mean(axis=0)
		stock += demand[day]
		surplus = np.maximum(stock - level * _LEAST_COVER, 0)
		quantity = np.floor(surplus / packs) * packs
		arrives = (stock > level * _MOST_COVER) & (quantity >= smallest) & (day % 7 == delivery_day)
		received[day] = np.where(arrives, quantity, 0)
		stock -= received[day]
	return received.astype(np.float32), stock.astype(np.float32)


def _purchases(
	items: ItemTable, history: DemandHistory, received: FloatArray, rng: np.random.Generator
) -> tuple[Purchase, ...]:
	"""The orders behind what arrived: one per supplier, lead time and day, as long ago as lead times vary."""
	start = history.start.astype(date)
	orders: dict[tuple[int, str, float, float], list[Line]] = {}
	for day, item in zip(*np.nonzero(received), strict=True):
		lead_time = float(items.lead_time_days[item]), float(items.lead_time_std_days[item])
		line = Line(int(item), float(received[day, item]))
		orders.setdefault((int(day), items.suppliers[item], *lead_time), []).append(line)
	purchases = []
	for (day, supplier, mean, deviation), lines in sorted(orders.items()):
		days = max(round(rng.normal(mean, deviation)), 0)
		arrives_on = start + timedelta(days=day)
		purchases.append(Purchase(supplier, arrives_on - timedelta(days=days), arrives_on, tuple(lines)))
	return tuple(purchases)
