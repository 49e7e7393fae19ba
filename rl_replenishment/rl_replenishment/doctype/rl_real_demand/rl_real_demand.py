"""A booking far outside an item's own history that a person calls real; deleting it undoes it."""

from __future__ import annotations

import frappe
from frappe import _
from frappe.utils import formatdate, getdate

from rl_replenishment.bridge.guarding import Guarded


class RLRealDemand(Guarded):
	def validate(self) -> None:
		frappe.has_permission("RL Agent Settings", "read", self.agent, throw=True)
		if getdate(self.day) >= getdate():
			frappe.throw(
				_("{0} is not over: its demand is not known yet.").format(frappe.bold(formatdate(self.day)))
			)
		same = {name: self.get(name) for name in ("agent", "item_code", "day")}
		others = frappe.get_all(
			"RL Real Demand", {**same, "name": ("!=", self.name or "")}, ["name", "warehouse"]
		)
		for other in others:
			if (other.warehouse or "") == (self.warehouse or ""):
				frappe.throw(
					_("{0} says so already.").format(frappe.bold(other.name)), frappe.DuplicateEntryError
				)


def on_doctype_update() -> None:
	frappe.db.add_index("RL Real Demand", ["agent", "item_code"])
