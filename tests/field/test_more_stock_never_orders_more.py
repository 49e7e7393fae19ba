"""The order falls or stays as stock on hand or orders that arrive in time grow, whatever the item."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from field_samples import names
from hypothesis import given, settings
from hypothesis import strategies as st

from rl_replenishment.core.items import ItemTable
from rl_replenishment.core.policies.base import State, protection_days
from rl_replenishment.core.policies.limits import within_cover
from rl_replenishment.core.policies.order_up_to import FORECASTS, ForecastLevels, OrderUpTo
from rl_replenishment.core.policies.parameters import ItemParameters

COUNT = 24


def random_state(rng: np.random.Generator, review_days: int, unmet_demand: str) -> State:
	"""Items of every kind, with several arrivals, some beyond any horizon, and stock below 0."""
	rate = rng.choice([0, 0.02, 0.3, 4, 40], COUNT)
	demand = rng.poisson(rate * np.exp(rng.normal(0, 0.5, (470, COUNT)))).astype(np.float32)
	pack = rng.choice([0, 1, 6, 100], COUNT)
	items = ItemTable.create(
		names(COUNT),
		lead_time_days=rng.choice([0, 1, 10, 45], COUNT),
		lead_time_std_days=rng.choice([0, 3], COUNT),
		unit_cost=rng.choice([0, 0.1, 20], COUNT),
		order_cost=rng.choice([0, 4, 100], COUNT),
		order_multiple=pack,
		min_order_qty=rng.choice([0, 5, 300], COUNT),
		max_order_qty=rng.choice([np.inf, 200, 3], COUNT),
		shelf_life_days=rng.choice([np.inf, 4, 30], COUNT),
	)
	arrivals = np.zeros((400, COUNT), np.float32)
	for _ in range(4):
		days = rng.choice([0, 3, 9, 12, 16, 17, 40, 60, 399], COUNT)
		arrivals[days, np.arange(COUNT)] += rng.choice([0, 5, 60, 2000], COUNT)
	state = State.from_history(
		items,
		demand,
		today=np.datetime64("2026-01-05"),
		review_days=review_days,
		on_hand=np.round(rng.uniform(-1, 2, COUNT) * rate * 20).astype(np.float32),
		arrivals=arrivals,
	)
	known = np.zeros((200, COUNT), np.float32)
	known[rng.integers(0, 200, COUNT), np.arange(COUNT)] = rng.choice([0, 8], COUNT)
	ends = np.where(rng.random(COUNT) < 0.2, rng.integers(0, 90, COUNT), np.inf).astype(np.float32)
	return replace(state, known_demand=known, days_to_end=ends, unmet_demand=unmet_demand)


def rules(rng: np.random.Generator) -> list[OrderUpTo]:
	return [
		OrderUpTo(
			name,
			ForecastLevels(
				ItemParameters.everywhere(safety_factor=float(rng.uniform(-1, 3)), gap=gap, cap=cap),
				str(rng.choice(FORECASTS)),
			),
		)
		for name, gap, cap in (
			("base-stock", 0.0, np.inf),
			("capped base-stock", 0.0, 1.5),
			("(s, S)", float(rng.uniform(0.2, 2)), np.inf),
		)
	]


@settings(max_examples=150)
@given(st.integers(0, 2**31), st.sampled_from([1, 7, 30]), st.sampled_from(["lost", "backorder"]))
def test_stock_on_hand_and_orders_in_time(seed: int, review_days: int, unmet_demand: str) -> None:
	rng = np.random.default_rng(seed)
	state = random_state(rng, review_days, unmet_demand)
	more = np.where(rng.random(COUNT) < 0.5, rng.choice([0.001, 1, 50], COUNT), 0).astype(np.float32)
	on_hand = replace(state, on_hand=state.on_hand + more)
	arrivals = state.arrivals.copy()
	arrivals[
		(rng.random(COUNT) * protection_days(state.items, review_days)).astype(int), np.arange(COUNT)
	] += more
	on_order = replace(state, arrivals=arrivals)
	earlier = replace(state, arrivals=np.vstack([state.arrivals[1:], np.zeros_like(state.arrivals[:1])]))
	earlier.arrivals[0] += state.arrivals[0]
	for rule in rules(rng):
		before = rule.order_quantities(state)
		noise = 1e-4 * np.maximum(before, 1)
		for changed in (on_hand, on_order, earlier):
			after = rule.order_quantities(changed)
			assert (after <= before + noise).all(), (rule.name, np.flatnonzero(after > before + noise))
		before, after = (within_cover(each, before, 30).quantity for each in (state, on_hand))
		assert (after <= before + noise).all()


@pytest.mark.parametrize("review_days", [1, 7, 30])
def test_nothing_above_the_level(review_days: int) -> None:
	rng = np.random.default_rng(0)
	state = random_state(rng, review_days, "lost")
	full = replace(state, on_hand=np.full(COUNT, 1e6, np.float32))
	for rule in rules(rng):
		assert not rule.order_quantities(full).any()
