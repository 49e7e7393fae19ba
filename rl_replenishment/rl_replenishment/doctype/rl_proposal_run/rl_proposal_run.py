"""One round of proposals: what was looked at, ordered, left alone and left out."""

from __future__ import annotations

import frappe

from rl_replenishment.bridge.guarding import Guarded
from rl_replenishment.bridge.logs import delete_older_runs


class RLProposalRun(Guarded):
	def on_trash(self) -> None:
		frappe.db.delete("RL Proposal Part", {"parent": self.name})

	@staticmethod
	def clear_old_logs(days: int = 365) -> None:
		"""Log Settings: rounds that have ended and whose proposals are gone."""
		delete_older_runs(days)
