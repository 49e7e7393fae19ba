"""Workers of the job queue as processes of their own, to be killed by tests; see `many_runs`."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

from frappe.utils.background_jobs import get_workers, start_worker

from rl_replenishment.bridge.proposing import run as proposal_run

#: what has not come about by then hangs
LONGEST_SECONDS = 600
_PRELOADED = (
	"frappe.utils.background_jobs",
	"erpnext.stock.doctype.material_request.material_request",
	"rl_replenishment.bridge.proposing.run",
)


class Crew:
	"""So many workers, at work within `with`; who is killed is replaced, and at the end all are killed."""

	def __init__(self, count: int, *, preloaded: bool = False) -> None:
		"""`preloaded`: with the app in memory, so that who is killed is soon replaced."""
		self._count = count
		self._context = multiprocessing.get_context("forkserver" if preloaded else "spawn")
		if preloaded:
			self._context.set_forkserver_preload(list(_PRELOADED))
		self._workers: list[Any] = []

	def __enter__(self) -> Crew:
		self._workers = [self._begin() for _ in range(self._count)]
		# their start, which loads the app, is not to be measured
		wait_until(lambda: sum(is_alive(worker.pid) for worker in get_workers()) >= self._count)
		return self

	def __exit__(self, *_: object) -> None:
		for each in self._workers:
			_kill(each, "both")

	def is_at_work(self) -> bool:
		return any(_children(each.pid) for each in self._workers)

	def kill_one(self, random: Random) -> str | None:
		"""Kill the worker, the job or both of one that is at work; says which, None where nobody is."""
		busy = [at for at, each in enumerate(self._workers) if _children(each.pid)]
		if not busy:
			return None
		at, how = random.choice(busy), random.choice(("worker", "job", "both"))
		_kill(self._workers[at], how)
		if not self._workers[at].is_alive():
			self._workers[at] = self._begin()
		return how

	def _begin(self) -> Any:
		"""What `bench worker` runs, as a process of its own."""
		process = self._context.Process(target=_work, args=(str(Path.cwd()),))
		process.start()
		return process


def _work(sites: str) -> None:
	os.chdir(sites)
	start_worker(queue=proposal_run.QUEUE, quiet=True)


def _kill(worker: Any, what: str) -> None:
	"""Kill a worker, the job that it is at, or both, without a warning."""
	jobs = _children(worker.pid) if what != "worker" else []
	for process in [*([worker.pid] if what != "job" else []), *jobs]:
		with suppress(ProcessLookupError):
			os.kill(process, signal.SIGKILL)
	if what != "job":
		worker.join()


def _children(parent: int | None) -> list[int]:
	"""The processes that a process has begun."""
	found = []
	for stat in Path("/proc").glob("[0-9]*/stat"):
		with suppress(OSError):
			if int(stat.read_text().rsplit(")", 1)[1].split()[1]) == parent:
				found.append(int(stat.parent.name))
	return found


def is_alive(process: int | None) -> bool:
	return process is not None and Path(f"/proc/{process}").exists()


def wait_until(is_so: Callable[[], bool]) -> None:
	until = time.monotonic() + LONGEST_SECONDS
	while not is_so():
		if time.monotonic() > until:
			raise TimeoutError("it did not come to that")
		time.sleep(0.1)
