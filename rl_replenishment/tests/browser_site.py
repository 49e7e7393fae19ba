"""What tests/browser needs of a site; `bench execute` calls `obey`, on a site for tests alone."""

from __future__ import annotations

import json
import sys
import traceback
from typing import Any
from unittest.mock import patch

import frappe
from erpnext.stock.doctype.material_request.material_request import make_purchase_order, make_stock_entry
from frappe.desk.doctype.tag.tag import add_tag
from frappe.utils import add_days, nowdate

from rl_replenishment import demo
from rl_replenishment.bridge import feedback
from rl_replenishment.bridge.proposing import round as proposal_round
from rl_replenishment.bridge.proposing.grouping import MOST_LINES
from rl_replenishment.bridge.sample_company.masters import TAG
from rl_replenishment.bridge.training import asking as training_asking
from rl_replenishment.setup.roles import MANAGER, USER
from rl_replenishment.tasks import fit_lessons, propose
from rl_replenishment.tests import factories, scripts_for_texts

#: by hand in ERPNext they would have these too
ROLES = {
	"manager": (MANAGER, "Purchase Manager", "Stock User"),
	"buyer": (USER, "Purchase User", "Stock User"),
	"administrator": (
		"System Manager",
		"Workspace Manager",
		"Purchase Manager",
		"Stock Manager",
		"Sales Manager",
	),
}
_AGENT = "Browser Tests"
#: where commas mark decimals, more can go wrong
_NUMBER_FORMAT = "#.###,##"
#: Bins of the sample company
_OF_COMPANY = {"warehouse": ("like", "%- SC")}
_before: dict[str, str] = {}


#: how an answer is told from what Frappe prints
ANSWER = "=> "


def obey() -> None:
	"""Call a function of this module per line read, a JSON list of its name and arguments; write its result.

	Each begins as a process of its own would, without the seconds that one takes to start.
	"""
	site = frappe.local.site
	for line in sys.stdin:
		name, arguments = json.loads(line)
		frappe.destroy()
		frappe.init(site=site)
		frappe.connect()
		try:
			answer = {"result": _FUNCTIONS[name](**arguments)}
			frappe.db.commit()
		except Exception:
			frappe.db.rollback()
			answer = {"error": traceback.format_exc()}
		sys.stdout.write(f"{ANSWER}{json.dumps(answer)}\n")
		sys.stdout.flush()


def prepare(password: str, items: int = 6, days: int = 150) -> dict[str, Any]:
	"""A small sample company without goods or an agent, and a user for each role; returns all names."""
	if frappe.db.exists("Company", demo.COMPANY):
		clean()
	demo.make(items=items, days=days)
	_empty_shelves()
	frappe.delete_doc("RL Agent Settings", demo.COMPANY)
	_before["number_format"] = frappe.db.get_single_value("System Settings", "number_format")
	_set_number_format(_NUMBER_FORMAT)
	users = {}
	for name, roles in ROLES.items():
		email = f"browser.{name}@example.com"
		if not frappe.db.exists("User", email):
			new = {"doctype": "User", "email": email, "first_name": name.title(), "send_welcome_email": 0}
			frappe.get_doc(new).insert()
		user = frappe.get_doc("User", email)
		user.add_roles(*roles)
		user.new_password = password
		user.save()
		frappe.defaults.set_user_default("company", demo.COMPANY, user=email)
		users[name] = email
	frappe.db.commit()
	return {"company": demo.COMPANY, "warehouses": _warehouses(), "users": users}


def _empty_shelves() -> None:
	"""A count finds nothing: on every day of the year there is much to order."""
	stocked = {**_OF_COMPANY, "actual_qty": (">", 0)}
	found = frappe.get_all("Bin", stocked, ["item_code", "warehouse", "valuation_rate"])
	count = {
		"doctype": "Stock Reconciliation",
		"purpose": "Stock Reconciliation",
		"company": demo.COMPANY,
		"items": [{**line, "qty": 0} for line in found],
	}
	frappe.get_doc(count).insert().submit()


def clean() -> None:
	"""Take the company and its agents away."""
	if "number_format" in _before:
		_set_number_format(_before.pop("number_format"))
	frappe.db.delete("RL Snooze")
	frappe.db.delete("RL Real Demand")
	demo.clear()


