"""Runs of proposals on several real workers of the job queue, some of them killed at random.

`.ci/many-workers` calls `check`, on a site for tests alone whose own workers are not running: it commits, and
takes away what it has made.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import frappe
from frappe.utils import add_to_date, now_datetime
from frappe.utils.background_jobs import get_workers, start_worker

from rl_replenishment.bridge.policies import store as policy_store
from rl_replenishment.bridge.proposing import run as proposal_run
from rl_replenishment.tests import factories as make

AGENTS, ITEMS = 8, 12
#: workers for the throughput, and those of the test with kills
WORKERS, AMONG = (1, 2, 4), 4
#: between two kills, at least and at most
SECONDS_BETWEEN = (2, 10)
#: runs that have not ended by then hang
LONGEST_SECONDS = 600


def check(runs: int = 100, seed: int = 1) -> dict[str, Any]:
	"""Throughput by number of workers, then completed `runs` with kills; raises where lines are wrong."""
	agents = _prepare()
	try:
		found: dict[str, Any] = {"lines_per_run": ITEMS, "runs_per_minute": {}}
		for count in WORKERS:
			found["runs_per_minute"][count] = _throughput(agents, count)
		found["kills"] = _killed(agents, runs, Random(seed))
	finally:
		_clean(agents)
	if found["kills"]["problems"]:
		raise SystemExit(frappe.as_json(found))
	return found


def _throughput(agents: list[str], count: int) -> float:
	_forget(agents)
	workers = [_worker() for _ in range(count)]
	try:
		# not their start, which loads the app
		_wait_for_workers(count)
		began = time.monotonic()
		runs = [proposal_run.enqueue(agent) for agent in agents]
		_wait_until(lambda: not _open(runs))
		seconds = time.monotonic() - began
	finally:
		for worker in workers:
			_kill(worker, "both")
	problems = _problems(agents)
	if problems or _statuses(runs) != {"Completed": len(agents)}:
		raise SystemExit(frappe.as_json({"problems": problems, "statuses": _statuses(runs)}))
	return round(60 * len(agents) / seconds, 1)


def _killed(agents: list[str], wanted: int, random: Random) -> dict[str, Any]:
	"""Rounds of one run for each agent while workers are killed; a run that fails is begun again."""
	done, kills, statuses = 0, Counter(), Counter()
	problems: list[str] = []
	workers = [_worker() for _ in range(AMONG)]
	try:
		while done < wanted and not problems:
			_forget(agents)
			left = list(agents)
			while left:
				runs = {agent: proposal_run.enqueue(agent) for agent in left}
				until = time.monotonic() + LONGEST_SECONDS
				while _open(list(runs.values())) and time.monotonic() < until:
					time.sleep(random.uniform(*SECONDS_BETWEEN))
					# those at work: of the others, nothing is to be seen
					busy = [at for at, worker in enumerate(workers) if _children(worker.pid)]
					if busy:
						at, how = random.choice(busy), random.choice(("worker", "job", "both"))
						_kill(workers[at], how)
						kills[how] += 1
						if not workers[at].is_alive():
							workers[at] = _worker()
					_grow_old(list(runs.values()))
					proposal_run.close_lost_runs()
					frappe.db.commit()
				# of a worker that was killed, the job may still be at it
				ended = _by_run(list(runs.values()))
				statuses.update(ended.values())
				problems += _problems(agents)
				left = [agent for agent, run in runs.items() if ended[run] != "Completed"]
				done += len(runs) - len(left)
			_settle()
			problems += _problems(agents, all_of_them=True)
	finally:
		for worker in workers:
			_kill(worker, "both")
	return {"completed": done, "statuses": dict(statuses), "kills": dict(kills), "problems": problems[:5]}


def _settle() -> None:
	"""Jobs whose worker is gone end by themselves, or are at an end already."""
	time.sleep(1)
	frappe.db.commit()


def _problems(agents: list[str], *, all_of_them: bool = False) -> list[str]:
	"""Lines that are there twice, are missing, or are of a run that did not complete."""
	frappe.db.commit()
	problems = []
	completed = frappe.get_all(
		"RL Proposal Run", {"agent": ("in", agents), "status": "Completed"}, ["name", "agent"], as_list=True
	)
	of_agents = Counter(agent for _run, agent in completed)
	problems += [f"{agent}: {count} completed runs" for agent, count in of_agents.items() if count > 1]
	if all_of_them:
		problems += [f"{agent}: no completed run" for agent in set(agents) - set(of_agents)]
	proposals = frappe.get_all(
		"RL Proposal",
		{"agent": ("in", agents), "proposed_qty": (">", 0)},
		["name", "run", "item_code", "material_request_item"],
	)
	requests = frappe.get_all("Material Request", {"rl_agent": ("in", agents)}, pluck="name")
	lines = dict(
		frappe.get_all(
			"Material Request Item",
			{"parent": ("in", requests or [""])},
			["name", "rl_proposal"],
			as_list=True,
		)
	)
	by_run: dict[str, list[str]] = {}
	for proposal in proposals:
		by_run.setdefault(proposal.run, []).append(proposal.item_code)
	for run, _agent in completed:
		ordered = by_run.pop(run, [])
		if len(ordered) != ITEMS or len(set(ordered)) != ITEMS:
			problems.append(f"{run}: {len(ordered)} proposals of {len(set(ordered))} items")
	problems += [f"{run}: proposals of a run that did not complete" for run in by_run]
	linked = Counter(lines.values())
	wanted = Counter(proposal.name for proposal in proposals)
	if linked != wanted:
		problems.append(f"lines and proposals differ: {(linked - wanted) + (wanted - linked)}")
	if set(lines) != {proposal.material_request_item for proposal in proposals}:
		problems.append("proposals are not linked to their lines")
	return problems


def _by_run(runs: list[str]) -> dict[str, str]:
	return dict(frappe.get_all("RL Proposal Run", {"name": ("in", runs)}, ["name", "status"], as_list=True))


def _statuses(runs: list[str]) -> dict[str, int]:
	return dict(Counter(_by_run(runs).values()))


def _open(runs: list[str]) -> list[str]:
	frappe.db.commit()
	return [run for run, status in _by_run(runs).items() if status == "In Progress"]


def _grow_old(runs: list[str]) -> None:
	"""As if more time had passed than a job takes from the queue to its first lock."""
	old = add_to_date(now_datetime(), seconds=-2 * proposal_run.DELAY.total_seconds())
	mine = {"name": ("in", runs), "status": "In Progress", "creation": (">", old)}
	# only those that have waited for a while
	waited = add_to_date(now_datetime(), seconds=-5)
	for run in frappe.get_all("RL Proposal Run", {**mine, "started_on": ("<", waited)}, pluck="name"):
		frappe.db.set_value("RL Proposal Run", run, "creation", old, update_modified=False)


def _worker() -> multiprocessing.Process:
	"""What `bench worker` runs, as a process of its own."""
	worker = multiprocessing.get_context("spawn").Process(target=_work, args=(str(Path.cwd()),))
	worker.start()
	return worker


def _work(sites: str) -> None:
	os.chdir(sites)
	start_worker(queue=proposal_run.QUEUE, quiet=True)


def _kill(worker: multiprocessing.Process, what: str) -> None:
	"""Kill a worker, the job that it is at, or both, without a warning."""
	children = _children(worker.pid) if what != "worker" else []
	for process in [*([worker.pid] if what != "job" else []), *children]:
		with suppress(ProcessLookupError):
			os.kill(process, signal.SIGKILL)
	if what != "job":
		worker.join()


def _children(parent: int | None) -> list[int]:
	found = []
	for stat in Path("/proc").glob("[0-9]*/stat"):
		with suppress(OSError):
			if int(stat.read_text().rsplit(")", 1)[1].split()[1]) == parent:
				found.append(int(stat.parent.name))
	return found


def _wait_for_workers(count: int) -> None:
	_wait_until(lambda: sum(_is_alive(worker.pid) for worker in get_workers()) >= count)


def _is_alive(process: int | None) -> bool:
	return process is not None and Path(f"/proc/{process}").exists()


def _wait_until(is_so: Any) -> None:
	until = time.monotonic() + LONGEST_SECONDS
	while not is_so():
		if time.monotonic() > until:
			raise TimeoutError("it did not come to that")
		time.sleep(0.1)


def _prepare() -> list[str]:
	frappe.flags.mute_emails = True
	supplier, agents = make.make_supplier(), []
	for _ in range(AGENTS):
		warehouse = make.make_warehouse()
		items = [make.make_item(supplier) for _ in range(ITEMS)]
		for item in items:
			make.sell_every_day(item, warehouse, 4)
		agent = make.make_agent([warehouse], items, mode="Draft")
		policy_store.make_classical(agent)
		agents.append(agent.name)
	frappe.db.commit()
	return agents


def _forget(agents: list[str]) -> None:
	"""What earlier runs made, so that each orders all items again."""
	of_agents = {"agent": ("in", agents)}
	requests = frappe.get_all("Material Request", {"rl_agent": ("in", agents)}, pluck="name")
	frappe.db.delete("Material Request Item", {"parent": ("in", requests or [""])})
	frappe.db.delete("Material Request", {"name": ("in", requests or [""])})
	for doctype in ("RL Proposal", "RL Proposal Run", "RL Feedback Due"):
		if frappe.get_meta(doctype).has_field("agent"):
			frappe.db.delete(doctype, of_agents)
	frappe.db.commit()


def _clean(agents: list[str]) -> None:
	_forget(agents)
	for agent in agents:
		frappe.delete_doc("RL Agent Settings", agent, force=True)
	frappe.db.commit()
