"""What tests/browser needs of a site; called by `bench execute`, on a site for tests alone."""

from __future__ import annotations

from typing import Any

import frappe
from erpnext.stock.doctype.material_request.material_request import make_purchase_order
from frappe.utils import add_days, nowdate

from rl_replenishment import demo
from rl_replenishment.setup.roles import MANAGER, USER
from rl_replenishment.tasks import propose

#: by hand in ERPNext they would have these too
ROLES = {
	"manager": (MANAGER, "Purchase Manager", "Stock User"),
	"buyer": (USER, "Purchase User", "Stock User"),
}
_AGENT = "Browser Tests"


def prepare(password: str, items: int = 12) -> dict[str, Any]:
	"""A small sample company without an agent, and a user for each role; returns the names of all."""
	if frappe.db.exists("Company", demo.COMPANY):
		clean()
	demo.make(items=items, days=365)
	frappe.delete_doc("RL Agent Settings", demo.COMPANY)
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
		frappe.defaults.set_user_default("Company", demo.COMPANY, user=email)
		users[name] = email
	frappe.db.commit()
	warehouses = frappe.get_all("Bin", {"warehouse": ("like", "%- SC")}, pluck="warehouse", distinct=True)
	return {"company": demo.COMPANY, "warehouses": warehouses, "users": users}


def clean() -> None:
	"""Take the company and its agents away."""
	frappe.db.delete("RL Snooze")
	demo.clear()


def forget_agents() -> None:
	"""As before the first agent: what agents proposed is gone with them."""
	for name in _drafts():
		frappe.delete_doc("Material Request", name)
	of_company = {"company": demo.COMPANY}
	for agent in frappe.get_all("RL Agent Settings", of_company, pluck="name"):
		for doctype in ("RL Snooze", "RL Proposal", "RL Feedback", "RL Proposal Run", "RL Training Run"):
			frappe.db.delete(doctype, {"agent": agent})
		frappe.delete_doc("RL Agent Settings", agent, force=True)
	frappe.db.commit()


def drafts() -> dict[str, str]:
	"""The draft Material Requests of an agent and their suppliers; made where there are none."""
	if not _drafts():
		propose(_agent(), force=True)
		frappe.db.commit()
	return {name: _supplier(name) for name in _drafts()}


def answers() -> int:
	"""All drafts submitted and ordered; returns how many answers are on record."""
	for name, supplier in drafts().items():
		frappe.get_doc("Material Request", name).submit()
		order = make_purchase_order(name)
		order.update({"supplier": supplier, "schedule_date": add_days(nowdate(), 9)})
		order.insert()
		order.submit()
	frappe.db.commit()
	return frappe.db.count("RL Feedback", {"company": demo.COMPANY})


def _drafts() -> list[str]:
	mine = {"rl_agent": ("is", "set"), "docstatus": 0, "company": demo.COMPANY}
	return frappe.get_all("Material Request", mine, pluck="name", order_by="name")


def _supplier(request: str) -> str:
	return frappe.db.get_value("RL Proposal", {"material_request": request}, "supplier")


def _agent() -> str:
	agents = frappe.get_all("RL Agent Settings", {"company": demo.COMPANY}, pluck="name")
	if agents:
		return agents[0]
	warehouses = frappe.get_all("Bin", {"warehouse": ("like", "%- SC")}, pluck="warehouse", distinct=True)
	agent = frappe.get_doc(
		{
			"doctype": "RL Agent Settings",
			"agent_name": _AGENT,
			"company": demo.COMPANY,
			"warehouses": [{"warehouse": name} for name in warehouses],
			"history_days": 365,
		}
	)
	return agent.insert().name
