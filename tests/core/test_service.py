"""Service: classes by the book, levels that move as the newsvendor says, and curves that keep their word."""

from dataclasses import replace

import numpy as np
import pytest
from core_samples import codes, forecast_rule, history_of, plain_statistics, residual_policy, state_of

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.errors import PolicyFileError
from rl_replenishment.core.evaluation.backtest import backtest
from rl_replenishment.core.items import ItemTable
from rl_replenishment.core.policies.adaptation import adapted_to
from rl_replenishment.core.policies.archive import pack, unpack
from rl_replenishment.core.policies.residual_network import ResidualNetwork
from rl_replenishment.core.policies.service import ServiceShift, cost_ratio, normal_deviate
from rl_replenishment.core.policies.store import StoredPolicy, parse_policy, policy_files
from rl_replenishment.core.service.classes import classes_of, members
from rl_replenishment.core.service.curve import Point, at_fill_rate, curves_of, replay_service, solve
from rl_replenishment.core.service.targets import (
	SERVICE,
	Target,
	as_json,
	assigned,
	factors_of,
	serving,
	targets_from,
	with_targets,
)
from rl_replenishment.core.simulation.scenario import Scenario, replay
from rl_replenishment.core.training.classical import uncorrected
from rl_replenishment.core.training.from_history import snapshot

ITEMS, DAYS, HELD = 12, 400, 150


