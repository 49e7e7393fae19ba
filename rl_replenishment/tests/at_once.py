"""Buyers, runs of proposals and a training at the same time, in processes of their own.

`.ci/bench-tests` calls `check`, on a site for tests alone: it commits, and takes away what it has made of
the app's own.
"""

from __future__ import annotations

import json
import multiprocessing
import time
import traceback
from collections import Counter
from random import Random
from typing import Any

import frappe
from erpnext.stock.doctype.material_request.material_request import make_purchase_order, update_status
from frappe.utils import add_days, nowdate

from rl_replenishment import doctor
from rl_replenishment.bridge.doctor import rows as doctor_rows
from rl_replenishment.bridge.feedback import outbox
from rl_replenishment.bridge.training import asking as training_asking
from rl_replenishment.tasks import propose
from rl_replenishment.tests import factories as make

BUYERS, ITEMS = 5, 24
#: what Frappe itself tells a user of two who change the same, to be tried again
_BY_FRAPPE = (frappe.QueryDeadlockError, frappe.QueryTimeoutError, frappe.TimestampMismatchError)


def run(seconds: int = 60, seed: int = 1) -> dict[str, Any]:
	"""Let them work for so long, and look at what is there when they are at rest."""
	world = _prepare()
	context = multiprocessing.get_context("spawn")
	answers = context.Queue()
	jobs = [(_buy, number) for number in range(BUYERS)]
	jobs += [(_propose, 0), (_propose, 1), (_train, 0), (_work_off, 0)]
	workers = [
		context.Process(target=_work, args=(work, number, frappe.local.site, world, seconds, seed, answers))
		for work, number in jobs
	]
	for worker in workers:
		worker.start()
	done: Counter[str] = Counter()
	errors: list[str] = []
	for _worker in workers:
		counts, problems = answers.get(timeout=seconds + 600)
		done.update(counts)
		errors += problems
	for worker in workers:
		worker.join()
	frappe.db.commit()
	left = outbox.work_off()
	examined = doctor.run()
	off = {each["check"]: each["names"] for each in examined["checks"] if each["off"]}
	rows = frappe.db.count("RL Feedback", {"agent": ("in", world["agents"])})
	differences = _differences(world["items"]) if off.get("rows") else ""
	twice = _ordered_twice(world)
	clean(world)
	return {
		"done": dict(done),
		"rows": rows,
		"errors": errors[:5],
		"left": left,
		"off": off,
		"differences": differences,
		"twice": twice,
	}


def check(seconds: int = 60, seed: int = 1) -> dict[str, Any]:
	"""As `run`, and raises where something is not as it must be."""
	result = run(seconds, seed)
	worked = {"run", "training", "worked off"} <= {*result["done"]}
	if not worked or any(result[each] for each in ("errors", "left", "off", "twice")) or not result["rows"]:
		raise SystemExit(frappe.as_json(result))
	return result


def _differences(items: list[str]) -> str:
	"""What rows would have to become, for whoever looks for the cause."""
	return repr(doctor_rows._plan(doctor_rows._decisions(items), doctor_rows._rows(items)))[:4000]


def _ordered_twice(world: dict[str, Any]) -> dict[str, Any]:
	"""Items of which more was proposed than what they first lacked, and what was sold or cancelled since."""
	for agent in world["agents"]:
		propose(agent, force=True)
	found = {}
	for item in world["items"]:
		proposals = frappe.get_all(
			"RL Proposal",
			{"item_code": item, "status": ("in", ("Requested", "Ordered", "Turned Down"))},
			["proposed_qty", "state"],
			order_by="creation",
		)
		if not proposals:
			continue
		sold = frappe.get_all("Sales Order Item", {"item_code": item, "docstatus": 1}, pluck="qty")
		# promised before the first proposal, and so a part of it
		before = min(json.loads(proposals[0].state)["projected"], 0)
		cancelled = frappe.get_all(
			"Purchase Order Item",
			{"item_code": item, "docstatus": 2, "material_request": ("is", "not set")},
			pluck="qty",
		)
		most = proposals[0].proposed_qty + before + sum(sold) + sum(cancelled)
		proposed = sum(each.proposed_qty for each in proposals)
		if proposed > most + 1e-3:
			found[item] = {"proposed": proposed, "at most": most}
	return found


def _prepare() -> dict[str, Any]:
	doctor.run(repair=True)
	supplier, warehouse = make.make_supplier(), make.make_warehouse()
	items = [make.make_item(supplier) for _ in range(ITEMS)]
	for item in items:
		make.sell_every_day(item, warehouse, 4)
		# no two weeks alike
		for days in (9, 23, 41):
			make.sell_every_day(item, warehouse, days % 5 + 1, days=days)
	agents = [
		make.make_agent([warehouse], items[:12], mode="Submit", auto_promote=0).name,
		make.make_agent([warehouse], items[12:], mode="Draft", auto_promote=0).name,
	]
	world = {"supplier": supplier, "warehouse": warehouse, "items": items, "agents": agents}
	world["customer"] = make.make_customer()
	frappe.db.commit()
	return world


