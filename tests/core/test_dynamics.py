"""The dynamics of stock: no unit comes from nowhere or is lost, and a day's events keep their order."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from core_samples import codes
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rl_replenishment.core.items import ItemTable, UnmetDemand
from rl_replenishment.core.simulation.dynamics import Inventory

LONGEST_LEAD_TIME = 4
UNMET: tuple[UnmetDemand, ...] = ("lost", "backorder")


@dataclass
class Days:
	"""What happens to a batch: arrays of shape (days, items) in whole units."""

	items: ItemTable
	unmet_demand: UnmetDemand
	start: np.ndarray
	demand: np.ndarray
	wished: np.ndarray
	lead_times: np.ndarray

	def inventory(self) -> Inventory:
		stock = Inventory(self.items, unmet_demand=self.unmet_demand, longest_lead_time=LONGEST_LEAD_TIME)
		stock.reset(np.arange(len(self.items)), self.start)
		return stock


@st.composite
def some_days(draw: st.DrawFn, *, perishable: bool | None = None) -> Days:
	"""Any mix of packs, minimum orders, caps, shelf lives, lead times and demand."""
	count, days = draw(st.integers(1, 3)), draw(st.integers(1, 14))

	def per_item(*choices: float) -> list[float]:
		return draw(st.lists(st.sampled_from(choices), min_size=count, max_size=count))

	def per_day(most: int) -> np.ndarray:
		return draw(arrays(np.float32, (days, count), elements=st.integers(0, most).map(float)))

	lives = {None: (np.inf, 1, 2, 5), True: (1, 2, 3, 7), False: (np.inf,)}[perishable]
	items = ItemTable.create(
		codes(count),
		order_multiple=per_item(0, 1, 2, 6),
		min_order_qty=per_item(0, 3, 8),
		max_order_qty=per_item(np.inf, 4, 12),
		shelf_life_days=per_item(*lives),
		holding_cost=0.25,
		stockout_cost=2,
		unit_cost=8,
	)
	return Days(
		items=items,
		unmet_demand=draw(st.sampled_from(UNMET)),
		start=draw(arrays(np.float32, count, elements=st.integers(0, 9).map(float))),
		demand=per_day(9),
		wished=per_day(12),
		lead_times=draw(arrays(np.int32, (days, count), elements=st.integers(0, LONGEST_LEAD_TIME))),
	)


@dataclass
class OneItemUnitByUnit:
	"""The same rules as a storekeeper would follow them: each unit on the shelf knows the day it came."""

	shelf_life: float
	backorders: bool
	shelf: list[int]
	day: int = 0
	waiting: int = 0
	due: list[tuple[int, int]] = field(default_factory=list)

	def receive(self) -> int:
		arriving = sum(quantity for day, quantity in self.due if day == self.day)
		self.due = [(day, quantity) for day, quantity in self.due if day != self.day]
		handed_over = min(self.waiting, arriving)
		self.waiting -= handed_over
		self.shelf += [self.day] * (arriving - handed_over)
		return arriving

	def order(self, quantity: int, lead_time: int) -> None:
		self.due.append((self.day + lead_time, quantity))
		if lead_time == 0:
			self.receive()

	def serve(self, demand: int) -> tuple[int, int]:
		sold = min(demand, len(self.shelf))
		# the oldest first
		self.shelf = self.shelf[sold:]
		if self.backorders:
			self.waiting += demand - sold
		fresh = [arrived for arrived in self.shelf if self.day - arrived + 1 < self.shelf_life]
		expired = len(self.shelf) - len(fresh)
		self.shelf = fresh
		self.day += 1
		return sold, expired


@given(some_days())
def test_every_day_as_unit_by_unit(days: Days) -> None:
	"""Stock, sales, expiry, arrivals and pipeline equal those of a model that moves single units."""
	stock = days.inventory()
	singles = [
		OneItemUnitByUnit(float(life), days.unmet_demand == "backorder", [0] * int(start))
		for life, start in zip(days.items.shelf_life_days, days.start, strict=True)
	]
	for demand, wished, lead_times in zip(days.demand, days.wished, days.lead_times, strict=True):
		assert stock.receive().tolist() == [one.receive() for one in singles]
		ordered = stock.place_orders(wished, lead_times)
		for one, quantity, lead_time in zip(singles, ordered, lead_times, strict=True):
			one.order(int(quantity), int(lead_time))
		result = stock.serve(demand)
		sold, expired = zip(*(one.serve(int(d)) for one, d in zip(singles, demand, strict=True)), strict=True)
		assert result.sales.tolist() == list(sold)
		assert result.expired.tolist() == list(expired)
		assert stock.on_hand.tolist() == [len(one.shelf) for one in singles]
		assert stock.net_stock.tolist() == [len(one.shelf) - one.waiting for one in singles]
		assert stock.on_order.tolist() == [sum(quantity for _, quantity in one.due) for one in singles]


@given(some_days())
def test_stock_balance_at_every_step(days: Days) -> None:
	"""Start + ordered = on hand + on order + issued + expired, at each of a day's moments."""
	stock = days.inventory()
	entered = days.start.copy()
	left = np.zeros_like(entered)

	def check() -> None:
		np.testing.assert_array_equal(stock.net_stock + stock.on_order + left, entered)
		np.testing.assert_array_equal(stock.inventory_position, stock.net_stock + stock.on_order)
		np.testing.assert_array_equal(stock.arrivals().sum(axis=0), stock.on_order)
		assert (stock.on_order >= 0).all()
		assert (stock.on_hand >= 0).all()
		if days.unmet_demand == "lost":
			np.testing.assert_array_equal(stock.on_hand, stock.net_stock)

	check()
	for demand, wished, lead_times in zip(days.demand, days.wished, days.lead_times, strict=True):
		stock.receive()
		check()
		entered += stock.place_orders(wished, lead_times)
		check()
		result = stock.serve(demand)
		np.testing.assert_array_equal(result.sales + result.unmet, demand)
		left += (result.sales if days.unmet_demand == "lost" else demand) + result.expired
		check()


