"""Which item-warehouses an agent owns, and what it leaves out and why."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

import frappe
from frappe import _
from frappe.model.document import Document
from frappe.utils import getdate

from rl_replenishment.bridge.queries import one_of
from rl_replenishment.bridge.state.places import Places, read_places
from rl_replenishment.bridge.state.suppliers import read_default_suppliers
from rl_replenishment.core.items import ItemKey


@dataclass(frozen=True)
class LeftOut:
	"""An item in a warehouse that is not ordered, in all (warehouse ""), or all items of one (item "")."""

	item_code: str
	warehouse: str
	reason: str


@dataclass(frozen=True)
class Scope:
	"""What an agent orders for."""

	#: item-warehouses, sorted
	keys: tuple[ItemKey, ...]
	left_out: tuple[LeftOut, ...]
	#: the day from which on an item is not bought or sold any more, of those that have one
	ends: dict[str, date] = field(default_factory=dict)


class _Item(NamedTuple):
	name: str
	item_group: str
	brand: str | None
	variant_of: str | None
	disabled: int
	is_stock_item: int
	is_purchase_item: int
	is_fixed_asset: int
	has_variants: int
	end_of_life: date | None
	default_material_request_type: str | None


#: the year of the end of life that ERPNext gives to every item
_NO_END = 2099
#: item-warehouses, as (item code, warehouse)
_Pairs = set[tuple[str, str]]
#: the types of request of their re-order levels
_Levels = dict[tuple[str, str], set[str]]


def resolve_scope(settings: Document, today: date | None = None) -> Scope:
	"""The item-warehouses that an agent (RL Agent Settings) orders for, in a bounded number of queries.

	An item is in scope where it passes all of the agent's filters (item table, item group with its subgroups,
	supplier); without any filter, every stock item that is purchased is. It is ordered for in those of the
	agent's warehouses that are bought for (see `places`) where it has a Bin, a re-order level or its default
	warehouse; where material is only used, a re-order level or default warehouse there has to ask for it.
	Where the agent has a single warehouse, an item of the item table needs none of them.
	"""
	places = read_places(settings)
	items = _chosen_items(settings)
	listed = _listed_items(settings)
	levels = _read_levels(places, items)
	pairs = _pairs(settings, places, items, levels)
	if len(places.open) == 1:
		pairs |= {(code, places.open[0]) for code in listed if code in items}
	placed = {code for code, _warehouse in pairs}
	# without a filter, whoever has no place in these warehouses is nothing to do with the agent
	named = items.keys() if _has_filters(settings) else placed
	problems = _problems(items, listed, today or getdate())
	elsewhere = _requested_otherwise(pairs, levels, listed)
	pairs -= elsewhere.keys()
	left_out = [LeftOut("", warehouse.name, warehouse.reason) for warehouse in places.left_out]
	left_out += [LeftOut(code, "", problems[code]) for code in sorted(problems.keys() & named)]
	left_out += [LeftOut(*pair, elsewhere[pair]) for pair in sorted(elsewhere) if pair[0] not in problems]
	left_out += [
		LeftOut(code, "", _("it has no stock record, re-order level or default warehouse there"))
		for code in sorted(listed & items.keys() - problems.keys() - placed)
		if places.open
	]
	keys = sorted(ItemKey(code, warehouse) for code, warehouse in pairs if code not in problems)
	ends = {key.item_code: end for key in keys if (end := _end_of(items[key.item_code]))}
	return Scope(tuple(keys), tuple(left_out), ends)


def scoped_items(settings: Document) -> frozenset[str]:
	"""The items that pass an agent's filters and can be ordered, wherever they are kept."""
	items = _chosen_items(settings)
	return frozenset(items.keys() - _problems(items, _listed_items(settings), getdate()).keys())


def _listed_items(settings: Document) -> set[str]:
	return {row.item_code for row in settings.items}


def _has_filters(settings: Document) -> bool:
	return bool(settings.items or settings.item_group or settings.supplier)


def _chosen_items(settings: Document) -> dict[str, _Item]:
	"""The items that pass the agent's filters, whether or not they can be ordered."""
	item = frappe.qb.DocType("Item")
	query = frappe.qb.from_(item).select(*(item[name] for name in _Item._fields))
	if settings.items:
		query = query.where(one_of(item.name, _listed_items(settings)))
	if settings.item_group:
		group, top = frappe.qb.DocType("Item Group"), frappe.qb.DocType("Item Group").as_("top")
		subgroups = (
			frappe.qb.from_(group)
			.join(top)
			.on((group.lft >= top.lft) & (group.rgt <= top.rgt))
			.select(group.name)
			.where(top.name == settings.item_group)
		)
		query = query.where(item.item_group.isin(subgroups))
	items = {row[0]: _Item(*row) for row in query.run()}
	if settings.supplier:
		is_supplied = _supplied_by(settings.supplier, settings.company)
		items = {code: row for code, row in items.items() if is_supplied(row)}
	return items