def clean(world: dict[str, Any]) -> None:
	"""Take away what agents, their buyers and their processes have made on the site."""
	requests = frappe.get_all("Material Request", {"rl_agent": ("in", world["agents"])}, pluck="name")
	frappe.db.delete("Material Request Item", {"parent": ("in", requests or [""])})
	frappe.db.delete("Material Request", {"name": ("in", requests or [""])})
	orders = frappe.get_all("Purchase Order", {"supplier": world["supplier"]}, pluck="name")
	frappe.db.delete("Purchase Order Item", {"parent": ("in", orders or [""])})
	frappe.db.delete("Purchase Order", {"name": ("in", orders or [""])})
	for doctype in ("RL Proposal", "RL Feedback", "RL Proposal Run", "RL Training Run"):
		frappe.db.delete(doctype, {"agent": ("in", world["agents"])})
	for agent in world["agents"]:
		frappe.delete_doc("RL Agent Settings", agent, force=True)
	frappe.db.commit()


def _work(work, number, site, world, seconds, seed, answers) -> None:
	frappe.init(site=site, sites_path=".")
	frappe.connect()
	random = Random(seed * 1000 + 10 * number + len(work.__name__))
	counts: Counter[str] = Counter()
	errors: list[str] = []
	until = time.monotonic() + seconds
	while time.monotonic() < until:
		try:
			counts[work(random, world, number)] += 1
			frappe.db.commit()
		except _BY_FRAPPE as error:
			frappe.db.rollback()
			if _is_of_the_app():
				errors.append(traceback.format_exc()[-1500:])
			counts[type(error).__name__] += 1
		except Exception:
			frappe.db.rollback()
			if _is_of_the_app():
				errors.append(traceback.format_exc()[-1500:])
			else:
				counts["refused by ERPNext"] += 1
		frappe.local.message_log = []
	frappe.destroy()
	answers.put((counts, errors))


def _is_of_the_app() -> bool:
	"""Whether the exception at hand passed through the app, these tests aside."""
	text = traceback.format_exc()
	return "rl_replenishment/bridge/" in text or "rl_replenishment/overrides/" in text


def _buy(random: Random, world: dict[str, Any], _number: int) -> str:
	"""One thing that a buyer does; a worker computes the feedback, as where a web server runs."""
	outbox.work_off = lambda: 0
	actions = (_submit, _order, _order, _order, _cancel, _stop, _reopen, _edit, _by_hand)
	action = random.choice(actions)
	action(random, world)
	return action.__name__.strip("_")


def _any(random: Random, doctype: str, **filters: Any) -> str:
	names = frappe.get_all(doctype, filters, pluck="name", limit=40, order_by="creation desc")
	if not names:
		time.sleep(0.2)
		raise LookupError("nothing to do yet")
	return random.choice(names)


def _submit(random: Random, world: dict[str, Any]) -> None:
	name = _any(random, "Material Request", rl_agent=("in", world["agents"]), docstatus=0)
	frappe.get_doc("Material Request", name).submit()


def _edit(random: Random, world: dict[str, Any]) -> None:
	name = _any(random, "Material Request", rl_agent=("in", world["agents"]), docstatus=0)
	request = frappe.get_doc("Material Request", name)
	line = random.choice(request.items)
	line.qty = max(line.qty + random.choice((-7, 20, 60)), 1)
	request.save()


def _order(random: Random, world: dict[str, Any]) -> None:
	name = _any(
		random, "Material Request", rl_agent=("in", world["agents"]), docstatus=1, status=("!=", "Stopped")
	)
	order = make_purchase_order(name)
	order.update({"supplier": world["supplier"], "schedule_date": add_days(nowdate(), 7)})
	for line in order.items:
		line.rate = 1
		if random.random() < 0.4:
			line.qty = max(int(line.qty * random.random()), 1)
	order.insert()
	order.submit()


def _cancel(random: Random, world: dict[str, Any]) -> None:
	name = _any(random, "Purchase Order", supplier=world["supplier"], docstatus=1)
	frappe.get_doc("Purchase Order", name).cancel()


def _stop(random: Random, world: dict[str, Any]) -> None:
	name = _any(
		random, "Material Request", rl_agent=("in", world["agents"]), docstatus=1, status=("!=", "Stopped")
	)
	update_status(name, "Stopped")


def _reopen(random: Random, world: dict[str, Any]) -> None:
	name = _any(random, "Material Request", rl_agent=("in", world["agents"]), docstatus=1, status="Stopped")
	update_status(name, "Submitted")


def _by_hand(random: Random, world: dict[str, Any]) -> None:
	# of every second item: of the others nobody else buys anything
	make.make_purchase_order(
		*(world["supplier"], random.choice(world["items"][::2]), world["warehouse"]),
		*(random.choice((5, 20, 60)), add_days(nowdate(), 7), nowdate()),
	)


def _propose(random: Random, world: dict[str, Any], _number: int) -> str:
	sold = dict.fromkeys(random.sample(world["items"], 3), 40)
	make.make_sales_order(world["customer"], world["warehouse"], sold)
	frappe.db.commit()
	propose(random.choice(world["agents"]), force=True)
	return "run"


def _train(random: Random, world: dict[str, Any], _number: int) -> str:
	try:
		training_asking.run_now(random.choice(world["agents"]), timesteps=2000, seed=1)
	except RuntimeError as error:
		# what torch says of so small a history is not what is looked at here
		time.sleep(1)
		return f"training failed: {error}"
	return "training"


def _work_off(_random: Random, _world: dict[str, Any], _number: int) -> str:
	outbox.work_off()
	time.sleep(0.3)
	return "worked off"
