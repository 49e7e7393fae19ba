"""What a learned policy has to beat: tuned on the past alone, and bounded by the best of hindsight."""

import itertools
import sys
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest
from core_samples import MONDAY, codes, forecast_rule, history_of, mixed_history, mixed_items, scenario_of

from rl_replenishment.core.errors import InputError
from rl_replenishment.core.evaluation.backtest import backtest
from rl_replenishment.core.evaluation.peers import boosted_forecast, perfect_foresight, tune_peers
from rl_replenishment.core.evaluation.peers.boosted_forecast import BoostedForecast, tune_boosted_forecast
from rl_replenishment.core.evaluation.peers.common_rule import CommonRule, tune_common_rule
from rl_replenishment.core.evaluation.peers.past import Past
from rl_replenishment.core.evaluation.peers.perfect_foresight import PerfectForesight, cheapest_orders
from rl_replenishment.core.evaluation.peers.validation import cheapest, smoothed
from rl_replenishment.core.evaluation.schedule import ScheduledOrders
from rl_replenishment.core.items import ItemTable
from rl_replenishment.core.policies.base import Policy, State
from rl_replenishment.core.policies.order_up_to import base_stock
from rl_replenishment.core.simulation.rollout import run, run_blind
from rl_replenishment.core.simulation.scenario import Scenario, replay

HELD = 60


def settings(**changed: object) -> dict[str, object]:
	return {"review_days": 7, "unmet_demand": "lost", "seed": 0, **changed}


def state_on(history, items: ItemTable, row: int, on_hand: float = 0.0) -> State:  # type: ignore[no-untyped-def]
	return State.from_history(
		items,
		history.demand[:row],
		today=history.start + np.timedelta64(row, "D"),
		review_days=7,
		on_hand=np.full(len(items), on_hand, np.float32),
	)


# --- perfect foresight ---

#: what makes a lot-sizing problem of its own, each with the quantities that could be worth ordering
PROBLEMS = {
	"single units": ({}, range(9)),
	"packs": ({"order_multiple": 3}, range(0, 13, 3)),
	"minimum order": ({"min_order_qty": 4}, [0, *range(4, 18)]),
	"packs and a minimum": ({"order_multiple": 2, "min_order_qty": 5}, [0, 6, 8, 10]),
	"dear orders": ({"order_cost": 9.0}, range(18)),
	"stock-outs cheaper than holding": ({"stockout_cost": 0.3}, range(9)),
	"at once": ({"lead_time_days": 0}, range(9)),
}


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("unmet", ["lost", "backorder"])
def test_nothing_is_cheaper_than_perfect_foresight(name: str, unmet: str) -> None:
	"""Against every combination of orders, run through the simulation itself."""
	properties, quantities = PROBLEMS[name]
	given = {"lead_time_days": 2, "holding_cost": 0.2, "stockout_cost": 2.0, "order_cost": 1.0}
	items = ItemTable.create(codes(1), **{**given, **properties})
	demand = np.random.default_rng(len(name)).integers(0, 5, (8, 1))
	scenario = scenario_of(items, demand, review_days=2, unmet_demand=unmet, initial_on_hand=3)
	known = np.zeros((4, 1), np.float32)
	known[3] = 1
	scenario = replace(scenario, initial_arrivals=known)
	reviews = [day for day in range(scenario.days) if scenario.is_review(day)]
	least = np.inf
	for chosen in itertools.product(quantities, repeat=len(reviews) - 1):
		orders = np.zeros((scenario.days, 1), np.float32)
		orders[reviews[:-1], 0] = chosen
		cost = run_blind(ScheduledOrders("", scenario.date(0), orders), scenario).cost.sum()
		least = min(least, float(cost))
	assert PerfectForesight().books(scenario).cost.sum() == pytest.approx(least, rel=1e-5)


@pytest.fixture(scope="module")
def mixed() -> Scenario:
	"""Packs, minimum orders, largest orders, a shelf life and random lead times."""
	return replay(mixed_items(), mixed_history(250), days=90, review_days=7, rng=np.random.default_rng(3))


def test_perfect_foresight_is_never_dearer_on_any_item(mixed: Scenario) -> None:
	bound = PerfectForesight().books(mixed)
	for factor in (-1.0, 0.0, 1.0, 2.0):
		for gap in (0.0, 0.5, 2.0):
			cost = run(forecast_rule(safety_factor=factor, gap=gap), mixed).cost
			assert (bound.cost <= cost * (1 + 1e-5)).all()
	assert bound.waste_cost.sum() == 0


