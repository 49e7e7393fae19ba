"""The learning problem: sound as an environment, and the same dynamics as in a backtest."""

import warnings
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import gymnasium
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
	mixed_task,
	residual_policy,
	scenario_of,
)
from gymnasium.utils.env_checker import check_env

from rl_replenishment.core.demand.augmentation import Augmentation, Recorded
from rl_replenishment.core.demand.poisson import PoissonDemand
from rl_replenishment.core.environments.batch import (
	REWARD_BOUND,
	ReplenishmentBatch,
	ReplenishmentTask,
	measure_normaliser,
)
from rl_replenishment.core.environments.replenishment import ReplenishmentEnv, example_task
from rl_replenishment.core.environments.stock_multi_product import StockMultiProductEnv
from rl_replenishment.core.items import FloatArray, ItemTable, UnmetDemand
from rl_replenishment.core.policies.base import State
from rl_replenishment.core.policies.observation import CALENDAR, FIXED_SIZE
from rl_replenishment.core.policies.order_up_to import OrderUpTo
from rl_replenishment.core.simulation.rollout import run
from rl_replenishment.core.simulation.scenario import is_review_day

EnvironmentClass: TypeAlias = type[ReplenishmentEnv] | type[StockMultiProductEnv]
ENVIRONMENTS: dict[str, EnvironmentClass] = {
	"rl_replenishment/Replenishment-v0": ReplenishmentEnv,
	"rl_replenishment/StockMultiProduct-v0": StockMultiProductEnv,
}
#: the history as it was
UNCHANGED = Augmentation(level_deviation=0, size_jitter=0, day_jitter=0, week_reach=0)


@pytest.mark.parametrize("name", sorted(ENVIRONMENTS))
def test_gymnasium_makes_the_environments_by_their_ids(name: str) -> None:
	env = gymnasium.make(name)
	assert env.spec is not None
	assert env.spec.id == name
	assert isinstance(env.unwrapped, ENVIRONMENTS[name])
	with warnings.catch_warnings():
		warnings.simplefilter("error")
		check_env(env.unwrapped)


@pytest.mark.parametrize("kind", ENVIRONMENTS.values())
def test_gymnasium_finds_nothing_to_complain_of(kind: EnvironmentClass) -> None:
	with warnings.catch_warnings():
		warnings.simplefilter("error")
		# nothing is drawn, and without an id there is no specification to make it again from
		warnings.filterwarnings("ignore", message=".*Not able to test alternative render modes")
		check_env(kind())


@pytest.mark.torch
@pytest.mark.parametrize("kind", ENVIRONMENTS.values())
def test_stable_baselines_finds_nothing_to_complain_of(kind: EnvironmentClass) -> None:
	pytest.importorskip("torch")
	checker = pytest.importorskip("stable_baselines3.common.env_checker")
	with warnings.catch_warnings():
		warnings.simplefilter("error")
		checker.check_env(kind())


def trajectory(env: gymnasium.Env[Any, Any], seed: int | None, steps: int = 30) -> list[Any]:
	"""Observations, rewards and ends under actions that depend on the step alone."""
	rng = np.random.default_rng(0)
	observation, _ = env.reset(seed=seed)
	seen: list[Any] = [observation.tolist()]
	for _ in range(steps):
		action = rng.uniform(-1, 1, env.action_space.shape).astype(np.float32)
		observation, reward, terminated, truncated, _ = env.step(action)
		assert env.observation_space.contains(observation)
		seen.append((observation.tolist(), reward, terminated, truncated))
		if terminated or truncated:
			break
	return seen


@pytest.mark.parametrize("kind", ENVIRONMENTS.values())
def test_same_seed_same_episode(kind: EnvironmentClass) -> None:
	"""In the same environment and in another one; another seed, another episode."""
	env = kind()
	first = trajectory(env, 1)
	assert trajectory(env, 2) != first
	assert trajectory(env, 1) == first
	assert trajectory(kind(), 1) == first
	# without a seed, the generator goes on
	assert trajectory(env, None) != trajectory(env, None)


