"""What the network sees: bounded, free of units, and the same for an item whatever stands beside it."""

from dataclasses import replace

import numpy as np
import pytest
from core_samples import (
	MONDAY,
	codes,
	forecast_rule,
	mixed_items,
	plain_statistics,
	residual_policy,
	state_of,
)

from rl_replenishment.core.demand.statistics import demand_statistics
from rl_replenishment.core.environments.spaces import OBSERVATION_SPACE
from rl_replenishment.core.items import FloatArray, ItemTable
from rl_replenishment.core.policies.base import State, protection_days
from rl_replenishment.core.policies.network import Normaliser
from rl_replenishment.core.policies.observation import (
	ARRIVAL_PARTS,
	OBSERVATION,
	OBSERVATION_SIZE,
	Observer,
	residual_unit,
)
from rl_replenishment.core.policies.residual_network import observe

REVIEW_DAYS = 7
COLUMN = {name: number for number, (name, _) in enumerate(OBSERVATION)}
RULE = forecast_rule(safety_factor=1.5, gap=0.5, cap=2.0)


def busy_state(items: ItemTable, *, units: float = 1.0, seed: int = 0) -> State:
	"""A state of `items` in which everything is different from zero; quantities times `units`."""
	rng = np.random.default_rng(seed)
	count = len(items)
	demand = (rng.poisson(4, (500, count)) * units).astype(np.float32)
	return state_of(
		items,
		on_hand=rng.uniform(0, 60, count) * units,
		arrivals=rng.uniform(0, 3, (22, count)) * units,
		demand=demand_statistics(demand, protection_days(items, REVIEW_DAYS), [500]).on(0),
		review_days=REVIEW_DAYS,
	)


def observation(state: State) -> FloatArray:
	return observe(state, RULE, Observer(state.items, state.review_days)).observation


def test_names_and_sizes() -> None:
	assert len(COLUMN) == OBSERVATION_SIZE == OBSERVATION_SPACE.shape[0]
	found = observation(busy_state(mixed_items()))
	assert found.shape == (5, OBSERVATION_SIZE)
	assert found.dtype == np.float32
	assert np.isfinite(found).all()


def test_units_do_not_matter() -> None:
	"""An item counted in dozens or in grams looks the same, and its order is the same in other units."""
	items = ItemTable.create(
		codes(3), lead_time_days=[3, 7, 14], unit_cost=10, order_cost=5, order_multiple=4
	)
	for units in (1 / 16, 1024):
		other = replace(
			items,
			order_multiple=items.order_multiple * np.float32(units),
			unit_cost=items.unit_cost / np.float32(units),
			holding_cost=items.holding_cost / np.float32(units),
			stockout_cost=items.stockout_cost / np.float32(units),
		)
		one, scaled = busy_state(items), busy_state(other, units=units)
		np.testing.assert_allclose(observation(scaled), observation(one), rtol=1e-3, atol=1e-4)
		policy = residual_policy(RULE, np.random.default_rng(1))
		ordered = policy.order_quantities(one)
		assert ordered.any()
		np.testing.assert_allclose(policy.order_quantities(scaled), ordered * units, rtol=1e-5)


def test_currency_does_not_matter() -> None:
	items = mixed_items()
	prices = ("unit_cost", "holding_cost", "stockout_cost", "order_cost")
	other = replace(items, **{name: getattr(items, name) * np.float32(64) for name in prices})
	np.testing.assert_allclose(
		observation(busy_state(other)), observation(busy_state(items)), rtol=1e-4, atol=1e-5
	)


def test_each_item_for_itself() -> None:
	"""An item's order does not depend on what stands beside it or in which row it is."""
	items = mixed_items()
	state = busy_state(items)
	policy = residual_policy(forecast_rule(gap=0.5, items=items), np.random.default_rng(2))
	together = policy.order_quantities(state)
	rows = np.array([3, 1, 4])
	alone = State(
		items.take(rows),
		state.today,
		REVIEW_DAYS,
		state.on_hand[rows],
		state.arrivals[:, rows],
		state.demand.take(rows),
	)
	np.testing.assert_allclose(policy.order_quantities(alone), together[rows], rtol=1e-5)


