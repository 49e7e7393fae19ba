"""What the test beds have in common: one item, Poisson demand of a known mean, an order every day."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.demand.poisson import PoissonDemand
from rl_replenishment.core.environments.batch import ReplenishmentTask
from rl_replenishment.core.items import FloatArray, ItemTable, UnmetDemand
from rl_replenishment.core.policies.base import Policy
from rl_replenishment.core.policies.order_up_to import OrderUpTo
from rl_replenishment.core.policies.residual_network import ResidualNetwork
from rl_replenishment.core.simulation.rollout import run
from rl_replenishment.core.simulation.scenario import Scenario, sample_lead_times
from rl_replenishment.core.training.algorithms import make_trainer
from rl_replenishment.core.training.interface import Budget, TrainingProblem

START = np.datetime64("2024-01-01")
#: of a trial, days that are not counted, so that its start does not matter
BURN_IN = 100
#: days of an episode, and columns and days of the trial on which the best policy is chosen
_EPISODE, _JUDGING = 300, (256, 400)


@dataclass(frozen=True, eq=False)
class Bed:
	"""An item, its demand, and a rule to start from."""

	item: ItemTable
	rate: float
	unmet_demand: UnmetDemand
	rule: OrderUpTo

	def train(
		self, algorithm: str, seconds: float, timesteps: int | None, seed: int, device: str = "cpu"
	) -> tuple[ResidualNetwork, float]:
		"""The policy learned in so many steps, else in so much time, and the seconds it took."""
		started = time.perf_counter()
		rng = np.random.default_rng(seed)
		model = PoissonDemand(self.rate)
		history = DemandHistory(
			self.item.keys, START, model.draw(np.zeros((_EPISODE, 1), np.float32), np.zeros(1, np.intp), rng)
		)
		columns, days = _JUDGING
		judging = trial(self.item, columns, days, self.rate, self.unmet_demand, rng)
		cost = run(self.rule, judging).cost.mean() / days
		task = ReplenishmentTask(
			self.item,
			history,
			self.rule,
			np.array([cost], np.float32),
			review_days=1,
			unmet_demand=self.unmet_demand,
			demand_model=model,
		)
		left = max(seconds - (time.perf_counter() - started), 1.0)
		budget = Budget(None, timesteps) if timesteps else Budget(left)
		result = make_trainer(algorithm, device=device).train(
			TrainingProblem(task, judging), budget=budget, seed=seed
		)
		return result.policy, time.perf_counter() - started

	def costs(self, policies: Sequence[Policy], *, columns: int, days: int, seed: int) -> FloatArray:
		"""Mean cost per day of each policy in each column of the same trial, shape (policies, columns)."""
		rng = np.random.default_rng(seed)
		whole = trial(self.item, columns, BURN_IN + days, self.rate, self.unmet_demand, rng)
		start = replace(whole, demand=whole.demand[:BURN_IN], lead_times=whole.lead_times[:BURN_IN])
		return np.stack([(run(p, whole).cost - run(p, start).cost) / days for p in policies])


def trial(
	items: ItemTable,
	columns: int,
	days: int,
	rate: float,
	unmet_demand: UnmetDemand,
	rng: np.random.Generator,
) -> Scenario:
	"""Days of fresh demand for C columns: copies of one item, or several in turn."""
	model, copies = PoissonDemand(rate), np.arange(columns) % len(items)
	items = items.take(copies)
	return Scenario(
		items=items,
		demand=model.draw(np.zeros((days, 1), np.float32), copies, rng),
		start=START,
		warm_up_days=0,
		review_days=1,
		unmet_demand=unmet_demand,
		lead_times=sample_lead_times(items, days, rng),
		initial_on_hand=(rate * (items.whole_lead_time_days + 1)).astype(np.float32),
		measure=model.statistics,
	)


def interval(values: npt.NDArray[np.floating]) -> tuple[float, float]:
	"""95 % interval of the mean of independent values."""
	error = 1.96 * float(values.std(ddof=1)) / len(values) ** 0.5
	return float(values.mean()) - error, float(values.mean()) + error