@pytest.mark.parametrize("kind", ENVIRONMENTS.values())
def test_no_other_randomness(kind: EnvironmentClass) -> None:
	"""The global generator is not used."""
	before = np.random.get_state()[1].tolist()  # noqa: NPY002
	trajectory(kind(), 1)
	assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


@dataclass
class Noting:
	"""A policy that notes the stock at each review."""

	policy: Any
	name: str = "noting"
	on_hand: list[float] = field(default_factory=list)

	def order_quantities(self, state: State) -> FloatArray:
		self.on_hand.append(float(state.on_hand[0]))
		quantity: FloatArray = self.policy.order_quantities(state)
		return quantity


def task_of(unmet_demand: UnmetDemand, **changed: Any) -> ReplenishmentTask:
	return mixed_task(150, unmet_demand=unmet_demand, **changed)


@pytest.mark.parametrize("review_days", [1, 7, 10])
@pytest.mark.parametrize("unmet_demand", ["lost", "backorder"])
def test_doing_nothing_earns_exactly_nothing(unmet_demand: UnmetDemand, review_days: int) -> None:
	"""Whatever the demand: action 0 orders like the rule, and the twin meets the same luck."""
	task = task_of(unmet_demand, review_days=review_days)
	batch = ReplenishmentBatch(task, np.random.default_rng(0), columns=40)
	ordered = 0
	for _ in range(60):
		quantity = batch.situation.decide(actions(40)).quantity
		ordered += int((quantity > 0).sum())
		_, reward, _, _ = batch.step(actions(40))
		assert reward.tolist() == [0.0] * 40
	assert ordered > 40


def test_doing_nothing_earns_nothing_with_decimal_packs() -> None:
	"""The same with goods sold by the 100 grams."""
	items = ItemTable.create(["A"], order_multiple=0.1, lead_time_days=14)
	history = history_of(np.random.default_rng(1).gamma(5, 10, (200, 1)))
	task = ReplenishmentTask(items, history, forecast_rule(), np.ones(1, np.float32))
	batch = ReplenishmentBatch(task, np.random.default_rng(0), columns=64)
	for _ in range(20):
		assert not batch.step(actions(64))[1].any()


def test_doing_nothing_earns_nothing_in_the_gymnasium_environment() -> None:
	env = ReplenishmentEnv()
	for seed in range(5):
		env.reset(seed=seed)
		truncated = False
		steps = 0
		while not truncated:
			_, reward, terminated, truncated, _ = env.step(actions(1)[0])
			assert not terminated
			assert reward == 0.0
			steps += 1
		assert steps >= 20


@pytest.mark.parametrize("unmet_demand", ["lost", "backorder"])
def test_learning_and_evaluation_step_the_same_dynamics(unmet_demand: UnmetDemand) -> None:
	"""Each column's stock and reward are those of a backtest of its item from the same day and stock."""
	items = replace(
		mixed_items(),
		lead_time_std_days=np.zeros(5, np.float32),
		shelf_life_days=np.array([np.inf, 9, 12, np.inf, 20], np.float32),
	)
	cost_per_day = np.full(5, 1e4, np.float32)
	task = task_of(unmet_demand, items=items, demand_model=UNCHANGED, cost_per_day=cost_per_day)
	policy = residual_policy(task.classical, np.random.default_rng(3))
	columns = 12
	batch = ReplenishmentBatch(task, np.random.default_rng(1), columns=columns, staggered=False)
	first = batch.situation.state
	start, keys = np.array(first.today), first.items.keys
	stocks = [first.on_hand.copy()]
	rewards = np.zeros(columns)
	days = 0
	done = np.zeros(columns, np.bool_)
	while not done.any():
		_, reward, done, _ = batch.step(policy.actions(batch.situation))
		rewards += reward
		days += task.review_days
		stocks.append(batch.situation.state.on_hand.copy())
	assert done.all()
	assert days > 50
	wasted = 0.0
	for column, key in enumerate(keys):
		item = task.items.keys.index(key)
		begin = int((start[column] - task.history.start).astype(int))
		scenario = scenario_of(
			task.items.take([item]),
			task.history.demand[: begin + days, [item]],
			warm_up_days=begin,
			review_days=task.review_days,
			unmet_demand=unmet_demand,
			initial_on_hand=stocks[0][column],
		)
		noting = Noting(policy)
		cost_parts = run(noting, scenario)
		cost = cost_parts.cost.sum()
		assert noting.on_hand == pytest.approx([stock[column] for stock in stocks[:-1]], abs=1e-2)
		expected = (run(task.classical, scenario).cost.sum() - cost) / task.reward_scale()[item]
		assert rewards[column] == pytest.approx(expected, abs=1e-4)
		wasted += cost_parts.waste_cost.sum()
	assert np.abs(rewards).max() > 1e-3
	assert wasted > 0


