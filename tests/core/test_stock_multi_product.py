"""The original three-product environment, rule by rule."""

from typing import Any

import gymnasium
import numpy as np
import pytest

from rl_replenishment.core.environments.stock_multi_product import (
	EPISODE_DAYS,
	OrderLines,
	StockMultiProductBatch,
	StockMultiProductEnv,
	evaluate_stock_multi_product,
	order_up_to_actions,
	sample_order_lines,
)
from rl_replenishment.core.items import FloatArray

NOTHING, TEN, TWENTY = -1.0, 0.0, 1.0


def lines(*rows: tuple[int, int, float]) -> OrderLines:
	"""From rows of product, day and quantity."""
	product, day, quantity = (
		(np.array(column) for column in zip(*rows, strict=True)) if rows else ([], [], [])
	)
	return OrderLines(
		np.asarray(product, np.intp), np.asarray(day, np.intp), np.asarray(quantity, np.float64)
	)


def batch_of(order_lines: OrderLines, episodes: int, seed: int = 0) -> StockMultiProductBatch:
	batch = StockMultiProductBatch(order_lines, np.random.default_rng(seed), episodes=episodes)
	batch.reset(np.arange(episodes))
	return batch


def same_action(episodes: int, value: float) -> FloatArray:
	return np.full((episodes, 3), value, np.float32)


@pytest.mark.parametrize(
	("action", "units"),
	[(-1, 0), (-0.51, 0), (-0.49, 10), (0, 10), (0.49, 10), (0.51, 20), (1, 20), (7, 20), (-7, 0)],
)
def test_orders_are_rounded_to_tens_and_arrive_at_once(action: float, units: float) -> None:
	"""(a + 1) * 10, rounded to 0, 10 or 20."""
	batch = batch_of(lines(), 50)
	before = batch.stocks().copy()
	reward, _, _ = batch.step(same_action(50, action))
	np.testing.assert_array_equal(batch.stocks() - before, units)
	np.testing.assert_allclose(reward, 1 - 3 * units / 30, atol=1e-6)


def test_reward_counts_all_products() -> None:
	"""1 less the units ordered of all products over 30."""
	batch = batch_of(lines(), 1)
	reward, _, _ = batch.step(np.array([[TEN, TWENTY, NOTHING]], np.float32))
	assert reward.tolist() == [pytest.approx(1 - 30 / 30)]
	reward, _, _ = batch.step(np.array([[TEN, NOTHING, NOTHING]], np.float32))
	assert reward.tolist() == [pytest.approx(1 - 10 / 30)]


def test_starting_stocks() -> None:
	"""Whole units, evenly from 20 to 199, each product for itself."""
	stocks = batch_of(lines(), 20_000).stocks()
	assert stocks.shape == (20_000, 3)
	np.testing.assert_array_equal(stocks, np.rint(stocks))
	assert (stocks.min(), stocks.max()) == (20, 199)
	shares = np.bincount(stocks.astype(int).ravel(), minlength=200)[20:] / stocks.size
	np.testing.assert_allclose(shares, 1 / 180, rtol=0.25)
	assert abs(np.corrcoef(stocks.T)[0, 1]) < 0.03


def test_an_episode_has_671_days() -> None:
	"""From 1996-07-04 to 1998-05-06; without any demand, doing nothing earns 1 a day until it is cut off."""
	assert EPISODE_DAYS == 671
	env = StockMultiProductEnv(lines())
	env.reset(seed=0)
	total = 0.0
	for day in range(1, 672):
		_, reward, terminated, truncated, _ = env.step(actions_of(NOTHING))
		total += reward
		assert not terminated
		assert truncated == (day == 671)
	assert total == pytest.approx(671)


def actions_of(*values: float) -> FloatArray:
	return np.broadcast_to(np.array(values, np.float32), (3,))


