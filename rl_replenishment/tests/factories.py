"""Documents for tests, each with what matters to a test as arguments; Frappe rolls them back afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import frappe
from frappe.desk.doctype.notification_settings.notification_settings import create_notification_settings
from frappe.model.document import Document
from frappe.utils import add_days, now_datetime, nowdate


def unique(prefix: str) -> str:
	"""A name that no other test has."""
	return f"{prefix}-{frappe.generate_hash(length=10)}"


def company() -> str:
	"""The site's company: a bench for tests has one set up."""
	default = frappe.db.get_single_value("Global Defaults", "default_company")
	return default or frappe.db.get_value("Company", {}, "name", order_by="creation")


def make_company() -> str:
	"""Another company, bare of accounts, with its tree of warehouses; the same money as the site's."""
	name = unique("Company")
	currency, country = frappe.db.get_value("Company", company(), ["default_currency", "country"])
	frappe.get_doc(
		{
			"doctype": "Company",
			"name": name,
			"company_name": name,
			"abbr": name[-4:],
			"default_currency": currency,
			"country": country,
			"lft": 0,
			"rgt": 0,
		}
	).db_insert()
	root = _insert("Warehouse", {"warehouse_name": "All", "company": name, "is_group": 1})
	_insert("Warehouse", {"warehouse_name": "Stores", "company": name, "parent_warehouse": root.name})
	return name


def make_warehouse(parent: str | None = None, **values: Any) -> str:
	root = frappe.db.get_value(
		"Warehouse", {"company": company(), "is_group": 1, "parent_warehouse": ("is", "not set")}
	)
	return _insert(
		"Warehouse",
		{
			"warehouse_name": unique("Store"),
			"company": company(),
			"parent_warehouse": parent or root,
			**values,
		},
	).name


def make_warehouse_type(name: str) -> str:
	if not frappe.db.exists("Warehouse Type", name):
		frappe.get_doc({"doctype": "Warehouse Type", "name": name}).insert(ignore_permissions=True)
	return name


def make_item_group(parent: str | None = None, **values: Any) -> str:
	root = frappe.db.get_value("Item Group", {"parent_item_group": ("is", "not set")})
	group = {"item_group_name": unique("Group"), "parent_item_group": parent or root, **values}
	return _insert("Item Group", group).name


def make_supplier(**values: Any) -> str:
	group = frappe.db.get_value("Supplier Group", {"is_group": 0})
	return _insert("Supplier", {"supplier_name": unique("Supplier"), "supplier_group": group, **values}).name


def make_item(supplier: str | None = None, *, packs: dict[str, float] | None = None, **values: Any) -> str:
	"""A stock item; `packs` are other units with their conversion, the first of which it is purchased in."""
	code = unique("Item")
	document = {
		"item_code": code,
		"item_group": frappe.db.get_value("Item Group", {"is_group": 0}),
		"stock_uom": "Nos",
		"is_stock_item": 1,
		"is_purchase_item": 1,
		"valuation_rate": 10,
		**values,
	}
	if supplier:
		document["item_defaults"] = [{"company": company(), "default_supplier": supplier}]
	if packs:
		for uom in packs:
			make_uom(uom)
		document["uoms"] = [{"uom": uom, "conversion_factor": factor} for uom, factor in packs.items()]
		document.setdefault("purchase_uom", next(iter(packs)))
	return _insert("Item", document).name


def make_items(count: int, warehouse: str, *, stock: float = 0) -> list[str]:
	"""Many items, each with so much in a warehouse: their rows alone, straight in the database."""
	pattern, prefix = frappe.get_doc("Item", make_item()), unique("Many")
	codes = [f"{prefix}-{number:05}" for number in range(count)]
	values = {**pattern.get_valid_dict(convert_dates_to_str=True), **marks()}
	insert_rows("Item", [{**values, "name": code, "item_code": code, "item_name": code} for code in codes])
	about = {**marks(), "warehouse": warehouse, "actual_qty": stock}
	insert_rows("Bin", [{**about, "name": f"{code}-bin", "item_code": code} for code in codes])
	return codes


def make_uom(name: str, *, whole: bool = True) -> str:
	if not frappe.db.exists("UOM", name):
		_insert("UOM", {"uom_name": name, "must_be_whole_number": int(whole)})
	return name


