"""Once a week: whether stock still does as the backtest of the policy in use let expect."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from typing import Any

import frappe
import numpy as np
from frappe import _
from frappe.model.document import Document
from frappe.query_builder.functions import Sum
from frappe.utils import add_days, getdate

from rl_replenishment.bridge.each_agent import for_each_agent
from rl_replenishment.bridge.figures import percent
from rl_replenishment.bridge.language import in_the_sites_language
from rl_replenishment.bridge.notifying import POLICY_DRIFTING, announce
from rl_replenishment.bridge.policies.service_targets import targets_of
from rl_replenishment.bridge.policies.store import active_policy
from rl_replenishment.bridge.queries import Keys, posted_within
from rl_replenishment.bridge.state.demand import read_demand
from rl_replenishment.bridge.state.outages import without_gaps
from rl_replenishment.bridge.state.parameters import read_parameters
from rl_replenishment.bridge.state.scope import resolve_scope
from rl_replenishment.core.demand.statistics import QUARTER
from rl_replenishment.core.evaluation.drift import DRIFT_WEEKS, WEEK, Band, Weeks, weekly
from rl_replenishment.core.items import FloatArray

_DAYS = DRIFT_WEEKS * WEEK


@in_the_sites_language()
def check_drift(today: date) -> None:
	"""Write on each policy in use whether it drifts, and tell whoever wants to know of those that do."""

	def check(agent: str) -> None:
		if drifting := _check(frappe.get_doc("RL Agent Settings", agent), today):
			# whoever is told is to find it
			frappe.db.commit()  # for the reason above; nosemgrep
			announce("RL Policy", drifting, POLICY_DRIFTING)

	for_each_agent(check, "drift was not checked", enabled=1, mode=("!=", "Shadow"))


def is_watched(settings: Document) -> bool:
	"""Whether what an agent's policy proposes is bought at all."""
	return bool(settings.enabled and settings.mode != "Shadow")


def _check(settings: Document, today: date) -> str | None:
	"""The policy in use, where it drifts."""
	policy = frappe.db.get_value(
		"RL Policy", active_policy(settings.name), ["name", "metrics", "promoted_on", "drift"], as_dict=True
	)
	band = _band(policy.metrics) if policy else None
	# both weeks have to be its own
	if not band or getdate(policy.promoted_on) > add_days(today, -_DAYS):
		return None
	keys = resolve_scope(settings).keys
	if not keys:
		return None
	weeks = read_weeks(settings, keys, today)
	drift = _in_words(band, weeks, settings.company, [target.factor for target in targets_of(settings)])
	if drift != (policy.drift or ""):
		frappe.db.set_value("RL Policy", policy.name, "drift", drift, update_modified=False)
	return policy.name if drift else None


def _band(metrics: str | None) -> Band | None:
	"""The band of a policy that a backtest was made of."""
	found = (json.loads(metrics or "{}").get("holdout") or {}).get("band")
	return Band(**found) if found else None


def _in_words(band: Band, weeks: Weeks, company: str, factors: Sequence[float]) -> str:
	lost_service, lost_cost = band.has_lost(weeks)
	# the backtest knows no service targets: who wants more service pays for it, who wants less has it
	lost_cost &= not any(factor > 1 for factor in factors)
	lost_service &= not any(factor < 1 for factor in factors)
	found = []
	if lost_service:
		found.append(
			_(
				"For {0} weeks, only {1} of the item-warehouses ended their days with stock; "
				"by the backtest it should be {2} or more."
			).format(DRIFT_WEEKS, *map(percent, (weeks.in_stock[-DRIFT_WEEKS:].mean(), band.least_in_stock)))
		)
	if lost_cost:
		currency = frappe.get_cached_value("Company", company, "default_currency")
		money = [
			frappe.utils.fmt_money(float(value), currency=currency)
			for value in (weeks.cost[-DRIFT_WEEKS:].mean(), band.most_cost)
		]
		found.append(
			_(
				"For {0} weeks, an item-warehouse has cost {1} a week; by the backtest it should be "
				"{2} at most."
			).format(DRIFT_WEEKS, *money)
		)
	return " ".join(found)


def read_weeks(settings: Document, keys: Any, today: date) -> Weeks:
	"""The latest weeks as they were, up to yesterday."""
	at = Keys(keys)
	items, _purchasing = read_parameters(settings, keys)
	recent = read_demand(settings, keys, days=QUARTER, today=today)
	known = without_gaps(settings, items, recent).history
	# what is filled in on days out of stock is what no shelf could meet
	unmet = np.maximum(known.demand[-_DAYS:] - recent.demand[-_DAYS:], 0)
	return weekly(items, _on_hand(at, today), unmet, _ordered(at, today))


def _on_hand(at: Keys, today: date) -> FloatArray:
	"""Stock at the end of each of the last days, backwards from the Bin, shape (days, N)."""
	stock, entry = frappe.qb.DocType("Bin"), frappe.qb.DocType("Stock Ledger Entry")
	now = at.column(
		frappe.qb.from_(stock)
		.select(stock.item_code, stock.warehouse, stock.actual_qty)
		.where(at.include(stock.item_code, stock.warehouse))
		.run()
	)
	moved = _by_day(
		at,
		today,
		frappe.qb.from_(entry)
		.select(entry.item_code, entry.warehouse, entry.posting_date, Sum(entry.actual_qty))
		.where((entry.is_cancelled == 0) & posted_within(entry, add_days(today, 1 - _DAYS)))
		.where(at.include(entry.item_code, entry.warehouse))
		.groupby(entry.item_code, entry.warehouse, entry.posting_date)
		.run(),
	)
	after = np.cumsum(moved[::-1], axis=0)[::-1]
	return np.maximum(now - after[1:], 0)


def _ordered(at: Keys, today: date) -> FloatArray:
	"""What Purchase Orders were made of each day, shape (days, N)."""
	order, line = frappe.qb.DocType("Purchase Order"), frappe.qb.DocType("Purchase Order Item")
	rows = (
		frappe.qb.from_(line)
		.join(order)
		.on(order.name == line.parent)
		.select(line.item_code, line.warehouse, order.transaction_date, Sum(line.stock_qty))
		.where((order.docstatus == 1) & (order.transaction_date >= add_days(today, -_DAYS)))
		.where(at.include(line.item_code, line.warehouse))
		.groupby(line.item_code, line.warehouse, order.transaction_date)
		.run()
	)
	return _by_day(at, today, rows)[:-1]


def _by_day(at: Keys, today: date, rows: Any) -> FloatArray:
	"""Quantities of the last days and of today, whatever is later included, shape (days + 1, N)."""
	found = np.zeros((_DAYS + 1, len(at)), np.float32)
	for item_code, warehouse, day, quantity in rows:
		position = at.position(item_code, warehouse)
		if position >= 0:
			found[min(_DAYS - (today - day).days, _DAYS), position] += quantity
	return found
