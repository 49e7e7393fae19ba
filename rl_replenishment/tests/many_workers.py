"""Runs of proposals on several real workers of the job queue, some of them killed at random.

`.ci/many-workers` calls `check`, on a site for tests alone whose own workers are not running: it commits, and
takes away what it has made.
"""

from __future__ import annotations

import time
from collections import Counter
from random import Random
from typing import Any

import frappe

from rl_replenishment.bridge.proposing import run as proposal_run
from rl_replenishment.tests import factories as make
from rl_replenishment.tests import many_runs
from rl_replenishment.tests.many_runs import RUN
from rl_replenishment.tests.real_workers import LONGEST_SECONDS, Crew, wait_until

AGENTS, ITEMS = 8, 12
#: workers for the throughput, and those of the test with kills
WORKERS, AMONG = (1, 2, 4), 4
#: between two kills, at least and at most
SECONDS_BETWEEN = (0.3, 3)


def check(runs: int = 100, seed: int = 1) -> dict[str, Any]:
	"""Throughput by number of workers, then completed `runs` with kills; raises where lines are wrong."""
	agents = _prepare()
	try:
		found: dict[str, Any] = {"lines_per_run": ITEMS, "runs_per_minute": {}}
		for count in WORKERS:
			found["runs_per_minute"][count] = _throughput(agents, count)
		found["kills"] = _killed(agents, runs, Random(seed))
	finally:
		many_runs.remove(agents)
	if found["kills"]["problems"] or not found["kills"]["kills"]:
		raise SystemExit(frappe.as_json(found))
	return found


def _throughput(agents: list[str], count: int) -> float:
	many_runs.forget(agents)
	with Crew(count):
		began = time.monotonic()
		runs = [proposal_run.enqueue(agent) for agent in agents]
		wait_until(lambda: not _open(runs))
		seconds = time.monotonic() - began
	problems, statuses = _problems(agents), dict(Counter(_by_run(runs).values()))
	if problems or statuses != {"Completed": len(agents)}:
		raise SystemExit(frappe.as_json({"problems": problems, "statuses": statuses}))
	return round(60 * len(agents) / seconds, 1)


def _killed(agents: list[str], wanted: int, random: Random) -> dict[str, Any]:
	"""Rounds of one run for each agent while workers are killed; a run that fails is begun again."""
	done, kills, statuses = 0, Counter[str](), Counter[str]()
	problems: list[str] = []
	with Crew(AMONG, preloaded=True) as crew, many_runs.impatient():
		while done < wanted and not problems:
			many_runs.forget(agents)
			left = list(agents)
			while left:
				runs = {agent: proposal_run.enqueue(agent) for agent in left}
				until = time.monotonic() + LONGEST_SECONDS
				while _open(list(runs.values())) and time.monotonic() < until:
					time.sleep(random.uniform(*SECONDS_BETWEEN))
					# those at work: of the others, nothing is to be seen
					if how := crew.kill_one(random):
						kills[how] += 1
					many_runs.look_for_lost_runs()
				# of a worker that was killed, the job may still be at it
				ended = _by_run(list(runs.values()))
				statuses.update(ended.values())
				problems += _problems(agents)
				left = [agent for agent, run in runs.items() if ended[run] != "Completed"]
				done += len(runs) - len(left)
			# jobs whose worker is gone end by themselves, or are at an end already
			time.sleep(1)
			problems += _problems(agents, all_of_them=True)
	return {"completed": done, "statuses": dict(statuses), "kills": dict(kills), "problems": problems[:5]}


def _problems(agents: list[str], *, all_of_them: bool = False) -> list[str]:
	"""Lines that are there twice, are missing, or are of a run that did not complete."""
	frappe.db.commit()
	problems = []
	completed = frappe.get_all(
		RUN, {"agent": ("in", agents), "status": "Completed"}, ["name", "agent"], as_list=True
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
	return dict(frappe.get_all(RUN, {"name": ("in", runs)}, ["name", "status"], as_list=True))


def _open(runs: list[str]) -> list[str]:
	frappe.db.commit()
	return [run for run, status in _by_run(runs).items() if status == "In Progress"]


def _prepare() -> list[str]:
	frappe.flags.mute_emails = True
	supplier = make.make_supplier()
	return [
		many_runs.make_agent(make.make_warehouse(), [make.make_item(supplier) for _ in range(ITEMS)])
		for _ in range(AGENTS)
	]
