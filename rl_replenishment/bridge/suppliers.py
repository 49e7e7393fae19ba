"""Who supplies an item by default, as ERPNext looks it up: item, then item group, then brand."""

from __future__ import annotations

from dataclasses import dataclass

import frappe


@dataclass(frozen=True)
class DefaultSuppliers:
	"""The default suppliers that one company has on items, item groups and brands."""

	items: dict[str, str]
	item_groups: dict[str, str]
	brands: dict[str, str]

	def of(self, item_code: str, item_group: str, brand: str | None) -> str:
		"""The default supplier of an item, "" where it has none."""
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
