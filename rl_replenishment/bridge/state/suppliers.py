"""Who supplies an item."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import frappe
from frappe.query_builder.functions import Max

from rl_replenishment.bridge.queries import one_of


@dataclass(frozen=True)
class DefaultSuppliers:
	"""The default suppliers that one company has on items, item groups and brands."""

	items: dict[str, str]
	item_groups: dict[str, str]
	brands: dict[str, str]

	def of(self, item_code: str, item_group: str, brand: str | None) -> str:
		"""The default supplier of an item as ERPNext looks it up, "" where it has none."""
		return (
			self.items.get(item_code)
			or self.item_groups.get(item_group)
			or (self.brands.get(brand) if brand else "")
			or ""
		)


def read_default_suppliers(company: str) -> DefaultSuppliers:
	"""Read them in one query; a disabled supplier is none."""
	row = frappe.qb.DocType("Item Default")
	supplier = frappe.qb.DocType("Supplier")
	found: dict[str, dict[str, str]] = {"Item": {}, "Item Group": {}, "Brand": {}}
	rows = (
		frappe.qb.from_(row)
		.join(supplier)
		.on(supplier.name == row.default_supplier)
		.select(row.parenttype, row.parent, row.default_supplier)
		.where((row.company == company) & (supplier.disabled == 0))
		.run()
	)
	for parenttype, parent, name in rows:
		if parenttype in found:
			found[parenttype][parent] = name
	return DefaultSuppliers(found["Item"], found["Item Group"], found["Brand"])


def first_listed_suppliers(item_codes: Collection[str]) -> dict[str, str]:
	"""The first supplier in the item's own table of them, for items that have one."""
	row, supplier = frappe.qb.DocType("Item Supplier"), frappe.qb.DocType("Supplier")
	rows = (
		frappe.qb.from_(row)
		.join(supplier)
		.on(supplier.name == row.supplier)
		.select(row.parent, row.supplier)
		.where((supplier.disabled == 0) & one_of(row.parent, item_codes))
		.orderby(row.idx, order=frappe.qb.desc)
		.run()
	)
	# the first row comes last
	return dict(rows)


def last_suppliers(company: str, item_codes: Collection[str]) -> dict[str, str]:
	"""The supplier of the latest submitted Purchase Order, for items that have one."""
	order, line = frappe.qb.DocType("Purchase Order"), frappe.qb.DocType("Purchase Order Item")
	supplier = frappe.qb.DocType("Supplier")
	rows = (
		frappe.qb.from_(line)
		.join(order)
		.on(order.name == line.parent)
		.join(supplier)
		.on(supplier.name == order.supplier)
		.select(line.item_code, order.supplier, Max(order.transaction_date))
		.where((order.docstatus == 1) & (order.company == company) & (supplier.disabled == 0))
		.where(one_of(line.item_code, item_codes))
		.groupby(line.item_code, order.supplier)
		.run()
	)
	return {item_code: name for item_code, name, _day in sorted(rows, key=lambda row: row[2])}
