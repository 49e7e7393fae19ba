"""One training: an agent's history and the buyer's answers in, a policy and a verdict on it out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import frappe
import numpy as np
import numpy.typing as npt
from frappe import _
from frappe.model.document import Document
from frappe.utils import getdate
from rq.timeouts import JobTimeoutException

from rl_replenishment.bridge import feedback
from rl_replenishment.bridge.policies.promotion import Verdict, judge
from rl_replenishment.bridge.policies.store import CLASSICAL, active_policy, load
from rl_replenishment.bridge.state.demand import read_demand
from rl_replenishment.bridge.state.outages import without_gaps
from rl_replenishment.bridge.state.parameters import read_parameters
from rl_replenishment.bridge.state.scope import resolve_scope
from rl_replenishment.bridge.training.watch import Ended, Watch, ended_because
from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.edits.constraints import LEARNED_CONSTRAINTS
from rl_replenishment.core.edits.reading import read_answers
from rl_replenishment.core.environments.feedback import FeedbackSituations, recall_situations
from rl_replenishment.core.errors import InputError, PolicyFileError
from rl_replenishment.core.files.feedback import FeedbackRows
from rl_replenishment.core.items import FloatArray, ItemTable
from rl_replenishment.core.policies.adaptation import adapted_to
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

#: of the history, no more than this is held out for the test
LARGEST_HOLDOUT_SHARE = 0.25


@dataclass(frozen=True)
class Ask:
	"""What was asked for; plain values, kept in the run's `settings`."""

	#: Initial starts at the classical rule, on demand alone. Continual goes on from the learned policy in
	#: use, where there is one, and learns from the feedback that has settled.
	kind: str
	algorithm: str
	seconds: float | None
	timesteps: int | None
	seed: int


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


@dataclass(frozen=True, eq=False)
class _Material:
	"""What there is to learn from."""

	items: ItemTable
	#: all days, the held-out ones included
	history: DemandHistory
	#: days at the end that training does not see
	held: int
	#: the learned policy in use, by name and for these items
	rival: tuple[str, StoredPolicy] | None
	#: the buyer's decisions that can be learned from
	rows: FeedbackRows
	#: shape (E,), their item-warehouses
	rows_at: npt.NDArray[np.intp]
	#: shape (E,), what each says, see `core.edits.evidence`
	evidence: FloatArray
	#: packs and minimum orders that all decisions so far teach; `items` have them
	constraints: list[dict[str, Any]]
	#: all that were looked at: RL Feedback, by name, with the time of its last change
	rows_read: dict[str, Any]

	@property
	def seen(self) -> DemandHistory:
		"""The days to learn from."""
		return self.history.window(0, self.history.days - self.held)


def learn(settings: Document, ask: Ask, watch: Watch) -> Lesson:
	"""Read, train and compare.

	The last `holdout_days` of the history, at most a quarter of it, are kept for the comparison. What is
	compared is what is promoted: it is not trained again on all days, since nothing would show what that is
	worth. Writes nothing but the watch's notes.
	"""
	watch.phase(_("Reading the site's history"), 0, 5)
	trainer = make_trainer(ask.algorithm.lower(), feedback_weight=max(settings.feedback_weight, 1e-9))
	material = _read(settings, ask)
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


def _read(settings: Document, ask: Ask) -> _Material:
	keys = resolve_scope(settings).keys
	if not keys:
		raise InputError(
			_("Agent {0} has nothing to learn for; look at its warehouses and items.").format(settings.name)
		)
	items, _purchasing = read_parameters(settings, keys)
	history = read_demand(settings, keys, days=settings.history_days, today=getdate())
	held = min(settings.holdout_days or 0, int(history.days * LARGEST_HOLDOUT_SHARE))
	history = without_gaps(settings, items, history, held).history
	answers = feedback.settled_answers(settings.name)
	usable, index = _usable(answers, history)
	# packs and minimum orders are facts, whatever kind of training was asked for
	reading = read_answers(
		items,
		history,
		usable.rows,
		index,
		settings.review_days,
		settings.unmet_demand.lower(),
		usable.values,
	)
	is_continual = ask.kind == "Continual" and settings.feedback_weight > 0
	new = np.flatnonzero(usable.is_new & is_continual)
	rival = _learned_policy_in_use(settings.name)
	return _Material(
		items=reading.items,
		history=history,
		held=held,
		rival=(rival[0], adapted_to(rival[1], keys)) if rival else None,
		rows=usable.rows.take(new),
		rows_at=index[new],
		evidence=reading.evidence[new],
		constraints=reading.constraints.as_json(reading.items),
		rows_read=changed_on(answers.new_names if is_continual else []),
	)


def _usable(
	answers: feedback.Answers, history: DemandHistory
) -> tuple[feedback.Answers, npt.NDArray[np.intp]]:
	"""The decisions on item-warehouses that the agent still orders for, since the history began."""
	position = {key: i for i, key in enumerate(history.keys)}
	index = np.array([position.get(key, -1) for key in answers.rows.keys], dtype=np.intp)
	at = np.flatnonzero((index >= 0) & ~(answers.rows.date < history.start))
	return answers.take(at), index[at]


def changed_on(names: Sequence[str]) -> dict[str, Any]:
	"""When RL Feedback rows were last changed, by name."""
	if not names:
		return {}
	row = frappe.qb.DocType("RL Feedback")
	return dict(frappe.qb.from_(row).select(row.name, row.modified).where(row.name.isin(names)).run())


def _learned_policy_in_use(agent: str) -> tuple[str, StoredPolicy] | None:
	name = active_policy(agent)
	if not name or frappe.db.get_value("RL Policy", name, "algorithm") == CLASSICAL:
		return None
	try:
		return name, load(name)
	except PolicyFileError:
		# one that cannot be used orders nothing, so there is nothing to go on from or to beat
		return None


def _train(
	settings: Document, ask: Ask, material: _Material, trainer: Trainer, watch: Watch
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


def _situations(stored: StoredPolicy, material: _Material) -> FeedbackSituations | None:
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


def _compare(trained: Trained, material: _Material, watch: Watch, seed: int) -> Verdict:
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


def _metrics(trained: Trained, material: _Material, verdict: Verdict | None) -> dict[str, Any]:
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
