"""The picture of a line: demand as it was and is expected, and stock as it will be with an order or none."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import frappe
import numpy as np
import numpy.typing as npt
from frappe import _
from frappe.model.document import Document
from frappe.utils import escape_html, flt, getdate

from rl_replenishment.bridge import figures
from rl_replenishment.bridge.board.open_lines import OpenLine, bare_line, read_open_lines
from rl_replenishment.bridge.board.outlooks import Outlooks, read_outlooks
from rl_replenishment.bridge.queries import Keys
from rl_replenishment.bridge.state.demand import read_demand
from rl_replenishment.bridge.state.outages import out_of_stock, without_gaps
from rl_replenishment.bridge.state.parameters import read_parameters
from rl_replenishment.bridge.state.scope import resolve_scope
from rl_replenishment.bridge.visibility import Limits, agents_in_part
from rl_replenishment.core.demand.history import DemandHistory
from rl_replenishment.core.explanation import target_words, told
from rl_replenishment.core.items import ItemKey
from rl_replenishment.core.outlook import BAND, project

#: days of the past in the picture, and a year as weeks have it
PAST_DAYS, YEAR = 91, 364
#: days that the picture looks ahead at most
_MOST_AHEAD = 364


def picture(proposal: str, qty: float) -> dict[str, Any]:
	"""What is drawn of an open line that the user may see, with an order of `qty`, in stock UOM.

	See `picture_of`. Raises `DoesNotExistError` where there is no such line.
	"""
	lines, _more = read_open_lines(proposals=[proposal])
	if not lines:
		raise frappe.DoesNotExistError(_("This line is not open any more."))
	return picture_of(lines[0], qty)


def item_picture(agent: str, item_code: str, warehouse: str, qty: float = 0.0) -> dict[str, Any]:
	"""The same of an item-warehouse of an agent that the user may see, whether or not it was proposed.

	Its forecast is that of its last proposal, or, where there is none, its usual demand.
	"""
	if agent not in agents_in_part():
		frappe.throw(_("No permission for agent {0}.").format(escape_html(agent)), frappe.PermissionError)
	settings, key = frappe.get_cached_doc("RL Agent Settings", agent), ItemKey(item_code, warehouse)
	# whether the agent has it is nobody's business who may not see it
	row = {"item_code": item_code, "warehouse": warehouse}
	_check_limits(agent, row, item_code="Item", warehouse="Warehouse")
	missing = frappe.DoesNotExistError(_("The agent has no such item-warehouse."))
	if not frappe.db.exists("Item", item_code):
		raise missing
	items, bought = read_parameters(settings, [key])
	row = {"group": items.groups[0], "supplier": items.suppliers[0] or None}
	_check_limits(agent, row, group="Item Group", supplier="Supplier")
	if key not in resolve_scope(settings).keys:
		raise missing
	known = {"agent": agent, "item_code": item_code, "warehouse": warehouse}
	last = frappe.get_all("RL Proposal", known, ["state"], order_by="creation desc", limit=1)
	lead = float(items.whole_lead_time_days[0])
	recent = read_demand(settings, [key], days=PAST_DAYS, today=getdate()).demand
	state: dict[str, Any] = (frappe.parse_json(last[0].state) if last else None) or {
		"mean_daily_demand": float(recent.mean()),
		"lead_time_days": lead,
		"protection_days": lead + settings.review_days,
	}
	line = bare_line(
		agent=agent,
		company=settings.company,
		item_code=item_code,
		warehouse=warehouse,
		state=state,
		stock_uom=bought.stock_uoms[0],
		rate=float(bought.rates[0]),
	)
	return picture_of(line, qty)


def _check_limits(agent: str, row: dict[str, Any], **named: str) -> None:
	"""Refuse what User Permissions keep from the user: `named` has by field of a row the DocType it names."""
	if not Limits("RL Proposal").keep([row], **named):
		frappe.throw(_("No permission for agent {0}.").format(escape_html(agent)), frappe.PermissionError)


def picture_of(line: OpenLine, qty: float) -> dict[str, Any]:
	"""What is drawn of a line, with an order of `qty`, in stock UOM.

	`days` are dates, from `PAST_DAYS` ago on, and `today` is the place of the first day to come among them.
	`demand` is of the past days and `last_year` of all days, None where it is not known. `expected` has low,
	middle and high of a day's demand, and `with_order` those of stock at the end of each day to come;
	`without` has its middle, and `arrivals` what else arrives by then. `out_of_stock` and `left_out` are
	places among the days. `why_target` says why the target is where it is.
	"""
	today, state = getdate(), told(line.state)
	(group,) = read_outlooks([line], today)
	return {
		"start": today - timedelta(days=PAST_DAYS),
		"today": PAST_DAYS,
		"uom": line.stock_uom,
		"ordered": qty > 0,
		**_ahead(group, qty),
		**_past(line, today, _days_ahead(group)),
		"reorder_point": state.get("reorder_point"),
		"target": state.get("target"),
		"most_stock": state.get("most_stock"),
		"set_aside": flt(state.get("set_aside")),
		"why_target": target_words(
			flt(state.get("target")),
			flt(state.get("reorder_point")),
			flt(state.get("demand_middle")),
			int(flt(state.get("protection_days"))),
			_,
			figures.writer(),
		),
	}


def _days_ahead(group: Outlooks) -> int:
	"""Twice the days until the order after this one could arrive, so that it is seen how long it lasts."""
	return int(min(2 * group.outlook.protection_days[0], _MOST_AHEAD))


def _ahead(group: Outlooks, qty: float) -> dict[str, Any]:
	days, outlook = _days_ahead(group), group.outlook
	ordered = project(outlook, np.array([qty], np.float32), days).band()[:, :, 0]
	without = project(outlook, np.zeros(1, np.float32), days).band()[:, :, 0]
	day = np.quantile(outlook.demand_until(0)[:, 0], BAND)
	arrivals = np.zeros(days)
	known = outlook.arrivals[:days, 0]
	arrivals[: len(known)] = known
	return {
		"expected": _rounded(day),
		"with_order": [_rounded(row) for row in ordered],
		"without": _rounded(without[1]),
		"arrivals": _rounded(arrivals),
		"arrives": int(outlook.arrival_days[0]),
	}


def _past(line: OpenLine, today: date, ahead: int) -> dict[str, Any]:
	settings = frappe.get_cached_doc("RL Agent Settings", line.agent)
	keys = [ItemKey(line.item_code, line.warehouse)]
	history = read_demand(settings, keys, days=PAST_DAYS + YEAR, today=today)
	demand = history.demand[:, 0].astype(np.float64)
	# the history may begin later
	known = np.full(PAST_DAYS + YEAR, np.nan)
	known[len(known) - len(demand) :] = demand
	last_year = np.full(PAST_DAYS + ahead, np.nan)
	part = known[: PAST_DAYS + min(ahead, YEAR)]
	last_year[: len(part)] = part
	gone = _out_of_stock(keys, history)
	outliers = _left_out(settings, keys, history)
	first = len(demand) - PAST_DAYS
	return {
		"demand": _rounded(known[-PAST_DAYS:]),
		"last_year": _rounded(last_year),
		"out_of_stock": [int(day) - first for day in np.flatnonzero(gone) if day >= first],
		"left_out": [day - first for day in outliers if day >= first],
	}


def _out_of_stock(keys: list[ItemKey], history: DemandHistory) -> npt.NDArray[np.bool_]:
	"""The days that began and ended without stock, shape (T,)."""
	found: npt.NDArray[np.bool_] = out_of_stock(Keys(keys), history).out_of_stock[:, 0]
	return found


def _left_out(settings: Document, keys: list[ItemKey], history: DemandHistory) -> list[int]:
	"""The days of the history with a booking that is not expected again."""
	items, _purchasing = read_parameters(settings, keys)
	unusual = without_gaps(settings, items, history).unusual
	return [int((booking.day - history.start).astype(int)) for booking in unusual]


def _rounded(values: npt.ArrayLike) -> list[float | None]:
	return [round(float(value), 3) if np.isfinite(value) else None for value in np.ravel(values)]
