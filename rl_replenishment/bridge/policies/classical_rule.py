"""The best classical rule for an agent, which orders until something better is learned.

Tuning it takes a while where an agent has many items: too long for a web request. There it is tuned in the
background, and kept until the agent's first run, or a day, whichever is sooner.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import date_diff, getdate
from frappe.utils.background_jobs import is_job_enqueued
from redis.exceptions import RedisError

from rl_replenishment.bridge.language import in_the_sites_language
from rl_replenishment.bridge.state.demand import read_demand
from rl_replenishment.bridge.state.outages import without_gaps
from rl_replenishment.bridge.state.parameters import read_parameters
from rl_replenishment.bridge.state.scope import resolve_scope
from rl_replenishment.core.errors import InputError
from rl_replenishment.core.policies.archive import pack, unpack
from rl_replenishment.core.policies.store import StoredPolicy, parse_policy, policy_files
from rl_replenishment.core.training.classical import classical_policy
from rl_replenishment.core.training.from_history import TrainingOptions

#: the algorithm of a policy that only knows a classical rule
CLASSICAL = "Classical Rule"
#: of so many item-warehouses, a rule is tuned in a few seconds
MOST_AT_ONCE = 300
_QUEUE, _TIMEOUT_SECONDS, _KEPT_SECONDS = "long", 1500, 24 * 3600
#: how long the reason why tuning failed is shown instead of trying again
_FAILED_SECONDS = 60


def classical(settings: Document, progress: Callable[[float], object] | None = None) -> StoredPolicy:
	"""The best classical rule for an agent, tuned on its own history; saved nowhere.

	`progress` is told the share done.
	"""
	keys = resolve_scope(settings).keys
	if not keys:
		raise InputError(
			_("Agent {0} has nothing to order; look at its warehouses and items.").format(settings.name)
		)
	items, _purchasing = read_parameters(settings, keys)
	history = read_demand(settings, keys, days=settings.history_days, today=getdate())
	options = TrainingOptions(
		review_days=settings.review_days,
		unmet_demand=settings.unmet_demand.lower(),
		algorithm=CLASSICAL.lower(),
		seconds=None,
	)
	return classical_policy(
		without_gaps(settings, items, history).history, items, options, progress=progress, translate=_
	)


def is_untuned(stored: StoredPolicy) -> bool:
	"""Whether it is the usual rule, for want of history to tune on."""
	return "untuned" in stored.about


def may_be_tuned(stored: StoredPolicy, settings: Document) -> bool:
	"""Whether it is the usual rule, and there may be enough history to tune one on by now."""
	if not is_untuned(stored):
		return False
	known = date_diff(getdate(), stored.about["data"]["first_day"])
	return min(known, settings.history_days) >= stored.about.get("days_to_tune", 0)


def first_rule(settings: Document, progress: Callable[[float], object] | None = None) -> StoredPolicy:
	"""The rule that was tuned in the background for an agent as it is today, else one tuned now."""
	return _kept(settings) or classical(settings, progress)


def wait_for_first_rule(settings: Document) -> dict[str, Any] | None:
	"""Have the first rule of an agent with many item-warehouses tuned in the background.

	None where it is there, or quickly made; else how far it is: `percent`, and `what` it is at.
	"""
	if _kept(settings):
		return None
	if failed := frappe.cache.get_value(_key("failed", settings.name), expires=True):
		frappe.throw(failed)
	job = f"rl_replenishment.first_rule.{settings.name}"
	try:
		if not is_job_enqueued(job):
			if len(resolve_scope(settings).keys) <= MOST_AT_ONCE:
				return None
			frappe.cache.delete_value(_key("progress", settings.name))
			frappe.enqueue(
				"rl_replenishment.bridge.policies.classical_rule.tune_first_rule",
				queue=_QUEUE,
				timeout=_TIMEOUT_SECONDS,
				job_id=job,
				agent=settings.name,
			)
	except RedisError:
		frappe.throw(_("The job queue cannot be reached; start Redis and the workers and try again."))
	share = frappe.cache.get_value(_key("progress", settings.name), expires=True)
	if share is None:
		return {"percent": 0, "what": _("Waiting for a worker")}
	return {"percent": round(100 * share), "what": _("Tuning the classical rule on the agent's history")}


@in_the_sites_language()
def tune_first_rule(agent: str) -> None:
	"""Tune an agent's first rule, and keep it until its first run."""
	settings = frappe.get_doc("RL Agent Settings", agent)

	def tell(share: float) -> None:
		frappe.cache.set_value(_key("progress", agent), share, expires_in_sec=_TIMEOUT_SECONDS)

	tell(0.0)
	try:
		data = pack(policy_files(classical(settings, tell)))
	except Exception as error:
		reason = frappe.utils.strip_html(str(error)) or type(error).__name__
		frappe.cache.set_value(_key("failed", agent), reason, expires_in_sec=_FAILED_SECONDS)
		raise
	finally:
		frappe.cache.delete_value(_key("progress", agent))
	frappe.cache.set_value(_key_of_rule(settings), data, expires_in_sec=_KEPT_SECONDS)


def _kept(settings: Document) -> StoredPolicy | None:
	data = frappe.cache.get_value(_key_of_rule(settings), expires=True)
	if not data:
		return None
	source = _("The rule of agent {0}").format(settings.name)
	return parse_policy(unpack(data, source), source)


def _key_of_rule(settings: Document) -> str:
	"""Of the agent as it is set up now, and of today."""
	return _key("rule", f"{settings.name}.{settings.modified}.{getdate()}")


def _key(what: str, of: str) -> str:
	return f"rl_replenishment.first_{what}.{of}"
