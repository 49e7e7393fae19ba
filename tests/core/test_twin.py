"""The differentiable twin follows the numpy simulation step by step."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from core_samples import forecast_rule  # noqa: E402

from rl_replenishment.core.demand.history import DemandHistory  # noqa: E402
from rl_replenishment.core.demand.poisson import PoissonDemand  # noqa: E402
from rl_replenishment.core.environments.batch import ReplenishmentTask  # noqa: E402
from rl_replenishment.core.items import ItemTable  # noqa: E402
from rl_replenishment.core.policies.base import State  # noqa: E402
from rl_replenishment.core.policies.network import Normaliser  # noqa: E402
from rl_replenishment.core.policies.order_up_to import FixedLevels, OrderUpTo  # noqa: E402
from rl_replenishment.core.policies.parameters import ItemParameters  # noqa: E402
from rl_replenishment.core.policies.residual_network import ResidualNetwork  # noqa: E402
from rl_replenishment.core.simulation.dynamics import Inventory  # noqa: E402
from rl_replenishment.core.training.networks import make_perceptron, numpy_network  # noqa: E402
from rl_replenishment.core.training.panel import draw_panel, draw_window  # noqa: E402
from rl_replenishment.core.training.replays import expected_cost  # noqa: E402
from rl_replenishment.core.training.twin import Rollout, Twin  # noqa: E402

REVIEWS = 12
ITEMS = {
	"lead_time_days": [0, 1, 5, 9, 16, 3],
	"lead_time_std_days": [0, 0, 2, 0, 4, 0],
	"unit_cost": [1, 5, 2, 8, 3, 4],
	"holding_cost_rate": 20.0,
	"stockout_cost_rate": 0.7,
	"order_cost": [0, 3, 0, 20, 1, 2],
	"min_order_qty": [0, 0, 12, 0, 30, 0],
	"order_multiple": [1, 0, 6, 5, 1, 1],
	"shelf_life_days": [np.inf, np.inf, np.inf, 10, np.inf, 4],
}


def make_task(review_days: int, unmet_demand: str, perishable: bool, gap: float) -> ReplenishmentTask:
	values = dict(ITEMS) if perishable else {k: v for k, v in ITEMS.items() if k != "shelf_life_days"}
	items = ItemTable.create(list("ABCDEF"), **values)
	rng = np.random.default_rng(5)
	demand = rng.poisson([1, 8, 0.3, 5, 20, 3], (200, 6)).astype(np.float32)
	history = DemandHistory(items.keys, np.datetime64("2024-01-01"), demand)
	rule = forecast_rule()
	defaults = {**rule.rule.parameters.defaults, "gap": gap}
	rule = replace(rule, rule=replace(rule.rule, parameters=ItemParameters.everywhere(**defaults)))
	return ReplenishmentTask(
		items, history, rule, np.ones(6, np.float32), review_days=review_days, unmet_demand=unmet_demand
	)


def random_network(scale: float = 0.3) -> torch.nn.Sequential:
	generator = torch.Generator().manual_seed(3)
	network = make_perceptron((16,), generator)
	with torch.no_grad():
		network[-1].weight.normal_(0, scale, generator=generator)
	return network


@pytest.mark.parametrize("review_days", [1, 7])
@pytest.mark.parametrize("unmet_demand", ["lost", "backorder"])
@pytest.mark.parametrize(("perishable", "gap"), [(False, 0.0), (True, 0.0), (True, 1.0)])
def test_same_orders_and_costs_as_numpy(review_days, unmet_demand, perishable, gap):
	"""At every review: lead times of zero days, random ones, packs, minimum orders, shelf life.

	To 1e-5 of the column's largest: stocks in 32 bits leave no more after a subtraction.
	"""
	task = make_task(review_days, unmet_demand, perishable, gap)
	rng = np.random.default_rng(11)
	panel = draw_panel(task, 40, rng)
	window = draw_window(panel, REVIEWS, rng)
	normaliser = Normaliser.of(panel.observation.reshape(-1, panel.observation.shape[2]))
	network = random_network()
	with torch.no_grad():
		found = Twin(panel, normaliser).roll(network, window)
	policy = ResidualNetwork("served", task.classical, normaliser, numpy_network(network))
	for column in range(len(panel)):
		ordered, cost = replay_column(task, panel, window, policy, column)
		for of_twin, of_numpy in ((found.ordered, ordered), (found.cost, cost)):
			limit = 1e-5 * max(1.0, *of_numpy)
			np.testing.assert_allclose(of_twin[:, column].numpy(), of_numpy, rtol=0, atol=limit)


def replay_column(task, panel, window, policy, column: int) -> tuple[list[float], list[float]]:
	"""One column through `Inventory`: what was ordered and what it cost at each review."""
	items = panel.items.take(np.array([column]))
	inventory = Inventory(
		items, unmet_demand=panel.unmet_demand, longest_lead_time=int(window.lead_times.max())
	)
	inventory.reset(np.array([0]), window.on_hand[[column]])
	horizon = items.whole_lead_time_days + panel.review_days
	ordered, costs = [], []
	for k in range(len(window.lead_times)):
		day = int(panel.days[min(window.first[column] + k, len(panel.days) - 1)])
		inventory.receive()
		demand = panel.demand[:, [column]]
		known = task.demand_model.statistics(demand, horizon, np.array([day])).on(0)
		today = task.history.start + np.timedelta64(day, "D")
		state = State(
			items,
			today,
			panel.review_days,
			inventory.net_stock.copy(),
			inventory.arrivals(),
			known,
			unmet_demand=panel.unmet_demand,
		)
		quantity = inventory.place_orders(policy.order_quantities(state), window.lead_times[k, [column]])
		cost = float((quantity[0] > 0) * items.order_cost[0])
		for passed in range(panel.review_days):
			if passed:
				inventory.receive()
			result = inventory.serve(demand[min(day + passed, len(demand) - 1)])
			cost += float((result.holding_cost + result.stockout_cost + result.waste_cost)[0])
		ordered.append(float(quantity[0]))
		costs.append(cost / float(panel.cost_scale[column]))
	return ordered, costs


def test_the_gradient_is_that_of_the_cost():
	"""Without packs or decisions the gradient agrees with a small step in the weights."""
	task = make_task(7, "lost", False, 0.0)
	items = ItemTable.create(list("ABCDEF"), lead_time_days=ITEMS["lead_time_days"], order_multiple=0.0)
	task = replace(task, items=items)
	rng = np.random.default_rng(2)
	panel = draw_panel(task, 512, rng)
	window = draw_window(panel, REVIEWS, rng)
	normaliser = Normaliser.of(panel.observation.reshape(-1, panel.observation.shape[2]))
	network = random_network(0.05).double()
	twin = Twin(panel, normaliser)

	def cost() -> torch.Tensor:
		return twin.roll(lambda seen: network(seen.double()).float(), window).cost.double().mean()

	loss = cost()
	loss.backward()
	bias = network[-1].bias
	gradient, step = float(bias.grad[1]), 1e-3
	with torch.no_grad():
		bias[1] += step
		above = float(cost())
		bias[1] -= 2 * step
		below = float(cost())
	assert abs(gradient) > 1e-3
	assert gradient == pytest.approx((above - below) / (2 * step), rel=0.05)


@pytest.mark.parametrize(("rounding", "falls_upwards"), [(0.0, True), (0.5, False)])
def test_a_level_settles_below_the_edge_of_rounding(rounding, falls_upwards):
	"""A level of 7 is best; 6.9 is served as 7 and 7.1 as 8, so at 6.9 nothing must draw it upwards."""
	items = ItemTable.create(["A"], lead_time_days=0, holding_cost=1.0, stockout_cost=3.6)
	history = DemandHistory(items.keys, np.datetime64("2024-01-01"), np.full((100, 1), 5, np.float32))
	levels = ItemParameters.everywhere(reorder_point=6.9, order_up_to=6.9, cap=np.inf)
	task = ReplenishmentTask(
		items,
		history,
		OrderUpTo("base-stock", FixedLevels(levels)),
		np.array([5], np.float32),
		review_days=1,
		unmet_demand="lost",
		demand_model=PoissonDemand(5.0),
	)
	rng = np.random.default_rng(0)
	panel = draw_panel(task, 512, rng)
	network = make_perceptron((4,), torch.Generator().manual_seed(0))
	normaliser = Normaliser.of(panel.observation.reshape(-1, panel.observation.shape[2]))
	rollout = Twin(panel, normaliser).roll(
		network, draw_window(panel, 30, rng), rounding=rounding, generator=torch.Generator().manual_seed(1)
	)
	rollout.cost[5:].mean().backward()
	assert (float(network[-1].bias.grad[1]) < 0) == falls_upwards


def test_the_decision_to_order_has_a_gradient_too():
	"""With an order cost, the likelihood-ratio gradient points the way the expected cost falls."""
	items = ItemTable.create(["A"], lead_time_days=2, holding_cost=1.0, stockout_cost=9.0, order_cost=50.0)
	history = DemandHistory(items.keys, np.datetime64("2024-01-01"), np.full((200, 1), 5, np.float32))
	for reorder_point, falls_upwards in ((0.0, True), (60.0, False)):
		levels = ItemParameters.everywhere(reorder_point=reorder_point, order_up_to=70.0, cap=np.inf)
		rule = OrderUpTo("(s, S)", FixedLevels(levels))
		task = ReplenishmentTask(items, history, rule, np.array([30], np.float32), review_days=1)
		rng = np.random.default_rng(4)
		panel = draw_panel(task, 256, rng)
		normaliser = Normaliser.of(panel.observation.reshape(-1, panel.observation.shape[2]))
		network = make_perceptron((4,), torch.Generator().manual_seed(0))
		rollout = Twin(panel, normaliser, copies=4).roll(
			network,
			draw_window(panel, 40, rng),
			softness=0.1,
			generator=torch.Generator().manual_seed(1),
		)
		expected_cost(rollout, 4, 0.97).backward()
		assert (float(network[-1].bias.grad[0]) < 0) == falls_upwards


def test_a_rollout_of_one_copy_has_the_pathwise_gradient_alone():
	cost = torch.ones(3, 4, requires_grad=True)
	nothing = torch.zeros(3, 4)
	rollout = Rollout(cost, nothing, nothing, nothing, nothing)
	expected_cost(rollout, 1, 0.9).backward()
	np.testing.assert_allclose(cost.grad.numpy(), 1 / 12)
