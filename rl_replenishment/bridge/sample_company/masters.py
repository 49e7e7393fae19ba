"""The sample company's master data: company, warehouses, units, items, suppliers, customer, fiscal years."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import frappe
from frappe import _
from frappe.desk.doctype.tag.tag import add_tag
from frappe.utils import getdate
from frappe.utils.nestedset import get_root_of

from rl_replenishment.bridge.queries import one_of
from rl_replenishment.bridge.sample_company.plan import Plan

#: what is entered carries this tag, so that exactly that can be taken away again
TAG = "Sample Company"
CUSTOMER = "Sample Counter Sales"
#: units that come whole, and those that do not
_WHOLE_UNIT, _UNIT = "Nos", "Kg"


@dataclass(frozen=True)
class Masters:
	"""Names of what was entered."""

	company: str
	customer: str
	#: by the plan's name
	warehouses: dict[str, str]


def refuse_collisions(plan: Plan, company: str) -> None:
	"""Refuse to touch what is not the sample company's."""
	for doctype, names in (
		("Company", [company]),
		("Item", [key.item_code for key in plan.items.keys]),
		("Supplier", plan.items.suppliers),
		("Customer", [CUSTOMER]),
	):
		table = frappe.qb.DocType(doctype)
		if rows := frappe.qb.from_(table).select(table.name).where(one_of(table.name, names)).limit(1).run():
			frappe.throw(
				_(
					"{0} {1} exists already; take away an earlier sample company with"
					" rl_replenishment.demo.clear, or use a site without it."
				).format(_(doctype), rows[0][0])
			)


def make_masters(plan: Plan, company: str) -> Masters:
	"""Enter them; what buying an item takes (supplier, lead time, pack, minimum order) stands on the item."""
	_make_company(company)
	warehouses = {name: _make_warehouse(name, company) for name in {key.warehouse for key in plan.items.keys}}
	first = min([plan.start, *(purchase.ordered_on for purchase in plan.purchases)])
	_make_fiscal_years(company, first - timedelta(days=1), getdate() + timedelta(days=366))
	for supplier in sorted(set(plan.items.suppliers)):
		_insert("Supplier", supplier, supplier_name=supplier, supplier_group=_leaf("Supplier Group"))
	_insert(
		"Customer",
		CUSTOMER,
		customer_name=CUSTOMER,
		customer_group=_leaf("Customer Group"),
		territory=_leaf("Territory"),
	)
	for group in sorted(set(plan.item_groups)):
		if not frappe.db.exists("Item Group", group):
			_insert("Item Group", group, item_group_name=group, parent_item_group=get_root_of("Item Group"))
	for pack in sorted({float(pack) for pack in plan.items.order_multiple if pack > 1}):
		if not frappe.db.exists("UOM", _pack_name(pack)):
			_insert("UOM", _pack_name(pack), uom_name=_pack_name(pack), must_be_whole_number=1)
	for item in range(len(plan.items)):
		_make_item(plan, item, company, warehouses)
	return Masters(company, CUSTOMER, warehouses)


def _insert(doctype: str, name: str, **values: Any) -> None:
	frappe.get_doc({"doctype": doctype, **values}).insert(set_name=name, ignore_permissions=True)
	add_tag(TAG, doctype, name)


def _leaf(doctype: str) -> str:
	return frappe.db.get_value(doctype, {"is_group": 0}) or get_root_of(doctype)


def _make_company(name: str) -> None:
	"""Without perpetual inventory: stock is what the sample is about, and its books stay empty."""
	if not frappe.db.a_row_exists("Company"):
		_set_up_site()
	_insert(
		"Company",
		name,
		company_name=name,
		abbr=_free_abbreviation(name),
		default_currency=frappe.db.get_default("currency") or "USD",
		country=frappe.db.get_default("country") or "United States",
		chart_of_accounts="Standard",
		enable_perpetual_inventory=0,
	)


def _free_abbreviation(name: str) -> str:
	letters = "".join(word[0] for word in name.split()).upper() or "S"
	taken = set(frappe.get_all("Company", pluck="abbr"))
	candidates = (letters, *(f"{letters}{number}" for number in range(2, len(taken) + 3)))
	return next(abbreviation for abbreviation in candidates if abbreviation not in taken)


