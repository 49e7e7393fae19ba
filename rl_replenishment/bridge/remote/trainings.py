"""An RL Training Run in the hands of a trainer on another machine, step by step.

Each step may be repeated: whoever was cut off in the middle sends it again, and it is done once.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from typing import Any

import frappe
from frappe import _
from frappe.utils import cint, now_datetime

from rl_replenishment import __version__
from rl_replenishment.bridge.guarding import plain
from rl_replenishment.bridge.language import in_the_sites_language
from rl_replenishment.bridge.remote import files, jobs
from rl_replenishment.bridge.training.asking import SECONDS_AROUND, make_ask, training_queue
from rl_replenishment.bridge.training.run import close, open_run
from rl_replenishment.core.errors import InputError
from rl_replenishment.core.policies.archive import LARGEST_ARCHIVE
from rl_replenishment.core.training.records_file import FORMAT_VERSION

#: bytes of a file that one request carries
PAGE = 2**21
#: characters of what a trainer tells
_LONGEST_MESSAGE, _LONGEST_METRICS = 500, 2**20
_ID = re.compile(r"[0-9a-f]{32}")
_OPEN = ("Queued", "In Progress")
_TOLD = (
	*("name", "agent", "status", "message", "progress", "cancel_requested", "snapshot_on", "snapshot_bytes"),
	*("snapshot_sha256", "upload_sha256", "policy", "promoted", "feedback_rows", "settings"),
)


def about() -> dict[str, Any]:
	"""What a trainer has to know before it begins."""
	return {"version": __version__, "records_format": FORMAT_VERSION, "page_bytes": PAGE}


@in_the_sites_language()
def begin(
	agent: str,
	training_id: str,
	trainer: str,
	*,
	kind: str | None = None,
	seconds: float | None = None,
	timesteps: int | None = None,
	seed: int | None = None,
) -> dict[str, Any]:
	"""Open a training and have its records written; the same `training_id` is the same training."""
	if not _ID.fullmatch(training_id):
		frappe.throw(_("A training ID is 32 characters of 0 to 9 and a to f."))
	known = frappe.db.get_value("RL Training Run", {"training_id": training_id}, ["name", "agent"])
	if known:
		if known[1] != agent:
			frappe.throw(_("Training {0} is another agent's.").format(training_id))
		return progress(known[0])
	settings = frappe.get_doc("RL Agent Settings", agent)
	ask = make_ask(settings, kind=kind, seconds=seconds, timesteps=timesteps, seed=seed)
	more = {"is_remote": 1, "training_id": training_id, "trainer": plain(trainer)[:140]}
	run, is_new = open_run(ask, agent, **more)
	if not is_new and frappe.db.get_value("RL Training Run", run, "training_id") != training_id:
		frappe.throw(_("Training {0} of agent {1} is still going; cancel it first.").format(run, agent))
	if is_new:
		_put_into_queue(run, jobs.write_records)
	return progress(run)


def progress(run: str) -> dict[str, Any]:
	"""How a training stands, and what came of it."""
	found = frappe.db.get_value("RL Training Run", run, _TOLD, as_dict=True)
	found["snapshot_on"] = str(found.snapshot_on) if found.snapshot_on else None
	found["settings"] = json.loads(found.settings or "{}")
	for name in ("cancel_requested", "promoted"):
		found[name] = bool(found[name])
	return found


def records(run: str, start: int) -> dict[str, Any]:
	"""The page of a training's records that begins at a byte, in base64."""
	data, size = files.page(run, files.RECORDS, max(cint(start), 0), PAGE)
	if not size:
		frappe.throw(_("Training {0} has no records to send; look at its status.").format(run))
	return {"start": start, "total": size, "data": base64.b64encode(data).decode()}


@in_the_sites_language()
def tell(run: str, percent: float, message: str) -> dict[str, Any]:
	"""A sign of life; the answer says whether the training is to end."""
	_check_in_trainers_hands(run)
	values = {
		"progress": round(min(max(percent, 0.0), 85.0), 1) if math.isfinite(percent) else 0.0,
		"message": plain(message)[:_LONGEST_MESSAGE],
		"heartbeat": now_datetime(),
	}
	frappe.db.set_value("RL Training Run", run, values, update_modified=False)
	return progress(run)


