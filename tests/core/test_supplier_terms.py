"""Orders under the terms of suppliers: days, minimums, freight and price breaks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from core_samples import MONDAY, codes, forecast_rule, plain_statistics, state_of

from rl_replenishment.core.items import ItemTable, feasible_quantity
from rl_replenishment.core.policies.base import State, protection_days
from rl_replenishment.core.proposal import propose
from rl_replenishment.core.simulation.rollout import run
from rl_replenishment.core.simulation.scenario import Scenario, sample_lead_times
from rl_replenishment.core.terms.calendar import last_sent, timed, timing
from rl_replenishment.core.terms.lines import Lines
from rl_replenishment.core.terms.ordering import UnderTerms, to_price_break
from rl_replenishment.core.terms.proposals import on_terms
from rl_replenishment.core.terms.rounding import fill
from rl_replenishment.core.terms.terms import END_OF_DAY, MEASURES, PriceBreaks, SupplierTerms, Terms, Values
from rl_replenishment.core.training.classical import uncorrected

SEEDS = range(60)
THURSDAY = MONDAY + np.timedelta64(3, "D")


def random_lines(seed: int, count: int = 30, suppliers: int = 5) -> tuple[Lines, Terms]:
	"""Lines of every kind: packs and none, dear and cheap, due and not, what nobody buys."""
	rng = np.random.default_rng(seed)
	items = ItemTable.create(
		codes(count),
		[f"S{rng.integers(suppliers)}" for _ in range(count)],
		unit_cost=rng.lognormal(2, 1, count),
		holding_cost_rate=rng.choice([0, 0.1, 0.25, 0.4], count),
		order_cost=rng.choice([0, 4, 8], count),
		order_multiple=rng.choice([0, 1, 6, 12], count),
		min_order_qty=rng.choice([0, 0, 10], count),
	)
	rate = rng.lognormal(0, 1, count) * rng.choice([0, 1, 1, 1], count)
	level = rate * 14 + 3 * np.sqrt(rate)
	position = level - rate * rng.uniform(-5, 9, count)
	due = (position < level - rate * 6) & (rate > 0)
	wished = feasible_quantity(items, (level - position).astype(np.float32))
	asked = np.where(due, wished, 0).astype(np.float64)
	room = rng.choice([30, 365], count) * rate - np.maximum(position, 0)
	most = np.where(rate > 0, np.maximum(asked, room), asked)
	lines = Lines(items, asked, position, level - rate * 6, level, rate, most)
	minimum_value = rng.choice([0, 200, 1000, 5000], suppliers)
	terms = SupplierTerms.create([f"S{at}" for at in range(suppliers)], minimum_value=minimum_value)
	return lines, Terms.create(terms, items, weight=rng.uniform(0.1, 3, count))


@pytest.mark.parametrize("seed", SEEDS)
def test_joint_rounding_reaches_the_minimum_or_says_what_lacks(seed: int) -> None:
	"""It never lowers a line, nor passes what may be ordered of it, and adds whole packs."""
	lines, terms = random_lines(seed)
	suppliers = terms.suppliers
	if seed % 2:
		minimum = suppliers.minimum.copy()
		minimum[1], minimum[3] = 50, 25
		terms = replace(terms, suppliers=replace(suppliers, minimum=minimum))
	found = fill(lines, terms)
	assert (found.extra >= 0).all()
	assert (lines.quantity + found.extra <= lines.most * (1 + 1e-6) + 1e-9).all()
	packs = found.extra / lines.items.order_unit
	assert packs == pytest.approx(np.rint(packs), abs=1e-4)
	placed = lines.quantity + found.extra
	added = (lines.quantity <= 0) & (placed > 0)
	assert (placed[added] >= lines.items.smallest_lot[added] * (1 - 1e-6)).all()
	orders = terms.per_supplier(lines.is_ordered) > 0
	assert not found.extra[~orders[terms.of_item]].any(), "who orders nothing fills up nothing"
	lacking = np.where(orders, terms.suppliers.minimum - terms.totals(placed), 0)
	assert found.short == pytest.approx(np.where(lacking > 1e-6 * terms.suppliers.minimum, lacking, 0))
	again = fill(lines, terms)
	assert np.array_equal(found.extra, again.extra)


@pytest.mark.parametrize("seed", SEEDS)
def test_it_costs_no_more_than_raising_in_proportion(seed: int) -> None:
	lines, terms = random_lines(seed)
	found = fill(lines, terms)
	for at in range(len(terms.suppliers)):
		other = in_proportion(lines, terms, at)
		if other is not None:
			assert found.short[0, at] == 0
			assert found.cost[at] <= lines.cost_of(other)[terms.of_item == at].sum() * (1 + 1e-9)


def in_proportion(lines: Lines, terms: Terms, supplier: int) -> Values | None:
	"""What a buyer with a calculator does: the lines times one factor, in packs; None where it fails."""
	own = (terms.of_item == supplier) & lines.is_ordered
	unit = lines.items.order_unit.astype(np.float64)
	room = np.floor((lines.most - lines.quantity) / unit + 1e-6) * unit
	for factor in np.geomspace(1, 1e4, 400):
		extra = np.minimum(np.ceil(lines.quantity * (factor - 1) / unit - 1e-9) * unit, room)
		extra = np.where(own, extra, 0)
		value = (terms.price * (lines.quantity + extra))[own].sum()
		if own.any() and value >= terms.suppliers.minimum[0, supplier]:
			return np.asarray(extra)
	return None


def test_equal_days_of_cover_where_holding_rates_are_equal() -> None:
	"""The allocation by equal time supply: each line lasts as long beyond its level."""
	items = ItemTable.create(codes(3), ["A"] * 3, unit_cost=[1, 10, 100], order_multiple=0.0)
	rate = np.array([50.0, 5.0, 1.0])
	level = rate * 10
	lines = Lines(items, level - 1, np.ones(3), level, level, rate, np.full(3, 1e6))
	value = float(((level - 1) * items.unit_cost).sum())
	terms = Terms.create(SupplierTerms.create(["A"], minimum_value=value + 2000), items)
	extra = fill(lines, terms).extra
	# 200 a day are sold, so 2,000 last 10 days; a unit of the dearest lasts one
	assert extra / rate == pytest.approx([10, 10, 10], abs=1.01)


def test_a_line_that_is_nearly_due_joins_before_another_is_overstocked() -> None:
	items = ItemTable.create(codes(2), ["A", "A"], unit_cost=10, order_cost=1, order_multiple=1)
	lines = Lines(
		items=items,
		quantity=np.array([5.0, 0.0]),
		position=np.array([0.0, 6.0]),
		reorder_point=np.array([2.0, 5.0]),
		level=np.array([5.0, 20.0]),
		rate=np.array([0.1, 2.0]),
		most=np.full(2, 1000.0),
	)
	terms = Terms.create(SupplierTerms.create(["A"], minimum_value=150), items)
	assert fill(lines, terms).extra.tolist() == [0, 10]


def test_what_spoils_or_nobody_buys_is_not_raised() -> None:
	items = ItemTable.create(codes(2), ["A", "A"], unit_cost=10, shelf_life_days=[5, np.inf])
	state = state_of(items, demand=plain_statistics(2, level=np.float32(0)), review_days=7)
	demand = replace(
		state.demand, level_91=np.array([2, 0], np.float32), level_364=np.array([2, 0], np.float32)
	)
	state = replace(state, demand=demand, today=MONDAY)
	terms = Terms.create(SupplierTerms.create(["A"], minimum_value=10_000), items)
	assert not UnderTerms(forecast_rule(), terms, may_wait=False).order_quantities(state).any()
	within = Terms.create(SupplierTerms.create(["A"], minimum_value=100), items)
	assert UnderTerms(forecast_rule(), within, may_wait=False).order_quantities(state).tolist() == [10, 0]


def test_what_nobody_buys_is_not_raised_whatever_a_forecast_says() -> None:
	"""A learned forecast is never quite 0: 0.2 in 12 days, of what was never sold, is no demand."""
	items = ItemTable.create(codes(2), ["A", "A"], unit_cost=10, lead_time_days=5)
	known = plain_statistics(2, 4.0)
	for name in ("level_28", "level_91", "level_364"):
		getattr(known, name)[1] = 0
	state = replace(state_of(items, demand=known, review_days=7), today=MONDAY)
	sold, unsold = propose(uncorrected(forecast_rule(items=items)), state)
	why = replace(unsold.why, demand_low=0.1, demand_middle=0.2, demand_high=0.3, learned_target=50.0)
	terms = Terms.create(SupplierTerms.create(["A"], minimum_value=10 * sold.proposed_qty + 500), items)
	days = timing(terms, items.whole_lead_time_days, MONDAY, 7)
	raised, _ = on_terms([sold, replace(unsold, why=why)], state, terms, days)
	assert [each.proposed_qty for each in raised] == [sold.proposed_qty + 50, 0]
	# what is raised for a supplier was not raised by a buyer, and teaches nothing when it is kept
	assert [each.policy_qty for each in raised] == [sold.proposed_qty + 50, 0]


def test_what_a_supplier_is_called_is_no_place_for_numbers() -> None:
	items = ItemTable.create(codes(1), ["{0} & {Sons}"], unit_cost=10, lead_time_days=3)
	state = replace(state_of(items, demand=plain_statistics(1, level=1.0), review_days=7), today=MONDAY)
	terms = Terms.create(SupplierTerms.create(["{0} & {Sons}"], minimum_value=500), items)
	days = timing(terms, items.whole_lead_time_days, MONDAY, 7)
	(raised,), _ = on_terms(propose(uncorrected(forecast_rule(items=items)), state), state, terms, days)
	assert raised.proposed_qty == 50
	assert "to 50: {0} & {Sons}'s minimum of 500.00 was missing" in raised.reason


def shop(
	*, on_hand: float, minimum: float, stockout_cost: float = 5.0, **terms: float
) -> tuple[State, Terms]:
	items = ItemTable.create(
		codes(2), ["A", "A"], unit_cost=10, stockout_cost=stockout_cost, lead_time_days=3
	)
	state = state_of(items, on_hand=on_hand, demand=plain_statistics(2, level=1.0), review_days=7)
	state = replace(state, today=MONDAY)
	return state, Terms.create(SupplierTerms.create(["A"], minimum_value=minimum, **terms), items)


def test_an_order_waits_while_nothing_is_urgent_and_is_filled_up_when_something_is() -> None:
	rule = forecast_rule(safety_factor=3)
	# they are to last 10 days: 2 of each are missing, 40 of 600, for which 4 units are missed at most
	relaxed, terms = shop(on_hand=8, minimum=600, stockout_cost=0.5)
	assert not UnderTerms(rule, terms).order_quantities(relaxed).any()
	urgent, terms = shop(on_hand=1, minimum=600, stockout_cost=50)
	found = UnderTerms(rule, terms).order_quantities(urgent)
	assert terms.totals(found)[0, 0] >= 600
	at_once = UnderTerms(rule, terms, may_wait=False)
	assert terms.totals(at_once.order_quantities(relaxed))[0, 0] >= 600


def test_free_freight_is_reached_where_that_costs_less_than_freight() -> None:
	rule = forecast_rule()
	for freight, reached in ((50.0, True), (0.01, False)):
		state, terms = shop(
			on_hand=0, minimum=0, stockout_cost=500, freight_cost=freight, free_freight_value=260
		)
		found = UnderTerms(rule, terms).order_quantities(state)
		assert bool(terms.totals(found)[0, 0] >= 260) is reached
		assert bool(terms.freight(found).sum()) is not reached


def test_a_price_break_is_taken_where_it_saves_more_than_holding_costs() -> None:
	items = ItemTable.create(codes(1), ["A"], unit_cost=10, order_multiple=5)
	level = np.array([10.0])
	lines = Lines(items, level, np.zeros(1), level, level, np.ones(1), np.full(1, 365.0))
	terms = Terms.create(SupplierTerms.create(["A"]), items)
	for price, extra in ((9.5, 10), (9.999, 0)):
		breaks = PriceBreaks.create([0, 0], [18, 300], [price, 9.49])
		assert to_price_break(lines, replace(terms, breaks=breaks)).tolist() == [extra]
	breaks = PriceBreaks.create([0, 0], [300, 18], [1, 9.5])
	assert to_price_break(lines, replace(terms, breaks=breaks)).tolist() == [290], "the one that saves most"
	assert replace(terms, breaks=breaks).price_of([20]).tolist() == [9.5]
	assert replace(terms, breaks=breaks).saved([20]).tolist() == [10]


def test_what_is_placed_already_counts_and_pays_the_freight() -> None:
	"""A further order of the same day is raised by what lacks of both, and does not wait to save freight."""
	rule = forecast_rule(safety_factor=3)
	state, terms = shop(on_hand=8, minimum=600, stockout_cost=0.5, freight_cost=50, free_freight_value=700)
	assert not UnderTerms(rule, terms).order_quantities(state).any()
	for placed, value in ((600.0, 100), (650.0, 50), (800.0, 40)):
		beside = replace(terms, placed=np.array([[placed], [0], [0], [placed / 10]]))
		found = UnderTerms(rule, beside).order_quantities(state)
		assert beside.totals(found)[0, 0] == value
		assert not beside.missing(found).any()
	small = UnderTerms(rule, replace(terms, placed=np.array([[500.0], [0], [0], [50]])), may_wait=False)
	assert terms.totals(small.order_quantities(state))[0, 0] >= 100


def test_when_the_last_orders_went_out() -> None:
	"""Tuesdays and Fridays until 11:00, but for Friday the 5th of January 2024; others at any time."""
	week = np.array([[False, True, False, False, True, False, False], [True] * 7])
	own = SupplierTerms.create(
		["A", "B"], order_days=week, closing_minute=[11 * 60, END_OF_DAY], holidays=[["2024-01-05"], []]
	)

	def sent(today: str, minute: int) -> list[str]:
		return [str(moment) for moment in last_sent(own, np.datetime64(today), minute)]

	assert sent("2024-01-09", 10 * 60) == ["2024-01-02T11:00", "2024-01-09T00:00"]
	assert sent("2024-01-09", 11 * 60) == ["2024-01-09T11:00", "2024-01-09T00:00"]
	assert sent("2024-01-08", 0) == ["2024-01-02T11:00", "2024-01-08T00:00"]


@pytest.mark.parametrize(
	("today", "minute", "wait", "lead", "interval", "is_open"),
	[
		# orders on Tuesdays and Fridays until 11:00, deliveries on Wednesdays; reviews on Mondays
		("2024-01-01", 0, 1, 9, 7, True),
		# closed on Tuesday the 9th, so Friday; the next chance is Tuesday the 16th
		("2024-01-08", 0, 4, 9, 7, True),
		("2024-01-02", 10 * 60, 0, 8, 7, True),
		("2024-01-02", 11 * 60, 3, 8, 7, True),
	],
)
def test_orders_go_out_and_arrive_on_the_suppliers_days(
	today: str, minute: int, wait: int, lead: int, interval: int, is_open: bool
) -> None:
	items = ItemTable.create(codes(2), ["A", "other"], lead_time_days=5)
	week = np.isin(np.arange(7), [1, 4])[None]
	own = SupplierTerms.create(
		["A"],
		order_days=week,
		delivery_days=np.arange(7)[None] == 2,
		closing_minute=11 * 60,
		holidays=[["2024-01-09"]],
	)
	days = timing(
		Terms.create(own, items), items.whole_lead_time_days, np.datetime64(today), 7, minute=minute
	)
	assert (days.wait[0], days.lead[0], days.interval[0], days.is_open[0]) == (wait, lead, interval, is_open)
	assert (days.wait[1], days.lead[1], days.interval[1], days.is_open[1]) == (0, 5, 7, True)


def test_a_line_waits_where_the_next_review_is_early_enough() -> None:
	"""A daily review need not decide on Monday what goes out on Thursday; on Thursday it lasts a week."""
	items = ItemTable.create(codes(1), ["A"], lead_time_days=2)
	own = SupplierTerms.create(["A"], order_days=np.arange(7)[None] == 3)
	terms = Terms.create(own, items)
	monday, thursday = (timing(terms, items.whole_lead_time_days, day, 1) for day in (MONDAY, THURSDAY))
	assert not monday.is_open[0]
	assert thursday.is_open[0]
	state = replace(state_of(items, demand=plain_statistics(1, level=2.0)), today=THURSDAY)
	known = timed(state, thursday)
	assert protection_days(known.items, known.review_days).tolist() == [9]
	rule = UnderTerms(forecast_rule(), terms)
	assert rule.order_quantities(state).tolist() == [18]
	assert not rule.order_quantities(replace(state, today=MONDAY)).any()


def test_the_simulation_refuses_delays_and_charges() -> None:
	"""A policy that does not know the terms has its small orders refused; one that does pays freight."""
	items = ItemTable.create(codes(2), ["A", "A"], unit_cost=10, lead_time_days=1)
	days = 56
	demand = np.full((28 + days, 2), 2, np.float32)
	own = SupplierTerms.create(["A"], minimum_value=400, freight_cost=5, order_days=np.arange(7)[None] == 1)
	scenario = Scenario(
		items=items,
		demand=demand,
		start=MONDAY - np.timedelta64(28, "D"),
		warm_up_days=28,
		review_days=7,
		unmet_demand="lost",
		lead_times=sample_lead_times(items, days, np.random.default_rng(0)),
		initial_on_hand=np.zeros(2, np.float32),
		terms=Terms.create(own, items),
	)
	rule = forecast_rule(forecast="28 days")
	refused = run(rule, scenario)
	assert refused.ordered.sum() == 0
	assert refused.sales.sum() == 0
	assert scenario.terms is not None
	ledger = run(UnderTerms(rule, scenario.terms), scenario, keep_paths=True)
	assert ledger.paths is not None
	values = (ledger.paths.ordered * items.unit_cost).sum(axis=1)
	assert (values[values > 0] >= 400).all()
	assert not ledger.paths.on_hand[:2].any(), "out on Tuesday, there on Wednesday"
	assert ledger.paths.on_hand[2].all()
	assert np.sum(ledger.freight_cost) == pytest.approx(5 * (values > 0).sum())
	assert ledger.cost.sum() == pytest.approx(
		(ledger.holding_cost + ledger.stockout_cost + ledger.order_cost).sum() + np.sum(ledger.freight_cost)
	)


def test_without_terms_nothing_changes() -> None:
	items = ItemTable.create(codes(3), ["A", "B", ""], unit_cost=3, lead_time_days=4)
	state = replace(state_of(items, demand=plain_statistics(3, level=2.0), review_days=7), today=MONDAY)
	terms = Terms.create(SupplierTerms.create(["A"]), items)
	rule = forecast_rule()
	assert np.array_equal(UnderTerms(rule, terms).order_quantities(state), rule.order_quantities(state))
	assert terms.totals(np.ones(3)).shape == (len(MEASURES), 1)
