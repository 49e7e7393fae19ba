"""Things that break in the middle of runs, orders and trainings: nothing is lost, doubled or left open.

`bench --site SITE execute rl_replenishment.tests.at_random_faults.check`, on a site for tests alone and as
the only one at work there: it commits, kills processes of its own, empties the bench's Redis, and takes away
what it has made of the app's own.
"""

from __future__ import annotations

import builtins
import io
import os
import signal
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import date, datetime, timedelta
from multiprocessing import Pipe
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

import frappe
from erpnext.stock.doctype.material_request.material_request import make_purchase_order
from frappe.utils import add_days, getdate, nowdate
from frappe.utils.background_jobs import get_redis_conn

from rl_replenishment import doctor, tasks
from rl_replenishment.bridge.feedback import outbox
from rl_replenishment.bridge.proposing import run as proposal_run
from rl_replenishment.bridge.proposing import under_way
from rl_replenishment.bridge.training import asking as training_asking
from rl_replenishment.bridge.training import run as training_run
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.at_once import clean

ITEMS = 16
FAULTS = ("killed", "connection cut", "Redis emptied", "files read-only", "past midnight", "locked")
#: rows that others hold: of the agent, of stock, of names to come, of answers, of requests
LOCKED = (
	"select name from `tabRL Agent Settings` for update",
	"select name from `tabBin` for update",
	"select name from `tabSeries` for update",
	"select name from `tabRL Feedback` for update",
	"select name from `tabMaterial Request` for update",
	"select name from `tabRL Proposal` for update",
)
#: MariaDB's own patience is 50 s; shorter here, so that 200 faults end within the hour
LOCK_WAIT_SECONDS, LONGEST_LOCK_SECONDS, MINUTE = 1, 5, 60
TIMESTEPS = 500


def check(count: int = 200, seed: int = 1, minutes: int = 1) -> dict[str, Any]:
	"""So many faults, one after the other; raises where something is not as it must be.

	After each the next run makes what one undisturbed run would have made, and no more; and the doctor finds
	all in order. `minutes`: so many locks are held for a minute, at MariaDB's own patience.
	"""
	random = Random(seed)
	world = _prepare()
	files = _files()
	done: Counter[str] = Counter()
	violations: list[str] = []
	lines = 0
	started = time.monotonic()
	try:
		for number in range(count):
			fault = FAULTS[number % len(FAULTS)]
			is_long = fault == "locked" and minutes > 0
			minutes -= is_long
			with _without_delay():
				what, problem, made = _one(random, world, fault, is_long)
			done[what] += 1
			lines += made
			if problem:
				violations.append(f"{number}, {what}: {problem}")
	finally:
		frappe.db.rollback()
		left = _files() - files - _known_files()
		clean(world)
	result = {
		"faults": count,
		"done": dict(sorted(done.items())),
		"lines that were due": lines,
		"violations": violations,
		"files that nobody knows": sorted(left),
		"seconds": round(time.monotonic() - started),
	}
	if violations or left or lines < count:
		raise SystemExit(frappe.as_json(result))
	return result


