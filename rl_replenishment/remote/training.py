"""A training of a site's agent on this machine: pull its records, train, push the policy.

Every step goes on from where it was cut off, and what is done is not done twice.
"""

from __future__ import annotations

import base64
import hashlib
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from rl_replenishment.core.errors import InputError
from rl_replenishment.core.policies.archive import pack
from rl_replenishment.core.policies.store import policy_files
from rl_replenishment.core.training.of_records import metrics, prepare, train
from rl_replenishment.core.training.records_file import FORMAT_VERSION, unpack_records
from rl_replenishment.remote.access import Access
from rl_replenishment.remote.client import NobodyThere, Refused, Site, Told, Unreachable
from rl_replenishment.remote.place import BEGUN, PULLED, PUSHED, TRAINED, Place, Standing
from rl_replenishment.remote.watch import Disowned, Ended, RemoteWatch

#: seconds between two looks at a site that is at work
FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0
_MOST_RESTARTS = 3
_OPEN = ("Queued", "In Progress")
Show = Callable[[float, str], object]
T = TypeVar("T")


class Over(InputError):
	"""The site has closed the training; a new one may begin."""


@dataclass(frozen=True)
class Patience:
	"""How long a site that does not answer, or is at work, is waited for."""

	#: seconds
	longest: float = 900.0
	#: told once, with a sentence, where it is begun to wait for an answer
	begins: Callable[[str], object] = lambda told: None
	sleep: Callable[[float], object] = time.sleep
	clock: Callable[[], float] = time.monotonic

	def with_answer(self, ask: Callable[[], T]) -> T:
		"""What the site answers once it does."""
		began, wait = self.clock(), FIRST_WAIT
		while True:
			try:
				return ask()
			except Unreachable as error:
				if self.clock() - began + wait > self.longest:
					raise
				if wait == FIRST_WAIT:
					self.begins(f"{error} It is waited for, {self.longest:.0f} s at most.")
				self.sleep(wait)
				wait = min(2 * wait, LONGEST_WAIT)

	def until(self, look: Callable[[], T | None], what: str) -> T:
		"""What `look` finds, once it finds something; `what` is waited for."""
		began, wait = self.clock(), FIRST_WAIT
		while (found := self.with_answer(look)) is None:
			if self.clock() - began + wait > self.longest:
				raise InputError(
					f"{what} has not come within {self.longest:.0f} s; run the same again later."
				)
			self.sleep(wait)
			wait = min(2 * wait, LONGEST_WAIT)
		return found


def check_is_there(access: Access) -> None:
	"""Raise at once where nobody answers at an address, or another than was asked for.

	One who is busy or restarts is to be waited for.
	"""
	try:
		Site(access, tries=0).ask("about")
	except NobodyThere:
		raise
	except Unreachable:
		return


def pull(
	site: Site, place: Place, agent: str, asked: dict[str, Any], patience: Patience, show: Show
) -> Standing:
	"""Have the site write the agent's records down, and bring them here.

	`asked` may hold `kind`, `seconds`, `timesteps` and `seed`; where a training is on its way, it goes on.
	"""
	about = patience.with_answer(lambda: site.ask("about"))
	if about.get("records_format") != FORMAT_VERSION:
		version = about.get("version") or "unknown"
		raise InputError(
			f"{site.url} has version {version} of rl_replenishment, whose records are of another"
			" format; bring both to the same version."
		)
	standing = place.standing()
	if standing and standing.stage in (PULLED, TRAINED) and _is_open(site, standing, patience):
		return standing
	if standing is None or standing.stage != BEGUN or not _is_open(site, standing, patience):
		standing = place.begin()
	training_id = standing.training_id
	try:
		begun = patience.with_answer(
			lambda: site.tell(
				"begin_training", agent=agent, training_id=training_id, trainer=socket.gethostname(), **asked
			)
		)
	except Refused:
		if not standing.run:
			place.forget()
		raise
	standing = place.keep(standing, run=begun["name"])
	run = standing.run

	def written() -> Told | None:
		now = site.ask("training", training_run=run)
		show(0.0, now["message"] or "Waiting for the records")
		if now["status"] not in _OPEN:
			raise Over(_ended(now))
		return now if now["snapshot_sha256"] else None

	told = patience.until(written, f"The records of training {run}")
	total = told.number("snapshot_bytes")
	while (start := place.part_size()) < total:
		page = patience.with_answer(partial(site.ask, "records", training_run=run, start=start))
		data = _decoded(page)
		if not data or page.get("total") != total:
			raise InputError(f"{site.url} sent a page of records that was cut off; pull again.")
		place.add_part(start, data)
		show((start + len(data)) / total, "Pulling")
	place.complete(told["snapshot_sha256"])
	return place.keep(standing, stage=PULLED)


