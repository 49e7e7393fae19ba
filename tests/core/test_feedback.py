"""The buyer's answers: what a proposal earns, and the situation it was made in."""

from typing import Any

import numpy as np
import pytest
from core_samples import (
	MONDAY,
	actions,
	codes,
	forecast_rule,
	history_of,
	mixed_history,
	mixed_items,
	residual_policy,
)
from hypothesis import given
from hypothesis import strategies as st

from rl_replenishment.core.demand.statistics import STATISTIC_NAMES, demand_statistics
from rl_replenishment.core.environments.feedback import (
	FeedbackBatch,
	FeedbackSituations,
	recall_situations,
)
from rl_replenishment.core.feedback import LARGEST_PENALTY, feedback_reward, feedback_scale
from rl_replenishment.core.files.feedback import FeedbackRows
from rl_replenishment.core.items import ItemKey, ItemTable
from rl_replenishment.core.policies.base import protection_days
from rl_replenishment.core.policies.residual_network import ResidualNetwork

REVIEW_DAYS = 7
NAN, NOT_SAID = float("nan"), "NaT"


def reward(proposed: float, ordered: float, scale: float) -> float:
	return float(feedback_reward(np.array([proposed]), np.array([ordered]), np.array([scale]))[0])


@pytest.mark.parametrize(
	("proposed", "ordered", "scale", "expected"),
	[
		(24, 24, 12, 1),
		(24, 24.0005, 12, 1),
		(24, 12, 12, -1),
		(24, 36, 12, -1),
		(24, 30, 12, -0.5),
		# turned down: ordered 0
		(24, 0, 12, -2),
		# added by the buyer: proposed 0
		(0, 6, 12, -0.5),
		# rightly nothing
		(0, 0, 12, 1),
		# never worse than the largest penalty
		(0, 1e6, 12, -LARGEST_PENALTY),
		(1e6, 0, 12, -LARGEST_PENALTY),
		# a scale of nothing does not divide
		(5, 6, 0, -LARGEST_PENALTY),
	],
)
def test_reward_by_example(proposed: float, ordered: float, scale: float, expected: float) -> None:
	assert reward(proposed, ordered, scale) == pytest.approx(expected)


@given(st.integers(0, 500).map(float), st.integers(0, 500).map(float), st.integers(1, 60).map(float))
def test_more_or_less_is_punished_alike(proposed: float, ordered: float, scale: float) -> None:
	"""The sign must not matter, or the agent would be paid to propose less."""
	found = reward(proposed, ordered, scale)
	assert found == reward(ordered, proposed, scale)
	if proposed == ordered:
		assert found == 1
	else:
		assert found == pytest.approx(-min(abs(ordered - proposed) / scale, LARGEST_PENALTY), rel=1e-5)
		# the best answer is the buyer's
		assert found < reward(ordered, ordered, scale)


def test_scale_is_a_pack_or_a_review_periods_demand() -> None:
	"""Whichever is larger."""
	found = feedback_scale(np.array([12, 12], np.float32), np.array([1, 5], np.float32), 7)
	assert found.tolist() == [12, 35]


def rows(**columns: Any) -> FeedbackRows:
	"""One row per proposed quantity; what is not given is not said."""
	count = len(columns["proposed_qty"])
	given_ = {
		"ordered_qty": columns["proposed_qty"],
		"date": [NOT_SAID] * count,
		"on_hand": [NAN] * count,
		"on_order": [NAN] * count,
		**columns,
	}
	return FeedbackRows(
		keys=tuple(ItemKey(code) for code in codes(count)),
		date=np.array(given_.pop("date"), dtype="datetime64[D]"),
		reason=("",) * count,
		**{name: np.array(values, np.float64) for name, values in given_.items()},
	)


def recall(
	policy: ResidualNetwork, answers: FeedbackRows, index: list[int], days: int = 200
) -> FeedbackSituations:
	return recall_situations(
		policy, mixed_items(), mixed_history(days), answers, np.array(index, np.intp), REVIEW_DAYS
	)