@given(some_days())
def test_costs_of_a_day(days: Days) -> None:
	"""Holding on what is left, stock-outs per unit lost (or per unit and day waiting), waste at unit cost."""
	stock = days.inventory()
	for demand, wished, lead_times in zip(days.demand, days.wished, days.lead_times, strict=True):
		stock.receive()
		stock.place_orders(wished, lead_times)
		result = stock.serve(demand)
		missing = result.unmet if days.unmet_demand == "lost" else np.maximum(-stock.net_stock, 0)
		np.testing.assert_array_equal(result.holding_cost, stock.on_hand * np.float32(0.25))
		np.testing.assert_array_equal(result.stockout_cost, missing * np.float32(2))
		np.testing.assert_array_equal(result.waste_cost, result.expired * np.float32(8))


@given(some_days(), st.data())
def test_a_fresh_start_leaves_the_others_alone(days: Days, data: st.DataObject) -> None:
	"""Columns started afresh behave as on their first day, whenever that is; the rest do not notice."""
	count = len(days.items)
	when = data.draw(st.integers(0, len(days.demand)))
	fresh = np.array(data.draw(st.lists(st.integers(0, count - 1), unique=True)), dtype=np.intp)
	undisturbed, restarted, late = days.inventory(), days.inventory(), days.inventory()
	for day, demand in enumerate(days.demand):
		if day == when:
			restarted.reset(fresh, days.start[fresh])
		for stock in (undisturbed, restarted):
			stock.receive()
			stock.place_orders(days.wished[day], days.lead_times[day])
			stock.serve(demand)
		if day >= when:
			late.receive()
			late.place_orders(days.wished[day], days.lead_times[day])
			late.serve(demand)
	expected = undisturbed.net_stock.copy(), undisturbed.on_order.copy()
	if when < len(days.demand):
		expected[0][fresh], expected[1][fresh] = late.net_stock[fresh], late.on_order[fresh]
	np.testing.assert_array_equal(restarted.net_stock, expected[0])
	np.testing.assert_array_equal(restarted.on_order, expected[1])


@given(some_days())
def test_arrivals_tell_the_future(days: Days) -> None:
	"""Row d of the arrivals is what comes in d days from now, if nothing more is ordered."""
	stock = days.inventory()
	for demand, wished, lead_times in zip(days.demand, days.wished, days.lead_times, strict=True):
		stock.receive()
		stock.place_orders(wished, lead_times)
		stock.serve(demand)
	for expected in stock.arrivals():
		np.testing.assert_array_equal(stock.receive(), expected)
		stock.serve(np.zeros(len(days.items), np.float32))
	assert not stock.on_order.any()


@given(some_days(perishable=True))
def test_nothing_outlives_its_shelf_life(days: Days) -> None:
	"""Once nothing arrives any more, a shelf life later nothing is left."""
	stock = days.inventory()
	nothing = np.zeros(len(days.items), np.float32)
	for demand, wished, lead_times in zip(days.demand, days.wished, days.lead_times, strict=True):
		stock.receive()
		stock.place_orders(wished, lead_times)
		stock.serve(demand)
	for _ in range(LONGEST_LEAD_TIME + int(days.items.shelf_life_days.max())):
		stock.receive()
		stock.serve(nothing)
	assert (stock.net_stock <= 0).all()
	assert not stock.on_hand.any()


def single(unmet_demand: UnmetDemand = "lost", **values: Any) -> Inventory:
	return Inventory(ItemTable.create(["A"], **values), unmet_demand=unmet_demand)


def one(value: float) -> np.ndarray:
	return np.array([value], np.float32)


def test_lead_time_zero_serves_the_same_day() -> None:
	stock = single(lead_time_days=0)
	stock.receive()
	stock.place_orders(one(5))
	assert stock.on_hand.tolist() == [5]
	assert stock.on_order.tolist() == [0]
	assert stock.serve(one(4)).sales.tolist() == [4]


