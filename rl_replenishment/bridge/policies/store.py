"""Policies as documents: RL Policy holds what is told of a policy, its private file the policy itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import formatdate, now_datetime

from rl_replenishment.bridge.guarding import plain
from rl_replenishment.bridge.language import in_the_sites_language
from rl_replenishment.bridge.policies.classical_rule import (
	CLASSICAL,
	classical,
	first_rule,
	is_untuned,
	may_be_tuned,
)
from rl_replenishment.core.errors import PolicyFileError
from rl_replenishment.core.policies.archive import LARGEST_ARCHIVE, pack, unpack
from rl_replenishment.core.policies.store import StoredPolicy, parse_policy, policy_files


def policy_in_use(
	settings: Document, progress: Callable[[float], object] | None = None
) -> tuple[str, StoredPolicy]:
	"""The name of an agent's active RL Policy, and the policy.

	An agent without one gets the best classical rule, tuned on its own history, or the usual one where the
	history is too short to tune on; that is tuned as soon as there is enough. Writes, but does not commit.
	`progress` is told the share done where one is tuned.
	"""
	name = active_policy(settings.name)
	if not name:
		# of two who ask at once, the second finds what the first has made
		name = active_policy(settings.name, lock=True)
	if not name:
		return make_classical(settings, progress)
	stored = load(name)
	if may_be_tuned(stored, settings):
		renewed = first_rule(settings, progress)
		if not is_untuned(renewed):
			return _save_classical(settings, renewed), renewed
	return name, stored


def active_policy(agent: str, *, lock: bool = False) -> str | None:
	"""The name of the policy in use; with `lock` nobody else changes it until this transaction ends.

	A policy serves its own agent alone: another agent's counts for none.
	"""
	name = frappe.db.get_value("RL Agent Settings", agent, "active_policy", for_update=lock)
	if not name:
		return None
	# a locking read too: it sees what others committed since this transaction began
	return name if frappe.db.get_value("RL Policy", name, "agent", for_update=lock) == agent else None


def earlier_policies(agent: str, most: int, besides: Collection[str] = ()) -> list[tuple[str, StoredPolicy]]:
	"""The latest learned policies of an agent by name, but for `besides` and files that cannot be used.

	The newest first, at most so many.
	"""
	names = frappe.get_all(
		"RL Policy",
		{"agent": agent, "algorithm": ("!=", CLASSICAL), "name": ("not in", [*besides, ""])},
		pluck="name",
		order_by="version desc",
		limit=most,
	)
	found = []
	for name in names:
		with suppress(PolicyFileError):
			found.append((name, load(name)))
	return found


def load(policy: str) -> StoredPolicy:
	"""The policy of an RL Policy; `PolicyFileError` says what is wrong with a file that cannot be used."""
	source = _("The file of policy {0}").format(policy)
	url, sha256 = frappe.db.get_value("RL Policy", policy, ["file", "sha256"]) or (None, None)
	data = _read(policy, url, source)
	if hashlib.sha256(data).hexdigest() != sha256:
		raise PolicyFileError(
			_(
				"{0} is not the one that was saved; restore it from a backup, or promote another policy."
			).format(source)
		)
	return parse_policy(unpack(data, source), source)


def _read(policy: str, url: str | None, source: str) -> bytes:
	# by the policy's own word: others may say that theirs is attached to it
	own = {"attached_to_doctype": "RL Policy", "attached_to_name": policy, "file_url": url, "is_private": 1}
	file = frappe.db.get_value("File", own) if url else None
	try:
		if not file:
			raise FileNotFoundError(None, "no file is attached")
		# not `File.get_content`, which takes whatever looks like text for text
		path = Path(frappe.get_doc("File", file).get_full_path())
		if path.stat().st_size > LARGEST_ARCHIVE:
			raise PolicyFileError(_("{0} is larger than any policy.").format(source))
		return path.read_bytes()
	except OSError as error:
		raise PolicyFileError(
			_("{0} cannot be read ({1}); restore it from a backup, or promote another policy.").format(
				source, error.strerror
			)
		) from None


def save(
	settings: Document,
	stored: StoredPolicy,
	*,
	algorithm: str,
	parent: str | None = None,
	training_run: str | None = None,
	metrics: dict[str, Any] | None = None,
	by_item: dict[str, list[Any]] | None = None,
	summary: str = "",
) -> str:
	"""Make an RL Policy, the agent's next version, as a candidate; returns its name. Does not commit."""
	data = pack(policy_files(stored))
	# versions are counted under the agent's lock
	active_policy(settings.name, lock=True)
	policy = frappe.get_doc(
		{
			"doctype": "RL Policy",
			"agent": settings.name,
			"version": _last_version(settings.name) + 1,
			"algorithm": algorithm,
			"parent": parent,
			"status": "Candidate",
			"training_run": training_run,
			"review_days": stored.review_days,
			"summary": summary,
			"metrics": json.dumps(metrics or {}),
			"backtest_by_item": json.dumps(by_item) if by_item else None,
			"sha256": hashlib.sha256(data).hexdigest(),
		}
	).insert(ignore_permissions=True)
	file = frappe.get_doc(
		{
			"doctype": "File",
			"file_name": f"rl_policy_{frappe.generate_hash(length=10)}.zip",
			"attached_to_doctype": "RL Policy",
			"attached_to_name": policy.name,
			"attached_to_field": "file",
			"is_private": 1,
			"content": data,
		}
	)
	file.flags.rl_policy_file = True
	file.insert(ignore_permissions=True)
	# Frappe lets the owner of a file read it, whatever becomes of the permissions
	file.db_set("owner", "Administrator", update_modified=False)
	policy.db_set("file", file.file_url, update_modified=False)
	return policy.name