def policy_of(**rule: Any) -> ResidualNetwork:
	return residual_policy(forecast_rule(items=mixed_items(), **rule), np.random.default_rng(0))


def test_a_situation_is_what_was_known_on_its_day() -> None:
	"""Demand before the date only; a row without a date is decided on the day after the history."""
	day = MONDAY + np.timedelta64(100, "D")
	answers = rows(
		proposed_qty=[10, 10, 10],
		date=[day, NOT_SAID, "2020-01-01"],
		on_hand=[3, -4, 5],
		on_order=[2, 0, NAN],
	)
	found = recall(policy_of(), answers, [4, 2, 4])
	state = found.situation.state
	assert state.on_hand.tolist() == [3, -4, 5]
	assert state.arrivals.sum(axis=0).tolist() == [2, 0, 0]
	assert state.review_days == REVIEW_DAYS
	assert [key.item_code for key in state.items.keys] == ["ITEM-5", "ITEM-3", "ITEM-5"]
	history = mixed_history(200)
	assert np.asarray(state.today)[:2].tolist() == [day.astype(object), history.end.astype(object)]
	known = demand_statistics(history.demand, protection_days(mixed_items(), REVIEW_DAYS), [100, 200, 0])
	for name in STATISTIC_NAMES:
		expected = getattr(known, name)[np.arange(3), [4, 2, 4]]
		np.testing.assert_array_equal(getattr(state.demand, name), expected, err_msg=name)


def test_open_orders_without_dates_are_half_way() -> None:
	answers = rows(proposed_qty=[1, 1], on_order=[6, 7], on_hand=[0, 0])
	state = recall(policy_of(), answers, [0, 4]).situation.state
	# lead times of 0 and 21 days
	assert state.arrivals[0].tolist() == [6, 0]
	assert state.arrivals[10].tolist() == [0, 7]


@pytest.mark.parametrize("on_order", [NAN, 0.0, 24.0])
def test_stock_is_inferred_from_what_was_proposed_by_base_stock(on_order: float) -> None:
	"""So that the classical rule would have proposed that; also nothing."""
	proposed = [4.0, 30.0, 24.0, 60.0, 33.5, 0.0]
	answers = rows(proposed_qty=proposed, on_order=[on_order] * 6)
	found = recall(policy_of(safety_factor=1.0), answers, [0, 1, 2, 3, 4, 4])
	assert found.situation.classical.tolist() == pytest.approx(proposed, abs=1e-3)
	quantity = found.situation.decide(actions(6)).quantity
	assert quantity.tolist() == pytest.approx(proposed, abs=1e-3)


def test_stock_is_inferred_from_what_was_proposed_by_s_S() -> None:
	"""For proposals of at least S - s, the least that such a rule proposes."""
	policy = policy_of(safety_factor=1.0, gap=0.5)
	situation = recall(policy, rows(proposed_qty=[0.0] * 5), [0, 1, 2, 3, 4]).situation
	least = situation.levels.order_up_to - situation.levels.reorder_point
	proposed = np.ceil(least) + np.array([0, 1, 5, 20, 100])
	found = recall(policy, rows(proposed_qty=proposed), [0, 1, 2, 3, 4])
	np.testing.assert_allclose(found.situation.classical, proposed, rtol=1e-4)


def test_small_corrected_proposals_of_s_S_are_recalled_as_close_as_can_be() -> None:
	"""The network had made S - s less: the rule's nearest proposal is S - s, not nothing."""
	policy = policy_of(safety_factor=1.0, gap=1.0)
	situation = recall(policy, rows(proposed_qty=[0.0] * 5), [0, 1, 2, 3, 4]).situation
	least = situation.levels.order_up_to - situation.levels.reorder_point
	proposed = np.ceil(least * 0.8)
	assert (proposed < least).any()
	found = recall(policy, rows(proposed_qty=proposed), [0, 1, 2, 3, 4])
	assert (found.situation.classical > 0).all()