def forget_agents() -> None:
	"""As before the first agent: what agents proposed is gone with them, and what was ordered from it."""
	requests = frappe.get_all(
		"Material Request", {"company": demo.COMPANY, "rl_agent": ("is", "set")}, pluck="name"
	)
	# an empty list would stand for documents without a request
	made = {"material_request": ("in", [*requests, "none"])}
	children = {"Purchase Order": "Purchase Order Item", "Stock Entry": "Stock Entry Detail"}
	of_requests = {
		doctype: frappe.get_all(child, made, pluck="parent", distinct=True)
		for doctype, child in children.items()
	}
	for doctype, names in {**of_requests, "Material Request": requests}.items():
		for name in names:
			document = frappe.get_doc(doctype, name)
			if document.docstatus.is_submitted():
				document.cancel()
			# what was moved stays in the ledger, and its document with it
			if doctype != "Stock Entry":
				frappe.delete_doc(doctype, name, force=True)
	for agent in frappe.get_all("RL Agent Settings", {"company": demo.COMPANY}, pluck="name"):
		for doctype in (
			"RL Snooze",
			"RL Real Demand",
			"RL Proposal",
			"RL Feedback",
			"RL Proposal Run",
			"RL Training Run",
		):
			frappe.db.delete(doctype, {"agent": agent})
		frappe.delete_doc("RL Agent Settings", agent, force=True)
	frappe.db.delete("DefaultValue", {"defkey": ("like", "rl_replenishment_%")})
	frappe.clear_cache()
	frappe.db.commit()


def drafts() -> dict[str, str]:
	"""The draft Material Requests of an agent and their suppliers; made where there are none."""
	if not _drafts():
		# what has been ordered is not proposed again
		forget_agents()
		propose(_agent(), force=True)
		frappe.db.commit()
	return {name: _supplier(name) for name in _drafts()}


def large_draft(lines: int = 200) -> str:
	"""A draft Material Request with so many proposed lines: those of another, many times over."""
	name = next(iter(drafts()))
	source = frappe.get_doc("Material Request", name)
	request = frappe.copy_doc(source)
	request.set("items", [])
	for number in range(lines):
		line = source.items[number % len(source.items)]
		proposal = frappe.copy_doc(frappe.get_doc("RL Proposal", line.rl_proposal)).insert()
		copied = frappe.copy_doc(line).as_dict()
		# a field that no copy takes along
		request.append("items", {**copied, "rl_proposal": proposal.name, "parent": None, "name": None})
	request.rl_agent = source.rl_agent
	# as the app's own emission does
	request.insert(ignore_permissions=True)
	frappe.db.commit()
	return request.name