def steady_task(rule: OrderUpTo, **values: Any) -> ReplenishmentTask:
	"""One item that sells 10 every day and is ordered every day for the same day."""
	items = ItemTable.create(
		["A"],
		**{"lead_time_days": 0, "order_multiple": 0, "holding_cost": 0.5, "stockout_cost": 3.0, **values},
	)
	history = history_of(np.full((100, 1), 10.0))
	return ReplenishmentTask(
		items, history, rule, np.array([5], np.float32), review_days=1, demand_model=UNCHANGED
	)


def first_rewards(task: ReplenishmentTask, value: float) -> tuple[FloatArray, FloatArray]:
	"""Starting stocks and rewards of a first step."""
	batch = ReplenishmentBatch(task, np.random.default_rng(0), columns=200)
	stock = batch.situation.state.on_hand.copy()
	return stock, batch.step(actions(200, value))[1]


def test_reward_by_hand() -> None:
	"""(The rule's cost - the policy's cost) / (cost per day x review days), by holding and by stock-out."""
	task = steady_task(forecast_rule(safety_factor=0))
	# the rule fills up to 10; the level moves by at most twice a day's demand
	stock, reward = first_rewards(task, 1.0)
	np.testing.assert_allclose(reward, -(30 - np.maximum(stock, 10)) * 0.5 / 5, rtol=1e-4)
	_, reward = first_rewards(task, -1.0)
	np.testing.assert_allclose(reward, -3 * np.maximum(10 - stock, 0) / 5, atol=1e-4)
	assert (stock < 10).any()
	assert (stock > 10).any()
	assert stock.min() >= 0
	assert stock.max() <= 20


def test_reward_counts_order_costs() -> None:
	"""A rule that orders each day, against not ordering where there is enough."""
	task = steady_task(forecast_rule(safety_factor=0), order_cost=4, stockout_cost=0)
	stock, reward = first_rewards(task, -1.0)
	# a rule of fixed cost 4 orders where stock is below 10
	np.testing.assert_allclose(reward, np.where(stock < 10, 4 / 5, 0), atol=1e-4)


def test_one_freak_loss_is_bounded() -> None:
	task = steady_task(forecast_rule(safety_factor=0), stockout_cost=1e5)
	_, reward = first_rewards(task, -1.0)
	assert reward.min() == -REWARD_BOUND
	assert reward.max() <= 0


def test_episodes_begin_on_review_days_after_some_history() -> None:
	task = mixed_task(200)
	batch = ReplenishmentBatch(task, np.random.default_rng(0), columns=300)
	today = np.asarray(batch.situation.state.today)
	assert all(is_review_day(day, 7) for day in today)
	assert (today >= MONDAY + np.timedelta64(28, "D")).all()
	assert len(np.unique(today)) > 5
	assert not batch.situation.state.arrivals.any()


