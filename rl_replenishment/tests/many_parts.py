"""A run that is divided among several real workers of the job queue, some of them killed at random.

`.ci/many-workers` calls `check`, on a site for tests alone whose own workers are not running: it commits, and
takes away what it has made.
"""

from __future__ import annotations

import time
from collections import Counter
from random import Random
from typing import Any

import frappe
from frappe.installer import update_site_config
from frappe.utils import add_to_date, now_datetime

from rl_replenishment.bridge.policies import store as policy_store
from rl_replenishment.bridge.proposing import parts
from rl_replenishment.bridge.proposing import run as proposal_run
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.real_workers import (
	LONGEST_SECONDS,
	children,
	kill,
	wait_for_workers,
	wait_until,
	worker,
)

#: requests of a run, and lines of each
SUPPLIERS, ITEMS = 24, 40
LINES = SUPPLIERS * ITEMS
#: lines of a part: of the throughput, where a job is to have some seconds of work, and of the kills
MEASURED_PART, KILLED_PART = 240, 80
#: workers for the throughput, and those of the test with kills
WORKERS, AMONG = (1, 2, 4), 4
#: between two kills, at least and at most
SECONDS_BETWEEN = (0.5, 4)
#: a part that has waited for so long has lost its worker
OLD_SECONDS = 5
_COLUMNS = (
	*("item_code", "warehouse", "qty", "uom", "conversion_factor", "schedule_date", "rl_proposed_qty"),
	*("rl_explanation", "idx"),
)


def check(runs: int = 100, seed: int = 1) -> dict[str, Any]:
	"""Seconds of a run by number of workers, then `runs` with kills; raises where lines are wrong."""
	agent = _prepare()
	found: dict[str, Any] = {"lines": LINES, "seconds": {}}
	try:
		expected, found["seconds"]["not divided"] = _measured(agent, 1, 0)
		for count in WORKERS:
			lines, found["seconds"][count] = _measured(agent, count, MEASURED_PART)
			if lines != expected:
				raise SystemExit(f"with {count} workers, the lines are others")
		found["kills"] = _killed(agent, runs, Random(seed), expected)
	finally:
		update_site_config(parts.CONFIGURED, "None")
		_clean(agent)
	if found["kills"]["problems"]:
		raise SystemExit(frappe.as_json(found))
	return found


def _measured(agent: str, count: int, lines_per_part: int) -> tuple[list[tuple[Any, ...]], float]:
	"""The lines of a run that `count` workers are at, and how long it took."""
	_forget(agent)
	update_site_config(parts.CONFIGURED, lines_per_part)
	workers = [worker() for _ in range(count)]
	try:
		wait_for_workers(count)
		began = time.monotonic()
		run = proposal_run.enqueue(agent)
		wait_until(lambda: _status(run) != "In Progress")
		seconds = time.monotonic() - began
	finally:
		for each in workers:
			kill(each, "both")
	if _status(run) != "Completed" or (problems := _problems(run)):
		raise SystemExit(frappe.as_json({"status": _status(run), "problems": problems}))
	return _lines(run), round(seconds, 1)


def _killed(agent: str, wanted: int, random: Random, expected: list[tuple[Any, ...]]) -> dict[str, Any]:
	"""Runs while workers are killed, each until it has ended; every one of them is looked at."""
	statuses, kills = Counter(), Counter()
	problems: list[str] = []
	update_site_config(parts.CONFIGURED, KILLED_PART)
	workers = [worker() for _ in range(AMONG)]
	try:
		while sum(statuses.values()) < wanted and not problems:
			_forget(agent)
			run, until = proposal_run.enqueue(agent), time.monotonic() + LONGEST_SECONDS
			while _status(run) == "In Progress" and time.monotonic() < until:
				time.sleep(random.uniform(*SECONDS_BETWEEN))
				frappe.db.commit()
				# of one that has not been divided, nothing is there: see `many_workers`
				is_divided = frappe.db.get_value("RL Proposal Run", run, "parts")
				busy = [at for at, each in enumerate(workers) if children(each.pid)]
				if busy and (is_divided or not random.randrange(5)):
					at, how = random.choice(busy), random.choice(("worker", "job", "both"))
					kill(workers[at], how)
					kills[how] += 1
					if not workers[at].is_alive():
						workers[at] = worker()
				_grow_old(run)
				proposal_run.close_lost_runs()
				frappe.db.commit()
			# who was killed may be at it still
			time.sleep(1)
			status = _status(run)
			statuses[status] += 1
			problems += _problems(run)
			if status == "Completed" and _lines(run) != expected:
				problems.append(f"{run}: the lines are others")
			if status == "In Progress":
				problems.append(f"{run} has not ended")
	finally:
		for each in workers:
			kill(each, "both")
	return {"statuses": dict(statuses), "kills": dict(kills), "problems": problems[:5]}


