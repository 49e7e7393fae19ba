"""An item that an agent proposes nothing for until a day; deleting it undoes it."""

from __future__ import annotations

import frappe
from frappe import _
from frappe.utils import getdate

from rl_replenishment.bridge.guarding import Guarded


class RLSnooze(Guarded):
	def validate(self) -> None:
		frappe.has_permission("RL Agent Settings", "read", self.agent, throw=True)
		if self.has_value_changed("until") and getdate(self.until) <= getdate():
			frappe.throw(
				_("Propose Again On is {0}; choose a day after today.").format(self.get_formatted("until"))
			)

	def after_insert(self) -> None:
		"""The latest word on an item counts, so that deleting it undoes it."""
		same = {name: self.get(name) or ("is", "not set") for name in ("agent", "item_code", "warehouse")}
		frappe.db.delete("RL Snooze", {**same, "name": ("!=", self.name)})


def on_doctype_update() -> None:
	frappe.db.add_index("RL Snooze", ["agent", "until"])