def test_ends_are_spread_or_together() -> None:
	"""Staggered columns end at different times; otherwise all end after one episode."""
	task = mixed_task(200)
	staggered = ReplenishmentBatch(task, np.random.default_rng(0), columns=50)
	ends = [int(staggered.step(actions(50))[2].sum()) for _ in range(10)]
	assert sum(end > 0 for end in ends) > 5
	assert max(ends) < 50
	together = ReplenishmentBatch(task, np.random.default_rng(0), columns=50, staggered=False)
	ends = [int(together.step(actions(50))[2].sum()) for _ in range(30)]
	assert set(ends) == {0, 50}


def test_observations_of_an_end() -> None:
	"""What ended is shown once more as it ended; all else as it is."""
	task = mixed_task(200)
	batch = ReplenishmentBatch(task, np.random.default_rng(0), columns=30, episodes_per_panel=10**6)
	ended = 0
	for _ in range(25):
		observation, _, done, last = batch.step(actions(30))
		np.testing.assert_array_equal(observation[~done], last[~done])
		ended += int(done.sum())
		if done.any():
			assert (observation[done] != last[done]).any()
			# a new episode has nothing on order
			assert not batch.situation.state.arrivals[:, done].any()
	assert ended > 10


def test_the_calendar_is_not_heard_where_every_day_is_alike() -> None:
	for model, is_heard in ((Recorded(), True), (PoissonDemand(3.0), False)):
		task = mixed_task(400, demand_model=model)
		batch = ReplenishmentBatch(task, np.random.default_rng(0), columns=64)
		heard = measure_normaliser(batch).heard
		assert heard[CALENDAR].any() == is_heard
		assert heard[FIXED_SIZE:].any()


def test_the_environment_is_a_batch_of_one() -> None:
	"""Seed for seed: the same observations and rewards."""
	task = mixed_task(200)
	env = ReplenishmentEnv(task)
	normaliser = measure_normaliser(ReplenishmentBatch(task, np.random.default_rng(0), columns=64))
	for seed in range(3):
		generator, _ = gymnasium.utils.seeding.np_random(seed)
		batch = ReplenishmentBatch(task, generator, columns=1, staggered=False)
		observation, _ = env.reset(seed=seed)
		np.testing.assert_allclose(observation, normaliser(batch.situation.observation)[0], rtol=1e-6)
		for step in range(8):
			action = actions(1, np.sin(step))
			observation, reward, _, truncated, _ = env.step(action[0])
			_, rewards, done, last = batch.step(action)
			np.testing.assert_allclose(observation, normaliser(last)[0], rtol=1e-6)
			assert (reward, truncated) == (rewards[0], done[0])


def test_items_are_drawn_evenly_and_by_cost() -> None:
	"""Half and half; what never sold is not drawn."""
	task = mixed_task()
	demand = task.history.demand.copy()
	demand[:, 0] = 0
	task = replace(task, history=history_of(demand), cost_per_day=np.array([50, 1, 1, 1, 5], np.float32))
	drawn = task.draw_items(40_000, np.random.default_rng(0))
	share = np.bincount(drawn, minlength=5) / 40_000
	expected = [0, *(np.array([0.25] * 4) + np.array([1, 1, 1, 5]) / 8) / 2]
	assert share.tolist() == pytest.approx(expected, abs=0.01)


def test_without_any_demand_items_are_drawn_all_the_same() -> None:
	task = mixed_task(history=history_of(np.zeros((60, 5))))
	drawn = task.draw_items(1000, np.random.default_rng(0))
	assert set(drawn.tolist()) == set(range(5))
	batch = ReplenishmentBatch(task, np.random.default_rng(0), columns=10)
	assert batch.step(actions(10))[1].tolist() == [0.0] * 10


