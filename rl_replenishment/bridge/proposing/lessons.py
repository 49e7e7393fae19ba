"""Lessons from buyers, as they are by now: fitted each night, and where something settled since."""

from __future__ import annotations

from datetime import date

import frappe
from frappe.model.document import Document

from rl_replenishment.bridge import feedback
from rl_replenishment.bridge.each_agent import for_each_agent
from rl_replenishment.bridge.policies import store as policy_store
from rl_replenishment.bridge.state.situation import Situation, read_situation
from rl_replenishment.core.policies.adaptation import adapted_to
from rl_replenishment.core.policies.store import StoredPolicy


def lessons_by_now(
	settings: Document, situation: Situation, stored: StoredPolicy, today: date, *, keep: bool = True
) -> feedback.Taught:
	"""What the agent's proposals are to follow today; `keep` is whether what is fitted may be written."""
	if not feedback.is_due(settings):
		return feedback.read_lessons(settings)
	taught = _fitted(settings, situation, stored, today)
	if keep:
		feedback.write(settings, taught)
	return taught


def fit_lessons(today: date) -> None:
	"""Each night, so that no run has to wait for it."""
	for_each_agent(lambda agent: _fit(agent, today), "nothing was learned from buyers", enabled=1)


def _fit(agent: str, today: date) -> None:
	settings = frappe.get_doc("RL Agent Settings", agent)
	active = policy_store.active_policy(agent)
	# what was changed long ago counts less each night, and what it was worth may be known by now
	if active and feedback.latest_of(agent):
		situation = read_situation(settings, today)
		if situation.scope.keys:
			taught = _fitted(settings, situation, policy_store.load(active), today)
			feedback.write(settings, taught)


def _fitted(settings: Document, situation: Situation, stored: StoredPolicy, today: date) -> feedback.Taught:
	policy = adapted_to(stored, situation.scope.keys).policy
	return feedback.fit(settings, situation.items, situation.recent, policy, today)
