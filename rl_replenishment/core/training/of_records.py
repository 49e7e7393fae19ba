"""One training of an agent, wherever it runs: what a site knows in, a policy and how it came about out.

`Records` are what a site has written down; `prepare` makes of them what there is to learn from; `train`
learns. The site's own worker and a trainer on another machine both take this road, and learn the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.demand.imputation import Unseen, impute
from rl_replenishment.core.demand.known_events.telling import what_was_learned
from rl_replenishment.core.edits.answers import Answers
from rl_replenishment.core.edits.constraints import LEARNED_CONSTRAINTS
from rl_replenishment.core.edits.reading import read_answers
from rl_replenishment.core.environments.feedback import FeedbackSituations, recall_situations
from rl_replenishment.core.explanation import Translate
from rl_replenishment.core.files.feedback import FeedbackRows
from rl_replenishment.core.items import FloatArray, ItemKey, ItemTable, UnmetDemand
from rl_replenishment.core.lessons.answers import unexplained
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
from rl_replenishment.core.training.interface import Progress

#: of the history, no more than this is held out for the test
LARGEST_HOLDOUT_SHARE = 0.25


@dataclass(frozen=True)
class Ask:
	"""What was asked for; plain values."""

	#: Initial starts at the classical rule, on demand alone. Continual goes on from the learned policy in
	#: use, where there is one, and learns from the feedback that has settled.
	kind: str
	algorithm: str
	seconds: float | None
	timesteps: int | None
	seed: int


@dataclass(frozen=True, eq=False)
class Records:
	"""What a site has written down of an agent's N item-warehouses over T days, all of one moment."""

	items: ItemTable
	#: demand as it was booked
	booked: DemandHistory
	#: where stock-outs and late introductions hide demand
	unseen: Unseen
	#: bookings far outside an item's history that people call real
	real: tuple[tuple[ItemKey, np.datetime64], ...]
	#: settled decisions of buyers
	answers: Answers
	#: shape (N,), the factor by which proposals follow the buyer's lessons already
	followed: FloatArray
	#: when each answer that nothing was learned from yet was last changed, by name
	changed_on: dict[str, str]
	#: the learned policy in use, by name
	rival: tuple[str, StoredPolicy] | None
	#: days between two chances to order
	review_days: int
	unmet_demand: UnmetDemand
	#: days at the end that training is not to see; at most `LARGEST_HOLDOUT_SHARE` of the history are kept
	holdout_days: int
	#: how much agreement with the buyer counts; 0 for not at all
	feedback_weight: float

	@property
	def held(self) -> int:
		"""Days at the end that training does not see."""
		return min(self.holdout_days, int(self.booked.days * LARGEST_HOLDOUT_SHARE))


@dataclass(frozen=True, eq=False)
class Material:
	"""What there is to learn from."""

	items: ItemTable
	#: all days, the held-out ones included
	history: DemandHistory
	#: days at the end that training does not see
	held: int
	review_days: int
	unmet_demand: UnmetDemand
	feedback_weight: float
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
	#: all that were looked at, by name, with the time of their last change
	rows_read: dict[str, str] = field(default_factory=dict)

	@property
	def seen(self) -> DemandHistory:
		"""The days to learn from."""
		return self.history.window(0, self.history.days - self.held)


def prepare(records: Records, ask: Ask) -> Material:
	"""Fill the gaps of the history and read the buyers' answers."""
	held = records.held
	known = impute(records.booked, records.items, records.unseen, held, records.real)
	history = known.history
	usable, index = _usable(records.answers, history)
	# packs and minimum orders are facts, whatever kind of training was asked for
	reading = read_answers(
		records.items,
		known.as_booked,
		usable.rows,
		index,
		records.review_days,
		records.unmet_demand,
		usable.values,
	)
	is_continual = ask.kind == "Continual" and records.feedback_weight > 0
	new = np.flatnonzero(usable.is_new & is_continual)
	rival = records.rival
	return Material(
		items=reading.items,
		history=history,
		held=held,
		review_days=records.review_days,
		unmet_demand=records.unmet_demand,
		feedback_weight=records.feedback_weight,
		rival=(rival[0], adapted_to(rival[1], records.items.keys)) if rival else None,
		# what proposals follow already is not to be learned a second time
		rows=unexplained(usable.rows.take(new), records.followed[index[new]]),
		rows_at=index[new],
		evidence=reading.evidence[new],
		constraints=reading.constraints.as_json(reading.items),
		rows_read=dict(records.changed_on) if is_continual else {},
	)