@pytest.mark.parametrize("lead_time", [1, 2, 5])
def test_orders_arrive_at_the_start_of_their_day(lead_time: int) -> None:
	"""Ordered on day t, there for the demand of day t + L and not a day sooner."""
	stock = single(lead_time_days=lead_time)
	for day in range(lead_time + 1):
		received = stock.receive()
		assert received.tolist() == [5.0 if day == lead_time else 0.0]
		if day == 0:
			stock.place_orders(one(5))
		assert stock.serve(one(3)).sales.tolist() == [3.0 if day == lead_time else 0.0]


def test_orders_may_overtake_each_other() -> None:
	"""A lead time of its own for each order: the later one can come first."""
	stock = Inventory(ItemTable.create(["A"]), longest_lead_time=5)
	came = []
	for quantity, lead_time in ((3, 5), (4, 1), (0, 1), (0, 1), (0, 1), (0, 1)):
		came.append(float(stock.receive()[0]))
		stock.place_orders(one(quantity), np.array([lead_time]))
		stock.serve(one(0))
	assert came == [0, 0, 4, 0, 0, 3]


def test_backorders_are_served_first() -> None:
	"""What arrives goes to those who wait before it counts as stock."""
	stock = single("backorder", lead_time_days=1, holding_cost=1, stockout_cost=10)
	stock.receive()
	stock.place_orders(one(5))
	day = stock.serve(one(3))
	assert (stock.net_stock.tolist(), stock.on_hand.tolist(), day.stockout_cost.tolist()) == ([-3], [0], [30])
	stock.receive()
	day = stock.serve(one(1))
	assert (day.sales.tolist(), day.unmet.tolist(), stock.on_hand.tolist()) == ([1], [0], [1])


def test_shelf_life_counts_the_day_of_arrival() -> None:
	"""Goods that keep two days are sold on the day they come and the next, then thrown away."""
	stock = single(lead_time_days=0, shelf_life_days=2, unit_cost=3)
	stock.reset(np.array([0]), one(10))
	assert stock.serve(one(1)).expired.tolist() == [0]
	stock.place_orders(one(4))
	day = stock.serve(one(2))
	assert (day.expired.tolist(), day.waste_cost.tolist()) == ([7], [21])
	assert stock.on_hand.tolist() == [4]
	assert stock.serve(one(0)).expired.tolist() == [4]


def test_open_orders_at_the_start() -> None:
	"""What was on its way before the simulation arrives when it is due."""
	stock = single(lead_time_days=2)
	stock.reset(np.array([0]), one(1), np.array([[2], [0], [7]], np.float32))
	assert stock.on_order.tolist() == [9]
	came = []
	for _ in range(3):
		came.append(float(stock.receive()[0]))
		stock.serve(one(0))
	assert came == [2, 0, 7]
	assert stock.net_stock.tolist() == [10]


def test_open_orders_beyond_the_longest_lead_time_are_refused() -> None:
	"""They would wrap around and arrive too soon."""
	with pytest.raises(ValueError, match="4 days ahead, room is for 3"):
		single(lead_time_days=2).reset(np.array([0]), one(0), np.zeros((4, 1), np.float32))


@settings(max_examples=10)
@given(st.integers(0, 2**32 - 1), st.sampled_from(UNMET))
def test_fractions_balance_over_years(seed: int, unmet_demand: UnmetDemand) -> None:
	"""Kilograms and litres: single precision may not add up to more than a grain over three years."""
	rng = np.random.default_rng(seed)
	count, days = 8, 1100
	items = ItemTable.create(
		codes(count), order_multiple=0, shelf_life_days=np.where(np.arange(count) % 2, 30, np.inf)
	)
	stock = Inventory(items, unmet_demand=unmet_demand, longest_lead_time=20)
	entered, left = np.zeros(count), np.zeros(count)
	for _ in range(days):
		stock.receive()
		wished = np.where(rng.random(count) < 0.3, rng.gamma(2, 5, count), 0).astype(np.float32)
		entered += stock.place_orders(wished, rng.integers(0, 21, count))
		demand = rng.gamma(0.5, 6, count).astype(np.float32)
		result = stock.serve(demand)
		left += (result.sales if unmet_demand == "lost" else demand) + result.expired
		assert (stock.on_hand >= 0).all()
		assert (result.expired >= 0).all()
	turnover = entered.max()
	np.testing.assert_allclose(stock.net_stock + stock.on_order + left, entered, atol=1e-5 * turnover)
	np.testing.assert_allclose(stock.arrivals().sum(axis=0), stock.on_order, atol=1e-6 * turnover)


def test_a_lead_time_beyond_the_pipeline_is_refused() -> None:
	"""It would otherwise wrap around and arrive early."""
	inventory = Inventory(ItemTable.create(["A"]), longest_lead_time=5)
	inventory.place_orders(np.ones(1, np.float32), np.array([5]))
	with pytest.raises(ValueError, match="a lead time of 6 days, room is for 5"):
		inventory.place_orders(np.ones(1, np.float32), np.array([6]))
