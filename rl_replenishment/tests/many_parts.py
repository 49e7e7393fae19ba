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

from rl_replenishment.bridge.proposing import parts
from rl_replenishment.bridge.proposing import run as proposal_run
from rl_replenishment.tests import factories as make
from rl_replenishment.tests import many_runs
from rl_replenishment.tests.many_runs import RUN, status_of
from rl_replenishment.tests.real_workers import LONGEST_SECONDS, Crew, wait_until

#: the large run, whose throughput is measured: lines, and lines of a part
LINES, LINES_PER_PART = 1600, 400
#: the one whose workers are killed: its requests are many and small, and a part has one or two of them
KILLED_REQUESTS, KILLED_LINES = 12, 8
KILLED_PART = 16
#: days of demand, as many as an item needs to be ordered
DAYS = 30
#: workers for the throughput, and those of the test with kills
WORKERS, AMONG = (1, 2, 4), 4
_COLUMNS = (
	*("item_code", "warehouse", "qty", "uom", "conversion_factor", "schedule_date", "rl_proposed_qty"),
	*("rl_explanation", "idx"),
)
#: where a run stands
UNDIVIDED, IN_PARTS, UNJOINED, OVER = "not divided", "in parts", "written, not joined", "over"
#: seconds within which a kill comes after a run is seen there: at once where it stays for an instant alone
WITHIN = {UNDIVIDED: 3.0, IN_PARTS: 2.0, UNJOINED: 0.0}
#: where a run is to be killed at, in turn
AIMS = (
	(IN_PARTS,),
	(UNDIVIDED,),
	(IN_PARTS, UNJOINED),
	(UNJOINED,),
	(IN_PARTS, IN_PARTS, IN_PARTS, UNJOINED),
	(IN_PARTS, UNJOINED, UNJOINED),
)


def check(runs: int = 100, seed: int = 1) -> dict[str, Any]:
	"""Seconds of a run by number of workers, then `runs` with kills; raises where lines are wrong."""
	found: dict[str, Any] = {**measure(), "kills": kill(runs, seed) if runs else {}}
	missed = {UNDIVIDED, IN_PARTS, UNJOINED} - set(found["kills"].get("hit", ()))
	if found["kills"].get("problems") or (missed and runs >= len(AIMS)):
		raise SystemExit(frappe.as_json({**found, "nobody was killed while": sorted(missed)}))
	return found


def measure(lines: int = LINES, lines_per_part: int = LINES_PER_PART) -> dict[str, Any]:
	"""Seconds of a large run, in one job and divided among 1, 2 and 4 workers."""
	frappe.flags.mute_emails = True
	warehouse = make.make_warehouse()
	agent = many_runs.make_agent(warehouse, make.make_items(lines, warehouse), DAYS)
	seconds = {}
	try:
		expected, seconds["not divided"] = _measured(agent, 1, 0, lines)
		for count in WORKERS:
			written, seconds[f"{count} workers"] = _measured(agent, count, lines_per_part, lines)
			if written != expected:
				raise SystemExit(f"with {count} workers, the lines are others")
	finally:
		_remove(agent)
	return {"lines": lines, "lines_per_part": lines_per_part, "seconds": seconds}


def kill(runs: int, seed: int = 1) -> dict[str, Any]:
	"""`runs` while workers are killed wherever they stand, each until it has ended; looks at every one."""
	frappe.flags.mute_emails = True
	items = []
	for _ in range(KILLED_REQUESTS):
		supplier = make.make_supplier()
		items += [make.make_item(supplier) for _ in range(KILLED_LINES)]
	agent = many_runs.make_agent(make.make_warehouse(), items, DAYS)
	try:
		expected, _seconds = _measured(agent, 1, 0, len(items))
		return _killed(agent, runs, Random(seed), expected)
	finally:
		_remove(agent)


def _measured(agent: str, count: int, lines_per_part: int, lines: int) -> tuple[list[tuple[Any, ...]], float]:
	"""The lines of a run that `count` workers are at, and how long it took."""
	many_runs.forget([agent])
	update_site_config(parts.CONFIGURED, lines_per_part)
	with Crew(count):
		began = time.monotonic()
		run = proposal_run.enqueue(agent)
		wait_until(lambda: status_of(run) != "In Progress")
		seconds = time.monotonic() - began
	status, problems = status_of(run), _problems(run, lines)
	if status != "Completed" or problems:
		raise SystemExit(frappe.as_json({"status": status, "problems": problems}))
	return _lines(run), round(seconds, 1)


def _killed(agent: str, wanted: int, random: Random, expected: list[tuple[Any, ...]]) -> dict[str, Any]:
	statuses, kills, hit = Counter[str](), Counter[str](), Counter[str]()
	problems: list[str] = []
	update_site_config(parts.CONFIGURED, KILLED_PART)
	with Crew(AMONG, preloaded=True) as crew, many_runs.impatient():
		while statuses.total() < wanted and not problems:
			many_runs.forget([agent])
			aims = list(AIMS[statuses.total() % len(AIMS)])
			run = proposal_run.enqueue(agent)
			looked = began = time.monotonic()
			while (stands := _stands(run)) != OVER and time.monotonic() < began + LONGEST_SECONDS:
				if aims and stands == aims[0] and crew.is_at_work():
					time.sleep(random.uniform(0, WITHIN[stands]))
					if how := crew.kill_one(random):
						kills[how] += 1
						# as it was when somebody was killed, whatever it was before
						hit[_stands(run)] += 1
						aims.pop(0)
				if time.monotonic() > looked + 1:
					many_runs.look_for_lost_runs()
					looked = time.monotonic()
				# who joins is there for an instant
				time.sleep(0.002 if aims[:1] == [UNJOINED] else 0.05)
			# who was killed may be at it still
			time.sleep(1)
			status = status_of(run)
			statuses[status] += 1
			problems += _problems(run, len(expected))
			if status == "Completed" and _lines(run) != expected:
				problems.append(f"{run}: the lines are others")
			if status == "In Progress":
				problems.append(f"{run} has not ended")
	return {
		"statuses": dict(statuses),
		"kills": dict(kills),
		"hit": dict(hit),
		"problems": problems[:5],
	}


def _stands(run: str) -> str:
	frappe.db.commit()
	status, count = frappe.db.get_value(RUN, run, ["status", "parts"])
	if status != "In Progress":
		return OVER
	if not count:
		return UNDIVIDED
	return IN_PARTS if parts.waiting(run) else UNJOINED


def _problems(run: str, whole: int) -> list[str]:
	"""Lines that are there twice, are missing, or are of no proposal; parts that are left."""
	frappe.db.commit()
	of_run = frappe.db.get_value(RUN, run, ["status", "items_ordered"], as_dict=True)
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
	ordered = {"Completed": whole, "Failed": 0}.get(of_run.status, of_run.items_ordered)
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


def _remove(agent: str) -> None:
	update_site_config(parts.CONFIGURED, "None")
	many_runs.remove([agent])
