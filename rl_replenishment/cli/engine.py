"""Options for work on several processors or machines, and Ray, which does it."""

from __future__ import annotations

import argparse
import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import rl_replenishment
from rl_replenishment.cli.options import check_installed, positive
from rl_replenishment.core.engine import IN_PROCESS, Answer, Crew, Engine, Job, Result, Told, Work
from rl_replenishment.core.errors import InputError

LOCAL, RAY = "local", "ray"
#: seconds after which Ctrl-C is heeded
_LOOK_SECONDS = 0.5
#: jobs that wait beside each one at work: enough to keep workers busy, few enough for the memory
_WAITING = 1


def add_engine_arguments(parser: argparse.ArgumentParser) -> None:
	"""--engine, --address and --workers."""
	parser.add_argument(
		"--engine",
		choices=(LOCAL, RAY),
		default=LOCAL,
		help="where independent parts of the work are done: one after the other, or side by side on Ray",
	)
	parser.add_argument(
		"--address",
		metavar="HOST:PORT",
		help="of a running Ray cluster (default: Ray is started on this machine, and ended)",
	)
	parser.add_argument(
		"--workers",
		metavar="N",
		type=positive(int),
		help="processes of a Ray on this machine (default: one for each core)",
	)


def check_engine(options: argparse.Namespace) -> None:
	"""Refuse an engine that is not there before work begins."""
	for name in ("address", "workers"):
		if options.engine != RAY and getattr(options, name) is not None:
			raise InputError(f"--{name} is about Ray; add --engine ray or leave it out.")
	if options.address is not None and options.workers is not None:
		raise InputError("--workers is for a Ray on this machine; a cluster at --address has its own.")
	if options.engine == RAY:
		check_installed("--engine ray", "ray", remedy="'rl_replenishment[ray]'")


@contextmanager
def engine_of(options: argparse.Namespace) -> Iterator[Engine]:
	"""The engine that was asked for, as long as it is needed; `InputError` where there is none."""
	check_engine(options)
	if options.engine != RAY:
		yield IN_PROCESS
		return
	with _ray(options.address, options.workers) as engine:
		yield engine


@contextmanager
def _ray(address: str | None, workers: int | None) -> Iterator[Engine]:
	# before it is imported: it would report to its makers
	os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
	os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
	import ray

	environment: dict[str, Any] = {"env_vars": {"OMP_NUM_THREADS": "1"}}
	if address is None:
		settings: dict[str, Any] = {"num_cpus": workers, "include_dashboard": False}
	else:
		# the machines of a cluster are to run what runs here
		environment["py_modules"] = [str(Path(rl_replenishment.__file__).parent)]
		settings = {"address": address}
	try:
		ray.init(log_to_driver=False, logging_level="ERROR", runtime_env=environment, **settings)
	except Exception as error:
		# of a machine that is too busy to start it, Ray raises no other kind
		reason = " ".join(str(error).split())[:200]
		if address is None:
			raise InputError(
				f"Ray does not start on this machine ({reason}); try again when it is less busy."
			) from None
		raise InputError(
			f"Ray at {address} cannot be reached ({reason}); start it, or correct --address."
		) from None
	try:
		yield RayEngine(max(int(ray.cluster_resources().get("CPU", 1)), 1))
	finally:
		ray.shutdown()


class RayEngine:
	"""Jobs as tasks of Ray, which finds a place for each, and another one where a machine is lost."""

	def __init__(self, workers: int) -> None:
		self.workers = workers

	def map(self, work: Work[Job, Result], jobs: Sequence[Job], told: Told | None = None) -> list[Result]:
		import ray
		from ray.exceptions import RayError, RayTaskError

		task = ray.remote(num_cpus=1)(_work)
		waiting = deque(enumerate(jobs))
		found: dict[int, Any] = {}
		at_work: dict[Any, int] = {}
		try:
			while waiting or at_work:
				while waiting and len(at_work) < self.workers * (1 + _WAITING):
					number, job = waiting.popleft()
					at_work[task.remote(work, job)] = number
				ended, _ = ray.wait(list(at_work), num_returns=1, timeout=_LOOK_SECONDS)
				for each in ended:
					found[at_work.pop(each)] = ray.get(each)
				if told is not None and ended:
					told(len(found) / len(jobs))
		except RayTaskError as error:
			# as if it had happened here, without the path through Ray
			raise error.cause from None
		except RayError as error:
			raise _lost(error) from None
		finally:
			for each in at_work:
				ray.cancel(each, force=True)
		return [found[number] for number in range(len(jobs))]

	def hold(self, make: Callable[[Job], Any], jobs: Sequence[Job]) -> Crew:
		import ray

		# those of one processor take turns, rather than wait for another one for ever
		actor = ray.remote(num_cpus=min(1.0, self.workers / len(jobs)))(_Held)
		return _RayCrew([actor.remote(make, job) for job in jobs])


class _Held:
	"""In a process of Ray."""

	def __init__(self, make: Callable[[Any], Any], job: Any) -> None:
		self._held = make(job)

	def ask(self, call: Callable[[Any, Any], Any], question: Any) -> Any:
		return call(self._held, question)


class _RayCrew:
	"""Actors of Ray. Where one is lost, so is what it held: whoever asks is told."""

	def __init__(self, actors: list[Any]) -> None:
		self._actors = actors

	def ask(self, call: Callable[[Any, Any], Answer], question: Any) -> list[Answer]:
		import ray
		from ray.exceptions import RayError, RayTaskError

		sent = ray.put(question)
		try:
			return list(ray.get([actor.ask.remote(call, sent) for actor in self._actors]))
		except RayTaskError as error:
			raise error.cause from None
		except RayError as error:
			raise _lost(error) from None

	def close(self) -> None:
		import ray

		for actor in self._actors:
			ray.kill(actor)
		self._actors = []


def _lost(error: Exception) -> InputError:
	reason = " ".join(str(error).split())[:200]
	return InputError(f"Ray lost a worker ({reason}); give its machines more memory, or use fewer --workers.")


def _work(work: Work[Any, Any], job: Any) -> Any:
	return work(job, lambda share: None)
