"""Scheduled work goes agent by agent: one that fails stops no other."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import frappe
from rq.timeouts import JobTimeoutException

from rl_replenishment.bridge.retrying import in_a_transaction


def for_each_agent(work: Callable[[str], Any], failure: str, **filters: Any) -> None:
	"""Call `work` with the name of each agent that passes the filters; `failure` heads its error."""
	for agent in frappe.get_all("RL Agent Settings", filters, pluck="name", order_by="name"):
		try:
			# what was done for one agent stays when the next one fails
			in_a_transaction(partial(work, agent))
		except JobTimeoutException:
			raise
		except Exception:
			frappe.log_error(
				f"RL Replenishment: {failure}",
				frappe.get_traceback(),
				reference_doctype="RL Agent Settings",
				reference_name=agent,
			)