def make_stock(
	item: str, warehouse: str, qty: float, *, rate: float = 10, date: str | None = None
) -> Document:
	"""Goods received."""
	return _stock_entry("Material Receipt", item, warehouse, qty, rate=rate, date=date)


def make_batch_stock(
	item: str, warehouse: str, qty: float, batch: str, *, date: str, rate: float = 10
) -> Document:
	"""Goods received into a batch."""
	return _stock_entry("Material Receipt", item, warehouse, qty, rate=rate, date=date, batch=batch)


def make_issue(item: str, warehouse: str, qty: float, *, date: str | None = None) -> Document:
	"""Goods used up: demand."""
	return _stock_entry("Material Issue", item, warehouse, qty, date=date)


def make_customer(**values: Any) -> str:
	return _insert("Customer", {"customer_name": unique("Customer"), **values}).name


def make_delivery(
	customer: str, warehouse: str, quantities: dict[str, float], *, date: str | None = None
) -> Document:
	"""Goods sold: demand."""
	note = frappe.get_doc(
		{
			"doctype": "Delivery Note",
			"company": company(),
			"customer": customer,
			"set_posting_time": 1,
			"posting_date": date or nowdate(),
			"items": [
				{"item_code": item, "warehouse": warehouse, "qty": qty, "rate": 20}
				for item, qty in quantities.items()
			],
		}
	)
	note.insert(ignore_permissions=True)
	note.submit()
	return note


def make_till_sale(item: str, warehouse: str, qty: float, *, date: str | None = None) -> str:
	"""Sold at a till that is not closed yet: its rows alone, since a till takes a profile and an opening."""
	name = unique("Till")
	line = {"item_code": item, "warehouse": warehouse, "qty": qty, "stock_qty": qty, "parentfield": "items"}
	insert_rows(
		"POS Invoice",
		[
			{
				**marks(),
				"name": name,
				"docstatus": 1,
				"company": company(),
				"posting_date": date or nowdate(),
				"is_return": int(qty < 0),
			}
		],
	)
	about = {"name": unique("Line"), "docstatus": 1, "parent": name, "parenttype": "POS Invoice"}
	insert_rows("POS Invoice Item", [{**marks(), **about, **line}])
	return name


def make_sales_order(
	customer: str, warehouse: str, quantities: dict[str, float], *, days: int = 5
) -> Document:
	"""Goods promised for a day: reserved."""
	order = _insert(
		"Sales Order",
		{
			"company": company(),
			"customer": customer,
			"transaction_date": nowdate(),
			"delivery_date": add_days(nowdate(), days),
			"items": [
				{"item_code": item, "warehouse": warehouse, "qty": qty, "rate": 20}
				for item, qty in quantities.items()
			],
		},
	)
	order.submit()
	return order


def make_material_request(item: str, warehouse: str, qty: float, **values: Any) -> Document:
	"""A draft to purchase one item."""
	day = values.get("schedule_date", nowdate())
	line = {"item_code": item, "warehouse": warehouse, "qty": qty, "schedule_date": day}
	return _insert(
		"Material Request",
		{
			"company": company(),
			"material_request_type": "Purchase",
			"transaction_date": nowdate(),
			"schedule_date": nowdate(),
			"items": [line],
			**values,
		},
	)


def make_purchase_order(
	supplier: str, item: str, warehouse: str, qty: float, due: str, ordered_on: str | None = None
) -> Document:
	"""Submitted, and due on a day."""
	line = {"item_code": item, "warehouse": warehouse, "qty": qty, "rate": 1, "schedule_date": due}
	order = _insert(
		"Purchase Order",
		{
			"company": company(),
			"supplier": supplier,
			"transaction_date": ordered_on or add_days(nowdate(), -30),
			"schedule_date": due,
			"items": [line],
		},
	)
	order.submit()
	return order


def make_agent(warehouses: Sequence[str], items: Sequence[str] = (), **values: Any) -> Document:
	return _insert(
		"RL Agent Settings",
		{
			"agent_name": unique("Agent"),
			"company": company(),
			"warehouses": [{"warehouse": warehouse} for warehouse in warehouses],
			"items": [{"item_code": item} for item in items],
			"history_days": 120,
			"holdout_days": 30,
			"default_lead_time_days": 7,
			**values,
		},
	)