@in_the_sites_language()
def give_up(run: str, reason: str) -> dict[str, Any]:
	"""The trainer cannot go on; nothing is learned, and no feedback used up."""
	status, is_remote = _locked(run, "status", "is_remote")
	if is_remote and status in _OPEN:
		cancelled = frappe.db.get_value("RL Training Run", run, "cancel_requested")
		close(run, "Cancelled" if cancelled else "Failed", plain(reason)[:_LONGEST_MESSAGE])
		files.remove(run)
	return progress(run)


@in_the_sites_language()
def upload(run: str, start: int, data: str) -> dict[str, Any]:
	"""A part of the policy, in base64; the answer's `received` says where the next one begins."""
	_check_in_trainers_hands(run)
	try:
		part = base64.b64decode(data, validate=True)
	except (binascii.Error, ValueError):
		frappe.throw(_("The part of the policy is no base64; send it again."))
	if len(part) > PAGE:
		frappe.throw(_("A part of a policy has {0} bytes at most.").format(PAGE))
	return {"received": files.append(run, files.UPLOAD, max(cint(start), 0), part, LARGEST_ARCHIVE)}


@in_the_sites_language()
def finish(run: str, sha256: str, metrics: str) -> dict[str, Any]:
	"""All of the policy is there: it is checked, and a worker compares it and keeps it, once."""
	status, job, sent, is_remote = _locked(run, "status", "job_id", "upload_sha256", "is_remote")
	if sent == sha256 and status != "Failed":
		# said again, since the answer was lost
		return progress(run)
	if status != "In Progress" or job or not is_remote:
		_refuse(run)
	told = _metrics(metrics)
	if files.checksum(run, files.UPLOAD) != sha256:
		frappe.throw(_("The policy did not arrive whole; send it again."), exc=frappe.ValidationError)
	try:
		jobs.check_upload(run)
	except InputError as error:
		frappe.throw(str(error), title=_("Policy Cannot Be Used"))
	values = {
		"status": "Queued",
		"message": _("Waiting for a worker"),
		"upload_sha256": sha256,
		"metrics": json.dumps(told),
		"heartbeat": now_datetime(),
	}
	frappe.db.set_value("RL Training Run", run, values)
	# the worker is to find it
	frappe.db.commit()  # for the reason above; nosemgrep
	_put_into_queue(run, jobs.take_in)
	return progress(run)


def _metrics(text: str) -> dict[str, Any]:
	"""The figures of a training: JSON with nothing that JSON has no name for."""

	def refuse(constant: str) -> None:
		raise ValueError(constant)

	try:
		if len(text) > _LONGEST_METRICS:
			raise ValueError(len(text))
		told = json.loads(text, parse_constant=refuse)
		if not isinstance(told, dict) or not isinstance(told.get("training", {}), dict):
			raise ValueError("no object")
	except (ValueError, RecursionError):
		frappe.throw(_("The figures of the training are no JSON object; send them again."))
	# what the site finds out by itself is not for the trainer to say
	return {name: value for name, value in told.items() if name not in ("holdout", "verdict")}


def _put_into_queue(run: str, job: Any) -> None:
	job_id = f"{run}.{job.__name__}"
	frappe.db.set_value("RL Training Run", run, "job_id", job_id, update_modified=False)
	# before the worker can be at it, so that the check for lost jobs knows that there is one
	frappe.db.commit()  # for the reason above; nosemgrep
	try:
		frappe.enqueue(
			f"{job.__module__}.{job.__name__}",
			queue=training_queue(),
			timeout=SECONDS_AROUND,
			job_id=job_id,
			deduplicate=True,
			run=run,
		)
	except Exception:
		close(run, "Failed", _("The job queue cannot be reached; start Redis and the workers and try again."))
		raise


def _locked(run: str, *fields: str) -> Any:
	return frappe.db.get_value("RL Training Run", run, list(fields), for_update=True)


def _check_in_trainers_hands(run: str) -> None:
	status, job, is_remote = _locked(run, "status", "job_id", "is_remote")
	if status != "In Progress" or job or not is_remote:
		_refuse(run)


def _refuse(run: str) -> None:
	status, message = frappe.db.get_value("RL Training Run", run, ["status", "message"])
	frappe.throw(
		_("Training {0} is not in a trainer's hands: it is {1} ({2}).").format(
			run, _(status), frappe.utils.escape_html(message or "")
		)
	)