def _prepare() -> dict[str, Any]:
	doctor.run(repair=True)
	supplier, warehouse = make.make_supplier(), make.make_warehouse()
	items = [make.make_item(supplier) for _ in range(ITEMS)]
	for item in items:
		make.sell_every_day(item, warehouse, 4)
	agents = {}
	for mode, mine in (("Submit", items[: ITEMS // 2]), ("Draft", items[ITEMS // 2 :])):
		agents[make.make_agent([warehouse], mine, mode=mode, auto_promote=0).name] = mine
	world = {"supplier": supplier, "warehouse": warehouse, "items": items, "agents": [*agents], "of": agents}
	world["customer"] = make.make_customer()
	frappe.db.commit()
	for agent in agents:
		tasks.propose(agent, force=True)
	return world


def _files() -> set[str]:
	return {path.name for path in Path(frappe.get_site_path("private", "files")).iterdir()}


def _known_files() -> set[str]:
	return {url.rsplit("/", 1)[-1] for url in frappe.get_all("File", pluck="file_url") if url}


@contextmanager
def _without_delay() -> Iterator[None]:
	"""A worker is dead from the moment on that it is."""
	with (
		patch.object(under_way, "DELAY", timedelta(0)),
		patch.object(training_run, "DELAY", timedelta(0)),
		patch.object(training_run, "SILENCE", timedelta(0)),
	):
		yield


def _one(random: Random, world: dict[str, Any], fault: str, is_long: bool) -> tuple[str, str, int]:
	"""One fault: what broke in the middle of what, what is wrong afterwards, and how many lines were due."""
	agent = random.choice(world["agents"])
	sold = dict.fromkeys(random.sample(world["of"][agent], 3), random.choice((40, 60)))
	make.make_sales_order(world["customer"], world["warehouse"], sold)
	frappe.db.commit()
	day = getdate(add_days(nowdate(), -1)) if fault == "past midnight" else getdate()
	before = _requested(agent)
	started = time.monotonic()
	expected = _undisturbed(agent, day)
	usual = time.monotonic() - started
	victims: dict[str, Callable[[], Any]] = {
		"run": lambda: tasks.propose(agent, force=True),
		"order": lambda: _order(world),
		"training": lambda: training_asking.run_now(agent, timesteps=TIMESTEPS, seed=1),
	}
	chances = {"files read-only": ("training", "run"), "past midnight": ("run",)}
	name = random.choice(chances.get(fault, ("run", "run", "run", "order", "order", "training")))
	if fault == "files read-only" and name == "run":
		# so that there is something to write: a rule is tuned and saved
		frappe.db.set_value("RL Agent Settings", agent, "active_policy", None)
		frappe.db.commit()
	# a training takes longer, most of it to begin
	usual = 8 * usual + 3 if name == "training" else usual
	ended = _suffer(random, fault, victims[name], usual, is_long)
	problems = []
	tasks.check_stuck_runs()
	if outbox.work_off():
		problems.append("feedback is left undone")
	tasks.propose(agent, force=True)
	after = _requested(agent)
	made = {item: after[item] - before[item] for item in world["of"][agent]}
	differing = {
		item: (made[item], expected[item])
		for item in world["of"][agent]
		if abs(made[item] - expected[item]) > 1e-3
	}
	if differing:
		problems.append(f"made and expected: {differing}")
	examined = doctor.run()
	if not examined["in_order"]:
		problems.append(repr([(each["check"], each["names"]) for each in examined["checks"] if each["off"]]))
		doctor.run(repair=True)
	what = f"{fault}{' for a minute' * is_long}, in a {name}: {ended}"
	return what, "; ".join(problems), sum(quantity > 0 for quantity in expected.values())


def _requested(agent: str) -> Counter[str]:
	"""All that an agent has requested, by item."""
	request, line = frappe.qb.DocType("Material Request"), frappe.qb.DocType("Material Request Item")
	rows = (
		frappe.qb.from_(line)
		.join(request)
		.on(request.name == line.parent)
		.select(line.item_code, line.stock_qty)
		.where((request.rl_agent == agent) & (request.docstatus < 2))
		.run()
	)
	found: Counter[str] = Counter()
	for item, quantity in rows:
		found[item] += quantity
	return found


def _undisturbed(agent: str, day: date) -> Counter[str]:
	"""What one run makes that nothing happens to, by item; it is taken back."""
	before = _requested(agent)
	run = proposal_run._begin(frappe.get_doc("RL Agent Settings", agent), "Manual")
	try:
		proposal_run._attempt(run, agent, day)
		after = _requested(agent)
	finally:
		frappe.db.rollback()
		frappe.db.delete("RL Proposal Run", {"name": run})
		frappe.db.commit()
	after.subtract(before)
	return after


def _order(world: dict[str, Any]) -> None:
	"""A buyer makes a Purchase Order of the latest request, in part."""
	filters = {"rl_agent": ("in", world["agents"]), "docstatus": 1, "per_ordered": ("<", 100)}
	(name,) = frappe.get_all("Material Request", filters, pluck="name", order_by="creation desc", limit=1)
	order = make_purchase_order(name)
	order.update({"supplier": world["supplier"], "schedule_date": add_days(nowdate(), 7)})
	for line in order.items:
		line.rate = 1
	order.insert()
	order.submit()
	frappe.db.commit()


def _suffer(random: Random, fault: str, victim: Callable[[], Any], usual: float, is_long: bool) -> str:
	"""Have a process of its own do something, and something happen to it; how it ended."""
	ours, theirs = Pipe()
	moment = random.random() * usual
	held = MINUTE if is_long else random.uniform(1, LONGEST_LOCK_SECONDS)
	lock = random.choice(LOCKED)
	pid = os.fork()
	if not pid:
		_be_the_victim(fault, victim, theirs, is_long)
	theirs.close()
	connection = ours.recv()
	if fault == "killed":
		time.sleep(moment)
		os.kill(pid, signal.SIGKILL)
	elif fault == "connection cut":
		time.sleep(moment)
		try:
			frappe.db.sql("kill %s", (connection,))
		except Exception:
			# it had ended by itself
			frappe.db.rollback()
	elif fault == "locked":
		other = frappe.db.get_connection()
		try:
			other.cursor().execute("set innodb_lock_wait_timeout = 3")
			other.cursor().execute("begin")
			other.cursor().execute(lock)
			ours.send(None)
			time.sleep(held)
		finally:
			other.close()
	while not (ended := os.waitpid(pid, os.WNOHANG))[0]:
		if fault == "Redis emptied":
			frappe.cache.flushdb()
			get_redis_conn().flushdb()
		time.sleep(0.02)
	frappe.db.rollback()
	return "dead" if os.WIFSIGNALED(ended[1]) else ours.recv()


def _be_the_victim(fault: str, victim: Callable[[], Any], parent: Any, is_long: bool) -> None:
	"""In the process of its own; never returns."""
	answer = "died"
	try:
		# the parent's connection is not to be closed from here
		inherited = frappe.local.db
		frappe.connect(set_admin_as_user=True)
		if fault == "locked" and not is_long:
			frappe.db.sql("set innodb_lock_wait_timeout = %s", (LOCK_WAIT_SECONDS,))
		parent.send(frappe.db.sql("select connection_id()")[0][0])
		if fault == "locked":
			parent.recv()
		with ExitStack() as stack:
			if fault == "files read-only":
				stack.enter_context(_files_read_only())
			if fault == "past midnight":
				from freezegun import freeze_time

				midnight = datetime.combine(getdate(), datetime.min.time())
				# in the site's time zone, as Frappe reads the clock
				offset = datetime.now() - frappe.utils.now_datetime()
				almost = midnight + offset - timedelta(seconds=0.3)
				stack.enter_context(freeze_time(almost, tick=True))
			victim()
		answer = "done"
		del inherited
	except BaseException as error:
		answer = f"{type(error).__name__}"
		if os.environ.get("RL_FAULTS_VERBOSE"):
			traceback.print_exc()
	finally:
		try:
			parent.send(answer)
		finally:
			os._exit(0)


@contextmanager
def _files_read_only() -> Iterator[None]:
	"""No file of the site can be written, as on a disk that is mounted so."""
	folder = os.path.realpath(frappe.get_site_path("private"))
	original = io.open

	def guarded(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
		writes = any(letter in mode for letter in "wax+")
		if writes and isinstance(file, (str, os.PathLike)) and os.path.realpath(file).startswith(folder):
			raise OSError(30, "Read-only file system", str(file))
		return original(file, mode, *args, **kwargs)

	with patch.object(builtins, "open", guarded), patch.object(io, "open", guarded):
		yield