def make_workflow(doctype: str, approver: str) -> Document:
	"""Drafts are approved, and what is approved is cancelled, by one role alone.

	Its state is kept in the terms: a field of its own would change the table, which no rollback takes back.
	"""
	for name in ("Begun", "Approved", "Given Up"):
		if not frappe.db.exists("Workflow State", name):
			_insert("Workflow State", {"workflow_state_name": name})
	for name in ("Approve", "Give Up"):
		if not frappe.db.exists("Workflow Action Master", name):
			_insert("Workflow Action Master", {"workflow_action_name": name})
	state = {"allow_edit": "All"}
	step = {"allowed": approver, "allow_self_approval": 1}
	workflow = {
		"workflow_name": unique("Workflow"),
		"document_type": doctype,
		"is_active": 1,
		"workflow_state_field": "terms",
		"states": [
			{**state, "state": "Begun", "doc_status": "0"},
			{**state, "state": "Approved", "doc_status": "1"},
			{**state, "state": "Given Up", "doc_status": "2"},
		],
		"transitions": [
			{**step, "state": "Begun", "action": "Approve", "next_state": "Approved"},
			{**step, "state": "Approved", "action": "Give Up", "next_state": "Given Up"},
		],
	}
	return _insert("Workflow", workflow)


def make_user(*roles: str) -> str:
	"""A user of the desk. Its rows alone: saving a User clears caches that the whole run then fills again."""
	name = f"{unique('user')}@example.com"
	user = frappe.get_doc(
		{
			"doctype": "User",
			"name": name,
			"email": name,
			"first_name": "Test",
			"full_name": "Test",
			"enabled": 1,
			"user_type": "System User",
			"roles": [{"role": role} for role in roles],
		}
	)
	user.set_new_name(set_name=name)
	for row in (user, *user.roles):
		row.db_insert()
	create_notification_settings(name)
	return name


def sell_every_day(item: str, warehouse: str, qty: float, days: int = 60) -> None:
	"""Demand of the last days as rows in the ledger alone, without their documents."""
	whose = {**marks(), "docstatus": 1, "item_code": item, "warehouse": warehouse, "company": company()}
	what = {"actual_qty": -qty, "voucher_type": "Delivery Note", "is_cancelled": 0}
	insert_rows(
		"Stock Ledger Entry",
		[
			{
				**whose,
				**what,
				"name": frappe.generate_hash(length=10),
				"posting_date": (day := add_days(nowdate(), -ago)),
				"posting_time": "12:00:00",
				"posting_datetime": f"{day} 12:00:00",
				"voucher_no": unique("DN"),
			}
			for ago in range(1, days + 1)
		],
	)


def marks() -> dict[str, Any]:
	"""What every row of the database has of who made it, and when."""
	now = now_datetime()
	return {"creation": now, "modified": now, "owner": "Administrator", "modified_by": "Administrator"}


def insert_rows(doctype: str, rows: Sequence[dict[str, Any]]) -> None:
	"""Rows with the same columns, without their documents."""
	frappe.db.bulk_insert(doctype, list(rows[0]), [list(row.values()) for row in rows], chunk_size=5000)


def _stock_entry(
	purpose: str,
	item: str,
	warehouse: str,
	qty: float,
	*,
	rate: float = 0,
	date: str | None,
	batch: str | None = None,
) -> Document:
	line = {"item_code": item, "qty": qty, "basic_rate": rate, "allow_zero_valuation_rate": int(not rate)}
	if batch:
		line.update({"use_serial_batch_fields": 1, "batch_no": batch})
	line["t_warehouse" if purpose == "Material Receipt" else "s_warehouse"] = warehouse
	entry = frappe.get_doc(
		{
			"doctype": "Stock Entry",
			"stock_entry_type": purpose,
			"purpose": purpose,
			"company": company(),
			"set_posting_time": 1,
			"posting_date": date or nowdate(),
			"items": [line],
		}
	)
	entry.insert(ignore_permissions=True)
	entry.submit()
	return entry


def _insert(doctype: str, values: dict[str, Any]) -> Document:
	return frappe.get_doc({"doctype": doctype, **values}).insert(ignore_permissions=True)
