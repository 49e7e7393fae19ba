"""What a Material Request is called: whom it is for and what it is worth, unless somebody has renamed it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import frappe
from frappe.model.document import Document
from frappe.utils import flt, fmt_money

from rl_replenishment.bridge.figures import money

#: as Frappe keeps it
_LONGEST = 140


def title(company: str, suppliers: set[str], value: float) -> str | None:
	"""Of lines of these suppliers, worth so much in company currency; None where that is not one supplier."""
	if len(suppliers) != 1 or not (supplier := next(iter(suppliers))):
		return None
	name = frappe.get_cached_value("Supplier", supplier, "supplier_name") or supplier
	if not value:
		return name[:_LONGEST]
	worth = fmt_money(value, currency=frappe.get_cached_value("Company", company, "default_currency"))
	return f"{name[: _LONGEST - len(worth) - 2]}, {worth}"


def follow(request: Document) -> None:
	"""An agent's request is being saved: the title that it was given goes by its lines as they are now."""
	before = request.get_doc_before_save()
	if not before or not request.get("rl_agent") or request.title != before.title:
		return
	if [_units(line) for line in before.items] == [_units(line) for line in request.items]:
		return
	names = sorted({line.get("rl_proposal") or "" for line in (*before.items, *request.items)})
	rows = frappe.get_all("RL Proposal", {"name": ("in", names)}, ["name", "supplier", "rate"])
	proposals = {row.name: row for row in rows}
	given = {_title_of(before, proposals, quantity) for quantity in (_units, _proposed)}
	if request.title in given:
		request.title = _title_of(request, proposals, _units) or request.title


def _units(line: Any) -> float:
	"""In stock UOM."""
	return flt(line.qty) * (flt(line.conversion_factor) or 1.0)


def _proposed(line: Any) -> float:
	return flt(line.rl_proposed_qty)


def _title_of(request: Document, proposals: dict[str, Any], quantity: Callable[[Any], float]) -> str | None:
	# what a buyer added says neither who supplies it nor what it costs
	known = [(line, proposals[line.rl_proposal]) for line in request.items if line.rl_proposal in proposals]
	value = sum(money(quantity(line) * flt(proposal.rate)) for line, proposal in known)
	return title(request.company, {proposal.supplier or "" for _line, proposal in known}, value)