def market(seed: int = 0, *, spread: float = 3.0) -> tuple[ItemTable, DemandHistory]:
	"""Items of all sizes, whose lead times are random where `spread` is above 0."""
	rng = np.random.default_rng(seed)
	rate = np.exp(rng.normal(1, 1, ITEMS))
	items = ItemTable.create(
		codes(ITEMS),
		groups=["Bolts", "Nuts"] * (ITEMS // 2),
		lead_time_days=rng.integers(3, 15, ITEMS),
		lead_time_std_days=spread,
		unit_cost=np.exp(rng.normal(2, 1, ITEMS)),
		order_cost=1.0,
	)
	return items, history_of(rng.poisson(rate, (DAYS, ITEMS)))


def replayed(items: ItemTable, history: DemandHistory, seed: int = 0) -> Scenario:
	return replay(items, history, days=HELD, review_days=7, rng=np.random.default_rng(seed))


def lean(items: ItemTable) -> ResidualNetwork:
	"""A rule that misses some of the demand."""
	return uncorrected(forecast_rule(items=items, safety_factor=0.5))


def test_classes_by_the_book() -> None:
	"""80 and 95 % of the value, which an item begins below; a variation of 0.5 and 1."""
	items = ItemTable.create(codes(5), unit_cost=[60, 25, 10, 5, 1])
	demand = replace(
		plain_statistics(5, 1.0),
		week_spread=np.array([0.0, 3.5, 3.6, 7.0, 7.1], np.float32),
		level_364=np.array([1, 1, 1, 1, 0], np.float32),
	)
	assert classes_of(items, demand).tolist() == ["AX", "AX", "BY", "CY", "CZ"]
	assert members(classes_of(items, demand), "A").tolist() == [True, True, False, False, False]
	assert members(classes_of(items, demand), "CY").tolist() == [False, False, False, True, False]
	with pytest.raises(ValueError, match="no class 'D'"):
		members(classes_of(items, demand), "D")


def test_nothing_sold_is_of_the_last_class() -> None:
	items = ItemTable.create(codes(2))
	assert classes_of(items, plain_statistics(2)).tolist() == ["CZ", "CZ"]


def test_levels_move_as_the_newsvendor_says() -> None:
	"""From the quantile at p / (p + h R) to that at k p / (k p + h R), in deviations of the forecast."""
	items = ItemTable.create(codes(1), holding_cost=1.0, stockout_cost=7.0 * 9, lead_time_days=3)
	demand = replace(plain_statistics(1, 10.0), week_spread=np.float32([20.0]))
	state = state_of(items, demand=demand, review_days=7)
	rule = forecast_rule(safety_factor=1.0, gap=0.5).rule
	before = rule.levels(state)
	after = ServiceShift.everywhere(11.0).applied(state, before)
	assert cost_ratio(items, 7, "lost")[0] == pytest.approx(9)
	# 90 %, and 99 %
	sigma = 20 * np.sqrt(10 / 7)
	assert (after.reorder_point - before.reorder_point)[0] == pytest.approx((2.3263 - 1.2816) * sigma, 1e-3)
	assert (after.order_up_to - after.reorder_point)[0] == pytest.approx(
		(before.order_up_to - before.reorder_point)[0], 1e-5
	)
	assert ServiceShift.everywhere(1.0).applied(state, before) is before
	assert ServiceShift.everywhere(1e-6).applied(state, before).reorder_point[0] >= 0


def test_deviates() -> None:
	odds = np.log(np.array([1.0, 9.0, 99.0, 1 / 9]))
	assert normal_deviate(odds) == pytest.approx([0, 1.28155, 2.32635, -1.28155], abs=1e-4)


def test_a_network_sees_the_levels_that_it_was_trained_on() -> None:
	"""So that what service adds is not taken off again by what was learned."""
	items, history = market()
	policy = residual_policy(forecast_rule(items=items), np.random.default_rng(3))
	known = snapshot(history, items, 7)
	state = state_of(items, demand=known.demand, review_days=7)
	more = replace(policy, service=ServiceShift.everywhere(100.0))
	assert (policy.situation(state).observation == more.situation(state).observation).all()
	before, after = policy.decide(state), more.decide(state)
	moved = after.levels.order_up_to - before.levels.order_up_to
	assert (moved > 0).all()
	assert after.learned.order_up_to - before.learned.order_up_to == pytest.approx(moved, rel=1e-3)


def test_the_curve_is_what_backtests_find() -> None:
	"""At three points: to the last digit with the same lead times, within noise with others."""
	items, history = market()
	policy = lean(items)
	factors = (0.05, 1.0, 20.0)
	scenario = replayed(items, history)
	service = replay_service(policy, scenario, np.random.default_rng(7), factors=factors, lead_time_draws=4)
	(curve,) = [each for each in curves_of(service, classes_of_all(items, history), "class") if not each.name]
	for point, factor in zip(curve.points, factors, strict=True):
		target = [Target("all", factor=factor)]
		tested = with_targets(policy, target, items, snapshot(history, items, 7).demand)
		rules = [forecast_rule()]
		same = backtest([tested], rules, scenario, np.random.default_rng(7), lead_time_draws=4).rows[0].ledger
		assert point.fill_rate == pytest.approx(same.fill_rate, abs=1e-9)
		assert point.cost == pytest.approx(same.cost.sum())
		assert point.stock_value == pytest.approx((same.stock_days * items.unit_cost).sum() / HELD)
		rates, stocks = [], []
		for seed in range(6):
			other = replayed(items, history, seed + 10)
			draw = backtest([tested], rules, other, np.random.default_rng(seed), lead_time_draws=1)
			rates.append(draw.rows[0].ledger.fill_rate)
			stocks.append((draw.rows[0].ledger.stock_days * items.unit_cost).sum() / HELD)
		# the mean of 4 draws lies within 4 of its own standard errors, and a hair
		assert abs(point.fill_rate - np.mean(rates)) <= 4 * np.std(rates) / 2 + 1e-3
		assert abs(point.stock_value / np.mean(stocks) - 1) <= 4 * np.std(stocks) / np.mean(stocks) / 2 + 1e-3


def test_the_curve_differs_from_backtests_with_other_lead_times_as_chance_does() -> None:
	"""Of 16 markets, each at one of three points, in standard errors of both: as far as chance goes."""
	found, own, draws = [], 4, 8
	for market_seed in range(16):
		items, history = market(market_seed + 100)
		scenario, policy = replayed(items, history), lean(items)
		factor = (0.05, 1.0, 20.0)[market_seed % 3]
		service = replay_service(
			policy, scenario, np.random.default_rng(market_seed), factors=(factor, 30.0), lead_time_draws=own
		)
		point = service.curve(np.ones(ITEMS, np.bool_))[0]
		tested = with_targets(
			policy, [Target("all", factor=factor)], items, snapshot(history, items, 7).demand
		)
		ledgers = []
		for seed in range(draws):
			other = replayed(items, history, seed + 10)
			rng = np.random.default_rng(1000 * market_seed + seed)
			found_by = backtest([tested], [forecast_rule()], other, rng, lead_time_draws=1)
			ledgers.append(found_by.rows[0].ledger)
		for value, others in (
			(point.fill_rate, [each.fill_rate for each in ledgers]),
			(point.stock_value, [(each.stock_days * items.unit_cost).sum() / HELD for each in ledgers]),
		):
			error = np.std(others, ddof=1) * np.sqrt(1 / own + 1 / draws)
			found.append((value - np.mean(others)) / error)
	# the root mean square of a t of 7 degrees of freedom is 1.18
	size = float(np.sqrt(np.mean(np.square(found))))
	assert 0.7 < size < 1.7, found


def classes_of_all(items: ItemTable, history: DemandHistory) -> np.ndarray:
	return classes_of(items, snapshot(history, items, 7).demand)


def test_more_service_is_never_less() -> None:
	items, history = market(1)
	service = replay_service(
		lean(items), replayed(items, history), np.random.default_rng(0), lead_time_draws=2
	)
	for curve in curves_of(service, classes_of_all(items, history), "item"):
		rates = np.array([point.fill_rate for point in curve.points])
		stock = np.array([point.stock_value for point in curve.points])
		assert (np.diff(rates) > -0.01).all()
		assert (np.diff(stock) > -0.01 * stock[:-1]).all()


def test_targets_are_reached_at_the_least_cost() -> None:
	"""And a quarter of a step less does not reach them."""
	items, history = market(2, spread=0.0)
	policy, classes = lean(items), classes_of_all(items, history)
	service = replay_service(policy, replayed(items, history), np.random.default_rng(0))
	targets = [Target("class", "A", fill_rate=0.97), Target("all", fill_rate=0.9)]
	solved = solve(service, policy, replayed(items, history), targets, classes, np.random.default_rng(0))
	for each in solved:
		assert each.is_reached
		assert each.target.fill_rate <= each.fill_rate
	again = with_targets(policy, [each.target for each in solved], items, snapshot(history, items, 7).demand)
	checked = replay_service(again, replayed(items, history), np.random.default_rng(0), factors=())
	at = assigned(targets, items, classes)
	for i, each in enumerate(solved):
		assert checked.point(at == i).fill_rate == pytest.approx(each.fill_rate)
		less = replace(each.target, factor=each.target.factor / 1.3)
		lower = [less if j == i else other.target for j, other in enumerate(solved)]
		tested = with_targets(policy, lower, items, snapshot(history, items, 7).demand)
		short = replay_service(tested, replayed(items, history), np.random.default_rng(0), factors=())
		assert short.point(at == i).fill_rate < each.target.fill_rate


def test_books_between_two_replayed_ones() -> None:
	items, history = market(4, spread=0.0)
	policy, factor = lean(items), np.full(ITEMS, 0.6, np.float32)
	service = replay_service(policy, replayed(items, history), np.random.default_rng(0))
	everything = np.ones(ITEMS, bool)
	again = service.at_present(np.ones(ITEMS, np.float32)).point(everything)
	assert again.cost == pytest.approx(service.point(everything).cost)
	shifted = replace(policy, service=ServiceShift.per_item(items, factor))
	exact = replay_service(shifted, replayed(items, history), np.random.default_rng(0), factors=())
	between, really = service.at_present(factor).point(everything), exact.point(everything)
	assert between.factor == pytest.approx(0.6)
	assert between.fill_rate == pytest.approx(really.fill_rate, abs=0.005)
	assert between.stock_value == pytest.approx(really.stock_value, rel=0.02)


def test_what_nothing_reaches_is_said() -> None:
	items, history = market(3, spread=0.0)
	# it starts with an empty shelf
	scenario = replace(replayed(items, history), initial_on_hand=np.zeros(ITEMS, np.float32))
	service = replay_service(lean(items), scenario, np.random.default_rng(0))
	classes = classes_of_all(items, history)
	(found,) = solve(
		service, lean(items), scenario, [Target("all", fill_rate=0.9999)], classes, np.random.default_rng(0)
	)
	assert not found.is_reached
	assert found.fill_rate == max(point.fill_rate for point in service.curve(np.ones(ITEMS, bool)))


def test_the_narrowest_target_counts() -> None:
	items, history = market()
	classes = classes_of_all(items, history)
	targets = [
		Target("item", "ITEM-1", factor=2),
		Target("all", factor=3),
		Target("group", "Nuts", factor=4),
		Target("class", "A", factor=5),
	]
	factor = factors_of(targets, items, classes)
	for i, key in enumerate(items.keys):
		wanted = 3.0
		wanted = 5.0 if "A" in classes[i] else wanted
		wanted = 4.0 if items.groups[i] == "Nuts" else wanted
		assert factor[i] == (2.0 if key.item_code == "ITEM-1" else wanted)


@pytest.mark.parametrize(
	"wrong",
	[
		{"scope": "class", "name": "Q"},
		{"scope": "all", "name": "A"},
		{"scope": "item"},
		{"scope": "all", "fill_rate": 1.0},
		{"scope": "all", "factor": 0.0},
	],
)
def test_targets_that_are_none(wrong: dict[str, object]) -> None:
	with pytest.raises(ValueError, match=r"scope|fill rate|factor"):
		Target(**wrong)
	with pytest.raises(PolicyFileError, match="set them again"):
		targets_from([wrong])


def test_a_policy_file_keeps_its_targets() -> None:
	"""And serves them, also on other items than it was made for."""
	items, history = market()
	targets = [Target("all", fill_rate=0.98, factor=50.0), Target("item", "ITEM-2", factor=2.0)]
	stored = StoredPolicy(lean(items), snapshot(history, items, 7), 7, "lost", {SERVICE: as_json(targets)})
	read = parse_policy(unpack(pack(policy_files(stored)), "it"), "it")
	assert read.policy.service is None
	assert list(targets_from(read.about[SERVICE])) == targets
	served = adapted_to(serving(read), items.keys[1:3])
	table = items.take([1, 2])
	assert served.policy.service is not None
	assert served.policy.service.parameters.aligned_with(table)["factor"].tolist() == [2.0, 50.0]


def test_between_two_points_of_a_curve() -> None:
	def point(factor: float, rate: float, stock: float) -> Point:
		return Point(factor, rate, stock, *([0.0] * 7))

	curve = [point(1.0, 0.9, 100.0), point(4.0, 0.96, 200.0), point(16.0, 0.96, 300.0)]
	found = at_fill_rate(curve, 0.93)
	assert found is not None
	assert (found.factor, found.stock_value) == (pytest.approx(2.0), pytest.approx(150.0))
	assert at_fill_rate(curve, 0.96).stock_value == 200.0
	assert at_fill_rate(curve, 0.9).stock_value == 100.0
	assert at_fill_rate(curve, 0.97) is None
	assert at_fill_rate(curve, 0.5) is None
