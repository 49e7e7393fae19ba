"""A small training: its problem, its trainer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from core_samples import codes, forecast_rule, history_of

from rl_replenishment.core.environments.batch import ReplenishmentTask
from rl_replenishment.core.items import ItemTable
from rl_replenishment.core.simulation.scenario import replay
from rl_replenishment.core.training.interface import Budget, TrainingProblem, TrainingResult

if TYPE_CHECKING:
	from rl_replenishment.core.training.pathwise import PathwiseTrainer
	from rl_replenishment.core.training.ppo import PPOTrainer

#: steps of one rollout of the small trainer
ROLLOUT = 64 * 8


def small_trainer(**settings: Any) -> PPOTrainer:
	pytest.importorskip("torch")
	pytest.importorskip("stable_baselines3")
	from rl_replenishment.core.training.ppo import PPOSettings, PPOTrainer

	small = {"columns": 64, "n_steps": 8, "batch_size": 256, "n_epochs": 3, "hidden": (16, 16)}
	return PPOTrainer(PPOSettings(**{**small, "feedback_columns": 32, "evaluate_every": 1, **settings}))


def small_pathwise_trainer(**settings: Any) -> PathwiseTrainer:
	pytest.importorskip("torch")
	pytest.importorskip("stable_baselines3")
	from rl_replenishment.core.training.pathwise import PathwiseSettings, PathwiseTrainer

	small = {"columns": 32, "hidden": (16, 16), "least_reviews": 8, "most_reviews": 8, "evaluate_every": 1}
	return PathwiseTrainer(PathwiseSettings(**{**small, **settings}))


def small_problem(*, safety_factor: float = 1.0, gap: float = 0.0, seed: int = 0) -> TrainingProblem:
	"""Three items of one kind; the last 60 days of 200 are for validation."""
	items = ItemTable.create(
		codes(3), lead_time_days=[2, 4, 7], holding_cost=0.1, stockout_cost=5, order_cost=1
	)
	demand = np.random.default_rng(seed).poisson([2, 5, 9], (200, 3))
	history = history_of(demand)
	rule = forecast_rule(safety_factor=safety_factor, gap=gap, items=items)
	return TrainingProblem(
		task=ReplenishmentTask(items, history.window(0, 140), rule, np.array([1, 2, 3], np.float32)),
		validation=replay(items, history, days=60, review_days=7, rng=np.random.default_rng(1)),
	)


def train(
	trainer: PPOTrainer, *, rollouts: int, problem: TrainingProblem | None = None, seed: int = 0, **more: Any
) -> TrainingResult:
	budget = Budget(seconds=None, timesteps=rollouts * ROLLOUT)
	return trainer.train(problem or small_problem(), budget=budget, seed=seed, **more)
