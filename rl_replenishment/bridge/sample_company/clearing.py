"""Takes the sample company away: what belongs to its company or agent, then what carries its tag."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import frappe
from frappe import _
from pypika.queries import QueryBuilder, Table
from pypika.terms import Criterion

from rl_replenishment.bridge.queries import one_of
from rl_replenishment.bridge.sample_company.masters import TAG

#: what points to documents of any kind: by DocType, the fields for kind and name
_REMARKS = {
	"Comment": ("reference_doctype", "reference_name"),
	"Tag Link": ("document_type", "document_name"),
	"ToDo": ("reference_type", "reference_name"),
	"Version": ("ref_doctype", "docname"),
}
#: in the order in which they can go
_MASTERS = ("Item", "Item Group", "UOM", "Supplier", "Customer", "Fiscal Year", "Company")


def clear(tell: Callable[[str], object]) -> dict[str, list[str]]:
	"""Take away every sample company; returns what had to stay because something else uses it, by DocType."""
	companies = _tagged("Company")
	if not companies:
		frappe.throw(_("There is no sample company on this site."))
	tell(f"Agents of {', '.join(companies)}")
	_delete_agents(companies)
	tell("Documents and ledger")
	bins, warehouse = frappe.qb.DocType("Bin"), frappe.qb.DocType("Warehouse")
	own = frappe.qb.from_(warehouse).select(warehouse.name).where(one_of(warehouse.company, companies))
	frappe.qb.from_(bins).delete().where(bins.warehouse.isin(own)).run()
	for doctype, fieldname, is_child in _links_to("Company"):
		if doctype != "Company" and (fieldname == "company" or is_child):
			_delete_rows(doctype, fieldname, companies)
	tell("Master data")
	kept = {doctype: _delete_tagged(doctype) for doctype in _MASTERS}
	kept = {doctype: names for doctype, names in kept.items() if names}
	if not kept:
		frappe.delete_doc("Tag", TAG, force=True, ignore_missing=True, delete_permanently=True)
	frappe.db.commit()  # the end of a job that was asked for as a whole; nosemgrep
	frappe.clear_cache()
	return kept


def _tagged(doctype: str) -> list[str]:
	return frappe.get_all("Tag Link", {"document_type": doctype, "tag": TAG}, pluck="document_name")


def _delete_agents(companies: list[str]) -> None:
	agents = frappe.get_all("RL Agent Settings", {"company": ("in", companies)}, pluck="name")
	for doctype, fieldname, _is_child in _links_to("RL Agent Settings"):
		# policies go with their agent, and their files with them
		if doctype != "RL Policy":
			_delete_rows(doctype, fieldname, agents)
	for agent in agents:
		frappe.delete_doc("RL Agent Settings", agent, force=True, delete_permanently=True)


def _links_to(target: str) -> Iterator[tuple[str, str, bool]]:
	"""DocTypes with rows that name a document of another one, the field, and whether the rows are lines."""
	for table in ("DocField", "Custom Field"):
		field, doctype = frappe.qb.DocType(table), frappe.qb.DocType("DocType")
		owner = field.parent if table == "DocField" else field.dt
		query: QueryBuilder = (
			frappe.qb.from_(field)
			.join(doctype)
			.on(doctype.name == owner)
			.select(owner, field.fieldname, doctype.istable)
			.where((field.fieldtype == "Link") & (field.options == target))
			.where((doctype.issingle == 0) & (doctype.is_virtual == 0))
		)
		for name, fieldname, is_child in query.run():
			yield name, fieldname, bool(is_child)


def _delete_rows(doctype: str, fieldname: str, values: list[str]) -> None:
	"""Delete the rows of a DocType that name one of the values, with their lines and remarks."""
	table = frappe.qb.DocType(doctype)
	belongs = one_of(table[fieldname], values)
	if not frappe.qb.from_(table).select(table.name).where(belongs).limit(1).run():
		return
	for line_doctype in {field.options for field in frappe.get_meta(doctype).get_table_fields()}:
		_delete_of(frappe.qb.DocType(line_doctype), "parenttype", "parent", doctype, table, belongs)
	for remark, (kind, name) in _REMARKS.items():
		_delete_of(frappe.qb.DocType(remark), kind, name, doctype, table, belongs)
	frappe.qb.from_(table).delete().where(belongs).run()


def _delete_of(of: Table, kind: str, name: str, doctype: str, table: Table, belongs: Criterion) -> None:
	documents = frappe.qb.from_(table).select(table.name).where(belongs)
	frappe.qb.from_(of).delete().where((of[kind] == doctype) & of[name].isin(documents)).run()


def _delete_tagged(doctype: str) -> list[str]:
	"""Delete what carries the tag; returns what other documents use, which stays and keeps its tag."""
	kept = []
	for name in _tagged(doctype):
		frappe.db.savepoint("sample_company_master")
		try:
			frappe.delete_doc(doctype, name, ignore_missing=True, delete_permanently=True)
		except frappe.LinkExistsError:
			frappe.db.rollback(save_point="sample_company_master")
			frappe.clear_messages()
			kept.append(name)
	return kept
