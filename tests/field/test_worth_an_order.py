"""What is ordered is worth an order: no float noise, no years of stock, no bottomless lots."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from field_samples import DAYS, bolt_demand, bolt_policy, bolt_state, proposal

from rl_replenishment.core.errors import InputError
from rl_replenishment.core.files.items import item_table, read_items
from rl_replenishment.core.items import FloatArray, ItemKey, ItemTable
from rl_replenishment.core.policies.limits import limits_of, sensible_quantity, within_cover
from rl_replenishment.core.proposal import propose

KINDS = pytest.mark.parametrize("kind", ["rule", "network"])
NEVER = np.zeros((DAYS, 1), np.float32)


def slow(per_year: float) -> FloatArray:
	"""Evenly, about so many a year."""
	demand = np.zeros((DAYS, 1), np.float32)
	demand[:: round(365 / per_year)] = 1
	return demand


@KINDS
@pytest.mark.parametrize("on_hand", [0, 5])
@pytest.mark.parametrize("minimum", [0, 1000])
def test_what_was_never_sold_is_not_ordered(kind: str, on_hand: float, minimum: float) -> None:
	values = {"min_order_qty": minimum, "unit_cost": 120}
	found = proposal(bolt_policy(kind).policy, bolt_state(on_hand, demand=NEVER, values=values))
	assert found.proposed_qty == found.baseline_qty == 0


@KINDS
@pytest.mark.parametrize("minimum", [0, 84, 1000])
@pytest.mark.parametrize(("every", "silent"), [(1, 110), (1, 200), (1, 330), (7, 200), (14, 300)])
def test_what_is_not_sold_any_more_is_not_ordered(kind: str, minimum: float, every: int, silent: int) -> None:
	"""Nothing on hand, too: so long an empty shelf is no reason to fill it."""
	demand = bolt_demand()
	demand[np.arange(DAYS) % every > 0] = 0
	demand[-silent:] = 0
	found = proposal(
		bolt_policy(kind).policy, bolt_state(0, demand=demand, values={"min_order_qty": minimum})
	)
	assert found.proposed_qty == found.baseline_qty == 0
	if found.why.rule_wish >= 0.5:
		days = int(np.flatnonzero(demand[::-1, 0])[0]) + 1
		assert found.held_back == f"Not sold for {days} days, and often before."


def out_of_stock(days: int) -> FloatArray:
	demand = bolt_demand()
	demand[-days:] = 0
	return demand


def every_summer() -> FloatArray:
	"""Sold on 90 days of each year, the next of which begin in 4 days."""
	demand = bolt_demand()
	demand[(np.arange(DAYS) + 5) % 364 >= 90] = 0
	return demand


@pytest.mark.parametrize(
	"demand",
	[out_of_stock(30), out_of_stock(90), slow(4), slow(12), every_summer()],
	ids=["a month out of stock", "a quarter out of stock", "4 a year", "12 a year", "a season"],
)
def test_what_only_was_not_sold_of_late_is_ordered(demand: FloatArray) -> None:
	assert proposal(bolt_policy("rule").policy, bolt_state(0, demand=demand)).proposed_qty > 0


def test_what_is_promised_of_an_item_that_was_given_up_is_ordered() -> None:
	found = proposal(bolt_policy("rule").policy, bolt_state(-3, demand=out_of_stock(200)))
	assert found.proposed_qty == 3


@pytest.mark.parametrize("wish", [1e-6, 5e-4, 0.04])
@pytest.mark.parametrize(
	"values", [{}, {"min_order_qty": 1000}, {"order_multiple": 0}, {"order_multiple": 12}]
)
def test_noise_is_no_wish(wish: float, values: dict[str, Any]) -> None:
	state = bolt_state(values=values)
	known = limits_of(state, state.demand.level_91)
	assert sensible_quantity(state.items, np.array([wish], np.float32), known)[0] == 0


def test_what_is_promised_is_ordered_though_nothing_was_ever_sold() -> None:
	"""3 reserved and none there."""
	found = proposal(bolt_policy("rule").policy, bolt_state(-3, demand=NEVER))
	assert found.proposed_qty == 3


@KINDS
@pytest.mark.parametrize("on_hand", [-1, 0, 2])
def test_a_smallest_order_of_many_years(kind: str, on_hand: float) -> None:
	"""60 a year, 1,000 at least: 17 years of stock cost more than selling nothing."""
	state = bolt_state(on_hand, demand=slow(60), values={"min_order_qty": 1000, "unit_cost": 120})
	found = proposal(bolt_policy(kind).policy, state)
	assert found.proposed_qty == 0
	words = r"The smallest order of 1000 would last 1[67] years and cost more than it saves\."
	assert re.fullmatch(words, found.held_back)
	assert found.held_back[1:-1] in found.reason


@pytest.mark.parametrize("values", [{"order_multiple": 1000}, {"min_order_qty": 900, "order_multiple": 250}])
def test_a_pack_of_many_years(values: dict[str, float]) -> None:
	found = proposal(bolt_policy("rule").policy, bolt_state(0, demand=slow(60), values=values))
	assert found.proposed_qty == 0
	assert "1000 would last" in found.held_back


def test_a_smallest_order_that_pays_is_placed() -> None:
	"""60 a year, 100 at least: 20 months of stock cost less than the sales that they bring."""
	state = bolt_state(0, demand=slow(60), values={"min_order_qty": 100})
	assert proposal(bolt_policy("rule").policy, state).proposed_qty == 100


def test_no_cost_makes_many_years_pay() -> None:
	"""Stock that costs nothing is no reason to buy it for 17 years."""
	for values in ({"unit_cost": 0}, {"holding_cost_rate": 0}):
		state = bolt_state(0, demand=slow(60), values={"min_order_qty": 1000, **values})
		assert proposal(bolt_policy("rule").policy, state).proposed_qty == 0


def test_a_largest_order_below_the_smallest_orders_nothing() -> None:
	state = bolt_state(0, values={"min_order_qty": 500, "max_order_qty": 400})
	assert proposal(bolt_policy("rule").policy, state).proposed_qty == 0


@KINDS
@pytest.mark.parametrize("values", [{"unit_cost": 0}, {"holding_cost_rate": 0}, {"unit_cost": 1e-6}])
@pytest.mark.parametrize("order_cost", [0, 4, 1e6])
def test_stock_that_costs_nothing_is_bought_for_a_year_at_most(
	kind: str, values: dict[str, float], order_cost: float
) -> None:
	found = proposal(bolt_policy(kind).policy, bolt_state(values={**values, "order_cost": order_cost}))
	assert 100 <= found.proposed_qty <= 10.5 * (365 + 17) + 100
	assert "largest order" not in found.reason


@pytest.mark.parametrize("rate", [2.5, 25, 1000])
def test_a_holding_rate_in_percent_is_refused(rate: float, tmp_path) -> None:
	with pytest.raises(
		InputError, match=r"^--holding-cost-rate: .* above 2, .*; write 0\.25 for 25 % a year\.$"
	):
		item_table([ItemKey("A")], {"holding_cost_rate": rate})
	file = tmp_path / "items.csv"
	file.write_text(f"item_code,holding_cost_rate\nA,{rate}\n")
	with pytest.raises(InputError, match=r"items\.csv, row 2.*write 0\.25 for 25 % a year"):
		read_items(file, [ItemKey("A")])


@pytest.mark.parametrize("days", [5, 20, 30, 60])
@pytest.mark.parametrize("values", [{}, {"order_multiple": 12}, {"min_order_qty": 90}, {"order_multiple": 0}])
def test_a_limit_in_days_of_cover_holds_in_every_run(days: float, values: dict[str, float]) -> None:
	"""What a first run ordered is on its way in the second, which then orders nothing."""
	state = bolt_state(100, values=values)
	rate = float((state.demand.level_91 + state.demand.level_364)[0] / 2)
	due = 0.0
	for _ in range(3):
		now = bolt_state(100, {10: due}, values=values)
		cover = within_cover(now, np.array([5000], np.float32), days)
		assert due + 100 + cover.quantity[0] <= max(rate * days, due + 100) + 1e-3
		assert due == 0 or cover.quantity[0] <= (0 if values.get("order_multiple") != 0 else 1e-3)
		assert bool(cover.too_large[0]) == (cover.quantity[0] == 0)
		due += float(cover.quantity[0])


def test_a_smallest_order_beyond_the_limit_says_how_long_it_lasts() -> None:
	policy = bolt_policy("rule").policy
	state = bolt_state(0, values={"min_order_qty": 1000})
	assert proposal(policy, state).proposed_qty == 1000
	(found,) = propose(policy, state, max_cover_days=30)
	assert found.proposed_qty == 0
	assert found.held_back == "With the smallest order, the stock would last 102 days, more than 30 days."
	assert found.reason.endswith(found.held_back)
	(found,) = propose(policy, replace(state, items=bolt_state().items), max_cover_days=30)
	assert found.proposed_qty == pytest.approx(300, abs=5)
	assert found.reason.endswith("days of cover.")
	assert not found.held_back


def test_a_limit_hides_no_empty_shelf() -> None:
	"""2,000 in 30 days are more than 60 days of cover; the days before them are bought all the same."""
	state = bolt_state(0, {30: 2000})
	assert within_cover(state, np.array([400], np.float32), 60).quantity[0] == pytest.approx(200, abs=5)


def test_whole_tables() -> None:
	"""Everything at once, in one call."""
	items = ItemTable.create(list("ABC"), min_order_qty=[0, 1000, 1000], lead_time_days=10, unit_cost=2)
	one = bolt_state(0).take(np.zeros(3, np.intp))
	demand = replace(
		one.demand,
		level_91=np.array([10, 0, 0.16], np.float32),
		level_364=np.array([10, 0, 0.16], np.float32),
	)
	found = bolt_policy("rule").policy.order_quantities(replace(one, items=items, demand=demand))
	assert found[0] > 0
	assert found[1:].tolist() == [0, 0]


def test_a_pack_of_decades_is_named_whatever_learning_makes_of_it() -> None:
	"""What the rule asks for and nothing is ordered of is held back, also where learning agrees."""
	policy = bolt_policy("network").policy
	found = proposal(policy, bolt_state(values={"order_multiple": 100_000}))
	assert found.proposed_qty == 0
	assert "the smallest order of 100000 would last 2" in found.reason
	assert found.held_back.startswith("The smallest order of 100000 would last")
