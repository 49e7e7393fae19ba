"""Workers of the job queue as processes of their own, to be killed by tests."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from frappe.utils.background_jobs import get_workers, start_worker

from rl_replenishment.bridge.proposing import run as proposal_run

#: what has not come about by then hangs
LONGEST_SECONDS = 600


def worker() -> multiprocessing.Process:
	"""What `bench worker` runs, as a process of its own."""
	process = multiprocessing.get_context("spawn").Process(target=_work, args=(str(Path.cwd()),))
	process.start()
	return process


def _work(sites: str) -> None:
	os.chdir(sites)
	start_worker(queue=proposal_run.QUEUE, quiet=True)


def kill(worker: multiprocessing.Process, what: str) -> None:
	"""Kill a worker, the job that it is at, or both, without a warning."""
	jobs = children(worker.pid) if what != "worker" else []
	for process in [*([worker.pid] if what != "job" else []), *jobs]:
		with suppress(ProcessLookupError):
			os.kill(process, signal.SIGKILL)
	if what != "job":
		worker.join()


def children(parent: int | None) -> list[int]:
	"""The processes that a process has begun."""
	found = []
	for stat in Path("/proc").glob("[0-9]*/stat"):
		with suppress(OSError):
			if int(stat.read_text().rsplit(")", 1)[1].split()[1]) == parent:
				found.append(int(stat.parent.name))
	return found


def wait_for_workers(count: int) -> None:
	"""Until so many have begun: not their start, which loads the app, is to be measured."""
	wait_until(lambda: sum(is_alive(worker.pid) for worker in get_workers()) >= count)


def is_alive(process: int | None) -> bool:
	return process is not None and Path(f"/proc/{process}").exists()


def wait_until(is_so: Callable[[], bool]) -> None:
	until = time.monotonic() + LONGEST_SECONDS
	while not is_so():
		if time.monotonic() > until:
			raise TimeoutError("it did not come to that")
		time.sleep(0.1)
