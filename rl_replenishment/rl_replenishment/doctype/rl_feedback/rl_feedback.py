"""What a buyer made of a proposed line, as a reward."""

from __future__ import annotations

import frappe

from rl_replenishment.bridge.guarding import Guarded
from rl_replenishment.bridge.logs import delete_older


class RLFeedback(Guarded):
	@staticmethod
	def clear_old_logs(days: int = 1095) -> None:
		"""Log Settings: settled rows; by then training has learned from them or never will."""
		delete_older("RL Feedback", days, {"settled": 1})


def on_doctype_update() -> None:
	frappe.db.add_index("RL Feedback", ["agent", "settled", "consumed"])
