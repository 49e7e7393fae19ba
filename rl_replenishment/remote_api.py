"""What programs on other machines call, see docs/api.md; each function checks permission first.

Types are no texts here (no `annotations` from `__future__`): Frappe checks what is sent against those that it
can read.
"""

from typing import Any

import frappe
from frappe import _

from rl_replenishment.api import check_document, check_text
from rl_replenishment.setup.roles import MANAGER, TRAINER

_AGENT, _RUN = "RL Agent Settings", "RL Training Run"
#: characters of a part of a policy in base64, and of lines of a request and figures of a training in JSON
_LONGEST_PART, _LONGEST_JSON = 3 * 2**20, 2**20


@frappe.whitelist(methods=["GET"])
def about() -> dict[str, Any]:
	"""The app's version and the format of its records."""
	frappe.has_permission(_RUN, "read", throw=True)
	from rl_replenishment.bridge.remote import trainings

	return trainings.about()


@frappe.whitelist(methods=["POST"])
def begin_training(
	agent: str,
	training_id: str,
	trainer: str = "",
	kind: str | None = None,
	seconds: float | None = None,
	timesteps: int | None = None,
	seed: int | None = None,
) -> dict[str, Any]:
	"""Open a training on another machine; the same `training_id` is the same training."""
	_check_trainer_of(agent)
	check_text(training_id)
	check_text(trainer)
	from rl_replenishment.bridge.remote import trainings

	return trainings.begin(
		agent, training_id, trainer, kind=kind or None, seconds=seconds, timesteps=timesteps, seed=seed
	)


@frappe.whitelist(methods=["GET"])
def training(training_run: str) -> dict[str, Any]:
	"""How a training stands, and what came of it."""
	_check_training(training_run)
	from rl_replenishment.bridge.remote import trainings

	return trainings.progress(training_run)


@frappe.whitelist(methods=["GET"])
def records(training_run: str, start: int = 0) -> dict[str, Any]:
	"""A page of what a training learns from: scope, parameters, history, outages, settled feedback."""
	_check_training(training_run)
	from rl_replenishment.bridge.remote import trainings

	return trainings.records(training_run, start)


@frappe.whitelist(methods=["POST"])
def tell_progress(training_run: str, percent: float, message: str = "") -> dict[str, Any]:
	"""A sign of life of a trainer; the answer says whether the training is to end."""
	_check_training(training_run)
	check_text(message)
	from rl_replenishment.bridge.remote import trainings

	return trainings.tell(training_run, percent, message)


@frappe.whitelist(methods=["POST"])
def upload_policy(training_run: str, start: int, data: str) -> dict[str, Any]:
	"""A part of the policy that was learned, in base64."""
	_check_training(training_run)
	check_text(data, _LONGEST_PART)
	from rl_replenishment.bridge.remote import trainings

	return trainings.upload(training_run, start, data)


@frappe.whitelist(methods=["POST"])
def finish_training(training_run: str, sha256: str, metrics: str = "{}") -> dict[str, Any]:
	"""All of the policy is there; a worker compares it and keeps it as a candidate, once."""
	_check_training(training_run)
	check_text(sha256)
	check_text(metrics, _LONGEST_JSON)
	from rl_replenishment.bridge.remote import trainings

	return trainings.finish(training_run, sha256, metrics)


@frappe.whitelist(methods=["POST"])
def give_up_training(training_run: str, message: str = "") -> dict[str, Any]:
	"""The trainer cannot go on: nothing is learned and no feedback used up."""
	_check_training(training_run)
	check_text(message, 2000)
	from rl_replenishment.bridge.remote import trainings

	return trainings.give_up(training_run, message)


@frappe.whitelist(methods=["GET"])
def state(agent: str, start: int = 0, limit: int = 1000, moment: str = "") -> dict[str, Any]:
	"""A page of an agent's items as its policy sees them now: stock, orders, demand, observation."""
	check_document(_AGENT, "read", agent)
	check_text(moment)
	from rl_replenishment.bridge.remote import state

	return state.read_page(agent, start, limit, moment)


@frappe.whitelist(methods=["POST"])
def request_material(agent: str, lines: str, key: str, submit: bool = False) -> dict[str, Any]:
	"""Make a Material Request of a JSON list of lines, as a draft unless told otherwise; once per `key`."""
	_check_trainer_of(agent)
	check_text(lines, _LONGEST_JSON)
	check_text(key)
	from rl_replenishment.bridge.remote import requests

	try:
		wanted = frappe.parse_json(lines)
	except (ValueError, RecursionError):
		wanted = None
	return requests.post(agent, wanted, key, submit)


@frappe.whitelist(methods=["GET"])
def outcome_of_request(material_request: str) -> dict[str, Any]:
	"""What was ordered of a Material Request."""
	check_document("Material Request", "read", material_request)
	from rl_replenishment.bridge.remote import requests

	return requests.outcome(material_request)


def _check_trainer_of(agent: str) -> None:
	"""Managers of agents may train, and programs with the role of a trainer: the agents that they see."""
	check_document(_AGENT, "read", agent)
	if not {MANAGER, TRAINER} & set(frappe.get_roles()):
		frappe.throw(
			_("Only the roles {0} and {1} may do this.").format(MANAGER, TRAINER), frappe.PermissionError
		)


def _check_training(run: str) -> None:
	check_document(_RUN, "read", run)
	_check_trainer_of(frappe.db.get_value(_RUN, run, "agent"))