def board(lines: int, suppliers: int) -> int:
	"""Open lines of so many suppliers, those of a draft over and over; returns in how many requests."""
	forget_agents()
	source = frappe.get_doc("Material Request", next(iter(drafts())))
	for name in drafts():
		if name != source.name:
			frappe.delete_doc("Material Request", name, force=True)
	each = -(-lines // suppliers)
	requests = 0
	for number in range(suppliers):
		supplier, left = _supplier_called(f"Board Supplier {number + 1}"), min(each, lines - number * each)
		for first in range(0, left, MOST_LINES):
			_copy(source, supplier, min(MOST_LINES, left - first))
			requests += 1
	frappe.delete_doc("Material Request", source.name, force=True)
	frappe.db.commit()
	return requests


def transfers() -> dict[str, Any]:
	"""Two items that one warehouse is full of and another one sells, and what an agent proposes."""
	forget_agents()
	with patch.object(factories, "company", lambda: demo.COMPANY):
		full, empty = (_warehouse_called(name) for name in ("Full", "Empty"))
		items = [_item_bought_for(empty) for _ in range(2)]
		for item in items:
			for warehouse in (full, empty):
				factories.sell_every_day(item, warehouse, 4)
			factories.make_stock(item, full, 900)
		agent = factories.make_agent([full, empty], items, transfer_before_buying=1, transfer_cost=3)
	propose(agent.name, force=True)
	frappe.db.commit()
	return {"agent": agent.name, "items": items, "full": full, "empty": empty}


def proposed_again(agent: str) -> int:
	"""How much a further run proposes."""
	return propose(agent, force=True)["proposals"]


def carried_out(request: str) -> str:
	"""What a transfer asks for is moved; returns the Stock Entry."""
	entry = make_stock_entry(request)
	entry.insert()
	entry.submit()
	return entry.name


def only_warehouse(who: str, warehouse: str | None) -> None:
	"""Keep a user from all warehouses but one, or end that."""
	user = f"browser.{who}@example.com"
	frappe.db.delete("User Permission", {"user": user, "allow": "Warehouse"})
	if warehouse:
		only = {"user": user, "allow": "Warehouse", "for_value": warehouse}
		frappe.get_doc({"doctype": "User Permission", **only}).insert()
	frappe.db.commit()
	frappe.clear_cache(user=user)


def workflow(doctype: str, approver: str | None) -> None:
	"""Have documents of a kind go by a workflow in which one role approves, or end that."""
	for name in frappe.get_all("Workflow", {"document_type": doctype}, pluck="name"):
		frappe.delete_doc("Workflow", name, force=True)
	# a later document of the same name could not be deleted for them
	actions = {"reference_doctype": doctype}
	for action in frappe.get_all("Workflow Action", actions, pluck="name"):
		frappe.db.delete("Workflow Action Permitted Role", {"parent": action})
	frappe.db.delete("Workflow Action", actions)
	if approver:
		factories.make_workflow(doctype, approver)
	frappe.db.commit()
	frappe.clear_cache()


def _warehouse_called(name: str) -> str:
	found = frappe.db.get_value("Warehouse", {"warehouse_name": name, "company": demo.COMPANY})
	return found or factories.make_warehouse(warehouse_name=name)


def hold(supplier: str, held: bool = True) -> None:
	"""Keep ERPNext from ordering from a supplier, or end that."""
	frappe.db.set_value("Supplier", supplier, {"on_hold": int(held), "hold_type": "All"})
	frappe.db.commit()
	frappe.clear_document_cache("Supplier", supplier)


def _supplier_called(name: str) -> str:
	if not frappe.db.exists("Supplier", name):
		group = frappe.db.get_value("Supplier Group", {"is_group": 0})
		values = {"doctype": "Supplier", "supplier_name": name, "supplier_group": group}
		frappe.get_doc(values).insert(set_name=name)
		add_tag(TAG, "Supplier", name)
	return name


def _item_bought_for(warehouse: str, **values: Any) -> str:
	"""An item of the sample company that a supplier delivers to a warehouse."""
	default = {
		"company": demo.COMPANY,
		"default_supplier": _supplier_called("Board Supplier 1"),
		"default_warehouse": warehouse,
	}
	item = factories.make_item(item_defaults=[default], **values)
	add_tag(TAG, "Item", item)
	return item


def _copy(source: Any, supplier: str, lines: int) -> None:
	"""A draft with the lines of another, over and over, each with a proposal of its own."""
	request = frappe.copy_doc(source)
	request.set("items", [])
	proposals = []
	for number in range(lines):
		line = source.items[number % len(source.items)]
		proposal = frappe.copy_doc(frappe.get_doc("RL Proposal", line.rl_proposal))
		proposal.update({"supplier": supplier, "status": "Requested"})
		proposals.append(proposal.insert())
		copied = frappe.copy_doc(line).as_dict()
		request.append("items", {**copied, "rl_proposal": proposal.name, "parent": None, "name": None})
	request.rl_agent = source.rl_agent
	# as the app's own emission does
	request.insert(ignore_permissions=True)
	for proposal, line in zip(proposals, request.items, strict=True):
		proposal.db_set({"material_request": request.name, "material_request_item": line.name})


def answers() -> int:
	"""All drafts ordered with a change in each, unless some are already; returns how many answers there are.

	What the changes are worth is known at once, as if their lead times were over.
	"""
	of_company = {"company": demo.COMPANY}
	if known := frappe.db.count("RL Feedback", of_company):
		return known
	for name, supplier in drafts().items():
		request = frappe.get_doc("Material Request", name)
		request.items[0].qty *= 2
		request.submit()
		order = make_purchase_order(name)
		order.update({"supplier": supplier, "schedule_date": add_days(nowdate(), 9)})
		order.insert()
		order.submit()
	# the rows follow what is committed
	frappe.db.commit()
	changed = {**of_company, "reward": ("<", 1)}
	frappe.db.set_value("RL Feedback", changed, {"edit_value": 12.5, "edit_value_on": nowdate()})
	frappe.db.commit()
	return frappe.db.count("RL Feedback", of_company)


def taught() -> dict[str, Any]:
	"""A draft that follows a lesson: three lines of a group were raised by half and ordered, others wait.

	What the changes saved is known at once, as if their lead times were over. Returns the request, the group,
	and by item what is proposed, and what the policy itself asks for, in purchase UOM.
	"""
	forget_agents()
	with patch.object(factories, "company", lambda: demo.COMPANY):
		warehouse, group = _warehouse_called("Lessons"), factories.make_item_group()
		add_tag(TAG, "Item Group", group)
		items = [_item_bought_for(warehouse, item_group=group) for _ in range(6)]
		for sold, item in enumerate(items, 4):
			factories.sell_every_day(item, warehouse, sold)
		agent = factories.make_agent([warehouse], items).name
	usual = {line["item_code"]: line for line in proposal_round.preview(agent)["lines"]}
	left = items[3:]
	for item in left:
		values = {"doctype": "RL Snooze", "agent": agent, "item_code": item, "until": add_days(nowdate(), 9)}
		frappe.get_doc(values).insert()
	for name in propose(agent, force=True)["material_requests"]:
		request = frappe.get_doc("Material Request", name)
		for line in request.items:
			line.qty = round(1.5 * line.qty)
		request.save()
		request.submit()
		order = make_purchase_order(name)
		order.update({"supplier": _supplier(name), "schedule_date": add_days(nowdate(), 9)})
		order.insert()
		order.submit()
	frappe.db.commit()
	saved = {"edit_value": 50_000, "edit_value_on": nowdate()}
	frappe.db.set_value("RL Feedback", {"agent": agent, "reward": ("<", 1)}, saved)
	frappe.db.delete("RL Snooze", {"agent": agent, "item_code": ("in", left)})
	(request,) = propose(agent, force=True)["material_requests"]
	fit_lessons()
	frappe.db.commit()
	lines = frappe.get_doc("Material Request", request).items
	return {
		"agent": agent,
		"group": group,
		"request": request,
		"proposed": {line.item_code: line.qty for line in lines},
		"usual": {
			line.item_code: usual[line.item_code]["proposed_qty"] / line.conversion_factor for line in lines
		},
	}


def nightly() -> str:
	"""A night's fit of lessons; returns in a sentence which are followed then, "" where none is."""
	fit_lessons()
	frappe.db.commit()
	return feedback.summary_of(frappe.get_doc("RL Agent Settings", _agent()))


def compared() -> str:
	"""A policy of an agent that was compared with the rules; trained for a moment where there is none."""
	agent = _agent()
	known = frappe.db.get_value("RL Policy", {"agent": agent, "backtest_by_item": ("is", "set")})
	return known or training_asking.run_now(agent, timesteps=2_000, seed=1)["policy"]


def told_of_events(cost_ratio: float = 0.93) -> str:
	"""The newest training, as if it had been told of holidays and promotions; returns its name."""
	compared()
	run = frappe.get_last_doc("RL Training Run", {"agent": _agent(), "status": "Completed"})
	about = {"is_discount": False, "usual_discount": None}
	fair = {**about, "kind": "Fair", "seen": 4, "lift": 1.5}
	promotion = {"kind": "Promotion", "is_discount": True, "seen": 12, "lift": 1.8, "usual_discount": 20}
	chance = {**about, "kind": "Inventory Day", "seen": 2, "lift": 1.0}
	effects = [fair, promotion, chance] if cost_ratio < 1 else []
	events = {"cost_ratio": cost_ratio, "effects": effects, "unseen": ["Gala"] if effects else []}
	run.db_set("metrics", json.dumps({**json.loads(run.metrics), "events": events}))
	frappe.db.commit()
	return run.name


def hostile() -> dict[str, Any]:
	"""Scripts in every text of the app's documents, and in the names that it repeats; returns what to open.

	Straight in the database: as if an earlier version, or another app, had kept what it was sent.
	"""
	answers()
	told_of_events()
	agent = _agent()
	snooze = {"doctype": "RL Snooze", "agent": agent, "until": add_days(nowdate(), 9)}
	item = frappe.db.get_value("RL Proposal", {"agent": agent}, "item_code")
	frappe.get_doc({**snooze, "item_code": item}).insert()
	failed = {"doctype": "RL Training Run", "agent": agent, "status": "Failed"}
	frappe.get_doc(failed).insert()
	names = scripts_for_texts.fill()
	mails = scripts_for_texts.mails(frappe.get_doc("RL Agent Settings", agent))
	request = frappe.db.get_value(
		"RL Proposal", {"agent": agent, "material_request": ("is", "set")}, "material_request"
	)
	frappe.clear_cache()
	frappe.db.commit()
	return {"names": names, "request": request, "mails": mails}


def _set_number_format(number_format: str) -> None:
	settings = frappe.get_doc("System Settings")
	settings.number_format = number_format
	settings.save()


def _drafts() -> list[str]:
	mine = {"rl_agent": ("is", "set"), "docstatus": 0, "company": demo.COMPANY}
	return frappe.get_all("Material Request", mine, pluck="name", order_by="name")


def _supplier(request: str) -> str:
	return frappe.db.get_value("RL Proposal", {"material_request": request}, "supplier")


def _warehouses() -> list[str]:
	return frappe.get_all("Bin", _OF_COMPANY, pluck="warehouse", distinct=True)


def _agent() -> str:
	agents = frappe.get_all("RL Agent Settings", {"company": demo.COMPANY}, pluck="name")
	if agents:
		return agents[0]
	agent = frappe.get_doc(
		{
			"doctype": "RL Agent Settings",
			"agent_name": _AGENT,
			"company": demo.COMPANY,
			"warehouses": [{"warehouse": name} for name in _warehouses()],
			"history_days": 150,
		}
	)
	return agent.insert().name


_FUNCTIONS = {
	function.__name__: function
	for function in (
		*(prepare, clean, forget_agents, drafts, large_draft, answers, compared, told_of_events, hostile),
		*(taught, nightly),
		*(board, hold, transfers, proposed_again, carried_out, only_warehouse, workflow),
	)
}
