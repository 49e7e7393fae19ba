"""What the buyer does not want now: snoozed until a day, and out of the drafts where that is wanted."""

from __future__ import annotations

from typing import Any

import frappe
from frappe.utils import getdate

from rl_replenishment.bridge.board.open_lines import asked_for
from rl_replenishment.bridge.proposing.turning_down import check_reading, turn_down


def snooze(sent: Any, until: str, reason: str, *, from_drafts: bool) -> dict[str, Any]:
	"""Have nothing proposed for the items of proposals until a day; with `from_drafts` their lines leave too.

	Returns `snoozed`, names of the RL Snoozes, and of the lines how many were taken out, `lines`, and `kept`.
	"""
	names = asked_for(sent)
	check_reading(set(names))
	rows = frappe.get_all(
		"RL Proposal",
		{"name": ("in", [*names, ""])},
		["agent", "item_code", "warehouse"],
		distinct=True,
		order_by="agent, item_code, warehouse",
	)
	snoozed = []
	for row in rows:
		document = frappe.get_doc({"doctype": "RL Snooze", **row, "until": getdate(until), "reason": reason})
		snoozed.append(document.insert().name)
	left = turn_down(names) if from_drafts else {"lines": 0, "kept": len(names)}
	return {"snoozed": snoozed, **left}
