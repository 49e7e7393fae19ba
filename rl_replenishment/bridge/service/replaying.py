"""Replays of an agent's last days with more and with less service: made in the background, kept for a day."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

import frappe
import numpy as np
import numpy.typing as npt
from frappe import _
from frappe.model.document import Document
from frappe.query_builder.functions import Coalesce
from frappe.utils import getdate
from frappe.utils.background_jobs import is_job_enqueued
from redis.exceptions import RedisError

from rl_replenishment.bridge.language import in_the_sites_language
from rl_replenishment.bridge.policies import classical_rule
from rl_replenishment.bridge.policies.service_targets import by_depth, target_of
from rl_replenishment.bridge.policies.store import active_policy, load
from rl_replenishment.bridge.state.demand import read_demand
from rl_replenishment.bridge.state.outages import without_gaps
from rl_replenishment.bridge.state.parameters import read_parameters
from rl_replenishment.bridge.state.scope import resolve_scope
from rl_replenishment.core.demand.known_events.stored import events_known_to
from rl_replenishment.core.errors import InputError
from rl_replenishment.core.evaluation.backtest import LEAD_TIME_DRAWS
from rl_replenishment.core.policies.adaptation import adapted_to
from rl_replenishment.core.service.classes import classes_of
from rl_replenishment.core.service.curve import Service, replay_service, solve
from rl_replenishment.core.simulation.scenario import replay
from rl_replenishment.core.training.from_history import check_history, snapshot

_QUEUE, _TIMEOUT_SECONDS, _KEPT_SECONDS = "long", 1500, 24 * 3600
#: how long the reason why it failed is shown instead of trying again
_FAILED_SECONDS = 60
#: of more item-warehouses, so many draws of lead times tell enough
_MANY, _FEW_DRAWS = 1000, 3
_MONDAY = 0
#: what a replay depends on, besides the policy in use and the day
_DEPENDS_ON = (
	"holding_cost_rate",
	"stockout_cost_rate",
	"order_cost",
	"unmet_demand",
	"review_frequency",
	"history_days",
	"holdout_days",
	"demand_source",
	"default_lead_time_days",
	"use_learned_lead_times",
	"item_group",
	"supplier",
)


@dataclass(frozen=True, eq=False)
class Kept:
	"""A replay and what it is of."""

	service: Service
	classes: npt.NDArray[np.str_]
	#: name of the RL Policy; "" for the rule of an agent that has none yet
	policy: str
	first_day: date
	last_day: date
	days: int


def kept(settings: Document) -> Kept | None:
	"""The replay of an agent as it is today, None where there is none."""
	return frappe.cache.get_value(_key("replay", settings), expires=True)


def wait_for(settings: Document) -> dict[str, Any]:
	"""Have it made in the background, and say how far it is: `percent`, and `what` it is at."""
	if failed := frappe.cache.get_value(_key("failed", settings), expires=True):
		frappe.throw(failed)
	job = _job(settings.name)
	try:
		if not is_job_enqueued(job):
			frappe.cache.delete_value(_key("progress", settings))
			enqueue(settings.name)
	except RedisError:
		frappe.throw(_("The job queue cannot be reached; start Redis and the workers and try again."))
	share = frappe.cache.get_value(_key("progress", settings), expires=True)
	if share is None:
		return {"percent": 0, "what": _("Waiting for a worker")}
	return {"percent": round(100 * share), "what": _("Replaying with more and with less service")}


def enqueue(agent: str, *, after_commit: bool = False) -> None:
	"""Replay, and find what the agent's targets take, in the background."""
	frappe.enqueue(
		"rl_replenishment.bridge.service.replaying.find_targets",
		queue=_QUEUE,
		timeout=_TIMEOUT_SECONDS,
		job_id=_job(agent),
		deduplicate=True,
		enqueue_after_commit=after_commit,
		agent=agent,
	)


