"""What another quantity would do, by the policy's own forecast."""

from __future__ import annotations

from typing import Any

import frappe
import numpy as np
from frappe import _
from frappe.utils import getdate

from rl_replenishment.bridge import figures
from rl_replenishment.bridge.board.open_lines import read_open_lines
from rl_replenishment.bridge.board.outlooks import read_outlooks
from rl_replenishment.core.outlook import Projection, project

#: stock that lasts longer is said to last so long
_MOST_DAYS = 999.0


def what_if(sent: Any) -> dict[str, dict[str, Any]]:
	"""By proposal: what a quantity would do, and how that differs from what was proposed.

	`sent` has quantities in stock UOM by proposal; of what is not open, or not to be seen, nothing is said.
	"""
	quantities = _read(sent)
	lines, _more = read_open_lines(proposals=quantities)
	found = {}
	for group in read_outlooks(lines, getdate()):
		asked = np.array([quantities[line.proposal] for line in group.lines], np.float32)
		proposed = np.array([line.proposed_qty for line in group.lines], np.float32)
		then, now = project(group.outlook, asked), project(group.outlook, proposed)
		for i, line in enumerate(group.lines):
			found[line.proposal] = {**effects(then, i), "change": _change(then, now, i)}
	return found


def effects(projection: Projection, i: int) -> dict[str, Any]:
	"""What an order does, in figures: cover in days, sales missed in units and money, and holding cost."""
	return {
		"cover": whole_days(projection.cover_days[i]),
		"missed": round(float(projection.missed[i]), 2),
		"missed_cost": round(float(projection.missed_cost[i]), 2),
		"holding_cost": round(float(projection.holding_cost[i]), 2),
	}


def _change(then: Projection, now: Projection, i: int) -> dict[str, float]:
	"""By how much it costs more (or, below 0, less) than what was proposed."""
	missed = figures.money(float(then.missed_cost[i] - now.missed_cost[i]))
	holding = figures.money(float(then.holding_cost[i] - now.holding_cost[i]))
	saved = figures.money(float(then.saved_cost[i] - now.saved_cost[i]))
	return {
		"missed_cost": missed,
		"holding_cost": holding,
		"later_cost": -saved,
		"cost": figures.money(missed + holding - saved),
	}


def _read(sent: Any) -> dict[str, float]:
	try:
		found = {str(name): float(value) for name, value in frappe.parse_json(sent).items()}
		is_sound = all(0 <= value < 1e12 for value in found.values())
	except (ValueError, TypeError, AttributeError, RecursionError):
		is_sound = False
	if not is_sound:
		frappe.throw(_("Quantities are to be numbers of 0 or more, by RL Proposal."))
	return found


def whole_days(value: float) -> float:
	"""Days as the board says them."""
	return round(min(float(value), _MOST_DAYS), 1)
