"""From a demand history to a policy: split, tune the rules, train, put the result together."""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from rl_replenishment import __version__
from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.demand.known_events.effects import Effect, effects_of
from rl_replenishment.core.demand.known_events.event import EVENTS, EVENTS_COST_RATIO
from rl_replenishment.core.demand.known_events.lifts import latest_usual
from rl_replenishment.core.demand.known_events.stored import events_as_json, events_known_to
from rl_replenishment.core.environments.batch import ReplenishmentTask
from rl_replenishment.core.environments.feedback import FeedbackSituations
from rl_replenishment.core.errors import InputError
from rl_replenishment.core.evaluation.tuning import TunedRules, tune_rules
from rl_replenishment.core.explanation import Translate
from rl_replenishment.core.items import ItemTable, UnmetDemand
from rl_replenishment.core.policies.base import protection_days
from rl_replenishment.core.policies.order_up_to import OrderUpTo
from rl_replenishment.core.policies.store import Snapshot, StoredPolicy
from rl_replenishment.core.simulation.rollout import run
from rl_replenishment.core.simulation.scenario import Scenario, halves, replay
from rl_replenishment.core.training.algorithms import DEFAULT_ALGORITHM
from rl_replenishment.core.training.interface import (
	Budget,
	ProgressCallback,
	Trainer,
	TrainingProblem,
	TrainingResult,
)
from rl_replenishment.core.training.parts import Parts

#: at least this much history is needed to learn from, in days and in review intervals
LEAST_DAYS = 28
LEAST_REVIEWS = 4
#: settings are chosen by what they cost on so many days, in review intervals and in typical protection
#: intervals, or not at all; where each item has its own, its luck averages out over more reviews
LEAST_JUDGED_REVIEWS, LEAST_JUDGED_REVIEWS_OF_EACH, LEAST_JUDGED_INTERVALS = 13, 26, 3
#: the last part of the training window, on which the best policy is chosen
VALIDATION_SHARE, LONGEST_VALIDATION = 0.25, 182


@dataclass(frozen=True)
class TrainingOptions:
	"""How to train; stored with the policy."""

	#: days between two chances to order
	review_days: int = 7
	#: what happens to demand that the shelf cannot meet
	unmet_demand: UnmetDemand = "lost"
	algorithm: str = DEFAULT_ALGORITHM
	seconds: float | None = 60.0
	timesteps: int | None = None
	seed: int = 0


@dataclass(frozen=True, eq=False)
class Trained:
	"""A policy ready to be stored, and how it came about."""

	stored: StoredPolicy
	rules: TunedRules
	result: TrainingResult
	#: on the validation days over the tuned base-stock rule's, whichever rule was learned on; nan where
	#: nothing was measured
	validation_cost: float = float("nan")


