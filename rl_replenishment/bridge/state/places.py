"""Which of an agent's warehouses are bought for, and which only get what was bought for others.

Goods pass through some on their way (transit, goods in), lie in some since nobody wants them (rejected,
scrap, retained samples), and are used in some after a transfer (work in progress, subcontractors, finished
goods). What ERPNext knows of them says which: the warehouse, its type, the settings, and the documents that
name it as such.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import frappe
from frappe import _
from frappe.model.document import Document
from pypika.queries import QueryBuilder
from pypika.terms import ValueWrapper

from rl_replenishment.bridge.queries import one_of

#: kinds of place that are not bought for; what was transferred to where it is used was bought for the place
#: that it came from
_DISABLED, _TRANSIT, _GOODS_IN, _REJECTED, _SCRAP, _SAMPLES = range(6)
_IN_PROGRESS, _SUBCONTRACTOR, _FINISHED = range(6, 9)
_USED = (_IN_PROGRESS, _SUBCONTRACTOR, _FINISHED)

#: what a warehouse type says where it is called so, in English or in the site's language
_TYPES = {
	"Transit": _TRANSIT,
	"In Transit": _TRANSIT,
	"Goods In Transit": _TRANSIT,
	"Goods In": _GOODS_IN,
	"Goods Receipt": _GOODS_IN,
	"Receiving": _GOODS_IN,
	"Quality Inspection": _GOODS_IN,
	"Quarantine": _REJECTED,
	"Rejected": _REJECTED,
	"Rejected Warehouse": _REJECTED,
	"Scrap": _SCRAP,
	"Scrap Warehouse": _SCRAP,
	"Sample Retention": _SAMPLES,
	"WIP": _IN_PROGRESS,
	"Work In Progress": _IN_PROGRESS,
	"Subcontracting": _SUBCONTRACTOR,
	"Subcontractor": _SUBCONTRACTOR,
}
#: what ERPNext itself calls those that it makes for a new company
_NAMES = {"Work In Progress": _IN_PROGRESS, "Goods In Transit": _TRANSIT}


@dataclass(frozen=True)
class Warehouse:
	"""A leaf of the warehouse tree."""

	name: str
	#: why it is not bought for, None where it is
	kind: int | None

	@property
	def reason(self) -> str:
		"""Why it is not bought for."""
		return {
			_DISABLED: _("the warehouse is disabled"),
			_TRANSIT: _("goods only pass through it"),
			_GOODS_IN: _("goods only pass through it"),
			_REJECTED: _("rejected goods lie there"),
			_SCRAP: _("scrap lies there"),
			_SAMPLES: _("retained samples lie there"),
			_IN_PROGRESS: _("what is used there is bought for the warehouse that it is transferred from"),
			_SUBCONTRACTOR: _("what a subcontractor uses is bought for the warehouse that it is sent from"),
			_FINISHED: _("what is made comes there; name the warehouse itself to buy for it"),
		}[self.kind or 0]


@dataclass(frozen=True)
class Places:
	"""The leaf warehouses at or below those of an agent, sorted."""

	leaves: tuple[Warehouse, ...]
	#: the company's other warehouses where goods end that nobody asked for
	unwanted: frozenset[str]

	@cached_property
	def open(self) -> tuple[str, ...]:
		"""Those that are bought for."""
		return tuple(leaf.name for leaf in self.leaves if leaf.kind is None)

	@cached_property
	def left_out(self) -> tuple[Warehouse, ...]:
		"""Those that are not."""
		return tuple(leaf for leaf in self.leaves if leaf.kind is not None)

	@cached_property
	def used(self) -> tuple[str, ...]:
		"""Those where goods are used or made; there, a re-order level or default warehouse may ask to buy."""
		return tuple(leaf.name for leaf in self.leaves if leaf.kind in _USED)

	@cached_property
	def inside(self) -> tuple[str, ...]:
		"""Those between which moving is no demand: what is transferred to where it is used is demand."""
		return (*(leaf.name for leaf in self.leaves if leaf.kind not in _USED), *sorted(self.unwanted))


def read_places(settings: Document) -> Places:
	"""The leaves of an agent's warehouses, all of the company's where it names none, in eight queries."""
	leaf = frappe.qb.DocType("Warehouse")
	rows = (
		frappe.qb.from_(leaf)
		.select(
			leaf.name, leaf.warehouse_name, leaf.disabled, leaf.warehouse_type, leaf.is_rejected_warehouse
		)
		.select(leaf.lft, leaf.rgt)
		.where((leaf.is_group == 0) & (leaf.company == settings.company))
		.orderby(leaf.name)
		.run(as_dict=True)
	)
	chosen = {row.warehouse for row in settings.warehouses}
	ranges = frappe.qb.from_(leaf).select(leaf.lft, leaf.rgt).where(one_of(leaf.name, chosen)).run()
	known = _known(settings, [row.name for row in rows])
	mine, others = [], []
	for row in rows:
		is_mine = not chosen or any(left <= row.lft and row.rgt <= right for left, right in ranges)
		kind = _kind(row, known, row.name in chosen)
		(mine if is_mine else others).append(Warehouse(row.name, kind))
	return Places(
		tuple(mine), frozenset(other.name for other in others if other.kind in (_REJECTED, _SCRAP, _SAMPLES))
	)


def _kind(row: Any, known: dict[str, int], is_named: bool) -> int | None:
	if row.disabled:
		return _DISABLED
	kind = _called(_TYPES, row.warehouse_type)
	if kind is None and row.is_rejected_warehouse:
		kind = _REJECTED
	if kind is None:
		kind = known.get(row.name)
	if kind is None:
		kind = _called(_NAMES, row.warehouse_name)
	# who sells what was bought from among what was made says so
	return None if kind == _FINISHED and is_named else kind


def _called(names: dict[str, int], name: str | None) -> int | None:
	if not name:
		return None
	wanted = name.strip().casefold()
	for text, kind in names.items():
		if wanted in (text.casefold(), _(text).casefold()):
			return kind
	return None


def _known(settings: Document, leaves: Collection[str]) -> dict[str, int]:
	"""What settings and documents say of warehouses, those with a word about them."""
	if not leaves:
		return {}
	found: dict[str, int] = {}
	# documents say least: where they name what purchases go to, they say nothing
	for warehouse, kind in _in_documents(settings.company, leaves):
		found.setdefault(warehouse, kind)
	if found:
		for warehouse in _bought_for(settings.company, found):
			del found[warehouse]
	for warehouse, kind in _in_settings(settings.company):
		if warehouse:
			found[warehouse] = kind
	return found


def _in_settings(company: str) -> Iterator[tuple[str | None, int]]:
	making = frappe.db.get_singles_dict("Manufacturing Settings")
	yield making.get("default_fg_warehouse"), _FINISHED
	yield making.get("default_wip_warehouse"), _IN_PROGRESS
	yield making.get("default_scrap_warehouse"), _SCRAP
	yield frappe.db.get_singles_dict("Stock Settings").get("sample_retention_warehouse"), _SAMPLES
	yield frappe.get_cached_value("Company", company, "default_in_transit_warehouse"), _TRANSIT


def _in_documents(company: str, leaves: Collection[str]) -> list[tuple[str, int]]:
	"""Warehouses that submitted documents name for what lies or is used there, in one query."""
	sources = (
		("Work Order", "wip_warehouse", _IN_PROGRESS),
		("Work Order", "scrap_warehouse", _SCRAP),
		("Purchase Order", "supplier_warehouse", _SUBCONTRACTOR),
		("Subcontracting Order", "supplier_warehouse", _SUBCONTRACTOR),
		("Purchase Receipt", "rejected_warehouse", _REJECTED),
		("Purchase Receipt Item", "rejected_warehouse", _REJECTED),
		("Warehouse", "default_in_transit_warehouse", _TRANSIT),
	)
	union: QueryBuilder | None = None
	for doctype, field, kind in sources:
		document = frappe.qb.DocType(doctype)
		query = (
			frappe.qb.from_(document)
			.select(document[field].as_("warehouse"), ValueWrapper(kind).as_("kind"))
			.where(one_of(document[field], leaves))
			.distinct()
		)
		if doctype != "Warehouse":
			query = query.where(document.docstatus == 1)
		union = query if union is None else union.union_all(query)
	return [(warehouse, int(kind)) for warehouse, kind in union.run()] if union else []


def _bought_for(company: str, warehouses: Collection[str]) -> set[str]:
	"""Of some warehouses, those that goods are bought for all the same, by default or at a level."""
	default, level = frappe.qb.DocType("Item Default"), frappe.qb.DocType("Item Reorder")
	by_default = (
		frappe.qb.from_(default)
		.select(default.default_warehouse)
		.where((default.company == company) & one_of(default.default_warehouse, warehouses))
		.distinct()
	)
	by_level = (
		frappe.qb.from_(level)
		.select(level.warehouse)
		.where((level.material_request_type == "Purchase") & one_of(level.warehouse, warehouses))
		.distinct()
	)
	bought = {name for (name,) in by_default.union_all(by_level).run()}
	bought.add(frappe.db.get_singles_dict("Stock Settings").get("default_warehouse"))
	return bought & set(warehouses)