def _usable(answers: Answers, history: DemandHistory) -> tuple[Answers, npt.NDArray[np.intp]]:
	"""The decisions on item-warehouses that the agent still orders for, since the history began."""
	position = {key: i for i, key in enumerate(history.keys)}
	index = np.array([position.get(key, -1) for key in answers.rows.keys], dtype=np.intp)
	at = np.flatnonzero((index >= 0) & ~(answers.rows.date < history.start))
	return answers.take(at), index[at]


class Watching(Protocol):
	"""Somebody who is told how far a training is, and may want it to end."""

	@property
	def is_over(self) -> bool:
		"""Whether the training is to end."""
		...

	def phase(self, message: str, first: float, last: float) -> None:
		"""What comes next, and the percent that it takes up."""
		...

	def must_go_on(self, share: float = 0.0) -> None:
		"""Told of the share of the phase done; raises where the training is to end with nothing to keep."""
		...

	def of_training(self, progress: Progress) -> bool:
		"""The callback of a trainer; False ends it, and the best policy so far is kept."""
		...


def train(
	material: Material, ask: Ask, watch: Watching, translate: Translate = str, device: str = "cpu"
) -> tuple[Trained, str | None]:
	"""Learn; returns what came of it, and the name of the policy gone on from, None for none.

	Takes up the percent from 5 to 85. What watchers are told is translated. `device` is one of `DEVICES`.
	"""
	_ = translate
	# before anything long begins
	check_history(material.seen, material.review_days, _)
	trainer = make_trainer(
		ask.algorithm.lower(), feedback_weight=max(material.feedback_weight, 1e-9), device=device
	)
	options = TrainingOptions(
		review_days=material.review_days,
		unmet_demand=material.unmet_demand,
		algorithm=ask.algorithm.lower(),
		seconds=ask.seconds,
		timesteps=ask.timesteps,
		seed=ask.seed,
	)
	told = _telling(watch, _)
	seen, items = material.seen, material.items
	if ask.kind == "Continual" and material.rival and _goes_on(material.rival[1], options):
		name, parent = material.rival
		parent = replace(parent, review_days=options.review_days)
		situations = _situations(parent, material)
		trained = continue_on_feedback(seen, items, parent, situations, trainer, options, **told(5, 85))
		return _with_constraints(trained, material), name
	if not len(material.rows):
		trained = train_on_history(seen, items, trainer, options, **told(5, 85))
		return _with_constraints(trained, material), None
	# the buyer corrected a classical rule: half of the time to learn from demand, half from the buyer
	options = replace(
		options,
		seconds=options.seconds and options.seconds / 2,
		timesteps=options.timesteps and max(options.timesteps // 2, 1),
	)
	trained = train_on_history(seen, items, trainer, options, **told(5, 45))
	if not watch.is_over:
		situations = _situations(trained.stored, material)
		trained = continue_on_feedback(
			seen, items, trained.stored, situations, trainer, options, **told(45, 85)
		)
	return _with_constraints(trained, material), None


def _telling(watch: Watching, _: Translate) -> Callable[[float, float], dict[str, Any]]:
	"""The two callbacks of a training that takes up a part of the percent."""

	def between(first: float, last: float) -> dict[str, Any]:
		middle = first + (last - first) / 8
		watch.phase(_("Tuning the classical rules"), first, middle)

		def tuned(share: float) -> None:
			watch.must_go_on(share)
			if share >= 1:
				watch.phase(_("Training"), middle, last)

		return {"progress": watch.of_training, "tuning_progress": tuned}

	return between


def _with_constraints(trained: Trained, material: Material) -> Trained:
	if material.constraints:
		trained.stored.about[LEARNED_CONSTRAINTS] = material.constraints
	return trained


def _goes_on(parent: StoredPolicy, options: TrainingOptions) -> bool:
	"""Whether an algorithm can go on from a policy: it must be of its own making."""
	made_by = parent.about.get("options", {})
	return bool(made_by.get("algorithm") == options.algorithm)


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


def metrics(trained: Trained, material: Material) -> dict[str, Any]:
	"""How a training went, as plain values, for its run and its policy."""
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
		"events": what_was_learned(trained.stored.about),
	}
