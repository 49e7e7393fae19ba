"""Between a training and its RL Training Run: progress and signs of life go there, wishes to end return."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import frappe
from frappe import _
from frappe.utils import now_datetime

from rl_replenishment.bridge.retrying import in_a_transaction
from rl_replenishment.core.training.interface import Progress

#: between two looks at the run
SECONDS = 2.0
#: a job needs this long to compare and save what it found before the queue's timeout
GRACE_SECONDS = 300


class Ended(Exception):
	"""Somebody wants the training to end and there is nothing to keep yet."""


class Disowned(Exception):
	"""The run was taken for dead and closed: whatever comes of this training belongs to nobody."""


class Watch:
	"""Told of everything that takes long; writes every `SECONDS`, however often it is told.

	Each write is a commit, so nothing else may be pending in the transaction while a training is watched.
	"""

	def __init__(self, run: str) -> None:
		self.run = run
		#: why the training is to end
		self.cancelled = False
		self.timed_out = False
		self._message = ""
		self._first, self._last = 0.0, 100.0
		self._next_look = 0.0

	@property
	def is_over(self) -> bool:
		"""Whether the training is to end."""
		return self.cancelled or self.timed_out

	def phase(self, message: str, first: float, last: float) -> None:
		"""What comes next, and the percent that it takes up."""
		self._message, self._first, self._last = message, first, last
		self._next_look = 0.0
		self.look(0.0)

	def look(self, share: float = 0.0) -> None:
		"""Write how much of the phase is done, and look whether the training is to end."""
		if time.monotonic() < self._next_look:
			return
		self._next_look = time.monotonic() + SECONDS
		percent = self._first + (self._last - self._first) * min(max(share, 0.0), 1.0)
		values = {"progress": round(percent, 1), "message": self._message}
		# a new transaction, else what others have written since stays unseen; committed, so that the desk and
		# the check for dead workers see it now
		in_a_transaction(lambda: self._exchange(values))

	def _exchange(self, values: dict[str, Any]) -> None:
		status, self.cancelled = frappe.db.get_value(
			"RL Training Run", self.run, ["status", "cancel_requested"]
		)
		if status != "In Progress":
			raise Disowned
		values = {**values, "heartbeat": now_datetime()}
		frappe.db.set_value("RL Training Run", self.run, values, update_modified=False)

	def must_go_on(self, share: float = 0.0) -> None:
		"""As `look`, where nothing could be kept: raises `Ended` if the training is to end."""
		self.look(share)
		if self.is_over:
			raise Ended

	def unless_cancelled(self) -> None:
		"""For a comparison, which goes on when only the time is up: raises `Ended` if somebody cancelled."""
		self.look()
		if self.cancelled:
			raise Ended

	def of_training(self, progress: Progress) -> bool:
		"""The callback of a trainer."""
		self.look(progress.share)
		return not self.is_over


@contextmanager
def gentle_timeout(watch: Watch) -> Iterator[None]:
	"""Have a training end as if somebody had asked for it, `GRACE_SECONDS` before the queue's timeout.

	The timeout itself raises an exception wherever the program happens to be, and what was learned would be
	lost. To put it off is no way out: the queue soon kills a job that goes on.
	"""
	left = signal.alarm(0) if threading.current_thread() is threading.main_thread() else 0
	if not left:
		# no queue, no timeout
		yield
		return
	queues_own = signal.getsignal(signal.SIGALRM) or signal.SIG_DFL
	grace = max(min(GRACE_SECONDS, left // 2), 1)

	def hand_back(seconds: int) -> None:
		signal.signal(signal.SIGALRM, queues_own)
		signal.alarm(max(seconds, 1))

	def on_alarm(_signal: int, _frame: FrameType | None) -> None:
		watch.timed_out = True
		hand_back(grace)

	signal.signal(signal.SIGALRM, on_alarm)
	signal.alarm(max(left - grace, 1))
	try:
		yield
	finally:
		left = signal.alarm(0)
		hand_back(left if watch.timed_out else left + grace)


def ended_because(watch: Watch, ended_by: str) -> str:
	"""Why a training has ended, in words; "" where its time was simply used up."""
	if watch.timed_out:
		return _("The job's time was up; the best policy so far was kept.")
	if watch.cancelled:
		return _("Cancelled; the best policy so far was kept.")
	if ended_by == "early stopping":
		return _("It ended early: nothing better had been found for a while.")
	return ""
