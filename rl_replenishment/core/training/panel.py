"""Past days made ready for many replays: all that a policy sees of them that no order can change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.environments.batch import ReplenishmentTask, review_days_of
from rl_replenishment.core.items import FloatArray, ItemTable, UnmetDemand
from rl_replenishment.core.policies.base import State, protection_days, usual_rate
from rl_replenishment.core.policies.levels import Levels
from rl_replenishment.core.policies.limits import given_up
from rl_replenishment.core.policies.observation import Observer, demand_scale, residual_unit
from rl_replenishment.core.simulation.scenario import sample_lead_times

#: lead times are cut at the mean and this many standard deviations
_LEAD_TIME_DEVIATIONS = 4


@dataclass(frozen=True, eq=False)
class Panel:
	"""C columns, each an item and a varied copy of its history of T days, with M reviews."""

	items: ItemTable
	unmet_demand: UnmetDemand
	review_days: int
	#: money that counts as 1 in the loss, shape (C,)
	cost_scale: FloatArray
	#: shape (T, C)
	demand: FloatArray
	#: row of `demand` of each review, shape (M,)
	days: npt.NDArray[np.intp]
	#: observations with empty shelves and nothing on order, not normalised, shape (M, C, F)
	observation: FloatArray
	#: the levels of the rule, each of shape (M, C)
	levels: Levels
	#: units per unit of action, and units that make 1 in the observation, shape (M, C)
	unit: FloatArray
	scale: FloatArray
	#: usual demand per day, and that of the last year, shape (M, C)
	usual_rate: FloatArray
	rate: FloatArray
	#: 1 where an item was given up, shape (M, C)
	given_up: FloatArray

	def __len__(self) -> int:
		return len(self.items)


@dataclass(frozen=True, eq=False)
class Window:
	"""Where a replay of K reviews starts in each of C columns, and its luck."""

	#: row among the panel's reviews, shape (C,)
	first: npt.NDArray[np.intp]
	#: shape (C,)
	on_hand: FloatArray
	#: lead time of an order placed at each review, shape (K, C), whole days
	lead_times: npt.NDArray[np.int32]


def draw_panel(task: ReplenishmentTask, columns: int, rng: np.random.Generator) -> Panel:
	"""Choose items and vary their histories; the observations of all reviews are built once."""
	chosen = task.draw_items(columns, rng)
	items = task.items.take(chosen)
	demand = task.demand_model.draw(task.history.demand, chosen, rng)
	days = review_days_of(task)
	statistics = task.known(demand, chosen, days)
	observer = Observer(items, task.review_days)
	nothing = np.zeros(columns, np.float32)
	rows: list[tuple[FloatArray, Levels, FloatArray, FloatArray, FloatArray, FloatArray, FloatArray]] = []
	for number, day in enumerate(days):
		today = task.history.start + np.timedelta64(int(day), "D")
		known = statistics.on(number)
		state = State(items, today, task.review_days, nothing, nothing[None, :], known)
		levels = task.in_replays.levels(state)
		seen = observer.observe(state, levels)
		unit, scale = residual_unit(state, levels), demand_scale(state)
		rows.append(
			(
				seen,
				levels,
				unit,
				scale,
				usual_rate(state),
				known.level_364,
				given_up(known).astype(np.float32),
			)
		)
	observation, levels_by_day, *others = zip(*rows, strict=True)
	# half of the loss counts each item for the money it costs, half for the root of it, as items are drawn:
	# in money alone a few dear items would decide for all
	root = np.sqrt(task.reward_scale())
	weight = (1 + root[chosen] / (task.chances @ root)) / 2
	return Panel(
		items,
		task.unmet_demand,
		task.review_days,
		(task.reward_scale()[chosen] / weight).astype(np.float32),
		demand,
		days,
		np.stack(observation),
		Levels(*(np.stack(each).astype(np.float32) for each in zip(*levels_by_day, strict=True))),
		*(np.stack(each).astype(np.float32) for each in others),
	)


def draw_window(panel: Panel, reviews: int, rng: np.random.Generator) -> Window:
	"""Random starts with stock from next to none to twice a protection interval's demand."""
	items, columns = panel.items, len(panel)
	latest = max(len(panel.days) - reviews, 0)
	first = rng.integers(0, latest + 1, columns)
	level = panel.rate[first, np.arange(columns)] * protection_days(items, panel.review_days)
	stock = np.rint(rng.uniform(0, 2, columns) * level).astype(np.float32)
	longest = np.rint(items.lead_time_days + _LEAD_TIME_DEVIATIONS * items.lead_time_std_days)
	lead_times = np.minimum(sample_lead_times(items, reviews, rng), longest).astype(np.int32)
	return Window(first, stock, lead_times)
