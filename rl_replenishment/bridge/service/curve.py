"""What some of an agent's items would cost with more or with less service, and how a point is taken."""

from __future__ import annotations

from typing import Any

import frappe
import numpy as np
from frappe import _
from frappe.model.document import Document

from rl_replenishment.bridge.figures import money
from rl_replenishment.bridge.policies.service_targets import SCOPES, name_of, target_of, targets_of
from rl_replenishment.bridge.service.replaying import Kept, kept, wait_for
from rl_replenishment.core.service.classes import CLASS_NAMES, members
from rl_replenishment.core.service.curve import Point, Service, at_fill_rate
from rl_replenishment.core.service.targets import factors_of

#: fill rates that a planner asks about, in percent
RATES = (90.0, 95.0, 97.0, 98.0, 99.0, 99.5)


def curve(settings: Document, scope: str, of: str) -> dict[str, Any]:
	"""Points of stock value and cost against fill rate, the one at present, and those of usual fill rates.

	`scope` and `of` are as in an RL Service Target. `waiting` alone where the replay is still to be made.
	"""
	row = _row(scope, of)
	found = kept(settings)
	if not found:
		return {"waiting": wait_for(settings)}
	service = found.service.at_present(factors_of(targets_of(settings), found.service.items, found.classes))
	rows = target_of(row).rows(service.items, found.classes)
	points = service.curve(rows)
	own = next((each for each in settings.service_targets if _is_of(each, row)), None)
	return {
		"count": int(rows.sum()),
		"days": found.days,
		"first_day": found.first_day,
		"last_day": found.last_day,
		"currency": frappe.get_cached_value("Company", settings.company, "default_currency"),
		"present": _told(service.point(rows)),
		"points": [_told(point) for point in points],
		"rates": [
			_told(point) for rate in RATES if (point := at_fill_rate(points, rate / 100)) and rows.any()
		],
		"target": _before(own),
		"classes": _classes(found, service),
		"groups": sorted({group for group in service.items.groups if group}),
	}


def set_target(
	settings: Document, scope: str, of: str, fill_rate: float, stockout_cost_rate: float
) -> dict[str, Any]:
	"""Set, change or (with 0 for both) take away the target of some items; returns the one before.

	What it takes is read off the curve where that is known, else found in the background.
	"""
	row = _row(scope, of)
	own = next((each for each in settings.service_targets if _is_of(each, row)), None)
	before = _before(own)
	values = {"fill_rate": fill_rate, "stockout_cost_rate": stockout_cost_rate}
	if not fill_rate and not stockout_cost_rate:
		if own:
			settings.remove(own)
	elif own:
		own.update(values)
	else:
		settings.append("service_targets", {**row, **values})
	found = kept(settings)
	if fill_rate and found:
		rows = target_of(row).rows(found.service.items, found.classes)
		point = at_fill_rate(found.service.curve(rows), fill_rate / 100) if rows.any() else None
		if point and point.factor:
			settings.flags.service_found = {
				(row.scope, name_of(row)): {
					"factor": point.factor,
					"replayed_fill_rate": fill_rate,
					"policy": found.policy or None,
				}
			}
	settings.save()
	return {"before": before}


def _row(scope: str, of: str) -> Any:
	"""A row as an RL Service Target has it; what is none is refused."""
	known = scope in SCOPES
	if known and scope == "Class":
		known = of in CLASS_NAMES
	elif known:
		known = bool(of) == (scope != "All Items")
	if not known:
		frappe.throw(_("Say of which items: all, a class such as A or AX, an item group, or an item."))
	field = SCOPES[scope][1]
	return frappe._dict({"scope": scope, **({field: of} if field else {})})


def _is_of(own: Any, row: Any) -> bool:
	return own.scope == row.scope and name_of(own) == name_of(row)


def _before(own: Any) -> dict[str, float] | None:
	return {name: own.get(name) or 0 for name in ("fill_rate", "stockout_cost_rate")} if own else None


def _classes(found: Kept, service: Service) -> list[dict[str, Any]]:
	counts = {name: int(np.sum(members(found.classes, name))) for name in CLASS_NAMES}
	return [{"name": name, "count": count} for name, count in counts.items() if count]


def _told(point: Point) -> dict[str, Any]:
	return {
		"fill_rate": round(100 * point.fill_rate, 3),
		"stock_value": money(point.stock_value),
		"cost": money(point.cost),
		"holding_cost": money(point.holding_cost),
		"stockout_cost": money(point.stockout_cost),
		"order_cost": money(point.order_cost),
		"stockout_days": round(point.stockout_days, 1),
		"factor": point.factor,
	}
