"""What a site has written down for a training: an agent's items, demand, outages, answers, policy in use."""

from __future__ import annotations

from collections.abc import Sequence

import frappe
import numpy as np
from frappe import _
from frappe.model.document import Document
from frappe.utils import getdate

from rl_replenishment.bridge import feedback
from rl_replenishment.bridge.policies.classical_rule import CLASSICAL
from rl_replenishment.bridge.policies.store import active_policy, load
from rl_replenishment.bridge.queries import Keys, one_of
from rl_replenishment.bridge.state.demand import read_demand
from rl_replenishment.bridge.state.outages import read_unseen
from rl_replenishment.bridge.state.parameters import read_parameters
from rl_replenishment.bridge.state.real_demand import read_real_demand
from rl_replenishment.bridge.state.scope import resolve_scope
from rl_replenishment.core.errors import InputError, PolicyFileError
from rl_replenishment.core.items import FloatArray, ItemTable
from rl_replenishment.core.policies.store import StoredPolicy
from rl_replenishment.core.training.of_records import Records


def read_records(settings: Document) -> Records:
	"""Read it all, as of now; an agent without items is refused."""
	keys = resolve_scope(settings).keys
	if not keys:
		raise InputError(
			_("Agent {0} has nothing to learn for; look at its warehouses and items.").format(settings.name)
		)
	items, _purchasing = read_parameters(settings, keys)
	history = read_demand(settings, keys, days=settings.history_days, today=getdate())
	answers = feedback.settled_answers(settings.name)
	return Records(
		items=items,
		booked=history,
		unseen=read_unseen(settings, items, history),
		real=tuple(read_real_demand(settings, Keys(keys))),
		answers=answers,
		followed=_followed(settings, items),
		changed_on=changed_on(answers.new_names),
		rival=learned_policy_in_use(settings.name),
		review_days=settings.review_days,
		unmet_demand=settings.unmet_demand.lower(),
		holdout_days=settings.holdout_days or 0,
		feedback_weight=max(settings.feedback_weight or 0.0, 0.0),
	)


def changed_on(names: Sequence[str], *, lock: bool = False) -> dict[str, str]:
	"""When RL Feedback rows were last changed, by name; with `lock` nobody changes them until the transaction
	ends, and what others have committed since it began is seen."""
	if not names:
		return {}
	row = frappe.qb.DocType("RL Feedback")
	query = frappe.qb.from_(row).select(row.name, row.modified).where(one_of(row.name, names))
	found = (query.for_update() if lock else query).run()
	return {name: str(modified) for name, modified in found}


def learned_policy_in_use(agent: str) -> tuple[str, StoredPolicy] | None:
	"""An agent's policy in use by name, None where that is a classical rule or cannot be used."""
	name = active_policy(agent)
	if not name or frappe.db.get_value("RL Policy", name, "algorithm") == CLASSICAL:
		return None
	try:
		return name, load(name)
	except PolicyFileError:
		# one that cannot be used orders nothing, so there is nothing to go on from or to beat
		return None


def _followed(settings: Document, items: ItemTable) -> FloatArray:
	"""What today's lessons make of each item-warehouse's order, as a factor, shape (N,)."""
	lessons = feedback.read_lessons(settings).lessons
	return np.asarray(lessons.factor(items, np.datetime64(getdate(), "D")), dtype=np.float32)
