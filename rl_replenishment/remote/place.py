"""The folder of a training on this machine: where it stands, what was pulled, what is to be pushed.

Whatever is there is whole: a program that was killed goes on from it.
"""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from rl_replenishment.core.errors import InputError
from rl_replenishment.core.files.output import write_bytes_atomically

_STATE, _PART, _RECORDS, _POLICY, _METRICS = (
	*("training.json", "records.part", "records.zip"),
	*("policy.zip", "metrics.json"),
)
#: what a training on its way has reached
BEGUN, PULLED, TRAINED, PUSHED = "begun", "pulled", "trained", "pushed"


@dataclass(frozen=True)
class Standing:
	"""A training as this machine knows it."""

	site: str
	agent: str
	#: made here, so that beginning twice begins once
	training_id: str
	#: name of the RL Training Run; "" before the site has answered
	run: str = ""
	stage: str = BEGUN


class Place:
	"""A folder for the trainings of one agent of one site, one after the other."""

	def __init__(self, folder: Path, site: str, agent: str) -> None:
		self.folder = folder
		self._site, self._agent = site, agent
		try:
			folder.mkdir(parents=True, exist_ok=True, mode=0o700)
		except OSError as error:
			raise InputError(f"{folder} cannot be made ({error.strerror}); name another folder.") from None
		standing = self.standing()
		if standing and (standing.site, standing.agent) != (site, agent):
			raise InputError(
				f"{folder} holds a training of agent {standing.agent} of {standing.site};"
				" name another folder."
			)

	@contextmanager
	def alone(self) -> Iterator[None]:
		"""Keep other programs out of the folder; the lock goes when this program ends, however it ends."""
		try:
			import fcntl
		except ImportError:
			# Windows has no such locks
			yield
			return
		lock = self.folder / ".lock"
		try:
			file = lock.open("w")
		except OSError as error:
			raise InputError(
				f"{lock} cannot be written ({error.strerror}); free some space, or name another folder."
			) from None
		with file:
			try:
				fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
			except OSError:
				raise InputError(
					f"Another program is at work in {self.folder}; name another folder."
				) from None
			yield

	def standing(self) -> Standing | None:
		"""Where the training stands, None before the first."""
		try:
			return Standing(**json.loads((self.folder / _STATE).read_text(encoding="utf-8")))
		except FileNotFoundError:
			return None
		except (OSError, ValueError, TypeError):
			raise InputError(f"{self.folder / _STATE} is damaged; delete it, and pull again.") from None

	def begin(self) -> Standing:
		"""A new training; what is left of the last one goes."""
		self.clear()
		return self.keep(Standing(self._site, self._agent, uuid.uuid4().hex))

	def keep(self, standing: Standing, **changed: Any) -> Standing:
		"""Write down where the training stands now."""
		standing = replace(standing, **changed)
		write_bytes_atomically(self.folder / _STATE, json.dumps(asdict(standing), indent=1).encode())
		return standing

	def forget(self) -> None:
		"""There is no training: the site refused to begin one."""
		self.clear()
		(self.folder / _STATE).unlink(missing_ok=True)

	def clear(self) -> None:
		"""Take away all but where the training stands."""
		for name in (_PART, _RECORDS, _POLICY, _METRICS):
			(self.folder / name).unlink(missing_ok=True)

	# records

	def part_size(self) -> int:
		"""Bytes of the records that are here."""
		part = self.folder / _PART
		return part.stat().st_size if part.exists() else 0

	def add_part(self, start: int, data: bytes) -> None:
		"""Add a page of records."""
		part = self.folder / _PART
		try:
			with part.open("r+b" if part.exists() else "w+b") as file:
				file.seek(start)
				file.write(data)
				file.truncate()
				file.flush()
				os.fsync(file.fileno())
		except OSError as error:
			raise InputError(
				f"{part} cannot be written ({error.strerror}); free some space, and pull again."
			) from None

	def complete(self, sha256: str) -> None:
		"""The last page is here."""
		part = self.folder / _PART
		if not part.exists() or hashlib.sha256(part.read_bytes()).hexdigest() != sha256:
			part.unlink(missing_ok=True)
			raise InputError(f"The records of agent {self._agent} did not arrive whole; pull again.")
		part.replace(self.folder / _RECORDS)

	def records(self) -> bytes:
		"""What was pulled."""
		return self._bytes(_RECORDS, "pull")

	# what came of them

	def keep_result(self, policy: bytes, metrics: dict[str, Any]) -> None:
		"""Write the policy down, and how its training went."""
		write_bytes_atomically(self.folder / _METRICS, json.dumps(metrics).encode())
		write_bytes_atomically(self.folder / _POLICY, policy)

	def result(self) -> tuple[bytes, str]:
		"""The policy, and how its training went as JSON."""
		return self._bytes(_POLICY, "train"), self._bytes(_METRICS, "train").decode()

	def _bytes(self, name: str, command: str) -> bytes:
		try:
			return (self.folder / name).read_bytes()
		except OSError as error:
			raise InputError(
				f"{self.folder / name} cannot be read ({error.strerror}); run remote {command} first."
			) from None