def test_a_full_shelf_ends_the_episode() -> None:
	"""At 400 units of any product, not before: -240 and terminated."""
	env = StockMultiProductEnv(lines())
	stock, _ = env.reset(seed=1)
	for _ in range(100):
		stock, reward, terminated, truncated, _ = env.step(actions_of(NOTHING, TEN, NOTHING))
		assert terminated == bool((stock >= 400).any())
		assert not truncated
		assert reward == (-240 if terminated else pytest.approx(1 - 10 / 30))
		if terminated:
			assert 400 <= stock[1] < 410
			return
	raise AssertionError("the shelf was never full")


def test_exactly_400_is_full() -> None:
	batch = batch_of(lines(), 400, seed=2)
	for _ in range(50):
		_, terminated, _ = batch.step(same_action(400, TEN))
		exactly = (batch.stocks() == 400).any(axis=1)
		if exactly.any():
			assert terminated[exactly].all()
			return
	raise AssertionError("no stock came to exactly 400")


def test_an_empty_shelf_ends_the_episode() -> None:
	"""At 0 units of any product: a line for all that is there, in whatever episode, ends it in those days."""
	env = StockMultiProductEnv(lines((2, 5, 10_000.0)))
	for seed in range(10):
		env.reset(seed=seed)
		days, terminated = 0, False
		while not terminated:
			stock, reward, terminated, truncated, _ = env.step(actions_of(NOTHING))
			assert terminated or reward == pytest.approx(1)
			days += 1
		# the line of day 5 falls on day 3 to 6, the first day being day 0
		assert 4 <= days <= 7
		assert (reward, truncated) == (-240, False)
		assert stock[2] == -1000
		assert (stock[:2] > 0).all()


def test_exactly_0_is_empty() -> None:
	"""Whole units sold day by day: some episode comes to 0 sharp."""
	batch = batch_of(lines(*((0, day, 10.0) for day in range(2, 60))), 300, seed=1)
	seen = 0
	for _ in range(60):
		alive = (batch.stocks() > 0).all(axis=1)
		_, terminated, _ = batch.step(same_action(300, NOTHING))
		exactly = alive & (batch.stocks()[:, 0] == 0)
		assert terminated[exactly].all()
		seen += int(exactly.sum())
	assert seen > 0


def test_no_penalty_beyond_the_one() -> None:
	"""Two products at once cost no more than one."""
	batch = batch_of(lines((0, 0, 10_000.0), (1, 0, 10_000.0), (2, 0, 10_000.0)), 50)
	rewards = [batch.step(same_action(50, TWENTY))[0] for _ in range(2)]
	assert np.stack(rewards).min() == -240


def demand_by_day(order_lines: OrderLines, episodes: int, days: int) -> np.ndarray:
	"""What was sold in each episode, shape (days, episodes, products); stocks may go below nothing."""
	batch = batch_of(order_lines, episodes)
	stocks = [batch.stocks().copy()]
	for _ in range(days):
		batch.step(same_action(episodes, NOTHING))
		stocks.append(batch.stocks().copy())
	return -np.diff(np.stack(stocks), axis=0)


def test_lines_move_by_minus_2_to_plus_1_days_and_vary_in_size() -> None:
	"""Days evenly; quantities times an even draw of 0.5 to 1.5, rounded to 0.1."""
	sold = demand_by_day(lines((1, 8, 100.0)), 8000, 12)
	assert not sold[:, :, [0, 2]].any()
	assert ((sold[:, :, 1] > 0).sum(axis=0) == 1).all()
	days, episodes = np.nonzero(sold[:, :, 1])
	shares = np.bincount(days, minlength=12) / 8000
	assert shares[6:10].tolist() == pytest.approx([0.25] * 4, abs=0.02)
	quantity = np.rint(sold[days, episodes, 1])
	values, counts = np.unique(quantity, return_counts=True)
	assert values.tolist() == list(range(50, 151, 10))
	expected = np.array([0.05, *[0.1] * 9, 0.05])
	np.testing.assert_allclose(counts / 8000, expected, atol=0.015)


def test_lines_moved_out_of_the_episode_are_lost() -> None:
	first = demand_by_day(lines((0, 0, 10.0)), 4000, 3)
	assert (first.sum(axis=0)[:, 0] > 0).mean() == pytest.approx(0.5, abs=0.03)