def _supplied_by(supplier: str, company: str) -> Callable[[_Item], bool]:
	row = frappe.qb.DocType("Item Supplier")
	named = frappe.qb.from_(row).select(row.parent).where(row.supplier == supplier).run()
	suppliable = {code for (code,) in named}
	defaults = read_default_suppliers(company)
	return lambda item: (
		item.name in suppliable or defaults.of(item.name, item.item_group, item.brand) == supplier
	)


def _pairs(settings: Document, places: Places, items: dict[str, _Item], levels: _Levels) -> _Pairs:
	"""Where the items have a place in the agent's warehouses."""
	if not places.leaves or not items:
		return set()
	stock, default = frappe.qb.DocType("Bin"), frappe.qb.DocType("Item Default")
	stocked = (
		frappe.qb.from_(stock)
		.select(stock.item_code, stock.warehouse)
		.where(one_of(stock.warehouse, places.open))
	)
	defaulted = (
		frappe.qb.from_(default)
		.select(default.parent, default.default_warehouse)
		.where((default.parenttype == "Item") & (default.company == settings.company))
		.where(one_of(default.default_warehouse, (*places.open, *places.used)))
	)
	if _has_filters(settings):
		stocked = stocked.where(one_of(stock.item_code, items))
		defaulted = defaulted.where(one_of(default.parent, items))
	purchased = {pair for pair, types in levels.items() if "Purchase" in types}
	found = {*stocked.run(), *defaulted.run(), *purchased}
	return {pair for pair in found if pair[0] in items}


def _read_levels(places: Places, items: dict[str, _Item]) -> _Levels:
	"""How ERPNext would request the items at re-order levels; variants may take their template's."""
	level = frappe.qb.DocType("Item Reorder")
	rows = (
		frappe.qb.from_(level)
		.select(level.parent, level.warehouse, level.material_request_type)
		.where(one_of(level.warehouse, (*places.open, *places.used)))
		.run()
	)
	levels_of: dict[str, list[tuple[str, str]]] = {}
	for code, warehouse, request_type in rows:
		levels_of.setdefault(code, []).append((warehouse, request_type))
	found: _Levels = {}
	for code, item in items.items():
		for warehouse, request_type in levels_of.get(code) or levels_of.get(item.variant_of or "", ()):
			found.setdefault((code, warehouse), set()).add(request_type)
	return found


def _requested_otherwise(
	pairs: _Pairs, levels: _Levels, listed: Collection[str]
) -> dict[tuple[str, str], str]:
	"""Why items are not bought for single warehouses, those of which a re-order level says so."""
	found: dict[tuple[str, str], str] = {}
	for pair, types in levels.items():
		if pair not in pairs or "Purchase" in types:
			continue
		if "Transfer" in types:
			found[pair] = _("its re-order level there is filled by transfer from another warehouse")
		elif "Manufacture" in types and pair[0] not in listed:
			found[pair] = _(
				"it is usually requested as {0}; list it among the agent's items to purchase it"
			).format(_("Manufacture"))
	return found


def _problems(items: dict[str, _Item], listed: Collection[str], today: date) -> dict[str, str]:
	"""Why items cannot be ordered, for those that cannot."""
	reasons = ((code, _problem(item, today, code in listed)) for code, item in items.items())
	return {code: reason for code, reason in reasons if reason}


def _end_of(item: _Item) -> date | None:
	# ERPNext's own default stands for none, and old databases hold 0000-00-00, which arrives as text
	end = item.end_of_life
	return end if isinstance(end, date) and end.year < _NO_END else None


def _problem(item: _Item, today: date, is_listed: bool) -> str:
	if item.disabled:
		return _("the item is disabled")
	if item.has_variants:
		return _("it is a template; its variants are ordered instead")
	if item.is_fixed_asset:
		return _("it is a fixed asset")
	if not item.is_stock_item:
		return _("it is not kept in stock")
	if not item.is_purchase_item:
		return _("it is not purchased")
	if (end := _end_of(item)) and end <= today:
		return _("its end of life was {0}").format(end)
	request_type = item.default_material_request_type or "Purchase"
	if request_type != "Purchase" and not is_listed:
		return _("it is usually requested as {0}; list it among the agent's items to purchase it").format(
			_(request_type)
		)
	return ""