def _is_open(site: Site, standing: Standing, patience: Patience) -> bool:
	if not standing.run:
		return standing.stage == BEGUN
	try:
		now = patience.with_answer(lambda: site.ask("training", training_run=standing.run))
	except Refused:
		# it was deleted, or the user may not see it any more
		return False
	return now["status"] in _OPEN and not (standing.stage != TRAINED and now["upload_sha256"])


def _decoded(page: dict[str, Any]) -> bytes:
	try:
		return base64.b64decode(page["data"], validate=True)
	except (KeyError, TypeError, ValueError):
		return b""


def learn(place: Place, site: Site | None, show: Show, device: str = "cpu") -> Standing:
	"""Train on what was pulled; `site` is told how far it is. A training that cannot be is given up there."""
	standing = _standing(place)
	if standing.stage != PULLED:
		if standing.stage == TRAINED:
			return standing
		raise InputError(f"There are no records in {place.folder}; run remote pull first.")
	watch = RemoteWatch(site, standing.run, show)
	try:
		records, ask = unpack_records(place.records(), f"{place.folder}/records.zip")
		material = prepare(records, ask)
		trained, parent = train(material, ask, watch, device=device)
	except Ended:
		_give_up(site, standing, "Cancelled before anything was learned.")
		place.keep(standing, stage=PUSHED)
		raise Over(f"Training {standing.run} was cancelled on the site.") from None
	except Disowned as error:
		place.keep(standing, stage=PUSHED)
		raise Over(str(error)) from None
	except InputError as error:
		_give_up(site, standing, str(error))
		place.keep(standing, stage=PUSHED)
		raise
	place.keep_result(
		pack(policy_files(trained.stored)),
		{**metrics(trained, material), "goes_on": parent is not None},
	)
	return place.keep(standing, stage=TRAINED)


def _give_up(site: Site | None, standing: Standing, reason: str) -> None:
	if site is not None:
		try:
			site.tell("give_up_training", training_run=standing.run, message=reason)
		except InputError:
			# the site will find out by itself
			return


def push(site: Site, place: Place, patience: Patience, show: Show) -> dict[str, Any]:
	"""Bring the policy to the site, and wait for what becomes of it there; returns what the site says."""
	standing = _standing(place)
	if standing.stage == PUSHED:
		raise InputError(f"What is in {place.folder} was pushed already; pull again.")
	if standing.stage != TRAINED:
		raise InputError(f"There is no policy in {place.folder} to push; run remote train first.")
	policy, told = place.result()
	run, sha256 = standing.run, hashlib.sha256(policy).hexdigest()
	page = patience.with_answer(lambda: site.ask("about")).number("page_bytes")
	now = patience.with_answer(lambda: site.ask("training", training_run=run))
	if now["status"] in _OPEN and now["upload_sha256"] != sha256:
		start, restarts = 0, 0
		while start < len(policy):
			part = base64.b64encode(policy[start : start + page]).decode()
			answer = patience.with_answer(
				partial(site.tell, "upload_policy", training_run=run, start=start, data=part)
			)
			received = answer.number("received")
			is_further = start < received <= len(policy)
			restarts += not is_further
			if restarts > _MOST_RESTARTS:
				raise InputError(f"{site.url} does not keep what it is sent; look at its disk.")
			# the site has lost what it had: from the beginning
			start = received if is_further else 0
			show(start / len(policy) / 2, "Pushing")
		now = patience.with_answer(
			lambda: site.tell("finish_training", training_run=run, sha256=sha256, metrics=told)
		)

	def ended() -> Told | None:
		found = site.ask("training", training_run=run)
		show(0.5 + found.number("progress") / 200, found["message"] or "Pushing")
		return None if found["status"] in _OPEN else found

	now = patience.until(ended, f"What becomes of training {run}")
	place.keep(standing, stage=PUSHED)
	place.clear()
	if not now["policy"]:
		raise Over(_ended(now))
	return now


def _standing(place: Place) -> Standing:
	standing = place.standing()
	if standing is None:
		raise InputError(f"There is no training in {place.folder}; run remote pull first.")
	return standing


def _ended(now: dict[str, Any]) -> str:
	return f"Training {now['name']} is {now['status']}: {now['message'] or 'no reason is given'}"