def _set_up_site() -> None:
	"""What ERPNext's setup wizard enters before it makes a company: units, groups, types. It stays."""
	from erpnext.setup.setup_wizard.operations.install_fixtures import install

	install(frappe.db.get_default("country") or "United States")


def _make_warehouse(name: str, company: str) -> str:
	"""The company's warehouse of that name; ERPNext makes some, like Stores, with each company."""
	found = frappe.db.get_value("Warehouse", {"warehouse_name": name, "company": company})
	if found:
		return found
	top = {"company": company, "is_group": 1, "parent_warehouse": ("is", "not set")}
	parent = frappe.db.get_value("Warehouse", top)
	warehouse = frappe.get_doc(
		{"doctype": "Warehouse", "warehouse_name": name, "company": company, "parent_warehouse": parent}
	)
	return warehouse.insert(ignore_permissions=True).name


def _make_fiscal_years(company: str, first: date, last: date) -> None:
	"""Calendar years of the company's own for the days that no fiscal year of all companies covers."""
	for year in range(first.year, last.year + 1):
		start, end = date(year, 1, 1), date(year, 12, 31)
		if _is_covered(max(start, first), min(end, last)):
			continue
		name = f"{company} {year}"
		_insert(
			"Fiscal Year",
			name,
			year=name,
			year_start_date=start,
			year_end_date=end,
			companies=[{"company": company}],
		)


def _is_covered(first: date, last: date) -> bool:
	year, own = frappe.qb.DocType("Fiscal Year"), frappe.qb.DocType("Fiscal Year Company")
	rows: Iterable[tuple[date, date]] = (
		frappe.qb.from_(year)
		.left_join(own)
		.on(own.parent == year.name)
		.select(year.year_start_date, year.year_end_date)
		.where((year.disabled == 0) & own.name.isnull())
		.orderby(year.year_start_date)
		.run()
	)
	for start, end in rows:
		if start <= first <= end:
			first = end + timedelta(days=1)
	return first > last


def _pack_name(pack: float) -> str:
	return f"Pack of {pack:g}"


def _make_item(plan: Plan, item: int, company: str, warehouses: dict[str, str]) -> None:
	table = plan.items
	key = table.keys[item]
	if frappe.db.exists("Item", key.item_code):
		# the same item in another warehouse
		return
	pack = float(table.order_multiple[item])
	stock_uom = _WHOLE_UNIT if plan.whole[item] else _UNIT
	_insert(
		"Item",
		key.item_code,
		item_code=key.item_code,
		item_name=plan.item_names[item],
		item_group=plan.item_groups[item],
		stock_uom=stock_uom,
		purchase_uom=_pack_name(pack) if pack > 1 else stock_uom,
		uoms=[{"uom": _pack_name(pack), "conversion_factor": pack}] if pack > 1 else [],
		valuation_method="Moving Average",
		valuation_rate=float(table.unit_cost[item]),
		lead_time_days=int(table.whole_lead_time_days[item]),
		min_order_qty=float(table.min_order_qty[item]),
		item_defaults=[
			{
				"company": company,
				"default_warehouse": warehouses[key.warehouse],
				"default_supplier": table.suppliers[item],
			}
		],
	)
	_make_price(plan, item)


def _make_price(plan: Plan, item: int) -> None:
	"""What the supplier asks for the unit that the item is bought in; it goes with the item."""
	price_list = frappe.db.get_single_value("Buying Settings", "buying_price_list")
	if not price_list:
		return
	table, pack = plan.items, max(float(plan.items.order_multiple[item]), 1.0)
	frappe.get_doc(
		{
			"doctype": "Item Price",
			"price_list": price_list,
			"buying": 1,
			"item_code": table.keys[item].item_code,
			"supplier": table.suppliers[item],
			"uom": _pack_name(pack) if pack > 1 else (_WHOLE_UNIT if plan.whole[item] else _UNIT),
			"price_list_rate": round(float(table.unit_cost[item]) * pack, 2),
		}
	).insert(ignore_permissions=True)