def renew_targets() -> None:
	"""In the background, for each agent whose targets were found with another policy; on Mondays for all."""
	row, agent = frappe.qb.DocType("RL Service Target"), frappe.qb.DocType("RL Agent Settings")
	query = (
		frappe.qb.from_(row)
		.join(agent)
		.on(agent.name == row.parent)
		.select(agent.name)
		.where(agent.enabled == 1)
		.distinct()
	)
	if getdate().weekday() != _MONDAY:
		query = query.where(Coalesce(row.policy, "") != Coalesce(agent.active_policy, ""))
	for (name,) in query.run():
		enqueue(name)


def _job(agent: str) -> str:
	return f"rl_replenishment.service.{agent}"


@in_the_sites_language()
def find_targets(agent: str) -> None:
	"""Replay an agent's last days, and write what each of its service targets takes beside it."""
	settings = frappe.get_doc("RL Agent Settings", agent)

	def tell(share: float) -> None:
		frappe.cache.set_value(_key("progress", settings), share, expires_in_sec=_TIMEOUT_SECONDS)

	tell(0.0)
	try:
		_replay_and_solve(settings, tell)
	except Exception as error:
		reason = frappe.utils.strip_html(str(error)) or type(error).__name__
		frappe.cache.set_value(_key("failed", settings), reason, expires_in_sec=_FAILED_SECONDS)
		raise
	finally:
		frappe.cache.delete_value(_key("progress", settings))


def _replay_and_solve(settings: Document, progress: Callable[[float], object]) -> None:
	keys = resolve_scope(settings).keys
	if not keys:
		raise InputError(
			_("Agent {0} has nothing to order; look at its warehouses and items.").format(settings.name)
		)
	name = active_policy(settings.name)
	stored = load(name) if name else classical_rule.first_rule(settings)
	policy = adapted_to(stored, keys).policy
	items, _purchasing = read_parameters(settings, keys)
	booked = read_demand(settings, keys, days=settings.history_days, today=getdate())
	history = without_gaps(settings, items, booked).history
	check_history(history, settings.review_days, _)
	held = min(settings.holdout_days or history.days, max(history.days // 4, 1))
	scenario = replay(
		items,
		history,
		days=held,
		review_days=settings.review_days,
		unmet_demand=settings.unmet_demand.lower(),
		rng=np.random.default_rng(0),
		effects=events_known_to(stored.about).effects,
	)
	draws = LEAD_TIME_DRAWS if len(items) <= _MANY else _FEW_DRAWS
	service = replay_service(
		policy, scenario, np.random.default_rng(0), lead_time_draws=draws, progress=progress
	)
	classes = classes_of(items, snapshot(history, items, settings.review_days).demand)
	found = Kept(
		service=service,
		classes=classes,
		policy=name or "",
		first_day=scenario.date(0).astype(object),
		last_day=scenario.date(held - 1).astype(object),
		days=held,
	)
	frappe.cache.set_value(_key("replay", settings), found, expires_in_sec=_KEPT_SECONDS)
	rows = by_depth(settings.service_targets)
	solved = solve(
		service,
		policy,
		scenario,
		[target_of(row) for row in rows],
		classes,
		np.random.default_rng(0),
		lead_time_draws=draws,
	)
	for row, each in zip(rows, solved, strict=True):
		if each.count:
			values = {
				"factor": each.target.factor,
				"replayed_fill_rate": 100 * each.fill_rate,
				"policy": name,
			}
			# a target that was changed in the meantime is still to be found
			as_solved = {name: row.get(name) for name in ("name", "fill_rate", "stockout_cost_rate")}
			frappe.db.set_value("RL Service Target", as_solved, values, update_modified=False)


def _key(what: str, settings: Document) -> str:
	"""Of the agent as it is set up now, of the policy that it uses, and of today."""
	of = [str(settings.get(field)) for field in _DEPENDS_ON]
	of += [f"{row.warehouse}" for row in settings.warehouses] + [row.item_code for row in settings.items]
	of += [str(active_policy(settings.name)), str(getdate())]
	digest = hashlib.sha256("\n".join(of).encode()).hexdigest()[:24]
	return f"rl_replenishment.service_{what}.{settings.name}.{digest}"