def test_a_coarser_grid_is_nearly_as_good(mixed: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
	"""Where an item moves more units than can be told apart; whole packs stay whole."""
	exact = PerfectForesight().books(mixed).cost
	monkeypatch.setattr(perfect_foresight, "MOST_LEVELS", 500)
	found = PerfectForesight().books(mixed)
	assert (found.cost >= exact * (1 - 1e-5)).all()
	assert found.cost.sum() < exact.sum() * 1.02
	assert found.cost[4] > exact[4]
	orders = cheapest_orders(mixed)
	assert not (orders[:, 3] % 12).any()


def test_fractions_of_a_unit() -> None:
	"""Goods by weight: nothing is lost to rounding."""
	items = ItemTable.create(codes(1), lead_time_days=0, order_multiple=0, holding_cost=1, stockout_cost=50)
	demand = np.array([[0.7], [1.3], [0.25], [2.05]])
	books = PerfectForesight().books(scenario_of(items, demand))
	assert books.cost.sum() == pytest.approx(0, abs=1e-4)
	assert books.ordered.sum() == pytest.approx(4.3)


def test_who_waits_from_the_start_is_served() -> None:
	"""Although nobody asks for more."""
	items = ItemTable.create(codes(1), lead_time_days=1, stockout_cost=3, holding_cost=1, order_multiple=4)
	scenario = scenario_of(items, np.zeros((6, 1)), unmet_demand="backorder", initial_on_hand=-4)
	books = PerfectForesight().books(scenario)
	assert books.ordered.sum() == 4
	assert books.cost.sum() == 12


def test_what_cannot_be_ordered_is_not() -> None:
	items = ItemTable.create(codes(2), max_order_qty=[0, np.inf], lead_time_days=0)
	books = PerfectForesight().books(scenario_of(items, np.ones((10, 2))))
	assert books.orders[0] == 0
	assert books.sales[1] == 10


def test_each_draw_of_lead_times_is_foreseen(mixed: Scenario) -> None:
	compared = backtest([], [base_stock(50)], mixed, np.random.default_rng(0), replayed=[PerfectForesight()])
	assert [row.kind for row in compared.rows] == ["rule", "bound"]
	assert compared.lead_time_draws > 1
	assert compared.rows[1].ledger.cost.sum() < compared.rows[0].ledger.cost.sum()
	assert not compared.rows[1].is_attainable
	assert compared.rows[1].as_json()["name"] == "perfect foresight"


# --- the common rule ---


def test_common_rule_by_hand() -> None:
	"""Weekly lumps of 0 and 28 by turns: sigma of a week is 14, of 14 days 14 sqrt(2)."""
	demand = np.zeros((112, 1))
	demand[::14] = 28
	history = history_of(demand)
	items = ItemTable.create(codes(1), lead_time_days=7, order_multiple=0)
	orders = CommonRule(Past(history), 91, 1.0, 0.5).order_quantities(state_on(history, items, 112))
	rate = demand[-91:].mean()
	assert orders == pytest.approx([14 * rate + 14 * np.sqrt(2) + 0.5 * 7 * rate])
	enough = state_on(history, items, 112, on_hand=14 * rate + 14 * np.sqrt(2) + 1)
	assert not CommonRule(Past(history), 91, 1.0, 0.5).order_quantities(enough).any()


def test_common_rule_suits_the_validation_days() -> None:
	"""Dear stock-outs of wild demand ask for more safety than cheap ones."""
	rng = np.random.default_rng(0)
	history = history_of(rng.poisson(5, (300, 20)) * (rng.random((300, 20)) < 0.3))

	def tuned(stockout_cost: float) -> CommonRule:
		items = ItemTable.create(codes(20), stockout_cost=stockout_cost, holding_cost=0.05)
		return tune_common_rule(history, HELD, items, **settings())  # type: ignore[arg-type]

	assert tuned(20.0).safety_factor > tuned(0.2).safety_factor + 1


def test_the_cheapest_of_all_candidates() -> None:
	scenario = scenario_of(ItemTable.create(codes(1), lead_time_days=0), np.full((40, 1), 3))
	candidates = [base_stock(level) for level in (0, 2, 3, 9)]
	assert cheapest(candidates, scenario) is candidates[2]


def test_a_valley_goes_before_a_pit() -> None:
	costs = np.array([[9.0, 9, 9, 9, 5, 9], [9, 9, 9, 9, 9, 9], [9, 6, 6, 6, 9, 9]])
	assert np.unravel_index(smoothed(costs).argmin(), costs.shape) == (2, 2)
	np.testing.assert_allclose(smoothed(np.full((3, 4), 2.0)), 2.0)


# --- the boosted forecast ---


@pytest.fixture(scope="module")
def peers(lightgbm: ModuleType) -> list[Policy]:
	return list(tune_peers(mixed_history(400), HELD, mixed_items(), **settings()))  # type: ignore[arg-type]


def test_peers_are_policies(peers: list[Policy]) -> None:
	history, items = mixed_history(400), mixed_items()
	assert [peer.name for peer in peers] == ["boosted forecast", "common rule"]
	for peer in peers:
		assert isinstance(peer, Policy)
		empty, full = (peer.order_quantities(state_on(history, items, 350, stock)) for stock in (0.0, 1e5))
		assert empty.shape == (5,)
		assert (empty > 0).all()
		assert not full.any()


@pytest.mark.parametrize("number", [0, 1])
def test_peers_do_not_look_ahead(peers: list[Policy], number: int) -> None:
	"""Neither in training nor when they order: with another future they order the same."""
	past, items = mixed_history(400), mixed_items()
	demand = past.demand.copy()
	demand[400 - HELD :] = demand[400 - HELD :][::-1] * 3
	other = tune_peers(history_of(demand), HELD, items, **settings())[number]  # type: ignore[arg-type]
	for row in (400 - HELD, 400 - HELD - 7):
		state = state_on(past, items, row)
		np.testing.assert_array_equal(other.order_quantities(state), peers[number].order_quantities(state))


@pytest.mark.parametrize("number", [0, 1])
def test_peers_know_their_own_items_only(peers: list[Policy], number: int) -> None:
	items = mixed_items().take([1, 0, 2, 3, 4])
	with pytest.raises(ValueError, match="of its own history"):
		peers[number].order_quantities(state_on(mixed_history(400), items, 350))


@pytest.mark.usefixtures("lightgbm")
def test_boosted_forecast_sees_what_a_level_cannot() -> None:
	"""Demand every fourth week: after a month it orders for the week that it knows will come."""
	demand = np.zeros((364, 12))
	demand[21::28] = np.arange(10, 22)
	history = history_of(demand)
	items = ItemTable.create(codes(12), lead_time_days=7, unit_cost=10, order_multiple=0)
	found = tune_boosted_forecast(history, 56, items, **settings())  # type: ignore[arg-type]
	# the demand of row 329 is in the 14 days from row 322 on, and not in those from row 308 on
	before, after = (found.order_quantities(state_on(history, items, row)).sum() for row in (308, 322))
	assert after > 1.5 * before


@pytest.mark.usefixtures("lightgbm")
def test_boosted_forecast_covers_its_quantile() -> None:
	"""On days that it was not trained on, of demand that is nothing but noise."""
	history = history_of(np.random.default_rng(0).poisson(4, (500, 40)))
	items = ItemTable.create(codes(40), lead_time_days=7)
	past, horizon = Past(history), np.full(40, 14)
	data = boosted_forecast.training_data(past, 400, items, 7)

	def coverage(quantile: float) -> float:
		model = boosted_forecast.fit(data, quantile, 0)
		covered = [
			past.ahead(row, horizon)
			<= model.predict(boosted_forecast.features(past, row, items, horizon))
			* boosted_forecast.level(past, row, items, horizon)
			* horizon
			for row in range(400, 486, 7)
		]
		return float(np.mean(covered))

	assert coverage(0.5) == pytest.approx(0.5, abs=0.1)
	# of few and pure noise, trees learn some by heart: the upper quantiles come out low
	assert 0.8 < coverage(0.95) <= 0.97


@pytest.mark.usefixtures("lightgbm")
def test_boosted_forecast_needs_a_history() -> None:
	with pytest.raises(InputError, match=r"needs more history: 72 days are left .* give a longer history"):
		tune_boosted_forecast(mixed_history(120), 24, mixed_items(), **settings())  # type: ignore[arg-type]


def test_lightgbm_that_cannot_be_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
	"""As where the system lacks the library that it is linked to."""

	class Unlinked:
		def find_spec(self, name: str, *_: object) -> None:
			if name == "lightgbm":
				raise OSError("libgomp.so.1: cannot open shared object file")

	monkeypatch.delitem(sys.modules, "lightgbm", raising=False)
	monkeypatch.setattr(sys, "meta_path", [Unlinked(), *sys.meta_path])
	with pytest.raises(InputError, match=r"cannot be loaded here \(libgomp.*apt install libgomp1\.$"):
		boosted_forecast.load_lightgbm()


def test_models_are_asked_once(peers: list[Policy]) -> None:
	(boosted,) = (peer for peer in peers if isinstance(peer, BoostedForecast))
	asked = np.zeros((5, 44))
	first = boosted.model.predict(asked)
	assert boosted.model.predict(asked.copy()) is first


def test_examples_end_before_the_row() -> None:
	"""Each with its features, its demand and a weight; items that were not there yet have none."""
	demand = np.ones((200, 2))
	demand[:150, 1] = 0
	items = ItemTable.create(codes(2), lead_time_days=7)
	history = history_of(demand, MONDAY)
	found = boosted_forecast.training_data(Past(history), 190, items, 7)
	assert found.features.shape == (len(found.demand), 44)
	# origins 176, 169, ..., 92 of the first, of the second those after row 150
	assert len(found.demand) == 13 + 4
	changed = history_of(np.concatenate([demand[:190], demand[190:] * 9]))
	again = boosted_forecast.training_data(Past(changed), 190, items, 7)
	np.testing.assert_array_equal(again.demand, found.demand)
