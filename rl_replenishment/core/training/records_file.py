"""The file that carries `Records` to another machine: a zip of safetensors, JSON and the policy in use.

Reading it runs no code from it.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import safetensors.numpy
from safetensors import SafetensorError

from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.demand.imputation import Unseen
from rl_replenishment.core.demand.known_events.stored import events_as_json, events_from
from rl_replenishment.core.edits.answers import Answers
from rl_replenishment.core.errors import InputError
from rl_replenishment.core.files.feedback import FeedbackRows
from rl_replenishment.core.items import ARRAY_FIELDS, ItemKey, ItemTable
from rl_replenishment.core.policies.archive import pack, unpack
from rl_replenishment.core.policies.store import parse_policy, policy_files
from rl_replenishment.core.training.of_records import Ask, Records

FORMAT = "rl_replenishment records"
#: raised when an older version could not read what this one writes
FORMAT_VERSION = 1
_MANIFEST, _ARRAYS, _RIVAL = "records.json", "records.safetensors", "policy_in_use.zip"
_ANSWER_NUMBERS = ("proposed_qty", "ordered_qty", "on_hand", "on_order", "policy_qty")


def pack_records(records: Records, ask: Ask) -> bytes:
	"""Records, and what was asked for, as one compressed file."""
	items, rows = records.items, records.answers.rows
	arrays: dict[str, Any] = {f"items.{name}": getattr(items, name) for name in ARRAY_FIELDS}
	arrays |= {
		"demand": records.booked.demand,
		"out_of_stock": records.unseen.out_of_stock,
		"sold_out": records.unseen.sold_out,
		"introduced": records.unseen.introduced.astype(np.int64),
		"followed": records.followed,
		"answers.is_new": records.answers.is_new,
		"answers.values": records.answers.values,
		"answers.date": rows.date.astype("datetime64[D]").astype(np.int64),
		**{f"answers.{name}": getattr(rows, name) for name in _ANSWER_NUMBERS},
	}
	position = {key: i for i, key in enumerate(items.keys)}
	manifest = {
		"format": FORMAT,
		"format_version": FORMAT_VERSION,
		"ask": asdict(ask),
		"items": [list(key) for key in items.keys],
		"suppliers": list(items.suppliers),
		"groups": list(items.groups),
		"first_day": str(records.booked.start),
		"events": events_as_json((), records.booked.events)["events"],
		"real": [[*key, str(day)] for key, day in records.real if key in position],
		"answers": {
			"items": [list(key) for key in rows.keys],
			"reason": list(rows.reason),
			"buyer": list(rows.buyer),
			"names": records.answers.names,
		},
		"changed_on": records.changed_on,
		"policy_in_use": records.rival[0] if records.rival else None,
		"review_days": records.review_days,
		"unmet_demand": records.unmet_demand,
		"holdout_days": records.holdout_days,
		"feedback_weight": records.feedback_weight,
	}
	buffer = io.BytesIO()
	# demand is mostly zeros: the quickest compression takes nine tenths off
	with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
		archive.writestr(_MANIFEST, json.dumps(manifest))
		contiguous = {name: np.ascontiguousarray(value) for name, value in arrays.items()}
		archive.writestr(_ARRAYS, safetensors.numpy.save(contiguous))
		if records.rival:
			archive.writestr(_RIVAL, pack(policy_files(records.rival[1])), zipfile.ZIP_STORED)
	return buffer.getvalue()


def unpack_records(data: bytes, source: str) -> tuple[Records, Ask]:
	"""Read such a file; `source` names it in the `InputError` on one that cannot be used."""
	try:
		with zipfile.ZipFile(io.BytesIO(data)) as archive:
			manifest = json.loads(archive.read(_MANIFEST))
			_check_version(manifest, source)
			arrays = safetensors.numpy.load(archive.read(_ARRAYS))
			rival = archive.read(_RIVAL) if manifest["policy_in_use"] else None
		return _assemble(manifest, arrays, rival, source), Ask(**manifest["ask"])
	except (zipfile.BadZipFile, EOFError, SafetensorError, KeyError, TypeError, ValueError) as error:
		if isinstance(error, InputError):
			raise
		raise InputError(f"{source} is damaged ({error}); pull it again.") from None


def _check_version(manifest: Any, source: str) -> None:
	if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
		raise InputError(f"{source} does not hold an agent's records; pull them again.")
	if manifest.get("format_version") != FORMAT_VERSION:
		raise InputError(
			f"{source} is of format {manifest.get('format_version')}, not {FORMAT_VERSION}: site and"
			" trainer are of different versions; bring both to the same version and pull again."
		)


def _assemble(manifest: dict[str, Any], arrays: dict[str, Any], rival: bytes | None, source: str) -> Records:
	keys = tuple(ItemKey(code, warehouse) for code, warehouse in manifest["items"])
	told = manifest["answers"]
	rows = FeedbackRows(
		keys=tuple(ItemKey(code, warehouse) for code, warehouse in told["items"]),
		date=arrays["answers.date"].astype("datetime64[D]"),
		reason=tuple(told["reason"]),
		buyer=tuple(told["buyer"]),
		**{name: arrays[f"answers.{name}"] for name in _ANSWER_NUMBERS},
	)
	found = Records(
		items=ItemTable(
			keys=keys,
			suppliers=tuple(manifest["suppliers"]),
			groups=tuple(manifest["groups"]),
			**{name: arrays[f"items.{name}"] for name in ARRAY_FIELDS},
		),
		booked=DemandHistory(
			keys,
			np.datetime64(manifest["first_day"], "D"),
			arrays["demand"],
			events=events_from({"effects": (), "events": manifest.get("events", ())}).events,
		),
		unseen=Unseen(arrays["out_of_stock"], arrays["sold_out"], arrays["introduced"]),
		real=tuple((ItemKey(code, place), np.datetime64(day, "D")) for code, place, day in manifest["real"]),
		answers=Answers(rows, list(told["names"]), arrays["answers.is_new"], arrays["answers.values"]),
		followed=arrays["followed"],
		changed_on=dict(manifest["changed_on"]),
		rival=None,
		review_days=int(manifest["review_days"]),
		unmet_demand=manifest["unmet_demand"],
		holdout_days=int(manifest["holdout_days"]),
		feedback_weight=float(manifest["feedback_weight"]),
	)
	if rival is None:
		return found
	name = str(manifest["policy_in_use"])
	stored = parse_policy(unpack(rival, f"{source}: policy {name}"), f"{source}: policy {name}")
	return replace(found, rival=(name, stored))
