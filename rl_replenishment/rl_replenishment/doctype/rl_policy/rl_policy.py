"""A version of an agent's policy: its file, what it is worth, and who put it to use."""

from __future__ import annotations

import frappe
from frappe import _

from rl_replenishment.bridge.guarding import Guarded


class RLPolicy(Guarded):
	def autoname(self) -> None:
		self.name = f"{self.agent}-v{self.version}"

	def on_trash(self) -> None:
		self.refuse_active()

	def refuse_active(self) -> None:
		if self.status == "Active" and frappe.db.exists("RL Agent Settings", self.agent):
			frappe.throw(
				_("Policy {0} is in use by agent {1}; promote another one first.").format(
					self.name, self.agent
				)
			)


def on_doctype_update() -> None:
	frappe.db.add_unique("RL Policy", ["agent", "version"], constraint_name="unique_agent_version")