def train_on_history(
	history: DemandHistory,
	items: ItemTable,
	trainer: Trainer,
	options: TrainingOptions,
	*,
	progress: ProgressCallback | None = None,
	tuning_progress: Callable[[float], object] | None = None,
	checkpoint: Path | None = None,
	resume: bool = False,
) -> Trained:
	"""Train on all days of `history` (the caller has cut off any hold-out)."""
	check_history(history, options.review_days)
	# needs torch, as the trainer does; what else this module does needs none
	from rl_replenishment.core.training.judge import holds
	from rl_replenishment.core.training.paying_events import best_rule_with_events
	from rl_replenishment.core.training.portfolio import Candidate

	told = tuning_progress or (lambda share: None)
	asked = history
	best = best_rule_with_events(
		history,
		items,
		options.review_days,
		options.unmet_demand,
		options.seed,
		progress=lambda share: told(share / 2),
	)
	history, portfolio = best.history, best.portfolio
	rules = tune_rules(
		tuning_halves(history, items, options.review_days, options.unmet_demand, options.seed),
		progress=lambda share: told(min((1 + share) / 2, 0.99)),
	)
	# whoever listens is to know that training begins, however short the contest was
	told(1.0)
	rules = replace(rules, best=portfolio.final.rule, cost_per_day=portfolio.cost_per_day)
	held = validation_days(history.days)

	def problem(days: DemandHistory, candidate: Candidate) -> TrainingProblem:
		learned_on = replace(rules, best=candidate.rule)
		return _problem(days, items, learned_on, options, held, replayed=candidate.replayed)

	first = problem(history, portfolio.before)
	budget = Budget(options.seconds, options.timesteps)
	trainings = Parts(trainer, budget, 3 if portfolio.earlier else 2, seed=options.seed, progress=progress)
	found = trainings.find(first, checkpoint, resume=resume)
	chosen, policy = found.chosen, replace(found.policy, classical=portfolio.final.rule)
	about: dict[str, Any] = {"candidates": portfolio.cost_ratios}
	if best.cost_ratio is not None:
		about |= {EVENTS: events_as_json((), asked.events), EVENTS_COST_RATIO: best.cost_ratio}
	if chosen.timesteps and not trainings.is_cancelled and portfolio.earlier:
		# whether it holds in another time
		before = trainings.repeat(problem(history.window(0, history.days - held), portfolio.earlier))
		if not trainings.is_cancelled:
			about["cost_ratio_earlier"] = before.chosen.cost_ratio
			if not holds(chosen, before.chosen):
				# the rule: that is where training started
				chosen, policy = found.evaluations[0], replace(policy, network=policy.network.scaled(0.0))
	if chosen.timesteps and not trainings.is_cancelled:
		# once more on all days
		final = portfolio.final
		task = replace(first.task, history=history, classical=final.rule, replayed=final.replayed)
		policy = trainings.repeat(replace(first, task=task)).policy
	result = trainings.together(policy, chosen)
	about["learned_share"] = chosen.share
	judged, common = (
		run(rule, first.validation).cost.sum() for rule in (first.task.classical, rules.base_stock)
	)
	cost = chosen.cost_ratio * float(judged / max(common, 1e-9))
	return replace(_result(result, history, items, rules, options, about), validation_cost=cost)


def continue_on_feedback(
	history: DemandHistory,
	items: ItemTable,
	parent: StoredPolicy,
	feedback: FeedbackSituations | None,
	trainer: Trainer,
	options: TrainingOptions,
	*,
	progress: ProgressCallback | None = None,
	tuning_progress: Callable[[float], object] | None = None,
) -> Trained:
	"""Go on from a policy, with the buyer's answers beside the simulation where there are any."""
	check_history(history, options.review_days)
	if not events_known_to(parent.about).effects:
		# the parent counts none in
		history = replace(history, events=())
	rules = tune_rules(
		tuning_halves(history, items, options.review_days, options.unmet_demand, options.seed),
		progress=tuning_progress,
	)
	# the classical part stays the parent's: what it corrected must not shift under the network
	kept = replace(rules, best=parent.policy.classical)
	held = validation_days(history.days)
	problem = replace(_problem(history, items, kept, options, held), feedback=feedback, parent=parent.policy)
	result = trainer.train(
		problem, budget=Budget(options.seconds, options.timesteps), seed=options.seed, progress=progress
	)
	about = {
		"parent_sha256": parent.sha256,
		"feedback_rows": 0 if feedback is None else len(feedback),
		**{name: parent.about[name] for name in (EVENTS, EVENTS_COST_RATIO) if name in parent.about},
	}
	return _result(result, history, items, kept, options, about)


def validation_days(days: int) -> int:
	"""Days at the end of a training window that candidates are judged on."""
	return min(int(days * VALIDATION_SHARE), LONGEST_VALIDATION)


def least_days_to_judge(items: ItemTable, review_days: int, least_reviews: int = LEAST_JUDGED_REVIEWS) -> int:
	"""How many days tell which settings of a rule cost least.

	Orders late in the days are paid for in them and of use after them. Where few reviews or protection
	intervals fit in, what orders little and late looks cheapest, however many items are averaged over.
	"""
	interval = float(np.median(protection_days(items, review_days))) if len(items) else 0.0
	return int(np.ceil(max(least_reviews * review_days, LEAST_JUDGED_INTERVALS * interval)))


