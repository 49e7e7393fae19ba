"""What an order would do, against sums that can be done by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rl_replenishment.core.outlook import COURSES, Outlook, project, runs_out_in


def outlook(**changes: Any) -> Outlook:
	"""One item that sells 2 a day for sure; an order arrives in 5 days, the one after it in 10."""
	values: dict[str, Any] = {
		"on_hand": [20],
		"arrivals": [[0]],
		"known_demand": [[0]],
		"arrival_days": [5],
		"protection_days": [10],
		"low": [20],
		"middle": [20],
		"high": [20],
		"holding_cost": [0.5],
		"stockout_cost": [3],
		"order_cost": [0],
	}
	unmet, review_days = changes.pop("unmet_demand", "lost"), changes.pop("review_days", 5)
	arrays = {name: np.array(value, np.float32) for name, value in {**values, **changes}.items()}
	return Outlook(**arrays, review_days=review_days, unmet_demand=unmet)


def quantity(value: float) -> np.ndarray:
	return np.array([value], np.float32)


def test_sure_demand_empties_the_shelf_and_no_more() -> None:
	found = project(outlook(), quantity(0))
	assert found.stock.shape == (10, COURSES, 1)
	assert found.stock[:, 0, 0].tolist() == pytest.approx([18, 16, 14, 12, 10, 8, 6, 4, 2, 0], abs=1e-4)
	assert found.missed == pytest.approx([0], abs=1e-4)
	assert found.holding_cost == pytest.approx([0.5 * sum(range(0, 20, 2))], rel=1e-4)
	assert found.cover_days == pytest.approx([10], rel=1e-5)


@pytest.mark.parametrize(
	("changes", "days"),
	[
		({}, np.inf),
		({"on_hand": [19]}, 9),
		({"on_hand": [1]}, 0),
		# in time, too late, and nearly too late
		({"on_hand": [6], "arrivals": [[0], [0], [14]]}, np.inf),
		({"on_hand": [6], "arrivals": [[0], [0], [0], [0], [14]]}, 3),
		({"on_hand": [6], "arrivals": [[0], [0], [0], [14]]}, np.inf),
		({"known_demand": [[0], [5]]}, 7),
		({"low": [0], "middle": [0], "high": [0], "on_hand": [0]}, np.inf),
	],
)
def test_when_it_runs_out(changes: dict[str, Any], days: float) -> None:
	assert runs_out_in(outlook(**changes)).tolist() == [days]


def test_what_is_missed_costs_and_stock_stays_at_zero() -> None:
	found = project(outlook(on_hand=[12]), quantity(0))
	assert found.missed == pytest.approx([8], abs=1e-3)
	assert found.missed_cost == pytest.approx([24], abs=1e-3)
	assert found.stock.min() == pytest.approx(0, abs=1e-5)


def test_an_order_meets_what_comes_after_its_arrival_alone() -> None:
	"""Empty from today: five days are lost whatever is ordered."""
	found = project(outlook(on_hand=[0]), quantity(10))
	assert found.missed == pytest.approx([10], abs=1e-3)
	assert found.stock[5:, 0, 0].tolist() == pytest.approx([8, 6, 4, 2, 0], abs=1e-3)


def test_customers_wait_where_demand_is_not_lost() -> None:
	found = project(outlook(on_hand=[16], unmet_demand="backorder"), quantity(0))
	assert found.stock[-1, 0, 0] == pytest.approx(-4, abs=1e-3)
	# two wait a day, then four
	assert found.missed_cost == pytest.approx([3 * (2 + 4)], abs=1e-2)


def test_who_waits_already_is_served_first() -> None:
	found = project(outlook(on_hand=[-4]), quantity(10))
	assert found.stock[4, 0, 0] == pytest.approx(-4, abs=1e-3)
	assert found.stock[5, 0, 0] == pytest.approx(4, abs=1e-3)


def test_what_is_left_is_held_until_it_is_sold() -> None:
	"""40 more than the interval takes: 20 days, half of it on average."""
	base, more = project(outlook(), quantity(0)), project(outlook(), quantity(40))
	extra = 0.5 * (40 * 5 + 40 * 20 / 2)
	assert more.holding_cost - base.holding_cost == pytest.approx([extra], rel=1e-3)


def test_the_usual_lot_is_the_cheapest() -> None:
	"""sqrt(2 K m / h) = 17, with K = 36, h = 0.5 and m = 2 a day, less what the five days until then take."""
	known = outlook(order_cost=[36])

	def cost(left: float) -> float:
		found = project(known, quantity(left))
		return float(found.holding_cost[0] - found.saved_cost[0])

	best = (2 * 36 * 2 / 0.5) ** 0.5 - 2 * 5
	assert cost(best) < min(cost(0.8 * best), cost(1.2 * best))


def test_arrivals_and_promises_count_on_their_days() -> None:
	found = project(outlook(arrivals=[[0], [0], [7]], known_demand=[[0], [3]]), quantity(0))
	assert found.stock[:3, 0, 0].tolist() == pytest.approx([18, 13, 18], abs=1e-3)


def test_more_is_missed_where_demand_is_uncertain_and_less_where_more_is_ordered() -> None:
	wide = outlook(low=[5], high=[35])
	missed = [float(project(wide, quantity(q)).missed[0]) for q in (0, 5, 10, 20)]
	assert missed[0] > 1
	assert missed == sorted(missed, reverse=True)
	low, middle, high = project(wide, quantity(0)).band()[:, -1, 0]
	assert 0 <= low <= middle < high


def test_the_courses_have_the_forecasts_quantiles() -> None:
	wide = outlook(low=[10], middle=[20], high=[50])
	found = np.quantile(wide.courses()[:, 0], [0.1, 0.5, 0.9])
	assert found == pytest.approx([10, 20, 50], rel=0.05)


def test_items_do_not_touch_each_other() -> None:
	two = outlook(
		**{name: [getattr(outlook(), name)[0]] * 2 for name in ("low", "middle", "high")},
		on_hand=[20, 0],
		arrivals=[[0, 0]],
		known_demand=[[0, 0]],
		arrival_days=[5, 2],
		protection_days=[10, 4],
		holding_cost=[0.5, 0.5],
		stockout_cost=[3, 3],
		order_cost=[0, 0],
	)
	found = project(two, np.array([0, 9], np.float32))
	assert found.missed[0] == pytest.approx(0, abs=1e-3)
	assert project(outlook(), quantity(0)).holding_cost[0] == pytest.approx(found.holding_cost[0], rel=1e-5)


def test_nothing_is_sold() -> None:
	still = outlook(low=[0], middle=[0], high=[0])
	assert project(still, quantity(0)).cover_days.tolist() == [np.inf]
	assert project(outlook(on_hand=[0], low=[0], middle=[0], high=[0]), quantity(0)).cover_days.tolist() == [
		0
	]
