"""The original system's training environment, on this project's dynamics, for comparison."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import numpy as np
import numpy.typing as npt

from rl_replenishment.core.items import FloatArray, ItemKey, ItemTable
from rl_replenishment.core.simulation.dynamics import Inventory

FIRST_DAY, LAST_DAY = np.datetime64("1996-07-04"), np.datetime64("1998-05-06")
EPISODE_DAYS = int((LAST_DAY - FIRST_DAY).astype(int))
LEAST_START, MOST_START = 20, 199
#: stock at or below the one or at or above the other ends the episode
EMPTY, FULL = 0.0, 400.0
END_REWARD = -240.0
LARGEST_ORDER = 20.0
_ORDER_STEP = 10.0
#: the reward counts orders of all products against this
_REWARD_UNITS = 30.0
#: observations are cut to this range: only the last one of an episode can leave 0..400
OBSERVATION_RANGE = (-1000.0, 1000.0)


@dataclass(frozen=True, eq=False)
class OrderLines:
	"""The order lines of the simulated products: arrays of shape (E,)."""

	#: 0, 1, 2, ... in the order the products were named
	product: npt.NDArray[np.intp]
	#: days since the first day of the episode
	day: npt.NDArray[np.intp]
	quantity: npt.NDArray[np.float64]


def sample_order_lines(products: int = 3) -> OrderLines:
	"""Made-up order lines of about the original's size, for trying the environment without its data."""
	rng = np.random.default_rng(19960704)
	lines = 30 * products
	return OrderLines(
		product=np.arange(lines) % products,
		day=rng.integers(0, EPISODE_DAYS, lines),
		quantity=rng.integers(2, 60, lines).astype(np.float64),
	)


