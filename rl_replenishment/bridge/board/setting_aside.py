"""Lines that the buyer does not want now: snoozed until a day, and out of their drafts."""

from __future__ import annotations

from typing import Any

import frappe
from frappe.utils import getdate

from rl_replenishment.bridge.board.open_lines import asked_for, read_open_lines
from rl_replenishment.bridge.proposing.turning_down import turn_down


def snooze(sent: Any, until: str, reason: str) -> dict[str, Any]:
	"""Have nothing proposed for the lines' items until a day, and take the lines out of their drafts.

	Returns `snoozed`, names of the RL Snoozes, and of the lines how many were taken `lines` and `kept`.
	"""
	names = asked_for(sent)
	lines, _more = read_open_lines(proposals=names)
	snoozed = []
	for key in dict.fromkeys((line.agent, line.item_code, line.warehouse) for line in lines):
		values = dict(zip(("agent", "item_code", "warehouse"), key, strict=True))
		row = frappe.get_doc({"doctype": "RL Snooze", **values, "until": getdate(until), "reason": reason})
		snoozed.append(row.insert().name)
	return {"snoozed": snoozed, **turn_down([line.proposal for line in lines])}
