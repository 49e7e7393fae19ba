"""A training, visible from the moment it is asked for."""

from __future__ import annotations

from rl_replenishment.bridge.guarding import Guarded
from rl_replenishment.bridge.logs import delete_older


class RLTrainingRun(Guarded):
	@staticmethod
	def clear_old_logs(days: int = 365) -> None:
		"""Log Settings: trainings that have ended and made no policy."""
		delete_older(
			"RL Training Run",
			days,
			{"status": ("in", ("Completed", "Failed", "Cancelled")), "policy": ("is", "not set")},
		)
