"""Scheduled work goes agent by agent: one that fails stops no other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import frappe


def for_each_agent(work: Callable[[str], Any], failure: str, **filters: Any) -> None:
	"""Call `work` with the name of each agent that passes the filters; `failure` heads its error."""
	for agent in frappe.get_all("RL Agent Settings", filters, pluck="name", order_by="name"):
		try:
			work(agent)
			# what was done for one agent stays when the next one fails
			frappe.db.commit()
		except Exception:
			frappe.db.rollback()
			frappe.log_error(
				f"RL Replenishment: {failure}",
				frappe.get_traceback(),
				reference_doctype="RL Agent Settings",
				reference_name=agent,
			)
