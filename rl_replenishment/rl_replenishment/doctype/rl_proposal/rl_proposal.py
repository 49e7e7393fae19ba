"""An order line that an agent proposed, and why."""

from __future__ import annotations

import frappe
from frappe.model.document import Document

from rl_replenishment.bridge.logs import delete_older


class RLProposal(Document):
	@staticmethod
	def clear_old_logs(days: int = 365) -> None:
		"""Log Settings: proposals that nothing hangs on any more."""
		delete_older("RL Proposal", days, {"status": ("in", ("Proposed", "Superseded", "Rejected"))})


def on_doctype_update() -> None:
	frappe.db.add_index("RL Proposal", ["agent", "item_code", "warehouse", "status"])
