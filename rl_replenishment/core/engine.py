"""Where independent pieces of work are done: in this process, or on as many machines as an engine has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias, TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")
#: told the share done
Told: TypeAlias = Callable[[float], object]
#: a function of a module, so that other processes find it; of a job, and of whom it tells its progress
Work: TypeAlias = Callable[[Job, Told], Result]


class Engine(Protocol):
	"""Does jobs, in whatever order and place; the results come in the order of the jobs."""

	@property
	def workers(self) -> int:
		"""How many jobs are done at a time."""
		...

	def map(self, work: Work[Job, Result], jobs: Sequence[Job], told: Told | None = None) -> list[Result]:
		"""What `work` makes of each job; raises what it raises. `told` is told the share of all jobs done."""
		...


class InProcess:
	"""One job after the other, here."""

	workers = 1

	def map(self, work: Work[Job, Result], jobs: Sequence[Job], told: Told | None = None) -> list[Result]:
		tell = told or (lambda share: None)
		return [
			work(job, lambda share, done=number: tell((done + share) / len(jobs)))  # type: ignore[misc]
			for number, job in enumerate(jobs)
		]


IN_PROCESS = InProcess()