def check_history(history: DemandHistory, review_days: int, _: Translate = str) -> None:
	"""Refuse a history that nothing can be learned from, with a sentence that says why, translated by `_`."""
	needed = max(LEAST_DAYS, LEAST_REVIEWS * review_days)
	if history.days < needed:
		raise InputError(
			_(
				"The history to learn from spans {0} days, but at least {1} are needed; "
				"give a longer history or a shorter hold-out."
			).format(history.days, needed)
		)
	if not history.demand.any():
		raise InputError(_("The history to learn from has no demand at all; check its quantities."))


def tuning_halves(
	history: DemandHistory, items: ItemTable, review_days: int, unmet_demand: UnmetDemand, seed: int
) -> tuple[Scenario, Scenario]:
	"""The window to tune the classical rules on, in two halves."""
	# the first month only feeds the statistics, where there is enough to spare
	warm_up = min(LEAST_DAYS, history.days // 4)
	window = replay(
		items,
		history,
		days=history.days - warm_up,
		review_days=review_days,
		unmet_demand=unmet_demand,
		rng=np.random.default_rng(seed),
		# of the whole window, as the settings are
		effects=effects_of(history, items),
	)
	return halves(window)


def _problem(
	history: DemandHistory,
	items: ItemTable,
	rules: TunedRules,
	options: TrainingOptions,
	held: int,
	*,
	replayed: OrderUpTo | None = None,
) -> TrainingProblem:
	return TrainingProblem(
		task=ReplenishmentTask(
			items=items,
			history=history.window(0, history.days - held),
			classical=rules.best,
			replayed=replayed,
			cost_per_day=rules.cost_per_day,
			review_days=options.review_days,
			unmet_demand=options.unmet_demand,
		),
		validation=replay(
			items,
			history,
			days=held,
			review_days=options.review_days,
			unmet_demand=options.unmet_demand,
			rng=np.random.default_rng(options.seed + 1),
		),
	)


def _result(
	result: TrainingResult,
	history: DemandHistory,
	items: ItemTable,
	rules: TunedRules,
	options: TrainingOptions,
	about: dict[str, Any],
) -> Trained:
	about = {
		**about,
		**origin(history, items, options),
		"training": {
			"ended_by": result.ended_by,
			# by the clock, so only told where the clock is part of the result
			**({"seconds": round(result.seconds, 1)} if options.seconds else {}),
			"timesteps": result.timesteps,
			"evaluations": [
				{k: v for k, v in asdict(evaluation).items() if options.seconds or k != "seconds"}
				for evaluation in result.evaluations
			],
		},
	}
	stored = StoredPolicy(
		result.policy,
		snapshot(history, items, options.review_days),
		options.review_days,
		options.unmet_demand,
		about,
	)
	return Trained(stored, rules, result)


def origin(history: DemandHistory, items: ItemTable, options: TrainingOptions) -> dict[str, Any]:
	"""What a policy is made from, in plain values, with what was learned of known events."""
	told = {EVENTS: events_as_json(effects_of(history, items), history.events)} if history.events else {}
	return {
		**told,
		"options": asdict(options),
		"data": {
			"first_day": str(history.start),
			"last_day": str(history.end - np.timedelta64(1, "D")),
			"items": len(history.keys),
			"rhythm": history.rhythm,
		},
		"versions": versions(),
	}


def snapshot(
	history: DemandHistory, items: ItemTable, review_days: int, effects: Sequence[Effect] | None = None
) -> Snapshot:
	"""What is known of the items on the day after the history.

	What known events do is what the history tells, unless `effects` say it.
	"""
	known = latest_usual(history, items, protection_days(items, review_days), effects)
	return Snapshot(items, known, history.end)


def versions() -> dict[str, str]:
	"""What the training ran on."""
	found = {"rl_replenishment": __version__, "python": platform.python_version()}
	for package in ("numpy", "torch", "stable-baselines3", "gymnasium"):
		try:
			found[package] = version(package)
		except PackageNotFoundError:
			continue
	return found
