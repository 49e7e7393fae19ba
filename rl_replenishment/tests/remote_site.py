"""What tests/remote_site needs of a site; `bench execute` calls these, on a site for tests alone."""

from __future__ import annotations

from typing import Any

import frappe
import numpy as np
from erpnext.stock.doctype.material_request.material_request import make_purchase_order
from frappe.utils import add_days, nowdate

from rl_replenishment.bridge.policies import store as policy_store
from rl_replenishment.setup.roles import TRAINER, USER
from rl_replenishment.tasks import propose
from rl_replenishment.tests import factories as make
from rl_replenishment.tests.training.case import DAYS, ITEMS, remove_agent, sell

#: the original's walk: what was in stock, what was asked for
STOCK, ASKED = (93, 120, 17), (12, 0, 20)


def prepare() -> dict[str, Any]:
	"""An agent with half a year of demand and answers to learn from, and a user who may train it."""
	frappe.flags.mute_emails = True
	warehouse = make.make_warehouse()
	supplier = make.make_supplier()
	items = [make.make_item(supplier, valuation_rate=price) for price in np.linspace(5, 50, ITEMS)]
	rng = np.random.default_rng(0)
	sell(items, warehouse, rng.poisson(np.arange(1, ITEMS + 1), (DAYS, ITEMS)))
	agent = make.make_agent([warehouse], items, history_days=DAYS, holdout_days=60).name
	policy_store.make_classical(frappe.get_doc("RL Agent Settings", agent))
	answers = [_answer(agent, items[0], warehouse, 10 + 2 * number) for number in range(3)]
	user = make.make_user(TRAINER, "Purchase User", "Stock User")
	stranger = make.make_user("Employee")
	found = {
		"agent": agent,
		"warehouse": warehouse,
		"items": items,
		"answers": answers,
		"trainer": _keys(user),
		"stranger": _keys(stranger),
	}
	frappe.db.commit()
	return found


def prepare_api() -> dict[str, Any]:
	"""An agent with proposals, feedback and a policy, and users who read, have no role, or leave."""
	frappe.flags.mute_emails = True
	warehouse, supplier = make.make_warehouse(), make.make_supplier()
	items = [make.make_item(supplier) for _ in range(4)]
	for item in items:
		make.sell_every_day(item, warehouse, 4, days=30)
	agent = make.make_agent([warehouse], items, mode="Draft").name
	propose(agent, force=True)
	for item in items:
		_answer(agent, item, warehouse, 10)
	users = {"reader": make.make_user(USER), "stranger": make.make_user("Employee")}
	users["leaver"] = make.make_user(TRAINER)
	found = {"agent": agent, **{name: _keys(user) for name, user in users.items()}}
	frappe.db.commit()
	return found


def disable(api_key: str) -> None:
	frappe.db.set_value("User", {"api_key": api_key}, "enabled", 0)
	frappe.db.commit()


def prepare_walk() -> dict[str, Any]:
	"""Three products with the original's stock, and an agent that has a policy."""
	frappe.flags.mute_emails = True
	warehouse, supplier = make.make_warehouse(), make.make_supplier()
	items = sorted(make.make_item(supplier, valuation_rate=10) for _ in STOCK)
	sell(items, warehouse, np.random.default_rng(1).poisson(4, (DAYS, len(items))))
	for item, quantity in zip(items, STOCK, strict=True):
		make.make_stock(item, warehouse, quantity)
	agent = make.make_agent([warehouse], items, history_days=DAYS, holdout_days=60).name
	policy_store.make_classical(frappe.get_doc("RL Agent Settings", agent))
	user = make.make_user(TRAINER, "Purchase User", "Stock User")
	frappe.db.commit()
	found = {"agent": agent, "items": items, "supplier": supplier, "warehouse": warehouse}
	return {**found, "trainer": _keys(user)}


def _keys(user: str) -> list[str]:
	document = frappe.get_doc("User", user)
	secret = frappe.generate_hash(length=15)
	document.api_key, document.api_secret = frappe.generate_hash(length=15), secret
	document.save(ignore_permissions=True)
	return [document.api_key, secret]


def _answer(agent: str, item: str, warehouse: str, ordered: float) -> str:
	row = frappe.get_doc(
		{
			"doctype": "RL Feedback",
			"agent": agent,
			"company": make.company(),
			"item_code": item,
			"warehouse": warehouse,
			"decision_date": add_days(nowdate(), -10),
			"proposed_qty": 10,
			"ordered_qty": ordered,
			"on_hand": 3,
			"on_order": 0,
			"settled": 1,
		}
	)
	row.flags.ignore_links = True
	return row.insert(ignore_permissions=True).name