def test_the_scale_of_the_reward_is_never_nothing() -> None:
	"""Nor tiny: a rule that cost nothing must not turn pennies into fortunes."""
	task = mixed_task(cost_per_day=np.zeros(5, np.float32))
	items, rate = task.items, task.history.demand.mean(axis=0)
	least = items.holding_cost * rate * (items.whole_lead_time_days + 7) / 4 * 7
	np.testing.assert_allclose(task.reward_scale(), least, rtol=1e-5)
	assert (mixed_task(items=replace(items, holding_cost=items.holding_cost * 0)).reward_scale() > 0).all()


#: history in days, and the day of the week it starts on; the least that training accepts is 28 days, of which
#: a quarter is kept for validation
SHORT = [(21, 1), (30, 3), (36, 2), (40, 1)]


@pytest.mark.parametrize(("days", "weekday"), SHORT)
def test_short_histories(days: int, weekday: int) -> None:
	"""A few weeks are enough for an episode, whatever day they start on."""
	history = history_of(np.ones((days, 1)), start=MONDAY + np.timedelta64(weekday, "D"))
	task = ReplenishmentTask(ItemTable.create(["A"]), history, forecast_rule(), np.ones(1, np.float32))
	batch = ReplenishmentBatch(task, np.random.default_rng(0), columns=4)
	for _ in range(4):
		assert np.isfinite(batch.step(actions(4))[0]).all()


@pytest.mark.parametrize(("days", "review_days"), [(60, 1), (60, 7), (90, 14), (91, 30), (200, 7), (200, 30)])
def test_longer_histories(days: int, review_days: int) -> None:
	"""On whatever weekday they start, no episode leaves the history."""
	for weekday in range(7):
		history = history_of(np.ones((days, 1)), start=MONDAY + np.timedelta64(weekday, "D"))
		task = ReplenishmentTask(
			ItemTable.create(["A"]), history, forecast_rule(), np.ones(1, np.float32), review_days
		)
		batch = ReplenishmentBatch(task, np.random.default_rng(0), columns=8)
		for _ in range(12):
			observation, _, _, _ = batch.step(actions(8))
			assert np.isfinite(observation).all()
			today = np.asarray(batch.situation.state.today)
			assert (today + np.timedelta64(review_days, "D") <= history.end).all()


def test_the_example_task_is_what_it_says() -> None:
	task = example_task()
	assert len(task.items) == 5
	assert task.history.days == 730
	assert task.items.keys[0].item_code == codes(1)[0]
	assert mixed_history().demand.shape == (200, 5)


@pytest.mark.torch
def test_the_vectorised_environment_for_training() -> None:
	"""Columns of the batch, normalised; where an episode ended, how it ended."""
	pytest.importorskip("stable_baselines3")
	from rl_replenishment.core.training.vec_env import BatchedReplenishmentVecEnv

	task = mixed_task(200)
	batch = ReplenishmentBatch(task, np.random.default_rng(0), columns=20)
	twin = ReplenishmentBatch(task, np.random.default_rng(0), columns=20)
	normaliser = measure_normaliser(ReplenishmentBatch(task, np.random.default_rng(1), columns=20))
	env = BatchedReplenishmentVecEnv(batch, normaliser)
	np.testing.assert_array_equal(env.reset(), normaliser(twin.reset()))
	ended = 0
	for step in range(15):
		action = actions(20, np.sin(step))
		observation, reward, done, infos = env.step(action)
		expected, rewards, ends, last = twin.step(action)
		np.testing.assert_array_equal(observation, normaliser(expected))
		np.testing.assert_array_equal(reward, rewards)
		np.testing.assert_array_equal(done, ends)
		assert observation.dtype == np.float32
		assert all(env.observation_space.contains(row) for row in observation)
		for column in np.flatnonzero(done):
			np.testing.assert_array_equal(
				infos[column]["terminal_observation"], normaliser(last[column : column + 1])[0]
			)
			ended += 1
		assert all("terminal_observation" not in infos[column] for column in np.flatnonzero(~done))
	assert ended > 5
