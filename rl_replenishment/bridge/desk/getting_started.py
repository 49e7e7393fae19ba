"""The first steps with the app, each done as soon as what it is about is there."""

from __future__ import annotations

from typing import Any

import frappe
from frappe import _

#: what a user can tick off: that the backtest was looked at, and that the steps are to be shown no more
TICKS = ("backtest", "hidden")


def steps() -> list[dict[str, Any]]:
	"""The steps in order, with `title`, `help`, `route` (its parts, as the desk's router takes them) and
	`is_done`; none where all are done or hidden.

	Of the agents that the user may see; without those that only who may change agents can do.
	"""
	if _is_ticked("hidden"):
		return []
	agents = frappe.get_list("RL Agent Settings", pluck="name")
	form = ["rl-agent-settings", *agents[:1]]
	mine = {"agent": ("in", agents or [""])}
	may_steer = frappe.has_permission("RL Agent Settings", "write")
	found = [
		may_steer
		and (
			_("Make an agent"),
			_("For one company: the warehouses that it buys for, and what stock costs."),
			["rl-agent-settings", "new"],
			bool(agents),
		),
		may_steer
		and (
			_("Train it"),
			_("Train, on the agent's form. It learns from what your stock ledger knows."),
			form,
			bool(frappe.db.exists("RL Training Run", {**mine, "status": "Completed"})),
		),
		(
			_("Look at the backtest"),
			_("What the policy would have cost on days that training did not see."),
			["query-report", "RL Backtest"],
			_is_ticked("backtest"),
		),
		may_steer
		and (
			_("Get the first proposals"),
			_("Propose Now, on the agent's form, leaves drafts of Material Requests."),
			form,
			bool(frappe.db.exists("RL Proposal", mine)),
		),
		(
			_("Give the first feedback"),
			_("Change a draft or leave it, submit it, and order: the agent learns from that."),
			["rl-proposal"],
			bool(frappe.db.exists("RL Feedback", mine)),
		),
	]
	mine_to_do = [step for step in found if step]
	if all(is_done for *_step, is_done in mine_to_do):
		return []
	return [dict(zip(("title", "help", "route", "is_done"), step, strict=True)) for step in mine_to_do]


def tick(what: str) -> None:
	"""Remember one of `TICKS` for the user."""
	if what not in TICKS:
		frappe.throw(
			_("There is nothing to tick off by the name of {0}.").format(frappe.utils.escape_html(what))
		)
	frappe.defaults.set_user_default(_key(what), "1")


def _is_ticked(what: str) -> bool:
	return frappe.defaults.get_user_default(_key(what)) == "1"


def _key(what: str) -> str:
	return f"rl_replenishment_{what}"
