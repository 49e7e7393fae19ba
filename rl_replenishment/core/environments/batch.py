"""Many item-warehouses as independent episodes, stepped together: the engine of all learning."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.demand.augmentation import DemandModel, Recorded
from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.demand.known_events.lifts import Lifts, known_lifts
from rl_replenishment.core.demand.statistics import DemandStatistics
from rl_replenishment.core.items import FloatArray, ItemTable, UnmetDemand
from rl_replenishment.core.policies.base import State, protection_days
from rl_replenishment.core.policies.limits import sensible_order
from rl_replenishment.core.policies.network import Normaliser
from rl_replenishment.core.policies.observation import CALENDAR, Observer
from rl_replenishment.core.policies.order_up_to import OrderUpTo
from rl_replenishment.core.policies.residual_network import ACTION_SIZE, Situation, observe
from rl_replenishment.core.simulation.dynamics import Inventory
from rl_replenishment.core.simulation.scenario import is_review_day, sample_lead_times

#: a step's reward stays within plus and minus this: one freak stock-out must not undo a thousand lessons
REWARD_BOUND = 20.0
#: days of history before the first day an episode may start on: without any, the statistics say nothing
_LEAST_HISTORY = 28


@dataclass(frozen=True, eq=False)
class ReplenishmentTask:
	"""What is to be learned: items, their past demand, and the rule to be better than."""

	items: ItemTable
	#: the days to learn from
	history: DemandHistory
	classical: OrderUpTo
	#: what the classical rule costs per day, shape (N,), in money: the measure of the reward
	cost_per_day: FloatArray
	review_days: int = 7
	unmet_demand: UnmetDemand = "lost"
	#: where the demand of each replay comes from
	demand_model: DemandModel = field(default_factory=Recorded)
	#: the classical rule as it would have spoken on the days to learn from, had it not been fitted on them;
	#: None where it was not
	replayed: OrderUpTo | None = None

	@property
	def in_replays(self) -> OrderUpTo:
		"""What replays order by."""
		return self.replayed or self.classical

	def reward_scale(self) -> FloatArray:
		"""Money per review interval that counts as 1 in the reward, shape (N,)."""
		rate = self.history.demand.mean(axis=0)
		# an item that the rule served at no cost at all must not turn pennies into fortunes
		least = self.items.holding_cost * rate * protection_days(self.items, self.review_days) / 4
		return np.maximum(np.maximum(self.cost_per_day, least), 1e-6).astype(np.float32) * self.review_days

	@property
	def chances(self) -> npt.NDArray[np.float64]:
		"""How often each item is drawn, shape (N,), 1 in all: in proportion to the root of what it costs.

		In proportion to the cost itself a few dear items would be learned by heart; evenly, they would be
		seen too seldom. Items without demand teach nothing.
		"""
		demand = self.history.demand.sum(axis=0)
		moves = demand > 0 if demand.any() else np.ones(len(self.items), dtype=np.bool_)
		cost = np.where(moves, np.sqrt(self.reward_scale().astype(np.float64)), 0)
		return np.asarray(cost / cost.sum())

	def known(
		self, demand: FloatArray, columns: npt.NDArray[np.intp], days: npt.NDArray[np.integer]
	) -> DemandStatistics:
		"""What is known of drawn demand of C columns, shape (T, C), before each of the days."""
		horizon = protection_days(self.items.take(columns), self.review_days)
		if self._lifts is None:
			return self.demand_model.statistics(demand, horizon, days)
		lifts, start = self._lifts.take(columns), self.history.start
		found = self.demand_model.statistics(lifts.usual(demand, start), horizon, days)
		return lifts.told_by_day(found, start + days.astype("timedelta64[D]"), horizon)

	@cached_property
	def _lifts(self) -> Lifts | None:
		return known_lifts(self.history, self.items)

	def draw_items(self, count: int, rng: np.random.Generator) -> npt.NDArray[np.intp]:
		"""Choose items for `count` columns by their `chances`."""
		return rng.choice(len(self.items), size=count, p=self.chances)


def review_days_of(task: ReplenishmentTask) -> npt.NDArray[np.intp]:
	"""Days of the history on which orders may be placed, with some history before them where there is any."""
	review = task.review_days
	reviews = [
		day
		for day in range(task.history.days - review + 1)
		if is_review_day(task.history.start + np.timedelta64(day, "D"), review)
	] or [0]
	return np.array([day for day in reviews if day >= _LEAST_HISTORY] or reviews[:1], dtype=np.intp)


class ReplenishmentBatch:
	"""C columns, each an episode of one item-warehouse on a varied copy of its history.

	A step is one review interval. The reward compares with the classical rule, which meets the same demand in
	a twin simulation from the same start: (its cost - the policy's cost) / (its usual cost per interval). So
	ordering like the rule earns 0 whatever the demand, and a perfect interval about 1.
	"""

	def __init__(
		self,
		task: ReplenishmentTask,
		rng: np.random.Generator,
		*,
		columns: int,
		episode_days: int = 364,
		episodes_per_panel: int = 2,
		staggered: bool = True,
	) -> None:
		self.task = task
		self._staggered = staggered
		self.columns = columns
		self._rng = rng
		self._days = task.history.days
		review = task.review_days
		if self._days < review:
			raise ValueError(f"{self._days} days of history hold no review interval of {review} days")
		reviews = review_days_of(task)
		first = int(reviews[0])
		# at most half of what there is, so that episodes differ
		self._episode_reviews = max(min(episode_days, (self._days - first) // 2) // review, 1)
		#: days on which an episode may begin: each leaves room for a whole one
		self._starts = np.arange(first, max(self._days - self._episode_reviews * review, first) + 1, review)
		self._panel_steps = episodes_per_panel * self._episode_reviews
		self.reset()

	def reset(self) -> FloatArray:
		"""Draw items and demand anew and start all columns; returns observations (C, F), not normalised."""
		self._draw_panel()
		self._situation = self._observe()
		return self._situation.observation

	@property
	def situation(self) -> Situation:
		"""What all columns face now."""
		return self._situation

	def step(self, action: FloatArray) -> tuple[FloatArray, FloatArray, npt.NDArray[np.bool_], FloatArray]:
		"""Order by actions of shape (C, ACTION_SIZE) in [-1, 1] and let a review interval pass.

		Returns observations (C, F), rewards (C,), which episodes were cut off (C,), and the observations in
		which those ended (C, F; equal to the first for all others). Episodes that were cut off have begun
		anew.
		"""
		self._advance(np.clip(action, -1, 1))
		self._left -= 1
		self._panel_steps_left -= 1
		renew = self._panel_steps_left <= 0
		done = (self._left <= 0) | renew
		last = self._observe()
		if done.any():
			if renew:
				self._draw_panel()
			else:
				self._begin(np.flatnonzero(done))
			self._situation = self._observe()
		else:
			self._situation = last
		return self._situation.observation, self._reward, done, last.observation

	def _draw_panel(self) -> None:
		"""Give every column an item and a new variation of its history."""
		task = self.task
		chosen = task.draw_items(self.columns, self._rng)
		self._items = task.items.take(chosen)
		self._reward_scale = task.reward_scale()[chosen]
		self._demand = task.demand_model.draw(task.history.demand, chosen, self._rng)
		self._statistics = task.known(self._demand, chosen, np.arange(self._days + 1))
		self._observer = Observer(self._items, task.review_days)
		longest = int(
			np.ceil((self._items.lead_time_days + 4 * self._items.lead_time_std_days).max(initial=0))
		)
		self._longest_lead_time = min(longest, 365)
		self._policy_side = self._new_inventory()
		self._rule_side = self._new_inventory()
		self._day = np.zeros(self.columns, dtype=np.intp)
		self._left = np.zeros(self.columns, dtype=np.int64)
		self._panel_steps_left = self._panel_steps
		self._begin(np.arange(self.columns))
		if self._staggered:
			# columns end at different times, so that no step is all ends
			self._left = self._rng.integers(1, self._episode_reviews + 1, self.columns)

	def _new_inventory(self) -> Inventory:
		return Inventory(
			self._items, unmet_demand=self.task.unmet_demand, longest_lead_time=self._longest_lead_time
		)

	def _begin(self, columns: npt.NDArray[np.intp]) -> None:
		"""Start episodes with random stock, from next to none to twice a protection interval's demand."""
		self._day[columns] = self._rng.choice(self._starts, len(columns))
		self._left[columns] = self._episode_reviews
		level = self._statistics.level_364[self._day[columns], columns]
		horizon = protection_days(self._items, self.task.review_days)[columns]
		stock = np.rint(self._rng.uniform(0, 2, len(columns)) * level * horizon).astype(np.float32)
		for side in (self._policy_side, self._rule_side):
			side.reset(columns, stock)

	def _known(self) -> DemandStatistics:
		everyone = np.arange(self.columns)
		return self._statistics.each(lambda values: values[self._day, everyone])

	def _state(self, side: Inventory, known: DemandStatistics) -> State:
		today = self.task.history.start + self._day.astype("timedelta64[D]")
		return State(
			self._items,
			today,
			self.task.review_days,
			side.net_stock.copy(),
			side.arrivals(),
			known,
			unmet_demand=self.task.unmet_demand,
		)

	def _observe(self) -> Situation:
		self._known_now = self._known()
		return observe(self._state(self._policy_side, self._known_now), self.task.in_replays, self._observer)

	def _advance(self, action: FloatArray) -> None:
		situation = self._situation
		lead_times = sample_lead_times(self._items, 1, self._rng)[0]
		np.minimum(lead_times, self._longest_lead_time, out=lead_times)
		rule_state = self._state(self._rule_side, self._known_now)
		rule_wish = self.task.in_replays.wished_quantities(rule_state, situation.levels)
		rule_quantity = sensible_order(rule_state, rule_wish, situation.levels.rate)
		cost = self._order(self._policy_side, situation.decide(action).quantity, lead_times)
		rule_cost = self._order(self._rule_side, rule_quantity, lead_times)
		everyone = np.arange(self.columns)
		for passed in range(self.task.review_days):
			# an episode that reaches the end of the history within its last interval sees its last day again
			day = np.minimum(self._day + passed, self._days - 1)
			demand = self._demand[day, everyone]
			for side, booked in ((self._policy_side, cost), (self._rule_side, rule_cost)):
				result = side.serve(demand)
				booked += result.holding_cost
				booked += result.stockout_cost
				booked += result.waste_cost
				side.receive()
		self._day += self.task.review_days
		self._reward = np.clip((rule_cost - cost) / self._reward_scale, -REWARD_BOUND, REWARD_BOUND)

	def _order(self, side: Inventory, quantity: FloatArray, lead_times: npt.NDArray[np.int32]) -> FloatArray:
		return (side.place_orders(quantity, lead_times) > 0) * self._items.order_cost


def measure_normaliser(batch: ReplenishmentBatch, steps: int = 30) -> Normaliser:
	"""The scale of the observations under the classical rule, from random starts.

	Where every day's demand is drawn anew from one distribution, the calendar says nothing and is not heard.
	"""
	seen = [batch.reset()]
	for _ in range(steps):
		seen.append(batch.step(np.zeros((batch.columns, ACTION_SIZE), dtype=np.float32))[0])
	found = Normaliser.of(np.concatenate(seen))
	return found if batch.task.demand_model.repeats else found.without(CALENDAR)
