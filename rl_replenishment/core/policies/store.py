"""The policy file: a folder of weights (safetensors) and a manifest (JSON). Loading runs no code from it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import numpy as np
import safetensors.numpy
from safetensors import SafetensorError

from rl_replenishment.core.demand.statistics import STATISTIC_NAMES, DemandStatistics
from rl_replenishment.core.errors import PolicyFileError
from rl_replenishment.core.items import (
	ARRAY_FIELDS,
	FloatArray,
	ItemKey,
	ItemTable,
	UnmetDemand,
)
from rl_replenishment.core.policies.constraints import holds
from rl_replenishment.core.policies.observation import OBSERVATION
from rl_replenishment.core.policies.order_up_to import OrderUpTo
from rl_replenishment.core.policies.residual_network import ACTION_SIZE, ResidualNetwork
from rl_replenishment.core.policies.rules import (
	network_tensors,
	normaliser_tensors,
	of_shape,
	read,
	read_network,
	read_normaliser,
	written,
)

WEIGHTS_FILE = "policy.safetensors"
MANIFEST_FILE = "manifest.json"
FORMAT = "rl_replenishment policy"
#: raised when an older version could not read what this one writes
FORMAT_VERSION = 2

#: far beyond what training ends with, and far below what float32 could not add up
LARGEST_WEIGHT, LARGEST_NUMBER = 1e6, 1e12
_FIRST_DAY, _LAST_DAY = np.datetime64("1900-01-01"), np.datetime64("2200-12-31")
_MAY_BE_INFINITE = ("cap", "max_order_qty", "shelf_life_days")


@dataclass(frozen=True, eq=False)
class Snapshot:
	"""What was known of the items when the policy was trained, so that it can propose from stock alone."""

	items: ItemTable
	demand: DemandStatistics
	#: the day after the last one of the history
	today: np.datetime64


@dataclass(frozen=True, eq=False)
class StoredPolicy:
	"""A policy and what is known of how it came to be."""

	policy: ResidualNetwork
	snapshot: Snapshot
	#: days between two chances to order that it was trained for
	review_days: int
	unmet_demand: UnmetDemand
	#: training configuration, data window, metrics, versions: plain JSON values
	about: dict[str, Any] = field(default_factory=dict)
	#: checksum of the weights it was read from; "" for a policy that was never stored
	sha256: str = ""


def policy_files(stored: StoredPolicy) -> dict[str, bytes]:
	"""The contents of a policy folder, by file name: for whoever writes it, to a disk or to a site."""
	policy = stored.policy
	rule, tensors = written(policy.classical.rule, stored.snapshot.items.keys)
	tensors |= normaliser_tensors(policy.normaliser, "network") | network_tensors(policy.network, "network")
	snapshot = stored.snapshot
	tensors |= {f"items.{name}": getattr(snapshot.items, name) for name in ARRAY_FIELDS}
	tensors |= {f"demand.{name}": getattr(snapshot.demand, name) for name in STATISTIC_NAMES}
	weights = safetensors.numpy.save({name: np.ascontiguousarray(value) for name, value in tensors.items()})
	manifest = {
		"format": FORMAT,
		"format_version": FORMAT_VERSION,
		"name": policy.name,
		"sha256": hashlib.sha256(weights).hexdigest(),
		"review_days": stored.review_days,
		"unmet_demand": stored.unmet_demand,
		"classical_name": policy.classical.name,
		"rule": rule,
		"observation": [name for name, _ in OBSERVATION],
		"layers": len(policy.network.layers),
		"items": [list(key) for key in snapshot.items.keys],
		"suppliers": list(snapshot.items.suppliers),
		"groups": list(snapshot.items.groups),
		"today": str(snapshot.today),
		"about": stored.about,
	}
	manifest["checksum"] = checksum(manifest)
	return {WEIGHTS_FILE: weights, MANIFEST_FILE: _as_text(manifest).encode()}


def _as_text(manifest: dict[str, Any]) -> str:
	return json.dumps(manifest, indent=1, ensure_ascii=False, sort_keys=True, allow_nan=False)


def checksum(manifest: dict[str, Any]) -> str:
	"""Of the manifest without its checksum; it names that of the weights, so it covers both."""
	contents = {name: value for name, value in manifest.items() if name != "checksum"}
	return hashlib.sha256(_as_text(contents).encode()).hexdigest()


def read_policy(folder: Path | str) -> StoredPolicy:
	"""Read a policy folder; `PolicyFileError` says what is wrong with one that cannot be used."""
	folder = Path(folder)
	contents: dict[str, bytes] = {}
	for name in (MANIFEST_FILE, WEIGHTS_FILE):
		try:
			contents[name] = (folder / name).read_bytes()
		except (OSError, ValueError) as error:
			# a path with a zero byte is a ValueError
			reason = getattr(error, "strerror", None) or error
			raise PolicyFileError(
				f"{folder} is not a policy folder: {name} cannot be read ({reason}); "
				"give the folder that `train --out` wrote."
			) from None
	return parse_policy(contents, str(folder))


def parse_policy(contents: dict[str, bytes], source: str) -> StoredPolicy:
	"""Build a policy from the files' contents; `source` names them in errors."""
	manifest = _manifest(contents[MANIFEST_FILE], source)
	weights = contents[WEIGHTS_FILE]
	if hashlib.sha256(weights).hexdigest() != manifest["sha256"]:
		raise PolicyFileError(
			f"{source}: {WEIGHTS_FILE} is damaged or not the one {MANIFEST_FILE} describes; "
			"copy the policy folder again."
		)
	try:
		tensors = safetensors.numpy.load(weights)
		return _assemble(manifest, tensors)
	except (SafetensorError, KeyError, TypeError, ValueError) as error:
		raise PolicyFileError(f"{source} is not a usable policy ({error}); train it again.") from None


