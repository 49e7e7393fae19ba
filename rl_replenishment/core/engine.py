"""Where independent pieces of work are done: in this process, or on as many machines as an engine has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias, TypeVar

Answer = TypeVar("Answer")
Job = TypeVar("Job")
Result = TypeVar("Result")
#: told the share done
Told: TypeAlias = Callable[[float], object]
#: a function of a module, so that other processes find it; of a job, and of whom it tells its progress
Work: TypeAlias = Callable[[Job, Told], Result]


class Crew(Protocol):
	"""What was made of jobs once, each held where it is worked on, to be asked again and again."""

	def ask(self, call: Callable[[Any, Any], Answer], question: Any) -> list[Answer]:
		"""What `call`, a function of a module, answers for each of what is held; in the order of the jobs."""
		...

	def close(self) -> None:
		"""Let go of it."""
		...


class Engine(Protocol):
	"""Does jobs, in whatever order and place; the results come in the order of the jobs."""

	@property
	def workers(self) -> int:
		"""How many jobs are done at a time."""
		...

	def map(self, work: Work[Job, Result], jobs: Sequence[Job], told: Told | None = None) -> list[Result]:
		"""What `work` makes of each job; raises what it raises. `told` is told the share of all jobs done."""
		...

	def hold(self, make: Callable[[Job], Any], jobs: Sequence[Job]) -> Crew:
		"""Have `make`, a function of a module, make something of each job; it stays there."""
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

	def hold(self, make: Callable[[Job], Any], jobs: Sequence[Job]) -> Crew:
		return _Here([make(job) for job in jobs])


class _Here:
	def __init__(self, held: list[Any]) -> None:
		self._held = held

	def ask(self, call: Callable[[Any, Any], Answer], question: Any) -> list[Answer]:
		return [call(each, question) for each in self._held]

	def close(self) -> None:
		self._held = []


IN_PROCESS = InProcess()