def test_several_lines_add_up() -> None:
	sold = demand_by_day(lines(*[(0, 4, 10.0)] * 5, *[(2, 4, 30.0)] * 2), 3000, 8).sum(axis=0)
	assert sold.mean(axis=0).tolist() == pytest.approx([50, 0, 60], rel=0.02)


def test_the_environment_is_a_batch_of_one() -> None:
	"""Seed for seed and step for step."""
	env = StockMultiProductEnv()
	for seed in range(3):
		generator, _ = gymnasium.utils.seeding.np_random(seed)
		batch = StockMultiProductBatch(sample_order_lines(), generator, episodes=1)
		batch.reset(np.array([0]))
		observation, _ = env.reset(seed=seed)
		np.testing.assert_array_equal(observation, batch.stocks()[0])
		actor = np.random.default_rng(seed)
		for _ in range(40):
			action = actor.uniform(-1, 1, 3).astype(np.float32)
			observation, reward, terminated, truncated, _ = env.step(action)
			rewards, ended, cut = batch.step(action[None])
			np.testing.assert_array_equal(observation, batch.stocks()[0])
			assert (reward, terminated, truncated) == (rewards[0], ended[0], cut[0])
			if terminated:
				break


def test_a_batch_is_many_environments() -> None:
	"""In distribution: how long a fixed rule survives, in a batch and one by one."""
	order_lines = lines(*((product, day, 25.0) for product in range(3) for day in range(3, 60, 4)))
	level, count, days = 60.0, 150, 40

	def lifetimes(episodes: int, seed: int) -> list[int]:
		batch = batch_of(order_lines, episodes, seed)
		alive = np.ones(episodes, np.bool_)
		lived = np.zeros(episodes, int)
		for _ in range(days):
			_, terminated, _ = batch.step(order_up_to_actions(batch.stocks(), level))
			alive &= ~terminated
			lived += alive
		return lived.tolist()

	together = lifetimes(2000, 1)
	apart = [lifetimes(1, 100 + seed)[0] for seed in range(count)]
	assert 0 < np.mean(together) < days
	assert np.mean(apart) == pytest.approx(np.mean(together), abs=4 * np.std(together) / np.sqrt(count))


def test_a_reset_leaves_the_other_episodes_alone() -> None:
	order_lines = sample_order_lines()
	batch = batch_of(order_lines, 5)
	twin = batch_of(order_lines, 5)
	for _ in range(3):
		batch.step(same_action(5, TEN))
		twin.step(same_action(5, TEN))
	batch.reset(np.array([1, 3]))
	assert ((batch.stocks()[[1, 3]] >= 20) & (batch.stocks()[[1, 3]] <= 199)).all()
	for _ in range(20):
		batch.step(same_action(5, TEN))
		twin.step(same_action(5, TEN))
		np.testing.assert_array_equal(batch.stocks()[[0, 2, 4]], twin.stocks()[[0, 2, 4]])


@pytest.mark.parametrize(
	("stock", "level", "units"),
	[(100, 100, 0), (95, 100, 0), (90, 100, 10), (85, 100, 10), (80, 100, 20), (0, 100, 20), (150, 100, 0)],
)
def test_the_order_up_to_rule_never_exceeds_its_level(stock: float, level: float, units: float) -> None:
	action = order_up_to_actions(np.array([[stock]], np.float32), level)
	assert action.dtype == np.float32
	assert (action + 1) * 10 == units


def test_evaluation_adds_up_whole_episodes() -> None:
	"""Without demand: 671 days of 1. Always ordering: full within days, each day's reward and the penalty."""
	rng = np.random.default_rng(0)
	idle: Any = evaluate_stock_multi_product(
		lambda stocks: np.full_like(stocks, NOTHING), lines(), rng, episodes=20
	)
	assert idle == {"mean_return": pytest.approx(671), "survived": 1.0}
	greedy = evaluate_stock_multi_product(
		lambda stocks: np.full_like(stocks, TWENTY), lines(), rng, episodes=200
	)
	assert greedy["survived"] == 0
	# each day before the last costs 1 - 60/30 = -1: 11 to 19 of them until 400
	assert -240 - 19 <= greedy["mean_return"] <= -240 - 10
