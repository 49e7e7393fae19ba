"""Policies in use, runs, and whatever waits for something that will not come."""

from __future__ import annotations

from collections.abc import Sequence

import frappe
from frappe import _
from frappe.utils import now_datetime

from rl_replenishment.bridge.doctor.check import Fault
from rl_replenishment.bridge.policies import store as policy_store
from rl_replenishment.bridge.proposing import run as proposal_run
from rl_replenishment.bridge.retrying import in_a_transaction
from rl_replenishment.bridge.training import run as training_run
from rl_replenishment.core.errors import PolicyFileError

AGENT = "RL Agent Settings"
OPEN_TRAINING = ("Queued", "In Progress")


def policies_out_of_use() -> list[Fault]:
	"""Agents whose policy in use is not there, is another's, or cannot be read."""
	return [
		Fault(agent, agent)
		for agent, policy in frappe.get_all(
			AGENT, {"active_policy": ("is", "set")}, ["name", "active_policy"], as_list=True
		)
		if policy_store.active_policy(agent) != policy or not _is_readable(policy)
	]


def _is_readable(policy: str) -> bool:
	try:
		policy_store.load(policy)
	except PolicyFileError:
		return False
	return True


def go_back(faults: Sequence[Fault]) -> None:
	"""The last policy in use that can be read comes back; without one, the next run tunes a rule."""
	for fault in faults:
		in_a_transaction(lambda agent=fault.name: _go_back(agent))  # type: ignore[misc]


def _go_back(agent: str) -> None:
	frappe.db.get_value(AGENT, agent, "name", for_update=True)
	used = {"agent": agent, "promoted_on": ("is", "set")}
	names = frappe.get_all("RL Policy", used, pluck="name", order_by="promoted_on desc, version desc")
	if usable := next(filter(_is_readable, names), None):
		policy_store.activate(usable, _("The policy in use could not be used any more."))
	else:
		frappe.db.set_value(AGENT, agent, "active_policy", None, update_modified=False)
		frappe.db.set_value("RL Policy", {"agent": agent, "status": "Active"}, "status", "Archived")


def statuses_of_policies() -> list[Fault]:
	"""Policies that say that they are in use and are not, or the other way round."""
	policy, agent = frappe.qb.DocType("RL Policy"), frappe.qb.DocType(AGENT)
	rows = (
		frappe.qb.from_(policy)
		.join(agent)
		.on(agent.name == policy.agent)
		.select(policy.agent, policy.name, policy.status, agent.active_policy)
		.where((policy.status == "Active") | (agent.active_policy == policy.name))
		.run()
	)
	return [
		Fault(owner, name) for owner, name, status, used in rows if (status == "Active") != (used == name)
	]


def set_statuses(faults: Sequence[Fault]) -> None:
	def write() -> None:
		for fault in faults:
			is_used = frappe.db.get_value(AGENT, fault.agent, "active_policy") == fault.name
			frappe.db.set_value("RL Policy", fault.name, "status", "Active" if is_used else "Archived")

	in_a_transaction(write)


def proposal_runs() -> list[Fault]:
	return [Fault(agent, run) for run, agent in proposal_run.lost_runs()]


def close_proposal_runs(_faults: Sequence[Fault]) -> None:
	in_a_transaction(proposal_run.close_lost_runs)


def trainings() -> list[Fault]:
	"""Trainings under way that nobody is at, and ends that keep others from beginning."""
	rows = frappe.get_all(
		"RL Training Run", {"status": ("in", OPEN_TRAINING)}, ["name", "agent"], as_list=True
	)
	lost = [Fault(agent, run) for run, agent in rows if training_run.problem_of(run)]
	held = frappe.get_all(
		"RL Training Run",
		{"status": ("not in", OPEN_TRAINING), "open_for": ("is", "set")},
		["name", "agent"],
		as_list=True,
	)
	return [*lost, *(Fault(agent, run) for run, agent in held)]


def close_trainings(faults: Sequence[Fault]) -> None:
	training_run.check_stuck_runs()
	ended = {"name": ("in", [fault.name for fault in faults]), "status": ("not in", OPEN_TRAINING)}
	in_a_transaction(lambda: frappe.db.set_value("RL Training Run", ended, "open_for", None))


def days_to_come() -> list[Fault]:
	"""Agents that have proposed, or were trained, at a time that is yet to come, and so leave out reviews."""
	now = now_datetime()
	names = {
		name
		for field in ("last_run_on", "last_trained_on")
		for name in frappe.get_all(AGENT, {field: (">", now)}, pluck="name")
	}
	return [Fault(name, name) for name in sorted(names)]


def set_days(faults: Sequence[Fault]) -> None:
	def write() -> None:
		now, names = now_datetime(), [fault.name for fault in faults]
		for field in ("last_run_on", "last_trained_on"):
			frappe.db.set_value(
				AGENT, {"name": ("in", names), field: (">", now)}, field, now, update_modified=False
			)

	in_a_transaction(write)
