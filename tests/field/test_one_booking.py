"""One booking far outside an item's history does not drive its forecast."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from field_samples import (
	BOLT,
	DAYS,
	START,
	bolt_demand,
	bolt_policy,
	bolt_state,
	history_of,
	proposal,
)
from hypothesis import given
from hypothesis import strategies as st

from rl_replenishment.cli import main
from rl_replenishment.core.demand.imputation import impute
from rl_replenishment.core.demand.rhythm import MONTHLY, QUARTERLY, WEEKLY, Rhythm
from rl_replenishment.core.demand.unusual import unusual_bookings
from rl_replenishment.core.items import FloatArray, ItemTable


def found(demand: FloatArray, unit: float = 1.0) -> list[tuple[int, float, float]]:
	"""Day, quantity and what it counts as."""
	history = history_of(demand)
	return [
		(int((each.day - START).astype(int)), each.quantity, each.counted_as)
		for each in unusual_bookings(history, np.full(len(history.keys), unit, np.float32))
	]


@pytest.mark.parametrize("day", [0, 300, DAYS - 364, DAYS - 3, DAYS - 1])
@pytest.mark.parametrize("quantity", [500, 5000])
def test_a_booking_of_many_months(day: int, quantity: float) -> None:
	"""Of an item that sells 4 a day: wherever it lies, it counts as one usual booking."""
	demand = bolt_demand(rate=4)
	demand[day] = quantity
	assert found(demand) == [(day, quantity, 4)]


@pytest.mark.parametrize("ago", [1, 3, 100, 360])
@pytest.mark.parametrize("kind", ["rule", "network"])
def test_the_order_is_that_without_it(ago: int, kind: str) -> None:
	demand = bolt_demand()
	demand[-ago] = 5000
	items = ItemTable.create(["ITEM-0"], **BOLT)
	latest = impute(history_of(demand), items)
	state = bolt_state(demand=latest.history.demand)
	state = replace(state, left_out=latest.left_out, left_out_days_ago=latest.left_out_days_ago)
	policy = bolt_policy(kind).policy
	order = proposal(policy, state)
	assert order.proposed_qty == pytest.approx(proposal(policy, bolt_state()).proposed_qty, abs=3)
	assert f"not counting 4990 that were booked {ago} days ago, far more than ever else" in order.reason


def test_a_project_of_an_item_that_is_otherwise_never_sold() -> None:
	demand = np.zeros((DAYS, 1), np.float32)
	demand[-100] = 400
	assert found(demand) == [(DAYS - 100, 400, 1)]
	latest = impute(history_of(demand), ItemTable.create(["ITEM-0"], **BOLT))
	order = proposal(bolt_policy("rule").policy, bolt_state(0, demand=latest.history.demand))
	assert order.proposed_qty <= 2


def test_two_bookings_are_told_from_the_rest() -> None:
	demand = bolt_demand(rate=4)
	demand[[100, 600]] = [[5000], [4000]]
	assert [day for day, *_ in found(demand)] == [100, 600]


@pytest.mark.parametrize("rate", [0.01, 0.1, 1, 10, 100])
@given(seed=st.integers(0, 10_000), spread=st.sampled_from([0.0, 0.2, 0.4]))
def test_usual_demand_is_left_alone(rate: float, seed: int, spread: float) -> None:
	"""Slow or fast, steady or in lumps, weekly or daily, with promotions of ten days at five times it."""
	rng = np.random.default_rng(seed)
	mean = rate * np.exp(rng.normal(0, spread, (DAYS, 4)))
	promotion = int(rng.integers(0, DAYS - 10))
	mean[promotion : promotion + 10] *= 5
	demand = rng.poisson(mean).astype(np.float32)
	demand[:, 1] *= 12
	demand[:, 2] = np.where(np.arange(DAYS) % 7 == 0, demand[:, 2] * 7, 0)
	history = history_of(demand)
	assert unusual_bookings(history, np.array([1, 12, 1, 1], np.float32)) == []


def test_what_is_repeated_is_usual() -> None:
	"""A customer who takes 400 every half year, beside one a week."""
	demand = np.zeros((DAYS, 1), np.float32)
	demand[::14] = 1
	demand[[100, 280, 460, 640]] = 400
	assert found(demand) == []


def test_a_new_item_that_sells_well() -> None:
	demand = np.zeros((DAYS, 1), np.float32)
	demand[-20:] = 30
	assert found(demand) == []


def test_held_out_days_stay_as_they_were() -> None:
	demand = bolt_demand(rate=4)
	demand[[100, 700]] = 5000
	items = ItemTable.create(["ITEM-0"], **BOLT)
	latest = impute(history_of(demand), items, held=60)
	assert latest.history.demand[100, 0] == 4
	assert latest.history.demand[700, 0] == 5000
	np.testing.assert_array_equal(latest.as_booked.demand, demand)


def write_files(folder: Path) -> tuple[Path, Path]:
	demand = bolt_demand(200)[:, 0]
	demand[190] = 5000
	orders, stock = folder / "orders.csv", folder / "stock.csv"
	lines = [f"BOLT,{START + np.timedelta64(day, 'D')},{quantity:g}" for day, quantity in enumerate(demand)]
	orders.write_text("\n".join(["item_code,date,qty", *lines]))
	stock.write_text("item_code,on_hand\nBOLT,50\n")
	return orders, stock


def test_the_run_names_it_and_a_person_can_say_that_it_was_real(tmp_path: Path, capsys) -> None:
	pytest.importorskip("torch")
	orders, stock = write_files(tmp_path)
	policy = tmp_path / "policy"
	costs = ["--lead-time-days", "10", "--unit-cost", "2", "--order-cost", "4"]
	training = ["--out", str(policy), "--timesteps", "1", "--holdout", "0"]
	assert main(["train", str(orders), *training, *costs]) == 0
	day = START + np.timedelta64(190, "D")
	named = f"counted as one usual booking: 5,000 of BOLT on {day}"
	assert named in capsys.readouterr().err

	def order(*more: str) -> tuple[float, str, str]:
		arguments = ["propose", str(stock), "--policy", str(policy), "--orders", str(orders), "--json", *more]
		assert main(arguments) == 0
		out, err = capsys.readouterr()
		(line,) = json.loads(out)["proposals"]
		return line["proposed_qty"], line["reason"], err

	quantity, reason, said = order()
	assert quantity < 600
	assert "not counting 4990 that were booked 10 days ago" in reason
	assert named in said
	quantity, reason, said = order("--real-demand", "bolt", str(day))
	assert quantity > 1500
	assert "not counting" not in reason
	assert named not in said
	assert (
		main(
			[
				"propose",
				str(stock),
				"--policy",
				str(policy),
				"--orders",
				str(orders),
				"--real-demand",
				"NUT",
				"x",
			]
		)
		== 2
	)
	assert "--real-demand 'x' is not a date" in capsys.readouterr().err


@pytest.mark.parametrize(
	("rhythm", "span", "total"), [(MONTHLY, 30, 300.0), (WEEKLY, 7, 70.0), (QUARTERLY, 91, 900.0)]
)
def test_one_total_far_above_the_others(rhythm: Rhythm, span: int, total: float) -> None:
	"""A steady total is of many bookings: one of 1,500 more stands out, twice the usual does not."""
	demand = np.zeros((24 * span, 2), np.float32)
	demand[::span] = total
	demand[20 * span] = [total + 5 * total + 1500, 2 * total]
	history = replace(history_of(demand), rhythm=rhythm)
	(booking,) = unusual_bookings(history, np.ones(2, np.float32))
	assert (booking.key, booking.counted_as) == (history.keys[0], total)
