"""Shelf life, expired batches and the end of an item bound what is bought."""

from __future__ import annotations

import numpy as np
import pytest
from field_samples import BOLT, bolt_policy, bolt_state, history_of, proposal
from hypothesis import given
from hypothesis import strategies as st

from rl_replenishment.core.items import ItemTable
from rl_replenishment.core.training.classical import classical_policy
from rl_replenishment.core.training.from_history import TrainingOptions, train_on_history
from rl_replenishment.core.usable_stock import usable_stock

KINDS = pytest.mark.parametrize("kind", ["rule", "network"])


@KINDS
@pytest.mark.parametrize("life", [1, 5, 20])
def test_no_more_than_is_sold_before_it_spoils(kind: str, life: int) -> None:
	"""Given at propose alone: of what keeps 5 days, 5 days of sales."""
	found = proposal(bolt_policy(kind).policy, bolt_state(values={"shelf_life_days": life}))
	assert 9 * life <= found.proposed_qty <= 10.5 * life
	assert f"cut to what is sold in the {life} days that it keeps" in found.reason


@pytest.mark.parametrize("kind", ["rule", "network"])
def test_a_policy_that_was_trained_with_it(kind: str) -> None:
	demand = np.random.default_rng(0).poisson(10, (400, 3)).astype(np.float32)
	items = ItemTable.create(["ITEM-0", "B", "C"], **{**BOLT, "shelf_life_days": 5})
	options = TrainingOptions(seconds=None, timesteps=20_000)
	history = history_of(demand)
	if kind == "rule":
		stored = classical_policy(history, items, options)
	else:
		pytest.importorskip("torch")
		from rl_replenishment.core.training.pathwise import PathwiseTrainer

		stored = train_on_history(history, items, PathwiseTrainer(), options).stored
	for on_hand in (0, 50, 150):
		state = bolt_state(on_hand, values={"shelf_life_days": 5})
		assert proposal(stored.policy, state).proposed_qty <= 52


def test_what_is_there_by_then_is_sold_first() -> None:
	"""120 on hand last until the order arrives and two days more."""
	values = {"shelf_life_days": 5}
	policy = bolt_policy("rule").policy
	assert proposal(policy, bolt_state(120, values=values)).proposed_qty == pytest.approx(28, abs=3)
	assert proposal(policy, bolt_state(50, {8: 50}, values=values)).proposed_qty == pytest.approx(40, abs=12)
	assert proposal(policy, bolt_state(50, {12: 30}, values=values)).proposed_qty <= 22


def test_a_pack_that_spoils_is_bought_where_it_pays() -> None:
	policy = bolt_policy("rule").policy
	pays = {"shelf_life_days": 5, "order_multiple": 60, "stockout_cost_rate": 3}
	assert proposal(policy, bolt_state(values=pays)).proposed_qty == 60
	wasted = {"shelf_life_days": 5, "order_multiple": 600}
	found = proposal(policy, bolt_state(values=wasted))
	assert found.proposed_qty == 0
	assert "smallest order of 600" in found.held_back


@KINDS
@pytest.mark.parametrize(("end", "most"), [(0, 0), (9, 0), (10, 0), (14, 41), (20, 102), (300, 420)])
def test_orders_before_the_end_of_an_item(kind: str, end: int, most: float) -> None:
	"""The order arrives on the tenth day: what is sold from then on to the end, at most."""
	state = bolt_state(days_to_end=np.array([end], np.float32))
	found = proposal(bolt_policy(kind).policy, state)
	assert found.proposed_qty <= most
	assert found.proposed_qty >= 0.9 * min(most, 370)
	if not most:
		assert found.held_back == "An order would arrive after its end."
	elif end < 300:
		assert f"in the {end - 10} days from its arrival to its end" in found.reason


def test_what_is_promised_is_bought_though_it_ends() -> None:
	"""A reservation of 30 in 12 days, the last sale in 14."""
	known = np.zeros((13, 1), np.float32)
	known[12] = 30
	ends = {"days_to_end": np.array([14], np.float32)}
	policy = bolt_policy("rule").policy
	without = proposal(policy, bolt_state(**ends)).proposed_qty
	assert proposal(policy, bolt_state(known_demand=known, **ends)).proposed_qty == pytest.approx(
		without + 30
	)


def usable(quantity: list[float], days: list[float], rate: float = 10.0, promised: float = 0.0) -> float:
	batches = np.zeros(len(quantity), np.intp)
	return float(
		usable_stock(
			batches,
			np.array(quantity),
			np.array(days),
			np.array([rate], np.float32),
			np.array([promised], np.float32),
		)[0]
	)


@pytest.mark.parametrize(
	("quantity", "days", "expected"),
	[
		([300], [0], 0),
		([300], [-5], 0),
		([300], [4], 40),
		([300], [np.inf], 300),
		([300], [40], 300),
		([30, 300], [4, 5], 50),
		([300, 300], [4, 6], 60),
		([300, 300], [40, 4], 340),
		([100, 50, 20], [np.inf, 3, 0], 130),
		([], [], 0),
		([-20], [np.inf], -20),
	],
)
def test_stock_that_can_be_sold_in_time(quantity: list[float], days: list[float], expected: float) -> None:
	assert usable(quantity, days) == expected


def test_what_is_promised_goes_before_it_expires() -> None:
	assert usable([10], [200], rate=0, promised=5) == 5
	assert usable([10], [0], rate=0, promised=5) == 0


@given(
	st.lists(st.tuples(st.floats(0, 500), st.integers(-3, 60)), max_size=6),
	st.floats(0, 30, width=32),
	st.floats(0, 100),
)
def test_no_more_than_there_is_and_no_less_with_more(
	batches: list[tuple[float, int]], rate: float, more: float
) -> None:
	quantity, days = [each[0] for each in batches], [float(each[1]) for each in batches]
	found = usable(quantity, days, rate)
	good = sum(each for each, left in batches if left > 0)
	assert -1e-3 <= found <= good + 1e-3
	assert usable([*quantity, more], [*days, 10.0], rate) >= found - 1e-3


def test_many_items_at_once() -> None:
	found = usable_stock(
		np.array([2, 0, 2, 0]),
		np.array([50.0, 7, 50, 5]),
		np.array([3.0, np.inf, 5, 0]),
		np.array([1, 1, 10], np.float32),
	)
	assert found.tolist() == [7, 0, 50]


def test_expiring_stock_is_said() -> None:
	state = bolt_state(0, expiring=np.array([300], np.float32))
	found = proposal(bolt_policy("rule").policy, state)
	assert found.proposed_qty > 350
	assert "with 0 on hand, 300 more expire before they can be sold;" in found.reason
