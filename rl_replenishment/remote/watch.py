"""Tells a site how far a training is, and heeds its wish to end; a silent site stops nothing."""

from __future__ import annotations

import time
from collections.abc import Callable

from rl_replenishment.core.training.interface import Progress
from rl_replenishment.remote.client import Refused, Site, SiteError

#: between two signs of life
SECONDS = 10.0


class Ended(Exception):
	"""The site does not want the training any more, and there is nothing to keep yet."""


class Disowned(Exception):
	"""The site has closed the training: whatever comes of it belongs to nobody."""


class RemoteWatch:
	"""The watch over a training on this machine; `show` is told the share done and what is going on.

	`site` should neither wait long nor try again: signs of life that are lost are followed by others.
	"""

	def __init__(
		self,
		site: Site | None,
		run: str,
		show: Callable[[float, str], object],
		clock: Callable[[], float] = time.monotonic,
	) -> None:
		self._site, self._run, self._show, self._clock = site, run, show, clock
		self._message = ""
		self._first, self._last = 0.0, 85.0
		self._next = 0.0
		self.is_over = False

	def phase(self, message: str, first: float, last: float) -> None:
		self._message, self._first, self._last = message, first, last
		self._next = 0.0
		self._look(0.0)

	def must_go_on(self, share: float = 0.0) -> None:
		self._look(share)
		if self.is_over:
			raise Ended

	def of_training(self, progress: Progress) -> bool:
		self._look(progress.share)
		return not self.is_over

	def _look(self, share: float) -> None:
		percent = self._first + (self._last - self._first) * min(max(share, 0.0), 1.0)
		self._show(percent / 100, self._message)
		if self._site is None or self._clock() < self._next:
			return
		self._next = self._clock() + SECONDS
		try:
			answer = self._site.tell(
				"tell_progress", training_run=self._run, percent=percent, message=self._message
			)
		except Refused as error:
			raise Disowned(str(error)) from None
		except SiteError:
			return
		self.is_over = self.is_over or bool(answer.get("cancel_requested"))