def _last_version(agent: str) -> int:
	# a locking read sees what others committed since this transaction began
	last = frappe.db.get_value(
		"RL Policy", {"agent": agent}, "version", order_by="version desc", for_update=True
	)
	return last or 0


def activate(policy: str, reason: str, *, leaving: str = "Archived") -> None:
	"""Make a policy the agent's only active one; `leaving` is what the others' records call it.

	Does not commit.
	"""
	agent = frappe.db.get_value("RL Policy", policy, "agent")
	active_policy(agent, lock=True)
	others = frappe.db.get_values(
		"RL Policy", {"agent": agent, "status": "Active", "name": ("!=", policy)}, "name", for_update=True
	)
	for (other,) in others:
		_change(other, "Archived", leaving, reason)
	_change(policy, "Active", "Promoted", reason)
	frappe.get_doc("RL Agent Settings", agent).db_set("active_policy", policy, notify=True)


def _change(policy: str, status: str, action: str, reason: str) -> None:
	document = frappe.get_doc("RL Policy", policy, for_update=True)
	now, user = now_datetime(), frappe.session.user
	document.status = status
	if status == "Active":
		document.promoted_on, document.promoted_by = now, user
		# of its earlier time in use
		document.drift = ""
	document.append("promotions", {"done_on": now, "done_by": user, "action": action, "reason": reason})
	document.save(ignore_permissions=True)


def make_classical(
	settings: Document, progress: Callable[[float], object] | None = None
) -> tuple[str, StoredPolicy]:
	"""Put the best classical rule of today to use, as a new version. Does not commit."""
	stored = first_rule(settings, progress)
	return _save_classical(settings, stored), stored


def is_classical_old(settings: Document) -> bool:
	"""Whether the policy in use is a classical rule that was tuned longer ago than the agent trains."""
	algorithm, creation = frappe.db.get_value(
		"RL Policy", active_policy(settings.name), ["algorithm", "creation"]
	) or (None, None)
	every = settings.train_every_days
	return bool(algorithm == CLASSICAL and every) and now_datetime() - creation > timedelta(
		days=every, hours=-1
	)


@in_the_sites_language()
def renew_classical(agent: str) -> None:
	"""Tune an agent's classical rule anew, where one is in use."""
	settings = frappe.get_doc("RL Agent Settings", agent)
	stored = classical(settings)
	name = active_policy(agent, lock=True)
	# while it was tuned something better may have come into use; the usual rule replaces what was tuned on
	# too little, not itself
	if name and is_classical_old(settings) and not (is_untuned(stored) and is_untuned(load(name))):
		_save_classical(settings, stored)


def policy_name(name: str) -> str:
	"""What people call a classical rule of core; another policy by its own name, as a policy keeps it."""
	return {
		"base-stock": _("Fill Up"),
		"capped base-stock": _("Fill Up, Limited"),
		"(s, S)": _("Reorder Point and Target"),
		"reorder level": _("ERPNext's Re-Order"),
		"forecast rule": _("Forecast"),
		"common rule": _("One Rule for All"),
		"fixed levels": _("Fixed Levels"),
		"mixed rule": _("Mean of Several Rules"),
		"as ordered": _("What Was Really Ordered"),
	}.get(name) or plain(name)


def _save_classical(settings: Document, stored: StoredPolicy) -> str:
	rule, data = policy_name(stored.policy.classical.name), stored.about["data"]
	if is_untuned(stored):
		summary = _("Rule {0} with a usual safety stock. {1}").format(rule, stored.about["untuned"])
	else:
		summary = _("Rule {0}, tuned on {1} item-warehouses from {2} to {3}.").format(
			rule, data["items"], formatdate(data["first_day"]), formatdate(data["last_day"])
		)
	name = save(
		settings,
		stored,
		algorithm=CLASSICAL,
		parent=active_policy(settings.name),
		metrics=stored.about,
		summary=summary,
	)
	activate(name, _("The best classical rule, until something better is learned."))
	return name
