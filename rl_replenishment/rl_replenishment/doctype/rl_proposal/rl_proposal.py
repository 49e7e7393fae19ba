"""An order line that an agent proposed, and why."""

from __future__ import annotations

import frappe

from rl_replenishment.bridge.guarding import Guarded
from rl_replenishment.bridge.logs import delete_older_proposals


class RLProposal(Guarded):
	@staticmethod
	def clear_old_logs(days: int = 365) -> None:
		"""Log Settings: proposals that nobody waits for any more."""
		delete_older_proposals(days)


def on_doctype_update() -> None:
	frappe.db.add_index("RL Proposal", ["agent", "item_code", "warehouse", "status"])
	frappe.db.add_index("RL Proposal", ["agent", "status"])
