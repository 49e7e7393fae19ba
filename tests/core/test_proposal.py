"""From a state to proposed order lines."""

import numpy as np
import pytest
from core_samples import forecast_rule, mixed_items, plain_statistics, residual_policy, state_of

from rl_replenishment.core.errors import InputError
from rl_replenishment.core.items import ItemKey
from rl_replenishment.core.proposal import LONGEST_ARRIVAL_DAYS, arrivals_by_day, match_keys, propose


def test_one_proposal_per_item() -> None:
	"""Also where nothing is to be ordered; beside it what the classical rule would order."""
	items = mixed_items()
	state = state_of(
		items,
		on_hand=[0, 5, 1000, 20, 3],
		arrivals=np.full((2, 5), 2.5),
		demand=plain_statistics(5, level=4.0),
	)
	rule = forecast_rule(safety_factor=1.0, gap=0.5)
	policy = residual_policy(rule, np.random.default_rng(4))
	found = propose(policy, state)
	assert [(one.item_code, one.warehouse, one.supplier) for one in found] == [
		(key.item_code, key.warehouse, supplier)
		for key, supplier in zip(items.keys, items.suppliers, strict=True)
	]
	proposed, baseline = (each.order_quantities(state) for each in (policy, rule))
	assert [one.proposed_qty for one in found] == pytest.approx(proposed.tolist(), abs=1e-3)
	assert [one.baseline_qty for one in found] == pytest.approx(baseline.tolist(), abs=1e-3)
	assert [one.on_hand for one in found] == [0, 5, 1000, 20, 3]
	assert [one.on_order for one in found] == [5] * 5
	assert found[2].proposed_qty == 0
	assert found[2].reason.endswith("order nothing.")
	assert all(type(one.proposed_qty) is float for one in found)


def test_open_orders_by_day() -> None:
	"""Several of one item on one day add up; what is late is due today; what is far off comes last."""
	found = arrivals_by_day(
		3, np.array([0, 0, 2, 2, 1]), np.array([2, 2, -5, 0, 10_000]), np.array([1.0, 4.0, 3.0, 2.0, 7.0])
	)
	assert found.shape == (LONGEST_ARRIVAL_DAYS + 1, 3)
	assert found[2].tolist() == [5, 0, 0]
	assert found[0].tolist() == [0, 0, 5]
	assert found[-1].tolist() == [0, 7, 0]
	assert found.sum() == 17


def test_no_open_orders() -> None:
	empty = np.zeros(0, np.intp)
	assert arrivals_by_day(2, empty, empty, np.zeros(0)).tolist() == [[0, 0]]


A, B = ItemKey("A", "Stores"), ItemKey("B", "Stores")


def test_keys_are_found_with_their_warehouse_or_without() -> None:
	"""A history without warehouses stands for the one that is asked about."""
	assert match_keys([B, A, ItemKey("C")], [A, B], "STOCK.csv").tolist() == [1, 0, -1]
	assert match_keys([B, A], [ItemKey("A"), ItemKey("B")], "STOCK.csv").tolist() == [1, 0]
	assert match_keys([A, A], [ItemKey("A")], "STOCK.csv").tolist() == [0, 0]
	assert match_keys([], [A], "STOCK.csv").tolist() == []


def test_one_history_cannot_stand_for_two_warehouses() -> None:
	with pytest.raises(
		InputError, match=r"^STOCK\.csv: item A is in the warehouses Stores and Shop, but its"
	):
		match_keys([A, ItemKey("A", "Shop")], [ItemKey("A")], "STOCK.csv")
