"""One training: an agent's history and the buyer's answers in, a policy and a verdict on it out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import frappe
import numpy as np
from frappe import _
from frappe.model.document import Document
from rq.timeouts import JobTimeoutException

from rl_replenishment.bridge.policies.promotion import Verdict, judge
from rl_replenishment.bridge.policies.store import earlier_policies
from rl_replenishment.bridge.queries import Keys
from rl_replenishment.bridge.state.purchases import Bought, read_bought
from rl_replenishment.bridge.training.material import read_records
from rl_replenishment.bridge.training.watch import Ended, Watch, ended_because
from rl_replenishment.core.evaluation.tuning import TunedRules
from rl_replenishment.core.policies.adaptation import adapted_to
from rl_replenishment.core.policies.store import StoredPolicy
from rl_replenishment.core.training.of_records import Ask, Material, metrics, prepare, train

#: earlier policies that are compared anew, besides the one in use
COMPARED_ANEW = 3


@dataclass(frozen=True, eq=False)
class Lesson:
	"""What came of a training."""

	stored: StoredPolicy
	#: None where the training was cancelled
	verdict: Verdict | None
	#: name of the RL Policy that it went on from
	parent: str | None
	#: RL Feedback, by name, with the time of its last change: what was learned from
	feedback: dict[str, str]
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
	material = prepare(read_records(settings), ask)
	trained, parent = train(material, ask, watch, _)
	return compared(
		material,
		trained.stored,
		trained.rules,
		parent,
		metrics(trained, material),
		trained.result.ended_by,
		watch,
		settings.name,
	)


def compared(
	material: Material,
	stored: StoredPolicy,
	rules: TunedRules | None,
	parent: str | None,
	told: dict[str, Any],
	ended_by: str,
	watch: Watch,
	agent: str,
) -> Lesson:
	"""What comes of a policy that was learned, once it is compared on the held-out days.

	Every policy of the agent meets the same luck, whatever the seed of its training, and the latest of the
	earlier ones are compared anew.

	`told` are the figures of its training; `rules` may be None where it was cancelled. Takes up the percent
	from 85 to 98.
	"""
	verdict = None
	if rules and not watch.cancelled:
		watch.phase(_("Comparing with the rules and the policy in use on held-out days"), 85, 98)
		try:
			verdict = judge(
				stored,
				material.rival,
				material.history,
				material.items,
				material.held,
				rules,
				watch.unless_cancelled,
				earlier=_earlier(material, agent),
				bought=_bought(material, agent),
			)
		except (Ended, JobTimeoutException):
			# what was learned stays, as a candidate
			verdict = None
	figures = {
		**told,
		"holdout": verdict.figures if verdict else {},
		"verdict": verdict.reason if verdict else "",
	}
	return Lesson(stored, verdict, parent, material.rows_read, figures, ended_because(watch, ended_by))


def _bought(material: Material, agent: str) -> Bought:
	"""What was really bought on the days held out."""
	history = material.history
	company = frappe.db.get_value("RL Agent Settings", agent, "company")
	first = (history.end - np.timedelta64(material.held, "D")).astype(object)
	return read_bought(company, Keys(material.items.keys), first, history.end.astype(object))


def _earlier(material: Material, agent: str) -> list[tuple[str, StoredPolicy]]:
	"""Earlier policies of the agent, for the items of today."""
	rival = (material.rival[0],) if material.rival else ()
	return [
		(name, adapted_to(stored, material.items.keys))
		for name, stored in earlier_policies(agent, COMPARED_ANEW, rival)
	]