def order(material_request: str, supplier: str, quantities: dict[str, float]) -> str:
	"""What a buyer does: submits the request, and a Purchase Order of it with these quantities by item."""
	request = frappe.get_doc("Material Request", material_request)
	if request.docstatus == 0:
		request.submit()
	bought = make_purchase_order(material_request)
	bought.supplier = supplier
	for row in bought.items:
		row.qty, row.rate = quantities[row.item_code], 10
	bought.schedule_date = nowdate()
	bought.insert()
	bought.submit()
	frappe.db.commit()
	return bought.name


def what_came_of(agent: str) -> dict[str, Any]:
	"""Trainings, policies and used-up answers of an agent."""
	of_agent = {"agent": agent}
	fields = {
		"RL Training Run": ["name", "status", "policy", "promoted", "is_remote", "feedback_rows", "message"],
		"RL Policy": ["name", "status", "algorithm", "training_run"],
		"RL Feedback": ["name", "consumed", "training_run"],
	}
	return {
		doctype: frappe.get_all(doctype, of_agent, columns, order_by="creation")
		for doctype, columns in fields.items()
	}


def cancel(agent: str) -> None:
	"""As the button on the form does."""
	from rl_replenishment.bridge.training import asking

	asking.cancel(frappe.db.get_value("RL Training Run", {"open_for": agent}))


def remove(agent: str) -> None:
	"""Take an agent away, and what was committed for it."""
	warehouses = frappe.get_all("RL Agent Warehouse", {"parent": agent}, pluck="warehouse")
	for draft in frappe.get_all("Material Request", {"rl_agent": agent, "docstatus": 0}, pluck="name"):
		frappe.delete_doc("Material Request", draft, force=True)
	for doctype in ("RL Proposal", "RL Proposal Run"):
		frappe.db.delete(doctype, {"agent": agent})
	frappe.db.commit()
	remove_agent(agent)
	frappe.db.delete("Stock Ledger Entry", {"warehouse": ("in", warehouses), "voucher_no": "DN"})
	frappe.db.commit()


def request(material_request: str) -> dict[str, Any]:
	"""A Material Request as it is."""
	document = frappe.get_doc("Material Request", material_request)
	return {
		"docstatus": int(document.docstatus),
		"rl_agent": document.rl_agent or None,
		"lines": [[row.item_code, row.qty] for row in document.items],
	}


def prepare_large(items: int, rows: int) -> dict[str, Any]:
	"""An agent with two years of demand of many items, `rows` in the ledger, straight in the database."""
	days = 730
	warehouse = make.make_warehouse()
	codes = make.make_items(items, warehouse, stock=5)
	prefix, marks = codes[0].rpartition("-")[0], make.marks()
	ledger = {"docstatus": 1, "warehouse": warehouse, "company": make.company(), "is_cancelled": 0}
	ledger |= {"voucher_type": "Delivery Note", "voucher_no": "DN", "posting_time": "12:00:00"}
	rng = np.random.default_rng(0)
	# by item, as an index has them: in random order the database takes ten times as long
	at, ago = np.sort(rng.integers(0, items, rows)), rng.integers(1, days, rows)
	when = [add_days(nowdate(), -int(each)) for each in range(days)]
	for first in range(0, rows, 50_000):
		part = range(first, min(first + 50_000, rows))
		make.insert_rows(
			"Stock Ledger Entry",
			[
				{
					**marks,
					**ledger,
					"name": f"{prefix}-{row}",
					"item_code": codes[at[row]],
					"posting_date": when[ago[row]],
					"posting_datetime": f"{when[ago[row]]} 12:00:00",
					"actual_qty": -1 - row % 7,
					"qty_after_transaction": 5,
				}
				for row in part
			],
		)
	agent = make.make_agent([warehouse], history_days=days, holdout_days=60).name
	found = {"agent": agent, "trainer": _keys(make.make_user(TRAINER)), "prefix": prefix}
	frappe.db.commit()
	return found


def remove_large(agent: str, prefix: str) -> None:
	"""Take all of that away again."""
	remove_agent(agent)
	for doctype in ("Stock Ledger Entry", "Bin", "Item"):
		frappe.db.delete(doctype, {"name": ("like", f"{prefix}-%")})
	frappe.db.commit()