class StockMultiProductBatch:
	"""B independent episodes of P products, stepped together; `StockMultiProductEnv` documents the rules."""

	def __init__(
		self, lines: OrderLines, rng: np.random.Generator, *, episodes: int, products: int = 3
	) -> None:
		self.episodes, self.products = episodes, products
		self._lines = lines
		self._rng = rng
		keys = [ItemKey(f"{episode}/{product}") for episode in range(episodes) for product in range(products)]
		items = ItemTable.create(
			keys, lead_time_days=0, order_multiple=_ORDER_STEP, max_order_qty=LARGEST_ORDER, unit_cost=0
		)
		self._inventory = Inventory(items, unmet_demand="backorder")
		self._demand = np.zeros((EPISODE_DAYS, episodes, products), dtype=np.float32)
		self._day = np.zeros(episodes, dtype=np.intp)

	def reset(self, episodes: npt.NDArray[np.intp]) -> None:
		"""Begin the given episodes anew with new starts and new demand."""
		shape = (len(episodes), self.products)
		stock = self._rng.integers(LEAST_START, MOST_START + 1, shape).astype(np.float32)
		columns = (episodes[:, None] * self.products + np.arange(self.products)).ravel()
		self._inventory.reset(columns, stock.ravel())
		self._day[episodes] = 0
		self._demand[:, episodes] = self._draw_demand(len(episodes))

	def stocks(self) -> FloatArray:
		"""Stock per episode and product, shape (B, P)."""
		return self._inventory.net_stock.reshape(self.episodes, self.products)

	def step(self, action: FloatArray) -> tuple[FloatArray, npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
		"""Order by actions (B, P) and let a day pass; returns rewards, terminated, truncated, (B,) each."""
		wished = np.rint(np.clip(action, -1, 1) + 1) * _ORDER_STEP
		ordered = self._inventory.place_orders(wished.astype(np.float32).ravel()).reshape(action.shape)
		everyone = np.arange(self.episodes)
		# an episode that is over stands on its last day until it is reset
		today = np.minimum(self._day, EPISODE_DAYS - 1)
		self._inventory.serve(self._demand[today, everyone].ravel())
		self._inventory.receive()
		self._day += 1
		stock = self.stocks()
		terminated: npt.NDArray[np.bool_] = np.any((stock <= EMPTY) | (stock >= FULL), axis=1)
		truncated = (self._day >= EPISODE_DAYS) & ~terminated
		reward = np.where(terminated, END_REWARD, 1 - ordered.sum(axis=1) / _REWARD_UNITS)
		return reward.astype(np.float32), terminated, truncated

	def _draw_demand(self, count: int) -> FloatArray:
		lines, rng = self._lines, self._rng
		shape = (count, len(lines.day))
		day = lines.day + rng.integers(-2, 2, shape)
		quantity = lines.quantity * np.round(rng.uniform(0.5, 1.5, shape), 1)
		inside = (day >= 0) & (day < EPISODE_DAYS)
		cell = (day * count + np.arange(count)[:, None]) * self.products + lines.product
		total = np.bincount(cell[inside], quantity[inside], minlength=EPISODE_DAYS * count * self.products)
		return total.reshape(EPISODE_DAYS, count, self.products).astype(np.float32)


class StockMultiProductEnv(gym.Env[FloatArray, FloatArray]):
	"""The original three-product environment.

	## Description
	Three products are kept in stock over the days from 1996-07-04 to 1998-05-06 of the Northwind sample
	company. Each day an agent orders, the goods arrive at once, and the day's order lines are taken from the
	stock. The agent is to order as little as possible without ever running out or overfilling a shelf.

	## Action space
	`Box(-1, 1, (3,))`, one number a per product. The order is (a + 1) * 10 rounded to tens: 0, 10 or 20
	units.

	## Observation space
	`Box(-1000, 1000, (3,))`: the stock of each product in units. Only the last observation of an episode can
	lie outside 0..400.

	## Rewards
	1 - (units ordered today) / 30. On the day any stock is at or below 0, or at or above 400: -240.

	## Starting state
	Each stock is drawn evenly from 20, 21, ..., 199. Each order line of the history is moved by -2, -1, 0 or
	+1 days and its quantity multiplied by an even draw from 0.5..1.5, rounded to 0.1.

	## Episode end
	Terminated when a stock leaves the open range 0..400. Truncated after 671 days.

	## Arguments
	`lines`: the order lines of the products (`OrderLines`); made-up ones of similar size where none are
	given, as the company's data is not part of this project.

	## Version history
	v0: first version.
	"""

	def __init__(self, lines: OrderLines | None = None) -> None:
		self.metadata = {"render_modes": []}
		self._lines = lines if lines is not None else sample_order_lines()
		self.observation_space = gym.spaces.Box(*OBSERVATION_RANGE, (3,), np.float32)
		self.action_space = gym.spaces.Box(-1.0, 1.0, (3,), np.float32)

	def reset(
		self, *, seed: int | None = None, options: dict[str, Any] | None = None
	) -> tuple[FloatArray, dict[str, Any]]:
		super().reset(seed=seed)
		self._batch = StockMultiProductBatch(self._lines, self.np_random, episodes=1)
		self._batch.reset(np.array([0]))
		return self._observe(), {}

	def step(self, action: FloatArray) -> tuple[FloatArray, float, bool, bool, dict[str, Any]]:
		reward, terminated, truncated = self._batch.step(np.asarray(action, np.float32)[None])
		return self._observe(), float(reward[0]), bool(terminated[0]), bool(truncated[0]), {}

	def _observe(self) -> FloatArray:
		return np.clip(self._batch.stocks()[0], *OBSERVATION_RANGE).astype(np.float32)


def order_up_to_actions(stocks: FloatArray, level: npt.ArrayLike) -> FloatArray:
	"""Actions of the order-up-to rule, shape as `stocks`: the largest order that does not exceed `level`."""
	tens = np.floor((np.asarray(level, np.float32) - stocks) / _ORDER_STEP)
	return (np.clip(tens, 0, LARGEST_ORDER / _ORDER_STEP) - 1).astype(np.float32)


def evaluate_stock_multi_product(
	actions: Callable[[FloatArray], FloatArray], lines: OrderLines, rng: np.random.Generator, *, episodes: int
) -> dict[str, float]:
	"""Run whole episodes; `actions` maps stocks to actions, both of shape (B, P).

	Returns the mean return and the share of episodes that lasted all days.
	"""
	batch = StockMultiProductBatch(lines, rng, episodes=episodes)
	batch.reset(np.arange(episodes))
	returns = np.zeros(episodes)
	alive = np.ones(episodes, dtype=np.bool_)
	for _ in range(EPISODE_DAYS):
		reward, terminated, _ = batch.step(actions(batch.stocks()))
		returns += reward * alive
		alive &= ~terminated
	return {"mean_return": float(returns.mean()), "survived": float(alive.mean())}
