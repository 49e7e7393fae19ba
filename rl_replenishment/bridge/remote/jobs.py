"""What a worker does before a training on another machine, and after it."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace

import frappe
from frappe import _
from frappe.utils import now_datetime

from rl_replenishment.bridge.language import in_the_sites_language
from rl_replenishment.bridge.remote import files
from rl_replenishment.bridge.training.job import closes_what_fails, save
from rl_replenishment.bridge.training.learning import compared
from rl_replenishment.bridge.training.material import learned_policy_in_use, read_records
from rl_replenishment.bridge.training.run import begin
from rl_replenishment.bridge.training.watch import Watch
from rl_replenishment.core.errors import InputError
from rl_replenishment.core.evaluation.tuning import tune_rules
from rl_replenishment.core.policies.adaptation import adapted_to
from rl_replenishment.core.policies.archive import LARGEST_ARCHIVE, unpack
from rl_replenishment.core.policies.store import StoredPolicy, parse_policy
from rl_replenishment.core.training.from_history import tuning_halves
from rl_replenishment.core.training.of_records import Ask, Material, prepare
from rl_replenishment.core.training.records_file import pack_records, unpack_records


def write_records(run: str) -> None:
	"""Keep for the trainer what is known of the agent's items, all of this moment."""
	with suppress(Exception):
		_write_records(run)


@in_the_sites_language()
def _write_records(run: str) -> None:
	if not begin(run):
		return
	watch = Watch(run)
	with closes_what_fails(run, watch):
		watch.phase(_("Reading the site's history"), 0, 2)
		document = frappe.get_doc("RL Training Run", run)
		settings = frappe.get_doc("RL Agent Settings", document.agent)
		# all queries of this transaction see one moment
		frappe.db.commit()  # for the reason above; nosemgrep
		moment = now_datetime()
		data = pack_records(read_records(settings), Ask(**json.loads(document.settings)))
		watch.must_go_on()
		values = {
			"snapshot_on": moment,
			"snapshot_bytes": len(data),
			"snapshot_sha256": files.write(run, files.RECORDS, data),
			"message": _("Waiting for the trainer"),
			# from here on it is in the trainer's hands
			"job_id": None,
			"heartbeat": now_datetime(),
		}
		frappe.db.set_value("RL Training Run", run, values, update_modified=False)
		# the trainer looks for them
		frappe.db.commit()  # for the reason above; nosemgrep


def take_in(run: str) -> None:
	"""Compare what a trainer brought with the rules and the policy in use, and keep it."""
	with suppress(Exception):
		_take_in(run)
	# open still only where another worker is at it
	if frappe.db.get_value("RL Training Run", run, "status") not in ("Queued", "In Progress"):
		files.remove(run)


@in_the_sites_language()
def _take_in(run: str) -> None:
	if not begin(run):
		return
	watch = Watch(run)
	with closes_what_fails(run, watch):
		watch.phase(_("Reading what the trainer brought"), 85, 86)
		document = frappe.get_doc("RL Training Run", run)
		settings = frappe.get_doc("RL Agent Settings", document.agent)
		# by the site's own records, not by what the trainer says of them
		data, _size = files.page(run, files.RECORDS, 0, document.snapshot_bytes)
		records, ask = unpack_records(data, _("The records of training {0}").format(run))
		material = prepare(records, ask)
		stored = received(run, material)
		told = json.loads(document.metrics or "{}")
		halves = tuning_halves(
			material.seen, material.items, material.review_days, material.unmet_demand, ask.seed
		)
		watch.phase(_("Tuning the classical rules"), 85, 90)
		rules = None if watch.cancelled else tune_rules(halves, progress=watch.look)
		# what came into use meanwhile is to be beaten, too
		material = _against(material, learned_policy_in_use(settings.name))
		lesson = compared(
			material,
			stored,
			rules,
			records.rival[0] if records.rival and told.get("goes_on") else None,
			told,
			str(told.get("training", {}).get("ended_by", "")),
			watch,
			settings.name,
		)
		save(document, settings, lesson, watch)


def check_upload(run: str) -> None:
	"""Refuse at once what is no policy."""
	_uploaded(run)


def received(run: str, material: Material) -> StoredPolicy:
	"""The policy that a trainer has uploaded, which is to be learned from these records."""
	stored, source = _uploaded(run)
	if stored.snapshot.items.keys != material.items.keys or stored.review_days != material.review_days:
		raise InputError(_("{0} was not learned from the records of this training.").format(source))
	return stored


def _uploaded(run: str) -> tuple[StoredPolicy, str]:
	"""It, and what errors call it; `InputError` says what is wrong with one that cannot be used."""
	source = _("The policy brought to training {0}").format(run)
	data, _size = files.page(run, files.UPLOAD, 0, LARGEST_ARCHIVE)
	return parse_policy(unpack(data, source), source), source


def _against(material: Material, rival: tuple[str, StoredPolicy] | None) -> Material:
	return replace(material, rival=(rival[0], adapted_to(rival[1], material.items.keys)) if rival else None)
