"""Ctrl-C: training keeps what it has, everything else ends at once and writes nothing."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rl_replenishment.cli.screen import Update
from rl_replenishment.core.training.interface import Progress, ProgressCallback

#: share of the progress bar that tuning the classical rules takes
TUNING_SHARE = 0.1
SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def termination_interrupts() -> Iterator[None]:
	"""Being told to terminate counts as Ctrl-C, so that no half-written folder stays behind."""
	with _handled((signal.SIGTERM,), signal.default_int_handler):
		yield


@contextmanager
def interruptible(update: Update) -> Iterator[ProgressCallback]:
	"""Shows training on a progress bar; Ctrl-C ends it and keeps the best policy so far, a second one ends
	everything.
	"""
	training = stopped = False

	def stop(*_: object) -> None:
		nonlocal stopped
		# before training begins there is nothing to keep
		if stopped or not training:
			raise KeyboardInterrupt
		stopped = True

	def progress(now: Progress) -> bool:
		nonlocal training
		training = True
		update(
			TUNING_SHARE + (1 - TUNING_SHARE) * now.share,
			f"Training: {now.timesteps:,} steps, best cost {now.best_cost_ratio:.1%} of the rule's"
			" on validation",
		)
		return not stopped

	with _handled(SIGNALS, stop):
		yield progress


@contextmanager
def _handled(signals: tuple[signal.Signals, ...], handler: Callable[..., Any]) -> Iterator[None]:
	before = {number: signal.signal(number, handler) for number in signals}
	try:
		yield
	finally:
		for number, earlier in before.items():
			signal.signal(number, earlier)