def _status(run: str) -> str:
	frappe.db.commit()
	return frappe.db.get_value("RL Proposal Run", run, "status")


def _problems(run: str) -> list[str]:
	"""Lines that are there twice, are missing, or are of no proposal; parts that are left."""
	frappe.db.commit()
	of_run = frappe.db.get_value("RL Proposal Run", run, ["status", "items_ordered"], as_dict=True)
	requests = frappe.get_all("Material Request", {"rl_run": run}, pluck="name")
	lines = frappe.get_all(
		"Material Request Item", {"parent": ("in", requests or [""])}, ["name", "item_code", "rl_proposal"]
	)
	proposals = frappe.get_all("RL Proposal", {"run": run}, ["name", "status", "material_request_item"])
	requested = {row.name: row.material_request_item for row in proposals if row.status == "Requested"}
	problems = []
	items = Counter(line.item_code for line in lines)
	problems += [f"{item}: {count} lines" for item, count in items.items() if count > 1]
	if requested != {line.rl_proposal: line.name for line in lines}:
		problems.append(f"{run}: proposals and lines differ")
	ordered = {"Completed": LINES, "Failed": 0}.get(of_run.status, of_run.items_ordered)
	if len(lines) != ordered:
		problems.append(f"{run}: {of_run.status} with {len(lines)} lines of {ordered}")
	if of_run.status == "Failed" and proposals:
		problems.append(f"{run}: proposals of a run that failed")
	if of_run.status != "In Progress" and frappe.db.count(parts.PART, {"parent": run}):
		problems.append(f"{run}: parts are left")
	return problems


def _lines(run: str) -> list[tuple[Any, ...]]:
	"""All that is requested, by what is requested together."""
	found = []
	for request in frappe.get_all("Material Request", {"rl_run": run}, ["name", "title"]):
		rows = frappe.get_all(
			"Material Request Item", {"parent": request.name}, _COLUMNS, as_list=True, order_by="idx"
		)
		found += [(request.title, *row) for row in rows]
	return sorted(found)


def _grow_old(run: str) -> None:
	"""As if more time had passed than a job takes from the queue to its lock, where some has."""
	old = add_to_date(now_datetime(), seconds=-2 * proposal_run.DELAY.total_seconds())
	waited = add_to_date(now_datetime(), seconds=-OLD_SECONDS)
	began = {"name": run, "status": "In Progress", "started_on": ("<", waited)}
	if frappe.db.exists("RL Proposal Run", began):
		frappe.db.set_value("RL Proposal Run", run, "creation", old, update_modified=False)
	for name in frappe.get_all(
		parts.PART, {"parent": run, "modified": ("between", (old, waited))}, pluck="name"
	):
		frappe.db.set_value(parts.PART, name, "modified", old, update_modified=False)
	frappe.db.commit()


def _prepare() -> str:
	frappe.flags.mute_emails = True
	warehouse, items = make.make_warehouse(), []
	for _ in range(SUPPLIERS):
		supplier = make.make_supplier()
		items += [make.make_item(supplier) for _ in range(ITEMS)]
	for item in items:
		make.sell_every_day(item, warehouse, 4, days=30)
	agent = make.make_agent([warehouse], items, mode="Draft")
	policy_store.make_classical(agent)
	frappe.db.commit()
	return agent.name


def _forget(agent: str) -> None:
	"""What earlier runs made, so that each orders all items again."""
	requests = frappe.get_all("Material Request", {"rl_agent": agent}, pluck="name")
	for doctype in ("Material Request Item", "RL Feedback Due"):
		frappe.db.delete(doctype, {"parent": ("in", requests or [""])})
	frappe.db.delete("Material Request", {"name": ("in", requests or [""])})
	runs = frappe.get_all("RL Proposal Run", {"agent": agent}, pluck="name")
	frappe.db.delete(parts.PART, {"parent": ("in", runs or [""])})
	for doctype in ("RL Proposal", "RL Proposal Run"):
		frappe.db.delete(doctype, {"agent": agent})
	frappe.db.commit()


def _clean(agent: str) -> None:
	_forget(agent)
	frappe.delete_doc("RL Agent Settings", agent, force=True)
	frappe.db.commit()
