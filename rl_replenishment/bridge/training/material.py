"""What there is to learn from: an agent's items and history, the policy in use, the buyer's answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import frappe
import numpy as np
import numpy.typing as npt
from frappe import _
from frappe.model.document import Document
from frappe.utils import getdate

from rl_replenishment.bridge import feedback
from rl_replenishment.bridge.policies.classical_rule import CLASSICAL
from rl_replenishment.bridge.policies.store import active_policy, load
from rl_replenishment.bridge.state.demand import read_demand
from rl_replenishment.bridge.state.outages import without_gaps
from rl_replenishment.bridge.state.parameters import read_parameters
from rl_replenishment.bridge.state.scope import resolve_scope
from rl_replenishment.bridge.training.run import Ask
from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.edits.reading import read_answers
from rl_replenishment.core.errors import InputError, PolicyFileError
from rl_replenishment.core.files.feedback import FeedbackRows
from rl_replenishment.core.items import FloatArray, ItemTable
from rl_replenishment.core.lessons.answers import unexplained
from rl_replenishment.core.policies.adaptation import adapted_to
from rl_replenishment.core.policies.store import StoredPolicy

#: of the history, no more than this is held out for the test
LARGEST_HOLDOUT_SHARE = 0.25


@dataclass(frozen=True, eq=False)
class Material:
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


def read_material(settings: Document, ask: Ask) -> Material:
	"""Read it all; an agent without items is refused."""
	keys = resolve_scope(settings).keys
	if not keys:
		raise InputError(
			_("Agent {0} has nothing to learn for; look at its warehouses and items.").format(settings.name)
		)
	items, _purchasing = read_parameters(settings, keys)
	history = read_demand(settings, keys, days=settings.history_days, today=getdate())
	held = min(settings.holdout_days or 0, int(history.days * LARGEST_HOLDOUT_SHARE))
	known = without_gaps(settings, items, history, held)
	history = known.history
	answers = feedback.settled_answers(settings.name)
	usable, index = _usable(answers, history)
	# packs and minimum orders are facts, whatever kind of training was asked for
	reading = read_answers(
		items,
		known.as_booked,
		usable.rows,
		index,
		settings.review_days,
		settings.unmet_demand.lower(),
		usable.values,
	)
	taught = feedback.read_lessons(settings)
	factor = taught.lessons.factor(items, np.datetime64(getdate(), "D"))
	is_continual = ask.kind == "Continual" and settings.feedback_weight > 0
	new = np.flatnonzero(usable.is_new & is_continual)
	rival = _learned_policy_in_use(settings.name)
	return Material(
		items=reading.items,
		history=history,
		held=held,
		rival=(rival[0], adapted_to(rival[1], keys)) if rival else None,
		# what proposals follow already is not to be learned a second time
		rows=unexplained(usable.rows.take(new), factor[index[new]]),
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