def test_quantities_are_in_protection_intervals_of_demand() -> None:
	"""Stock for lead time and review is 1, twice of it 2; levels are logarithms."""
	items = ItemTable.create(
		codes(3), lead_time_days=[0, 7, 21], order_multiple=[1, 1, 500], min_order_qty=[0, 70, 0]
	)
	days = np.array([7, 14, 28])
	state = state_of(
		items, on_hand=5.0 * days, demand=plain_statistics(3, level=5.0), review_days=REVIEW_DAYS
	)
	found = observation(replace(state, arrivals=(5.0 * days * np.ones((2, 3))).astype(np.float32)))
	assert found[:, COLUMN["on_hand"]].tolist() == pytest.approx([1, 1, 1])
	assert found[:, COLUMN["inventory_position"]].tolist() == pytest.approx([3, 3, 3])
	assert found[:, COLUMN["min_order"]].tolist() == pytest.approx(np.log([1, 2, 1]))
	assert found[:, COLUMN["level_7"]].tolist() == pytest.approx(np.log([2, 2, 2]))
	assert found[2, COLUMN["pack"]] == pytest.approx(np.log(1 + 500 / 140))


def test_arrivals_by_part_of_the_lead_time() -> None:
	"""Every unit on order is in exactly one part; what is due beyond the lead time is in the last."""
	items = ItemTable.create(codes(4), lead_time_days=[0, 5, 12, 40], order_multiple=0)
	state = state_of(items, arrivals=np.random.default_rng(0).uniform(0, 0.05, (60, 4)))
	found = observation(state)[:, -ARRIVAL_PARTS:]
	# nothing is sold, so quantities are measured in half an order unit
	np.testing.assert_allclose(found.sum(axis=1), state.arrivals.sum(axis=0) / 0.5, rtol=1e-4)
	one_late = np.zeros((60, 4), np.float32)
	one_late[59] = 1
	late = observation(replace(state, arrivals=one_late))[:, -ARRIVAL_PARTS:]
	assert late[:, :-1].any() == np.False_
	assert (late[:, -1] > 0).all()


def test_days_of_arrival_are_told_apart() -> None:
	"""Up to a lead time of 12 days, day by day."""
	items = ItemTable.create(["A"], lead_time_days=12)
	parts = []
	for day in range(12):
		arrivals = np.zeros((13, 1), np.float32)
		arrivals[day] = 1
		parts.append(int(observation(state_of(items, arrivals=arrivals))[0, -ARRIVAL_PARTS:].argmax()))
	assert parts == list(range(12))


def test_weekdays_lie_on_a_circle() -> None:
	items = ItemTable.create(["A"])
	angles = []
	for day in range(8):
		seen = observation(replace(state_of(items), today=MONDAY + np.timedelta64(day, "D")))[0]
		angles.append((seen[COLUMN["weekday_sin"]], seen[COLUMN["weekday_cos"]]))
	assert angles[0] == pytest.approx((0, 1))
	assert angles[7] == pytest.approx(angles[0])
	assert len({tuple(np.round(angle, 3)) for angle in angles}) == 7


def test_dates_per_item() -> None:
	"""In a batch each column may be on a day of its own."""
	items = ItemTable.create(codes(2))
	days = MONDAY + np.array([0, 3]).astype("timedelta64[D]")
	together = observation(replace(state_of(items), today=days))
	for row, day in enumerate(days):
		np.testing.assert_array_equal(together[row], observation(replace(state_of(items), today=day))[row])


@pytest.mark.parametrize("amount", [0.0, 1e-6, 1.0, 1e9, -1e9])
def test_odd_items_stay_within_bounds(amount: float) -> None:
	"""No demand, no cost, absurd stock: still finite, and bounded."""
	items = ItemTable.create(
		codes(2),
		unit_cost=[0, 1e6],
		order_cost=[1e6, 0],
		lead_time_days=[0, 365],
		shelf_life_days=[1, np.inf],
	)
	state = state_of(items, on_hand=amount, arrivals=np.full((3, 2), abs(amount)))
	found = observation(state)
	assert np.isfinite(found).all()
	assert np.abs(found).max() <= 10
	assert (residual_unit(state, RULE.rule.levels(state)) > 0).all()
	ordered = residual_policy(RULE, np.random.default_rng(0)).order_quantities(state)
	assert np.isfinite(ordered).all()
	assert (ordered >= 0).all()


def test_normalised_columns() -> None:
	"""Mean 0 and deviation 1 on the sample; a column that stood still says nothing ever after."""
	rng = np.random.default_rng(0)
	sample = rng.normal([3.0, -2.0, 7.0], [2.0, 0.5, 0.0], (5000, 3)).astype(np.float32)
	normaliser = Normaliser.of(sample)
	found = normaliser(sample)
	np.testing.assert_allclose(found[:, :2].mean(axis=0), 0, atol=0.02)
	np.testing.assert_allclose(found[:, :2].std(axis=0), 1, atol=0.02)
	moved = normaliser(np.array([[1e6, -1e6, 9.0]], np.float32))
	assert moved[0, :2].tolist() == [5, -5]
	assert abs(moved[0, 2]) < 1e-6
	assert sample[0, 2] == 7.0
