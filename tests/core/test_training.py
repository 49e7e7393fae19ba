"""Training with PPO: reproducible, stoppable, never worse than the rule, and able to learn."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from core_samples import MONDAY, codes, forecast_rule, history_of, random_network, residual_policy
from training_samples import ROLLOUT, small_problem, small_trainer, train

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.environments.feedback import recall_situations
from rl_replenishment.core.environments.stock_multi_product import (
	evaluate_stock_multi_product,
	order_up_to_actions,
	sample_order_lines,
)
from rl_replenishment.core.errors import InputError
from rl_replenishment.core.evaluation.tuning import tune_rules
from rl_replenishment.core.files.feedback import FeedbackRows
from rl_replenishment.core.items import FloatArray, ItemTable
from rl_replenishment.core.policies import rules
from rl_replenishment.core.policies.network import Normaliser
from rl_replenishment.core.policies.observation import OBSERVATION_SIZE
from rl_replenishment.core.policies.residual_network import ResidualNetwork
from rl_replenishment.core.policies.store import StoredPolicy, parse_policy, policy_files
from rl_replenishment.core.simulation.rollout import run
from rl_replenishment.core.training import from_history
from rl_replenishment.core.training.algorithms import ALGORITHMS, make_trainer
from rl_replenishment.core.training.from_history import (
	TrainingOptions,
	check_history,
	continue_on_feedback,
	train_on_history,
	tuning_halves,
)
from rl_replenishment.core.training.interface import (
	Budget,
	EndedBy,
	Evaluation,
	Progress,
	TrainingProblem,
	TrainingResult,
)


def validation_cost(policy: Any, problem: TrainingProblem) -> float:
	return float(run(policy, problem.validation).cost.sum())


def short_history(days: int = 70, start: np.datetime64 = MONDAY) -> DemandHistory:
	return history_of(np.random.default_rng(0).poisson([1, 4], (days, 2)), start)


ITEMS = ItemTable.create(
	codes(2), suppliers=("Acme", "Lux"), lead_time_days=[3, 6], unit_cost=10, order_cost=1
)


@pytest.mark.torch
def test_same_seed_same_files() -> None:
	"""A budget of steps gives the same policy byte for byte; another seed another one."""
	trainer = small_trainer()
	options = TrainingOptions(seconds=None, timesteps=3 * ROLLOUT, seed=1)
	first, again, other = (
		train_on_history(short_history(), ITEMS, trainer, replace(options, seed=seed)) for seed in (1, 1, 2)
	)
	assert policy_files(first.stored) == policy_files(again.stored)
	assert first.result.evaluations[1].cost_ratio != other.result.evaluations[1].cost_ratio
	about = first.stored.about
	assert about["options"]["seed"] == 1
	assert about["data"] == {
		"first_day": "2024-01-01",
		"last_day": "2024-03-10",
		"items": 2,
		"rhythm": "daily demand",
	}
	assert about["training"]["timesteps"] == first.result.timesteps
	assert about["training"]["ended_by"] == "budget"
	assert {"numpy", "torch", "python", "rl_replenishment"} <= set(about["versions"])
	json.dumps(about, allow_nan=False)
	# and what is stored can be read and is what was trained
	stored = parse_policy(policy_files(first.stored), "x")
	assert stored.snapshot.today == short_history().end
	assert stored.policy.classical.name == first.rules.best.name


@pytest.mark.torch
@pytest.mark.parametrize(("days", "weekday"), [(28, 1), (40, 1), (48, 5)])
def test_a_few_weeks_of_history_are_enough(days: int, weekday: int) -> None:
	"""The least that is accepted is trained on, whatever day it starts on."""
	history = short_history(days, MONDAY + np.timedelta64(weekday, "D"))
	options = TrainingOptions(seconds=None, timesteps=ROLLOUT)
	trained = train_on_history(history, ITEMS, small_trainer(), options)
	assert trained.result.chosen.cost_ratio <= 1


@pytest.mark.torch
def test_training_starts_at_the_rule_and_is_never_worse() -> None:
	"""Even where steps are far too large: the verdict is at most as dear as the classical rule."""
	problem = small_problem()
	wild = small_trainer(learning_rate=0.3, target_kl=1e9, n_epochs=6, averaging=0.0)
	result = train(wild, rollouts=4, problem=problem)
	assert result.evaluations[0].cost_ratio == 1.0
	assert max(evaluation.cost_ratio for evaluation in result.evaluations) > 1.05
	assert result.chosen.cost_ratio <= 1
	rule_cost = validation_cost(problem.task.classical, problem)
	assert validation_cost(result.policy, problem) <= rule_cost
	assert validation_cost(result.policy, problem) == pytest.approx(rule_cost * result.chosen.cost_ratio)


@pytest.mark.torch
def test_progress_is_told_and_can_end_training() -> None:
	told: list[Progress] = []

	def stop_at_the_fourth(progress: Progress) -> bool:
		told.append(progress)
		return len(told) < 4

	result = train(small_trainer(), rollouts=20, progress=stop_at_the_fourth)
	assert result.ended_by == "cancelled"
	assert len(told) == 4
	for earlier, later in pairwise(told):
		assert 0 <= earlier.share < later.share <= 1
		assert earlier.timesteps < later.timesteps
		assert earlier.seconds <= later.seconds
	assert told[0].mean_reward == 0
	assert told[0].best_cost_ratio == 1
	assert result.chosen in result.evaluations
	# where training started and after each rollout, once
	assert len(result.evaluations) == 4
	# three rollouts, and the step on which SB3 can be stopped
	assert 3 * ROLLOUT <= result.timesteps <= 3 * ROLLOUT + 64


@pytest.mark.torch
def test_a_training_cancelled_at_once_is_the_rule() -> None:
	problem = small_problem()
	result = train(small_trainer(), rollouts=20, problem=problem, progress=lambda _: False)
	assert result.ended_by == "cancelled"
	assert len(result.evaluations) == 1
	assert result.chosen.cost_ratio == 1
	assert validation_cost(result.policy, problem) == validation_cost(problem.task.classical, problem)


@pytest.mark.torch
def test_progress_that_says_nothing_goes_on() -> None:
	assert train(small_trainer(), rollouts=2, progress=lambda _: None).ended_by == "budget"


@pytest.mark.torch
def test_early_stopping() -> None:
	"""Where nothing better comes, the budget is not used up."""
	still = small_trainer(learning_rate=0.0, patience=3)
	result = train(still, rollouts=50)
	assert result.ended_by == "early stopping"
	assert result.timesteps <= 5 * ROLLOUT
	assert {evaluation.cost_ratio for evaluation in result.evaluations} == {1.0}


@pytest.mark.torch
def test_time_ends_training() -> None:
	result = small_trainer().train(small_problem(), budget=Budget(seconds=1.5), seed=0)
	assert result.ended_by == "budget"
	assert result.seconds >= 1.5
	assert result.timesteps > 0


@pytest.mark.torch
def test_the_last_update_counts() -> None:
	"""A budget of a single rollout has learned something, for better or worse."""
	result = train(small_trainer(learning_rate=0.05, target_kl=1e9), rollouts=1)
	assert len(result.evaluations) > 1
	assert result.evaluations[-1].cost_ratio != 1.0


@pytest.mark.torch
@pytest.mark.slow
def test_it_learns_what_a_badly_tuned_rule_does_not_know() -> None:
	"""A rule with far too little safety stock: learning saves a clear share of its cost on unseen days."""
	problem = small_problem(safety_factor=-1.0)
	trainer = small_trainer(learning_rate=1e-2, n_epochs=5, log_std_init=-1.2, evaluate_every=4)
	result = train(trainer, rollouts=28, problem=problem)
	saved = 1 - validation_cost(result.policy, problem) / validation_cost(problem.task.classical, problem)
	assert saved > 0.15
	# what it learned is to order more
	ledgers = [run(policy, problem.validation) for policy in (result.policy, problem.task.classical)]
	assert ledgers[0].fill_rate > ledgers[1].fill_rate + 0.02


def buyers_answers(history: DemandHistory, factor: float) -> FeedbackRows:
	"""Eight weeks in which the buyer ordered `factor` times what was proposed, of two items."""
	proposed = np.tile([8.0, 30.0], 8)
	return FeedbackRows(
		keys=ITEMS.keys * 8,
		proposed_qty=proposed,
		ordered_qty=proposed * factor,
		date=history.end - np.repeat(np.arange(8), 2).astype("timedelta64[W]"),
		on_hand=np.full(16, np.nan),
		on_order=np.full(16, np.nan),
		reason=("",) * 16,
	)


@pytest.mark.torch
def test_learning_from_the_buyer() -> None:
	"""From a stored policy: closer to what the buyer ordered, within the cost that the parent allows."""
	history = short_history(90)
	options = TrainingOptions(seconds=None, timesteps=2 * ROLLOUT)
	parent = train_on_history(history, ITEMS, small_trainer(), options).stored
	parent = parse_policy(policy_files(parent), "as stored")
	answers = buyers_answers(history, 1.5)
	situations = recall_situations(parent.policy, ITEMS, history, answers, np.tile([0, 1], 8), 7)
	trainer = small_trainer(
		feedback_columns=128, learning_rate=2e-2, n_epochs=6, log_std_init=-1.5, largest_cost_increase=0.5
	)
	learned = continue_on_feedback(
		history, ITEMS, parent, situations, trainer, replace(options, timesteps=12 * (64 + 128) * 8)
	)
	before, chosen = learned.result.evaluations[0], learned.result.chosen
	assert before.feedback_distance is not None
	assert chosen.feedback_distance is not None
	assert chosen.feedback_distance < 0.8 * before.feedback_distance
	assert chosen.cost_ratio <= before.cost_ratio * 1.5
	assert learned.stored.about["parent_sha256"] == parent.sha256 != ""
	assert learned.stored.about["feedback_rows"] == 16
	# the classical part is still the parent's
	mine, theirs = (
		rules.written(policy.policy.classical.rule, ITEMS.keys) for policy in (learned.stored, parent)
	)
	assert mine[0] == theirs[0]
	for name, expected in theirs[1].items():
		np.testing.assert_array_equal(mine[1][name], expected)


@pytest.mark.torch
def test_learning_from_the_buyer_starts_at_the_parent() -> None:
	"""At its network and its classical part, whatever tuning would find today."""
	history = short_history(90)
	rule = forecast_rule(safety_factor=0.77, cap=2.2, items=ITEMS)
	policy = residual_policy(rule, np.random.default_rng(0), scale=0.1)
	parent = StoredPolicy(policy, from_history.snapshot(history, ITEMS, 7), 7, "lost")
	answers = buyers_answers(history, 1.0)
	situations = recall_situations(policy, ITEMS, history, answers, np.tile([0, 1], 8), 7)
	learned = continue_on_feedback(
		history,
		ITEMS,
		parent,
		situations,
		small_trainer(hidden=(8, 8)),
		TrainingOptions(seconds=None, timesteps=4 * ROLLOUT),
		progress=lambda _: False,
	)
	assert learned.result.policy.classical is rule
	np.testing.assert_array_equal(learned.result.policy.normaliser.mean, policy.normaliser.mean)
	for one, other in zip(learned.result.policy.network.layers, policy.network.layers, strict=True):
		np.testing.assert_array_equal(one[0], other[0])
		np.testing.assert_array_equal(one[1], other[1])


@pytest.mark.torch
def test_torch_keeps_to_one_thread() -> None:
	torch = pytest.importorskip("torch")
	train(small_trainer(), rollouts=1, progress=lambda _: False)
	assert torch.get_num_threads() == 1


@dataclass
class Onlooker:
	"""A trainer that learns nothing and keeps the problem."""

	problem: TrainingProblem | None = None

	def train(self, problem: TrainingProblem, *, budget: Budget, seed: int, **_: Any) -> TrainingResult:
		self.problem = problem
		verdict = Evaluation(0.0, 0, 1.0, 0.0)
		network = random_network(np.random.default_rng(seed), scale=0.0)
		count = OBSERVATION_SIZE
		normaliser = Normaliser(np.zeros(count, np.float32), np.ones(count, np.float32))
		policy = ResidualNetwork("learned policy", problem.task.classical, normaliser, network)
		return TrainingResult(policy, verdict, [verdict], 0.0, 0, "budget")


def test_going_on_without_answers() -> None:
	"""A policy can be trained on with newer demand alone."""
	history, trainer = short_history(60), Onlooker()
	policy = residual_policy(forecast_rule(safety_factor=0.77, items=ITEMS), np.random.default_rng(0))
	parent = StoredPolicy(policy, from_history.snapshot(history, ITEMS, 7), 7, "lost")
	shares: list[float] = []
	trained = continue_on_feedback(
		history, ITEMS, parent, None, trainer, TrainingOptions(), tuning_progress=shares.append
	)
	assert trainer.problem is not None
	assert trainer.problem.parent is policy
	assert trainer.problem.feedback is None
	assert trainer.problem.task.classical is policy.classical
	assert trained.stored.about["feedback_rows"] == 0
	assert shares[-1] == 1


@pytest.mark.torch
@pytest.mark.parametrize(("days", "validated"), [(100, 25), (800, 182)])
def test_what_is_judged_on_was_not_learned_from(
	monkeypatch: pytest.MonkeyPatch, days: int, validated: int
) -> None:
	"""The last quarter of the history, at most half a year, is for the verdict alone."""
	pytest.importorskip("torch")
	rules = tune_rules(tuning_halves(short_history(40), ITEMS, 7, "lost", 0))
	# tuning on years takes its time
	monkeypatch.setattr(from_history, "tune_rules", lambda halves, progress=None: rules)
	history, trainer = short_history(days), Onlooker()
	options = TrainingOptions(unmet_demand="backorder", review_days=14)
	trained = train_on_history(history, ITEMS, trainer, options)
	problem = trainer.problem
	assert problem is not None
	task, validation = problem.task, problem.validation
	assert task.history.days == days - validated
	assert validation.days == validated
	assert validation.date(0) == task.history.end
	assert task.history.start == history.start
	assert (task.review_days, validation.review_days) == (14, 14)
	assert (task.unmet_demand, validation.unmet_demand) == ("backorder", "backorder")
	# the rule that is learned on was fitted before those days, the one that is served on all of them
	assert task.classical is not trained.rules.best
	assert trained.stored.policy.classical is trained.rules.best
	assert validation.demand.tolist() == history.demand.tolist()
	assert trained.stored.snapshot.today == history.end


@dataclass
class Scripted(Onlooker):
	"""A trainer that finds something, and what it costs in another time."""

	earlier: float = 1.0
	ended_by: EndedBy = "budget"
	problems: list[TrainingProblem] = field(default_factory=list)

	def train(self, problem: TrainingProblem, *, budget: Budget, seed: int, **more: Any) -> TrainingResult:
		self.problems.append(problem)
		result = super().train(problem, budget=budget, seed=seed, **more)
		network = random_network(np.random.default_rng(seed + len(self.problems)))
		if len(self.problems) == 1:
			verdict = Evaluation(1.0, 64, 0.9, 0.01, 0.5)
			return replace(
				result,
				policy=replace(result.policy, network=network),
				chosen=verdict,
				evaluations=[*result.evaluations, verdict],
				timesteps=64,
			)
		if more["progress"]:
			more["progress"](Progress(0.5, 1.0, 32, self.earlier, 0.0))
		verdict = Evaluation(1.0, 64, self.earlier, 0.01, problem.share or 1.0)
		policy = replace(result.policy, network=network)
		return TrainingResult(policy, verdict, [verdict], 1.0, 64, self.ended_by)


@pytest.mark.torch
@pytest.mark.parametrize("earlier", [0.98, 1.15])
def test_what_was_found_has_to_hold_in_another_time(monkeypatch: pytest.MonkeyPatch, earlier: float) -> None:
	"""Trained again before the part that precedes; where it costs more there than it saves, the rule."""
	pytest.importorskip("torch")
	rules = tune_rules(tuning_halves(short_history(40), ITEMS, 7, "lost", 0))
	monkeypatch.setattr(from_history, "tune_rules", lambda halves, progress=None: rules)
	history, trainer = short_history(400), Scripted(earlier=earlier)
	told: list[Progress] = []
	trained = train_on_history(history, ITEMS, trainer, TrainingOptions(), progress=told.append)
	first, second, *rest = trainer.problems
	held = first.validation.days
	# neither the days that it is judged on nor any after them are known
	assert second.task.history.days == history.days - 2 * held
	assert second.validation.demand.tolist() == history.window(0, history.days - held).demand.tolist()
	assert second.validation.days == held
	assert second.task.classical is not first.task.classical
	assert second.share == 0.5
	assert [progress.share for progress in told] == [0.5, 5 / 6][: len(told)]
	assert [progress.best_cost_ratio for progress in told] == [0.9] * len(told)
	policy, about = trained.stored.policy, trained.stored.about
	assert about["cost_ratio_earlier"] == earlier
	assert policy.classical is trained.rules.best
	answers = policy.network(np.random.default_rng(0).normal(size=(9, OBSERVATION_SIZE)).astype(np.float32))
	if earlier < 1:
		assert [problem.task.history.days for problem in rest] == [history.days]
		assert trained.result.chosen.cost_ratio == 0.9
		assert about["learned_share"] == 0.5
		assert np.abs(answers).max() > 0
		assert trained.result.timesteps == 3 * 64
	else:
		assert not rest
		assert trained.result.chosen.cost_ratio == 1.0
		assert np.abs(answers).max() == 0
		assert trained.result.timesteps == 2 * 64


@pytest.mark.torch
def test_cancelled_before_it_was_seen_to_hold(monkeypatch: pytest.MonkeyPatch) -> None:
	"""The best so far is kept, as ever."""
	pytest.importorskip("torch")
	rules = tune_rules(tuning_halves(short_history(40), ITEMS, 7, "lost", 0))
	monkeypatch.setattr(from_history, "tune_rules", lambda halves, progress=None: rules)
	trainer = Scripted(earlier=1.15, ended_by="cancelled")
	trained = train_on_history(short_history(400), ITEMS, trainer, TrainingOptions(), progress=lambda _: None)
	assert len(trainer.problems) == 2
	assert trained.result.ended_by == "cancelled"
	assert trained.result.chosen.cost_ratio == 0.9
	assert "cost_ratio_earlier" not in trained.stored.about


def test_histories_that_nothing_can_be_learned_from() -> None:
	with pytest.raises(InputError, match=r"spans 27 days, but at least 28 are needed; give"):
		check_history(short_history(27), 7)
	with pytest.raises(InputError, match=r"spans 100 days, but at least 120 are needed"):
		check_history(short_history(100), 30)
	with pytest.raises(InputError, match="has no demand at all; check its quantities"):
		check_history(history_of(np.zeros((50, 2))), 7)
	check_history(short_history(28), 7)


def test_an_unknown_algorithm() -> None:
	with pytest.raises(InputError, match=r"There is no algorithm 'a3c'; choose one of: ") as caught:
		make_trainer("a3c")
	assert all(name in str(caught.value) for name in ALGORITHMS)


def test_training_without_its_libraries(monkeypatch: pytest.MonkeyPatch) -> None:
	"""A sentence that says what to install."""
	for name in [name for name in sys.modules if name.startswith("rl_replenishment.core.training.")]:
		monkeypatch.delitem(sys.modules, name)
	monkeypatch.setitem(sys.modules, "torch", None)
	with pytest.raises(InputError, match=r"Training needs torch, which is not installed; run: pip install"):
		make_trainer("ppo")


@pytest.mark.torch
def test_curves_without_tensorboard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
	"""A sentence that says what to install, before any work."""
	pytest.importorskip("stable_baselines3")
	monkeypatch.setitem(sys.modules, "tensorboard", None)
	with pytest.raises(InputError, match="tensorboard"):
		make_trainer("ppo", tensorboard=tmp_path)


@pytest.mark.torch
def test_training_on_the_original_environment(monkeypatch: pytest.MonkeyPatch) -> None:
	"""Reproducible, and at least as good as the tuned rule it starts from, on the episodes that judge it."""
	pytest.importorskip("stable_baselines3")
	from rl_replenishment.core.training import stock_multi_product

	def judged(actions: Callable[[FloatArray], FloatArray]) -> float:
		rng = np.random.default_rng([3, 1])
		return evaluate_stock_multi_product(actions, lines, rng, episodes=20)["mean_return"]

	# fewer episodes than in earnest
	monkeypatch.setattr(
		stock_multi_product,
		"evaluate_stock_multi_product",
		lambda actions, lines, rng, episodes: evaluate_stock_multi_product(actions, lines, rng, episodes=20),
	)
	lines = sample_order_lines()
	settings = stock_multi_product.StockMultiProductSettings(
		episodes=8, n_steps=16, batch_size=64, n_epochs=1
	)
	first, again = (
		stock_multi_product.train_stock_multi_product(
			lines, seconds=None, timesteps=256, seed=3, settings=settings
		)
		for _ in range(2)
	)
	stocks = np.random.default_rng(0).uniform(0, 400, (50, 3)).astype(np.float32)
	np.testing.assert_array_equal(first.actions(stocks), again.actions(stocks))
	assert judged(first.actions) >= judged(partial(order_up_to_actions, level=first.level)) - 1e-6


@pytest.mark.torch
def test_trainers_are_made_by_name() -> None:
	pytest.importorskip("stable_baselines3")
	for name in ALGORITHMS:
		assert hasattr(make_trainer(name), "train")


@pytest.mark.torch
def test_the_buyers_answers_have_a_weight() -> None:
	pytest.importorskip("torch")
	pytest.importorskip("stable_baselines3")
	columns = [
		make_trainer("ppo", feedback_weight=weight).settings.feedback_columns for weight in (0.5, 1e-9)
	]  # type: ignore[attr-defined]
	assert columns == [512, 1]
	assert make_trainer("ppo").settings.feedback_columns == 256  # type: ignore[attr-defined]