def some_answers() -> FeedbackSituations:
	"""Four proposals, of which the buyer changed two."""
	answers = rows(
		proposed_qty=[10.0, 30.0, 24.0, 60.0],
		ordered_qty=[10.0, 40.0, 24.0, 0.0],
		on_hand=[2.0, 10.0, 50.0, 90.0],
	)
	return recall(policy_of(), answers, [4, 1, 2, 3])


def test_scores_of_any_action() -> None:
	"""The reward of the quantity that an action means, against what the buyer ordered."""
	found = some_answers()
	assert len(found) == 4
	assert found.corrected.tolist() == [False, True, False, True]
	for value in (-1.0, 0.0, 0.3):
		quantity = found.situation.decide(actions(4, value)).quantity
		expected = feedback_reward(quantity, found.ordered, found.scale)
		np.testing.assert_array_equal(found.rewards(actions(4, value)), expected)
	np.testing.assert_array_equal(
		found.scale[2:],
		np.maximum(found.situation.state.items.order_unit, found.situation.state.demand.level_91 * 7)[2:],
	)


def test_distance_counts_corrected_and_confirmed_half_each() -> None:
	found = some_answers()
	quantity = found.situation.decide(actions(4)).quantity
	missed = np.minimum(np.abs(quantity - found.ordered) / found.scale, LARGEST_PENALTY)
	expected = (missed[found.corrected].mean() + missed[~found.corrected].mean()) / 2
	assert found.distance(actions(4)) == pytest.approx(expected, rel=1e-5)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=9))
def test_taking_situations_keeps_their_decisions(chosen: list[int]) -> None:
	found = some_answers()
	some = found.situation.take(np.array(chosen, np.intp))
	value = actions(4, 0.2)
	np.testing.assert_allclose(
		some.decide(value[chosen]).quantity, found.situation.decide(value).quantity[chosen], rtol=1e-6
	)
	np.testing.assert_array_equal(some.observation, found.situation.observation[chosen])


def test_a_batch_shows_corrected_answers_half_of_the_time() -> None:
	"""However few they are, and pays for what it showed."""
	items = ItemTable.create(codes(1), lead_time_days=2, order_multiple=0)
	history = history_of(np.full((100, 1), 3.0))
	policy = residual_policy(forecast_rule(items=items), np.random.default_rng(0))
	proposed = np.full(20, 8.0)
	ordered = np.where(np.arange(20) == 7, 12.0, 8.0)
	answers = rows(proposed_qty=proposed, ordered_qty=ordered, on_hand=np.arange(20.0))
	found = recall_situations(policy, items, history, answers, np.zeros(20, np.intp), REVIEW_DAYS)
	batch = FeedbackBatch(found, np.random.default_rng(0), columns=2000)
	shown = batch.reset()
	corrected = found.situation.observation[7]
	for _ in range(3):
		is_corrected = (shown == corrected).all(axis=1)
		assert is_corrected.mean() == pytest.approx(0.5, abs=0.05)
		before = shown
		shown, paid = batch.step(actions(2000))
		rewards = found.rewards(actions(20))
		np.testing.assert_array_equal(paid[is_corrected], rewards[7])
		others = before[~is_corrected]
		expected = [rewards[(found.situation.observation == row).all(axis=1)][0] for row in others[:50]]
		assert paid[~is_corrected][:50].tolist() == pytest.approx(expected)


@pytest.mark.parametrize("ordered", [8.0, 9.0])
def test_a_batch_of_one_kind_only(ordered: float) -> None:
	"""All confirmed, or all corrected."""
	answers = rows(proposed_qty=[8.0] * 3, ordered_qty=[ordered] * 3)
	batch = FeedbackBatch(recall(policy_of(), answers, [1, 2, 3]), np.random.default_rng(0), columns=50)
	assert len(np.unique(batch.reset(), axis=0)) == 3