def _manifest(content: bytes, source: str) -> dict[str, Any]:
	try:
		manifest = json.loads(content)
	except (ValueError, RecursionError):
		raise PolicyFileError(
			f"{source}: {MANIFEST_FILE} is not JSON; copy the policy folder again."
		) from None
	if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
		raise PolicyFileError(f"{source}: {MANIFEST_FILE} does not describe a policy of rl_replenishment.")
	version = manifest.get("format_version")
	if not isinstance(version, int) or version > FORMAT_VERSION:
		raise PolicyFileError(
			f"{source} was written by a newer version (format {version}, not {FORMAT_VERSION}); "
			"update rl_replenishment."
		)
	if version < FORMAT_VERSION:
		raise PolicyFileError(
			f"{source} was written by an earlier version, whose policies are no longer read; train it again."
		)
	try:
		intact = manifest.get("checksum") == checksum(manifest)
	except ValueError:
		# a number that JSON has no name for
		intact = False
	if not intact or not isinstance(manifest.get("sha256"), str):
		raise PolicyFileError(
			f"{source}: {MANIFEST_FILE} is damaged or was edited; copy the policy folder again."
		)
	return manifest


def _assemble(manifest: dict[str, Any], tensors: dict[str, FloatArray]) -> StoredPolicy:
	observation = [name for name, _ in OBSERVATION]
	if manifest["observation"] != observation:
		raise ValueError("it was trained on other observations than this version builds")
	_check_limits(manifest, tensors)
	for name, tensor in tensors.items():
		if np.isnan(tensor).any() or (np.isinf(tensor).any() and name.split(".")[-1] not in _MAY_BE_INFINITE):
			raise ValueError(f"{name} is not all numbers")
	if not isinstance(manifest["review_days"], int) or manifest["review_days"] < 1:
		raise ValueError(f"its review interval is {manifest['review_days']!r}")
	if manifest["unmet_demand"] not in get_args(UnmetDemand):
		raise ValueError(f"it knows unmet demand as {manifest['unmet_demand']!r}")
	keys = tuple(ItemKey(str(code), str(warehouse)) for code, warehouse in manifest["items"])
	network = read_network(
		tensors, "network", manifest["layers"], len(observation), ACTION_SIZE, direct=False
	)
	if not holds(network):
		raise ValueError("its network could order more where there is more stock")
	rule = read(manifest["rule"], tensors, keys)
	return StoredPolicy(
		policy=ResidualNetwork(
			name=str(manifest["name"]),
			classical=OrderUpTo(str(manifest["classical_name"]), rule),
			normaliser=read_normaliser(tensors, "network", len(observation)),
			network=network,
		),
		snapshot=Snapshot(
			items=ItemTable(
				keys=keys,
				suppliers=tuple(str(supplier) for supplier in manifest["suppliers"]),
				groups=tuple(str(group) for group in manifest["groups"]),
				**{name: tensors[f"items.{name}"] for name in ARRAY_FIELDS},
			),
			demand=DemandStatistics(
				*(of_shape(tensors, f"demand.{name}", (len(keys),)) for name in STATISTIC_NAMES)
			),
			today=np.datetime64(manifest["today"], "D"),
		),
		review_days=manifest["review_days"],
		unmet_demand=manifest["unmet_demand"],
		about=dict(manifest["about"]),
		sha256=manifest["sha256"],
	)


def _check_limits(manifest: dict[str, Any], tensors: dict[str, FloatArray]) -> None:
	"""Refuse what no training writes: numbers of other kinds, or so large that orders would overflow."""
	for name, tensor in tensors.items():
		if tensor.dtype != np.float32:
			raise ValueError(f"{name} holds numbers of type {tensor.dtype}, not float32")
		most = LARGEST_WEIGHT if ".layer." in name or name.endswith(".direct") else LARGEST_NUMBER
		finite = tensor[np.isfinite(tensor)]
		if finite.size and float(np.abs(finite).max()) > most:
			raise ValueError(f"{name} holds a number beyond {most:g}")
	today = np.datetime64(manifest["today"], "D") if isinstance(manifest["today"], str) else None
	if today is None or np.isnat(today) or not _FIRST_DAY <= today <= _LAST_DAY:
		raise ValueError(
			f"it does not say how far its history goes: {manifest['today']!r} is no day of 1900 to 2200"
		)
