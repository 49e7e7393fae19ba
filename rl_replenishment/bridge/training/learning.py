"""One training: an agent's history and the buyer's answers in, a policy and a verdict on it out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from frappe import _
from frappe.model.document import Document
from rq.timeouts import JobTimeoutException

from rl_replenishment.bridge.policies.promotion import Verdict, judge
from rl_replenishment.bridge.training.material import Material, read_material
from rl_replenishment.bridge.training.run import Ask
from rl_replenishment.bridge.training.watch import Ended, Watch, ended_because
from rl_replenishment.core.edits.constraints import LEARNED_CONSTRAINTS
from rl_replenishment.core.environments.feedback import FeedbackSituations, recall_situations
from rl_replenishment.core.policies.store import StoredPolicy
from rl_replenishment.core.training.algorithms import make_trainer
from rl_replenishment.core.training.from_history import (
	Trained,
	TrainingOptions,
	check_history,
	continue_on_feedback,
	train_on_history,
)
from rl_replenishment.core.training.interface import Trainer


@dataclass(frozen=True, eq=False)
class Lesson:
	"""What came of a training."""

	stored: StoredPolicy
	#: None where the training was cancelled
	verdict: Verdict | None
	#: name of the RL Policy that it went on from
	parent: str | None
	#: RL Feedback, by name, with the time of its last change: what was learned from
	feedback: dict[str, Any]
	metrics: dict[str, Any]
	#: why it ended before its time, "" where it did not
	ended_early: str


def learn(settings: Document, ask: Ask, watch: Watch) -> Lesson:
	"""Read, train and compare.

	The last `holdout_days` of the history, at most a quarter of it, are kept for the comparison. What is
	compared is what is promoted: it is not trained again on all days, since nothing would show what that is
	worth. Writes nothing but the watch's notes.
	"""
	watch.phase(_("Reading the site's history"), 0, 5)
	trainer = make_trainer(ask.algorithm.lower(), feedback_weight=max(settings.feedback_weight, 1e-9))
	material = read_material(settings, ask)
	# in the site's language, as the training itself would not
	check_history(material.seen, settings.review_days, _)
	trained, parent = _train(settings, ask, material, trainer, watch)
	verdict = None
	if not watch.cancelled:
		watch.phase(_("Comparing with the rules and the policy in use on held-out days"), 85, 98)
		try:
			verdict = _compare(trained, material, watch, ask.seed)
		except (Ended, JobTimeoutException):
			# what was learned stays, as a candidate
			verdict = None
	if material.constraints:
		trained.stored.about[LEARNED_CONSTRAINTS] = material.constraints
	return Lesson(
		trained.stored,
		verdict,
		parent,
		material.rows_read,
		_metrics(trained, material, verdict),
		ended_because(watch, trained.result.ended_by),
	)


def _train(
	settings: Document, ask: Ask, material: Material, trainer: Trainer, watch: Watch
) -> tuple[Trained, str | None]:
	"""Train; returns the name of the policy gone on from as well."""
	options = TrainingOptions(
		review_days=settings.review_days,
		unmet_demand=settings.unmet_demand.lower(),
		algorithm=ask.algorithm.lower(),
		seconds=ask.seconds,
		timesteps=ask.timesteps,
		seed=ask.seed,
	)
	seen, items = material.seen, material.items

	def tune_then_train(first: float, last: float) -> dict[str, Any]:
		middle = first + (last - first) / 8
		watch.phase(_("Tuning the classical rules"), first, middle)

		def tuned(share: float) -> None:
			watch.must_go_on(share)
			if share >= 1:
				watch.phase(_("Training"), middle, last)

		return {"progress": watch.of_training, "tuning_progress": tuned}

	if ask.kind == "Continual" and material.rival and _goes_on(material.rival[1], options):
		name, parent = material.rival
		parent = replace(parent, review_days=options.review_days)
		situations, told = _situations(parent, material), tune_then_train(5, 85)
		return continue_on_feedback(seen, items, parent, situations, trainer, options, **told), name
	if not len(material.rows):
		return train_on_history(seen, items, trainer, options, **tune_then_train(5, 85)), None
	# the buyer corrected a classical rule: half of the time to learn from demand, half from the buyer
	options = replace(
		options,
		seconds=options.seconds and options.seconds / 2,
		timesteps=options.timesteps and max(options.timesteps // 2, 1),
	)
	first = train_on_history(seen, items, trainer, options, **tune_then_train(5, 45))
	if watch.is_over:
		return first, None
	situations, told = _situations(first.stored, material), tune_then_train(45, 85)
	return continue_on_feedback(seen, items, first.stored, situations, trainer, options, **told), None


def _goes_on(parent: StoredPolicy, options: TrainingOptions) -> bool:
	"""Whether an algorithm can go on from a policy: it must be of its own making."""
	return parent.about.get("options", {}).get("algorithm") == options.algorithm


def _situations(stored: StoredPolicy, material: Material) -> FeedbackSituations | None:
	"""The buyer's decisions as the policy would have met them; None where there are none.

	Recalling a decision takes the demand before its day, also where that is held out; what sold afterwards,
	which the comparison is about, is not looked at.
	"""
	if not len(material.rows):
		return None
	return recall_situations(
		stored.policy,
		material.items,
		material.history,
		material.rows,
		material.rows_at,
		stored.review_days,
		material.evidence,
	)


def _compare(trained: Trained, material: Material, watch: Watch, seed: int) -> Verdict:
	return judge(
		trained.stored,
		material.rival,
		material.history,
		material.items,
		material.held,
		trained.rules,
		watch.unless_cancelled,
		seed=seed,
	)


def _metrics(trained: Trained, material: Material, verdict: Verdict | None) -> dict[str, Any]:
	result = trained.result
	first, chosen = result.evaluations[0], result.chosen
	return {
		"data": trained.stored.about["data"],
		"holdout_days": material.held,
		"training": {
			"ended_by": result.ended_by,
			"timesteps": result.timesteps,
			"seconds": round(result.seconds, 1),
			"validation_cost_ratio": chosen.cost_ratio,
			"validation_cost_ratio_error": chosen.cost_ratio_error,
			"curve": [[round(each.seconds, 1), round(each.cost_ratio, 5)] for each in result.evaluations],
		},
		"feedback": {
			"rows": len(material.rows_read),
			"usable": len(material.rows),
			"reward_before": first.feedback_reward,
			"reward_after": chosen.feedback_reward,
			"distance_before": first.feedback_distance,
			"distance_after": chosen.feedback_distance,
			"evidence": float(material.evidence.sum()),
			"constraints": material.constraints,
		},
		"holdout": verdict.figures if verdict else {},
		"verdict": verdict.reason if verdict else "",
	}
